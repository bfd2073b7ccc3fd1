"""A child process whose output is read as it comes, and which never outlives the tests."""

import atexit
import os
import subprocess
import threading

from harness.waiting import PATIENCE, wait_until

running = set()


@atexit.register
def _kill_leftovers():
    for process in list(running):
        process.kill()
        process.wait()


def clean_environment(extra=None):
    """This environment without RINGCAST* settings, so that the machine's do not leak into a test."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RINGCAST")}
    return {**clean, "PYTHONUNBUFFERED": "1", **(extra or {})}


class Process:
    """Use as a context manager; leaving it kills what is still there. `lines` is its output so far."""

    def __init__(self, command, env=None, cwd=None):
        self.lines = []
        self.child = subprocess.Popen(
            [str(word) for word in command], env=clean_environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        running.add(self.child)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        for raw in self.child.stdout:
            self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))

    def wait_for_line(self, pattern, what):
        """The match of the first line that `pattern`, a compiled expression, finds."""
        def found():
            for line in list(self.lines):
                if match := pattern.search(line):
                    return match
            if self.child.poll() is not None and not self._reader.is_alive():
                raise AssertionError(f"{what}: it ended with {self.child.returncode}: {self.lines[-30:]}")
            return None
        try:
            return wait_until(found, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; it wrote {self.lines[-30:]}") from None

    @property
    def over(self):
        """All of its output has been read, to the end."""
        return not self._reader.is_alive()

    def terminate(self):
        """SIGTERM, and its exit status once it has ended by itself."""
        self.child.terminate()
        return self.child.wait(PATIENCE)

    def kill(self):
        """SIGKILL, and its end."""
        self.child.kill()
        self.child.wait()

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        running.discard(self.child)
        self._reader.join(PATIENCE)
        self.child.stdout.close()
