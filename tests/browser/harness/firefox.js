// A headless Firefox with a profile of its own, driven by WebDriver BiDi, which it speaks without a driver in between.
// Its pages have the methods of a Chromium page that the tests for both need.

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

import {WebSocket} from 'undici';

import {waitUntil} from './waiting.js';

// Nothing leaves this machine: what is not loopback goes to a proxy that does not exist.
const PREFERENCES = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 1,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 1,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};
const STARTUP_MS = 60_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// One BiDi session: commands are numbered, and answers carry the number.
class Session {
  static async open(url) {
    const session = new Session(new WebSocket(url));
    await once(session.socket, 'open', {signal: AbortSignal.timeout(STARTUP_MS)});
    await session.command('session.new', {capabilities: {}});
    return session;
  }

  constructor(socket) {
    this.socket = socket;
    this.sent = 0;
    this.pending = new Map();
    socket.addEventListener('message', ({data}) => this.#answer(JSON.parse(data)));
    socket.addEventListener('close', () => this.#fail('Firefox has closed the session'));
  }

  #answer({id, type, result, error, message}) {
    const {resolve, reject} = this.pending.get(id) ?? {};
    this.pending.delete(id);
    if (type === 'success') resolve?.(result);
    if (type === 'error') reject?.(new Error(`${error}: ${message}`));
  }

  #fail(why) {
    this.pending.forEach(({reject}) => reject(new Error(why)));
    this.pending.clear();
  }

  command(method, params) {
    return new Promise((resolve, reject) => {
      this.sent += 1;
      this.pending.set(this.sent, {resolve, reject});
      this.socket.send(JSON.stringify({id: this.sent, method, params}));
    });
  }
}

class Page {
  constructor(session, context) {
    this.session = session;
    this.context = context;
  }

  async goto(url) {
    await this.session.command('browsingContext.navigate', {context: this.context, url, wait: 'complete'});
  }

  // Calls `code` in the page and waits for what it returns; what goes in and comes out is JSON.
  async evaluate(code, argument = null) {
    const {type, result, exceptionDetails} = await this.session.command('script.callFunction', {
      functionDeclaration: `async (argument) => JSON.stringify(await (${code})(JSON.parse(argument)))`,
      arguments: [{type: 'string', value: JSON.stringify(argument)}],
      target: {context: this.context},
      awaitPromise: true,
    });
    if (type === 'exception') throw new Error(exceptionDetails.text);
    return result.value === undefined ? undefined : JSON.parse(result.value);
  }

  async close() {
    await this.session.command('browsingContext.close', {context: this.context});
  }
}

export class Firefox {
  static async start() {
    const firefox = new Firefox();
    try {
      await waitUntil(() => firefox.#address() || firefox.child.exitCode !== null, 'Firefox listens', STARTUP_MS);
      if (!firefox.#address()) throw new Error(`Firefox did not come up; it said ${firefox.lines.join('\n')}`);
      firefox.session = await Session.open(`${firefox.#address()}/session`);
      return firefox;
    } catch (error) {
      await firefox.close();
      throw error;
    }
  }

  constructor() {
    this.profile = mkdtempSync(join(tmpdir(), 'ringcast-firefox-'));
    const preferences = Object.entries(PREFERENCES).map((pair) => `user_pref(${pair.map((part) => JSON.stringify(part))});\n`);
    writeFileSync(join(this.profile, 'user.js'), preferences.join(''));
    this.lines = [];
    // Firefox does not start where root's HOME belongs to somebody else.
    this.child = spawn(process.env.FIREFOX ?? '/usr/bin/firefox-esr',
      ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', this.profile, 'about:blank'],
      {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, HOME: this.profile}});
    // Without a pid there is no process, and kill() would reach this one's whole group.
    if (this.child.pid) running.add(this.child);
    this.ended = once(this.child, 'exit').catch((error) => this.lines.push(error.message));
    createInterface({input: this.child.stderr}).on('line', (line) => this.lines.push(line));
  }

  #address() {
    return this.lines.map((line) => /^WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]).find(Boolean);
  }

  async newPage() {
    const {context} = await this.session.command('browsingContext.create', {type: 'tab'});
    return new Page(this.session, context);
  }

  async close() {
    if (this.child.pid) this.child.kill('SIGKILL');
    await this.ended;
    running.delete(this.child);
    // Its content processes, which end by themselves, may still hold files.
    rmSync(this.profile, {recursive: true, force: true, maxRetries: 10});
  }
}
