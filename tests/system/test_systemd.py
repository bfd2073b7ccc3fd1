"""What the daemon and systemd say to each other, with a stand-in for systemd: tests/packaging/systemd has the real one."""

import os
import re
import socket
import time
import unittest

from harness.daemon import Daemon, run
from harness.frozen import frozen
from harness.http import Connection, fetch
from harness.service_manager import ServiceManager
from harness.sse import Stream, events_target
from harness.waiting import wait_until

ANYBODY = {"auth": {"anonymous": {"publish": ["**"], "subscribe": ["**"]}}}


def listening(host="127.0.0.1", family=socket.AF_INET):
    return socket.create_server((host, 0), family=family)


def address_of(listener):
    return "{}:{}".format(*listener.getsockname()[:2])


class ManagedCase(unittest.TestCase):

    def setUp(self):
        self.manager = self.enterContext(ServiceManager())

    def start(self, *arguments, **keywords):
        return self.enterContext(self.manager.start(*arguments, **keywords))


class NotifyTest(ManagedCase):

    def test_ready_comes_with_a_status(self):
        daemon = self.start()
        ready = self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        self.assertEqual(ready["STATUS"], f"serving 0 subscribers, 0 topics; listening on {daemon.address}")

    def test_the_status_counts_subscribers_and_topics(self):
        daemon = self.start()
        with Stream(daemon.address, events_target("a")):
            self.manager.wait_for_status("serving 1 subscriber, 1 topic;")
        self.manager.wait_for_status("serving 0 subscribers, ")

    def test_a_reload_says_when_it_begins_and_ends(self):
        daemon = self.start()
        self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        before, begun = time.monotonic(), len(self.manager.messages)
        daemon.reload()
        reloading = self.manager.wait_for(lambda message: message.get("RELOADING") == "1", "RELOADING=1")
        self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) / 1e6 <= time.monotonic())
        self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1 again", skip=begun)

    def test_a_reload_that_fails_ends_too_and_is_told(self):
        daemon = self.start()
        self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        begun = len(self.manager.messages)
        daemon.write_config({"memroy": 1})
        daemon.reload()
        ready = self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1 again", skip=begun)
        self.assertIn("the last reload failed", ready["STATUS"])

    def test_stopping_asks_for_the_time_that_the_drain_takes(self):
        daemon = self.start({"drain": "5m"})
        with Stream(daemon.address, events_target("a")) as stream:
            stream.skip_first_block()
            daemon.terminate()
            stopping = self.manager.wait_for(lambda message: message.get("STOPPING") == "1", "STOPPING=1")
            self.assertGreater(int(stopping["EXTEND_TIMEOUT_USEC"]), 300_000_000)
            self.assertRegex(stopping["STATUS"], r"\Adraining: 1 stream left, (300|299) s at most\Z")
            daemon.terminate()  # At once.
            self.assertEqual(daemon.wait(), 0)

    def test_a_long_drain_counts_down(self):
        daemon = self.start({"drain": "30s"})
        streams = [self.enterContext(Stream(daemon.address, events_target("a"))) for _ in range(100)]
        for stream in streams:
            stream.skip_first_block()
        daemon.terminate()
        self.manager.wait_for_status("draining: 100 streams left, 30 s at most")
        self.manager.wait_for(
            lambda message: re.match(r"draining: \d\d streams left, [12]\d s", message.get("STATUS", "")), "with less left")
        daemon.terminate()
        self.assertEqual(daemon.wait(), 0)


class WatchdogTest(ManagedCase):

    def fed(self):
        return [message["at"] for message in self.manager.messages if "WATCHDOG" in message]

    def is_fed_again(self):
        count = len(self.fed())
        wait_until(lambda: len(self.fed()) > count + 2, "the watchdog is fed")

    def check_frozen(self, daemon, thread):
        self.is_fed_again()
        with frozen(daemon.pid, thread):
            daemon.wait_for_log(lambda line: line.get("loop") == thread, f"that {thread} stands still")
            count = len(self.fed())
            # Others go on, and so does the status; the watchdog starves.
            daemon.reload()
            daemon.wait_for_log(lambda line: line["message"] == "reload done", "of the main loop")
            self.assertLessEqual(len(self.fed()), count)
        self.is_fed_again()

    def test_one_worker_that_stands_still_starves_it(self):
        daemon = self.start({"workers": 3}, watchdog_ms=2000)
        self.check_frozen(daemon, "worker 1")

    def test_without_a_watchdog_nothing_is_fed(self):
        self.start()
        self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        with self.subTest("a second status shows that time has passed"):
            self.assertEqual(self.fed(), [])

    def test_with_a_journal_it_is_fed_as_well(self):
        self.start({"journal": {"path": str(self.manager.folder)}}, watchdog_ms=2000)
        self.is_fed_again()


