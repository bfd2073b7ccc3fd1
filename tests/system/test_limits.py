"""Limits for each client: connections, publish rates; and client addresses that proxies tell."""

import hashlib
import json
import unittest

from harness.case import JSON, NDJSON, DaemonCase
from harness.http import Connection
from harness.sse import events_target
from harness.waiting import wait_until

ALICE, BOB = "rc_alice-0123456789abcdef", "rc_bob-0123456789abcdefgh"


def token(name, text):
    return {"name": name, "sha256": hashlib.sha256(text.encode()).hexdigest(), "publish": ["**"], "subscribe": ["**"],
            "admin": ["metrics"]}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


class LimitCase(DaemonCase):

    def limited(self, limit, headers=None):
        """How often the metrics say that this limit took hold."""
        text = self.fetch("GET", "/metrics", headers).body.decode()
        line = next(line for line in text.split("\n")
                    if line.startswith("ringcast_limited_total") and f'"{limit}"' in line)
        return int(float(line.rsplit(" ", 1)[1]))


class ProxiedConnection(Connection):
    """One for which a proxy speaks the PROXY protocol."""

    def __init__(self, address, client):
        super().__init__(address)
        self.send(f"PROXY TCP4 {client} 127.0.0.1 5000 80\r\n".encode())


class ProxyProtocolTest(LimitCase):
    settings = {"proxies": {"trusted": ["127.0.0.1"], "protocol": True}, "limits": {"connections_per_address": 2},
                "auth": {"anonymous": {"publish": ["**"], "subscribe": ["**"]}}}

    @classmethod
    def setUpClass(cls):
        # /readyz needs the header, too.
        cls.addClassCleanup(setattr, cls, "daemon", None)
        from harness import daemon as module
        plain = module.fetch
        module.fetch = lambda address, method, target: through_proxy(address, "127.0.0.1", method, target)
        try:
            super().setUpClass()
        finally:
            module.fetch = plain

    def stream_of(self, client):
        connection = ProxiedConnection(self.address, client)
        self.addCleanup(connection.close)
        connection.send(b"GET /events?topic=t HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        self.assertEqual(connection.read_head().status, 200)
        return connection

    def test_each_address_has_so_many_places_and_gets_them_back(self):
        first, second = self.stream_of("192.0.2.1"), self.stream_of("192.0.2.1")
        third = self.stream_of("192.0.2.1").read_to_end()
        self.assertIn(b"limits.connections_per_address are in use", third)
        self.assertIn(b"retry: ", third)
        other = self.stream_of("192.0.2.2")
        second.close()

        def is_let_in():
            connection = self.stream_of("192.0.2.1")
            connection.send(b"")
            return b"in use" not in connection.read_some()
        wait_until(is_let_in, "the place is free again")
        for stream in (first, other):
            self.assertNotIn(b"in use", stream.read_some())

    def test_probes_need_no_place(self):
        for _ in range(2):
            self.stream_of("192.0.2.7")
        self.assert_problem(through_proxy(self.address, "192.0.2.7", "GET", "/topics/t"), 503)
        for target in ("/healthz", "/readyz"):
            self.assertEqual(through_proxy(self.address, "192.0.2.7", "GET", target).status, 200, target)

    def test_what_is_no_header_ends_the_connection(self):
        for start in (b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 x y 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31"):
            with Connection(self.address) as connection:
                connection.send(start)
                self.assertEqual(connection.read_to_end(), b"")
        told = self.daemon.wait_for_log(lambda line: line["message"] == "a trusted proxy sent no PROXY header",
                                        "of the missing header")
        self.assertEqual((told["level"], told["module"], told["client"]), ("warn", "net", "127.0.0.1"))

    def test_it_may_come_in_pieces_with_the_request_behind_it(self):
        connection = Connection(self.address)
        self.addCleanup(connection.close)
        for byte in b"PROXY TCP4 192.0.2.9 127.0.0.1 5000 80\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
            connection.send(bytes([byte]))
        self.assertEqual(connection.read_response().status, 200)


def through_proxy(address, client, method, target):
    with ProxiedConnection(address, client) as connection:
        return connection.request(method, target)


class ForwardedTest(LimitCase):
    settings = {"auth": {"tokens": [token("alice", ALICE)]},
                "proxies": {"trusted": ["127.0.0.1"], "header": "forwarded"}, "limits": {"connections_per_address": 1}}

    def test_streams_count_for_the_client_that_the_proxy_names(self):
        def stream_for(client):
            return self.subscribe("t", headers={**bearer(ALICE), "Forwarded": f"for={client}"})
        first, other = stream_for("192.0.2.1"), stream_for("192.0.2.2")
        self.assertIn(b"limits.connections_per_address are in use", stream_for("192.0.2.1").connection.read_to_end())
        for stream in (first, other):
            stream.skip_first_block()
        self.publish("x", "t", bearer(ALICE))
        for stream in (first, other):
            self.assertEqual(stream.next_event().data, "x")


class ForwardedLocalTest(LimitCase):
    settings = {"proxies": {"trusted": ["127.0.0.1"], "header": "forwarded"}}

    def test_what_is_forwarded_for_another_host_has_no_local_rights(self):
        self.assertEqual(self.fetch("GET", events_target("t"), {"Forwarded": "for=192.0.2.1"}).status, 401)
        self.assertEqual(self.fetch("GET", "/metrics", {"Forwarded": "for=127.0.0.1"}).status, 200)


class TokenPlacesTest(LimitCase):
    settings = {"auth": {"tokens": [token("alice", ALICE), token("bob", BOB)]}, "limits": {"connections_per_token": 1}}

    def test_streams_of_a_token_are_counted(self):
        first = self.subscribe("t", headers=bearer(ALICE))
        first.skip_first_block()
        second = self.subscribe("t", headers=bearer(ALICE))
        self.assertIn(b"limits.connections_per_token are in use", second.connection.read_to_end())
        self.subscribe("t", headers=bearer(BOB)).skip_first_block()
        self.assertEqual(self.limited("connections_per_token", bearer(BOB)), 1)
        plain = self.fetch("GET", events_target("t"), {**bearer(ALICE), "Accept": "*/*"})
        self.assert_problem(plain, 503)
        self.assertTrue(plain.header("Retry-After"))
        self.publish("x", "t", bearer(ALICE))
        self.assertEqual(first.next_event().data, "x")


class RefusedPlacesTest(LimitCase):
    settings = {"auth": {"tokens": [token("alice", ALICE), token("bob", BOB)]},
                "proxies": {"trusted": ["127.0.0.1"]},
                "limits": {"connections_per_token": 1, "connections_per_address": 1}}

    def test_a_stream_that_its_token_refuses_holds_no_place_of_its_client(self):
        def of(client, text):
            return {**bearer(text), "X-Forwarded-For": client}
        self.subscribe("t", headers=of("192.0.2.1", ALICE)).skip_first_block()
        kept = self.connect()  # A proxy's, which stays open.
        refused = kept.request("GET", events_target("t"), {**of("192.0.2.2", ALICE), "Accept": "*/*"})
        self.assertIn("connections_per_token", self.assert_problem(refused, 503)["detail"])
        let_in = self.subscribe("t", headers=of("192.0.2.2", BOB))
        let_in.skip_first_block()
        self.publish("x", "t", bearer(ALICE))
        self.assertEqual(let_in.next_event().data, "x")
        self.assertEqual(self.limited("connections_per_token", bearer(ALICE)), 1)
        third = self.subscribe("t", headers=of("192.0.2.2", BOB))
        self.assertIn(b"limits.connections_per_address are in use", third.connection.read_to_end())


class TopicsPerTokenTest(LimitCase):
    settings = {"limits": {"topics_per_token": 1}}

    def test_refusals_are_counted(self):
        self.publish("x", "a")
        self.assert_problem(self.try_publish("x", "b"), 429)
        self.assertEqual((self.limited("topics_per_token"), self.limited("topics")), (1, 0))


class AddressRateTest(LimitCase):
    settings = {"limits": {"publish_rate_per_address": 1}}

    def test_the_refusal_names_the_rate(self):
        answers = [self.try_publish("x", "t") for _ in range(20)]
        refused = next(answer for answer in answers if answer.status == 429)
        self.assertEqual(refused.json()["detail"], "over limits.publish_rate_per_address")


class RateTest(LimitCase):
    settings = {"auth": {"tokens": [token("alice", ALICE), token("bob", BOB)]},
                "limits": {"publish_rate_per_token": 5, "publish_burst": "2s"}}

    def test_a_token_over_its_rate_is_told_when_to_come_again_and_others_go_on(self):
        answers = [self.try_publish("x", "t", bearer(ALICE)) for _ in range(40)]
        self.assertEqual({answer.status for answer in answers}, {200, 429})
        refused = next(answer for answer in answers if answer.status == 429)
        self.assert_problem(refused, 429)
        self.assertEqual(refused.json()["detail"], "over limits.publish_rate_per_token")
        self.assertEqual(refused.header("Retry-After"), "1")
        self.assertEqual(self.try_publish("x", "t", bearer(BOB)).status, 200)
        self.assertGreater(self.limited("publish_rate_per_token", bearer(BOB)), 0)

    def test_every_event_of_a_batch_counts(self):
        batch = json.dumps([{"topic": "b", "data": n} for n in range(10)]).encode()
        statuses = [self.fetch("POST", "/events", {**JSON, **bearer(BOB)}, batch).status for _ in range(3)]
        self.assertIn(429, statuses)

    def test_ndjson_is_read_later_instead(self):
        self.daemon.reload_with({**self.settings, "limits": {"publish_rate_per_token": 100, "publish_burst": "100ms"}})
        lines = b"".join(b'{"topic":"n","data":%d}\n' % n for n in range(60))
        answer = self.fetch("POST", "/events", {**NDJSON, **bearer(BOB)}, lines)
        self.assertEqual((answer.status, answer.json()["accepted"]), (200, 60))


if __name__ == "__main__":
    unittest.main()
