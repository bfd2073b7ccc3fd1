// subscribeShared(): a subscription whose connection is shared with other tabs.

import {RingcastError} from '../errors.js';
import {EventFeed} from '../event_feed.js';
import {checkHeaders, checkOptions, eventsUrl, topicList} from '../request.js';
import {StreamEvent} from '../stream_event.js';
import {follow, Subscription} from '../subscribe.js';
import {bestMode, HubLink} from './hub_link.js';
import {OwnIds} from './tracked_stream.js';

const OPTIONS = ['url', 'topics', 'since', 'lastEventId', 'events', 'maxData', 'token', 'headers', 'credentials', 'signal',
  'idleTimeout', 'maxEventSize', 'queueSize', 'backoff', 'onEvent', 'onGap', 'share', 'union', 'mode', 'workerUrl', 'pingInterval'];
const MODES = ['auto', 'worker', 'leader', 'direct'];

// What the hub needs to know, as structured clones can say it.
function hubOptions(options) {
  const {url, topics, since, token, share = '', union = false, headers, backoff} = options;
  const {lastEventId, events, maxData, credentials, idleTimeout, maxEventSize} = options;
  const asked = typeof token === 'function';
  const plain = {
    url: eventsUrl(url, 'subscribeShared').href.replace(/\/events(?=$|\?)/, ''),
    topics: topicList(topics, 'subscribeShared'),
    since: since instanceof Date ? since.toISOString() : since,
    token: asked ? undefined : token, tokenIsAsked: asked, share, union,
    headers: headers && Object.fromEntries(new Headers(headers)),
    backoff: backoff && {minMs: backoff.minMs, maxMs: backoff.maxMs},
    lastEventId, events, maxData, credentials, idleTimeout, maxEventSize,
  };
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
}

function errorOf({message, ...fields}) {
  return new RingcastError(message, fields);
}

/** See index.d.ts. */
export class SharedSubscription extends EventFeed {
  #link;
  #name;
  #options;
  #token;
  #cursor;
  #own = new OwnIds();
  #given = 0;
  #unfollow;

  constructor(options, mode) {
    super(options);
    this.mode = mode;
    this.#options = hubOptions(options);
    this.#token = options.token;
    this.#link = HubLink.of({
      mode, name: this.#options.share, workerUrl: options.workerUrl, pingInterval: options.pingInterval,
    });
    this.#unfollow = follow(options.signal, (reason) => this.close(reason));
    this.#link.add(this);
  }

  end(error) {
    this.#unfollow?.();
    this.#link.remove(this);
    super.end(error);
  }

  // What follows is called by the link.

  join(name) {
    this.#name = name;
    this.#given = 0;
    const {epoch, seq, id} = this.#cursor ?? {};
    const cursor = id && {id, epoch, seq};
    this.#link.post({type: 'join', feed: name, options: this.#options, cursor, own: this.#own.list()});
  }

  lost() {
    if (this.readyState === EventFeed.OPEN) this.retrying(new RingcastError('the tab that held the connection is gone'), 0);
  }

  failed(error) {
    this.end(new RingcastError(error.message, {cause: error}));
  }

  receive(message) {
    if (message.type === 'items') message.items.forEach((item) => this.#take(item));
    else if (message.type === 'open') this.open();
    else if (message.type === 'retrying') this.retrying(errorOf(message.error), message.ms);
    else if (message.type === 'failed') this.end(errorOf(message.error));
    else if (message.type === 'lagging') this.#comeBack();
    else if (message.type === 'token') this.#answerToken(message);
  }

  #take({event, cursor, signature}) {
    if (cursor) this.#cursor = cursor;
    if (signature) this.#own.add(signature);
    if (event) this.push(new StreamEvent(event.type, event));
    else if (cursor) this.moveTo(cursor.id);
  }

  // The hub has let go of a tab that did not keep up; it goes on where the tab is, as soon as there is room again.
  async #comeBack() {
    await this.ready();
    if (this.readyState !== EventFeed.CLOSED) this.#link.add(this);
  }

  async #answerToken({ask, rejected}) {
    try {
      const token = await this.#token({rejected});
      this.#link.post({type: 'token', ask, token});
    } catch (error) {
      this.#link.post({type: 'token', ask, error: error?.message ?? String(error)});
    }
  }

  given() {
    if (this.#given === 0) queueMicrotask(() => this.#acknowledge());
    this.#given += 1;
  }

  #acknowledge() {
    if (this.#given > 0) this.#link.post({type: 'ack', feed: this.#name, count: this.#given});
    this.#given = 0;
  }
}

/** See index.d.ts. */
export function subscribeShared(options) {
  checkOptions(options, OPTIONS, 'subscribeShared');
  const {share, union, mode: wanted = 'auto', workerUrl, pingInterval, ...own} = options;
  if (!MODES.includes(wanted)) throw new TypeError(`subscribeShared: mode must be one of ${MODES.join(', ')}`);
  if (typeof options.headers === 'function') throw new TypeError('subscribeShared: headers cannot be a callback');
  checkHeaders(options.headers);
  const mode = wanted === 'auto' ? bestMode() : wanted;
  return mode === 'direct' ? new Subscription({...own, envelope: true}) : new SharedSubscription(options, mode);
}
