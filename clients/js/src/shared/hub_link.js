// The one link of a tab to the hub, for all its shared subscriptions.

import {hold, uniqueName, watch} from './locks.js';
import {LeaderTransport, WorkerTransport} from './transports.js';

const PING_MS = 15_000;
// So many pings without an answer, and the hub is taken for dead.
const MOST_MISSED = 2;
// A third of the time between two pings without a welcome, and the worker is asked for anew. Chromium says nothing of one that
// could not be loaded when it was asked for while the one of another tab was about to end.
const WELCOMES_PER_PING = 3;

const links = new Map();

/** Where tabs can share: 'worker', 'leader' or, where nothing can be shared, 'direct'. */
export function bestMode() {
  if (typeof SharedWorker === 'function') return 'worker';
  return canLead() ? 'leader' : 'direct';
}

// Newer Nodes have channels and locks, too, but no origin whose connections are few.
function canLead() {
  const {location, BroadcastChannel, navigator} = globalThis;
  return location !== undefined && BroadcastChannel !== undefined && navigator?.locks !== undefined;
}

/**
 * `feeds` are objects with `join(name)` (called for each hub: sends a join message), `receive(message)` and `lost()` (the hub is
 * gone; another one will call join()), and `failed(error)`.
 */
export class HubLink {
  static of(options) {
    const key = JSON.stringify([options.mode, options.name, String(options.workerUrl)]);
    if (!links.has(key)) links.set(key, new HubLink(options, () => links.delete(key)));
    return links.get(key);
  }

  #options;
  #onClose;
  #tab = uniqueName();
  #feeds = new Map();
  #names = 0;
  #transport;
  #hub;
  #unwatch = () => {};
  #missed = 0;
  #timer;
  #welcomeTimer;
  #release;            // Gives back the lock of this tab; resolves with undefined where there are none.
  #pageEvents = {pagehide: () => this.#sleep(), pageshow: ({persisted}) => persisted && this.#wake()};

  constructor(options, onClose) {
    this.#options = options;
    this.#onClose = onClose;
    for (const [type, listener] of Object.entries(this.#pageEvents)) globalThis.addEventListener?.(type, listener);
    this.#wake();
  }

  /** Has `feed` join, now or as soon as there is a hub, under a new name: what was said to an old one is for nobody. */
  add(feed) {
    const name = `${(this.#names += 1)}`;
    this.#forget(feed);
    this.#feeds.set(name, feed);
    if (this.#hub) feed.join(name);
  }

  remove(feed) {
    const name = this.#forget(feed);
    if (!name) return;
    this.post({type: 'leave', feed: name});
    if (this.#feeds.size === 0) this.#close();
  }

  #forget(feed) {
    const [name] = [...this.#feeds].find(([, each]) => each === feed) ?? [];
    this.#feeds.delete(name);
    return name;
  }

  post(message) {
    if (this.#transport && this.#hub) this.#transport.post(message);
  }

  #wake() {
    const {locks} = globalThis.navigator;
    // Held as long as the tab lives: so the hub notices its end.
    this.#release = Promise.resolve(locks && hold(locks, `ringcast:tab:${this.#tab}`));
    this.#timer = setInterval(() => this.#ping(), this.#pingInterval());
    this.#connect();
  }

  #pingInterval() {
    return this.#options.pingInterval ?? PING_MS;
  }

  #connect() {
    clearTimeout(this.#welcomeTimer);
    if (this.#options.mode === 'worker') {
      this.#welcomeTimer = setTimeout(() => this.#reconnect(), this.#pingInterval() / WELCOMES_PER_PING);
    }
    const Transport = this.#options.mode === 'leader' ? LeaderTransport : WorkerTransport;
    const callbacks = {
      receive: (message) => this.#receive(message),
      reachable: () => this.#hello(),
      failed: (error) => this.#fallBack(error),
    };
    try {
      this.#transport = new Transport({...this.#options, tab: this.#tab}, callbacks);
    } catch (error) {
      this.#fallBack(error);
    }
  }

  async #hello() {
    const locked = await this.#release !== undefined;
    this.#transport?.post({type: 'hello', tab: this.#tab, locked});
  }

  // A content security policy or a missing file forbids the worker: a tab leads instead.
  #fallBack(error) {
    if (this.#hub) return;
    this.#transport?.close();
    this.#transport = undefined;
    if (this.#options.mode === 'worker' && canLead()) {
      this.#options = {...this.#options, mode: 'leader'};
      this.#connect();
    } else {
      [...this.#feeds.values()].forEach((feed) => feed.failed(error));
    }
  }

  #receive(message) {
    this.#missed = 0;
    if (message.type === 'welcome') this.#welcome(message.hub);
    else if (message.type === 'stranger') this.#hello();
    else this.#feeds.get(message.feed)?.receive(message);
  }

  #welcome(hub) {
    clearTimeout(this.#welcomeTimer);
    this.#lose();
    this.#hub = hub;
    const {locks} = globalThis.navigator;
    if (locks) this.#unwatch = watch(locks, `ringcast:hub:${hub}`, () => this.#gone(hub));
    [...this.#feeds.values()].forEach((feed) => this.add(feed));
  }

  #lose() {
    this.#unwatch();
    if (this.#hub) this.#feeds.forEach((feed) => feed.lost());
    this.#hub = undefined;
  }

  // Another worker is started; a leader comes by itself, or is this tab.
  #gone(hub) {
    if (hub !== this.#hub) return;
    this.#lose();
    if (this.#options.mode === 'worker') this.#reconnect();
  }

  #reconnect() {
    this.#lose();
    this.#transport?.close();
    this.#connect();
  }

  #ping() {
    if (this.#missed >= MOST_MISSED) {
      this.#missed = 0;
      if (this.#options.mode === 'leader') this.#transport?.revive();
      else this.#reconnect();
    }
    this.#missed += 1;
    this.#transport?.post({type: 'ping'});
  }

  async #sleep() {
    clearInterval(this.#timer);
    clearTimeout(this.#welcomeTimer);
    this.#transport?.post({type: 'bye'});
    this.#lose();
    this.#transport?.close();
    this.#transport = undefined;
    (await this.#release)?.();
  }

  #close() {
    for (const [type, listener] of Object.entries(this.#pageEvents)) globalThis.removeEventListener?.(type, listener);
    this.#onClose();
    this.#sleep();
  }
}
