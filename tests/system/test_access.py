"""Who may do what: tokens and JWTs on real requests, what a stream's end has to do with them, private
events, and what may use the rights of the machine."""

import hashlib
import json
import select
import tempfile
import time
import unittest

from harness import jwt
from harness.case import JSON, NDJSON, DaemonCase
from harness.daemon import Daemon
from harness.http import fetch, request_bytes
from harness.sse import Stream, events_target
from harness.waiting import wait_until

CAM, DASHBOARD, ADMIN = "rc_cam-0123456789abcdef", "rc_dashboard-0123456789", "rc_admin-0123456789abc"
SECRET = b"0123456789abcdef0123456789abcdef"


def token(name, text, publish=(), subscribe=(), admin=()):
    return {"name": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "publish": list(publish), "subscribe": list(subscribe), "admin": list(admin)}


TOKENS = [token("cam", CAM, publish=["cam/**"]), token("dashboard", DASHBOARD, subscribe=["cam/**", "**"]),
          token("admin", ADMIN, publish=["**"], subscribe=["**"], admin=["metrics", "topics", "history", "delete"])]
JWT = {"algorithms": ["HS256"], "key": SECRET.decode(), "cookie": "ringcast"}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def rest_of(stream):
    """Everything up to the end of the stream."""
    while stream.next_block() is not None:
        pass
    return stream.raw.decode()


def soon(seconds, **grants):
    """A JWT that expires so soon."""
    return jwt.signed(SECRET, {"sub": "guest", "exp": time.time() + seconds, "ringcast": grants})


