// One shared subscription of a tab, as the hub sees it.

import {utf8Length} from '../event_stream_parser.js';
import {matches} from './topic_pattern.js';
import {isBehind, OwnIds} from './tracked_stream.js';

// A tab that has not taken so much is let go; it comes back for the rest when it can.
const MOST_EVENTS = 2000;
const MOST_UNITS = 8 * 1024 * 1024;

/**
 * Sends a tab what it has not seen, in the order in which it is offered. It stands at `cursor` (a position, or undefined:
 * before everything); `own` are the newest events without a position that it has seen. `post(message)` takes a message to
 * the tab.
 */
export class Member {
  #post;
  #unacknowledged = [];  // The sizes of the events that the tab has not given out yet.
  #units = 0;
  #outbox = [];
  #open = false;
  #toldGap;
  #onLagging;

  constructor({feed, options, cursor, own}, {post, askToken, onLagging}) {
    Object.assign(this, {feed, options, cursor, own: new OwnIds(own)});
    this.#post = post;
    this.#onLagging = onLagging;
    /** Asks the tab for a token: `askToken(rejected)` resolves with `{token}`, `{error}` or, without the tab, `{gone, error}`. */
    this.askToken = askToken;
    this.topics = [...new Set(options.topics)];
    this.gone = false;
    this.group = undefined;
  }

  /** Takes an entry of a stream of `topics`. */
  offer(entry, topics = this.topics) {
    if (this.gone || this.#knows(entry)) return;
    if (entry.position) this.cursor = entry.position;
    const shared = topics.length !== this.topics.length;
    if (!this.#wants(entry, shared)) return;
    const {signature, position, topics: names, ...event} = entry;
    const limited = this.#limited({...event, topic: names?.[0]});
    if (shared) limited.topic = names?.find((name) => this.topics.some((pattern) => matches(pattern, name)));
    if (shared && event.type === 'ringcast.gap') limited.data = withoutCount(event.data);
    this.#queue({event: limited, cursor: position, signature});
    this.#count(limited.data.length);
  }

  #knows({type, data, position, signature}) {
    if (type === 'ringcast.gap') {
      // A gap stands where the stream goes on: who has just been put there has not been told yet.
      const passed = isBehind(position, this.cursor) && position.seq < this.cursor.seq;
      if (passed || this.#toldGap === data) return true;
      this.#toldGap = data;
      return false;
    }
    if (!signature) return isBehind(position, this.cursor);
    if (this.own.has(signature)) return true;
    this.own.add(signature);
    return false;
  }

  #wants({type, topics}, shared) {
    if (type === 'ringcast.gap' || type === 'ringcast.oversize') return true;
    const {events} = this.options;
    if (events && ![events].flat().includes(type)) return false;
    return !shared || !topics || topics.some((topic) => this.topics.some((pattern) => matches(pattern, topic)));
  }

  #limited(event) {
    const {maxData = Infinity} = this.options;
    if (event.data.length * 3 <= maxData || event.type.startsWith('ringcast.')) return event;
    const bytes = utf8Length(event.data);
    return bytes <= maxData ? event : {...event, type: 'ringcast.oversize', data: JSON.stringify({bytes})};
  }

  #count(units) {
    this.#unacknowledged.push(units);
    this.#units += units;
    if (this.#unacknowledged.length <= MOST_EVENTS && this.#units <= MOST_UNITS) return;
    this.#flush();
    this.#post({type: 'lagging', feed: this.feed});
    this.#onLagging(this);
  }

  /** The tab has given out `count` events more. */
  acknowledge(count) {
    for (const units of this.#unacknowledged.splice(0, count)) this.#units -= units;
  }

  /** Has the member start at `position`, as one who has seen the events of these signatures since. */
  place(position, signatures) {
    this.cursor = position;
    this.#queue({cursor: position});
    for (const signature of signatures) {
      this.own.add(signature);
      this.#queue({signature});
    }
  }

  /** The stream has moved to `position` without an event for anybody. */
  moved(position) {
    if (this.gone || isBehind(position, this.cursor)) return;
    this.cursor = position;
    this.#queue({cursor: position});
  }

  // What is read in one go is sent in one message.
  #queue(item) {
    if (this.#outbox.length === 0) queueMicrotask(() => this.#flush());
    this.#outbox.push(item);
  }

  #flush() {
    const items = this.#outbox;
    this.#outbox = [];
    if (!this.gone && items.length > 0) this.#post({type: 'items', feed: this.feed, items});
  }

  opened() {
    if (this.gone || this.#open) return;
    this.#open = true;
    this.#flush();
    this.#post({type: 'open', feed: this.feed});
  }

  retrying(error, ms) {
    this.#open = false;
    this.#flush();
    if (!this.gone) this.#post({type: 'retrying', feed: this.feed, error: {...error, message: error.message}, ms});
  }

  failed(error) {
    this.#flush();
    if (!this.gone) this.#post({type: 'failed', feed: this.feed, error: {...error, message: error.message}});
    this.gone = true;
  }
}

// The broker has counted for all topics of the connection.
function withoutCount(data) {
  return JSON.stringify({...JSON.parse(data), missed: null});
}
