import assert from 'node:assert/strict';
import test from 'node:test';

import {EventSource} from '../src/eventsource.js';
import {Daemon} from './harness/daemon.js';
import {problem, serve, stream} from './harness/scripted_server.js';
import {once, waitUntil} from './harness/waiting.js';

function open(t, url, options) {
  const source = new EventSource(url, options);
  t.after(() => source.close());
  return source;
}

test('EventSource: follows the broker, resumes after its crash, and is told of gaps', async (t) => {
  const daemon = await Daemon.start(t, {journal: {path: 'journal'}, stream: {retry: '100ms'}});
  const source = open(t, `${daemon.url}/events?topic=a`);
  assert.equal(source.readyState, EventSource.CONNECTING);
  await once(source, 'open');
  assert.equal(source.readyState, source.OPEN);
  const events = [];
  source.onmessage = ({data, lastEventId, origin}) => events.push({data, lastEventId, origin});
  const first = await daemon.publish('a', 'one');
  await waitUntil(() => events.length === 1, 'the first event');
  assert.deepEqual(events, [{data: 'one', lastEventId: first, origin: daemon.url}]);
  await daemon.restart();
  await daemon.publish('a', 'two');
  await waitUntil(() => events.length === 2, 'the second event');
  assert.equal(events[1].data, 'two');
});

test('EventSource: the constants, url and withCredentials are those of the standard', async (t) => {
  const server = await serve(t, stream('', {hold: true}));
  const source = open(t, `${server.url}/a`, {withCredentials: true});
  assert.deepEqual([EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED], [0, 1, 2]);
  assert.deepEqual([source.CONNECTING, source.OPEN, source.CLOSED], [0, 1, 2]);
  assert.equal(source.url, `${server.url}/a`);
  assert.equal(source.withCredentials, true);
  assert.ok(source instanceof EventTarget);
});

test('EventSource: a bad URL is a SyntaxError', () => {
  assert.throws(() => new EventSource('no url'), {name: 'SyntaxError'});
});

test('EventSource: types, ids and handlers work as in browsers', async (t) => {
  const server = await serve(t, stream('id: 1\nevent: x\ndata: a\n\ndata: b\n\nid\ndata: c\n\n', {hold: true}));
  const source = open(t, server.url);
  const seen = [];
  const note = (who) => (event) => seen.push([who, event.type, event.data, event.lastEventId]);
  source.onmessage = note('replaced');
  source.addEventListener('message', note('listener'));
  source.onmessage = note('handler');
  source.addEventListener('x', note('x'));
  await waitUntil(() => seen.length === 5, 'all events');
  assert.deepEqual(seen, [['x', 'x', 'a', '1'],
    ['handler', 'message', 'b', '1'], ['listener', 'message', 'b', '1'],
    ['handler', 'message', 'c', ''], ['listener', 'message', 'c', '']]);
  source.onmessage = null;
  assert.equal(source.onmessage, null);
});

for (const [name, answer, code] of [
  ['204', {status: 204}, 204], ['401', problem(401, 'no'), 401], ['404', problem(404, 'no'), 404], ['503', problem(503, 'no'), 503],
  ['another type', {status: 200, headers: {'Content-Type': 'text/plain'}, body: 'data: a\n\n'}, 200],
]) {
  test(`EventSource: ${name} ends it for good`, async (t) => {
    const server = await serve(t, answer);
    const source = open(t, server.url);
    const error = await once(source, 'error');
    assert.equal(error.code, code);
    assert.equal(source.readyState, EventSource.CLOSED);
    assert.equal(server.requests.length, 1);
  });
}

test('EventSource: a connection that breaks is opened again after the time of retry, with the last id', async (t) => {
  const server = await serve(t, stream('retry: 1\nid: é7\ndata: a\n\nid: 8\ndata: cut', {cut: true}), stream('data: b\n\n', {hold: true}));
  const source = open(t, server.url);
  const states = [];
  source.onerror = () => states.push(source.readyState);
  const data = [];
  source.onmessage = (event) => data.push(event.data);
  await waitUntil(() => data.length === 2, 'both events');
  assert.deepEqual(states, [EventSource.CONNECTING]);
  assert.deepEqual(data, ['a', 'b']);
  const [first, second] = server.requests.map(({headers}) => headers['last-event-id']);
  assert.equal(first, undefined);
  assert.equal(Buffer.from(second, 'latin1').toString(), 'é7');
});

test('EventSource: takes headers, fixed or asked for each time, and a fetch of your own', async (t) => {
  const server = await serve(t, stream('retry: 1\n\n'), stream('data: a\n\n', {hold: true}));
  let asked = 0;
  let fetched = 0;
  const source = open(t, server.url, {
    headers: async () => ({'X-Count': String(asked += 1)}),
    fetch: (...values) => {
      fetched += 1;
      return fetch(...values);
    },
  });
  await once(source, 'message');
  assert.deepEqual(server.requests.map(({headers}) => headers['x-count']), ['1', '2']);
  assert.equal(server.requests[0].headers.accept, 'text/event-stream');
  assert.equal(fetched, 2);
});

test('EventSource: close() ends the connection and everything after it', async (t) => {
  const daemon = await Daemon.start(t);
  const source = open(t, `${daemon.url}/events?topic=a`);
  await once(source, 'open');
  await daemon.waitForSubscribers('a', 1);
  source.close();
  assert.equal(source.readyState, EventSource.CLOSED);
  await daemon.waitForSubscribers('a', 0);
});

test('EventSource: close() in a listener stops the events that were read with it', async (t) => {
  const server = await serve(t, stream('data: a\n\ndata: b\n\nevent: end\ndata: c\n\n', {hold: true}));
  const source = open(t, server.url);
  const data = [];
  source.onmessage = (event) => {
    data.push(event.data);
    source.close();
  };
  source.addEventListener('end', () => data.push('end'));
  await waitUntil(() => data.length > 0, 'the first event');
  assert.deepEqual(data, ['a']);
});
