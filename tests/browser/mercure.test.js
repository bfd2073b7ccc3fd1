// The Mercure protocol with the clients that pages and Node have: Chromium's own EventSource, and the eventsource
// package, which sends the token in a header.

import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {after, before, test} from 'node:test';

import {EventSource as PackageEventSource} from 'eventsource';

import {cleanups, startDaemon, startProxy} from './harness/cleanups.js';
import {Browser, PageStream, serveEmptyPage} from './harness/chromium.js';
import {waitUntil} from './harness/waiting.js';

const KEY = 'a secret of mercure with at least 32 bytes';
const BOOKS = 'https://example.com/books/{id}';
const BOOK = 'https://example.com/books/1';

let browser;
let app;

before(async () => {
  [browser, app] = await Promise.all([Browser.start(), serveEmptyPage()]);
});

after(async () => {
  await browser?.close();
  await app?.close();
});

const start = () => startDaemon({settings: {
  cors: {origins: [app.url]},
  stream: {retry: '100ms'},
  mercure: {enabled: true, anonymous: true, jwt: {key: KEY, algorithms: ['HS256']}},
}});

function token(grants) {
  const text = [{alg: 'HS256', typ: 'JWT'}, {mercure: grants}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`;
}

async function update(daemon, fields) {
  const response = await fetch(`${daemon.url}/.well-known/mercure`, {
    method: 'POST',
    headers: {Authorization: `Bearer ${token({publish: ['*']})}`},
    body: new URLSearchParams(fields),
  });
  assert.equal(response.status, 200);
  return response.text();
}

function hub(url, name = 'topic', value = BOOKS) {
  const target = new URL(`${url}/.well-known/mercure`);
  target.searchParams.append(name, value);
  return target.href;
}

async function openPage() {
  const page = await browser.context.newPage();
  cleanups.push(() => page.close());
  await page.goto(app.url);
  return page;
}

test('mercure: a page follows a template, and gets ids and data as they were published', async () => {
  const daemon = await start();
  const stream = await PageStream.open(await openPage(), hub(daemon.url), ['kind']);
  await update(daemon, {topic: BOOK, data: 'private', private: 'on'});
  const ids = [
    await update(daemon, {topic: BOOK, data: 'a\n\n  leading ä'}),
    await update(daemon, {topic: BOOK, data: '{"x":1}', type: 'kind', id: 'https://example.com/ids/7'}),
  ];
  assert.deepEqual(await stream.events(2), [
    {type: 'message', data: 'a\n\n  leading ä', id: ids[0]},
    {type: 'kind', data: '{"x":1}', id: 'https://example.com/ids/7'},
  ]);
});

test('mercure: a page follows a URL pattern as version 1.0 has it', async () => {
  const daemon = await start();
  const stream = await PageStream.open(
    await openPage(), hub(daemon.url, 'match_urlpattern', 'https://example.com/books/:id'));
  await update(daemon, {topic: 'https://example.com/authors/1', data: 'not this'});
  const id = await update(daemon, {topic: BOOK, data: 'this'});
  assert.deepEqual(await stream.events(1), [{type: 'message', data: 'this', id}]);
});

test('mercure: a page with the cookie gets private updates', async () => {
  const daemon = await start();
  const page = await openPage();
  await browser.context.addCookies([
    {name: 'mercureAuthorization', value: token({subscribe: [BOOKS]}), url: daemon.url, httpOnly: true}]);
  cleanups.push(() => browser.context.clearCookies());
  const stream = await PageStream.open(page, hub(daemon.url), [], {withCredentials: true});
  const id = await update(daemon, {topic: BOOK, data: 'private', private: 'on'});
  assert.deepEqual(await stream.events(1), [{type: 'message', data: 'private', id}]);
});

test('mercure: a page that was cut off resumes by the last id', async () => {
  const daemon = await start();
  const proxy = await startProxy(daemon.address);
  const stream = await PageStream.open(await openPage(), hub(proxy.url));
  await update(daemon, {topic: BOOK, data: '0'});
  await stream.events(1);
  proxy.cut();
  for (const data of ['1', '2', '3']) await update(daemon, {topic: BOOK, data});
  const events = await stream.events(4);
  assert.deepEqual(events.map(({data}) => data), ['0', '1', '2', '3']);
});

test('mercure: the eventsource package shows its token in a header', async () => {
  const daemon = await start();
  const events = [];
  let isOpen = false;
  const source = new PackageEventSource(hub(daemon.url), {
    fetch: (url, init) => fetch(url, {
      ...init, headers: {...init.headers, Authorization: `Bearer ${token({subscribe: ['*']})}`}}),
  });
  cleanups.push(() => source.close());
  source.onopen = () => { isOpen = true; };
  source.onmessage = ({data, lastEventId}) => events.push({data, id: lastEventId});
  await waitUntil(() => isOpen, 'the stream is open');
  const id = await update(daemon, {topic: BOOK, data: 'private', private: 'on'});
  await waitUntil(() => events.length > 0, 'the update has come');
  assert.deepEqual(events, [{data: 'private', id}]);
});
