"""What an administrator does with the package, in a booted system without network. Run as root in the guest.
The tests are one story, in the order of their names."""

import glob
import pathlib
import threading
import unittest

import guest
from guest import CONFIG, UNIT, main_pid, request, run, shown, systemctl, wait_until

SHARE = pathlib.Path("/mnt/share")
STATE = pathlib.Path("/var/lib/private/ringcast")


def install(folder=SHARE, check=True):
    packages = sorted(glob.glob(f"{folder}/ringcast*.deb"))
    return run("dpkg", "--force-confold", "-i", *packages, check=check)


def version():
    return run("dpkg-query", "-W", "-f", "${Version}", "ringcastd").stdout


class PackageTest(unittest.TestCase):

    def test_1_it_runs_once_it_is_installed(self):
        install()
        wait_until(guest.is_ready, "it serves")
        self.assertEqual((shown("ActiveState"), shown("UnitFileState")), ("active", "enabled"))
        self.assertRegex(shown("StatusText"), "serving 0 subscribers")
        self.assertEqual(request("POST", "/topics/kept", b"from the first version")[0], 200)
        self.assertIn("ringcast 0", run("ringcast", "version").stdout)

    def test_2_pages_and_completions_are_there(self):
        for path in ("/etc/ringcast/ringcast.yaml", "/usr/share/bash-completion/completions/ringcast",
                     "/usr/share/zsh/vendor-completions/_ringcast", "/usr/share/fish/vendor_completions.d/ringcast.fish"):
            self.assertTrue(pathlib.Path(path).exists(), path)

    def test_3_an_upgrade_keeps_the_configuration_and_the_events_and_refuses_nobody(self):
        changed = CONFIG.read_text(encoding="utf-8") + "drain: 2s\n"
        guest.configure(changed)
        before, failed, over = main_pid(), [], threading.Event()

        def ask():
            while not over.is_set():
                try:
                    request("GET", "/healthz", timeout=30)
                except OSError as error:
                    failed.append(error)
        asking = threading.Thread(target=ask)
        asking.start()
        try:
            install(SHARE / "next")
            wait_until(lambda: main_pid() not in (0, before) and guest.is_ready(), "the new one serves")
        finally:
            over.set()
            asking.join()
        self.assertTrue(version().endswith("+next"))
        self.assertEqual(CONFIG.read_text(encoding="utf-8"), changed)
        self.assertIn(b"from the first version", request("GET", "/history?topic=kept")[1])
        self.assertEqual(failed, [])

    def test_4_a_configuration_that_the_new_version_does_not_take_leaves_the_old_one_running(self):
        before = main_pid()
        guest.configure("memroy: 1MiB\n")
        output = install(SHARE / "next").stderr
        self.assertIn("memroy", output)
        self.assertEqual(main_pid(), before)
        self.assertEqual(request("GET", "/readyz")[0], 200)

    def test_5_removed_it_stops_and_the_configuration_and_the_events_stay(self):
        run("dpkg", "-r", "ringcastd")
        self.assertEqual(shown("ActiveState"), "inactive")
        self.assertTrue(CONFIG.exists())
        self.assertTrue(STATE.exists())

    def test_6_purged_nothing_is_left(self):
        run("dpkg", "-P", "ringcastd", "ringcast")
        left = run("find", "/etc", "/usr", "/var", "-xdev", "-name", "*ringcast*", "-not", "-path", "/var/log/journal/*").stdout
        self.assertEqual([line for line in left.split("\n") if line and "/var/lib/dpkg" not in line], [])
        systemctl("reset-failed", check=False)
        self.assertEqual(systemctl("list-units", "--all", "--no-legend", UNIT).stdout, "")


if __name__ == "__main__":
    unittest.main()
