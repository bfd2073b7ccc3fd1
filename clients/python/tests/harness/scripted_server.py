"""A server that gives prepared answers, for what a healthy ringcastd does not do."""

import socket
import threading

from harness.waiting import PATIENCE


def answer(status, body=b"", **headers):
    """The bytes of an answer; names of headers with _ for -."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def stream(body, content_type="text/event-stream"):
    """The beginning of an answer that ends with its connection."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n".encode() + body


class ScriptedServer:
    """The n-th connection gets the n-th of `answers`, later ones the last. After `HOLD` in an answer the
    connection stays open without a word; else it ends."""

    HOLD = b"<hold>"

    def __init__(self, *answers):
        self._answers = answers
        self.requests = []
        self._held = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            try:
                request = self._request(connection)
                if not request:
                    connection.close()
                    continue
                self.requests.append(request)
                text = self._answers[min(len(self.requests), len(self._answers)) - 1]
                connection.sendall(text.replace(self.HOLD, b""))
                if self.HOLD in text:
                    self._held.append(connection)
                    continue
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    @staticmethod
    def _request(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return ""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            more = connection.recv(65536)
            if not more:
                return ""
            body += more
        return (head + b"\r\n\r\n" + body).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)
        for connection in self._held:
            connection.close()
