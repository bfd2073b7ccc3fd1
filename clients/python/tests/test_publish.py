"""Publishing to the real broker, with both clients."""

import http
import json
import math
import threading
import unittest

import httpx

import ringcast
from harness.both_clients import for_both
from harness.daemon import Daemon
from harness.proxy import CuttingProxy
from harness.scripted_server import ScriptedServer, answer
from harness.waiting import numbers, texts

ACCEPTED = b'{"accepted":1,"duplicates":0,"first_id":"e-1","last_id":"e-1"}'
OK = answer(200, ACCEPTED, Content_Type="application/json")

daemon = None


def setUpModule():
    global daemon
    daemon = Daemon({"history": {"events": 200000, "bytes": "64MiB"}})


def tearDownModule():
    daemon.close()


def unused(topics=iter(range(10**9))):
    return f"t{next(topics)}"


@for_both
class Publishing:
    def published(self, data, **options):
        """The event that the broker has after publish(data, **options)."""
        topic = unused()
        result = self.client(daemon.url).publish(topic, data, **options)
        event, = daemon.history(topic)
        self.assertEqual(ringcast.Published(event["id"], False), result)
        return event

    def test_text_and_bytes_are_sent_as_they_are(self):
        for text in ("hello", "a\nb\n", ' {"a": 1} ', "\N{GRINNING FACE}\u2028\x0b\0", "x" * 500_000):
            self.assertEqual(text, self.published(text)["data"])
            for kind in (bytes, bytearray, memoryview):
                self.assertEqual(text, self.published(kind(text.encode()))["data"])

    def test_other_values_are_compact_json(self):
        for value, text in (
                ({"a": 1, "b": [True, None, 2.5]}, '{"a":1,"b":[true,null,2.5]}'), ([], "[]"), ({}, "{}"),
                ((1, "é"), '[1,"é"]'), (0, "0"), (False, "false"), (None, "null"), (2**80, str(2**80)), (1.5, "1.5")):
            self.assertEqual(text, self.published(value)["data"])

    def test_empty_data_is_an_event(self):
        for nothing in ("", b""):
            self.assertEqual("", self.published(nothing)["data"])

    def test_type_id_and_retry(self):
        event = self.published("x", event="paid", id="order-7", retry_ms=2000)
        self.assertEqual(("paid", 2000), (event["event"], event["retry"]))

    def test_an_empty_type_id_and_key_are_sent_and_mean_none(self):
        with ScriptedServer(OK) as server:
            self.client(server.url).publish("t", "", event="", id="", key="", retry_ms=0)
        sent = json.loads(server.requests[0].partition("\r\n\r\n")[2])
        self.assertEqual({"topic": "t", "data": "", "event": "", "id": "", "key": "", "retry": 0}, sent)
        self.assertEqual("message", self.published("x", event="", id="", key="")["event"])

    def test_what_is_not_given_is_not_sent(self):
        with ScriptedServer(OK) as server:
            self.client(server.url).publish("t", "x")
        sent = json.loads(server.requests[0].partition("\r\n\r\n")[2])
        self.assertEqual({"topic", "data", "key"}, set(sent))

    def test_one_event_in_several_topics(self):
        topics = [unused(), unused()]
        result = self.client(daemon.url).publish(topics, "x")
        self.assertEqual([result.id, result.id], [daemon.history(topic)[0]["id"] for topic in topics])

    def test_a_comment_is_not_stored(self):
        topic = unused()
        result = self.client(daemon.url).publish(topic, "is anybody there?", comment=True)
        self.assertEqual(ringcast.Published(None, False), result)
        self.assertEqual([], daemon.history(topic))

    def test_a_comment_with_other_fields_is_refused(self):
        for fields in ({"id": "1"}, {"event": "e"}, {"retry_ms": 500}, {"key": "k"}, {"private": True}):
            with self.assertRaises(ringcast.PublishError) as caught:
                self.client(daemon.url).publish(unused(), "x", comment=True, **fields)
            self.assertEqual((400, "comment"), (caught.exception.status, caught.exception.field))

    def test_a_key_is_stored_once(self):
        topic, client = unused(), self.client(daemon.url)
        first = client.publish(topic, "x", key="k1")
        second = client.publish(topic, "x", key="k1")
        self.assertEqual((False, True, first.id), (first.duplicate, second.duplicate, second.id))
        self.assertEqual(1, len(daemon.history(topic)))

    def test_data_that_is_not_json_is_named(self):
        loop = []
        loop.append(loop)
        for data, words in (
                (math.nan, "NaN or Infinity, which JSON does not have, at $"),
                ({"a": [1, {"b": -math.inf}]}, "at $.a[1].b"),
                ({1, 2}, "set is not JSON serializable"), (loop, "Circular"), (object(), "object is not JSON"),
                (b"ab\xff", "not UTF-8: byte 0xff at 2"), ("a\ud800b", "half of a surrogate pair"),
                ({"a": "\ud800"}, "data has half of a surrogate pair")):
            with self.assertRaises(ringcast.InvalidEventError) as caught:
                self.client("http://127.0.0.1:9").publish("t", data)
            self.assertIn(words, str(caught.exception))

    def test_a_refusal_says_what_was_wrong(self):
        client = self.client(daemon.url)
        for topic, options, status, field in (
                ("a*b", {}, 400, "topic"), ("$sys/x", {}, 403, "topic"), (unused(), {"event": "open"}, 400, "event"),
                (unused(), {"id": "#1"}, 400, "id"), ([], {}, 400, "topics"), (unused(), {"retry_ms": -1}, 400, "retry")):
            with self.assertRaises(ringcast.PublishError) as caught:
                client.publish(topic, "x", **options)
            error = caught.exception
            self.assertEqual((status, http.HTTPStatus(status).phrase), (error.status, error.title))
            self.assertTrue(error.detail, error)
            self.assertIn(error.detail, str(error))
            if status == 400:
                self.assertEqual(field, error.field)

    def test_threads_share_a_client(self):
        topic, client = unused(), self.client(daemon.url)
        threads = [threading.Thread(target=client.publish, args=(topic, number)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(list(range(20)), sorted(json.loads(event["data"]) for event in daemon.history(topic)))

    def test_a_unix_socket(self):
        with Daemon(listen="unix:{folder}/ringcast.sock") as unix:
            client = self.client(unix.url)
            client.publish("t", "over a socket")
            with client.subscribe("t", since="earliest") as subscription:
                self.assertEqual(["over a socket"], texts(1, subscription))


class OwnHttp(unittest.IsolatedAsyncioTestCase):
    """A client of httpx that the user has configured."""

    async def test_it_is_used_and_not_closed(self):
        topic = unused()
        with httpx.Client(headers={"User-Agent": "mine"}) as http:
            with ringcast.Client(daemon.url, http=http) as client:
                client.publish(topic, "x")
            self.assertFalse(http.is_closed)
        async with httpx.AsyncClient() as http:
            async with ringcast.AsyncClient(daemon.url, http=http) as client:
                await client.publish(topic, "y")
            self.assertFalse(http.is_closed)
        with ScriptedServer(OK) as server, httpx.Client(headers={"User-Agent": "mine"}) as http:
            ringcast.Client(server.url, http=http).publish("t", "x")
            self.assertIn("\r\nUser-Agent: mine\r\n", server.requests[0])
        self.assertEqual(["x", "y"], [event["data"] for event in daemon.history(topic)])


@for_both
class Retrying:
    def test_an_answer_that_was_lost_does_not_make_two_events(self):
        port = int(daemon.url.rsplit(":", 1)[1])
        topic = unused()
        with CuttingProxy(port, cuts=2, after=20) as proxy:
            result = self.client(proxy.url).publish(topic, "once")
            self.assertEqual(3, proxy.connections)
        event, = daemon.history(topic)
        self.assertEqual(ringcast.Published(event["id"], False), result)

    def test_overload_is_waited_out(self):
        with ScriptedServer(answer(503, Retry_After="0"), answer(429, Retry_After="0"), answer(502), OK) as server:
            self.assertEqual("e-1", self.client(server.url).publish("t", "x").id)
            bodies = {request.partition("\r\n\r\n")[2] for request in server.requests}
            self.assertEqual((4, 1), (len(server.requests), len(bodies)))

    def test_it_gives_up_when_retry_after_is_beyond_its_time(self):
        with ScriptedServer(answer(503, b'{"detail":"draining"}', Retry_After="3600")) as server:
            with self.assertRaises(ringcast.PublishError) as caught:
                self.client(server.url, retry_for=5).publish("t", "x")
            error = caught.exception
            self.assertEqual((503, "draining", 3600, 1), (error.status, error.detail, error.retry_after, len(server.requests)))

    def test_a_refusal_is_not_repeated(self):
        for status in (400, 401, 403, 404, 413, 507):
            with ScriptedServer(answer(status)) as server:
                with self.assertRaises(ringcast.PublishError):
                    self.client(server.url).publish("t", "x")
                self.assertEqual(1, len(server.requests))

    def test_nobody_there(self):
        with self.assertRaises(ringcast.UnreachableError):
            self.client("http://127.0.0.1:9", retry_for=0.3).publish("t", "x")

    def test_a_broker_that_restarts_is_waited_for(self):
        with Daemon() as restarting:
            client = self.client(restarting.url)
            client.publish("t", "before")
            restarting.stop()
            starter = threading.Timer(0.5, restarting.start)
            starter.start()
            client.publish("t", "after")
            starter.join()
            self.assertEqual(["after"], [event["data"] for event in restarting.history("t")])

    def test_the_real_rate_limit(self):
        with Daemon({"limits": {"publish_rate_per_address": 2, "publish_burst": "1s"}}) as slow:
            client = self.client(slow.url)
            for number in range(5):
                client.publish("t", number)
            self.assertEqual(5, len(slow.history("t")))
            hasty = self.client(slow.url, retry_for=0)
            with self.assertRaises(ringcast.PublishError) as caught:
                for number in range(100):
                    hasty.publish("t", number)
            self.assertEqual((429, True), (caught.exception.status, caught.exception.retry_after > 0))

    def test_an_answer_from_something_else(self):
        for body in (b"<html>", b"[]", b'{"id":1}'):
            with ScriptedServer(answer(200, body)) as server:
                with self.assertRaisesRegex(ringcast.PublishError, "not ringcast's"):
                    self.client(server.url).publish("t", "x")

    def test_a_redirect_is_an_error_that_says_where_to(self):
        with ScriptedServer(answer(301, Location="https://other.example/")) as server:
            with self.assertRaisesRegex(ringcast.PublishError, "redirect to https://other.example/"):
                self.client(server.url).publish("t", "x")


@for_both
class PublishingMany:
    def test_a_hundred_thousand_events_in_order(self):
        topic = unused()
        events = ({"topic": topic, "data": number} for number in range(100_000))
        result = self.client(daemon.url).publish_many(events)
        self.assertEqual((100_000, 0), (result.accepted, result.duplicates))
        with self.client(daemon.url).subscribe(topic, since="earliest") as subscription:
            self.assertEqual(list(range(100_000)), numbers(100_000, subscription))
        self.assertEqual(result.last_id, subscription.last_event_id)

    def test_all_fields_of_publish(self):
        topic = unused()
        self.client(daemon.url).publish_many([
            {"topic": topic, "data": "", "event": "e", "id": "x1", "retry_ms": 500, "key": "k", "private": False,
             "comment": False},
            {"topic": [topic, unused()], "data": {"a": 1}},
            {"topic": topic, "data": "not stored", "comment": True}])
        self.assertEqual([("e", ""), ("message", '{"a":1}')],
                         [(event["event"], event["data"]) for event in daemon.history(topic)])

    def test_nothing(self):
        self.assertEqual(ringcast.PublishedMany(0, 0, None, None), self.client(daemon.url).publish_many([]))

    def test_keys_that_the_broker_knows_are_counted(self):
        topic, client = unused(), self.client(daemon.url)
        events = [{"topic": topic, "data": "x", "key": key} for key in ("a", "b", "a")]
        self.assertEqual((3, 1), client.publish_many(events)[:2])
        self.assertEqual((3, 3), client.publish_many(events)[:2])
        self.assertEqual(2, len(daemon.history(topic)))

    def test_the_first_bad_event_is_named_and_those_before_it_stand(self):
        for bad, words in (
                ({"data": math.nan}, "NaN"), ({"dta": 1}, "unknown field 'dta'"), ({"retry": 1}, "retry_ms"),
                ({"data": b"\xff"}, "UTF-8")):
            topic = unused()
            good = {"topic": topic, "data": "good"}
            events = [good] * 700 + [{**good, **bad}] + [good]
            with self.assertRaisesRegex(ringcast.InvalidEventError, words) as caught:
                self.client(daemon.url).publish_many(events)
            self.assertEqual((700, 700), (caught.exception.index, caught.exception.accepted))
            self.assertIn("event 700: ", str(caught.exception))
            self.assertEqual(700, len(daemon.history(topic)))

    def test_what_is_no_event_is_named(self):
        for bad, words in ((("t", "x"), "not tuple"), ({"topic": "t"}, "no data"), ({"data": "x"}, "no topic")):
            with self.assertRaisesRegex(ringcast.InvalidEventError, words) as caught:
                self.client(daemon.url).publish_many([bad])
            self.assertEqual((0, 0), (caught.exception.index, caught.exception.accepted))

    def test_the_first_event_that_the_broker_refuses_is_named(self):
        topic = unused()
        events = [{"topic": topic, "data": "good"}] * 700 + [{"topic": topic, "data": "x", "event": "open"}] * 2
        with self.assertRaises(ringcast.PublishError) as caught:
            self.client(daemon.url).publish_many(events)
        error = caught.exception
        self.assertEqual((400, 700, 700, "event"), (error.status, error.index, error.accepted, error.field))
        self.assertEqual(700, len(daemon.history(topic)))

    def test_connections_that_break_lose_and_repeat_nothing(self):
        port = int(daemon.url.rsplit(":", 1)[1])
        for downstream, after in ((True, 10), (False, 20_000)):
            topic = unused()
            with CuttingProxy(port, cuts=4, after=after, downstream=downstream) as proxy:
                result = self.client(proxy.url).publish_many({"topic": topic, "data": n} for n in range(3000))
            self.assertEqual((3000, 0), (result.accepted, result.duplicates))
            with self.client(daemon.url).subscribe(topic, since="earliest") as subscription:
                self.assertEqual(list(range(3000)), numbers(3000, subscription))
            self.assertEqual(result.last_id, subscription.last_event_id)


if __name__ == "__main__":
    unittest.main()
