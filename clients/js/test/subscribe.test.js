// What a subscription does with what a server sends, byte for byte.

import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import test from 'node:test';

import {RingcastError, subscribe} from '../src/index.js';
import {problem, serve, STREAM, stream} from './harness/scripted_server.js';
import {once, take, waitUntil} from './harness/waiting.js';

const FAST = {minMs: 1, maxMs: 20};

function open(t, server, options) {
  const subscription = subscribe({url: server.url, topics: 'a', backoff: FAST, ...options});
  t.after(() => subscription.close());
  return subscription;
}

const texts = (events) => events.map(({data}) => data);

test('subscribe: the iterator and the listeners get the same events', async (t) => {
  const server = await serve(t, stream('id: 1\ndata: a\n\nid: 2\nevent: paid\ndata: {"n":1}\n\n', {hold: true}));
  const subscription = open(t, server);
  const heard = [];
  subscription.addEventListener('message', (event) => heard.push(event));
  subscription.addEventListener('paid', (event) => heard.push(event));
  const events = await take(subscription, 2);
  assert.deepEqual(events.map(({type, data, id, lastEventId}) => [type, data, id, lastEventId]),
    [['message', 'a', '1', '1'], ['paid', '{"n":1}', '2', '2']]);
  assert.deepEqual(events[1].json(), {n: 1});
  assert.deepEqual(heard, events);
});

test('subscribe: events wait for the first listener, and all listeners of its turn get them', async (t) => {
  const server = await serve(t, stream('data: a\n\nevent: b\ndata: b\n\n: end\n\n', {hold: true}));
  const comments = [];
  const subscription = open(t, server, {onComment: (text) => comments.push(text)});
  await waitUntil(() => comments.includes('end'), 'all is read');
  const heard = [];
  subscription.addEventListener('b', ({data}) => heard.push(data));
  subscription.addEventListener('message', ({data}) => heard.push(data));
  await waitUntil(() => heard.length === 2, 'both events are heard');
  assert.deepEqual(heard, ['a', 'b']);
});

test('subscribe: listening for open and error takes no event from the iterator', async (t) => {
  const server = await serve(t, stream('data: a\n\n', {hold: true}));
  const subscription = open(t, server);
  subscription.addEventListener('error', () => {});
  await once(subscription, 'open');
  assert.deepEqual(texts(await take(subscription, 1)), ['a']);
});

test('subscribe: onEvent gets events of every type, onGap what is missing', async (t) => {
  const gap = {requested: '1', resumed: '3', reason: 'expired', missed: 2};
  const server = await serve(t, stream(`id: 3\nevent: ringcast.gap\ndata: ${JSON.stringify(gap)}\n\nevent: x\ndata: a\n\n`,
    {hold: true}));
  const events = [];
  const gaps = [];
  open(t, server, {onEvent: (event) => events.push(event), onGap: (told) => gaps.push(told)});
  await waitUntil(() => events.length === 2, 'both are there');
  assert.deepEqual(gaps, [gap]);
  assert.deepEqual(events.map(({type}) => type), ['ringcast.gap', 'x']);
  assert.deepEqual(events[0].gap, gap);
});

test('subscribe: an event that was cut is not delivered, and the id stays before it', async (t) => {
  const server = await serve(t,
    stream('id: 1\ndata: a\n\nid: 2\ndata: b\n', {cut: true}),
    stream('id: 2\ndata: b\n\n', {hold: true}));
  const events = await take(open(t, server), 2);
  assert.deepEqual(texts(events), ['a', 'b']);
  assert.deepEqual(server.requests.map(({headers}) => headers['last-event-id']), [undefined, '1']);
});

test('subscribe: a block with only an id moves the resume point', async (t) => {
  const server = await serve(t, stream('id: 1\ndata: a\n\nid: 5\n\n'), stream('data: b\n\n', {hold: true}));
  const subscription = open(t, server);
  await take(subscription, 2);
  assert.equal(server.requests[1].headers['last-event-id'], '5');
});

