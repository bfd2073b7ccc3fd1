"""Who subscribes by the Mercure protocol: the list, and the events that tell of it."""

import shutil
import tempfile
import unittest
import urllib.parse

from harness import http
from harness.daemon import Daemon
from harness.sse import Stream
from harness.waiting import wait_until
from mercure_case import BOOK, BOOKS, HUB, LIST, MercureCase, bearer, settings
from test_presence import stop_answering

ALL = LIST + "{/topic}{/subscriber}"
WATCHER = bearer(subscribe=[LIST + "{/topic}{/subscriber}", LIST])


def encoded(text):
    return urllib.parse.quote(text, safe="")


class SubscriptionCase(MercureCase):
    settings = settings(subscriptions=True)

    def setUp(self):
        super().setUp()
        self.template = f"https://example.com/{self.topic}/{{id}}"

    def watch(self, topic=None):
        """Hears of the subscriptions to a template; tells nobody of its own."""
        stream = self.hear(f"{LIST}/{encoded(topic or self.template)}{{/subscriber}}", headers=WATCHER)
        return stream

    def listed(self, below="", headers=None, **options):
        return self.fetch("GET", LIST + below, headers or WATCHER, **options)

    def of_template(self):
        return self.listed("/" + encoded(self.template)).json()["subscriptions"]


class EventTest(SubscriptionCase):

    def test_who_comes_and_who_goes_is_told(self):
        watcher = self.watch()
        stream = self.hear(self.template, headers=bearer(payload={"user": "ann"}))
        told = watcher.next_event()
        self.assertEqual(told.type, "message")
        joined = told.json()
        self.assertRegex(joined["subscriber"], "^urn:uuid:")
        self.assertEqual(joined, {
            "@context": "https://mercure.rocks/",
            "id": f"{LIST}/{encoded(self.template)}/{encoded(joined['subscriber'])}",
            "type": "Subscription", "subscriber": joined["subscriber"], "topic": self.template, "active": True,
            "payload": {"user": "ann"}})
        stream.close()
        self.assertEqual(watcher.next_event().json(), {**joined, "active": False})

    def test_each_topic_of_a_subscriber_is_told_of(self):
        watchers = [self.watch(), self.watch("other " + self.topic)]
        self.hear(self.template, "other " + self.topic)
        told = [watcher.next_event().json() for watcher in watchers]
        self.assertEqual([each["topic"] for each in told], [self.template, "other " + self.topic])
        self.assertEqual(told[0]["subscriber"], told[1]["subscriber"])

    def test_all_of_them_are_one_template(self):
        watcher = self.hear(ALL, headers=bearer(subscribe=["*"]))
        self.hear(self.template)
        topics = set()
        while self.template not in topics:
            topics.add(watcher.next_event().json()["topic"])

    def test_they_are_private(self):
        nobody = self.hear(ALL, "marker")
        other = self.hear(ALL, "marker", headers=bearer(subscribe=["https://example.com/{x}"]))
        watcher = self.watch()
        self.hear(self.template)
        watcher.next_event()
        self.update("marker", data="marker")
        for stream in (nobody, other):
            self.assert_nothing_but(stream, "marker")

    def test_nobody_else_reads_them_as_native_events(self):
        self.hear(self.template)
        self.assertNotIn("$mercure", self.fetch("GET", "/topics?prefix=https").body.decode())
        native = self.listener("**")
        self.hear(self.template)
        self.update("marker", data="marker")
        self.assertEqual(native.next_event().data, "marker")

    def test_one_subscription_can_be_watched_by_its_id(self):
        stream = self.hear(self.template)
        wait_until(self.of_template, "it is listed")
        watcher = self.hear(self.of_template()[0]["id"], headers=WATCHER)
        stream.close()
        self.assertEqual(watcher.next_event().json()["active"], False)


