import assert from 'node:assert/strict';
import test from 'node:test';

import {Backoff, pause, retryAfterMs} from '../src/backoff.js';

test('backoff: the random part doubles with each attempt, up to the limit', () => {
  const backoff = new Backoff({minMs: 100, maxMs: 1000, random: () => 1});
  assert.deepEqual(Array.from({length: 6}, () => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
});

test('backoff: jitter is full: all of the random part may be zero', () => {
  const backoff = new Backoff({minMs: 100, maxMs: 1000, random: () => 0});
  assert.deepEqual([backoff.next(), backoff.next()], [0, 0]);
});

test('backoff: what the server asks for is waited in any case', () => {
  const backoff = new Backoff({minMs: 100, maxMs: 1000, random: () => 0.5});
  assert.deepEqual([backoff.next(3000), backoff.next(3000)], [3050, 3100]);
});

test('backoff: after a success it begins anew', () => {
  const backoff = new Backoff({minMs: 100, random: () => 1});
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

test('backoff: after a thousand attempts it is still a number that timers take', () => {
  const backoff = new Backoff({maxMs: Infinity, random: () => 1});
  let last = 0;
  for (let i = 0; i < 2000; i += 1) last = backoff.next(1e12);
  assert.equal(last, 86_400_000);
});

test('backoff: Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.equal(retryAfterMs('2', now), 2000);
  assert.equal(retryAfterMs(' 0 ', now), 0);
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:04:15 GMT', now), 10_000);
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:04:00 GMT', now), 0);
  for (const bad of [null, '', 'soon', '-1x']) assert.equal(retryAfterMs(bad, now), 0);
});

test('backoff: a pause ends at once when its signal is aborted', async () => {
  const stop = new AbortController();
  const paused = pause(86_400_000, stop.signal);
  stop.abort();
  await paused;
  await pause(86_400_000, stop.signal);
});
