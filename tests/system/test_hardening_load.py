"""Attacks by number and by patience: many connections, slow ones, dead ones, noise, endless pipelines."""

import random
import resource
import select
import socket
import threading
import time
import unittest

from harness.attack import SMUGGLED, AttackCase
from harness.http import Connection, chunk, request_bytes
from harness.sse import events_target
from harness.waiting import PATIENCE, wait_until

HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def descriptors_to_spare():
    """How many connections this process may hold besides what a test needs; the daemon inherits the limit."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200


class SlowTest(AttackCase):
    """Each phase of a request has one time for all of it: bytes that drip do not prolong it."""

    settings = {"limits": {"head_time": "400ms", "body_time": "400ms", "idle_time": "400ms", "body": "64KiB"},
                "stream": {"write_stall": "500ms", "send_buffer": "4KiB"}}

    def drip(self, start, piece):
        """Sends `piece` over and over, slowly, until the daemon answers or closes; returns the connection."""
        connection = self.connect()
        connection.send(start)
        deadline = time.monotonic() + PATIENCE
        while not select.select([connection.socket], [], [], 0.02)[0]:
            self.assertLess(time.monotonic(), deadline, "the drip goes on for ever")
            connection.send(piece)
        return connection

    def test_a_head_that_drips(self):
        connection = self.drip(HALF_HEAD, b"x")
        self.assert_problem(connection.read_response(), 408)
        self.assert_honest_service()

    def test_a_second_head_that_drips(self):
        connection = self.drip(request_bytes("GET", "/nowhere") + HALF_HEAD, b"x")
        self.assert_problem(connection.read_response(), 404)
        self.assert_problem(connection.read_response(), 408)

    def test_empty_lines_that_drip(self):
        connection = self.drip(b"", b"\r\n")
        self.assert_ended_silently(connection)

    def test_a_body_that_drips(self):
        for head in ("Content-Length: 60000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nea60\r\n"):
            with self.subTest(head=head):
                connection = self.drip(f"POST /topics/smuggled HTTP/1.1\r\nHost: localhost\r\n{head}".encode(), b"x")
                self.assert_problem(connection.read_response(), 408)
                self.assert_honest_service()

    def test_chunks_that_drip(self):
        connection = self.drip(b"POST /topics/smuggled HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
                               chunk(b"x"))
        self.assert_problem(connection.read_response(), 408)
        self.assert_honest_service()

    def test_a_line_of_ndjson_that_drips(self):
        head = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection = self.drip(head + chunk(b'{"topic":"smuggled","data":"'), chunk(b"x"))
        self.assert_problem(connection.read_response(), 408)
        self.assert_honest_service()

    def test_many_half_heads(self):
        attackers = [self.connect() for _ in range(300)]
        for attacker in attackers:
            attacker.send(HALF_HEAD)
        self.assert_honest_service()
        for attacker in attackers:
            self.assert_problem(attacker.read_response(), 408)
            attacker.reset()
        self.assert_honest_service()

    def test_an_answer_that_nobody_reads(self):
        """A pipeline whose answers are not taken is not read on, and is closed when nothing moves."""
        connection = self.connect(receive_buffer=4096)
        request = request_bytes("GET", "/nowhere")
        connection.socket.setblocking(False)
        is_ended, sent, deadline = False, 0, time.monotonic() + PATIENCE
        while not is_ended:
            self.assertLess(time.monotonic(), deadline, f"{sent} bytes were taken and the end did not come")
            try:
                _, writable, _ = select.select([], [connection.socket], [], 0.05)
                sent += connection.socket.send(request * 500) if writable else 0
            except BlockingIOError:
                pass
            except ConnectionError:
                is_ended = True
            is_ended = is_ended or self.is_closed_by_peer(connection.socket)
        self.assertLess(sent, 64 << 20)
        self.assert_honest_service()

    @staticmethod
    def is_closed_by_peer(sock):
        poll = select.poll()
        poll.register(sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def test_a_subscriber_that_reads_nothing(self):
        stalled = self.open_stream(events_target("honest"), receive_buffer=4096)
        live = self.listener("honest")
        for number in range(64):
            self.publish(str(number) + "x" * 30_000, "honest")
            self.assertTrue(live.next_event().data.startswith(str(number)))
        wait_until(lambda: self.topic_info("honest")["subscribers"] == 1, "the stalled one is closed")
        stalled.close()
        self.assert_honest_service()


class NumberTest(AttackCase):

    def test_ten_thousand_connections_of_one_address(self):
        count = min(10_000, descriptors_to_spare())
        self.listener("watch")
        before = self.daemon.descriptors()
        attackers = []
        try:
            while len(attackers) < count:
                attackers.append(Connection(self.address))
            wait_until(lambda: self.daemon.descriptors() >= before + count, "all are accepted")
            self.assert_honest_service()
            for attacker in attackers:
                attacker.send(HALF_HEAD)
            self.assert_honest_service()
        finally:
            for attacker in attackers:
                attacker.reset()
        wait_until(lambda: self.daemon.descriptors() <= before, "all are forgotten")
        self.assert_honest_service()

    def test_connections_that_come_and_go_at_once(self):
        before = self.daemon.descriptors()
        for number in range(3000):
            attacker = Connection(self.address)
            if number % 3:
                attacker.send(HALF_HEAD if number % 3 == 1 else request_bytes("GET", events_target("honest")))
            attacker.reset()
        self.assert_honest_service()
        wait_until(lambda: self.daemon.descriptors() <= before, "all are forgotten")


class NoiseTest(AttackCase):
    WORDS = (b"GET ", b"POST ", b"/topics/smuggled", b" HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n", b"\r\n\r\n", b"\n",
             b"\0",
             b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"7fffffff\r\n", b"0\r\n\r\n", b"PRI * HTTP/2.0",
             b"%00", b": ")

    def assert_survives(self, noise):
        with self.connect() as connection:
            try:
                connection.send(noise)
                connection.socket.shutdown(socket.SHUT_WR)
                answer = connection.read_to_end()
            except OSError:
                return  # It was reset, which is an answer too.
            if answer:
                self.assertRegex(answer, rb"\AHTTP/1\.1 [2345]\d\d ")

    def test_bytes_at_random(self):
        chance = random.Random(20)
        for _ in range(300):
            self.assert_survives(chance.randbytes(chance.randrange(1, 2000)))
        self.assert_honest_service()

    def test_words_of_http_at_random(self):
        chance = random.Random(21)
        for _ in range(500):
            self.assert_survives(b"".join(chance.choices(self.WORDS, k=chance.randrange(1, 20))))
        self.assertEqual(self.fetch("GET", "/healthz").status, 200)

    def test_a_stream_of_noise(self):
        with self.connect() as connection:
            noise = random.Random(22).randbytes(1 << 20)
            try:
                for _ in range(16):
                    connection.send(noise)
            except ConnectionError:
                pass
        self.assert_honest_service()

    def test_a_subscriber_that_talks(self):
        """What a stream's client sends after its request is dropped, even if it is a request."""
        stream = self.listener()
        stream.connection.send(SMUGGLED + b"\0\xff" * 1000 + SMUGGLED)
        self.assert_silent(stream)
        self.assert_honest_service()


