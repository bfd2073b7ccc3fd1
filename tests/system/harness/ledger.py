"""What publishers were told and subscribers saw, and whether what the broker has agrees with it.

Pure: no sockets, no threads, no clock. It knows nothing of how the broker went down; only `lossy` says
that it may have lost its latest events, but no others.
"""

import bisect
import dataclasses

PUBLISHED, REFUSED, LOST = "published", "refused", "lost"


class Broken(AssertionError):
    """A promise was broken."""


def seq(position):
    return int(position.rsplit("-", 1)[1])


def epoch(position):
    return position.rsplit("-", 1)[0]


def _brief(payload):
    return repr(payload if len(payload) < 60 else payload[:50] + "…")


@dataclasses.dataclass
class _Attempt:
    topics: tuple
    state: str = PUBLISHED


@dataclasses.dataclass(frozen=True)
class Event:
    id: str
    data: str


@dataclasses.dataclass(frozen=True)
class Cursor:
    """A block with only an id."""

    id: str


@dataclasses.dataclass(frozen=True)
class Gap:
    id: str
    reason: str


@dataclasses.dataclass
class Stretch:
    """What one subscriber got over one connection, in order, from `after` on."""

    name: str
    topics: tuple
    after: str
    items: list
    resumed: bool = True  # Else it asked for what is there, and is told of nothing that is not.


