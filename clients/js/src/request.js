// What subscribing and publishing have in common: options, where the broker is, and who asks.

/** Throws a TypeError that names what `options` has too much. */
export function checkOptions(options, known, who) {
  if (options === null || typeof options !== 'object') throw new TypeError(`${who}: the options must be an object`);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`${who}: unknown option "${name}"; there are ${known.join(', ')}`);
  }
}

/** `options` over `defaults`; what is undefined counts as left out. */
export function withDefaults(defaults, options) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return {...defaults, ...Object.fromEntries(given)};
}

/** The absolute URL of the broker's `/events`, below the path of `url`; parameters of `url` stay. */
export function eventsUrl(url, who) {
  if (!url) throw new TypeError(`${who}: the option "url" is missing: where the broker is, such as "http://127.0.0.1:8080"`);
  let parsed;
  try {
    parsed = new URL(url, globalThis.location?.href);
  } catch {
    throw new TypeError(`${who}: "${url}" is not a URL`);
  }
  if (!/^https?:$/.test(parsed.protocol)) throw new TypeError(`${who}: "${url}" is not an http or https URL`);
  parsed.pathname = parsed.pathname.replace(/\/?$/, '/events');
  parsed.hash = '';
  return parsed;
}

/** `topics` as a list of names; throws a TypeError for anything else. */
export function topicList(topics, who) {
  const list = Array.isArray(topics) ? topics : [topics];
  if (list.length === 0 || list.some((topic) => typeof topic !== 'string' || topic === '')) {
    throw new TypeError(`${who}: topics must be a name or a list of names`);
  }
  return list;
}

/** The text of a header as fetch() takes it: the bytes of its UTF-8. */
export function byteString(text) {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/**
 * The headers of one request. `token` is a text or a callback, sync or async, that is asked each time; `rejected` tells
 * it that the broker has just refused what it gave.
 */
export async function requestHeaders({headers, token, rejected = false}, own) {
  const all = new Headers(typeof headers === 'function' ? await headers() : headers);
  for (const [name, value] of Object.entries(own)) all.set(name, value);
  const shown = typeof token === 'function' ? await token({rejected}) : token;
  if (shown) all.set('Authorization', `Bearer ${shown}`);
  return all;
}

/** Rejects with the reason of `signal` as soon as it is aborted, else as `promise` does. */
export function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, {once: true});
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Throws what is wrong with headers that are no callback. */
export function checkHeaders(headers) {
  if (typeof headers !== 'function') new Headers(headers);
}

/** Why `response` is no event stream: a text, or undefined for one that is. */
export function notAStream({status, headers}) {
  const type = headers.get('Content-Type') ?? '';
  if (status !== 200) return `the server answered ${status}`;
  if (/^text\/event-stream\s*(;|$)/i.test(type)) return undefined;
  return `the answer is ${type || 'without a type'}, no text/event-stream`;
}
