// The dashboard at /admin/, used as an operator would: under load, on a phone, in the dark, with a token, and while the
// broker is away.

import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdirSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {Browser} from './harness/chromium.js';
import {Daemon} from './harness/daemon.js';
import {waitUntil} from './harness/waiting.js';

const SHOTS = fileURLToPath(new URL('../../build/screenshots', import.meta.url));
const DESKTOP = {width: 1280, height: 900};
const PHONE = {width: 375, height: 812};
const TOKEN = 'rc_dashboard-test-0123456789';
const PATIENT = {timeout: 60_000};

let browser;

before(async () => {
  mkdirSync(SHOTS, {recursive: true});
  browser = await Browser.start();
});

after(() => browser?.close());

// A page of the dashboard; `complaints` are errors, also of the content security policy.
async function open(url, {size = DESKTOP, colorScheme = 'light'} = {}) {
  const page = await browser.newPage();
  const complaints = [];
  const requests = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('request', (request) => requests.push(request));
  await page.exposeFunction('complain', (text) => complaints.push(text));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation',
    ({violatedDirective, blockedURI}) => window.complain(`${violatedDirective} ${blockedURI}`)));
  await page.emulateMedia({colorScheme});
  await page.setViewportSize(size);
  await page.goto(`${url}/admin/`);
  return {page, complaints, requests};
}

const status = (page, text) => page.getByRole('status').filter({hasText: text}).first().waitFor(PATIENT);
const region = (page, name) => page.getByRole('region', {name}).first();
const tile = (page, label) => page.locator('.tile').filter({hasText: label}).locator('.value');

async function numberIn(locator) {
  return Number((await locator.textContent()).replace(/[^\d.]/g, ''));
}

// Publishes and subscribes until end() is called: three topics, some readers, one that takes nothing, refusals and gaps.
class Load {
  constructor(daemon) {
    Object.assign(this, {daemon, aborting: new AbortController(), isEnded: false, stalled: []});
    this.readers = ['orders/**', 'prices/eur', 'prices/**', '**'].map((topic) => this.read(topic));
    this.stall('prices/eur');
    this.publishing = this.publish();
  }

  async read(topic) {
    const url = `${this.daemon.url}/events?topic=${encodeURIComponent(topic)}`;
    const answer = await fetch(url, {signal: this.aborting.signal}).catch(() => null);
    const reader = answer?.body.getReader();
    for (let done = !reader; !done;) ({done} = await reader.read().catch(() => ({done: true})));
  }

