"""The load generator of the benchmark: what it reports of a broker that works, and of one that does not."""

import json
import shutil
import subprocess
import tempfile
import unittest

from harness.case import DaemonCase
from harness.daemon import ROOT

LOAD = ROOT / "build" / "release" / "bench_load"
SQLITE = ROOT / "build" / "release" / "bench_sqlite"


class LoadCase(DaemonCase):
    def put_load(self, *flags, address=None):
        command = [LOAD, *flags, "--address", address or f"127.0.0.1:{self.daemon.port}", "--server-pids",
                   str(self.daemon.pid), "--warm-up=0.1", "--seconds=0.2", "--sleep", "--no-progress"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout)

    def assert_clean(self, done):
        code, report = done
        self.assertEqual((code, report["clean"]), (0, True), report)
        return report


class LoadGeneratorTest(LoadCase):
    settings = {"history": {"events": 1000, "grace": 0}}

    def test_fan_out_counts_each_delivery_of_each_topic(self):
        report = self.assert_clean(self.put_load("fanout", "--subscribers=20", "--topics=2", "--publishers=3",
                                                 "--in-flight=4"))
        self.assertGreater(report["published"], 0)
        self.assertEqual(report["deliveries"], 10 * report["published"])
        self.assertEqual(report["latency_us"]["count"], report["deliveries"])
        self.assertGreater(report["server_cpu_s"], 0)

    def test_an_open_loop_keeps_its_rate(self):
        report = self.assert_clean(self.put_load("fanout", "--subscribers=2", "--rate=100"))
        self.assertIn(report["published"], range(19, 23))

    def test_a_batch_is_one_request_of_many_lines(self):
        report = self.assert_clean(self.put_load(
            "fanout", "--subscribers=3", "--batch=10", "--publish-path=/events",
            "--publish-header=Content-Type: application/x-ndjson",
            '--publish-body={"topic":"bench/{topic}","data":"{payload}"}'))
        self.assertEqual(report["published"] % 10, 0)
        self.assertEqual(report["deliveries"], 3 * report["published"])

    def test_replay_and_reconnect_get_what_was_missed(self):
        report = self.assert_clean(self.put_load("replay", "--subscribers=5", "--events=50"))
        self.assertEqual(report["deliveries"], 250)
        report = self.assert_clean(self.put_load("reconnect", "--subscribers=20", "--events=10", "--live=5",
                                                 "--rate=50"))
        self.assertEqual(report["deliveries"], 200)
        self.assertGreater(report["live_during_us"]["count"] + report["live_before_us"]["count"], 0)

    def test_idle_streams_are_counted(self):
        self.assertEqual(self.assert_clean(self.put_load("idle", "--subscribers=30"))["streams"], 30)

    def test_what_a_broker_loses_is_said(self):
        code, report = self.put_load("replay", "--subscribers=2", "--events=1500", "--patience=0.2")
        self.assertEqual((code, report["clean"]), (3, False))
        self.assertEqual(report["gaps"], 2)
        self.assertIn(report["missing"], range(500, 1001))  # A few may leave the ring a little later.

    def test_a_history_that_memory_does_not_keep_is_missed(self):
        code, report = self.put_load("history", *HISTORY, "--patience=0.2")
        self.assertEqual((code, report["clean"]), (3, False))
        self.assertEqual((report["gaps"], report["stayers_missing"]), (3, 0))
        self.assertGreaterEqual(report["missing"], 3000)


HISTORY = ("--subscribers=3", "--events=2000", "--older=500", "--batch=100", "--live=5", "--rate=100",
           "--publish-path=/events", "--publish-header=Content-Type: application/x-ndjson",
           '--publish-body={"topic":"bench/{topic}","data":"{payload}"}')


class JournalLoadTest(LoadCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="ringcast-bench-test-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.settings = {"history": {"events": 1000, "grace": 0}, "journal": {"path": folder}}
        super().setUpClass()

    def test_a_long_history_is_replayed_whole_while_others_are_served(self):
        report = self.assert_clean(self.put_load("history", *HISTORY))
        self.assertEqual(report["deliveries"], 3 * 2000)
        self.assertGreater(report["live_before_us"]["count"], 0)
        self.assertEqual(report["stayers_missing"], 0)


class BareSqliteTest(unittest.TestCase):
    def test_it_counts_the_events_of_whole_transactions(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [SQLITE, "--folder", folder, "--group=8", "--seconds=0.1", "--warm-up=0.05"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        report = json.loads(done.stdout)
        self.assertGreater(report["transactions"], 0)
        self.assertEqual(report["published"], 8 * report["transactions"])
