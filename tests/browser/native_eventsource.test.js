// The browser's own EventSource against the real daemon.

import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {cleanups, startDaemon, startProxy} from './harness/cleanups.js';
import {Browser, PageStream, serveEmptyPage} from './harness/chromium.js';
import {waitUntil} from './harness/waiting.js';

let browser;
let app;
let settings;

before(async () => {
  [browser, app] = await Promise.all([Browser.start(), serveEmptyPage()]);
  settings = {cors: {origins: [app.url]}, stream: {retry: '100ms'}};
});

after(async () => {
  await browser?.close();
  await app?.close();
});

const start = (options = {}) => startDaemon({settings, ...options});

async function openPage() {
  const page = await browser.context.newPage();
  cleanups.push(() => page.close());
  await page.goto(app.url);
  return page;
}

const numbers = (from, to) => Array.from({length: to - from}, (_, at) => String(from + at));

test('browser: live events arrive with type, data and id', async () => {
  const daemon = await start();
  const stream = await PageStream.open(await openPage(), `${daemon.url}/events?topic=t`, ['kind']);
  const ids = [await daemon.publish('t', 'line 1\nline 2 ä'), await daemon.publish('t', '', '?event=kind')];
  assert.deepEqual(await stream.events(2), [
    {type: 'message', data: 'line 1\nline 2 ä', id: ids[0]},
    {type: 'kind', data: '', id: ids[1]},
  ]);
});

test('browser: one connection carries several topics and patterns in order', async () => {
  const daemon = await start();
  const proxy = await startProxy(daemon.address);
  const stream = await PageStream.open(await openPage(), `${proxy.url}/events?topic=a&topic=b&topic=c/**`);
  const topics = ['a', 'b', 'c/1', 'c/2'];
  for (const number of numbers(0, 40)) await daemon.publish(topics[number % 4], number);
  const events = await stream.events(40);
  assert.deepEqual(events.map(({data}) => data), numbers(0, 40));
  assert.equal(proxy.accepted, 1);
});

test('browser: a connection that is cut resumes and loses nothing', async () => {
  const daemon = await start();
  const proxy = await startProxy(daemon.address);
  const stream = await PageStream.open(await openPage(), `${proxy.url}/events?topic=t`);
  for (let round = 0; round < 3; round += 1) {
    for (const number of numbers(round * 20, round * 20 + 10)) await daemon.publish('t', number);
    await stream.events(round * 20 + 1);
    proxy.cut();
    for (const number of numbers(round * 20 + 10, round * 20 + 20)) await daemon.publish('t', number);
  }
  const events = await stream.events(60);
  assert.deepEqual(events.map(({data}) => data), numbers(0, 60));
  assert.ok(proxy.accepted > 1);
});

test('browser: a stream that got no event yet resumes as well', async () => {
  const daemon = await start();
  const proxy = await startProxy(daemon.address);
  const stream = await PageStream.open(await openPage(), `${proxy.url}/events?topic=t`);
  await daemon.waitForSubscribers('t', 1);
  proxy.refuse();
  await daemon.publish('t', 'while away');
  proxy.acceptAgain();
  const [event] = await stream.events(1);
  assert.equal(event.data, 'while away');
});

test('browser: after a restart on the same port it reconnects and is told the gap', async () => {
  const first = await start();
  const stream = await PageStream.open(await openPage(), `${first.url}/events?topic=t`);
  await first.publish('t', 'before');
  await stream.events(1);
  await first.kill();
  const second = await start({listen: first.address});
  await second.publish('t', 'after');
  const [, gap, event] = await stream.events(3);
  assert.equal(gap.type, 'ringcast.gap');
  const {reason, missed} = JSON.parse(gap.data);
  assert.deepEqual({reason, missed}, {reason: 'epoch', missed: null});
  assert.equal(event.data, 'after');
});

test('browser: with a journal a crash of the daemon is no gap', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringcast-journal-'));
  cleanups.push(() => rmSync(folder, {recursive: true, force: true}));
  const kept = {...settings, journal: {path: folder}};
  const first = await start({settings: kept});
  const stream = await PageStream.open(await openPage(), `${first.url}/events?topic=t`);
  for (const number of numbers(0, 20)) await first.publish('t', number);
  await stream.events(20);
  await first.kill();
  const second = await start({settings: kept, listen: first.address});
  for (const number of numbers(20, 40)) await second.publish('t', number);
  const events = await stream.events(40);
  assert.deepEqual(events.map(({type, data}) => `${type} ${data}`), numbers(0, 40).map((number) => `message ${number}`));
});

test('browser: a drained daemon ends the stream in a way that it comes back from', async () => {
  const first = await start({settings: {...settings, drain: '500ms'}});
  const stream = await PageStream.open(await openPage(), `${first.url}/events?topic=t`);
  first.terminate();
  assert.equal(await first.exited(), 0);
  await start({listen: first.address});
  await stream.waitFor(({opens}) => opens === 2);
});

test('browser: overload is told with 200, so that it tries again until there is room', async () => {
  const daemon = await start({settings: {...settings, limits: {connections: 1}}});
  const holder = new AbortController();
  // Node may open another connection although the one that asked for /readyz is still there.
  const hold = async () => (await fetch(`${daemon.url}/events?topic=t`, {signal: holder.signal})).status === 200;
  await waitUntil(hold, 'the only place is taken');
  const page = await openPage();
  await page.evaluate((url) => {
    window.states = [];
    window.source = new EventSource(url);
    window.source.onerror = () => window.states.push(window.source.readyState);
  }, `${daemon.url}/events?topic=t`);
  await page.waitForFunction(() => window.states.length >= 1, undefined, {polling: 20});
  holder.abort();
  await page.waitForFunction(() => window.source.readyState === EventSource.OPEN, undefined, {polling: 20});
  assert.deepEqual([...new Set(await page.evaluate(() => window.states))], [0]);
});

test('browser: a page of an origin that is not listed gets nothing', async () => {
  const daemon = await start({settings: {}});
  const page = await openPage();
  const state = await page.evaluate((url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onopen = () => resolve('open');
    source.onerror = () => resolve(source.readyState);
  }), `${daemon.url}/events?topic=t`);
  assert.notEqual(state, 'open');
});
