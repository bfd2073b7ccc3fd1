"""The bad disk itself, under SQLite: what was synced survives every power cut, and what was not is
lost by some. Without the second half, the tests that stand on it could not fail."""

import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import unittest

from harness.daemon import environment
from harness.power_cut import EIO_SYNC, EIO_WRITE, ENOSPC, KINDS, Disk, Truncate, Write, surviving
from harness.waiting import PATIENCE

# Commits numbers and tells each once its commit has returned. A small automatic checkpoint, so that
# the log is also written into the database and begun anew.
COMMITTER = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1] + "/journal.db", isolation_level=None)
base.execute("PRAGMA journal_mode=WAL")
base.execute("PRAGMA synchronous=" + sys.argv[2])
base.execute("PRAGMA wal_autocheckpoint=20")
base.execute("CREATE TABLE IF NOT EXISTS numbers(n INTEGER PRIMARY KEY, text TEXT)")
n = base.execute("SELECT coalesce(max(n), 0) FROM numbers").fetchone()[0]
while True:
    n += 1
    base.execute("INSERT INTO numbers VALUES(?, ?)", (n, "text " * (n % 300)))
    print(n, flush=True)
"""


def python(disk, program, *arguments, **options):
    """A Python with the shim, to be used as a context manager."""
    return subprocess.Popen([sys.executable, "-c", program, str(disk.folder), *arguments],
                            env=environment(disk.environment()), stdout=subprocess.PIPE, text=True, **options)


def commit(disk, synchronous, count):
    """Commits until `count` were told, and kills the process then. Returns the last one told."""
    with python(disk, COMMITTER, synchronous) as process:
        told = [process.stdout.readline() for _ in range(count)]
        process.kill()
        told += process.stdout.readlines()
    return int([line for line in told if line.endswith("\n")][-1])


def numbers(disk):
    """What SQLite finds after the cut; None when it finds it damaged."""
    base = sqlite3.connect(disk.folder / "journal.db")
    try:
        if base.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return None
        return [n for n, in base.execute("SELECT n FROM numbers ORDER BY n")]
    except sqlite3.DatabaseError:
        return None
    finally:
        base.close()


def run(disk, program):
    """Runs a few lines with `os` on the shim's disk; returns what they print."""
    with python(disk, "import os, sys\nos.chdir(sys.argv[1])\n" + program) as process:
        printed = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, (process.returncode, printed)
    return printed.split()


class DiskCase(unittest.TestCase):

    def setUp(self):
        self.disk = Disk()
        self.addCleanup(self.disk.close)

    def file(self, name="f"):
        return (self.disk.folder / name).read_bytes()


class SqliteTest(DiskCase):

    def every_cut(self, seeds=8):
        for kind in KINDS:
            for seed in range(1 if kind in ("none", "all") else seeds):
                with self.disk.copy() as twin:
                    twin.cut(kind, seed)
                    yield f"{kind} {seed}", numbers(twin)

    def test_a_commit_that_returned_survives_every_cut(self):
        for count in (1, 15, 60, 133):
            last = commit(self.disk, "FULL", count)
            for cut, found in self.every_cut():
                with self.subTest(count=count, cut=cut):
                    self.assertIsNotNone(found, "damaged")
                    self.assertEqual(found[:last], list(range(1, last + 1)))

    def test_cut_upon_cut_loses_nothing_that_was_told(self):
        last = 0
        for seed in range(15):
            last = commit(self.disk, "FULL", random.Random(seed).randint(1, 60))
            self.disk.cut(KINDS[seed % len(KINDS)], seed)
            self.assertEqual((numbers(self.disk) or [])[:last], list(range(1, last + 1)), f"cut {seed}")

    def test_without_syncs_what_was_told_is_lost(self):
        last = commit(self.disk, "OFF", 40)
        results = dict(self.every_cut())
        self.assertEqual(results["all 0"][:last], list(range(1, last + 1)))
        self.assertIsNone(results["none 0"], "not even the table is there")
        self.assertTrue(any(found is None or last not in found for cut, found in results.items()
                            if cut.startswith(("random", "torn"))))

    def test_with_syncs_at_checkpoints_only_the_latest_are_lost(self):
        lost = []
        for count in (100, 137, 151):  # Killed right at a checkpoint it loses none.
            last = commit(self.disk, "NORMAL", count)
            found = dict(self.every_cut())["none 0"]
            self.assertEqual(found, list(range(1, len(found) + 1)))
            lost.append(last - len(found))
        self.assertGreater(max(lost), 0)

    def test_a_restart_without_a_cut_goes_on_with_what_was_pending(self):
        commit(self.disk, "NORMAL", 10)
        last = commit(self.disk, "FULL", 1)
        self.disk.cut("none", 0)
        self.assertEqual((numbers(self.disk) or [])[:last], list(range(1, last + 1)))


