// Tabs of a real browser that share one connection.

import assert from 'node:assert/strict';
import test from 'node:test';

import {Client} from '../src/index.js';
import {noBrowser, serveApp, startBrowser, TabPage} from './harness/chromium.js';
import {Daemon} from './harness/daemon.js';
import {jwt, JWT_SETTINGS} from './harness/jwt.js';
import {CuttingProxy} from './harness/proxy.js';
import {waitUntil} from './harness/waiting.js';

const numbers = (first, last) => Array.from({length: last - first + 1}, (_, i) => String(first + i));

async function setUp(t, settings) {
  const app = await serveApp(t);
  const daemon = await Daemon.start(t, {stream: {retry: '100ms', heartbeat: '300ms'}, cors: {origins: [app]}, ...settings});
  const proxy = await CuttingProxy.start(t, daemon.address);
  const context = await startBrowser(t);
  const client = new Client({url: daemon.url});
  const publish = (first, last) => client.publishMany(numbers(first, last).map((data) => ({topic: 'a', data})));
  const open = (options, behaviour) => TabPage.open(context, behaviour?.app ?? app, {url: proxy.url, topics: 'a', ...options}, behaviour);
  const openMany = async (count, options, behaviour) => {
    const tabs = [];
    for (let i = 0; i < count; i += 1) tabs.push(await (await open(options, behaviour)).opened());
    return tabs;
  };
  return {app, daemon, proxy, context, client, publish, open, openMany};
}

const browserTest = (name, run) => test(`browser: ${name}`, {skip: noBrowser}, run);

for (const mode of ['worker', 'leader']) {
  browserTest(`${mode}: 20 tabs share one connection, all receive, and it ends with the last`, async (t) => {
    const {daemon, proxy, publish, openMany} = await setUp(t);
    const tabs = await openMany(20, {mode});
    await publish(1, 3);
    for (const tab of tabs) assert.deepEqual(await tab.texts(3), numbers(1, 3));
    assert.equal(proxy.streams().length, 1);
    await daemon.waitForSubscribers('a', 1);
    for (const tab of tabs.splice(1)) await tab.close();
    await publish(4, 4);
    assert.deepEqual(await tabs[0].texts(4), numbers(1, 4));
    assert.equal(proxy.streams().length, 1);
    await tabs[0].close();
    await daemon.waitForSubscribers('a', 0);
  });

  browserTest(`${mode}: a network that is cut resumes without loss or repetition in every tab`, async (t) => {
    const {proxy, publish, openMany} = await setUp(t, {history: {events: 10_000}});
    const tabs = await openMany(4, {mode});
    const publishing = publish(1, 2000);
    await tabs[0].texts(1);
    proxy.cut();
    await tabs[0].waitFor(({errors}) => errors.length > 0);
    proxy.refuse();
    await publishing;
    proxy.acceptAgain();
    for (const tab of tabs) assert.deepEqual(await tab.texts(2000), numbers(1, 2000));
  });

  browserTest(`${mode}: a late tab starts at its joining; since gives it what was before`, async (t) => {
    const {daemon, publish, open} = await setUp(t);
    const first = await (await open({mode})).opened();
    await publish(1, 2);
    await first.texts(2);
    const late = await (await open({mode})).opened();
    const since = await (await open({mode, since: -1})).opened();
    await daemon.waitForSubscribers('a', 1);
    await publish(3, 3);
    assert.deepEqual(await late.texts(1), ['3']);
    assert.deepEqual(await since.texts(2), ['2', '3']);
  });

  browserTest(`${mode}: with union, tabs of other topics share the connection`, async (t) => {
    const {daemon, client, open} = await setUp(t);
    const topics = ['a', 'b', 'c/*'];
    const tabs = [];
    for (const topic of topics) tabs.push(await (await open({mode, union: true, topics: topic})).opened());
    await daemon.waitForSubscribers('a', 1);
    for (const topic of ['a', 'b', 'c/1']) await client.publish(topic, topic);
    for (const [i, tab] of tabs.entries()) assert.deepEqual(await tab.texts(1), [['a', 'b', 'c/1'][i]]);
    await daemon.waitForSubscribers('c/1', 1);
    assert.equal(await daemon.subscribers('b'), 1);
  });

  browserTest(`${mode}: a token callback is asked in a tab, and a refusal is told with its detail`, async (t) => {
    const {daemon, open} = await setUp(t, JWT_SETTINGS);
    const good = jwt({subscribe: ['a'], publish: ['a']}, 4_000_000_000);
    const tab = await (await open({mode}, {token: ['bad', good]})).opened();
    await new Client({url: daemon.url, token: good}).publish('a', 'x');
    assert.deepEqual(await tab.texts(1), ['x']);
    const refused = await open({mode, topics: 'b', token: good});
    await refused.waitFor(({errors}) => errors.some(({final}) => final));
    const [{message}] = await refused.page.evaluate(() => window.seen.errors);
    assert.match(message, /403 .*may not subscribe to b/);
  });
}

