"""`ringcast journal` on what is no journal, and `check` on databases that were damaged on purpose."""

import os
import unittest

from journal_case import EVENTS, JournalCase, journal, lines_of


class Unreadable(JournalCase):
    def assert_unreadable(self, text):
        for command in ("check", "stats", "export", "import"):
            with self.subTest(command=command):
                result = journal(command, self.directory, stdin=lines_of(EVENTS))
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertRegex(result.stderr.decode(), r"\Aringcast: [^\n]+\n\Z")
                self.assertIn(text, result.stderr.decode())

    def test_no_journal(self):
        for command in ("check", "stats", "export"):
            result = journal(command, self.directory)
            self.assertEqual(result.returncode, 2)
            self.assertIn("journal.db: No such file or directory", result.stderr.decode())
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_file_that_is_no_database(self):
        self.database.write_bytes(os.urandom(8192))
        self.assert_unreadable("is not a SQLite database")

    def test_an_empty_file(self):
        self.database.write_bytes(b"")
        self.assert_unreadable("is empty")
        self.assertEqual(self.database.read_bytes(), b"")

    def test_another_applications_database(self):
        self.change("CREATE TABLE theirs(x)")
        before = self.database.read_bytes()
        self.assert_unreadable("is not a journal of ringcast")
        self.assertEqual(self.database.read_bytes(), before)

    def test_a_newer_schema(self):
        self.fill()
        self.change("PRAGMA user_version = 2")
        self.assert_unreadable("newer version of ringcast (schema 2, this one knows 1)")


class Faults(JournalCase):
    def setUp(self):
        super().setUp()
        self.fill()

    def test_each_broken_rule_is_found(self):
        cases = {
            "DELETE FROM events WHERE seq = 2": "entry 2: there is no such event",
            "UPDATE entries SET nth = 5 WHERE seq = 2 AND topic = 1": "nth is 5 after 1",
            "UPDATE entries SET bytes_through = 1 WHERE seq = 4": "bytes_through is less",
            "INSERT INTO entries VALUES (77, 3, 1, 1)": "topic 77: there are entries, but no row",
            "DELETE FROM entries WHERE seq = 3": "event 3: it is in no topic",
            "UPDATE events SET time = 5 WHERE seq = 4": "event 4: its time is before",
            "UPDATE events SET block = x'00' WHERE seq = 5": "event 5: a stored event has no data line",
            "UPDATE events SET block = 'data: x\nretry: 5\n\n' WHERE seq = 5": "event 5: a stored event",
            "UPDATE meta SET value = 4 WHERE name = 'reserved'": "event 5: its number is above",
            "UPDATE meta SET value = 'No!' WHERE name = 'epoch'": "meta: the epoch",
            "DELETE FROM meta WHERE name = 'clean'": "meta: there is no clean",
            "UPDATE meta SET value = 999 WHERE name = 'last'": "meta: last is 999",
            "UPDATE topics SET name = 'a*' WHERE number = 3": "topic 3: ",
            "UPDATE topics SET name = 'other' WHERE number = 2": "the event is of another topic",
            "UPDATE events SET topic = 1 WHERE seq = 5": "event 5: it is in no topic",
            "DROP TABLE entries": "no such table: entries",
        }
        whole = self.database.read_bytes()
        for statement, fault in cases.items():
            for arguments in ([], ["--quick"]):
                with self.subTest(statement=statement, arguments=arguments):
                    self.change(statement)
                    self.assert_fault(fault, *arguments)
                    self.restore(whole)
        self.assertEqual(self.check(), (0, ["no faults"]))

    def restore(self, whole):
        for extra in ("-wal", "-shm"):
            self.database.with_name("journal.db" + extra).unlink(missing_ok=True)
        self.database.write_bytes(whole)

    def test_entries_that_are_gone_need_no_event(self):
        self.change("UPDATE topics SET gone_high = 1 WHERE name = 'orders/1'",
                    "DELETE FROM events WHERE seq = 1")
        self.assertEqual(self.check(), (0, ["no faults"]))

    def test_an_index_without_its_row_is_found_unless_it_is_to_be_quick(self):
        self.change("PRAGMA writable_schema = ON",
                    "UPDATE sqlite_schema SET sql = replace(sql, 'IS NOT NULL', 'IS NULL')"
                    " WHERE name = 'events_by_id'")
        self.assert_fault("events_by_id")
        self.assertEqual(self.check("--quick"), (0, ["no faults"]))

    def test_garbage_in_the_file_is_found(self):
        self.fill([{"topic": "t", "data": "x" * 200}] * 2000)
        bytes_ = bytearray(self.database.read_bytes())
        for page in range(20, 40):
            bytes_[page * 4096:page * 4096 + 512] = os.urandom(512)
        self.restore(bytes_)
        code, faults = self.check()
        self.assertEqual(code, 1)
        self.assertGreater(len(faults), 1)
        for fault in faults:  # Each on its own line.
            self.assertNotIn("\\n", fault)
            self.assertNotIn("***", fault)
        self.assertEqual(self.check("--quick")[0], 1)
        self.assertIn(journal("export", self.directory).returncode, (0, 2))

    def test_many_faults_are_counted(self):
        self.fill([{"topic": "t", "data": ""}] * 500)
        self.change("UPDATE events SET block = x'00' WHERE seq > 5")
        code, faults = self.check()
        self.assertEqual((code, len(faults), faults[-1]), (1, 101, "and 400 more"))


if __name__ == "__main__":
    unittest.main()
