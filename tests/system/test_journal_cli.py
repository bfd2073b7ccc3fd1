"""`ringcast journal`: export and import, also beside a writer, and copies of a journal."""

import datetime
import fcntl
import os
import sqlite3
import subprocess
import threading
import time
import unittest

from cli_stub import DEADLINE, RINGCAST, environment, run, stop
from harness.waiting import PATIENCE, wait_until
from journal_case import EVENTS, JournalCase, journal, lines_of


class RoundTrip(JournalCase):
    def test_an_import_of_an_export_is_the_same_journal(self):
        self.fill()
        events = self.exported()
        self.assertEqual(events, [{"seq": n, **event} for n, event in enumerate(EVENTS, 1)])
        other = self.directory / "other"
        other.mkdir()
        self.fill(events, other)
        self.assertEqual(self.exported(directory=other), events)
        self.assertEqual(self.check(), (0, ["no faults"]))

    def test_an_export_can_be_narrowed(self):
        self.fill()
        self.assertEqual([e["seq"] for e in self.exported("--topic", "orders/*")], [1, 2, 5])
        self.assertEqual([e["seq"] for e in self.exported("--topic", "orders/2", "--topic", "audit")],
                         [2, 4, 5])
        self.assertEqual([e["seq"] for e in self.exported("--after", 3)], [4, 5])
        self.assertEqual(self.exported("--after", 5), [])
        self.assertEqual(self.exported("--after", 2**64 - 1), [])
        self.assertEqual(journal("export", self.directory, "--topic", "a**").returncode, 2)

    def test_what_is_gone_is_not_exported(self):
        self.fill()
        self.change("UPDATE topics SET gone_high = 4 WHERE name = 'orders/1'")
        self.assertEqual([(e["seq"], e["topics"]) for e in self.exported()],
                         [(2, ["audit"]), (3, ["ä/ö"]), (4, ["audit"]), (5, ["orders/2"])])

    def test_events_are_put_behind_all_that_was_used(self):
        self.fill()
        self.change("UPDATE meta SET value = 4096 WHERE name = 'reserved'")
        epoch = self.stats()["epoch"]
        (self.directory / "journal.mark").write_bytes(b"x" * 512)
        self.fill([{"topic": "orders/1", "data": "more"}])
        self.assertEqual(self.exported()[-1]["seq"], 4097)
        stats = self.stats("--topics", "1", "--by-events")
        self.assertEqual((stats["sequence"], stats["reserved"]), (4097, 4097))
        self.assertEqual((stats["largest"][0]["name"], stats["largest"][0]["events"]), ("orders/1", 3))
        self.assertNotEqual(stats["epoch"], epoch)
        self.assertFalse((self.directory / "journal.mark").exists())
        self.assertEqual(self.check(), (0, ["no faults"]))

    def test_the_bytes_of_a_topic_are_those_on_the_wire(self):
        self.fill([{"topic": "a", "id": "my own", "data": "x"}] * 2)
        for gone, events in ((0, 2), (1, 1)):
            self.change(f"UPDATE topics SET gone_high = {gone}")
            largest = self.stats("--topics", "1")["largest"]
            self.assertEqual(largest, [{"name": "a", "events": events,
                                        "bytes": events * len("id: my own\ndata: x\n\n")}])

    def test_times_never_go_back_and_are_never_to_come(self):
        self.fill([{"time": "2024-01-02T00:00:00Z", "topic": "a", "data": ""},
                   {"time": "2023-01-01T00:00:00Z", "topic": "a", "data": ""},
                   {"time": "9000-01-01T00:00:00Z", "topic": "a", "data": ""},
                   {"topic": "a", "data": ""}])
        times = [datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00"))
                 for e in self.exported()]
        self.assertEqual(times[0], times[1])
        self.assertEqual(times[0].year, 2024)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(now - times[2], datetime.timedelta(minutes=5))
        self.assertLessEqual(times[2], times[3])
        self.assertLess(times[3] - now, datetime.timedelta(minutes=5))

    def test_many_events_and_topics_pass(self):
        events = [{"topic": f"t/{n % 7000}", "data": f"{n}"} for n in range(20000)]
        self.fill(events)
        self.assertEqual([e["data"] for e in self.exported()], [e["data"] for e in events])
        self.assertEqual(self.check(), (0, ["no faults"]))
        stats = self.stats("--topics", "3", "--by-events")
        self.assertEqual((stats["events"], stats["topics"]), (20000, 7000))
        self.assertEqual([topic["events"] for topic in stats["largest"]], [3, 3, 3])

    def test_a_closed_pipe_ends_an_export_quietly(self):
        self.fill([{"topic": "t", "data": "x" * 1000}] * 5000)
        process = subprocess.Popen([RINGCAST, "journal", "export", self.directory],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        process.stdout.readline()
        process.stdout.close()
        with process.stderr:
            self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))


