"""The judge of the crash tests, on made-up histories: it must convict, and it must acquit."""

import unittest

from harness.ledger import Broken, Cursor, Event, Gap, Ledger, Stretch


def at(number):
    return f"e-{number}"


class LedgerCase(unittest.TestCase):

    keep = None

    def setUp(self):
        self.ledger = Ledger(self.keep)

    def publish(self, *numbers, topics=("t",), publisher="p"):
        """Acknowledged: the event of seq n carries "n"."""
        for number in numbers:
            self.ledger.attempt(str(number), topics)
            self.ledger.acknowledge(publisher, [str(number)], at(number), at(number))

    def read(self, *numbers, lossy=False, **topics):
        """`numbers` are what t has; or name the topics."""
        topics = topics or {"t": numbers}
        self.ledger.read({topic: [event if isinstance(event, tuple) else (at(event), str(event)) for event in events]
                          for topic, events in topics.items()}, lossy)

    def saw(self, after, *items, topics=("t",), resumed=True):
        self.ledger.saw(Stretch("s", topics, at(after), [
            item if not isinstance(item, int) else Event(at(item), str(item)) for item in items], resumed))

    def assert_broken(self, reason, *numbers, **more):
        with self.assertRaisesRegex(Broken, reason):
            self.read(*numbers, **more)


class StoredTest(LedgerCase):

    def test_all_that_was_acknowledged_is_there(self):
        self.publish(1, 2, 5)
        self.read(1, 2, 5)
        self.publish(6)
        self.read(1, 2, 5, 6)

    def test_lost_at_the_end_in_the_middle_at_the_front_or_altogether(self):
        for left in [(1, 2), (1, 3), (2, 3), ()]:
            self.setUp()
            self.publish(1, 2, 3)
            with self.subTest(left=left):
                self.assert_broken("lost", *left)

    def test_lost_one_restart_later(self):
        self.publish(1, 2)
        self.read(1, 2)
        self.assert_broken("lost", 1)

    def test_what_one_restart_has_found_stays_although_nobody_was_told(self):
        self.ledger.attempt("1", ["t"])
        self.read(1)
        self.assert_broken("lost")

    def test_what_was_never_answered_may_be_there_or_not(self):
        self.ledger.attempt("1", ["t"])
        self.ledger.attempt("2", ["t"])
        self.read(2)

    def test_twice_under_one_id(self):
        self.publish(1)
        self.assert_broken("duplicated", 1, 1)

    def test_twice_under_two_ids(self):
        self.publish(1)
        self.assert_broken("duplicated", 1, (at(2), "1"))

    def test_under_another_id_than_was_told(self):
        self.publish(1)
        self.assert_broken("duplicated", (at(2), "1"))

    def test_out_of_order(self):
        self.publish(1, 2)
        self.assert_broken("reordered", 2, 1)

    def test_another_payload_under_the_same_seq(self):
        self.publish(1)
        self.ledger.attempt("x", ["t"])
        self.assert_broken("reused", (at(1), "x"))

    def test_a_seq_told_twice(self):
        self.publish(1)
        self.ledger.attempt("x", ["t"])
        with self.assertRaisesRegex(Broken, "reused"):
            self.ledger.acknowledge("q", ["x"], at(1), at(1))

    def test_a_publisher_is_told_rising_numbers(self):
        self.publish(2)
        with self.assertRaisesRegex(Broken, "reordered"):
            self.publish(1)

    def test_a_refused_event_shows_up(self):
        self.ledger.attempt("1", ["t"])
        self.ledger.refuse("1")
        self.read()
        self.assert_broken("refused", 1)

    def test_an_event_that_nobody_published(self):
        self.assert_broken("nobody published", 1)

    def test_an_event_in_a_topic_that_it_was_not_published_to(self):
        self.publish(1)
        self.assert_broken("not published to", t=[1], u=[1])

    def test_an_event_of_two_topics_is_in_both(self):
        self.publish(1, topics=("t", "u"))
        self.read(t=[1], u=[1])
        self.assert_broken("lost", t=[1], u=[])

    def test_another_epoch(self):
        self.publish(1)
        self.assert_broken("another epoch", ("f-1", "1"))


class BatchTest(LedgerCase):

    def setUp(self):
        super().setUp()
        for payload in "abc":
            self.ledger.attempt(payload, ["t"])
        self.ledger.acknowledge("p", list("abc"), at(1), at(7))

    def test_between_the_ids_that_were_told(self):
        self.read((at(1), "a"), (at(4), "b"), (at(7), "c"))

    def test_one_of_the_middle_is_lost(self):
        self.assert_broken("lost", (at(1), "a"), (at(7), "c"))

    def test_in_another_order(self):
        self.assert_broken("reordered", (at(1), "a"), (at(7), "c"), (at(8), "b"))

    def test_a_power_cut_may_tear_it(self):
        self.read((at(1), "a"), lossy=True)
        self.assert_broken("lost, but there", (at(1), "a"), (at(4), "b"))


class RetentionTest(LedgerCase):

    keep = 2

    def test_older_ones_may_go(self):
        self.publish(1, 2, 3, 4)
        self.read(3, 4)

    def test_more_than_the_retention_may_be_there(self):
        self.publish(1, 2, 3, 4)
        self.read(2, 3, 4)

    def test_fewer_may_not(self):
        self.publish(1, 2, 3, 4)
        self.assert_broken("lost", 4)

    def test_a_hole_behind_the_oldest_is_a_loss(self):
        self.publish(1, 2, 3, 4)
        self.assert_broken("lost", 2, 4)

    def test_what_a_subscriber_saw_may_have_expired(self):
        self.publish(1, 2, 3)
        self.saw(0, 1, 2)
        self.read(2, 3)


