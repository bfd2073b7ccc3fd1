// Events on their way to the application: an EventTarget and an async iterator over one bounded queue.

import {RingcastError} from './errors.js';
import {StateEvent} from './stream_event.js';

// Large events fill the queue before their number does. In UTF-16 units.
const QUEUE_UNITS = 8 * 1024 * 1024;

// An error of the application's own callback is the application's: it is reported as uncaught, and the stream goes on.
function callBack(callback, value) {
  try {
    callback?.(value);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

/**
 * Base of the subscriptions. Until somebody listens for events or iterates, events wait in the queue. While it is full,
 * ready() is a promise, and whoever feeds it reads nothing more.
 */
export class EventFeed extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;

  #callbacks;
  #queueSize;
  #queue = [];         // {event, id}: the id to resume from once the event is out.
  #units = 0;
  #listening = false;
  #iterating = false;
  #waiting = [];       // Calls of next() that there was no event for.
  #onRoom;
  #failure;            // {error} until the iterator has thrown it.
  #settleOpened;
  #lastEventId;

  constructor({queueSize = 1000, onEvent, onGap, onComment, lastEventId = ''}) {
    super();
    if (!Number.isInteger(queueSize) || queueSize < 1) throw new TypeError('queueSize must be a whole number from 1 on');
    this.#callbacks = {onEvent, onGap, onComment};
    this.#queueSize = queueSize;
    this.#lastEventId = lastEventId;
    this.#listening = onEvent !== undefined;
    this.readyState = EventFeed.CONNECTING;
    this.opened = new Promise((resolve, reject) => { this.#settleOpened = {resolve, reject}; });
    this.opened.catch(() => {});
  }

  /** The id to resume from for whoever has seen all that was given out here, and nothing else. */
  get lastEventId() {
    return this.#lastEventId;
  }

  addEventListener(type, ...rest) {
    super.addEventListener(type, ...rest);
    if (this.#listening || type === 'open' || type === 'error') return;
    this.#listening = true;
    // Not at once: the listeners that are added in the same turn get what has waited, too.
    if (!this.#iterating) queueMicrotask(() => this.#dispatchWaiting());
  }

  #dispatchWaiting() {
    while (!this.#iterating && this.#queue.length > 0) this.#dispatch(this.#shift());
  }

  #dispatch(event) {
    callBack(this.#callbacks.onEvent, event);
    this.dispatchEvent(event);
  }

  #shift() {
    const {event, id} = this.#queue.shift();
    this.#units -= event.data.length;
    this.#giveOut(event, id);
    if (this.#hasRoom()) this.#onRoom?.();
    return event;
  }

  #giveOut(event, id = event.id) {
    this.#lastEventId = id;
    if (event.gap) callBack(this.#callbacks.onGap, event.gap);
    this.given();
  }

  /** An event was given out: for who counts. */
  given() {}

  #hasRoom() {
    return this.#queue.length < this.#queueSize && this.#units < QUEUE_UNITS;
  }

  // What follows is for whoever feeds it.

  /** A promise while the queue is full, else undefined. */
  ready() {
    if (this.#hasRoom() || this.readyState === EventFeed.CLOSED) return undefined;
    return new Promise((resolve) => { this.#onRoom = resolve; });
  }

  push(event) {
    if (this.readyState === EventFeed.CLOSED) return;
    // What still waits for its listeners goes first.
    const behind = !this.#iterating && this.#queue.length > 0;
    const direct = this.#listening && !behind;
    const next = this.#waiting.shift();
    if (next || (direct && !this.#iterating)) this.#giveOut(event);
    if (direct) this.#dispatch(event);
    if (direct && !this.#iterating) return;
    if (next) {
      next.resolve({value: event, done: false});
      return;
    }
    this.#queue.push({event, id: event.id});
    this.#units += event.data.length;
  }

  /** The resume point has moved without an event. */
  moveTo(id) {
    if (this.#queue.length > 0) this.#queue[this.#queue.length - 1].id = id;
    else this.#lastEventId = id;
  }

  comment(text) {
    callBack(this.#callbacks.onComment, text);
  }

  open() {
    if (this.readyState === EventFeed.CLOSED) return;
    this.readyState = EventFeed.OPEN;
    this.#settleOpened.resolve();
    this.dispatchEvent(new StateEvent('open'));
  }

  retrying(error, retryInMs) {
    if (this.readyState === EventFeed.CLOSED) return;
    this.readyState = EventFeed.CONNECTING;
    this.dispatchEvent(new StateEvent('error', {error, retryInMs}));
  }

  /** The end. With an error, the iterator throws it after what waits in the queue, and listeners get it. */
  end(error) {
    if (this.readyState === EventFeed.CLOSED) return;
    this.readyState = EventFeed.CLOSED;
    this.#settleOpened.reject(error ?? new RingcastError('the subscription was closed'));
    this.#onRoom?.();
    if (error) this.#failure = {error};
    for (const next of this.#waiting.splice(0)) this.#finish(next);
    if (error) this.dispatchEvent(new StateEvent('error', {error, final: true}));
  }

  #finish({resolve, reject}) {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) reject(failure.error);
    else resolve({value: undefined, done: true});
  }

  /** Ends the subscription; what waits in the queue is dropped. With a reason, the iterator throws it. */
  close(reason) {
    this.#queue = [];
    this.#units = 0;
    this.end(reason);
  }

  next() {
    this.#iterating = true;
    if (this.#queue.length > 0) {
      const event = this.#shift();
      return Promise.resolve({value: event, done: false});
    }
    return new Promise((resolve, reject) => {
      if (this.readyState === EventFeed.CLOSED) this.#finish({resolve, reject});
      else this.#waiting.push({resolve, reject});
    });
  }

  /** Called by `break` in a `for await`. */
  return(value) {
    this.close();
    return Promise.resolve({value, done: true});
  }

  /** There is one queue: iterators of the same subscription share its events. */
  [Symbol.asyncIterator]() {
    this.#iterating = true;
    return this;
  }
}