class PassedSocketTest(ManagedCase):

    def setUp(self):
        super().setUp()
        self.socket = listening()
        self.addCleanup(self.socket.close)

    def test_one_with_a_configured_address_is_taken(self):
        daemon = self.start(passed=[("web", self.socket)], listen=[address_of(self.socket)])
        self.assertEqual(daemon.address, address_of(self.socket))

    def test_those_with_a_configured_name_are_taken(self):
        other = self.enterContext(listening())
        daemon = self.start({"listen": [{"systemd": "web", "serve": ["admin"]}]}, listen=(), ready=False,
                            passed=[("web", self.socket), ("web", other)])
        daemon.wait_for_log(lambda line: line.get("address") == address_of(other), "of the second")
        for each in (self.socket, other):
            wait_until(lambda each=each: fetch(address_of(each), "GET", "/readyz").status == 200, "/readyz is 200")
            self.assertEqual(fetch(address_of(each), "POST", "/topics/a", body=b"x").status, 404)

    def test_others_are_opened_beside_it(self):
        daemon = self.start(passed=[("web", self.socket)], listen=[address_of(self.socket), "127.0.0.1:0"])
        for address in daemon.addresses:
            self.assertEqual(fetch(address, "GET", "/healthz").status, 200)

    def start_up_failure(self, passed, settings=None, listen=()):
        with self.manager.start(settings, passed=passed, listen=listen, ready=False) as daemon:
            self.assertEqual(daemon.wait(), 2)
            (line,) = [line for line in daemon.lines if line]
            return line["message"]

    def test_one_that_is_not_configured_is_an_error_that_names_it(self):
        self.assertIn(f"systemd has passed {address_of(self.socket)} (web), which is not in `listen`",
                      self.start_up_failure([("web", self.socket)], listen=["127.0.0.1:0"]))

    def test_a_name_that_is_not_passed_is_an_error_that_names_what_is(self):
        self.assertIn(f'listen[0]: systemd has passed no socket named "wbe", but {address_of(self.socket)} (web)',
                      self.start_up_failure([("web", self.socket)], {"listen": [{"systemd": "wbe"}]}))

    def test_without_systemd_a_name_is_an_error(self):
        done = run("--config", "/dev/null", "--set", "listen=[{systemd: web}]")
        self.assertEqual(done.returncode, 2)
        self.assertIn('systemd has passed no socket named "web": start its .socket unit', done.stderr)

    def test_one_that_others_reach_needs_rules_who_may_do_what(self):
        with listening("0.0.0.0") as exposed:
            message = self.start_up_failure([("web", exposed)], {"listen": [{"systemd": "web"}]})
            self.assertIn(f"{address_of(exposed)} can be reached from other machines, but", message)
            self.start({"listen": [{"systemd": "web"}], **ANYBODY}, passed=[("web", exposed)], listen=(), ready=False)
            wait_until(lambda: fetch(f"127.0.0.1:{exposed.getsockname()[1]}", "GET", "/readyz").status == 200, "it is")

    def test_one_that_does_not_listen_is_an_error(self):
        with socket.socket() as idle:
            self.assertIn("descriptor 3 (web), passed by systemd, is not a listening stream socket",
                          self.start_up_failure([("web", idle)]))

    def test_the_path_of_a_unix_socket_is_left_to_systemd(self):
        path = str(self.manager.folder / "web.sock")
        with socket.socket(socket.AF_UNIX) as web:
            web.bind(path)
            web.listen()
            daemon = self.start(passed=[("web", web)], listen=["unix:" + path])
            self.assertEqual(fetch("unix:" + path, "GET", "/healthz").status, 200)
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0)
            self.assertTrue(os.path.exists(path))


