"""Rows 25 to 34 of docs/migrating.md: what a stream is as an answer in HTTP."""

import unittest

from harness.event_stream import EventStream
from harness.rows import FRAMEWORKS, RowTest, broker, head_of, probe, served
from harness.waiting import wait_until

ORIGIN = "https://page.example"


class Http(RowTest):
    def theirs(self, framework, path="/short", **options):
        first, headers, _, connection = head_of(served(framework) + path, **options)
        self.addCleanup(connection.close)
        return first, headers

    def ours(self, **options):
        first, headers, rest, connection = head_of(broker().url + "/events?topic=head", **options)
        self.addCleanup(connection.close)
        self.rest, self.connection = rest, connection
        return first, headers

    def test_row_25_the_content_type_is_text_event_stream(self):
        for framework in ("microdot", "bocadillo", "blacksheep"):
            self.assertEqual(self.theirs(framework)[1]["content-type"], "text/event-stream", framework)
        self.assertEqual(self.theirs("starlette")[1]["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(self.ours()[1]["content-type"], "text/event-stream")

    def test_row_26_caches_keep_nothing(self):
        found = {framework: self.theirs(framework)[1].get("cache-control") for framework in FRAMEWORKS}
        self.assertEqual(found, {"microdot": None, "bocadillo": "no-cache", "blacksheep": "no-cache", "starlette": "no-store"})
        self.assertEqual(self.ours()[1]["cache-control"], "no-store, no-transform")

    def test_row_27_the_connection_ends_with_the_stream(self):
        found = {framework: self.theirs(framework)[1].get("connection", "").lower() for framework in FRAMEWORKS}
        self.assertEqual(found["microdot"], "")
        self.assertEqual({found[name] for name in ("bocadillo", "blacksheep", "starlette")}, {"keep-alive"})
        self.assertEqual(self.ours()[1]["connection"], "close")

    def test_row_28_proxies_are_told_not_to_buffer(self):
        found = {framework: self.theirs(framework)[1].get("x-accel-buffering") for framework in FRAMEWORKS}
        self.assertEqual(found, {"microdot": None, "bocadillo": None, "blacksheep": None, "starlette": "no"})
        self.assertEqual(self.ours()[1]["x-accel-buffering"], "no")

    def test_row_29_the_body_is_not_chunked(self):
        first, headers = self.theirs("microdot")
        self.assertTrue(first.startswith("HTTP/1.0 200"))
        self.assertNotIn("transfer-encoding", headers)
        for framework in ("bocadillo", "blacksheep", "starlette"):
            first, headers = self.theirs(framework)
            self.assertEqual((first[:12], headers["transfer-encoding"]), ("HTTP/1.1 200", "chunked"), framework)
        for http in ("1.0", "1.1"):
            first, headers = self.ours(http=http)
            self.assertTrue(first.startswith("HTTP/1.1 200"))
            self.assertFalse({"transfer-encoding", "content-length"} & set(headers))

    def test_row_30_head_subscribes_to_nothing(self):
        for framework in ("microdot", "bocadillo"):
            before = probe(framework)("streams.started")
            self.assertIn(" 200 ", self.theirs(framework, "/stream", method="HEAD")[0])
            wait_until(lambda: probe(framework)("streams.started") > before, f"the handler of {framework} runs")
        self.assertIn("404", self.theirs("blacksheep", "/stream", method="HEAD")[0])
        started = probe("starlette")("streams.started")
        self.assertIn("200", self.theirs("starlette", "/stream", method="HEAD")[0])
        self.assertEqual(probe("starlette")("streams.started"), started)
        first, headers = self.ours(method="HEAD")
        self.assertEqual((first[:12], headers["content-type"]), ("HTTP/1.1 200", "text/event-stream"))
        while chunk := self.connection.recv(65536):
            self.rest += chunk
        self.assertEqual(self.rest, b"")
        self.assertEqual(broker().subscribers("head"), 0)

    def test_row_31_origins_that_may_read_are_listed(self):
        for framework in FRAMEWORKS:
            self.assertEqual(self.theirs(framework, headers={"Origin": ORIGIN})[1]["access-control-allow-origin"], ORIGIN, framework)
        headers = self.ours(headers={"Origin": ORIGIN})[1]
        self.assertEqual((headers["access-control-allow-origin"], headers["access-control-allow-credentials"]), (ORIGIN, "true"))
        self.assertIn("Origin", headers["vary"])
        self.assertIn("403", self.ours(headers={"Origin": "https://other.example"})[0])

    def test_row_32_streams_are_never_compressed(self):
        self.assert_refused("starlette", "EventSourceResponse([]).enable_compression()", "NotImplementedError")
        for framework in FRAMEWORKS:
            self.assertNotIn("content-encoding", self.theirs(framework, headers={"Accept-Encoding": "gzip"})[1], framework)
        self.assertNotIn("content-encoding", self.ours(headers={"Accept-Encoding": "gzip, deflate"})[1])

    def test_row_33_the_last_event_id_brings_back_what_was_missed(self):
        for framework in FRAMEWORKS:  # The handler is told the id, and may do with it what it likes.
            event = self.open(framework, "/stream", {"Last-Event-ID": "seven"}).wait_for_count(1)[0]
            self.assertEqual((event["event"], event["data"]), ("hello", "seven"), framework)
        first = broker().publish("resumed", "one")
        broker().publish("resumed", "two")
        url = broker().url + "/events?topic=resumed"
        for query, headers in (("", {"Last-Event-ID": first}), (f"&lastEventId={first}", {}), (f"&last-event-id={first}", {})):
            with EventStream(url + query, headers) as stream:
                self.assertEqual(stream.wait_for_count(1)[0]["data"], "two")

    def test_row_34_there_is_no_web_socket(self):
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        first, headers = self.ours(headers=upgrade)
        self.assertEqual((first[:12], headers["content-type"]), ("HTTP/1.1 200", "text/event-stream"))


if __name__ == "__main__":
    unittest.main()
