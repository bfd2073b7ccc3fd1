// One stream that reconnects by itself, from where it was.

import {Backoff, pause} from './backoff.js';
import {networkError, refusalOf, RingcastError} from './errors.js';
import {EventStreamParser} from './event_stream_parser.js';
import {abortable, byteString, notAStream, requestHeaders, withDefaults} from './request.js';

// Refusals that pass: too slow, too early, too many, and what a server in trouble says.
const passes = (status) => status === 408 || status === 425 || status === 429 || status >= 500;

const DEFAULTS = {idleTimeout: 45_000, maxEventSize: 16 * 1024 * 1024, credentials: 'same-origin'};

const RESTART = new RingcastError('the subscription has changed');

/**
 * Reads the broker's stream into `sink` until it is closed or an error is final:
 * `event({type, data, id})`, `position(id)` (a resume point without an event), `comment(text)`, `open()`,
 * `retrying(error, ms)`, `failed(error)`; while `ready()` returns a promise, nothing is read.
 *
 * `url()` is asked for each connection, so that a restart() can take another; so is `resumeId()`, if there is one, for another
 * id than that of the last block.
 */
export class ResumingStream {
  #options;
  #sink;
  #closing = new AbortController();
  #connection = new AbortController();
  #watchdog;
  #backoff;
  #floorMs = 0;         // What the stream's `retry:` asks for.
  #rejected = false;    // The token of the last request was refused.
  #lastEventId;

  constructor(options, sink) {
    this.#options = withDefaults(DEFAULTS, options);
    this.#sink = sink;
    this.#lastEventId = options.lastEventId ?? '';
    this.#backoff = new Backoff(options.backoff);
    this.#run().catch((error) => {
      this.close();
      sink.failed(error);
    });
  }

  /** The id of the last complete block. */
  get lastEventId() {
    return this.#lastEventId;
  }

  close() {
    this.#closing.abort();
    this.#connection.abort();
  }

  /** Connects anew at once, from the last id. */
  restart() {
    this.#connection.abort(RESTART);
  }

  async #run() {
    const closed = this.#closing.signal;
    while (!closed.aborted) {
      const error = await this.#connect().then(() => undefined, (fault) => fault);
      if (closed.aborted) return;
      if (error === RESTART) continue;
      if (error?.status === 401 && typeof this.#options.token === 'function' && !this.#rejected) {
        this.#rejected = true;
        continue;
      }
      if (error && !(error.status === undefined ? error.cause !== undefined : passes(error.status))) {
        this.#sink.failed(error);
        return;
      }
      const delay = this.#backoff.next(Math.max(this.#floorMs, error?.retryAfterMs ?? 0));
      this.#sink.retrying(error ?? new RingcastError('the stream has ended'), delay);
      this.#connection = new AbortController();  // What a restart() cuts short meanwhile.
      if (closed.aborted) return;
      await pause(delay, this.#connection.signal);
    }
  }

  // One connection. Resolves when the stream ends, and rejects with a RingcastError.
  async #connect() {
    const connection = new AbortController();
    this.#connection = connection;
    try {
      this.#watch(connection);
      const response = await this.#request(connection.signal);
      if (!response.ok) throw await refusalOf(response);
      const fault = notAStream(response);
      if (fault) throw new RingcastError(fault, {status: response.status});
      this.#rejected = false;
      this.#sink.open();
      await this.#read(response.body.getReader(), connection);
    } catch (error) {
      const reason = connection.signal.aborted ? connection.signal.reason : error;
      throw reason instanceof RingcastError ? reason : networkError('the connection failed', reason);
    } finally {
      clearTimeout(this.#watchdog);
      connection.abort();
    }
  }

  async #request(signal) {
    const {url, headers, token, credentials, fetch = globalThis.fetch} = this.#options;
    const own = {Accept: 'text/event-stream'};
    const resumeId = this.#options.resumeId?.() ?? this.#lastEventId;
    if (resumeId) own['Last-Event-ID'] = byteString(resumeId);
    const all = await abortable(requestHeaders({headers, token, rejected: this.#rejected}, own), signal);
    return fetch(String(url()), {headers: all, signal, credentials, cache: 'no-store'});
  }

  async #read(reader, connection) {
    const parser = new EventStreamParser({
      lastEventId: this.#lastEventId,
      maxEventSize: this.#options.maxEventSize,
      onEvent: (event) => {
        this.#moved(event.id);
        this.#sink.event(event);
      },
      onId: (id) => {
        this.#moved(id);
        this.#sink.position(id);
      },
      onRetry: (ms) => { this.#floorMs = ms; },
      onComment: (text) => this.#sink.comment?.(text),
    });
    for (;;) {
      // Who does not take events is not idle: the broker decides how long it waits for a slow reader.
      clearTimeout(this.#watchdog);
      const room = this.#sink.ready?.();
      if (room) await abortable(room, connection.signal);
      this.#watch(connection);
      const {done, value} = await reader.read();
      if (connection.signal.aborted) throw connection.signal.reason;
      if (done) return;
      parser.feed(value);
    }
  }

  #moved(id) {
    this.#lastEventId = id;
    this.#backoff.reset();
  }

  #watch(connection) {
    const {idleTimeout} = this.#options;
    if (idleTimeout === 0) return;
    this.#watchdog = setTimeout(() => {
      const message = `nothing came for ${idleTimeout} ms`;
      connection.abort(new RingcastError(message, {cause: new DOMException(message, 'TimeoutError')}));
    }, idleTimeout);
  }
}
