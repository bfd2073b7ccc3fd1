"""Rows 17 to 24 of docs/migrating.md: the fields of an event, and how they are framed."""

import unittest

from harness.event_stream import parse
from harness.rows import RowTest, broker, probe


def fields_in(text):
    """The names of the fields of an event, in their order."""
    return [line.partition(":")[0] for line in text.splitlines() if line]


class Fields(RowTest):
    def last_block(self, event):
        """The lines of the event's block in what was read last."""
        return next(block for block in self.raw.split("\n\n") if f"id: {event['id']}\nevent" in block)

    def test_row_17_an_event_name_with_a_line_end_is_refused(self):
        self.assertEqual(self.wire("microdot", r"'d', event='a\nid: 9'"), "event: a\nid: 9\ndata: d\n\n")
        self.assertEqual(self.wire("bocadillo", r"'a\nid: 9', data='d'"), "event: a\nid: 9\ndata: d\n\n")
        self.assertEqual(self.wire("blacksheep", r"'d', event='a\rdata: evil'"), 'event: a\rdata: evil\ndata: "d"\n\n')
        self.assertEqual(self.wire("starlette", r"'d', event='a\r\nid: 9'"), "event: aid: 9\r\ndata: d\r\n\r\n")
        for framework, arguments in (("microdot", "'d', event={}"), ("bocadillo", "{}, data='d'"),
                                     ("blacksheep", "'d', event={}"), ("starlette", "'d', event={}")):
            for evil in (r"'a\nid: 9'", r"'a\rdata: evil'"):
                with self.assertRaisesRegex(Exception, "must not contain CR or LF"):
                    self.through(framework, arguments.format(evil))
            event, plain = self.through(framework, arguments.format("'e'"), arguments.format("''"))
            self.assertEqual(event["event"], "e", framework)
            for reserved in ("'open'", "'error'", "'ringcast.gap'"):
                with self.assertRaisesRegex(Exception, "400"):
                    self.through(framework, arguments.format(reserved))
            self.assertNotIn("event", plain, framework)

    def test_row_18_the_broker_gives_ids_and_a_publisher_may(self):
        self.assertEqual(self.wire("microdot", "'d', event_id=''"), "data: d\n\n")
        self.assert_refused("microdot", "wire('d', event_id=7)", "AttributeError")
        self.assertEqual(self.wire("bocadillo", "data='d', id=0"), "id: 0\ndata: d\n\n")
        self.assertEqual(self.wire("blacksheep", "'d', id=''"), 'data: "d"\n\n')
        self.assertEqual(self.wire("starlette", "'d', id=''"), "id: \r\ndata: d\r\n\r\n")
        for framework, name, data in (("microdot", "event_id", "'d'"), ("bocadillo", "id", "data='d'"),
                                      ("blacksheep", "id", "'d'"), ("starlette", "id", "'d'")):
            own, empty, absent = self.through(framework, f"{data}, {name}='mine'", f"{data}, {name}=''", data)
            self.assertEqual(own["id"], "mine")
            self.assertRegex(empty["id"], "^[a-z0-9]+-[0-9]+$")
            self.assertRegex(absent["id"], "^[a-z0-9]+-[0-9]+$")
            with self.assertRaisesRegex(Exception, "400"):
                self.through(framework, rf"{data}, {name}='a\nb'")
        event, = self.through("bocadillo", "data='d', id=0")
        self.assertEqual(event["id"], "0")

    def test_row_19_an_id_with_nul_is_refused(self):
        self.assertIn("id: a\0b\n", self.wire("microdot", r"'d', event_id='a\0b'"))
        self.assertIn("id: a\0b\n", self.wire("bocadillo", r"data='d', id='a\0b'"))
        self.assertIn("id: a\0b\n", self.wire("blacksheep", r"'d', id='a\0b'"))
        self.assertIn("id: a\0b\r\n", self.wire("starlette", r"'d', id='a\0b'"))
        for framework, arguments in (("microdot", r"'d', event_id='a\0b'"), ("bocadillo", r"data='d', id='a\0b'"),
                                     ("blacksheep", r"'d', id='a\0b'"), ("starlette", r"'d', id='a\0b'")):
            with self.assertRaisesRegex(Exception, "400"):
                self.through(framework, arguments)

    def test_row_20_retry_is_in_milliseconds_and_clamped(self):
        self.assertIn("retry: 2500\n", self.wire("microdot", "'d', retry=2.5"))
        self.assertIn("retry: -1000\n", self.wire("microdot", "'d', retry=-1"))
        self.assertNotIn("retry", self.wire("microdot", "'d', retry=0"))
        self.assert_refused("bocadillo", "wire(data='d', retry=3)", "TypeError")
        self.assertIn("retry: 0\n", self.wire("blacksheep", "'d', retry=0"))
        self.assertIn("retry: 2500\r\n", self.wire("starlette", "'d', retry=2500"))
        self.assertEqual([event.get("retry") for event in self.through("microdot", "'d', retry=2.5", "'d', retry=0")], ["2500", None])
        self.assertEqual([event.get("retry") for event in self.through("blacksheep", "'d', retry=2500", "'d'", "'d', retry=0")],
                         ["2500", None, "100"])
        self.assertEqual([event.get("retry") for event in self.through("starlette", "'d', retry=2500", "'d', retry=9999999999999")],
                         ["2500", "86400000"])
        for framework in ("microdot", "starlette"):
            with self.assertRaisesRegex(Exception, "must be a whole number of milliseconds"):
                self.through(framework, "'d', retry=-1")

    def test_row_21_comments_reach_who_is_there_and_are_not_kept(self):
        self.assertEqual(self.wire("microdot", "'c', comment=True, event='e'"), ": c\n\n")
        self.assert_refused("bocadillo", "wire(data='d', comment='c')", "TypeError")
        self.assertEqual(self.wire("blacksheep", r"'d', comment='c\rdata: evil'"), ': c\rdata: evil\ndata: "d"\n\n')
        self.assertEqual(self.wire("starlette", r"'d', comment='c\rd'"), ": c\r\n: d\r\ndata: d\r\n\r\n")
        self.assertEqual(self.through("microdot", r"'c\rdata: evil', comment=True, event='e'"), [])
        self.assertIn(": c\n: data: evil\n", self.raw)
        self.assertEqual([event["data"] for event in self.through("blacksheep", r"'d', comment='c\rdata: evil'")], ['"d"'])
        self.assertIn(": c\n: data: evil\n", self.raw)
        self.assertEqual([event["data"] for event in self.through("starlette", r"'d', comment='c'")], ["d"])
        self.assertIn(": c\n", self.raw)
        self.assertEqual(self.through("starlette", "comment='alone'"), [])
        self.assertIn(": alone\n", self.raw)
        kept = self.subscribe("t", "&since=earliest").wait_for_count(1)
        self.assertNotIn("alone", [event["data"] for event in kept])

    def test_row_22_the_id_comes_first(self):
        self.assertEqual(fields_in(self.wire("microdot", "'d', event='e', event_id='1', retry=1")), ["retry", "event", "id", "data"])
        self.assertEqual(fields_in(self.wire("bocadillo", "'e', data='d', id=1")), ["id", "event", "data"])
        self.assertEqual(fields_in(self.wire("blacksheep", "'d', event='e', id='1', retry=1, comment='c'")),
                         ["id", "", "event", "data", "retry"])
        self.assertEqual(fields_in(self.wire("starlette", "'d', event='e', id='1', retry=1, comment='c'")),
                         ["", "id", "event", "data", "retry"])
        for framework, arguments in (("microdot", "'d', event='e', event_id='1', retry=1"),
                                     ("blacksheep", "'d', event='e', id='1', retry=1000"),
                                     ("starlette", "'d', event='e', id='1', retry=1000")):
            event, = self.through(framework, arguments)
            self.assertEqual(fields_in(self.last_block(event)), ["id", "event", "retry", "data"], framework)

    def test_row_23_lines_end_in_a_line_feed(self):
        for framework, arguments, end in (("microdot", "'d'", "\n"), ("bocadillo", "data='d'", "\n"),
                                          ("blacksheep", "'d'", "\n"), ("starlette", "'d'", "\r\n")):
            self.assertTrue(self.wire(framework, arguments).endswith(end + end))
            self.through(framework, arguments)
            self.assertNotIn("\r", self.raw)

    def test_row_24_text_that_a_framework_has_framed_is_taken_as_it_is(self):
        for framework, arguments, data in (
                ("microdot", "'d', event='e', event_id='mine'", "d"), ("bocadillo", "'e', data='d', id='mine'", "d"),
                ("blacksheep", "'d', event='e', id='mine'", '"d"'), ("starlette", "'d', event='e', id='mine'", "d")):
            framed = probe(framework)(f"wire({arguments})")
            with self.subscribe("framed") as stream:
                answer = broker().request("POST", "/topics/framed", framed.encode("latin-1"), {"Content-Type": "text/event-stream"})
                self.assertEqual(answer["accepted"], 1)
                event = stream.wait_for_count(1)[0]
            self.assertEqual((event["id"], event["event"], event["data"]), ("mine", "e", data))
            self.assertEqual(parse(framed)[0]["data"], data)


if __name__ == "__main__":
    unittest.main()
