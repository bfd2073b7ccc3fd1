"""Too much of everything: the daemon says so, in the way each client understands, and recovers."""

import resource
import unittest

from harness.case import DaemonCase, seq
from harness.daemon import Daemon
from harness.http import Connection, fetch, request_bytes
from harness.metrics import scrape
from harness.sse import Parser, events_target
from harness.waiting import wait_until

STREAM_REQUEST = request_bytes("GET", events_target("t"), {"Accept": "text/event-stream"})


def is_healthy(address):
    """A request is answered again; what is shed under overload is not."""
    try:
        return fetch(address, "GET", "/topics").status == 200
    except ConnectionError:
        return False


class ConnectionLimitTest(DaemonCase):
    settings = {"limits": {"connections": 5}}

    def setUp(self):
        super().setUp()
        # Runs after the streams are closed: the next test needs their places.
        self.addCleanup(wait_until, self.is_deserted, "nobody is connected")
        self.streams = [wait_until(self.take_a_place, "there is a place") for _ in range(5)]

    def take_a_place(self):
        stream = self.subscribe()
        return stream if stream.skip_first_block() else None

    def take_a_place_to_talk(self):
        connection = self.connect()
        try:
            connection.send(request_bytes("GET", "/topics"))
            return connection if connection.read_response().status == 200 else None
        except ConnectionError:
            return None

    def is_deserted(self):
        try:
            response = self.fetch("GET", "/topics/" + self.topic)
        except ConnectionError:
            return False
        return response.status == 404 or (response.status == 200 and response.json()["subscribers"] == 0)

    def test_an_event_source_is_told_to_come_back_later(self):
        with self.connect() as connection:
            connection.send(STREAM_REQUEST)
            response = connection.read_response()
        self.assertEqual((response.status, response.header("Content-Type")), (200, "text/event-stream"))
        parser = Parser()
        self.assertEqual(parser.feed(response.body), [])
        self.assertTrue(response.body.startswith(b":") or b"\n:" in response.body, "a comment says why")
        self.assertGreaterEqual(parser.retry_ms, 100)
        self.assertEqual(parser.last_id, "", "its resume point must not be touched")

    def test_its_time_to_come_back_is_jittered(self):
        times = set()
        for _ in range(10):
            with self.connect() as connection:
                connection.send(STREAM_REQUEST)
                parser = Parser()
                parser.feed(connection.read_response().body)
                times.add(parser.retry_ms)
        self.assertGreater(len(times), 1)

    def test_others_get_503_and_when_to_try_again(self):
        with self.connect() as connection:
            connection.send(request_bytes("POST", "/topics/t", {}, b"x"))
            response = connection.read_response()
        self.assert_problem(response, 503)
        self.assertRegex(response.header("Retry-After"), r"\A[1-9]\d*\Z")

    def test_who_watches_the_broker_sees_that_it_is_full(self):
        for target in ("/healthz", "/readyz"):
            response = self.fetch("GET", target)
            self.assertEqual((response.status, response.header("Connection")), (200, "close"), target)
        metrics = scrape(self.address)
        self.assertEqual(metrics["ringcast_subscribers"], metrics["ringcast_connections_limit"])

    def test_the_refused_who_stay_to_listen_hold_no_place(self):
        for _ in range(20):
            connection = self.connect()  # Stays open until the test ends.
            connection.send(request_bytes("GET", "/topics"))
            self.assert_problem(connection.read_response(), 503)
        self.streams.pop().close()
        wait_until(self.take_a_place_to_talk, "a place is free")

    def test_who_is_in_stays_in_and_a_free_place_is_given_away(self):
        self.streams.pop().close()
        # One connection for all three: the daemon may see the end of another only after the next has come.
        publisher = wait_until(self.take_a_place_to_talk, "a place is free")
        for number in range(3):
            publisher.send(request_bytes("POST", "/topics/" + self.topic, {}, str(number).encode()))
            self.assertEqual(publisher.read_response().status, 200)
        for stream in self.streams:
            self.assertEqual(stream.data(3), ["0", "1", "2"])


