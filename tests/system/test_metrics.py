"""What GET /metrics counts, in a daemon that serves."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness.case import NDJSON, DaemonCase
from harness.metrics import Metrics, scrape
from harness.sse import events_target
from harness.waiting import wait_until

RULES = [{"match": "orders/**"}, {"match": "*/status", "history": {"events": 2, "grace": 0}}]


class MetricsCase(DaemonCase):

    def metrics(self):
        return scrape(self.address)

    def growth(self, before, *samples):
        """By how much each of them has grown since."""
        now = self.metrics()
        return [now[sample] - before[sample] for sample in samples]

    def wait_for_growth(self, before, sample, count):
        wait_until(lambda: self.growth(before, sample) == [count], f"{sample} has grown by {count}")


class TextTest(MetricsCase):
    settings = {"topics": RULES, "workers": 2}

    def test_metrics_are_prometheus_text(self):
        self.publish("x")
        response = self.fetch("GET", "/metrics")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
        types = self.metrics().types
        self.assertGreater(len([name for name in types if name.startswith("ringcast_")]), 30)
        for name, kind in types.items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_head_has_no_body(self):
        head = self.fetch("HEAD", "/metrics")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.header("Content-Length")), 1000)

    def test_requests_behind_metrics_on_a_connection_are_answered_in_their_order(self):
        connection = self.connect()
        connection.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"ringcast_subscribers", connection.read_response().body)
        self.assertEqual(connection.read_response().body, b"ok\n")

    def test_promtool_finds_nothing_to_complain_about(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed (Debian's package prometheus)")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.fetch("GET", "/metrics").body,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))

    def test_counters_never_fall(self):
        def counters():
            metrics = self.metrics()
            return {name: value for name, value in metrics.samples.items()
                    if metrics.types.get(name.split("{")[0]) == "counter"}
        before = counters()
        self.publish_numbers(0, 10)
        after = counters()
        for name, value in before.items():
            self.assertGreaterEqual(after[name], value, name)
        self.assertEqual(after["ringcast_events_published_total"], before["ringcast_events_published_total"] + 10)

    def test_no_label_has_a_value_that_a_client_chose(self):
        chosen = "chosen-by-a-client"
        self.listener(chosen, type=chosen)
        self.publish("x", chosen, {"Idempotency-Key": chosen}, event=chosen, id=chosen)
        self.fetch("GET", "/" + chosen, {"User-Agent": chosen, "Host": "localhost"})
        self.assertNotIn(chosen, self.metrics().text)


class TrafficTest(MetricsCase):
    settings = {"topics": RULES, "workers": 2}
    LAGS = "ringcast_delivery_lag_seconds_count"
    PUBLISHES = "ringcast_publish_duration_seconds_count"

    def test_events_and_deliveries(self):
        streams = [self.listener(), self.listener()]

        def publish(*events):
            before = self.metrics()
            for data in events:
                self.publish(data)
                for stream in streams:  # One write each, so that none carries two.
                    self.assertEqual(stream.next_event().data, data)
            self.wait_for_growth(before, self.LAGS, 2 * len(events))
            return before
        publish("x")  # What was written before is counted then.
        before = publish("0", "1", "2")
        self.assertEqual(self.growth(before, "ringcast_events_published_total", "ringcast_deliveries_total",
                                     self.PUBLISHES, "ringcast_ring_events"), [3, 6, 3, 3])
        published, delivered = self.growth(before, "ringcast_published_bytes_total", "ringcast_delivered_bytes_total")
        self.assertGreater(published, 3 * len("id: \ndata: 0\n\n"))
        self.assertEqual(delivered, 2 * published)

    def test_durations_are_those_that_a_client_saw_at_most(self):
        before, begun = self.metrics(), time.monotonic()
        for number in range(20):
            self.publish(str(number))
        seconds = time.monotonic() - begun
        count, total = self.growth(before, self.PUBLISHES, "ringcast_publish_duration_seconds_sum")
        self.assertEqual(count, 20)
        self.assertGreater(total, 0)
        self.assertLess(total, seconds)

    def test_what_is_replayed_has_no_lag(self):
        self.publish_numbers(0, 5)
        before = self.metrics()
        stream = self.subscribe(since="earliest")
        self.assertEqual(len(stream.events(5)), 5)
        self.wait_for_growth(before, "ringcast_deliveries_total", 5)
        self.assertEqual(self.growth(before, self.LAGS), [0])

    def test_refused_publishes_are_measured_and_ndjson_is_not(self):
        before = self.metrics()
        self.assertEqual(self.try_publish_many(b"{").status, 400)
        self.assertEqual(self.growth(before, self.PUBLISHES, 'ringcast_responses_total{code="4xx"}',
                                     "ringcast_requests_refused_total"), [1, 1, 1])
        line = b'{"topic":"a","data":"x"}\n'
        self.assertEqual(self.fetch("POST", "/events", NDJSON, line * 3).status, 200)
        self.assertEqual(self.growth(before, self.PUBLISHES, "ringcast_events_published_total"), [1, 3])

    def test_streams_and_responses(self):
        before = self.metrics()
        stream = self.listener()
        grown = self.growth(before, "ringcast_subscribers", "ringcast_subscriptions_total",
                            'ringcast_responses_total{code="2xx"}')
        self.assertEqual(grown, [1, 1, 2])  # The first scrape's answer, and the stream.
        stream.close()
        self.wait_for_growth(before, "ringcast_subscribers", 0)
        self.assertEqual(self.growth(before, "ringcast_subscriptions_total"), [1])

    def test_a_gap_is_counted_by_its_reason(self):
        before = self.metrics()
        self.assert_gap(self.resume("no-id-of-ours").next_event(), "unknown")
        self.wait_for_growth(before, 'ringcast_gaps_total{reason="unknown"}', 1)

    def test_a_reader_that_takes_nothing_has_a_full_socket_until_it_reads_or_goes(self):
        for ends in ("reads", "closes"):
            with self.subTest(ends):
                stream = self.open_stream(events_target(self.topic), receive_buffer=4096)
                stream.skip_first_block()

                def is_full():
                    self.publish("x" * 60_000)
                    return self.metrics()["ringcast_subscribers_blocked"] == 1
                wait_until(is_full, "the socket is full")
                if ends == "closes":
                    stream.connection.reset()
                else:
                    last = self.publish("last")
                    while stream.next_event().id != last:
                        pass
                wait_until(lambda: self.metrics()["ringcast_subscribers_blocked"] == 0, "no socket is full")
                stream.close()


class RulesTest(MetricsCase):
    settings = {"topics": RULES}

    def of(self, match):
        metrics = self.metrics()
        return [metrics[f'ringcast_topic_{name}{{match="{match}"}}']
                for name in ("events_published_total", "ring_events", "ring_bytes")]

    def test_a_rule_counts_its_topics(self):
        before = self.of("*/status")
        self.assertEqual(before, [0, 0, 0])
        for number in range(5):
            self.publish(str(number), "lamp/status")
        self.publish("x", "somewhere else")
        published, held, held_bytes = self.of("*/status")
        self.assertEqual((published, held), (5, 2))
        self.assertEqual(held_bytes, self.topic_info("lamp/status")["bytes"])
        self.fetch("DELETE", "/topics/lamp/status")
        self.assertEqual(self.of("*/status"), [5, 0, 0])

    def test_after_a_reload_a_rule_with_the_same_match_counts_on(self):
        self.publish("x", "orders/1")
        self.publish("x", "parcels/1")
        before = self.of("orders/**")
        self.daemon.reload_with({"topics": [{"match": "parcels/*"}, *RULES]})
        self.assertEqual(self.of("orders/**"), before)
        self.assertEqual(self.of("parcels/*")[:2], [0, 1])
        self.publish("x", "parcels/1")
        self.assertEqual(self.of("parcels/*")[:2], [1, 2])


class LimitsTest(MetricsCase):
    settings = {"limits": {"connections": 50, "topics": 70}, "memory": "4MiB"}

    def test_limits_are_there_to_compare_with(self):
        metrics = self.metrics()
        self.assertEqual([metrics["ringcast_connections_limit"], metrics["ringcast_topics_limit"],
                          metrics["ringcast_memory_limit_bytes"]], [50, 70, 4 << 20])


class FullTest(MetricsCase):
    settings = {"limits": {"connections": 2}}

    def test_a_stream_that_is_told_to_come_later_is_refused_with_a_2xx(self):
        scraper = self.connect()

        def told():
            return Metrics(scraper.request("GET", "/metrics").body.decode())
        wait_until(lambda: told()["ringcast_connections"] == 1, "nobody else is connected")
        self.listener()
        with self.open_stream(events_target("a")) as refused:
            self.assertIn(b"limits.connections", refused.connection.read_to_end())
        metrics = told()
        self.assertEqual(metrics["ringcast_subscriptions_total"], 1)
        self.assertEqual(metrics["ringcast_requests_refused_total"], metrics['ringcast_responses_total{code="5xx"}'] + 1)
        self.assertEqual(metrics['ringcast_limited_total{limit="connections"}'], 1)


class ProcessTest(MetricsCase):
    settings = {"workers": 3}

    def test_the_process_is_as_the_system_sees_it(self):
        begun = time.time()
        metrics = self.metrics()
        self.assertLess(abs(metrics["process_resident_memory_bytes"] / 1024 - self.daemon.resident_kib()), 4096)
        self.assertLessEqual(metrics["process_cpu_seconds_total"], self.daemon.cpu_seconds() + 0.1)
        self.assertGreater(metrics["process_cpu_seconds_total"], 0)
        boot = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_BOOTTIME)
        stat = pathlib.Path(f"/proc/{self.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
        started = boot + int(stat[19]) / os.sysconf("SC_CLK_TCK")
        self.assertGreater(metrics["process_start_time_seconds"], started - 0.1)
        self.assertLess(metrics["process_start_time_seconds"], begun)
        self.assertEqual(self.metrics()["process_start_time_seconds"], metrics["process_start_time_seconds"])

    def test_open_descriptors_are_counted(self):
        with self.connect() as connection:
            def told():
                body = connection.request("GET", "/metrics").body.decode()
                return int(float(body.split("\nprocess_open_fds ")[1].split("\n")[0]))
            wait_until(lambda: told() == self.daemon.descriptors(), "the descriptors are those in /proc")

    def test_every_worker_measures_the_lag_of_its_loop(self):
        def ticks():
            metrics = self.metrics()
            return [metrics[f'ringcast_loop_lag_seconds_count{{worker="{worker}"}}'] for worker in range(3)]
        wait_until(lambda: all(count > 3 for count in ticks()), "each loop has ticked")
        self.assertNotIn('worker="3"', self.metrics().text)

    def test_a_process_that_was_stopped_had_loops_that_lagged(self):
        def late():
            metrics = self.metrics()
            name = 'ringcast_loop_lag_seconds_{}{{worker="0"{}}}'
            return metrics[name.format("count", "")] - metrics[name.format("bucket", ',le="0.1"')]
        wait_until(lambda: self.metrics()['ringcast_loop_lag_seconds_count{worker="0"}'] > 0, "a tick has a time to come")
        before = late()
        self.daemon.signal(signal.SIGSTOP)
        try:
            stat = pathlib.Path(f"/proc/{self.daemon.pid}/stat")
            wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", "it stands")
            time.sleep(0.4)  # What is measured: longer than a tick and the bound together.
        finally:
            self.daemon.signal(signal.SIGCONT)
        wait_until(lambda: late() > before, "the tick after it came late")


class JournalCase(MetricsCase):
    COMMITS = "ringcast_journal_commits_total"
    SYNCS = "ringcast_journal_sync_duration_seconds_count"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="ringcast-metrics-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.settings = {"journal": {"path": folder, "sync": cls.sync, "interval": "10ms", "pending": "1MiB",
                                    "retain": {"bytes": "64MiB"}}}
        super().setUpClass()


class JournalTest(JournalCase):
    sync = "always"

    def test_writes_are_measured_and_are_part_of_publishing(self):
        before = self.metrics()
        for number in range(3):
            self.publish(str(number))
        self.wait_for_growth(before, self.COMMITS, 3)
        count, seconds = self.growth(before, "ringcast_journal_write_duration_seconds_count",
                                     "ringcast_journal_write_duration_seconds_sum")
        self.assertEqual(count, 3)
        self.assertGreater(seconds, 0)
        answers, publishing = self.growth(before, "ringcast_publish_duration_seconds_count",
                                          "ringcast_publish_duration_seconds_sum")
        self.assertEqual(answers, 3)
        self.assertGreater(publishing, seconds)
        self.assertEqual(self.growth(before, self.SYNCS), [0])

    def test_what_it_takes_and_may_take_is_known_from_the_start(self):
        metrics = self.metrics()
        self.assertEqual(metrics["ringcast_journal_pending_limit_bytes"], 1 << 20)
        self.assertGreater(metrics["ringcast_journal_used_bytes"], 0)
        self.assertLess(metrics["ringcast_journal_used_bytes"], metrics["ringcast_journal_limit_bytes"])
        self.assertLessEqual(metrics["ringcast_journal_limit_bytes"], 64 << 20)


class JournalSyncTest(JournalCase):
    sync = "interval"

    def test_syncs_are_measured_and_are_no_commits(self):
        before = self.metrics()
        self.publish("x")
        wait_until(lambda: self.growth(before, self.SYNCS) >= [1], "a sync was measured")
        self.assertEqual(self.growth(before, self.COMMITS), [1])


if __name__ == "__main__":
    unittest.main()
