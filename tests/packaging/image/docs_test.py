"""The commands of docs/docker.md, with podman for docker."""

import re
import subprocess
import unittest

from engine import ROOT

TEXT = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
# Nobody types as fast as a script: the port is open then. An answer without end is enough after a while.
SHELL = """
set -eu
docker() {
  podman "$@"
  [ "$1 $2" != "run -d" ] || timeout 30 sh -c 'until curl -s -o /dev/null http://127.0.0.1:8080/readyz; do sleep 0.1; done'
}
curl() { command curl -sS -m 3 "$@" || [ $? = 28 ]; }
"""


def said(commands):
    done = subprocess.run(["bash", "-c", SHELL + commands], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{commands}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class DocsTest(unittest.TestCase):

    def test_the_first_steps_do_what_they_say(self):
        build, steps = re.search(r"```sh\n(.*?\n)(.*?)```", TEXT, re.DOTALL).groups()
        self.assertEqual(build, "docker build -t ringcast .\n")  # As run_tests has done.
        self.assertIn("data: hello\n", said(steps))

    def test_every_other_command_of_a_line_works(self):
        commands = re.findall(r"`(docker run --rm [^`]+)`", TEXT)
        outputs = [said(command) for command in commands]
        self.assertEqual(len(outputs), 2)
        self.assertIn("--check-config", outputs[0])
        self.assertIn("sha256", outputs[1])


if __name__ == "__main__":
    unittest.main()
