"""Several topics, patterns, and names of every kind on one stream."""

import unittest

from harness.case import DaemonCase
from harness.http import encoded
from harness.sse import events_target


class SeveralTopicsTest(DaemonCase):

    def test_one_stream_carries_several_topics_in_order(self):
        topics = [f"{self.topic}/{name}" for name in "abc"]
        stream = self.listener(*topics)
        for number in range(30):
            self.publish(str(number), topics[number % 3])
        self.assertEqual(stream.data(30), [str(n) for n in range(30)])

    def test_an_event_of_several_topics_comes_once(self):
        topics = [f"{self.topic}/{name}" for name in "ab"]
        stream = self.listener(*topics, self.topic + "/**")
        self.publish_many([{"topics": topics, "data": "both"}, {"topic": topics[1], "data": "one"}])
        self.assertEqual(stream.data(2), ["both", "one"])

    def test_an_event_of_several_topics_is_replayed_once(self):
        topics = [f"{self.topic}/{name}" for name in "ab"]
        self.publish_many([{"topics": topics, "data": "both"}, {"topic": topics[1], "data": "one"}])
        self.assertEqual(self.subscribe(*topics, since="earliest").data(2), ["both", "one"])

    def test_one_topic_named_twice_counts_once(self):
        stream = self.listener(self.topic, self.topic)
        self.publish_numbers(0, 2)
        self.assertEqual(stream.data(2), ["0", "1"])

    def test_one_id_resumes_all_topics(self):
        a, b = self.topic + "/a", self.topic + "/b"
        self.publish("0", a)
        middle = self.publish("1", b)
        self.publish("2", a)
        self.publish("3", b)
        self.assertEqual(self.resume(middle, a, b).data(2), ["2", "3"])


class PatternTest(DaemonCase):

    def assert_matches(self, pattern, matching, others):
        root = self.topic + "/"
        stream = self.listener(root + pattern)
        for topic in [*others, *matching]:
            self.publish(topic, root + topic if topic else self.topic)
        self.assertEqual(stream.data(len(matching)), matching)

    def test_a_star_is_exactly_one_segment(self):
        self.assert_matches("*", ["a", "b"], ["", "a/b", "a/b/c"])

    def test_a_star_in_the_middle(self):
        self.assert_matches("*/x", ["a/x", "b/x"], ["x", "a/b/x", "a/y", "a/x/y"])

    def test_a_star_matches_an_empty_segment(self):
        self.assert_matches("a/*/b", ["a//b", "a/x/b"], ["a/b"])

    def test_two_stars_are_any_number_of_segments(self):
        self.assert_matches("a/**", ["a", "a/b", "a/b/c", "a/"], ["b", "ab"])

    def test_a_topic_born_after_the_subscription_is_found(self):
        stream = self.listener(self.topic + "/**")
        for number in range(20):
            self.publish(str(number), f"{self.topic}/{number}")
        self.assertEqual(stream.data(20), [str(n) for n in range(20)])

    def test_a_pattern_replays_all_its_topics_in_one_order(self):
        for number in range(20):
            self.publish(str(number), f"{self.topic}/{number % 7}")
        stream = self.subscribe(self.topic + "/*", since="earliest")
        self.assertEqual(stream.data(20), [str(n) for n in range(20)])

    def test_a_topic_that_matches_two_patterns_comes_once(self):
        stream = self.listener(self.topic + "/*", self.topic + "/**", self.topic + "/a")
        self.publish_numbers(0, 3, self.topic + "/a")
        self.assertEqual(stream.data(3), ["0", "1", "2"])

    def test_a_topic_that_only_a_pattern_reads_resumes(self):
        first = self.publish("0", self.topic + "/a")
        self.publish("1", self.topic + "/b")
        self.assertEqual(self.resume(first, self.topic + "/*").data(1), ["1"])


class NameTest(DaemonCase):

    def assert_travels(self, topic):
        stream = self.listener(topic)
        short = self.open_stream("/topics/" + encoded(topic))
        short.skip_first_block()
        self.publish("x", topic)
        self.assertEqual(stream.data(1), ["x"])
        self.assertEqual(short.data(1), ["x"])
        self.assertEqual(self.topic_info(topic)["name"], topic)

    def test_slashes(self):
        self.assert_travels("orders/eu/1042")

    def test_slashes_need_no_escape_in_a_path(self):
        stream = self.listener("a/b/c")
        self.assertEqual(self.fetch("POST", "/topics/a/b/c", body=b"x").status, 200)
        self.assertEqual(stream.data(1), ["x"])

    def test_empty_segments(self):
        self.assert_travels("/a//b/")

    def test_a_url(self):
        self.assert_travels("https://example.com/books/1?page=2&x=%20#top")

    def test_other_alphabets(self):
        self.assert_travels("Grüße/日本/😀")

    def test_characters_that_mean_something_in_urls(self):
        self.assert_travels("a+b c&d=e;f?g#h%i")

    def test_names_are_bytes_and_not_normalised(self):
        composed, decomposed = "caf\u00e9", "cafe\u0301"
        stream = self.listener(composed)
        self.publish("other", decomposed)
        self.publish("mine", composed)
        self.assertEqual(stream.data(1), ["mine"])

    def test_a_plus_is_a_space_in_a_query_and_a_plus_in_a_path(self):
        spaced = self.open_stream("/events?topic=a+b")
        spaced.skip_first_block()
        self.assertEqual(self.fetch("POST", "/topics/a+b", body=b"plus").status, 200)
        self.assertEqual(self.fetch("POST", "/topics/a%20b", body=b"space").status, 200)
        self.assertEqual(spaced.data(1), ["space"])

    def test_dot_segments_are_names_like_others(self):
        self.assert_travels("../a/./b")

    def test_names_of_the_broker_are_not_for_publishers(self):
        for topic in ("$sys/x", "$", "$x"):
            with self.subTest(topic=topic):
                self.assert_problem(self.try_publish("x", topic), 403)
                self.assert_problem(self.try_publish_many([{"topic": topic, "data": "x"}]), 403)

    def test_a_dollar_inside_a_name_is_nothing_special(self):
        self.assert_travels("a/$b")

    def test_bad_names_are_refused_and_named(self):
        for bad in ("a*b", "*", "a/**", "a\nb", "a\x7fb", "a\u0080b", "x" * 1025):
            with self.subTest(topic=bad[:20]):
                self.assert_problem(self.try_publish("x", bad), 400)
                self.assert_problem(self.try_publish_many([{"topic": bad, "data": "x"}]), 400, index=0)
        self.assertEqual(self.try_publish("x", "x" * 1024).status, 200)

    def test_a_name_that_is_not_utf8_is_refused(self):
        self.assert_problem(self.fetch("POST", "/topics/%FF", body=b"x"), 400)

    def test_an_empty_name_is_refused(self):
        self.assert_problem(self.fetch("POST", "/topics/", body=b"x"), 400)
        self.assert_problem(self.fetch("GET", events_target("")), 400)


if __name__ == "__main__":
    unittest.main()
