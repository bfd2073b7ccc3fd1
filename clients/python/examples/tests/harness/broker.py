"""Starts the real ringcastd and knows where it listens."""

import json
import os
import pathlib
import re
import shutil
import tempfile
import urllib.request

from harness.process import Process
from harness.waiting import PATIENCE

ROOT = pathlib.Path(__file__).resolve().parents[5]
LISTENING = re.compile(r'"message":"listening","address":"([^"]+)"|"address":"([^"]+)".*"message":"listening"')


def binary(name):
    """The program under test: $RINGCASTD or $RINGCAST, else that of the release build."""
    return os.environ.get(name.upper(), str(ROOT / "build" / "release" / name))


class Broker(Process):
    """One ringcastd. `settings` is its configuration as nested dicts (JSON is YAML), `file` a file with one;
    `flags` go to its command line."""

    def __init__(self, settings=None, file=None, flags=(), address="127.0.0.1:0"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-bridges-"))
        if file is None:
            file = self.folder / "ringcast.yaml"
            file.write_text(json.dumps(settings or {}), encoding="utf-8")
        try:
            super().__init__([binary("ringcastd"), "--config", file, "--listen", address, *flags])
        except OSError:
            shutil.rmtree(self.folder)
            raise
        try:
            found = self.wait_for_line(LISTENING, "ringcastd listens")
        except BaseException:
            self.close()
            raise
        self.address = found.group(1) or found.group(2)
        self.url = f"http://{self.address}"
        host, _, port = self.address.rpartition(":")
        self.at = (host, int(port))

    def close(self):
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=None):
        """The answer's body as JSON; None when it is empty. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def publish(self, topic, data, query="", headers=None):
        """Publishes text and returns its id."""
        headers = {"Content-Type": "text/plain", **(headers or {})}
        return self.request("POST", f"/topics/{topic}{query}", data.encode(), headers)["id"]

    def subscribers(self, topic, headers=None):
        """How many streams the topic has, from GET /topics."""
        listed = self.request("GET", f"/topics?prefix={topic}", headers=headers)["topics"]
        return next((entry["subscribers"] for entry in listed if entry["name"] == topic), 0)
