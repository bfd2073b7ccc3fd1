// The hub of shared subscriptions, without a browser: tabs are mailboxes, the broker is real.

import assert from 'node:assert/strict';
import test from 'node:test';

import {Client} from '../src/index.js';
import {Hub} from '../src/shared/hub.js';
import {matches} from '../src/shared/topic_pattern.js';
import {Daemon} from './harness/daemon.js';
import {jwt, JWT_SETTINGS} from './harness/jwt.js';
import {CuttingProxy} from './harness/proxy.js';
import {serve, stream} from './harness/scripted_server.js';
import {waitUntil} from './harness/waiting.js';

// A tab with one subscription: joins, notes what comes, and can join again from where it was.
class Tab {
  static #count = 0;

  constructor(hub, options, {acknowledges = true, token} = {}) {
    Object.assign(this, {hub, options, acknowledges, token, events: [], messages: [], own: [], joins: 0});
    this.name = `tab${(Tab.#count += 1)}`;
    this.move(hub);
  }

  // To another hub, or anew to the same.
  move(hub) {
    this.hub = hub;
    this.send({type: 'hello'});
    this.join();
  }

  join() {
    this.feed = `${this.name}/${(this.joins += 1)}`;
    this.send({type: 'join', feed: this.feed, options: this.options, cursor: this.cursor, own: this.own});
  }

  send(message) {
    this.hub.receive(this.name, message, (answer) => this.#receive(structuredClone(answer)));
  }

  #receive(message) {
    this.messages.push(message);
    if (message.type === 'token') this.send({type: 'token', ask: message.ask, token: this.token(message)});
    if (message.type !== 'items' || message.feed !== this.feed) return;
    for (const {event, cursor, signature} of message.items) {
      if (cursor) this.cursor = cursor;
      if (signature) this.own.push(signature);
      if (!event) continue;
      this.events.push(event);
      if (this.acknowledges) this.send({type: 'ack', feed: this.feed, count: 1});
    }
  }

  has(type) {
    return this.messages.some((message) => message.type === type);
  }

  texts() {
    return this.events.map(({data}) => data);
  }

  async opened() {
    await waitUntil(() => this.has('open') && this.cursor, `${this.name} is open`);
    return this;
  }

  async wait(count) {
    await waitUntil(() => this.events.length >= count, `${this.name} has ${count} events (has ${this.texts().join()})`);
    return this.texts();
  }

  close() {
    this.send({type: 'bye'});
  }
}

const FAST = {minMs: 1, maxMs: 20};

async function setUp(t, settings, hubOptions) {
  const daemon = await Daemon.start(t, {stream: {retry: '100ms', heartbeat: '300ms'}, ...settings});
  const proxy = await CuttingProxy.start(t, daemon.address);
  const client = new Client({url: daemon.url});
  const hub = new Hub({id: 'h', ...hubOptions});
  t.after(() => hub.close());
  const open = (options, behaviour) => new Tab(hub, {
    url: proxy.url, topics: ['a'], backoff: FAST, share: '', union: false, tokenIsAsked: false, ...options,
  }, behaviour);
  return {daemon, proxy, client, hub, open};
}

async function connections(daemon, topic, count) {
  await daemon.waitForSubscribers(topic, count);
}

test('hub: twenty tabs that come at once share one connection, and all receive', async (t) => {
  const {daemon, proxy, client, open} = await setUp(t);
  const tabs = Array.from({length: 20}, () => open());
  for (const tab of tabs) await tab.opened();
  await client.publish('a', 'x', {event: 'paid'});
  for (const tab of tabs) {
    await tab.wait(1);
    assert.deepEqual([tab.events[0].type, tab.events[0].data, tab.events[0].topic], ['paid', 'x', 'a']);
  }
  assert.equal(proxy.streams().length, 1);
  await connections(daemon, 'a', 1);
});

test('hub: the connection ends with the last tab', async (t) => {
  const {daemon, open} = await setUp(t);
  const tabs = [open(), open()];
  for (const tab of tabs) await tab.opened();
  tabs[0].close();
  await connections(daemon, 'a', 1);
  tabs[1].close();
  await connections(daemon, 'a', 0);
});