class SeenTest(LedgerCase):

    def setUp(self):
        super().setUp()
        self.publish(1, 2, 3)

    def test_a_part_so_far(self):
        self.saw(0, 1, 2)
        self.read(1, 2, 3)

    def test_nothing_so_far(self):
        self.saw(0)
        self.read(1, 2, 3)

    def test_resumed(self):
        self.saw(1, 2, 3, Cursor(at(9)))
        self.read(1, 2, 3)

    def test_an_event_was_left_out(self):
        self.saw(0, 1, 3)
        self.assert_broken("never got 2", 1, 2, 3)

    def test_a_resume_left_out_the_first(self):
        self.saw(1, 3)
        self.assert_broken("never got 2", 1, 2, 3)

    def test_the_resume_point_ran_ahead(self):
        self.saw(0, 1, Cursor(at(3)))
        self.assert_broken("never got 2", 1, 2, 3)

    def test_an_event_came_twice(self):
        self.saw(0, 1, 2, 2)
        self.assert_broken("twice", 1, 2, 3)

    def test_a_resume_repeated_one(self):
        self.saw(2, 2, 3)
        self.assert_broken("again", 1, 2, 3)

    def test_out_of_order(self):
        self.saw(0, 2, 1)
        self.assert_broken("out of order", 1, 2, 3)

    def test_an_event_that_is_gone_now(self):
        self.ledger.attempt("4", ["t"])
        self.saw(0, 1, 2, 3, 4)
        self.assert_broken("lost", 1, 2, 3)

    def test_an_event_that_another_one_took_the_place_of(self):
        self.ledger.attempt("x", ["t"])
        with self.assertRaisesRegex(Broken, "reused"):
            self.saw(0, 1, Event(at(2), "x"))

    def test_a_refused_event(self):
        self.ledger.attempt("4", ["t"])
        self.ledger.refuse("4")
        with self.assertRaisesRegex(Broken, "refused"):
            self.saw(3, 4)

    def test_a_gap_where_nothing_is_missing(self):
        for reason in ("lost", "expired", "epoch", "unknown"):
            self.setUp()
            self.saw(0, Gap(at(2), reason), 3)
            self.assert_broken("gap for nothing", 1, 2, 3)

    def test_several_topics_in_one_order(self):
        self.publish(4, topics=("u",))
        self.publish(5, topics=("t", "u"))
        self.saw(2, 3, 4, 5, topics=("t", "u"))
        self.read(t=[1, 2, 3, 5], u=[4, 5])


class PowerCutTest(LedgerCase):
    """Where the latest may be lost, they are lost as a whole, are told, and do not come back."""

    def setUp(self):
        super().setUp()
        self.publish(1, 2, 3, 4)

    def test_the_latest_may_be_lost(self):
        self.read(1, 2, lossy=True)
        self.read(1, 2)
        self.assertEqual(self.ledger.lost_after(["t"], at(0)), 2)
        self.assertEqual(self.ledger.lost_after(["t"], at(3)), 1)

    def test_not_one_from_among_them(self):
        self.assert_broken("lost", 1, 3, lossy=True)

    def test_none_of_another_topic_that_is_older(self):
        self.publish(5, topics=("u",))
        self.assert_broken("lost", t=[1, 2], u=[5], lossy=True)

    def test_the_next_crash_is_no_excuse(self):
        self.read(1, 2, lossy=True)
        self.assert_broken("lost", 1)

    def test_their_numbers_are_not_used_again(self):
        self.read(1, 2, lossy=True)
        self.ledger.attempt("x", ["t"])
        with self.assertRaisesRegex(Broken, "reused"):
            self.ledger.acknowledge("q", ["x"], at(3), at(3))

    def test_they_do_not_come_back(self):
        self.read(1, 2, lossy=True)
        self.assert_broken("lost, but there", 1, 2, 3)

    def test_a_reader_below_the_hole_is_told_before_what_follows(self):
        self.read(1, 2, lossy=True)
        self.publish(9)
        self.saw(1, 2, Gap(at(8), "lost"), 9)
        self.read(1, 2, 9)

    def test_a_reader_below_the_hole_is_not_told(self):
        for items in [(2, 9), (2, Cursor(at(8))), (2, 9, Gap(at(9), "lost"))]:
            self.setUp()
            self.read(1, 2, lossy=True)
            self.publish(9)
            self.saw(1, *items)
            with self.subTest(items=items):
                self.assert_broken("not told of 2 lost", 1, 2, 9)

    def test_a_reader_is_told_another_reason(self):
        self.read(1, 2, lossy=True)
        self.saw(2, Gap(at(8), "expired"))
        self.assert_broken("for nothing", 1, 2)

    def test_a_reader_that_asks_for_what_is_there_need_not_be_told(self):
        self.read(1, 2, lossy=True)
        self.publish(9)
        self.saw(0, 1, 2, 9, resumed=False)
        self.read(1, 2, 9)

    def test_a_reader_that_had_them_all_need_not_be_told(self):
        self.saw(2, 3, 4)
        self.read(1, 2, lossy=True)
        self.publish(9)
        self.saw(4, 9)
        self.read(1, 2, 9)

    def test_a_reader_that_had_some_of_them_is_told_of_the_others(self):
        self.saw(2, 3)
        self.read(1, 2, lossy=True)
        self.publish(9)
        self.saw(3, 9)
        self.assert_broken("not told of 1 lost", 1, 2, 9)


if __name__ == "__main__":
    unittest.main()
