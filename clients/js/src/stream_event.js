// Events as they reach the application.

function parsed(json) {
  try {
    const value = JSON.parse(json);
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** One event of the stream: for listeners and for the iterator alike. */
export class StreamEvent extends Event {
  constructor(type, {data = '', id = '', topic, time} = {}) {
    super(type);
    this.data = data;
    this.id = id;
    this.topic = topic;
    this.time = time;
    if (type === 'ringcast.gap') this.gap = parsed(data);
    if (type === 'ringcast.oversize') this.oversize = parsed(data);
  }

  /** The id, as a native EventSource names it. */
  get lastEventId() {
    return this.id;
  }

  /** The data, parsed as JSON. */
  json() {
    return JSON.parse(this.data);
  }
}

/** What the stream is doing: `open`, or `error` with the error, and whether and when it is tried again. */
export class StateEvent extends Event {
  constructor(type, {error, final = false, retryInMs} = {}) {
    super(type);
    Object.assign(this, {error, final, retryInMs});
  }
}

/** The parts of a block for a StreamEvent; takes the data out of the broker's envelope (`envelope=true`). */
export function eventParts({type, data, id}, enveloped) {
  if (!enveloped || type === 'ringcast.gap' || type === 'ringcast.oversize') return {type, data, id};
  const envelope = parsed(data);
  if (typeof envelope?.data !== 'string') return {type, data, id};
  const {topic, topics, time} = envelope;
  return {type, data: envelope.data, id, topic, topics, time: new Date(time)};
}
