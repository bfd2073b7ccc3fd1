// What Web Locks are used for: somebody lives as long as the lock is held.

/** A name that nobody else has. */
export function uniqueName() {
  const words = globalThis.crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** Holds `name`; resolves, once it is held, with what gives it back. */
export function hold(locks, name) {
  return new Promise((resolve, reject) => {
    locks.request(name, () => new Promise((release) => { resolve(release); })).catch(reject);
  });
}

/** Calls `gone` when nobody holds `name` any more; returns what ends that. */
export function watch(locks, name, gone) {
  const watching = new AbortController();
  locks.request(name, {mode: 'shared', signal: watching.signal}, gone).catch(() => {});
  return () => watching.abort();
}
