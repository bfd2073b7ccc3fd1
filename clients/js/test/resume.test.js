// Subscriptions to the real ringcastd: what survives restarts, cuts, gaps and tokens that expire.

import assert from 'node:assert/strict';
import test from 'node:test';

import {Client, subscribe, subscribeShared} from '../src/index.js';
import {Daemon} from './harness/daemon.js';
import {jwt, JWT_SETTINGS} from './harness/jwt.js';
import {CuttingProxy} from './harness/proxy.js';
import {once, take, waitUntil} from './harness/waiting.js';

const FAST = {minMs: 1, maxMs: 50};

function open(t, url, options) {
  const subscription = subscribe({url, topics: 'a', backoff: FAST, ...options});
  t.after(() => subscription.close());
  return subscription;
}

const texts = (events) => events.map(({data}) => data);
const numbers = (first, last) => Array.from({length: last - first + 1}, (_, i) => String(first + i));

async function publishNumbers(daemon, first, last, topic = 'a') {
  const client = new Client({url: daemon.url});
  await client.publishMany(numbers(first, last).map((data) => ({topic, data})));
}

test('resume: live events come in order, with ids, and closing ends the connection', async (t) => {
  const daemon = await Daemon.start(t);
  const subscription = open(t, daemon.url);
  await subscription.opened;
  const id = await daemon.publish('a', 'one', '?event=greeting');
  const [event] = await take(subscription, 1);
  assert.deepEqual([event.type, event.data, event.id], ['greeting', 'one', id]);
  await daemon.waitForSubscribers('a', 1);
  subscription.close();
  await daemon.waitForSubscribers('a', 0);
});

test('resume: since, lastEventId, events and patterns choose what comes', async (t) => {
  const daemon = await Daemon.start(t);
  const id = await daemon.publish('a', 'old');
  await daemon.publish('a/1', 'x', '?event=x');
  await daemon.publish('a', 'new');
  assert.deepEqual(texts(await take(open(t, daemon.url, {since: 'earliest'}), 2)), ['old', 'new']);
  assert.deepEqual(texts(await take(open(t, daemon.url, {since: -1}), 1)), ['new']);
  assert.deepEqual(texts(await take(open(t, daemon.url, {since: new Date(0)}), 2)), ['old', 'new']);
  assert.deepEqual(texts(await take(open(t, daemon.url, {lastEventId: id}), 1)), ['new']);
  assert.deepEqual(texts(await take(open(t, daemon.url, {topics: ['a/**'], events: 'x', since: 'earliest'}), 1)), ['x']);
});

test('resume: with an envelope each event tells its topic and its time', async (t) => {
  const daemon = await Daemon.start(t);
  const before = Date.now();
  const id = await daemon.publish('a/1', '{"n":1}', '?event=x');
  const [event] = await take(open(t, daemon.url, {topics: 'a/*', envelope: true, since: 'earliest'}), 1);
  assert.deepEqual([event.type, event.data, event.id, event.topic], ['x', '{"n":1}', id, 'a/1']);
  assert.ok(event.time instanceof Date && event.time >= before && event.time <= Date.now());
});

test('resume: in Node, subscribeShared() has a connection of its own, and the same events', async (t) => {
  const daemon = await Daemon.start(t);
  await daemon.publish('a', 'x');
  const subscription = subscribeShared({url: daemon.url, topics: 'a', since: -1, union: true, share: 'me'});
  t.after(() => subscription.close());
  const [event] = await take(subscription, 1);
  assert.deepEqual([event.data, event.topic], ['x', 'a']);
});

test('resume: what is longer than maxData comes as ringcast.oversize', async (t) => {
  const daemon = await Daemon.start(t);
  await daemon.publish('a', 'x'.repeat(11));
  const [event] = await take(open(t, daemon.url, {maxData: 10, since: 'earliest'}), 1);
  assert.deepEqual([event.type, event.oversize], ['ringcast.oversize', {bytes: 11}]);
});

test('resume: published comments reach onComment', async (t) => {
  const daemon = await Daemon.start(t);
  const comments = [];
  const subscription = open(t, daemon.url, {onComment: (text) => comments.push(text)});
  await subscription.opened;
  await waitUntil(async () => {
    await new Client({url: daemon.url}).publish('a', 'hello', {comment: true});
    return comments.includes('hello');
  }, 'the comment has come');
});

test('resume: a connection that is cut again and again, inside events, loses and repeats nothing', async (t) => {
  const daemon = await Daemon.start(t, {history: {events: 10_000}, stream: {retry: '100ms'}});
  const proxy = await CuttingProxy.start(t, daemon.address);
  proxy.cutAfterBytes = 5003;
  await publishNumbers(daemon, 1, 1000);
  const subscription = open(t, proxy.url, {since: 'earliest'});
  assert.deepEqual(texts(await take(subscription, 1000)), numbers(1, 1000));
  assert.ok(proxy.streams().length > 5, `${proxy.streams().length} connections`);
});

test('resume: a network that is away for a while brings what was missed, once', async (t) => {
  const daemon = await Daemon.start(t);
  const proxy = await CuttingProxy.start(t, daemon.address);
  const subscription = open(t, proxy.url);
  await subscription.opened;
  await publishNumbers(daemon, 1, 3);
  assert.deepEqual(texts(await take(subscription, 3)), numbers(1, 3));
  const away = once(subscription, 'error');
  proxy.refuse();
  await away;
  await publishNumbers(daemon, 4, 6);
  const back = once(subscription, 'open');
  proxy.acceptAgain();
  await back;
  await publishNumbers(daemon, 7, 9);
  assert.deepEqual(texts(await take(subscription, 6)), numbers(4, 9));
});

