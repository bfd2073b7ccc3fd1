"""Tries brokers with plain sockets: does an event arrive, and does Last-Event-ID resume?"""

import argparse
import http.client
import re
import socket
import time

import processes

SECONDS = 5


class Subscriber:
    """One stream, its bytes as they came: what is looked for is never longer than a chunk."""

    def __init__(self, running, last_id=None):
        self.received = b""
        headers = ["Host: 127.0.0.1", "Accept: text/event-stream", *running.subscribe_headers]
        if last_id:
            headers.append(f"Last-Event-ID: {last_id}")
        path = running.subscribe_path.replace("{topic}", "0")
        self.socket = socket.create_connection(("127.0.0.1", running.port), timeout=SECONDS)
        self.socket.sendall("\r\n".join([f"GET {path} HTTP/1.1", *headers, "", ""]).encode())
        if not self.wait_for("\r\n\r\n") or b" 200 " not in self.received[:20]:
            raise AssertionError(f"subscribing was answered {self.received[:200]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def wait_for(self, text, seconds=SECONDS):
        """Reads until the text was received; False at the deadline or the end of the stream."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.received:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return False
            if not data:
                return False
            self.received += data
        return True

    def last_id(self):
        ids = re.findall(rb"(?:^|\n)id: ?([^\r\n]+)", self.received)
        return ids[-1].decode() if ids else None


def publish(running, payload):
    """One event; its status must be 2xx."""
    port = running.publish_port or running.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = dict(header.split(": ", 1) for header in running.publish_headers)
    body = running.publish_body.replace("{topic}", "0").replace("{payload}", payload)
    try:
        connection.request("POST", running.publish_path.replace("{topic}", "0"), body, headers)
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        raise AssertionError(f"publishing was answered {response.status} {text[:200]}")
    return f"{response.status} with {len(text)} bytes"


def resumes(running, last_id):
    """Publishes while nobody listens; does the first event's id get the second alone?"""
    if not last_id:
        return "no ids"
    publish(running, "payload.second")
    with Subscriber(running, last_id) as late:
        if not late.wait_for("payload.second", 1):
            return "does not resume"
        return "repeats what was seen" if b"payload.first" in late.received else "resumes"


def check(broker):
    """What was seen, on one line; raises when an event does not arrive."""
    with broker.start(cpu=None) as running:
        if broker.name == "answer":
            return f"publish {publish(running, 'payload.first')}"
        with Subscriber(running) as subscriber:
            answer = publish(running, "payload.first")
            if not subscriber.wait_for("payload.first"):
                raise AssertionError(f"the event did not arrive, only {subscriber.received[-300:]}")
            subscriber.wait_for("\n\n", 0.2)
            last_id = subscriber.last_id()
        return f"publish {answer}; {resumes(running, last_id)}; {len(running.pids())} process(es)"


def main(brokers, arguments):
    parser = argparse.ArgumentParser(description="Tries each server of the benchmark with one event.")
    parser.add_argument("--check", action="store_true", required=True)
    parser.add_argument("--prepare", action="store_true", help="build first what is missing")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(brokers))
    options = parser.parse_args(arguments)
    failed = 0
    for name in options.names or brokers:
        broker = brokers[name]
        reason = broker.prepare() if options.prepare else broker.missing()
        try:
            said = f"skipped: {reason}" if reason else f"{check(broker)}; {broker.version()}"
        except (AssertionError, OSError, http.client.HTTPException, processes.NotStarted) as error:
            failed += 1
            said = f"FAILED: {error}"
        print(f"{name:20} {said}", flush=True)
    return 1 if failed else 0