class TokenTest(DaemonCase):
    settings = {"auth": {"tokens": TOKENS, "jwt": JWT}, "cors": {"origins": ["https://app.example"]}}

    def test_a_token_publishes_where_it_may_and_is_told_where_not(self):
        self.assertEqual(self.try_publish("x", "cam/1", bearer(CAM)).status, 200)
        refused = self.try_publish("x", "other", bearer(CAM))
        problem = self.assert_problem(refused, 403, field="topic")
        self.assertEqual(problem["detail"], "cam may not publish to other; granted there: cam/**")
        challenge = refused.header("WWW-Authenticate")
        self.assertIn('error="insufficient_scope"', challenge)
        self.assertIn("cam may not publish to other", challenge)

    def test_without_credentials_nothing_is_left_on_loopback(self):
        refused = self.try_publish("x", "cam/1")
        self.assert_problem(refused, 401)
        self.assertEqual(refused.header("WWW-Authenticate"), 'Bearer realm="ringcast"')
        self.assertEqual(self.fetch("GET", "/metrics").status, 401)
        self.assertEqual(self.fetch("GET", "/readyz").status, 200)

    def test_a_bad_credential_is_named(self):
        for headers, text in ((bearer("rc_nobody-0123456789abcdef"), "unknown"),
                              ({"Authorization": "Basic Zm9v"}, "only Bearer"),
                              ({"Authorization": "Bearer"}, "missing"),
                              (bearer(soon(-10, publish=["**"])), "expired at"),
                              (bearer(jwt.signed(b"x" * 32, {"ringcast": {}})), "signature")):
            with self.subTest(text=text):
                refused = self.try_publish("x", "cam/1", headers)
                problem = self.assert_problem(refused, 401, field="Authorization")
                self.assertIn(text, problem["detail"])
                self.assertIn('error="invalid_token"', refused.header("WWW-Authenticate"))

    def test_the_query_carries_a_token_for_clients_without_headers(self):
        self.publish("x", "cam/1", bearer(CAM))
        stream = self.subscribe("cam/*", since="earliest", access_token=DASHBOARD)
        self.assertEqual(stream.head.status, 200)
        both = self.fetch("GET", events_target("cam/1", access_token=DASHBOARD), bearer(DASHBOARD))
        self.assert_problem(both, 400, field="access_token")

    def test_a_pattern_needs_one_grant_that_covers_it_whole(self):
        wide = soon(60, subscribe=["a/*", "b"])
        self.assertEqual(self.subscribe("a/*", "b", headers=bearer(wide)).head.status, 200)
        for pattern in ("a/**", "**", "*"):
            refused = self.fetch("GET", events_target("b", pattern), bearer(wide))
            problem = self.assert_problem(refused, 403, field="topic")
            self.assertIn(f"guest may not subscribe to {pattern}", problem["detail"])

    def test_admin_routes_have_grants_of_their_own(self):
        for target in ("/metrics", "/topics", "/history?topic=cam/1"):
            self.assertEqual(self.fetch("GET", target, bearer(DASHBOARD)).status, 403, target)
            self.assertEqual(self.fetch("GET", target, bearer(ADMIN)).status, 200, target)
        self.publish("x", "cam/gone", bearer(CAM))
        self.assertEqual(self.fetch("DELETE", "/topics/cam/gone", bearer(CAM)).status, 403)
        self.assertEqual(self.fetch("DELETE", "/topics/cam/gone", bearer(ADMIN)).status, 204)

    def test_a_cookie_reads_but_publishes_only_from_an_allowed_page(self):
        cookie = {"Cookie": "a=1; ringcast=" + soon(60, publish=["c"], subscribe=["c"])}
        self.assertEqual(self.subscribe("c", headers=cookie).head.status, 200)
        for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            self.assertEqual(self.try_publish("x", "c", {**cookie, **origin}).status, 403, origin)
        self.assertEqual(self.try_publish("x", "c", {**cookie, "Origin": "https://app.example"}).status, 200)

    def test_each_request_of_a_connection_is_judged_by_its_own_token(self):
        connection = self.connect()
        for headers, status in ((bearer(CAM), 200), ({}, 401), (bearer(DASHBOARD), 403), (bearer(CAM), 200)):
            answer = connection.request("POST", "/topics/cam/1", {**headers, "Content-Length": "0"})
            self.assertEqual(answer.status, status)

    def test_idempotency_keys_of_two_tokens_are_apart(self):
        key = {"Idempotency-Key": "k"}
        first = self.try_publish("x", "cam/k", {**bearer(CAM), **key}).json()
        other = self.try_publish("x", "cam/k", {**bearer(ADMIN), **key}).json()
        again = self.try_publish("x", "cam/k", {**bearer(CAM), **key}).json()
        self.assertNotEqual(first["id"], other["id"])
        self.assertEqual((again["id"], again["duplicate"]), (first["id"], True))

    def test_a_stream_ends_with_its_token_and_the_reconnect_is_told(self):
        short = soon(1.2, subscribe=["t"])
        stream = self.subscribe("t", headers=bearer(short))
        self.assertEqual(stream.head.status, 200)
        self.assertIn("the token has expired", rest_of(stream))
        problem = self.assert_problem(self.fetch("GET", events_target("t"), bearer(short)), 401)
        self.assertIn("expired at", problem["detail"])

    def test_a_long_publish_stops_with_its_token(self):
        connection = self.connect()
        short = soon(1.2, publish=["n"])
        connection.send(request_bytes("POST", "/events",
                                      {**NDJSON, **bearer(short), "Transfer-Encoding": "chunked"}))
        line = b'{"topic":"n","data":1}\n'

        def is_answered():
            connection.send(b"%x\r\n%s\r\n" % (len(line), line))
            return select.select([connection.socket], [], [], 0)[0]
        wait_until(is_answered, "the publish is ended")
        answer = connection.read_response()
        self.assertEqual(answer.status, 401)
        self.assertGreater(answer.json()["accepted"], 0)

    def test_no_log_line_has_a_token(self):
        self.try_publish("payload-of-mine", "cam/1", bearer(CAM))
        self.fetch("GET", events_target("x", access_token="rc_secret-in-the-query"))
        log = json.dumps(self.daemon.lines)
        for secret in (CAM, "rc_secret-in-the-query", "payload-of-mine", SECRET.decode()):
            self.assertNotIn(secret, log)


class RevocationTest(DaemonCase):
    settings = {"auth": {"tokens": TOKENS}, "stream": {"retry": "100ms"}}

    def test_a_token_that_is_taken_back_ends_its_streams_and_no_others(self):
        gone = self.subscribe("cam/1", headers=bearer(DASHBOARD))
        stays = self.subscribe("cam/1", headers=bearer(ADMIN))
        self.daemon.write_config({"auth": {"tokens": [TOKENS[0], TOKENS[2]]}})
        self.daemon.reload()
        self.assertIn("the token is not valid any more", rest_of(gone))
        self.publish("x", "cam/1", bearer(CAM))
        self.assertEqual(stays.next_event().data, "x")
        self.assertEqual(self.fetch("GET", events_target("cam/1"), bearer(DASHBOARD)).status, 401)


