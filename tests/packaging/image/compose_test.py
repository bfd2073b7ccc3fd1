"""packaging/compose.yaml, without an engine that reads such files: podman starts its services as the file says."""

import json
import subprocess
import unittest

import yaml

from engine import ROOT, Container, podman, some_name, some_volume, wait_until

FILE = ROOT / "packaging" / "compose.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
ANYWAY = {"build", "restart", "depends_on", "environment", "image", "command"}  # Done otherwise, or below.


class Project:
    """The volumes and the network of the file."""

    def __init__(self, test):
        self.test = test
        self.network = some_name()
        (config,) = DOCUMENT["networks"]["default"]["ipam"]["config"]
        podman("network", "create", "--subnet", config["subnet"], self.network)
        test.addCleanup(podman, "network", "rm", "-f", self.network, check=False)
        self.volumes = {name: some_volume(test) for name in DOCUMENT["volumes"]}

    def volume(self, text):
        source, rest = text.split(":", 1)
        return f"{self.volumes[source] if source in self.volumes else (FILE.parent / source).resolve()}:{rest}"

    def option(self, key, value):
        """A key of a service as options of `podman run`."""
        each = {
            "volumes": lambda: [word for text in value for word in ("-v", self.volume(text))],
            "read_only": lambda: ["--read-only"] if value else [],
            "cap_drop": lambda: [f"--cap-drop={name}" for name in value],
            "security_opt": lambda: [f"--security-opt={text.replace(':true', '')}" for text in value],
            # With one of these, podman forgets those of its configuration.
            "ulimits": lambda: [f"--ulimit={name}={limit}:{limit}" for name, limit in {"nproc": 4096, **value}.items()],
            "ports": lambda: [f"--publish={text}" for text in value],
            "entrypoint": lambda: ["--entrypoint", json.dumps(value)],
            "healthcheck": lambda: [{True: "--no-healthcheck"}[value["disable"]]],
            "stop_grace_period": lambda: [f"--stop-timeout={value.removesuffix('s')}"],
        }
        return each[key]()

    def start(self, name):
        service = DOCUMENT["services"][name]
        options = ["--network", self.network, "--network-alias", name]
        for key in service.keys() - ANYWAY:
            options += self.option(key, service[key])
        return Container(self.test, *service.get("command", []), env=service.get("environment"), options=options,
                         image=service["image"])


class ComposeTest(unittest.TestCase):

    def test_compose_takes_the_file(self):
        done = subprocess.run(["docker-compose", "-f", FILE, "config", "--quiet"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_events_of_the_publisher_come_through_the_proxy_with_tls_and_http_2(self):
        project = Project(self)
        broker = project.start("broker")
        wait_until(broker.is_healthy, "the broker is healthy")
        publisher = project.start("publisher")
        proxy = project.start("proxy")
        curl = ["curl", "-skN", "--http2", "--max-time", "3", "-w", "HTTP %{http_version}",
                "https://localhost:8443/events?topic=demo/**"]

        def comes():
            done = subprocess.run(curl, capture_output=True, text=True, check=False)
            return done.stdout if "data: " in done.stdout else None
        try:
            self.assertIn("HTTP 2", wait_until(comes, "the time comes"))
        except AssertionError:
            print(*(each.log() for each in (broker, publisher, proxy)), sep="\n")
            raise
        # Who publishes needs the token, here as well.
        refused = subprocess.run(["curl", "-sk", "-d", "x", "-o", "/dev/null", "-w", "%{http_code}",
                                  "https://localhost:8443/topics/demo/clock"], capture_output=True, text=True, check=False)
        self.assertIn(refused.stdout, ("401", "403"))


if __name__ == "__main__":
    unittest.main()
