"""What an operator sees of the installed service, in a booted systemd. Run as root in the guest, where the package
is installed: python3 guest_test.py."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import threading
import unittest

import guest
from guest import CONFIG, SOCKET, UNIT, drop_in, journal, main_pid, request, shown, systemctl, wait_until
from load import load_during

HERE = pathlib.Path(__file__).parent
SHIPPED = CONFIG.read_text(encoding="utf-8")


class ServiceCase(unittest.TestCase):
    """Each test begins with the service as it is shipped, running, and without the socket unit."""

    def setUp(self):
        self.addCleanup(self.clean)
        self.begun = guest.cursor()
        systemctl("start", UNIT)

    def clean(self):
        systemctl("stop", SOCKET, UNIT, check=False)
        systemctl("reset-failed", check=False)
        guest.no_drop_ins()
        guest.configure(SHIPPED)
        shutil.rmtree("/var/lib/private/ringcast", ignore_errors=True)

    def messages(self, **wanted):
        return [line["MESSAGE"] for line in journal(self.begun, **wanted)]

    def status(self):
        return shown("StatusText")

    def wait_for_message(self, part):
        return wait_until(lambda: [text for text in self.messages() if part in text], f"a message with {part!r}")[0]


class RunningTest(ServiceCase):

    def test_it_is_active_only_when_it_answers_and_says_what_it_does(self):
        self.assertEqual(shown("ActiveState"), "active")
        self.assertEqual(request("GET", "/readyz")[0], 200)
        self.assertRegex(self.status(), r"\Aserving 0 subscribers, \d+ topics?; listening on 127\.0\.0\.1:8080\Z")

    def test_the_status_line_follows(self):
        request("POST", "/topics/a", b"x")
        with guest.stream("/events?topic=a"):
            wait_until(lambda: self.status().startswith("serving 1 subscriber, 1 topic;"), "it counts")
        wait_until(lambda: self.status().startswith("serving 0 subscribers, 1 topic;"), "it counts again")

    def test_stopping_is_a_success_and_events_are_there_afterwards(self):
        self.assertEqual(request("POST", "/topics/kept", b"across a restart")[0], 200)
        systemctl("stop", UNIT)
        self.assertEqual((shown("ActiveState"), shown("Result")), ("inactive", "success"))
        systemctl("start", UNIT)
        self.assertIn(b"across a restart", request("GET", "/history?topic=kept")[1])

    def test_a_drain_longer_than_the_stop_timeout_is_waited_for(self):
        drop_in("[Service]\nTimeoutStopSec=1s\nEnvironment=RINGCAST_DRAIN=4s\n")
        systemctl("restart", UNIT)
        with contextlib.ExitStack() as streams:
            for _ in range(40):
                streams.enter_context(guest.stream("/events?topic=a")).readline()
            systemctl("stop", UNIT)
        self.assertEqual(shown("Result"), "success")
        self.assertTrue(self.messages(RINGCAST_MESSAGE="ended"))

    def test_the_state_is_closed_to_others(self):
        self.assertEqual(os.stat("/var/lib/private/ringcast").st_mode & 0o7777, 0o700)
        self.assertEqual(os.readlink("/var/lib/ringcast"), "private/ringcast")
        modes = {path.name: path.stat().st_mode & 0o077 for path in pathlib.Path("/var/lib/ringcast").iterdir()}
        self.assertIn("journal.db", modes)
        self.assertEqual(set(modes.values()), {0}, modes)

    def test_a_configuration_with_a_mistake_fails_at_once_and_is_not_tried_again(self):
        systemctl("stop", UNIT)
        guest.configure("listen: 127.0.0.1:8080\nmemroy: 1MiB\n")
        self.assertNotEqual(systemctl("start", UNIT, check=False).returncode, 0)
        self.assertEqual((shown("ActiveState"), shown("ExecMainStatus")), ("failed", "2"))
        errors = self.messages(PRIORITY="3", _SYSTEMD_UNIT=UNIT)
        self.assertEqual(errors, [f"ringcastd: {CONFIG}:2:1: memroy: unknown key; did you mean memory?"])

    def test_others_reach_it_only_once_it_is_told_who_may_do_what(self):
        systemctl("stop", UNIT)
        guest.configure(SHIPPED.replace("127.0.0.1:8080", "0.0.0.0:8080"))
        self.assertNotEqual(systemctl("start", UNIT, check=False).returncode, 0)
        self.assertEqual(shown("ExecMainStatus"), "2")


class LogTest(ServiceCase):

    def test_lines_have_their_fields_in_the_journal(self):
        (line,) = journal(self.begun, RINGCAST_MESSAGE="listening")
        self.assertEqual(line["RINGCAST_ADDRESS"], "127.0.0.1:8080")
        self.assertEqual(line["MESSAGE"], "listening address=127.0.0.1:8080")
        self.assertEqual((line["PRIORITY"], line["RINGCAST_MODULE"]), ("6", "daemon"))
        self.assertEqual((line["SYSLOG_IDENTIFIER"], line["_SYSTEMD_UNIT"]), ("ringcastd", UNIT))

    def test_what_clients_send_cannot_forge_a_line(self):
        request("POST", "/topics/%2A?x=%0APRIORITY=0", b"x")
        drop_in("[Service]\nEnvironment=RINGCAST_LOG_ACCESS=all\n")
        systemctl("restart", UNIT)
        request("POST", "/topics/a", b"x", {"Authorization": "Bearer none\tPRIORITY=0"})
        self.assertEqual(journal(self.begun, PRIORITY="0"), [])
        self.assertTrue(journal(self.begun, RINGCAST_STATUS="401", RINGCAST_MODULE="access"))


class RestartTest(ServiceCase):
    """60 requests a second and 200 streams beside it."""

    def check_restart(self, action):
        drop_in("[Service]\nEnvironment=RINGCAST_DRAIN=3s\n", "drain.conf")
        systemctl("restart", UNIT)
        pid = main_pid()
        publisher, readers = asyncio.run(load_during(action(pid)))
        self.assertNotEqual(main_pid(), pid)
        self.assertEqual(publisher.faults, [], "refused")
        self.assertEqual([fault for reader in readers for fault in reader.faults], [], "refused, or told of a gap")
        for reader in readers:
            self.assertEqual(sorted(reader.data), sorted(publisher.accepted), "lost, or there twice")
        print(f"{len(publisher.accepted)} events to {len(readers)} streams", flush=True)

    def test_a_restart_refuses_nobody_and_loses_nothing(self):
        self.check_restart(lambda pid: ["systemctl", "restart", UNIT])

    def test_nor_does_it_with_the_socket_unit(self):
        systemctl("stop", UNIT)
        systemctl("start", SOCKET, UNIT)
        self.check_restart(lambda pid: ["systemctl", "restart", UNIT])
        self.assertEqual(shown("NFileDescriptorStore"), "0", "the socket unit has it already")


class SocketTest(ServiceCase):

    def setUp(self):
        super().setUp()
        systemctl("stop", UNIT)

    def start_socket(self, streams="127.0.0.1:8080", name=None):
        folder = pathlib.Path(f"/run/systemd/system/{SOCKET}.d")
        folder.mkdir(parents=True, exist_ok=True)
        self.addCleanup(systemctl, "daemon-reload")
        self.addCleanup((folder / "test.conf").unlink)
        text = "[Socket]\nListenStream=\n" + "".join(f"ListenStream={each}\n" for each in streams.split())
        (folder / "test.conf").write_text(text + (f"FileDescriptorName={name}\n" if name else ""), encoding="utf-8")
        systemctl("daemon-reload")
        systemctl("start", SOCKET)

    def test_the_first_connection_starts_it(self):
        self.start_socket()
        self.assertEqual(shown("ActiveState"), "inactive")
        self.assertEqual(request("POST", "/topics/a", b"x")[0], 200)
        self.assertEqual(shown("ActiveState"), "active")

    def test_sockets_are_taken_by_name(self):
        guest.configure(SHIPPED.replace("tcp: 127.0.0.1:8080", "systemd: web"))
        self.start_socket("127.0.0.1:8080 127.0.0.1:8081 /run/ringcast-web.sock", "web")
        for port in (8080, 8081):
            self.assertEqual(request("GET", "/readyz", address=f"127.0.0.1:{port}")[0], 200)
        self.assertIn("127.0.0.1:8080, 127.0.0.1:8081, unix:/run/ringcast-web.sock", self.status())

    def test_a_socket_that_the_configuration_does_not_name_is_an_error(self):
        self.start_socket("127.0.0.1:8080 127.0.0.1:8081")
        self.assertNotEqual(systemctl("start", UNIT, check=False).returncode, 0)
        self.assertEqual(shown("ExecMainStatus"), "2")
        self.wait_for_message("systemd has passed 127.0.0.1:8081 (ringcastd.socket), which is not in `listen`")

    def test_a_socket_that_others_reach_needs_tokens_like_any_other(self):
        guest.configure(SHIPPED.replace("tcp: 127.0.0.1:8080", "systemd: ringcastd.socket"))
        self.start_socket("0.0.0.0:8080")
        self.assertNotEqual(systemctl("start", UNIT, check=False).returncode, 0)
        self.wait_for_message("0.0.0.0:8080 can be reached from other machines, but")

    def test_a_port_that_only_root_may_open(self):
        guest.configure(SHIPPED.replace("127.0.0.1:8080", "127.0.0.1:80"))
        self.start_socket("127.0.0.1:80")
        self.assertEqual(request("GET", "/readyz", address="127.0.0.1:80")[0], 200)


class StoreTest(ServiceCase):

    def test_another_address_takes_effect_with_a_restart(self):
        # Both cannot be open at a time: the old one has to leave systemd's store, too.
        guest.configure(SHIPPED.replace("127.0.0.1:8080", "0.0.0.0:8080")
                        .replace("anonymous: local", 'anonymous: {subscribe: ["**"]}'))
        systemctl("restart", UNIT)
        self.assertIn("0.0.0.0:8080", self.status())
        guest.configure(SHIPPED)
        systemctl("restart", UNIT)
        self.assertTrue(self.status().endswith("listening on 127.0.0.1:8080"), self.status())
        wait_until(lambda: shown("NFileDescriptorStore") == "1", "the store has one")

    def test_after_a_stop_nobody_listens(self):
        systemctl("stop", UNIT)
        with self.assertRaises(ConnectionRefusedError):
            request("GET", "/readyz")


class WatchdogTest(ServiceCase):

    def test_a_process_that_stands_still_is_replaced_and_who_waited_is_served(self):
        drop_in("[Service]\nWatchdogSec=2s\n")
        systemctl("restart", UNIT)
        pid = main_pid()
        os.kill(pid, signal.SIGSTOP)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(request("POST", "/topics/a", b"x")[0]))
        waiting.start()
        self.wait_for_message("Watchdog timeout")
        wait_until(lambda: shown("ActiveState") == "active" and main_pid() not in (0, pid), "another runs")
        self.assertEqual(shown("NRestarts"), "1")
        waiting.join(guest.PATIENCE)
        # Its connection was in the queue of the listener, not yet with the process that was killed.
        self.assertEqual(answers, [200])

    def test_one_that_works_is_left_alone(self):
        drop_in("[Service]\nWatchdogSec=1s\n")
        systemctl("restart", UNIT)
        pid = main_pid()
        fed = shown("WatchdogTimestampMonotonic")
        for _ in range(5):
            wait_until(lambda: shown("WatchdogTimestampMonotonic") != fed, "it is fed")
            fed = shown("WatchdogTimestampMonotonic")
        self.assertEqual((main_pid(), shown("NRestarts")), (pid, "0"))


class ReloadTest(ServiceCase):

    def test_it_keeps_the_process_and_takes_effect(self):
        pid = main_pid()
        guest.configure(SHIPPED + "\nstream: {retry: 7s}\n")
        systemctl("reload", UNIT)
        wait_until(lambda: "retry: 7000" in guest.first_block("/events?topic=a"), "streams get the new retry")
        self.assertEqual((main_pid(), shown("ActiveState")), (pid, "active"))

    def test_a_mistake_is_refused_with_its_place(self):
        pid = main_pid()
        guest.configure(SHIPPED + "\nstream: {retry: never}\n")
        self.assertNotEqual(systemctl("reload", UNIT, check=False).returncode, 0)
        self.assertRegex(self.wait_for_message("stream.retry"), re.escape(str(CONFIG)) + r":\d+:17: stream\.retry")
        self.assertEqual((main_pid(), shown("ActiveState")), (pid, "active"))
        self.assertIn("retry: 3000", guest.first_block("/events?topic=a"))

    def test_a_bare_signal_with_a_mistake_keeps_the_old_configuration_and_says_so(self):
        guest.configure(SHIPPED + "\nstream: {retry: never}\n")
        os.kill(main_pid(), signal.SIGHUP)
        wait_until(lambda: "the last reload failed" in self.status(), "the status says so")
        self.assertTrue(journal(self.begun, PRIORITY="3", RINGCAST_MODULE="daemon"))
        self.assertIn("retry: 3000", guest.first_block("/events?topic=a"))
        guest.configure(SHIPPED)
        systemctl("reload", UNIT)
        wait_until(lambda: "the last reload failed" not in self.status(), "a good one ends that")


class CredentialTest(ServiceCase):

    def test_a_secret_that_only_root_can_read_is_a_credential(self):
        secret = pathlib.Path("/root/jwt.key")
        secret.write_bytes(b"0123456789abcdef0123456789abcdef")
        secret.chmod(0o600)
        drop_in(f"[Service]\nLoadCredential=jwt.key:{secret}\n")
        guest.configure(SHIPPED + "  jwt: {algorithms: [HS256], key_file: '${CREDENTIALS_DIRECTORY}/jwt.key'}\n")
        systemctl("restart", UNIT)
        claims = {"sub": "a", "exp": 4102444800, "ringcast": {"publish": ["**"]}}
        token = signed(secret.read_bytes(), claims)
        self.assertEqual(request("POST", "/topics/a", b"x", {"Authorization": f"Bearer {token}"})[0], 200)
        self.assertEqual(request("POST", "/topics/a", b"x")[0], 401)
        systemctl("reload", UNIT)
        # What is checked outside of the service does not stumble over it.
        checked = guest.run("ringcastd", "--config", str(CONFIG), "--check-config")
        self.assertIn("auth.jwt.key_file is not checked", checked.stderr)


def signed(key, claims):
    def part(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=")
    text = part(b'{"alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.digest(key, text, hashlib.sha256))).decode()


class SandboxTest(ServiceCase):

    REFUSED = {
        "write /etc": "EROFS", "write /usr": "EROFS", "write /var/lib": "EROFS", "AF_PACKET": "EAFNOSUPPORT",
        "AF_NETLINK": "EAFNOSUPPORT", "map W+X": "EPERM", "setuid 0": "EPERM", "chown": "EPERM",
        "new user namespace": "EPERM",
    }
    NEEDED = ["write the state", "write the runtime directory", "AF_INET", "AF_INET6", "AF_UNIX", "boot id",
              "look a name up"]

    def probe(self, drop_in_text, unit=UNIT):
        """Runs the probe as the program of the unit: what it says, with all else as the unit has it."""
        hosts = pathlib.Path("/etc/hosts")
        hosts.write_text("127.0.0.1 localhost\n127.0.0.1 jwks.test\n", encoding="utf-8")
        systemctl("stop", unit, check=False)
        drop_in("[Service]\nType=oneshot\nWatchdogSec=0\nRestart=no\nExecStart=\n"
                f"ExecStart=/usr/bin/python3 {HERE}/sandbox_probe.py\n" + drop_in_text)
        since = guest.cursor()
        systemctl("start", unit)
        return self.probed(since, unit)

    def probed(self, since, unit):
        (text,) = [line["MESSAGE"] for line in journal(since, unit) if line["MESSAGE"].startswith("{")]
        return json.loads(text)

    def test_what_is_not_needed_is_refused_and_what_is_needed_works(self):
        found = self.probe("")
        self.assertEqual({name: found[name] for name in self.REFUSED}, self.REFUSED)
        self.assertIn(found["write /home"], ("EACCES", "EROFS"))
        self.assertIn(found["read another process"], ("EACCES", "ENOENT"))
        self.assertEqual({name: found[name] for name in self.NEEDED}, dict.fromkeys(self.NEEDED, "ok"))

    def test_without_the_sandbox_the_same_program_may_do_all_of_that(self):
        pathlib.Path("/run/systemd/system/probe.service").write_text(
            f"[Service]\nType=oneshot\nExecStart=/usr/bin/python3 {HERE}/sandbox_probe.py\n"
            "StateDirectory=probe ringcast\nRuntimeDirectory=ringcast\n", encoding="utf-8")
        self.addCleanup(os.unlink, "/run/systemd/system/probe.service")
        systemctl("daemon-reload")
        since = guest.cursor()
        systemctl("start", "probe.service")
        found = self.probed(since, "probe.service")
        allowed = [name for name in self.REFUSED if name != "write /var/lib"]
        self.assertEqual({name: found[name] for name in allowed}, dict.fromkeys(allowed, "ok"))

    def test_the_daemon_itself_has_no_rights_left(self):
        status = pathlib.Path(f"/proc/{main_pid()}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        self.assertEqual({int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}, {0})
        self.assertGreaterEqual(int(fields["Uid"].split()[0]), 61184, "a dynamic user")

    def test_a_name_in_a_jwks_url_is_looked_up(self):
        hosts = pathlib.Path("/etc/hosts")
        hosts.write_text("127.0.0.1 localhost\n127.0.0.1 jwks.test\n", encoding="utf-8")
        guest.configure(SHIPPED + "  jwt: {algorithms: [ES256], jwks: 'https://jwks.test:9/keys.json'}\n")
        systemctl("restart", UNIT)
        message = self.wait_for_message("jwks.test:9")
        self.assertNotIn("resolve", message)
        self.assertRegex(message, "(?i)connect")

    def test_exposure_is_at_most_one_and_a_half(self):
        guest.run("systemd-analyze", "security", "--threshold=15", UNIT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
