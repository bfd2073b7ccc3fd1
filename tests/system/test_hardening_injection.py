"""Text from outside stays text: it begins no field, no event, no header and no JSON member."""

import json
import unittest

from harness.attack import AttackCase
from harness.http import request_bytes
from harness.sse import events_target

# Each byte or escape that ends a line for somebody.
LINE_ENDS = ("\n", "\r", "\r\n", "\n\n")
EVIL = "data: evil\n\n"


class StreamInjectionTest(AttackCase):

    def assert_only_event(self, stream, **fields):
        """Exactly one event came, and it is as it was published."""
        event = stream.next_event()
        for name, value in fields.items():
            self.assertEqual(getattr(event, name), value, event)
        self.assert_silent(stream)

    def test_line_ends_in_a_type_or_an_id(self):
        stream = self.listener()
        for field in ("event", "id"):
            for end in LINE_ENDS:
                with self.subTest(field=field, end=end):
                    text = "a" + end + EVIL
                    self.assert_problem(self.try_publish("x", **{field: text}), 400, field=field)
                    self.assert_problem(
                        self.try_publish_many([{"topic": self.topic, "data": "x", field: text}]), 400, field=field,
                        index=0)
        self.assert_silent(stream)

    def test_a_nul_in_an_id(self):
        """A client that sees one ignores the id (WHATWG HTML section 9.2.6): it would resume elsewhere."""
        self.assert_problem(self.try_publish("x", id="a\0b"), 400, field="id")
        self.assert_problem(self.try_publish_many([{"topic": self.topic, "data": "x", "id": "a\0b"}]), 400, field="id")

    def test_types_and_ids_of_the_broker(self):
        for fields in ({"event": "ringcast.gap"}, {"event": "open"}, {"event": "error"}, {"id": "earliest"},
                       {"id": "latest"},
                       {"id": "#x"}, {"id": " x"}, {"id": self.publish("x")}):
            with self.subTest(fields=fields):
                self.assert_problem(self.try_publish("x", **fields), 400)

    def test_line_ends_in_data_begin_no_field(self):
        for end in LINE_ENDS:
            with self.subTest(end=end):
                stream = self.listener()
                self.publish("a" + end + "event: evil" + end + "id: evil" + end + EVIL + "retry: 1")
                expected = ("a" + end + "event: evil" + end + "id: evil" + end + EVIL + "retry: 1")
                self.assert_only_event(stream, type="message",
                                       data=expected.replace("\r\n", "\n").replace("\r", "\n"))
                self.assertNotEqual(stream.last_id, "evil")
                stream.close()

    def test_line_ends_in_a_comment_begin_no_field(self):
        for end in LINE_ENDS:
            with self.subTest(end=end):
                stream = self.listener()
                response = self.try_publish_many([{"topic": self.topic,
                                                   "comment": "a" + end + "id: evil" + end + EVIL}])
                self.assertIn(response.status, (200, 400))
                self.assert_silent(stream)
                self.assertNotIn(b"\nid: evil", bytes(stream.raw))
                self.assertNotIn(b"\ndata: evil", bytes(stream.raw))
                stream.close()

    def test_what_looks_like_a_line_end_is_none(self):
        stream = self.listener()
        for character in ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\ufeff", "\0"):
            with self.subTest(character=character):
                text = character + "id: evil" + character + "data: evil" + character
                self.publish(text)
                self.assert_only_event(stream, data=text)

    def test_a_topic_with_a_line_end(self):
        for end in LINE_ENDS:
            with self.subTest(end=end):
                topic = "a" + end + EVIL
                self.assert_problem(self.try_publish("x", topic), 400)
                self.assert_problem(self.try_publish_many([{"topic": topic, "data": "x"}]), 400, index=0)
                self.assert_problem(self.fetch("GET", events_target(topic)), 400)

    def test_an_envelope_around_hostile_text(self):
        stream = self.listener(envelope="true")
        text = "\"},\"id\":\"evil\",\n\n" + EVIL + "\u2028</script>\\"
        self.publish(text, event="\"},{\"a")
        envelope = stream.next_event().json()
        self.assertEqual((envelope["data"], envelope["event"]), (text, "\"},{\"a"))
        self.assert_honest_service()

    def test_data_that_is_no_text(self):
        stream = self.listener()
        for data in (b"\xff", b"a\xc0\xafb", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc3", b"x" * 5000 + b"\x80"):
            with self.subTest(data=data[-8:]):
                self.assert_problem(self.try_publish(data), 400)
        self.assert_silent(stream)

    def test_an_event_stream_body_begins_only_its_own_events(self):
        stream = self.listener()
        for body in (b"id: a\0b\ndata: x\n\n", b"event: ringcast.gap\ndata: x\n\n", b"data: x\nid: latest\n\n",
                     b"data: \xff\n\n"):
            with self.subTest(body=body):
                response = self.try_publish(body, headers={"Content-Type": "text/event-stream"})
                if response.status == 200:  # The standard ignores an id with a NUL.
                    self.assertNotEqual(stream.next_event().id, "a")
                else:
                    self.assert_problem(response, 400)
        self.assert_silent(stream)


class EchoTest(AttackCase):
    settings = {"cors": {"origins": ["https://app.example"]}}

    def assert_no_header_was_made(self, response):
        self.assertNotIn("x-evil", response.header_names(), response.raw_head)
        self.assertNotIn(b"evil", response.raw_head.lower())

    def test_an_answer_that_quotes_the_request_quotes_it_in_json(self):
        break_out = "%0d%0aX-Evil:%201%0d%0a%0d%0a%3cscript%3eevil%22%5c%ff"
        for method, target in (("GET", "/" + break_out), ("POST", "/topics/" + break_out),
                               ("GET", "/events?topic=" + break_out),
                               ("GET", "/topics/t?limit=" + break_out), ("GET", "/topics?limit=" + break_out),
                               ("GET", "/events?topic=t&since=" + break_out),
                               ("GET", "/history?topic=t&after=" + break_out),
                               ("GET", f"/events?topic=t&{break_out}=%zz"),
                               ("GET", "/events?topic=t&envelope=" + break_out),
                               ("GET", "/events?topic=t&max_data=" + break_out),
                               ("POST", "/topics/t?retry=" + break_out),
                               ("POST", "/topics/t?event=" + break_out), ("POST", "/topics/t?id=" + break_out)):
            with self.subTest(target=target):
                with self.connect() as connection:
                    connection.send(request_bytes(method, target, {"Content-Length": "0"}))
                    response = connection.read_response()
                self.assert_no_header_was_made(response)
                self.assertIn(response.status, (200, 400, 404))
                if response.header("Content-Type") != "application/json":
                    self.assert_problem(response, response.status)

    def test_json_that_is_quoted_in_an_error(self):
        for body in (b'[{"topic":"t","data":1,"\\u0000\\r\\nX-Evil: 1\\"":1}]', b'[{"\\ud800":1}]',
                     b'{"topic":"\\r\\nX-Evil: 1","data":1}'):
            with self.subTest(body=body):
                response = self.try_publish_many(body)
                self.assert_problem(response, 400)
                self.assert_no_header_was_made(response)

    def test_origins_that_are_nearly_allowed(self):
        for origin in ("https://app.example.evil", "https://app.example:444", "http://app.example",
                       "https://evil-app.example",
                       "https://APP.example/", "null", "*", "https://app.example https://evil",
                       "https://app.example\t,x", "x" * 9000):
            with self.subTest(origin=origin[:40]):
                response = self.fetch("GET", "/healthz", {"Origin": origin})
                self.assertEqual(response.status, 200)
                self.assertNotIn("access-control-allow-origin", response.header_names())
                self.assert_no_header_was_made(response)

    def test_what_a_preflight_asks_for_is_not_echoed(self):
        response = self.fetch("OPTIONS", "/topics/t", {
            "Origin": "https://app.example", "Access-Control-Request-Method": "EVIL",
            "Access-Control-Request-Headers": "x-evil, authorization"})
        self.assertEqual(response.status, 204)
        self.assert_no_header_was_made(response)

    def test_other_headers_that_servers_have_echoed(self):
        response = self.fetch("GET", "/nowhere", {
            "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Request-Id": "evil", "Accept": "evil/evil",
            "Accept-Language": "evil", "Cookie": "evil=1", "Referer": "evil", "Range": "bytes=evil",
            "If-None-Match": "evil"})
        self.assert_problem(response, 404)
        self.assert_no_header_was_made(response)


class ResumePointTest(AttackCase):
    """A strange id is never refused, and what it says is told back only inside of one JSON string."""

    HOSTILE = ("\"}", "\\", "\\u0000", "a\tb", "<script>", "-1", "e-", "-", "--", "e-18446744073709551616",
               "e-99999999999999999999",
               "e--1", "e-+1", "e-1 ", "e-01", "e-1e3", "earliest-1", "#", "*", "ringcast.gap", "\u2028evil",
               "x" * 8000)

    def assert_any_gap(self, stream):
        gap = stream.next_event()
        self.assertEqual(gap.type, "ringcast.gap")
        self.assertEqual(set(json.loads(gap.data)), {"requested", "resumed", "reason", "missed"})
        self.assertIn(json.loads(gap.data)["reason"], ("unknown", "epoch"))
        self.assert_silent(stream)
        stream.close()

    def test_hostile_ids_in_the_header(self):
        for text in self.HOSTILE:
            with self.subTest(text=text[:40]):
                self.assert_any_gap(self.resume(text))
        self.assert_honest_service()

    def test_hostile_ids_in_the_query(self):
        for text in (*self.HOSTILE, "\0", "a\0b", "\n" + EVIL, "\r\nid: evil\r\n\r\n", "\x7f", "\x1b[31m"):
            for name in ("last_event_id", "lastEventId", "lastEventID", "last-event-id"):
                with self.subTest(text=text[:40], name=name):
                    stream = self.subscribe(**{name: text})
                    self.assert_any_gap(stream)
                    self.assertNotIn(b"\nid: evil", bytes(stream.raw))

    def test_ids_that_are_no_text(self):
        for raw in (b"\xff", b"\xc0\xaf", b"a\xed\xa0\x80b", b"\xf8" * 3000):
            with self.subTest(raw=raw[:8]), self.connect() as connection:
                connection.send(f"GET {events_target(self.topic)} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ".encode() + raw +
                                b"\r\n\r\n")
                self.assertEqual(connection.read_head().status, 200)
                received = b""
                while b"data: {" not in received or not received.endswith(b"\n\n"):
                    received += connection.read_some()
                data = received.split(b"data: ", 1)[1].split(b"\n", 1)[0]
                self.assertEqual(json.loads(data.decode("utf-8"))["reason"], "unknown")
        self.assert_honest_service()

    def test_an_id_from_the_future(self):
        position = self.publish("x")
        epoch, number = position.rsplit("-", 1)
        for future in (int(number) + 10 ** 6, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1):
            with self.subTest(future=future):
                self.assert_any_gap_then_all(self.resume(f"{epoch}-{future}"))

    def assert_any_gap_then_all(self, stream):
        self.assert_gap(stream.next_event(), "unknown", missed=None)
        self.assertEqual(stream.next_event().data, "x")
        stream.close()

    def test_hostile_values_of_since(self):
        for text in ("-", "--1", "-0x1", "-1.5", "+", "1e999", "NaN", "inf", "-99999999999999999999999",
                     "99999999999999999999999",
                     "9" * 5000, "10y", "m", "-m", "99999999999999999999m", "9223372036854775807d",
                     "2026-13-01T00:00:00Z",
                     "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:99", "2026-01-01",
                     "0000-00-00T00:00:00Z",
                     "99999-01-01T00:00:00Z", "\0", "\n", "earliest\n", "latest\0", "LATEST", "\u0661", "' OR 1=1 --"):
            with self.subTest(text=text[:40]):
                response = self.fetch("GET", events_target(self.topic, since=text))
                self.assert_problem(response, 400, field="since")
        self.assert_honest_service()

    def test_the_largest_values_of_since(self):
        self.publish("x")
        for text in ("-18446744073709551615", "-9223372036854775808", "9223372036854775", "0", "100000d"):
            with self.subTest(text=text):
                with self.connect() as connection:
                    connection.send(request_bytes("GET", events_target(self.topic, since=text)))
                    self.assertIn(connection.read_head().status, (200, 400))
        self.assert_honest_service()

    def test_hostile_numbers_elsewhere(self):
        for name, text in (("max_data", "-1"), ("max_data", "18446744073709551616"), ("max_data", "1e3"),
                           ("envelope", "2"),
                           ("padding", "\0")):
            with self.subTest(name=name, text=text):
                self.assert_problem(self.fetch("GET", events_target(self.topic, **{name: text})), 400, field=name)
        for text in ("-1", "1.5", "18446744073709551616", "9" * 1000, "\0"):
            with self.subTest(retry=text):
                self.assert_problem(self.try_publish("x", retry=text), 400, field="retry")


if __name__ == "__main__":
    unittest.main()
