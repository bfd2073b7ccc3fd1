// Runs an example as its README says, in a copy of its folder, with free ports instead of 8080 and 8000.

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

import {waitUntil} from '../../../tests/browser/harness/waiting.js';

export const EXAMPLES = fileURLToPath(new URL('..', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BINARIES = {
  ringcastd: process.env.RINGCASTD ?? join(ROOT, 'build/release/ringcastd'),
  ringcast: process.env.RINGCAST ?? join(ROOT, 'build/release/ringcast'),
};
const PATIENCE_MS = 30_000;

const running = new Set();
process.on('exit', () => running.forEach((example) => example.kill()));

export async function freeAddress() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

export class Example {
  // `via` names, for files of the example, a proxy that they reach the broker through.
  static async start(name, {broker, via = {}}) {
    const example = new Example(broker, await freeAddress());
    try {
      example.copy(name, via);
      await example.run();
      return example;
    } catch (error) {
      await example.close();
      throw error;
    }
  }

  constructor(broker, page) {
    this.folder = mkdtempSync(join(tmpdir(), 'ringcast-example-'));
    Object.assign(this, {broker: `http://${broker}`, address: broker, url: `http://${page}`, page, said: ''});
  }

  copy(name, via) {
    const pagePort = this.page.split(':')[1];
    for (const file of readdirSync(join(EXAMPLES, name))) {
      const copy = join(this.folder, file);
      copyFileSync(join(EXAMPLES, name, file), copy);
      const text = readFileSync(copy, 'utf8').replaceAll('127.0.0.1:8080', via[file] ?? this.address);
      writeFileSync(copy, text.replaceAll(/\b8000\b/g, pagePort));
    }
    mkdirSync(join(this.folder, 'bin'));
    Object.entries(BINARIES).forEach(([command, path]) => symlinkSync(path, join(this.folder, 'bin', command)));
    writeFileSync(join(this.folder, 'empty.yaml'), '{}\n');
  }

  #environment() {
    const kept = Object.entries(process.env).filter(([name]) => !/^RINGCAST|_proxy$/i.test(name));
    return {
      ...Object.fromEntries(kept),
      PATH: `${join(this.folder, 'bin')}:${process.env.PATH}`,
      RINGCAST_CONFIG: join(this.folder, 'empty.yaml'),
      RINGCAST_LISTEN: this.address,
      RINGCAST_URL: this.broker,
    };
  }

  // All that the commands start is in one process group, which ends as a whole.
  async run() {
    const [, commands] = /```sh\n(.*?)```/s.exec(readFileSync(join(this.folder, 'README.md'), 'utf8'));
    this.shell = spawn('bash', ['-c', commands],
      {cwd: this.folder, detached: true, env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe']});
    // "close" comes when the last process of the group has closed its output.
    this.ended = once(this.shell, 'close');
    running.add(this);
    for (const stream of [this.shell.stdout, this.shell.stderr]) stream.on('data', (bytes) => { this.said += bytes; });
    const isUp = async (url) => (await fetch(url).catch(() => null))?.status === 200;
    try {
      await waitUntil(() => isUp(`${this.broker}/readyz`), 'the broker is ready', PATIENCE_MS);
      await waitUntil(() => isUp(this.url), 'the page is there', PATIENCE_MS);
    } catch (error) {
      throw new Error(`${error.message}; the commands said: ${this.said}`);
    }
  }

  // The data of what the broker keeps of a topic, oldest first.
  async kept(topic) {
    const found = [];
    for (let after = ''; after !== null;) {
      const query = new URLSearchParams({topic, limit: 1000, ...(after && {after})});
      const {events, next} = await (await fetch(`${this.broker}/history?${query}`)).json();
      found.push(...events.map(({data}) => data));
      after = next;
    }
    return found;
  }

  kill() {
    try {
      process.kill(-this.shell.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  async close() {
    if (this.shell) {
      this.kill();
      await this.ended;
      running.delete(this);
    }
    rmSync(this.folder, {recursive: true, force: true});
  }
}
