"""Subscribers and publishers under load, while others attack: nobody legitimate loses an event."""

import json
import os
import random
import subprocess
import threading
import unittest

from harness.case import DaemonCase
from harness.daemon import ROOT
from harness.http import Connection, request_bytes
from harness.sse import events_target
from harness.waiting import PATIENCE, wait_until

LOAD = ROOT / "build" / "release" / "bench_load"
IS_LONG = os.environ.get("RINGCAST_LONG") == "1"
SUBSCRIBERS, RATE, SECONDS = (1000, 200, 20) if IS_LONG else (200, 100, 3)
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


class Attackers:
    """Threads that each repeat one attack until the end; `turns` says how often each did it."""

    def __init__(self, address):
        self.address = address
        self.turns = {}
        self._over = threading.Event()
        self._threads = []

    def __enter__(self):
        for attack in (self.half_heads(), self.flood(), self.garbage(), self.stalled_readers()):
            thread = threading.Thread(target=self._repeat, args=(attack,), name=attack.__name__)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"{thread.name} does not end"

    def _repeat(self, attack):
        self.turns[attack.__name__] = 0
        try:
            for _ in attack:
                self.turns[attack.__name__] += 1
                # A breath, so that one attacker does not take the load generator's processor.
                if self._over.wait(0.001):
                    return
        finally:
            attack.close()

    def half_heads(self):
        """Slowloris: many heads that never end, a byte now and then, and a new one for each that was closed."""
        held = []
        try:
            while True:
                if len(held) < 300:
                    held.append(Connection(self.address))
                    held[-1].send(HALF_HEAD)
                else:
                    slow = held.pop(0)
                    try:
                        slow.send(b"x")
                        held.append(slow)
                    except ConnectionError:
                        slow.reset()
                yield
        finally:
            for slow in held:
                slow.reset()

    def flood(self):
        """Connections that come in dozens and go at once, some with a request."""
        while True:
            some = [Connection(self.address) for _ in range(24)]
            for number, connection in enumerate(some):
                if number % 2:
                    connection.send(request_bytes("GET", events_target("bench/**")))
            for connection in some:
                connection.reset()
            yield

    def garbage(self):
        chance = random.Random(7)
        while True:
            with Connection(self.address) as connection:
                try:
                    connection.send(chance.randbytes(chance.randrange(1, 20_000)))
                except ConnectionError:
                    pass
                connection.reset()
            yield

    def stalled_readers(self):
        """Subscribers to everything that never read: each is closed after a while, and comes again."""
        held = []
        try:
            while True:
                if len(held) == 100:
                    held.pop(0).reset()
                held.append(Connection(self.address, receive_buffer=2048))
                held[-1].send(request_bytes("GET", events_target("**", since="earliest")))
                yield
        finally:
            for stalled in held:
                stalled.reset()


class AbuseTest(DaemonCase):
    settings = {"limits": {"head_time": "1s"}, "stream": {"write_stall": "1s", "send_buffer": "4KiB"}}

    def put_load(self):
        """The load generator's report: it knows what each subscriber has to get, and counts what did not come."""
        done = subprocess.run(
            [str(LOAD), "fanout", f"--subscribers={SUBSCRIBERS}", f"--rate={RATE}", f"--seconds={SECONDS}",
             "--address", self.address, "--server-pids", str(self.daemon.pid), "--warm-up=0.2", "--sleep",
             "--no-progress"],
            capture_output=True, text=True, timeout=60 + 4 * SECONDS, check=False)
        report = json.loads(done.stdout)
        self.assertEqual((done.returncode, report["clean"], report["missing"], report["gaps"]), (0, True, 0, 0), report)
        self.assertEqual(report["deliveries"], SUBSCRIBERS * report["published"])
        self.assertGreater(report["published"], 0)
        return report

    def test_nobody_legitimate_loses_an_event(self):
        before = self.daemon.descriptors()
        quiet = self.put_load()
        with Attackers(self.address) as attackers:
            wait_until(lambda: len(attackers.turns) == 4 and min(attackers.turns.values()) > 10, "all attack")
            begun = dict(attackers.turns)
            attacked = self.put_load()
            for attack, turns in attackers.turns.items():
                self.assertGreater(turns, begun[attack], f"{attack} has ended before the load")
        wait_until(lambda: self.daemon.descriptors() <= before, "nothing is left of the attackers")
        self.assertEqual(self.fetch("GET", "/healthz").status, 200)
        p99s = [report["latency_us"]["p99"] for report in (quiet, attacked)]
        print(f"abuse: {SUBSCRIBERS} subscribers, {RATE} events/s: p99 {p99s[0]} us, under attack {p99s[1]} us")


if __name__ == "__main__":
    unittest.main()
