// Waiting on conditions, never on time.

import {setTimeout as pause} from 'node:timers/promises';

// Generous: it bounds a test that has gone wrong, it never paces one that goes well.
export const PATIENCE_MS = 60_000;

// Resolves with the first true value of condition(); rejects with `what` when none comes in time.
export async function waitUntil(condition, what, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain until ${what}`);
    await pause(5);
  }
}
