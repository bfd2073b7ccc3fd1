"""Tokens: who may, for how long, and what a refusal says. Both clients."""

import base64
import hashlib
import json
import time
import unittest

import ringcast
from harness.both_clients import for_both
from harness.daemon import Daemon
from harness.scripted_server import ScriptedServer, answer, stream
from harness.waiting import take, texts

SECRET = "0123456789abcdef0123456789abcdef"
STATIC = "rc_0123456789abcdefghijklmnopqrstuv"

daemon = None


def setUpModule():
    global daemon
    daemon = Daemon({
        "stream": {"retry": "100ms"},
        "auth": {
            "anonymous": {"subscribe": ["public/**"]},
            "tokens": [{
                "name": "all", "sha256": hashlib.sha256(STATIC.encode()).hexdigest(), "publish": ["**"],
                "subscribe": ["**"], "admin": ["topics", "history"]}],
            "jwt": {"algorithms": ["HS256"], "key": SECRET},
        },
    })


def tearDownModule():
    daemon.close()


def unused(topics=iter(range(10**9))):
    return f"j{next(topics)}"


def token(**options):
    return ringcast.make_token(SECRET, **{"subscribe": ["**"], "publish": ["**"], "expires_in": 3600, **options})


def part(jwt, place):
    text = jwt.split(".")[place]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class MakeToken(unittest.TestCase):
    def test_the_claims(self):
        before = int(time.time())
        jwt = ringcast.make_token(
            SECRET, subscribe=["a/**"], publish=("b",), expires_in=90, kid="k1", subject="me", issuer="us",
            audience="ringcast")
        claims = part(jwt, 1)
        self.assertEqual({"alg": "HS256", "typ": "JWT", "kid": "k1"}, part(jwt, 0))
        self.assertTrue(before + 90 <= claims.pop("exp") <= time.time() + 90)
        self.assertEqual({
            "ringcast": {"publish": ["b"], "subscribe": ["a/**"]}, "sub": "me", "iss": "us", "aud": "ringcast"}, claims)

    def test_what_is_not_given_is_not_there(self):
        jwt = ringcast.make_token(SECRET.encode())
        self.assertEqual(({"alg", "typ"}, {"ringcast", "exp"}), (set(part(jwt, 0)), set(part(jwt, 1))))

    def test_mistakes_are_errors(self):
        for arguments, words in (
                ({"secret": "short"}, "5 bytes; HS256 needs 32"), ({"secret": SECRET, "expires_in": 0}, "expires_in"),
                ({"secret": SECRET, "subscribe": "a"}, "sequence of patterns")):
            with self.assertRaisesRegex((ValueError, TypeError), words):
                ringcast.make_token(**arguments)


class ArgumentsOfClients(unittest.TestCase):
    def test_a_token_that_cannot_be_sent_is_refused(self):
        for bad in ("", "a b", "a\r\nX: y", "é"):
            for kind in (ringcast.Client, ringcast.AsyncClient):
                with self.assertRaisesRegex(ValueError, "a token"):
                    kind(token=bad)

    def test_a_url_that_is_none_is_refused(self):
        for bad in ("localhost:8080", "ftp://a", "http://", "http://a/?x=1", "http://a/#b", "http://me:secret@a", "unix:"):
            for kind in (ringcast.Client, ringcast.AsyncClient):
                with self.assertRaises(ValueError) as caught:
                    kind(bad)
                self.assertNotIn("secret", str(caught.exception))


