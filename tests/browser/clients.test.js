// Clients that people use in Node: the eventsource package, undici's EventSource, and plain fetch.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {test} from 'node:test';

import {EventSource as PackageEventSource} from 'eventsource';
import {EventSource as UndiciEventSource, fetch as undiciFetch} from 'undici';

import {cleanups, startDaemon, startProxy} from './harness/cleanups.js';
import {FetchReader} from './harness/fetch_reader.js';
import {waitUntil} from './harness/waiting.js';

const settings = {stream: {retry: '100ms', heartbeat: '200ms'}};

const start = (options = {}) => startDaemon({settings, ...options});

// The same face for every client: what came so far, and how to stop.
function eventSourceReader(EventSource, url) {
  const source = new EventSource(url);
  const events = [];
  const opened = {count: 0};
  source.addEventListener('open', () => { opened.count += 1; });
  for (const name of ['message', 'ringcast.gap']) {
    source.addEventListener(name, ({type, data, lastEventId}) => events.push({type, data, id: lastEventId}));
  }
  return {
    isOpen: () => opened.count > 0,
    first: async (count) => {
      await waitUntil(() => events.length >= count, `${count} events have come`);
      return events.slice(0, count);
    },
    close: () => source.close(),
  };
}

function fetchReader(url) {
  const reader = new FetchReader(undiciFetch, url);
  return {
    isOpen: () => reader.lastId !== '',
    first: (count) => reader.first(count),
    close: () => reader.close(),
  };
}

const CLIENTS = {
  'eventsource package': (url) => eventSourceReader(PackageEventSource, url),
  'undici EventSource': (url) => eventSourceReader(UndiciEventSource, url),
  'undici fetch': fetchReader,
};
// undici's EventSource gives up for good on a reset or a refused connection, but not on an end.
const SURVIVES_A_RESET = ['eventsource package', 'undici fetch'];
// eventsource up to 4.1.1 ignores blocks with only an id.
const READS_ID_ONLY_BLOCKS = ['undici EventSource', 'undici fetch'];

async function open(name, url) {
  const reader = CLIENTS[name](`${url}/events?topic=t`);
  cleanups.push(() => reader.close());
  await waitUntil(reader.isOpen, 'the stream is open');
  return reader;
}

const numbers = (from, to) => Array.from({length: to - from}, (_, at) => String(from + at));
const dataOf = (events) => events.map(({data}) => data);

for (const name of Object.keys(CLIENTS)) {
  test(`${name}: live events arrive whole and in order`, async () => {
    const daemon = await start();
    const reader = await open(name, daemon.url);
    const id = await daemon.publish('t', 'line 1\nline 2 ä😀');
    for (const number of numbers(0, 50)) await daemon.publish('t', number);
    const events = await reader.first(51);
    assert.deepEqual(events[0], {type: 'message', data: 'line 1\nline 2 ä😀', id});
    assert.deepEqual(dataOf(events.slice(1)), numbers(0, 50));
  });

  test(`${name}: a connection that ends is opened again and loses nothing`, async () => {
    const daemon = await start();
    const proxy = await startProxy(daemon.address);
    const reader = await open(name, proxy.url);
    for (const number of numbers(0, 20)) {
      await daemon.publish('t', number);
      if (number % 10 === 5) {
        await reader.first(1);
        proxy.end();
      }
    }
    assert.deepEqual(dataOf(await reader.first(20)), numbers(0, 20));
    assert.ok(proxy.accepted > 1);
  });
}

for (const name of SURVIVES_A_RESET) {
  test(`${name}: a drained daemon's stream is opened again`, async () => {
    const first = await start({settings: {...settings, drain: '300ms'}});
    const reader = await open(name, first.url);
    await first.publish('t', 'before');
    await reader.first(1);
    first.terminate();
    assert.equal(await first.exited(), 0);
    const second = await start({listen: first.address});
    await second.publish('t', 'after');
    const [, gap, event] = await reader.first(3);
    assert.deepEqual([gap.type, JSON.parse(gap.data).reason, event.data], ['ringcast.gap', 'epoch', 'after']);
  });

  test(`${name}: a connection that is cut resumes and loses nothing`, async () => {
    const daemon = await start();
    const proxy = await startProxy(daemon.address);
    const reader = await open(name, proxy.url);
    for (const number of numbers(0, 40)) {
      await daemon.publish('t', number);
      if (number % 10 === 5) {
        await reader.first(1);
        proxy.cut();
      }
    }
    assert.deepEqual(dataOf(await reader.first(40)), numbers(0, 40));
    assert.ok(proxy.accepted > 1);
  });

  test(`${name}: after a crash and a restart it is told the gap`, async () => {
    const first = await start();
    const reader = await open(name, first.url);
    await first.publish('t', 'before');
    await reader.first(1);
    await first.kill();
    const second = await start({listen: first.address});
    await second.publish('t', 'after');
    const [, gap, event] = await reader.first(3);
    assert.deepEqual([gap.type, JSON.parse(gap.data).reason, event.data], ['ringcast.gap', 'epoch', 'after']);
  });
}

for (const name of READS_ID_ONLY_BLOCKS) {
  test(`${name}: a stream that got no event yet resumes from a block with only an id`, async () => {
    const daemon = await start();
    const proxy = await startProxy(daemon.address);
    const reader = await open(name, proxy.url);
    // Ended before the event is there, and answered again only when it is.
    const held = once(proxy, 'connection');
    proxy.hold();
    proxy.end();
    await held;
    await daemon.publish('t', 'while away');
    proxy.release();
    assert.deepEqual(dataOf(await reader.first(1)), ['while away']);
  });
}
