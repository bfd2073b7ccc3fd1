"""The configuration: what is refused, where the mistake is, and what is printed back."""

import pathlib
import re
import tempfile
import unittest

from harness.daemon import Daemon, run
from harness.sse import Stream, events_target


class ConfigurationCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ringcast-test-")
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "ringcast.yaml"

    def run_with(self, text, *flags, env=None):
        self.file.write_text(text, encoding="utf-8")
        return run("--config", str(self.file), *flags, env=env)


class BadConfigurationTest(ConfigurationCase):

    def assert_refused(self, text, line, column, mentions, *flags):
        result = self.run_with(text, *flags)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(f"{self.file}:{line}:{column}", result.stderr)
        self.assertIn(mentions, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_an_unknown_key_is_told_with_its_place_and_the_nearest(self):
        self.assert_refused("workers: 2\nstream:\n  hartbeat: 15s\n", 3, 3, "heartbeat")

    def test_a_bad_value_is_told_with_its_place(self):
        self.assert_refused("stream:\n  heartbeat: soon\n", 2, 14, "heartbeat")
        self.assert_refused("workers: 65\n", 1, 10, "workers")
        self.assert_refused("memory: lots\n", 1, 9, "memory")

    def test_what_is_no_yaml(self):
        result = self.run_with("a: [1\nb: }\n")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, re.escape(str(self.file)) + r":\d+:\d+")

    def test_a_mistake_in_a_topic_rule(self):
        self.assert_refused("topics:\n  - match: 'a*b'\n", 2, 12, "a*b")

    def test_the_check_says_the_same(self):
        self.assert_refused("workers: many\n", 1, 10, "workers", "--check-config")

    def test_a_journal_that_cannot_be_written_is_told_by_the_check_and_by_the_start(self):
        nowhere = self.file.parent / "nowhere"
        for flags in (["--check-config"], ["--listen", "127.0.0.1:0"]):
            for path, why in ((nowhere, "No such file or directory"), (self.file, "is not a directory")):
                with self.subTest(flags=flags, path=path):
                    result = self.run_with(f"journal: {{path: {path}}}\n", *flags)
                    self.assertEqual(result.returncode, 2)
                    self.assertEqual(result.stderr, f"ringcastd: journal.path: {path}: {why}\n")
        self.assertEqual(self.run_with(f"journal: {{path: {self.file.parent}}}\n", "--check-config").returncode, 0)

    def test_a_mistake_in_the_file_of_a_variable_is_told_with_both_and_its_place(self):
        self.file.write_text("a token\n---\n- {name: ci}\n", encoding="utf-8")
        result = run("--check-config", env={"RINGCAST_AUTH_TOKENS_FILE": str(self.file)})
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr,
                         f"ringcastd: RINGCAST_AUTH_TOKENS_FILE: {self.file}:2:1: more than one document\n")

    def test_a_file_that_is_not_there(self):
        result = run("--config", str(self.file))
        self.assertEqual(result.returncode, 2)
        self.assertIn(str(self.file), result.stderr)

    def test_a_bad_set_names_the_flag(self):
        for assignment in ("stream.heartbeet=1s", "workers=many", "nonsense"):
            result = run("--set", assignment)
            self.assertEqual(result.returncode, 2)
            self.assertIn("--set", result.stderr)

    def test_a_bad_variable_names_it(self):
        result = run("--check-config", env={"RINGCAST_STREAM_HEARTBEAT": "soon"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("RINGCAST_STREAM_HEARTBEAT", result.stderr)

    def test_a_file_with_a_value_that_is_not_there_or_has_a_rival(self):
        for env in ({"RINGCAST_LIMITS_BODY_FILE": "/nowhere/body"},
                    {"RINGCAST_LIMITS_BODY_FILE": str(self.file), "RINGCAST_LIMITS_BODY": "1MiB"}):
            result = run("--check-config", env=env)
            self.assertEqual(result.returncode, 2)
            self.assertIn("RINGCAST_LIMITS_BODY_FILE", result.stderr)

    def test_an_address_that_is_taken(self):
        with Daemon() as daemon:
            result = run("--listen", daemon.address)
            self.assertEqual(result.returncode, 2)
            self.assertIn(daemon.address, result.stderr)

    def test_a_listener_for_others_needs_grants(self):
        self.assertEqual(run("--check-config", "--listen", "0.0.0.0:0").returncode, 2)

    def test_the_check_reads_the_certificates(self):
        listener = '{tcp: "127.0.0.1:0", tls: {certificate: /nowhere/broker.pem, key: /nowhere/broker.key}}'
        result = self.run_with(f"listen: [{listener}]\n", "--check-config")
        self.assertEqual(result.returncode, 2)
        self.assertIn("/nowhere/broker.pem", result.stderr)

    def test_an_unknown_flag(self):
        self.assertNotEqual(run("--no-such-flag").returncode, 0)


class GoodConfigurationTest(ConfigurationCase):

    def test_a_check_starts_nothing(self):
        result = self.run_with("listen:\n  - tcp: 127.0.0.1:8080\nworkers: 2\n", "--check-config")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("listening", result.stderr)

    def test_what_is_printed_reads_back_as_the_same(self):
        first = self.run_with(
            "listen:\n  - tcp: 127.0.0.1:8081\n  - {unix: /run/x.sock, mode: 0600}\n"
            "topics:\n  - match: 'a/**'\n    history: {events: 5, age: 2h}\n    lagged: disconnect\n"
            "cors: {origins: ['https://app.example']}\nstream: {heartbeat: 0}\n", "--print-config")
        self.assertEqual(first.returncode, 0, first.stderr)
        second = self.run_with(first.stdout, "--print-config")
        self.assertEqual((second.returncode, second.stdout), (0, first.stdout))
        self.assertIn("disconnect", first.stdout)

    def test_flags_win_over_variables_and_these_over_the_file(self):
        text = "stream: {retry: 1s, heartbeat: 1s, write_stall: 1s}\n"
        env = {"RINGCAST_STREAM_RETRY": "2s", "RINGCAST_STREAM_HEARTBEAT": "2s"}
        printed = self.run_with(text, "--print-config", "--set", "stream.retry=3s", env=env).stdout
        for expected in ("retry: 3s", "heartbeat: 2s", "write_stall: 1s"):
            self.assertIn(expected, printed)

    def test_an_unknown_variable_only_warns(self):
        result = run("--check-config", env={"RINGCAST_PORT_8080_TCP": "x"})
        self.assertEqual(result.returncode, 0)
        self.assertIn("RINGCAST_PORT_8080_TCP", result.stderr)

    def test_a_variable_may_name_a_file_with_the_value(self):
        env = {"RINGCAST_HISTORY_EVENTS_FILE": str(self.file)}
        self.file.write_text("7\n", encoding="utf-8")
        self.assertIn("  events: 7\n", run("--print-config", env=env).stdout)

    def test_settings_reach_the_streams(self):
        with Daemon(flags=("--set", "stream.retry=1234ms")) as daemon:
            with Stream(daemon.address, events_target("t")) as stream:
                stream.skip_first_block()
                self.assertEqual(stream.parser.retry_ms, 1234)

    def test_logs_off_a_terminal_are_json_with_a_time_and_a_level(self):
        with Daemon() as daemon:
            line = daemon.wait_for_log(lambda line: line["message"] == "listening", "says that it listens")
            self.assertEqual((line["level"], line["address"]), ("info", daemon.address))
            self.assertIn("time", line)


if __name__ == "__main__":
    unittest.main()
