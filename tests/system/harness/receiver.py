"""A web server for webhooks on loopback: it checks each signature, keeps what it was told, and can be
made to refuse, to stall, and to go away."""

import base64
import hashlib
import hmac
import http.server
import json
import socket
import threading

from harness.waiting import wait_until

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def signature(secret, identifier, timestamp, body):
    """As Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Request:
    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.json = json.loads(body)
        self.events = self.json["data"]["events"]

    @property
    def id(self):
        return self.headers["webhook-id"]


class Receiver:
    """Use as a context manager. `requests` are all attempts in order, `taken` those with 2xx.

    `answer(request)` gives the status, 200 unless set; it may block. `accepts(secret)`: any of these.
    """

    def __init__(self, port=0, secrets=(SECRET,)):
        self.requests = []
        self.taken = []
        self.faults = []
        self.secrets = secrets
        self.answer = lambda request: 200
        self._lock = threading.Lock()
        self._connections = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver._connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver._take(Request(self.path, self.headers, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # A sender that was ended meanwhile.

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self._connections:  # Also those that are kept open between requests.
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def _take(self, request):
        headers = request.headers
        expected = {signature(secret, request.id, headers["webhook-timestamp"], request.body)
                    for secret in self.secrets}
        if set(headers["webhook-signature"].split(" ")) != expected:
            self.faults.append(f"{request.id}: {headers['webhook-signature']}, not {expected}")
        with self._lock:
            self.requests.append(request)
        status = self.answer(request)
        if 200 <= status < 300:
            with self._lock:
                self.taken.append(request)
        return status

    def events(self, *kinds):
        """What was told by the batches that were taken, without the starts unless they are asked for."""
        with self._lock:
            found = [event for request in self.taken for event in request.events]
        wanted = kinds or ("publish", "join", "leave", "oversize", "gap")
        return [event for event in found if event["kind"] in wanted]

    def data(self):
        return [event["data"] for event in self.events("publish")]

    def wait_for(self, condition, what):
        return wait_until(lambda: condition(self), f"the receiver {what}", 30)

    def wait_for_start(self, count=1):
        self.wait_for(lambda _: len(self.events("start")) >= count, f"is told of {count} starts")
