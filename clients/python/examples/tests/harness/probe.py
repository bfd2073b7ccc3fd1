"""Asks the real frameworks: one process for each, in its own virtual environment (see probes/answering.py)."""

import atexit
import json
import pathlib
import subprocess
import tempfile

from harness.broker import ROOT
from harness.process import clean_environment, running

TESTS = pathlib.Path(__file__).resolve().parents[1]
EXAMPLES = TESTS.parent
FRAMEWORKS = ("microdot", "bocadillo", "blacksheep", "starlette")


def python_of(framework):
    """The interpreter of the framework's virtual environment, which run_tests has made."""
    python = ROOT / "build" / "clients" / "python" / "examples" / framework / "bin" / "python"
    if not python.exists():
        raise AssertionError(f"{python} does not exist: start the tests by clients/python/examples/run_tests")
    return python


class Refused(Exception):
    """An expression that raised, with the type and the text of what it raised."""


class Probe:
    """Evaluates expressions in one framework's environment."""

    def __init__(self, framework, env):
        self.complaints = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen(
            [str(python_of(framework)), str(TESTS / "probes" / f"{framework}_probe.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.complaints, text=True,
            env=clean_environment({**env, "PYTHONPATH": str(EXAMPLES / framework)}))
        running.add(self.child)
        atexit.register(self.close)

    def __call__(self, expression):
        self.child.stdin.write(json.dumps(expression) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            self.complaints.seek(0)
            raise AssertionError(f"the probe has ended at {expression}: {self.complaints.read()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["value"]

    def close(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            self.child.kill()
        self.child.wait()
        running.discard(self.child)
        self.child.stdout.close()
        self.complaints.close()
