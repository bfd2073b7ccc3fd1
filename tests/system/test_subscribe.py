"""Subscribing: the head, the first block, where a stream starts, and what its parameters do."""

import datetime
import time
import unittest

from harness.case import DaemonCase, epoch, seq
from harness.http import encoded
from harness.sse import events_target, fields_of


class HeadTest(DaemonCase):

    def test_a_stream_has_exactly_these_headers(self):
        stream = self.subscribe()
        self.assertEqual(stream.head.version, "HTTP/1.1")
        self.assertEqual(dict(stream.head.headers), {
            "Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no", "Connection": "close"})

    def test_the_head_of_a_stream_is_under_512_bytes(self):
        self.assertLess(len(self.subscribe().head.raw_head), 512)

    def test_the_short_form_is_the_same_stream(self):
        short = self.open_stream("/topics/" + encoded(self.topic))
        self.assertEqual(short.head.raw_head, self.subscribe().head.raw_head)
        short.skip_first_block()
        self.publish("x")
        self.assertEqual(short.data(1), ["x"])

    def test_the_short_form_finds_the_event_stream_among_other_types(self):
        stream = self.open_stream("/topics/" + encoded(self.topic), accept="text/html, text/event-stream;q=0.9")
        self.assertEqual(stream.head.header("Content-Type"), "text/event-stream")

    def test_the_long_form_needs_no_accept(self):
        stream = self.open_stream(events_target(self.topic), accept="*/*")
        self.assertEqual(stream.head.header("Content-Type"), "text/event-stream")

    def test_head_answers_the_same_head_and_subscribes_nobody(self):
        self.publish("so that the topic is there")
        target = events_target(self.topic)
        response = self.fetch("HEAD", target, {"Accept": "text/event-stream"})
        self.assertEqual(response.raw_head, self.subscribe().head.raw_head)
        self.wait_for_subscribers(1)

    def test_a_bad_access_token_is_refused_whatever_is_allowed_without_one(self):
        refused = self.fetch("GET", events_target(self.topic, access_token="whatever"))
        self.assert_problem(refused, 401, field="access_token")


class FirstBlockTest(DaemonCase):
    settings = {"stream": {"retry": "4s"}}

    def first_block(self, **parameters):
        fields = fields_of(self.subscribe(**parameters).next_block())
        self.assertEqual(fields[0][0], "", "a stream starts with a comment")
        values = dict(fields[1:])
        self.assertEqual(sorted(name for name, _ in fields if name), ["id", "retry"])
        self.assertEqual(values["retry"], "4000")
        return values["id"]

    def test_it_comes_at_once_on_a_topic_that_has_nothing(self):
        self.assertRegex(self.first_block(), r"\A[0-9a-z]{10,}-[0-9]+\Z")

    def test_latest_starts_at_the_present_position(self):
        last = self.publish_numbers(0, 3)["last_id"]
        self.assertEqual(self.first_block(), last)
        self.assertEqual(self.first_block(since="latest"), last)

    def test_earliest_starts_before_the_oldest_event(self):
        first = self.publish_numbers(0, 3)["first_id"]
        start = self.first_block(since="earliest")
        self.assertEqual(epoch(start), epoch(first))
        self.assertLess(seq(start), seq(first))
        self.assertEqual(self.resume(start).data(3), ["0", "1", "2"])

    def test_a_number_starts_before_the_events_that_follow(self):
        self.publish_numbers(0, 5)
        self.assertEqual(self.resume(self.first_block(since="-2")).data(2), ["3", "4"])

    def test_a_resumed_stream_starts_where_it_resumed(self):
        first = self.publish_numbers(0, 3)["first_id"]
        self.assertEqual(self.resume(first).skip_first_block(), first)

    def test_padding_sends_two_kib_of_comment_first(self):
        stream = self.subscribe(padding="true")
        stream.skip_first_block()
        first_line, _, rest = bytes(stream.raw).partition(b"\n")
        comment = first_line + rest.split(b"retry:")[0]
        self.assertTrue(first_line.startswith(b":"))
        self.assertGreaterEqual(len(comment), 2048)
        self.publish("x")
        self.assertEqual(stream.data(1), ["x"])