test('hub: a tab without a lock that falls silent counts as gone', async (t) => {
  const {daemon, hub, open} = await setUp(t, {}, {silenceMs: 500});
  const tab = open();
  // It speaks until it is open; on a busy machine even that may be too seldom, and it comes again.
  await waitUntil(() => {
    if (tab.messages.at(-1)?.type === 'stranger') tab.move(hub);
    tab.send({type: 'ping'});
    return tab.has('open');
  }, 'the tab is open');
  await connections(daemon, 'a', 0);
});

test('hub: a tab that joins late starts at its joining, on the same connection', async (t) => {
  const {proxy, client, open} = await setUp(t);
  const first = await open().opened();
  await client.publish('a', '1');
  await first.wait(1);
  const late = await open().opened();
  await client.publish('a', '2');
  assert.deepEqual(await late.wait(1), ['2']);
  assert.deepEqual(await first.wait(2), ['1', '2']);
  assert.equal(proxy.streams().length, 1);
});

test('hub: since and lastEventId give each tab its own start, and then one connection for all', async (t) => {
  const {daemon, client, open} = await setUp(t);
  await client.publish('a', '1');
  const {id} = await client.publish('a', '2');
  await client.publish('a', '3');
  const tabs = [open(), open({since: 'earliest'}), open({since: '-1'}), open({lastEventId: id}), open({since: '10m'})];
  for (const tab of tabs) await tab.opened();
  await connections(daemon, 'a', 1);
  await client.publish('a', '4');
  const expected = [['4'], ['1', '2', '3', '4'], ['3', '4'], ['3', '4'], ['1', '2', '3', '4']];
  for (const [i, tab] of tabs.entries()) assert.deepEqual(await tab.wait(expected[i].length), expected[i], `tab ${i}`);
});

test('hub: a tab that wants what the hub still has gets it from the hub', async (t) => {
  const {proxy, client, open} = await setUp(t);
  const first = await open().opened();
  const {id} = await client.publish('a', '1');
  await client.publish('a', '2');
  await first.wait(2);
  const second = open();
  second.close();
  Object.assign(second, {cursor: {id, epoch: id.split('-')[0], seq: Number(id.split('-')[1])}});
  second.move(second.hub);
  assert.deepEqual(await second.wait(1), ['2']);
  assert.equal(proxy.streams().length, 1);
});

test('hub: a network that is cut brings every tab what it missed, once', async (t) => {
  const {proxy, client, open} = await setUp(t, {history: {events: 5000}});
  const tabs = Array.from({length: 3}, () => open());
  for (const tab of tabs) await tab.opened();
  const numbers = Array.from({length: 600}, (_, i) => String(i));
  const publishing = client.publishMany(numbers.map((data) => ({topic: 'a', data})), {batchEvents: 50});
  await tabs[0].wait(20);
  proxy.cut();
  await waitUntil(() => tabs[0].has('retrying'), 'the tab is told of the cut');
  proxy.refuse();
  await publishing;
  proxy.acceptAgain();
  for (const tab of tabs) assert.deepEqual(await tab.wait(600), numbers);
});

test('hub: who joins while the network is away starts at the present, not where the others resume', async (t) => {
  const {proxy, client, open} = await setUp(t);
  const first = await open().opened();
  proxy.refuse();
  await waitUntil(() => first.has('retrying'), 'the network is away');
  await client.publish('a', 'before');
  const late = open();
  proxy.acceptAgain();
  await late.opened();
  await client.publish('a', 'after');
  assert.deepEqual(await late.wait(1), ['after']);
  assert.deepEqual(await first.wait(2), ['before', 'after']);
});

test('hub: without union, tabs with other topics have their own connections', async (t) => {
  const {daemon, client, open} = await setUp(t);
  const a = await open().opened();
  const b = await open({topics: ['b']}).opened();
  await client.publish(['a', 'b'], 'both');
  assert.deepEqual([await a.wait(1), await b.wait(1)], [['both'], ['both']]);
  await connections(daemon, 'a', 1);
  await connections(daemon, 'b', 1);
});

