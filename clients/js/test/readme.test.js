// Every block of code in README.md is run: what it prints is what its comments say after "→".

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';

import {Client} from '../src/index.js';
import {noBrowser, serveApp, startBrowser} from './harness/chromium.js';
import {Daemon} from './harness/daemon.js';
import {jwt, JWT_SETTINGS} from './harness/jwt.js';
import {PATIENCE_MS, waitUntil} from './harness/waiting.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const blocks = [...README.matchAll(/^```js(?: (\w+))?\n(.*?)^```$/gms)]
  .map(([, kind = 'node', code], i) => ({kind, code, number: i + 1}));

const expectedOutput = (code) => [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
const at = (code, url) => code.replaceAll('http://127.0.0.1:8080', url);

// A project that has the package as a dependency.
function project(t) {
  const folder = mkdtempSync(join(tmpdir(), 'ringcast-js-readme-'));
  t.after(() => rmSync(folder, {recursive: true, force: true}));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/ringcast'));
  return folder;
}

async function runInNode(t, code) {
  const file = join(project(t), 'main.mjs');
  writeFileSync(file, code);
  const child = spawn(process.execPath, [file], {stdio: ['ignore', 'pipe', 'inherit']});
  t.after(() => child.kill('SIGKILL'));
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  const [status] = await once(child, 'close');
  clearTimeout(timer);
  assert.equal(status, 0, `it printed ${output}`);
  return output.trimEnd().split('\n');
}

async function runInBrowser(t, code, {app, publish}) {
  const context = await startBrowser(t);
  const page = await context.newPage();
  const output = [];
  page.on('console', (message) => message.type() === 'log' && output.push(message.text()));
  page.on('pageerror', (error) => output.push(String(error)));
  await page.goto(app);
  await publish();
  await page.setContent(`<script type="importmap">{"imports": {"ringcast": "/ringcast/index.js"}}</script>
    <script type="module">${code}</script>`);
  await waitUntil(() => output.length >= expectedOutput(code).length, 'the block has printed what it should');
  return output;
}

test('readme: there are blocks of every kind', () => {
  assert.deepEqual([...new Set(blocks.map(({kind}) => kind))].sort(), ['browser', 'jwt', 'node']);
  assert.equal((README.match(/^```/gm) ?? []).length, 2 * blocks.length, 'a block that is not run');
});

for (const {kind, code, number} of blocks) {
  const skip = kind === 'browser' && noBrowser;
  test(`readme: block ${number} prints what it says`, {skip}, async (t) => {
    const app = await serveApp(t);
    const daemon = await Daemon.start(t, {cors: {origins: [app]}, ...(kind === 'jwt' && JWT_SETTINGS)});
    const text = at(code, daemon.url);
    let output;
    if (kind === 'browser') {
      const publish = () => new Client({url: daemon.url}).publish('chat/7', 'hello');
      output = await runInBrowser(t, text, {app, publish});
    } else {
      const token = jwt({publish: ['orders/*']}, 4_000_000_000);
      output = await runInNode(t, `const getToken = async () => '${token}';\n${text}`);
    }
    assert.deepEqual(output, expectedOutput(code));
  });
}
