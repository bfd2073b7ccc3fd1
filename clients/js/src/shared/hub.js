// Holds the connections of all tabs: in a SharedWorker, or in the tab that leads.

import {Group} from './group.js';
import {watch} from './locks.js';
import {Member} from './member.js';

// Of the six connections that a browser has for an origin, streams of latecomers take at most so many besides the shared ones.
const BRANCHES = 3;
// Without Web Locks, a tab that has not said anything for so long is gone. Timers of hidden tabs run once a minute.
const SILENCE_MS = 180_000;
const TOKEN_MS = 15_000;
// A page that is loaded anew leaves and joins: topics are not dropped at once.
const PRUNE_MS = 5000;

class Slots {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async take() {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((resolve) => { this.#waiting.push(resolve); });
  }

  give() {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

// Who has the same key may share a connection.
function keyOf({url, headers, credentials, token, tokenIsAsked, share, union, topics}) {
  const header = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]).sort();
  return JSON.stringify([url, header, credentials, token, tokenIsAsked, share, union ? [] : [...new Set(topics)].sort()]);
}

/** `welcome` is what a tab gets for its hello; `locks` are the platform's Web Locks, or undefined. */
export class Hub {
  #id;
  #locks;
  #tabs = new Map();    // By name: {post, members, asked, unwatch, heard}: when, or Infinity for those with a lock.
  #groups = new Map();  // By key: a list, as one connection cannot carry any number of topics.
  #slots = new Slots(BRANCHES);
  #asks = 0;
  #watch;
  #prune;

  constructor({id, locks, silenceMs = SILENCE_MS}) {
    this.#id = id;
    this.#locks = locks;
    this.#watch = setInterval(() => this.#dropSilent(silenceMs), silenceMs / 3);
  }

  /** A message of the tab `name`; `post` answers. */
  receive(name, message, post) {
    if (message.type === 'hello') {
      this.disconnect(name);
      this.#connect(name, message.locked, post);
      post({type: 'welcome', hub: this.#id});
      return;
    }
    const tab = this.#tabs.get(name);
    if (!tab) {
      // A hub that is new to the tab: it says hello, and joins again.
      if (message.type !== 'bye') post({type: 'stranger'});
      return;
    }
    if (tab.heard !== Infinity) tab.heard = Date.now();
    if (message.type === 'bye') this.disconnect(name);
    else if (message.type === 'ping') post({type: 'pong'});
    else if (message.type === 'join') this.#join(tab, message);
    else if (message.type === 'leave') this.#leave(tab, message.feed);
    else if (message.type === 'ack') tab.members.get(message.feed)?.acknowledge(message.count);
    else if (message.type === 'token') tab.asked.get(message.ask)?.(message);
  }

  #connect(name, locked, post) {
    const watched = locked && this.#locks;
    // The tab holds this lock as long as it lives.
    const unwatch = watched ? watch(watched, `ringcast:tab:${name}`, () => this.disconnect(name)) : () => {};
    this.#tabs.set(name, {post, members: new Map(), asked: new Map(), heard: watched ? Infinity : Date.now(), unwatch});
  }

  /** The tab is gone. */
  disconnect(name) {
    const tab = this.#tabs.get(name);
    if (!tab) return;
    this.#tabs.delete(name);
    tab.unwatch();
    tab.asked.forEach((answer) => answer({gone: true, error: 'the tab is gone'}));
    for (const feed of [...tab.members.keys()]) this.#leave(tab, feed);
  }

  close() {
    clearInterval(this.#watch);
    clearTimeout(this.#prune);
    for (const name of [...this.#tabs.keys()]) this.disconnect(name);
  }

  #dropSilent(silenceMs) {
    for (const [name, {heard}] of [...this.#tabs]) {
      if (Date.now() - heard > silenceMs) this.disconnect(name);
    }
  }

  #join(tab, {feed, options, cursor, own}) {
    const member = new Member({feed, options, cursor, own}, {
      post: tab.post,
      askToken: (rejected) => this.#askToken(tab, feed, rejected),
      onLagging: () => this.#leave(tab, feed),
    });
    const key = keyOf(options);
    const groups = this.#groups.get(key) ?? [];
    this.#groups.set(key, groups);
    let group = groups.find((each) => each.fits(member));
    if (!group) {
      group = new Group(this.#slots, () => this.#remove(key, group));
      groups.push(group);
    }
    tab.members.set(feed, member);
    member.group = group;
    group.join(member);
  }

  #leave(tab, feed) {
    const member = tab.members.get(feed);
    if (!member) return;
    tab.members.delete(feed);
    member.group.leave(member);
    clearTimeout(this.#prune);
    this.#prune = setTimeout(() => [...this.#groups.values()].flat().forEach((group) => group.prune()), PRUNE_MS);
  }

  #remove(key, group) {
    const groups = (this.#groups.get(key) ?? []).filter((each) => each !== group);
    if (groups.length > 0) this.#groups.set(key, groups);
    else this.#groups.delete(key);
  }

  #askToken(tab, feed, rejected) {
    const ask = (this.#asks += 1);
    return new Promise((resolve) => {
      const answer = (value) => {
        clearTimeout(timer);
        tab.asked.delete(ask);
        resolve(value);
      };
      const timer = setTimeout(() => answer({gone: true, error: 'the tab did not answer'}), TOKEN_MS);
      tab.asked.set(ask, answer);
      tab.post({type: 'token', feed, ask, rejected});
    });
  }
}