class FileTest(DiskCase):

    def test_what_was_synced_stays_and_what_was_not_goes(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT)\n"
                       "os.pwrite(f, b'abcd', 0); os.fsync(f); os.pwrite(f, b'XY', 1); os.write(f, b'Z' * 9)\n")
        self.assertEqual(self.file(), b"Z" * 9)
        self.assertEqual(self.disk.cut("none", 0), 2)
        self.assertEqual(self.file(), b"abcd")

    def test_a_descriptor_for_reading_syncs_what_another_wrote(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abcd'); os.close(f)\n"
                       "os.fsync(os.open('f', os.O_RDONLY))")
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), b"abcd")

    def test_all_pending_writes_can_survive_in_their_order(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT)\n"
                       "os.write(f, b'abcd'); os.pwrite(f, b'XY', 6); os.ftruncate(f, 7); os.pwrite(f, b'-', 0)\n")
        self.disk.cut("all", 0)
        self.assertEqual(self.file(), b"-bcd\0\0X")

    def test_files_stay_the_same_inode(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abcd')")
        before = os.stat(self.disk.folder / "f").st_ino
        self.disk.cut("none", 0)
        self.assertEqual((os.stat(self.disk.folder / "f").st_ino, self.file()), (before, b""))

    def test_what_was_there_before_the_shim_is_durable(self):
        (self.disk.folder / "f").write_bytes(b"before")
        run(self.disk, "f = os.open('f', os.O_WRONLY | os.O_TRUNC); os.write(f, b'x')")
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), b"before")

    def test_appending_is_written_where_the_file_ends(self):
        (self.disk.folder / "f").write_bytes(b"before")
        run(self.disk, "f = os.open('f', os.O_WRONLY | os.O_APPEND); os.write(f, b'1'); os.writev(f, [b'', b'2'])")
        self.disk.cut("all", 0)
        self.assertEqual(self.file(), b"before12")

    def test_renaming_takes_along_what_is_pending(self):
        run(self.disk, "f = os.open('g', os.O_RDWR | os.O_CREAT); os.write(f, b'1'); os.fsync(f); os.write(f, b'2')\n"
                       "os.rename('g', 'f'); os.write(f, b'3')")
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), b"1")

    def test_a_file_made_anew_owes_nothing_to_the_one_that_was_removed(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'old'); os.fsync(f); os.unlink('f')\n"
                       "g = os.open('f', os.O_RDWR | os.O_CREAT); os.write(g, b'x'); os.write(f, b'lost'); os.fsync(f)")
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), b"")

    def test_locks_and_shared_memory_are_left_alone(self):
        run(self.disk, "f = os.open('x.lock', os.O_RDWR | os.O_CREAT); os.write(f, b'pid')")
        self.disk.cut("none", 0)
        self.assertEqual(self.file("x.lock"), b"pid")

    def test_each_sync_empties_the_log(self):
        sizes = run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT)\n"
                               "for n in range(300):\n"
                               "    os.pwrite(f, bytes(4096), 4096 * (n % 7)); os.fdatasync(f)\n"
                               "    print(os.stat('../shadow/f.log').st_size)\n")
        self.assertEqual(set(sizes), {"8"})

    def test_what_nobody_syncs_is_written_back_before_the_log_gets_long(self):
        run(self.disk, "f = os.open('f', os.O_RDWR | os.O_CREAT)\n"
                       "for n in range(90):\n"
                       "    os.pwrite(f, bytes([n]) * (1 << 20), 0)\n")
        self.assertLess(self.disk.pending_bytes(), 70 << 20)
        self.disk.cut("none", 0)
        self.assertGreater(self.file()[0], 50)

    def test_threads_keep_their_writes_apart(self):
        run(self.disk, "import threading\n"
                       "f = os.open('f', os.O_RDWR | os.O_CREAT)\n"
                       "def work(t):\n"
                       "    for n in range(200):\n"
                       "        os.pwrite(f, bytes([t]) * 100, 100 * (8 * n + t))\n"
                       "        n % 10 or os.fdatasync(f)\n"
                       "    os.fdatasync(f)\n"
                       "threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]\n"
                       "[t.start() for t in threads]; [t.join() for t in threads]\n")
        expected = b"".join(bytes([t]) * 100 for t in range(8)) * 200
        self.assertEqual(self.file(), expected)
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), expected)