test('subscribe: the id stays across connections for events without one', async (t) => {
  const server = await serve(t, stream('id: 1\ndata: a\n\n'), stream('data: b\n\n'), stream('data: c\n\n', {hold: true}));
  const events = await take(open(t, server), 3);
  assert.deepEqual(events.map(({id}) => id), ['1', '1', '1']);
  assert.deepEqual(server.requests.map(({headers}) => headers['last-event-id']), [undefined, '1', '1']);
});

test('subscribe: lastEventId is that of what was given out, not of what waits', async (t) => {
  const server = await serve(t, stream('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n: end\n\n', {hold: true}));
  const comments = [];
  const subscription = open(t, server, {lastEventId: '0', onComment: (text) => comments.push(text)});
  assert.equal(subscription.lastEventId, '0');
  await waitUntil(() => comments.length > 0, 'all is read');
  await take(subscription, 1);
  assert.equal(subscription.lastEventId, '1');
  await take(subscription, 1);
  assert.equal(subscription.lastEventId, '3');
});

test('subscribe: since goes with the first request only as long as there is no id', async (t) => {
  const server = await serve(t, stream('', {cut: true}), stream('id: é1\n\n'), stream('data: a\n\n', {hold: true}));
  await take(open(t, server, {since: -10}), 1);
  assert.ok(server.requests.every(({url}) => url === '/events?topic=a&since=-10'));
  const sent = server.requests.map(({headers}) => headers['last-event-id']);
  assert.deepEqual(sent.slice(0, 2), [undefined, undefined]);
  assert.equal(Buffer.from(sent[2], 'latin1').toString('utf8'), 'é1');
});

test('subscribe: every option is in the request', async (t) => {
  const server = await serve(t, stream('data: a\n\n', {hold: true}));
  await take(open(t, {url: `${server.url}/base/?tenant=7`}, {
    topics: ['a/**', 'b c'], events: ['x', 'y'], since: new Date(0), envelope: true, maxData: 10, lastEventId: '9',
    token: 'secret', headers: {'X-Mine': 'yes'},
  }), 1);
  const [{url, headers}] = server.requests;
  assert.equal(url, '/base/events?tenant=7&topic=a%2F**&topic=b+c&event=x&event=y&since=1970-01-01T00%3A00%3A00.000Z'
    + '&envelope=true&max_data=10');
  assert.equal(headers.accept, 'text/event-stream');
  assert.equal(headers['last-event-id'], '9');
  assert.equal(headers.authorization, 'Bearer secret');
  assert.equal(headers['x-mine'], 'yes');
});

test('subscribe: options that are wrong throw at once and name what is', () => {
  for (const [options, message] of [
    [{topics: 'a'}, /"url" is missing/], [{url: 'no url', topics: 'a'}, /"no url" is not a URL/],
    [{url: 'ftp://x', topics: 'a'}, /not an http or https URL/], [{url: 'http://x'}, /topics must be a name/],
    [{url: 'http://x', topics: []}, /topics must be a name/], [{url: 'http://x', topic: 'a'}, /unknown option "topic"/],
    [{url: 'http://x', topics: 'a', queueSize: 0}, /queueSize/], [undefined, /options must be an object/],
    [{url: 'http://x', topics: 'a', headers: {'bad name': 'x'}}, /bad name/],
  ]) {
    assert.throws(() => subscribe(options), (error) => error instanceof TypeError && message.test(error.message));
  }
});

for (const [name, answer, expected] of [
  ['400', problem(400, 'a bad topic'), /400 a bad topic/],
  ['401 with a fixed token', problem(401, 'unknown token'), /401 unknown token/],
  ['403', problem(403, 'not granted'), /403 not granted/],
  ['404', problem(404, 'no such route'), /404 no such route/],
  ['204', {status: 204}, /204/],
  ['200 of another type', {status: 200, headers: {'Content-Type': 'text/html'}, body: '<p>login'}, /text\/html, no text\/event-stream/],
]) {
  test(`subscribe: ${name} is final, for the iterator and for listeners`, async (t) => {
    const server = await serve(t, answer);
    const subscription = open(t, server, {token: 'x'});
    const failed = once(subscription, 'error');
    await assert.rejects(subscription.next(), (error) => error instanceof RingcastError && expected.test(error.message));
    const {error, final} = await failed;
    assert.ok(final);
    assert.equal(error.status, answer.status);
    assert.equal(subscription.readyState, 2);
    assert.deepEqual(await subscription.next(), {value: undefined, done: true});
    await assert.rejects(subscription.opened, expected);
    assert.equal(server.requests.length, 1);
  });
}

