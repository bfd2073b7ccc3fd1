// Starts the real ringcastd, knows where it listens, and never leaves one behind.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

import {waitUntil} from './waiting.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const BINARY = process.env.RINGCASTD ?? join(ROOT, 'build/release/ringcastd');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Where the binary is missing there is no process, and kill() would hit the whole group.
if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: build it, or name it by RINGCASTD`);

// This environment without RINGCAST* settings, so that the machine's do not leak into a test.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RINGCAST')));
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export class Daemon {
  // `settings` is the configuration as a plain object: JSON is YAML. Ends with the test `t`.
  static async start(t, settings = {}) {
    const daemon = new Daemon(settings);
    t.after(() => daemon.remove());
    await daemon.#launch('127.0.0.1:0');
    return daemon;
  }

  constructor(settings) {
    this.folder = mkdtempSync(join(tmpdir(), 'ringcast-js-'));
    this.file = join(this.folder, 'ringcast.yaml');
    mkdirSync(join(this.folder, 'journal'));
    // Tests do not wait the 3 s that clients are told to stay away.
    this.configure({stream: {retry: '100ms'}, ...settings});
  }

  configure(settings) {
    writeFileSync(this.file, `${JSON.stringify(settings)}\n`);
  }

  async #launch(listen) {
    const lines = [];
    this.child = spawn(BINARY, ['--config', this.file, '--listen', listen],
      {stdio: ['ignore', 'ignore', 'pipe'], env: environment(), cwd: this.folder});
    running.add(this.child);
    this.ended = once(this.child, 'exit').catch((error) => [error]);
    createInterface({input: this.child.stderr}).on('line', (line) => lines.push(line));
    const listening = () => lines.map(parsed).find((line) => line?.message === 'listening');
    await waitUntil(() => listening() || this.child.exitCode !== null, 'ringcastd listens');
    assert.ok(listening(), `ringcastd did not come up; it said ${lines.join('\n')}`);
    this.address = listening().address;
    this.url = `http://${this.address}`;
    await waitUntil(async () => (await this.get('/readyz')).status === 200, '/readyz is 200');
  }

  async get(path) {
    const response = await fetch(`${this.url}${path}`);
    return {status: response.status, text: await response.text()};
  }

  async publish(topic, data, query = '') {
    const response = await fetch(`${this.url}/topics/${encodeURIComponent(topic)}${query}`, {method: 'POST', body: data});
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()).id;
  }

  // The number of streams of a topic.
  async subscribers(topic) {
    return JSON.parse((await this.get(`/topics/${encodeURIComponent(topic)}`)).text).subscribers ?? 0;
  }

  async waitForSubscribers(topic, count) {
    await waitUntil(async () => await this.subscribers(topic) === count, `${topic} has ${count} subscribers`);
  }

  reload() {
    this.child.kill('SIGHUP');
  }

  // A crash, and a start at the same address.
  async restart() {
    await this.kill();
    await this.#launch(this.address);
  }

  async kill() {
    this.child?.kill('SIGKILL');
    await this.ended;
    running.delete(this.child);
  }

  async remove() {
    await this.kill();
    rmSync(this.folder, {recursive: true, force: true});
  }
}