@for_both
class Tokens:
    def test_the_broker_takes_what_make_token_makes(self):
        topic = unused()
        for jwt in (token(), token(subject="me", kid="whatever"), STATIC):
            client = self.client(daemon.url, jwt)
            subscription = client.subscribe(topic).connect()
            client.publish(topic, "x")
            self.assertEqual(["x"], texts(1, subscription))

    def test_url_and_token_from_the_environment(self):
        import os
        from unittest import mock
        topic = unused()
        with mock.patch.dict(os.environ, {"RINGCAST_URL": daemon.url, "RINGCAST_TOKEN": STATIC}):
            client = self.client()
        self.assertTrue(client.publish(topic, "x").id)

    def test_none_where_one_is_needed(self):
        with self.assertRaises(ringcast.PublishError) as caught:
            self.client(daemon.url).publish("t", "x")
        self.assertEqual((401, "Unauthorized"), (caught.exception.status, caught.exception.title))
        self.assertTrue(caught.exception.detail)
        with self.assertRaises(ringcast.RefusedError) as caught:
            take(1, self.client(daemon.url).subscribe("t"))
        self.assertEqual(401, caught.exception.status)

    def test_one_that_grants_something_else(self):
        client = self.client(daemon.url, token(subscribe=["a/**"], publish=["a/**"]))
        for action in (lambda: client.publish("b", "x"), lambda: take(1, client.subscribe("b")),
                       lambda: take(1, client.subscribe(["a/x", "b"]))):
            with self.assertRaises(ringcast.RefusedError) as caught:
                action()
            self.assertEqual((403, "Forbidden"), (caught.exception.status, caught.exception.title))
            self.assertIn("a/**", caught.exception.detail)

    def test_a_wrong_signature(self):
        with self.assertRaises(ringcast.RefusedError) as caught:
            self.client(daemon.url, ringcast.make_token("x" * 32, publish=["**"])).publish("t", "x")
        self.assertEqual(401, caught.exception.status)
        self.assertIn("signature", caught.exception.detail)

    def test_a_stream_outlives_its_tokens_when_a_function_makes_them(self):
        topic, asked = unused(), []

        def fresh():
            asked.append(token(expires_in=2))
            return asked[-1]

        gaps = []
        subscription = self.client(daemon.url, fresh).subscribe(topic, on_gap=gaps.append).connect()
        publisher, number, got = self.client(daemon.url, STATIC), 0, []
        while len(asked) < 4:
            publisher.publish(topic, number)
            number += 1
            got += texts(1, subscription)
        self.assertEqual(([str(each) for each in range(number)], []), (got, gaps))

    def test_a_stream_ends_with_a_token_that_stays_the_same(self):
        subscription = self.client(daemon.url, token(expires_in=2)).subscribe("t")
        with self.assertRaises(ringcast.RefusedError) as caught:
            take(1, subscription)
        self.assertEqual(401, caught.exception.status)
        self.assertIn("expired", caught.exception.detail)

    def test_a_function_that_gives_a_bad_token_is_asked_once_more(self):
        topic = unused()
        tokens = iter((token(subscribe=[], publish=[], expires_in=3600)[:-2] + "AA", STATIC) * 2)
        client = self.client(daemon.url, lambda: next(tokens))
        client.publish(topic, "x")
        self.assertEqual(["x"], texts(1, client.subscribe(topic, since="earliest")))

    def test_a_function_that_gives_bad_tokens_only(self):
        asked = []
        client = self.client(daemon.url, lambda: asked.append(1) or "bad")
        for action in (lambda: client.publish("t", "x"), lambda: take(1, client.subscribe("t"))):
            with self.assertRaises(ringcast.RefusedError) as caught:
                action()
            self.assertEqual(401, caught.exception.status)
        self.assertEqual(4, len(asked))

    def test_a_function_may_return_none(self):
        with ScriptedServer(stream(b"data: x\n\n")) as server:
            take(1, self.client(server.url, lambda: None).subscribe("t"))
            self.assertNotIn("authorization", server.requests[0].lower())

    def test_an_error_in_the_function_comes_through(self):
        client = self.client(daemon.url, lambda: {}["no token"])
        for action in (lambda: client.publish("t", "x"), lambda: take(1, client.subscribe("t"))):
            with self.assertRaises(KeyError):
                action()

    def test_a_401_that_passes_is_not_the_first_of_two_later(self):
        with ScriptedServer(
                answer(401), stream(b"retry: 1\ndata: 1\n\n"), answer(401), stream(b"retry: 1\ndata: 2\n\n")) as server:
            self.assertEqual(["1", "2"], texts(2, self.client(server.url, lambda: "t").subscribe("t")))

    def test_private_events_are_for_readers_with_a_token(self):
        topic = "public/" + unused()
        client = self.client(daemon.url, STATIC)
        client.publish(topic, "secret", private=True)
        client.publish(topic, "open")
        self.assertEqual(["secret", "open"], texts(2, client.subscribe(topic, since="earliest")))
        self.assertEqual(["open"], texts(1, self.client(daemon.url).subscribe(topic, since="earliest")))


if __name__ == "__main__":
    unittest.main()
