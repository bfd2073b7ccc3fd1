"""Rows 43 to 48 of docs/migrating.md: what the frameworks leave to the app."""

import json
import pathlib
import unittest

from harness.broker import Broker
from harness.event_stream import EventStream
from harness.probe import python_of
from harness.rows import FRAMEWORKS, RowTest, broker, probe


class Beyond(RowTest):
    def test_row_43_anything_publishes_with_a_post(self):
        stream = self.subscribe("elsewhere")
        broker().publish("elsewhere", "from a shell")
        self.assertEqual(stream.wait_for_count(1)[0]["data"], "from a shell")

    def test_row_44_every_subscriber_gets_what_any_process_publishes(self):
        readers = [self.subscribe("t") for _ in range(20)]
        for framework, arguments in (("microdot", "'microdot'"), ("bocadillo", "data='bocadillo'"),
                                     ("blacksheep", "'blacksheep'"), ("starlette", "'starlette'")):
            probe(framework)(f"publish({arguments})")
        for reader in readers:
            data = [event["data"] for event in reader.wait_for_count(4)]
            self.assertEqual(data, ["microdot", "bocadillo", '"blacksheep"', "starlette"])

    def test_row_45_a_topic_keeps_its_newest_events(self):
        with Broker({"history": {"events": 3, "grace": "0"}}) as small:
            ids = [small.publish("kept", str(number)) for number in range(5)]
            with EventStream(small.url + "/events?topic=kept&since=-2") as stream:
                self.assertEqual([event["data"] for event in stream.wait_for_count(2)], ["3", "4"])
            with EventStream(small.url + "/events?topic=kept", {"Last-Event-ID": ids[0]}) as stream:
                gap, *rest = stream.wait_for_count(4)
            self.assertEqual((gap["event"], json.loads(gap["data"])["missed"]), ("ringcast.gap", 1))
            self.assertEqual([event["data"] for event in rest], ["2", "3", "4"])

    def test_row_46_the_client_is_the_parser_of_tests(self):
        found = probe("microdot")(r"events_of_test_client('data: a\ndata:  b\n\ndata: \n\n')")
        self.assertEqual(found, ["b"])  # The last line, without its blank; and no empty event.
        found = probe("starlette")(r"[event.data for event in ringcast.EventStreamParser().feed(b'data: a\ndata:  b\n\ndata: \n\n')]")
        self.assertEqual(found, ["a\n b", ""])

    def test_row_48_the_package_is_typed(self):
        site = python_of("microdot").parents[1] / "lib"
        stub = next(site.glob("python*/site-packages/microdot/sse.pyi")).read_text(encoding="utf-8")
        self.assertRegex(stub, r"retry: int")
        self.assertIn("retry: 2500\n", self.wire("microdot", "'d', retry=2.5"))
        for framework in FRAMEWORKS:
            package = pathlib.Path(probe(framework)("__import__('ringcast').__file__")).parent
            self.assertTrue((package / "py.typed").exists(), framework)


if __name__ == "__main__":
    unittest.main()
