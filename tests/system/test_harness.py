"""The instruments first: what they say about the daemon is worth as much as these tests."""

import itertools
import socket
import threading
import unittest

from harness.http import Connection, chunk, request_bytes
from harness.proxy import CuttingProxy
from harness.sse import Event, Parser, Stream, fields_of
from harness.waiting import wait_until

VECTORS = [
    ("data: Hello\n\n", ["Hello"]),
    ("data:Hello\n\n", ["Hello"]),
    ("data:  x\n\n", [" x"]),
    ("data:\tx\n\n", ["\tx"]),
    ("data\n\ndata\ndata\n\n", ["", "\n"]),
    ("event: e\n\ndata: x\n\n", ["x"]),
    ("id: 1\ndata: a\n\nid: 2\ndata: b", ["a"]),
    ("\ufeffdata: 1\n\n\ufeffdata: 2\n\n", ["1"]),
    (":c\n:\0\n: data: no\ndata: y\n\n", ["y"]),
    ("data: a\r\rdata: b\r\n\r\ndata: c\n\n", ["a", "b", "c"]),
    ("data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\n"
     "data:4\n\n", ["\0\n 2\n1\n3\n\n4"]),
    ("data: a\u2028b\x0bc\u0085d\n\n", ["a\u2028b\x0bc\u0085d"]),
]


def events_of(*pieces):
    parser = Parser()
    return list(itertools.chain.from_iterable(parser.feed(piece) for piece in pieces))


class ParserTest(unittest.TestCase):

    def test_every_vector_at_every_split_into_two(self):
        for text, expected in VECTORS:
            wire = text.encode("utf-8")
            for at in range(len(wire) + 1):
                with self.subTest(text=text, at=at):
                    self.assertEqual([event.data for event in events_of(wire[:at], wire[at:])], expected)

    def test_every_vector_byte_by_byte(self):
        for text, expected in VECTORS:
            wire = text.encode("utf-8")
            with self.subTest(text=text):
                pieces = [wire[i:i + 1] for i in range(len(wire))]
                self.assertEqual([event.data for event in events_of(*pieces)], expected)

    def test_a_type_counts_for_its_own_block_only(self):
        self.assertEqual(events_of(b"event: e\ndata: x\n\ndata: y\n\nevent:\ndata: z\n\n"),
                         [Event("e", "x", ""), Event("message", "y", ""), Event("message", "z", "")])

    def test_an_id_sticks_until_it_is_emptied(self):
        ids = [event.id for event in events_of(b"id: 1\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n")]
        self.assertEqual(ids, ["1", "1", ""])

    def test_a_block_with_only_an_id_moves_the_resume_point(self):
        parser = Parser()
        self.assertEqual(parser.feed(b"id: 7\n\n"), [])
        self.assertEqual(parser.last_id, "7")

    def test_an_id_of_an_unfinished_block_does_not_count(self):
        parser = Parser()
        parser.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
        self.assertEqual(parser.last_id, "1")

    def test_an_id_with_nul_is_ignored(self):
        self.assertEqual(events_of(b"id: a\0b\ndata: x\n\n")[0].id, "")

    def test_retry_takes_digits_only(self):
        for text, expected in [(b"03000", 3000), (b"10x", None), (b"", None), (b"-1", None), (b"1.5", None)]:
            parser = Parser()
            parser.feed(b"retry: " + text + b"\n\n")
            self.assertEqual(parser.retry_ms, expected)

    def test_a_block_is_taken_apart_in_order(self):
        self.assertEqual(fields_of(b": hi\nid: 1\ndata: a: b"), [("", "hi"), ("id", "1"), ("data", "a: b")])


class ToyServer:
    """Answers every connection with the same bytes, then closes."""

    def __init__(self, answer):
        self.requests = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                self.requests.append(sock.recv(65536))
                sock.sendall(self._answer)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class ClientTest(unittest.TestCase):

    def serve(self, answer):
        server = ToyServer(answer)
        self.addCleanup(server.close)
        return server

    def test_reads_a_body_of_known_length_and_the_answer_after_it(self):
        server = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 204 No Content\r\n\r\n")
        with Connection(server.address) as connection:
            first = connection.request("GET", "/")
            self.assertEqual((first.status, first.body), (200, b"ab"))
            self.assertEqual(connection.read_response().status, 204)

    def test_reads_chunks(self):
        body = chunk(b"hello ") + chunk(b"world") + chunk(b"")
        server = self.serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        with Connection(server.address) as connection:
            self.assertEqual(connection.request("GET", "/").body, b"hello world")

    def test_a_cut_body_is_an_error(self):
        server = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
        with Connection(server.address) as connection:
            with self.assertRaises(ConnectionError):
                connection.request("GET", "/")

    def test_a_header_of_none_is_left_out(self):
        self.assertEqual(request_bytes("GET", "/", {"Host": None}), b"GET / HTTP/1.1\r\n\r\n")

    def test_a_stream_gives_blocks_as_they_were(self):
        server = self.serve(b"HTTP/1.1 200 OK\r\n\r\n: hi\nid: 1\n\nid: 2\ndata: a\n\n")
        with Stream(server.address, "/") as stream:
            self.assertEqual(stream.skip_first_block(), "1")
            self.assertEqual(stream.next_block(), b"id: 2\ndata: a")
            self.assertIsNone(stream.next_block())

    def test_a_stream_cut_inside_a_block_fails(self):
        server = self.serve(b"HTTP/1.1 200 OK\r\n\r\nid: 2\ndata: a\n")
        with Stream(server.address, "/") as stream:
            with self.assertRaisesRegex(AssertionError, "cut inside a block"):
                stream.next_block()

    def test_a_stream_that_is_refused_fails(self):
        server = self.serve(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        with self.assertRaisesRegex(AssertionError, "404"):
            Stream(server.address, "/")


class ProxyTest(unittest.TestCase):

    def setUp(self):
        self.server = ToyServer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd")
        self.addCleanup(self.server.close)
        self.proxy = CuttingProxy(self.server.address)
        self.addCleanup(self.proxy.close)

    def test_passes_everything_on(self):
        with Connection(self.proxy.address) as connection:
            self.assertEqual(connection.request("GET", "/x").body, b"abcd")
        self.assertTrue(self.server.requests[0].startswith(b"GET /x "))

    def test_cuts_what_is_open(self):
        with Connection(self.proxy.address) as connection:
            wait_until(lambda: self.proxy.accepted == 1 and self.proxy._open, "the proxy has it")
            self.proxy.cut()
            self.assertTrue(connection.is_ended())

    def test_cuts_after_so_many_bytes(self):
        self.proxy.cut_after(40)
        with Connection(self.proxy.address) as connection:
            with self.assertRaises(ConnectionError):
                connection.request("GET", "/")
            self.assertEqual(connection.buffer, b"ab")


if __name__ == "__main__":
    unittest.main()
