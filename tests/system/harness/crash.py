"""Load that is cut off: publishers and subscribers that note what they were told until the daemon is
gone, and a `Broker` that goes down and comes back on the same files, judged by a ledger."""

import json
import random
import threading

from harness import http, sse
from harness.daemon import Daemon
from harness.ledger import Broken, Cursor, Event, Gap, Ledger, Stretch, seq
from harness.waiting import PATIENCE, wait_until

TOPICS = ("orders", "orders/eu", "prices", "audit")
NDJSON = {"Content-Type": "application/x-ndjson"}
PAGE = 1000


class Publisher(threading.Thread):
    """Publishes without a pause, one request at a time, until nobody listens any more or stop().

    `told` has, in order: ("attempt", payload, topics), ("acknowledge", payloads, first, last) and
    ("refuse", payload). What is attempted and then neither, was cut off.
    """

    def __init__(self, address, name, seed):
        super().__init__(daemon=True)
        self.name = name
        self.told = []
        self.statuses = []  # Of all answers, in order.
        self.acknowledged = 0
        self.error = None
        self._address = address
        self._chance = random.Random(f"{name}-{seed}")
        self._stopped = threading.Event()
        self._connection = None
        self._count = 0
        self.start()

    def stop(self):
        self._stopped.set()

    def run(self):
        try:
            while not self._stopped.is_set() and self._connected():
                try:
                    self._publish_one() if self._chance.random() < 0.8 else self._publish_batch()
                except OSError:  # Cut off; ConnectionError is one, too.
                    self._disconnect()
        except BaseException as error:
            self.error = error
        finally:
            self._disconnect()

    def _connected(self):
        if self._connection is None:
            try:
                self._connection = http.Connection(self._address)
            except OSError:
                return False
        return True

    def _disconnect(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, topics):
        self._count += 1
        payload = f"{self.name}-{self._count}" + "." * self._chance.choice((0, 0, 0, 50, 900))
        self.told.append(("attempt", payload, topics))
        return payload

    def _ask(self, target, headers, body):
        response = self._connection.request("POST", target, headers, body)
        self.statuses.append(response.status)
        if response.header("Connection") == "close":
            self._disconnect()
        return response

    def _publish_one(self):
        topic = self._chance.choice(TOPICS)
        payload = self._attempt((topic,))
        response = self._ask("/topics/" + http.encoded(topic), None, payload.encode())
        if response.status == 200:
            self._acknowledged([payload], response.json()["id"], response.json()["id"])
        else:
            self.told.append(("refuse", payload))

    def _publish_batch(self):
        chosen = [tuple(self._chance.sample(TOPICS, self._chance.choice((1, 1, 2))))
                  for _ in range(self._chance.randint(2, 12))]
        payloads = [self._attempt(topics) for topics in chosen]
        lines = [json.dumps({"topics": topics, "data": payload}) for topics, payload in zip(chosen, payloads)]
        response = self._ask("/events", NDJSON, "\n".join(lines).encode())
        answer = response.json()
        # A batch that stops half-way says how many of its lines stand, and the id of the last.
        accepted = answer.get("accepted", 0)
        assert response.status != 200 or accepted == len(payloads), answer
        if accepted == 1 or response.status == 200:
            self._acknowledged(payloads[:accepted], answer.get("first_id", answer["last_id"]), answer["last_id"])
        elif accepted:
            self._acknowledged(payloads[:accepted], None, answer["last_id"])
        self.told += [("refuse", payload) for payload in payloads[accepted:]]

    def _acknowledged(self, payloads, first_id, last_id):
        self.told.append(("acknowledge", payloads, first_id, last_id))
        self.acknowledged += len(payloads)

    def settle(self, ledger):
        """After the end of the thread: enters all that it was told."""
        if self.error:
            raise self.error
        for what, *details in self.told:
            if what == "acknowledge":
                ledger.acknowledge(self.name, *details)
            else:
                getattr(ledger, what)(*details)


class Subscriber(threading.Thread):
    """One stream from where the last one of that name ended, read until its end."""

    def __init__(self, address, name, topics, after=None):
        super().__init__(daemon=True)
        self.name = name
        self.items = []
        self.ended = False
        self.error = None
        self._topics = topics
        headers = {"Last-Event-ID": after} if after else None
        target = sse.events_target(*topics, **({} if after else {"since": "earliest"}))
        self._stream = sse.Stream(address, target, headers)
        self._parser = sse.Parser()
        self._after = after
        self._resumed = after is not None
        self.start()

    @property
    def cursor(self):
        return self._parser.last_id or self._after

    def run(self):
        try:
            while data := self._stream.connection.read_some():
                self._take(data)
        except ConnectionError:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.ended = True
            self._stream.close()

    def _take(self, data):
        for event in self._parser.feed(data):
            if event.type == "ringcast.gap":
                self.items.append(Gap(event.id, event.json()["reason"]))
            else:
                self.items.append(Event(event.id, event.data))
        if self.cursor and (not self.items or self.items[-1].id != self.cursor):
            # The first block says where the stream starts.
            self._after = self._after or self.cursor
            self.items.append(Cursor(self.cursor))

    def settle(self, ledger):
        if self.error:
            raise self.error
        if self._after:  # Else it was cut off before its first block.
            ledger.saw(Stretch(self.name, self._topics, self._after, self.items, self._resumed))


