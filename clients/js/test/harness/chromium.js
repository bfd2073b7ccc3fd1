// A headless Chromium with a profile of its own, and an application whose pages have the client.

import {once} from 'node:events';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';

import {chromium} from 'playwright-core';

import {PATIENCE_MS} from './waiting.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  // Of that name there is an origin over plain http that is not local.
  '--host-resolver-rules=MAP app.test 127.0.0.1'];
const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** Why no browser can be started, or false: for `skip`. */
export const noBrowser = existsSync(EXECUTABLE) ? false : `${EXECUTABLE} does not exist: install chromium, or name it by CHROMIUM`;

export async function startBrowser(t) {
  const profile = mkdtempSync(join(tmpdir(), 'ringcast-js-profile-'));
  const context = await chromium.launchPersistentContext(profile, {executablePath: EXECUTABLE, headless: true, args: FLAGS});
  context.setDefaultTimeout(PATIENCE_MS);
  t.after(async () => {
    await context.close();
    rmSync(profile, {recursive: true, force: true});
  });
  return context;
}

/** An application's server: an empty page, and the client's sources below /ringcast/. */
export async function serveApp(t) {
  const server = createServer(({url}, response) => {
    const path = normalize(new URL(url, 'http://app').pathname);
    if (path.startsWith('/ringcast/') && existsSync(join(SOURCES, path.slice(10)))) {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(readFileSync(join(SOURCES, path.slice(10))));
    } else if (path === '/') {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>app</title>');
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

// A tab with one shared subscription that notes what it gets.
export class TabPage {
  static async open(context, app, options, {prepare, token, consumes = true} = {}) {
    const page = await context.newPage();
    if (prepare) await page.addInitScript(prepare);
    await page.goto(app);
    await page.evaluate(async ([settings, tokens, listens]) => {
      const {subscribeShared} = await import('/ringcast/index.js');
      const seen = {events: [], errors: [], opens: 0};
      const callback = tokens && {token: ({rejected}) => tokens[rejected ? 1 : 0]};
      const onEvent = listens ? ({type, data, id, topic}) => seen.events.push({type, data, id, topic}) : undefined;
      const subscription = subscribeShared({...settings, ...callback, backoff: {minMs: 1, maxMs: 50}, onEvent});
      subscription.addEventListener('open', () => { seen.opens += 1; });
      subscription.addEventListener('error', ({error, final}) => seen.errors.push({message: error.message, final}));
      Object.assign(window, {seen, subscription});
    }, [options, token, consumes]);
    return new TabPage(page);
  }

  constructor(page) {
    this.page = page;
  }

  async waitFor(condition, argument) {
    const source = `(${condition})(window.seen, ${JSON.stringify(argument ?? null)})`;
    await this.page.waitForFunction(source, undefined, {polling: 20});
    return this;
  }

  async opened() {
    return this.waitFor(({opens}) => opens > 0);
  }

  // The data of the events, as soon as there are `count`.
  async texts(count) {
    await this.waitFor(({events}, wanted) => events.length >= wanted, count);
    return this.page.evaluate(() => window.seen.events.map(({data}) => data));
  }

  async mode() {
    return this.page.evaluate(() => window.subscription.mode);
  }

  async close() {
    await this.page.close();
  }
}
