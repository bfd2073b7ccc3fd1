"""A headless Chromium, spoken to over a pipe (--remote-debugging-pipe): no driver, no WebSocket."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile

from harness.process import running
from harness.waiting import PATIENCE, wait_until

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"]
FIRST_FREE = 10  # Chromium reads descriptor 3 and writes 4, so ours must not be there.


def _pipe():
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE) for end in ends)
    for end in ends:
        os.close(end)
    return moved


class Browser:
    """Use as a context manager. Commands are those of the Chrome DevTools Protocol."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="ringcast-bridges-chromium-")
        its_input, self._to = _pipe()
        self._from, its_output = _pipe()

        def place():
            os.dup2(its_input, 3)
            os.dup2(its_output, 4)
        self.child = subprocess.Popen(
            [os.environ.get("CHROMIUM", "/usr/bin/chromium"), *FLAGS, f"--user-data-dir={self.profile}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4), preexec_fn=place)
        running.add(self.child)
        os.close(its_input)
        os.close(its_output)
        self._number, self._rest = 0, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def command(self, method, session=None, **parameters):
        """Sends a command and returns its result; what the browser tells in between is not looked at."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            pass
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self):
        while b"\0" not in self._rest:
            if not (chunk := os.read(self._from, 1 << 16)):
                raise AssertionError("Chromium has ended")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, url):
        target = self.command("Target.createTarget", url=url)["targetId"]
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, target, session)

    def close(self):
        if self.child.poll() is None:
            self.command("Browser.close")  # Its processes write to the profile until all of them have ended.
        self.child.wait(PATIENCE)
        running.discard(self.child)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A tab. Use as a context manager, or close it."""

    def __init__(self, browser, target, session):
        self._browser, self._target, self._session = browser, target, session

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def evaluate(self, expression):
        answer = self._browser.command("Runtime.evaluate", self._session, expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression, what):
        """Waits until the expression of JavaScript is true, and returns its value."""
        try:
            return wait_until(lambda: self.evaluate(expression), what)
        except AssertionError as error:
            shown = self.evaluate("document.body ? document.body.innerText : 'no page'")
            raise AssertionError(f"{error}; the page shows {shown!r}") from None

    def close(self):
        self._browser.command("Target.closeTarget", targetId=self._target)
