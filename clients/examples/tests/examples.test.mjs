// Each example, started by the commands of its README and used as a person would, in headless Chromium; then in Firefox for the
// one thing that it does otherwise.

import assert from 'node:assert/strict';
import {appendFileSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, test} from 'node:test';

import {Browser, serveEmptyPage} from '../../../tests/browser/harness/chromium.js';
import {Firefox} from '../../../tests/browser/harness/firefox.js';
import {CuttingProxy} from '../../../tests/browser/harness/proxy.js';
import {waitUntil} from '../../../tests/browser/harness/waiting.js';
import {EXAMPLES, Example, freeAddress} from './example.mjs';

const NAMES = ['chart', 'chat', 'llm', 'logs'];

let browser;
let firefox;
const cleanups = [];

before(async () => {
  browser = await Browser.start();
  firefox = await Firefox.start();
});

after(async () => {
  await browser?.close();
  await firefox?.close();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(name, options) {
  const example = await Example.start(name, {broker: await freeAddress(), ...options});
  cleanups.push(() => example.close());
  return example;
}

async function startProxy(target) {
  const proxy = await CuttingProxy.start(target);
  cleanups.push(() => proxy.close());
  return proxy;
}

// A page whose scripts must not throw.
async function openPage(url) {
  const page = await browser.context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  cleanups.push(() => page.close());
  await page.goto(url);
  return page;
}

const state = (page, text) => page.getByRole('status').filter({hasText: text}).waitFor();

test('chart: it draws what is measured, and a page that opens later has the same beginning', async () => {
  const {url} = await start('chart');
  const page = await openPage(url);
  await state(page, 'Live');
  const drawn = (name) => page.evaluate((id) => document.getElementById(id).getAttribute('points')?.split(' ') ?? [], name);
  for (const name of ['cpu', 'memory']) {
    const corners = await waitUntil(async () => (await drawn(name)).length >= 3 && drawn(name), `${name} has three points`);
    for (const corner of corners) assert.match(corner, /^\d+(\.\d+)?,\d+$/);
    assert.match(await page.locator(`#${name}-now`).textContent(), /^\d+$/);
  }
  const later = await openPage(url);
  await later.waitForFunction('points.length >= 3');
  assert.equal(await later.evaluate('points[0].time'), await page.evaluate('points[0].time'));
  assert.deepEqual([...page.complaints, ...later.complaints], []);
});

test('chat: two people read each other, markup stays text, and a foreign page may not write', async () => {
  const example = await start('chat');
  const [ann, bob] = [await openPage(example.url), await openPage(example.url)];
  const say = async (page, name, text) => {
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Message', {exact: true}).fill(text);
    await page.getByRole('button', {name: 'Send'}).click();
  };
  const read = (page, text) => page.getByRole('listitem').filter({hasText: text}).waitFor();
  const markup = '<img src=x onerror="window.hacked = true">';
  await say(ann, 'Ann', `Hi ${markup}`);
  await read(bob, 'Ann');
  await say(bob, '<b>Bob</b>', 'Hello Ann');
  await read(ann, 'Hello Ann');
  for (const page of [ann, bob]) {
    const shown = await page.locator('li').evaluateAll((rows) => rows.map((row) => [...row.children].map((part) => part.textContent)));
    assert.deepEqual(shown.map(([, name, text]) => [name, text]), [['Ann', `Hi ${markup}`], ['<b>Bob</b>', 'Hello Ann']]);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('window.hacked'), undefined);
    assert.deepEqual(page.complaints, []);
  }

  const app = await serveEmptyPage();
  cleanups.push(() => app.close());
  const foreign = await openPage(app.url);
  await foreign.evaluate((url) => fetch(url, {method: 'POST', mode: 'no-cors', body: '{"name":"Eve","text":"spam"}'}),
    `${example.broker}/topics/chat%2Flobby`);
  assert.equal((await example.kept('chat/lobby')).length, 2);
});

test('logs: a line that is appended to a file shows up once, whatever it holds, and can be filtered', async () => {
  const {folder, url} = await start('logs');
  const page = await openPage(url);
  const row = (text) => page.getByRole('listitem').filter({hasText: text});
  await row('started').waitFor();
  const bad = Buffer.from([0xff]);
  appendFileSync(join(folder, 'app.log'), Buffer.concat([Buffer.from('GET /<script>alert(1)</script> '), bad, Buffer.from('\nlast\n')]));
  await row('last').waitFor();
  const lines = await page.locator('li span').allTextContents();
  assert.deepEqual(lines.slice(0, 2), ['last', 'GET /<script>alert(1)</script> \uFFFD']);
  assert.match(lines[2], / started$/);
  assert.equal(lines.length, 3);

  await page.getByLabel('Show lines with').fill('GET');
  assert.deepEqual(await page.locator('li:visible span').allTextContents(), [lines[1]]);
  assert.deepEqual(page.complaints, []);
});

test('llm: an answer goes on after cuts on both sides and a reload, with no token lost or doubled', async () => {
  const broker = await freeAddress();
  const [reading, publishing] = [await startProxy(broker), await startProxy(broker)];
  const example = await start('llm', {broker, via: {'index.html': reading.address, 'server.mjs': publishing.address}});
  const page = await openPage(example.url);
  const answer = page.getByRole('region', {name: 'Answer'});
  const grownTo = (length) => page.waitForFunction((wanted) => document.getElementById('answer').textContent.length >= wanted, length);
  await page.getByLabel('Question').fill('Is it <b>you</b>?');
  await page.getByRole('button', {name: 'Ask'}).click();
  await grownTo(30);

  const topic = `answers/${new URL(page.url()).hash.slice(1)}`;
  publishing.hold();
  publishing.cut();
  reading.cut();
  publishing.release();
  const before = (await answer.textContent()).length;
  await grownTo(before + 50);

  // The model's tokens wait while the page is loaded again: so this is in the middle.
  publishing.hold();
  publishing.cut();
  assert.ok(!(await example.kept(topic)).includes('null'), 'the answer has ended too early for this test');
  await page.reload();
  publishing.release();
  await state(page, 'Done');

  const tokens = (await example.kept(topic)).map((token) => JSON.parse(token));
  assert.equal(tokens.pop(), null);
  const words = 'I am only a stub, but my words come one by one. Reload the page or cut its network: none is lost. ';
  const whole = `You ask: Is it <b>you</b>?\n${words.repeat(10)}`.trimEnd();
  assert.equal(tokens.join(''), whole);
  assert.equal(await answer.textContent(), whole);
  assert.ok(reading.accepted >= 3 && publishing.accepted >= 3);
  assert.deepEqual(page.complaints, []);
});

for (const name of NAMES) {
  test(`${name}: in Firefox, which gives up when the broker cannot be reached, the page goes on when it is back`, async () => {
    const broker = await freeAddress();
    const proxy = await startProxy(broker);
    const {url} = await start(name, {broker, via: {'index.html': proxy.address}});
    const page = await firefox.newPage();
    cleanups.push(() => page.close());
    await page.goto(`${url}/#an-answer`);
    const connects = () => page.evaluate(() => /connecting/i.test(document.getElementById('state').textContent));
    await waitUntil(async () => !await connects(), 'the page reads');
    await page.evaluate(() => {
      const later = window.setTimeout;
      window.setTimeout = (...what) => {
        window.gaveUp = true;
        return later(...what);
      };
    });
    proxy.refuse();
    await waitUntil(() => page.evaluate(() => window.gaveUp), 'Firefox has given up');
    assert.ok(await connects());
    proxy.acceptAgain();
    await waitUntil(async () => !await connects(), 'the page reads again');
  });

  test(`${name}: the example is under 80 lines, its README about 10`, () => {
    const lines = (file) => readFileSync(join(EXAMPLES, name, file), 'utf8').split('\n').length - 1;
    const code = readdirSync(join(EXAMPLES, name)).filter((file) => file !== 'README.md');
    assert.ok(code.reduce((sum, file) => sum + lines(file), 0) < 80);
    assert.ok(lines('README.md') <= 12);
  });
}
