"""ringcast for MicroPython and CPython: one file, nothing but what both have. README.md shows how to use it."""

import asyncio
import json
import os
import random
import sys

_IS_MICRO = sys.implementation.name == "micropython"
_LOST = (OSError, EOFError, asyncio.TimeoutError)  # What ends a connection.
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
_ANSWER_TIMEOUT = 15  # Seconds to connect and be answered.
_LONGEST_WAIT_MS = 60000
_MOST_OF_A_HEAD = 4096
_OVERSIZE = "ringcast.oversize"


class RingcastError(Exception):
    """A refusal: `status` of HTTP and the broker's `detail`; status 0 when there was no answer."""

    def __init__(self, status, detail):
        super().__init__("%d %s" % (status, detail))
        self.status, self.detail = status, detail


class Event:
    """`data`, its type `event`, and `id`. `oversize` is None, or the size of data that was left out."""

    __slots__ = ("data", "event", "id", "oversize")

    def __init__(self, data, event, id, oversize=None):
        self.data, self.event, self.id, self.oversize = data, event, id, oversize


class EventSource:
    """An async iterator of the events of `topics`, a text or a list, that reconnects and resumes.

    `token` is a text or a function that returns one. No line, and no event's data, above `max_line` bytes
    is kept: it comes as an event `ringcast.oversize`. `max_data` asks the broker not to send longer data
    at all, by default what fits into max_line; 0: send all. `read_timeout` seconds without a byte end a
    connection. Gaps come as events `ringcast.gap`. On MicroPython, https needs `ssl`, an SSLContext.
    """

    def __init__(self, url, topics, token=None, last_event_id=None, since=None, events=None, headers=None,
                 read_timeout=45, max_line=2048, max_data=None, retry_ms=3000, ssl=None):
        self._place = _Place(url, ssl)
        max_data = max_line if max_data is None else max_data
        query = [("topic", t) for t in _list(topics)] + [("event", e) for e in _list(events)]
        query += [("since", since)] * (since is not None) + [("max_data", max_data)] * (max_data > 0)
        self._path = "/events?" + _query(query)
        self._token = token
        self._headers = headers or {}
        self._read_timeout = read_timeout
        self._max_line = max_line
        self._retry_ms = retry_ms
        self._failures = self._wait_ms = 0  # Failures in a row, and what to wait because of them.
        self._parser = self._connection = self._task = None
        self._has_refused = self._is_closed = False
        self.last_event_id = last_event_id or ""

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._is_closed:
            if self._parser and self._parser.events:
                event = self._parser.events.pop(0)
                self.last_event_id = event.id
                return event
            if self._connection:
                await self._read()
            else:
                await self._connect()
        raise StopAsyncIteration

    def close(self):
        """Ends the iteration and its connection at once. Not a coroutine."""
        self._is_closed = True
        self._drop()
        if self._task:
            self._task.cancel()

    def _drop(self):
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    async def _run(self, steps, seconds=None):
        # As a task of its own, which close() can end.
        self._task = asyncio.create_task(steps)
        try:
            return await asyncio.wait_for(self._task, seconds)
        except asyncio.CancelledError:
            self._drop()
            if self._is_closed:
                raise StopAsyncIteration
            raise
        finally:
            self._task = None

    async def _connect(self):
        if self._wait_ms:
            await self._run(_sleep(self._wait_ms))
            self._wait_ms = 0
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        headers.update(self._headers)
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        # HTTP/1.0: the body ends with the connection, and is never chunked.
        head = self._place.head("GET", self._path, "1.0", headers, self._token)
        try:
            status, headers, detail = await self._run(self._open(head), _ANSWER_TIMEOUT)
        except _LOST:
            self._come_back(0)
            return
        if status == 204:
            self.close()
        elif status != 200:
            self._refused(status, headers, detail)
        elif not headers.get("content-type", "").startswith("text/event-stream"):
            self.close()
            raise RingcastError(status, "not an event stream")
        else:
            self._has_refused = False
            self._parser = _Parser(self._max_line, self.last_event_id)

    async def _open(self, head):
        self._connection = await self._place.connect()
        status, headers = await self._connection.ask(head)
        return status, headers, _detail(await self._connection.body(headers)) if status != 200 else ""

    def _refused(self, status, headers, detail):
        # A function may have given a token that has just expired: it is asked once more.
        may_retry = status == 401 and callable(self._token) and not self._has_refused
        self._has_refused = status == 401
        if status in _TEMPORARY or may_retry:
            self._come_back(_retry_after_ms(headers))
            return
        self.close()
        raise RingcastError(status, detail)

    async def _read(self):
        try:
            chunk = await self._run(self._connection.read(), self._read_timeout)
        except _LOST:
            chunk = b""
        parser = self._parser
        if chunk:
            parser.feed(chunk)
        if parser.retry_ms is not None:
            self._retry_ms = max(parser.retry_ms, 100)  # 0 would be a loop that never rests.
        if parser.has_content:
            self._failures = 0
            if not parser.events:
                self.last_event_id = parser.last_event_id
        if not chunk:
            # A stream of nothing but `retry:` asks to come back not before that.
            self._come_back(0 if parser.has_content else parser.retry_ms or 0)

    def _come_back(self, at_least_ms):
        self._drop()
        self._wait_ms = max(at_least_ms, _backoff_ms(self._retry_ms, self._failures))
        self._failures += 1


