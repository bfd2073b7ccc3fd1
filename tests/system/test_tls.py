"""Listeners that speak TLS: versions, certificates, and that nothing else differs."""

import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest

from cli_stub import RINGCAST
from harness.certificates import make_certificate
from harness.daemon import Daemon, environment, run
from harness.http import Connection, fetch
from harness.metrics import scrape
from harness.sse import Stream, events_target
from harness.waiting import PATIENCE, wait_until


class TlsCase(unittest.TestCase):
    """A daemon with a plain and a TLS listener, whose files a test may replace."""

    minimum = "1.2"
    settings = {}

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        make_certificate(self.folder, "first", 1)
        self.use("first")
        self.files = {"certificate": str(self.folder / "used.pem"), "key": str(self.folder / "used.key")}
        tls = {**self.files, "minimum": self.minimum}
        listen = [{"tcp": "127.0.0.1:0"}, {"tcp": "127.0.0.1:0", "tls": tls}]
        self.daemon = Daemon({**self.settings, "listen": listen}, listen=())
        self.addCleanup(self.daemon.close)
        self.plain, self.secure = self.daemon.addresses
        self.port = self.secure.rsplit(":", 1)[1]
        self.url = f"https://127.0.0.1:{self.port}"

    def end(self):
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(), 0)

    def use(self, name):
        """What the daemon reads becomes this certificate."""
        for suffix in ("pem", "key"):
            shutil.copy(self.folder / f"{name}.{suffix}", self.folder / f"next.{suffix}")
            os.replace(self.folder / f"next.{suffix}", self.folder / f"used.{suffix}")

    def trusting(self, name="first", **rules):
        context = ssl.create_default_context(cafile=str(self.folder / f"{name}.pem"))
        for rule, value in rules.items():
            setattr(context, rule, value)
        return context

    def stream(self, topic, tls):
        stream = Stream(self.secure, events_target(topic), tls=tls)
        self.addCleanup(stream.close)
        stream.skip_first_block()
        return stream

    def publish(self, topic, data, address=None, tls=None):
        response = fetch(address or self.plain, "POST", "/topics/" + topic, body=data.encode(), tls=tls)
        self.assertEqual(response.status, 200, response)

    def curl(self, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", str(self.folder / "first.pem"),
                               *arguments], capture_output=True, text=True, timeout=2 * PATIENCE, check=False)

    def serial(self, trusted):
        with Connection(self.secure, tls=self.trusting(trusted)) as connection:
            return int(connection.socket.getpeercert()["serialNumber"], 16)


