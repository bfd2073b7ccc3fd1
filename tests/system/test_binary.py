"""What was asked of the compiler and the linker (cmake/hardening.cmake) has reached the programs."""

import pathlib
import platform
import re
import shutil
import subprocess
import unittest

from harness.daemon import ROOT, binary

CLI = ROOT / "build" / "release" / "ringcast"


class Elf:
    """What readelf says of a program."""

    def __init__(self, path):
        self.header = self.read("-h", path)
        self.segments = self.read("-l", path)
        self.dynamic = self.read("-d", path)
        self.notes = self.read("-n", path)
        # "   7: 0000 0 FUNC GLOBAL DEFAULT UND __stack_chk_fail@GLIBC_2.4 (3)"
        self.imports = set(re.findall(r"\bUND ([A-Za-z_]\w*)", self.read("--dyn-syms", path)))

    @staticmethod
    def read(what, path):
        return subprocess.run(["readelf", "--wide", what, path], capture_output=True, text=True, check=True).stdout


@unittest.skipUnless(shutil.which("readelf"), "no readelf here")
class HardeningTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.programs = {"ringcastd": Elf(binary()), "ringcast": Elf(CLI)}
        if any("san.so" in elf.dynamic for elf in cls.programs.values()):
            raise unittest.SkipTest("a sanitized build has other defences")

    def test_its_code_has_no_fixed_address(self):
        for name, elf in self.programs.items():
            with self.subTest(program=name):
                self.assertRegex(elf.header, r"Type:\s+DYN\b")
                self.assertRegex(elf.dynamic, r"FLAGS_1\).*\bPIE\b")

    def test_its_addresses_of_functions_are_bound_at_the_start_and_then_read_only(self):
        for name, elf in self.programs.items():
            with self.subTest(program=name):
                self.assertIn("GNU_RELRO", elf.segments)
                self.assertRegex(elf.dynamic, r"\(FLAGS\).*\bBIND_NOW\b|FLAGS_1\).*\bNOW\b")

    def test_nothing_is_writable_and_executable(self):
        for name, elf in self.programs.items():
            with self.subTest(program=name):
                stack = re.search(r"GNU_STACK.*", elf.segments)
                self.assertIsNotNone(stack, "without this the kernel makes the stack executable")
                for line in re.findall(r"^\s+(?:GNU_STACK|LOAD)\s.*", elf.segments, re.MULTILINE):
                    flags = re.search(r" (R?)( ?W?)( ?E?)\s+0x[0-9a-f]+\s*$", line)
                    self.assertIsNotNone(flags, line)
                    self.assertFalse("W" in flags[0] and "E" in flags[0], line)

    def test_its_stack_is_guarded(self):
        for name, elf in self.programs.items():
            with self.subTest(program=name):
                self.assertIn("__stack_chk_fail", elf.imports)

    def test_copies_of_known_size_are_checked(self):
        """Of the daemon: the client writes into no buffer of a fixed size."""
        checked = {name for name in self.programs["ringcastd"].imports if re.fullmatch(r"__\w+_chk", name)}
        self.assertTrue(checked, "no __fprintf_chk or the like: _FORTIFY_SOURCE does nothing")

    def test_containers_check_their_indexes(self):
        for name, elf in self.programs.items():
            with self.subTest(program=name):
                self.assertTrue(any("__glibcxx_assert_fail" in name for name in elf.imports), sorted(elf.imports)[:20])

    @unittest.skipUnless(platform.machine() == "x86_64", "a feature of x86-64")
    def test_jumps_land_only_where_they_may(self):
        """Each object of ours says so, llhttp's included. A program cannot where Scrt1.o does not, as on Debian 12."""
        libraries = sorted(pathlib.Path(binary()).parent.glob("lib*.a"))
        if not libraries:
            self.skipTest("the daemon is not where it was built")
        for library in libraries:
            with self.subTest(library=library.name):
                _, *objects = Elf.read("-n", library).split("\nFile: ")
                self.assertTrue(objects)
                for notes in objects:
                    self.assertRegex(notes, r"x86 feature: IBT, SHSTK")


if __name__ == "__main__":
    unittest.main()