// Publishes on and on until stopped; resolves with how many there were.
function publishUntil(client, stopped) {
  let count = 0;
  return (async () => {
    while (!stopped()) {
      await client.publish('a', String(count += 1));
    }
    return count;
  })();
}

browserTest('leader: when the leading tab closes, another goes on without loss or repetition', async (t) => {
  const {daemon, client, openMany} = await setUp(t, {history: {events: 10_000}});
  const tabs = await openMany(5, {mode: 'leader'});
  let stop = false;
  const publishing = publishUntil(client, () => stop);
  for (let i = 0; i < 3; i += 1) {
    const seen = (await tabs[1].texts(1)).length;
    await tabs.shift().close();
    await tabs[0].texts(seen + 50);
  }
  stop = true;
  const total = await publishing;
  for (const tab of tabs) assert.deepEqual(await tab.texts(total), numbers(1, total));
  await daemon.waitForSubscribers('a', 1);
});

browserTest('leader: a leading tab that stands still is replaced, and goes on as one of the others', async (t) => {
  const {daemon, proxy, context, publish, openMany} = await setUp(t);
  const [leader, ...tabs] = await openMany(3, {mode: 'leader', pingInterval: 100});
  await publish(1, 1);
  for (const tab of tabs) await tab.texts(1);
  const control = await context.newCDPSession(leader.page);
  // As good as frozen: no script of the page runs any more.
  await control.send('Debugger.enable');
  await control.send('Debugger.pause');
  await publish(2, 2);
  for (const tab of tabs) assert.deepEqual(await tab.texts(2), ['1', '2']);
  assert.ok(proxy.streams().length > 1, 'another tab has connected');
  await control.send('Debugger.resume');
  await publish(3, 3);
  for (const tab of [leader, ...tabs]) assert.deepEqual(await tab.texts(3), ['1', '2', '3']);
  await daemon.waitForSubscribers('a', 1);
});

browserTest('worker: a worker that has died is started again, without loss or repetition', async (t) => {
  const {daemon, proxy, context, publish, openMany} = await setUp(t);
  const tabs = await openMany(3, {mode: 'worker'});
  await publish(1, 2);
  for (const tab of tabs) await tab.texts(2);
  const control = await context.browser().newBrowserCDPSession();
  const {targetInfos} = await control.send('Target.getTargets');
  const {targetId} = targetInfos.find(({type}) => type === 'shared_worker');
  const connections = [...proxy.open];
  await control.send('Target.closeTarget', {targetId});
  await waitUntil(() => connections.every((socket) => socket.destroyed), 'the worker has died, and its connection with it');
  await publish(3, 4);
  for (const tab of tabs) assert.deepEqual(await tab.texts(4), numbers(1, 4));
  assert.equal(proxy.streams().length, 2, 'the new worker has connected');
  await daemon.waitForSubscribers('a', 1);
});

browserTest('worker: a tab that is loaded anew leaves no connection behind', async (t) => {
  const {daemon, openMany} = await setUp(t);
  const [tab] = await openMany(1, {mode: 'worker'});
  await tab.page.reload();
  await daemon.waitForSubscribers('a', 0);
});

browserTest('where there is no SharedWorker a tab leads', async (t) => {
  const {proxy, publish, openMany} = await setUp(t);
  const tabs = await openMany(3, {}, {prepare: () => { delete window.SharedWorker; }});
  assert.equal(await tabs[0].mode(), 'leader');
  await publish(1, 1);
  for (const tab of tabs) assert.deepEqual(await tab.texts(1), ['1']);
  assert.equal(proxy.streams().length, 1);
});

