"""The image as people run it: read-only, without capabilities, as nobody in particular."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from engine import IMAGE, LOCKED, OPEN, Container, podman, some_volume, wait_until


class ImageTest(unittest.TestCase):

    def start(self, *arguments, env=None, options=(), port=8080):
        """One that is locked down, and serves."""
        container = Container(self, *arguments, env=OPEN if env is None else env, options=[*LOCKED, *options])
        return container.wait_until_ready(port)

    def test_without_a_choice_of_who_may_do_what_it_ends_with_2_and_says_what_to_set(self):
        container = Container(self, options=LOCKED)
        self.assertEqual(container.ended(), 2)
        said = container.log()[0]
        self.assertIn("0.0.0.0:8080 can be reached from other machines", said)
        self.assertIn("auth.anonymous", said)
        self.assertIn("ringcast token new", said)

    def test_it_serves_read_only_and_without_capabilities(self):
        container = self.start()
        self.assertEqual(container.request("POST", "/topics/t", b"x")[0], 200)
        self.assertIn(b"x", container.request("GET", "/history?topic=t")[1])
        status = podman("exec", container.name, "cat", "/proc/1/status").stdout
        for line in ("Name:\tringcastd", "Uid:\t10001\t10001\t10001\t10001", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, status)
        self.assertNotEqual(podman("exec", container.name, "touch", "/etc/x", check=False).returncode, 0)

    def test_its_log_is_json_on_stdout(self):
        out, err = self.start().log()
        self.assertEqual(err, "")
        self.assertIn("ready", [json.loads(line)["message"] for line in out.splitlines()])

    def test_healthy_and_no_more_when_the_daemon_is_stopped(self):
        container = self.start()
        self.assertTrue(container.is_healthy())
        podman("kill", "-s", "STOP", container.name)
        self.assertFalse(container.is_healthy())
        podman("kill", "-s", "CONT", container.name)
        wait_until(container.is_healthy, "it is healthy again")

    def test_unhealthy_while_it_drains(self):
        container = self.start(env={**OPEN, "RINGCAST_DRAIN": "1m"})
        streams = [self.open_stream(container) for _ in range(20)]  # They end one by one.
        podman("kill", "-s", "TERM", container.name)
        wait_until(lambda: not container.is_healthy(), "it is not healthy")
        self.assertEqual(container.inspect("{{.State.Running}}"), "true")
        self.assertEqual(len(streams), 20)

    def test_the_health_check_finds_the_address_wherever_it_was_set(self):
        variable = {**OPEN, "RINGCAST_LISTEN": "0.0.0.0:9000"}
        for arguments, env in ((["--listen", "0.0.0.0:9000"], OPEN), ([], variable)):
            with self.subTest(arguments=arguments):
                container = self.start(*arguments, env=env, port=9000)
                self.assertTrue(container.is_healthy())

    def test_the_health_check_finds_a_unix_socket_and_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout",
                            f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
            os.chmod(f"{folder}/key.pem", 0o644)
            for listen in ("[{unix: /run/ringcast/socket}, {tcp: 0.0.0.0:8080}]",
                           "[{tcp: 0.0.0.0:8443, tls: {certificate: /run/ringcast/cert.pem, key: /run/ringcast/key.pem}}]"):
                with self.subTest(listen=listen):
                    container = Container(self, env={**OPEN, "RINGCAST_LISTEN": listen},
                                          options=[*LOCKED, "-v", f"{folder}:/run/ringcast"])
                    wait_until(container.is_healthy, "it is healthy")

    def test_stop_drains_its_streams_and_ends_with_0_before_the_engine_kills(self):
        container = self.start()
        stream = self.open_stream(container)
        podman("stop", container.name)  # After 10 s it kills: 137.
        self.assertEqual(container.ended(), 0)
        self.assertIn(b"retry: ", stream.read())

    def test_events_are_there_in_the_next_container_of_the_volume(self):
        options = ["-v", f"{some_volume(self)}:/var/lib/ringcast"]
        first = self.start(options=options)
        self.assertEqual(first.request("POST", "/topics/kept", b"over an upgrade")[0], 200)
        podman("rm", "-f", "-t", "10", first.name)
        self.assertIn(b"over an upgrade", self.start(options=options).request("GET", "/history?topic=kept")[1])

    def test_a_file_and_secrets_configure_it(self):
        made = podman("run", "--rm", "--entrypoint", "ringcast", IMAGE, "token", "new", "--json", "--name", "ci",
                      "--publish", "ci/**").stdout
        entry = json.loads(made)
        bearer = {"Authorization": f"Bearer {entry.pop('token')}"}
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            config, tokens = pathlib.Path(folder, "ringcast.yaml"), pathlib.Path(folder, "tokens")
            config.write_text("limits: {topics: 1}\n", encoding="utf-8")
            tokens.write_text(json.dumps([entry]) + "\n", encoding="utf-8")
            container = self.start(env={"RINGCAST_AUTH_TOKENS_FILE": "/run/secrets/tokens"}, options=[
                "-v", f"{config}:/etc/ringcast/ringcast.yaml:ro", "-v", f"{tokens}:/run/secrets/tokens:ro"])
        self.assertEqual(container.request("POST", "/topics/other", b"x", bearer)[0], 403)
        self.assertEqual(container.request("POST", "/topics/ci/1", b"x", bearer)[0], 200)
        self.assertEqual(container.request("POST", "/topics/ci/2", b"x", bearer)[0], 503, "the file allows one topic")

    def test_hup_reads_the_file_again(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            config = pathlib.Path(folder, "ringcast.yaml")
            config.write_text("stream: {retry: 3s}\n", encoding="utf-8")
            container = self.start(options=["-v", f"{folder}:/etc/ringcast:ro"])
            config.write_text("stream: {retry: 7s}\n", encoding="utf-8")
            podman("kill", "-s", "HUP", container.name)
            wait_until(lambda: "retry: 7000" in self.first_lines(container), "streams get the new retry")

    def first_lines(self, container):
        stream = self.open_stream(container)
        return [stream.readline().decode().strip() for _ in range(2)]

    def open_stream(self, container):
        """A subscription; what it gets first is there."""
        connection = container.connection()
        self.addCleanup(connection.close)
        connection.request("GET", "/events?topic=t", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        self.addCleanup(response.close)
        response.peek(1)
        return response


if __name__ == "__main__":
    unittest.main()
