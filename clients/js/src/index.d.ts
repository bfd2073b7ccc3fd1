// Names of platform types that browsers and Node do not have in common are written out.

/** What the constructor of Headers takes. */
export type HeadersLike = ConstructorParameters<typeof Headers>[0];

export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

/** Where the broker is, and who asks. */
export interface BrokerOptions {
  /** The broker, such as `https://events.example` or `https://example.org/ringcast`; in a page it may be relative. */
  url: string | URL;
  /** A token, or a callback that gives one; it is asked again for each request. Without a token it may return nothing. */
  token?: string | TokenCallback;
  /** Headers for each request, fixed or asked for each time. */
  headers?: HeadersLike | (() => HeadersLike | Promise<HeadersLike>);
  /** As for fetch(); `'include'` sends the broker's cookie from a page of another origin. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** Instead of the global fetch(). */
  fetch?: typeof globalThis.fetch;
}

/**
 * Gives a token. `rejected` is true when the broker has just answered 401 to the one before: leave your cache aside then.
 * When it throws, a subscription asks again later, a publish fails after `retryFor`.
 */
export type TokenCallback = (context: {rejected: boolean}) =>
  string | null | undefined | Promise<string | null | undefined>;

/** Each wait is what the server asks for, and a random part of `min(maxMs, minMs * 2^n)` more. */
export interface BackoffOptions {
  /** Default: 1000; for publishing 200. */
  minMs?: number;
  /** Default: 30,000; for publishing 10,000. */
  maxMs?: number;
  /** Instead of Math.random. */
  random?: () => number;
}

/** What a stream delivers, in both modes. */
export interface StreamOptions {
  /** 1 to 100 topics and patterns (`orders/**`). */
  topics: string | readonly string[];
  /** Where to start without an id: `latest` (default), `earliest`, `-10` (the last ten), a Date, an age such as `10m`. */
  since?: string | number | Date;
  /** Resume after this event. */
  lastEventId?: string;
  /** Only these event types. */
  events?: string | readonly string[];
  /** Longer data, in bytes, comes as `ringcast.oversize`. */
  maxData?: number;
  /** Ends the subscription; the iterator throws the reason. */
  signal?: AbortSignal;
  /** After so many ms without a byte the connection is given up and resumed. Default: 45,000; the broker writes every 15 s. 0: never. */
  idleTimeout?: number;
  /** Bytes of data of one event. What is longer is dropped as it comes, and told as `ringcast.oversize`. Default: 16 MiB. */
  maxEventSize?: number;
  /** So many events wait for the iterator; then nothing more is read. Default: 1000. */
  queueSize?: number;
  backoff?: BackoffOptions;
  /** Gets every event, whatever its type. */
  onEvent?: (event: StreamEvent) => void;
  /** Gets what a `ringcast.gap` says, at its place among the events. */
  onGap?: (gap: Gap) => void;
}

export interface SubscribeOptions extends BrokerOptions, StreamOptions {
  /** Events tell their `topic` and `time`. */
  envelope?: boolean;
  /** Gets comments of the stream. */
  onComment?: (text: string) => void;
}

export interface SharedOptions extends StreamOptions {
  url: string | URL;
  token?: string | TokenCallback;
  headers?: HeadersLike;
  credentials?: 'omit' | 'same-origin' | 'include';
  /**
   * Tabs share a connection only with the same `share`. Give it a name for the user where users can change: tabs with token
   * callbacks are taken to be of one user.
   */
  share?: string;
  /** Tabs with other topics share the connection, too. Default: false; see the README. */
  union?: boolean;
  /** Default: `auto`, the first of the three that works here. */
  mode?: 'auto' | 'worker' | 'leader' | 'direct';
  /** The script of the SharedWorker, `ringcast/shared-worker`, where your bundler does not find it by itself. */
  workerUrl?: string | URL;
  /**
   * How often, in ms, a tab looks whether the one that holds the connection still answers. A third of it is waited for a
   * worker's first word. Default: 15,000.
   */
  pingInterval?: number;
}

/** What a `ringcast.gap` says: events are missing. */
export interface Gap {
  requested: string;
  resumed: string;
  reason: 'expired' | 'deleted' | 'lost' | 'lagged' | 'epoch' | 'unknown';
  /** How many, or null where that cannot be exact. */
  missed: number | null;
}

/** One event, for listeners and for the iterator. */
export class StreamEvent extends Event {
  constructor(type: string, parts?: {data?: string; id?: string; topic?: string; time?: Date});
  readonly data: string;
  /** The event's id: store it to resume after this event. */
  readonly id: string;
  /** The same, under the name of a native EventSource. */
  readonly lastEventId: string;
  /** With `envelope`, and in shared mode. */
  readonly topic?: string;
  readonly time?: Date;
  /** Of an event of type `ringcast.gap`. */
  readonly gap?: Gap;
  /** Of an event of type `ringcast.oversize`. */
  readonly oversize?: {bytes: number};
  /** The data, parsed as JSON. Throws a SyntaxError. */
  json<T = any>(): T;
}

/** Event `open`, and event `error`. */
export class StateEvent extends Event {
  constructor(type: string, state?: {error?: Error; final?: boolean; retryInMs?: number});
  /** Of `error`: what went wrong, mostly a RingcastError. */
  readonly error?: RingcastError;
  /** Of `error`: it is over. Else it is tried again in `retryInMs`. */
  readonly final: boolean;
  readonly retryInMs?: number;
}

interface FeedEvents {
  open: StateEvent;
  error: StateEvent;
  message: StreamEvent;
}

