"""Tokens of the Mercure protocol, version 8: how they are shown, what is refused, and when streams end."""

import pathlib
import tempfile
import time
import unittest

from harness import daemon, jwt
from harness.http import request_bytes
from harness.waiting import wait_until
from mercure_case import BOOK, HUB, KEY, ORIGIN, PUBLISHER, MercureCase, bearer, settings, token

OTHER_KEY = "another secret with at least 32 bytes!"
PRIVATE = {"data": "private", "private": "on"}


class TokenCase(MercureCase):

    def assert_hears_private(self, headers=None, **parameters):
        stream = self.hear(self.topic, headers=headers, **parameters)
        self.update(self.topic, **PRIVATE)
        self.assertEqual(stream.next_event().data, "private")

    def assert_refused(self, response, reason):
        problem = self.assert_problem(response, 401)
        self.assertIn(reason, problem["detail"])
        self.assertTrue(response.header("WWW-Authenticate").startswith("Bearer "))


class ShownTest(TokenCase):
    settings = settings(publish_origins=[ORIGIN])

    def test_a_token_comes_in_the_header_the_query_or_the_cookie(self):
        good = token(subscribe=["*"])
        self.assert_hears_private({"Authorization": "Bearer " + good})
        self.assert_hears_private(authorization=good)
        self.assert_hears_private({"Cookie": "a=b; mercureAuthorization=" + good})

    def test_the_header_goes_before_the_query_and_that_before_the_cookie(self):
        good, bad = token(subscribe=["*"]), "bad.bad.bad"
        self.assert_hears_private({"Authorization": "Bearer " + good, "Cookie": "mercureAuthorization=" + bad},
                                  authorization=bad)
        self.assert_hears_private({"Cookie": "mercureAuthorization=" + bad}, authorization=good)
        self.assertEqual(self.try_hear("a", headers={"Authorization": "Bearer " + bad}, authorization=good).status, 401)

    def test_the_namespaced_claim_counts_as_well_and_first(self):
        long = token(claim="https://mercure.rocks/", subscribe=["*"])
        self.assert_hears_private({"Authorization": "Bearer " + long})
        for claims in ({"mercure": {"subscribe": []}, "https://mercure.rocks/": {"subscribe": ["*"]}},
                       {"https://mercure.rocks/": {"subscribe": ["*"]}, "mercure": {"subscribe": []}}):
            both = jwt.signed(KEY.encode(), claims)
            self.assert_hears_private({"Authorization": "Bearer " + both})

    def test_audience_and_issuer_are_not_asked_for(self):
        self.assert_hears_private({"Authorization": "Bearer " + token(
            subscribe=["*"], registered={"aud": "somebody", "iss": "https://login.example"})})

    def test_a_bad_token_is_401_whatever_is_allowed_without_one(self):
        past, future = int(time.time()) - 60, int(time.time()) + 3600
        for shown, reason in (("x", "three parts"), (token(key=OTHER_KEY, subscribe=["*"]), "signature"),
                              (token(subscribe=["*"], registered={"exp": past}), "expired"),
                              (token(subscribe=["*"], registered={"nbf": future}), "not yet valid"),
                              (token(subscribe="*"), "subscribe"), (token(publish=[1]), "publish"),
                              (jwt.signed(KEY.encode(), {"mercure": []}), "mercure"),
                              (jwt.signed(KEY.encode(), {"mercure": {}}, alg="none"), "algorithm")):
            with self.subTest(reason=reason):
                self.assert_refused(self.try_hear("a", headers={"Authorization": "Bearer " + shown}), reason)
                self.assert_refused(self.try_update("a", headers={"Authorization": "Bearer " + shown}), reason)
        self.assert_refused(self.try_hear("a", headers={"Authorization": "Basic YTpi"}), "Bearer")

    def test_a_cookie_publishes_only_from_a_page_of_an_allowed_origin(self):
        cookie = {"Cookie": "mercureAuthorization=" + token(publish=["*"])}
        for page in ({"Origin": ORIGIN}, {"Referer": ORIGIN + "/some/page?x"}, {"Origin": "http://localhost"}):
            with self.subTest(page=page):
                self.update("a", data="x", headers={**cookie, **page})
        for page in ({}, {"Origin": "https://other.example"}, {"Origin": "null"}, {"Referer": "https://app.example.evil/"},
                     {"Origin": "https://other.example", "Referer": ORIGIN + "/"}):
            with self.subTest(page=page):
                self.assert_refused(self.try_update("a", data="x", headers={**cookie, **page}), "publish_origins")

    def test_native_tokens_and_mercure_tokens_are_apart(self):
        self.assertEqual(self.fetch("GET", "/topics", PUBLISHER).status, 401)

    def test_each_request_of_a_connection_is_judged_by_its_own_token(self):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection = self.connect()
        for headers, status in ((PUBLISHER, 200), (bearer(publish=["other"]), 401), ({}, 401), (PUBLISHER, 200)):
            response = connection.request("POST", HUB, {**form, **headers}, b"topic=a&data=x") \
                if status == 200 else self.try_update("a", data="x", headers=headers)
            self.assertEqual(response.status, status, response)


