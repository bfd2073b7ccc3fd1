"""text/event-stream as the standard reads it (WHATWG HTML section 9.2.6), byte by byte if need be,
and a stream of it over a raw socket."""

import collections
import dataclasses
import json
import re
import socket
import time

from harness.http import Connection, query, request_bytes
from harness.waiting import PATIENCE

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclasses.dataclass(frozen=True)
class Event:
    """What a client's listener gets."""

    type: str
    data: str
    id: str

    def json(self):
        return json.loads(self.data)


class Parser:
    """Feed it bytes in any pieces; it returns the events that they complete."""

    def __init__(self):
        self.last_id = ""
        self.retry_ms = None
        self._pending = b""
        self._at_start = True
        self._clear()

    def _clear(self):
        self._type, self._data, self._id = "", [], None

    def feed(self, data):
        self._pending += data
        if self._at_start:
            if len(self._pending) < len(_BOM) and _BOM.startswith(self._pending):
                return []
            self._pending = self._pending.removeprefix(_BOM)
            self._at_start = False
        events, begin = [], 0
        for end in _LINE_END.finditer(self._pending):
            # A CR at the end of what is there may be half of a CRLF.
            if end.group() == b"\r" and end.end() == len(self._pending):
                break
            if event := self._take_line(self._pending[begin:end.start()]):
                events.append(event)
            begin = end.end()
        self._pending = self._pending[begin:]
        return events

    def _take_line(self, line):
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._type = value
        elif name == b"id" and "\0" not in value:
            self._id = value
        elif name == b"retry" and re.fullmatch("[0-9]+", value):
            self.retry_ms = int(value)
        return None

    def _dispatch(self):
        if self._id is not None:
            self.last_id = self._id
        event = Event(self._type or "message", "\n".join(self._data), self.last_id) if self._data else None
        self._clear()
        return event


def fields_of(block):
    """A block's lines as (field, value); a comment's field is empty."""
    pairs = []
    for line in block.decode("utf-8").split("\n"):
        name, _, value = line.partition(":")
        pairs.append((name, value.removeprefix(" ")))
    return pairs


class Stream:
    """A subscription. Blocks come one by one, exactly as they were on the wire."""

    def __init__(self, address, target, headers=None, receive_buffer=None, method="GET",
                 version="HTTP/1.1", accept="text/event-stream", tls=None):
        self.connection = Connection(address, receive_buffer=receive_buffer, tls=tls)
        self.parser = Parser()
        self.raw = bytearray()
        self._blocks = collections.deque()
        self._partial = b""
        self.ended = False
        head = {"Accept": accept, **(headers or {})}
        try:
            self.connection.send(request_bytes(method, target, head, version=version))
            self.head = self.connection.read_head()
            if self.head.status != 200:
                raise AssertionError(f"{target}: {self.head} {self.connection.read_to_end()!r}")
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    @property
    def last_id(self):
        """Where this client would resume: after the blocks that were taken so far."""
        return self.parser.last_id

    def receive(self):
        """Takes in what has come, without a look at it; `ended` and `raw` tell the rest."""
        data = self.connection.read_some()
        self.ended = not data
        self.raw += data
        *whole, self._partial = (self._partial + data).split(b"\n\n")
        self._blocks.extend(whole)

    def next_block(self, seconds=PATIENCE):
        """The bytes of the next block without its blank line; None at the end of the stream."""
        deadline = time.monotonic() + seconds
        while not self._blocks and not self.ended:
            self.connection.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                self.receive()
            except socket.timeout:
                raise AssertionError(f"no block within {seconds} s; so far {self.raw[-500:]!r}") from None
        if not self._blocks:
            assert not self._partial, f"the stream was cut inside a block: {self._partial!r}"
            return None
        return self._blocks.popleft()

    def next_event(self, seconds=PATIENCE):
        """The next block that dispatches something; None at the end of the stream."""
        while (block := self.next_block(seconds)) is not None:
            if events := self.parser.feed(block + b"\n\n"):
                return events[0]
        return None

    def skip_first_block(self):
        """Takes the block that opens a stream and returns the id in it."""
        block = self.next_block()
        assert block is not None, "the stream ended before its first block"
        assert not self.parser.feed(block + b"\n\n"), f"the first block dispatched: {block!r}"
        return self.parser.last_id

    def events(self, count, seconds=PATIENCE):
        """The next `count` events; a stream that ends before them fails."""
        found = []
        for number in range(count):
            event = self.next_event(seconds)
            assert event is not None, f"the stream ended after {number} of {count} events"
            found.append(event)
        return found

    def data(self, count, seconds=PATIENCE):
        return [event.data for event in self.events(count, seconds)]

    def until(self, data, seconds=PATIENCE):
        """All events up to and with the one that carries `data`."""
        found = []
        while not found or found[-1].data != data:
            found += self.events(1, seconds)
        return found


def events_target(*topics, **parameters):
    """/events?topic=...: a parameter may be a list, to be repeated."""
    pairs = [("topic", topic) for topic in topics]
    for name, value in parameters.items():
        pairs += [(name, each) for each in (value if isinstance(value, list) else [value])]
    return "/events?" + query(pairs)
