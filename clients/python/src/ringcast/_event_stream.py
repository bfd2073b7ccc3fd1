"""The incremental parser of text/event-stream (WHATWG HTML, section 9.2.6): bytes in, items out."""

from __future__ import annotations

from typing import List, NamedTuple, Union

from ._values import OVERSIZE, Event

DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LONGEST_NAME = 16  # Of a field, with a byte order mark before it, a colon and a blank.
_MAX_RETRY_MS = 86_400_000


class Comment(NamedTuple):
    text: str


class Retry(NamedTuple):
    ms: int


class Position(NamedTuple):
    """A block without data has said where the stream is."""

    id: str


Item = Union[Event, Comment, Retry, Position]


class EventStreamParser:
    """Feed it the bytes of one connection, in any pieces.

    It takes linear time, and keeps no more than `max_event_bytes` of an event: longer data comes as
    an event `ringcast.oversize` with `{"bytes":N}`, as the broker sends it for `max_data`. Bytes that
    are not UTF-8 become U+FFFD.
    """

    def __init__(self, last_event_id: str = "", max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self.last_event_id = last_event_id
        self._id = last_event_id
        self._has_id = False  # This block has one.
        self._max_event_bytes = max_event_bytes
        self._most_of_a_line = max_event_bytes + _LONGEST_NAME
        self._line = bytearray()  # The beginning of a line whose end has not come.
        self._cut_bytes = 0  # How much of that line was dropped.
        self._is_first_line = True
        self._skips_line_feed = False  # The last byte was a CR: an LF now belongs to it.
        self._event = ""
        self._data = bytearray()  # Each line with a line feed behind it.
        self._data_bytes = 0  # As many as _data would have without the limit.

    def feed(self, chunk: bytes) -> List[Item]:
        """What `chunk` completes, in the order of the stream."""
        items: List[Item] = []
        if self._skips_line_feed and chunk:
            self._skips_line_feed = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if not chunk:
            return items
        lines = chunk.splitlines()  # Of bytes: at CR LF, CR and LF only.
        rest = b""
        if chunk[-1] not in b"\r\n":
            rest = lines.pop()
        self._skips_line_feed = chunk[-1] == 0x0D
        if lines and (self._line or self._cut_bytes):
            self._keep(lines[0])
            lines[0] = bytes(self._line)
            self._line.clear()
        for line in lines:
            self._take_line(line, items)
            self._cut_bytes = 0
        if rest:
            self._keep(rest)
        return items

    def _keep(self, piece: bytes) -> None:
        room = self._most_of_a_line - len(self._line)
        self._line += piece[:room]
        self._cut_bytes += max(0, len(piece) - room)

    def _take_line(self, line: bytes, items: List[Item]) -> None:
        if self._is_first_line:
            self._is_first_line = False
            if line.startswith(_BOM):
                line = line[len(_BOM):]
        if not line:
            self._end_block(items)
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._take_data(value)
        elif self._cut_bytes or len(line) > self._most_of_a_line:
            return  # Nothing else is this long for a good reason.
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
                self._has_id = True
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"retry":
            if value.isdigit():
                # So that a value of any length takes no time; all that are longer are above the bound.
                digits = value.lstrip(b"0")[:12]
                items.append(Retry(min(int(digits or b"0"), _MAX_RETRY_MS)))
        elif not name:
            items.append(Comment(value.decode("utf-8", "replace")))

    def _take_data(self, value: bytes) -> None:
        self._data_bytes += len(value) + self._cut_bytes + 1
        if self._data_bytes - 1 <= self._max_event_bytes:
            self._data += value
            self._data += b"\n"
        else:
            self._data.clear()

    def _end_block(self, items: List[Item]) -> None:
        self.last_event_id = self._id
        size = self._data_bytes - 1
        if size > self._max_event_bytes:
            items.append(Event('{"bytes":%d}' % size, OVERSIZE, self._id))
        elif size >= 0:
            data = self._data[:-1].decode("utf-8", "replace")
            items.append(Event(data, self._event or "message", self._id))
        elif self._has_id:
            items.append(Position(self._id))
        self._has_id = False
        self._event = ""
        self._data.clear()
        self._data_bytes = 0