class ClosedTest(TokenCase):
    settings = settings(anonymous=False, cookie="hub")

    def test_without_anonymous_subscribing_takes_a_token(self):
        self.assert_refused(self.try_hear("a"), "needs a token")
        stream = self.hear(self.topic, headers=bearer())
        self.update(self.topic, data="public")
        self.assertEqual(stream.next_event().data, "public")

    def test_the_cookie_has_the_name_of_the_configuration(self):
        self.assert_hears_private({"Cookie": "hub=" + token(subscribe=["*"])})
        self.assertEqual(self.try_hear("a", headers={"Cookie": "mercureAuthorization=" + token()}).status, 401)


class TwoKeysTest(TokenCase):
    settings = settings(subscriber_jwt={"key": OTHER_KEY, "algorithms": ["HS256"]})

    def test_publishers_and_subscribers_have_keys_of_their_own(self):
        self.assert_hears_private({"Authorization": "Bearer " + token(key=OTHER_KEY, subscribe=["*"])})
        self.assertEqual(self.try_hear("a", headers=bearer(subscribe=["*"])).status, 401)
        other = {"Authorization": "Bearer " + token(key=OTHER_KEY, publish=["*"])}
        self.assertEqual(self.try_update("a", headers=other).status, 401)


class NameTest(TokenCase):
    settings = {**settings(), "log": {"access": "all"}, "limits": {"connections_per_token": 1}}

    def published_twice(self, first, second):
        """With the same key: the two ids."""
        return [self.update(self.topic, data="x", headers={"Authorization": "Bearer " + each, "Idempotency-Key": self.topic})
                for each in (first, second)]

    def test_tokens_without_a_subject_are_one_publisher_when_they_say_the_same(self):
        stream = self.hear(self.topic)
        first, again = self.published_twice(token(publish=["*"]), token(publish=["*"]))
        self.assertEqual(first, again)
        first, other = self.published_twice(token(publish=["*", "a"]), token(publish=["*", "b"]))
        self.assertNotEqual(first, other)
        self.assertEqual([event.id for event in stream.events(3)], [again, first, other])

    def test_a_subject_is_one_publisher_whatever_else_its_tokens_say(self):
        ann, bob = {"sub": "ann"}, {"sub": "bob"}
        first, again = self.published_twice(token(publish=["*"], registered=ann), token(publish=["*", "a"], registered=ann))
        self.assertEqual(first, again)
        self.assertNotEqual(first, self.published_twice(*[token(publish=["*"], registered=bob)] * 2)[0])

    def test_the_log_tells_them_apart(self):
        for claims, name in (({"sub": "ann"}, "^mercure:ann$"), ({}, "^mercure#[0-9a-f]{16}$")):
            with self.subTest(name=name):
                logged = len(self.daemon.lines)
                self.update(self.topic, data="x", headers={
                    "Authorization": "Bearer " + token(publish=["*"], registered=claims)})
                line = self.daemon.wait_for_log(lambda each: each["message"] == "published", "published", skip=logged)
                self.assertRegex(line["who"], name)

    def test_each_has_places_of_its_own(self):
        first = self.hear("a", headers=bearer(subscribe=["a"]))
        self.hear("a", headers=bearer(subscribe=["b"]))
        self.assertEqual(self.try_hear("a", headers=bearer(subscribe=["a"])).status, 503)
        first.close()


class EndTest(TokenCase):

    def test_a_stream_ends_when_its_token_expires(self):
        soon = token(subscribe=["*"], registered={"exp": int(time.time()) + 3})
        stream = self.hear(self.topic, headers={"Authorization": "Bearer " + soon})
        while not stream.ended:
            stream.receive()
        self.assertIn(b": the token has expired", stream.raw)
        self.assertEqual(self.try_hear("a", headers={"Authorization": "Bearer " + soon}).status, 401)


