"""Server processes of the benchmark: started with raised limits on one CPU, never left behind."""

import atexit
import ctypes
import http.client
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
PEERS = ROOT / "build" / "peers"
MAX_CONNECTIONS = 18000   # Of each server that wants to know.
KEPT_EVENTS = 2000        # For each topic, where a server keeps any.
_OPEN_FILES = 20000
_START_SECONDS = 15
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36

_libc = ctypes.CDLL(None)
_all_running = set()


class NotStarted(Exception):
    """A server that did not come up; says what it logged."""


class Broker:
    """One kind of server: knows whether it can run here and how to start it."""

    name = ""
    packages = ()  # Of Debian, that it needs.

    def prepare(self):
        """Builds what can be built here; None, or why this server is skipped. May take minutes."""
        return self.missing()

    def missing(self):
        """None, or a short reason why this server is skipped."""
        absent = [name for name in self.packages if not package_version(name)]
        return f"package {absent[0]} is not installed" if absent else None

    def version(self):
        """What it is, for the report."""
        return ", ".join(f"{name} {package_version(name)}" for name in self.packages) or "of this tree"

    def start(self, cpu=0, **options):
        """Runs it, all its processes on `cpu` (None: on any), and waits until it serves."""
        started = Running(self.name, cpu)
        try:
            self.launch(started, **options)
            started.wait_until(self.serves)
        except BaseException:
            started.close()
            raise
        return started

    def launch(self, started, **options):
        raise NotImplementedError

    def serves(self, started):
        return accepts(started.port)


class Running:
    """A server that runs. A context manager; leaving it kills the server and removes its files."""

    def __init__(self, name, cpu):
        self.name = name
        self.cpu = cpu
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-bench-"))
        self.port = free_port()
        self.publish_port = None   # None: the same.
        self.subscribe_path = ""
        self.subscribe_headers = []
        self.publish_path = ""
        self.publish_headers = []
        self.publish_body = "{payload}"
        self.more_load_flags = []
        self.tool = []             # Instead of a server: a program that measures itself.
        self.at_close = []         # Called after the processes are gone.
        self._processes = []
        _all_running.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, command, env=None):
        """Starts a process that counts as the server's; what it prints goes to the log."""
        def limit():
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            files = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if self.cpu is not None:
                os.sched_setaffinity(0, {self.cpu})
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # So that close() can reap a server's own children.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("RINGCAST")}
        with open(self.folder / "log", "ab") as log:
            self._processes.append(subprocess.Popen(
                [str(word) for word in command], env={**clean, **(env or {})}, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limit))

    def wait_until(self, serves):
        """Polls until serves(self), no process having ended, or raises NotStarted."""
        deadline = time.monotonic() + _START_SECONDS
        while not serves(self):
            ended = [each.args[0] for each in self._processes if each.poll() is not None]
            if ended or time.monotonic() > deadline:
                why = f"{ended[0]} ended" if ended else f"does not serve after {_START_SECONDS} s"
                raise NotStarted(f"{self.name}: {why}; it logged: {self.log()[-2000:]}")
            time.sleep(0.02)

    def log(self):
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def pids(self):
        """Every process whose CPU time and memory count: those started here and their descendants."""
        return [pid for process in self._processes for pid in with_descendants(process.pid)]

    def load_flags(self):
        """What tells bench_load how to talk to this server."""
        flags = ["--address", f"127.0.0.1:{self.port}"]
        if self.publish_port:
            flags += ["--publish-address", f"127.0.0.1:{self.publish_port}"]
        flags += ["--subscribe-path", self.subscribe_path]
        for header in self.subscribe_headers:
            flags += ["--subscribe-header", header]
        flags += ["--publish-path", self.publish_path]
        for header in self.publish_headers:
            flags += ["--publish-header", header]
        return [*flags, "--publish-body", self.publish_body, *self.more_load_flags]

    def close(self):
        if self not in _all_running:
            return
        _all_running.discard(self)
        pids = self.pids()  # Parents come first, so that none replaces a child that is gone.
        own = {process.pid for process in self._processes}
        for process in self._processes:
            process.kill()
            process.wait()
        for pid in pids:
            if pid not in own:
                kill_and_reap(pid)
        for action in self.at_close:
            action()
        shutil.rmtree(self.folder, ignore_errors=True)


@atexit.register
def _close_all():
    for running in list(_all_running):
        running.close()


def with_descendants(pid):
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in with_descendants(int(child)))]


def kill_and_reap(pid):
    """Ends a process that became our child when its parent ended."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def answers_ok(port, path, headers=None):
    """Whether a GET gets status 200. Does not wait for the end of the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def package_version(name):
    """Of an installed Debian package, else None."""
    if not shutil.which("dpkg-query"):
        return None
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name],
                           capture_output=True, text=True, timeout=30, check=False).stdout.split()
    return shown[1] if len(shown) == 2 and shown[0] == "installed" else None