class PendingTest(DaemonCase):
    settings = {"workers": 1, "auth": {"tokens": TOKENS, "jwt": JWT}}

    def begin(self, method, target, text):
        """A request that was let in, and whose body has yet to come."""
        connection = self.connect()
        connection.send(request_bytes(method, target, {**bearer(text), "Content-Length": "1", "Expect": "100-continue"}))
        self.assertEqual(connection.read_head().status, 100)
        return connection

    def begin_all(self, reader, publisher):
        return [self.begin("GET", events_target("cam/1"), reader), self.begin("POST", "/topics/cam/1", publisher)]

    def assert_refused(self, connections, reason):
        for connection in connections:
            connection.send(b"x")
            self.assertEqual(self.assert_problem(connection.read_response(), 401)["detail"], reason)

    def test_what_is_taken_back_before_the_body_has_come_does_nothing(self):
        pending = self.begin_all(DASHBOARD, CAM)
        goes_on = self.begin("POST", "/topics/cam/1", ADMIN)
        self.daemon.write_config({**self.settings, "auth": {"tokens": [TOKENS[2]]}})
        self.addCleanup(self.daemon.reload)
        self.addCleanup(self.daemon.write_config, self.settings)
        self.daemon.reload()
        wait_until(lambda: self.fetch("GET", events_target("cam/1"), bearer(DASHBOARD)).status == 401, "it is taken back")
        self.assert_refused(pending, "unknown token")
        goes_on.send(b"x")
        self.assertEqual(goes_on.read_response().status, 200)

    def test_what_expires_before_the_body_has_come_does_nothing(self):
        short = soon(1.2, publish=["cam/1"], subscribe=["cam/1"])
        pending = self.begin_all(short, short)
        wait_until(lambda: self.fetch("GET", "/topics/cam/2", bearer(short)).status == 401, "it has expired")
        self.assert_refused(pending, "the token has expired")


class AnonymousReloadTest(DaemonCase):
    settings = {"auth": {"anonymous": {"subscribe": ["**"]}, "tokens": TOKENS}, "stream": {"retry": "100ms"}}

    def test_who_had_no_token_is_told_that_this_has_changed(self):
        nobody = self.subscribe("cam/1")
        self.daemon.write_config({"auth": {"anonymous": "none", "tokens": TOKENS}})
        self.daemon.reload()
        self.assertIn("what is allowed without a token has changed", rest_of(nobody))
        self.assertEqual(self.fetch("GET", events_target("cam/1")).status, 401)


class PrivateTest(DaemonCase):
    settings = {"auth": {"anonymous": {"subscribe": ["**"], "admin": ["history"]}, "tokens": TOKENS}}

    def test_private_events_reach_who_shows_a_token(self):
        known = self.subscribe("**", headers=bearer(DASHBOARD))
        anybody = self.subscribe("**")
        for stream in (known, anybody):
            stream.skip_first_block()
        events = [{"topic": "p", "data": str(n), "private": n % 2 == 1} for n in range(4)]
        self.assertEqual(self.fetch("POST", "/events", {**JSON, **bearer(ADMIN)}, json.dumps(events).encode()).status,
                         200)
        self.assertEqual([known.next_event().data for _ in range(4)], ["0", "1", "2", "3"])
        self.assertEqual([anybody.next_event().data for _ in range(2)], ["0", "2"])

        def history(headers):
            return [each["data"] for each in self.fetch("GET", "/history?topic=p", headers).json()["events"]]
        self.assertEqual(history({}), ["0", "2"])
        self.assertEqual(history(bearer(ADMIN)), ["0", "1", "2", "3"])

    def test_private_is_true_or_false(self):
        bad = self.fetch("POST", "/events", {**JSON, **bearer(ADMIN)}, b'{"topic":"p","data":"x","private":1}')
        self.assert_problem(bad, 400, field="private")


    def test_a_gap_does_not_tell_how_many_private_events_there_were(self):
        def publish(data):
            body = json.dumps({"topic": "gone", "data": data, "private": True}).encode()
            return self.fetch("POST", "/events", {**JSON, **bearer(ADMIN)}, body).json()["last_id"]
        self.subscribe("gone").skip_first_block()  # Else the topic is forgotten with its last event.
        first = publish("0")
        publish("1")
        self.assertEqual(self.fetch("DELETE", "/topics/gone", bearer(ADMIN)).status, 204)
        for headers, missed in (({}, None), (bearer(DASHBOARD), 1)):
            stream = self.subscribe("gone", headers=headers, last_event_id=first)
            self.assertEqual(stream.next_event().json()["missed"], missed)


