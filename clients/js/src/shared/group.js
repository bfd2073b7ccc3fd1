// The tabs that share one connection, and those that are about to.

import {isBehind, TrackedStream} from './tracked_stream.js';

// What latecomers can be given without a look at the broker.
const LOG_EVENTS = 1000;
const LOG_UNITS = 1024 * 1024;
// The broker takes at most so many topics, and heads of 16 KiB.
const MOST_TOPICS = 100;
const MOST_URL = 8000;

const startOf = ({cursor, options}) => ({since: options.since, lastEventId: cursor?.id ?? options.lastEventId});
// The trunk has events of all types: the last ten of some are for a stream of its own to find.
const countsTypes = ({cursor, options}) => !cursor && !options.lastEventId && options.events && /^-/.test(options.since);
const sameStart = (a, b) => a.since === b.since && (a.lastEventId ?? '') === (b.lastEventId ?? '');

/**
 * One connection (`trunk`) for all its members. Who joins starts exactly where it asks to:
 *
 * 1. The first member's start is that of the trunk, and that of all who ask for the same before it stands anywhere.
 * 2. Who wants `latest` while the trunk is known to be at the broker's present is simply in.
 * 3. Everybody else gets a stream of its own (`branch`) first. It shows whether the broker lets them, and gives them what they
 *    asked for, until it stands at a position from which on the trunk's log is complete; then the trunk goes on for them.
 *    Positions tell what they have seen, so that there is no gap and no repetition between the two.
 *
 * Slots bound the branches of the whole hub, as browsers have six connections for each origin.
 */
export class Group {
  #slots;
  #onEmpty;
  #trunk;
  #trunkStart;
  #askedTopics = [];     // Of the trunk since it was last told.
  #log = [];
  #logUnits = 0;
  #logStart;             // Of the log: it has all that the trunk's topics had after this position.
  #atPresent = false;
  #apart = false;        // A failure was tried out on each member; the next one is for all.
  #members = new Set();  // Those on the trunk.
  #branches = new Map(); // Member to its stream; null while it waits for a slot.

  constructor(slots, onEmpty) {
    this.#slots = slots;
    this.#onEmpty = onEmpty;
  }

  /** Whether one connection can carry `member`, too. */
  fits(member) {
    const topics = [...new Set([member, ...this.#all()].flatMap((each) => each.topics))];
    return topics.length <= MOST_TOPICS && encodeURIComponent(topics.join()).length <= MOST_URL;
  }

  #all() {
    return [...this.#members, ...this.#branches.keys()];
  }

  // Those that the broker has let in, or that only the trunk asks for.
  #admittedTopics() {
    const admitted = [...this.#branches].filter(([, branch]) => branch?.isOpen).map(([member]) => member);
    return [...new Set([...this.#members, ...admitted].flatMap((member) => member.topics))];
  }

  #covers(member) {
    return member.topics.every((topic) => this.#trunk.topics.includes(topic));
  }

  join(member) {
    const start = startOf(member);
    if (countsTypes(member)) {
      this.#branch(member, start);
    } else if (!this.#trunk) {
      this.#members.add(member);
      this.#startTrunk(start);
    } else if (!this.#trunk.floor && sameStart(start, this.#trunkStart)) {
      this.#members.add(member);
      this.#widen();
      if (this.#trunk.isOpen) member.opened();
    } else if (!this.#joinTrunk(member, start)) {
      this.#branch(member, start);
    }
  }

  #joinTrunk(member, start) {
    return this.#trunk !== undefined && (this.#joinPresent(member, start) || this.#joinFromLog(member));
  }

  leave(member) {
    member.gone = true;
    this.#members.delete(member);
    this.#endBranch(member);
    if (this.#all().length > 0) return;
    this.#trunk?.close();
    this.#trunk = undefined;
    this.#onEmpty(this);
  }

  /** Drops topics that nobody wants any more; the next reconnect would bring them, too. */
  prune() {
    const topics = this.#admittedTopics();
    if (this.#trunk && topics.length < this.#trunk.topics.length) this.#trunk.follow(topics);
  }

  async #token(members, context) {
    for (const member of members()) {
      const answer = await member.askToken(context.rejected);
      if (answer.error === undefined) return answer.token;
      if (!answer.gone) throw new Error(answer.error);
    }
    throw new Error('no tab is there to give a token');
  }

  #request({options}, members) {
    const token = options.tokenIsAsked ? (context) => this.#token(members, context) : options.token;
    const {url, headers, credentials, idleTimeout, maxEventSize, backoff} = options;
    return {url, headers, credentials, idleTimeout, maxEventSize, backoff, token};
  }

  #startTrunk(start) {
    const [first] = this.#members;
    this.#trunkStart = start;
    this.#resetLog();
    this.#atPresent = false;
    const topics = this.#admittedTopics();
    this.#askedTopics = topics;
    this.#trunk = new TrackedStream({...this.#request(first, () => [...this.#members]), ...start, topics}, {
      open: () => this.#opened(),
      started: (fresh) => this.#started(fresh),
      moved: (begins) => this.#moved(begins),
      entry: (entry) => this.#entry(entry),
      retrying: (error, ms) => {
        this.#atPresent = false;
        this.#members.forEach((member) => member.retrying(error, ms));
      },
      failed: (error) => this.#failed(error),
    });
  }

  #opened() {
    this.#atPresent = false;
    this.#apart = false;
    this.#members.forEach((member) => member.opened());
  }

  #resetLog() {
    this.#log = [];
    this.#logUnits = 0;
    this.#logStart = undefined;
  }

  #started(fresh) {
    const known = this.#askedTopics;
    const widened = this.#trunk.topics.some((topic) => !known.includes(topic));
    this.#askedTopics = this.#trunk.topics;
    if (!fresh && !widened && this.#logStart) return;
    this.#resetLog();
    this.#logStart = this.#trunk.floor;
    const {since = 'latest', lastEventId} = this.#trunkStart;
    if (fresh && since === 'latest' && !lastEventId) this.#atPresent = true;
  }

  #moved(begins) {
    const {floor} = this.#trunk;
    // The broker writes a bare position when there was nothing for a while: nothing is on its way.
    if (!begins) this.#atPresent = true;
    this.#remember({position: floor});
    this.#members.forEach((member) => member.moved(floor));
    this.#graftAll();
  }

