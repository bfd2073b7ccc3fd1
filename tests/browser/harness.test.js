// The instruments first: what they say about the daemon is worth as much as these tests.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {test} from 'node:test';

import {cleanups} from './harness/cleanups.js';
import {Browser, PageStream, serveEmptyPage} from './harness/chromium.js';
import {FetchReader, parseBlock} from './harness/fetch_reader.js';
import {Firefox} from './harness/firefox.js';
import {CuttingProxy} from './harness/proxy.js';
import {waitUntil} from './harness/waiting.js';

// A toy broker: each connection gets one event, numbered, and notes the id that it was asked for.
async function startToy() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers['last-event-id'] ?? null);
    response.writeHead(200, {'Content-Type': 'text/event-stream', 'Access-Control-Allow-Origin': '*'});
    response.write(`: hi\nretry: 100\nid: start\n\nid: ${asked.length}\ndata: ${asked.length}\n\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const proxy = await CuttingProxy.start(`127.0.0.1:${server.address().port}`);
  cleanups.push(() => proxy.close());
  return {asked, proxy};
}

test('harness: waiting in vain fails and says for what', async () => {
  await assert.rejects(waitUntil(() => false, 'pigs fly', 20), /pigs fly/);
});

test('harness: a block is taken apart', () => {
  assert.deepEqual(parseBlock('id: 1\nevent: e\ndata: a\ndata:  b'), {type: 'e', data: 'a\n b', id: '1'});
  assert.deepEqual(parseBlock('id: 1'), {type: 'message', data: undefined, id: '1'});
  assert.equal(parseBlock('data').data, '');
});

test('harness: the fetch reader resumes after a cut', async () => {
  const {asked, proxy} = await startToy();
  const reader = new FetchReader(fetch, proxy.url);
  cleanups.push(() => reader.close());
  await reader.first(1);
  proxy.cut();
  assert.deepEqual((await reader.first(2)).map(({data}) => data), ['1', '2']);
  assert.deepEqual(asked, [null, '1']);
});

for (const [name, AnyBrowser] of Object.entries({Chromium: Browser, Firefox})) {
  test(`harness: a page in ${name} sees events, a cut makes its EventSource come back, and what it throws fails a test`, async () => {
    const {asked, proxy} = await startToy();
    const browser = await AnyBrowser.start();
    cleanups.push(() => browser.close());
    const app = await serveEmptyPage();
    cleanups.push(() => app.close());
    const page = await browser.newPage();
    await page.goto(app.url);
    const stream = await PageStream.open(page, proxy.url);
    await stream.events(1);
    proxy.cut();
    const events = await stream.events(2);
    assert.deepEqual(events.map(({id}) => id), ['1', '2']);
    assert.deepEqual(asked, [null, '1']);
    await assert.rejects(page.evaluate((what) => { throw new Error(what); }, 'as asked'), /as asked/);
  });
}

test('harness: a refusing proxy lets nobody in until it accepts again', async () => {
  const {proxy} = await startToy();
  proxy.refuse();
  await assert.rejects(fetch(proxy.url));
  proxy.acceptAgain();
  const stopping = new AbortController();
  assert.equal((await fetch(proxy.url, {signal: stopping.signal})).status, 200);
  stopping.abort();
});