declare class EventFeed extends EventTarget implements AsyncIterableIterator<StreamEvent> {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly readyState: 0 | 1 | 2;
  /** Resolves with the first open connection; rejects when the subscription ends before. */
  readonly opened: Promise<void>;
  /** The id to resume from for whoever has seen all that was given out here. */
  readonly lastEventId: string;
  /** Ends the subscription, and the iterator without an error. */
  close(): void;
  next(): Promise<IteratorResult<StreamEvent>>;
  return(value?: any): Promise<IteratorResult<StreamEvent>>;
  [Symbol.asyncIterator](): this;
  addEventListener<K extends keyof FeedEvents>(type: K, listener: (event: FeedEvents[K]) => void,
    options?: boolean | ListenerOptions): void;
  addEventListener(type: string, listener: ((event: StreamEvent) => void) | {handleEvent(event: StreamEvent): void},
    options?: boolean | ListenerOptions): void;
  removeEventListener<K extends keyof FeedEvents>(type: K, listener: (event: FeedEvents[K]) => void,
    options?: boolean | ListenerOptions): void;
  removeEventListener(type: string, listener: ((event: StreamEvent) => void) | {handleEvent(event: StreamEvent): void},
    options?: boolean | ListenerOptions): void;
}

/** A subscription with a connection of its own. */
export class Subscription extends EventFeed {
  private constructor();
  readonly url: string;
}

/** A subscription whose connection is shared with other tabs. */
export class SharedSubscription extends EventFeed {
  private constructor();
  readonly mode: 'worker' | 'leader';
}

/** Follows topics and patterns, resuming by itself, until closed or an error is final. */
export function subscribe(options: SubscribeOptions): Subscription;

/** The same, with one connection for many tabs. */
export function subscribeShared(options: SharedOptions): SharedSubscription | Subscription;

export interface PublisherOptions extends BrokerOptions {
  signal?: AbortSignal;
  /** How long one attempt may take, in ms. Default: 15,000. */
  timeout?: number;
  /** No attempt begins later than this, in ms. Default: 30,000; 0: one attempt. */
  retryFor?: number;
  backoff?: BackoffOptions;
}

/** JSON, or what has a toJSON(). */
export type Data = string | ArrayBuffer | ArrayBufferView | number | boolean | null | object;

export interface EventFields {
  /** The event's type. */
  event?: string;
  /** An id of your own. */
  id?: string;
  /** How long clients wait before they reconnect, in ms. */
  retry?: number;
  /** The idempotency key. Default: a new one; null: none, and no repetition after a broken connection. */
  key?: string | null;
  /** Only for readers that show a token. */
  private?: boolean;
  /** `data` is sent as a comment: not stored, without any other field. */
  comment?: boolean;
}

export type PublishOptions = PublisherOptions & EventFields;

export type Publication = EventFields & {data: Data} & (
  {topic: string; topics?: undefined} | {topics: string | readonly string[]; topic?: undefined});

export interface PublishManyOptions extends PublisherOptions {
  /** A request has at most so many events. Default: 2000. */
  batchEvents?: number;
  /** A request is sent once it has about so many bytes. Default: 262,144. */
  batchBytes?: number;
  /** A source that pauses longer, in ms, has what it gave sent. Default: 20. */
  batchDelay?: number;
}

export interface Published {
  /** Null for a comment. */
  id: string | null;
  /** An event with this key was there already. */
  duplicate: boolean;
}

export interface PublishedMany {
  accepted: number;
  duplicates: number;
  firstId: string | null;
  lastId: string | null;
}

/** Publishes one event to one topic or to several. */
export function publish(topics: string | readonly string[], data: Data, options: PublishOptions): Promise<Published>;

/** Publishes events in order, in requests of bounded size. */
export function publishMany(events: Iterable<Publication> | AsyncIterable<Publication>,
  options: PublishManyOptions): Promise<PublishedMany>;

/** One broker and its options, named once. */
export class Client {
  constructor(options: BrokerOptions);
  subscribe(options: Omit<SubscribeOptions, 'url'> & Partial<BrokerOptions>): Subscription;
  publish(topics: string | readonly string[], data: Data, options?: Partial<PublishOptions>): Promise<Published>;
  publishMany(events: Iterable<Publication> | AsyncIterable<Publication>,
    options?: Partial<PublishManyOptions>): Promise<PublishedMany>;
}

/** What the broker refused, or a connection that failed (`status` is undefined then, and `cause` says why). */
export class RingcastError extends Error {
  constructor(message: string, fields?: {cause?: unknown; status?: number});
  readonly status?: number;
  readonly title?: string;
  readonly detail?: string;
  /** Where it was: the field, the line of a request, the index among the events that were given to publishMany(). */
  readonly field?: string;
  readonly line?: number;
  readonly index?: number;
  /** Of publishMany(): how many events stand, and the id of the last. */
  readonly accepted?: number;
  readonly firstId?: string;
  readonly lastId?: string;
  /** What `Retry-After` asks for, or 0. */
  readonly retryAfterMs: number;
}

/** One block of a stream. */
export interface ParsedEvent {
  type: string;
  data: string;
  id: string;
}

/** text/event-stream, from the bytes of one connection to events. */
export class EventStreamParser {
  constructor(options?: {
    onEvent?: (event: ParsedEvent) => void;
    /** A block without data had an id. */
    onId?: (id: string) => void;
    onRetry?: (ms: number) => void;
    onComment?: (text: string) => void;
    /** Default: no limit. */
    maxEventSize?: number;
    lastEventId?: string;
  });
  /** What a reconnect would send. */
  readonly lastEventId: string;
  feed(bytes: Uint8Array): void;
}

// Only what says `export` is exported.
export {};
