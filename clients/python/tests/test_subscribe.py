"""Subscribing at the real broker, with both clients."""

import datetime
import threading
import unittest

import ringcast
from harness.both_clients import for_both
from harness.daemon import Daemon
from harness.scripted_server import ScriptedServer, answer, stream
from harness.waiting import take, texts, wait_until
from ringcast._backoff import Backoff, retry_after_seconds

daemon = None


def setUpModule():
    global daemon
    daemon = Daemon()


def tearDownModule():
    daemon.close()


def unused(topics=iter(range(10**9))):
    return f"s{next(topics)}"


@for_both
class Subscribing:
    def test_events_come_in_order_with_type_and_id(self):
        topic, client = unused(), self.client(daemon.url)
        subscription = client.subscribe(topic).connect()
        ids = [client.publish(topic, f"data\n{n}\n", event=f"type {n}").id for n in range(3)]
        events = take(3, subscription)
        self.assertEqual([(f"data\n{n}\n", f"type {n}", ids[n], None) for n in range(3)],
                         [(e.data, e.event, e.id, e.topic) for e in events])
        self.assertEqual(ids[2], subscription.last_event_id)

    def test_an_event_without_a_type_is_a_message(self):
        topic, client = unused(), self.client(daemon.url)
        client.publish(topic, "")
        event, = take(1, client.subscribe(topic, since="earliest"))
        self.assertEqual(("", "message"), (event.data, event.event))

    def test_json(self):
        topic, client = unused(), self.client(daemon.url)
        client.publish(topic, {"a": [1, "é"]})
        self.assertEqual({"a": [1, "é"]}, take(1, client.subscribe(topic, since="earliest"))[0].json())

    def test_where_to_start(self):
        topic, client = unused(), self.client(daemon.url)
        ids = [client.publish(topic, number).id for number in range(5)]
        now = datetime.datetime.now(datetime.timezone.utc)
        for options, wanted in (
                ({"since": "earliest"}, "01234"), ({"since": "-2"}, "34"), ({"since": -2}, "34"), ({"since": "10m"}, "01234"),
                ({"since": now - datetime.timedelta(hours=1)}, "01234"),
                ({"since": int(now.timestamp()) - 3600}, "01234"),
                ({"last_event_id": ids[2]}, "34"), ({"last_event_id": ids[2], "since": "earliest"}, "34")):
            with client.subscribe(topic, **options) as subscription:
                self.assertEqual(wanted, "".join(texts(len(wanted), subscription)), options)

    def test_a_start_without_a_time_zone_is_refused(self):
        with self.assertRaisesRegex(ValueError, "time zone"):
            self.client(daemon.url).subscribe("t", since=datetime.datetime(2026, 1, 1))

    def test_an_id_with_a_line_end_is_refused(self):
        with self.assertRaisesRegex(ValueError, "last_event_id"):
            self.client(daemon.url).subscribe("t", last_event_id="1\r\nX: y")

    def test_only_some_types(self):
        topic, client = unused(), self.client(daemon.url)
        for kind in ("a", "b", "c", "a"):
            client.publish(topic, kind, event=kind)
        self.assertEqual(["a", "a"], texts(2, client.subscribe(topic, since="earliest", events="a")))
        self.assertEqual(["b", "c"], texts(2, client.subscribe(topic, since="earliest", events=["b", "c"])))

    def test_several_topics_and_patterns_with_their_topic_and_time(self):
        client, one, many = self.client(daemon.url), unused(), unused()
        client.publish(one, "1")
        client.publish(f"{many}/x/y", "a\nb", event="e")
        events = take(2, client.subscribe([one, f"{many}/**"], since="earliest", envelope=True))
        self.assertEqual([("1", "message", one), ("a\nb", "e", f"{many}/x/y")],
                         [(e.data, e.event, e.topic) for e in events])
        for event in events:
            self.assertIsNotNone(datetime.datetime.fromisoformat(event.time.replace("Z", "+00:00")).tzinfo)

    def test_data_that_is_too_long_is_flagged(self):
        topic, client = unused(), self.client(daemon.url)
        for size in (99, 100, 101):
            client.publish(topic, "x" * size)
        for options in ({"max_data": 100}, {"max_event_bytes": 100}):
            events = take(3, client.subscribe(topic, since="earliest", **options))
            self.assertEqual([None, None, 101], [event.oversize for event in events])
            self.assertEqual("ringcast.oversize", events[2].event)
            self.assertTrue(events[2].id)
        events = take(3, client.subscribe(topic, since="earliest", envelope=True, max_data=50))
        self.assertTrue(all(event.oversize > 100 for event in events), events)

    def test_comments(self):
        topic, client, comments = unused(), self.client(daemon.url), []
        subscription = client.subscribe(topic, on_comment=comments.append).connect()
        client.publish(topic, "anybody?", comment=True)
        for text in ("x", "y"):  # It may come behind the next event, but not behind one after that.
            client.publish(topic, text)
            take(1, subscription)
        self.assertEqual(["ringcast", "anybody?"], comments)

    def test_states(self):
        topic, client, states = unused(), self.client(daemon.url), []
        client.publish(topic, "x")
        with client.subscribe(topic, since="earliest", on_state=lambda state: states.append(state.name)) as subscription:
            take(1, subscription)
        self.assertEqual(["connecting", "open", "closed"], states)

    def test_an_error_in_a_callback_ends_the_subscription(self):
        subscription = self.client(daemon.url).subscribe(unused(), on_state=lambda state: {}[state.name])
        with self.assertRaises(KeyError):
            subscription.connect()

    def test_broken_data_of_a_gap_or_an_envelope_is_an_error(self):
        for body, words in ((b"event: ringcast.gap\ndata: []\n\n", "not an object"), (b"data: x\n\n", "not an object"),
                            (b"data: {}\n\n", "not an envelope")):
            with ScriptedServer(stream(body)) as server:
                with self.assertRaisesRegex(ringcast.RingcastError, words):
                    take(1, self.client(server.url).subscribe("t", envelope=True))


