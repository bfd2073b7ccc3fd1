// How long to wait before the next attempt.

// setTimeout() takes no longer one; the broker's `retry:` is at most as long.
const LONGEST_MS = 86_400_000;

/**
 * Exponential backoff with full jitter: attempt n waits `floorMs` and a random part of `min(maxMs, minMs * 2^n)` more.
 * The floor is what the server asks for (`retry:`, `Retry-After`).
 */
export class Backoff {
  #attempts = 0;

  constructor({minMs = 1000, maxMs = 30_000, random = Math.random} = {}) {
    Object.assign(this, {minMs, maxMs, random});
  }

  /** Milliseconds to wait now; the next wait will be longer. */
  next(floorMs = 0) {
    const spread = Math.min(this.maxMs, this.minMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.min(LONGEST_MS, floorMs + this.random() * spread);
  }

  /** After a success: the next outage begins anew. */
  reset() {
    this.#attempts = 0;
  }
}

/** The milliseconds that a `Retry-After` asks for (RFC 9110, section 10.2.3), or 0. */
export function retryAfterMs(value, nowMs = Date.now()) {
  if (!value) return 0;
  if (/^\s*\d+\s*$/.test(value)) return Math.min(LONGEST_MS, Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.min(LONGEST_MS, Math.max(0, date - nowMs));
}

/** Resolves after `ms`, or at once when `signal` is aborted or, where there is a network to lose, when it is back. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const watched = [[signal, 'abort'], [globalThis.window ?? globalThis.self, 'online']]
      .filter(([target]) => typeof target?.addEventListener === 'function');
    const done = () => {
      clearTimeout(timer);
      watched.forEach(([target, type]) => target.removeEventListener(type, done));
      resolve();
    };
    const timer = setTimeout(done, ms);
    watched.forEach(([target, type]) => target.addEventListener(type, done));
    if (signal?.aborted) done();
  });
}
