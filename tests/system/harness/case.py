"""A test class with one daemon of its own, and a topic of its own for each test."""

import json
import unittest

from harness import http, sse
from harness.daemon import Daemon
from harness.waiting import wait_until

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
EVENT_STREAM = {"Content-Type": "text/event-stream"}


def seq(position):
    """The number in a position; only for comparing, as clients must not compute with it."""
    return int(position.rsplit("-", 1)[1])


def epoch(position):
    return position.rsplit("-", 1)[0]


class DaemonCase(unittest.TestCase):
    """Subclasses set `settings` and `listen`. The daemon must leave with 0 at the end."""

    settings = {}
    listen = ("127.0.0.1:0",)
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.settings, cls.listen)
        cls.addClassCleanup(cls._stop_daemon)

    @classmethod
    def _stop_daemon(cls):
        with cls.daemon:
            cls.daemon.terminate()
            code = cls.daemon.wait()
            assert code == 0, f"ringcastd left with {code}: {cls.daemon.lines[-20:]}"

    def setUp(self):
        self.topic = self.id().rsplit(".", 1)[1]
        self.address = self.daemon.address

    def fetch(self, method, target, headers=None, body=b"", **options):
        return http.fetch(self.address, method, target, headers, body, **options)

    def connect(self, **options):
        connection = http.Connection(self.address, **options)
        self.addCleanup(connection.close)
        return connection

    def publish(self, data, topic=None, headers=None, **parameters):
        """Publishes one event and returns its id."""
        response = self.try_publish(data, topic, headers, **parameters)
        self.assertEqual(response.status, 200, response)
        return response.json()["id"]

    def try_publish(self, data, topic=None, headers=None, **parameters):
        target = "/topics/" + http.encoded(topic or self.topic)
        if parameters:
            target += "?" + http.query(parameters)
        body = data if isinstance(data, bytes) else data.encode("utf-8")
        return self.fetch("POST", target, {"Content-Length": str(len(body)), **(headers or {})}, body)

    def publish_many(self, events):
        """Publishes an array of objects and returns the answer's JSON."""
        response = self.try_publish_many(events)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def try_publish_many(self, events, headers=JSON):
        body = events if isinstance(events, bytes) else json.dumps(events).encode("utf-8")
        return self.fetch("POST", "/events", headers, body)

    def publish_numbers(self, begin, end, topic=None):
        """One event for each number; returns the answer."""
        return self.publish_many([{"topic": topic or self.topic, "data": str(n)} for n in range(begin, end)])

    def subscribe(self, *topics, headers=None, **parameters):
        """An open stream, its first block still to be read; of this test's topic unless told."""
        return self.open_stream(sse.events_target(*(topics or (self.topic,)), **parameters), headers)

    def open_stream(self, target, headers=None, **options):
        stream = sse.Stream(self.address, target, headers, **options)
        self.addCleanup(stream.close)
        return stream

    def resume(self, last_id, *topics, **parameters):
        return self.subscribe(*topics, headers={"Last-Event-ID": last_id}, **parameters)

    def listener(self, *topics, **parameters):
        """A live stream that is known to be subscribed: its first block has come."""
        stream = self.subscribe(*topics, **parameters)
        stream.skip_first_block()
        return stream

    def assert_silent(self, stream, topic=None):
        """Nothing reached the stream so far: the next thing it gets is a marker sent now."""
        self.publish("marker", topic)
        event = stream.next_event()
        self.assertEqual(event and event.data, "marker")

    def assert_problem(self, response, status, **where):
        """RFC 9457, with the members that say where the mistake is."""
        self.assertEqual(response.status, status, response)
        self.assertEqual(response.header("Content-Type"), PROBLEM)
        problem = response.json()
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "detail"):
            self.assertIsInstance(problem[member], str, problem)
        self.assertTrue(problem["title"])
        for member, value in where.items():
            self.assertEqual(problem.get(member), value, problem)
        return problem

    def assert_gap(self, event, reason, missed="any", requested="any"):
        self.assertIsNotNone(event, "the stream ended where a gap event was due")
        self.assertEqual(event.type, "ringcast.gap", event)
        gap = event.json()
        self.assertEqual(set(gap), {"requested", "resumed", "reason", "missed"})
        self.assertEqual(gap["reason"], reason, gap)
        self.assertEqual(event.id, gap["resumed"])
        if missed != "any":
            self.assertEqual(gap["missed"], missed, gap)
        if requested != "any":
            self.assertEqual(gap["requested"], requested)
        return gap

    def topic_info(self, topic=None):
        return self.fetch("GET", "/topics/" + http.encoded(topic or self.topic)).json()

    def wait_for_subscribers(self, count, topic=None):
        wait_until(lambda: self.topic_info(topic).get("subscribers") == count,
                   f"{topic or self.topic} has {count} subscribers")
