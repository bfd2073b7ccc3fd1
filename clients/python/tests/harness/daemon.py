"""A real ringcastd, which can be stopped and started again at the same address."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from harness.waiting import PATIENCE, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[4]


class Daemon:
    """`settings` is the configuration as nested dicts; `listen` an address, unix:{folder}/… too, or None
    where the settings say it: one listener with TLS. `prepare` may put files into the folder first."""

    def __init__(self, settings=None, listen="127.0.0.1:0", prepare=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-python-"))
        (self.folder / "journal").mkdir()
        self._file = self.folder / "ringcast.yaml"
        text = json.dumps(settings or {}).replace("{folder}", str(self.folder))
        self._file.write_text(text, encoding="utf-8")
        self._listen = listen.replace("{folder}", str(self.folder)) if listen else ""
        self._has_tls = not listen
        self.process = None
        try:
            if prepare:
                prepare(self.folder)
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        binary = os.environ.get("RINGCASTD", str(ROOT / "build" / "release" / "ringcastd"))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RINGCAST")}
        self._lines = []
        self.process = subprocess.Popen(
            [binary, "--config", str(self._file), *(["--listen", self._listen] if not self._has_tls else [])],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(listening,), daemon=True)
        self._reader.start()
        if not listening.wait(PATIENCE) or self.process.poll() is not None:
            raise AssertionError(f"ringcastd did not come up: {self._lines}")
        if self.url.startswith("http:"):
            wait_until(lambda: self.get("/readyz")[0] == 200, "/readyz is 200")

    def _read_log(self, listening):
        for line in self.process.stderr:
            self._lines.append(line.decode("utf-8", "replace").strip())
            if '"listening"' in self._lines[-1] and not listening.is_set():
                self._listen = json.loads(self._lines[-1])["address"]  # A restart comes back to it.
                listening.set()
        listening.set()

    @property
    def url(self):
        if self._listen.startswith("unix:"):
            return self._listen
        return f"{'https' if self._has_tls else 'http'}://{self._listen}"

    def get(self, path, token=None):
        """Status and body."""
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except urllib.error.URLError:
            return 0, b""

    def history(self, topic):
        """The events of a topic that the broker keeps, at most 1000."""
        status, body = self.get(f"/history?topic={topic}&limit=1000")
        if status != 200:
            raise AssertionError(f"/history: {status} {body!r}")
        return json.loads(body)["events"]

    def subscribers(self, topic):
        return json.loads(self.get(f"/topics/{topic}")[1]).get("subscribers", 0)

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stderr.close()
        self.process = None

    def restart(self, number=signal.SIGTERM):
        self.stop(number)
        self.start()

    def close(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
