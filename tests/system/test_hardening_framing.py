"""Where one request ends and the next begins: who disagrees with a proxy about it, lets requests be
smuggled past that proxy (RFC 9112 section 11.2)."""

import socket
import unittest

from harness.attack import SMUGGLED, AttackCase
from harness.http import chunk, request_bytes

POST = b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
MIB = 1 << 20


class FramingTest(AttackCase):
    """The length of a body is said once, in one way, or the request is refused."""

    def assert_each_refused(self, heads, rest, *statuses):
        for fields in heads:
            with self.subTest(fields=fields):
                self.assert_refused(POST + fields + b"\r\n\r\n" + rest + SMUGGLED, *statuses)

    def test_a_length_beside_chunks(self):
        self.assert_each_refused([
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5",
            b"content-length: 0\r\nTRANSFER-ENCODING: Chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length:",
        ], LAST_CHUNK, 400)

    def test_transfer_encodings_that_only_some_understand(self):
        self.assert_each_refused([
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked, identity",
            b"Transfer-Encoding: identity, chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: chunked, chunked",
            b"Transfer-Encoding: ,chunked",
            b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding: chunked;q=1",
            b"Transfer-Encoding: \"chunked\"",
            b"Transfer-Encoding: chunked\x00",
            b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: chunked\x0c",
            b"Transfer-Encoding:",
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding\t: chunked",
            b"Transfer-Encoding\x00: chunked",
            b" Transfer-Encoding: chunked",
            b"A: b\r\n Transfer-Encoding: chunked",
            b"A: b\nTransfer-Encoding: chunked",
            b"A: b\rTransfer-Encoding: chunked",
            b"Transfer-Encoding\r\n: chunked",
            b"Transfer-Encoding:\r\n chunked",
        ], LAST_CHUNK, 400, 501)

    def test_white_space_that_is_allowed_around_chunked(self):
        for value in (b"\tchunked", b"  chunked  ", b"CHUNKED"):
            with self.subTest(value=value), self.connect() as connection:
                connection.send(POST + b"Transfer-Encoding:" + value + b"\r\n\r\n" + chunk(b"x") + LAST_CHUNK)
                self.assertEqual(connection.read_response().status, 200)

    def test_lengths_that_are_no_number(self):
        self.assert_each_refused([b"Content-Length: " + value for value in (
            b"+5", b"-5", b"-0", b"0x5", b"5.", b"5e0", b"5,5", b"5, 5", b"5,", b"5;", b"5 5", b"\"5\"", b"five", b"",
            b"5\x00", b"\xd9\xa5", b"18446744073709551616", b"99999999999999999999999999")], b"hello", 400)

    def test_two_lengths(self):
        self.assert_each_refused([
            b"Content-Length: 5\r\nContent-Length: 5",
            b"Content-Length: 5\r\nContent-Length: 0",
            b"Content-Length: 0\r\ncontent-length: 5",
            b"Content-Length: 5\r\n Content-Length: 0",
            b"Content-Length : 5\r\nContent-Length: 0",
        ], b"hello", 400)

    def test_the_largest_length_that_is_a_number(self):
        self.assert_each_refused([b"Content-Length: 18446744073709551615"], b"hello", 413)

    def test_a_body_without_a_length_is_the_next_request(self):
        with self.connect() as connection:
            connection.send(POST + b"\r\n" + request_bytes("GET", "/healthz"))
            self.assertEqual([connection.read_response().status for _ in range(2)], [200, 200])

    def test_a_body_on_a_get_is_no_request(self):
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/healthz", {}, SMUGGLED) + request_bytes("GET", "/nowhere"))
            self.assertEqual([connection.read_response().status for _ in range(2)], [200, 404])
        self.assert_honest_service()


