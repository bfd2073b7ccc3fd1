"""Readers that are too slow: they are told what they lost, and nobody else notices them."""

import unittest

from harness.case import DaemonCase, seq
from harness.sse import Stream, events_target

ROUNDS, BATCH, SIZE = 100, 50, 2000  # 10 MB: more than any socket buffer on the way takes.
KEPT = 400


class LaggardCase(DaemonCase):
    settings = {
        # The broker counts what is missing exactly for 16 times as many as the ring keeps.
        "history": {"events": KEPT, "grace": "0s"},
        "stream": {"send_buffer": "4KiB"},
        "topics": [{"match": "strict/**", "lagged": "disconnect"}],
    }

    def stalled_reader(self, *topics):
        """Subscribed, and not reading from here on."""
        stream = Stream(self.address, events_target(*topics), receive_buffer=4096)
        self.addCleanup(stream.close)
        stream.skip_first_block()
        return stream

    def flood(self, topic):
        """Publishes ROUNDS × BATCH events; their data begins with their number."""
        for begin in range(0, ROUNDS * BATCH, BATCH):
            self.publish_many([{"topic": topic, "data": f"{number} ".ljust(SIZE, "x")}
                               for number in range(begin, begin + BATCH)])
        return ROUNDS * BATCH

    def assert_accounts_for(self, events, total):
        """Every number is there, or counted as missing at the very place where it would have been."""
        expected = 0
        for event in events:
            if event.type == "ringcast.gap":
                expected += event.json()["missed"]
            else:
                self.assertEqual(int(event.data.split()[0]), expected)
                expected += 1
        self.assertEqual(expected, total)


class SkipTest(LaggardCase):

    def test_a_lapped_reader_gets_the_gap_and_then_goes_on(self):
        stream = self.stalled_reader(self.topic)
        total = self.flood(self.topic)
        self.publish("end", self.topic)
        *events, end = stream.until("end")
        gaps = [event for event in events if event.type == "ringcast.gap"]
        self.assertGreaterEqual(len(gaps), 1)
        for gap in gaps:
            self.assert_gap(gap, "lagged")
        self.assert_accounts_for(events, total)
        self.assertEqual(end.data, "end")

    def test_the_gap_names_where_the_reader_was(self):
        stream = self.stalled_reader(self.topic)
        self.flood(self.topic)
        before = stream.last_id
        while (event := stream.next_event()).type != "ringcast.gap":
            before = event.id
        gap = self.assert_gap(event, "lagged", requested=before)
        self.assertGreater(seq(gap["resumed"]), seq(before))
        self.assertLess(seq(gap["resumed"]), seq(stream.next_event().id))

    def test_a_stalled_reader_costs_the_others_nothing(self):
        self.stalled_reader(self.topic)
        healthy = self.listener()
        for number in range(50):
            self.publish(f"{number} ".ljust(SIZE, "x"))
            self.assertEqual(int(healthy.next_event().data.split()[0]), number)

    def test_a_stalled_reader_holds_no_memory_for_what_it_missed(self):
        if self.daemon.is_sanitized():
            self.skipTest("a sanitizer's memory says nothing")
        for _ in range(20):
            self.stalled_reader(self.topic)
        self.flood(self.topic)
        before = self.daemon.resident_kib()
        for _ in range(3):
            self.flood(self.topic)
        self.assertLess(self.daemon.resident_kib() - before, 8 * 1024)


class DisconnectTest(LaggardCase):

    def read_to_end(self, stream):
        events = []
        while (event := stream.next_event()) is not None:
            events.append(event)
        return events

    def test_a_lapped_reader_is_disconnected_and_its_reconnect_is_told(self):
        topic = "strict/" + self.topic
        stream = self.stalled_reader(topic)
        total = self.flood(topic)
        events = self.read_to_end(stream)
        self.assertNotIn("ringcast.gap", [event.type for event in events])
        self.assertLess(len(events), total)
        again = self.resume(stream.last_id, topic)
        self.assert_gap(again.next_event(), "expired", requested=stream.last_id)
        last = self.resume(stream.last_id, topic).events(KEPT + 1)
        self.assert_accounts_for([*events, *last], total)

    def test_one_strict_topic_among_several_decides(self):
        lax, strict = self.topic, "strict/" + self.topic
        stream = self.stalled_reader(lax, strict)
        for begin in range(0, ROUNDS * BATCH, BATCH):
            self.publish_many([{"topics": [lax, strict], "data": f"{number} ".ljust(SIZE, "x")}
                               for number in range(begin, begin + BATCH)])
        self.assertNotIn("ringcast.gap", [event.type for event in self.read_to_end(stream)])

    def test_a_resume_below_the_tail_is_never_a_disconnect(self):
        topic = "strict/" + self.topic
        first = self.publish("first", topic)
        self.publish_numbers(0, KEPT + 30, topic)
        stream = self.resume(first, topic)
        self.assert_gap(stream.next_event(), "expired", missed=30)
        self.assertEqual(stream.data(KEPT), [str(n) for n in range(30, KEPT + 30)])
        self.publish("live", topic)
        self.assertEqual(stream.data(1), ["live"])


class WriteStallTest(DaemonCase):
    settings = {"stream": {"send_buffer": "4KiB", "write_stall": "300ms"}}

    def test_a_reader_that_takes_nothing_for_too_long_is_closed(self):
        stream = Stream(self.address, events_target(self.topic), receive_buffer=4096)
        self.addCleanup(stream.close)
        stream.skip_first_block()
        for _ in range(10):
            self.publish_many([{"topic": self.topic, "data": "x" * SIZE} for _ in range(100)])
        self.wait_for_subscribers(0)


if __name__ == "__main__":
    unittest.main()