class ListTest(SubscriptionCase):

    def test_all_those_of_a_topic_and_one_alone(self):
        self.hear(self.template, headers=bearer(payload=[1, "two"]))
        listing = self.listed()
        self.assertEqual((listing.status, listing.header("Content-Type")), (200, "application/ld+json"))
        whole = listing.json()
        self.assertEqual((whole["@context"], whole["id"], whole["type"]),
                         ("https://mercure.rocks/", LIST, "Subscriptions"))
        mine = [each for each in whole["subscriptions"] if each["topic"] == self.template]
        self.assertEqual(len(mine), 1)
        self.assertEqual((mine[0]["payload"], mine[0]["active"], mine[0]["type"]), ([1, "two"], True, "Subscription"))
        of_topic = self.listed("/" + encoded(self.template)).json()
        self.assertEqual((of_topic["id"], of_topic["subscriptions"]), (f"{LIST}/{encoded(self.template)}", mine))
        one = self.fetch("GET", mine[0]["id"], WATCHER).json()
        self.assertEqual({name: one[name] for name in mine[0]}, mine[0])
        self.assertTrue(one["lastEventID"])

    def test_what_is_not_there_is_empty_or_404(self):
        self.assertEqual(self.listed("/none").json()["subscriptions"], [])
        self.assertEqual(self.listed("/none/urn%3Auuid%3Ax").status, 404)
        self.assertEqual(self.listed("/a/b/c", bearer(subscribe=["*"])).status, 404)

    def test_an_etag_answers_304_until_somebody_comes(self):
        first = self.listed()
        known = {**WATCHER, "If-None-Match": first.header("ETag")}
        again = self.listed("", known)
        self.assertEqual((again.status, again.body, again.header("ETag")), (304, b"", first.header("ETag")))
        self.hear(self.template)
        self.assertEqual(self.listed("", known).status, 200)

    def test_what_comes_after_the_last_event_id_is_told(self):
        last_id = self.listed().json()["lastEventID"]
        self.hear(self.template)
        wait_until(self.of_template, "it is listed")
        watcher = self.hear(f"{LIST}/{encoded(self.template)}{{/subscriber}}", headers=WATCHER, lastEventID=last_id)
        self.assertEqual(watcher.head.header("Last-Event-ID"), last_id)
        self.assertEqual(watcher.next_event().json()["active"], True)

    def test_the_list_takes_a_token_that_grants_its_path(self):
        for headers, reason in (({"X": "none"}, "needs a token"), (bearer(subscribe=[BOOKS]), "does not grant"),
                                (bearer(publish=["*"]), "does not grant")):
            self.assertIn(reason, self.assert_problem(self.listed("", headers), 401)["detail"])
        self.assertEqual(self.listed("", bearer(subscribe=[LIST])).status, 200)
        self.assertEqual(self.listed("/a", bearer(subscribe=[LIST])).status, 401)

    def test_other_methods_are_named_in_allow(self):
        response = self.fetch("POST", LIST, WATCHER)
        self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD, OPTIONS"))


class GoneTest(SubscriptionCase):
    settings = {**settings(subscriptions=True), "stream": {"write_stall": "500ms", "heartbeat": "200ms"}}

    def test_a_machine_that_is_gone_without_a_word_leaves_no_ghost(self):
        watcher = self.watch()
        lost = self.hear(self.template)
        self.assertEqual(watcher.next_event().json()["active"], True)
        stop_answering(lost)
        self.assertEqual(watcher.next_event().json()["active"], False)
        self.assertEqual(self.of_template(), [])


class FloodCase(SubscriptionCase):

    def come_and_go(self, streams):
        """Readers of 100 topics each, one after the other."""
        for number in range(streams):
            self.hear(*(f"{number}/{topic}" for topic in range(100))).close()


class FloodTest(FloodCase):
    settings = {**settings(subscriptions=True), "memory": "8MiB", "history": {"bytes": "4MiB"}}

    def test_readers_who_come_and_go_push_out_nothing_that_was_published(self):
        first = self.update(self.topic, data="first")
        for _ in range(100):
            self.update(self.topic, data="x" * 20_000)
        self.come_and_go(100)
        stream = self.hear(self.topic, lastEventID=first)
        self.assertEqual(stream.head.header("Last-Event-ID"), first)
        self.assertEqual(stream.next_event().data, "x" * 20_000)


