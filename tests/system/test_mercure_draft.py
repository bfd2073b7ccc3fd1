"""The Mercure protocol, version 1.0 as in draft 08: matchers, access tokens, lists. What it shares with version 8 is
in the other tests."""

import time
import unittest

from harness import jwt
from harness.http import query
from mercure_case import BOOK, HUB, KEY, LIST, ORIGIN, MercureCase, bearer, settings
from test_mercure_subscriptions import encoded

RESOURCE = "https://hub.example.com/.well-known/mercure"
ISSUER = "https://login.example"
METADATA = "/.well-known/oauth-protected-resource/.well-known/mercure"
PATTERN = "https://example.com/books/:id"
IN_AN_HOUR = 3600


def detail(actions, topics, payload=None):
    """A text is an exact topic, a pair has its type."""
    matchers = [{"match": each} if isinstance(each, str) else {"match_type": each[0], "match": each[1]}
                for each in topics]
    rest = {} if payload is None else {"payload": payload}
    return {"type": "https://mercure.rocks/authorization-detail", "actions": actions, "topics": matchers, **rest}


def token(*details, typ="at+jwt", **claims):
    return jwt.signed(KEY.encode(), {
        "iss": ISSUER, "aud": RESOURCE, "sub": "ann", "client_id": "app", "exp": int(time.time()) + IN_AN_HOUR,
        "iat": int(time.time()), "jti": "1", "authorization_details": list(details), **claims}, typ=typ)


def shown(*details, **claims):
    return {"Authorization": "Bearer " + token(*details, **claims)}


def reads(*topics, **options):
    return shown(detail(["subscribe"], topics, **options))


class DraftCase(MercureCase):
    settings = {**settings(resource=RESOURCE, issuer=ISSUER, subscriptions=True, publish_origins=[ORIGIN]),
                "cors": {"origins": [ORIGIN]}}

    @staticmethod
    def target(*matchers, **parameters):
        return HUB + "?" + query(list(matchers) + list(parameters.items()))

    def assert_challenged(self, response, status, error):
        self.assert_problem(response, status)
        challenge = response.header("WWW-Authenticate")
        if status == 400:
            self.assertIsNone(challenge)
            return
        self.assertIn(f'error="{error}"' if error else 'Bearer realm="ringcast"', challenge)
        if status == 401:
            self.assertIn('resource_metadata="https://hub.example.com' + METADATA + '"', challenge)


class MatcherTest(DraftCase):

    def test_a_url_pattern_gets_what_it_matches(self):
        stream = self.hear(("match_urlpattern", PATTERN))
        self.update("https://example.com/books/1/2", data="not this")
        self.update("https://example.com/authors/1", data="nor this")
        self.update(BOOK, data="a\n\n  this", id="abc")
        self.assertEqual(stream.next_block(), b":\nid: abc\ndata: a\ndata: \ndata:   this")

    def test_a_relative_pattern_is_of_the_hub_s_origin(self):
        stream = self.hear(("match_urlpattern", "/books/:id"))
        self.update("https://example.com/books/1", data="of another")
        self.update("https://hub.example.com/books/1", data="of the hub")
        self.assertEqual(stream.next_event().data, "of the hub")

    def test_exact_matchers_and_the_star(self):
        for matchers in ([("match", BOOK)], [("match_exact", BOOK)], [("match", "*")], [("match_urlpattern", "*")],
                         [("match", "*"), ("match_urlpattern", "*"), ("match", BOOK), ("match_urlpattern", PATTERN)]):
            with self.subTest(matchers=matchers):
                stream = self.hear(*matchers)
                self.update(BOOK, data="once")
                self.update(BOOK, data="marker")
                self.assertEqual(stream.data(2), ["once", "marker"])
                stream.close()

    def test_a_template_is_no_more_than_a_topic_here(self):
        stream = self.hear(("match", "https://example.com/books/{id}"))
        self.update(BOOK, data="not this")
        self.update("https://example.com/books/{id}", data="this")
        self.assertEqual(stream.next_event().data, "this")

    def test_what_is_wrong_with_matchers_is_named(self):
        for name, value in (("match_regexp", "x"), ("match_template", "x"), ("Match", "x"), ("match", ""),
                            ("match_urlpattern", "https://example.com/:"), ("match", "x" * 4097)):
            with self.subTest(name=name, value=value[:20]):
                self.assert_problem(self.try_hear((name, value)), 400, field=name)
        self.assert_problem(self.try_hear(*[("match", f"t{n}") for n in range(101)]), 400, field="match")
        self.assert_problem(self.try_hear(("match", "a"), ("topic", "a")), 400, field="topic")

    def test_a_hundred_patterns_are_one_subscription(self):
        stream = self.hear(*[("match_urlpattern", f"https://example.com/{n}/:id") for n in range(100)])
        self.update("https://example.com/99/x", data="x")
        self.assertEqual(stream.next_event().data, "x")


