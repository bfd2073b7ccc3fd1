"""SIGHUP: live keys change, mistakes change nothing, and nobody loses an event."""

import os
import threading
import unittest

from harness.case import DaemonCase
from harness.daemon import Daemon
from harness.http import Connection
from harness.metrics import scrape
from harness.sse import Stream, events_target
from harness.waiting import wait_until


class ReloadTest(DaemonCase):

    def retry_of_a_new_stream(self):
        with Stream(self.address, events_target(self.topic)) as stream:
            stream.skip_first_block()
            return stream.parser.retry_ms

    def reload_with(self, settings):
        self.daemon.write_config(settings)
        self.daemon.reload()

    def test_live_keys_are_applied(self):
        self.reload_with({"stream": {"retry": "7s"}})
        wait_until(lambda: self.retry_of_a_new_stream() == 7000, "new streams get the new retry")
        self.reload_with({"stream": {"retry": "5s"}})
        wait_until(lambda: self.retry_of_a_new_stream() == 5000, "they get the newest")

    def test_history_shrinks_and_grows_for_topics_that_are_there(self):
        self.publish_numbers(0, 50)
        self.reload_with({"history": {"events": 10, "grace": "0s"}})

        def has_shrunk():
            self.publish("x")
            return self.topic_info()["events"] == 10
        wait_until(has_shrunk, "the ring keeps 10")
        self.reload_with({})

        def has_grown():
            self.publish("x")
            return self.topic_info()["events"] > 10
        wait_until(has_grown, "the ring keeps more again")

    def test_a_bad_file_keeps_the_old_and_tells_the_place(self):
        before = self.retry_of_a_new_stream()
        logged = len(self.daemon.lines)
        self.daemon.config_file.write_text("stream:\n  retry: never\n", encoding="utf-8")
        self.daemon.reload()
        self.daemon.wait_for_log(
            lambda line: line["level"] == "error" and f"{self.daemon.config_file}:2:10" in str(line),
            "tells what is wrong", skip=logged)
        self.assertEqual(self.retry_of_a_new_stream(), before)

    def test_a_signal_during_a_reload_is_another_reload(self):
        fifo = self.daemon.folder / "pipe"
        os.mkfifo(fifo)  # A reload that reads it waits for a writer.
        before = self.retry_of_a_new_stream()
        counted = scrape(self.address)
        os.replace(fifo, self.daemon.config_file)
        self.daemon.reload()
        with open(self.daemon.config_file, "w", encoding="utf-8") as first:  # The reload has opened it.
            self.daemon.config_file.unlink()
            self.reload_with({"stream": {"retry": f"{before + 1}ms"}})
            first.write("stream: {retry: 3s}")
        wait_until(lambda: scrape(self.address)["ringcast_config_reloads_total{outcome=\"done\"}"] >=
                   counted["ringcast_config_reloads_total{outcome=\"done\"}"] + 2, "both have ended")
        self.assertEqual(self.retry_of_a_new_stream(), before + 1)

    def test_reloads_are_counted_by_how_they_end(self):
        def counts():
            metrics = scrape(self.address)
            return [metrics[f"ringcast_config_{name}"] for name in
                    ('reloads_total{outcome="done"}', 'reloads_total{outcome="failed"}', "reload_failing")]
        done, failed, _ = counts()
        self.daemon.config_file.write_text("stream: 1\n", encoding="utf-8")
        self.daemon.reload()
        wait_until(lambda: counts() == [done, failed + 1, 1], "the failure is counted")
        self.reload_with({})
        wait_until(lambda: counts() == [done + 1, failed + 1, 0], "the success is counted")

    def test_a_key_that_needs_a_restart_is_named_and_the_rest_is_applied(self):
        logged = len(self.daemon.lines)
        self.reload_with({"memory": "100MiB", "stream": {"retry": "9s"}})
        self.daemon.wait_for_log(lambda line: line["level"] in ("warn", "warning") and "memory" in str(line),
                                 "says that memory needs a restart", skip=logged)
        wait_until(lambda: self.retry_of_a_new_stream() == 9000, "the live key is applied")

    def test_streams_survive_a_reload(self):
        stream = self.listener()
        logged = len(self.daemon.lines)
        self.reload_with({"stream": {"heartbeat": "1s"}})
        self.daemon.wait_for_log(lambda line: "reload" in str(line).lower(), "tells of the reload", skip=logged)
        self.publish("x")
        self.assertEqual(stream.data(1), ["x"])


class ReloadUnderLoadTest(unittest.TestCase):
    EVENTS = 5000

    def publish_all(self, address):
        with Connection(address) as connection:
            for number in range(self.EVENTS):
                response = connection.request("POST", "/topics/t", {}, str(number).encode())
                if response.status != 200:
                    self.failures.append(response)

    def test_reloads_under_load_lose_nothing(self):
        self.failures = []
        with Daemon({"history": {"events": 10000}}) as daemon, \
                Stream(daemon.address, events_target("t")) as stream:
            stream.skip_first_block()
            publisher = threading.Thread(target=self.publish_all, args=(daemon.address,))
            publisher.start()
            for number in range(self.EVENTS):
                if number % 500 == 0:
                    daemon.write_config({"history": {"events": 10000}, "stream": {"retry": f"{1000 + number}ms"}})
                    daemon.reload()
                self.assertEqual(stream.next_event().data, str(number))
            publisher.join()
            self.assertEqual(self.failures, [])


if __name__ == "__main__":
    unittest.main()
