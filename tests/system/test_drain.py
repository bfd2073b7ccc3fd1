"""SIGTERM: streams are told when to come back, one after the other, and the daemon leaves with 0."""

import time
import unittest

from harness.daemon import Daemon
from harness.http import Connection, chunk, fetch, request_bytes
from harness.sse import Parser, Stream, events_target
from harness.waiting import wait_until


def is_draining(address):
    return fetch(address, "GET", "/readyz").status == 503


class DrainTest(unittest.TestCase):

    def open_streams(self, daemon, count):
        streams = [Stream(daemon.address, events_target("t")) for _ in range(count)]
        for stream in streams:
            self.addCleanup(stream.close)
            stream.skip_first_block()
        return streams

    def test_every_stream_is_told_its_own_time_and_ends_at_an_event_boundary(self):
        with Daemon({"drain": "1s"}) as daemon:
            streams = self.open_streams(daemon, 30)
            for number in range(20):
                fetch(daemon.address, "POST", "/topics/t", body=str(number).encode())
            daemon.terminate()
            times = []
            for stream in streams:
                self.assertEqual(stream.data(20), [str(n) for n in range(20)])
                self.assertIsNone(stream.next_event(), "nothing but the end may follow")
                last_field = bytes(stream.raw).rstrip(b"\n").rsplit(b"\n\n", 1)[-1]
                self.assertIn(b"retry: ", last_field)
                times.append(stream.parser.retry_ms)
            self.assertGreater(len(set(times)), 10, "they would all come back at once")
            self.assertEqual(daemon.wait(), 0)

    def test_the_ends_are_spread_over_the_drain(self):
        with Daemon({"drain": "2s"}) as daemon:
            streams = self.open_streams(daemon, 20)
            daemon.terminate()
            # The first ones end while the last ones still get events.
            wait_until(lambda: self.count_ended(streams) > 0, "the first has ended")
            self.assertLess(self.count_ended(streams), len(streams))
            wait_until(lambda: self.count_ended(streams) == len(streams), "all have ended")
            self.assertEqual(daemon.wait(), 0)

    def count_ended(self, streams):
        for stream in streams:
            stream.connection.socket.setblocking(False)
            try:
                while not stream.ended:
                    stream.receive()
            except BlockingIOError:
                pass
        return sum(stream.ended for stream in streams)

    def test_readiness_goes_first(self):
        with Daemon({"drain": "3s"}) as daemon:
            self.open_streams(daemon, 3)
            daemon.terminate()
            wait_until(lambda: is_draining(daemon.address), "/readyz says 503")
            self.assertEqual(fetch(daemon.address, "GET", "/healthz").status, 200)
            self.assertEqual(daemon.wait(), 0)

    def test_who_comes_during_the_drain_is_told_to_come_later(self):
        with Daemon({"drain": "3s"}) as daemon:
            self.open_streams(daemon, 3)
            daemon.terminate()
            wait_until(lambda: is_draining(daemon.address), "/readyz says 503")
            with Connection(daemon.address) as connection:
                connection.send(request_bytes("GET", events_target("t"), {"Accept": "text/event-stream"}))
                response = connection.read_response()
            self.assertEqual((response.status, response.header("Content-Type")), (200, "text/event-stream"))
            parser = Parser()
            parser.feed(response.body)
            self.assertGreaterEqual(parser.retry_ms, 100)
            refused = fetch(daemon.address, "POST", "/topics/t", body=b"x")
            self.assertEqual(refused.status, 503)
            self.assertIsNotNone(refused.header("Retry-After"))
            self.assertEqual(daemon.wait(), 0)

    def test_an_open_ndjson_request_is_answered_at_a_line_boundary(self):
        with Daemon({"drain": "5s"}) as daemon, Connection(daemon.address) as connection:
            stream = self.open_streams(daemon, 1)[0]
            connection.send(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b'{"topic":"t","data":"a"}\n{"top'))
            position = stream.next_event().id
            daemon.terminate()
            response = connection.read_response()
            self.assertEqual(response.status, 503)
            self.assertEqual((response.json()["accepted"], response.json()["last_id"]), (1, position))
            self.assertEqual(daemon.wait(), 0)

    def test_without_streams_there_is_nothing_to_wait_for(self):
        with Daemon({"drain": "1h"}) as daemon, Connection(daemon.address) as idle:
            self.assertEqual(idle.request("GET", "/healthz").status, 200)
            start = time.monotonic()
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0)
            # Not a measurement: an hour against the patience of wait().
            self.assertLess(time.monotonic() - start, 15)

    def test_streams_that_leave_by_themselves_end_the_drain(self):
        with Daemon({"drain": "1h"}) as daemon:
            streams = self.open_streams(daemon, 2)
            daemon.terminate()
            wait_until(lambda: is_draining(daemon.address), "/readyz says 503")
            for stream in streams:
                stream.close()
            self.assertEqual(daemon.wait(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        with Daemon({"drain": "1h"}) as daemon:
            stream = self.open_streams(daemon, 1)[0]
            daemon.terminate()
            wait_until(lambda: is_draining(daemon.address), "/readyz says 503")
            daemon.terminate()
            code = daemon.wait()
            self.assertGreaterEqual(code, 0, "it leaves by itself, not by a crash")
            self.assertIsNone(stream.next_event(), "even then no event is cut")


if __name__ == "__main__":
    unittest.main()
