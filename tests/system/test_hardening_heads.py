"""Heads that are too much, of other protocols, or that lead elsewhere than they seem to."""

import unittest

from harness.attack import SMUGGLED, AttackCase
from harness.http import request_bytes

HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CLIENT_HELLO = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(range(190))
MIB = 1 << 20


class GrammarTest(AttackCase):

    def test_header_lines_that_are_none(self):
        for line in (b"A: b\r\n c", b"A: b\r\n\tc", b"A : b", b"A\t: b", b": b", b"A", b"A b: c", b"A(b): c",
                     b"A\x7f: b",
                     b"A\xff: b", b"A: b\x00", b"A: b\x01", b"A: b\x7f", b"A: b\x1b[31m", b"\x00"):
            with self.subTest(line=line):
                self.assert_refused(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n" + SMUGGLED, 400)

    def test_a_folded_line_right_after_the_request_line(self):
        self.assert_refused(b"GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n" + SMUGGLED, 400)

    def test_request_lines_that_are_none(self):
        for line in (b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET /healthz HTTP/1.1 ",
                     b" GET /healthz HTTP/1.1", b"GET\t/healthz HTTP/1.1",
                     b"GET /healthz\tHTTP/1.1", b"GET /a b HTTP/1.1", b"GET /healthz HTTP/1.1 x",
                     b"GET /healthz HTTP/1.1x",
                     b"GET /healthz http/1.1", b"GET /healthz HTTP/", b"GET /healthz HTTP/1", b"GET /healthz HTTP/1.",
                     b"GET /healthz HTTP/.1", b"GET /healthz HTTP/+1.1", b"GET /healthz HTTPS/1.1", b"GET",
                     b"GET /a\x00b HTTP/1.1",
                     b"GET /a\x7fb HTTP/1.1", b"GET healthz HTTP/1.1"):
            with self.subTest(line=line):
                self.assert_refused(line + b"\r\nHost: localhost\r\n\r\n" + SMUGGLED, 400, 501, 505)

    def test_methods_that_are_none(self):
        for method in (b"get", b"G ET", b"GE\x00T", b"", b"\xff", b"GETT", b"M" * 1000):
            with self.subTest(method=method):
                self.assert_refused(method + b" /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + SMUGGLED, 400, 501)


class VersionTest(AttackCase):

    def test_http_0_9(self):
        self.assert_refused(b"GET /healthz\r\n\r\n", 400, 505)
        self.assert_refused(b"GET /healthz HTTP/0.9\r\n\r\n" + SMUGGLED, 505)

    def test_versions_that_are_not_spoken(self):
        for version in (b"2.0", b"3.0", b"1.2", b"1.9", b"0.0", b"9.9"):
            with self.subTest(version=version):
                self.assert_refused(b"GET /healthz HTTP/" + version + b"\r\nHost: localhost\r\n\r\n" + SMUGGLED, 505)

    def test_versions_of_more_digits(self):
        for version in (b"1.10", b"1.11", b"11.1", b"01.1", b"1.01"):
            with self.subTest(version=version):
                self.assert_refused(b"GET /healthz HTTP/" + version + b"\r\nHost: localhost\r\n\r\n" + SMUGGLED, 400, 505)

    def test_the_preface_of_http_2(self):
        self.assert_refused(HTTP_2_PREFACE + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505)

    def test_a_client_that_speaks_tls(self):
        self.assert_refused(CLIENT_HELLO, 400, 501)

    def test_chunks_in_http_1_0(self):
        self.assert_refused(b"POST /topics/t HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400)

    def test_no_host_or_two(self):
        for fields in (b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nhost: b\r\n"):
            with self.subTest(fields=fields):
                self.assert_refused(b"GET /healthz HTTP/1.1\r\n" + fields + b"\r\n" + SMUGGLED, 400)
        self.assert_refused(b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED, 400)

    def test_an_upgrade_does_not_change_what_the_next_bytes_are(self):
        for offer in ({"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"},
                      {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                       "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}):
            with self.subTest(offer=offer["Upgrade"]), self.connect() as connection:
                post = request_bytes("POST", "/topics/" + self.topic, offer, b"x")
                connection.send(request_bytes("GET", "/healthz", offer) + post + request_bytes("GET", "/nowhere"))
                self.assertEqual([connection.read_response().status for _ in range(3)], [200, 200, 404])
                self.assertEqual(connection.request("GET", "/healthz").status, 200)
            self.assert_honest_service()

    def test_connect_opens_no_tunnel(self):
        with self.connect() as connection:
            connection.send(b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n" + SMUGGLED)
            self.assertIn(connection.read_response().status, (400, 405))
            self.assertTrue(connection.is_ended())
        self.assert_honest_service()


class FloodTest(AttackCase):

    def test_headers_without_end(self):
        self.assert_refused(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * (MIB // 6), 431)

    def test_a_header_without_end(self):
        self.assert_refused(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * MIB, 431)

    def test_a_header_name_without_end(self):
        self.assert_refused(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"a" * MIB, 431)

    def test_a_target_without_end(self):
        self.assert_refused(b"GET /" + b"a" * MIB, 431)

    def test_a_method_without_end(self):
        self.assert_refused(b"A" * MIB, 400, 431, 501)

    def test_empty_lines_without_end(self):
        self.assert_refused(b"\r\n" * MIB, 431)

    def test_a_head_full_of_the_shortest_headers(self):
        """4,000 headers fit into the limit of bytes: they cost nobody else anything."""
        with self.connect() as connection:
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A:\r\n" * 4000 + b"\r\n")
            self.assertEqual(connection.read_response().status, 200)
        self.assert_honest_service()

    def test_parameters_without_end(self):
        for target in ("/events?" + "topic=a&" * 1500, "/events?topic=a&" + "event=b&" * 1500):
            with self.subTest(target=target[:20]):
                self.assert_problem(self.fetch("GET", target), 400)
        self.assertEqual(self.fetch("GET", "/healthz?" + "&" * 15000).status, 200)


class TargetTest(AttackCase):

    def test_dots_lead_nowhere(self):
        """Paths are names, not places in a tree: nothing is normalised."""
        for target in ("/topics/../healthz", "/topics/%2e%2e/healthz", "/topics/%2E%2E%2Fhealthz", "/topics/./healthz",
                       "/../healthz", "/./healthz", "//healthz", "/healthz/", "/healthz/.", "/%2e%2e/healthz",
                       "/%68ealthz",
                       "/healthz%00", "/healthz%2F", "/healthz;a", "/\\healthz", "/healthz/../metrics",
                       "/HEALTHZ", "/healthz%20", "/etc/passwd", "/%2fetc%2fpasswd"):
            with self.subTest(target=target):
                self.assert_problem(self.fetch("GET", target), 404)

    def test_an_escaped_slash_is_a_slash_of_a_topic(self):
        self.publish("x", "a/b/../c")
        for target in ("/topics/a%2Fb%2F..%2Fc", "/topics/a/b/../c", "/topics/a/b%2f%2e%2E/c"):
            with self.subTest(target=target):
                self.assertEqual(self.fetch("GET", target).json()["name"], "a/b/../c")

    def test_topics_of_bytes_that_are_no_text(self):
        for escaped in ("%00", "a%00b", "%0a", "%0d%0a", "%7f", "%c2%80", "%c2%85", "%ff", "%fe", "%c0%80", "%c0%af",
                        "%c0%ae%c0%ae", "%e0%80%af", "%f0%80%80%af", "%ed%a0%80", "%ed%bf%bf", "%f4%90%80%80",
                        "%f8%88%80%80%80",
                        "%c3", "%e2%82", "%80", "a%", "a%2", "a%zz", "%u002f"):
            with self.subTest(escaped=escaped):
                self.assert_problem(self.fetch("POST", "/topics/" + escaped, {}, b"x"), 400)
                self.assert_problem(self.fetch("GET", "/events?topic=" + escaped), 400)
        self.assert_honest_service()

    def test_raw_bytes_in_a_topic(self):
        for raw in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"a\xc3"):
            with self.subTest(raw=raw), self.connect() as connection:
                connection.send(b"POST /topics/" + raw + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
                self.assert_problem(connection.read_response(), 400)

    def test_absolute_targets_are_taken_by_their_path(self):
        for target in ("http://ringcast.test/healthz", "HTTP://evil.example:99/healthz",
                       "https://u:p@evil.example/healthz",
                       "http://[::1]:1/healthz", "http://ringcast.test/healthz?x=http://evil/nowhere"):
            with self.subTest(target=target):
                self.assertEqual(self.fetch("GET", target).status, 200)
        for target in ("http:///healthz", "http://", "ftp://ringcast.test/healthz", "file:///etc/passwd",
                       "http:/healthz", "gopher://127.0.0.1:70/_x"):
            with self.subTest(target=target):
                self.assertIn(self.fetch("GET", target).status, (400, 404))

    def test_authorities_and_asterisks_are_no_paths(self):
        for target in ("ringcast.test:80", "127.0.0.1", "healthz", "*", "**", "?", "@evil.example", ":80"):
            with self.subTest(target=target), self.connect() as connection:
                connection.send(request_bytes("GET", target))
                self.assertIn(connection.read_response().status, (400, 404))
        self.assert_honest_service()

    def test_a_fragment(self):
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/healthz#x"))
            self.assert_problem(connection.read_response(), 400)


if __name__ == "__main__":
    unittest.main()
