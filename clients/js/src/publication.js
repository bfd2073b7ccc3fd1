// One event as the broker's `/events` takes it.

import {topicList} from './request.js';

const FIELDS = ['topic', 'topics', 'data', 'event', 'id', 'retry', 'key', 'private', 'comment'];

const finite = (name, value) => {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`publish: data has ${value}${name && ` at "${name}"`}, which JSON cannot say`);
  }
  return value;
};

// Text and bytes are published as they are, everything else as JSON.
function encodedData(data) {
  if (typeof data === 'string') return JSON.stringify(data);
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    try {
      return JSON.stringify(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(data));
    } catch {
      throw new TypeError('publish: the bytes of data are not UTF-8');
    }
  }
  const json = JSON.stringify(data, finite);
  if (json === undefined) throw new TypeError(`publish: data is ${typeof data}; it must be text, bytes or JSON`);
  return json;
}

// Unique, not secret: without Web Crypto (Node 18, pages over http) Math.random is good enough.
function newKey() {
  const words = new Uint32Array(4);
  if (globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(words);
  else words.forEach((_, i) => { words[i] = Math.random() * 2 ** 32; });
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

/**
 * `{json, keyed}`: the event as one line of JSON, and whether it is safe to send twice. Without `key` it gets one, with
 * `key: null` none. Throws a TypeError for what cannot be published by any broker.
 */
export function publication(event) {
  for (const name of Object.keys(event)) {
    if (!FIELDS.includes(name)) throw new TypeError(`publish: unknown field "${name}"; there are ${FIELDS.join(', ')}`);
  }
  const {topic, topics = topic, data, comment, key, event: type, id, retry} = event;
  if (topic !== undefined && event.topics !== undefined) throw new TypeError('publish: either topic or topics');
  const members = [];
  const add = (name, value) => {
    if (value !== undefined && value !== null) members.push(`"${name}":${JSON.stringify(value)}`);
  };
  add(Array.isArray(topics) ? 'topics' : 'topic', topicList(topics, 'publish') && topics);
  add('event', type);
  add('id', id);
  add('retry', retry);
  add('private', event.private);
  if (comment === true) {
    add('comment', String(data));
    add('key', key);
    return {json: `{${members.join(',')}}`, keyed: false};
  }
  add('key', key === undefined ? newKey() : key);
  members.push(`"data":${encodedData(data)}`);
  return {json: `{${members.join(',')}}`, keyed: key !== null};
}
