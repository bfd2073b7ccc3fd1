// How a tab reaches the hub.

import {Hub} from './hub.js';
import {hold, uniqueName} from './locks.js';

/** The hub in a SharedWorker. `failed()` is called when the worker cannot be loaded. */
export class WorkerTransport {
  #port;

  constructor({name, workerUrl}, {receive, reachable, failed}) {
    // Bundlers look for exactly this expression.
    const worker = workerUrl
      ? new SharedWorker(workerUrl, {type: 'module', name: `ringcast ${name}`})
      : new SharedWorker(new URL('./worker.js', import.meta.url), {type: 'module', name: `ringcast ${name}`});
    worker.onerror = () => failed(new Error('the SharedWorker could not be loaded'));
    this.#port = worker.port;
    this.#port.onmessage = ({data}) => receive(data);
    queueMicrotask(reachable);
  }

  post(message) {
    this.#port.postMessage(message);
  }

  close() {
    this.#port.close();
  }
}

/**
 * The hub in one of the tabs: that which holds the lock of the leader. Everybody hears what tabs send; what the hub sends to
 * a tab goes over a channel of its own, so that not every tab gets the events of all.
 */
export class LeaderTransport {
  #name;
  #tab;
  #channel;
  #own;
  #candidacy = new AbortController();
  #endLeading;

  constructor({name, tab}, {receive, reachable}) {
    this.#name = `ringcast:${name}`;
    this.#tab = tab;
    this.#own = new BroadcastChannel(`${this.#name}:${tab}`);
    this.#own.onmessage = ({data}) => receive(data);
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({data}) => {
      if (data.leads) reachable();
    };
    this.#candidate({signal: this.#candidacy.signal});
    queueMicrotask(reachable);
  }

  // Waits to lead, and leads until this tab closes or, being frozen, is robbed of the lock.
  #candidate(options) {
    navigator.locks.request(`${this.#name}:leader`, options, () => this.#lead()).catch(() => {
      this.#endLeading?.();
      if (!this.#candidacy.signal.aborted) this.#candidate({signal: this.#candidacy.signal});
    });
  }

  async #lead() {
    if (this.#candidacy.signal.aborted) return;
    const ended = new Promise((resolve) => { this.#endLeading = resolve; });
    const id = uniqueName();
    const release = await hold(navigator.locks, `ringcast:hub:${id}`);
    const hub = new Hub({id, locks: navigator.locks});
    const channels = new Map();
    // Another object than #channel: one does not hear itself.
    const channel = new BroadcastChannel(this.#name);
    channel.onmessage = ({data: {tab, message}}) => {
      if (!tab) return;
      if (!channels.has(tab)) channels.set(tab, new BroadcastChannel(`${this.#name}:${tab}`));
      hub.receive(tab, message, (answer) => channels.get(tab)?.postMessage(answer));
      if (message.type !== 'bye') return;
      channels.get(tab).close();
      channels.delete(tab);
    };
    channel.postMessage({leads: id});
    await ended;
    hub.close();
    channel.close();
    channels.forEach((each) => each.close());
    release();
  }

  /** The leader holds its lock and does not answer: browsers freeze hidden tabs. */
  revive() {
    this.#candidate({steal: true});
  }

  post(message) {
    this.#channel.postMessage({tab: this.#tab, message});
  }

  close() {
    this.#candidacy.abort();
    this.#endLeading?.();
    this.#channel.close();
    this.#own.close();
  }
}
