"""Restarts, cuts and gaps: nothing is lost without a word, nothing comes twice."""

import signal
import threading
import unittest

from harness.both_clients import for_both
from harness.daemon import Daemon
from harness.proxy import CuttingProxy
from harness.waiting import numbers, take, texts

QUICK = {"stream": {"retry": "100ms"}, "drain": "1s"}


class Feeder(threading.Thread):
    """Publishes numbers until it has published `count`."""

    def __init__(self, client, topic, count):
        super().__init__(daemon=True)
        self._client, self._topic, self._count = client, topic, count
        self.start()

    def run(self):
        for number in range(self._count):
            self._client.publish(self._topic, number)


@for_both
class Restarts:
    def test_with_a_journal_a_restart_loses_nothing(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with Daemon({**QUICK, "journal": {"path": "{folder}/journal", "sync": "interval"}}) as daemon:
                gaps = []
                subscription = self.client(daemon.url).subscribe("t", on_gap=gaps.append).connect()
                feeder = Feeder(self.client(daemon.url), "t", 300)
                got = numbers(100, subscription)
                daemon.restart(number)
                got += numbers(200, subscription)
                feeder.join(30)
                self.assertEqual((list(range(300)), []), (got, gaps))

    def test_without_a_journal_a_restart_is_a_gap(self):
        with Daemon(QUICK) as daemon:
            gaps, client = [], self.client(daemon.url)
            subscription = client.subscribe("t", on_gap=gaps.append).connect()
            last_id = client.publish("t", "before").id
            take(1, subscription)
            daemon.restart(signal.SIGKILL)
            client.publish("t", "after")
            self.assertEqual(["after"], texts(1, subscription))
            gap, = gaps
            self.assertEqual((last_id, "epoch", None), (gap.requested, gap.reason, gap.missed))


@for_both
class Cuts:
    def test_connections_that_break_again_and_again_lose_and_repeat_nothing(self):
        with Daemon(QUICK) as daemon:
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1]), cuts=15, after=2000) as proxy:
                gaps = []
                subscription = self.client(proxy.url).subscribe("t", on_gap=gaps.append).connect()
                Feeder(self.client(daemon.url), "t", 1000)
                self.assertEqual(list(range(1000)), numbers(1000, subscription))
                self.assertEqual((16, []), (proxy.connections, gaps))
                subscription.close()

    def test_it_comes_back_when_the_network_does(self):
        with Daemon(QUICK) as daemon:
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1])) as proxy:
                client = self.client(daemon.url)
                subscription = self.client(proxy.url).subscribe("t").connect()
                for number in range(5):
                    client.publish("t", number)
                    self.assertEqual([number], numbers(1, subscription))
                    proxy.cut()
                subscription.close()

    def test_what_came_before_a_cut_is_handed_out_before_it_resumes(self):
        with Daemon(QUICK) as daemon:
            client = self.client(daemon.url)
            client.publish_many({"topic": "t", "data": number} for number in range(100))
            with CuttingProxy(int(daemon.url.rsplit(":", 1)[1])) as proxy:
                subscription = self.client(proxy.url).subscribe("t", since="earliest")
                got = numbers(1, subscription)
                proxy.cut()
                got += numbers(99, subscription.connect())
                self.assertEqual(list(range(100)), got)
                subscription.close()


@for_both
class Gaps:
    SMALL = {**QUICK, "history": {"events": 10, "grace": "0"}}

    def test_events_that_have_left_the_history_are_counted(self):
        with Daemon(self.SMALL) as daemon:
            gaps, client = [], self.client(daemon.url)
            first = client.publish("t", 0).id
            client.publish_many({"topic": "t", "data": number} for number in range(1, 31))
            subscription = client.subscribe("t", last_event_id=first, on_gap=gaps.append)
            got = numbers(10, subscription)
            gap, = gaps
            self.assertEqual((list(range(21, 31)), 20, "expired", first), (got, gap.missed, gap.reason, gap.requested))
            self.assertTrue(gap.resumed)

    def test_a_reader_that_is_too_slow_is_told_what_it_missed(self):
        # The broker counts what is missing for 16 times as many as it keeps.
        history = {"events": 40, "bytes": "8MiB", "grace": "0"}
        with Daemon({"history": history, "stream": {"send_buffer": "4KiB"}}) as daemon:
            gaps, client = [], self.client(daemon.url)
            subscription = client.subscribe("t", on_gap=gaps.append).connect()
            filler = "x" * 100_000  # All together more than the buffers on the way hold.
            client.publish_many({"topic": "t", "data": f"{number} {filler}"} for number in range(500))
            got = []
            while not got or got[-1] < 499:
                event, = take(1, subscription)
                got.append(int(event.data.partition(" ")[0]))
            self.assertEqual((sorted(set(got)), {"lagged"}), (got, {gap.reason for gap in gaps}))
            self.assertEqual(500, len(got) + sum(gap.missed for gap in gaps))

    def test_an_id_of_nobody_is_a_gap(self):
        with Daemon() as daemon:
            gaps, client = [], self.client(daemon.url)
            client.publish("t", "x")
            self.assertEqual(["x"], texts(1, client.subscribe("t", last_event_id="what is this", on_gap=gaps.append)))
            self.assertEqual(["unknown"], [gap.reason for gap in gaps])

    def test_a_gap_that_nobody_asked_to_be_told_of_is_logged(self):
        with Daemon() as daemon:
            client = self.client(daemon.url)
            client.publish("t", "x")
            with self.assertLogs("ringcast", "WARNING") as log:
                take(1, client.subscribe("t", last_event_id="what is this"))
            self.assertIn('"reason":"unknown"', log.output[0])


if __name__ == "__main__":
    unittest.main()
