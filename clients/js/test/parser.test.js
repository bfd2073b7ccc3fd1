import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';

import {EventStreamParser} from '../src/index.js';
import {utf8Length} from '../src/event_stream_parser.js';

const {vectors} = JSON.parse(readFileSync(new URL('../../vectors/event_stream.json', import.meta.url), 'utf8'));

function bytesOf(vector) {
  return vector.input_base64 === undefined
    ? new TextEncoder().encode(vector.input)
    : new Uint8Array(Buffer.from(vector.input_base64, 'base64'));
}

function read(parts, options) {
  const result = {events: [], retry_ms: null, comments: []};
  const parser = new EventStreamParser({
    ...options,
    onEvent: ({type, data, id}) => result.events.push({event: type, data, id}),
    onRetry: (ms) => { result.retry_ms = ms; },
    onComment: (text) => result.comments.push(text),
  });
  for (const part of parts) parser.feed(part);
  return {...result, last_event_id: parser.lastEventId};
}

function expected({events, last_event_id, retry_ms, comments}) {
  return {events, retry_ms, comments, last_event_id};
}

for (const vector of vectors) {
  test(`parser: ${vector.name}: whole, byte by byte and at every split`, () => {
    const bytes = bytesOf(vector);
    assert.deepEqual(read([bytes]), expected(vector));
    assert.deepEqual(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected(vector), 'byte by byte');
    for (let at = 0; at <= bytes.length; at += 1) {
      assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), expected(vector), `split at ${at}`);
    }
  });
}

const encode = (text) => new TextEncoder().encode(text);

function chunks(bytes, size) {
  return Array.from({length: Math.ceil(bytes.length / size)}, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

test('parser: a data line of 10 MiB comes whole, in small reads', () => {
  const data = 'ü'.repeat(5 * 1024 * 1024);
  const {events} = read(chunks(encode(`data: ${data}\n\n`), 1024));
  assert.equal(events.length, 1);
  assert.ok(events[0].data === data);
});

test('parser: the bytes of a long line are searched for its end once', () => {
  // The work is counted, not timed: an unfinished line is not searched again with each read.
  let searched = 0;
  class CountedBytes extends Uint8Array {
    lastIndexOf(...values) {
      searched += this.length;
      return super.lastIndexOf(...values);
    }
  }
  const size = 4 * 1024 * 1024;
  const parser = new EventStreamParser({});
  for (const part of chunks(encode(`data: ${'x'.repeat(size)}\n\n`), 1000)) parser.feed(new CountedBytes(part));
  assert.ok(searched <= 3 * size, `${searched} bytes were searched for ${size}`);
});

test('parser: data of just the limit comes, of one byte more as ringcast.oversize with its length', () => {
  const options = {maxEventSize: 100};
  for (const [bytes, type] of [[99, 'message'], [100, 'message'], [101, 'ringcast.oversize']]) {
    for (const size of [1, 7, 1000]) {
      const {events, last_event_id: id} = read(chunks(encode(`id: 7\ndata: ${'x'.repeat(bytes)}\n\n`), size), options);
      assert.deepEqual(events.map(({event}) => event), [type], `${bytes} bytes in reads of ${size}`);
      if (bytes > 100) assert.deepEqual(events[0], {event: type, data: `{"bytes":${bytes}}`, id: '7'});
      assert.equal(id, '7');
    }
  }
});

test('parser: a line far above the limit is dropped as it comes, and the next events are read', () => {
  for (const end of ['\n', '\r', '\r\n']) {
    for (const size of [1, 3, 64, 5000]) {
      const text = [`id: 1`, `data: ${'x'.repeat(1000)}`, '', 'id: 2', 'data: a', '', ''].join(end);
      assert.deepEqual(read(chunks(encode(text), size), {maxEventSize: 50}).events, [
        {event: 'ringcast.oversize', data: '{"bytes":1000}', id: '1'},
        {event: 'message', data: 'a', id: '2'},
      ], `${JSON.stringify(end)} in reads of ${size}`);
    }
  }
});

test('parser: many lines of data above the limit are one oversize event with the length of all', () => {
  const text = `data: ${'x'.repeat(30)}\n`.repeat(4);
  const {events} = read([encode(`${text}\ndata: next\n\n`)], {maxEventSize: 100});
  assert.deepEqual(events.map(({data}) => data), ['{"bytes":123}', 'next']);
});

test('parser: a comment, a type or an id above the limit is dropped, the event stays', () => {
  for (const field of [':', 'event: ', 'id: ', 'foo: ']) {
    const {events} = read(chunks(encode(`${field}${'x'.repeat(1000)}\ndata: a\n\n`), 10), {maxEventSize: 50});
    assert.deepEqual(events, [{event: 'message', data: 'a', id: ''}]);
  }
});

test('parser: an empty line of data still counts its line end', () => {
  assert.deepEqual(read([encode('data\ndata\n\n')], {maxEventSize: 1}).events.map(({data}) => data), ['\n']);
  assert.deepEqual(read([encode('data\ndata\n\n')], {maxEventSize: 0}).events.map(({data}) => data), ['{"bytes":1}']);
});

test('parser: a block with only an id is told apart from an event', () => {
  const ids = [];
  const parser = new EventStreamParser({onId: (id) => ids.push(id), onEvent: () => ids.push('event')});
  parser.feed(encode(': hi\n\nid: 1\n\nretry: 1\n\nid: 2\ndata: x\n\n'));
  assert.deepEqual(ids, ['1', 'event']);
});

test('parser: the length in UTF-8 is that of the encoder', () => {
  for (const text of ['', 'a', 'é', '€', '😀', 'a😀é€', '\ud800', '\udc00x', '\ud800\ud800\udc00']) {
    assert.equal(utf8Length(text), encode(text).length, JSON.stringify(text));
  }
});