class NewResourceTest(DraftCase):
    settings = {**settings(resource=RESOURCE), "workers": 1}

    def test_streams_end_and_relative_patterns_are_of_the_new_origin(self):
        stream = self.hear(("match_urlpattern", "/books/:id"))
        self.daemon.write_config({**settings(resource="https://new.example/.well-known/mercure"), "workers": 1})
        self.daemon.reload()
        while not stream.ended:
            stream.receive()
        stream = self.hear(("match_urlpattern", "/books/:id"))
        self.update("https://hub.example.com/books/1", data="of the old one")
        self.update("https://new.example/books/1", data="of the new one")
        self.assertEqual(stream.next_event().data, "of the new one")


class ResumeTest(DraftCase):

    def test_the_header_and_the_query_resume_and_the_answer_has_a_header_of_its_own(self):
        ids = [self.update(self.topic, data=str(n)) for n in range(3)]
        for options in ({"headers": {"Last-Event-ID": ids[0]}}, {"last_event_id": ids[0]}):
            with self.subTest(options=options):
                stream = self.hear(("match", self.topic), **options)
                self.assertEqual(stream.head.header("Mercure-Last-Event-ID"), ids[0])
                self.assertIsNone(stream.head.header("Last-Event-ID"))
                self.assertEqual(stream.data(2), ["1", "2"])
        unknown = self.hear(("match", self.topic), last_event_id="none")
        self.assertEqual(unknown.head.header("Mercure-Last-Event-ID"), "earliest")
        self.assert_gap(unknown.next_event(), "unknown")

    def test_the_query_of_the_other_version_is_refused(self):
        self.assert_problem(self.try_hear(("match", "a"), lastEventID="x"), 400, field="lastEventID")
        self.assert_problem(self.try_hear(("topic", "a"), last_event_id="x"), 400, field="last_event_id")

    def test_pages_may_read_both_headers(self):
        stream = self.hear(("match", "a"), headers={"Origin": ORIGIN})
        self.assertEqual(stream.head.header("Access-Control-Expose-Headers"), "Last-Event-ID, Mercure-Last-Event-ID")


class TokenTest(DraftCase):

    def assert_hears_private(self, headers, *matchers):
        stream = self.hear(*(matchers or (("match", BOOK),)), headers=headers)
        self.update(BOOK, data="private", private="on")
        stream.until("private")  # Who sees all sees its own subscription before.

    def test_private_updates_go_by_the_details_of_the_token(self):
        self.assert_hears_private(reads(BOOK))
        self.assert_hears_private(reads(("urlpattern", PATTERN)), ("match_urlpattern", PATTERN))
        self.assert_hears_private(reads("*"), ("match", "*"))
        for headers in (reads("https://example.com/books/2"), shown(detail(["publish"], [BOOK])), shown()):
            stream = self.hear(("match", BOOK), headers=headers)
            self.update(BOOK, data="private", private="on")
            self.update(BOOK, data="marker")
            self.assert_nothing_but(stream, "marker")

    def test_the_cookie_carries_it_and_publishes_from_allowed_pages_only(self):
        self.assert_hears_private({"Cookie": "__Secure-mercure_access_token=" + token(detail(["subscribe"], ["*"]))})
        cookie = {"Cookie": "__Secure-mercure_access_token=" + token(detail(["publish"], ["*"]))}
        self.update("a", data="x", headers={**cookie, "Origin": ORIGIN})
        self.assert_challenged(self.try_update("a", data="x", headers=cookie), 401, "invalid_token")

    def test_publishing_takes_a_detail_for_every_topic(self):
        publisher = shown(detail(["publish"], [("urlpattern", PATTERN)]), detail(["publish", "subscribe"], ["news"]))
        self.update(BOOK, "news", data="x", headers=publisher)
        self.assert_challenged(self.try_update(BOOK, "other", data="x", headers=publisher), 403, "insufficient_scope")
        self.assert_challenged(self.try_update("news", data="x", headers=reads("*")), 403, "insufficient_scope")

    def test_the_hub_s_own_topics_and_type_are_refused(self):
        publisher = shown(detail(["publish"], ["*"]))
        for topic in (LIST + "/x", "https://hub.example.com/.well-known/%6Dercure/x", RESOURCE + "/subscriptions"):
            self.assert_problem(self.try_update(topic, data="x", headers=publisher), 403, field="topic")
        self.assert_problem(self.try_update("a", type="mercure", headers=publisher), 400, field="type")

    def test_a_bad_token_is_401(self):
        good = detail(["subscribe"], ["*"])
        for bad in (token(good, aud="https://other.example"), token(good, iss="https://other.example"),
                    token(good, exp=int(time.time()) - 1), token(good, exp=None), token(good, typ="JWT"),
                    token({**good, "actions": []}), token({**good, "topics": [{"match_type": "x", "match": "a"}]}),
                    bearer(subscribe=["*"])["Authorization"].removeprefix("Bearer "), "x.y.z"):
            with self.subTest(bad=bad):
                response = self.try_hear(("match", "a"), headers={"Authorization": "Bearer " + bad})
                self.assert_challenged(response, 401, "invalid_token")

    def test_a_token_that_is_shown_badly_is_400(self):
        good = token(detail(["subscribe"], ["*"]))
        self.assert_challenged(self.try_hear(("match", "a"), authorization=good), 400, None)
        for header in ("Bearer", "Basic YTpi"):
            self.assert_challenged(self.try_hear(("match", "a"), headers={"Authorization": header}), 400, None)

    def test_the_metadata_says_who_gives_tokens(self):
        response = self.fetch("GET", METADATA)
        self.assertEqual((response.status, response.header("Content-Type")), (200, "application/json"))
        self.assertEqual(response.json(), {
            "resource": RESOURCE, "authorization_servers": [ISSUER], "bearer_methods_supported": ["header"],
            "authorization_details_types_supported": ["https://mercure.rocks/authorization-detail"]})

    def test_a_stream_ends_with_its_token(self):
        soon = shown(detail(["subscribe"], ["*"]), exp=int(time.time()) + 3)
        stream = self.hear(("match", self.topic), headers=soon)
        while not stream.ended:
            stream.receive()
        self.assertIn(b": the token has expired", stream.raw)