class ManyTopicsTest(FloodCase):
    settings = {**settings(subscriptions=True), "memory": "8MiB", "limits": {"topics": 500}}

    def test_they_keep_nobody_from_being_told_of(self):
        watcher = self.watch()
        self.come_and_go(10)
        self.hear(self.template)
        self.assertEqual(watcher.next_event().json()["active"], True)

    def test_what_had_to_leave_for_them_is_a_gap(self):
        last_id = self.listed().json()["lastEventID"]
        self.hear(self.template).close()
        self.come_and_go(10)
        watcher = self.hear(f"{LIST}/{encoded(self.template)}{{/subscriber}}", headers=WATCHER, lastEventID=last_id)
        self.assertEqual(watcher.head.header("Last-Event-ID"), "earliest")
        self.assertEqual(watcher.next_event().type, "ringcast.gap")


class LongListTest(SubscriptionCase):
    settings = {**settings(subscriptions=True), "memory": "8MiB"}

    def test_a_list_that_the_memory_has_no_room_for_is_refused_until_it_has(self):
        streams = [self.hear(*(f"{number}/{topic}/" + "x" * 100 for topic in range(100))) for number in range(60)]
        refused = self.listed()
        self.assert_problem(refused, 503)
        self.assertEqual(refused.header("Retry-After"), "1")
        self.assertEqual(self.listed("/none").json()["subscriptions"], [])
        for stream in streams:
            stream.close()
        wait_until(lambda: self.listed().status == 200, "it fits")


class OffTest(MercureCase):

    def test_without_the_key_nothing_is_listed_or_told(self):
        self.assertEqual(self.fetch("GET", LIST, bearer(subscribe=["*"])).status, 404)
        watcher = self.hear(ALL, "marker", headers=bearer(subscribe=["*"]))
        self.hear(BOOK)
        self.update("marker", data="marker")
        self.assert_nothing_but(watcher, "marker")


class ReloadTest(SubscriptionCase):

    def test_the_path_and_whether_there_are_subscriptions_wait_for_a_restart(self):
        watcher = self.watch()
        stream = self.hear(self.template)
        self.assertEqual(watcher.next_event().json()["active"], True)
        logged = len(self.daemon.lines)
        self.daemon.write_config(settings(subscriptions=False, path="/hub"))
        self.daemon.reload()
        for key in ("mercure.path", "mercure.subscriptions"):
            self.daemon.wait_for_log(lambda line, key=key: line.get("key") == key, f"{key} needs a restart", skip=logged)
        self.daemon.wait_for_log(lambda line: line["message"] == "reload done", "done", skip=logged)
        self.assertEqual(len(self.of_template()), 1)
        stream.close()
        self.assertEqual(watcher.next_event().json()["active"], False)


class RestartTest(unittest.TestCase):

    def test_a_restart_forgets_them_and_the_journal_never_has_them(self):
        directory = tempfile.mkdtemp(prefix="ringcast-mercure-")
        self.addCleanup(shutil.rmtree, directory)
        options = {**settings(subscriptions=True), "journal": {"path": directory}}
        with Daemon(options) as daemon:
            with Stream(daemon.address, MercureCase.target(BOOK)):
                wait_until(lambda: self.subscriptions(daemon), "it is listed")
                before = self.value(daemon, "ringcast_journal_commits_total")
                with Stream(daemon.address, MercureCase.target(BOOK)):
                    wait_until(lambda: len(self.subscriptions(daemon)) == 2, "both are listed")
                self.assertEqual(self.value(daemon, "ringcast_journal_commits_total"), before)
                daemon.kill()
        with Daemon(options) as daemon:
            self.assertEqual(self.subscriptions(daemon), [])

    @staticmethod
    def subscriptions(daemon):
        return http.fetch(daemon.address, "GET", LIST, WATCHER).json()["subscriptions"]

    @staticmethod
    def value(daemon, name):
        text = http.fetch(daemon.address, "GET", "/metrics").body.decode()
        return [line for line in text.splitlines() if line.startswith(name + " ")]


if __name__ == "__main__":
    unittest.main()