browserTest('where the worker cannot be loaded a tab leads', async (t) => {
  const {proxy, publish, openMany} = await setUp(t);
  const tabs = await openMany(2, {workerUrl: '/no/such/worker.js'});
  await publish(1, 1);
  for (const tab of tabs) assert.deepEqual(await tab.texts(1), ['1']);
  assert.equal(proxy.streams().length, 1);
});

browserTest('a worker that says nothing, not even that it could not be loaded, is asked for again', async (t) => {
  const {publish, openMany} = await setUp(t);
  const [tab] = await openMany(1, {mode: 'worker'}, {prepare: () => {
    const Real = window.SharedWorker;
    window.SharedWorker = function once() {
      window.SharedWorker = Real;
      return {port: new MessageChannel().port1};
    };
  }});
  await publish(1, 1);
  assert.deepEqual(await tab.texts(1), ['1']);
});

browserTest('over plain http, without Web Locks, a worker is shared, and closing a tab is noticed', async (t) => {
  const {app, daemon, proxy, publish, openMany} = await setUp(t, {cors: {origins: ['*']}});
  const insecure = {app: app.replace('127.0.0.1', 'app.test')};
  const tabs = await openMany(2, {}, insecure);
  assert.deepEqual(await tabs[0].page.evaluate(() => [window.isSecureContext, navigator.locks === undefined]), [false, true]);
  assert.equal(await tabs[0].mode(), 'worker');
  await publish(1, 1);
  for (const tab of tabs) assert.deepEqual(await tab.texts(1), ['1']);
  assert.equal(proxy.streams().length, 1);
  for (const tab of tabs) await tab.close();
  await daemon.waitForSubscribers('a', 0);
});

browserTest('a tab that does not take its events keeps a bounded queue, and gets the rest when it does', async (t) => {
  const {daemon, client, publish, open, openMany} = await setUp(t, {history: {events: 20_000}});
  const [quick] = await openMany(1, {mode: 'worker'});
  const slow = await open({mode: 'worker', queueSize: 10}, {consumes: false});
  await slow.page.evaluate(() => window.subscription.opened);
  await publish(1, 6000);
  await quick.texts(6000);
  const got = await slow.page.evaluate(async (count) => {
    const texts = [];
    for await (const {data} of window.subscription) {
      texts.push(data);
      if (texts.length === count) break;
    }
    return texts;
  }, 6000);
  assert.deepEqual(got, numbers(1, 6000));
  await client.publish('a', '6001');
  assert.equal((await quick.texts(6001)).at(-1), '6001');
  await daemon.waitForSubscribers('a', 1);
});

browserTest('where nothing can be shared each tab has its own connection', async (t) => {
  const {proxy, publish, openMany} = await setUp(t);
  const tabs = await openMany(2, {}, {prepare: () => {
    delete window.SharedWorker;
    delete window.BroadcastChannel;
  }});
  await publish(1, 1);
  for (const tab of tabs) assert.deepEqual(await tab.texts(1), ['1']);
  assert.equal(proxy.streams().length, 2);
});

browserTest('a tab that comes back out of the back/forward cache goes on where it was', async (t) => {
  const {publish, openMany} = await setUp(t);
  const [tab, other] = await openMany(2, {mode: 'worker'});
  await publish(1, 1);
  await tab.texts(1);
  // What the browser does to pages that it keeps, without leaving it to the browser whether it does.
  await tab.page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true})));
  await publish(2, 2);
  await other.texts(2);
  await tab.page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true})));
  await publish(3, 3);
  assert.deepEqual(await tab.texts(3), ['1', '2', '3']);
});

browserTest('subscribe() and publish() work in a page of another origin, with a token', async (t) => {
  const {app, daemon, context} = await setUp(t, JWT_SETTINGS);
  const page = await context.newPage();
  await page.goto(app);
  const token = jwt({subscribe: ['a'], publish: ['a']}, 4_000_000_000);
  const got = await page.evaluate(async ([url, shown]) => {
    const {Client} = await import('/ringcast/index.js');
    const client = new Client({url, token: shown});
    const subscription = client.subscribe({topics: 'a'});
    await subscription.opened;
    const {id} = await client.publish('a', {n: 1});
    for await (const event of subscription) return [event.json(), event.id === id];
    return undefined;
  }, [daemon.url, token]);
  assert.deepEqual(got, [{n: 1}, true]);
});
