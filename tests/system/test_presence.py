"""Presence: who comes to topics that the configuration names, who leaves them, and why."""

import ctypes
import socket
import struct
import tempfile
import unittest

from harness.case import DaemonCase, epoch, seq
from harness.daemon import Daemon
from harness.sse import Stream, events_target
from test_access import bearer, soon, token

SO_ATTACH_FILTER = 26
READER, WATCHER = "rc_reader-0123456789abcd", "rc_watcher-0123456789abc"


def stop_answering(stream):
    """From now on the kernel drops whatever comes for this socket: its machine is gone, for the other side.

    (socket(7), SO_ATTACH_FILTER: a program of one instruction, "take no byte".)"""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    stream.connection.socket.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


class PresenceCase(DaemonCase):

    def watch(self, *topics):
        return self.listener(*[f"$sys/presence/{topic}" for topic in topics or (self.topic,)])

    def next_of(self, watcher, event, **members):
        """The next presence event is this one; returns it."""
        told = watcher.next_event()
        self.assertIsNotNone(told)
        presence = told.json()
        self.assertEqual((told.type, presence["event"]), (event, event))
        for name, value in members.items():
            self.assertEqual(presence.get(name), value, presence)
        return presence


class JoinAndLeaveTest(PresenceCase):
    settings = {"presence": ["rooms/*"]}

    def setUp(self):
        super().setUp()
        self.topic = "rooms/" + self.topic

    def test_who_comes_and_goes_is_told_with_the_number_of_those_who_are_there(self):
        watcher = self.watch()
        first = self.listener()
        joined = self.next_of(watcher, "join", topic=self.topic, subscribers=1)
        self.assertEqual(set(joined), {"topic", "event", "subscribers", "stream", "time"})
        second = self.listener()
        self.next_of(watcher, "join", subscribers=2)
        first.close()
        left = self.next_of(watcher, "leave", subscribers=1, reason="closed", stream=joined["stream"])
        self.assertRegex(left["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        second.close()
        self.next_of(watcher, "leave", subscribers=0)

    def test_a_reader_of_both_sees_itself_come(self):
        stream = self.listener(self.topic, "$sys/presence/" + self.topic)
        self.next_of(stream, "join", subscribers=1)

    def test_who_comes_late_gets_the_last_word(self):
        with self.watch() as watcher, self.listener():
            self.next_of(watcher, "join")
        late = self.subscribe("$sys/presence/" + self.topic, since="-1")
        self.assertIn(late.next_event().json()["event"], ("join", "leave"))

    def test_a_subscription_counts_in_each_topic_that_it_names(self):
        watcher = self.watch(self.topic, self.topic + "-2", self.topic + "-3")
        stream = self.listener(self.topic, self.topic + "-2", "news")
        told = [self.next_of(watcher, "join") for _ in range(2)]
        self.assertEqual([each["topic"] for each in told], [self.topic, self.topic + "-2"])
        self.assertEqual(len({each["stream"] for each in told}), 1)
        stream.close()
        told = [self.next_of(watcher, "leave", subscribers=0) for _ in range(2)]
        self.assertEqual([each["topic"] for each in told], [self.topic, self.topic + "-2"])

    def test_patterns_are_nobody_s_presence_but_count_as_subscribers(self):
        watcher = self.watch()
        by_pattern = self.listener("rooms/*")
        by_name = self.listener()
        self.next_of(watcher, "join", subscribers=1)
        self.assertEqual(self.topic_info()["subscribers"], 2)
        by_pattern.close()
        self.wait_for_subscribers(1)
        by_name.close()
        self.next_of(watcher, "leave", subscribers=0)

    def test_of_topics_that_are_not_named_nothing_is_told(self):
        watcher = self.listener("$sys/presence/**")
        self.listener("news").close()
        self.listener("rooms/1/deeper").close()
        self.listener()
        self.next_of(watcher, "join", topic=self.topic)

    def test_what_is_told_is_counted(self):
        with self.watch() as watcher, self.listener():
            self.next_of(watcher, "join")
        metrics = self.fetch("GET", "/metrics").body.decode()
        self.assertRegex(metrics, r"\nringcast_presence_events_total [1-9]")
        self.assertIn("\nringcast_presence_dropped_total 0", metrics)


class LostReaderTest(PresenceCase):
    settings = {"presence": ["rooms/*"], "stream": {"heartbeat": "200ms", "write_stall": "1s"}}

    def setUp(self):
        super().setUp()
        self.topic = "rooms/" + self.topic

    def test_a_peer_that_is_gone_without_a_word_has_timed_out(self):
        watcher = self.watch()
        stream = self.listener()
        self.next_of(watcher, "join")
        stop_answering(stream)
        self.next_of(watcher, "leave", reason="timeout", subscribers=0)

    def test_a_reader_that_takes_nothing_has_timed_out(self):
        watcher = self.watch()
        stream = self.open_stream(events_target(self.topic), receive_buffer=4096)
        stream.skip_first_block()
        self.next_of(watcher, "join")
        for _ in range(40):
            self.publish("x" * 100_000)
        self.next_of(watcher, "leave", reason="timeout")


class SlowReaderTest(PresenceCase):
    settings = {"presence": ["rooms/*"], "lagged": "disconnect", "history": {"events": 2, "grace": 0}}

    def test_a_reader_that_its_topic_disconnects_was_slow(self):
        watcher = self.watch("rooms/1")
        stream = self.open_stream(events_target("rooms/1"), receive_buffer=4096)
        stream.skip_first_block()
        self.next_of(watcher, "join")
        for _ in range(40):
            self.publish("x" * 100_000, "rooms/1")
        while stream.next_block() is not None:  # It takes what is left, and is found to be behind.
            pass
        stream.close()
        self.next_of(watcher, "leave", reason="slow")


class PresenceAccessTest(PresenceCase):
    settings = {"presence": ["rooms/*"], "auth": {
        "tokens": [token("reader", READER, subscribe=["**"], publish=["**"]),
                   token("watcher", WATCHER, subscribe=["$sys/presence/**"])],
        "jwt": {"algorithms": ["HS256"], "key": "0123456789abcdef0123456789abcdef"}}}

    def setUp(self):
        super().setUp()
        self.topic = "rooms/" + self.topic

    def test_it_takes_a_grant_that_names_it(self):
        for pattern in ("$sys/presence/**", "$sys/presence/rooms/1"):
            refused = self.fetch("GET", events_target(pattern), bearer(READER))
            self.assert_problem(refused, 403)
        watcher = self.open_stream(events_target("$sys/presence/rooms/*"), bearer(WATCHER))
        watcher.skip_first_block()

    def test_nobody_else_can_publish_it(self):
        refused = self.try_publish("x", "$sys/presence/" + self.topic, bearer(READER))
        self.assert_problem(refused, 403)

    def test_who_it_was_is_the_name_of_the_token_or_the_subject_of_the_jwt(self):
        watcher = self.open_stream(events_target("$sys/presence/" + self.topic), bearer(WATCHER))
        watcher.skip_first_block()
        self.open_stream(events_target(self.topic), bearer(READER)).skip_first_block()
        self.next_of(watcher, "join", who="reader")
        self.open_stream(events_target(self.topic), bearer(soon(2, subscribe=["rooms/*"]))).skip_first_block()
        self.next_of(watcher, "join", who="guest", subscribers=2)
        self.next_of(watcher, "leave", who="guest", reason="auth", subscribers=1)


class LocalPresenceTest(PresenceCase):
    settings = {"presence": ["rooms/*"]}

    def test_the_rights_of_the_machine_include_it(self):
        watcher = self.listener("$sys/**")
        self.listener("rooms/1")
        self.next_of(watcher, "join")

    def test_two_stars_alone_do_not(self):
        stream = self.listener("**")
        self.listener("rooms/2")
        self.publish("x", "rooms/2")
        self.assertEqual(stream.next_event().data, "x")


class PresenceReloadTest(PresenceCase):
    settings = {"presence": ["rooms/*"]}

    def reload_with(self, presence):
        self.daemon.reload_with({"presence": presence})

    def test_who_was_there_before_its_topic_was_named_counts_and_is_told_to_leave(self):
        watcher = self.watch("halls/1", "rooms/1")
        early = self.listener("halls/1")
        in_room = self.listener("rooms/1")
        self.next_of(watcher, "join", topic="rooms/1")
        self.reload_with(["halls/*"])
        later = self.listener("halls/1")
        self.next_of(watcher, "join", topic="halls/1", subscribers=2)
        in_room.close()
        early.close()
        self.next_of(watcher, "leave", topic="halls/1", subscribers=1)
        later.close()
        self.next_of(watcher, "leave", topic="halls/1", subscribers=0)


class DrainPresenceTest(unittest.TestCase):

    def open_streams(self, daemon, topic, count):
        streams = [Stream(daemon.address, events_target(topic)) for _ in range(count)]
        for stream in streams:
            self.addCleanup(stream.close)
            stream.skip_first_block()
        return streams

    def test_at_the_end_those_who_are_still_there_are_told_who_has_left(self):
        with Daemon({"presence": ["rooms/*"], "workers": 1, "drain": "4s"}) as daemon:
            first = self.open_streams(daemon, "rooms/1", 1)[0]
            self.open_streams(daemon, "news", 10)
            watcher = self.open_streams(daemon, "$sys/presence/**", 1)[0]
            self.open_streams(daemon, "news", 20)
            daemon.terminate()
            # One after the other, in this order.
            while first.next_block() is not None:
                pass
            first.close()
            left = watcher.next_event().json()
            self.assertEqual((left["event"], left["reason"], left["subscribers"]), ("leave", "drain", 0))
            self.assertEqual(daemon.wait(), 0)


class JournaledPresenceTest(unittest.TestCase):

    def test_ids_are_not_used_again_after_a_restart_and_a_clean_end(self):
        with tempfile.TemporaryDirectory(prefix="ringcast-presence-") as folder:
            settings = {"presence": ["rooms/*"], "journal": {"path": folder}}
            with Daemon(settings) as daemon:
                with Stream(daemon.address, events_target("$sys/presence/**")) as watcher:
                    watcher.skip_first_block()
                    for _ in range(5):
                        with Stream(daemon.address, events_target("rooms/1")) as reader:
                            reader.skip_first_block()
                            self.assertEqual(watcher.next_event().type, "join")
                        left = watcher.next_event()
                daemon.terminate()
                self.assertEqual(daemon.wait(), 0)
            with Daemon(settings) as daemon, Stream(daemon.address, events_target("rooms/1")) as reader:
                start = reader.skip_first_block()
                self.assertEqual(epoch(start), epoch(left.id))
                self.assertGreaterEqual(seq(start), seq(left.id))


if __name__ == "__main__":
    unittest.main()
