"""The access log: who was refused what, who published and read where, and never a token or a payload."""

import hashlib
import json
import tempfile
import unittest

from harness.case import NDJSON, DaemonCase
from harness.waiting import wait_until

CAM, WRONG = "rc_cam-0123456789abcdef", "rc_wrong-0123456789abcdef"
PAYLOAD = "payload-that-nobody-may-log"
AUTH = {"tokens": [{"name": "cam", "sha256": hashlib.sha256(CAM.encode()).hexdigest(),
                    "publish": ["cam/**"], "subscribe": ["cam/**"], "admin": []}],
        "jwt": {"algorithms": ["HS256"], "key": "0123456789abcdef0123456789abcdef", "cookie": "ringcast"}}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


class AccessLogCase(DaemonCase):

    def setUp(self):
        super().setUp()
        self.logged = len(self.daemon.lines)

    def wait_for_line(self, message, **fields):
        def matches(line):
            return (line.get("module") == "access" and line["message"] == message
                    and all(line.get(name) == value for name, value in fields.items()))
        return self.daemon.wait_for_log(matches, f"of access: {message} {fields}", skip=self.logged)

    def assert_nothing_secret(self):
        text = json.dumps(self.daemon.lines)
        for secret in (CAM, WRONG, PAYLOAD, "access_token"):
            self.assertNotIn(secret, text)


class RefusedTest(AccessLogCase):
    settings = {"auth": AUTH, "limits": {"body": "1KiB"}}

    def test_a_token_in_the_header_is_told_by_its_name(self):
        self.assertEqual(self.try_publish(PAYLOAD, "other", bearer(CAM)).status, 403)
        line = self.wait_for_line("refused", status="403", path="/topics/other")
        self.assertEqual([line[name] for name in ("who", "client", "method", "level")], ["cam", "127.0.0.1", "POST", "info"])
        self.assertIn("may not publish to other", line["reason"])
        self.assert_nothing_secret()

    def test_a_wrong_token_is_not_shown_wherever_it_stands(self):
        for target, headers in (("/topics/cam/header", bearer(WRONG)),
                                (f"/topics/cam/query?access_token={WRONG}", {}),
                                ("/topics/cam/cookie", {"Cookie": f"ringcast={WRONG}"})):
            answer = self.fetch("GET", target, {"Accept": "text/event-stream", **headers})
            self.assertEqual(answer.status, 401)
            line = self.wait_for_line("refused", status="401", path=target.split("?")[0])
            self.assertEqual((line["who"], line["method"]), ("", "GET"))
        self.assert_nothing_secret()

    def test_a_refused_request_is_not_told_of_who_asked_before_on_its_connection(self):
        connection = self.connect()
        self.assertEqual(connection.request("POST", "/topics/cam/1", bearer(CAM), b"x").status, 200)
        self.assertEqual(connection.request("POST", "/topics/cam/2", bearer(WRONG), b"").status, 401)
        self.assertEqual(self.wait_for_line("refused", path="/topics/cam/2")["who"], "")

    def test_too_large_is_refused_too(self):
        self.assertEqual(self.try_publish(PAYLOAD * 100, "cam/large", bearer(CAM)).status, 413)
        line = self.wait_for_line("refused", status="413", path="/topics/cam%2Flarge")
        self.assertEqual(line["who"], "cam")
        self.assert_nothing_secret()

    def test_what_was_allowed_or_only_wrong_is_not_told(self):
        self.publish("x", "cam/allowed", bearer(CAM))
        self.assertEqual(self.fetch("GET", "/nowhere", bearer(CAM)).status, 404)
        self.try_publish("x", "last", bearer(CAM))
        self.wait_for_line("refused", path="/topics/last")
        new = [line for line in self.daemon.lines[self.logged:] if line.get("module") == "access"]
        self.assertEqual([line["path"] for line in new], ["/topics/last"])

    def test_a_stream_that_ends_for_its_token_is_told(self):
        stream = self.subscribe("cam/1", headers=bearer(CAM))
        stream.skip_first_block()
        self.daemon.reload_with({"auth": {**AUTH, "tokens": []}})
        try:
            line = self.wait_for_line("stream ended", who="cam")
            self.assertIn("not valid any more", line["reason"])
        finally:
            self.daemon.reload_with(self.settings)

    def test_a_flood_is_cut_and_counted(self):
        connection = self.connect()
        for _ in range(1000):
            connection.request("POST", "/topics/flood", {}, b"")
        line = self.wait_for_line("access lines left out")
        self.assertGreater(int(line["lines"]), 0)

    def test_levels_and_kinds_of_lines_change_by_reload(self):
        def is_told(topic):
            before = len(self.daemon.lines)
            self.try_publish("x", topic, bearer(CAM))
            self.daemon.reload()  # Its line comes after that of the request.
            self.daemon.wait_for_reload(before)
            return any(line.get("module") == "access" for line in self.daemon.lines[before:])
        for log in ({"access": "none"}, {"levels": {"access": "warn"}}):
            self.daemon.reload_with({**self.settings, "log": log})
            self.assertFalse(is_told("quiet"), log)
        self.daemon.reload_with(self.settings)
        wait_until(lambda: is_told("loud"), "the defaults tell it again")


class AllTest(AccessLogCase):
    settings = {"auth": AUTH, "log": {"access": "all"}}

    def test_a_publish_is_told_with_its_topic_and_id(self):
        event_id = self.publish(PAYLOAD, "cam/one", bearer(CAM))
        line = self.wait_for_line("published", topics="cam/one")
        self.assertEqual((line["who"], line["first_id"], line["last_id"], line["count"]),
                         ("cam", event_id, event_id, "1"))
        self.assert_nothing_secret()

    def test_lines_of_ndjson_are_told_with_their_topics(self):
        body = "".join(json.dumps({"topic": f"cam/{n}", "data": PAYLOAD}) + "\n" for n in (7, 8)).encode()
        headers = {**NDJSON, **bearer(CAM), "Content-Length": str(len(body))}
        self.assertEqual(self.fetch("POST", "/events", headers, body).status, 200)
        self.wait_for_line("published", topics="cam/7\ncam/8", count="2")
        self.assert_nothing_secret()

    def test_a_stream_is_told_from_beginning_to_end(self):
        stream = self.subscribe("cam/**", headers={**bearer(CAM), "Last-Event-ID": "x-1"})
        stream.skip_first_block()
        line = self.wait_for_line("subscribed", patterns="cam/**")
        self.assertEqual((line["who"], line["resumes"]), ("cam", "true"))
        stream.close()
        self.wait_for_line("stream ended", who="cam", reason="closed by the peer")


class JournaledTest(AllTest):
    """The same, when answers come from the journal's thread."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ringcast-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.settings = {**AllTest.settings, "journal": {"path": folder.name, "sync": "off"}}
        super().setUpClass()


if __name__ == "__main__":
    unittest.main()