class PrivateOnDiskTest(unittest.TestCase):

    def test_private_events_are_private_after_a_restart_and_from_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            settings = {"auth": PrivateTest.settings["auth"], "journal": {"path": folder},
                        "history": {"events": 2, "grace": "0s"}}
            with Daemon(settings) as daemon:
                for n in range(10):
                    body = json.dumps({"topic": "p", "data": str(n), "private": n % 2 == 1}).encode()
                    answer = fetch(daemon.address, "POST", "/events", {**JSON, **bearer(ADMIN)}, body)
                    self.assertEqual(answer.status, 200)
                daemon.kill()
            with Daemon(settings) as daemon:
                for headers, expected in (({}, "02468"), (bearer(DASHBOARD), "0123456789")):
                    with Stream(daemon.address, events_target("p", since="earliest"), headers) as stream:
                        stream.skip_first_block()
                        self.assertEqual("".join(stream.next_event().data for _ in expected), expected)
                with Stream(daemon.address, events_target("p", since="-3")) as stream:
                    stream.skip_first_block()
                    self.assertEqual([stream.next_event().data for _ in range(3)], ["4", "6", "8"])


class LocalTest(DaemonCase):
    """auth.anonymous: local, as shipped. Every page can reach loopback."""

    settings = {"cors": {"origins": ["https://app.example"]}, "hosts": ["broker.test"]}

    def status(self, headers, method="POST", target="/topics/t"):
        return self.fetch(method, target, {"Content-Length": "1"} | headers, b"x").status

    def test_pages_of_other_origins_may_nothing(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            self.assertEqual(self.status(headers), 403, headers)
            self.assertEqual(self.fetch("GET", "/metrics", headers).status, 403, headers)
            self.assertEqual(self.fetch("GET", events_target("t"), headers).status, 403, headers)

    def test_own_and_listed_pages_may(self):
        self.assertEqual(self.status({"Host": self.address, "Origin": f"http://{self.address}"}), 200)
        self.assertEqual(self.status({"Origin": "https://app.example"}), 200)

    def test_a_name_that_was_made_to_point_here_may_nothing(self):
        refused = self.fetch("GET", "/metrics", {"Host": "rebound.example"})
        self.assertIn("rebound.example", self.assert_problem(refused, 403)["detail"])
        for host in ("localhost", "broker.test", "[::1]:80", "app.localhost:9"):
            self.assertEqual(self.status({"Host": host}), 200, host)

    def test_what_a_proxy_forwarded_is_not_of_this_machine(self):
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"):
            refused = self.fetch("GET", "/metrics", {header: "127.0.0.1"})
            self.assertIn("a proxy forwarded this", self.assert_problem(refused, 401)["detail"])

    def test_health_is_told_to_everybody(self):
        self.assertEqual(self.fetch("GET", "/healthz", {"Host": "x.example", "Origin": "null", "Via": "p"}).status, 200)


class ServeTest(unittest.TestCase):

    def test_listeners_serve_what_they_are_for(self):
        settings = {"listen": [{"tcp": "127.0.0.1:0", "serve": ["public"]}, {"tcp": "127.0.0.1:0", "serve": ["admin"]}]}
        with Daemon(settings, listen=()) as daemon:
            public, admin = daemon.addresses
            for address, target, status in (
                    (public, "/metrics", 404), (admin, "/metrics", 200), (public, "/topics", 404),
                    (admin, "/topics", 200), (public, "/history?topic=t", 404), (admin, "/", 404), (public, "/", 200),
                    (public, "/readyz", 200), (admin, "/readyz", 200)):
                self.assertEqual(fetch(address, "GET", target).status, status, (address == admin, target))
            body = {"Content-Length": "1"}
            self.assertEqual(fetch(admin, "POST", "/topics/t", body, b"x").status, 404)
            self.assertEqual(fetch(public, "POST", "/topics/t", body, b"x").status, 200)
            self.assertEqual(fetch(public, "DELETE", "/topics/t").status, 404)
            self.assertEqual(fetch(admin, "DELETE", "/topics/t").status, 204)


if __name__ == "__main__":
    unittest.main()
