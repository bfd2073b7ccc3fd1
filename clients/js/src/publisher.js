// Sends publications to the broker, again where that is safe.

import {Backoff, pause} from './backoff.js';
import {networkError, refusalOf, RingcastError} from './errors.js';
import {abortable, checkHeaders, eventsUrl, requestHeaders, withDefaults} from './request.js';

// The broker has refused: nothing was stored, so that anything may be sent again.
const REFUSED_FOR_NOW = [429, 503];
// Perhaps it was stored: only what has a key may be sent again.
const UNCERTAIN = [408, 425, 500, 502, 504];

export const PUBLISHER_OPTIONS = ['url', 'token', 'headers', 'credentials', 'fetch', 'signal', 'timeout', 'retryFor', 'backoff'];

/** Publishes with one set of options; see PublisherOptions in index.d.ts. */
export class Publisher {
  #options;
  #url;

  constructor(options, who) {
    this.#options = withDefaults({credentials: 'same-origin', timeout: 15_000, retryFor: 30_000}, options);
    this.#url = eventsUrl(options.url, who).href;
    checkHeaders(options.headers);
  }

  /**
   * The broker's answer to `body`. Refusals that pass and, if `keyed`, failed connections are tried again until `retryFor`
   * milliseconds are over. `partly(error)` may take over a refusal, to go on with the rest: it returns the body to send next.
   */
  async send(type, body, keyed, partly = () => undefined) {
    const {token, retryFor, signal, backoff} = this.#options;
    const begun = Date.now();
    const waits = new Backoff({minMs: 200, maxMs: 10_000, ...backoff});
    let rejected = false;
    for (;;) {
      const answer = await this.#attempt(type, body, rejected).catch((error) => error);
      if (!(answer instanceof Error)) return answer;
      if (signal?.aborted) throw signal.reason;
      body = partly(answer) ?? body;
      if (answer.status === 401 && typeof token === 'function' && !rejected) {
        rejected = true;
        continue;
      }
      if (!mayRepeat(answer, keyed)) throw answer;
      const delay = waits.next(answer.retryAfterMs);
      if (Date.now() + delay - begun > retryFor) throw answer;
      await pause(delay, signal);
      if (signal?.aborted) throw signal.reason;
    }
  }

  async #attempt(type, body, rejected) {
    const {signal, timeout, headers, token, credentials, fetch = globalThis.fetch} = this.#options;
    const attempt = new AbortController();
    const abort = () => attempt.abort(signal.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, {once: true});
    const message = `no answer within ${timeout} ms`;
    const timer = setTimeout(() => attempt.abort(new DOMException(message, 'TimeoutError')), timeout);
    try {
      const own = {'Content-Type': type, Accept: 'application/json, application/problem+json'};
      const all = await abortable(requestHeaders({headers, token, rejected}, own), attempt.signal);
      const response = await fetch(this.#url, {method: 'POST', headers: all, body, credentials, signal: attempt.signal});
      if (!response.ok) throw await refusalOf(response);
      return await response.json();
    } catch (error) {
      if (error instanceof RingcastError) throw error;
      // Node 18 does not pass the reason on while a body is read.
      throw networkError('publishing failed', attempt.signal.aborted ? attempt.signal.reason : error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }
}

function mayRepeat({status}, keyed) {
  if (REFUSED_FOR_NOW.includes(status)) return true;
  return keyed && (status === undefined || UNCERTAIN.includes(status));
}
