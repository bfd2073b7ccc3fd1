// A headless Chromium with a profile of its own, and a page of another origin to run scripts in.

import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {chromium} from 'playwright-core';

import {waitUntil} from './waiting.js';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

export class Browser {
  static async start(options = {}) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), 'ringcast-profile-'));
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS, ...options,
    });
    return browser;
  }

  newPage() {
    return this.context.newPage();
  }

  async close() {
    await this.context.close();
    rmSync(this.profile, {recursive: true, force: true});
  }
}

// An application's server: one empty page, on an origin that is not the daemon's.
export async function serveEmptyPage() {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>app</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// A native EventSource in the page that notes what it gets, for the test to look at.
export class PageStream {
  static async open(page, url, types = [], init = {}) {
    await page.evaluate(([target, names, options]) => {
      const seen = {events: [], opens: 0, errors: 0};
      const source = new EventSource(target, options);
      source.onopen = () => { seen.opens += 1; };
      source.onerror = () => { seen.errors += 1; };
      for (const name of ['message', 'ringcast.gap', ...names]) {
        source.addEventListener(name, ({type, data, lastEventId}) => seen.events.push({type, data, id: lastEventId}));
      }
      Object.assign(window, {seen, source});
    }, [url, types, init]);
    const stream = new PageStream(page);
    await stream.waitFor(({opens}) => opens === 1);
    return stream;
  }

  constructor(page) {
    this.page = page;
  }

  // Waits until `condition` holds for what was seen.
  async waitFor(condition) {
    await waitUntil(async () => condition(await this.seen()), `the page has seen ${condition}`);
  }

  async events(count) {
    await this.waitFor(({events}) => events.length >= count);
    return (await this.seen()).events;
  }

  async seen() {
    return this.page.evaluate(() => window.seen);
  }
}
