"""A subscription: connects, resumes, tells of gaps, and says when to stop."""

from __future__ import annotations

import datetime
import logging
from collections import deque
from typing import Any, Awaitable, Callable, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ._backoff import Backoff
from ._conversation import TEMPORARY, TokenSource, refusal
from ._errors import RefusedError, RingcastError, UnreachableError
from ._event_stream import Comment, EventStreamParser, Item, Position, Retry
from ._transport import Request, Stream, Transport, rest_of
from ._values import GAP, OVERSIZE, Event, Gap, State

_log = logging.getLogger("ringcast")

_DEFAULT_RETRY = 3.0
_SHORTEST_RETRY = 0.1  # 0 would be a loop that never rests.
_LONGEST_WAIT = 60.0

Since = Union[str, int, datetime.datetime]
Callback = Optional[Callable[..., Union[None, Awaitable[None]]]]


class Options(NamedTuple):
    """The arguments of subscribe()."""

    topics: Union[str, Sequence[str]]
    since: Optional[Since]
    last_event_id: Optional[str]
    events: Union[str, Sequence[str], None]
    envelope: bool
    max_data: Optional[int]
    on_gap: Callback
    on_comment: Callback
    on_state: Callback
    idle_timeout: Optional[float]
    max_event_bytes: int

    def query(self) -> Tuple[Tuple[str, str], ...]:
        pairs = [("topic", topic) for topic in _list(self.topics)]
        pairs += [("event", event) for event in _list(self.events)]
        if self.since is not None:
            pairs.append(("since", _since(self.since)))
        if self.envelope:
            pairs.append(("envelope", "true"))
        if self.max_data is not None:
            pairs.append(("max_data", str(self.max_data)))
        return tuple(pairs)


