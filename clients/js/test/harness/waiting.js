// Waiting on conditions, never on time.

import {setTimeout as pause} from 'node:timers/promises';

// Generous: it bounds a test that has gone wrong, it never paces one that goes well.
export const PATIENCE_MS = 30_000;

// Resolves with the first true value of condition(); rejects with `what` when none comes in time.
export async function waitUntil(condition, what) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}`);
    await pause(5);
  }
}

// The first `count` events of a subscription. It stays open.
export async function take(subscription, count) {
  const events = [];
  while (events.length < count) {
    let timer;
    const late = new Promise((_, reject) => {
      const message = `waited ${PATIENCE_MS} ms in vain for event ${events.length + 1} of ${count}`;
      timer = setTimeout(() => reject(new Error(message)), PATIENCE_MS);
    });
    const {value, done} = await Promise.race([subscription.next(), late]).finally(() => clearTimeout(timer));
    if (done) throw new Error(`the stream ended after ${events.length} of ${count} events`);
    events.push(value);
  }
  return events;
}

// The next event of `type` at a target.
export function once(target, type) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms in vain for "${type}"`)), PATIENCE_MS);
    target.addEventListener(type, (event) => {
      clearTimeout(timer);
      resolve(event);
    }, {once: true});
  });
}
