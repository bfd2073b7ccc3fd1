"""Rows 35 to 42 of docs/migrating.md: how streams begin to fail, and how they end."""

import json
import socket
import unittest
import urllib.error

from harness.broker import Broker
from harness.event_stream import EventStream
from harness.rows import FRAMEWORKS, RowTest, broker, probe, served
from harness.waiting import wait_until


def ended_streams(of):
    """The reasons of the streams that ended, from the access log."""
    lines = [json.loads(line) for line in list(of.lines) if line.startswith("{")]
    return [line["reason"] for line in lines if line.get("message") == "stream ended"]


class StuckReader:
    """Subscribes, and then reads nothing."""

    def __init__(self, of, topic):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(of.at)
        self.socket.sendall(f"GET /events?topic={topic} HTTP/1.1\r\nHost: {of.address}\r\n\r\n".encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Lifecycle(RowTest):
    def test_row_35_a_client_that_leaves_is_seen_without_a_write(self):
        for framework in ("microdot", "bocadillo", "blacksheep"):  # An idle handler is told nothing.
            probe(framework)("streams.ended.clear()")
            with EventStream(served(framework) + "/stream") as stream:
                stream.wait_for_count(1)
        with EventStream(served("starlette") + "/stream") as stream:
            stream.wait_for_count(1)
        wait_until(lambda: probe("starlette")("closed"), "sse-starlette tells of the client's end")
        with EventStream(broker().url + "/events?topic=quiet") as stream:
            stream.wait_for_text("id: ")
            self.assertEqual(broker().subscribers("quiet"), 1)
        wait_until(lambda: broker().subscribers("quiet") == 0, "the subscriber is gone")
        for framework in ("microdot", "bocadillo", "blacksheep"):
            self.assertEqual(probe(framework)("streams.ended"), [], framework)

    def test_row_36_the_reason_of_an_end_is_in_the_access_log(self):
        seen = {}
        for framework, path in (("microdot", "/ticking"), ("bocadillo", "/ticking-told"), ("blacksheep", "/ticking"),
                                ("starlette", "/ticking")):
            probe(framework)("streams.ended.clear()")
            with EventStream(served(framework) + path) as stream:
                stream.wait_for_count(1)
            seen[framework] = wait_until(lambda: probe(framework)("streams.ended"), f"the handler of {framework} ends")[0]
        self.assertEqual(seen["microdot"], "CancelledError")
        self.assertEqual(seen["bocadillo"], "ClientDisconnect")
        self.assertEqual(seen["blacksheep"], "returned")  # After is_disconnected() said so.
        self.assertEqual(seen["starlette"], "CancelledError")
        with Broker({"log": {"access": "all"}}) as logging:
            with EventStream(logging.url + "/events?topic=reason") as stream:
                stream.wait_for_text("id: ")
            wait_until(lambda: ended_streams(logging), "a line in the access log")
            self.assertEqual(ended_streams(logging), ["closed by the peer"])

    def test_row_37_a_bad_publish_is_the_publishers_error_only(self):
        for framework in FRAMEWORKS:
            stream = self.open(framework, "/failing")
            stream.wait_for_text("before")
            if framework != "microdot":  # Which leaves the connection open before Python 3.12.
                stream.wait_for_end()
        stream = self.subscribe("fine")
        for path, body in (("/topics/fine", b"\xff"), ("/events", b'{"topic":"fine","dat":"x"}')):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                broker().request("POST", path, body, {"Content-Type": "application/json"})
            self.assertEqual(caught.exception.code, 400)
            self.assertTrue(json.loads(caught.exception.read())["detail"])
            caught.exception.close()
        broker().publish("fine", "good")
        self.assertEqual([event["data"] for event in stream.wait_for_count(1)], ["good"])

    def test_row_38_a_slow_reader_costs_a_place_in_the_history(self):
        self.assertEqual(probe("microdot")("sends_without_reader(1000)"), 1000)
        settings = {"history": {"events": 10, "grace": "0"}, "stream": {"send_buffer": "4KiB"}}
        with Broker(settings) as small, StuckReader(small, "busy") as slow:
            wait_until(lambda: small.subscribers("busy") == 1, "the slow reader is there")
            wait_until(lambda: [small.publish("busy", "x" * 100_000) for _ in range(20)], "many events")
            small.publish("busy", "", "?event=last")
            slow.socket.settimeout(30)
            received = b""
            while b"event: last" not in received:
                received += slow.socket.recv(65536)
        gap = json.loads(received.decode().split("event: ringcast.gap\ndata: ", 1)[1].split("\n")[0])
        self.assertEqual(gap["reason"], "lagged")
        self.assertGreater(gap["missed"], 0)

    def test_row_39_a_reader_that_takes_nothing_is_closed(self):
        self.assert_refused("starlette", "sends_to_a_stuck_client(0.05)", "SendTimeoutError")
        settings = {"stream": {"send_buffer": "4KiB", "write_stall": "200ms"}}
        with Broker(settings) as small, StuckReader(small, "busy"):
            wait_until(lambda: small.subscribers("busy") == 1, "the stuck reader is there")
            for _ in range(20):
                small.publish("busy", "x" * 100_000)
            wait_until(lambda: small.subscribers("busy") == 0, "the stuck reader is closed")

    def test_row_40_quiet_streams_are_kept_alive(self):
        self.open("starlette", "/pinging").wait_for_text(": ping - ")
        with Broker({"stream": {"heartbeat": "100ms"}}) as lively:
            position = lively.publish("other", "x")
            with EventStream(lively.url + "/events?topic=quiet") as stream:
                stream.wait_for_text("retry: ")
                position = lively.publish("other", "y")
                stream.wait_for_text(f"id: {position}\n\n")  # The resume point moves on, without an event.
                self.assertEqual(stream.events, [])

    def test_row_41_keep_alives_come_between_events(self):
        self.assertEqual(probe("starlette")("sends_at_a_time()"), 2)
        with Broker({"stream": {"heartbeat": "100ms"}}) as lively, EventStream(lively.url + "/events?topic=big") as stream:
            stream.wait_for_text("retry: ")
            for number in range(5):
                lively.publish("big", str(number) * 100_000)
                before = stream.text.count("\n\n")
                wait_until(lambda: stream.text.count("\n\n") > before + 1, "an event and a keep-alive")
            self.assertEqual([event["data"] for event in stream.events], [str(number) * 100_000 for number in range(5)])

    def test_row_42_an_app_may_stop_and_the_broker_drains(self):
        self.assertFalse(probe("microdot")("shutdown_ends_a_stream()"))
        self.assertEqual(probe("blacksheep")("is_stopping_and_warnings()"), [False, ["UserWarning"]])
        self.assertTrue(probe("starlette")("'shutdown_event' in EventSourceResponse.__init__.__annotations__"))
        with Broker({"stream": {"retry": "2s"}}) as ending, EventStream(ending.url + "/events?topic=t") as stream:
            stream.wait_for_text("retry: 2000")
            self.assertEqual(ending.terminate(), 0)
            stream.wait_for_end()
            end = stream.text.split("\n\n")[1]
            self.assertRegex(end, r"^retry: \d+\n: draining$")


if __name__ == "__main__":
    unittest.main()
