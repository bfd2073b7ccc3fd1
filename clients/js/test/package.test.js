// The package as npm would publish it: packed, installed elsewhere, imported and compiled against.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

function run(command, values, cwd) {
  const {status, stdout, stderr} = spawnSync(command, values, {cwd, encoding: 'utf8'});
  assert.equal(status, 0, `${command} ${values.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

// A project that has installed the tarball and nothing else.
const folder = mkdtempSync(join(tmpdir(), 'ringcast-js-package-'));
test.before(() => {
  const [{filename}] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], ROOT));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', `./${filename}`], folder);
});
test.after(() => rmSync(folder, {recursive: true, force: true}));

function compile(file, source, compilerOptions) {
  writeFileSync(join(folder, file), source);
  const config = {compilerOptions: {noEmit: true, strict: true, target: 'es2022', ...compilerOptions}, files: [file]};
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  run('node', [TSC, '--project', folder], folder);
}

const EXPORTS = ['Client', 'EventStreamParser', 'RingcastError', 'SharedSubscription', 'StateEvent', 'StreamEvent',
  'Subscription', 'publish', 'publishMany', 'subscribe', 'subscribeShared'];

function filesBelow(top, prefix = '') {
  return readdirSync(top, {withFileTypes: true}).flatMap((entry) => (entry.isDirectory()
    ? filesBelow(join(top, entry.name), `${prefix}${entry.name}/`) : [prefix + entry.name])).sort();
}

test('package: the tarball has the sources with their types, the README and the license, and nothing else', () => {
  const installed = join(folder, 'node_modules/ringcast');
  const sources = filesBelow(join(ROOT, 'src'), 'src/');
  assert.deepEqual(filesBelow(installed), ['LICENSE', 'README.md', 'package.json', ...sources].sort());
  assert.equal(readFileSync(join(installed, 'LICENSE'), 'utf8'), readFileSync(join(ROOT, '../../LICENSE'), 'utf8'));
});

test('package: it needs nothing at run time, and says so', () => {
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.sideEffects, false);
  assert.equal(manifest.license, 'Apache-2.0');
  assert.equal(manifest.engines.node, '>=18');
});

test('package: the lock file names no place to download from', () => {
  assert.doesNotMatch(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), /"resolved"|https?:\/\/(?!github|opencollective)/);
});

test('package: what is installed can be imported', () => {
  writeFileSync(join(folder, 'main.mjs'), `
    import * as all from 'ringcast';
    import {EventSource} from 'ringcast/eventsource';
    console.log(JSON.stringify([Object.keys(all).sort(), typeof EventSource]));`);
  assert.deepEqual(JSON.parse(run('node', ['main.mjs'], folder)), [EXPORTS, 'function']);
});

for (const [moduleResolution, module] of [['bundler', 'esnext'], ['nodenext', 'nodenext']]) {
  for (const [where, platform] of [
    ['a browser', {lib: ['es2022', 'dom', 'dom.iterable'], types: []}],
    ['Node', {lib: ['es2022'], types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')]}],
  ]) {
    test(`package: TypeScript with moduleResolution ${moduleResolution} compiles against it for ${where}`, () => {
      compile('usage.ts', readFileSync(join(ROOT, 'test/types/usage.ts'), 'utf8'), {moduleResolution, module, ...platform});
    });
  }
}

test('package: every export is declared, and nothing else is', () => {
  const names = EXPORTS.map((name) => `'${name}'`).join(' | ');
  compile('names.ts', `
    import * as all from 'ringcast';
    export const missing: Exclude<${names}, keyof typeof all>[] extends never[] ? true : false = true;
    export const tooMany: Exclude<keyof typeof all, ${names}>[] extends never[] ? true : false = true;`,
  {moduleResolution: 'nodenext', module: 'nodenext', lib: ['es2022', 'dom'], types: []});
});
