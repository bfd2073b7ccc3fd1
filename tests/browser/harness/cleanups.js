// What a test has started ends with it, the last first.

import {afterEach} from 'node:test';

import {Daemon} from './daemon.js';
import {CuttingProxy} from './proxy.js';

export const cleanups = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function startDaemon(options) {
  const daemon = await Daemon.start(options);
  cleanups.push(() => daemon.kill());
  return daemon;
}

export async function startProxy(target) {
  const proxy = await CuttingProxy.start(target);
  cleanups.push(() => proxy.close());
  return proxy;
}
