"""systemd's side of a service: hears what the daemon notifies, passes sockets, and keeps those that it is given."""

import array
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import time

from harness.daemon import Daemon
from harness.waiting import PATIENCE

# LISTEN_PID is known only in the process itself; the sockets begin at descriptor 3.
_PASS = """import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
for number, fd in enumerate(os.environ.pop("FDS").split(), 3):
    os.dup2(int(fd), number)
os.execv(sys.argv[1], sys.argv[1:])
"""


class ServiceManager:
    """Use as a context manager. `messages` has every datagram as a dict of its lines."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-manager-"))
        self.messages = []
        self.stored = []  # (name, socket)
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.folder / "notify"))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.folder / "notify"))
        self._thread.join(PATIENCE)
        self._socket.close()
        for _, each in self.stored:
            each.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _receive(self):
        while True:
            data, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(4))
            if not data:
                return
            fields = dict(line.split("=", 1) for line in data.decode().splitlines())
            descriptors = array.array("i")
            for _, _, raw in ancillary:
                descriptors.frombytes(raw)
            with self._news:
                self.messages.append({**fields, "at": time.monotonic()})
                self.stored += [(fields["FDNAME"], socket.socket(fileno=fd)) for fd in descriptors]
                self._news.notify_all()

    def start(self, settings=None, passed=(), watchdog_ms=None, env=None, **more):
        """The daemon as systemd starts it. `passed`: (name, socket)."""
        variables = {"NOTIFY_SOCKET": str(self.folder / "notify"), **(env or {})}
        if watchdog_ms is not None:
            variables["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        prefix, descriptors = (), [each.fileno() for _, each in passed]
        if passed:
            # Other numbers than those that they will have.
            copies = [os.dup2(fd, 100 + index) for index, fd in enumerate(descriptors)]
            variables |= {"LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": ":".join(name for name, _ in passed),
                          "FDS": " ".join(map(str, copies))}
            prefix, descriptors = (sys.executable, "-c", _PASS), copies
        try:
            return Daemon(settings, env=variables, prefix=prefix, pass_fds=descriptors, **more)
        finally:
            for fd in descriptors if passed else ():
                os.close(fd)

    def wait_for(self, matches, what, skip=0):
        """The first message from the `skip`th on that matches."""
        def found():
            return [message for message in self.messages[skip:] if matches(message)]
        with self._news:
            if not self._news.wait_for(found, PATIENCE):
                raise AssertionError(f"no message {what} among {self.messages[skip:]}")
            return found()[0]

    def wait_for_status(self, part, skip=0):
        return self.wait_for(lambda message: part in message.get("STATUS", ""), f"with the status {part!r}", skip)
