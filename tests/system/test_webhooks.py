"""Webhooks: batches of events to a web server that answers, refuses, stalls, and comes and goes; all of
it signed, in order, and with what is missing told."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from harness.case import DaemonCase
from harness.daemon import ROOT, Daemon, run
from harness.receiver import SECRET, Receiver, signature
from harness.sse import Stream, events_target
from harness.waiting import wait_until

OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes, here").decode()


class WebhookCase(DaemonCase):
    """Each test has a receiver, and a daemon of its own with one webhook to it."""

    webhook = {}
    settings = {}

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.topic = "orders/1"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-webhooks-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.secret_file = self.folder / "secret"
        self.secret_file.write_text(SECRET + "\n", encoding="utf-8")
        self.receiver = Receiver()
        self.addCleanup(lambda: self.receiver.close())
        self.daemon = Daemon(self.config())
        self.addCleanup(self.daemon.close)
        self.address = self.daemon.address
        self.receiver.wait_for_start()

    def tearDown(self):
        self.assertEqual(self.receiver.faults, [])
        for line in self.daemon.lines:
            for secret in (SECRET, OTHER_SECRET):
                self.assertNotIn(secret.removeprefix("whsec_"), str(line))
            self.assertNotIn("/hook", str(line), "a URL can hold a secret")
            if line and "webhook" in line:
                self.assertNotIn(str(self.receiver.port), line.get("error", ""), "that is of the URL, too")

    def hook(self, **changes):
        return {"name": "w", "url": self.receiver.url, "topics": ["orders/*"],
                "secret_file": str(self.secret_file), "retry": "20ms", "retry_most": "100ms",
                **self.webhook, **changes}

    def config(self, *hooks, **changes):
        return {**self.settings, "webhooks": list(hooks) or [self.hook()], **changes}

    def stall(self):
        """The receiver answers no request until what this returns is set."""
        release = threading.Event()
        self.addCleanup(release.set)
        self.receiver.answer = lambda request: release.wait(60) and 200
        return release

    def wait_for_data(self, *data):
        self.receiver.wait_for(lambda receiver: len(receiver.data()) >= len(data), f"has {len(data)} events")
        self.assertEqual(self.receiver.data(), list(data))

    def metric(self, name):
        text = self.fetch("GET", "/metrics").body.decode()
        return float(re.search(rf"^ringcast_webhook_{name}{{webhook=\"w\"}} (\S+)", text, re.MULTILINE)[1])

    def wait_for_metric(self, name, value):
        """It is written once the answer to a request was read."""
        wait_until(lambda: self.metric(name) == value, f"{name} is {value}")


class DeliveryTest(WebhookCase):

    def test_a_request_is_what_the_documentation_says(self):
        position = self.publish("hello", event="greeting")
        self.wait_for_data("hello")
        request = self.receiver.taken[-1]
        self.assertEqual(request.path, "/hook")
        self.assertEqual(request.headers["Content-Type"], "application/json")
        self.assertRegex(request.id, r"^msg_[a-z0-9]{24}$")
        self.assertRegex(request.headers["webhook-timestamp"], r"^\d{10}$")
        self.assertEqual(request.json["type"], "ringcast.events")
        self.assertEqual(request.json["data"]["webhook"], "w")
        event = request.events[-1]
        self.assertEqual(set(event), {"kind", "id", "time", "topic", "event", "data"})
        self.assertEqual((event["id"], event["topic"], event["event"]), (position, self.topic, "greeting"))

    def test_events_come_in_order_and_in_batches(self):
        self.publish_numbers(0, 1000)
        self.wait_for_data(*[str(n) for n in range(1000)])
        self.assertTrue(all(len(request.events) <= 100 for request in self.receiver.requests))
        self.assertLess(len(self.receiver.requests), 30)
        self.wait_for_metric("events_delivered_total", 1000)

    def test_other_topics_are_not_told_of(self):
        self.publish("no", "news")
        self.publish("no", "orders/1/deeper")
        self.publish("yes")
        self.wait_for_data("yes")

    def test_it_is_no_subscriber_in_the_list_of_topics(self):
        self.publish("x")
        self.wait_for_data("x")
        self.assertEqual(self.topic_info()["subscribers"], 0)

    def test_private_events_are_told_of(self):
        self.publish_many([{"topic": self.topic, "data": "secret", "private": True}])
        self.wait_for_data("secret")

    def test_a_refused_batch_comes_again_with_its_id_and_before_all_others(self):
        refusals = [500, 404, 302, 503]
        self.receiver.answer = lambda request: refusals.pop() if refusals else 204
        for number in range(10):
            self.publish(str(number))
        self.wait_for_data(*[str(n) for n in range(10)])
        first = [request.id for request in self.receiver.requests[1:6]]
        self.assertEqual(len(set(first)), 1, "each attempt has the id of the first")
        self.assertEqual(len({request.id for request in self.receiver.taken}), len(self.receiver.taken))
        self.assertEqual(self.metric("failures_total"), 4)
        self.wait_for_metric("failing", 0)
        self.daemon.wait_for_log(lambda line: line["message"] == "the webhook works again", "says so")
        messages = [line["message"] for line in self.daemon.lines if line.get("webhook") == "w"]
        self.assertEqual(messages, ["the webhook fails: it is tried again and again", "the webhook works again"])

    def test_a_receiver_that_restarts_misses_nothing(self):
        self.publish("before")
        self.wait_for_data("before")
        port = self.receiver.port
        self.receiver.close()
        for number in range(300):
            self.publish(str(number))
        self.wait_for_metric("failing", 1)
        faults = self.receiver.faults
        self.receiver = Receiver(port)
        self.wait_for_data(*[str(n) for n in range(300)])
        self.assertEqual(faults, [])

    def test_publishers_and_readers_do_not_wait_for_a_receiver_that_stalls(self):
        release = self.stall()
        stream = self.listener()
        for number in range(200):
            self.publish(str(number))
        self.assertEqual(stream.data(200), [str(n) for n in range(200)])
        release.set()
        self.wait_for_data(*[str(n) for n in range(200)])

    def test_at_the_end_what_is_there_is_delivered(self):
        release = self.stall()
        for number in range(150):
            self.publish(str(number))
        self.daemon.terminate()
        release.set()
        self.assertEqual(self.daemon.wait(), 0)
        self.assertEqual(self.receiver.data(), [str(n) for n in range(150)])

    def test_a_receiver_that_stalls_does_not_hold_up_the_end(self):
        self.stall()
        self.publish("x")
        self.receiver.wait_for(lambda receiver: len(receiver.requests) >= 2, "is asked")
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(), 0)
        left = [line for line in self.daemon.lines if line and "left undelivered" in line["message"]]
        self.assertEqual([line["events"] for line in left], ["1"])

    def test_at_the_end_it_is_said_that_there_is_more_than_can_be_counted(self):
        self.stall()
        self.publish("x")
        self.receiver.wait_for(lambda receiver: len(receiver.requests) >= 2, "is asked")
        self.publish_numbers(0, 300)
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(), 0)
        left = [line for line in self.daemon.lines if line and "left undelivered" in line["message"]]
        self.assertEqual([line["events"] for line in left], ["at least 101"])


class LossTest(WebhookCase):
    settings = {"history": {"events": 20, "grace": "0s"}}
    webhook = {"batch": 5}

    def test_what_has_left_the_history_is_a_gap_where_it_was(self):
        release = self.stall()
        for number in range(300):  # Of fewer than 16 times the history it is known how many are gone.
            self.publish(str(number))
        release.set()
        self.receiver.wait_for(lambda receiver: "299" in receiver.data(), "has the last event")
        told, expected = self.receiver.events("publish", "gap"), 0
        for each in told:
            if each["kind"] == "gap":
                self.assertEqual(each["reason"], "lagged")
                expected += each["missed"]
            else:
                self.assertEqual(each["data"], str(expected))
                expected += 1
        self.assertEqual(expected, 300)
        self.assertTrue(any(each["kind"] == "gap" for each in told))
        lost = sum(each["missed"] for each in told if each["kind"] == "gap")
        self.assertEqual(self.metric("events_lost_total"), lost)


class GiveUpTest(WebhookCase):
    webhook = {"give_up": 0, "batch": 1}

    def test_a_batch_that_is_given_up_is_told_with_the_next(self):
        self.receiver.answer = lambda request: 400 if any(e.get("data") == "poison" for e in request.events) else 200
        for data in ("a", "poison", "b"):
            self.publish(data)
        self.wait_for_data("a", "b")
        gap, after = self.receiver.events("publish", "gap")[1:]
        self.assertEqual(gap, {"kind": "gap", "reason": "undelivered", "missed": 1})
        self.assertEqual(after["data"], "b")
        self.assertEqual(self.metric("events_lost_total"), 1)
        self.daemon.wait_for_log(lambda line: line["message"] == "events for the webhook were given up"
                                 and line["error"] == "status 400", "says so")


class TimeoutTest(WebhookCase):
    webhook = {"timeout": "300ms"}

    def test_an_answer_that_does_not_come_in_time_is_a_failure(self):
        stalled, release = [], threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            if not stalled:
                stalled.append(request)
                release.wait(60)
            return 200
        self.receiver.answer = answer
        self.publish("x")
        self.wait_for_data("x")
        self.assertEqual(self.metric("failures_total"), 1)


class SizeTest(WebhookCase):
    webhook = {"batch_bytes": "2KiB"}

    def test_requests_are_bounded_and_larger_events_are_told_as_such(self):
        position = self.publish("x" * 5000)
        for number in range(20):
            self.publish(f"{number}".ljust(500, "."))
        self.receiver.wait_for(lambda receiver: len(receiver.data()) == 20, "has all that fit")
        self.assertEqual([event["id"] for event in self.receiver.events("oversize")], [position])
        self.assertTrue(all(len(request.body) < 2048 + 200 for request in self.receiver.requests))


class ReloadTest(WebhookCase):

    def test_another_receiver_goes_on_where_the_last_one_was(self):
        self.publish("a")
        self.wait_for_data("a")
        self.receiver.answer = lambda request: 500
        self.publish("b")
        self.publish("c")
        with Receiver() as other:
            self.daemon.reload_with(self.config(self.hook(url=other.url)))
            other.wait_for(lambda receiver: len(receiver.data()) == 2, "has both")
            self.assertEqual(other.data(), ["b", "c"])
            self.assertEqual(other.events("start"), [])
            self.assertEqual(other.faults, [])

    def test_a_secret_changes_without_a_request_that_cannot_be_verified(self):
        self.receiver.secrets = (SECRET, OTHER_SECRET)
        self.secret_file.write_text(f"{SECRET}\n{OTHER_SECRET}\n", encoding="utf-8")
        self.daemon.reload_with(self.config())
        self.publish("with both")
        self.wait_for_data("with both")
        self.receiver.secrets = (OTHER_SECRET,)
        self.secret_file.write_text(f"{OTHER_SECRET}\n", encoding="utf-8")
        self.daemon.reload_with(self.config())
        self.publish("with the new one")
        self.wait_for_data("with both", "with the new one")

    def test_a_bad_secret_changes_nothing(self):
        self.secret_file.write_text("not a secret\n", encoding="utf-8")
        logged = len(self.daemon.lines)
        self.daemon.reload()
        line = self.daemon.wait_for_log(lambda line: line["message"].startswith("reload failed"), "says why",
                                        skip=logged)
        self.assertIn(f"webhooks[0].secret_file: {self.secret_file}: line 1 must be", line["error"])
        self.assertNotIn("not a secret", line["error"])
        self.publish("x")
        self.wait_for_data("x")

    def test_webhooks_come_and_go(self):
        with Receiver() as second:
            self.daemon.reload_with(self.config(self.hook(), self.hook(name="second", url=second.url, topics=["news"])))
            second.wait_for_start()
            self.publish("x", "news")
            second.wait_for(lambda receiver: receiver.data() == ["x"], "has it")
            self.daemon.reload_with(self.config(self.hook()))
            self.publish("y", "news")
            self.publish("z")
            self.wait_for_data("z")
            self.assertEqual(second.data(), ["x"])

    def test_the_first_can_come_with_a_reload(self):
        self.daemon.reload_with({**self.config(), "webhooks": []})
        self.publish("not told")
        self.daemon.reload_with(self.config())
        self.receiver.wait_for_start(2)
        self.publish("told")
        self.wait_for_data("told")


class PresenceWebhookTest(WebhookCase):
    settings = {"presence": ["orders/*"], "drain": "1s"}
    webhook = {"events": ["join", "leave"]}

    def test_who_comes_and_goes_is_told_also_at_the_end(self):
        with Stream(self.address, events_target(self.topic)) as stream:
            stream.skip_first_block()
            self.publish("not told")
        self.receiver.wait_for(lambda receiver: len(receiver.events()) == 2, "has both")
        joined, left = self.receiver.events()
        self.assertEqual((joined["kind"], joined["topic"], joined["subscribers"]), ("join", self.topic, 1))
        self.assertEqual((left["kind"], left["reason"], left["stream"]), ("leave", "closed", joined["stream"]))
        self.assertIn("id", left)
        stream = self.listener()
        self.daemon.terminate()
        while stream.next_block() is not None:
            pass
        stream.close()
        self.assertEqual(self.daemon.wait(), 0)
        self.assertEqual([(each["kind"], each.get("reason")) for each in self.receiver.events()[2:]],
                         [("join", None), ("leave", "drain")])


class JournaledWebhookTest(WebhookCase):
    """The ring holds two events: what a receiver missed comes from the disk."""

    def setUp(self):
        self.journal = tempfile.mkdtemp(prefix="ringcast-webhooks-")
        self.addCleanup(shutil.rmtree, self.journal, ignore_errors=True)
        self.settings = {"history": {"events": 2, "grace": "0s"}, "journal": {"path": self.journal},
                         "presence": ["orders/*"]}
        self.webhook = {"events": ["publish", "join", "leave"], "batch": 7}
        super().setUp()

    def test_what_left_memory_is_read_from_the_disk(self):
        port = self.receiver.port
        self.receiver.close()
        for begin in range(0, 500, 50):
            self.publish_numbers(begin, begin + 50)
        self.receiver = Receiver(port)
        self.wait_for_data(*[str(n) for n in range(500)])
        self.assertEqual(self.receiver.events("gap"), [])

    def test_leaves_at_the_end_are_told_once_they_have_their_place(self):
        stream = self.listener()
        self.publish("x")
        self.daemon.terminate()
        while stream.next_block() is not None:
            pass
        stream.close()
        self.assertEqual(self.daemon.wait(), 0)
        self.assertEqual([each["kind"] for each in self.receiver.events()], ["join", "publish", "leave"])


class StartTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-webhooks-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def check(self, secret):
        secret_file = self.folder / "secret"
        secret_file.write_text(secret, encoding="utf-8")
        config = self.folder / "ringcast.yaml"
        config.write_text("webhooks:\n  - {name: w, url: https://a.example/, topics: ['**'], "
                          f"secret_file: {secret_file}}}\n", encoding="utf-8")
        return run("--check-config", "--config", str(config))

    def test_a_good_configuration_is_good(self):
        self.assertEqual(self.check(SECRET).returncode, 0)

    def test_a_bad_secret_ends_the_start_and_is_not_shown(self):
        done = self.check("whsec_c2hvcnQ=")
        self.assertEqual(done.returncode, 2)
        self.assertIn("webhooks[0].secret_file: ", done.stderr)
        self.assertIn("line 1 must be whsec_ and 24 to 64 bytes in base64", done.stderr)
        self.assertNotIn("c2hvcnQ", done.stderr)

    def test_a_missing_file_ends_the_start(self):
        self.check(SECRET)
        (self.folder / "secret").unlink()
        done = run("--check-config", "--config", str(self.folder / "ringcast.yaml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("No such file or directory", done.stderr)


class DocumentedReceiverTest(unittest.TestCase):
    """The snippets of docs/webhooks.md, as they are there."""

    @classmethod
    def setUpClass(cls):
        text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
        cls.snippets = dict(re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL))
        cls.body = b'{"test": 1}'

    def headers(self, body, seconds_ago=0):
        stamp = str(int(time.time()) - seconds_ago)
        both = f"v1,AAAA {signature(OTHER_SECRET, 'msg_1', stamp, body)} {signature(SECRET, 'msg_1', stamp, body)}"
        return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": both}

    def python(self, headers, body):
        names = {}
        exec(self.snippets["python"], names)
        return names["verify"](SECRET, headers, body)

    def node(self, headers, body):
        code = self.snippets["js"] + (
            "\nconst [secret, headers, body] = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));"
            "\nconsole.log(verify(secret, headers, Buffer.from(body)));")
        done = subprocess.run(["node", "-e", code], input=json.dumps([SECRET, headers, body.decode()]),
                              capture_output=True, text=True, timeout=60, check=True)
        return {"true": True, "false": False}[done.stdout.strip()]

    def check(self, verify):
        self.assertTrue(verify(self.headers(self.body), self.body))
        self.assertFalse(verify(self.headers(self.body), self.body + b" "))
        self.assertFalse(verify(self.headers(self.body, seconds_ago=600), self.body))
        self.assertFalse(verify({**self.headers(self.body), "webhook-id": "msg_2"}, self.body))
        forged = {**self.headers(self.body), "webhook-signature": "v1,AAAA v1a,x nonsense"}
        self.assertFalse(verify(forged, self.body))

    def test_the_configuration_is_good(self):
        with tempfile.TemporaryDirectory(prefix="ringcast-webhooks-") as folder:
            secret, config = pathlib.Path(folder, "secret"), pathlib.Path(folder, "ringcast.yaml")
            secret.write_text(SECRET, encoding="utf-8")
            config.write_text(self.snippets["yaml"].replace("/etc/ringcast/chat.secret", str(secret)),
                              encoding="utf-8")
            done = run("--check-config", "--config", str(config))
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_batch_has_all_kinds_but_one(self):
        kinds = [event["kind"] for event in json.loads(self.snippets["json"])["data"]["events"]]
        self.assertEqual(kinds, ["start", "join", "publish", "gap", "leave"])

    def test_the_python_one_verifies_what_it_should_and_nothing_else(self):
        self.check(self.python)

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_the_node_one_verifies_what_it_should_and_nothing_else(self):
        self.check(self.node)


if __name__ == "__main__":
    unittest.main()
