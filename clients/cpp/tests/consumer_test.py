"""Who uses the library: it is installed, and the README's programs are built with it and run.

BUILD names the folder where it was built, RINGCASTD the broker.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLIENT = ROOT / "clients" / "cpp"
EXAMPLES = CLIENT / "examples"
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build" / "release"))
PATIENCE = 300  # Seconds for a compiler on a busy machine.

sys.path.insert(0, str(ROOT / "tests" / "system"))
from harness import jwt  # noqa: E402
from harness.daemon import Daemon  # noqa: E402

SECRET = b"a secret of thirty-two characters"
PUBLIC = {"Batch", "Client", "Subscription", "read_gap", "topic_path"}


def run(*words, **settings):
    """Runs a program to its end; what it printed, when it failed, is the failure."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False, **settings)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class InstalledTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-consumer-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "prefix"
        for component in ("client", "client_dev"):
            run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", component)
        cls.library = next(cls.prefix.rglob("libringcast-client.so"))
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.library.parent / "pkgconfig"),
                           "LD_LIBRARY_PATH": str(cls.library.parent), "CMAKE_PREFIX_PATH": str(cls.prefix)}

    def build(self, *settings, source=EXAMPLES):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        run("cmake", "-G", "Ninja", "-S", source, "-B", folder, "-DCMAKE_CXX_STANDARD=17", *settings, env=self.environment)
        run("cmake", "--build", folder)
        return folder

    def use(self, folder, environment=None):
        """Publishes and reads back with the programs in `folder`, with a token."""
        settings = {"auth": {"jwt": {"algorithms": ["HS256"], "key": SECRET.decode()},
                             "anonymous": {"publish": ["demo"]}}}
        token = folder / "token"
        token.write_text(jwt.signed(SECRET, {"ringcast": {"subscribe": ["**"]}}))
        environment = environment or self.environment
        with Daemon(settings) as broker:
            printed = run(folder / "publish", broker.base_url, "demo", env=environment)
            self.assertRegex(printed, r"\Apublished as \w+-1\n\Z")
            events = run(folder / "subscribe", broker.base_url, "demo", "4", token, env=environment)
            self.assertEqual(events, 'greeting: Hello\n' + "".join(f'greeting: {{"n":{n}}}\n' for n in (1, 2, 3)))
            with self.assertRaisesRegex(AssertionError, "ended with 1:\nthe broker answered 401: "):
                run(folder / "subscribe", broker.base_url, "demo", "4", env=environment)

    def test_a_project_finds_it_with_find_package(self):
        # Nor does it need what the library itself was built with.
        self.use(self.build("-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_simdjson=ON"))

    def test_a_project_may_link_the_static_library(self):
        source = self.folder / "static"
        shutil.copytree(EXAMPLES, source)
        lists = source / "CMakeLists.txt"
        lists.write_text(lists.read_text().replace("ringcast::client)", "ringcast::client_static)"))
        folder = self.build(source=source)
        self.assertNotIn("libringcast", run("readelf", "-d", folder / "subscribe"))
        self.use(folder, {**os.environ, "LD_LIBRARY_PATH": ""})

    def test_a_compiler_finds_it_with_pkg_config(self):
        line = re.search(r"^c\+\+ .*$", (CLIENT / "README.md").read_text(), re.MULTILINE).group()
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for name in ("subscribe", "publish"):
            shutil.copy(EXAMPLES / f"{name}.cc", folder)
            run("sh", "-c", line.replace("subscribe", name), cwd=folder, env=self.environment)
        self.use(folder)

    def test_another_minor_version_is_not_compatible(self):
        (self.folder / "next").mkdir()
        (self.folder / "next" / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(x CXX)\nfind_package(ringcast 0.99 REQUIRED)\n")
        with self.assertRaisesRegex(AssertionError, "0.99"):
            self.build(source=self.folder / "next")

    def test_each_header_stands_alone_and_needs_no_other_library(self):
        for header in sorted((self.prefix / "include" / "ringcast").iterdir()):
            with self.subTest(header=header.name):
                source = self.folder / "alone.cc"
                source.write_text(f"#include <ringcast/{header.name}>\n")
                run("c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only",
                    f"-I{self.prefix}/include", source)
                text = header.read_text()
                for name in re.findall(r"#include <(.*)>", text):
                    self.assertNotRegex(name, r"[/.]", "not of the standard library")
                self.assertNotIn("#define", text)

    def test_the_shared_library_has_its_name_and_shows_only_what_is_public(self):
        self.assertRegex(run("readelf", "-d", self.library), r"SONAME.*\[libringcast-client\.so\.0\.1\]")
        ours = re.findall(r" [A-Z] (ringcast::.*)", run("nm", "-DC", "--defined-only", self.library))
        self.assertTrue(ours)
        for symbol in ours:
            name = re.match(r"ringcast::client::(\w+)", symbol)
            self.assertTrue(name and name.group(1) in PUBLIC, symbol)

    def test_the_readme_shows_the_programs_that_are_run(self):
        text = (CLIENT / "README.md").read_text()
        for name in ("subscribe.cc", "publish.cc", "CMakeLists.txt"):
            with self.subTest(file=name):
                self.assertTrue("\n" + (EXAMPLES / name).read_text() + "```" in text, "the README shows another text")


if __name__ == "__main__":
    unittest.main()
