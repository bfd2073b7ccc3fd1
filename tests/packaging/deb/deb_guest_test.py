"""What an administrator does with the packages, in a booted system without network. Run as root in the guest.
The tests are one story, in the order of their names."""

import asyncio
import ctypes
import glob
import pathlib
import re
import unittest

import guest
from guest import CONFIG, UNIT, main_pid, request, run, shown, systemctl, wait_until
from load import load_during

SHARE = pathlib.Path("/mnt/share")
STATE = pathlib.Path("/var/lib/private/ringcast")
PACKAGES = ["ringcastd", "ringcast", "libringcast-client0.1"]
OURS = ["find", "/etc", "/usr", "/var", "/run", "-xdev", "-name", "*ringcast*", "-not", "-path", "/var/log/journal/*"]


def install(folder=SHARE, check=True):
    """As `apt install ./*.deb` does, with "keep my version" where it would ask about a configuration file."""
    return run("dpkg", "--force-confold", "-i", *sorted(glob.glob(f"{folder}/*.deb")), check=check)


def version():
    return run("dpkg-query", "-W", "-f", "${Version}", "ringcastd").stdout


class PackageTest(unittest.TestCase):

    def test_1_it_runs_once_it_is_installed(self):
        install()
        wait_until(guest.is_ready, "it serves")
        self.assertEqual((shown("ActiveState"), shown("UnitFileState")), ("active", "enabled"))
        self.assertEqual(shown("UnitFileState", guest.SOCKET), "disabled")
        self.assertRegex(shown("StatusText"), r"\Aserving 0 subscribers, 0 topics; listening on 127\.0\.0\.1:8080\Z")
        self.assertEqual(request("POST", "/topics/kept", b"from the first version")[0], 200)
        self.assertEqual(run("ringcast", "history", "kept").stdout.split()[-4:], "from the first version".split())

    def test_2_all_that_the_packages_name_is_there(self):
        listed = {pathlib.Path(line) for line in run("dpkg", "-L", *PACKAGES).stdout.split("\n") if line}
        self.assertEqual([path for path in listed if not path.exists()], [])
        for wanted in ("/etc/ringcast/ringcast.yaml", "/usr/share/doc/ringcastd/docs/http-api.md",
                       "/usr/share/man/man1/ringcast.1.gz", "/usr/share/bash-completion/completions/ringcast",
                       "/usr/share/zsh/vendor-completions/_ringcast", "/usr/share/fish/vendor_completions.d/ringcast.fish"):
            self.assertIn(pathlib.Path(wanted), listed)
        self.assertEqual(run("dpkg", "--verify", *PACKAGES).stdout, "")

    def test_2_the_pages_that_the_units_name_are_there(self):
        for unit in (UNIT, guest.SOCKET):
            pages = re.findall(r"man:(\S+)\((\d)\)", shown("Documentation", unit))
            self.assertTrue(pages, unit)
            for name, section in pages:
                self.assertTrue(pathlib.Path(f"/usr/share/man/man{section}/{name}.{section}.gz").exists(), name)

    def test_2_the_library_can_be_loaded(self):
        ctypes.CDLL("libringcast-client.so.0.1")

    def test_2_systemd_finds_nothing_wrong_with_the_units(self):
        run("systemd-analyze", "security", "--threshold=15", UNIT)
        said = run("systemd-analyze", "verify", "--man=no", UNIT, guest.SOCKET)
        self.assertEqual(said.stdout + said.stderr, "")

    def test_3_an_upgrade_keeps_the_configuration_and_the_events_and_refuses_nobody(self):
        changed = CONFIG.read_text(encoding="utf-8") + "drain: 3s\n"
        guest.configure(changed)
        systemctl("reload", UNIT)
        before = main_pid()
        packages = sorted(glob.glob(f"{SHARE}/next/*.deb"))
        publisher, readers = asyncio.run(load_during(["dpkg", "--force-confold", "-i", *packages], subscribers=50))
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(version(), "9.9")
        self.assertEqual(publisher.faults, [], "refused")
        for reader in readers:
            self.assertEqual(reader.faults, [], "refused, or told of a gap")
            self.assertEqual(sorted(reader.data), sorted(publisher.accepted), "lost, or there twice")
        self.assertEqual(CONFIG.read_text(encoding="utf-8"), changed)
        self.assertTrue(pathlib.Path(f"{CONFIG}.dpkg-dist").exists(), "the new one is beside it")
        self.assertIn(b"from the first version", request("GET", "/history?topic=kept")[1])

    def test_4_a_configuration_that_the_new_version_does_not_take_leaves_the_old_one_running(self):
        before, good = main_pid(), CONFIG.read_text(encoding="utf-8")
        guest.configure(good + "memroy: 1MiB\n")
        done = install(SHARE / "next")
        self.assertIn(f"{CONFIG}:{len(good.splitlines()) + 1}:1: memroy: unknown key; did you mean memory?", done.stderr)
        self.assertIn("systemctl restart ringcastd", done.stderr)
        self.assertEqual((main_pid(), request("GET", "/readyz")[0]), (before, 200))
        guest.configure(good)

    def test_5_removed_it_stops_and_the_configuration_and_the_events_stay(self):
        run("dpkg", "-r", "ringcastd")
        self.assertEqual(shown("ActiveState"), "inactive")
        self.assertTrue(CONFIG.exists())
        self.assertTrue((STATE / "journal.db").exists())

    def test_6_purged_nothing_is_left(self):
        run("dpkg", "-P", *PACKAGES)
        left = [line for line in run(*OURS).stdout.split("\n") if line]
        self.assertEqual(left, [])
        self.assertEqual(systemctl("list-units", "--all", "--no-legend", "ringcast*").stdout, "")
        self.assertEqual(systemctl("list-units", "--failed", "--no-legend").stdout, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