class SinceTest(DaemonCase):

    def setUp(self):
        super().setUp()
        self.publish_numbers(0, 5)

    def assert_gets(self, expected, **parameters):
        stream = self.subscribe(**parameters)
        self.publish("end")
        self.assertEqual([event.data for event in stream.until("end")], [*expected, "end"])

    def test_latest_is_the_default(self):
        stream = self.listener()
        self.assert_silent(stream)

    def test_earliest_gives_all_that_is_kept(self):
        self.assert_gets(["0", "1", "2", "3", "4"], since="earliest")

    def test_a_negative_number_gives_the_last_events(self):
        self.assert_gets(["3", "4"], since="-2")

    def test_a_negative_number_beyond_what_is_kept_gives_all_without_a_gap(self):
        self.assert_gets(["0", "1", "2", "3", "4"], since="-100")

    def test_a_negative_number_counts_only_events_that_this_subscription_gets(self):
        self.publish("wanted", event="rare")
        self.publish_numbers(5, 8)
        stream = self.subscribe(since="-1", event="rare")
        self.assertEqual(stream.data(1), ["wanted"])

    def test_an_age_gives_what_is_younger(self):
        self.assert_gets(["0", "1", "2", "3", "4"], since="10m")

    def test_a_time_in_the_past_gives_what_came_after_it(self):
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        self.assert_gets(["0", "1", "2", "3", "4"], since=past.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def test_unix_seconds_are_a_time(self):
        self.assert_gets(["0", "1", "2", "3", "4"], since=str(int(time.time()) - 3600))

    def test_a_time_after_all_events_gives_none_of_them(self):
        self.assert_gets([], since=str(int(time.time()) + 3600))

    def test_a_plus_in_a_time_zone_may_arrive_as_a_space(self):
        target = f"/events?topic={self.topic}&since=2020-01-01T00:00:00+01:00"
        stream = self.open_stream(target)
        self.assertEqual(stream.data(5), ["0", "1", "2", "3", "4"])

    def test_a_since_that_is_no_form_of_it_is_refused(self):
        for bad in ("the day before", "-", "--1", "10 parsecs", "2020-13-01T00:00:00Z", "-1.5"):
            with self.subTest(since=bad):
                response = self.fetch("GET", events_target(self.topic, since=bad))
                self.assert_problem(response, 400, field="since")


class FilterTest(DaemonCase):

    def test_only_the_event_types_that_were_asked_for(self):
        stream = self.listener(event=["a", "b"])
        for number, kind in enumerate(["a", "x", "b", "message", "a"]):
            self.publish(str(number), event=kind)
        self.assertEqual([(event.type, event.data) for event in stream.events(3)],
                         [("a", "0"), ("b", "2"), ("a", "4")])

    def test_message_names_the_events_without_a_type(self):
        stream = self.listener(event="message")
        self.publish("named", event="other")
        self.publish("plain")
        self.assertEqual(stream.data(1), ["plain"])

    def test_an_envelope_tells_the_topic(self):
        stream = self.listener(self.topic + "/*", envelope="true")
        topic = self.topic + "/a"
        position = self.publish("line 1\nline 2", topic, event="kind")
        event = stream.next_event()
        self.assertEqual((event.id, event.type), (position, "kind"))
        envelope = event.json()
        when = envelope.pop("time")
        self.assertEqual(envelope, {"id": position, "topic": topic, "event": "kind", "data": "line 1\nline 2"})
        self.assertRegex(when, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")

    def test_an_envelope_names_the_first_topic_that_the_subscription_matches(self):
        stream = self.listener(self.topic + "/b", self.topic + "/c", envelope="true")
        self.publish_many([{"topics": [self.topic + "/" + name for name in "abc"], "data": "x"}])
        self.assertEqual(stream.next_event().json()["topic"], self.topic + "/b")

    def test_max_data_lets_data_of_exactly_that_length_through(self):
        stream = self.listener(max_data="10")
        self.publish("1234567890")
        self.assertEqual(stream.data(1), ["1234567890"])

    def test_max_data_replaces_what_is_longer_and_keeps_its_id(self):
        stream = self.listener(max_data="10")
        position = self.publish("12345678901")
        event = stream.next_event()
        self.assertEqual((event.type, event.id, event.json()), ("ringcast.oversize", position, {"bytes": 11}))


class LiveTest(DaemonCase):

    def test_fields_come_in_the_order_id_event_retry_data(self):
        stream = self.listener()
        position = self.publish("a\nb", event="kind", retry="2500")
        self.assertEqual(stream.next_block(),
                         f"id: {position}\nevent: kind\nretry: 2500\ndata: a\ndata: b".encode())

    def test_an_event_without_type_and_retry_has_neither_field(self):
        stream = self.listener()
        position = self.publish("a")
        self.assertEqual(stream.next_block(), f"id: {position}\ndata: a".encode())

    def test_events_arrive_in_order_and_once(self):
        stream = self.listener()
        self.publish_numbers(0, 500)
        events = stream.events(500)
        self.assertEqual([event.data for event in events], [str(n) for n in range(500)])
        positions = [seq(event.id) for event in events]
        self.assertEqual(positions, sorted(set(positions)))

    def test_data_arrives_as_it_was_but_for_line_ends(self):
        stream = self.listener()
        for data, expected in [("", ""), ("a\n", "a\n"), ("\n", "\n"), (" x", " x"), ("a\r\nb\rc\nd", "a\nb\nc\nd"),
                               ("a\u2028b\x0bc\u0085d", "a\u2028b\x0bc\u0085d"), ("a\0b", "a\0b"),
                               ("\ufeffx", "\ufeffx"), ("id: 7", "id: 7"), ("😀é", "😀é"), (": c", ": c")]:
            with self.subTest(data=data):
                self.publish(data)
                self.assertEqual(stream.data(1), [expected])

    def test_replay_and_live_are_one_stream(self):
        self.publish_numbers(0, 100)
        stream = self.subscribe(since="earliest")
        self.publish_numbers(100, 200)
        self.assertEqual(stream.data(200), [str(n) for n in range(200)])

    def test_a_close_of_the_client_is_noticed_without_a_write(self):
        stream = self.listener()
        self.wait_for_subscribers(1)
        stream.close()
        self.publish("so that the topic stays")
        self.wait_for_subscribers(0)


class BadSubscriptionTest(DaemonCase):

    def assert_refused(self, target):
        return self.assert_problem(self.fetch("GET", target, {"Accept": "text/event-stream"}), 400)

    def test_no_topic(self):
        self.assert_refused("/events")

    def test_an_empty_topic(self):
        self.assert_refused("/events?topic=")

    def test_a_wildcard_inside_a_segment(self):
        self.assertEqual(self.assert_refused("/events?topic=a*b").get("field"), "topic")

    def test_a_double_wildcard_that_is_not_last(self):
        self.assert_refused(events_target("a/**/b"))

    def test_a_topic_with_a_control_character(self):
        for bad in ("a%00b", "a%0Ab", "a%7Fb", "a%C2%80b"):
            with self.subTest(topic=bad):
                self.assert_refused("/events?topic=" + bad)

    def test_a_topic_that_is_not_utf8(self):
        self.assert_refused("/events?topic=%FF")

    def test_a_bad_percent_escape(self):
        self.assert_refused("/events?topic=%zz")

    def test_a_topic_of_1024_bytes_is_the_longest(self):
        self.subscribe("x" * 1023)
        self.subscribe("x" * 1024)
        self.assert_refused(events_target("x" * 1025))

    def test_100_topics_are_the_most(self):
        self.subscribe(*[f"t{n}" for n in range(99)])
        self.subscribe(*[f"t{n}" for n in range(100)])
        self.assert_refused(events_target(*[f"t{n}" for n in range(101)]))

    def test_a_max_data_that_is_no_number(self):
        self.assert_refused(events_target("t", max_data="many"))


if __name__ == "__main__":
    unittest.main()
