// A stream that knows where it stands in the broker's sequence.

import {ResumingStream} from '../resuming_stream.js';
import {eventParts} from '../stream_event.js';
import {streamUrl} from '../subscribe.js';

/** `{id, epoch, seq}` of an id that has the form of a position, else undefined. */
export function positionOf(id) {
  const match = /^(.+)-(\d{1,15})$/.exec(id);
  return match ? {id, epoch: match[1], seq: Number(match[2])} : undefined;
}

/** Whether the one who stands at `cursor` has seen what is at `position`; both may be undefined. */
export function isBehind(position, cursor) {
  return position !== undefined && cursor !== undefined && position.epoch === cursor.epoch && position.seq <= cursor.seq;
}

// A signature need not hold the data: who repeats an id with other data at the same millisecond is told apart by a hash.
function hashOf(text) {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

const signatureOf = ({id, time, topics, type, data}) => JSON.stringify([id, time, topics, type, data.length, hashOf(data)]);

/** The newest signatures of events without a position. */
export class OwnIds {
  static MOST = 1000;
  #signatures = new Set();

  constructor(signatures = []) {
    signatures.forEach((signature) => this.add(signature));
  }

  has(signature) {
    return this.#signatures.has(signature);
  }

  add(signature) {
    this.#signatures.add(signature);
    if (this.#signatures.size > OwnIds.MOST) this.#signatures.delete(this.#signatures.values().next().value);
  }

  clear() {
    this.#signatures.clear();
  }

  get full() {
    return this.#signatures.size >= OwnIds.MOST;
  }

  list() {
    return [...this.#signatures];
  }
}

/**
 * Reads enveloped events of `options.topics` into `sink`: `entry(entry)`, `moved()` (the floor, without an event), and
 * `started(fresh)` before the first of either on a connection, `open()`, `retrying()`, `failed()`.
 *
 * `floor` is the newest position of the broker that was read: everything up to it has come. Events with ids of their
 * publishers have no position; `own` are the signatures of those that came since. A reconnect resumes from the floor, not
 * from such an id, which need not be unique (unless there are too many to remember); what comes twice is known by its signature.
 */
export class TrackedStream {
  floor = undefined;
  own = new OwnIds();
  topics;
  isOpen = false;
  #options;
  #sink;
  #stream;
  #starting = true;

  constructor({topics, token, ...options}, sink) {
    this.#options = options;
    this.#sink = sink;
    this.topics = topics;
    const {events, since} = options;
    this.#stream = new ResumingStream({
      ...options,
      token,
      url: () => streamUrl({url: options.url, topics: this.topics, events, since, envelope: true}),
      resumeId: () => (this.own.full ? undefined : this.floor?.id),
    }, {
      open: () => {
        this.#starting = true;
        this.isOpen = true;
        sink.open();
      },
      event: (block) => this.#event(block),
      position: (id) => this.#position(id),
      retrying: (error, ms) => {
        this.isOpen = false;
        sink.retrying(error, ms);
      },
      failed: (error) => {
        this.isOpen = false;
        sink.failed(error);
      },
    });
  }

  close() {
    this.#stream.close();
  }

  /** Goes on with other topics, from the floor. */
  follow(topics) {
    this.topics = topics;
    this.isOpen = false;
    this.#stream.restart();
  }

  #moveTo(position) {
    const fresh = this.floor?.epoch !== position.epoch;
    if (fresh || position.seq >= this.floor.seq) {
      this.floor = position;
      this.own.clear();
    }
    if (this.#starting) this.#sink.started(fresh);
    this.#starting = false;
  }

  // Only the broker writes blocks with nothing but an id, so that it is a position.
  #position(id) {
    const position = positionOf(id);
    if (!position) return;
    const begins = this.#starting;
    this.#moveTo(position);
    this.#sink.moved(begins);
  }

  #event(block) {
    const {topic, topics = topic === undefined ? undefined : [topic], ...parts} = eventParts(block, true);
    const position = positionOf(block.id);
    const entry = {...parts, topics, position};
    if (parts.type === 'ringcast.gap' && position) {
      this.#moveTo(position);
    } else if (position && position.epoch === this.floor?.epoch) {
      this.#moveTo(position);
    } else {
      entry.position = undefined;
      entry.signature = signatureOf(entry);
      this.own.add(entry.signature);
    }
    this.#sink.entry(entry);
  }
}
