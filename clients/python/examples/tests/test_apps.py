"""The example apps, run as their users run them: what is published arrives in the browser through the broker."""

import unittest
import urllib.parse

from harness.app import APP_TOKEN, OPERATOR_TOKEN, SECRET, App, free_port
from harness.broker import Broker
from harness.browser import Browser
from harness.micropython import MICROPYTHON, micropython_environment
from harness.probe import EXAMPLES
from harness.rows import head_of
from harness.waiting import wait_until


IS_OPEN = "document.getElementById('state')?.textContent == 'open'"
COUNT_CHANGES = "window.changes = 0; new MutationObserver(() => { changes += 1; }).observe(state, {childList: true})"


class AppTest(unittest.TestCase):
    framework = ""
    secret = SECRET
    command = None
    env = None
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        port = free_port()
        self.broker = self.enterContext(Broker(file=EXAMPLES / "broker.yaml", flags=[
            "--set", "stream.retry=100ms", "--set", f'cors.origins=["http://127.0.0.1:{port}"]', *self.flags]))
        self.app = self.start(port)

    def start(self, port):
        return self.enterContext(App(self.framework, self.broker, port, self.command, self.secret, self.env))

    def publish(self, topic, data, token, query=""):
        return self.broker.publish(topic, data, query, {"Authorization": "Bearer " + token})

    def stop(self, app):
        app.terminate()
        wait_until(lambda: app.over, "the end of its output")
        for line in app.lines:
            self.assertNotRegex(line, "(?i)traceback|error|destroyed|never (awaited|retrieved)")

    def set_limit(self, limit):
        self.publish("settings", f'{{"limit":{limit}}}', OPERATOR_TOKEN)
        self.wait_for_limit(self.app, limit)

    def wait_for_limit(self, app, limit):
        wait_until(lambda: app.get("/status")["limit"] == limit, f"a limit of {limit}")


class Common:
    """What every app does."""

    def test_a_reading_reaches_the_browser_through_the_broker(self):
        with self.browser.open(self.app.url) as page:
            page.wait_for(IS_OPEN, "the stream is open")
            status, answer = self.app.post("/readings", {"value": 21})
            self.assertEqual(status, 202)
            self.assertRegex(answer["id"], r"^[a-z0-9]+-\d+$")
            page.wait_for("""document.body.innerText.includes('reading {"value":21}')""", "the reading is on the page")

    def test_streams_stay_when_the_app_stops(self):
        with self.browser.open(self.app.url) as page:
            page.wait_for(IS_OPEN, "the stream is open")
            page.evaluate(COUNT_CHANGES)
            self.stop(self.app)
            self.publish("readings", "nobody is there", APP_TOKEN, "?event=reading")
            page.wait_for("document.body.innerText.includes('nobody is there')", "an event without the app")
            self.assertEqual(page.evaluate("changes"), 0)

    def test_the_app_acts_on_events_and_knows_the_last_one_after_a_restart(self):
        self.set_limit(20)
        with self.browser.open(self.app.url) as page:
            page.wait_for(IS_OPEN, "the stream is open")
            self.app.post("/readings", {"value": 21})
            page.wait_for("""document.body.innerText.includes('alarm {"value":21}')""", "an alarm on the page")
        self.stop(self.app)
        again = self.start(free_port())
        self.wait_for_limit(again, 20)


class Signing:
    """What the apps do that have a secret."""

    def test_the_redirect_grants_the_topic_of_readings_only(self):
        status, headers = self.app.redirect()
        self.assertEqual((status, headers["Cache-Control"]), (307, "no-store"))
        where = urllib.parse.urlsplit(headers["Location"])
        self.assertEqual(f"{where.scheme}://{where.netloc}{where.path}", self.broker.url + "/events")
        query = urllib.parse.parse_qs(where.query)
        self.assertEqual(query["topic"], ["readings"])
        for topic, expected in (("readings", " 200 "), ("settings", " 403 ")):
            answer = head_of(f"{self.broker.url}/events?topic={topic}&access_token={query['access_token'][0]}")
            answer[-1].close()
            self.assertIn(expected, answer[0])


class Watching:
    """What the apps for ASGI do."""

    def test_the_app_knows_how_many_watch(self):
        self.assertEqual(self.app.get("/status")["watchers"], 0)
        with self.browser.open(self.app.url):
            wait_until(lambda: self.app.get("/status")["watchers"] == 1, "one watches")
        wait_until(lambda: self.app.get("/status")["watchers"] == 0, "nobody watches")


class MicrodotApp(Common, Signing, AppTest):
    framework = "microdot"


class MicrodotOnMicroPython(Common, AppTest):
    framework = "microdot"
    secret = ""
    command = [MICROPYTHON, "app.py"]
    flags = ["--set", "auth.anonymous={subscribe: [readings]}"]

    @classmethod
    def setUpClass(cls):
        cls.env = micropython_environment()
        super().setUpClass()


class BlackSheepApp(Common, Signing, Watching, AppTest):
    framework = "blacksheep"


class BocadilloApp(Common, Signing, Watching, AppTest):
    framework = "bocadillo"


class StarletteApp(Common, Signing, Watching, AppTest):
    framework = "starlette"


if __name__ == "__main__":
    unittest.main()
