"""The topics of a Mercure hub: what is below its URL is told by the hub alone, in any spelling and by either API."""

import unittest

from mercure_case import LIST, MercureCase


class NameTest(MercureCase):

    def test_topics_below_the_list_keep_the_rules_of_topics(self):
        for odd in ("/x\ny", "/x\x7f", "/**", "/*/a", "/a/x**"):
            with self.subTest(odd=odd):
                self.assert_problem(self.try_hear(LIST + odd), 400, field="topic")

    def test_but_they_may_be_as_long_as_a_selector(self):
        self.hear(LIST + "/" + "x" * (4096 - len(LIST) - 1)).close()
        self.assert_problem(self.try_hear("x" * 1025), 400, field="topic")


if __name__ == "__main__":
    unittest.main()