def _list(names: Union[str, Sequence[str], None]) -> List[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def _since(since: Since) -> str:
    if not isinstance(since, datetime.datetime):
        return str(since)
    if since.tzinfo is None:
        raise ValueError("since: a datetime needs a time zone, as in datetime.now(timezone.utc)")
    return since.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class Subscriber:
    """The state of one subscription. One task or thread at a time calls next(); stop() may come from others."""

    def __init__(self, transport: Transport, tokens: TokenSource, options: Options) -> None:
        if options.last_event_id:
            _check_id(options.last_event_id)
        self._transport = transport
        self._tokens = tokens
        self._options = options
        self._query = options.query()
        self._bell = transport.bell()
        self._backoff = Backoff(_DEFAULT_RETRY, _LONGEST_WAIT)
        self._stream: Optional[Stream] = None
        self._parser = EventStreamParser()
        self._items: Deque[Item] = deque()
        self._wait = 0.0  # Before the next connection.
        self._told_to_wait = 0.0  # By Retry-After, or `retry:` of a stream that was no more than that.
        self._refusals = 0  # Answers with 401, one after the other.
        self.last_event_id = options.last_event_id or ""
        self.is_closed = False
        self._has_told_end = False

    async def connect(self) -> None:
        """Until it is connected, or over. Errors that are final are raised."""
        await self._run(wants_event=False)

    async def next(self) -> Optional[Event]:
        """The next event; None when the subscription is over. Errors that are final are raised."""
        return await self._run(wants_event=True)

    async def _run(self, wants_event: bool) -> Optional[Event]:
        try:
            while not self.is_closed:
                if not wants_event and (self._stream is not None or self._items):
                    return None
                if self._items:
                    event = await self._take(self._items.popleft())
                    if event is not None:
                        return event
                elif self._stream is None:
                    await self._connect()
                else:
                    await self._read(self._stream)
            await self.close()
            return None
        except BaseException as error:
            # Also when it is cancelled: then nobody reads, and the next call resumes on a new connection.
            await self._drop_stream()
            if isinstance(error, Exception):
                await self.close(str(error) or type(error).__name__)
            raise

    def stop(self) -> None:
        """Ends it at once: who waits in next() gets None. From any thread or task."""
        self.is_closed = True
        self._bell.ring()
        stream = self._stream
        if stream is not None:
            stream.abort()

    async def close(self, reason: str = "") -> None:
        """Ends it and its connection; not while another task or thread is in next()."""
        self.is_closed = True
        await self._drop_stream()
        if not self._has_told_end:
            self._has_told_end = True
            await self._tell(State("closed", reason))

    async def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            await stream.close()

    async def _tell(self, state: State) -> None:
        if self._options.on_state is not None:
            await self._transport.settle(self._options.on_state(state))

    async def _connect(self) -> None:
        if self._wait > 0:
            await self._bell.wait(self._wait)
            self._wait = 0.0
            if self.is_closed:
                return
        await self._tell(State("connecting"))
        try:
            stream = await self._transport.open(await self._request())
        except UnreachableError as error:
            if error.is_final:
                raise
            await self._come_back(str(error))
            return
        self._stream = stream
        if stream.status == 200:
            await self._opened(stream)
        elif stream.status == 204:
            await self.close("204: there is nothing to subscribe to any more")
        else:
            await self._refused(stream)

    async def _request(self) -> Request:
        headers: Dict[str, Union[str, bytes]] = {
            "Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
        headers.update(await self._tokens.header())
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id.encode()
        return Request("GET", "/events", self._query, headers, read_timeout=self._options.idle_timeout)

    async def _opened(self, stream: Stream) -> None:
        content_type = stream.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != "text/event-stream":
            raise RefusedError(200, "Unexpected answer", f"the content type is {content_type!r}, not text/event-stream")
        self._refusals = 0
        self._parser = EventStreamParser(self.last_event_id, self._options.max_event_bytes)
        await self._tell(State("open"))

    async def _refused(self, stream: Stream) -> None:
        error = refusal(RefusedError, stream.status, stream.headers, await rest_of(stream))
        if error.status == 401:
            # The callback may have given a token that has just expired: it is asked once more.
            self._refusals += 1
            if not self._tokens.can_change or self._refusals > 1:
                raise error
        elif error.status in TEMPORARY:
            self._refusals = 0
        else:
            raise error
        self._told_to_wait = error.retry_after or 0.0
        await self._come_back(str(error))

    async def _read(self, stream: Stream) -> None:
        try:
            chunk = await stream.read()
            reason = "the stream has ended"
        except UnreachableError as error:
            chunk, reason = b"", str(error)
        if self.is_closed:
            return
        if chunk:
            self._items.extend(self._parser.feed(chunk))
        else:
            await self._come_back(reason)

    async def _come_back(self, reason: str) -> None:
        await self._drop_stream()
        self._wait = max(self._told_to_wait, self._backoff.next())
        self._told_to_wait = 0.0
        _log.info("connecting again in %.1f s: %s", self._wait, reason)
        await self._tell(State("waiting", reason, self._wait))

    async def _take(self, item: Item) -> Optional[Event]:
        if isinstance(item, Comment):
            if self._options.on_comment is not None:
                await self._transport.settle(self._options.on_comment(item.text))
            return None
        if isinstance(item, Retry):
            self._backoff.base = self._told_to_wait = max(item.ms / 1000, _SHORTEST_RETRY)
            return None
        # It is a stream with content, so the next failure is a first one.
        self._backoff.reset()
        self._told_to_wait = 0.0
        self.last_event_id = item.id
        if isinstance(item, Position):
            return None
        if item.event == GAP:
            await self._take_gap(item)
            return None
        return self._unwrapped(item)

    async def _take_gap(self, event: Event) -> None:
        values = _object(event)
        gap = Gap(values.get("requested"), values.get("resumed"), str(values.get("reason")), values.get("missed"))
        if self._options.on_gap is None:
            _log.warning("events are missing: %s", event.data)
        else:
            await self._transport.settle(self._options.on_gap(gap))

    def _unwrapped(self, event: Event) -> Event:
        if not self._options.envelope or event.event == OVERSIZE:
            return event
        values = _object(event)
        data, kind = values.get("data"), values.get("event")
        if not isinstance(data, str) or not isinstance(kind, str):
            raise RingcastError(f"{event.id}: not an envelope: {event.data[:200]!r}")
        return Event(data, kind, event.id, values.get("topic"), values.get("time"))


def _object(event: Event) -> Dict[str, Any]:
    try:
        values = event.json()
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise RingcastError(f"{event.event} {event.id}: not an object: {event.data[:200]!r}")
    return values


def _check_id(last_event_id: str) -> None:
    if not all(" " <= letter <= "~" for letter in last_event_id):
        raise ValueError("last_event_id has printable ASCII only, as all ids of ringcast")
