"""The image as people run it: read-only, without capabilities, as nobody in particular. run_tests has built it."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

import yaml

PATIENCE = 30
ROOT = pathlib.Path(__file__).resolve().parents[3]
PODMAN = ["podman", *os.environ["STORAGE"].split(), "--cgroup-manager", "cgroupfs", "--events-backend", "file"]
OPEN = {"RINGCAST_AUTH_ANONYMOUS": '{publish: ["**"], subscribe: ["**"]}'}
LOCKED = ["--read-only", "--cap-drop=ALL", "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "128m"]


def podman(*arguments, check=True):
    done = subprocess.run([*PODMAN, *arguments], capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"podman {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(holds, what):
    end = time.monotonic() + PATIENCE
    while not (value := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)
    return value


class Container:
    """One container of the image, its port 8080 on a free one of loopback."""

    def __init__(self, test, *arguments, env=None, options=(), port=8080):
        self.name = f"ringcast-{uuid.uuid4().hex[:12]}"
        self.port = free_port()
        variables = [word for key, value in (OPEN if env is None else env).items() for word in ("-e", f"{key}={value}")]
        test.addCleanup(podman, "rm", "-f", "-t", "0", self.name, check=False)
        podman("run", "-d", "--name", self.name, "--ulimit", "nofile=16384:16384", "--ulimit", "nproc=4096:4096",
               *LOCKED,
               "--network", "slirp4netns", "-p", f"127.0.0.1:{self.port}:{port}", *variables,
               *options, "ringcast:test", *arguments)

    def request(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_ready(self):
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def wait_until_ready(self):
        wait_until(self.is_ready, f"{self.name} serves")
        return self

    def is_healthy(self):
        return podman("healthcheck", "run", self.name, check=False).returncode == 0

    def inspect(self, what):
        return podman("inspect", "--format", f"{{{{{what}}}}}", self.name).stdout.strip()

    def ended(self):
        wait_until(lambda: self.inspect(".State.Running") == "false", f"{self.name} ends")
        return int(self.inspect(".State.ExitCode"))

    def logs(self):
        done = podman("logs", self.name)
        return done.stdout + done.stderr


class ImageTest(unittest.TestCase):

    def test_without_a_choice_of_who_may_do_what_it_ends_with_2_and_says_what_to_set(self):
        container = Container(self, env={})
        self.assertEqual(container.ended(), 2)
        self.assertIn("auth.anonymous", container.logs())
        self.assertIn("ringcast token new", container.logs())

    def test_it_serves_read_only_and_without_capabilities(self):
        container = Container(self).wait_until_ready()
        self.assertEqual(container.request("POST", "/topics/t", b"x")[0], 200)
        status = podman("exec", container.name, "cat", "/proc/1/status").stdout
        for line in ("Uid:\t10001\t10001", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, status)

    def test_its_log_is_json(self):
        container = Container(self).wait_until_ready()
        lines = [json.loads(line) for line in container.logs().splitlines()]
        self.assertIn("ready", [line["message"] for line in lines])

    def test_healthy_and_no_more_when_it_drains_or_hangs(self):
        container = Container(self).wait_until_ready()
        self.assertTrue(container.is_healthy())
        podman("kill", "-s", "STOP", container.name)
        self.assertFalse(container.is_healthy())
        podman("kill", "-s", "CONT", container.name)
        wait_until(container.is_healthy, "it is healthy again")

    def test_the_health_check_finds_the_address_wherever_it_was_set(self):
        for arguments, env in ((["--listen", "0.0.0.0:9000"], OPEN), ([], {**OPEN, "RINGCAST_LISTEN": "0.0.0.0:9000"})):
            with self.subTest(arguments=arguments):
                container = Container(self, *arguments, env=env, port=9000).wait_until_ready()
                self.assertTrue(container.is_healthy())

    def test_stop_drains_its_streams_and_ends_with_0_before_the_engine_kills(self):
        container = Container(self).wait_until_ready()
        connection = http.client.HTTPConnection("127.0.0.1", container.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/events?topic=t", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        response.readline()
        podman("stop", "-t", "10", container.name)
        self.assertEqual(container.ended(), 0)
        self.assertIn(b"retry: ", response.read())

    def test_events_are_there_in_the_next_container_of_the_volume(self):
        volume = f"ringcast-{uuid.uuid4().hex[:12]}"
        self.addCleanup(podman, "volume", "rm", "-f", volume, check=False)
        options = ("-v", f"{volume}:/var/lib/ringcast")
        first = Container(self, options=options).wait_until_ready()
        self.assertEqual(first.request("POST", "/topics/kept", b"over an upgrade")[0], 200)
        podman("rm", "-f", "-t", "10", first.name)
        second = Container(self, env={"RINGCAST_AUTH_ANONYMOUS": '{subscribe: ["**"], admin: [history]}'},
                           options=options).wait_until_ready()
        self.assertIn(b"over an upgrade", second.request("GET", "/history?topic=kept")[1])

    def test_a_file_and_secrets_configure_it(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            config, tokens = pathlib.Path(folder, "ringcast.yaml"), pathlib.Path(folder, "tokens")
            config.write_text("limits: {topics_per_subscription: 1}\n")
            made = podman("run", "--rm", "--ulimit", "nofile=16384:16384", "--ulimit", "nproc=4096:4096", "--network", "none",
                          "--entrypoint", "ringcast", "ringcast:test", "token", "new", "--json", "--name", "ci",
                          "--publish", "ci/**").stdout
            entry = json.loads(made)
            bearer = {"Authorization": f"Bearer {entry.pop('token')}"}
            tokens.write_text(json.dumps([entry]) + "\n")
            container = Container(self, env={"RINGCAST_AUTH_TOKENS_FILE": "/run/secrets/tokens"}, options=(
                "-v", f"{config}:/etc/ringcast/ringcast.yaml:ro", "-v", f"{tokens}:/run/secrets/tokens:ro")).wait_until_ready()
            self.assertEqual(container.request("POST", "/topics/ci/1", b"x", bearer)[0], 200)
            self.assertEqual(container.request("POST", "/topics/other", b"x", bearer)[0], 403)

    def test_hup_reloads(self):
        container = Container(self).wait_until_ready()
        podman("kill", "-s", "HUP", container.name)
        wait_until(lambda: "reload done" in container.logs(), "it has reloaded")


class ComposeTest(unittest.TestCase):
    """packaging/compose.yaml without an engine that knows compose files: its broker and publisher share a network, and
    its proxy's command runs beside them."""

    def test_events_of_the_publisher_come_through_the_proxy(self):
        services = yaml.safe_load((ROOT / "packaging" / "compose.yaml").read_text(encoding="utf-8"))["services"]
        broker = Container(self, env=services["broker"]["environment"]).wait_until_ready()
        publisher = services["publisher"]
        name = f"ringcast-{uuid.uuid4().hex[:12]}"
        self.addCleanup(podman, "rm", "-f", "-t", "0", name, check=False)
        command, *arguments = publisher["entrypoint"]
        podman("run", "-d", "--name", name, "--ulimit", "nofile=16384:16384", "--ulimit", "nproc=4096:4096",
               "--network", f"container:{broker.name}", "-e", "RINGCAST_URL=http://127.0.0.1:8080",
               "-e", f"RINGCAST_TOKEN={publisher['environment']['RINGCAST_TOKEN']}", "--entrypoint", command,
               "ringcast:test", *arguments)
        port = free_port()
        proxy_command = [word.replace("localhost:8443", f"localhost:{port}").replace("broker:8080", f"127.0.0.1:{broker.port}")
                         for word in services["proxy"]["command"]]
        with tempfile.TemporaryDirectory() as home:
            proxy = subprocess.Popen(proxy_command, env={**os.environ, "HOME": home, "XDG_DATA_HOME": home},
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(proxy.wait)
            self.addCleanup(proxy.terminate)
            url = f"https://localhost:{port}/events?topic=demo/**"
            wait_until(lambda: b"data: " in subprocess.run(["curl", "-skN", "--http2", "--max-time", "3", url],
                                                           capture_output=True, check=False).stdout, "the time comes")


if __name__ == "__main__":
    unittest.main()
