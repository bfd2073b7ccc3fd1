"""The topics of a Mercure hub: what is below its URL is told by the hub alone, in any spelling and by either API."""

import json
import unittest

from mercure_case import HUB, LIST, MercureCase, settings


class NameTest(MercureCase):

    def test_topics_below_the_list_keep_the_rules_of_topics(self):
        for odd in ("/x\ny", "/x\x7f", "/**", "/*/a", "/a/x**"):
            with self.subTest(odd=odd):
                self.assert_problem(self.try_hear(LIST + odd), 400, field="topic")

    def test_but_they_may_be_as_long_as_a_selector(self):
        longest = LIST + "/" + "x" * (4096 - len(LIST) - 1)
        self.hear(longest).close()
        self.assert_problem(self.try_hear(longest + "x"), 400, field="topic")
        self.assert_problem(self.try_hear("x" * 1025), 400, field="topic")


class PublishTest(MercureCase):
    settings = settings(subscriptions=True)
    OWN = (HUB, LIST + "/news/urn%3Auuid%3Afake", "https://hub.example/.well-known/%6Dercure/x", "/a/../.well-known/mercure/x")

    def assert_forbidden(self, response, **where):
        problem = self.assert_problem(response, 403, field="topic", **where)
        self.assertIn("below", problem["detail"])

    def test_nobody_publishes_there_by_either_api(self):
        for own in self.OWN:
            with self.subTest(own=own):
                self.assert_forbidden(self.try_update(own, data="x"))
                self.assert_forbidden(self.try_publish("x", own))
                self.assert_forbidden(self.try_publish_many([{"topic": self.topic, "data": "x"},
                                                             {"topics": [self.topic, own], "data": "x"}]), index=1)
                self.assert_forbidden(self.try_publish_many([{"topic": own, "comment": "x"}]), index=0)
                lines = "".join(json.dumps({"topic": topic, "data": "x"}) + "\n" for topic in (self.topic, own))
                self.assert_forbidden(self.fetch("POST", "/events", {"Content-Type": "application/x-ndjson"},
                                                 lines.encode()), line=2)

    def test_what_only_looks_alike_is_anybody_s(self):
        stream = self.hear("*")
        for topic in (HUB + "x", "mercurial", "#mercure", "/.well-known/other/%41"):
            with self.subTest(topic=topic):
                self.publish("x", topic)
                self.assertEqual(stream.next_event().data, "x")


class ResourceTest(MercureCase):
    settings = settings(resource="https://hub.example/outside/%68ub?x=1", subscriptions=True)

    def test_both_urls_of_a_hub_are_its_own(self):
        for own in ("https://hub.example/outside/hub/x", "/outside/hub", "/outside/h%75b/x", "hub/x", LIST + "/a/b"):
            with self.subTest(own=own):
                self.assertEqual(self.try_update(own, data="x").status, 403)
                self.assertEqual(self.try_publish("x", own).status, 403)
        self.publish("x", "/outside/hubx")


if __name__ == "__main__":
    unittest.main()
