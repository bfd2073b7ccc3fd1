"""The commands of the examples' READMEs, run as they stand there but for ports and paths."""

import os
import re
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

from harness.app import free_port
from harness.broker import binary
from harness.micropython import MICROPYTHON
from harness.probe import EXAMPLES, python_of
from harness.process import clean_environment
from harness.waiting import PATIENCE, wait_until


def blocks_of(framework):
    """What the README says to type, a block at a time, without the installation that run_tests has done."""
    text = (EXAMPLES / framework / "README.md").read_text(encoding="utf-8")
    install = "pip install --no-deps -r" if framework == "bocadillo" else "pip install -r"
    first = f"python3 -m venv venv && venv/bin/{install} requirements.txt\n"
    start, *rest = re.findall(r"(?s)```sh\n(.*?)```", text)
    assert start.startswith(first), start
    return [start[len(first):], *rest]


class Readme:
    framework = ""

    def setUp(self):
        self.broker, self.app = free_port(), free_port()
        self.sessions = []
        self.addCleanup(self.end)

    def end(self):
        for session in self.sessions:
            if session.poll() is None:
                os.killpg(session.pid, signal.SIGKILL)
                session.wait()
            session.stdout.close()

    def shell(self, block):
        """Starts what a block says, in a session of its own, so that what it leaves behind ends with the test."""
        daemon = f"{binary('ringcastd')} --listen 127.0.0.1:{self.broker}"
        script = block.replace("ringcastd ", daemon + " ")
        script = script.replace(":8080", f":{self.broker}").replace("8000", str(self.app))
        script = script.replace("venv/bin/", f"{python_of(self.framework).parent}/").replace(" micropython ", f" {MICROPYTHON} ")
        env = clean_environment({"RINGCAST_URL": f"http://127.0.0.1:{self.broker}"})
        session = subprocess.Popen(["bash", "-ec", script], cwd=EXAMPLES / self.framework, env=env, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.sessions.append(session)
        return session

    def get(self, url):
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return str(error.code)
        except urllib.error.URLError:
            return ""

    def test_its_commands_work(self):
        start, use, *rest = blocks_of(self.framework)
        self.shell(start + "wait")
        wait_until(lambda: self.get(f"http://127.0.0.1:{self.broker}/readyz"), "the broker answers")
        wait_until(lambda: '"limit"' in self.get(f"http://127.0.0.1:{self.app}/status"), "the app answers")
        used = self.shell(use)
        self.assertEqual(used.wait(PATIENCE), 0)
        self.assertEqual(len(re.findall(r'"id": ?"[a-z0-9]+-\d+"', used.stdout.read())), 2)
        wait_until(lambda: re.search(r'"limit": ?20\b', self.get(f"http://127.0.0.1:{self.app}/status")), "a limit of 20")
        for block in rest:
            self.shell(block)
            query = "topic=readings&since=earliest&access_token=example-token-of-the-app"
            stream = urllib.request.urlopen(f"http://127.0.0.1:{self.broker}/events?{query}", timeout=PATIENCE)
            with stream:
                self.assertEqual(sum(line == b"event: reading\n" for line in (stream.readline() for _ in range(12))), 2)


class Microdot(Readme, unittest.TestCase):
    framework = "microdot"


class BlackSheep(Readme, unittest.TestCase):
    framework = "blacksheep"


class Bocadillo(Readme, unittest.TestCase):
    framework = "bocadillo"


class Starlette(Readme, unittest.TestCase):
    framework = "starlette"


if __name__ == "__main__":
    unittest.main()