class Import(JournalCase):
    def test_a_bad_line_is_named_and_those_before_it_stay(self):
        bad = ["{nope", '{"topic":"a*","data":""}', '{"topic":"a","data":"","evnt":"x"}', "[]",
               '{"topic":"a","data":"","time":"yesterday"}', '{"topic":"a","data":"","event":"open"}']
        for number, line in enumerate(bad):
            with self.subTest(line=line):
                result = journal("import", self.directory,
                                 stdin='{"topic":"a","data":"good"}\n\n' + line + "\n" + line)
                self.assertEqual((result.returncode, result.stdout), (1, b""))
                self.assertRegex(result.stderr.decode(),
                                 r"\Aringcast: line 3: .+; 1 events imported\n\Z")
                self.assertEqual(len(self.exported()), number + 1)

    def test_it_reads_a_file(self):
        file = self.directory / "events.ndjson"
        file.write_text(lines_of(EVENTS))
        self.assertEqual(journal("import", self.directory, file).returncode, 0)
        self.assertEqual(len(self.exported()), len(EVENTS))
        self.assertEqual(journal("import", self.directory, "/nowhere/at/all").returncode, 2)

    def test_it_refuses_a_journal_that_is_in_use(self):
        self.fill()
        with open(self.directory / "journal.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = journal("import", self.directory, stdin=lines_of(EVENTS))
            self.assertEqual(result.returncode, 1)
            self.assertIn("in use", result.stderr.decode())
            self.assertTrue(self.stats()["in_use"])
            self.assertEqual(self.check(), (0, ["no faults"]))
            self.assertEqual(len(self.exported()), len(EVENTS))
        self.assertFalse(self.stats()["in_use"])

    def test_it_refuses_what_a_crash_left(self):
        self.fill()
        self.change("UPDATE meta SET value = 0 WHERE name = 'clean'")
        (self.directory / "journal.mark").write_bytes(b"x" * 512)
        result = journal("import", self.directory, stdin=lines_of(EVENTS))
        self.assertEqual(result.returncode, 1)
        self.assertIn("left by a crash", result.stderr.decode())
        (self.directory / "journal.mark").unlink()  # A copy has none.
        self.fill()

    def test_one_that_is_killed_leaves_a_whole_journal(self):
        self.fill()
        process = subprocess.Popen([RINGCAST, "journal", "import", self.directory],
                                   stdin=subprocess.PIPE, env=environment())
        process.stdin.write(lines_of([{"topics": ["t", "u"], "data": "x"}] * 6000).encode())
        process.stdin.flush()
        wait_until(lambda: self.stats()["events"] > len(EVENTS), "events are committed")
        stop(process)
        self.assertEqual(self.check(), (0, ["no faults"]))
        count = self.stats()["events"]
        self.fill()
        self.assertEqual(len(self.exported()), count + len(EVENTS))
        self.assertEqual(self.check(), (0, ["no faults"]))

    def test_it_makes_no_journal_where_it_cannot(self):
        missing = self.directory / "missing" / "below"
        self.assertEqual(journal("import", missing).returncode, 2)
        self.assertFalse(missing.parent.exists())
        (self.directory / "journal.db-wal").write_bytes(b"of another")
        self.assertEqual(journal("import", self.directory).returncode, 2)
        self.assertFalse(self.database.exists())

    def test_a_directory_that_is_missing_is_made_for_its_owner(self):
        fresh = self.directory / "fresh"
        self.fill(directory=fresh)
        self.assertEqual(fresh.stat().st_mode & 0o777, 0o700)
        self.assertEqual(len(self.exported(directory=fresh)), len(EVENTS))

    def test_by_events_without_topics_is_an_error(self):
        result = journal("stats", self.directory, "--by-events")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--by-events requires --topics", result.stderr.decode())

    def test_a_leftover_of_an_interrupted_creation_is_no_hindrance(self):
        (self.directory / "journal.db.new").write_bytes(b"half")
        self.fill()
        self.assertEqual(sorted(os.listdir(self.directory)), ["journal.db", "journal.lock"])

    def test_an_empty_import_changes_nothing(self):
        self.fill()
        (self.directory / "journal.mark").write_bytes(b"x" * 512)
        before = self.stats()
        self.fill([])
        self.assertEqual(self.stats(), before)
        self.assertTrue((self.directory / "journal.mark").exists())


class BesideAWriter(JournalCase):
    """A daemon writes in WAL mode and takes no exclusive lock on the database."""

    def test_an_export_is_of_one_moment_while_a_writer_writes(self):
        self.fill([{"topic": "t", "data": "x" * 500}] * 3000)
        stop, written = threading.Event(), [3000]
        writer = threading.Thread(target=self.write, args=(stop, written))
        writer.start()
        self.addCleanup(lambda: (stop.set(), writer.join()))
        counts = set()
        deadline = time.monotonic() + PATIENCE
        while len(counts) < 3 and time.monotonic() < deadline:  # What the writer does shows.
            before = written[0]
            events = self.exported()
            self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
            self.assertEqual(len(events) % 10, 0)  # The writer writes ten at a time.
            self.assertGreaterEqual(len(events), before)
            counts.add(len(events))
            self.assertEqual(self.check(), (0, ["no faults"]))
            self.assertEqual(self.stats()["events"] % 10, 0)
        self.assertEqual(len(counts), 3)

    def write(self, stop, written):
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=DEADLINE)
        through = connection.execute("SELECT max(bytes_through) FROM entries").fetchone()[0]
        while not stop.is_set():
            connection.execute("BEGIN IMMEDIATE")
            for seq in range(written[0] + 1, written[0] + 11):
                through += 30
                connection.execute("INSERT INTO events SELECT ?, max(time), 1, NULL, NULL, 0, ?"
                                   " FROM events", (seq, b"data: y\n\n"))
                connection.execute("INSERT INTO entries VALUES (1, ?, ?, ?)", (seq, seq, through))
            connection.execute("UPDATE meta SET value = ? WHERE name IN ('last', 'reserved')",
                               (written[0] + 10,))
            connection.execute("COMMIT")
            written[0] += 10
        connection.close()


