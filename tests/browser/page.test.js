// The page that the daemon serves at /, used as a person would: by labels and roles.

import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {Browser} from './harness/chromium.js';
import {Daemon} from './harness/daemon.js';

const SHOTS = fileURLToPath(new URL('../../build/screenshots', import.meta.url));
const SIZES = {phone: {width: 390, height: 844}, desktop: {width: 1280, height: 900}};

let browser;
let daemon;

before(async () => {
  mkdirSync(SHOTS, {recursive: true});
  [browser, daemon] = await Promise.all([Browser.start(), Daemon.start({settings: {stream: {retry: '100ms'}}})]);
});

after(async () => {
  await browser?.close();
  await daemon?.kill();
});

async function openPage(size) {
  const page = await browser.context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.setViewportSize(size);
  await page.goto(`${daemon.url}/`);
  return {page, complaints};
}

async function subscribe(page, pattern) {
  const section = page.getByRole('region', {name: 'Subscribe'});
  await section.getByLabel(/^Topic or pattern/).fill(pattern);
  await section.getByRole('button', {name: 'Add'}).first().click();
  await section.getByRole('button', {name: 'Subscribe'}).click();
  await page.getByRole('status').filter({hasText: 'Open'}).first().waitFor();
}

async function publish(page, topic, data, type = '') {
  const section = page.getByRole('region', {name: 'Publish'});
  await section.getByLabel('Topic', {exact: true}).fill(topic);
  await section.getByLabel(/^Event type/).fill(type);
  await section.getByLabel('Data').fill(data);
  await section.getByRole('button', {name: 'Publish'}).click();
}

function shownEvents(page) {
  return page.getByRole('list', {name: /^Events/}).getByRole('listitem');
}

for (const [name, size] of Object.entries(SIZES)) {
  test(`page: publishing through its form shows up in its list (${name})`, async () => {
    const {page, complaints} = await openPage(size);
    const topic = `page/${name}`;
    await subscribe(page, 'page/**');
    await publish(page, topic, 'first');
    await shownEvents(page).filter({hasText: 'first'}).waitFor();
    await publish(page, topic, '{"celsius": 21.5}', 'reading');
    await shownEvents(page).filter({hasText: 'celsius'}).waitFor();
    await daemon.publish(topic, 'from elsewhere');
    await shownEvents(page).filter({hasText: 'from elsewhere'}).waitFor();
    await page.screenshot({path: join(SHOTS, `page-${name}.png`), fullPage: true});
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test('page: what is published cannot become markup', async () => {
  const {page, complaints} = await openPage(SIZES.desktop);
  await subscribe(page, 'page/markup');
  await daemon.publish('page/markup', '<img src=x onerror="window.hacked = true">');
  await shownEvents(page).filter({hasText: '<img src=x'}).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await shownEvents(page).locator('img').count(), 0);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('page: it asks nothing of other servers', async () => {
  const page = await browser.context.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${daemon.url}/`);
  assert.deepEqual(asked.filter((url) => !url.startsWith(daemon.url) && !url.startsWith('data:')), []);
  await page.close();
});

test('page: a refused publish is told', async () => {
  const {page} = await openPage(SIZES.desktop);
  await publish(page, 'a*b', 'x');
  const said = page.getByRole('region', {name: 'Publish'}).getByRole('status');
  await said.filter({hasText: /\*|topic|400/i}).waitFor();
  await page.close();
});