class LineEndTest(AttackCase):

    def test_a_head_with_bare_line_feeds(self):
        for data in (b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
                     b"GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\nA: b\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: b\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n",
                     b"\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            with self.subTest(data=data):
                self.assert_refused(data + SMUGGLED, 400)

    def test_a_head_with_bare_carriage_returns(self):
        for data in (b"GET /healthz HTTP/1.1\rHost: localhost\r\r",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\rA: b\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\rA: b\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: b\r\r\n\r\n"):
            with self.subTest(data=data):
                self.assert_refused(data + SMUGGLED, 400)


class ChunkTest(AttackCase):

    def test_sizes_that_are_no_number(self):
        for size in (b"+1", b"-1", b"0x1", b" 1", b"1 1", b"1,1", b"", b"g", b"1h", b"\x001", b"\"1\"",
                     b"10000000000000000", b"f" * 100, b"00000000000000000000000000000000000001x"):
            with self.subTest(size=size):
                self.assert_refused(CHUNKED + size + b"\r\nx\r\n" + LAST_CHUNK + SMUGGLED, 400)

    def test_sizes_beyond_the_limit(self):
        for size in (b"100001", b"7fffffff", b"80000000", b"ffffffff", b"100000000", b"7fffffffffffffff",
                     b"8000000000000000", b"ffffffffffffffff"):
            with self.subTest(size=size):
                self.assert_refused(CHUNKED + size + b"\r\nx\r\n" + LAST_CHUNK + SMUGGLED, 413)

    def test_sizes_that_overflow_together(self):
        self.assert_refused(CHUNKED + chunk(b"hello") + b"fffffffffffffffb\r\nx", 413)

    def test_a_chunk_that_does_not_end_where_it_says(self):
        for wrong in (b"1\r\nxy\r\n", b"1\r\nx\n", b"1\r\nx\r", b"1\r\nx0\r\n\r\n", b"2\r\nx\r\n"):
            with self.subTest(wrong=wrong):
                self.assert_refused(CHUNKED + wrong + LAST_CHUNK + SMUGGLED, 400)

    def test_bare_line_feeds_between_chunks(self):
        for data in (b"1\nx\r\n" + LAST_CHUNK, b"1\r\nx\n" + LAST_CHUNK, b"1;a\nx\r\n" + LAST_CHUNK,
                     b"1\r\nx\r\n0\n\n", b"1\r\nx\r\n0\r\n\n", b"1\r\nx\r\n0\r\nA: b\n\r\n",
                     b"1\r\rx\r\n" + LAST_CHUNK):
            with self.subTest(data=data):
                self.assert_refused(CHUNKED + data + SMUGGLED, 400)

    def test_an_extension_without_end(self):
        self.assert_refused(CHUNKED + b"1;" + b"a" * MIB, 431)

    def test_many_small_extensions(self):
        """The limit is one of bytes for nothing: data between them starts it anew, the body limit bounds the data."""
        with self.connect() as connection:
            connection.send(CHUNKED + (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 100 + LAST_CHUNK)
            self.assertEqual(connection.read_response().status, 200)

    def test_trailers_without_end(self):
        self.assert_refused(CHUNKED + chunk(b"x") + b"0\r\n" + b"A: b\r\n" * (MIB // 6), 431)

    def test_a_body_without_its_last_line_end_is_no_body(self):
        for missing in (b"0\r\n", b"0\r", b"0", b""):
            with self.subTest(missing=missing), self.connect() as connection:
                connection.send(b"POST /topics/smuggled HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                chunk(b"evil") + missing)
                connection.socket.shutdown(socket.SHUT_WR)
                self.assert_ended_silently(connection)

    def test_trailers_are_not_headers(self):
        """Neither framing nor what a handler looks at can come after the body."""
        stream = self.listener()
        trailers = (b"Host: evil\r\nConnection: close\r\nUpgrade: h2c\r\n"
                    b"Idempotency-Key: k\r\nContent-Type: text/event-stream\r\nExpect: miracles\r\n")
        request = (f"POST /topics/{self.topic} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode() +
                   chunk(b"data: x") + b"0\r\n" + trailers + b"\r\n")
        with self.connect() as connection:
            connection.send(request * 2)
            answers = [connection.read_response() for _ in range(2)]
            self.assertEqual(connection.request("GET", "/healthz").status, 200)
        self.assertEqual([answer.status for answer in answers], [200, 200])
        self.assertNotIn("duplicate", answers[1].json())
        self.assertEqual(stream.data(2), ["data: x"] * 2)

    def test_a_trailer_that_would_change_the_framing_of_what_was_read(self):
        for field in (b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
                      b"Content-Length: 999", b"Content-Length: 0"):
            with self.subTest(field=field):
                self.assert_refused(CHUNKED + b"0\r\n" + field + b"\r\n\r\n" + SMUGGLED, 400)

    def test_a_refused_body_is_not_read_as_requests(self):
        """What follows a refusal may be the rest of a body: it is dropped."""
        for head in (b"Content-Length: 9999999\r\n\r\n", b"Content-Length: 1\r\nExpect: miracles\r\n\r\n"):
            with self.subTest(head=head):
                self.assert_refused(POST + head + SMUGGLED, 413, 417)


if __name__ == "__main__":
    unittest.main()
