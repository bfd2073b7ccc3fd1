import {Subscription, authorized, reasonOf, token} from './streams.js';
import {Rows, Tile, bytes, clock, duration, element, milliseconds, rate, whole} from './views.js';

const kMostNotices = 100;
const kMostTailed = 200;
const kDrawnEveryMs = 200;
const kSilentAfterMs = 3500;
const kTailedBytes = 4096;
const kSysTopics = ['stats', 'topics', 'readers', 'refusals', 'gaps'].map((name) => `$sys/${name}`);

const byId = (id) => document.getElementById(id);

// What each tile shows of a `stats` event.
const kTiles = [
  {
    label: 'Events in', title: 'Published in a second, without those that feed this page',
    show: ({rates, totals}) => ({text: `${rate(rates?.events)}/s`, note: `${whole(totals.events)} in all`, point: rates?.events}),
  }, {
    label: 'Deliveries', title: 'Events written to subscribers in a second, those of this page too',
    show: ({rates, totals}) => ({text: `${rate(rates?.deliveries)}/s`, note: `${whole(totals.deliveries)} in all`, point: rates?.deliveries}),
  }, {
    label: 'Bytes out', title: 'Written to subscribers in a second',
    show: ({rates, totals}) => ({
      text: `${bytes(rates?.delivered_bytes)}/s`, note: `${bytes(totals.delivered_bytes)} in all`, point: rates?.delivered_bytes,
    }),
  }, {
    label: 'Subscribers', title: 'Open streams, and how many of their sockets are full',
    show: ({subscribers}) => ({
      text: whole(subscribers.open), point: subscribers.open,
      note: `${whole(subscribers.blocked)} blocked`, noteLevel: subscribers.blocked > 0 ? 'warn' : '',
    }),
  }, {
    label: 'Connections', title: 'Open connections, and limits.connections',
    show: ({connections}) => ({
      text: whole(connections.open), note: `of ${whole(connections.limit)}`, point: connections.open, level: nearness(connections.open, connections.limit),
    }),
  }, {
    label: 'Memory', title: 'Used of the budget `memory`, and what the process takes of the machine',
    show: ({memory}) => ({
      text: bytes(memory.used), note: `of ${bytes(memory.limit)}, RSS ${bytes(memory.resident)}`, point: memory.used,
      level: nearness(memory.used, memory.limit),
    }),
  }, {
    label: 'Delivery lag, p99', title: 'From the publish until the kernel has the event, of live readers: 99% were not slower',
    show: ({latency}) => ({
      text: latency?.delivery_p99_ms == null ? '–' : `≤ ${milliseconds(latency.delivery_p99_ms)}`, point: latency?.delivery_p99_ms ?? 0,
      note: latency?.delivery_p50_ms == null ? '' : `half ≤ ${milliseconds(latency.delivery_p50_ms)}`, level: latency?.delivery_p99_ms > 1000 ? 'warn' : '',
    }),
  }, {
    label: 'Loop lag, worst', title: 'How late the slowest event loop came to its timer',
    show: ({latency, workers}) => ({
      text: latency?.loop_max_ms == null ? '–' : `≤ ${milliseconds(latency.loop_max_ms)}`, point: latency?.loop_max_ms ?? 0,
      note: `${workers} ${workers === 1 ? 'worker' : 'workers'}`, level: latency?.loop_max_ms > 100 ? 'warn' : '',
    }),
  }, {
    label: 'Refused', title: 'Requests in a second that were answered with an error, and streams that were told to come later',
    show: ({rates, totals}) => ({
      text: `${rate(rates?.refused)}/s`, note: `${whole(totals.refused)} in all`, point: rates?.refused, level: rates?.refused > 0 ? 'warn' : '',
    }),
  }, {
    label: 'Gaps', title: 'Gap events told to readers in a second',
    show: ({rates, totals}) => ({
      text: `${rate(rates?.gaps)}/s`, note: `${whole(totals.gaps)} in all`, point: rates?.gaps, level: rates?.gaps > 0 ? 'warn' : '',
    }),
  },
];
const kJournalTile = {
  label: 'Journal', title: 'What the journal holds of what it may, and what waits to be written',
  show: ({journal}) => ({
    text: journal.failing ? 'failing' : bytes(journal.used), note: `of ${bytes(journal.limit)}, ${bytes(journal.pending)} waiting`,
    point: journal.used, level: journal.failing ? 'bad' : nearness(journal.pending, journal.pending_limit),
  }),
};

