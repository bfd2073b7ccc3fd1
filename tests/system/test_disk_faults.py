"""A full disk and a failing one: publishers are refused, nothing else stops, and it goes on by itself.
What was refused never shows up."""

import os
import pathlib
import shutil
import tempfile
import unittest
import uuid

from harness import http, sse
from harness.crash import Broker
from harness.power_cut import EIO_SYNC, EIO_WRITE, ENOSPC, KINDS, Disk

PUBLISHERS = 8
CUTS = KINDS if os.environ.get("RINGCAST_LONG") == "1" else ("none", "torn")
SETTINGS = {
    "journal": {"sync": "always"}, "workers": 2, "stream": {"heartbeat": "100ms"},
    "history": {"events": 100000, "bytes": "256MiB", "age": "1h"},
}


class DiskFaults:
    """What holds for every fault. Subclasses say which, and what publishers are told."""

    fault = status = None

    def setUp(self):
        self.disk = Disk()
        self.addCleanup(self.disk.close)
        self.boot_id = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-boot-")) / "boot_id"
        self.addCleanup(shutil.rmtree, self.boot_id.parent, ignore_errors=True)
        self.boot_id.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        self.broker = Broker(self.disk.folder, SETTINGS, seed=self.id(),
                             env={**self.disk.environment(), "RINGCAST_BOOT_ID_FILE": str(self.boot_id)})
        self.addCleanup(self.broker.close)

    def at_work(self, after="nothing"):
        self.broker.up(after)
        self.broker.publish(PUBLISHERS)
        self.wait_for_answers(200, 10)

    def wait_for_answers(self, status, count):
        """Every publisher gets so many answers of that status from now on. Returns all answers since."""
        before = [len(each.statuses) for each in self.broker.publishers]

        def answers():
            return [each.statuses[begin:] for each, begin in zip(self.broker.publishers, before)]
        self.broker.wait_for(lambda: all(each.count(status) >= count for each in answers()),
                             f"{count} answers {status} for each of {PUBLISHERS}")
        return [status for each in answers() for status in each]

    def assert_alive(self):
        """Streams stay open, heartbeats come, reading works."""
        with sse.Stream(self.broker.daemon.address, sse.events_target("quiet")) as stream:
            for _ in range(4):
                self.assertIsNotNone(stream.next_block())
        self.assertEqual([each.name for each in self.broker.subscribers if each.ended], [])
        self.assertEqual(http.fetch(self.broker.daemon.address, "GET", "/healthz").status, 200)

    def make_fail(self):
        self.disk.switch_on(self.fault)
        self.assert_no_other_answers(self.wait_for_answers(self.status, 5))

    def assert_no_other_answers(self, answers):
        self.assertEqual(set(answers) - {200, self.status}, set())

    def power_cut(self, kind, seed):
        self.disk.cut(kind, seed)
        self.boot_id.write_text(f"{uuid.uuid4()}\n", encoding="ascii")

    def end(self, after):
        self.broker.up(after)
        self.broker.kill()

    def test_publishers_are_refused_and_served_again_without_a_restart(self):
        self.at_work()
        for _ in range(3):
            self.make_fail()
            self.assert_alive()
            self.disk.switch_off()
            self.assert_no_other_answers(self.wait_for_answers(200, 20))
        self.broker.kill()
        self.end("a kill when all was well again")

    def test_what_was_refused_does_not_show_up_when_it_is_killed_before_the_disk_is_well(self):
        for _ in range(3):
            self.at_work()
            self.make_fail()
            self.broker.kill()
            self.disk.switch_off()
        self.end("a kill while the disk failed")

    def test_what_was_acknowledged_survives_a_power_cut_while_the_disk_fails(self):
        for seed, kind in enumerate(CUTS):
            self.at_work()
            self.make_fail()
            self.broker.kill()
            self.disk.switch_off()
            self.power_cut(kind, seed)
        self.end("a power cut while the disk failed")

    def test_what_was_acknowledged_after_a_failure_survives_a_power_cut(self):
        for seed, kind in enumerate(CUTS):
            self.at_work()
            self.make_fail()
            self.disk.switch_off()
            self.wait_for_answers(200, 5)
            self.broker.kill()
            self.power_cut(kind, seed)
        self.end("a power cut after the disk had failed")

    def test_what_is_acknowledged_after_a_restart_survives_a_power_cut(self):
        """A failed sync leaves in the kernel's cache what will never be on the disk; a restart finds it there."""
        for seed, kind in enumerate(CUTS):
            self.at_work()
            self.make_fail()
            self.broker.kill()
            self.disk.switch_off()
            self.at_work("a kill while the disk failed")
            self.broker.kill()
            self.power_cut(kind, seed)
        self.end("a power cut after a restart")

    def test_a_single_failure_costs_no_more_than_what_was_told(self):
        self.at_work()
        for nth in range(1, 12):
            failed = self.disk.failed
            self.disk.switch_on(self.fault, nth)
            self.broker.wait_for(lambda before=failed: self.disk.failed > before, f"call {nth} has failed")
            self.assert_no_other_answers(self.wait_for_answers(200, 5))
        self.assert_alive()
        self.broker.kill()
        self.end("single failures and a kill")


class FullDiskTest(DiskFaults, unittest.TestCase):
    fault, status = ENOSPC, 507


class FailingWritesTest(DiskFaults, unittest.TestCase):
    fault, status = EIO_WRITE, 503


class FailingSyncsTest(DiskFaults, unittest.TestCase):
    fault, status = EIO_SYNC, 503


if __name__ == "__main__":
    unittest.main()
