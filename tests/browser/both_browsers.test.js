// What a page's EventSource does in Chromium and in Firefox: the same tests, and where the two part, in their names.

import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {cleanups, startDaemon, startProxy} from './harness/cleanups.js';
import {Browser as Chromium, PageStream, serveEmptyPage} from './harness/chromium.js';
import {Firefox} from './harness/firefox.js';

const CONNECTING = 0;
const CLOSED = 2;
// For a page of another origin, Firefox takes a connection that is refused, or reset before the answer, for a final refusal.
const BROWSERS = [
  {name: 'Chromium', Browser: Chromium, refused: CONNECTING, does: 'is tried again'},
  {name: 'Firefox', Browser: Firefox, refused: CLOSED, does: 'ends it for good'},
];

const browsers = {};
let app;
let settings;

before(async () => {
  app = await serveEmptyPage();
  settings = {cors: {origins: [app.url]}, stream: {retry: '100ms'}};
  for (const {name, Browser} of BROWSERS) browsers[name] = await Browser.start();
});

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await app?.close();
});

const numbers = (from, to) => Array.from({length: to - from}, (_, at) => String(from + at));
const messages = (from, to) => numbers(from, to).map((number) => `message ${number}`);
const seenIn = (events) => events.map(({type, data}) => `${type} ${data}`);

const start = (options = {}) => startDaemon({settings, ...options});

async function openPage(name, url = app.url) {
  const page = await browsers[name].newPage();
  cleanups.push(() => page.close());
  await page.goto(url);
  return page;
}

// A broker that loses nothing when it is killed, and what starts it again where it was.
async function startDurable() {
  const folder = mkdtempSync(join(tmpdir(), 'ringcast-journal-'));
  cleanups.push(() => rmSync(folder, {recursive: true, force: true}));
  const kept = {...settings, journal: {path: folder}};
  const daemon = await start({settings: kept});
  return {daemon, again: () => start({settings: kept, listen: daemon.address})};
}

// Reads a first event, kills the daemon, and waits until the browser was refused at least once.
async function refuseReader(page, daemon) {
  const stream = await PageStream.open(page, `${daemon.url}/events?topic=t`);
  await daemon.publish('t', '0');
  await stream.events(1);
  await daemon.kill();
  await stream.waitFor(({errors}) => errors >= 2);
  return stream;
}

for (const {name, refused, does} of BROWSERS) {
  test(`${name}: live events arrive whole and in order`, async () => {
    const daemon = await start();
    const stream = await PageStream.open(await openPage(name), `${daemon.url}/events?topic=t`, ['kind']);
    const id = await daemon.publish('t', 'line 1\nline 2 ä😀', '?event=kind');
    for (const number of numbers(0, 50)) await daemon.publish('t', number);
    const [first, ...rest] = await stream.events(51);
    assert.deepEqual(first, {type: 'kind', data: 'line 1\nline 2 ä😀', id});
    assert.deepEqual(seenIn(rest), messages(0, 50));
  });

  for (const how of ['cut', 'end']) {
    test(`${name}: after a connection that is ${how === 'cut' ? 'reset' : 'ended'}, nothing is lost or doubled`, async () => {
      const daemon = await start();
      const proxy = await startProxy(daemon.address);
      const stream = await PageStream.open(await openPage(name), `${proxy.url}/events?topic=t`);
      for (let round = 0; round < 3; round += 1) {
        for (const number of numbers(round * 20, round * 20 + 10)) await daemon.publish('t', number);
        await stream.events(round * 20 + 1);
        proxy[how]();
        for (const number of numbers(round * 20 + 10, round * 20 + 20)) await daemon.publish('t', number);
      }
      assert.deepEqual(seenIn(await stream.events(60)), messages(0, 60));
      assert.ok(proxy.accepted >= 4);
    });
  }

  test(`${name}: on the broker's own origin a refused connection is tried again until the daemon is back`, async () => {
    const {daemon, again} = await startDurable();
    const stream = await refuseReader(await openPage(name, `${daemon.url}/`), daemon);
    const second = await again();
    await second.publish('t', '1');
    assert.deepEqual(seenIn(await stream.events(2)), messages(0, 2));
  });

  test(`${name}: on another origin a refused connection ${does}`, async () => {
    const {daemon} = await startDurable();
    const page = await openPage(name);
    await refuseReader(page, daemon);
    assert.equal(await page.evaluate(() => window.source.readyState), refused);
  });

  test(`${name}: a page that opens an EventSource anew when it is closed misses nothing of a daemon that was down`, async () => {
    const {daemon, again} = await startDurable();
    const page = await openPage(name);
    await page.evaluate((url) => {
      window.seen = {events: [], opens: 0, errors: 0};
      let last = '';
      const listen = () => {
        const source = new EventSource(`${url}&last_event_id=${encodeURIComponent(last)}`);
        source.onmessage = ({type, data, lastEventId}) => {
          last = lastEventId;
          window.seen.events.push({type, data, id: lastEventId});
        };
        source.onopen = () => { window.seen.opens += 1; };
        source.onerror = () => {
          window.seen.errors += 1;
          if (source.readyState === EventSource.CLOSED) setTimeout(listen, 100);
        };
      };
      listen();
    }, `${daemon.url}/events?topic=t`);
    const stream = new PageStream(page);
    await stream.waitFor(({opens}) => opens === 1);
    for (const number of numbers(0, 10)) await daemon.publish('t', number);
    await stream.events(10);
    await daemon.kill();
    // The second is a refusal, the third one that came after a new start.
    await stream.waitFor(({errors}) => errors >= 3);
    const second = await again();
    for (const number of numbers(10, 20)) await second.publish('t', number);
    assert.deepEqual(seenIn(await stream.events(20)), messages(0, 20));
  });
}
