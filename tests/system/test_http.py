"""HTTP as clients really speak it: well, badly, slowly, and in pieces."""

import socket
import unittest

from harness.case import DaemonCase, seq
from harness.http import request_bytes
from harness.sse import events_target


class RoutesTest(DaemonCase):

    def test_no_such_route(self):
        for target in ("/nowhere", "/events/x/y", "/topicsx", "/Events"):
            with self.subTest(target=target):
                self.assert_problem(self.fetch("GET", target), 404)

    def test_a_wrong_method_is_told_the_right_ones(self):
        for method, target, allowed in [("DELETE", "/events", {"GET", "HEAD", "POST", "OPTIONS"}),
                                        ("POST", "/healthz", {"GET", "HEAD"}),
                                        ("PATCH", "/topics/t", {"GET", "POST", "PUT", "DELETE"}),
                                        ("POST", "/metrics", {"GET"}), ("PUT", "/history", {"GET"})]:
            with self.subTest(method=method, target=target):
                response = self.fetch(method, target, {"Content-Length": "0"})
                self.assert_problem(response, 405)
                offered = {name.strip() for name in response.header("Allow").split(",")}
                self.assertLessEqual(allowed, offered | {"OPTIONS", "HEAD"})
                self.assertNotIn(method, offered)

    def test_a_method_that_nobody_knows(self):
        self.assert_problem(self.fetch("BREW", "/topics/t"), 501)

    def test_an_absolute_target_is_the_same(self):
        self.assertEqual(self.fetch("GET", "http://ringcast.test/healthz").status, 200)

    def test_an_answer_says_how_long_it_is(self):
        response = self.fetch("GET", "/nowhere")
        self.assertEqual(int(response.header("Content-Length")), len(response.body))

    def test_head_of_a_page_has_the_length_and_no_body(self):
        with self.connect() as connection:
            head = connection.request("HEAD", "/healthz")
            get = connection.request("GET", "/healthz")
        self.assertEqual((head.status, head.header("Content-Length")), (200, get.header("Content-Length")))