for (const [name, answer] of [
  ['a connection that breaks', {}], ['a stream that ends', stream('')],
  ...[408, 429, 500, 502, 503, 504].map((status) => [`status ${status}`, problem(status, 'later')]),
]) {
  test(`subscribe: ${name} is tried again`, async (t) => {
    const server = await serve(t, answer, answer, stream('data: a\n\n', {hold: true}));
    const subscription = open(t, server);
    const errors = [];
    subscription.addEventListener('error', (event) => errors.push(event));
    await take(subscription, 1);
    assert.equal(errors.length, 2);
    assert.ok(errors.every(({final, error}) => !final && error instanceof RingcastError));
    assert.equal(errors[0].error.status, answer.headers && answer.status !== 200 ? answer.status : undefined);
  });
}

for (const status of [429, 503]) {
  test(`subscribe: Retry-After of ${status} is waited for`, async (t) => {
    const server = await serve(t, problem(status, 'later', {'Retry-After': '7'}));
    const {retryInMs} = await once(open(t, server), 'error');
    assert.ok(retryInMs >= 7000 && retryInMs <= 7001, String(retryInMs));
  });
}

test('subscribe: the retry: of the stream is waited for', async (t) => {
  const server = await serve(t, stream('retry: 4321\n\n'));
  const {retryInMs} = await once(open(t, server), 'error');
  assert.ok(retryInMs >= 4321 && retryInMs <= 4322, String(retryInMs));
});

test('subscribe: waits grow while nothing works, and begin anew after an event', async (t) => {
  const server = await serve(t, {}, {}, {}, stream('data: a\n\n'), stream('', {hold: true}));
  const waits = [];
  const subscription = open(t, server, {backoff: {minMs: 1, maxMs: 100, random: () => 1}});
  subscription.addEventListener('error', ({retryInMs}) => waits.push(retryInMs));
  await waitUntil(() => server.requests.length === 5, 'it came back');
  assert.deepEqual(waits, [1, 2, 4, 1]);
});

test('subscribe: a silent stream is left and resumed', async (t) => {
  const server = await serve(t, stream('id: 1\ndata: a\n\n', {hold: true}), stream('id: 2\ndata: b\n\n', {hold: true}));
  const subscription = open(t, server, {idleTimeout: 1000});
  const silent = once(subscription, 'error');
  assert.deepEqual(texts(await take(subscription, 2)), ['a', 'b']);
  assert.match((await silent).error.message, /nothing came for 1000 ms/);
  assert.equal(server.requests[1].headers['last-event-id'], '1');
});

test('subscribe: comments reach onComment', async (t) => {
  const server = await serve(t, stream(': 1\n\n', {hold: true}));
  const comments = [];
  open(t, server, {onComment: (text) => comments.push(text)});
  await waitUntil(() => comments.length === 1, 'the comment is there');
  assert.deepEqual(comments, ['1']);
});

test('subscribe: the token callback is asked for each connection', async (t) => {
  const server = await serve(t, stream('data: a\n\n'), stream('data: b\n\n', {hold: true}));
  let asked = 0;
  await take(open(t, server, {token: async () => `t${asked += 1}`}), 2);
  assert.deepEqual(server.requests.map(({headers}) => headers.authorization), ['Bearer t1', 'Bearer t2']);
});

test('subscribe: after 401 the callback is told and asked once more, at once', async (t) => {
  const server = await serve(t, problem(401, 'expired'), stream('data: a\n\n', {hold: true}));
  const asked = [];
  const subscription = open(t, server, {token: ({rejected}) => {
    asked.push(rejected);
    return rejected ? 'fresh' : 'old';
  }});
  await take(subscription, 1);
  assert.deepEqual(asked, [false, true]);
  assert.equal(server.requests[1].headers.authorization, 'Bearer fresh');
});

