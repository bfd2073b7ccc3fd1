"""The Mercure protocol, version 8: publishing, subscribing, and what goes over the wire."""

import re
import unittest

from harness.http import encoded
from harness.waiting import wait_until
from mercure_case import BOOK, BOOKS, HUB, ORIGIN, PUBLISHER, MercureCase, bearer, settings

URN = r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


class PublishTest(MercureCase):

    def test_an_update_is_answered_with_its_id_in_plain_text(self):
        response = self.try_update(self.topic, data="x", id="my:id")
        self.assertEqual((response.status, response.body), (200, b"my:id"))
        self.assertEqual(response.header("Content-Type"), "text/plain; charset=utf-8")

    def test_ids_are_uuids_of_version_7_when_the_publisher_gives_none(self):
        first, second = self.update(self.topic, data="x"), self.update(self.topic, data="y")
        self.assertRegex(first, URN)
        self.assertRegex(second, URN)
        self.assertNotEqual(first, second)

    def test_data_may_be_missing_and_is_empty_then(self):
        stream = self.hear(self.topic)
        self.update(self.topic, id="empty")
        self.assertEqual(stream.next_block(), b":\nid: empty\ndata: ")

    def test_a_thousand_topics_carry_one_update_and_one_more_is_refused(self):
        topics = [f"{self.topic}/{n}" for n in range(1000)]
        stream = self.hear(topics[0], topics[999], topics[500])
        self.update(*topics, data="once")
        self.update(topics[0], data="marker")
        self.assertEqual(stream.data(2), ["once", "marker"])
        self.assert_problem(self.try_update(*topics, "one more"), 400, field="topic")

    def test_what_is_wrong_with_an_update_is_named(self):
        for topics, fields, field in (((), {}, "topic"), (("",), {}, "topic"), (("a*b",), {}, "topic"),
                                      (("a\nb",), {}, "topic"), (("x" * 1025,), {}, "topic"),
                                      (("a",), {"retry": "soon"}, "retry"), (("a",), {"id": "#hash"}, "id"),
                                      (("a",), {"id": "earliest"}, "id"), (("a",), {"id": "two\nlines"}, "id"),
                                      (("a",), {"type": "two\nlines"}, "event")):
            with self.subTest(topics=topics, fields=fields):
                self.assert_problem(self.try_update(*topics, **fields), 400, field=field)

    def test_a_bad_escape_in_a_form_is_named(self):
        response = self.fetch("POST", HUB, {**PUBLISHER, "Content-Type": "application/x-www-form-urlencoded"},
                              b"topic=a&data=%zz")
        self.assert_problem(response, 400, field="data")

    def test_only_forms_are_taken(self):
        response = self.fetch("POST", HUB, {**PUBLISHER, "Content-Type": "application/json"}, b"{}")
        self.assert_problem(response, 415, field="Content-Type")

    def test_other_methods_are_named_in_allow(self):
        for method in ("PUT", "DELETE"):
            response = self.fetch(method, HUB, PUBLISHER)
            self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD, POST, OPTIONS"))

    def test_topics_of_the_broker_and_of_subscriptions_are_not_published_in(self):
        for topic in ("$sys/stats", HUB + "/subscriptions", HUB + "/subscriptions/a/b"):
            self.assert_problem(self.try_update(topic, data="x"), 403, field="topic")

    def test_a_publisher_needs_a_grant_for_every_topic(self):
        books = bearer(publish=[BOOKS, "news"])
        self.update(BOOK, "news", data="x", headers=books)
        self.assert_problem(self.try_update(BOOK, "other", data="x", headers=books), 401, field="topic")
        self.assert_problem(self.try_update("news", data="x", headers=bearer(publish=[])), 401, field="topic")
        self.assert_problem(self.try_update("news", data="x", headers=bearer(subscribe=["*"])), 401, field="topic")

    def test_without_a_token_nobody_publishes(self):
        self.assert_problem(self.try_update("news", data="x", headers={}), 401)

    def test_an_idempotency_key_makes_an_update_once(self):
        key = {**PUBLISHER, "Idempotency-Key": self.topic}
        stream = self.hear(self.topic)
        first = self.update(self.topic, data="once", headers=key)
        self.assertEqual(self.update(self.topic, data="once", headers=key), first)
        self.update(self.topic, data="marker")
        self.assertEqual(stream.data(2), ["once", "marker"])


