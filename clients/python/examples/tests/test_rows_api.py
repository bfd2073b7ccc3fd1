"""Rows 1 to 7 of docs/migrating.md: what stands in the place of a handler for each client."""

import base64
import json
import unittest
import urllib.error
import urllib.parse

from harness.broker import Broker
from harness.event_stream import EventStream
from harness.rows import FRAMEWORKS, RowTest, broker, head_of, probe, served
from harness.waiting import wait_until

SECRET = "a secret of the tests, longer than 32 bytes"


def query_of(location):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)


class Api(RowTest):
    def test_row_1_one_publish_in_the_place_of_a_handler_for_each_client(self):
        for framework, arguments in (("microdot", "'x'"), ("bocadillo", "data='x'"), ("blacksheep", "'x'"), ("starlette", "'x'")):
            before = probe(framework)("streams.started")
            for stream in [self.open(framework, "/stream") for _ in range(3)]:
                stream.wait_for_count(1)
            self.assertEqual(probe(framework)("streams.started"), before + 3, framework)
            readers = [self.subscribe("t") for _ in range(3)]
            probe(framework)(f"publish({arguments})")
            for reader in readers:
                self.assertEqual(len(reader.wait_for_count(1)), 1)

    def test_row_2_a_subscription_is_an_iterator_or_plain_bytes(self):
        self.assertTrue(probe("microdot")("callable(sse_response)"))
        self.assertTrue(probe("bocadillo")("callable(bocadillo.Response.stream)"))
        self.assertTrue(probe("blacksheep")("issubclass(blacksheep.server.sse.ServerSentEventsContent, blacksheep.contents.StreamedContent)"))
        self.assertTrue(probe("starlette")("callable(EventSourceResponse)"))
        broker().publish("low/level", "x", "?event=e")
        for framework in FRAMEWORKS:
            event = probe(framework)("client.subscribe('low/level', since='-1').__anext__()")
            self.assertEqual(event[:2], ["x", "e"])
        self.assertIn("event: e\ndata: x\n\n", self.bytes_of("low/level"))

    def bytes_of(self, topic):
        with EventStream(f"{broker().url}/events?topic={topic}&since=-1") as stream:
            stream.wait_for_count(1)
            return stream.text

    def test_row_3_what_a_handler_knows_goes_into_topic_and_token(self):
        for framework in FRAMEWORKS:
            location = probe(framework)(f"location(['rooms/7'], {SECRET!r})")
            query = query_of(location)
            self.assertEqual(query["topic"], ["rooms/7"])
            claims = query["access_token"][0].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
            self.assertEqual(claims["ringcast"], {"publish": [], "subscribe": ["rooms/7"]}, framework)

    def test_row_4_a_stream_does_not_end_with_its_publisher(self):
        for framework in FRAMEWORKS:
            stream = self.open(framework, "/short")
            stream.wait_for_end()
            self.assertEqual(len(stream.events), 1)
        stream = self.subscribe("t")
        probe("starlette")("publish('bye', event='end')")
        broker().publish("t", "still there")
        self.assertEqual([event.get("event") for event in stream.wait_for_count(2)], ["end", None])

    def test_row_5_who_may_not_read_is_refused_before_there_is_a_stream(self):
        for framework in FRAMEWORKS:
            first, _, _, connection = head_of(served(framework) + "/refused")
            connection.close()
            self.assertIn(" 401 ", first, framework)
        with Broker({"auth": {"jwt": {"algorithms": ["HS256"], "key": SECRET}}}) as closed:
            for token, topic, status in (("", "rooms/7", 401), ("&access_token=wrong", "rooms/7", 401),
                                         (self.token("rooms/7"), "rooms/8", 403), (self.token("rooms/7"), "rooms/7", 200)):
                first, _, _, connection = head_of(f"{closed.url}/events?topic={topic}{token}")
                connection.close()
                self.assertIn(f" {status} ", first)

    def token(self, topic):
        return "&access_token=" + query_of(probe("starlette")(f"location([{topic!r}], {SECRET!r})"))["access_token"][0]

    def test_row_6_status_and_headers_are_the_brokers(self):
        for framework in FRAMEWORKS:
            first, headers, _, connection = head_of(served(framework) + "/custom")
            connection.close()
            self.assertEqual(headers["x-custom"], "1", framework)
        first, headers, _, connection = head_of(broker().url + "/events?topic=head")
        connection.close()
        self.assertIn(" 200 ", first)
        self.assertLessEqual({"content-type", "cache-control", "x-accel-buffering", "connection"}, set(headers))

    def test_row_7_the_end_of_a_stream_is_a_line_in_the_access_log(self):
        for framework in ("bocadillo", "starlette"):
            probe(framework)("background.clear()")
            self.open(framework, "/short").wait_for_end()
            wait_until(lambda: probe(framework)("background"), f"the background task of {framework}")
        with Broker({"log": {"access": "all"}}) as logging:
            with EventStream(logging.url + "/events?topic=ending") as stream:
                stream.wait_for_text("id: ")
            wait_until(lambda: any('"stream ended"' in line for line in list(logging.lines)), "a line in the access log")


if __name__ == "__main__":
    unittest.main()
