"""Publishing one event: POST and PUT /topics/{topic}."""

import unittest

from harness.case import EVENT_STREAM, DaemonCase
from harness.http import encoded


class PublishTest(DaemonCase):

    def test_the_answer_is_the_position_that_subscribers_see(self):
        stream = self.listener()
        response = self.try_publish("x")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("Content-Type").split(";")[0], "application/json")
        self.assertEqual(list(response.json()), ["id"])
        self.assertEqual(stream.next_event().id, response.json()["id"])

    def test_the_body_is_the_data_whatever_its_type(self):
        stream = self.listener()
        for kind in ("text/plain", "text/plain; charset=utf-8", "application/json", "application/octet-stream",
                     "application/x-www-form-urlencoded", "image/svg+xml", "nonsense", ""):
            with self.subTest(type=kind):
                self.publish('{"a" : 1}', headers={"Content-Type": kind})
                self.assertEqual(stream.data(1), ['{"a" : 1}'])

    def test_put_is_an_alias(self):
        stream = self.listener()
        response = self.fetch("PUT", "/topics/" + encoded(self.topic), body=b"x")
        self.assertEqual(response.status, 200)
        self.assertEqual(stream.data(1), ["x"])

    def test_a_post_without_a_body_is_an_event_with_empty_data(self):
        stream = self.listener()
        self.assertEqual(self.fetch("POST", "/topics/" + self.topic, {"Content-Length": "0"}).status, 200)
        self.assertEqual(stream.data(1), [""])

    def test_event_id_and_retry_come_from_the_query(self):
        stream = self.listener()
        self.publish("x", event="a b", id="mine", retry="1234")
        self.assertEqual(stream.next_block(), b"id: mine\nevent: a b\nretry: 1234\ndata: x")

    def test_retry_is_clamped(self):
        stream = self.listener()
        for given, expected in [("0", 100), ("99", 100), ("100", 100), ("101", 101), ("86399999", 86399999),
                                ("86400000", 86400000), ("86400001", 86400000), ("9999999999999", 86400000)]:
            with self.subTest(retry=given):
                self.publish("x", retry=given)
                self.assertIn(f"retry: {expected}\n".encode(), stream.next_block())

    def test_an_event_named_comment_is_an_event(self):
        stream = self.listener()
        self.publish("x", event="comment")
        self.assertEqual(stream.next_event().type, "comment")

    def test_chunks_are_put_together(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(b"POST /topics/" + self.topic.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\n\r\n")
            self.assertEqual(connection.read_response().status, 200)
        self.assertEqual(stream.data(1), ["abcdef"])

    def test_a_megabyte_arrives_as_it_was(self):
        stream = self.listener()
        data = "é€😀" * 100_000
        self.publish(data)
        self.assertEqual(stream.data(1), [data])


class EventStreamBodyTest(DaemonCase):

    def post(self, body):
        return self.try_publish(body, headers=EVENT_STREAM)

    def test_each_event_in_the_body_is_published(self):
        stream = self.listener()
        answer = self.post("data: a\n\nevent: kind\nid: mine\nretry: 500\ndata: b\ndata: c\n\n").json()
        self.assertEqual((answer["accepted"], answer["duplicates"]), (2, 0))
        self.assertEqual(stream.next_event().data, "a")
        self.assertEqual(stream.next_block(), b"id: mine\nevent: kind\nretry: 500\ndata: b\ndata: c")

    def test_the_end_of_the_body_ends_the_last_event(self):
        stream = self.listener()
        self.assertEqual(self.post("data: a\n\ndata: b").json()["accepted"], 2)
        self.assertEqual(stream.data(2), ["a", "b"])

    def test_an_id_counts_only_in_its_own_block(self):
        stream = self.listener()
        self.post("id: mine\ndata: a\n\ndata: b\n\n")
        first, second = stream.events(2)
        self.assertEqual(first.id, "mine")
        self.assertNotEqual(second.id, "mine")

    def test_blocks_without_data_and_comments_are_ignored(self):
        stream = self.listener()
        answer = self.post(": hello\n\nevent: none\n\nid: 7\n\nretry: 5\n\ndata: a\n\n").json()
        self.assertEqual(answer["accepted"], 1)
        self.assertEqual(stream.data(1), ["a"])

    def test_a_body_without_events_accepts_none(self):
        answer = self.post(": only a comment\n\n").json()
        self.assertEqual((answer["accepted"], answer["first_id"], answer["last_id"]), (0, None, None))

    def test_every_line_end_is_understood(self):
        stream = self.listener()
        self.assertEqual(self.post("data: a\r\rdata: b\r\n\r\ndata: c\n\n").json()["accepted"], 3)
        self.assertEqual(stream.data(3), ["a", "b", "c"])

    def test_one_bad_event_refuses_them_all(self):
        stream = self.listener()
        self.assert_problem(self.post("data: a\n\nevent: open\ndata: b\n\n"), 400)
        self.assert_silent(stream)


class RefusedTest(DaemonCase):
    settings = {"limits": {"body": "4KiB"}}

    def setUp(self):
        super().setUp()
        self.stream = self.listener()

    def refuse(self, status, data="x", **parameters):
        problem = self.assert_problem(self.try_publish(data, **parameters), status)
        self.assert_silent(self.stream)
        return problem

    def test_an_event_type_with_a_line_end_would_forge_fields(self):
        for bad in ("a\rdata: forged", "a\ndata: forged", "a\r\nid: 9"):
            self.assertEqual(self.refuse(400, event=bad)["field"], "event")

    def test_an_event_type_that_collides_with_eventsource_or_the_broker(self):
        for bad in ("open", "error", "ringcast.gap", "ringcast."):
            self.assertEqual(self.refuse(400, event=bad)["field"], "event")

    def test_an_id_with_nul(self):
        self.assertEqual(self.refuse(400, id="a\0b")["field"], "id")

    def test_data_that_is_not_utf8(self):
        for bad in (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
            self.refuse(400, data=bad)

    def test_a_retry_that_is_no_whole_number(self):
        for bad in ("-1", "1.5", "10x", "", "1e3", " 5"):
            with self.subTest(retry=bad):
                self.assertEqual(self.refuse(400, retry=bad)["field"], "retry")

    def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(self):
        for size in (4095, 4096):
            self.publish("x" * size)
            self.assertEqual(len(self.stream.data(1)[0]), size)
        self.refuse(413, data="x" * 4097)

    def test_a_chunked_body_over_the_limit(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/" + self.topic.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n1001\r\n" + b"x" * 4097 + b"\r\n0\r\n\r\n")
            self.assert_problem(connection.read_response(), 413)
        self.assert_silent(self.stream)

    def test_a_chunked_body_of_the_limit(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/" + self.topic.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n1000\r\n" + b"x" * 4096 + b"\r\n0\r\n\r\n")
            self.assertEqual(connection.read_response().status, 200)
        self.assertEqual(len(self.stream.data(1)[0]), 4096)

    def test_a_body_that_breaks_off(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/" + self.topic.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
                            b"Content-Length: 10\r\n\r\nabc")
        self.assert_silent(self.stream)


if __name__ == "__main__":
    unittest.main()