test('subscribe: a second 401 in a row is final', async (t) => {
  const server = await serve(t, problem(401, 'unknown token'));
  await assert.rejects(open(t, server, {token: () => 'bad'}).next(), {status: 401});
  assert.equal(server.requests.length, 2);
});

test('subscribe: a token callback that throws is asked again later', async (t) => {
  const server = await serve(t, stream('data: a\n\n', {hold: true}));
  let asked = 0;
  const subscription = open(t, server, {token: () => {
    asked += 1;
    if (asked === 1) throw new Error('the login service is away');
    return 'x';
  }});
  const {error} = await once(subscription, 'error');
  assert.match(error.message, /the login service is away/);
  await take(subscription, 1);
});

test('subscribe: break ends the subscription, and the iterator without an error', async (t) => {
  const server = await serve(t, stream('data: a\n\ndata: b\n\n', {hold: true}));
  const subscription = open(t, server);
  for await (const event of subscription) {
    assert.equal(event.data, 'a');
    break;
  }
  assert.equal(subscription.readyState, 2);
  assert.deepEqual(await subscription.next(), {value: undefined, done: true});
});

test('subscribe: an AbortSignal ends it, and the iterator throws its reason', async (t) => {
  const server = await serve(t, stream('data: a\n\n', {hold: true}));
  const stop = new AbortController();
  const subscription = open(t, server, {signal: stop.signal});
  await take(subscription, 1);
  const next = subscription.next();
  stop.abort(new Error('enough'));
  await assert.rejects(next, /enough/);
  assert.equal(subscription.readyState, 2);
});

test('subscribe: a signal that was aborted before makes no request', async (t) => {
  const server = await serve(t, stream('', {hold: true}));
  const subscription = open(t, server, {signal: AbortSignal.abort(new Error('too late'))});
  await assert.rejects(subscription.next(), /too late/);
});

test('subscribe: a listener that throws is reported as uncaught and does not end the stream', async (t) => {
  const server = await serve(t, stream('data: a\n\ndata: b\n\n', {hold: true}));
  const uncaught = [];
  const events = [];
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error.message));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  open(t, server, {onEvent: ({data}) => {
    events.push(data);
    throw new Error(`from ${data}`);
  }});
  await waitUntil(() => uncaught.length === 2, 'both errors are reported');
  assert.deepEqual(events, ['a', 'b']);
  assert.deepEqual(uncaught, ['from a', 'from b']);
});

test('subscribe: data above maxEventSize is told as ringcast.oversize, and the stream goes on', async (t) => {
  const server = await serve(t, stream(`id: 1\ndata: ${'x'.repeat(200_000)}\n\nid: 2\ndata: a\n\n`, {hold: true}));
  const [large, next] = await take(open(t, server, {maxEventSize: 1000}), 2);
  assert.equal(large.type, 'ringcast.oversize');
  assert.deepEqual(large.oversize, {bytes: 200_000});
  assert.equal(large.id, '1');
  assert.equal(next.data, 'a');
});

test('subscribe: while the queue is full nothing more is read', async (t) => {
  const endless = await serveEndless(t);
  const subscription = open(t, endless, {queueSize: 10});
  await waitUntil(() => endless.stuck(), 'the server cannot write any more');
  await take(subscription, 1);
  const before = endless.written();
  await take(subscription, Math.ceil(before / endless.eventBytes));
  await waitUntil(() => endless.written() > before, 'the server writes again');
});

// A server that writes events as long as its socket takes them.
async function serveEndless(t) {
  const event = `data: ${'x'.repeat(1000)}\n\n`;
  let written = 0;
  let blocked = false;
  const server = createServer((_, response) => {
    response.writeHead(200, STREAM);
    const write = () => {
      blocked = false;
      while (!blocked && !response.destroyed) {
        blocked = !response.write(event);
        written += event.length;
      }
      response.once('drain', write);
    };
    write();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => { server.once('listening', resolve); });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  let seen = -1;
  let same = 0;
  // Blocked, and no byte more in many looks at it.
  const stuck = () => {
    same = blocked && written === seen ? same + 1 : 0;
    seen = written;
    return same > 50;
  };
  return {url: `http://127.0.0.1:${server.address().port}`, stuck, written: () => written, eventBytes: event.length};
}