TRY = """
def attempt(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return os.strerror(error.errno).split()[0]
f = os.open('f', os.O_RDWR | os.O_CREAT)
"""


class FaultTest(DiskCase):

    def attempt(self, *calls):
        return run(self.disk, TRY + "\n".join(f"print(attempt({call}))" for call in calls))

    def test_a_full_disk_refuses_only_what_makes_a_file_longer(self):
        (self.disk.folder / "f").write_bytes(b"12345678")
        self.disk.switch_on(ENOSPC)
        self.assertEqual(self.attempt("os.pwrite, f, b'abcd', 4", "os.pwrite, f, b'x', 8",
                                      "os.pwrite, f, b'abcd', 6", "os.posix_fallocate, f, 0, 9"),
                         ["4", "No", "2", "No"])
        self.assertEqual(self.file(), b"1234abab")
        self.assertEqual(self.disk.failed, 3)
        self.disk.switch_off()
        self.assertEqual(self.attempt("os.pwrite, f, b'x', 8"), ["1"])

    def test_writes_fail_and_leave_nothing_behind(self):
        self.disk.switch_on(EIO_WRITE)
        self.assertEqual(self.attempt("os.pwrite, f, b'x', 0", "os.write, f, b'x'", "os.ftruncate, f, 9"),
                         ["Input/output"] * 3)
        self.disk.cut("all", 0)
        self.assertEqual(self.file(), b"")

    def test_only_the_nth_call_fails(self):
        self.disk.switch_on(EIO_WRITE, nth=2)
        self.assertEqual(self.attempt(*["os.write, f, b'x'"] * 4), ["1", "Input/output", "1", "1"])

    def test_after_a_failed_sync_the_next_does_not_bring_back_what_was_lost(self):
        self.disk.switch_on(EIO_SYNC, nth=1)
        self.assertEqual(self.attempt("os.write, f, b'lost'", "os.fsync, f", "os.fsync, f",
                                      "os.pwrite, f, b'kept', 8", "os.fdatasync, f"),
                         ["4", "Input/output", "None", "4", "None"])
        self.assertEqual(self.file(), b"lost\0\0\0\0kept")
        self.disk.cut("none", 0)
        self.assertEqual(self.file(), b"\0\0\0\0\0\0\0\0kept")

    def test_syncs_are_counted_and_slowed_down(self):
        self.disk.delay_syncs(30_000)
        took = run(self.disk, TRY + "import time; begun = time.monotonic(); os.fsync(f); os.fdatasync(f)\n"
                                    "print(time.monotonic() - begun)")
        self.assertEqual(self.disk.syncs, 2)
        self.assertGreater(float(took[0]), 0.06)

    def test_other_folders_are_not_touched(self):
        self.disk.switch_on(EIO_WRITE)
        self.assertEqual(run(self.disk, "f = os.open('../other', os.O_RDWR | os.O_CREAT); print(os.write(f, b'x'))"),
                         ["1"])
        self.assertEqual(pathlib.Path(self.disk.folder, "../other").read_bytes(), b"x")


class SurvivingTest(unittest.TestCase):
    """The power cut's choice, without a process."""

    OPERATIONS = [Write(100, b"a" * 2000), Truncate(50), Write(0, b"b" * 512)]

    def test_a_torn_write_is_cut_at_sectors(self):
        seen = set()
        for seed in range(200):
            torn = Write(100, bytes(2000)).torn(random.Random(seed))
            for border in (torn.offset, torn.offset + len(torn.data)):
                self.assertIn(border, (100, 512, 1024, 1536, 2048, 2100))
            seen.add(len(torn.data))
        self.assertGreater(len(seen), 5)

    def test_the_order_is_kept_and_the_choice_depends_on_the_seed_only(self):
        for kind in KINDS:
            for seed in range(20):
                kept = surviving(self.OPERATIONS, kind, random.Random(seed))
                self.assertEqual(kept, surviving(self.OPERATIONS, kind, random.Random(seed)))
                if kind != "torn":
                    self.assertEqual(kept, [each for each in self.OPERATIONS if each in kept])


if __name__ == "__main__":
    unittest.main()
