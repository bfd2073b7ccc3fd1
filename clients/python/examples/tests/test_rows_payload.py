"""Rows 8 to 16 of docs/migrating.md: what becomes of data."""

import json
import unittest

from harness.rows import RowTest


class Payload(RowTest):
    def test_row_8_text_arrives_as_it_is(self):
        self.assertEqual(self.wire("microdot", "'foo'"), "data: foo\n\n")
        self.assertEqual(self.wire("bocadillo", "data='foo'"), "data: foo\n\n")
        self.assertEqual(self.wire("blacksheep", "'foo'"), 'data: "foo"\n\n')
        self.assertEqual(self.wire("blacksheep", "'foo'", "text_wire"), "data: foo\n\n")
        self.assertEqual(self.wire("starlette", "'foo'"), "data: foo\r\n\r\n")
        self.assertEqual(self.data_through("microdot", "'foo'"), ["foo"])
        self.assertEqual(self.data_through("bocadillo", "data='foo'"), ["foo"])
        self.assertEqual(self.data_through("blacksheep", "'foo'"), ['"foo"'])
        self.assertEqual(self.data_through("blacksheep", "'foo'", function="publish_text"), ["foo"])
        self.assertEqual(self.data_through("starlette", "'foo'"), ["foo"])

    def test_row_9_bytes_are_utf_8_text_or_refused(self):
        self.assertEqual(self.wire("microdot", r"b'\xff\xfe'"), "data: \xff\xfe\n\n")
        self.assertEqual(self.wire("bocadillo", "data=b'ab'"), "data: 97\ndata: 98\n\n")
        self.assertEqual(self.wire("blacksheep", "b'ab'"), 'data: "YWI="\n\n')
        self.assertEqual(self.wire("starlette", "b'ab'"), "data: b'ab'\r\n\r\n")
        self.assertEqual(self.wire("starlette", "b'ab'", "item_wire"), "ab")
        self.assertEqual(self.data_through("microdot", "b'ab'"), ["ab"])
        self.assertEqual(self.data_through("bocadillo", "data=b'ab'"), ["ab"])
        self.assertEqual(self.data_through("blacksheep", "b'ab'"), ['"YWI="'])
        self.assertEqual(self.data_through("starlette", "b'ab'", function="publish_item"), ["ab"])
        for framework, name in (("microdot", ""), ("bocadillo", "data="), ("starlette", "")):
            with self.assertRaisesRegex(Exception, "(?i)utf-?8"):
                self.through(framework, name + r"b'\xff\xfe'")

    def test_row_10_dicts_and_lists_arrive_as_compact_json(self):
        value = "{'a': 'é', 'b': [1, 2]}"
        self.assertEqual(self.wire("microdot", value), 'data: {"a": "\\u00e9", "b": [1, 2]}\n\n')
        self.assertEqual(self.wire("bocadillo", "json=" + value), 'data: {"a": "\\u00e9", "b": [1, 2]}\n\n')
        self.assertEqual(self.wire("bocadillo", "data=" + value), "data: a\ndata: b\n\n")
        self.assertEqual(self.wire("blacksheep", value).encode("latin-1").decode(), 'data: {"a":"é","b":[1,2]}\n\n')
        self.assertEqual(self.wire("blacksheep", "datetime.date(2020, 1, 2)"), 'data: "2020-01-02"\n\n')
        self.assert_refused("starlette", f"item_wire({value})", "TypeError")
        self.assertEqual(self.wire("starlette", "{'data': 'x', 'event': 'e'}", "item_wire"), "event: e\r\ndata: x\r\n\r\n")
        self.assertEqual(self.wire("starlette", value).encode("latin-1").decode(), "data: {'a': 'é', 'b': [1, 2]}\r\n\r\n")
        for framework, name in (("microdot", ""), ("bocadillo", "json="), ("blacksheep", ""), ("starlette", "")):
            data, = self.data_through(framework, name + value)
            self.assertEqual(json.loads(data), {"a": "é", "b": [1, 2]}, framework)
            self.assertNotIn(" ", data, framework)
        self.assert_refused("bocadillo", f"publish(data={value})", "ValueError")
        self.assertEqual(self.data_through("blacksheep", "datetime.date(2020, 1, 2)"), ['"2020-01-02"'])
        event, = self.through("starlette", "{'data': 'x', 'event': 'e'}", function="publish_item")
        self.assertEqual((event["event"], event["data"]), ("e", "x"))
        self.assertEqual(self.data_through("starlette", "data='x'", "raw_data='x'", function="publish_fastapi"), ['"x"', "x"])

    def test_row_11_other_values_are_json_or_text_and_none_is_absent(self):
        self.assertEqual(self.wire("microdot", "None"), "data: None\n\n")
        self.assertEqual(self.wire("microdot", "(1, 2)"), "data: (1, 2)\n\n")
        self.assert_refused("bocadillo", "wire(data=5)", "TypeError")
        self.assertEqual(self.wire("bocadillo", "data=('a', 'b')"), "data: a\ndata: b\n\n")
        self.assertEqual(self.wire("blacksheep", "(1, 2)"), "data: [1,2]\n\n")
        self.assertEqual(self.wire("starlette", "None", "item_wire"), "data: None\r\n\r\n")
        self.assertEqual(self.data_through("microdot", "5", "None", "(1, 2)", "bytearray(b'x')"), ["5", "None", "(1, 2)", "x"])
        self.assertEqual(self.data_through("bocadillo", "data=('a', 'b')", "json=5"), ["a\nb", "5"])
        self.assert_refused("bocadillo", "publish(data=5)", "ValueError")
        self.assertEqual(self.data_through("blacksheep", "5", "(1, 2)", "None"), ["5", "[1,2]"])
        self.assertEqual(self.data_through("starlette", "5", "(1, 2)", "True", "None"), ["5", "[1,2]", "true"])

    def test_row_12_lines_stay_lines(self):
        self.assertEqual(self.wire("microdot", r"'a\nb'"), "data: a\nb\n\n")
        self.assertEqual(self.wire("bocadillo", r"data='a\nb'"), "data: a\nb\n\n")
        self.assertEqual(self.wire("bocadillo", "data=['a', 'b']"), "data: a\ndata: b\n\n")
        self.assertEqual(self.wire("blacksheep", r"'a\nb'", "text_wire"), "data: a\\nb\n\n")
        self.assertEqual(self.wire("starlette", r"'a\nb'"), "data: a\r\ndata: b\r\n\r\n")
        for framework, arguments, function in (
                ("microdot", r"'a\nb'", "publish"), ("bocadillo", r"data='a\nb'", "publish"),
                ("bocadillo", "data=['a', 'b']", "publish"), ("blacksheep", r"'a\nb'", "publish_text"),
                ("starlette", r"'a\nb'", "publish")):
            self.assertEqual(self.data_through(framework, arguments, function=function), ["a\nb"], framework)
            self.assertIn("data: a\ndata: b\n\n", self.raw)

    def test_row_13_a_carriage_return_is_a_line_end(self):
        self.assertEqual(self.wire("microdot", r"'a\rb'"), "data: a\rb\n\n")
        self.assertEqual(self.wire("bocadillo", r"data='a\rb'"), "data: a\rb\n\n")
        self.assertEqual(self.wire("blacksheep", r"'a\rb'", "text_wire"), "data: a\\rb\n\n")
        self.assertEqual(self.wire("starlette", r"'a\rb'"), "data: a\r\ndata: b\r\n\r\n")
        for framework, arguments, function in (
                ("microdot", r"'a\rb'", "publish"), ("bocadillo", r"data='a\rb'", "publish"),
                ("blacksheep", r"'a\rb'", "publish_text"), ("starlette", r"'a\rb'", "publish")):
            self.assertEqual(self.data_through(framework, arguments, function=function), ["a\nb"], framework)
            self.assertNotIn("\r", self.raw)

    def test_row_14_empty_data_is_an_event(self):
        self.assertEqual(self.wire("microdot", "''"), "data: \n\n")
        self.assertEqual(self.wire("bocadillo", "data=''"), "data: \n\n")
        self.assertEqual(self.wire("bocadillo", "data=[]"), "\n\n")
        self.assertEqual(self.wire("blacksheep", "''"), "\n")
        self.assertEqual(self.wire("starlette", "''"), "data: \r\n\r\n")
        self.assertEqual(self.data_through("microdot", "''"), [""])
        self.assertEqual(self.data_through("bocadillo", "data=''", "data=[]"), ["", ""])
        self.assertEqual(self.data_through("blacksheep", "''"), ['""'])
        self.assertEqual(self.data_through("blacksheep", "''", function="publish_text"), [""])
        self.assertEqual(self.data_through("starlette", "''"), [""])

    def test_row_15_nan_is_refused(self):
        value = "{'a': float('nan')}"
        self.assertEqual(self.wire("microdot", value), 'data: {"a": NaN}\n\n')
        self.assertEqual(self.wire("bocadillo", "json=" + value), 'data: {"a": NaN}\n\n')
        self.assertEqual(self.wire("blacksheep", value), 'data: {"a":NaN}\n\n')
        self.assert_refused("starlette", f"json_wire({value})", "ValueError")
        for framework, name in (("microdot", ""), ("bocadillo", "json="), ("blacksheep", ""), ("starlette", "")):
            with self.subTest(framework), self.assertRaisesRegex(Exception, "NaN|not JSON compliant"):
                self.through(framework, name + value)

    def test_row_16_json_of_another_serialiser_is_published_as_text(self):
        written = self.wire("blacksheep", "{'a': 1}", "publish_with_own_json")
        self.assertEqual(written, 'data: {\n "a": 1\n}\n\n')  # Its lines break BlackSheep's own stream.
        self.assertEqual(self.data_through("blacksheep", "{'a': 1}", function="publish_with_own_json"), ['{\n "a": 1\n}'])
        for framework, name in (("microdot", ""), ("bocadillo", "data="), ("starlette", "")):
            self.assertEqual(self.data_through(framework, name + "b'{ \"a\":1 }'"), ['{ "a":1 }'], framework)


if __name__ == "__main__":
    unittest.main()
