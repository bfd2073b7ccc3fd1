// A client out of nothing but fetch(), as Node and Deno users write it: reads the stream, notes the
// id of every block, and reconnects from there.

import {setTimeout as pause} from 'node:timers/promises';

import {waitUntil} from './waiting.js';

const RECONNECT_MS = 20;

// Blocks as the broker writes them: "\n" is the only line end (the broker promises that).
export function parseBlock(text) {
  const block = {type: 'message', data: undefined, id: undefined};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
    if (name === 'event') block.type = value;
    if (name === 'id') block.id = value;
  }
  return block;
}

export class FetchReader {
  constructor(fetch, url) {
    Object.assign(this, {fetch, url, events: [], lastId: '', connects: 0});
    this.stopping = new AbortController();
    this.done = this.#run();
  }

  async #run() {
    while (!this.stopping.signal.aborted) {
      // A connection that breaks is what this loop is for.
      await this.#readOnce().catch(() => {});
      await pause(RECONNECT_MS);
    }
  }

  async #readOnce() {
    const headers = {Accept: 'text/event-stream', ...(this.lastId && {'Last-Event-ID': this.lastId})};
    const response = await this.fetch(this.url, {headers, signal: this.stopping.signal});
    this.connects += 1;
    const decoder = new TextDecoder();
    let pending = '';
    for await (const bytes of response.body) {
      const blocks = (pending + decoder.decode(bytes, {stream: true})).split('\n\n');
      pending = blocks.pop();
      blocks.map(parseBlock).forEach((block) => this.#take(block));
    }
  }

  #take({type, data, id}) {
    this.lastId = id ?? this.lastId;
    if (data !== undefined) this.events.push({type, data, id: this.lastId});
  }

  async first(count) {
    await waitUntil(() => this.events.length >= count, `${count} events have come`);
    return this.events.slice(0, count);
  }

  async close() {
    this.stopping.abort();
    await this.done;
  }
}
