"""Resuming by the Mercure protocol: from any id that is kept, and told where history starts."""

import shutil
import tempfile
import unittest
import urllib.parse

from harness.daemon import Daemon
from harness.http import Connection
from harness.sse import Stream
from mercure_case import BOOK, BOOKS, HUB, PUBLISHER, MercureCase, bearer, settings


class ResumeTest(MercureCase):
    settings = {**settings(), "topics": [{"match": "short/**", "history": {"events": 2, "grace": "0"}}]}

    def resumed(self, *topics, **options):
        stream = self.hear(*topics, **options)
        return stream, stream.head.header("Last-Event-ID")

    def test_the_header_and_the_query_name_the_last_id(self):
        ids = [self.update(self.topic, data=str(n)) for n in range(4)]
        for options in ({"headers": {"Last-Event-ID": ids[1]}}, {"lastEventID": ids[1]},
                        {"headers": {"Last-Event-ID": ids[1]}, "lastEventID": ids[0]}):
            with self.subTest(options=options):
                stream, told = self.resumed(self.topic, **options)
                self.assertEqual(told, ids[1])
                self.assertEqual(stream.data(2), ["2", "3"])

    def test_earliest_gets_all_there_is(self):
        for n in range(3):
            self.update(self.topic, data=str(n))
        for options in ({"headers": {"Last-Event-ID": "earliest"}}, {"lastEventID": "earliest"}):
            stream, told = self.resumed(self.topic, **options)
            self.assertEqual((told, stream.data(3)), ("earliest", ["0", "1", "2"]))

    def test_without_an_id_only_what_comes_is_sent(self):
        self.update(self.topic, data="before")
        stream, told = self.resumed(self.topic)
        self.update(self.topic, data="after")
        self.assertIsNone(told)
        self.assert_nothing_but(stream, "after")

    def test_an_unknown_id_gets_what_is_left_and_is_told(self):
        self.update(self.topic, data="kept")
        for unknown in ("urn:uuid:no-such", "x" * 2000, "ä", "#hash"):
            with self.subTest(unknown=unknown):
                stream, told = self.resumed(self.topic, lastEventID=unknown)
                self.assertEqual(told, "earliest")
                self.assert_gap(stream.next_event(), "unknown")
                self.assertEqual(stream.next_event().data, "kept")

    def test_an_id_that_left_the_history_gets_what_is_left_and_is_told(self):
        first = self.update("short/1", data="first")
        for n in range(4):
            self.update("short/1", data=str(n))
        stream, told = self.resumed("short/1", lastEventID=first)
        self.assertEqual(told, "earliest")
        self.assert_gap(stream.next_event(), "unknown")
        self.assertEqual(stream.data(2), ["2", "3"])

    def test_an_id_whose_followers_left_the_history_is_told_as_well(self):
        first = self.update("short/2", "long/2", data="first")
        for n in range(4):
            self.update("short/2", data=str(n))
        stream, told = self.resumed("short/2", "long/2", lastEventID=first)
        self.assertEqual(told, "earliest")
        self.assert_gap(stream.next_event(), "expired", missed=2)
        self.assertEqual(stream.data(2), ["2", "3"])

    def test_a_native_position_resumes_a_mercure_stream_and_the_other_way_round(self):
        position = self.publish("native")
        update = self.update(self.topic, data="mercure")
        stream, told = self.resumed(self.topic, lastEventID=position)
        self.assertEqual((told, stream.next_event().data), (position, "mercure"))
        self.publish("after")
        self.assertEqual(self.resume(update).next_event().data, "after")

    def test_private_updates_are_replayed_to_who_may_have_them(self):
        self.update(self.topic, data="private", private="on")
        self.update(self.topic, data="public")
        nobody, _ = self.resumed(self.topic, lastEventID="earliest")
        self.assert_nothing_but(nobody, "public")
        granted, _ = self.resumed(self.topic, lastEventID="earliest", headers=bearer(subscribe=[self.topic]))
        self.assertEqual(granted.data(2), ["private", "public"])


