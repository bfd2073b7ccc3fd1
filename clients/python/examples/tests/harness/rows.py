"""The base of the row tests: one broker and one probe of each framework for all of them."""

import atexit
import functools
import socket
import unittest
import urllib.parse

from harness.broker import Broker
from harness.event_stream import EventStream
from harness.probe import FRAMEWORKS, Probe, Refused
from harness.waiting import PATIENCE


@functools.lru_cache(maxsize=None)
def broker():
    shared = Broker({"stream": {"retry": "100ms"}, "cors": {"origins": ["https://page.example"]}})
    atexit.register(shared.close)
    return shared


@functools.lru_cache(maxsize=None)
def probe(framework):
    return Probe(framework, {"RINGCAST_URL": broker().url})


@functools.lru_cache(maxsize=None)
def served(framework):
    """The URL of an app of the framework with streams of all kinds."""
    return probe(framework)("serve()")


def head_of(url, method="GET", headers=None, http="1.1"):
    """The first line and the headers (in lower case) of the raw answer to a request, and its connection."""
    where = urllib.parse.urlsplit(url)
    connection = socket.create_connection((where.hostname, where.port), PATIENCE)
    path = where.path + ("?" + where.query if where.query else "")
    lines = [f"{method} {path} HTTP/{http}", f"Host: {where.netloc}", "Accept: text/event-stream",
             *(f"{name}: {value}" for name, value in (headers or {}).items())]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            raise AssertionError(f"no whole head: {received!r}")
        received += chunk
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    found = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return first, found, rest, connection


class RowTest(unittest.TestCase):
    """`wire` asks what a framework writes, `through` what subscribers get of the same through its bridge."""

    maxDiff = None

    def wire(self, framework, arguments, function="wire"):
        return probe(framework)(f"{function}({arguments})")

    def assert_refused(self, framework, expression, kind):
        """The expression raises `kind` in the framework's process."""
        with self.assertRaises(Refused) as caught:
            probe(framework)(expression)
        self.assertTrue(str(caught.exception).startswith(kind + ":"), f"{expression}: {caught.exception}")

    def through(self, framework, *arguments, function="publish"):
        """The events that a subscriber gets when each of these is published through the bridge, and no others."""
        with EventStream(broker().url + "/events?topic=t") as stream:
            stream.wait_for_text("id: ")
            for each in arguments:
                probe(framework)(f"{function}({each})")
            broker().publish("t", "", "?event=last")
            events = stream.wait_for(lambda seen: seen and seen[-1].get("event") == "last", "the last event")
            self.raw = stream.text
        return events[:-1]

    def data_through(self, framework, *arguments, function="publish"):
        return [event["data"] for event in self.through(framework, *arguments, function=function)]

    def open(self, framework, path, headers=None):
        """A stream of the framework's own app; closed with the test."""
        stream = EventStream(served(framework) + path, headers)
        self.addCleanup(stream.close)
        return stream

    def subscribe(self, topic, query=""):
        """A stream of the broker that has begun; closed with the test."""
        stream = EventStream(f"{broker().url}/events?topic={topic}{query}")
        self.addCleanup(stream.close)
        stream.wait_for_text("retry: ")
        return stream


__all__ = ["FRAMEWORKS", "RowTest", "broker", "head_of", "probe", "served"]
