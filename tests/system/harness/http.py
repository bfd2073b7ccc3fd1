"""HTTP/1.x on a raw socket: what is sent is exactly what a test says, and nothing is followed,
retried or decoded behind its back."""

import json
import socket
import struct
import time
import urllib.parse

from harness.waiting import PATIENCE


def encoded(topic):
    """A topic as one path segment."""
    return urllib.parse.quote(topic, safe="")


def query(pairs):
    """[("topic", "a/b"), ...] as a query string; spaces as %20, so that "+" is never ambiguous."""
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)


def connect(address, timeout=PATIENCE, receive_buffer=None, tls=None):
    """A connected socket for "127.0.0.1:80", "[::1]:80" or "unix:/path"; `tls` is an SSLContext."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        where = address.removeprefix("unix:")
    else:
        host, port = address.rsplit(":", 1)
        where = (host.strip("[]"), int(port))
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(timeout)
    try:
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(where)
        if tls is not None:
            sock = tls.wrap_socket(sock, server_hostname="localhost")
    except OSError:
        sock.close()
        raise
    return sock


class Response:
    """A response as it came: the head's bytes, the headers in order, the body without framing."""

    def __init__(self, raw_head):
        self.raw_head = raw_head
        status_line, *lines = raw_head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.version, status, *reason = status_line.split(" ", 2)
        self.status = int(status)
        self.reason = reason[0] if reason else ""
        self.headers = [(name, value.strip()) for name, value in (line.split(":", 1) for line in lines)]
        self.body = b""

    def header(self, name):
        """The only header of that name, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def header_names(self):
        return sorted(name.lower() for name, _ in self.headers)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request_bytes(method, target, headers=None, body=b"", version="HTTP/1.1", host="localhost"):
    """A request with Host and, for a body, Content-Length; a header given as None is left out."""
    fields = {"Host": host}
    if body:
        fields["Content-Length"] = str(len(body))
    fields.update(headers or {})
    lines = [f"{method} {target} {version}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body


class Connection:
    """One connection, its requests and its answers in order."""

    def __init__(self, address, **options):
        self.socket = connect(address, **options)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST: the peer learns of it at once, and no port stays in TIME_WAIT."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, headers=None, body=b"", **options):
        self.send(request_bytes(method, target, headers, body, **options))
        return self.read_response(method)

    def read_head(self):
        """The next head, with its 1xx heads as responses of their own."""
        while b"\r\n\r\n" not in self.buffer:
            self._receive("a response head")
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Response(head + b"\r\n\r\n")

    def read_response(self, method="GET"):
        response = self.read_head()
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response.header("Transfer-Encoding"):
            response.body = self._read_chunks()
        elif (length := response.header("Content-Length")) is not None:
            response.body = self._take(int(length))
        else:
            response.body = self.read_to_end()
        return response

    def read_some(self):
        """What has come, at least one byte; b"" at the end."""
        if self.buffer:
            data, self.buffer = self.buffer, b""
            return data
        return self.socket.recv(1 << 16)

    def read_to_end(self):
        """All that comes until the peer closes; fails when it never does, as with a stream."""
        pieces, deadline = [], time.monotonic() + PATIENCE
        while piece := self.read_some():
            pieces.append(piece)
            assert time.monotonic() < deadline, f"no end after {PATIENCE} s: {piece[-300:]!r}"
        return b"".join(pieces)

    def is_ended(self):
        """Waits for the peer's close, orderly or not, and says whether it came without more data."""
        try:
            return self.read_some() == b""
        except ConnectionError:
            return True

    def _receive(self, what):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError(f"the connection ended before {what}; there was {self.buffer!r}")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._receive(f"{count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _take_line(self):
        while b"\r\n" not in self.buffer:
            self._receive("a chunk's line")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _read_chunks(self):
        body = b""
        while size := int(self._take_line().split(b";")[0], 16):
            body += self._take(size)
            assert self._take(2) == b"\r\n", "a chunk did not end in CRLF"
        while self._take_line():
            pass
        return body


def fetch(address, method, target, headers=None, body=b"", tls=None, **options):
    """One request on a connection of its own."""
    with Connection(address, tls=tls) as connection:
        return connection.request(method, target, headers, body, **options)


def chunk(data):
    """One chunk of a chunked body; of b"" the last one."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
