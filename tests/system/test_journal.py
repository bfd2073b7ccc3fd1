"""The journal as users meet it: history beyond memory and over restarts, its bounds, what it refuses."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import unittest

from harness import sse
from harness.case import NDJSON, DaemonCase, seq
from harness.daemon import Daemon, run
from harness.metrics import scrape
from harness.waiting import wait_until

# Rings of ten events without grace: what is older comes from the disk.
SMALL_RINGS = {"history": {"events": 10, "grace": "0s"}, "workers": 2, "log": {"format": "json"}}


def ndjson(events):
    return "".join(json.dumps(event) + "\n" for event in events).encode()


class JournalCase(DaemonCase):
    """A journal in a folder of its own, with a daemon that can be started again on it."""

    settings = SMALL_RINGS
    journal = {}

    @classmethod
    def setUpClass(cls):
        pass  # Each test has daemons of its own.

    def setUp(self):
        self.topic = "t"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-journal-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.daemon = None
        self.start()

    def start(self, **settings):
        journal = {"path": str(self.folder), **self.journal, **settings.pop("journal", {})}
        self.daemon = Daemon({**self.settings, **settings, "journal": journal})
        self.addCleanup(self.daemon.close)
        self.address = self.daemon.address

    def restart(self, kill=False, **settings):
        if kill:
            self.daemon.kill()
        else:
            self.daemon.terminate()
            self.assertEqual(self.daemon.wait(), 0)
        self.start(**settings)

    def publish_ndjson(self, begin, end, topic="t", size=0):
        body = ndjson({"topic": topic, "data": f"{n}".ljust(size, ".")} for n in range(begin, end))
        response = self.fetch("POST", "/events", {**NDJSON, "Content-Length": str(len(body))}, body)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def numbers(self, stream, count):
        return [int(data.rstrip(".")) for data in stream.data(count)]

    def bytes_on_disk(self):
        # Sizes as they are at one moment each; a file may go between listing and asking.
        total = 0
        for path in self.folder.iterdir():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass
        return total


class RestartTest(JournalCase):

    def test_ids_events_and_streams_go_on_over_a_crash(self):
        self.publish_ndjson(0, 500)
        reader = self.subscribe(since="earliest")
        self.assertEqual(self.numbers(reader, 500), list(range(500)))
        self.restart(kill=True)
        self.publish_ndjson(500, 600)
        self.assertEqual(self.numbers(self.resume(reader.last_id), 100), list(range(500, 600)))
        self.assertEqual(self.numbers(self.subscribe(since="earliest"), 600), list(range(600)))

    def test_a_clean_end_leaves_no_hole_in_the_sequence(self):
        before = seq(self.publish("1"))
        self.restart()
        self.assertEqual(seq(self.publish("2")), before + 1)
        self.assertFalse([line for line in self.daemon.lines if "did not end cleanly" in str(line)])

    def test_publisher_ids_and_idempotency_keys_survive(self):
        self.publish("old", id="mine-1")
        first = self.publish("keyed", headers={"Idempotency-Key": "k"})
        self.publish_ndjson(0, 50)
        self.restart(kill=True)
        self.assertEqual(self.resume("mine-1").data(2), ["keyed", "0"])
        again = self.try_publish("keyed again", headers={"Idempotency-Key": "k"}).json()
        self.assertEqual(again, {"id": first, "duplicate": True})

    def test_a_delete_survives_a_crash_and_is_told(self):
        kept = self.publish("kept", topic="other")
        self.publish_ndjson(0, 50)
        self.assertEqual(self.fetch("DELETE", "/topics/t").status, 204)
        self.publish("after")
        self.restart(kill=True)
        event, = [self.resume(kept).next_event()]
        self.assert_gap(event, "deleted", missed=None)
        self.assertEqual(self.subscribe(since="earliest").data(1), ["after"])
        self.assertEqual(self.subscribe("other", since="earliest").data(1), ["kept"])

    def test_gaps_stay_exact_over_restarts(self):
        ids = [self.publish(str(n)) for n in range(3)]
        self.restart(kill=True, journal={"retain": {"topic_events": 2}})
        self.publish("3")
        wait_until(lambda: self.fetch("GET", "/topics/t").json()["events"] == 2, "two events are left")
        self.restart(kill=True, journal={"retain": {"topic_events": 2}})
        self.assertEqual(self.resume(ids[1]).data(2), ["2", "3"])
        self.assert_gap(self.resume(ids[0]).next_event(), "expired", missed=None)

    def test_a_copy_begins_a_new_epoch(self):
        last = self.publish("1")
        self.daemon.kill()
        copy = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-journal-"))
        self.addCleanup(shutil.rmtree, copy, ignore_errors=True)
        shutil.copytree(self.folder, copy, dirs_exist_ok=True)
        self.folder = copy
        self.start()
        self.daemon.wait_for_log(lambda line: "copy" in line["message"], "about the copy")
        stream = self.resume(last)
        self.assert_gap(stream.next_event(), "epoch", missed=None)
        self.assertEqual(stream.data(1), ["1"])


class ReplayTest(JournalCase):

    def test_every_way_to_start_reaches_beyond_memory(self):
        ids = [self.publish(str(n)) for n in range(40)]
        self.publish("x", topic="t/other")
        every = list(range(40))
        self.assertEqual(self.numbers(self.subscribe(since="earliest"), 40), every)
        self.assertEqual(self.numbers(self.subscribe(since="-25"), 25), every[15:])
        self.assertEqual(self.numbers(self.subscribe(since="1h"), 40), every)
        self.assertEqual(self.numbers(self.resume(ids[4]), 35), every[5:])
        self.assertEqual(self.subscribe("t/**", since="-30").data(30), [str(n) for n in every[11:]] + ["x"])

    def test_types_and_envelopes_of_what_is_on_disk(self):
        for number in range(30):
            self.publish(str(number), event="odd" if number % 2 else "even")
        stream = self.subscribe("*", since="earliest", event="odd", envelope="true")
        envelopes = [json.loads(data) for data in stream.data(15)]
        self.assertEqual([each["data"] for each in envelopes], [str(n) for n in range(1, 30, 2)])
        self.assertEqual({each["topic"] for each in envelopes}, {"t"})

    def test_history_goes_through_the_disk_page_by_page(self):
        self.publish_ndjson(0, 250)
        seen, after = [], ""
        while after is not None:
            page = self.fetch("GET", f"/history?topic=t&limit=100&after={after}").json()
            seen += [int(event["data"]) for event in page["events"]]
            after = page["next"]
        self.assertEqual(seen, list(range(250)))

    def test_a_thousand_that_replay_block_neither_live_readers_nor_each_other(self):
        events, readers = 300, 1000
        self.publish_ndjson(0, events, size=100)
        live = self.listener("live")
        streams = [self.subscribe("t" if n % 2 else "**", since="earliest") for n in range(readers)]
        for number in range(20):
            self.publish(str(number), topic="live")
            self.assertEqual(live.data(1), [str(number)])
        for number, stream in enumerate(streams):
            got = self.numbers(stream, events)
            self.assertEqual(got, list(range(events)), f"reader {number}")

    def test_a_slow_reader_is_served_from_disk_without_a_gap(self):
        slow = self.open_stream(sse.events_target("t"), receive_buffer=4096)
        slow.skip_first_block()
        self.publish_ndjson(0, 3000, size=500)
        self.assertEqual(self.numbers(slow, 3000), list(range(3000)))


class BoundsTest(JournalCase):

    journal = {"retain": {"bytes": "16MiB"}, "sync": "interval"}

    def watch(self):
        """The most that the files have taken so far, looked at all the time."""
        most, stop = [0], threading.Event()

        def look():
            while not stop.wait(0.005):
                most[0] = max(most[0], self.bytes_on_disk())
        thread = threading.Thread(target=look)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        return most

    def test_the_files_stay_within_their_bytes_while_everything_is_replaced_many_times(self):
        most = self.watch()
        rounds, batch, size = (60 if os.environ.get("RINGCAST_LONG") == "1" else 8), 20_000, 400
        for number in range(rounds):
            self.publish_ndjson(number * batch, (number + 1) * batch, size=size)
        self.assertLessEqual(most[0], 1.1 * (16 << 20))
        self.assertGreater(most[0], 8 << 20)  # They were used.
        topic = self.fetch("GET", "/topics/t").json()
        self.assertGreater(topic["events"], 10_000)
        newest = self.numbers(self.subscribe(since="-1"), 1)
        self.assertEqual(newest, [rounds * batch - 1])

    def expect_shrinking(self, events, size):
        self.restart(journal={"retain": {"bytes": "64MiB"}})
        batch = max(1, 12_000_000 // size)
        for first in range(0, events, batch):
            self.publish_ndjson(first, min(first + batch, events), size=size)
        self.assertGreater(self.bytes_on_disk(), 32 << 20)
        self.daemon.write_config({**SMALL_RINGS, "journal": {"path": str(self.folder), "retain": {"bytes": "16MiB"}}})
        self.daemon.reload()
        wait_until(lambda: self.bytes_on_disk() <= 1.1 * (16 << 20), "the files have shrunk")
        self.assertEqual(self.numbers(self.subscribe(since="-1"), 1), [events - 1])

    def test_less_is_allowed_by_a_reload_and_the_file_shrinks(self):
        self.expect_shrinking(60_000, 600)

    def test_less_is_allowed_by_a_reload_and_the_file_shrinks_also_when_events_are_large(self):
        self.expect_shrinking(800, 60_000)

    def test_large_events_after_small_ones_are_taken_and_the_oldest_leave(self):
        for first in range(0, 100_000, 20_000):
            self.publish_ndjson(first, first + 20_000, size=150)
        most = self.watch()
        for number in range(60):
            self.publish(f"{number}".ljust(400_000, "."), topic="large")
        self.assertLessEqual(most[0], 1.1 * (16 << 20))
        self.assertEqual(self.numbers(self.subscribe("large", since="-20"), 20), list(range(40, 60)))

    def test_age_takes_events_away_when_nothing_is_published(self):
        self.restart(journal={"retain": {"age": "1s"}, "sync": "interval"})
        first = self.publish("1")
        self.publish("2")
        wait_until(lambda: self.fetch("GET", "/topics/t").status == 404, "the topic is forgotten")
        self.publish("3")
        stream = self.resume(first)
        self.assert_gap(stream.next_event(), "expired")
        self.assertEqual(stream.data(1), ["3"])


class RefusalTest(JournalCase):

    def expect_refused(self, *words):
        result = run("--listen", "127.0.0.1:0", "--set", f"journal.path={self.folder}")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_two_daemons_on_one_directory(self):
        self.expect_refused("in use by another process")
        self.publish("the first goes on")

    def test_a_foreign_a_damaged_and_a_newer_file_are_left_as_they_are(self):
        self.publish("1")
        self.restart()
        self.daemon.terminate()
        self.daemon.wait()
        database = self.folder / "journal.db"
        good = database.read_bytes()
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        for content, word in ((database.read_bytes(), "newer version"), (b"no database" * 1000, "journal.db"),
                              (b"", "empty"), (good[:5000], "journal.db")):
            with self.subTest(word=word, size=len(content)):
                database.write_bytes(content)
                for name in ("journal.db-wal", "journal.db-shm"):
                    (self.folder / name).unlink(missing_ok=True)
                self.expect_refused(word)
                self.assertEqual(database.read_bytes(), content)
        database.write_bytes(good)
        self.start()
        self.assertEqual(self.subscribe(since="earliest").data(1), ["1"])

    def test_a_directory_that_does_not_exist(self):
        self.daemon.kill()
        self.folder = self.folder / "nowhere"
        self.expect_refused("nowhere")

    def test_a_file_that_is_removed_under_it_stops_publishing_until_a_restart(self):
        listener = self.listener()
        self.publish("1")
        (self.folder / "journal.db").unlink()
        response = self.try_publish("lost")
        self.assert_problem(response, 503)
        self.assertIn("removed", response.json()["detail"])
        self.assertEqual(listener.data(1), ["1"])
        self.assertIn("ringcast_journal_failing 1\n", self.fetch("GET", "/metrics").body.decode())

    def test_a_damaged_part_is_logged_and_counted_where_readers_need_it(self):
        self.publish_ndjson(0, 3000, size=500)
        self.restart()  # Everything is in the database's own file now.
        with open(self.folder / "journal.db", "r+b") as database:
            database.seek(0, os.SEEK_END)
            pages = database.tell() // 4096
            database.seek(10 * 4096)
            database.write(b"\xff" * (pages - 20) * 4096)
        stream = self.subscribe(since="earliest")
        while stream.next_event() is not None:
            pass
        line = self.daemon.wait_for_log(lambda each: each["message"].startswith("events in the journal cannot be read"),
                                        "says so")
        self.assertIn("damaged", line["error"])
        self.assertGreater(scrape(self.address)["ringcast_journal_read_failures_total"], 0)

    def test_stats_check_and_an_online_backup_beside_the_daemon(self):
        self.publish_ndjson(0, 2000)
        command = str(pathlib.Path(os.environ.get("RINGCAST_BIN", "")) if "RINGCAST_BIN" in os.environ
                      else pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "ringcast")
        for action in ("stats", "check"):
            result = subprocess.run([command, "journal", action, str(self.folder)], capture_output=True, check=False)
            self.assertEqual(result.returncode, 0, result)
        backup = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-journal-"))
        self.addCleanup(shutil.rmtree, backup, ignore_errors=True)
        with sqlite3.connect(self.folder / "journal.db") as connection:
            connection.execute("VACUUM INTO ?", (str(backup / "journal.db"),))
        connection.close()
        self.publish("goes on")
        self.daemon.kill()
        self.folder = backup
        self.start()
        self.assertEqual(self.numbers(self.subscribe(since="earliest"), 2000), list(range(2000)))


class StartTest(JournalCase):

    def test_signals_end_it_also_while_it_starts(self):
        self.publish_ndjson(0, 1000)
        for _ in range(5):
            self.daemon.kill()
            self.daemon = Daemon({**SMALL_RINGS, "journal": {"path": str(self.folder)}}, ready=False)
            self.addCleanup(self.daemon.close)
            self.daemon.wait_for_log(lambda line: line["message"] == "listening", "that it listens")
            self.daemon.signal(signal.SIGTERM)
            self.assertEqual(self.daemon.wait(), 0)

    def test_topics_and_counts_are_there_from_the_start(self):
        for number in range(30):
            self.publish(str(number), topic=f"topics/{number % 7}")
        before = self.fetch("GET", "/topics").json()
        self.restart(kill=True)
        self.assertEqual(self.fetch("GET", "/topics").json(), before)


if __name__ == "__main__":
    unittest.main()
