"""What operators get for the metrics: their table, the alert rules, the dashboard, and Prometheus that scrapes a daemon."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import yaml

from harness.case import DaemonCase
from harness.certificates import make_certificate
from harness.daemon import ROOT
from harness.metrics import scrape
from harness.receiver import SECRET
from harness.waiting import wait_until

PROMETHEUS = ROOT / "packaging" / "prometheus"
DASHBOARD = ROOT / "packaging" / "grafana" / "ringcast.json"
DOCUMENT = ROOT / "docs" / "metrics.md"
NAME = re.compile(r"\b(?:ringcast|process)_[a-z_]+\b")
PATIENCE = 60  # Seconds, for Prometheus to start and to scrape.


def rules():
    return yaml.safe_load((PROMETHEUS / "ringcast.rules.yml").read_text())["groups"][0]["rules"]


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions():
    """Of the rules and the dashboard: (where, expression)."""
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


class FullCase(DaemonCase):
    """A daemon with all that has metrics."""

    listen = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-monitoring-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "journal").mkdir()
        make_certificate(cls.folder, "own", 1)
        tls = {"certificate": str(cls.folder / "own.pem"), "key": str(cls.folder / "own.key")}
        cls.settings = {"listen": [{"tcp": "127.0.0.1:0"}, {"tcp": "127.0.0.1:0", "tls": tls}],
                        "journal": {"path": str(cls.folder / "journal"), "sync": "interval", "interval": "100ms"},
                        "topics": [{"match": "orders/**"}],
                        "webhooks": [{"name": "idle", "url": "http://127.0.0.1:9/", "topics": ["hooked/**"],
                                      "secret_file": str(cls.folder / "secret")}]}
        (cls.folder / "secret").write_text(SECRET)
        super().setUpClass()
        wait_until(lambda: "ringcast_webhook_failing" in scrape(cls.daemon.address).types, "the webhook has begun")


class NamesTest(FullCase):

    def test_the_table_says_what_a_daemon_has(self):
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (?:`(\w+)`)? ?\| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
        metrics = scrape(self.address)
        real = [(name, kind, ",".join(metrics.labels[name]), metrics.helps[name]) for name, kind in metrics.types.items()]
        self.assertEqual(rows, real)

    def test_rules_and_dashboard_name_nothing_else(self):
        metrics = scrape(self.address)
        known = {name + suffix for name, kind in metrics.types.items()
                 for suffix in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
        for where, expression in expressions():
            names = set(NAME.findall(expression))
            self.assertTrue(names or "up{" in expression, where)
            self.assertLessEqual(names, known, where)

    def test_the_dashboard_shows_every_metric(self):
        shown = set(NAME.findall(DASHBOARD.read_text()))
        for name, kind in scrape(self.address).types.items():
            if name != "process_virtual_memory_bytes":  # Says little: most of it is not used.
                self.assertIn(name + ("_bucket" if kind == "histogram" else ""), shown)


class RulesTest(unittest.TestCase):

    def test_every_alert_is_explained(self):
        document = DOCUMENT.read_text()
        for rule in rules():
            name = rule["alert"]
            self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook"}, name)
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"), name)
            self.assertEqual(rule["annotations"]["runbook"], f"docs/metrics.md#{name.lower()}")
            self.assertRegex(document, rf"(?m)^### {name}\n\n\S.{{40}}")
        explained = re.findall(r"(?m)^### (Ringcast\w+)$", document)
        self.assertEqual(explained, [rule["alert"] for rule in rules()])

    def test_every_alert_is_tested(self):
        tests = yaml.safe_load((PROMETHEUS / "ringcast.rules.test.yml").read_text())["tests"]
        self.assertEqual([test["name"] for test in tests], [rule["alert"] for rule in rules()])
        for test in tests:
            fired = [sample["labels"] for step in test["promql_expr_test"] for sample in step.get("exp_samples", [])]
            self.assertEqual(len(fired), 1, test["name"])
            self.assertIn(f'alertname="{test["name"]}"', fired[0])

    def test_promtool_accepts_the_rules_their_tests_and_the_configuration(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed (Debian's package prometheus)")
        for command in (["check", "rules", "ringcast.rules.yml"], ["test", "rules", "ringcast.rules.test.yml"],
                        ["check", "config", "prometheus.yml"]):
            done = subprocess.run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("SUCCESS", done.stdout + done.stderr)


class DashboardTest(unittest.TestCase):

    def test_it_can_be_imported_anywhere(self):
        dashboard = json.loads(DASHBOARD.read_text())
        self.assertEqual(dashboard["title"], "ringcast")
        variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
        self.assertEqual(set(variables), {"datasource", "job", "instance"})
        self.assertEqual(variables["datasource"]["type"], "datasource")
        for panel in panels():
            for owner in (panel, *panel["targets"]):
                self.assertEqual(owner["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])
            for target in panel["targets"]:
                self.assertIn('job=~"$job", instance=~"$instance"', target["expr"], panel["title"])

    def test_rows_and_panels_have_places_and_names_of_their_own(self):
        everything = json.loads(DASHBOARD.read_text())["panels"]
        rows = [panel["title"] for panel in everything if panel["type"] == "row"]
        self.assertEqual(rows, ["Traffic", "Subscribers", "Latency", "Gaps and slow readers", "Limits",
                                "Memory and journal", "Presence and webhooks", "Process"])
        self.assertEqual(len({panel["id"] for panel in everything}), len(everything))
        self.assertEqual(len({panel["title"] for panel in everything}), len(everything))
        taken = set()
        for panel in everything:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            taken |= cells


@unittest.skipIf(shutil.which("prometheus") is None, "prometheus is not installed (Debian's package prometheus)")
class ScrapeTest(FullCase):
    """Prometheus with the configuration that we ship, but for addresses and times."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        config["global"].update(scrape_interval="200ms", evaluation_interval="200ms")
        config["rule_files"] = [str(PROMETHEUS / "ringcast.rules.yml")]
        config["scrape_configs"][0].update(scrape_timeout="200ms")
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [cls.daemon.address]
        (cls.folder / "prometheus.yml").write_text(json.dumps(config))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        cls.url = f"http://127.0.0.1:{port}"
        cls.log = (cls.folder / "log").open("wb")
        cls.addClassCleanup(cls.log.close)
        cls.prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={cls.folder}/prometheus.yml", f"--storage.tsdb.path={cls.folder}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
            cwd=cls.folder, stdin=subprocess.DEVNULL, stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls._stop)
        wait_until(cls._is_ready, "prometheus is ready", PATIENCE)

    @classmethod
    def _is_ready(cls):
        assert cls.prometheus.poll() is None, f"prometheus ended: {(cls.folder / 'log').read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(cls.url + "/-/ready", timeout=PATIENCE):
                return True
        except OSError:  # It does not listen yet, or answers 503.
            return False

    @classmethod
    def _stop(cls):
        cls.prometheus.kill()
        cls.prometheus.wait()

    def ask(self, path, **parameters):
        """What its API says."""
        target = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(target, timeout=PATIENCE) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{target}: {error.read()}") from error

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def wait_for_scrapes(self):
        wait_until(lambda: any(float(found["value"][1]) == 1 for found in self.query('up{job="ringcast"}')),
                   "up is 1", PATIENCE)
        wait_until(lambda: self.query('count_over_time(ringcast_build_info[1m]) > 3'), "several scrapes are there", PATIENCE)

    def test_every_metric_arrives_with_its_type_and_help(self):
        self.wait_for_scrapes()
        metrics = scrape(self.address)
        told = self.ask("metadata")
        for name, kind in metrics.types.items():
            self.assertEqual((told[name][0]["type"], told[name][0]["help"]), (kind, metrics.helps[name]))

    def test_a_counter_follows_what_is_published(self):
        self.publish("x", "orders/1")
        count = scrape(self.address)["ringcast_events_published_total"]
        wait_until(lambda: [float(found["value"][1]) for found in self.query("ringcast_events_published_total")] == [count],
                   "the counter is the daemon's", PATIENCE)

    def test_rules_are_loaded_and_none_fires_on_a_daemon_that_is_well(self):
        self.wait_for_scrapes()
        def evaluated():
            loaded = self.ask("rules")["groups"][0]["rules"]
            return loaded if all(rule["health"] == "ok" for rule in loaded) else None
        loaded = wait_until(evaluated, "all rules were evaluated", PATIENCE)
        self.assertEqual([rule["name"] for rule in loaded], [rule["alert"] for rule in rules()])
        self.assertEqual([rule["name"] for rule in loaded if rule["state"] == "firing"], [])

    def test_every_panel_of_the_dashboard_has_data(self):
        stream = self.listener("orders/1")
        self.publish("x", "orders/1")
        self.assertEqual(stream.next_event().data, "x")
        self.wait_for_scrapes()
        for panel in panels():
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "1m").replace("$job", "ringcast").replace("$instance", ".*")
                with self.subTest(panel["title"], expression=expression):
                    wait_until(lambda asked=expression: self.query(asked), "there is data", PATIENCE)


if __name__ == "__main__":
    unittest.main()
