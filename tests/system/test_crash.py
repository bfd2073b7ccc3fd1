"""Crashes: whatever was acknowledged or seen is there when the daemon is back, with the same id, once
and in order, and readers go on where they were.

The moments are random. $CRASH_SEED repeats the choices of a run, though not the machine's.
"""

import os
import pathlib
import random
import shutil
import tempfile
import unittest
import uuid

from harness.crash import Broker
from harness.ledger import Gap
from harness.power_cut import KINDS, Disk

LONG = os.environ.get("RINGCAST_LONG") == "1"
SEED = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))
MODES = ("always", "interval", "off")
KEEP = 1500


def settings(sync):
    return {"journal": {"sync": sync, "interval": "100ms"}, "workers": 2, "drain": "5s",
            "stream": {"heartbeat": "100ms"},
            "history": {"events": KEEP, "bytes": "64MiB", "age": "1h", "grace": "0"}}


class CrashCase(unittest.TestCase):

    def setUp(self):
        self.chance = random.Random(f"{self.id()}-{SEED}")
        print(f"{self.id().rsplit('.', 1)[1]}: CRASH_SEED={SEED}", flush=True)

    def report(self, number, rounds, brokers):
        if number % 10 == 0 or number == rounds:
            count = sum(broker.ledger.acknowledged_count for broker in brokers)
            print(f"round {number} of {rounds}: {count} events acknowledged so far", flush=True)

    def load(self, broker):
        """Publishers at work until a random number of events is acknowledged, and a moment more."""
        broker.publish(publishers=self.chance.choice((1, 4, 8)))
        target = self.chance.choice((0, self.chance.randint(1, 50), self.chance.randint(200, 2000)))
        broker.wait_for(lambda: broker.acknowledged() >= target, f"{target} are acknowledged")
        broker.daemon.is_over_within(self.chance.uniform(0, 0.02))


class KillTest(CrashCase):
    """The end of the process loses nothing, however little is synced."""

    def broker(self, sync):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-crash-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        broker = Broker(folder, settings(sync), f"{sync}-{SEED}", keep=KEEP)
        self.addCleanup(broker.close)
        return broker

    def end(self, broker):
        how = self.chance.random()
        if how < 0.1:
            broker.terminate()
        elif how < 0.2:
            broker.kill_while_it_ends(self.chance.uniform(0, 0.3))
        else:
            broker.kill()

    def test_nothing_is_lost_when_the_process_is_killed(self):
        rounds = 200 if LONG else 50
        brokers = [self.broker(sync) for sync in MODES]
        for number in range(1, rounds + 1):
            broker = brokers[number % len(brokers)]
            if self.chance.random() < 0.2:
                broker.start_and_kill(self.chance.uniform(0, 0.08))
            broker.up()
            self.load(broker)
            self.end(broker)
            self.report(number, rounds, brokers)
        for broker in brokers:
            broker.up()
            broker.kill()


class PowerCutTest(CrashCase):
    """The end of the machine loses nothing that was to be synced at once, and tells of what else it took."""

    def setUp(self):
        super().setUp()
        self.disk = Disk()
        self.addCleanup(self.disk.close)
        self.boot_id = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-boot-")) / "boot_id"
        self.addCleanup(shutil.rmtree, self.boot_id.parent, ignore_errors=True)
        self.boot()

    def boot(self):
        self.boot_id.write_text(f"{uuid.UUID(int=self.chance.getrandbits(128))}\n", encoding="ascii")

    def broker(self, sync):
        broker = Broker(self.disk.folder, settings(sync), f"{sync}-{SEED}", keep=KEEP,
                        env={**self.disk.environment(), "RINGCAST_BOOT_ID_FILE": str(self.boot_id)})
        self.addCleanup(broker.close)
        return broker

    def cut(self, number, kind=None):
        kind = kind or self.chance.choice(KINDS)
        lost = self.disk.cut(kind, f"{SEED}-{number}")
        self.boot()
        return f"cut {number}, {kind}, {lost} writes lost"

    def test_what_is_synced_at_once_survives_power_cuts(self):
        rounds, cut = (100 if LONG else 25), "nothing"
        broker = self.broker("always")
        for number in range(1, rounds + 1):
            broker.up(cut)
            self.load(broker)
            broker.kill()
            cut = self.cut(number)
            if self.chance.random() < 0.2:
                broker.start_and_kill(self.chance.uniform(0, 0.08))
                cut += ", and while it started, " + self.cut(f"{number} again")
            self.report(number, rounds, [broker])
        broker.up(cut)
        broker.kill()

    def test_a_cut_that_takes_the_latest_is_told(self):
        rounds, cut, told = (60 if LONG else 15), "nothing", 0
        broker = self.broker("interval")
        for number in range(1, rounds + 1):
            broker.up(cut, lossy=number > 1)
            self.load(broker)
            # What comes after a hole makes the broker tell of it.
            broker.wait_for(broker.readers_have_news, "every reader has got something new")
            told += sum(isinstance(item, Gap) for each in broker.subscribers for item in list(each.items))
            broker.kill()
            cut = self.cut(number, self.chance.choice(("none", "none", *KINDS)))
            self.report(number, rounds, [broker])
        broker.up(cut, lossy=True)
        broker.kill()
        self.assertGreater(told, 0, "no cut has taken anything: this has tested nothing")


if __name__ == "__main__":
    unittest.main()
