"""Looking and cleaning up: topics, history, deletion, health, readiness."""

import unittest

from harness.case import DaemonCase, seq
from harness.http import encoded, query
from harness.waiting import wait_until


class TopicsTest(DaemonCase):

    def list(self, **parameters):
        response = self.fetch("GET", "/topics?" + query(parameters))
        self.assertEqual(response.status, 200, response)
        return response.json()

    def names(self, **parameters):
        return [topic["name"] for topic in self.list(**parameters)["topics"]]

    def test_a_topic_is_described(self):
        answer = self.publish_numbers(0, 3)
        self.listener()
        self.listener()
        info = self.topic_info()
        self.assertGreater(info.pop("bytes"), 0)
        self.assertEqual(info, {"name": self.topic, "subscribers": 2, "events": 3, "oldest": answer["first_id"],
                                "newest": answer["last_id"]})

    def test_the_listing_says_the_same(self):
        self.publish_numbers(0, 3)
        listing = self.list(prefix=self.topic)
        self.assertEqual(listing["topics"], [self.topic_info()])
        self.assertIsNone(listing["next"])

    def test_a_topic_that_is_not_there(self):
        self.assert_problem(self.fetch("GET", "/topics/" + self.topic), 404)

    def test_a_topic_appears_with_its_subscriber_and_goes_with_it(self):
        stream = self.listener()
        self.assertEqual(self.names(prefix=self.topic), [self.topic])
        stream.close()
        wait_until(lambda: not self.names(prefix=self.topic), "the topic is forgotten")

    def test_a_prefix_narrows_the_listing(self):
        for name in ("/a", "/ab", "/b"):
            self.publish("x", self.topic + name)
        self.assertEqual(self.names(prefix=self.topic + "/a"), [self.topic + "/a", self.topic + "/ab"])

    def test_pages_are_complete_and_without_repeats(self):
        expected = sorted(f"{self.topic}/{number}" for number in range(25))
        for name in expected:
            self.publish("x", name)
        found, after = [], {}
        while True:
            page = self.list(prefix=self.topic, limit="10", **after)
            self.assertLessEqual(len(page["topics"]), 10)
            found += [topic["name"] for topic in page["topics"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        self.assertEqual(found, expected)

    def test_the_limit_is_one_to_a_thousand(self):
        for good in ("1", "1000"):
            self.list(limit=good)
        for bad in ("0", "1001", "x", "-1"):
            self.assert_problem(self.fetch("GET", "/topics?limit=" + bad), 400, field="limit")


class HistoryTest(DaemonCase):
    settings = {"history": {"events": 20, "grace": "0s"}}

    def history(self, *topics, **parameters):
        target = "/history?" + query([("topic", topic) for topic in topics or (self.topic,)]
                                     + list(parameters.items()))
        response = self.fetch("GET", target)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def test_without_a_topic_it_says_which_parameter_is_missing(self):
        problem = self.assert_problem(self.fetch("GET", "/history"), 400, field="topic")
        self.assertEqual(problem["detail"], "name at least one topic, as in ?topic=...")

    def test_an_event_is_described(self):
        position = self.publish("a\nb", event="kind", retry="700")
        page = self.history()
        self.assertIsNone(page["gap"])
        event = page["events"][0]
        self.assertRegex(event.pop("time"), r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertEqual(event, {"id": position, "topics": [self.topic], "event": "kind", "data": "a\nb",
                                 "retry": 700})

    def test_pages_go_on_where_the_last_one_ended(self):
        self.publish_numbers(0, 15)
        data, after = [], {}
        while True:
            page = self.history(limit="4", **after)
            self.assertIsNone(page["gap"])
            data += [event["data"] for event in page["events"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        self.assertEqual(data, [str(n) for n in range(15)])

    def test_a_gap_is_told(self):
        first = self.publish("first")
        self.publish_numbers(0, 50)
        page = self.history(after=first)
        self.assertEqual((page["gap"]["reason"], page["gap"]["missed"]), ("expired", 30))
        self.assertEqual([event["data"] for event in page["events"]], [str(n) for n in range(30, 50)])

    def test_a_pattern_gives_each_event_once(self):
        self.publish_many([{"topics": [self.topic + "/a", self.topic + "/b"], "data": "both"}])
        events = self.history(self.topic + "/*")["events"]
        self.assertEqual([event["topics"] for event in events], [[self.topic + "/a", self.topic + "/b"]])


class DeleteTest(DaemonCase):

    def delete(self, topic=None):
        return self.fetch("DELETE", "/topics/" + encoded(topic or self.topic))

    def test_it_takes_the_events(self):
        self.publish_numbers(0, 5)
        response = self.delete()
        self.assertEqual((response.status, response.body), (204, b""))
        self.publish("after")
        self.assertEqual(self.subscribe(since="earliest").data(1), ["after"])
        self.assertEqual(self.topic_info()["events"], 1)

    def test_positions_are_not_used_again(self):
        before = self.publish("x")
        self.delete()
        self.assertGreater(seq(self.publish("y")), seq(before))

    def test_broker_names_are_not_for_deleting(self):
        self.assertIn(self.delete("$sys/x").status, (403, 404))


class HealthTest(DaemonCase):

    def test_health_and_readiness(self):
        for target in ("/healthz", "/readyz"):
            self.assertEqual(self.fetch("GET", target).status, 200)

    def test_the_page(self):
        response = self.fetch("GET", "/")
        self.assertEqual(response.status, 200)
        self.assertTrue(response.header("Content-Type").startswith("text/html"))


class NoPageTest(DaemonCase):
    settings = {"page": False}

    def test_the_page_can_be_switched_off(self):
        self.assert_problem(self.fetch("GET", "/"), 404)


if __name__ == "__main__":
    unittest.main()