test('resume: with a journal ids survive a crash of the broker', async (t) => {
  const daemon = await Daemon.start(t, {journal: {path: 'journal'}, stream: {retry: '100ms'}});
  const subscription = open(t, daemon.url);
  await subscription.opened;
  await publishNumbers(daemon, 1, 2);
  assert.deepEqual(texts(await take(subscription, 2)), ['1', '2']);
  await daemon.restart();
  await publishNumbers(daemon, 3, 4);
  assert.deepEqual(texts(await take(subscription, 2)), ['3', '4']);
});

test('resume: without a journal a restart is told as a gap of reason epoch', async (t) => {
  const daemon = await Daemon.start(t);
  const gaps = [];
  const subscription = open(t, daemon.url, {onGap: (gap) => gaps.push(gap)});
  await subscription.opened;
  await publishNumbers(daemon, 1, 1);
  const [{id}] = await take(subscription, 1);
  await daemon.restart();
  await publishNumbers(daemon, 2, 2);
  const [gap, event] = await take(subscription, 2);
  assert.equal(gap.type, 'ringcast.gap');
  assert.deepEqual([gap.gap.reason, gap.gap.requested, gap.gap.missed], ['epoch', id, null]);
  assert.equal(event.data, '2');
  assert.deepEqual(gaps, [gap.gap]);
});

test('resume: events that have left the history meanwhile are told as a gap, with their number', async (t) => {
  const daemon = await Daemon.start(t, {history: {events: 5, grace: '0'}, stream: {retry: '100ms'}});
  const proxy = await CuttingProxy.start(t, daemon.address);
  const gaps = [];
  const events = [];
  const subscription = open(t, proxy.url, {onGap: (gap) => gaps.push(gap), onEvent: (event) => events.push(event)});
  await subscription.opened;
  await publishNumbers(daemon, 1, 1);
  await waitUntil(() => events.length === 1, 'the first event');
  proxy.refuse();
  await publishNumbers(daemon, 2, 20);
  proxy.acceptAgain();
  await waitUntil(() => events.at(-1).data === '20', 'the last event');
  assert.deepEqual(texts(events.slice(-5)), numbers(16, 20));
  assert.equal(events.length, 7);
  assert.deepEqual(gaps.map(({reason, missed, requested}) => ({reason, missed, requested})),
    [{reason: 'expired', missed: 14, requested: events[0].id}]);
});

test('resume: a consumer that lags keeps a bounded queue, and the broker tells what it missed', async (t) => {
  const daemon = await Daemon.start(t, {
    history: {events: 50, grace: '0'}, stream: {retry: '100ms', send_buffer: '4KiB', write_stall: '1h'},
  });
  const subscription = open(t, daemon.url, {queueSize: 10});
  await subscription.opened;
  const total = 3000;
  const data = 'x'.repeat(20_000);
  const client = new Client({url: daemon.url});
  await client.publishMany(numbers(1, total).map((number) => ({topic: 'a', data: `${number} ${data}`})));
  let last = 0;
  let told = false;
  const gaps = [];
  for await (const event of subscription) {
    if (event.gap) {
      gaps.push(event.gap);
      told = true;
      continue;
    }
    const number = parseInt(event.data, 10);
    assert.ok(number === last + 1 || (told && number > last), `${number} comes after ${last}`);
    last = number;
    told = false;
    if (number === total) break;
  }
  assert.ok(gaps.length > 0 && gaps.every(({reason}) => reason === 'lagged'), JSON.stringify(gaps));
});

test('resume: a stream whose token expires goes on with a fresh one, without loss', async (t) => {
  const daemon = await Daemon.start(t, {...JWT_SETTINGS, stream: {retry: '100ms'}});
  const grants = {publish: ['**'], subscribe: ['a']};
  const forever = jwt(grants, 4_000_000_000);
  const client = new Client({url: daemon.url, token: forever});
  let asked = 0;
  const tokens = () => {
    asked += 1;
    return asked === 1 ? jwt(grants, Math.ceil(Date.now() / 1000) + 3) : forever;
  };
  const comments = [];
  const subscription = open(t, daemon.url, {token: tokens, onComment: (text) => comments.push(text)});
  await subscription.opened;
  await client.publish('a', 'before');
  assert.deepEqual(texts(await take(subscription, 1)), ['before']);
  await waitUntil(() => asked === 2, 'the stream has ended with its token');
  await client.publish('a', 'after');
  assert.deepEqual(texts(await take(subscription, 1)), ['after']);
  assert.ok(comments.some((text) => /token/.test(text)), comments.join('; '));
});

test('resume: 401 and 403 carry what the broker says', async (t) => {
  const daemon = await Daemon.start(t, JWT_SETTINGS);
  await assert.rejects(open(t, daemon.url).next(), {status: 401});
  const expired = jwt({subscribe: ['a']}, 1_000_000_000);
  await assert.rejects(open(t, daemon.url, {token: expired}).next(),
    (error) => error.status === 401 && /expired/.test(error.detail));
  const token = jwt({subscribe: ['a']}, 4_000_000_000);
  await assert.rejects(open(t, daemon.url, {token, topics: 'b'}).next(),
    (error) => error.status === 403 && /may not subscribe to b/.test(error.detail));
});

test('resume: 400 names the field', async (t) => {
  const daemon = await Daemon.start(t);
  await assert.rejects(open(t, daemon.url, {topics: 'a*b'}).next(), {status: 400, field: 'topic'});
});
