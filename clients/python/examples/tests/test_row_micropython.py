"""Row 47 of docs/migrating.md: a camera on the real MicroPython publishes, and dashboards watch."""

import json
import unittest

from harness.app import APP_TOKEN, CAMERA_TOKEN
from harness.broker import Broker
from harness.event_stream import EventStream
from harness.micropython import MICROPYTHON, micropython_environment
from harness.probe import EXAMPLES, python_of
from harness.process import Process

DASHBOARDS = 30


class Camera(unittest.TestCase):
    def watch(self, command, env):
        with Broker(file=EXAMPLES / "broker.yaml") as broker:
            dashboards = [self.enterContext(EventStream(
                broker.url + "/events?topic=readings", {"Authorization": "Bearer " + APP_TOKEN})) for _ in range(DASHBOARDS)]
            for dashboard in dashboards:
                dashboard.wait_for_text("id: ")
            settings = {"RINGCAST_URL": broker.url, "RINGCAST_TOKEN": CAMERA_TOKEN, **env}
            with Process(command, settings, EXAMPLES / "microdot") as camera:
                seen = [dashboard.wait_for_count(2)[:2] for dashboard in dashboards]
                self.assertEqual(camera.lines, [])
            for events in seen:
                self.assertEqual(events, seen[0])
                self.assertEqual([event["event"] for event in events], ["reading", "reading"])
                self.assertIn("value", json.loads(events[0]["data"]))

    def test_row_47_a_camera_on_micropython_publishes_once_for_all_dashboards(self):
        self.watch([MICROPYTHON, "camera.py"], micropython_environment())

    def test_the_camera_runs_on_cpython_as_well(self):
        self.watch([python_of("microdot"), "camera.py"], {})


if __name__ == "__main__":
    unittest.main()
