// Reads event streams by fetch: EventSource can send no Authorization header, and a token in a URL would stand in the
// logs of proxies.

const kFirstRetryMs = 1000;
const kMostRetryMs = 15_000;
// The broker sends a heartbeat each 15 s by default; a connection that is silent for longer than three is dead.
const kSilentMs = 45_000;
const kTokenKey = 'ringcast.token';

// What is typed into the page stays in its tab: sessionStorage, and never a URL.
export const token = {
  get: () => sessionStorage.getItem(kTokenKey) ?? '',
  set: (text) => (text ? sessionStorage.setItem(kTokenKey, text) : sessionStorage.removeItem(kTokenKey)),
};

export function authorized(headers = {}) {
  return token.get() ? {...headers, Authorization: `Bearer ${token.get()}`} : headers;
}

// Why an answer is not what was asked for, in the broker's words.
export async function reasonOf(answer) {
  const text = await answer.text().catch(() => '');
  try {
    const problem = JSON.parse(text);
    return `${answer.status}: ${problem.detail ?? problem.title}`;
  } catch {
    return `${answer.status} ${answer.statusText}`.trim();
  }
}

// Lines of a stream to events: WHATWG HTML, section 9.2.6. Line ends may be cut anywhere.
export class StreamParser {
  constructor(dispatch, setRetry) {
    Object.assign(this, {dispatch, setRetry, id: '', buffer: '', type: '', data: [], newId: undefined});
  }

  feed(text) {
    this.buffer += text;
    const lines = this.buffer.split('\n'); // The broker ends lines with LF only.
    this.buffer = lines.pop();
    lines.forEach((line) => this.line(line));
  }

  line(line) {
    if (line === '') {
      this.id = this.newId ?? this.id;
      if (this.data.length > 0) this.dispatch({type: this.type || 'message', data: this.data.join('\n'), id: this.id});
      Object.assign(this, {type: '', data: [], newId: undefined});
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.data.push(value);
    if (field === 'event') this.type = value;
    if (field === 'id' && !value.includes('\0')) this.newId = value;
    if (field === 'retry' && /^\d+$/.test(value)) this.setRetry(Number(value));
  }
}

// One subscription that comes back by itself, from where it was. `tell` gets its states: {state: 'connecting' | 'open' |
// 'waiting' | 'refused' | 'closed', detail, until} (`until`: when it tries again).
export class Subscription {
  constructor({topics, parameters = {}, onEvent, tell = () => {}}) {
    Object.assign(this, {topics, parameters, onEvent, tell, parser: null, abort: null, failures: 0, retryMs: kFirstRetryMs});
    this.run();
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.abort?.abort();
    this.tell({state: 'closed'});
  }

  // Not later but now: the network is back, or somebody asks for it.
  hurry() {
    if (this.timer) this.run();
  }

  async run() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.tell({state: 'connecting', failures: this.failures});
    let detail;
    try {
      detail = await this.read();
    } catch (failure) {
      detail = failure.name === 'AbortError' ? 'nothing came for a while' : 'the broker was not reached';
    }
    clearTimeout(this.silence);
    if (this.isClosed || this.isRefused) return;
    this.failures += 1;
    const wait = Math.min(this.retryMs * 2 ** Math.min(this.failures - 1, 4), Math.max(kMostRetryMs, this.retryMs));
    const jittered = wait * (0.75 + Math.random() / 2);
    this.tell({state: 'waiting', detail, until: Date.now() + jittered});
    this.timer = setTimeout(() => this.run(), jittered);
  }

  // Until the stream ends; resolves with why.
  async read() {
    const lastId = this.parser?.id ?? '';
    const query = new URLSearchParams(this.topics.map((topic) => ['topic', topic]));
    Object.entries(this.parameters).forEach(([name, value]) => query.append(name, value));
    this.abort = new AbortController();
    const headers = authorized({Accept: 'text/event-stream', ...(lastId ? {'Last-Event-ID': lastId} : {})});
    this.listen();
    const answer = await fetch(`../events?${query}`, {headers, signal: this.abort.signal, cache: 'no-store'});
    if (answer.status !== 200) {
      const reason = await reasonOf(answer);
      this.isRefused = answer.status < 500 && answer.status !== 429 && !this.isClosed;
      if (this.isRefused) this.tell({state: 'refused', detail: reason, status: answer.status});
      return reason;
    }
    this.parser = new StreamParser((event) => this.take(event), (ms) => { this.retryMs = ms; });
    this.parser.id = lastId;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let isOpen = false; ;) {
      const {value, done} = await reader.read();
      if (done) return 'the broker ended the stream';
      this.listen();
      if (!isOpen) this.tell({state: 'open'});
      isOpen = true;
      this.parser.feed(value);
    }
  }

  take(event) {
    if (this.isClosed) return;
    this.failures = 0; // Not before: who is told to come later has got nothing.
    this.onEvent(event);
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.abort.abort(), kSilentMs);
  }
}