class JournalTest(unittest.TestCase):
    """History on disk: it outlives the process, and what memory holds of it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ringcast-mercure-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.settings = {**settings(), "journal": {"path": self.directory, "sync": "off"},
                         "history": {"events": 100, "grace": "0"}}
        self.daemon = self.start()

    def start(self):
        daemon = Daemon(self.settings)
        self.addCleanup(daemon.close)
        return daemon

    def update(self, count, data=str, topics=(BOOK,), **fields):
        """Publishes so many, over one connection; returns their ids."""
        ids, batch = [], 50
        with Connection(self.daemon.address) as connection:
            for begin in range(0, count, batch):
                numbers = range(begin, min(begin + batch, count))
                for n in numbers:
                    body = urllib.parse.urlencode([("topic", topic) for topic in topics] +
                                                  [("data", data(n)), *fields.items()]).encode()
                    head = "".join(f"{name}: {value}\r\n" for name, value in PUBLISHER.items())
                    connection.send((f"POST {HUB} HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: {len(body)}\r\n"
                                     "Content-Type: application/x-www-form-urlencoded\r\n\r\n").encode() + body)
                for _ in numbers:
                    response = connection.read_response()
                    self.assertEqual(response.status, 200, response)
                    ids.append(response.body.decode())
        return ids

    def hear(self, topic, last_id, headers=None):
        stream = Stream(self.daemon.address, MercureCase.target(topic), {"Last-Event-ID": last_id, **(headers or {})})
        self.addCleanup(stream.close)
        return stream

    def test_after_kill_9_the_missed_updates_come_before_anything_new(self):
        ids = self.update(5)
        self.daemon.kill()
        self.daemon = self.start()
        stream = self.hear(BOOKS, ids[1])
        self.assertEqual(stream.head.header("Last-Event-ID"), ids[1])
        events = stream.events(3)
        self.assertEqual([event.id for event in events], ids[2:])
        self.assertEqual([event.data for event in events], ["2", "3", "4"])

    def test_20000_stored_updates_are_resumed_near_the_end_and_from_the_start(self):
        ids = self.update(20_000)
        near = self.hear(BOOKS, ids[-6])
        self.assertEqual([event.id for event in near.events(5)], ids[-5:])
        whole = self.hear(BOOKS, "earliest")
        self.assertEqual(whole.head.header("Last-Event-ID"), "earliest")
        self.assertEqual([event.id for event in whole.events(20_000)], ids)
        middle = self.hear(BOOKS, ids[9_999])
        self.assertEqual([event.id for event in middle.events(10_000)], ids[10_000:])

    def test_a_template_of_many_topics_is_read_from_disk(self):
        ids = []
        for n in range(150):
            ids += self.update(1, topics=[f"https://example.com/books/{n}", "https://example.com/all"])
            self.update(1, topics=[f"https://example.com/authors/{n}"])
        self.daemon.kill()
        self.settings["history"] = {"events": 0}
        self.daemon = self.start()
        self.assertEqual([event.id for event in self.hear(BOOKS, ids[3]).events(146)], ids[4:])
        self.assertEqual([event.id for event in self.hear("*", ids[148]).events(2)][1], ids[149])

    def test_private_updates_stay_private_on_disk(self):
        private = self.update(3, topics=[BOOK, "shelf"], private="on")
        public = self.update(200)
        self.daemon.kill()
        self.daemon = self.start()
        nobody = self.hear(BOOKS, "earliest")
        self.assertEqual([event.id for event in nobody.events(200)], public)
        for grant in ("*", "shelf", BOOKS):
            granted = self.hear(BOOKS, "earliest", bearer(subscribe=[grant]))
            self.assertEqual([event.id for event in granted.events(203)], private + public)
        other = self.hear(BOOKS, "earliest", bearer(subscribe=["https://example.com/authors/{id}"]))
        self.assertEqual(other.next_event().id, public[0])


if __name__ == "__main__":
    unittest.main()