  #entry(entry) {
    this.#remember(entry);
    const {topics} = this.#trunk;
    this.#members.forEach((member) => member.offer(entry, topics));
    this.#graftAll();
  }

  // An entry, or a bare position.
  #remember(entry) {
    this.#log.push(entry);
    this.#logUnits += entry.data?.length ?? 0;
    while (this.#log.length > LOG_EVENTS || this.#logUnits > LOG_UNITS) this.#forget();
    this.#logStart ??= entry.position;
  }

  // Up to the next position: events without one cannot be told apart from it.
  #forget() {
    let entry;
    do {
      entry = this.#log.shift();
      this.#logUnits -= entry.data?.length ?? 0;
    } while (!entry.position && this.#log.length > 0);
    this.#logStart = entry.position;
  }

  #joinPresent(member, {since = 'latest', lastEventId}) {
    const {floor, isOpen, own} = this.#trunk;
    if (since !== 'latest' || lastEventId || !isOpen || !this.#atPresent || !floor || !this.#covers(member)) return false;
    this.#members.add(member);
    member.place(floor, own.list());
    member.opened();
    return true;
  }

  // Puts a member with a cursor on the trunk, if the log has everything after it.
  #joinFromLog(member) {
    const trunk = this.#trunk;
    if (!member.cursor || !this.#logStart || !this.#covers(member)) return false;
    if (!isBehind(this.#logStart, member.cursor) || member.cursor.epoch !== trunk.floor.epoch) return false;
    this.#members.add(member);
    const {cursor} = member;
    const seen = ({position, type}) => isBehind(position, cursor) && type !== 'ringcast.gap';
    const last = this.#log.reduce((found, entry, i) => (seen(entry) ? i : found), -1);
    for (const entry of this.#log.slice(last + 1)) {
      if (entry.type) member.offer(entry, trunk.topics);
    }
    if (trunk.isOpen) member.opened();
    return true;
  }

  async #branch(member, start) {
    this.#branches.set(member, null);
    await this.#slots.take();
    const joined = !member.gone && !countsTypes(member) && this.#joinTrunk(member, start);
    if (member.gone || joined) {
      this.#branches.delete(member);
      this.#slots.give();
      return;
    }
    // What was read together with what ended the branch comes from the trunk.
    const isCurrent = () => this.#branches.get(member) === branch;
    const branch = new TrackedStream({
      ...this.#request(member, () => [member]), ...start, topics: member.topics, events: member.options.events,
    }, {
      open: () => member.opened(),
      started: () => this.#widen(),
      moved: () => {
        if (!isCurrent()) return;
        member.moved(branch.floor);
        this.#graft(member);
      },
      entry: (entry) => {
        if (!isCurrent()) return;
        member.offer(entry);
        this.#graft(member);
      },
      retrying: (error, ms) => member.retrying(error, ms),
      failed: (error) => {
        member.failed(error);
        this.leave(member);
      },
    });
    this.#branches.set(member, branch);
  }

  #endBranch(member) {
    const branch = this.#branches.get(member);
    this.#branches.delete(member);
    if (!branch) return;
    branch.close();
    this.#slots.give();
  }

  // Has the trunk ask for the topics of those who are new.
  #widen() {
    const topics = this.#admittedTopics();
    if (!this.#trunk || topics.every((topic) => this.#trunk.topics.includes(topic))) return;
    this.#trunk.follow([...new Set([...this.#trunk.topics, ...topics])]);
  }

  #graftAll() {
    for (const member of [...this.#branches.keys()]) this.#graft(member);
  }

  // Moves a member from its branch to the trunk, if the trunk can go on where the branch stands.
  #graft(member) {
    const branch = this.#branches.get(member);
    if (!branch?.floor || member.gone) return;
    if (!this.#trunk) {
      this.#endBranch(member);
      this.#members.add(member);
      this.#startTrunk({lastEventId: branch.floor.id});
    } else if (this.#joinFromLog(member)) {
      this.#endBranch(member);
    }
  }

  // Of members with other topics, each learns by itself whether it is meant.
  #failed(error) {
    const members = [...this.#members];
    const topicSets = new Set(members.map((member) => JSON.stringify(member.topics)));
    this.#trunk = undefined;
    this.#members.clear();
    if (topicSets.size > 1 && !this.#apart) {
      this.#apart = true;
      members.forEach((member) => this.#branch(member, startOf(member)));
      return;
    }
    members.forEach((member) => {
      member.failed(error);
      this.leave(member);
    });
  }
}
