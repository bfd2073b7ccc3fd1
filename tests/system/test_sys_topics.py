"""What the broker tells of itself in topics that start with "$sys/": what docs/dashboard.md promises."""

import hashlib
import json
import pathlib
import re
import shutil
import tempfile
import unittest

from harness.case import DaemonCase, seq
from harness.daemon import ROOT, Daemon
from harness.http import fetch
from harness.sse import Stream, events_target
from harness.waiting import wait_until

OPS, READER = "rc_ops-0123456789abcdef", "rc_reader-0123456789abcdef"


def token(name, text, **grants):
    return {"name": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "publish": [], "subscribe": [], "admin": [], **grants}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def documented():
    """The example of each type of event in docs/dashboard.md."""
    page = (ROOT / "docs/dashboard.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]


STATS, TOPICS, READERS, REFUSAL, GAP, LEFT_OUT = documented()


def shape(value):
    """Names and types, in order: what one event has to have in common with its example."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


class SysCase(DaemonCase):

    def watch(self, name, **parameters):
        return self.listener(f"$sys/{name}", **parameters)

    def until(self, stream, condition, kind=None):
        """The data of the next event, of this type, for which the condition holds."""
        while True:
            event = stream.next_event()
            self.assertIsNotNone(event, "the stream ended")
            if (kind is None or event.type == kind) and condition(event.json()):
                return event.json()

    def assert_shaped(self, found, example):
        self.assertEqual(shape(found), shape(example))
        self.assertEqual(list(found), list(example))


class StatsTest(SysCase):
    settings = {"stream": {"heartbeat": "1500ms"}}

    def test_the_first_ones_have_no_rates(self):
        with Daemon() as daemon, Stream(daemon.address, events_target("$sys/stats")) as stream:
            first = stream.next_event()
            self.assertEqual(first.type, "stats")
            self.assertIsNone(first.json()["rates"])
            self.assertIsNone(first.json()["latency"])

    def test_they_come_in_the_documented_form(self):
        stream = self.watch("stats")
        self.listener()
        self.publish("x" * 1000)
        stats = self.until(stream, lambda stats: stats["rates"] and stats["totals"]["events"] >= 1
                           and stats["latency"]["publish_p99_ms"] is not None)
        self.assertIsNone(stats["journal"])
        latency = {name: 1.0 if value is None else value for name, value in stats["latency"].items()}
        self.assert_shaped({**stats, "latency": latency, "journal": STATS["journal"]}, STATS)
        self.assertEqual(stats["subscribers"]["watching"], 1)
        self.assertGreaterEqual(stats["subscribers"]["open"], 2)

    def test_the_events_of_the_feed_are_not_counted_as_events(self):
        before = self.watch("stats").next_event().json()["totals"]["events"]
        self.publish("x")
        stream = self.watch("stats")
        after = self.until(stream, lambda stats: stats["totals"]["events"] > before)
        self.assertEqual(after["totals"]["events"], before + 1)

    def test_nothing_is_published_while_nobody_watches(self):
        stream = self.watch("stats")
        stream.events(2)
        quiet = self.listener()

        def heartbeat():
            """Where the whole broker's sequence stands."""
            quiet.parser.feed(quiet.next_block() + b"\n\n")
            return quiet.last_id
        watched = heartbeat()
        self.assertLess(seq(watched), seq(heartbeat()))
        stream.close()
        wait_until(lambda: self.topic_info("$sys/stats")["subscribers"] == 0, "the watcher is gone")
        heartbeat()  # The feed looks ten times a second whether somebody watches.
        self.assertEqual(heartbeat(), heartbeat())


class TopicsTest(SysCase):

    def test_the_busiest_come_first_in_the_documented_form(self):
        self.listener()
        stream = self.watch("topics")
        stream.next_event()

        def is_first(event):
            self.publish_many([{"topic": self.topic, "data": "x"}] * 100)
            return event["topics"] and event["topics"][0]["name"] == self.topic and event["topics"][0]["per_second"]
        found = self.until(stream, is_first, "topics")
        self.assert_shaped(found, TOPICS)
        busiest = found["topics"][0]
        self.assertEqual(busiest["subscribers"], 1)
        self.assertEqual(busiest["lag_ms"], 0)
        self.assertGreater(busiest["bytes"], 0)

    def test_no_more_than_fifty_are_told_and_none_of_the_broker(self):
        self.publish_many([{"topic": f"{self.topic}/{number}", "data": "x"} for number in range(80)])
        found = self.until(self.watch("topics"), lambda event: event["known"] >= 80)
        self.assertEqual(len(found["topics"]), 50)
        self.assertEqual([topic for topic in found["topics"] if topic["name"].startswith("$")], [])


class ReadersTest(SysCase):
    settings = {"stream": {"send_buffer": "4KiB"}, "history": {"events": 200, "grace": "0s"}}

    def test_a_reader_that_takes_nothing_is_named_in_the_documented_form(self):
        slow = Stream(self.address, events_target(self.topic), receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.skip_first_block()
        stream = self.watch("readers")
        self.assertEqual(self.until(stream, lambda event: event["streams"] >= 2)["readers"], [])
        for _ in range(100):
            self.publish_many([{"topic": self.topic, "data": "x" * 2000}] * 50)
        found = self.until(stream, lambda event: event["readers"] and event["readers"][0]["stalled_ms"] > 0)
        self.assert_shaped(found, READERS)
        self.assertEqual((found["behind"], found["blocked"]), (1, 1))
        reader = found["readers"][0]
        self.assertEqual((reader["client"], reader["who"], reader["topics"], reader["more"]),
                         ("127.0.0.1", "", [self.topic], 0))
        self.assertEqual((reader["state"], reader["late_topic"], reader["lapped"]), ("blocked", self.topic, True))
        self.assertEqual(reader["events"], 200)  # What the history has.
        self.assertGreater(reader["lag_ms"], 0)


class NoticesTest(SysCase):
    settings = {"history": {"events": 2, "grace": "0s"}}

    def test_a_refusal_is_told_without_its_query(self):
        stream = self.watch("refusals")
        self.until_told(stream, lambda: self.fetch("GET", "/nowhere?access_token=s3cret-s3cret-s3cret"), "/nowhere")
        self.assertNotIn(b"s3cret", stream.raw)

    def until_told(self, stream, cause, path):
        """The feed looks ten times a second who watches: what came before that is not told."""
        causes = 0
        while causes < 100:
            cause()
            causes += 1
            self.fetch("GET", "/readyz")
            try:
                event = stream.next_event(seconds=0.2)
            except AssertionError:
                continue
            if event.type == "refusal" and event.json()["path"] == path:
                self.assert_shaped(event.json(), REFUSAL)
                return event.json()
        raise AssertionError(f"no refusal of {path} was told")

    def test_it_says_who_was_refused_what_and_why(self):
        stream = self.watch("refusals")
        told = self.until_told(stream, lambda: self.try_publish("x", "a*b"), "/topics/a%2Ab")
        self.assertEqual((told["status"], told["client"], told["who"], told["method"]), (400, "127.0.0.1", "", "POST"))
        self.assertIn("*", told["reason"])

    def test_what_comes_too_fast_is_counted(self):
        stream = self.watch("refusals")
        self.until_told(stream, lambda: self.fetch("GET", "/first"), "/first")
        total = 200
        with self.connect() as connection:
            for _ in range(total):
                self.assertEqual(connection.request("GET", "/flood").status, 404)
        told, left_out = 0, 0
        while told + left_out < total:
            event = stream.next_event()
            if event.type == "left_out":
                self.assert_shaped(event.json(), LEFT_OUT)
                self.assertEqual(event.json()["of"], "refusals")
                left_out += event.json()["left_out"]
            else:
                told += event.json()["path"] == "/flood"
        self.assertEqual(told + left_out, total)
        self.assertGreater(left_out, 0)

    def test_a_gap_is_told(self):
        first = self.publish("0")
        self.publish_numbers(1, 10)
        stream = self.watch("gaps")
        stats = self.watch("stats")
        stats.events(2)  # The feed has seen who watches.
        reader = self.resume(first)
        gap = self.assert_gap(reader.next_event(), "expired")
        told = self.until(stream, lambda _: True, "gap")
        self.assert_shaped(told, GAP)
        self.assertEqual((told["reason"], told["missed"], told["resumed"]), ("expired", gap["missed"], gap["resumed"]))
        self.assertEqual((told["client"], told["topics"]), ("127.0.0.1", [self.topic]))


class GrantsTest(SysCase):
    settings = {"auth": {"tokens": [token("ops", OPS, subscribe=["$sys/**"]), token("reader", READER, subscribe=["**"])]}}

    def test_only_a_grant_that_names_them_lets_read(self):
        for name in ("stats", "topics", "readers", "refusals", "gaps"):
            target = events_target(f"$sys/{name}")
            self.assert_problem(self.fetch("GET", target), 401)
            self.assert_problem(self.fetch("GET", target, bearer(READER)), 403)
        with Stream(self.address, events_target("$sys/**"), bearer(OPS)) as stream:
            types = {"stats", "topics", "readers"}
            while types:
                types.discard(stream.next_event().type)

    def test_who_names_everything_does_not_get_them(self):
        with Stream(self.address, events_target("$sys/stats"), bearer(OPS)) as watcher:
            with Stream(self.address, events_target("**", since="earliest"), bearer(READER)) as stream:
                watcher.events(2)
                stream.skip_first_block()
                self.assertNotIn(b"event: stats", stream.raw)

    def test_nobody_publishes_there(self):
        self.assertIn(self.try_publish("x", "$sys/stats", bearer(OPS)).status, (401, 403))

    def test_neither_tokens_nor_data_are_in_them(self):
        secrets = (OPS.encode(), READER.encode(), b"payload-of-somebody")
        with Stream(self.address, events_target("$sys/**"), bearer(OPS)) as stream:
            stream.events(3)
            self.fetch("GET", f"/events?topic=a&access_token={READER}x")
            self.try_publish("payload-of-somebody", "a", bearer(READER))
            for _ in range(4):
                if stream.next_event().type == "refusal":
                    break
            stream.events(3)
            for secret in secrets:
                self.assertNotIn(secret, bytes(stream.raw))


class ListenersTest(unittest.TestCase):
    """The page and its feed are there where `admin` is served, and presence and the like where `public` is."""

    def daemon(self, **settings):
        serving = [{"tcp": "127.0.0.1:0", "serve": ["admin"]}, {"tcp": "127.0.0.1:0", "serve": ["public"]}]
        daemon = Daemon({"listen": serving, **settings}, listen=())
        self.addCleanup(daemon.close)
        return daemon.addresses

    def test_an_admin_listener_serves_the_page_and_its_feed_but_no_other_streams(self):
        admin, public = self.daemon()
        self.assertEqual(fetch(admin, "GET", "/admin/").status, 200)
        self.assertEqual(fetch(public, "GET", "/admin/").status, 404)
        for address in (admin, public):
            with Stream(address, events_target("$sys/stats")) as stream:
                self.assertEqual(stream.next_event().type, "stats")
        self.assertEqual(fetch(admin, "GET", events_target("$sys/stats", "news")).status, 404)
        self.assertEqual(fetch(admin, "GET", "/events").status, 404)
        self.assertEqual(fetch(admin, "POST", "/topics/a", body=b"x").status, 404)

    def test_the_page_can_be_switched_off_and_its_feed_stays(self):
        admin, _ = self.daemon(dashboard=False)
        for path in ("/admin", "/admin/", "/admin/dashboard.js"):
            self.assertEqual(fetch(admin, "GET", path).status, 404)
        with Stream(admin, events_target("$sys/stats")) as stream:
            self.assertEqual(stream.next_event().type, "stats")


class PageTest(DaemonCase):

    def test_its_files_come_with_a_strict_policy(self):
        for name, kind in (("", "text/html"), ("dashboard.css", "text/css"), ("dashboard.js", "text/javascript"),
                           ("views.js", "text/javascript"), ("streams.js", "text/javascript")):
            response = self.fetch("GET", "/admin/" + name)
            self.assertEqual(response.status, 200, name)
            self.assertTrue(response.header("Content-Type").startswith(kind), name)
            policy = response.header("Content-Security-Policy")
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(response.header("X-Content-Type-Options"), "nosniff")

    def test_without_its_slash_it_leads_to_the_page(self):
        response = self.fetch("GET", "/admin")
        self.assertEqual((response.status, response.header("Location")), (308, "admin/"))

    def test_there_is_nothing_else(self):
        for path in ("/admin/x", "/admin//", "/admin/../metrics", "/admin/%2e%2e"):
            self.assertEqual(self.fetch("GET", path).status, 404, path)
        self.assert_problem(self.fetch("POST", "/admin/", body=b"x"), 405)


class JournalTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-sys-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.settings = {"journal": {"path": str(self.folder)}}

    def test_they_are_not_written_and_their_places_are_not_used_again(self):
        with Daemon(self.settings) as daemon:
            with Stream(daemon.address, events_target("$sys/stats")) as stream:
                told = stream.events(3)
                self.assertIsNotNone(told[-1].json()["journal"])
                self.assertEqual(shape(told[-1].json()["journal"]), shape(STATS["journal"]))
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0)
        with Daemon(self.settings) as daemon:
            answer = fetch(daemon.address, "POST", "/topics/a", body=b"x").json()
            self.assertGreater(seq(answer["id"]), seq(told[-1].id))
            self.assertEqual(answer["id"].split("-")[0], told[-1].id.split("-")[0])
            names = [topic["name"] for topic in fetch(daemon.address, "GET", "/topics").json()["topics"]]
            self.assertEqual(names, ["a"])


if __name__ == "__main__":
    unittest.main()
