"""Starts and stops, on loopback, each server that the benchmark compares.

    with BROKERS["nchan"].start(cpu=0) as running:
        subprocess.run(["build/release/bench_load", "fanout", *running.load_flags()])

python3 tests/bench/brokers.py --check [--prepare] [NAME...] tries each of them with one event.
"""

import json
import subprocess
import sys

import disk
import go_peers
import peers
import processes
from processes import KEPT_EVENTS, RELEASE, NotStarted, Running

__all__ = ["APT_PACKAGES", "BROKERS", "NotStarted", "Running", "prepare"]


class BuiltHere(processes.Broker):
    """A server of this tree."""

    program = ""

    def missing(self):
        return None if (RELEASE / self.program).exists() else "not built"


class Ringcast(BuiltHere):
    program = "ringcastd"

    def __init__(self, workers=1):
        self.workers = workers
        self.name = "ringcast" if workers == 1 else f"ringcast-{workers}-workers"

    def version(self):
        return subprocess.run([RELEASE / self.program, "--version"], capture_output=True, text=True,
                              timeout=30, check=False).stdout.strip()

    def launch(self, started, workers=None, settings=(), ndjson=False):
        """`settings`: more of them, as --set takes them. `ndjson`: publish many events in one request."""
        config = started.folder / "ringcast.yaml"
        config.write_text(json.dumps({
            "listen": [{"tcp": f"127.0.0.1:{started.port}"}],
            "workers": workers or self.workers,
            "history": {"events": KEPT_EVENTS},
            "log": {"level": "warn"},
        }), encoding="utf-8")
        started.subscribe_path = "/events?topic=bench/{topic}"
        started.publish_path = "/topics/bench/{topic}"
        if ndjson:
            started.publish_path = "/events"
            started.publish_headers = ["Content-Type: application/x-ndjson"]
            started.publish_body = '{"topic":"bench/{topic}","data":"{payload}"}'
        more, env = self.journal(started)
        started.run([RELEASE / self.program, "--config", config,
                     *(f"--set={each}" for each in (*more, *settings))], env)

    def journal(self, _started):
        """Its settings, and more environment."""
        return (), None

    def serves(self, started):
        return processes.answers_ok(started.port, "/readyz")


class WithJournal(Ringcast):
    """Keeps what is published on disk."""

    def __init__(self, sync, delay_us=0):
        super().__init__()
        self.sync, self.delay_us = sync, delay_us
        self.name = f"ringcast-{sync}" + ("-slow" if delay_us else "")

    def missing(self):
        if self.delay_us and not disk.SHIM.exists():
            return "disk_shim is not built"
        return super().missing() or disk.missing()

    def journal(self, started):
        folder = disk.folder_for(started)
        env = disk.slow(started, folder, self.delay_us) if self.delay_us else None
        return (f"journal.path={folder}", f"journal.sync={self.sync}"), env


class Sqlite(BuiltHere):
    """No server: writes what a journal writes, by itself."""

    name = "sqlite"
    program = "bench_sqlite"

    def missing(self):
        return super().missing() or disk.missing()

    def launch(self, started, **_):
        started.tool = [RELEASE / self.program, "--folder", disk.folder_for(started)]

    def serves(self, started):
        return True


class Floor(BuiltHere):
    """The least that a server can do: what it writes to a stream is ready made."""

    program = "bench_floor"

    def __init__(self, name, *flags):
        self.name = name
        self.flags = flags

    def launch(self, started):
        started.subscribe_path = started.publish_path = "/bench/{topic}"
        started.run([RELEASE / self.program, "--port", started.port, *self.flags])


class Answer(BuiltHere):
    """Answers every request with the same bytes; there is nothing to subscribe to."""

    name = "answer"
    program = "bench_answer"

    def launch(self, started):
        started.subscribe_path = started.publish_path = "/bench/{topic}"
        started.run([RELEASE / self.program, "--port", started.port])


BROKERS = {broker.name: broker for broker in (
    Ringcast(), Ringcast(workers=2), WithJournal("always"), WithJournal("interval"), WithJournal("off"),
    WithJournal("always", delay_us=2000), Sqlite(), Floor("floor"), Floor("floor-coalescing", "--coalesce"), Answer(),
    peers.Nchan(), peers.Pushpin(), go_peers.Mercure(), go_peers.Centrifugo())}

APT_PACKAGES = [package for broker in BROKERS.values() for package in broker.packages]


def prepare():
    """Builds what can be built; why each of the others is skipped, by name."""
    reasons = {name: broker.prepare() for name, broker in BROKERS.items()}
    return {name: reason for name, reason in reasons.items() if reason}


if __name__ == "__main__":
    import broker_check
    sys.exit(broker_check.main(BROKERS, sys.argv[1:]))