  stall(topic) {
    const [host, port] = this.daemon.address.split(':');
    const socket = connect({host, port: Number(port)});
    socket.write(`GET /events?topic=${encodeURIComponent(topic)}&since=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    socket.on('error', () => {});
    socket.pause();
    this.stalled.push(socket);
  }

  async publish() {
    const filler = 'x'.repeat(2000);
    for (let number = 0; !this.isEnded; number += 1) {
      const events = Array.from({length: 60}, (_, at) => (at % 3 === 0 ? {topic: 'orders/42', event: 'paid', data: {total: number}}
        : {topic: at % 3 === 1 ? 'prices/eur' : 'prices/usd', data: `${number}.${at} ${filler}`}));
      await this.post('/events', JSON.stringify(events), {'Content-Type': 'application/json'});
      if (number % 5 === 0) await this.post('/topics/a*b', 'x');
      if (number % 10 === 0) await this.resume();
    }
  }

  // From a place that the history has left: a gap.
  async resume() {
    const aborting = new AbortController();
    const answer = await fetch(`${this.daemon.url}/events?topic=prices/eur&last_event_id=nothing`, {signal: aborting.signal});
    await answer.body.getReader().read();
    aborting.abort();
  }

  async post(path, body, headers = {}) {
    const answer = await fetch(this.daemon.url + path, {method: 'POST', body, headers});
    await answer.arrayBuffer();
  }

  async end() {
    this.isEnded = true;
    await this.publishing.catch(() => {}); // The daemon may be gone.
    this.aborting.abort();
    this.stalled.forEach((socket) => socket.destroy());
    await Promise.all(this.readers);
  }
}

test('dashboard: it is live under load, in light and dark, on a desk and on a phone', async (t) => {
  const daemon = await Daemon.start({settings: {stream: {send_buffer: '4KiB'}, history: {events: 500, grace: '0s'}}});
  const load = new Load(daemon);
  t.after(async () => {
    await load.end();  // It must not meet a daemon that is gone.
    await daemon.kill();
  });
  const {page, complaints, requests} = await open(daemon.url);
  await status(page, 'Live');
  await waitUntil(async () => await numberIn(tile(page, 'Events in')) > 10, 'events come in', 30_000);
  await waitUntil(async () => await numberIn(tile(page, 'Deliveries')) > 10, 'events go out', 30_000);
  assert.ok(await numberIn(tile(page, 'Subscribers')) >= 5);
  await region(page, 'Busiest topics').getByRole('row').filter({hasText: 'prices/usd'}).waitFor(PATIENT);
  const slow = region(page, 'Slowest readers').getByRole('row').filter({hasText: 'blocked'}).filter({hasText: 'prices/eur'});
  await slow.first().waitFor(PATIENT);
  await region(page, 'Refusals').getByRole('row').filter({hasText: '/topics/a*b'}).first().waitFor(PATIENT);
  await region(page, 'Gaps').getByRole('row').filter({hasText: 'unknown'}).first().waitFor(PATIENT);
  await page.getByRole('button', {name: 'orders/42'}).click();
  await page.locator('#tail li').filter({hasText: 'total'}).first().waitFor(PATIENT);
  // Charts need a course to be looked at.
  await waitUntil(async () => await page.locator('.tile').count() >= 10, 'all tiles are there');
  await page.screenshot({path: join(SHOTS, 'admin-desktop.png'), fullPage: true});
  await page.emulateMedia({colorScheme: 'dark'});
  await page.screenshot({path: join(SHOTS, 'admin-desktop-dark.png'), fullPage: true});
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({colorScheme});
    await page.setViewportSize(PHONE);
    await page.screenshot({path: join(SHOTS, `admin-phone-${colorScheme}.png`), fullPage: true});
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide for a phone`);
  assert.deepEqual(requests.map((request) => request.url()).filter((url) => !url.startsWith(daemon.url) && !url.startsWith('data:')), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('dashboard: a test event is published, and the tail shows it as text', async (t) => {
  const daemon = await Daemon.start();
  t.after(() => daemon.kill());
  const {page, complaints} = await open(daemon.url);
  await page.getByRole('region', {name: 'Tail'}).first().getByLabel('Topic or pattern').fill('test/**');
  await page.getByRole('button', {name: 'Start'}).click();
  await page.getByRole('status').filter({hasText: 'live'}).first().waitFor(PATIENT);
  const form = page.locator('#publish');
  await form.getByLabel('Topic', {exact: true}).fill('test/one');
  await form.getByLabel('Data').fill('<img src=x onerror="window.hacked = true">');
  await form.getByRole('button', {name: 'Publish'}).click();
  await form.getByRole('status').filter({hasText: 'Published as'}).waitFor(PATIENT);
  await page.locator('#tail li').filter({hasText: '<img src=x'}).waitFor(PATIENT);
  assert.equal(await page.locator('#tail img').count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(complaints, []);
  await form.getByLabel('Topic', {exact: true}).fill('a*b');
  await form.getByRole('button', {name: 'Publish'}).click();
  await form.getByRole('status').filter({hasText: '400'}).waitFor(PATIENT);
  await page.close();
});

test('dashboard: with tokens it asks for one, keeps it in the tab, and sends it in a header only', async (t) => {
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const daemon = await Daemon.start({
    settings: {auth: {tokens: [{name: 'ops', sha256, publish: ['test/**'], subscribe: ['$sys/**', 'test/**'], admin: []}]}},
  });
  t.after(() => daemon.kill());
  const {page, requests} = await open(daemon.url);
  await status(page, 'Refused');
  await page.getByRole('alert').filter({hasText: '401'}).waitFor(PATIENT);
  await page.screenshot({path: join(SHOTS, 'admin-refused.png')});
  await page.getByRole('button', {name: 'Token…'}).click();
  const dialog = page.getByRole('dialog', {name: 'Token'});
  await dialog.getByLabel('Token').fill(TOKEN);
  await page.screenshot({path: join(SHOTS, 'admin-token.png')});
  await dialog.getByRole('button', {name: 'Use'}).click();
  await status(page, 'Live');
  await page.locator('#publish').getByRole('button', {name: 'Publish'}).click();
  await page.locator('#published').filter({hasText: 'Published as'}).waitFor(PATIENT);
  await page.reload();
  await status(page, 'Live');
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  assert.deepEqual(requests.map((request) => request.url()).filter((url) => url.includes(TOKEN)), []);
  await page.getByRole('button', {name: 'Token set…'}).click();
  await page.getByRole('button', {name: 'Forget'}).click();
  await status(page, 'Refused');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.close();
});

test('dashboard: it says that the broker is away, and comes back by itself', async (t) => {
  const daemon = await Daemon.start();
  t.after(() => daemon.kill());
  const {page} = await open(daemon.url);
  await status(page, 'Live');
  await daemon.kill();
  await status(page, 'reconnecting');
  await page.locator('main.stale').waitFor(PATIENT);
  await page.screenshot({path: join(SHOTS, 'admin-disconnected.png')});
  const again = await Daemon.start({listen: daemon.address});
  t.after(() => again.kill());
  await status(page, 'Live');
  await page.locator('main:not(.stale)').waitFor(PATIENT);
  await page.close();
});

test('dashboard: everything can be reached with the keyboard', async (t) => {
  const daemon = await Daemon.start();
  t.after(() => daemon.kill());
  await daemon.publish('test/keys', 'x');
  const {page} = await open(daemon.url);
  await page.getByRole('button', {name: 'test/keys'}).waitFor(PATIENT);
  const reached = new Set();
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  for (const wanted of ['open-token', 'test/keys', 'tail-topic', 'tail-start', 'to', 'type', 'data']) {
    assert.ok(reached.has(wanted), `${wanted} is not among ${[...reached].join(', ')}`);
  }
  await page.close();
});
