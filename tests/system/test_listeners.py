"""Where the daemon listens: TCP, IPv6 and unix sockets, and several of them."""

import os
import socket
import stat
import unittest

from harness.case import DaemonCase
from harness.daemon import Daemon
from harness.http import fetch
from harness.sse import Stream, events_target


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class SeveralListenersTest(DaemonCase):
    listen = ("127.0.0.1:0", "127.0.0.1:0", "unix:{folder}/ringcast.sock")

    def test_each_is_logged_and_answers(self):
        self.assertEqual(len(set(self.daemon.addresses)), 3)
        for address in self.daemon.addresses:
            with self.subTest(address=address):
                self.assertEqual(fetch(address, "GET", "/healthz").status, 200)

    def test_an_event_from_one_reaches_the_subscribers_of_all(self):
        streams = [Stream(address, events_target(self.topic)) for address in self.daemon.addresses]
        for stream in streams:
            self.addCleanup(stream.close)
            stream.skip_first_block()
        self.assertEqual(fetch(self.daemon.addresses[2], "POST", "/topics/" + self.topic, body=b"x").status, 200)
        for stream in streams:
            self.assertEqual(stream.data(1), ["x"])

    def test_a_unix_socket_is_not_for_everybody(self):
        mode = os.stat(self.daemon.addresses[2].removeprefix("unix:")).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o660)


class UnixSocketTest(unittest.TestCase):

    def test_it_is_removed_at_the_end(self):
        with Daemon(listen=("127.0.0.1:0", "unix:{folder}/ringcast.sock")) as daemon:
            path = daemon.addresses[1].removeprefix("unix:")
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0)
            self.assertFalse(os.path.exists(path))

    def test_one_that_a_crash_left_behind_is_taken_over(self):
        with Daemon(listen=("127.0.0.1:0", "unix:{folder}/ringcast.sock")) as crashed:
            address = crashed.addresses[1]
            crashed.kill()
            self.assertTrue(os.path.exists(address.removeprefix("unix:")))
            with Daemon(listen=("127.0.0.1:0", address)) as daemon:
                self.assertEqual(fetch(daemon.addresses[1], "GET", "/healthz").status, 200)


@unittest.skipUnless(has_ipv6(), "SKIPPED: this machine has no ::1, so IPv6 listeners were NOT tested")
class Ipv6Test(DaemonCase):
    listen = ("[::1]:0",)

    def test_it_publishes_and_subscribes(self):
        self.assertRegex(self.address, r"\A\[::1\]:[1-9]\d*\Z")
        stream = self.listener()
        self.publish("x")
        self.assertEqual(stream.data(1), ["x"])


if __name__ == "__main__":
    unittest.main()
