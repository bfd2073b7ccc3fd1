"""The reverse proxies of docs/deploy.md, as they are written there, in front of a real broker."""

import hashlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness.certificates import make_certificate
from harness.daemon import ROOT, Daemon
from harness.sse import Parser
from harness.waiting import PATIENCE, wait_until

import yaml

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
TOKEN = "rc_backend-0123456789abcdef"
CLIENT = "127.0.0.2"  # Another address of this machine than the proxy's.
BY_HTTP = ("--http2", "--http1.1")


def snippet(language):
    """The one block of the page in that language."""
    found, = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text, f"{old!r} is not in the page any more"
        text = text.replace(old, str(new))
    return text


class CurlStream:
    """A subscription by curl, which speaks HTTP/2 and takes chunks apart."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.parser = Parser()
        self.events = []

    def next_event(self):
        while not self.events:
            data = self.process.stdout.read1(65536)
            assert data, f"the stream ended: {self.process.stderr.read()!r}"
            self.events += self.parser.feed(data)
        return self.events.pop(0)

    def wait_until_open(self):
        while not self.parser.last_id:
            data = self.process.stdout.read1(65536)
            assert data, f"no stream: {self.process.stderr.read()!r}"
            self.events += self.parser.feed(data)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class ProxyCase:
    """What every proxy has to do. Classes below say how it is started."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-proxy-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        make_certificate(self.folder, "cert", 1)
        both = (self.folder / "cert.pem").read_text() + (self.folder / "cert.key").read_text()
        (self.folder / "both.pem").write_text(both)
        settings = yaml.safe_load(snippet("yaml"))
        settings["auth"]["tokens"][0]["sha256"] = hashlib.sha256(TOKEN.encode()).hexdigest()
        settings["log"] = {"access": "all"}
        self.daemon = Daemon(settings)  # --listen replaces the listeners.
        self.addCleanup(self.daemon.close)
        self.port = free_port()
        proxy = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder,
                                 env={"HOME": str(self.folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        self.addCleanup(self.stop, proxy)
        wait_until(lambda: proxy.poll() is not None or self.curl("/readyz").stdout == b"200", "the proxy serves")
        self.assertIsNone(proxy.poll(), "the proxy has ended")

    @staticmethod
    def stop(proxy):
        proxy.terminate()
        proxy.communicate(timeout=PATIENCE)

    def arguments(self, target, *options):
        return ["curl", "-s", "--cacert", str(self.folder / "cert.pem"), "--interface", CLIENT, *options,
                "--resolve", f"localhost:{self.port}:127.0.0.1", f"https://localhost:{self.port}{target}"]

    def curl(self, target, *options):
        status = ("-o", "/dev/null", "-w", "%{http_code}")
        return subprocess.run(self.arguments(target, *status, *options), capture_output=True, timeout=PATIENCE)

    def publish(self, *data):
        for each in data:
            answer = self.curl("/topics/news/1", "-H", f"Authorization: Bearer {TOKEN}", "-d", each)
            self.assertEqual(answer.stdout, b"200")

    def subscribe(self, *options):
        stream = CurlStream(self.arguments("/events?topic=news/**", "-N", "-H", "Accept: text/event-stream", *options))
        self.addCleanup(stream.close)
        stream.wait_until_open()
        return stream

    def test_events_arrive_one_by_one_and_a_cut_stream_resumes(self):
        for version in BY_HTTP:
            with self.subTest(version=version):
                first = self.subscribe(version)
                self.publish("a")
                self.assertEqual(first.next_event().data, "a")  # Before there is a second one to push it out.
                first.close()
                self.publish("b", "c")
                second = self.subscribe(version, "-H", f"Last-Event-ID: {first.parser.last_id}")
                self.publish("d")
                self.assertEqual([second.next_event().data for _ in range(3)], ["b", "c", "d"])
                second.close()

    def test_http_2_is_spoken(self):
        answer = subprocess.run(self.arguments("/readyz", "--http2", "-o", "/dev/null", "-w", "%{http_version}"),
                                capture_output=True, timeout=PATIENCE)
        self.assertEqual(answer.stdout, b"2")

    def test_a_body_without_end_is_published_line_by_line(self):
        stream = self.subscribe()
        publisher = subprocess.Popen(
            self.arguments("/events", "-H", f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/x-ndjson",
                           "-H", "Expect:", "-X", "POST", "-T", "-", "-N"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            for data in ("a", "b"):
                publisher.stdin.write(json.dumps({"topic": "news/1", "data": data}).encode() + b"\n")
                publisher.stdin.flush()
                self.assertEqual(stream.next_event().data, data)
        finally:
            output = publisher.communicate(timeout=PATIENCE)[0]
        self.assertEqual(json.loads(output)["accepted"], 2)

    def test_the_broker_knows_the_client_and_believes_nothing_that_it_says(self):
        self.subscribe("-H", "X-Forwarded-For: 192.0.2.6", "-H", "Forwarded: for=192.0.2.7")
        line = self.daemon.wait_for_log(lambda line: line["message"] == "subscribed", "of the subscription")
        self.assertEqual(line["client"], CLIENT)

    def test_who_comes_by_the_proxy_has_no_rights_of_the_machine(self):
        self.assertEqual(self.curl("/topics/news/1", "-d", "x").stdout, b"401")
        self.assertEqual(self.curl("/metrics").stdout, b"401")

    def test_its_page_may_publish(self):
        options = ("-H", f"Authorization: Bearer {TOKEN}", "-d", "x", "-H")
        self.assertEqual(self.curl("/topics/news/1", *options, "Origin: https://events.example").stdout, b"200")

    def test_a_drain_ends_the_stream_with_a_time_to_come_back(self):
        stream = self.subscribe()
        self.daemon.terminate()
        rest = stream.process.stdout.read()
        self.assertIn(b"retry: ", rest)
        self.assertEqual(self.daemon.wait(), 0)


@unittest.skipUnless(shutil.which("nginx", path="/usr/sbin:/usr/bin"), "no nginx here")
class NginxTest(ProxyCase, unittest.TestCase):

    def command(self):
        body = replaced(snippet("nginx"), ("127.0.0.1:8080", self.daemon.address), ("listen 443", f"listen {self.port}"),
                        ("/etc/ssl/events.example.pem", self.folder / "cert.pem"),
                        ("/etc/ssl/events.example.key", self.folder / "cert.key"),
                        ("/var/log/nginx/ringcast.log", self.folder / "access.log"))
        kinds = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr; worker_processes 1;\n"
            f"events {{ worker_connections 128; }}\nhttp {{ {kinds}\n{body}}}\n")
        return ["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]

    def test_no_token_gets_into_the_log(self):
        self.curl(f"/events?topic=news&access_token={TOKEN}", "-I")
        wait_until(lambda: "/events" in (self.folder / "access.log").read_text(), "the request is logged")
        self.assertNotIn(TOKEN, (self.folder / "access.log").read_text())


@unittest.skipUnless(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "no haproxy here")
class HaproxyTest(ProxyCase, unittest.TestCase):

    def command(self):
        (self.folder / "haproxy.cfg").write_text(
            replaced(snippet("haproxy"), ("127.0.0.1:8080", self.daemon.address), ("bind :443", f"bind :{self.port}"),
                     ("/etc/haproxy/events.example.pem", self.folder / "both.pem")))
        return ["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")]


@unittest.skipUnless(shutil.which("caddy"), "no caddy here")
class CaddyTest(ProxyCase, unittest.TestCase):

    def command(self):
        site = f"https://localhost:{self.port} {{\n\ttls {self.folder}/cert.pem {self.folder}/cert.key"
        (self.folder / "Caddyfile").write_text(
            "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" +
            replaced(snippet("caddy"), ("127.0.0.1:8080", self.daemon.address), ("events.example {", site)))
        return ["caddy", "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]


if __name__ == "__main__":
    unittest.main()