test('hub: with union, tabs with other topics share one connection, and each gets its own', async (t) => {
  const {daemon, proxy, client, open} = await setUp(t);
  const a = await open({union: true}).opened();
  await client.publish('b/1', 'before b joined');
  const b = await open({union: true, topics: ['b/*']}).opened();
  const c = await open({union: true, topics: ['c/**', 'a']}).opened();
  await connections(daemon, 'a', 1);
  await connections(daemon, 'b/1', 1);
  await client.publishMany(['a', 'b/1', 'c/d', 'a', 'b/2', 'c'].map((topic, i) => ({topic, data: `${topic}${i}`})));
  assert.deepEqual(await a.wait(2), ['a0', 'a3']);
  assert.deepEqual(await b.wait(2), ['b/11', 'b/24']);
  assert.deepEqual(await c.wait(4), ['a0', 'c/d2', 'a3', 'c5']);
  assert.deepEqual(b.events.map(({topic}) => topic), ['b/1', 'b/2']);
  const last = proxy.streams().at(-1);
  for (const topic of ['topic=a', 'topic=b%2F*', 'topic=c%2F**']) assert.ok(last.includes(topic), last);
});

test('hub: with union, an event whose envelope names all its topics reaches the tabs of each', async (t) => {
  const envelope = JSON.stringify({id: 'e-2', time: '2026-01-02T03:04:05.678Z', topic: 'a', topics: ['a', 'b'], data: 'both'});
  const server = await serve(t, stream(`id: e-1\n\nid: e-2\ndata: ${envelope}\n\n`, {hold: true}));
  const hub = new Hub({id: 'h'});
  t.after(() => hub.close());
  const tabs = ['a', 'b', 'c'].map((topic) => new Tab(hub, {url: server.url, topics: [topic], union: true}));
  for (const tab of tabs.slice(0, 2)) assert.deepEqual(await tab.wait(1), ['both']);
  assert.deepEqual(tabs.map(({events}) => events[0]?.topic), ['a', 'b', undefined]);
});

test('hub: while the union changes nothing is lost and nothing repeated', async (t) => {
  const {daemon, client, open} = await setUp(t, {history: {events: 10_000}});
  const first = await open({union: true}).opened();
  const numbers = Array.from({length: 1500}, (_, i) => String(i));
  const publishing = client.publishMany(numbers.map((data) => ({topic: 'a', data})), {batchEvents: 20});
  const others = [];
  for (const topic of ['b', 'c', 'd', 'e']) others.push(await open({union: true, topics: [topic]}).opened());
  await publishing;
  assert.deepEqual(await first.wait(1500), numbers);
  for (const tab of others) {
    await client.publish(tab.options.topics[0], 'mine');
    assert.deepEqual(await tab.wait(1), ['mine']);
  }
  await connections(daemon, 'a', 1);
});

test('hub: with union, a tab that may not read its topic fails alone', async (t) => {
  const token = jwt({subscribe: ['a', 'c'], publish: ['**']}, 4_000_000_000);
  const {daemon, open} = await setUp(t, JWT_SETTINGS);
  const client = new Client({url: daemon.url, token});
  const together = {union: true, token};
  // Before anything is connected, and after.
  const tabs = [open({...together}), open({...together, topics: ['b']}), open({...together, topics: ['c']})];
  await waitUntil(() => tabs[1].has('failed'), 'the tab is refused');
  const {error} = tabs[1].messages.find(({type}) => type === 'failed');
  assert.equal(error.status, 403);
  assert.match(error.detail, /may not subscribe to b/);
  const late = open({...together, topics: ['d']});
  await waitUntil(() => late.has('failed'), 'the late tab is refused');
  for (const tab of [tabs[0], tabs[2]]) {
    await tab.opened();
    await client.publish(tab.options.topics[0], 'x');
    assert.deepEqual(await tab.wait(1), ['x']);
    assert.ok(!tab.has('failed'));
  }
});

test('hub: a token callback is asked in a tab that is there, and again after 401', async (t) => {
  const {daemon, open} = await setUp(t, {...JWT_SETTINGS, stream: {retry: '100ms'}});
  const good = jwt({subscribe: ['a'], publish: ['a']}, 4_000_000_000);
  const asked = [];
  const tab = await open({tokenIsAsked: true}, {token: ({rejected}) => {
    asked.push(rejected);
    return rejected ? good : 'bad';
  }}).opened();
  await new Client({url: daemon.url, token: good}).publish('a', 'x');
  assert.deepEqual(await tab.wait(1), ['x']);
  assert.deepEqual(asked, [false, true]);
});