class Ledger:
    """`keep`: so many events of a topic are retained at least; None: all of them."""

    def __init__(self, keep=None):
        self._keep = keep
        self._attempts = {}      # payload -> _Attempt
        self._payload_of = {}    # seq -> payload, for ever
        self._id_of = {}         # payload -> id, for ever
        self._due = {}           # topic -> {seq: payload} of what must be there
        self._lost = {}          # topic -> seqs that a power cut took, sorted
        self._latest = {}        # publisher -> the last seq that it was told
        self._batches = []       # acknowledged, ids still to be learnt
        self._stretches = []     # seen, still to be compared
        self._epoch = None
        self._lossy = False
        self.acknowledged_count = 0

    def attempt(self, payload, topics):
        """Before it is sent. Payloads are unique."""
        assert payload not in self._attempts, payload
        self._attempts[payload] = _Attempt(tuple(topics))

    def acknowledge(self, publisher, payloads, first_id, last_id):
        """The broker accepted one event, or several that were sent in this order; `first_id` may be unknown."""
        first_id = first_id or last_id
        if first_id != last_id or len(payloads) == 1:
            self._note(first_id, payloads[0])
        self._note(last_id, payloads[-1])
        if seq(first_id) <= self._latest.get(publisher, -1):
            raise Broken(f"reordered: {publisher} was told {first_id} after {self._latest[publisher]}")
        self._latest[publisher] = seq(last_id)
        self.acknowledged_count += len(payloads)
        self._batches.append(tuple(payloads))

    def refuse(self, payload):
        """The broker said no. It must never show up."""
        self._attempts[payload].state = REFUSED

    def saw(self, stretch):
        for item in stretch.items:
            if isinstance(item, Event):
                self._note(item.id, item.data)
        self._stretches.append(stretch)

    def read(self, stored, lossy=False):
        """Compares all with what the broker has now: {topic: [(id, payload)]}, all topics."""
        top = max((seq(id_) for events in stored.values() for id_, _ in events), default=-1)
        present = {topic: self._check_topic(topic, events) for topic, events in stored.items()}
        if lossy:
            self._lossy = True
            self._forgive_above(top)
        self._check_due(present)
        self._check_batches(present, top if lossy else None)
        for stretch in self._stretches:
            self._check_told(stretch)
            self._check_seen(stretch, present, top if lossy else None)
        self._stretches, self._batches = [], []
        self._due = present
        return top

    def lost_after(self, topics, position):
        """How many events of these topics a power cut took behind this position."""
        return len(self._lost_between(topics, seq(position), None))

    def _note(self, id_, payload):
        """One seq is one event, one event is one seq, for ever."""
        attempt = self._attempts.get(payload)
        if attempt is None:
            raise Broken(f"{id_} carries {_brief(payload)}, which nobody published")
        if attempt.state != PUBLISHED:
            raise Broken(f"{attempt.state}, but there: {_brief(payload)} as {id_}")
        self._epoch = self._epoch or epoch(id_)
        if epoch(id_) != self._epoch:
            raise Broken(f"another epoch: {id_} after {self._epoch}")
        if (other := self._payload_of.setdefault(seq(id_), payload)) != payload:
            raise Broken(f"reused: {id_} was {_brief(other)} and is {_brief(payload)}")
        if (before := self._id_of.setdefault(payload, id_)) != id_:
            raise Broken(f"duplicated: {_brief(payload)} is {before} and {id_}")
        for topic in attempt.topics:
            self._due.setdefault(topic, {}).setdefault(seq(id_), payload)

    def _check_topic(self, topic, events):
        found, last = {}, -1
        for id_, payload in events:
            if seq(id_) in found:
                raise Broken(f"duplicated: {topic} has {id_} twice")
            if seq(id_) < last:
                raise Broken(f"reordered: {topic} has {id_} after {last}")
            attempt = self._attempts.get(payload)
            if attempt and topic not in attempt.topics:
                raise Broken(f"{_brief(payload)} was not published to {topic}")
            self._note(id_, payload)
            last = seq(id_)
            found[last] = payload
        return found

    def _forgive_above(self, top):
        for topic, due in self._due.items():
            gone = sorted(number for number in due if number > top)
            self._lost[topic] = sorted(set(self._lost.get(topic, [])) | set(gone))
            for number in gone:
                self._attempts[due.pop(number)].state = LOST

    def _check_due(self, present):
        for topic, due in self._due.items():
            found = present.get(topic, {})
            oldest = min(found, default=None)
            missing = sorted(number for number in due if number not in found)
            expired = [number for number in missing if oldest is not None and number < oldest]
            if missing != expired or (expired and (self._keep is None or len(found) < self._keep)):
                raise Broken(f"lost: {len(missing)} of {len(due)} events of {topic}, from "
                             f"{missing[0]} ({_brief(due[missing[0]])}) to {missing[-1]}; "
                             f"there are {len(found)} from {oldest} on")

    def _check_batches(self, present, top):
        """Events of a batch whose ids were not told are there as well, in the order of the batch."""
        for payloads in self._batches:
            known = [self._id_of.get(payload) for payload in payloads]
            numbers = [seq(id_) for id_ in known if id_]
            if numbers != sorted(numbers):
                raise Broken(f"reordered: the batch {payloads} is {known}")
            for payload in (payload for payload, id_ in zip(payloads, known) if not id_):
                if top is not None and numbers[-1] > top:
                    self._attempts[payload].state = LOST
                elif not self._may_have_expired(payload, numbers[0], present):
                    raise Broken(f"lost: {_brief(payload)} of the batch {payloads} is nowhere")

    def _may_have_expired(self, payload, first, present):
        """Whether an event above `first`, that nobody has seen, can have left all its topics."""
        return self._keep is not None and all(
            len(found) >= self._keep and min(found) > first
            for found in (present.get(topic, {}) for topic in self._attempts[payload].topics))

    def _lost_between(self, topics, low, high):
        found = set()
        for topic in topics:
            lost = self._lost.get(topic, [])
            end = len(lost) if high is None else bisect.bisect_left(lost, high)
            found.update(lost[bisect.bisect_right(lost, low):end])
        return found

    def _check_told(self, stretch):
        """A gap is never silent, and nobody is told one where nothing was lost."""
        at = seq(stretch.after)
        for item in stretch.items:
            if isinstance(item, Gap):
                if item.reason != LOST or not self._lossy:
                    raise Broken(f"{stretch.name} was told a gap for nothing: {item} after {at}")
            lost = self._lost_between(stretch.topics, at, seq(item.id)) if stretch.resumed else ()
            if lost and not isinstance(item, Gap):
                raise Broken(f"{stretch.name} was not told of {len(lost)} lost events, {min(lost)} to {max(lost)}, "
                             f"between {at} and {item.id}; it began after {stretch.after}")
            at = max(at, seq(item.id))

    def _check_seen(self, stretch, present, top):
        """It got exactly what is there between where it began and where it is now."""
        begin = seq(stretch.after)
        end = max([begin, *(seq(item.id) for item in stretch.items)])
        if top is not None:
            end = min(end, top)
        kept = [topic for topic in stretch.topics if present.get(topic)]
        there = {number: payload for topic in kept for number, payload in present[topic].items()
                 if begin < number <= end}
        got = [(seq(item.id), item.data) for item in stretch.items if isinstance(item, Event)]
        if any(later[0] <= earlier[0] for earlier, later in zip(got, got[1:])):
            raise Broken(f"{stretch.name} got events twice or out of order")
        if got and got[0][0] <= begin:
            raise Broken(f"{stretch.name} resumed after {begin} and got {got[0]} again")
        seen = dict(got)
        for number in sorted(there.keys() - seen.keys()):
            raise Broken(f"{stretch.name} never got {number}, {_brief(there[number])}")
        for number in sorted(seen.keys() - there.keys()):
            if number <= end and not self._expired(number, seen[number], kept, present):
                raise Broken(f"{stretch.name} saw {number}, {_brief(seen[number])}, which is gone")

    def _expired(self, number, payload, kept, present):
        """Whether it is older than all that is there in the topics through which it came."""
        oldest = [min(present[topic]) for topic in self._attempts[payload].topics if topic in kept]
        return bool(oldest) and number < min(oldest)
