// Numbers to text, and lines to canvas.

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const kWhole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const kTenths = new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1});

export const whole = (number) => (number == null ? '–' : kWhole.format(number));
// A rate: tenths only where they say something.
export const rate = (number) => (number == null ? '–' : number === 0 || number >= 100 ? kWhole.format(number) : kTenths.format(number));

export function bytes(number) {
  if (number == null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; number >= 1024 && unit < units.length - 1; number /= 1024) unit += 1;
  return `${unit === 0 || number >= 100 ? kWhole.format(number) : kTenths.format(number)} ${units[unit]}`;
}

export function milliseconds(ms) {
  if (ms == null) return '–';
  if (ms < 10) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${kTenths.format(ms / 1000)} s` : duration(ms);
}

// 12 s, 3 min 5 s, 2 h 7 min, 5 d 3 h.
export function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  const steps = [[86_400, 'd', 3600, 'h'], [3600, 'h', 60, 'min'], [60, 'min', 1, 's']];
  for (const [size, unit, next, nextUnit] of steps) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ${Math.floor((seconds % size) / next)} ${nextUnit}`;
  }
  return `${seconds} s`;
}

export function clock(time) {
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? '–' : date.toLocaleTimeString('en-GB');
}

// One number with its course over the last minutes.
export class Tile {
  static windowMs = 120_000;

  constructor(list, label, title) {
    this.value = element('dd', 'value', '–');
    this.note = element('dd', 'note', '\u00a0');
    this.canvas = element('canvas');
    this.canvas.setAttribute('aria-hidden', 'true');
    const tile = element('div', 'tile', element('dt', '', label), this.value, this.note, this.canvas);
    tile.title = title;
    list.append(tile);
    this.points = [];
  }

  // `level`, of the value and of the note: '', 'warn' or 'bad'.
  show({text, note, point, time, level = '', noteLevel = ''}) {
    this.value.textContent = text;
    this.value.className = `value ${level}`;
    this.note.textContent = note || '\u00a0';
    this.note.className = `note ${noteLevel}`;
    if (point != null) this.points.push({time, point});
    while (this.points.length > 0 && this.points[0].time < time - Tile.windowMs) this.points.shift();
  }

  peak() {
    return this.points.reduce((most, {point}) => Math.max(most, point), 0);
  }

  // The line breaks where there were no numbers: nobody watched, or the connection was lost.
  draw(now) {
    const {canvas, points} = this;
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    pen.strokeStyle = style.getPropertyValue('--accent');
    pen.fillStyle = style.getPropertyValue('--fill');
    pen.lineWidth = scale * 1.25;
    const most = this.peak() || 1;
    const x = (time) => width * (1 - (now - time) / Tile.windowMs);
    const y = (point) => height - scale - (height - 3 * scale) * (point / most);
    for (const run of runs(points)) {
      pen.beginPath();
      run.forEach(({time, point}, at) => (at === 0 ? pen.moveTo(x(time), y(point)) : pen.lineTo(x(time), y(point))));
      pen.stroke();
      pen.lineTo(x(run.at(-1).time), height);
      pen.lineTo(x(run[0].time), height);
      pen.fill();
    }
  }
}

function runs(points) {
  const found = [];
  points.forEach((point, at) => {
    if (at === 0 || point.time - points[at - 1].time > 3500) found.push([]);
    found.at(-1).push(point);
  });
  return found;
}

// The rows of a table, of which those with a known key stay where they are: a focus in them is not lost.
export class Rows {
  // `none` is what it says without rows: not before something is known.
  constructor(body, none) {
    Object.assign(this, {body, none: '–', byKey: new Map()});
    this.set([]);
    this.none = none;
  }

  // `items`: {key, cells}, a cell is text or {text, className, title, sub, action}.
  set(items) {
    const before = this.byKey;
    this.byKey = new Map();
    const rows = items.map(({key, cells}) => {
      const row = before.get(key) ?? element('tr');
      cells.forEach((cell, at) => fill(row.cells[at] ?? row.insertCell(), typeof cell === 'string' ? {text: cell} : cell));
      this.byKey.set(key, row);
      return row;
    });
    if (rows.length === 0) {
      const cell = element('td', '', this.none);
      cell.colSpan = this.body.parentElement.tHead.rows[0].cells.length;
      rows.push(element('tr', 'none', cell));
    }
    // Only what is out of place is moved.
    rows.forEach((row, at) => this.body.children[at] !== row && this.body.insertBefore(row, this.body.children[at] ?? null));
    while (this.body.children.length > rows.length) this.body.lastChild.remove();
  }
}

function fill(cell, {text, className = '', title = '', sub = '', action}) {
  cell.className = className;
  cell.title = title;
  let main = cell.firstElementChild;
  if (!main) {
    main = element(action ? 'button' : 'span', action ? 'link' : '');
    if (action) main.type = 'button';
    cell.append(main, element('div', 'soft'));
  }
  main.textContent = text;
  main.onclick = action ?? null;
  cell.lastElementChild.textContent = sub;
  cell.lastElementChild.hidden = !sub;
}