test('hub: tabs with other tokens do not share', async (t) => {
  const {proxy, open} = await setUp(t, JWT_SETTINGS);
  const tokens = [4_000_000_000, 4_000_000_001].map((exp) => jwt({subscribe: ['a']}, exp));
  for (const token of tokens) await open({token}).opened();
  assert.equal(proxy.streams().length, 2);
});

test('hub: a restart of the broker is told to every tab as a gap, once', async (t) => {
  const {daemon, client, open} = await setUp(t);
  const tabs = [await open().opened(), await open().opened()];
  await client.publish('a', '1');
  for (const tab of tabs) await tab.wait(1);
  await daemon.restart();
  await client.publish('a', '2');
  for (const tab of tabs) {
    await tab.wait(3);
    assert.deepEqual(tab.events.map(({type}) => type), ['message', 'ringcast.gap', 'message']);
    assert.equal(JSON.parse(tab.events[1].data).reason, 'epoch');
  }
});

test('hub: events that left the history are told as a gap with their number, once for each tab', async (t) => {
  const {proxy, client, open} = await setUp(t, {history: {events: 5, grace: '0'}});
  const tabs = [await open().opened(), await open().opened()];
  proxy.refuse();
  await waitUntil(() => tabs[0].has('retrying'), 'the network is away');
  await client.publishMany(Array.from({length: 20}, (_, i) => ({topic: 'a', data: String(i)})));
  proxy.acceptAgain();
  for (const tab of tabs) {
    await tab.wait(6);
    const [gap, ...events] = tab.events;
    assert.deepEqual(JSON.parse(gap.data).missed, 15);
    assert.deepEqual(events.map(({data}) => data), ['15', '16', '17', '18', '19']);
  }
});

test('hub: events with ids of their publishers, unique or not, come once through cuts', async (t) => {
  const {proxy, client, open} = await setUp(t);
  const tabs = [await open().opened(), await open().opened()];
  const expected = [];
  for (const id of ['status', 'other', 'status', undefined, 'status']) {
    const data = `${id} ${expected.length}`;
    await client.publish('a', data, {id});
    expected.push(data);
    for (const tab of tabs) assert.deepEqual(await tab.wait(expected.length), expected);
    const before = proxy.streams().length;
    proxy.cut();
    await waitUntil(() => proxy.streams().length > before, 'it has come back');
  }
});

test('hub: a tab that joins late gets no event without a position from before its cursor, and none twice', async (t) => {
  const {client, open} = await setUp(t);
  const first = await open().opened();
  await client.publish('a', '1', {id: 'x'});
  const {id} = await client.publish('a', '2');
  await client.publish('a', '3', {id: 'x'});
  await first.wait(3);
  const late = open({lastEventId: id});
  const since = open({since: 'earliest'});
  await client.publish('a', '4', {id: 'x'});
  await client.publish('a', '5');
  assert.deepEqual(await first.wait(5), ['1', '2', '3', '4', '5']);
  assert.deepEqual(await since.wait(5), ['1', '2', '3', '4', '5']);
  assert.deepEqual(await late.wait(3), ['3', '4', '5']);
});

test('hub: the last events of some types are counted for them alone', async (t) => {
  const {daemon, client, open} = await setUp(t);
  for (const [event, data] of [['x', '1'], ['x', '2'], ['x', '3'], ['y', 'a'], ['y', 'b']]) await client.publish('a', data, {event});
  const tab = open({events: ['x'], since: '-2'});
  assert.deepEqual(await tab.wait(2), ['2', '3']);
  await connections(daemon, 'a', 1);
  await client.publish('a', '4', {event: 'x'});
  assert.deepEqual(await tab.wait(3), ['2', '3', '4']);
});

test('hub: while the connection may still be behind, who joins asks the broker where the present is', async (t) => {
  const server = await serve(t, stream('id: e-1\n\n'), stream('id: e-1\n\n', {hold: true}), stream('id: e-5\n\n', {hold: true}));
  const hub = new Hub({id: 'h'});
  t.after(() => hub.close());
  const options = {url: server.url, topics: ['a'], backoff: FAST};
  const first = await new Tab(hub, options).opened();
  await waitUntil(() => first.messages.filter(({type}) => type === 'open').length === 2, 'the connection was opened again');
  const late = await new Tab(hub, options).opened();
  assert.equal(late.cursor.id, 'e-5');
  assert.deepEqual(server.requests.map(({headers}) => headers['last-event-id']), [undefined, 'e-1', undefined]);
});

