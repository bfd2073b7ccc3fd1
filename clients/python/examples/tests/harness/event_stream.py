"""Reads a text/event-stream as a browser would, by the standard library alone."""

import http.client
import threading
import urllib.parse

from harness.waiting import PATIENCE, wait_until


def parse(text):
    """The events of a stream as dicts with `id`, `event` and `data`; comments and `retry` as they are."""
    events, fields, data = [], {}, []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            if data:
                events.append({**fields, "data": "\n".join(data)})
            fields, data = {key: value for key, value in fields.items() if key == "id"}, []
            continue
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "data":
            data.append(value)
        elif name in ("id", "event", "retry"):
            fields[name] = value
    return events


class EventStream:
    """One GET whose body is read in the background. `text` is what has come, `over` whether it has ended."""

    def __init__(self, url, headers=None, method="GET"):
        where = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
        path = where.path + ("?" + where.query if where.query else "")
        self._connection.request(method, path, headers={"Accept": "text/event-stream", **(headers or {})})
        # It takes the socket with it when the answer says that the connection ends with it.
        self._socket = self._connection.sock
        self.answer = self._connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers
        self.raw, self.over = b"", False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        try:
            while chunk := self.answer.read1(65536):
                self.raw += chunk
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.over = True

    @property
    def text(self):
        return self.raw.decode("utf-8", "replace")

    @property
    def events(self):
        return parse(self.text)

    def wait_for(self, condition, what):
        """Waits until `condition`, called with the events so far, is true; then returns them."""
        try:
            wait_until(lambda: condition(self.events), what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the stream has {self.raw!r}") from None
        return self.events

    def wait_for_count(self, count):
        return self.wait_for(lambda events: len(events) >= count, f"{count} events")

    def wait_for_text(self, text):
        wait_until(lambda: text in self.text or self.over, f"{text!r} on the stream")
        if text not in self.text:
            raise AssertionError(f"the stream ended without {text!r}: {self.raw!r}")

    def wait_for_end(self):
        wait_until(lambda: self.over, "the stream's end")

    def close(self):
        try:
            self._socket.shutdown(2)
        except OSError:
            pass
        self._thread.join(PATIENCE)
        self.answer.close()
        self._connection.close()
