// EventSource as browsers have it (WHATWG HTML, section 9.2), for Node and everything else that has fetch().

import {Backoff} from './backoff.js';
import {EventStreamParser} from './event_stream_parser.js';
import {byteString, checkHeaders, notAStream} from './request.js';

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
const RETRY_MS = 3000;

class SourceErrorEvent extends Event {
  constructor({message, code}) {
    super('error');
    Object.assign(this, {message, code});
  }
}

// `onopen = f` keeps the place among the listeners that it got first, as event handler attributes do.
function handlerAttribute(type) {
  const handlers = new WeakMap();
  return {
    enumerable: true,
    configurable: true,
    get() {
      return handlers.get(this)?.handler ?? null;
    },
    set(handler) {
      let slot = handlers.get(this);
      if (!slot) {
        slot = {handler: null};
        handlers.set(this, slot);
        this.addEventListener(type, (event) => slot.handler?.call(this, event));
      }
      slot.handler = typeof handler === 'function' ? handler : null;
    },
  };
}

/** See eventsource.d.ts. */
export class EventSource extends EventTarget {
  #url;
  #options;
  #connection;
  #timer;
  #state = CONNECTING;
  #lastEventId = '';
  #retryMs = RETRY_MS;
  #failures = 0;
  #backoff = new Backoff();

  constructor(url, {withCredentials = false, headers, fetch = globalThis.fetch} = {}) {
    super();
    try {
      this.#url = new URL(url, globalThis.location?.href);
    } catch {
      throw new DOMException(`"${url}" is not a URL`, 'SyntaxError');
    }
    checkHeaders(headers);
    this.#options = {withCredentials: Boolean(withCredentials), headers, fetch};
    this.#connect();
  }

  get url() {
    return this.#url.href;
  }

  get readyState() {
    return this.#state;
  }

  get withCredentials() {
    return this.#options.withCredentials;
  }

  close() {
    this.#state = CLOSED;
    clearTimeout(this.#timer);
    this.#connection?.abort();
  }

  async #connect() {
    const connection = new AbortController();
    this.#connection = connection;
    let response;
    try {
      response = await this.#request(connection.signal);
      if (this.#state === CLOSED) return;
      // Any status but 200 is final, and any other type.
      const fault = notAStream(response);
      if (fault) {
        this.close();
        this.dispatchEvent(new SourceErrorEvent({message: fault, code: response.status}));
        return;
      }
      this.#state = OPEN;
      this.dispatchEvent(new Event('open'));
      await this.#read(response, connection.signal);
      this.#reconnect('the stream has ended');
    } catch (error) {
      this.#reconnect(error?.cause?.message || error?.message || String(error));
    }
  }

  async #request(signal) {
    const {headers, fetch, withCredentials} = this.#options;
    const all = new Headers(typeof headers === 'function' ? await headers() : headers);
    all.set('Accept', 'text/event-stream');
    if (this.#lastEventId) all.set('Last-Event-ID', byteString(this.#lastEventId));
    const credentials = withCredentials ? 'include' : 'same-origin';
    return fetch(this.#url.href, {headers: all, signal, credentials, cache: 'no-store'});
  }

  async #read(response, signal) {
    const {origin} = response.url ? new URL(response.url) : this.#url;
    const moved = (id) => {
      this.#lastEventId = id;
      this.#failures = 0;
    };
    const parser = new EventStreamParser({
      lastEventId: this.#lastEventId,
      onEvent: ({type, data, id}) => {
        moved(id);
        if (this.#state !== CLOSED) this.dispatchEvent(new MessageEvent(type, {data, lastEventId: id, origin}));
      },
      onId: moved,
      onRetry: (ms) => { this.#retryMs = ms; },
    });
    const reader = response.body.getReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done || signal.aborted) return;
      parser.feed(value);
    }
  }

  #reconnect(message) {
    if (this.#state === CLOSED) return;
    this.#state = CONNECTING;
    // The first wait is what the stream asked for; a server that stays away is asked less and less often.
    if (this.#failures === 0) this.#backoff.reset();
    const delay = this.#failures === 0 ? Math.min(this.#retryMs, 86_400_000) : this.#backoff.next(this.#retryMs);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.dispatchEvent(new SourceErrorEvent({message}));
  }
}

for (const type of ['open', 'message', 'error']) {
  Object.defineProperty(EventSource.prototype, `on${type}`, handlerAttribute(type));
}
for (const [name, value] of Object.entries({CONNECTING, OPEN, CLOSED})) {
  Object.defineProperty(EventSource, name, {value, enumerable: true});
  Object.defineProperty(EventSource.prototype, name, {value, enumerable: true});
}
