"""A journal in a directory of its own, and the `ringcast journal` commands to run on it."""

import json
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from cli_stub import run

EVENTS = [
    {"time": "2024-01-02T03:04:05.000Z", "topics": ["orders/1"], "data": "first"},
    {"time": "2024-01-02T03:04:05.678Z", "topics": ["orders/1", "audit"], "event": "paid",
     "id": "my own 1", "retry": 500, "data": "line one\n\"line\" two\n"},
    {"time": "2024-01-02T03:04:05.678Z", "topics": ["ä/ö"], "data": ""},
    {"time": "2024-02-03T00:00:00.000Z", "topics": ["audit"], "event": "\u00fcber", "data": "\u2028 x"},
    {"time": "2025-01-01T00:00:00.000Z", "topics": ["orders/2"], "data": "{\"a\":1.50}"},
]


def lines_of(events):
    return "".join(json.dumps(event) + "\n" for event in events)


def journal(*arguments, stdin=""):
    return run("journal", *map(str, arguments), stdin=stdin)


class JournalCase(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-journal-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.database = self.directory / "journal.db"

    def fill(self, events=EVENTS, directory=None):
        result = journal("import", directory or self.directory, stdin=lines_of(events))
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout.decode(), f"{len(events)} events imported\n")

    def exported(self, *arguments, directory=None):
        result = journal("export", directory or self.directory, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stats(self, *arguments):
        result = journal("stats", self.directory, "--json", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return json.loads(result.stdout)

    def change(self, *statements):
        with sqlite3.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def check(self, *arguments):
        """The exit code, and the lines on standard output."""
        result = journal("check", self.directory, *arguments)
        self.assertEqual(result.stderr, b"")
        return result.returncode, result.stdout.decode().splitlines()

    def assert_fault(self, text, *arguments):
        code, faults = self.check(*arguments)
        self.assertEqual(code, 1, faults)
        self.assertIn(text, "\n".join(faults))