@for_both
class Refused:
    def refused(self, subscription):
        with self.assertRaises(ringcast.RefusedError) as caught:
            take(1, subscription)
        self.assertEqual([], list(subscription))  # It is over.
        return caught.exception

    def test_a_bad_pattern_or_start(self):
        client = self.client(daemon.url)
        for subscription, field in ((client.subscribe("a*b"), "topic"), (client.subscribe("a", since="foo"), "since")):
            error = self.refused(subscription)
            self.assertEqual((400, "Bad Request", field), (error.status, error.title, error.field))
            self.assertTrue(error.detail)

    def test_final_statuses(self):
        for status in (301, 400, 401, 403, 404, 405, 410, 501):
            with ScriptedServer(answer(status, b'{"detail":"no way"}', Location="/x")) as server:
                error = self.refused(self.client(server.url).subscribe("t"))
                self.assertEqual((status, "no way", 1), (error.status, error.detail, len(server.requests)))

    def test_what_is_no_event_stream(self):
        for content_type in ("text/html", "text/event-stream2", ""):
            with ScriptedServer(stream(b"data: x\n\n", content_type)) as server:
                self.assertIn("not text/event-stream", self.refused(self.client(server.url).subscribe("t")).detail)

    def test_a_parameter_of_the_content_type_does_not_matter(self):
        with ScriptedServer(stream(b"data: x\n\n", "Text/Event-Stream; charset=utf-8")) as server:
            self.assertEqual(["x"], texts(1, self.client(server.url).subscribe("t")))

    def test_204_ends_it(self):
        with ScriptedServer(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as server:
            self.assertEqual([], list(self.client(server.url).subscribe("t")))

    def test_an_endless_error_is_not_read_to_its_end(self):
        head = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"
        with ScriptedServer(head + b"x" * 1_000_000 + ScriptedServer.HOLD) as server:
            self.assertEqual(404, self.refused(self.client(server.url).subscribe("t")).status)


@for_both
class ComingBack:
    def waits(self, *answers, count=1, **options):
        """How it waited before each new connection until it had got `count` events of these answers."""
        states = []
        with ScriptedServer(*answers) as server:
            with self.client(server.url).subscribe("t", on_state=states.append, **options) as subscription:
                take(count, subscription)
        self.requests = server.requests
        return [state for state in states if state.name == "waiting"]

    LAST = stream(b"retry: 1\nid: 9\ndata: the end\n\n")

    def test_overload_and_retry_after(self):
        refusals = [answer(status, Retry_After="1") for status in (429, 503)]
        waits = self.waits(*refusals, self.LAST)
        self.assertEqual(2, len(waits))
        self.assertTrue(all(state.wait >= 1 for state in waits), waits)
        self.assertIn("429", waits[0].reason)

    def test_a_stream_of_nothing_but_retry_is_a_wait_too(self):
        wait, = self.waits(stream(b": draining\nretry: 700\n\n"), self.LAST)
        self.assertGreaterEqual(wait.wait, 0.7)

    def test_an_answer_that_breaks_off_is_no_less_an_answer(self):
        broken = answer(503, b"x" * 100, Retry_After="0")[:-50]
        self.assertIn("503", self.waits(broken, self.LAST)[0].reason)

    def test_retry_bounds_the_first_wait(self):
        wait, = self.waits(stream(b"retry: 150\ndata: x\n\n"), self.LAST, count=2)
        self.assertLessEqual(wait.wait, 0.15)

    def test_failures_in_a_row_double_the_bound(self):
        waits = self.waits(stream(b"retry: 100\ndata: x\n\n"), *[answer(500)] * 3, self.LAST, count=2)
        self.assertEqual(4, len(waits))
        for place, state in enumerate(waits):
            self.assertLessEqual(state.wait, 0.1 * 2 ** place)
        bounds = Backoff(0.1, 60)
        self.assertGreater(max(bounds.next() for _ in range(100)), 1)

    def test_a_retry_of_0_does_not_make_it_loop(self):
        wait, = self.waits(stream(b"retry: 0\n\n"), self.LAST)
        self.assertGreaterEqual(wait.wait, 0.1)

    def test_it_resumes_from_the_last_event(self):
        self.waits(stream(b"retry: 1\nid: 5\ndata: x\n\nid: 6\ndata: unfinished"), self.LAST, count=2)
        self.assertNotIn("last-event-id", self.requests[0].lower())
        self.assertIn("last-event-id: 5\r\n", self.requests[1].lower())

    def test_it_resumes_from_a_position_without_an_event(self):
        self.waits(stream(b"retry: 1\nid: 5\ndata: x\n\nid: 6\n\n"), self.LAST, count=2)
        self.assertIn("last-event-id: 6\r\n", self.requests[1].lower())

    def test_silence_ends_a_connection(self):
        waits = self.waits(stream(b"retry: 1\ndata: x\n\n") + ScriptedServer.HOLD, self.LAST, count=2, idle_timeout=0.2)
        self.assertEqual(1, len(waits))

    def test_a_server_that_says_nothing_at_all(self):
        waits = self.waits(stream(b"retry: 1\n\n"), ScriptedServer.HOLD, self.LAST, idle_timeout=0.2)
        self.assertEqual(2, len(waits))

    def test_the_query_is_the_same_each_time(self):
        self.waits(stream(b"retry: 1\ndata: x\n\n"), self.LAST, count=2, since=-3, events=["a b"], max_data=0)
        lines = {request.partition("\r\n")[0] for request in self.requests}
        self.assertEqual({"GET /events?topic=t&event=a%20b&since=-3&max_data=0 HTTP/1.1"}, {
            line.replace("a+b", "a%20b") for line in lines})

    def test_nobody_there_at_first(self):
        with Daemon() as late:
            late.stop()
            client, states = self.client(late.url), []
            subscription = client.subscribe("t", on_state=states.append)
            starter = threading.Timer(0.2, late.start)
            starter.start()
            subscription.connect()
            starter.join()
            client.publish("t", "x")
            self.assertEqual(["x"], texts(1, subscription))
            self.assertEqual("waiting", states[1].name)


class RetryAfter(unittest.TestCase):
    def test_seconds_and_dates(self):
        self.assertEqual((None, 0, 7, None, None), tuple(map(retry_after_seconds, (None, "0", " 7 ", "soon", "-1"))))
        self.assertEqual(0, retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT"))
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        seconds = retry_after_seconds(later.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        self.assertTrue(3000 < seconds <= 3600, seconds)


@for_both
class Closing:
    def gone(self, topic):
        wait_until(lambda: daemon.subscribers(topic) == 0, "the broker has no subscriber")

    def test_closing_ends_the_connection(self):
        topic, client = unused(), self.client(daemon.url)
        subscription = client.subscribe(topic).connect()
        wait_until(lambda: daemon.subscribers(topic) == 1, "the broker has a subscriber")
        subscription.close()
        self.gone(topic)
        self.assertEqual([], list(subscription))
        subscription.close()

    def test_closing_the_client_ends_its_subscriptions(self):
        topic, client = unused(), self.client(daemon.url)
        subscriptions = [client.subscribe(topic).connect() for _ in range(3)]
        client.close()
        self.gone(topic)
        self.assertEqual([[], [], []], [list(each) for each in subscriptions])

    def test_closing_from_elsewhere_wakes_who_waits_for_an_event(self):
        topic, client = unused(), self.client(daemon.url)
        subscription = client.subscribe(topic, idle_timeout=None)
        got = []
        reader = threading.Thread(target=lambda: got.append(list(subscription)))
        reader.start()
        wait_until(lambda: daemon.subscribers(topic) == 1, "the broker has a subscriber")
        subscription.close()
        reader.join(20)
        self.assertEqual([[]], got)
        self.gone(topic)

    def test_closing_from_elsewhere_wakes_who_waits_to_connect_again(self):
        states = []
        with ScriptedServer(answer(503, Retry_After="3600")) as server:
            subscription = self.client(server.url).subscribe("t", on_state=states.append)
            got = []
            reader = threading.Thread(target=lambda: got.append(list(subscription)))
            reader.start()
            wait_until(lambda: states and states[-1].name == "waiting", "it waits")
            subscription.close()
            reader.join(20)
            self.assertEqual([[]], got)

    def test_a_subscription_that_nobody_holds_any_more_ends(self):
        topic, client = unused(), self.client(daemon.url)
        client.publish(topic, "x")
        for _ in client.subscribe(topic, since="earliest"):
            break
        self.gone(topic)

    def test_more_subscriptions_than_a_pool_of_httpx_has_by_default(self):
        topic, client = unused(), self.client(daemon.url)
        subscriptions = [client.subscribe(topic).connect() for _ in range(120)]
        client.publish(topic, "x")
        self.assertEqual({"x"}, {texts(1, each)[0] for each in subscriptions})


if __name__ == "__main__":
    unittest.main()
