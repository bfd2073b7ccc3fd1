// What goes wrong, in one class.

import {retryAfterMs} from './backoff.js';

const PROBLEM_FIELDS = ['title', 'detail', 'field', 'line', 'index', 'accepted'];
// More than any problem that the broker writes.
const PROBLEM_BYTES = 65_536;

/**
 * An answer that was no success (`status` and what the broker said: `title`, `detail`, `field`, `line`, `index`,
 * `accepted`, `firstId`, `lastId`), or a connection that failed (`status` is undefined, `cause` is the platform's error).
 */
export class RingcastError extends Error {
  constructor(message, {cause, ...fields} = {}) {
    super(message, cause === undefined ? undefined : {cause});
    this.name = 'RingcastError';
    this.status = undefined;
    this.retryAfterMs = 0;
    Object.assign(this, fields);
  }
}

/** The error of a connection that failed: `cause` is what fetch() threw. */
export function networkError(doing, cause) {
  const reason = cause?.cause?.message || cause?.cause?.code || cause?.message || String(cause);
  return new RingcastError(`${doing}: ${reason}`, {cause});
}

async function firstBytes(response) {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return text;
    text += decoder.decode(value, {stream: true});
    if (text.length > PROBLEM_BYTES) {
      await reader.cancel();
      return text;
    }
  }
}

function problemOf(text) {
  try {
    const problem = JSON.parse(text);
    return problem !== null && typeof problem === 'object' ? problem : {};
  } catch {
    return {};
  }
}

/** The error of an answer that was no success; reads the problem in its body (RFC 9457) as far as there is one. */
export async function refusalOf(response) {
  const problem = problemOf(await firstBytes(response).catch(() => ''));
  const fields = {status: response.status, retryAfterMs: retryAfterMs(response.headers.get('Retry-After'))};
  for (const name of PROBLEM_FIELDS) {
    if (problem[name] !== undefined && problem[name] !== null) fields[name] = problem[name];
  }
  if (problem.first_id) Object.assign(fields, {firstId: problem.first_id, lastId: problem.last_id});
  const place = ['field', 'line', 'index'].filter((name) => fields[name] !== undefined)
    .map((name) => `${name} ${fields[name]}`).join(', ');
  const said = fields.detail ?? fields.title ?? response.statusText;
  return new RingcastError(`${response.status} ${said}${place && ` (${place})`}`.trim(), fields);
}
