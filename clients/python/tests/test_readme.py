"""Every piece of Python in README.md runs, and prints what one expects."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import ringcast
import ringcast_micro
from harness.daemon import Daemon
from harness.waiting import PATIENCE
from test_micro import micropython

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
SECRET = re.search(r'^SECRET = "(.+)"$', README.read_text(encoding="utf-8"), re.MULTILINE).group(1)
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    """Each snippet is found by a piece of it."""

    tried = set()

    @classmethod
    def tearDownClass(cls):
        if cls.tried != set(SNIPPETS):
            raise AssertionError(f"nobody tries this snippet: {(set(SNIPPETS) - cls.tried).pop()}")

    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.close)
        self.client = ringcast.Client(self.daemon.url)
        self.addCleanup(self.client.close)

    def prints(self, piece, pattern, daemon=None, command=(sys.executable, "-u")):
        """Runs the snippet with `piece` until it has printed a line that matches."""
        snippet, = [each for each in SNIPPETS if piece in each]
        self.tried.add(snippet)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGCAST")}
        folder = os.path.dirname(ringcast_micro.__file__)
        environment.update(PYTHONPATH=os.path.dirname(os.path.dirname(ringcast.__file__)), MICROPYPATH=f"{folder}:.frozen")
        with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
            file.write(snippet.replace("http://127.0.0.1:8080", (daemon or self.daemon).url))
            file.flush()
            with subprocess.Popen(
                    [*command, file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    env=environment) as process:
                watchdog = threading.Timer(PATIENCE, process.kill)
                watchdog.start()
                lines = []
                for line in process.stdout:
                    lines.append(line)
                    if re.search(pattern, line):
                        break
                else:
                    self.fail(f"no line like {pattern!r}: {''.join(lines)}")
                watchdog.cancel()
                process.kill()

    def test_publish(self):
        self.prints("shipment-7", r"^Published\(id='shipment-7', duplicate=False\)$")
        self.assertEqual("hello", self.daemon.history("news")[0]["data"])
        paid, shipped = self.daemon.history("orders/42")
        self.assertEqual(("paid", '{"total":"12.50"}', "shipped"), (paid["event"], paid["data"], shipped["data"]))

    def test_publish_many(self):
        self.prints('"ticks"', "^10000$")

    def test_subscribe(self):
        self.client.publish("news", "hello")
        self.prints('since="-10"', r"^\S+-1 message hello$")

    def test_gaps_and_envelopes(self):
        self.client.publish("orders/1", {"a": 1}, event="paid")
        self.prints("gap.missed", r"^None events are gone: (epoch|unknown)$")
        self.prints("gap.missed", r'^orders/1 20\S+Z \{"a":1\}$')

    def test_asyncio(self):
        self.prints("AsyncClient", "^hello$")

    def test_tokens(self):
        with Daemon({"auth": {"jwt": {"algorithms": ["HS256"], "key": SECRET}}}) as daemon:
            self.prints("make_token", r"^/events\?topic=orders/43&access_token=\w+\.\w+\.[\w-]+$", daemon)

    def test_errors(self):
        self.prints("error.detail", '^400 event the event names "open" and "error"')

    def test_the_micro_module(self):
        self.prints("ringcast_micro", r'^\S+-3 reading \{"reading":2\}$')

    def test_the_micro_module_on_micropython(self):
        self.prints("ringcast_micro", r'^\S+-3 reading \{"reading":2\}$', command=[micropython()])


if __name__ == "__main__":
    unittest.main()
