"""docs/getting-started.md, typed as it stands there: each command in its order, with what the page says that it prints."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness.daemon import ROOT, binary, environment
from harness.http import fetch
from harness.waiting import wait_until

PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
CLI = pathlib.Path(os.environ.get("RINGCAST", ROOT / "build" / "release" / "ringcast"))
BLOCK = re.compile(r"^```(sh|text)( terminal=2)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DONE = "the block is done:"
PATIENCE = 120  # Seconds: readers come back when they were told to, and wait longer each time in vain.


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def pattern(text):
    """What is printed, with `…` for what differs from run to run."""
    return re.compile(r"\S+".join(re.escape(part) for part in text.strip().split("…")))


class Terminal:
    """A shell in a process group of its own, whose output is read from a file."""

    def __init__(self, folder, name, env):
        self._output = folder / f"{name}.out"
        self._log = folder / f"{name}.err"
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self._shell = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=output,
                                           stderr=log, cwd=folder, env=env, start_new_session=True, text=True)

    def output(self):
        return self._output.read_text(encoding="utf-8")

    def log(self):
        return self._log.read_text(encoding="utf-8")

    def type(self, commands):
        self._shell.stdin.write(f"{{\n{commands}}} </dev/null\n")
        self._shell.stdin.flush()

    def run(self, commands):
        """Types and waits for the end: (what was printed, exit code)."""
        before = len(self.output())
        self.type(commands)
        self._shell.stdin.write(f"echo '{DONE}' $?\n")
        self._shell.stdin.flush()
        ended = wait_until(lambda: re.search(rf"(.*){DONE} (\d+)\n\Z", self.output()[before:], re.DOTALL),
                           f"this ends:\n{commands}{self.log()}", PATIENCE)
        return ended[1], int(ended[2])

    def interrupt(self):
        """Ctrl-C: what runs there ends, and so does the shell, which runs no script otherwise."""
        os.killpg(self._shell.pid, signal.SIGINT)

    def close(self):
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        self._shell.stdin.close()


class GettingStartedTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-started-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "ringcastd").symlink_to(pathlib.Path(binary()).resolve())
        (programs / "ringcast").symlink_to(CLI.resolve())
        self.broker, self.pages = (f"127.0.0.1:{port}" for port in free_ports(2))
        self.env = environment({"PATH": f"{programs}:{os.environ['PATH']}", "RINGCAST_URL": f"http://{self.broker}"})
        self.starts = self.reloads = 0
        self.second = None
        self.first = self.terminal("first")

    def terminal(self, name):
        terminal = Terminal(self.folder, name, self.env)
        self.addCleanup(terminal.close)
        return terminal

    def blocks(self):
        """The page's blocks, at ports that are free here."""
        port = self.pages.rsplit(":", 1)[1]
        page = PAGE.replace("127.0.0.1:8080", self.broker).replace("127.0.0.1:8000", self.pages)
        page = page.replace("http.server 8000", f"http.server {port}")
        self.assertNotRegex(page, r"80[08]0", "a port that is not replaced")
        return BLOCK.findall(page)

    def wait_for_what_it_starts(self, commands):
        """Who types is slower than a daemon."""
        log = self.first.log
        if "ringcastd --config ringcast.yaml &" in commands:
            self.starts += 1
            wait_until(lambda: log().count('"message":"ready"') == self.starts, "ringcastd is ready", PATIENCE)
        if "kill -HUP" in commands:
            self.reloads += 1
            wait_until(lambda: log().count('"message":"reload done"') == self.reloads, "the reload is done", PATIENCE)
        if "http.server" in commands:
            self.check_the_page()

    def check_the_page(self):
        """A browser gets the page, and is allowed to read what the page asks for."""
        def page():
            try:
                return fetch(self.pages, "GET", "/").body.decode()
            except OSError:
                return None
        target = re.search(r"new EventSource\('http://([^/']+)(/[^']+)'\)", wait_until(page, "the page is served", PATIENCE))
        self.assertEqual(target[1], self.broker)
        answer = fetch(self.broker, "HEAD", target[2], {"Origin": f"http://{self.pages}"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), f"http://{self.pages}")

    def type_in_the_second(self, commands):
        if self.second:
            self.second.interrupt()
        self.second = self.terminal("second")
        self.second.type(commands)
        wait_until(self.second.output, f"this shows something: {commands}", PATIENCE)

    def test_every_command_does_what_the_page_says(self):
        printed = ""
        for kind, in_second, text in self.blocks():
            if kind == "text" and in_second:
                try:
                    wait_until(lambda expected=pattern(text): expected.fullmatch(self.second.output().strip()),
                               f"the second terminal shows\n{text}", PATIENCE)
                except AssertionError as error:
                    raise AssertionError(f"{error}, not\n{self.second.output()}\n{self.second.log()}\n"
                                         f"{self.first.log()}") from None
            elif kind == "text":
                self.assertIsNotNone(pattern(text).fullmatch(printed.strip()), f"{printed}, not\n{text}")
                printed = ""
            elif in_second:
                self.type_in_the_second(text)
            else:
                self.assertEqual(printed, "", f"the page does not say so before\n{text}")
                printed, code = self.first.run(text)
                self.assertEqual(code, 0, text + self.first.log())
                self.wait_for_what_it_starts(text)
        self.assertEqual(printed, "", "the page does not say so at its end")


if __name__ == "__main__":
    unittest.main()
