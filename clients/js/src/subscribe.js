// subscribe(): one stream of one subscriber.

import {EventFeed} from './event_feed.js';
import {checkHeaders, checkOptions, eventsUrl, topicList} from './request.js';
import {ResumingStream} from './resuming_stream.js';
import {eventParts, StreamEvent} from './stream_event.js';

export const SUBSCRIBE_OPTIONS = ['url', 'topics', 'since', 'lastEventId', 'events', 'envelope', 'maxData', 'token', 'headers',
  'credentials', 'fetch', 'signal', 'idleTimeout', 'maxEventSize', 'queueSize', 'backoff', 'onEvent', 'onGap', 'onComment'];

/** The URL of a subscription. */
export function streamUrl({url, topics, since, events = [], envelope, maxData}, who = 'subscribe') {
  const target = eventsUrl(url, who);
  for (const topic of topicList(topics, who)) target.searchParams.append('topic', topic);
  for (const type of [events].flat()) target.searchParams.append('event', type);
  if (since !== undefined) target.searchParams.set('since', since instanceof Date ? since.toISOString() : String(since));
  if (envelope) target.searchParams.set('envelope', 'true');
  if (maxData !== undefined) target.searchParams.set('max_data', String(maxData));
  return target;
}

/** Calls `abort(reason)` once `signal` is aborted; returns what ends that. */
export function follow(signal, abort) {
  if (!signal) return () => {};
  const listener = () => abort(signal.reason);
  if (signal.aborted) queueMicrotask(listener);
  else signal.addEventListener('abort', listener, {once: true});
  return () => signal.removeEventListener('abort', listener);
}

/** See index.d.ts. */
export class Subscription extends EventFeed {
  #stream;
  #unfollow;

  constructor(options) {
    super(options);
    const target = streamUrl(options);
    checkHeaders(options.headers);
    this.url = target.href;
    this.#stream = new ResumingStream({...options, url: () => target}, {
      event: (block) => {
        const {type, ...parts} = eventParts(block, options.envelope);
        this.push(new StreamEvent(type, parts));
      },
      position: (id) => this.moveTo(id),
      comment: (text) => this.comment(text),
      open: () => this.open(),
      retrying: (error, ms) => this.retrying(error, ms),
      failed: (error) => this.end(error),
      ready: () => this.ready(),
    });
    this.#unfollow = follow(options.signal, (reason) => this.close(reason));
  }

  end(error) {
    this.#unfollow?.();
    this.#stream.close();
    super.end(error);
  }
}

/** See index.d.ts. */
export function subscribe(options) {
  checkOptions(options, SUBSCRIBE_OPTIONS, 'subscribe');
  return new Subscription(options);
}