class StoredSocketTest(ManagedCase):

    def stored(self):
        self.manager.wait_for(lambda message: message.get("FDSTORE") == "1", "FDSTORE=1")
        return self.manager.stored

    def test_the_next_process_gets_the_listener_of_one_that_crashed(self):
        with self.manager.start() as crashed:
            ((name, kept),) = self.stored()
            crashed.kill()
            with Connection(address_of(kept)) as waiting:  # Nobody accepts yet.
                waiting.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                daemon = self.start(passed=[(name, kept)], listen=[crashed.address])
                self.assertEqual(waiting.read_response().status, 200)
                self.assertEqual(daemon.address, crashed.address)

    def test_one_that_is_not_configured_any_more_is_closed_for_everybody(self):
        with self.manager.start() as crashed:
            ((name, kept),) = self.stored()
            crashed.kill()
        port = kept.getsockname()[1]
        self.start(ANYBODY, passed=[(name, kept)], listen=[f"0.0.0.0:{port}"])  # The same port, but all addresses.
        self.assertEqual(fetch(f"127.0.0.1:{port}", "GET", "/readyz").status, 200)

    def test_one_that_systemd_has_already_is_not_stored(self):
        with listening() as web:
            self.start(passed=[("web", web)], listen=[address_of(web)])
            self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        self.assertEqual(self.manager.stored, [])

    def test_unix_sockets_are_not_stored(self):
        self.start(listen=["unix:{folder}/a.sock", "127.0.0.1:0"])
        self.manager.wait_for(lambda message: message.get("READY") == "1", "READY=1")
        self.assertEqual([each.family for _, each in self.stored()], [socket.AF_INET])


class KeptDrainTest(ManagedCase):
    """Where the listener outlives the process, publishers need not notice its end."""

    def drain(self, drain="1h"):
        daemon = self.start({"drain": drain})
        streams = [self.enterContext(Stream(daemon.address, events_target("t"))) for _ in range(2)]
        for stream in streams:
            stream.skip_first_block()
        daemon.terminate()
        wait_until(lambda: fetch(daemon.address, "GET", "/readyz").status == 503, "/readyz says 503")
        return daemon, streams

    def test_publishing_goes_on_while_streams_end(self):
        daemon, streams = self.drain()
        with Connection(daemon.address) as connection:
            for number in range(3):
                self.assertEqual(connection.request("POST", "/topics/t", {}, str(number).encode()).status, 200)
            open_ones = [stream for stream in streams if not stream.ended]
            self.assertTrue(open_ones)
            for stream in streams:
                stream.close()
            self.assertEqual(daemon.wait(), 0)

    def test_who_subscribes_then_is_told_to_come_later(self):
        daemon, _ = self.drain()
        with Stream(daemon.address, events_target("t")) as late:
            self.assertIsNone(late.next_event())
            self.assertGreaterEqual(late.parser.retry_ms, 100)

    def test_who_connects_at_the_end_waits_for_the_next_process(self):
        daemon, streams = self.drain()
        with Connection(daemon.address) as busy:  # Its request is begun, so that the end has to wait.
            busy.send(b"POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
            for stream in streams:
                stream.close()
            # The second time that it says so, its loop has turned in between.
            self.manager.wait_for_status("draining: 0 streams left")
            self.manager.wait_for_status("draining: 0 streams left", skip=len(self.manager.messages))
            ((name, kept),) = self.manager.stored
            late = self.enterContext(Connection(daemon.address))
            busy.send(b"x")
            answer = busy.read_response()
            self.assertEqual((answer.status, answer.header("Connection")), (200, "close"))
        self.assertEqual(daemon.wait(), 0)
        late.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.start(passed=[(name, kept)], listen=[daemon.address])
        self.assertEqual(late.read_response().status, 200)


class CredentialTest(unittest.TestCase):

    SETTINGS = {"auth": {"jwt": {"algorithms": ["HS256"], "key_file": "${CREDENTIALS_DIRECTORY}/jwt.key"}}}

    def test_a_key_is_found_in_the_directory_of_credentials(self):
        with ServiceManager() as manager:
            (manager.folder / "jwt.key").write_bytes(b"0123456789abcdef0123456789abcdef")
            with manager.start(self.SETTINGS, env={"CREDENTIALS_DIRECTORY": str(manager.folder)}) as daemon:
                self.assertEqual(fetch(daemon.address, "POST", "/topics/a", body=b"x").status, 401)

    def test_without_one_the_start_ends_and_names_the_key(self):
        with Daemon(self.SETTINGS, ready=False) as daemon:
            self.assertEqual(daemon.wait(), 2)
            self.assertIn("auth.jwt.key_file: there is no directory of credentials", daemon.lines[0]["message"])
            checked = run("--config", str(daemon.config_file), "--check-config")
            self.assertEqual(checked.returncode, 0)
            self.assertIn("auth.jwt.key_file is not checked", checked.stderr)


if __name__ == "__main__":
    unittest.main()
