"""The shows: bursts that are far larger than the ring, cuts in the middle, and nothing lost."""

import json
import selectors
import threading
import unittest

from harness.case import NDJSON, DaemonCase, seq
from harness.http import Connection, chunk, fetch
from harness.proxy import CuttingProxy
from harness.sse import Parser, Stream, events_target
from harness.waiting import PATIENCE, wait_until

CHUNKED_HEAD = (b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")


def ndjson(topic, begin, end):
    return b"".join(json.dumps({"topic": topic, "data": str(n)}).encode() + b"\n" for n in range(begin, end))


def read_all_until(streams, ending):
    """Reads many streams at once, each until its bytes end so."""
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.connection.socket, selectors.EVENT_READ, stream)
        waiting = set(streams)
        while waiting:
            ready = selector.select(PATIENCE)
            assert ready, f"{len(waiting)} streams wait in vain; one has {bytes(list(waiting)[0].raw[-200:])!r}"
            for key, _ in ready:
                stream = key.data
                stream.receive()
                assert not stream.ended, "a stream ended early"
                if stream.raw.endswith(ending):
                    selector.unregister(stream.connection.socket)
                    waiting.remove(stream)


class BurstTest(DaemonCase):
    settings = {"history": {"events": 100}}
    SUBSCRIBERS, EVENTS = 50, 5000

    def test_a_burst_fifty_times_the_ring_reaches_everybody_whole(self):
        streams = [self.listener() for _ in range(self.SUBSCRIBERS)]
        heads = [len(stream.raw) for stream in streams]
        response = self.try_publish_many(ndjson(self.topic, 0, self.EVENTS), NDJSON)
        self.assertEqual((response.status, response.json()["accepted"]), (200, self.EVENTS))
        read_all_until(streams, f"data: {self.EVENTS - 1}\n\n".encode())
        bodies = {bytes(stream.raw[head:]) for stream, head in zip(streams, heads)}
        self.assertEqual(len(bodies), 1, "all get the same bytes")
        events = Parser().feed(bodies.pop())
        self.assertEqual([event.data for event in events], [str(n) for n in range(self.EVENTS)])
        self.assertEqual({event.type for event in events}, {"message"}, "and no gap")

    def test_after_the_burst_a_latecomer_is_told_what_left_the_ring(self):
        first = self.publish("first")
        self.try_publish_many(ndjson(self.topic, 0, 300), NDJSON)

        def has_settled():
            self.publish("later", self.topic + "/other")
            return self.topic_info()["events"] == 100
        wait_until(has_settled, "the grace is over")
        stream = self.resume(first)
        self.assert_gap(stream.next_event(), "expired", missed=200, requested=first)
        self.assertEqual(stream.data(100), [str(n) for n in range(200, 300)])


class CutTest(DaemonCase):
    settings = {"history": {"events": 20_000, "bytes": "64MiB"}}
    EVENTS = 10_000

    def publish_in_pieces(self):
        with Connection(self.address) as connection:
            connection.send(CHUNKED_HEAD)
            for begin in range(0, self.EVENTS, 100):
                connection.send(chunk(ndjson(self.topic, begin, begin + 100)))
            connection.send(chunk(b""))
            self.answer = connection.read_response().json()

    def test_a_connection_cut_again_and_again_resumes_with_exactly_the_rest(self):
        publisher = threading.Thread(target=self.publish_in_pieces)
        events, last_id, cuts = [], None, 0
        with CuttingProxy(self.address) as proxy:
            while len(events) < self.EVENTS:
                # Odd numbers of bytes: the cut falls inside of fields, ids and line ends.
                proxy.cut_after(7_777 + 10_001 * cuts)
                headers = {"Last-Event-ID": last_id} if last_id else {}
                target = events_target(self.topic)
                received, last_id = self.read_until_cut(Stream(proxy.address, target, headers), last_id, publisher,
                                                        self.EVENTS - len(events))
                events += received
                cuts += 1
        publisher.join()
        self.assertGreater(cuts, 5)
        self.assertEqual([event.data for event in events], [str(n) for n in range(self.EVENTS)])
        self.assertEqual(self.answer["accepted"], self.EVENTS)

    def read_until_cut(self, stream, last_id, publisher, wanted):
        parser, events = Parser(), []
        with stream:
            parser.last_id = last_id or ""
            while len(events) < wanted:
                try:
                    data = stream.connection.read_some()
                except ConnectionError:
                    break
                if not data:
                    break
                events += parser.feed(data)
                if publisher.ident is None and parser.last_id:
                    publisher.start()
        return events, parser.last_id


class WorkersTest(DaemonCase):
    settings = {"workers": 4, "history": {"events": 20_000}}
    EVENTS = 3000

    def publish_all(self, topic):
        with Connection(self.address) as connection:
            for begin in range(0, self.EVENTS, 10):
                events = [{"topic": topic, "data": f"{topic} {n}"} for n in range(begin, begin + 10)]
                body = json.dumps(events).encode()
                response = connection.request("POST", "/events", {"Content-Type": "application/json"}, body)
                if response.status != 200:
                    self.failures.append(response)

    def test_all_readers_of_two_topics_see_one_order_whatever_their_worker(self):
        self.failures = []
        topics = [self.topic + "/a", self.topic + "/b"]
        streams = [self.listener(*topics) for _ in range(12)] + [self.listener(self.topic + "/*") for _ in range(4)]
        heads = [len(stream.raw) for stream in streams]
        publishers = [threading.Thread(target=self.publish_all, args=(topic,)) for topic in topics for _ in range(2)]
        for publisher in publishers:
            publisher.start()
        for publisher in publishers:
            publisher.join()
        self.assertEqual(self.failures, [])
        position = self.publish_many({"topics": topics, "data": "end"})["last_id"]
        read_all_until(streams, f"id: {position}\ndata: end\n\n".encode())
        bodies = {bytes(stream.raw[head:]) for stream, head in zip(streams, heads)}
        self.assertEqual(len(bodies), 1, "the order differs between readers")
        ids = [seq(event.id) for event in Parser().feed(bodies.pop())]
        self.assertEqual(len(ids), 4 * self.EVENTS + 1)
        self.assertEqual(ids, sorted(set(ids)))

    def test_readers_that_join_in_the_middle_see_no_seam(self):
        self.failures = []
        topic = self.topic
        publisher = threading.Thread(target=self.publish_all, args=(topic,))
        publisher.start()
        streams = []
        while publisher.is_alive() and len(streams) < 200:
            stream = Stream(self.address, events_target(topic, since="earliest"))
            self.addCleanup(stream.close)
            streams.append(stream)
        publisher.join()
        self.publish("end", topic)
        read_all_until(streams, b"data: end\n\n")
        expected = [f"{topic} {n}" for n in range(self.EVENTS)] + ["end"]
        for stream in streams:
            self.assertEqual([event.data for event in Parser().feed(bytes(stream.raw))], expected)


class FanOutWhileLeavingTest(DaemonCase):

    def test_readers_that_leave_in_the_middle_disturb_nobody(self):
        stayers = [self.listener() for _ in range(5)]
        for number in range(200):
            leaver = self.listener()
            self.publish(str(number))
            leaver.connection.reset()
        for stayer in stayers:
            self.assertEqual(stayer.data(200), [str(n) for n in range(200)])
        self.assertEqual(fetch(self.address, "GET", "/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
