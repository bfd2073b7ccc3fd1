import assert from 'node:assert/strict';
import test from 'node:test';

import {Client, publish, publishMany, RingcastError, subscribe} from '../src/index.js';
import {Daemon} from './harness/daemon.js';
import {jwt, JWT_SETTINGS} from './harness/jwt.js';
import {problem, serve} from './harness/scripted_server.js';
import {take, waitUntil} from './harness/waiting.js';

const FAST = {minMs: 1, maxMs: 5};

const answer = (body) => ({status: 200, headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
const RECEIPT = answer({accepted: 1, duplicates: 0, first_id: 'e-1', last_id: 'e-1'});
const bodies = ({requests}) => requests.map(({body}) => JSON.parse(body));

test('publish: text, bytes and JSON arrive as they should', async (t) => {
  const {url} = await Daemon.start(t);
  const values = ['', 'a\nb', 'ü€😀', new TextEncoder().encode('bytes'), new TextEncoder().encode('buffer').buffer,
    {a: 1.5, b: [null, false]}, [], 0, false, null];
  for (const value of values) assert.match((await publish('a', value, {url})).id, /^\w+-\d+$/);
  const subscription = subscribe({url, topics: 'a', since: 'earliest'});
  t.after(() => subscription.close());
  assert.deepEqual((await take(subscription, values.length)).map(({data}) => data),
    ['', 'a\nb', 'ü€😀', 'bytes', 'buffer', '{"a":1.5,"b":[null,false]}', '[]', '0', 'false', 'null']);
});

test('publish: every field reaches the subscriber, on every topic, and only who shows a token where it is private', async (t) => {
  const {url} = await Daemon.start(t, {...JWT_SETTINGS, auth: {...JWT_SETTINGS.auth, anonymous: {subscribe: ['**']}}});
  const token = jwt({publish: ['**'], subscribe: ['**']}, 4_000_000_000);
  const client = new Client({url, token});
  const {id, duplicate} = await client.publish(['a', 'b'], 'secret', {event: 'x', id: 'mine', retry: 1234, private: true});
  assert.deepEqual([id, duplicate], ['mine', false]);
  await client.publish('b', 'open');
  const insider = client.subscribe({topics: 'b', since: 'earliest'});
  const outsider = subscribe({url, topics: 'b', since: 'earliest'});
  t.after(() => [insider, outsider].forEach((each) => each.close()));
  const [event, next] = await take(insider, 2);
  assert.deepEqual([event.type, event.data, event.id, next.data], ['x', 'secret', 'mine', 'open']);
  assert.equal((await take(outsider, 1))[0].data, 'open');
});

test('publish: the same key is published once', async (t) => {
  const {url} = await Daemon.start(t);
  const first = await publish('a', 'x', {url, key: 'k'});
  assert.deepEqual(await publish('a', 'x', {url, key: 'k'}), {id: first.id, duplicate: true});
});

test('publish: what cannot be said in JSON or UTF-8 is refused before it is sent, and told where it is', async () => {
  const url = 'http://127.0.0.1:1';
  for (const [data, message] of [
    [{a: [1, NaN]}, /NaN at "1"/], [Infinity, /Infinity/], [undefined, /data is undefined/], [() => {}, /data is function/],
    [Uint8Array.of(0xff), /not UTF-8/], [1n, /BigInt/],
  ]) {
    await assert.rejects(publish('a', data, {url}), (error) => error instanceof TypeError && message.test(error.message));
  }
  await assert.rejects(publish([], 'x', {url}), /topics must be a name/);
  await assert.rejects(publish('a', 'x', {url, evnt: 'x'}), /unknown option "evnt"/);
  await assert.rejects(publishMany([{topic: 'a', dat: 'x'}], {url}), /unknown field "dat".*event 0/);
  await assert.rejects(publishMany([{topic: 'a', topics: ['b'], data: 'x'}], {url}), /either topic or topics/);
  await assert.rejects(publishMany(5, {url}), /must be iterable/);
});

test('publish: a refusal is an error with what the broker says, and is not repeated', async (t) => {
  const {url} = await Daemon.start(t, JWT_SETTINGS);
  const token = jwt({publish: ['a']}, 4_000_000_000);
  await assert.rejects(publish('a', 'x', {url, token, event: 'open'}),
    (error) => error instanceof RingcastError && error.status === 400 && error.field === 'event' && error.title === 'Bad Request');
  await assert.rejects(publish('b', 'x', {url, token}), (error) => error.status === 403 && /may not publish to b/.test(error.detail));
  await assert.rejects(publish('a', 'x', {url}), {status: 401});
});

test('publish: a connection that broke is tried again with the same key', async (t) => {
  const server = await serve(t, {}, problem(502, 'bad gateway'), RECEIPT);
  assert.deepEqual(await publish('a', 'x', {url: server.url, backoff: FAST}), {id: 'e-1', duplicate: false});
  const [first, second, third] = bodies(server);
  assert.match(first.key, /^[0-9a-f]{32}$/);
  assert.deepEqual([second, third], [first, first]);
});

test('publish: without a key a connection that broke is not tried again, what was refused for now is', async (t) => {
  const broken = await serve(t, {}, RECEIPT);
  await assert.rejects(publish('a', 'x', {url: broken.url, key: null, backoff: FAST}), /publishing failed/);
  assert.equal(broken.requests.length, 1);
  assert.equal('key' in bodies(broken)[0], false);
  const busy = await serve(t, problem(429, 'too many'), problem(503, 'draining'), RECEIPT);
  await publish('a', 'x', {url: busy.url, key: null, backoff: FAST});
});

test('publish: Retry-After is waited for, unless that is longer than retryFor', async (t) => {
  const server = await serve(t, problem(503, 'draining', {'Retry-After': '60'}));
  await assert.rejects(publish('a', 'x', {url: server.url}), {status: 503, retryAfterMs: 60_000});
  assert.equal(server.requests.length, 1);
});

test('publish: retryFor bounds the attempts, and the last error is thrown', async (t) => {
  const server = await serve(t, problem(503, 'draining'));
  await assert.rejects(publish('a', 'x', {url: server.url, retryFor: 100, backoff: {minMs: 10, maxMs: 10, random: () => 1}}),
    {status: 503});
  assert.ok(server.requests.length > 1 && server.requests.length <= 11, `${server.requests.length} attempts`);
});

test('publish: an answer that does not come is given up after timeout', async (t) => {
  const server = await serve(t, {status: 200, headers: {'Content-Type': 'application/json'}, body: '{', hold: true});
  await assert.rejects(publish('a', 'x', {url: server.url, timeout: 50, retryFor: 0}), /no answer within 50 ms/);
});

test('publish: after 401 the token callback is asked once more', async (t) => {
  const server = await serve(t, problem(401, 'expired'), RECEIPT);
  await publish('a', 'x', {url: server.url, token: ({rejected}) => (rejected ? 'new' : 'old')});
  assert.deepEqual(server.requests.map(({headers}) => headers.authorization), ['Bearer old', 'Bearer new']);
});

test('publish: an AbortSignal ends the attempts with its reason', async (t) => {
  const server = await serve(t, problem(503, 'draining', {'Retry-After': '20'}));
  const stop = new AbortController();
  const publishing = publish('a', 'x', {url: server.url, signal: stop.signal, retryFor: 60_000});
  await waitUntil(() => server.requests.length === 1, 'it was tried');
  stop.abort(new Error('enough'));
  await assert.rejects(publishing, /enough/);
});

test('publishMany: 100,000 events arrive in order', async (t) => {
  const total = 100_000;
  const {url} = await Daemon.start(t, {history: {events: total, bytes: '100MiB'}});
  function* events() {
    for (let i = 0; i < total; i += 1) yield {topic: 'a', data: String(i)};
  }
  const {accepted, duplicates, firstId, lastId} = await publishMany(events(), {url});
  assert.deepEqual([accepted, duplicates], [total, 0]);
  const subscription = subscribe({url, topics: 'a', since: 'earliest'});
  t.after(() => subscription.close());
  const got = await take(subscription, total);
  assert.ok(got.every(({data}, i) => data === String(i)));
  assert.deepEqual([got[0].id, got.at(-1).id], [firstId, lastId]);
});

test('publishMany: an async source that pauses does not hold back what it gave', async (t) => {
  const daemon = await Daemon.start(t);
  let release;
  const gate = new Promise((resolve) => { release = resolve; });
  async function* source() {
    yield {topic: 'a', data: '1'};
    await gate;
    yield {topics: ['a', 'b'], data: {n: 2}, event: 'x'};
    yield {topic: 'a', data: 'gone', comment: true};
  }
  const publishing = publishMany(source(), {url: daemon.url});
  await waitUntil(async () => JSON.parse((await daemon.get('/topics/a')).text).events === 1, 'the first is published');
  release();
  assert.equal((await publishing).accepted, 3);
});

test('publishMany: a bad event stops it, those before it stand, and the error tells which it was', async (t) => {
  const daemon = await Daemon.start(t);
  const events = Array.from({length: 30}, (_, i) => ({topic: 'a', data: String(i), ...(i === 25 && {event: 'open'})}));
  await assert.rejects(publishMany(events, {url: daemon.url, batchEvents: 10}),
    {name: 'RingcastError', status: 400, index: 25, field: 'event', accepted: 25});
  assert.equal(JSON.parse((await daemon.get('/topics/a')).text).events, 25);
});

test('publishMany: a source that throws has what came before published', async (t) => {
  const daemon = await Daemon.start(t);
  function* source() {
    yield {topic: 'a', data: '1'};
    throw new Error('the source is broken');
  }
  await assert.rejects(publishMany(source(), {url: daemon.url}), /the source is broken/);
  assert.equal(JSON.parse((await daemon.get('/topics/a')).text).events, 1);
});

test('publishMany: a batch whose connection broke is sent again with the same keys', async (t) => {
  const receipt = answer({accepted: 2, duplicates: 2, first_id: 'e-1', last_id: 'e-2'});
  const server = await serve(t, {}, receipt);
  const total = await publishMany([{topic: 'a', data: 1}, {topic: 'a', data: 2}], {url: server.url, backoff: FAST});
  assert.deepEqual(total, {accepted: 2, duplicates: 2, firstId: 'e-1', lastId: 'e-2'});
  assert.equal(server.requests[1].body, server.requests[0].body);
});

test('publishMany: after a drain in the middle of a batch the rest is sent', async (t) => {
  const partly = {status: 503, headers: {'Content-Type': 'application/problem+json'},
    body: JSON.stringify({status: 503, detail: 'draining', line: 3, accepted: 2, first_id: 'e-1', last_id: 'e-2'})};
  const server = await serve(t, partly, answer({accepted: 1, duplicates: 0, first_id: 'e-3', last_id: 'e-3'}));
  const events = [1, 2, 3].map((data) => ({topic: 'a', data, key: null}));
  const total = await publishMany(events, {url: server.url, backoff: FAST});
  assert.deepEqual(total, {accepted: 3, duplicates: 0, firstId: 'e-1', lastId: 'e-3'});
  assert.equal(server.requests[1].body, '{"topic":"a","data":3}\n');
});