function nearness(used, limit) {
  return used >= 0.9 * limit ? 'bad' : used >= 0.75 * limit ? 'warn' : '';
}

// --- What the broker tells each second.

const tiles = kTiles.map((tile) => ({...tile, view: new Tile(byId('tiles'), tile.label, tile.title)}));
const topicRows = new Rows(byId('topics'), 'No topics.');
const readerRows = new Rows(byId('readers'), 'All readers have everything.');

function showStats(stats) {
  if (stats.journal && !tiles.some(({label}) => label === kJournalTile.label)) {
    tiles.push({...kJournalTile, view: new Tile(byId('tiles'), kJournalTile.label, kJournalTile.title)});
  }
  const time = Date.parse(stats.time);
  for (const {view, show} of tiles) view.show({...show(stats), time});
  const draining = stats.state === 'draining' ? ', draining' : '';
  const watching = stats.subscribers.watching > 1 ? `, ${whole(stats.subscribers.watching)} watching` : '';
  byId('broker').textContent = `${stats.version}, up ${duration(time - Date.parse(stats.started))}${draining}${watching}`;
  byId('broker').title = `Started ${stats.started}, epoch ${stats.epoch}`;
}

function showTopics({topics, known}) {
  byId('topics-note').textContent = known > topics.length ? `${whole(topics.length)} of ${whole(known)}` : whole(known);
  topicRows.set(topics.map((topic) => ({
    key: topic.name,
    cells: [
      {text: topic.name, title: 'Tail this topic', action: () => startTail(topic.name)},
      {text: rate(topic.per_second), className: 'number'},
      {text: whole(topic.subscribers), className: 'number'},
      {text: topic.lag_ms > 0 ? milliseconds(topic.lag_ms) : '0', className: `number ${topic.lag_ms > 1000 ? 'warn' : ''}`},
      {text: whole(topic.events), className: 'number roomy'},
      {text: bytes(topic.bytes), className: 'number roomy'},
    ],
  })));
  byId('topic-names').replaceChildren(...topics.map(({name}) => Object.assign(element('option'), {value: name})));
}

const kStates = {
  served: ['served', 'It takes; more is on its way'],
  blocked: ['blocked', 'Its socket is full: it takes nothing'],
  replaying: ['replaying', 'It gets what was kept'],
  disk: ['from disk', 'It waits for the journal'],
};

