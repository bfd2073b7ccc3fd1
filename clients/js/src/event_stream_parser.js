// text/event-stream, from bytes to events (WHATWG HTML, section 9.2.6).

const LF = 10;
const CR = 13;
const DATA = [100, 97, 116, 97, 58];  // "data:"
// A line has a field name, a colon and a blank besides its value.
const NAME_BYTES = 64;
const KEPT_BYTES = 65_536;

function lastLineEnd(bytes) {
  return Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR));
}

function firstLineEnd(bytes) {
  const lf = bytes.indexOf(LF);
  const cr = (lf < 0 ? bytes : bytes.subarray(0, lf)).indexOf(CR);
  return cr < 0 ? lf : cr;
}

// The length of `text` in UTF-8, without encoding it.
export function utf8Length(text) {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes += unit > 0x7ff ? 2 : 1;
    // A pair of surrogates is one character of four bytes; one alone becomes U+FFFD, of three.
    if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i += 1;
  }
  return bytes;
}

/**
 * Feed it the bytes of one connection; it calls back for each complete block, in order:
 * `onEvent({type, data, id})`, `onId(id)` (a block without data that has an id), `onRetry(ms)`, `onComment(text)`.
 * Memory is bounded by `maxEventSize`: longer data is dropped as it arrives and reported as an event of type
 * `ringcast.oversize` with the data `{"bytes":N}` and the event's id; the broker does the same for `max_data`.
 */
export class EventStreamParser {
  #decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  #callbacks;
  #maxEventSize;
  #carry = new Uint8Array(1024);  // The bytes of the line that has not ended yet.
  #carried = 0;
  #skipped = 0;                   // Bytes of a line that is too long, once it is.
  #skipsData = false;
  #atStart = true;
  #afterCr = false;
  #id;
  #idSeen = false;
  #type = '';
  #data = [];
  #dataBytes = 0;

  constructor({onEvent, onId, onRetry, onComment, maxEventSize = Infinity, lastEventId = ''} = {}) {
    this.#callbacks = {onEvent, onId, onRetry, onComment};
    this.#maxEventSize = maxEventSize;
    this.#id = lastEventId;
    /** The id of the last complete block: what a reconnect sends. */
    this.lastEventId = lastEventId;
  }

  feed(bytes) {
    if (this.#skipped > 0) {
      bytes = this.#skip(bytes);
    }
    const end = lastLineEnd(bytes) + 1;
    if (end > 0) {
      let whole = bytes.subarray(0, end);
      if (this.#carried > 0) {
        this.#append(whole);
        whole = this.#carry.subarray(0, this.#carried);
      }
      const text = this.#decoder.decode(whole);
      this.#release();
      this.#takeLines(text);
    }
    this.#append(bytes.subarray(end));
    if (this.#carried > this.#maxEventSize + NAME_BYTES) {
      this.#beginSkipping();
    }
  }

  #append(bytes) {
    const needed = this.#carried + bytes.length;
    if (needed > this.#carry.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#carry.length));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(bytes, this.#carried);
    this.#carried = needed;
  }

  #release() {
    this.#carried = 0;
    if (this.#carry.length > KEPT_BYTES) this.#carry = new Uint8Array(1024);
  }

  #beginSkipping() {
    this.#skipsData = DATA.every((byte, i) => this.#carry[i] === byte);
    const blank = this.#carry[DATA.length] === 32 ? 1 : 0;
    this.#skipped = this.#carried - (DATA.length + blank);
    this.#afterCr = false;
    this.#atStart = false;
    this.#release();
  }

  // Returns what follows the line that is too long.
  #skip(bytes) {
    const end = firstLineEnd(bytes);
    if (end < 0) {
      this.#skipped += bytes.length;
      return bytes.subarray(bytes.length);
    }
    if (this.#skipsData) this.#addData(undefined, this.#skipped + end);
    this.#skipped = 0;
    this.#afterCr = bytes[end] === CR;
    return bytes.subarray(end + 1);
  }

  // `text` ends with a line end.
  #takeLines(text) {
    let at = 0;
    if (this.#atStart && text.charCodeAt(0) === 0xfeff) at = 1;
    if (this.#afterCr && text.charCodeAt(0) === LF) at = 1;
    this.#atStart = false;
    this.#afterCr = false;
    let lf = text.indexOf('\n', at);
    let cr = text.indexOf('\r', at);
    while (at < text.length) {
      if (lf >= 0 && lf < at) lf = text.indexOf('\n', at);
      if (cr >= 0 && cr < at) cr = text.indexOf('\r', at);
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr;
      this.#takeLine(text.slice(at, end));
      at = end + 1;
      if (end !== cr) continue;
      if (at === text.length) this.#afterCr = true;
      else if (text.charCodeAt(at) === LF) at += 1;
    }
  }

  #takeLine(line) {
    if (line === '') {
      this.#endBlock();
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line.charCodeAt(colon + 1) === 32 ? 2 : 1));
    if (name === 'data') {
      this.#addData(value, utf8Length(value));
    } else if (name === 'event') {
      this.#type = value;
    } else if (name === 'id') {
      if (value.includes('\0')) return;
      this.#id = value;
      this.#idSeen = true;
    } else if (name === 'retry') {
      if (/^[0-9]+$/.test(value)) this.#callbacks.onRetry?.(Number(value));
    } else if (name === '') {
      this.#callbacks.onComment?.(value);
    }
  }

  #addData(value, bytes) {
    this.#dataBytes += bytes + (this.#data.length > 0 ? 1 : 0);
    if (this.#dataBytes > this.#maxEventSize) {
      this.#data = [undefined];  // Dropped: only its length is told.
    } else {
      this.#data.push(value);
    }
  }

  #endBlock() {
    this.lastEventId = this.#id;
    const {onEvent, onId} = this.#callbacks;
    const id = this.#id;
    if (this.#data.length === 0) {
      if (this.#idSeen) onId?.(id);
    } else if (this.#dataBytes > this.#maxEventSize) {
      onEvent?.({type: 'ringcast.oversize', data: JSON.stringify({bytes: this.#dataBytes}), id});
    } else {
      onEvent?.({type: this.#type || 'message', data: this.#data.join('\n'), id});
    }
    this.#idSeen = false;
    this.#type = '';
    this.#data = [];
    this.#dataBytes = 0;
  }
}