class SubscribeTest(MercureCase):

    def test_the_head_and_the_first_line_come_at_once(self):
        stream = self.hear(self.topic)
        self.assertEqual(stream.head.header("Content-Type"), "text/event-stream")
        self.assertIn("no-store", stream.head.header("Cache-Control"))
        self.assertEqual(stream.head.header("X-Accel-Buffering"), "no")
        self.assertIsNone(stream.head.header("Last-Event-ID"))
        self.assertEqual(bytes(stream.raw), b":\n")

    def test_fields_come_as_event_retry_id_data_and_data_is_intact(self):
        stream = self.hear(self.topic)
        self.update(self.topic, data="hi\n\n  there\n", id="abc", type="foo", retry="1200")
        self.assertEqual(stream.next_block(),
                         b":\nevent: foo\nretry: 1200\nid: abc\ndata: hi\ndata: \ndata:   there\ndata: ")

    def test_a_template_gets_what_it_matches(self):
        stream = self.hear(BOOKS)
        self.update("https://example.com/books/1/pages", data="not this")
        self.update("https://example.com/authors/1", data="nor this")
        self.update(BOOK, data="this")
        self.assertEqual(stream.next_event().data, "this")

    def test_a_template_is_a_topic_too(self):
        stream = self.hear(BOOKS)
        self.update(BOOKS, data="by its own name")
        self.assertEqual(stream.next_event().data, "by its own name")

    def test_what_is_no_template_is_a_topic(self):
        stream = self.hear("open{brace")
        self.update("open{brace", data="x")
        self.assertEqual(stream.next_event().data, "x")

    def test_a_star_gets_all_that_is_not_the_brokers(self):
        stream = self.hear("*")
        self.publish("native", topic=self.topic)
        self.update("https://example.com/any", data="mercure")
        self.assertEqual(stream.data(2), ["native", "mercure"])

    def test_an_update_of_several_topics_comes_once(self):
        stream = self.hear(BOOKS, "*", BOOK, "other")
        self.update(BOOK, "other", "https://example.com/books/2", data="once")
        self.update("other", data="marker")
        self.assertEqual(stream.data(2), ["once", "marker"])

    def test_a_private_update_needs_a_token_that_grants_any_of_its_topics(self):
        nobody = self.hear(BOOKS)
        granted = self.hear(BOOKS, headers=bearer(subscribe=["https://example.com/shelf/{n}"]))
        by_name = self.hear(BOOKS, headers=bearer(subscribe=[BOOK]))
        all_of_it = self.hear(BOOKS, headers=bearer(subscribe=["*"]))
        other = self.hear(BOOKS, headers=bearer(subscribe=["https://example.com/authors/{id}"], publish=["*"]))
        self.update(BOOK, "https://example.com/shelf/7", data="private", private="on")
        self.update(BOOK, data="marker")
        for stream in (granted, by_name, all_of_it):
            self.assertEqual(stream.data(2), ["private", "marker"])
        for stream in (nobody, other):
            self.assert_nothing_but(stream, "marker")

    def test_private_says_so_whatever_its_value(self):
        stream = self.hear(self.topic)
        self.update(self.topic, data="private", private="")
        self.update(self.topic, data="marker")
        self.assert_nothing_but(stream, "marker")

    def test_what_is_wrong_with_a_subscription_is_named(self):
        self.assert_problem(self.fetch("GET", HUB), 400, field="topic")
        for topic in ("", "a*b", "a\nb", "x" * 1025, "{a}" + "x" * 4096):
            with self.subTest(topic=topic):
                self.assert_problem(self.try_hear(topic), 400, field="topic")
        self.assert_problem(self.try_hear(*[f"t{n}" for n in range(101)]), 400, field="topic")
        self.assert_problem(self.try_hear("$sys/stats"), 403, field="topic")

    def test_a_hundred_topics_are_one_subscription(self):
        stream = self.hear(*[f"https://example.com/{n}/{{id}}" for n in range(100)])
        self.update("https://example.com/99/x", data="x")
        self.assertEqual(stream.next_event().data, "x")

    def test_a_template_of_the_most_bytes_is_taken(self):
        self.hear("{a}" + "x" * 4093)

    def test_head_is_the_same_head_without_a_subscription(self):
        response = self.fetch("HEAD", self.target(self.topic))
        self.assertEqual((response.status, response.body), (200, b""))
        self.assertEqual(response.header("Content-Type"), "text/event-stream")

    def test_matchers_leave_no_memory_behind(self):
        def used():
            return self.fetch("GET", "/metrics").body.split(b"\nringcast_memory_used_bytes ")[1].split(b"\n")[0]
        before = used()
        streams = [self.hear(f"https://example.com/{self.topic}/{n}/{{id}}") for n in range(20)]
        self.assertGreater(float(used()), float(before))
        for stream in streams:
            stream.close()
        wait_until(lambda: used() == before, "what the matchers took is given back")


