"""Runs an example app as its README says, on a free port."""

import json
import random
import re
import socket
import urllib.error
import urllib.request

from harness.probe import EXAMPLES, python_of
from harness.process import Process
from harness.waiting import PATIENCE, wait_until

# As in broker.yaml.
APP_TOKEN = "example-token-of-the-app"
OPERATOR_TOKEN = "example-token-of-an-operator"
CAMERA_TOKEN = "example-token-of-a-camera"
SECRET = "example-secret-of-the-app-and-the-broker"

UVICORN = ("-m", "uvicorn", "app:app", "--port")


def free_port():
    """One that is free now, and that the kernel gives to nobody who asks for any port."""
    while True:
        with socket.socket() as probe:
            port = random.randrange(10000, 32768)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class App(Process):
    """An example app that answers. `command` is what goes before the port."""

    def __init__(self, framework, broker, port, command=None, secret=SECRET, env=None):
        command = command or [python_of(framework), *(("app.py",) if framework == "microdot" else UVICORN)]
        self.url = f"http://127.0.0.1:{port}"
        settings = {"RINGCAST_URL": broker.url, "RINGCAST_TOKEN": APP_TOKEN, "RINGCAST_SECRET": secret, **(env or {})}
        super().__init__([*command, port], settings, EXAMPLES / framework)
        try:
            self.wait_for_line(re.compile("(?i)running on"), f"the app of {framework} runs")
            wait_until(self.answers, f"the app of {framework} answers")
        except BaseException:
            self.close()
            raise

    def answers(self):
        if self.child.poll() is not None:
            raise AssertionError(f"the app has ended: {self.lines}")
        try:
            return self.get("/status")
        except urllib.error.URLError:
            return None

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())

    def redirect(self):
        """The status and the headers of the answer to a browser that asks for its stream."""
        try:
            urllib.request.build_opener(_Stay).open(self.url + "/events", timeout=PATIENCE)
        except urllib.error.HTTPError as answer:
            answer.close()
            return answer.code, answer.headers
        raise AssertionError("an answer that is no redirect")