test('hub: who joins a connection that is open, but stands nowhere yet, is told that it is open', async (t) => {
  const server = await serve(t, stream('', {hold: true}));
  const hub = new Hub({id: 'h'});
  t.after(() => hub.close());
  const options = {url: server.url, topics: ['a']};
  const first = new Tab(hub, options);
  await waitUntil(() => first.has('open'), 'the connection is open');
  const late = new Tab(hub, options);
  await waitUntil(() => late.has('open'), 'the late tab is open');
  assert.equal(server.requests.length, 1);
});

test('hub: another hub goes on for each tab where it was', async (t) => {
  const {client, hub, open} = await setUp(t);
  const tabs = [await open().opened(), await open().opened(), await open({union: true, topics: ['b']}).opened()];
  await client.publish('a', '1');
  await client.publish('a', 'mine', {id: 'own'});
  for (const tab of tabs.slice(0, 2)) await tab.wait(2);
  hub.close();
  await client.publish('a', '2');
  await client.publish('b', '3');
  const next = new Hub({id: 'next'});
  t.after(() => next.close());
  tabs.forEach((tab) => tab.move(next));
  for (const tab of tabs.slice(0, 2)) assert.deepEqual(await tab.wait(3), ['1', 'mine', '2']);
  assert.deepEqual(await tabs[2].wait(1), ['3']);
});

test('hub: a tab that does not take its events is let go, others go on, and it comes back for the rest', async (t) => {
  const {client, open} = await setUp(t, {history: {events: 20_000}});
  const slow = await open({}, {acknowledges: false}).opened();
  const quick = await open().opened();
  const numbers = Array.from({length: 5000}, (_, i) => String(i));
  await client.publishMany(numbers.map((data) => ({topic: 'a', data})));
  assert.deepEqual(await quick.wait(5000), numbers);
  await waitUntil(() => slow.has('lagging'), 'the slow tab is let go');
  assert.ok(slow.events.length <= 2100, `${slow.events.length} events without an acknowledgement`);
  slow.acknowledges = true;
  slow.join();
  assert.deepEqual(await slow.wait(5000), numbers);
});

test('hub: filters by type and size hold for each tab', async (t) => {
  const {proxy, client, open} = await setUp(t);
  const all = await open().opened();
  const some = await open({events: ['x'], maxData: 5}).opened();
  await client.publish('a', 'no');
  await client.publish('a', 'short', {event: 'x'});
  await client.publish('a', 'länger', {event: 'x'});
  await all.wait(3);
  await some.wait(2);
  assert.deepEqual(some.events.map(({type, data}) => [type, data]), [['x', 'short'], ['ringcast.oversize', '{"bytes":7}']]);
  assert.equal(proxy.streams().length, 1);
});

test('hub: a tab that the hub does not know is told so', () => {
  const hub = new Hub({id: 'h'});
  const told = [];
  hub.receive('x', {type: 'ping'}, (message) => told.push(message.type));
  hub.receive('x', {type: 'hello'}, (message) => told.push(message.type));
  hub.receive('x', {type: 'ping'}, (message) => told.push(message.type));
  hub.close();
  assert.deepEqual(told, ['stranger', 'welcome', 'pong']);
});

test('hub: patterns match as in the broker', () => {
  for (const [pattern, topic, expected] of [
    ['a', 'a', true], ['a', 'b', false], ['a/*', 'a/b', true], ['a/*', 'a', false], ['a/*', 'a/b/c', false],
    ['a/**', 'a', true], ['a/**', 'a/b/c', true], ['a/**', 'ab', false], ['**', 'a/b', true], ['*', 'a', true], ['*', 'a/b', false],
    ['**', '$sys/x', false], ['*/x', '$sys/x', false], ['$sys/**', '$sys/x', true], ['a/*/c', 'a//c', true],
  ]) assert.equal(matches(pattern, topic), expected, `${pattern} ${topic}`);
});