class Backup(JournalCase):
    def test_a_copy_by_vacuum_or_backup_is_a_journal(self):
        self.fill()
        for name, sql in (("vacuum", "VACUUM INTO ?"), ("backup", None)):
            copy = self.directory / name
            copy.mkdir()
            connection = sqlite3.connect(self.database)
            if sql:
                connection.execute(sql, (str(copy / "journal.db"),))
            else:
                target = sqlite3.connect(copy / "journal.db")
                connection.backup(target)
                target.close()
            connection.close()
            self.assertEqual(journal("check", copy).returncode, 0)
            self.assertEqual(self.exported(directory=copy), self.exported())


class CommandLine(unittest.TestCase):
    def test_help_of_every_command_has_examples(self):
        for command in ("check", "stats", "export", "import"):
            result = journal(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"Examples:\n  ringcast journal {command}".encode(), result.stdout)
            self.assertIn(f"Usage: ringcast journal {command} ".encode(), result.stdout)

    def test_a_wrong_command_line_ends_with_2_and_one_line(self):
        for arguments in ([], ["chek"], ["check"], ["check", "d", "e"], ["stats", "d", "--topics", "x"],
                          ["export", "d", "--after", "-1"], ["import"]):
            with self.subTest(arguments=arguments):
                result = journal(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertRegex(result.stderr.decode(), r"\Aringcast: [^\n]+\n\Z")
        self.assertIn(b"did you mean 'check'?", journal("chek").stderr)
        self.assertIn(b"(see ringcast journal check --help)", journal("check").stderr)

    def test_bash_completes_the_commands_of_journal(self):
        script = run("completion", "bash").stdout.decode()
        cases = {("ringcast", "journal", "e"): "export",
                 ("ringcast", "journal", "check", "--q"): "--quick",
                 ("ringcast", "journal", "export", "d", "--"): "--after --help --topic"}
        for words, expected in cases.items():
            probe = (script + f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}\n"
                     '_ringcast; printf "%s\\n" "${COMPREPLY[@]}" | sort | paste -sd " "')
            result = subprocess.run(["bash", "-c", probe], capture_output=True, timeout=DEADLINE)
            self.assertEqual(result.stdout.decode().strip(), expected, result.stderr)


if __name__ == "__main__":
    unittest.main()
