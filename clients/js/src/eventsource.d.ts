import type {HeadersLike, ListenerOptions} from './index.js';

export interface EventSourceOptions {
  withCredentials?: boolean;
  /** Headers for each request, fixed or asked for each time. */
  headers?: HeadersLike | (() => HeadersLike | Promise<HeadersLike>);
  /** Instead of the global fetch(). */
  fetch?: typeof globalThis.fetch;
}

export interface EventSourceMessage extends Event {
  readonly data: string;
  readonly lastEventId: string;
  readonly origin: string;
}

export interface EventSourceError extends Event {
  readonly message: string;
  /** The status of an answer that ended it. */
  readonly code?: number;
}

/** EventSource of the HTML standard, with `headers` and `fetch`. Any status but 200 ends it. */
export class EventSource extends EventTarget {
  constructor(url: string | URL, options?: EventSourceOptions);
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  readonly url: string;
  readonly withCredentials: boolean;
  readonly readyState: 0 | 1 | 2;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: EventSourceMessage) => void) | null;
  onerror: ((event: EventSourceError) => void) | null;
  close(): void;
  addEventListener(type: 'open', listener: (event: Event) => void, options?: boolean | ListenerOptions): void;
  addEventListener(type: 'error', listener: (event: EventSourceError) => void, options?: boolean | ListenerOptions): void;
  addEventListener(type: string, listener: ((event: EventSourceMessage) => void) | {handleEvent(event: EventSourceMessage): void},
    options?: boolean | ListenerOptions): void;
}