function names({topics, more}) {
  return topics.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function showReaders({readers, streams, behind, blocked}) {
  byId('readers-note').textContent = `${whole(behind)} of ${whole(streams)} behind, ${whole(blocked)} blocked`;
  readerRows.set(readers.map((reader, at) => {
    const [state, title] = kStates[reader.state] ?? [reader.state, ''];
    return {
      key: String(at),
      cells: [
        {text: reader.who ? `${reader.who} @ ${reader.client}` : reader.client, sub: names(reader)},
        {
          text: state, title, className: `fixed ${reader.state === 'blocked' ? 'warn' : ''}`,
          sub: reader.stalled_ms > 0 ? `for ${milliseconds(reader.stalled_ms)}` : '',
        },
        {
          // What it has missed for good was older.
          text: reader.lag_ms > 0 ? `${reader.lapped ? '> ' : ''}${milliseconds(reader.lag_ms)}` : '–',
          className: 'number', title: reader.late_topic ? `in ${reader.late_topic}` : '',
        },
        {text: `${whole(reader.events)}${reader.has_more ? '+' : ''}`, className: 'number', sub: reader.lapped ? 'gap to come' : ''},
      ],
    };
  }));
}

// --- What it tells as it happens.

class Notices {
  constructor(body, none, cellsOf) {
    Object.assign(this, {rows: new Rows(body, none), cellsOf, items: [], next: 0});
  }

  add(type, data) {
    const columns = this.rows.body.parentElement.tHead.rows[0].cells.length;
    const leftOut = [clock(data.time), '', ...Array(columns - 3).fill(''), `and ${whole(data.left_out)} more in this second`];
    this.next += 1;
    this.items.unshift({key: String(this.next), cells: type === 'left_out' ? leftOut : this.cellsOf(data)});
    this.items.length = Math.min(this.items.length, kMostNotices);
    this.isFresh = true;
  }

  // From now on, none means that there was none.
  begin() {
    this.isFresh = true;
  }

  draw() {
    if (this.isFresh) this.rows.set(this.items);
    this.isFresh = false;
  }
}

const time = (data) => ({text: clock(data.time), className: 'fixed', title: data.time});
const refusals = new Notices(byId('refusals'), 'None so far.', (refusal) => [
  time(refusal),
  {text: String(refusal.status), className: refusal.status >= 500 ? 'bad' : ''},
  {text: refusal.who || refusal.client, sub: refusal.who ? refusal.client : '', className: 'client'},
  {text: `${refusal.method} ${refusal.path}`, sub: refusal.reason},
]);
const gaps = new Notices(byId('gaps'), 'None so far.', (gap) => [
  time(gap),
  {text: gap.reason, className: gap.reason === 'lost' ? 'bad' : gap.reason === 'lagged' ? 'warn' : ''},
  {text: whole(gap.missed), className: 'number', title: gap.missed == null ? 'How many is not known' : ''},
  {text: gap.who ? `${gap.who} @ ${gap.client}` : gap.client, sub: names(gap)},
]);

// --- The feed, and what is said of it.

let feed;
let feedState = {state: 'connecting'};
let heardAt = 0;

const kHandlers = {
  stats: showStats,
  topics: showTopics,
  readers: showReaders,
  refusal: (data) => refusals.add('refusal', data),
  gap: (data) => gaps.add('gap', data),
};

function onSysEvent({type, data, topic}) {
  heardAt = Date.now();
  if (type === 'ringcast.gap') return; // The charts show by themselves what is missing.
  const parsed = JSON.parse(data);
  if (type === 'left_out') (parsed.of === 'gaps' ? gaps : refusals).add(type, parsed);
  else kHandlers[type]?.(parsed, topic);
}

function watch() {
  feed?.close();
  byId('notice').hidden = true;
  feed = new Subscription({
    topics: kSysTopics, parameters: {since: '1m'}, onEvent: onSysEvent,
    tell: (state) => {
      if (state.state === 'closed') return;
      feedState = state;
      if (state.state === 'open') {
        heardAt = Date.now();
        [refusals, gaps].forEach((notices) => notices.begin());
      }
      drawStatus();
      if (state.state === 'refused') refused(state);
    },
  });
}

function refused({detail, status}) {
  const hint = status === 401 || status === 403 ? ' It takes a token with subscribe: ["$sys/**"].' : '';
  byId('notice').textContent = `${detail}.${hint}`;
  byId('notice').hidden = false;
}

function drawStatus() {
  const status = byId('status');
  const silentMs = Date.now() - heardAt;
  const isSilent = feedState.state === 'open' && silentMs > kSilentAfterMs;
  let text = {connecting: feedState.failures ? 'Disconnected, reconnecting…' : 'Connecting…', open: 'Live', refused: 'Refused'}[feedState.state];
  let state = {open: 'live', refused: 'refused'}[feedState.state] ?? 'waiting';
  if (feedState.state === 'waiting') {
    text = `Disconnected (${feedState.detail}), reconnecting in ${Math.max(Math.ceil((feedState.until - Date.now()) / 1000), 0)} s`;
  } else if (isSilent) {
    [text, state] = [`Connected, but no numbers for ${duration(silentMs)}`, 'waiting'];
  }
  if (status.textContent !== text) status.textContent = text;
  status.dataset.state = state;
  byId('main').classList.toggle('stale', state !== 'live');
}

function draw() {
  drawStatus();
  refusals.draw();
  gaps.draw();
  drawTail();
  for (const {view} of tiles) view.draw(Date.now());
}

// --- The tail of a topic.

let tail;
let tailed = [];
let tailCounts = {seen: 0, skipped: 0};

function startTail(topic) {
  stopTail();
  byId('tail-topic').value = topic;
  byId('tail').replaceChildren();
  tailed = [];
  tailCounts = {seen: 0, skipped: 0};
  byId('tail-stop').disabled = false;
  tail = new Subscription({
    topics: [topic], parameters: {since: '-10', envelope: 'true', max_data: kTailedBytes}, onEvent: onTailed,
    tell: (state) => {
      if (state.state === 'closed') return;
      const text = {connecting: 'connecting…', open: 'live', waiting: `disconnected, reconnecting (${state.detail})`, refused: state.detail};
      byId('tail-note').textContent = text[state.state];
      if (state.state === 'refused') stopTail(state.detail);
    },
  });
}

function stopTail(note = 'stopped') {
  tail?.close();
  tail = undefined;
  byId('tail-note').textContent = note;
  byId('tail-stop').disabled = true;
}

function onTailed(event) {
  tailCounts.seen += 1;
  tailed.push(event);
  if (tailed.length > kMostTailed) {
    tailed.shift();
    tailCounts.skipped += 1;
  }
}

function tailedItem({type, data, id}) {
  const parsed = JSON.parse(data);
  if (type === 'ringcast.gap') return element('li', 'gap', `gap (${parsed.reason}): ${parsed.missed ?? 'some'} events are missing`);
  if (type === 'ringcast.oversize') return element('li', 'soft', `${id}: ${bytes(parsed.bytes)}, too large to be shown`);
  const {time: when, topic, event, data: text} = parsed;
  const head = `${clock(when)} ${topic}${event === 'message' ? '' : ` (${event})`}`;
  const item = element('li', '', element('span', 'soft', head), text);
  item.title = `${id}, ${when}`;
  return item;
}

function drawTail() {
  if (tailed.length === 0) return;
  const list = byId('tail');
  list.prepend(...tailed.map(tailedItem).reverse());
  tailed = [];
  while (list.children.length > kMostTailed) list.lastChild.remove();
  const skipped = tailCounts.skipped ? `, ${whole(tailCounts.skipped)} came too fast to be shown` : '';
  byId('tail-note').textContent = `${whole(tailCounts.seen)} received${skipped}, newest first`;
}

// --- Publishing and the token.

async function publish(submitted) {
  submitted.preventDefault();
  const said = byId('published');
  const type = byId('type').value.trim();
  const query = type ? `?${new URLSearchParams({event: type})}` : '';
  said.className = 'soft grow';
  try {
    const answer = await fetch(`../topics/${encodeURIComponent(byId('to').value)}${query}`,
      {method: 'POST', headers: authorized({'Content-Type': 'text/plain'}), body: byId('data').value});
    const reason = answer.ok ? '' : await reasonOf(answer);
    said.textContent = answer.ok ? `Published as ${(await answer.json()).id}` : reason;
    if (!answer.ok) said.className = 'bad grow';
  } catch {
    said.className = 'bad grow';
    said.textContent = 'The broker was not reached';
  }
}

function useToken(text) {
  token.set(text);
  byId('token-dialog').close();
  byId('open-token').textContent = text ? 'Token set…' : 'Token…';
  watch();
  if (tail) startTail(byId('tail-topic').value);
}

byId('open-token').textContent = token.get() ? 'Token set…' : 'Token…';
byId('open-token').addEventListener('click', () => {
  byId('token').value = '';
  byId('token-dialog').showModal();
});
byId('token-form').addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  useToken(byId('token').value.trim());
});
byId('forget-token').addEventListener('click', () => useToken(''));
byId('close-token').addEventListener('click', () => byId('token-dialog').close());
byId('publish').addEventListener('submit', publish);
byId('tail-form').addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  startTail(byId('tail-topic').value.trim());
});
byId('tail-stop').addEventListener('click', () => stopTail());
window.addEventListener('online', () => feed.hurry());
document.addEventListener('visibilitychange', () => document.hidden || feed.hurry());

watch();
draw();
setInterval(draw, kDrawnEveryMs);
