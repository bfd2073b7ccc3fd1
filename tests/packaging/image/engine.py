"""podman, and containers of the image that run_tests has built."""

import http.client
import pathlib
import subprocess
import time
import uuid

PATIENCE = 30
ROOT = pathlib.Path(__file__).resolve().parents[3]
IMAGE = "localhost/ringcast"
LOCKED = ["--read-only", "--cap-drop=ALL", "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "128m"]
OPEN = {"RINGCAST_AUTH_ANONYMOUS": '{publish: ["**"], subscribe: ["**"], admin: [history]}'}
# Each container has its own address: there are no ports to run out of.
ADDRESS = "{{.NetworkSettings.IPAddress}}"


def podman(*arguments, check=True):
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"podman {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_until(holds, what):
    end = time.monotonic() + PATIENCE
    while not (value := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)
    return value


def some_name():
    return f"ringcast-{uuid.uuid4().hex[:12]}"


def some_volume(test):
    name = some_name()
    test.addCleanup(podman, "volume", "rm", "-f", name, check=False)
    return name


class Container:
    """A container of the image in the background, as the options of `podman run` and its own arguments say."""

    def __init__(self, test, *arguments, env=None, options=(), image=IMAGE):
        self.name = some_name()
        test.addCleanup(podman, "rm", "-f", "-t", "0", "-v", self.name, check=False)
        variables = [word for key, value in (env or {}).items() for word in ("-e", f"{key}={value}")]
        podman("run", "-d", "--name", self.name, *variables, *options, image, *arguments)

    def inspect(self, what):
        return podman("inspect", "--format", what, self.name).stdout.strip()

    def connection(self, port=8080):
        return http.client.HTTPConnection(self.inspect(ADDRESS), port, timeout=PATIENCE)

    def request(self, method, target, body=None, headers=None, port=8080):
        connection = self.connection(port)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_ready(self, port=8080):
        try:
            return self.request("GET", "/readyz", port=port)[0] == 200
        except OSError:
            return False

    def wait_until_ready(self, port=8080):
        wait_until(lambda: self.is_ready(port), f"{self.name} serves")
        return self

    def is_healthy(self):
        """Runs the health check of the image, as an engine does every few seconds."""
        return podman("healthcheck", "run", self.name, check=False).returncode == 0

    def ended(self):
        """Waits for the end: the exit code."""
        wait_until(lambda: self.inspect("{{.State.Running}}") == "false", f"{self.name} ends")
        return int(self.inspect("{{.State.ExitCode}}"))

    def log(self):
        """What is on stdout, and what is on stderr."""
        done = podman("logs", self.name)
        return done.stdout, done.stderr
