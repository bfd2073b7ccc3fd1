"""The example apps, as their users run them: the route is called, the browser gets the event through the broker."""

import json
import re
import unittest
import urllib.error
import urllib.request

from harness.broker import Broker
from harness.browser import Browser
from harness.event_stream import EventStream
from harness.probe import EXAMPLES, python_of
from harness.process import Process
from harness.waiting import PATIENCE, wait_until

TOKENS = {"app": "example-token-of-the-app", "operator": "example-token-of-an-operator"}
SECRET = "example-secret-of-the-app-and-the-broker"
RUNNING = re.compile(r"running on (http://127\.0\.0\.1:\d+)", re.IGNORECASE)


class App(Process):
    """An example app on a free port, or on the one given."""

    def __init__(self, framework, broker, command=("-m", "uvicorn", "app:app", "--port"), port=0, **settings):
        env = {"RINGCAST_URL": broker.url, "RINGCAST_TOKEN": TOKENS["app"], "RINGCAST_SECRET": SECRET, **settings}
        super().__init__([python_of(framework), *command, str(port)], env, EXAMPLES / framework)
        try:
            self.url = self.wait_for_line(RUNNING, f"the app of {framework} runs").group(1)
        except BaseException:
            self.close()
            raise

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    def request(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"} if data else {})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())

    def redirect(self, path="/events"):
        """The answer to a GET that is not followed."""
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None
        try:
            urllib.request.build_opener(Stay).open(self.url + path, timeout=PATIENCE)
        except urllib.error.HTTPError as answer:
            answer.close()
            return answer
        raise AssertionError("no redirect")


class AppTest:
    """What each of the apps does. Without the name of a test case, so that it is not run by itself."""

    framework = None

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.broker = self.enterContext(Broker(
            file=EXAMPLES / "broker.yaml", flags=["--set", "stream.retry=100ms", "--set", 'cors.origins=["*"]']))

    def start(self, **settings):
        return self.enterContext(App(self.framework, self.broker, **settings))

    def publish(self, topic, data, who, query=""):
        return self.broker.publish(topic, data, query, {"Authorization": "Bearer " + TOKENS[who]})

    def test_a_reading_reaches_the_browser_through_the_broker_and_the_stream_outlives_the_app(self):
        app = self.start()
        with self.browser.open(app.url) as page:
            page.wait_for("window.events && events.readyState == 1", "the page's stream is open")
            status, answer = app.request("/readings", {"value": 21})
            self.assertEqual(status, 202)
            page.wait_for("""document.body.innerText.includes('reading {"value":21}')""", "the reading is on the page")
            self.assertRegex(answer["id"], r"^[a-z0-9]+-\d+$")
            self.assertEqual(app.terminate_cleanly(), [])
            self.publish("readings", "the app is gone", "app", "?event=reading")
            page.wait_for("document.body.innerText.includes('the app is gone')", "an event without the app")
            self.assertEqual(page.evaluate("events.readyState"), 1)
