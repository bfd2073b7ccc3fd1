"""Nothing grows: neither memory nor descriptors, over many lives of connections and topics."""

import os
import unittest

from harness.case import NDJSON, DaemonCase
from harness.http import Connection, request_bytes
from harness.sse import events_target
from harness.waiting import wait_until

CYCLES = 20_000 if os.environ.get("RINGCAST_LONG") == "1" else 2_000


class ChurnTest(DaemonCase):

    def assert_does_not_grow(self, cycle):
        """Runs `cycle` a tenth of the times to warm up, then looks at what the rest leaves behind."""
        for number in range(CYCLES // 10):
            cycle(number)
        descriptors = self.settled_descriptors()
        memory = self.daemon.resident_kib()
        for number in range(CYCLES):
            cycle(number)
        wait_until(lambda: self.daemon.descriptors() <= descriptors, f"only {descriptors} descriptors are open")
        if not self.daemon.is_sanitized():
            self.assertLess(self.daemon.resident_kib() - memory, 2048, "memory grows")

    def settled_descriptors(self):
        """The count once two looks, with a served request between them, agree."""
        seen = -1
        while seen != (now := self.daemon.descriptors()):
            seen = now
            self.fetch("GET", "/healthz")
        return now

    def test_subscribers_that_come_and_go(self):
        def cycle(_):
            connection = Connection(self.address)
            connection.send(request_bytes("GET", events_target(self.topic)))
            connection.read_head()
            # With RST, so that the test does not run out of ports.
            connection.reset()
        self.assert_does_not_grow(cycle)
        self.publish("so that the topic stays")
        self.wait_for_subscribers(0)

    def test_connections_that_say_nothing(self):
        self.assert_does_not_grow(lambda _: Connection(self.address).reset())

    def test_connections_that_break_off_in_the_head(self):
        def cycle(_):
            connection = Connection(self.address)
            connection.send(b"POST /topics/t HTTP/1.1\r\nContent-Le")
            connection.reset()
        self.assert_does_not_grow(cycle)

    def test_patterns_that_come_and_go(self):
        def cycle(number):
            connection = Connection(self.address)
            name = f"{self.topic}/{number}"
            connection.send(request_bytes("GET", events_target(name, name + "/**")))
            connection.read_head()
            connection.reset()
        self.assert_does_not_grow(cycle)

    def test_an_idle_daemon_with_streams_uses_no_time(self):
        for _ in range(100):
            self.listener()
        self.assertLess(self.daemon.cpu_share_over(1.0), 0.1)


class HistoryTest(DaemonCase):
    MEMORY = 16 << 20
    settings = {"workers": 8, "memory": MEMORY, "limits": {"body": "1MiB"},
                "history": {"events": 10_000_000, "bytes": "1GiB", "grace": 0}}

    def test_memory_does_not_depend_on_which_loops_publishers_meet(self):
        if self.daemon.is_sanitized():
            self.skipTest("a sanitizer's memory says nothing")
        lines = b'{"topic":"t","data":"%s"}\n' % (b"x" * 300) * 3000
        # Connections go to the loops in turn.
        for connection in [self.connect() for _ in range(8)]:
            for _ in range(2 * self.MEMORY // len(lines)):
                self.assertEqual(connection.request("POST", "/events", NDJSON, lines).status, 200)
        self.assertLess(self.daemon.resident_kib(), (self.MEMORY * 5 // 4 >> 10) + 30 * 1024)


if __name__ == "__main__":
    unittest.main()