class MalformedTest(DaemonCase):

    def refuse(self, data, status=400):
        with self.connect() as connection:
            connection.send(data)
            self.assert_problem(connection.read_response(), status)
            self.assertTrue(connection.is_ended(), "after a malformed request nothing can be trusted")

    def test_what_is_no_http(self):
        self.refuse(b"\x16\x03\x01\x02\x00\r\n\r\n")
        self.refuse(b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n")
        self.refuse(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\x00c\r\n\r\n")

    def test_a_request_of_http_1_1_names_its_host_once(self):
        self.refuse(b"GET /healthz HTTP/1.1\r\n\r\n")
        self.refuse(b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")

    def test_smuggling_is_refused(self):
        start = b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\n"
        for fields in (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
                       b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                       b"Content-Length: +1\r\n\r\nx", b"Content-Length: 1x\r\n\r\nx",
                       b"Content-Length : 1\r\n\r\nx", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with self.subTest(fields=fields):
                self.refuse(start + fields)

    def test_an_unknown_transfer_coding(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n")
            self.assertIn(connection.read_response().status, (400, 501))

    def test_an_unknown_version(self):
        with self.connect() as connection:
            connection.send(b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n")
            self.assertIn(connection.read_response().status, (400, 505))

    def test_a_bad_escape(self):
        self.assert_problem(self.fetch("GET", "/topics/%zz"), 400)

    def test_an_unknown_expectation(self):
        with self.connect() as connection:
            connection.send(request_bytes("POST", "/topics/t", {"Expect": "miracles"}, b"x"))
            self.assert_problem(connection.read_response(), 417)


class LimitsTest(DaemonCase):
    settings = {"limits": {"head": "1KiB", "body": "1KiB", "head_time": "300ms", "body_time": "300ms",
                           "idle_time": "300ms"}}

    def test_a_head_that_is_too_large(self):
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/healthz", {"X": "x" * 1100}))
            self.assert_problem(connection.read_response(), 431)

    def test_a_head_well_under_the_limit(self):
        self.assertEqual(self.fetch("GET", "/healthz", {"X": "x" * 900}).status, 200)

    def test_a_target_that_is_too_long(self):
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/topics/" + "x" * 2000))
            self.assertIn(connection.read_response().status, (414, 431))

    def test_a_head_that_is_too_slow(self):
        with self.connect() as connection:
            connection.send(b"GET /healthz HT")
            self.assert_problem(connection.read_response(), 408)
            self.assertTrue(connection.is_ended())

    def test_a_body_that_is_too_slow(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
            self.assert_problem(connection.read_response(), 408)

    def test_an_idle_connection_is_closed_without_a_word(self):
        with self.connect() as connection:
            self.assertEqual(connection.request("GET", "/healthz").status, 200)
            self.assertTrue(connection.is_ended())

    def test_a_stream_knows_no_idle_time(self):
        stream = self.listener()
        with self.connect() as witness:
            witness.request("GET", "/healthz")
            self.assertTrue(witness.is_ended(), "a connection without a stream has timed out by now")
        self.assert_silent(stream)

    def test_a_refused_body_that_was_sent_anyway_does_not_hide_the_answer(self):
        body = b"x" * (1 << 20)
        with self.connect() as connection:
            connection.send(request_bytes("POST", "/topics/t", {}, body))
            self.assert_problem(connection.read_response(), 413)

    def test_continue_comes_before_the_body(self):
        with self.connect() as connection:
            connection.send(b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                            b"Content-Length: 1\r\n\r\n")
            self.assertEqual(connection.read_head().status, 100)
            connection.send(b"x")
            self.assertEqual(connection.read_response().status, 200)

    def test_continue_is_not_said_to_what_is_refused(self):
        for target, length, status in [("/topics/t", 1025, 413), ("/topics/$sys", 1, 403), ("/topics/a*b", 1, 400)]:
            with self.subTest(target=target), self.connect() as connection:
                connection.send(request_bytes("POST", target, {"Expect": "100-continue",
                                                               "Content-Length": str(length)}))
                self.assert_problem(connection.read_response(), status)

    def test_a_client_that_does_not_wait_for_continue(self):
        with self.connect() as connection:
            connection.send(request_bytes("POST", "/topics/t", {"Expect": "100-continue"}, b"x"))
            response = connection.read_response()
            if response.status == 100:
                response = connection.read_response()
            self.assertEqual(response.status, 200)


class ConnectionsTest(DaemonCase):

    def post(self, data):
        return request_bytes("POST", "/topics/" + self.topic, {}, data.encode())

    def test_a_connection_serves_many_requests(self):
        with self.connect() as connection:
            for number in range(50):
                response = connection.request("POST", "/topics/" + self.topic, {}, str(number).encode())
                self.assertEqual(response.status, 200)

    def test_pipelined_publishers_get_their_answers_in_order(self):
        stream = self.listener()
        with self.connect() as connection:
            connection.send(b"".join(self.post(str(number)) for number in range(500)))
            ids = [connection.read_response().json()["id"] for _ in range(500)]
        self.assertEqual(ids, sorted(ids, key=seq))
        self.assertEqual([(event.id, event.data) for event in stream.events(500)],
                         [(position, str(number)) for number, position in enumerate(ids)])

    def test_a_refusal_in_the_pipeline_keeps_its_place(self):
        with self.connect() as connection:
            connection.send(self.post("a") + request_bytes("GET", "/nowhere") + self.post("b"))
            self.assertEqual([connection.read_response().status for _ in range(3)], [200, 404, 200])

    def test_a_stream_after_pipelined_publishes(self):
        with self.connect() as connection:
            connection.send(self.post("a") + request_bytes("GET", events_target(self.topic, since="earliest")))
            self.assertEqual(connection.read_response().status, 200)
            self.assertEqual(connection.read_head().status, 200)
            received = b""
            while b"data: a\n\n" not in received:
                piece = connection.read_some()
                self.assertTrue(piece, received)
                received += piece

    def test_close_is_obeyed(self):
        with self.connect() as connection:
            response = connection.request("GET", "/healthz", {"Connection": "close"})
            self.assertEqual((response.status, response.header("Connection")), (200, "close"))
            self.assertTrue(connection.is_ended())

    def test_a_request_may_arrive_byte_by_byte(self):
        stream = self.listener()
        with self.connect() as connection:
            data = self.post("slow")
            for begin in range(len(data)):
                connection.send(data[begin:begin + 1])
            self.assertEqual(connection.read_response().status, 200)
        self.assertEqual(stream.data(1), ["slow"])

    def test_a_subscription_may_arrive_byte_by_byte(self):
        with self.connect() as connection:
            for byte in request_bytes("GET", events_target(self.topic)):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read_head().header("Content-Type"), "text/event-stream")

    def test_a_host_without_a_port_is_fine(self):
        self.assertEqual(self.fetch("GET", "/healthz", host="127.0.0.1").status, 200)

    def test_a_client_that_shuts_down_its_side_after_the_request_still_gets_the_answer(self):
        with self.connect() as connection:
            connection.send(self.post("x"))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.read_response().status, 200)


class OldHttpTest(DaemonCase):

    def test_a_publisher_of_http_1_0(self):
        stream = self.listener()
        with self.connect() as connection:
            response = connection.request("POST", "/topics/" + self.topic, {}, b"x", version="HTTP/1.0", host=None)
            self.assertEqual(response.status, 200)
            self.assertIsNone(response.header("Transfer-Encoding"))
            self.assertTrue(connection.is_ended())
        self.assertEqual(stream.data(1), ["x"])

    def test_a_publisher_of_http_1_0_that_keeps_its_connection(self):
        with self.connect() as connection:
            for _ in range(2):
                response = connection.request("POST", "/topics/t", {"Connection": "keep-alive"}, b"x",
                                              version="HTTP/1.0")
                self.assertEqual((response.status, response.header("Connection").lower()), (200, "keep-alive"))

    def test_a_subscriber_of_http_1_0_gets_no_chunks(self):
        stream = self.open_stream(events_target(self.topic), version="HTTP/1.0")
        self.assertIsNone(stream.head.header("Transfer-Encoding"))
        self.assertIsNone(stream.head.header("Content-Length"))
        stream.skip_first_block()
        position = self.publish("x")
        self.assertEqual(stream.next_block(), f"id: {position}\ndata: x".encode())


if __name__ == "__main__":
    unittest.main()
