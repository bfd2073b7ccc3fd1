"""Starts the real ringcastd, knows where it listens, and never leaves one behind."""

import atexit
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness.http import fetch
from harness.waiting import PATIENCE, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOOPBACK = "127.0.0.1:0"

_running = set()


@atexit.register
def _kill_leftovers():
    for process in list(_running):
        process.kill()
        process.wait()


def binary():
    """The daemon under test: $RINGCASTD, else the release build."""
    return os.environ.get("RINGCASTD", str(ROOT / "build" / "release" / "ringcastd"))


def environment(extra=None):
    """This environment without RINGCAST* settings, so that the machine's do not leak into a test."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RINGCAST")}
    return {**clean, **(extra or {})}


def run(*flags, env=None, cwd=None):
    """Runs the daemon to its end, for --check-config and start-up failures."""
    return subprocess.run(
        [binary(), *flags], env=environment(env), cwd=cwd, capture_output=True, text=True,
        timeout=PATIENCE, check=False)


class Daemon:
    """One ringcastd process. Use as a context manager; leaving it kills what is still there.

    `settings` is the configuration as nested dicts. JSON is YAML, so it is written as it is. Without `listen`, it has
    the listeners.
    """

    def __init__(self, settings=None, listen=(LOOPBACK,), flags=(), env=None, preexec=None, ready=True,
                 prefix=(), pass_fds=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-test-"))
        self.config_file = self.folder / "ringcast.yaml"
        self.write_config(settings or {})
        self.lines = []
        self._news = threading.Condition()
        command = [*prefix, binary(), "--config", str(self.config_file)]
        for address in listen:
            command += ["--listen", address.replace("{folder}", str(self.folder))]
        try:
            self.process = subprocess.Popen(
                [*command, *flags], env=environment(env), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=preexec, pass_fds=pass_fds)
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        _running.add(self.process)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not ready:  # For those who want it to end while it starts.
            return
        try:
            self.addresses = self._wait_for_listeners(len(listen or settings["listen"]))
            wait_until(lambda: fetch(self.address, "GET", "/readyz").status == 200, "/readyz is 200")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return self.addresses[0]

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    @property
    def pid(self):
        return self.process.pid

    @property
    def base_url(self):
        return f"http://{self.address}"

    def write_config(self, settings):
        # In one step: a reload that goes on still must not read half of it.
        new = self.config_file.with_suffix(".new")
        new.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        os.replace(new, self.config_file)

    def _read_log(self):
        for raw in self.process.stderr:
            text = raw.decode("utf-8", "replace").rstrip("\n")
            try:
                line = json.loads(text)
            except ValueError:
                line = {"message": text, "level": "unparsed"}
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self.lines.append(None)
            self._news.notify_all()

    def _wait_for_listeners(self, count):
        def listening():
            return [line["address"] for line in self.lines if line and line.get("message") == "listening"]
        with self._news:
            self._news.wait_for(lambda: len(listening()) >= count or None in self.lines, PATIENCE)
            if len(listening()) < count:
                raise AssertionError(f"ringcastd did not come up; it logged {self.lines}")
            return listening()

    def wait_for_log(self, matches, what, seconds=PATIENCE, skip=0):
        """The first log line from the `skip`th on that matches."""
        def found():
            return [line for line in self.lines[skip:] if line and matches(line)]
        with self._news:
            if not self._news.wait_for(lambda: found() or None in self.lines, seconds) or not found():
                raise AssertionError(f"no log line {what} among {self.lines[skip:]}")
            return found()[0]

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        self.signal(signal.SIGHUP)

    def wait_for_reload(self, logged):
        """Until a reload is done that was not when there were `logged` lines in the log."""
        self.wait_for_log(lambda line: line["message"] == "reload done", "of the reload", skip=logged)

    def reload_with(self, settings):
        """Settings that are valid; they hold when this returns."""
        logged = len(self.lines)
        self.write_config(settings)
        self.reload()
        self.wait_for_reload(logged)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def kill(self):
        """The crash: SIGKILL, and wait until its sockets are gone."""
        self.process.kill()
        return self.wait()

    def is_over_within(self, seconds):
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait(self, seconds=PATIENCE):
        code = self.process.wait(seconds)
        _running.discard(self.process)
        self._reader.join(PATIENCE)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS: is the daemon alive?")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        """User and system time so far (proc(5), fields 14 and 15)."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_sanitized(self):
        """Sanitizers keep freed memory: figures of memory say nothing then."""
        return "san.so" in pathlib.Path(f"/proc/{self.pid}/maps").read_text()

    def cpu_share_over(self, seconds):
        """How much of one CPU it uses. The one place that lets time pass: it is what is measured."""
        before, start = self.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.monotonic() - start)
