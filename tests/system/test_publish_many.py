"""Publishing many events: POST /events with JSON and NDJSON."""

import json
import unittest

from harness.case import JSON, NDJSON, DaemonCase, seq
from harness.http import chunk

CHUNKED_HEAD = (b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")


class JsonTest(DaemonCase):

    def test_an_object(self):
        stream = self.listener()
        answer = self.publish_many({"topic": self.topic, "data": "x"})
        position = stream.next_event().id
        self.assertEqual(answer, {"accepted": 1, "duplicates": 0, "first_id": position, "last_id": position})

    def test_an_array(self):
        stream = self.listener()
        answer = self.publish_numbers(0, 3)
        events = stream.events(3)
        self.assertEqual(answer, {"accepted": 3, "duplicates": 0, "first_id": events[0].id,
                                  "last_id": events[2].id})

    def test_an_empty_array(self):
        self.assertEqual(self.publish_many([]), {"accepted": 0, "duplicates": 0, "first_id": None,
                                                 "last_id": None})

    def test_a_charset_in_the_type_is_fine(self):
        body = json.dumps({"topic": self.topic, "data": "x"}).encode()
        response = self.try_publish_many(body, {"Content-Type": "Application/JSON; charset=utf-8"})
        self.assertEqual(response.status, 200)

    def test_no_type_and_the_form_type_of_curl_are_json_when_the_body_looks_so(self):
        for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
            for body in (b'{"topic":"t","data":"x"}', b'[{"topic":"t","data":"x"}]', b' \n{"topic":"t","data":1}'):
                with self.subTest(headers=headers, body=body):
                    self.assertEqual(self.try_publish_many(body, headers).status, 200)

    def test_every_field_arrives(self):
        stream = self.listener()
        self.publish_many({"topic": self.topic, "data": "x", "event": "e", "id": "mine", "retry": 700})
        self.assertEqual(stream.next_block(), b"id: mine\nevent: e\nretry: 700\ndata: x")

    def test_a_string_is_sent_as_it_is_and_other_values_minified(self):
        stream = self.listener()
        for source, expected in [('"a\\nb"', "a\nb"), ('""', ""), ("null", "null"), ("true", "true"), ("0", "0"),
                                 ('{ "b" : [1, 2 ],\n "a": {} }', '{"b":[1,2],"a":{}}'), ("[]", "[]"),
                                 ("1.10", "1.10"), ("1e400", "1e400"), ("-0", "-0"),
                                 ("12345678901234567890123", "12345678901234567890123"),
                                 ('"\\ud83d\\ude00"', "😀"), ('["a b", " "]', '["a b"," "]')]:
            with self.subTest(source=source):
                body = f'{{"topic":"{self.topic}","data":{source}}}'.encode()
                self.assertEqual(self.try_publish_many(body).status, 200)
                self.assertEqual(stream.data(1), [expected])

    def test_several_topics_carry_the_same_event(self):
        a, b = self.topic + "/a", self.topic + "/b"
        streams = [self.listener(a), self.listener(b), self.listener(a, b)]
        self.publish_many({"topics": [a, b], "data": "x"})
        self.assertEqual(len({stream.next_event().id for stream in streams}), 1)

    def test_a_comment_reaches_who_listens_and_is_not_stored(self):
        stream = self.listener()
        answer = self.publish_many([{"topic": self.topic, "comment": "hi\rid: 9\nyou"}])
        self.assertEqual((answer["first_id"], answer["last_id"]), (None, None))
        lines = stream.next_block().split(b"\n")
        self.assertTrue(all(line.startswith(b":") and b"\r" not in line for line in lines), lines)
        self.publish("x")
        later = self.subscribe(since="earliest")
        self.assertEqual(later.data(1), ["x"])


class BadJsonTest(DaemonCase):

    def setUp(self):
        super().setUp()
        self.stream = self.listener()

    def refuse(self, body, status=400, headers=JSON, **where):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        problem = self.assert_problem(self.try_publish_many(data, headers), status, **where)
        self.assert_silent(self.stream)
        return problem

    def good(self, **fields):
        return {"topic": self.topic, "data": "x", **fields}

    def test_the_first_bad_element_refuses_all_and_is_named(self):
        self.refuse([self.good(), self.good(), self.good(event="open"), self.good(id="")], index=2)

    def test_a_topic_that_is_no_string(self):
        self.refuse([{"topic": 1}], index=0, field="topic")

    def test_an_unknown_field_is_told_with_the_nearest(self):
        problem = self.refuse([self.good(evnt="e")], index=0, field="evnt")
        self.assertIn("event", problem["detail"])

    def test_lines_that_were_sent_as_one_value_are_told_their_type(self):
        line = json.dumps(self.good()).encode()
        for headers in (JSON, {}):
            for between in (b"\n", b"\r\n", b"\n\n  "):
                with self.subTest(headers=headers, between=between):
                    problem = self.refuse(line + between + line, headers=headers)
                    self.assertEqual(problem["detail"], f"not JSON: something follows the value at byte "
                                                        f"{len(line + between)}; for one object a line send "
                                                        "Content-Type: application/x-ndjson")
        for body in (line + line, line + b" " + line, line + b"\n]", b"{\n{}"):
            with self.subTest(body=body):
                self.assertNotIn("ndjson", self.refuse(body)["detail"])

    def test_missing_fields(self):
        self.refuse([{"topic": self.topic}], index=0, field="data")
        self.refuse([{"data": "x"}], index=0)

    def test_both_topic_and_topics(self):
        self.refuse([self.good(topics=[self.topic])], index=0)

    def test_both_data_and_comment(self):
        self.refuse([self.good(comment="x")], index=0)

    def test_wrong_types(self):
        for field, value in [("event", 1), ("id", 7), ("retry", "5"), ("retry", 1.5), ("retry", -1), ("key", 1),
                             ("comment", 1)]:
            with self.subTest(field=field, value=value):
                element = self.good(**{field: value})
                if field == "comment":
                    del element["data"]
                self.refuse([element], index=0, field=field)

    def test_topics_are_one_to_a_hundred(self):
        names = [f"{self.topic}/{n}" for n in range(100)]
        self.publish_many({"topics": names[:99], "data": "x"})
        self.publish_many({"topics": names, "data": "x"})
        self.refuse([{"topics": [*names, self.topic], "data": "x"}], index=0, field="topics")
        self.refuse([{"topics": [], "data": "x"}], index=0, field="topics")

    def test_malformed_json(self):
        for body in (b"{", b"[", b'{"topic":"t","data":"x"} x', b'{"topic":"t","data":"x",}', b"1", b'"x"', b"null",
                     b'[{"topic":"t","data":"x"}', b"[1]", b'{"topic":"t","data":"\xff"}',
                     b'{"topic":"t","data":"\\ud800"}', b'{"topic":"t","data":01}', b"[" * 100_000, b""):
            with self.subTest(body=body[:40]):
                self.refuse(body)

    def test_injection_through_json_escapes(self):
        for field, value in [("event", "a\rdata: x"), ("event", "a\nb"), ("id", "a\0b"), ("id", "a\nb")]:
            with self.subTest(field=field, value=value):
                self.refuse([self.good(**{field: value})], index=0, field=field)

    def test_types_that_are_not_understood(self):
        for kind in ("text/plain", "application/xml", "text/event-stream", "multipart/form-data; boundary=x"):
            self.refuse([self.good()], 415, {"Content-Type": kind})

    def test_a_form_that_is_a_form(self):
        self.refuse(b"topic=t&data=x", 415, {"Content-Type": "application/x-www-form-urlencoded"})


class NdjsonTest(DaemonCase):
    settings = {"limits": {"body": "4KiB", "body_time": "5s"}}

    def line(self, data, **fields):
        return json.dumps({"topic": self.topic, "data": data, **fields}).encode() + b"\n"

    def post(self, body):
        return self.try_publish_many(body, NDJSON)

    def test_one_object_a_line(self):
        stream = self.listener()
        answer = self.post(b"".join(self.line(str(n)) for n in range(3)))
        events = stream.events(3)
        self.assertEqual(answer.json(), {"accepted": 3, "duplicates": 0, "first_id": events[0].id,
                                         "last_id": events[2].id})

    def test_the_last_line_needs_no_end(self):
        stream = self.listener()
        self.assertEqual(self.post(self.line("a") + self.line("b").rstrip()).json()["accepted"], 2)
        self.assertEqual(stream.data(2), ["a", "b"])

    def test_crlf_and_blank_lines_are_fine(self):
        stream = self.listener()
        body = self.line("a").replace(b"\n", b"\r\n") + b"\r\n\n" + self.line("b")
        self.assertEqual(self.post(body).json()["accepted"], 2)
        self.assertEqual(stream.data(2), ["a", "b"])

    def test_lines_of_one_chunked_request_arrive_while_it_is_still_open(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD)
            for number in range(20):
                connection.send(chunk(self.line(str(number))))
                self.assertEqual(stream.data(1), [str(number)])
            connection.send(chunk(b""))
            self.assertEqual(connection.read_response().json()["accepted"], 20)

    def test_a_line_may_be_cut_into_pieces_anywhere(self):
        stream = self.listener()
        body = self.line("äöü") + self.line("b")
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD)
            for begin in range(len(body)):
                connection.send(chunk(body[begin:begin + 1]))
            connection.send(chunk(b""))
            self.assertEqual(connection.read_response().json()["accepted"], 2)
        self.assertEqual(stream.data(2), ["äöü", "b"])

    def test_the_limit_bounds_a_line_and_not_the_request(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD)
            connection.send(chunk(b"".join(self.line(f"{n} ".ljust(1000, "x")) for n in range(50))))
            connection.send(chunk(b""))
            self.assertEqual(connection.read_response().json()["accepted"], 50)
        self.assertEqual(len(stream.events(50)), 50)

    def test_a_line_over_the_limit_stops_there(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD + chunk(self.line("a") + self.line("x" * 5000)) + chunk(b""))
            response = connection.read_response()
        self.assert_problem(response, 413, line=2, accepted=1)
        self.assertEqual(stream.next_event().id, response.json()["last_id"])
        self.assert_silent(stream)

    def test_a_bad_line_tells_where_and_what_is_safe(self):
        stream = self.listener()
        for bad in (b"{\n", b"1\n", self.line("x", evnt="y"), self.line("x", event="open"), b'{"topic":1}\n'):
            with self.subTest(bad=bad):
                response = self.post(self.line("a") + self.line("b") + bad + self.line("never"))
                self.assert_problem(response, 400, line=3, accepted=2)
                events = stream.events(2)
                self.assertEqual([event.data for event in events], ["a", "b"])
                self.assertEqual(response.json()["last_id"], events[1].id)
                self.assert_silent(stream)

    def test_a_bad_first_line_accepts_nothing(self):
        response = self.post(b"nonsense\n" + self.line("never"))
        self.assert_problem(response, 400, line=1, accepted=0, last_id=None)

    def test_a_bad_line_is_answered_while_the_request_is_still_open(self):
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD + chunk(self.line("a") + b"nonsense\n"))
            self.assert_problem(connection.read_response(), 400, line=2, accepted=1)

    def test_whole_lines_stand_when_the_connection_breaks(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(CHUNKED_HEAD + chunk(self.line("a") + self.line("b") + b'{"topic":'))
            self.assertEqual(stream.data(2), ["a", "b"])
            connection.reset()
        self.assert_silent(stream)

    def test_positions_grow_from_line_to_line(self):
        stream = self.listener()
        self.post(b"".join(self.line(str(n)) for n in range(50)))
        positions = [seq(event.id) for event in stream.events(50)]
        self.assertEqual(positions, sorted(set(positions)))


if __name__ == "__main__":
    unittest.main()
