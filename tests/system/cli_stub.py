"""A broker that fails as its script says, and the ringcast command to run against it."""

import collections
import json
import os
import pathlib
import select
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
RINGCAST = os.environ.get("RINGCAST_BIN", str(ROOT / "build/release/ringcast"))
DEADLINE = 30  # Seconds after which a test that waits in vain fails.

Request = collections.namedtuple("Request", "method path headers body connection")


def environment(**variables):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith("RINGCAST") and not k.lower().endswith("_proxy")}
    return {**kept, **variables}


def run(*arguments, url=None, stdin="", env=None):
    """Runs the command to its end."""
    variables = {"RINGCAST_URL": url} if url else {}
    return subprocess.run([RINGCAST, *arguments], input=stdin.encode(), capture_output=True,
                          timeout=DEADLINE, env=environment(**variables, **(env or {})))


def start(*arguments, url):
    return subprocess.Popen([RINGCAST, *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment(RINGCAST_URL=url))


def stop(process):
    with process:  # Closes the pipes and reaps.
        process.kill()


def read_line(stream):
    """One line of a pipe, or a failure when none comes."""
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([stream], [], [], DEADLINE)[0]:
            raise AssertionError(f"no line within {DEADLINE} s, only {line!r}")
        byte = os.read(stream.fileno(), 1)
        if not byte:
            raise AssertionError(f"the pipe ended after {line!r}")
        line += byte
    return line.decode()


class Stub:
    """A broker that answers each request with the next step of its script.

    A step gets the request and a socket to write to, and returns whether the connection stays.
    """

    def __init__(self, *steps, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.steps = list(steps)
        self.requests = []
        self.arrived = threading.Condition()
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        self.url = "unix:" + address if isinstance(address, str) else (
            "http://127.0.0.1:%d" % self.listener.getsockname()[1])
        self.connections = 0
        self.open_sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.open_sockets:
            connection.close()

    def wait_for(self, count):
        with self.arrived:
            enough = self.arrived.wait_for(lambda: len(self.requests) >= count, DEADLINE)
        if not enough:
            raise AssertionError(f"{len(self.requests)} of {count} requests came")
        return self.requests[:count]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open_sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection, self.connections),
                             daemon=True).start()

    def _serve(self, connection, number):
        try:
            with connection, connection.makefile("rb") as stream:
                while request := read_request(stream, number):
                    with self.arrived:
                        self.requests.append(request)
                        step = self.steps.pop(0) if self.steps else answer(500)
                        self.arrived.notify_all()
                    if not step(request, connection):
                        return
        except OSError:
            pass


def read_request(stream, number):
    line = stream.readline().decode()
    if not line:
        return None
    method, path, _ = line.split()
    headers = {}
    while (line := stream.readline().decode().strip()):
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, number)


def answer(status, body="", content_type="application/json", headers=""):
    def step(_, connection):
        payload = body.encode()
        connection.sendall((f"HTTP/1.1 {status} Text\r\nContent-Type: {content_type}\r\n{headers}"
                            f"Content-Length: {len(payload)}\r\n\r\n").encode() + payload)
        return True
    return step


def problem(status, detail, headers="", **members):
    return answer(status, json.dumps({"title": "Title", "status": status, "detail": detail,
                                      **members}), "application/problem+json", headers)


def accepted(request, connection):
    return answer(200, '{"accepted":1,"duplicates":0,"first_id":"e-1","last_id":"e-1"}')(
        request, connection)


def cut(_, connection):
    """Ends the connection with a reset, without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


def stream(*pieces, hold=False, head="text/event-stream"):
    """An event stream; `hold` keeps it open until the client goes."""
    def step(_, connection):
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {head}\r\n"
                           "Connection: close\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(piece.encode())
        if hold:
            connection.recv(1)
        return False
    return step


def lines_of(request):
    return [json.loads(line) for line in request.body.splitlines()]