class HalfOpenTest(AttackCase):

    def test_a_client_that_shuts_its_side_at_once(self):
        connection = self.connect()
        connection.socket.shutdown(socket.SHUT_WR)
        self.assert_ended_silently(connection)

    def test_a_client_that_shuts_its_side_in_the_middle(self):
        post = b"POST /topics/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nevil!"
        for size in range(1, len(post)):
            with self.subTest(size=size):
                connection = self.connect()
                connection.send(post[:size])
                connection.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(connection.is_ended())
                connection.close()
        self.assert_honest_service()

    def test_a_client_that_vanishes_in_the_middle(self):
        before = self.daemon.descriptors()
        post = b"POST /topics/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nevil!"
        for size in range(1, len(post)):
            connection = self.connect()
            connection.send(post[:size])
            connection.reset()
        self.assert_honest_service()
        wait_until(lambda: self.daemon.descriptors() <= before, "nothing is left of them")


class PipelineTest(AttackCase):

    def test_nothing_is_done_after_an_error(self):
        for bad in (b"GET /healthz HTTP/1.1\r\n\r\n", b"\0\r\n", b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
                    b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: a\r\n\r\n"):
            with self.subTest(bad=bad), self.connect() as connection:
                connection.send(request_bytes("GET", "/healthz") + bad + SMUGGLED * 3)
                self.assertEqual(connection.read_response().status, 200)
                self.assertGreaterEqual(connection.read_response().status, 400)
                self.assertTrue(connection.is_ended())
            self.assert_honest_service()

    def test_nothing_is_done_after_close(self):
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/healthz", {"Connection": "close"}) + SMUGGLED)
            self.assertEqual(connection.read_response().status, 200)
            self.assertTrue(connection.is_ended())
        self.assert_honest_service()

    def test_a_very_long_pipeline(self):
        """Every answer comes, in its place, and others are served in the meantime."""
        count = 20_000
        requests = (request_bytes("GET", "/healthz") + request_bytes("GET", "/nowhere")) * (count // 2)
        with self.connect() as connection:
            sender = threading.Thread(target=connection.send, args=(requests,))
            sender.start()
            try:
                for number in range(count):
                    self.assertEqual(connection.read_response().status, 404 if number % 2 else 200)
                    if number % 5000 == 0:
                        self.assert_honest_service()
            finally:
                sender.join(PATIENCE)
        self.assertFalse(sender.is_alive())


if __name__ == "__main__":
    unittest.main()