class TopicLimitTest(DaemonCase):
    settings = {"limits": {"topics": 3}}

    def test_a_topic_too_many_is_refused_and_the_others_go_on(self):
        for name in "abc":
            self.publish("x", name)
        response = self.try_publish("x", "d")
        self.assert_problem(response, 503)
        self.assertIsNotNone(response.header("Retry-After"))
        self.publish("y", "a")
        self.assert_problem(self.try_publish_many([{"topic": "a", "data": "z"}, {"topic": "d", "data": "z"}]), 503)
        self.assertEqual(scrape(self.address)['ringcast_limited_total{limit="topics"}'], 2)
        self.assertEqual(self.subscribe("a", since="earliest").data(2), ["x", "y"])
        self.assertEqual(self.fetch("DELETE", "/topics/b").status, 204)
        wait_until(lambda: self.try_publish("x", "d").status == 200, "a deleted topic makes room")


class MemoryTest(DaemonCase):
    settings = {"memory": "8MiB", "limits": {"body": "1MiB"},
                "history": {"events": 10_000_000, "bytes": "1GiB", "grace": "10m"}}

    def test_what_is_published_beyond_the_memory_pushes_out_the_oldest(self):
        before = self.daemon.resident_kib()
        first, ids = self.publish("first"), []
        for _ in range(64):
            response = self.try_publish("x" * 500_000)
            if response.status == 503:
                self.assertIsNotNone(response.header("Retry-After"))
            else:
                self.assertEqual(response.status, 200, response)
                ids.append(response.json()["id"])
        self.assertGreater(len(ids), 16, "the old must make room for the new")
        if not self.daemon.is_sanitized():
            self.assertLess(self.daemon.resident_kib() - before, 32 * 1024)
        stream = self.resume(first)
        self.assert_gap(stream.next_event(), "expired")
        rest = stream.next_event()
        self.assertIn(rest.id, ids)
        self.assertEqual(ids, sorted(ids, key=seq))

    def test_many_topics_share_the_memory(self):
        for number in range(60):
            self.assertIn(self.try_publish("x" * 500_000, f"{self.topic}/{number}").status, (200, 503))
        self.publish("still here")
        self.assertEqual(self.subscribe(since="earliest").data(1), ["still here"])


class DescriptorTest(unittest.TestCase):
    LIMIT = 64

    def lower_the_limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT))

    def test_a_full_descriptor_table_sheds_does_not_spin_and_recovers(self):
        with Daemon(preexec=self.lower_the_limit) as daemon:
            connections = [Connection(daemon.address) for _ in range(2 * self.LIMIT)]
            try:
                self.assert_served_or_shed(connections)
                self.assertLess(daemon.cpu_share_over(1.0), 0.25, "it spins")
                self.assertLessEqual(daemon.descriptors(), self.LIMIT)
            finally:
                for connection in connections:
                    connection.close()
            wait_until(lambda: is_healthy(daemon.address), "it recovers")
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0)

    def assert_served_or_shed(self, connections):
        served = shed = 0
        for connection in connections:
            try:
                connection.send(STREAM_REQUEST)
                head = connection.read_head()
                # A stream stays open after its first block; what is shed ends.
                is_open = head.status == 200 and b"\nid: " in connection.buffer + connection.read_some()
                served, shed = served + is_open, shed + (not is_open)
            except ConnectionError:
                shed += 1
        self.assertGreater(served, self.LIMIT // 4)
        self.assertGreater(shed, self.LIMIT // 2)

    def assert_told_of_the_clamped_limit(self, level, settings=None):
        with Daemon(settings, preexec=self.lower_the_limit) as daemon:
            told = daemon.wait_for_log(lambda line: "limits.connections is more" in line["message"],
                                       "tells that limits.connections was clamped")
        self.assertEqual(told["level"], level)

    def test_a_chosen_limit_that_is_clamped_is_warned_of(self):
        self.assert_told_of_the_clamped_limit("warn", {"limits": {"connections": 5000}})

    def test_a_default_that_is_clamped_is_no_warning(self):
        self.assert_told_of_the_clamped_limit("info")


if __name__ == "__main__":
    unittest.main()