class HeartbeatTest(MercureCase):
    settings = {**settings(), "stream": {"heartbeat": "100ms"}}

    def test_a_quiet_stream_gets_comments_and_nothing_else(self):
        stream = self.hear(self.topic)
        while len(stream.raw) < 8:
            stream.receive()
        self.assertEqual(bytes(stream.raw).replace(b":\n", b""), b"")


class NativeTest(MercureCase):

    def test_native_and_mercure_clients_share_topics(self):
        native, mercure = self.listener(BOOK), self.hear(BOOKS)
        own = self.update(BOOK, data="from mercure", type="t")
        self.publish("from native", topic=BOOK)
        for stream in (native, mercure):
            first, second = stream.events(2)
            self.assertEqual((first.data, first.type, first.id), ("from mercure", "t", own))
            self.assertEqual(second.data, "from native")

    def test_a_native_private_event_needs_a_selector(self):
        nobody, granted = self.hear(BOOK), self.hear(BOOK, headers=bearer(subscribe=[BOOKS]))
        self.publish_many([{"topic": BOOK, "data": "private", "private": True}, {"topic": BOOK, "data": "marker"}])
        self.assert_nothing_but(nobody, "marker")
        self.assertEqual(granted.data(2), ["private", "marker"])

    def test_the_readers_of_a_topic_count_those_who_match_it(self):
        self.update(BOOK, data="x")
        before = self.topic_info(BOOK)["subscribers"]
        self.hear(BOOKS)
        self.wait_for_subscribers(before + 1, BOOK)

    def test_discovery_names_the_hub(self):
        self.update(self.topic, data="x")
        link = f"<{HUB}>; rel=\"mercure\""
        self.assertEqual(self.fetch("GET", "/").header("Link"), link)
        self.assertEqual(self.fetch("GET", "/topics/" + encoded(self.topic)).header("Link"), link)

    def test_metrics_count_mercure_streams_and_updates(self):
        def value(name):
            text = self.fetch("GET", "/metrics").body.decode()
            return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE).group(1))
        published, streams = value("ringcast_events_published_total"), value("ringcast_subscribers")
        self.hear(self.topic)
        self.update(self.topic, data="x")
        self.assertEqual(value("ringcast_events_published_total"), published + 1)
        self.assertEqual(value("ringcast_subscribers"), streams + 1)


class PathTest(MercureCase):
    settings = settings(path="/hub")

    def test_the_hub_is_where_the_configuration_says(self):
        self.assertEqual(self.fetch("HEAD", "/hub?topic=a").status, 200)
        self.assertEqual(self.fetch("HEAD", "/.well-known/mercure?topic=a").status, 404)


class OffTest(MercureCase):
    settings = {}

    def test_without_configuration_there_is_no_hub(self):
        self.assertEqual(self.fetch("GET", self.target("a")).status, 404)
        self.assertIsNone(self.fetch("GET", "/").header("Link"))


class CorsTest(MercureCase):
    settings = {**settings(), "cors": {"origins": [ORIGIN]}}

    def test_a_page_of_a_listed_origin_reads_the_id_header(self):
        stream = self.hear(self.topic, headers={"Origin": ORIGIN}, lastEventID="earliest")
        self.assertEqual(stream.head.header("Access-Control-Allow-Origin"), ORIGIN)
        self.assertIn("Last-Event-ID", stream.head.header("Access-Control-Expose-Headers"))
        other = self.hear(self.topic, headers={"Origin": "https://other.example"})
        self.assertIsNone(other.head.header("Access-Control-Expose-Headers"))

    def test_a_preflight_is_answered(self):
        response = self.fetch("OPTIONS", HUB, {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
        self.assertEqual(response.status, 204)
        self.assertIn("authorization", response.header("Access-Control-Allow-Headers"))


if __name__ == "__main__":
    unittest.main()
