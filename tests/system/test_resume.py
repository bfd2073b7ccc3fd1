"""Resuming: which id counts, what it means, and that no gap is ever silent."""

import unittest

from harness.case import DaemonCase, epoch, seq
from harness.daemon import Daemon
from harness.sse import Stream, events_target

# No grace: what the count evicts is gone at once, so that the numbers are exact.
SMALL_RING = {"history": {"events": 10, "grace": "0s"}}


class WhichIdTest(DaemonCase):

    def setUp(self):
        super().setUp()
        self.ids = [self.publish(str(n)) for n in range(4)]

    def test_the_header(self):
        self.assertEqual(self.resume(self.ids[1]).data(2), ["2", "3"])

    def test_every_spelling_of_the_query(self):
        for name in ("last_event_id", "lastEventId", "lastEventID", "last-event-id"):
            with self.subTest(name=name):
                self.assertEqual(self.subscribe(**{name: self.ids[2]}).data(1), ["3"])

    def test_the_header_wins_because_it_is_fresher(self):
        self.assertEqual(self.resume(self.ids[2], last_event_id=self.ids[0], since="earliest").data(1), ["3"])

    def test_an_empty_header_counts_for_nothing(self):
        self.assertEqual(self.resume("", last_event_id=self.ids[2]).data(1), ["3"])

    def test_an_id_in_the_query_wins_over_since(self):
        self.assertEqual(self.subscribe(last_event_id=self.ids[2], since="earliest").data(1), ["3"])

    def test_the_header_is_found_in_any_case(self):
        stream = self.subscribe(headers={"last-event-ID": self.ids[2]})
        self.assertEqual(stream.data(1), ["3"])

    def test_the_short_form_resumes_as_well(self):
        stream = self.open_stream("/topics/" + self.topic, {"Last-Event-ID": self.ids[2]})
        self.assertEqual(stream.data(1), ["3"])

    def test_resuming_from_the_newest_waits_for_the_next(self):
        stream = self.resume(self.ids[3])
        self.assertEqual(stream.skip_first_block(), self.ids[3])
        self.assert_silent(stream)

    def test_an_id_of_another_topic_is_a_place_in_the_same_sequence(self):
        self.publish("x", self.topic + "/other")
        later = self.publish("y", self.topic + "/other")
        self.publish("4")
        self.assertEqual(self.resume(later).data(1), ["4"])

    def test_a_stream_that_got_nothing_yet_resumes_without_loss(self):
        start = self.listener().last_id
        self.publish("while away")
        self.assertEqual(self.resume(start).data(1), ["while away"])


class PublisherIdTest(DaemonCase):

    def test_clients_see_it_and_resume_from_it(self):
        stream = self.listener()
        self.publish("0", id="order 1042:a")
        self.publish("1")
        self.assertEqual(stream.next_event().id, "order 1042:a")
        self.assertEqual(self.resume("order 1042:a").data(1), ["1"])

    def test_of_duplicates_the_oldest_counts(self):
        for number in range(3):
            self.publish(str(number), id="same")
        self.assertEqual(self.resume("same").data(2), ["1", "2"])

    def test_one_of_another_topic_is_unknown(self):
        self.publish("0", self.topic + "/other", id="theirs")
        self.publish("1")
        stream = self.resume("theirs")
        self.assert_gap(stream.next_event(), "unknown", missed=None, requested="theirs")
        self.assertEqual(stream.data(1), ["1"])

    def test_all_in_the_array_are_kept(self):
        self.publish_many([{"topic": self.topic, "data": str(n), "id": f"id-{n}"} for n in range(3)])
        self.assertEqual([event.id for event in self.subscribe(since="earliest").events(3)],
                         ["id-0", "id-1", "id-2"])

    def test_the_longest_has_128_bytes(self):
        for length in (127, 128):
            self.publish("x", id="i" * length)
        self.assert_problem(self.try_publish("x", id="i" * 129), 400, field="id")

    def test_forms_that_mean_something_else_are_refused(self):
        position = self.publish("x")
        for bad in ("earliest", "latest", "#1", " a", "a ", "\tx", "é", "a\nb", "a\rb", "a\0b", position,
                    f"{epoch(position)}-999999999"):
            with self.subTest(id=bad):
                self.assert_problem(self.try_publish("x", id=bad), 400, field="id")