class ReplacedKeyTest(TokenCase):

    def test_a_key_that_is_replaced_ends_its_streams_and_no_others(self):
        nobody, reader = self.hear(self.topic), self.hear(self.topic, headers=bearer(subscribe=["*"]))
        self.daemon.write_config({**self.settings, "mercure": {**self.settings["mercure"], "jwt": {
            "key": OTHER_KEY, "algorithms": ["HS256"]}}})
        self.daemon.reload()
        while not reader.ended:
            reader.receive()
        self.assertIn(b": the token is not valid any more", reader.raw)
        self.update(self.topic, data="marker", headers={"Authorization": "Bearer " + token(key=OTHER_KEY, publish=["*"])})
        self.assert_nothing_but(nobody, "marker")


class PendingTest(TokenCase):
    settings = {"workers": 1, **settings()}

    def test_an_update_whose_body_comes_after_the_hub_was_closed_is_refused(self):
        connection = self.connect()
        body = b"topic=a&data=x"
        connection.send(request_bytes("POST", HUB, {**PUBLISHER, "Content-Type": "application/x-www-form-urlencoded",
                                                    "Content-Length": str(len(body)), "Expect": "100-continue"}))
        self.assertEqual(connection.read_head().status, 100)
        self.daemon.write_config({**self.settings, "mercure": {"enabled": False}})
        self.daemon.reload()
        wait_until(lambda: self.try_hear("a").status == 404, "the hub is closed")
        connection.send(body)
        self.assert_problem(connection.read_response(), 404)


class NewSubscriberKeyTest(TokenCase):

    def test_a_key_of_publishers_alone_from_now_on_ends_its_streams(self):
        reader = self.hear(self.topic, headers=bearer(subscribe=["*"]))
        self.daemon.write_config(settings(subscriber_jwt={"key": OTHER_KEY, "algorithms": ["HS256"]}))
        self.daemon.reload()
        while not reader.ended:
            reader.receive()
        self.assertIn(b": the token is not valid any more", reader.raw)
        self.assert_hears_private({"Authorization": "Bearer " + token(key=OTHER_KEY, subscribe=["*"])})


class ConfigurationTest(unittest.TestCase):

    def refusal(self, listen="127.0.0.1:0", **mercure):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "c.yaml"
            lines = [f"listen: ['{listen}']", "mercure:", "  enabled: true"]
            lines += [f"  {name}: {value}" for name, value in mercure.items()]
            path.write_text("\n".join(lines) + "\n")
            result = daemon.run("--config", str(path), "--check-config")
            return result.returncode, result.stderr

    def test_a_hub_without_keys_and_without_anonymous_is_refused(self):
        for listen in ("127.0.0.1:0", "0.0.0.0:0"):
            code, text = self.refusal(listen)
            self.assertEqual(code, 2)
            self.assertIn("nobody could publish or subscribe: set mercure.jwt.key_file", text)

    def test_a_hub_with_either_may_be_open_to_others(self):
        jwt_options = '{key: "%s", algorithms: [HS256]}' % KEY
        self.assertEqual(self.refusal("0.0.0.0:0", jwt=jwt_options)[0], 0)
        self.assertEqual(self.refusal("0.0.0.0:0", anonymous="true")[0], 0)

    def test_what_is_wrong_in_the_section_is_named(self):
        for wrong, text in (({"jwt": '{key: "%s"}' % KEY}, "mercure.jwt.algorithms"),
                            ({"jwt": "{key: short, algorithms: [HS256]}"}, "mercure.jwt.key"),
                            ({"anonymous": "true", "path": "/events"}, "taken by another route"),
                            ({"anonymous": "true", "path": "hub"}, "must begin with /"),
                            ({"anonymous": "true", "publish_origins": '["*"]'}, "mercure.publish_origins"),
                            ({"anonymous": "true", "resource": "https://hub.example/hub/"}, "mercure.resource"),
                            ({"anonymous": "true", "keys": "x"}, "mercure.keys")):
            with self.subTest(wrong=wrong):
                code, said = self.refusal(**wrong)
                self.assertEqual(code, 2, said)
                self.assertIn(text, said)


if __name__ == "__main__":
    unittest.main()