def history_of(address, topic, lossy):
    """All of a topic, page by page: [(id, data)]. Each page is a resume, so it may tell what was lost."""
    events, after = [], None
    while True:
        parameters = {"topic": topic, "limit": PAGE, **({"after": after} if after else {})}
        response = http.fetch(address, "GET", "/history?" + http.query(parameters))
        assert response.status == 200, response
        page = response.json()
        assert not page["gap"] or (lossy and after and page["gap"]["reason"] == "lost"), (topic, page["gap"])
        events += [(event["id"], event["data"]) for event in page["events"]]
        after = page["next"]
        if not after:
            return events


def everything(address, lossy=False):
    """{topic: [(id, data)]} from the history; a stream of all topics has to say the same."""
    stored = {topic: history_of(address, topic, lossy) for topic in TOPICS}
    united = sorted({event for events in stored.values() for event in events},
                    key=lambda event: seq(event[0]))
    with sse.Stream(address, sse.events_target(*TOPICS, since="earliest")) as stream:
        streamed = [(event.id, event.data) for event in stream.events(len(united))]
    assert streamed == united, "the stream and the history differ"
    return stored


class Broker:
    """A daemon that goes down and comes back on the same folder. Between `up()` and a way of going
    down, load is on it; what was told meanwhile is compared when it is up again."""

    def __init__(self, folder, settings, seed, keep=None, env=None):
        self.ledger = Ledger(keep)
        self.settings = settings
        self.daemon = None
        self.publishers = []
        self.subscribers = []  # Of this start.
        self._folder = folder
        self._env = env or {}
        self._seed = seed
        self._starts = 0
        self._cursors = {}
        self._newest = None  # The id of the newest event at the last start.

    def options(self, ready=True):
        journal = {**self.settings.get("journal", {}), "path": str(self._folder)}
        return {"settings": {**self.settings, "journal": journal}, "env": self._env, "ready": ready}

    def up(self, after="a crash", lossy=False):
        """Starts it and compares; then the subscribers go on where they were."""
        self.daemon = Daemon(**self.options())
        self._starts += 1
        stored = everything(self.daemon.address, lossy)
        try:
            self.ledger.read(stored, lossy)
        except Broken as broken:
            raise Broken(f"start {self._starts}, after {after}: {broken}") from None
        for topics in (*((topic,) for topic in TOPICS[:2]), TOPICS, TOPICS[2:]):
            name = f"reader of {topics}"
            self.subscribe(name, topics, self._cursors.get(name))
        # A reader with nothing newer than what the last start found is below any hole.
        if self._newest:
            self.subscribe(f"late reader {self._starts}", TOPICS, self._newest)
        self._newest = max((id_ for events in stored.values() for id_, _ in events), key=seq, default=None)

    def subscribe(self, name, topics, after=None):
        self.subscribers.append(Subscriber(self.daemon.address, name, topics, after))

    def readers_have_news(self):
        """Whether each got an event that was published since the start."""
        newest = seq(self._newest) if self._newest else -1
        return all(any(isinstance(item, Event) and seq(item.id) > newest for item in list(each.items))
                   for each in self.subscribers)

    def publish(self, publishers):
        self.publishers = [Publisher(self.daemon.address, f"p{n}-{self._starts}", self._seed)
                           for n in range(publishers)]

    def acknowledged(self):
        return sum(each.acknowledged for each in self.publishers)

    def wait_for(self, condition, what):
        """Fails at once when the daemon or a publisher ends by itself."""
        def met():
            assert self.daemon.process.poll() is None, f"ringcastd is gone: {self.daemon.lines[-20:]}"
            for each in self.publishers:
                if each.error:
                    raise each.error
            return condition()
        wait_until(met, what)

    def kill(self):
        assert self.daemon.kill() == -9, f"it was gone already: {self.daemon.lines[-20:]}"
        self._settle()

    def kill_while_it_ends(self, seconds):
        self.daemon.terminate()
        if not self.daemon.is_over_within(seconds):
            self.daemon.kill()
        self._settle()

    def terminate(self):
        self.daemon.terminate()
        code = self.daemon.wait()
        assert code == 0, f"ringcastd left with {code}: {self.daemon.lines[-20:]}"
        self._settle()

    def _settle(self):
        """All threads end by themselves: their connections are closed and nobody listens."""
        for each in self.publishers + self.subscribers:
            each.join(PATIENCE)
            assert not each.is_alive(), f"{each.name} is still there"
        # First all attempts: a subscriber may have seen what its publisher was not told.
        for each in self.publishers:
            each.settle(self.ledger)
        for each in self.subscribers:
            each.settle(self.ledger)
            self._cursors[each.name] = each.cursor
        self.publishers, self.subscribers = [], []
        self.daemon.close()

    def start_and_kill(self, seconds):
        """Killed while it starts, or soon after."""
        with Daemon(**self.options(ready=False)) as daemon:
            daemon.is_over_within(seconds)

    def close(self):
        for each in self.publishers:
            each.stop()
        if self.daemon:
            self.daemon.close()