class Publisher:
    """Publishes to the broker at `url`, over one connection that is kept. `token` as for EventSource."""

    def __init__(self, url, token=None, ssl=None, attempts=5):
        self._place = _Place(url, ssl)
        self._token = token
        self._attempts = attempts
        self._connection = self._turn = None

    async def publish(self, topic, data, event=None, id=None, retry_ms=None, comment=False, key=None):
        """Publishes str and bytes as they are, anything else as JSON; returns the event's id.

        Repeated up to `attempts` times when there is no answer, or one that says to: an idempotency key,
        a new one without `key`, keeps that from making two events. RingcastError when it fails.
        """
        if key is None and not comment:
            key = "".join("%02x" % byte for byte in os.urandom(12))
        body = _body(topic, data, comment, (("event", event), ("id", id), ("retry", retry_ms), ("key", key)))
        if not self._turn:
            self._turn = asyncio.Lock()
        async with self._turn:
            return await self._send(body)

    def close(self):
        """Ends the connection. Not a coroutine."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    async def _send(self, body):
        left = self._attempts
        while True:
            wait_ms = _backoff_ms(500, self._attempts - left)
            is_kept = self._connection is not None
            left -= 1
            try:
                status, headers, answer = await asyncio.wait_for(self._exchange(body), _ANSWER_TIMEOUT)
                if status == 200 and _value(answer, "accepted"):
                    return _value(answer, "first_id")
                failure = RingcastError(status, _detail(answer))
                may_renew = status == 401 and callable(self._token) and left == self._attempts - 1
                if status not in _TEMPORARY and not may_renew:
                    raise failure
                wait_ms += _retry_after_ms(headers)
            except asyncio.CancelledError:
                self.close()
                raise
            except _LOST as error:
                self.close()
                if is_kept:  # The broker has ended it, as it does after a minute.
                    left += 1
                    continue
                failure = RingcastError(0, "no answer: %r" % error)
            if left <= 0:
                raise failure
            await _sleep(wait_ms)

    async def _exchange(self, body):
        head = self._place.head("POST", "/events", "1.1", {
            "Content-Type": "application/json", "Content-Length": str(len(body))}, self._token)
        if not self._connection:
            self._connection = await self._place.connect()
        connection = self._connection
        status, headers = await connection.ask(head + body)
        answer = await connection.body(headers)
        if headers.get("connection", "").lower() == "close" or headers.get("content-length") != str(len(answer)):
            self.close()
        return status, headers, answer


class _Place:
    # The broker: scheme, host, port and prefix of its URL.

    def __init__(self, url, ssl):
        scheme, _, rest = url.partition("://")
        address, slash, path = rest.partition("/")
        if scheme not in ("http", "https") or not address or "@" in address or "?" in path or "#" in path:
            raise ValueError("not a URL such as http://192.168.1.2:8080: " + url)
        self._address = address
        self._prefix = (slash + path).rstrip("/")
        host, colon, port = address.rpartition(":")
        if not colon or port.endswith("]"):
            host, port = address, 443 if scheme == "https" else 80
        self._host = host.strip("[]")
        self._port = int(port)
        self._ssl = None if scheme == "http" else ssl or True
        if self._ssl is True and _IS_MICRO:
            raise ValueError("https needs ssl=, an SSLContext that says what to trust")

    async def connect(self):
        return _Connection(await asyncio.open_connection(
            self._host, self._port, ssl=self._ssl, server_hostname=self._ssl and self._host))

    def head(self, method, path, version, headers, token):
        if callable(token):
            token = token()
        lines = ["%s %s%s HTTP/%s" % (method, self._prefix, path, version), "Host: " + self._address]
        lines += ["%s: %s" % pair for pair in headers.items()]
        if token is not None:
            lines.append("Authorization: Bearer " + token)
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header, an id or the token has a line end")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Connection:
    def __init__(self, streams):
        self._reader, self._writer = streams
        self._buffer = bytearray(256 if _IS_MICRO else 16384)
        self._view = memoryview(self._buffer)
        self._rest = b""  # Read, but not asked for.

    async def read(self):
        # What has come; empty at the end.
        rest, self._rest = self._rest, b""
        if rest:
            return rest
        if not hasattr(self._reader, "readinto"):
            return await self._reader.read(len(self._buffer))
        size = None
        while size is None:  # TLS: there was something, but no data.
            size = await self._reader.readinto(self._buffer)
        return bytes(self._view[:size])

    async def ask(self, request):
        # The status, and the headers with names in lower case.
        self._writer.write(request)
        await self._writer.drain()
        head, end = b"", -1
        while end < 0:
            chunk = await self.read()
            if not chunk or len(head) > _MOST_OF_A_HEAD:
                raise OSError("not an HTTP answer")
            head += chunk
            end = head.find(b"\r\n\r\n")
        self._rest = head[end + 4:]
        lines = _text(head[:end]).split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = lines[0].split(" ")[1:2]
        if not lines[0].startswith("HTTP/1.") or not status or not status[0].isdigit():
            raise OSError("not an HTTP answer")
        return int(status[0]), headers

    async def body(self, headers, most=1024):
        # As much as there is, but not more than `most` bytes.
        length = headers.get("content-length", "")
        length = min(int(length), most) if length.isdigit() else most
        body = b""
        while len(body) < length:
            chunk = await self.read()
            if not chunk:
                break
            body += chunk
        return body

    def close(self):
        # MicroPython's close() does nothing before wait_closed(), which is this.
        if hasattr(self._writer, "s"):
            self._writer.s.close()
        else:
            self._writer.transport.abort()


class _Parser:
    # text/event-stream, a piece at a time, with bounded memory. What is complete is in `events`.

    def __init__(self, max_line, last_event_id):
        self.events = []
        self.last_event_id = last_event_id
        self.retry_ms = None
        self.has_content = False  # An id or an event has come.
        self._max_line = max_line
        self._line, self._cut = bytearray(), 0  # Of this line, what is kept, and how much was dropped.
        self._is_first_line, self._is_after_cr = True, False
        self._id, self._event = last_event_id, ""
        self._data, self._size = bytearray(), -1  # The size with what was dropped; -1: there is no data.

    def feed(self, chunk):
        start = 1 if self._is_after_cr and chunk[0] == 10 else 0
        self._is_after_cr = False
        has_cr = b"\r" in chunk
        while start < len(chunk):
            end = chunk.find(b"\n", start)
            if has_cr:
                cr = chunk.find(b"\r", start, len(chunk) if end < 0 else end)
                end = cr if cr >= 0 else end
            if end < 0:
                self._keep(chunk[start:])
                return
            self._keep(chunk[start:end])
            self._take_line()
            start = end + 1
            if chunk[end] == 13:
                if start == len(chunk):
                    self._is_after_cr = True
                elif chunk[start] == 10:
                    start += 1

    def _keep(self, piece):
        room = self._max_line + 16 - len(self._line)  # The longest name goes before a value.
        self._line.extend(piece[:room])
        if len(piece) > room:
            self._cut += len(piece) - room

    def _take_line(self):
        line, cut = bytes(self._line), self._cut
        self._line, self._cut = bytearray(), 0
        if self._is_first_line:
            self._is_first_line = False
            if line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
        if not line:
            self._end_block()
            return
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._take_data(value, cut)
        elif cut:
            pass  # Nothing else is this long for a good reason.
        elif name == b"id":
            if b"\0" not in value:
                self._id = _text(value)
                self.has_content = True
        elif name == b"event":
            self._event = _text(value)
        elif name == b"retry" and value.isdigit():
            self.retry_ms = min(int(value[-12:]), 86400000)

    def _take_data(self, value, cut):
        if self._size >= 0:
            value = b"\n" + value
        self._size = max(self._size, 0) + len(value) + cut
        if self._size <= self._max_line:
            self._data.extend(value)
        else:
            self._data = bytearray()

    def _end_block(self):
        self.last_event_id = self._id
        if self._size >= 0:
            self.has_content = True
            self.events.append(self._finished())
        self._event, self._data, self._size = "", bytearray(), -1

    def _finished(self):
        if self._size > self._max_line:
            return Event('{"bytes":%d}' % self._size, _OVERSIZE, self._id, self._size)
        event = Event(_text(bytes(self._data)), self._event or "message", self._id)
        if event.event == _OVERSIZE:
            event.oversize = json.loads(event.data)["bytes"]
        return event


def _backoff_ms(base_ms, failures):
    # Any time up to base_ms * 2^n, so that clients which were cut off together do not return together.
    return int(random.random() * min(max(_LONGEST_WAIT_MS, base_ms), base_ms << min(failures, 16)))


async def _sleep(ms):
    await asyncio.sleep(ms / 1000)  # Of MicroPython it is no coroutine, and cannot be a task.


def _body(topic, data, comment, fields):
    _check_numbers(data)
    if isinstance(data, (bytes, bytearray)):
        data = str(data, "utf-8")
    event = {"topic": topic} if isinstance(topic, str) else {"topics": topic}
    event["comment" if comment else "data"] = data
    for name, value in fields:
        if value is not None:
            event[name] = value
    return json.dumps(event).encode()


def _check_numbers(value):
    if isinstance(value, float) and not -1e400 < value < 1e400:
        raise ValueError("data has NaN or Infinity, which JSON does not have")
    if isinstance(value, (list, tuple, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            _check_numbers(each)


def _value(answer, name):
    try:
        return json.loads(answer)[name]
    except (ValueError, KeyError, TypeError):
        return None


def _detail(answer):
    return _value(answer, "detail") or _text(answer[:200])


def _retry_after_ms(headers):
    text = headers.get("retry-after", "")
    return min(int(text) * 1000, 3600000) if text.isdigit() else 0


def _list(names):
    return [names] if isinstance(names, str) else names or []


def _query(pairs):
    return "&".join(name + "=" + "".join(
        chr(b) if b < 128 and (chr(b).isalpha() or chr(b).isdigit() or chr(b) in "-._~/") else "%%%02X" % b
        for b in str(value).encode()) for name, value in pairs)


def _text(raw):
    if not _IS_MICRO:
        return raw.decode("utf-8", "replace")
    return str(raw if not raw or max(raw) < 128 else _mended(raw), "utf-8")


def _mended(raw):
    # With U+FFFD for what is not UTF-8, as browsers do; MicroPython raises, or lets it pass.
    good = bytearray()
    start = 0
    while start < len(raw):
        first = raw[start]
        is_good = first < 0x80 or 0xC2 <= first <= 0xF4
        more = (first >= 0xC2) + (first >= 0xE0) + (first >= 0xF0) if is_good else 0  # Bytes that must follow.
        low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
        high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
        end = start + 1
        while more and end < len(raw) and low <= raw[end] <= high:
            end, more, low, high = end + 1, more - 1, 0x80, 0xBF
        good.extend(raw[start:end] if is_good and not more else b"\xef\xbf\xbd")
        start = end
    return bytes(good)
