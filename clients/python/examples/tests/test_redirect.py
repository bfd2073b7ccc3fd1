"""What docs/migrating.md says of the redirect: where a browser comes back to, and what the page does once its token has ended."""

import unittest
import urllib.parse

from harness.app import SECRET
from harness.broker import Broker
from harness.browser import Browser
from harness.redirecting_app import RedirectingApp
from harness.rows import probe

STATE = "document.getElementById('state')?.textContent == '{}'"
SHOWN = "document.getElementById('log').textContent == '{}'"


class Redirect(unittest.TestCase):
    """An app whose answers each test gives, with the page of the examples."""

    def setUp(self):
        self.asked = []  # The last_event_id of each time that the page asked the app.
        self.app = self.enterContext(RedirectingApp(self.answer))
        self.settings = {"auth": {"jwt": {"algorithms": ["HS256"], "key": SECRET}, "anonymous": {"publish": ["**"]}},
                         "cors": {"origins": [self.app.url]}, "stream": {"retry": "100ms"}}
        self.broker = self.enterContext(Broker(self.settings))
        self.browser = self.enterContext(Browser())

    def answer(self, path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        self.last = query.get("last_event_id", [""])[0]
        self.asked.append(self.last)
        return self.answers(len(self.asked))

    def redirect(self, seconds):
        location = probe("starlette")(f"location(['readings'], {SECRET!r}, {seconds}, last_event_id={self.last!r})")
        return 307, location.replace("http://broker", self.broker.url)

    def publish(self, data):
        return self.broker.publish("readings", data, "?event=reading")

    def test_a_page_whose_token_has_ended_asks_the_app_again_and_misses_nothing(self):
        def answers(time):
            if time == 2:
                self.publish("in-between")
            return self.redirect(2 if time == 1 else 300)
        self.answers = answers
        with self.browser.open(self.app.url) as page:
            page.wait_for(STATE.format("open"), "the stream is open")
            first = self.publish("before")
            page.wait_for(SHOWN.format(r"reading before\nreading in-between\n"), "what came while there was no stream")
            self.publish("after")
            page.wait_for(SHOWN.format(r"reading before\nreading in-between\nreading after\n"), "an event of the new stream")
        self.assertEqual(self.asked, ["", first])

    def test_a_browser_that_was_cut_off_comes_back_without_the_app(self):
        self.answers = lambda time: self.redirect(300)
        with self.browser.open(self.app.url) as page:
            page.wait_for(STATE.format("open"), "the stream is open")
            self.publish("before")
            page.wait_for(SHOWN.format(r"reading before\n"), "the event before")
            self.broker.kill()
            page.wait_for(STATE.format("connecting"), "the cut")
            with Broker(self.settings, address=self.broker.address):
                page.wait_for(STATE.format("open"), "the stream is open again")
                self.publish("after")
                page.wait_for("document.getElementById('log').textContent.endsWith('reading after\\n')", "the event after")
        self.assertEqual(len(self.asked), 1)

    def test_an_app_that_refuses_ends_it_for_good(self):
        for status in (204, 401, 403):
            self.asked.clear()
            self.answers = lambda time, status=status: self.redirect(1) if time == 1 else (status, None)
            with self.browser.open(self.app.url) as page:
                page.wait_for(STATE.format("refused"), f"the end by {status}")
            self.assertEqual(len(self.asked), 2)


if __name__ == "__main__":
    unittest.main()