class ExpiredTest(DaemonCase):
    settings = SMALL_RING

    def test_an_id_that_left_the_ring_is_told_with_the_exact_number(self):
        first = self.publish("first")
        self.publish_numbers(0, 50)
        stream = self.resume(first)
        self.assertEqual(stream.skip_first_block(), first)
        gap = self.assert_gap(stream.next_event(), "expired", missed=40, requested=first)
        events = stream.events(10)
        self.assertEqual([event.data for event in events], [str(n) for n in range(40, 50)])
        self.assertLess(seq(gap["resumed"]), seq(events[0].id))

    def test_the_gap_comes_before_the_first_event_after_the_missing_ones(self):
        first = self.publish("first")
        self.publish_numbers(0, 11)
        blocks = self.resume(first)
        blocks.skip_first_block()
        block = blocks.next_block().decode()
        self.assertRegex(block, r'\Aid: \S+\nevent: ringcast\.gap\ndata: \{.*"missed":1.*\}\Z')

    def test_nothing_is_told_as_long_as_nothing_is_missing(self):
        first = self.publish("first")
        self.publish_numbers(0, 10)
        self.assertEqual(self.resume(first).data(10), [str(n) for n in range(10)])

    def test_resuming_from_the_gap_tells_it_no_more(self):
        first = self.publish("first")
        self.publish_numbers(0, 50)
        gap = self.resume(first).next_event()
        self.assertEqual(self.resume(gap.id).data(10), [str(n) for n in range(40, 50)])

    def test_missing_events_of_other_topics_do_not_count(self):
        first = self.publish("first")
        for begin in range(0, 30, 10):
            self.publish_numbers(begin, begin + 10)
            self.publish_numbers(0, 100, self.topic + "/noise")
        self.assert_gap(self.resume(first).next_event(), "expired", missed=20)

    def test_an_event_that_still_comes_through_another_topic_is_not_missing(self):
        a, b = self.topic + "/a", self.topic + "/b"
        start = self.publish("start", b)
        self.publish_many([{"topics": [a, b], "data": "both"}])
        self.publish_numbers(0, 10, a)
        stream = self.resume(start, a, b)
        self.assertEqual(stream.data(11), ["both"] + [str(n) for n in range(10)])

    def test_an_event_that_left_both_its_topics_is_missing_once(self):
        a, b = self.topic + "/a", self.topic + "/b"
        start = self.publish("start", b)
        self.publish_many([{"topics": [a, b], "data": "both"}])
        self.publish_numbers(0, 10, a)
        self.publish_numbers(10, 20, b)
        stream = self.resume(start, a, b)
        self.assert_gap(stream.next_event(), "expired", missed=1)
        self.assertEqual(stream.data(20), [str(n) for n in range(20)])

    def test_with_a_filter_the_number_is_unknown(self):
        first = self.publish("first")
        self.publish_numbers(0, 50)
        self.assert_gap(self.resume(first, event="message").next_event(), "expired", missed=None)

    def test_since_earliest_asks_for_what_is_there_and_is_told_no_gap(self):
        self.publish_numbers(0, 50)
        self.assertEqual(self.subscribe(since="earliest").data(10), [str(n) for n in range(40, 50)])


class DeletedTest(DaemonCase):

    def test_a_reader_behind_a_deletion_is_told(self):
        self.listener()  # Without events and subscribers the topic would be forgotten, and the number.
        first = self.publish("first")
        self.publish_numbers(0, 5)
        self.assertEqual(self.fetch("DELETE", "/topics/" + self.topic).status, 204)
        self.publish("after")
        stream = self.resume(first)
        self.assert_gap(stream.next_event(), "deleted", missed=5, requested=first)
        self.assertEqual(stream.data(1), ["after"])

    def test_a_live_reader_that_had_everything_is_told_nothing(self):
        stream = self.listener()
        self.publish_numbers(0, 5)
        stream.events(5)
        self.assertEqual(self.fetch("DELETE", "/topics/" + self.topic).status, 204)
        self.assert_silent(stream)

    def test_an_event_of_several_topics_stays_in_the_others(self):
        a, b = self.topic + "/a", self.topic + "/b"
        self.publish_many([{"topics": [a, b], "data": "both"}])
        self.assertEqual(self.fetch("DELETE", "/topics/" + a.replace("/", "%2F")).status, 204)
        self.assertEqual(self.subscribe(b, since="earliest").data(1), ["both"])


class UnknownTest(DaemonCase):

    def setUp(self):
        super().setUp()
        self.position = self.publish("0")

    def assert_unknown(self, last_id, **gap):
        stream = self.resume(last_id)
        told = self.assert_gap(stream.next_event(), "unknown", missed=None, **gap)
        self.assertEqual(stream.data(1), ["0"], "everything retained follows")
        return told

    def test_garbage(self):
        for garbage in ("x", "-", "1042", "a-b", "-1", "%00", '"}{', "-".join("abc")):
            with self.subTest(id=garbage):
                self.assert_unknown(garbage, requested=garbage)

    def test_an_id_from_the_future(self):
        self.assert_unknown(f"{epoch(self.position)}-{seq(self.position) + 100000}")

    def test_numbers_that_overflow(self):
        for number in (2**63, 2**64 - 1, 2**64, 10**40):
            with self.subTest(number=number):
                self.assert_unknown(f"{epoch(self.position)}-{number}")

    def test_an_oversize_id_is_answered_in_bounded_space(self):
        told = self.assert_unknown("x" * 5000)
        self.assertLessEqual(len(told["requested"]), 128)

    def test_bytes_that_are_not_ascii(self):
        stream = self.resume("Grüße")
        self.assert_gap(stream.next_event(), "unknown", missed=None)


class EpochTest(unittest.TestCase):

    def test_a_restarted_daemon_tells_that_its_history_is_another(self):
        with Daemon() as daemon, Stream(daemon.address, events_target("t")) as stream:
            old = stream.skip_first_block()
            address = daemon.address
            self.assertEqual(daemon.kill(), -9)
        with Daemon(listen=(address,)) as daemon:
            self.assertEqual(daemon.address, address)
            with Stream(address, events_target("t"), {"Last-Event-ID": old}) as stream:
                gap = stream.next_event()
                self.assertEqual(gap.type, "ringcast.gap")
                self.assertEqual((gap.json()["reason"], gap.json()["missed"], gap.json()["requested"]),
                                 ("epoch", None, old))
                self.assertNotEqual(epoch(gap.id), epoch(old))


if __name__ == "__main__":
    unittest.main()