class TlsTest(TlsCase):

    def test_publishing_and_subscribing_are_as_without_it(self):
        tls = self.trusting()
        stream = self.stream("t", tls)
        self.publish("t", "over TLS", self.secure, tls)
        self.publish("t", "without", self.plain)
        self.publish("t", "x" * 300_000, self.secure, tls)
        self.assertEqual(stream.data(3), ["over TLS", "without", "x" * 300_000])
        self.end()
        self.assertIsNone(stream.next_event())  # Ended by close_notify: Python would complain.

    def test_a_slow_reader_of_a_large_history_gets_all_of_it(self):
        data = [str(number) + "y" * 20_000 for number in range(40)]
        for each in data:
            self.publish("big", each)
        with Stream(self.secure, events_target("big", since="earliest"), tls=self.trusting(),
                    receive_buffer=8192) as stream:
            self.assertEqual(stream.data(len(data)), data)

    def test_curl_is_served_with_each_version_of_tls(self):
        for version, flags in (("TLSv1.2", ["--tlsv1.2", "--tls-max", "1.2"]), ("TLSv1.3", ["--tlsv1.3"])):
            with self.subTest(version=version):
                done = self.curl(*flags, "-v", "-d", "hello", self.url + "/topics/t")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"SSL connection using {version}", done.stderr)
                self.assertRegex(done.stderr, "ALPN.*accept.* http/1.1")
                self.assertIn('"id"', done.stdout)

    def test_tls_1_1_is_refused(self):
        done = self.curl("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", self.url + "/healthz")
        self.assertEqual(done.returncode, 35, done.stderr)
        self.assertIn("alert protocol version", done.stderr)

    def test_alpn_is_http_1_1_and_no_other(self):
        for offered, chosen in (([], None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")):
            tls = self.trusting()
            if offered:
                tls.set_alpn_protocols(offered)
            with self.subTest(offered=offered), Connection(self.secure, tls=tls) as connection:
                self.assertEqual(connection.socket.selected_alpn_protocol(), chosen)
                self.assertEqual(connection.request("GET", "/healthz").status, 200)
        tls = self.trusting()
        tls.set_alpn_protocols(["h2"])
        with self.assertRaises(ssl.SSLError):
            Connection(self.secure, tls=tls)

    def test_plain_http_to_the_port_is_told_so(self):
        response = fetch(self.secure, "GET", "/healthz")
        self.assertEqual(response.status, 400)
        self.assertIn(b"https://", response.body)
        self.assertEqual(fetch(self.plain, "GET", "/healthz").status, 200)

    def test_tls_to_a_plain_port_is_told_in_the_log(self):
        with self.assertRaises(ssl.SSLError):
            Connection(self.plain, tls=self.trusting())
        told = self.daemon.wait_for_log(lambda line: line["message"] == "this port speaks plain HTTP, not TLS",
                                        "of the other protocol")
        self.assertEqual((told["level"], told["client"]), ("info", "127.0.0.1"))

    def test_garbage_and_half_handshakes_harm_nobody(self):
        for data in (b"", b"\x16", b"\x16\x03\x01\x00\xff" + b"z" * 255, bytes(range(256)) * 300):
            with self.subTest(data=data[:8]), Connection(self.secure) as connection:
                try:
                    connection.send(data)
                except ConnectionError:
                    pass  # It was refused before it was all sent.
                self.assertEqual(fetch(self.secure, "GET", "/healthz", tls=self.trusting()).status, 200)

    def test_many_requests_go_over_one_connection(self):
        with Connection(self.secure, tls=self.trusting()) as connection:
            for _ in range(50):
                self.assertEqual(connection.request("GET", "/healthz").status, 200)

    def test_the_command_line_client_reaches_it(self):
        def cli(*arguments):
            return subprocess.run([RINGCAST, *arguments], env=environment(), capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
        trust = ("--cacert", str(self.folder / "first.pem"))
        self.assertEqual(cli("pub", "t", "by CLI", "--url", self.url, *trust).returncode, 0)
        done = cli("sub", "t", "--since", "earliest", "-n", "1", "--url", self.url, *trust)
        self.assertEqual((done.returncode, done.stdout), (0, "by CLI\n"), done.stderr)
        self.assertEqual(cli("health", "--url", self.url, "--insecure").returncode, 0)
        self.assertNotEqual(cli("health", "--url", self.url).returncode, 0)


class StalledHandshakeTest(TlsCase):
    settings = {"limits": {"head_time": "300ms"}}

    def test_it_is_ended_by_the_time_for_a_head(self):
        with Connection(self.secure) as connection:
            connection.send(b"\x16\x03\x01")
            self.assertTrue(connection.is_ended())


class MemoryTest(TlsCase):

    def test_an_idle_subscriber_takes_at_most_24_kib(self):
        if self.daemon.is_sanitized():
            self.skipTest("SKIPPED: sanitizers keep freed memory, so the memory of subscribers was NOT tested")
        tls = self.trusting()
        for _ in range(30):
            self.stream("t", tls)
        before = self.daemon.resident_kib()
        for _ in range(300):
            self.stream("t", tls)
        # OpenSSL 3.5 keeps some 8 KiB more for each connection.
        most = 24 if ssl.OPENSSL_VERSION_INFO < (3, 5) else 32
        self.assertLessEqual((self.daemon.resident_kib() - before) / 300, most)


class MinimumTest(TlsCase):
    minimum = "1.3"

    def test_older_versions_are_refused(self):
        self.assertEqual(self.curl("--tlsv1.3", self.url + "/healthz").returncode, 0)
        self.assertEqual(self.curl("--tls-max", "1.2", self.url + "/healthz").returncode, 35)


class RenewalTest(TlsCase):

    def setUp(self):
        super().setUp()
        make_certificate(self.folder, "second", 2)

    def check_renewal(self, trigger):
        stream = self.stream("t", self.trusting())
        self.assertEqual(self.serial("first"), 1)
        logged = len(self.daemon.lines)
        self.use("second")
        trigger()
        self.daemon.wait_for_log(lambda line: line["message"] == "certificate read", "says so", skip=logged)
        # Both files may have been met between their replacements; the next look finds them both.
        def serial():
            try:
                return self.serial("second")
            except ssl.SSLError:
                return None
        wait_until(lambda: serial() == 2, "new connections get the new certificate")
        self.publish("t", "still there")
        self.assertEqual(stream.data(1), ["still there"])

    def test_hup_reads_the_files_again_and_open_streams_go_on(self):
        self.check_renewal(self.daemon.reload)

    def test_files_that_change_are_read_without_a_signal(self):
        self.check_renewal(lambda: None)

    def test_metrics_say_when_the_present_certificate_expires(self):
        make_certificate(self.folder, "third", 3, days=40)
        sample = f'ringcast_certificate_expiry_timestamp_seconds{{file="{self.files["certificate"]}"}}'
        def days_left():
            return (scrape(self.plain)[sample] - time.time()) / 86400
        self.assertAlmostEqual(days_left(), 2, delta=0.1)
        self.use("third")
        self.daemon.reload()
        wait_until(lambda: abs(days_left() - 40) < 0.1, "the new certificate has its time", PATIENCE)

    def test_bad_files_are_logged_and_the_old_certificate_stays(self):
        logged = len(self.daemon.lines)
        (self.folder / "used.pem").write_text("no certificate", encoding="utf-8")
        self.daemon.reload()
        line = self.daemon.wait_for_log(lambda each: each["level"] == "error", "tells the error", skip=logged)
        self.assertIn(str(self.folder / "used.pem") + ": holds no certificate", str(line))
        self.assertEqual(self.serial("first"), 1)


class StartTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        for serial, name in enumerate(("one", "other")):
            make_certificate(self.folder, name, serial + 1)

    def start(self, certificate, key):
        listen = f"listen=[{{tcp: 127.0.0.1:0, tls: {{certificate: {certificate}, key: {key}}}}}]"
        return run("--set", listen, cwd=self.folder)

    def test_files_that_cannot_serve_end_the_start_with_their_name_and_the_reason(self):
        (self.folder / "empty.pem").touch()
        for certificate, key, why in (
                ("missing.pem", "one.key", "listen[0].tls.certificate: the certificate missing.pem: No such file or directory"),
                ("one.pem", "missing.key", "listen[0].tls.key: the key missing.key: No such file or directory"),
                ("empty.pem", "one.key", "listen[0].tls.certificate: the certificate empty.pem: holds no certificate in PEM form"),
                ("one.pem", "other.key", "listen[0].tls.key: the key other.key: does not belong to one.pem")):
            with self.subTest(certificate=certificate, key=key):
                done = self.start(certificate, key)
                self.assertEqual((done.returncode, done.stderr), (2, f"ringcastd: {why}\n"))


if __name__ == "__main__":
    unittest.main()