class ClosedTest(DraftCase):
    settings = settings(anonymous=False, resource=RESOURCE)

    def test_without_a_token_it_is_401_with_the_way_to_one(self):
        self.assert_challenged(self.try_hear(("match", "a")), 401, None)
        self.assert_challenged(self.try_update("a", data="x", headers={}), 401, None)


class NoResourceTest(DraftCase):
    settings = settings()

    def test_without_a_resource_matchers_work_and_access_tokens_do_not(self):
        self.assertEqual(self.fetch("GET", METADATA).status, 404)
        stream = self.hear(("match_urlpattern", PATTERN))
        self.update(BOOK, data="x")
        self.assertEqual(stream.next_event().data, "x")
        refused = self.try_hear(("match", "a"), headers=reads("*"))
        self.assertIn("mercure.resource", self.assert_problem(refused, 401)["detail"])


class SubscriptionTest(DraftCase):

    def setUp(self):
        super().setUp()
        self.pattern = f"https://example.com/{self.topic}/:id"
        self.watcher = reads(("urlpattern", LIST + "{/*}?"))

    def listed(self, below="", headers=None):
        return self.fetch("GET", LIST + below, headers or self.watcher)

    def test_who_comes_and_goes_is_told_in_an_event_of_its_own_type(self):
        hears = self.hear(("match_urlpattern", f"{LIST}/urlpattern/{encoded(self.pattern)}/:subscriber"),
                          headers=self.watcher)
        stream = self.hear(("match_urlpattern", self.pattern), headers=shown(
            detail(["subscribe"], ["a"], payload={"user": "other"}),
            detail(["subscribe"], [("urlpattern", "*")], payload={"user": "ann"})))
        told = hears.next_event()
        joined = told.json()
        self.assertEqual(told.type, "mercure")
        self.assertEqual(joined, {
            "id": f"{LIST}/urlpattern/{encoded(self.pattern)}/{encoded(joined['subscriber'])}", "type": "subscription",
            "subscriber": joined["subscriber"], "match": self.pattern, "match_type": "urlpattern", "active": True,
            "payload": {"user": "ann"}})
        stream.close()
        self.assertEqual(hears.next_event().json(), {**joined, "active": False})

    def test_the_lists_are_json_with_an_etag(self):
        self.hear(("match_urlpattern", self.pattern), ("match", self.topic))
        listing = self.listed()
        self.assertEqual((listing.status, listing.header("Content-Type")), (200, "application/mercure+json"))
        whole = listing.json()
        self.assertEqual((whole["id"], whole["type"]), (LIST, "subscriptions"))
        mine = [each for each in whole["subscriptions"] if self.topic in each["match"]]
        self.assertEqual([each["match_type"] for each in mine], ["exact", "urlpattern"])
        for each in mine:
            below = f"/{each['match_type']}/{encoded(each['match'])}"
            self.assertEqual(self.listed(below).json()["subscriptions"], [each])
            one = self.listed(f"{below}/{encoded(each['subscriber'])}").json()
            self.assertEqual({name: one[name] for name in each}, each)
        self.assertEqual(self.listed("", {**self.watcher, "If-None-Match": listing.header("ETag")}).status, 304)

    def test_each_version_lists_its_own(self):
        self.hear(("match", self.topic))
        self.hear(("topic", self.topic))
        stable = self.listed("/" + self.topic, bearer(subscribe=["*"])).json()["subscriptions"]
        draft = self.listed("/exact/" + self.topic).json()["subscriptions"]
        self.assertEqual((len(stable), len(draft)), (1, 1))
        self.assertNotEqual(stable[0]["subscriber"], draft[0]["subscriber"])

    def test_what_is_not_there_or_not_granted(self):
        everything = reads("*")
        self.assertEqual(self.listed("/urlpattern/none", everything).json()["subscriptions"], [])
        for below in ("/urlpattern/none/x", "/urlpattern", "/template/a", "/exact/a/b/c"):
            self.assertEqual(self.listed(below, everything).status, 404)
        self.assert_challenged(self.listed("", reads(BOOK)), 403, "insufficient_scope")
        self.assert_challenged(self.listed("", {"X": "none"}), 401, None)


if __name__ == "__main__":
    unittest.main()
