"""Rows S1 to S13 of docs/migrating.md: where the frameworks' own documents and what they do differ."""

import unittest

from harness.event_stream import EventStream, parse
from harness.rows import RowTest, broker, probe, served
from harness.waiting import wait_until


class Surprises(RowTest):
    def test_row_s1_retry_has_its_unit_in_its_name(self):
        self.assertIn("retry: 2500\n", self.wire("microdot", "'d', retry=2.5"))
        self.assertIn("retry: 2500\n", self.wire("blacksheep", "'d', retry=2500"))
        self.assertIn("retry: 2500\r\n", self.wire("starlette", "'d', retry=2500"))
        for framework, arguments in (("microdot", "'d', retry=2.5"), ("blacksheep", "'d', retry=2500"), ("starlette", "'d', retry=2500")):
            self.assertEqual(self.through(framework, arguments)[0]["retry"], "2500", framework)
        probe("starlette")("client.publish('units', 'd', retry_ms=2500)")
        self.assertEqual(self.subscribe("units", "&since=-1").wait_for_count(1)[0]["retry"], "2500")

    def test_row_s2_an_event_named_comment_is_an_event(self):
        self.assertEqual(self.wire("microdot", "'end', event='comment'"), "event: comment\ndata: end\n\n")
        event, = self.through("microdot", "'end', event='comment'", "'end', comment=True")
        self.assertEqual((event["event"], event["data"]), ("comment", "end"))

    def test_row_s3_data_cannot_forge_an_event(self):
        evil = r"'a\n\nevent: x\ndata: y'"
        self.assertEqual(len(parse(self.wire("microdot", evil))), 2)
        self.assertEqual(len(parse(self.wire("bocadillo", "data=" + evil))), 2)
        self.assertEqual(self.data_through("microdot", evil), ["a\n\nevent: x\ndata: y"])
        self.assertEqual(self.data_through("bocadillo", "data=" + evil), ["a\n\nevent: x\ndata: y"])

    def test_row_s4_an_idle_handler_is_not_told_that_its_client_left(self):
        probe("microdot")("streams.ended.clear()")
        with EventStream(served("microdot") + "/stream") as idle:
            idle.wait_for_count(1)
        with EventStream(served("microdot") + "/ticking") as ticking:
            ticking.wait_for_count(1)
        wait_until(lambda: probe("microdot")("streams.ended"), "the handler that writes is cancelled")
        self.assertEqual(probe("microdot")("streams.ended"), ["CancelledError"])  # And the idle one is not.
        with EventStream(broker().url + "/events?topic=idle") as stream:
            stream.wait_for_text("id: ")
        wait_until(lambda: broker().subscribers("idle") == 0, "the broker sees it")

    def test_row_s5_shutdown_does_not_cancel_handlers(self):
        self.assertFalse(probe("microdot")("shutdown_ends_a_stream()"))

    def test_row_s6_client_disconnect_is_raised_on_request_only(self):
        for path, reason in (("/ticking", "GeneratorExit"), ("/ticking-told", "ClientDisconnect")):
            probe("bocadillo")("streams.ended.clear()")
            with EventStream(served("bocadillo") + path) as stream:
                stream.wait_for_count(1)
            probe("bocadillo")("__import__('gc').collect()")
            wait_until(lambda: probe("bocadillo")("(__import__('gc').collect(), streams.ended)[1]"), "the handler ends")
            self.assertEqual(probe("bocadillo")("streams.ended"), [reason])

    def test_row_s7_an_event_ends_with_one_empty_line(self):
        self.assertEqual(self.wire("bocadillo", "data='d'"), "data: d\n\n")
        self.through("bocadillo", "data='d'")
        self.assertIn("data: d\n\n", self.raw)
        self.assertNotIn("\n\n\n", self.raw)

    def test_row_s8_the_class_is_server_sent_events_response(self):
        self.assertTrue(probe("blacksheep")("hasattr(blacksheep.server.sse, 'ServerSentEventsResponse')"))
        self.assertFalse(probe("blacksheep")("hasattr(blacksheep.server.sse, 'ServerEventsResponse')"))

    def test_row_s9_is_stopping_is_elsewhere_and_off(self):
        self.assertFalse(probe("blacksheep")("hasattr(blacksheep.server.application, 'is_stopping')"))
        self.assertEqual(probe("blacksheep")("is_stopping_and_warnings()"), [False, ["UserWarning"]])

    def test_row_s10_a_provider_is_an_async_function(self):
        body = " events_handler():\n    yield 1\n    await something()\n"
        self.assert_refused("blacksheep", f"compile({'def' + body!r}, 'docs', 'exec')", "SyntaxError")
        self.assertTrue(probe("blacksheep")(f"bool(compile({'async def' + body!r}, 'docs', 'exec'))"))

    def test_row_s11_falsy_data_is_sent(self):
        for value in ("0", "False", "''", "[]", "{}"):
            self.assertEqual(self.wire("blacksheep", value), "\n")
        self.assertEqual(self.data_through("blacksheep", "0", "False", "''", "[]", "{}"), ["0", "false", '""', "[]", "{}"])

    def test_row_s12_text_keeps_its_lines(self):
        self.assertEqual(self.wire("blacksheep", r"'a\nb'", "text_wire"), "data: a\\nb\n\n")
        self.assertEqual(self.data_through("blacksheep", r"'a\nb'", function="publish_text"), ["a\nb"])

    def test_row_s13_an_event_without_data_is_an_error(self):
        self.assertEqual(self.wire("bocadillo", "'hello, world'"), "event: hello, world\n\n")
        self.assertEqual(parse(self.wire("bocadillo", "'hello, world'")), [])
        self.assert_refused("bocadillo", "publish('hello, world')", "ValueError")


if __name__ == "__main__":
    unittest.main()
