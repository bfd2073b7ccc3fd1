"""Browsers of other origins: preflights, listed origins, credentials."""

import unittest

from harness.case import DaemonCase
from harness.sse import events_target

ORIGIN = "https://app.example"
ALLOWED_HEADERS = {"authorization", "content-type", "last-event-id", "cache-control", "idempotency-key"}


def listed(response, header):
    return {word.strip().lower() for word in (response.header(header) or "").split(",")}


class ListedOriginTest(DaemonCase):
    settings = {"cors": {"origins": [ORIGIN, "http://localhost:3000"]}}

    def assert_allowed(self, response, origin=ORIGIN):
        self.assertEqual(response.header("Access-Control-Allow-Origin"), origin)
        self.assertEqual(response.header("Access-Control-Allow-Credentials"), "true")
        self.assertIn("origin", listed(response, "Vary"))

    def test_a_stream_answers_the_exact_origin(self):
        for origin in (ORIGIN, "http://localhost:3000"):
            self.assert_allowed(self.subscribe(headers={"Origin": origin}).head, origin)

    def test_the_head_of_such_a_stream_is_still_under_512_bytes(self):
        self.assertLess(len(self.subscribe(headers={"Origin": ORIGIN}).head.raw_head), 512)

    def test_a_publish_and_a_refusal_answer_it_as_well(self):
        self.assert_allowed(self.try_publish("x", headers={"Origin": ORIGIN}))
        self.assert_allowed(self.try_publish("x", "a*b", headers={"Origin": ORIGIN}))

    def test_another_origin_is_told_nothing(self):
        for origin in ("https://evil.example", "null", ORIGIN + ".evil.example", "http://app.example", ORIGIN + "/"):
            with self.subTest(origin=origin):
                response = self.fetch("GET", "/healthz", {"Origin": origin})
                self.assertIsNone(response.header("Access-Control-Allow-Origin"))
                self.assertIsNone(response.header("Access-Control-Allow-Credentials"))

    def test_a_preflight_allows_what_the_clients_send(self):
        response = self.fetch("OPTIONS", events_target(self.topic), {
            "Origin": ORIGIN, "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "last-event-id"})
        self.assertEqual((response.status, response.body), (204, b""))
        self.assert_allowed(response)
        self.assertLessEqual(ALLOWED_HEADERS, listed(response, "Access-Control-Allow-Headers"))
        self.assertLessEqual({"get", "post"}, listed(response, "Access-Control-Allow-Methods"))

    def test_a_preflight_of_a_topic_allows_publishing(self):
        response = self.fetch("OPTIONS", "/topics/t", {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"})
        self.assertEqual(response.status, 204)
        self.assertLessEqual({"post", "put", "delete"}, listed(response, "Access-Control-Allow-Methods"))

    def test_a_preflight_from_another_origin_allows_nothing(self):
        response = self.fetch("OPTIONS", "/events", {"Origin": "https://evil.example",
                                                     "Access-Control-Request-Method": "GET"})
        self.assertIsNone(response.header("Access-Control-Allow-Origin"))

    def test_options_do_not_end_the_connection(self):
        with self.connect() as connection:
            self.assertEqual(connection.request("OPTIONS", "/events", {"Origin": ORIGIN}).status, 204)
            self.assertEqual(connection.request("GET", "/healthz").status, 200)


class AnyOriginTest(DaemonCase):
    settings = {"cors": {"origins": ["*"]}}

    def test_everybody_may_read_but_without_credentials(self):
        head = self.subscribe(headers={"Origin": ORIGIN}).head
        self.assertIn(head.header("Access-Control-Allow-Origin"), ("*", ORIGIN))
        self.assertIsNone(head.header("Access-Control-Allow-Credentials"))


class NoOriginTest(DaemonCase):

    def test_by_default_no_other_origin_is_let_in(self):
        refused = self.fetch("GET", events_target(self.topic), {"Origin": ORIGIN})
        self.assert_problem(refused, 403)
        self.assertIsNone(refused.header("Access-Control-Allow-Origin"))


if __name__ == "__main__":
    unittest.main()
