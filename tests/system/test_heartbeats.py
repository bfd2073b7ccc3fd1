"""The heartbeat: an id-only block that moves the resume point of quiet streams."""

import unittest

from harness.case import DaemonCase
from harness.sse import fields_of


class HeartbeatTest(DaemonCase):
    settings = {"stream": {"heartbeat": "200ms"}}

    def test_silence_brings_a_block_with_only_an_id(self):
        stream = self.listener()
        for _ in range(3):
            self.assertEqual([name for name, _ in fields_of(stream.next_block())], ["id"])

    def test_it_moves_the_resume_point_past_what_others_published(self):
        stream = self.listener()
        elsewhere = self.publish("x", self.topic + "/other")
        while stream.last_id != elsewhere:
            block = stream.next_block()
            self.assertEqual(stream.parser.feed(block + b"\n\n"), [])

    def test_resuming_from_it_loses_nothing(self):
        stream = self.listener()
        stream.parser.feed(stream.next_block() + b"\n\n")
        stream.close()
        self.publish("while away")
        self.assertEqual(self.resume(stream.last_id).data(1), ["while away"])

    def test_it_never_runs_ahead_of_the_events_on_its_stream(self):
        stream = self.listener()
        for number in range(200):
            self.publish(str(number))
        seen, data = stream.last_id, []
        while len(data) < 200:
            events = stream.parser.feed(stream.next_block() + b"\n\n")
            data += [event.data for event in events]
            if not events and data:
                self.assertEqual(stream.last_id, seen, "nobody else publishes here")
            seen = stream.last_id
        self.assertEqual(data, [str(n) for n in range(200)])


class NoHeartbeatTest(DaemonCase):
    settings = {"stream": {"heartbeat": 0}}

    def test_zero_means_off_and_not_a_flood(self):
        stream = self.listener()
        # A flood would come in the loop turns that these requests take.
        for _ in range(100):
            self.assertEqual(self.fetch("GET", "/healthz").status, 200)
        self.publish("x")
        self.assertIn(b"data: x", stream.next_block())


if __name__ == "__main__":
    unittest.main()
