// Starts the real ringcastd, knows where it listens, and never leaves one behind.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

import {PATIENCE_MS, waitUntil} from './waiting.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BINARY = process.env.RINGCASTD ?? join(ROOT, 'build/release/ringcastd');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// This environment without RINGCAST* settings, so that the machine's do not leak into a test.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RINGCAST')));
}

export class Daemon {
  // `settings` is the configuration as a plain object: JSON is YAML.
  static async start({settings = {}, listen = '127.0.0.1:0'} = {}) {
    const daemon = new Daemon(settings, listen);
    try {
      await daemon.#ready();
      return daemon;
    } catch (error) {
      await daemon.kill();
      throw error;
    }
  }

  constructor(settings, listen) {
    this.folder = mkdtempSync(join(tmpdir(), 'ringcast-test-'));
    const file = join(this.folder, 'ringcast.yaml');
    writeFileSync(file, JSON.stringify(settings) + '\n');
    this.lines = [];
    this.child = spawn(BINARY, ['--config', file, '--listen', listen],
      {stdio: ['ignore', 'ignore', 'pipe'], env: environment()});
    // Without a pid there is no process, and kill() would reach this one's whole group.
    if (this.child.pid) running.add(this.child);
    this.ended = once(this.child, 'exit').catch((error) => [error]);
    createInterface({input: this.child.stderr}).on('line', (line) => this.lines.push(line));
  }

  async #ready() {
    const listening = () => this.lines.map(parsed).find((line) => line?.message === 'listening');
    const gone = () => this.child.exitCode !== null || this.child.pid === undefined;
    await waitUntil(() => listening() || gone(), 'ringcastd listens');
    assert.ok(listening(), `ringcastd did not come up; it said ${this.lines.join('\n')}`);
    this.address = listening().address;
    this.url = `http://${this.address}`;
    await waitUntil(async () => {
      const response = await fetch(`${this.url}/readyz`);
      // Read to its end, so that its connection is free for the next request.
      await response.arrayBuffer();
      return response.status === 200;
    }, '/readyz is 200');
  }

  async publish(topic, data, query = '') {
    const response = await fetch(`${this.url}/topics/${encodeURIComponent(topic)}${query}`,
      {method: 'POST', body: data});
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()).id;
  }

  async waitForSubscribers(topic, count) {
    await waitUntil(async () => {
      const response = await fetch(`${this.url}/topics/${encodeURIComponent(topic)}`);
      return (await response.json()).subscribers === count;
    }, `${topic} has ${count} subscribers`);
  }

  terminate() {
    this.child.kill('SIGTERM');
  }

  // Resolves with the exit code.
  async exited() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    const [code] = await this.ended;
    clearTimeout(timer);
    running.delete(this.child);
    return code;
  }

  // The crash, and the end of every test.
  async kill() {
    if (this.child.pid) this.child.kill('SIGKILL');
    await this.exited();
    rmSync(this.folder, {recursive: true, force: true});
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
