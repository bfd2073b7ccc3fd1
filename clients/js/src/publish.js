// publish() and publishMany().

import {publication} from './publication.js';
import {Publisher, PUBLISHER_OPTIONS} from './publisher.js';
import {checkOptions} from './request.js';

const EVENT_OPTIONS = ['event', 'id', 'retry', 'key', 'private', 'comment'];

function split(options, names) {
  const chosen = Object.entries(options).filter(([name]) => names.includes(name));
  return Object.fromEntries(chosen);
}

/** See index.d.ts. */
export async function publish(topics, data, options) {
  checkOptions(options, [...PUBLISHER_OPTIONS, ...EVENT_OPTIONS], 'publish');
  const {json, keyed} = publication({topics, data, ...split(options, EVENT_OPTIONS)});
  const publisher = new Publisher(split(options, PUBLISHER_OPTIONS), 'publish');
  const {last_id: id, duplicates} = await publisher.send('application/json', json, keyed);
  return {id: id ?? null, duplicate: duplicates > 0};
}

// A promise that does not reject: {fault: {error}} instead.
const settled = (promise) => promise.catch((error) => ({fault: {error}}));

function after(ms) {
  let timer;
  const promise = new Promise((resolve) => { timer = setTimeout(resolve, ms); });
  return {promise, clear: () => clearTimeout(timer)};
}

function append(batch, event, index) {
  try {
    const {json, keyed} = publication(event);
    batch.lines.push(json);
    batch.keyed &&= keyed;
    batch.units += json.length;
    return undefined;
  } catch (error) {
    error.message += ` (event ${index})`;
    return {error};
  }
}

// Batches of `source`: full ones, and what there is when the source pauses for `delay` ms or fails.
async function* batches(source, {events, units, delay}) {
  const iterator = (async function* all() { yield* source; }());
  let next = settled(iterator.next());
  let index = 0;
  let fault;
  try {
    for (let done = false; !done && !fault;) {
      const batch = {first: index, lines: [], units: 0, keyed: true};
      let linger;
      while (batch.lines.length < events && batch.units < units) {
        const item = await (linger ? Promise.race([next, linger.promise]) : next);
        done = item?.done ?? false;
        fault = item?.fault ?? (item && !done ? append(batch, item.value, index) : undefined);
        if (!item || done || fault) break;
        index += 1;
        linger ??= after(delay);
        next = settled(iterator.next());
      }
      linger?.clear();
      if (batch.lines.length > 0) yield batch;
    }
    if (fault) throw fault.error;
  } finally {
    settled(iterator.return());
  }
}

const ndjson = (lines) => `${lines.join('\n')}\n`;

/** See index.d.ts. */
export async function publishMany(events, options) {
  const {batchEvents = 2000, batchBytes = 262_144, batchDelay = 20, ...rest} = options ?? {};
  checkOptions(rest, PUBLISHER_OPTIONS, 'publishMany');
  if (!(Symbol.iterator in Object(events) || Symbol.asyncIterator in Object(events))) {
    throw new TypeError('publishMany: the events must be iterable');
  }
  const publisher = new Publisher(rest, 'publishMany');
  const total = {accepted: 0, duplicates: 0, firstId: null, lastId: null};
  const add = ({accepted = 0, duplicates = 0, first_id: first, last_id: last}) => {
    total.accepted += accepted;
    total.duplicates += duplicates;
    total.firstId ??= first ?? null;
    total.lastId = last ?? total.lastId;
  };
  for await (const batch of batches(events, {events: batchEvents, units: batchBytes, delay: batchDelay})) {
    let {first, lines} = batch;
    // Every line before the one that was refused stands.
    const partly = (error) => {
      if (error.line === undefined) return undefined;
      const stands = error.line - 1;
      add({accepted: error.accepted, first_id: error.firstId, last_id: error.lastId});
      lines = lines.slice(stands);
      first += stands;
      return ndjson(lines);
    };
    try {
      add(await publisher.send('application/x-ndjson', ndjson(lines), batch.keyed, partly));
    } catch (error) {
      if (error.name !== 'RingcastError') throw error;
      const index = error.line === undefined ? undefined : first;
      throw Object.assign(error, {index, accepted: total.accepted, lastId: total.lastId});
    }
  }
  return total;
}
