"""`ringcast token new`: what it prints is a token, and an entry that the broker takes."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from cli_stub import DEADLINE, ROOT, environment, run

RINGCASTD = os.environ.get("RINGCASTD", str(ROOT / "build/release/ringcastd"))


def new(*arguments):
    return run("token", "new", *arguments)


def printed(*arguments):
    """The token and the entry that stand on standard output."""
    done = new(*arguments)
    assert done.returncode == 0, done.stderr
    token, empty, _comment, *entry = done.stdout.decode().splitlines()
    assert empty == ""
    (entry,) = yaml.safe_load("\n".join(entry))
    return token, entry


class TokenNew(unittest.TestCase):
    def test_the_token_is_32_random_bytes_and_the_entry_has_its_digest(self):
        token, entry = printed("--name", "ci")
        self.assertRegex(token, r"\Arc_[A-Za-z0-9_-]{43}\Z")
        self.assertEqual(len(base64.urlsafe_b64decode(token[3:] + "=")), 32)
        self.assertEqual(entry, {"name": "ci", "sha256": hashlib.sha256(token.encode()).hexdigest(),
                                 "publish": [], "subscribe": [], "admin": []})

    def test_no_two_tokens_are_the_same(self):
        self.assertEqual(len({printed("--name", "a")[0] for _ in range(20)}), 20)

    def test_a_token_without_a_name_is_named_after_its_digest(self):
        _, entry = printed()
        self.assertEqual(entry["name"], "token-" + entry["sha256"][:8])

    def test_grants_are_in_the_entry_in_their_order(self):
        _, entry = printed("--publish", "a/*", "--publish", "b", "--subscribe", "**", "--subscribe", "$sys/**",
                           "--admin", "metrics", "--admin", "delete")
        self.assertEqual(entry["publish"], ["a/*", "b"])
        self.assertEqual(entry["subscribe"], ["**", "$sys/**"])
        self.assertEqual(entry["admin"], ["metrics", "delete"])

    def test_json_is_one_object_in_one_line(self):
        done = new("--name", 'a "b"\n: ä', "--publish", "a: #/*", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"\n"), 1)
        made = json.loads(done.stdout)
        self.assertEqual(made["sha256"], hashlib.sha256(made["token"].encode()).hexdigest())
        self.assertEqual([*made], ["token", "name", "sha256", "publish", "subscribe", "admin"])
        self.assertEqual((made["name"], made["publish"]), ('a "b"\n: ä', ["a: #/*"]))

    def test_a_token_that_allows_nothing_is_made_and_told(self):
        done = new("--name", "a")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"this token allows nothing", done.stderr)
        self.assertEqual(new("--subscribe", "a").stderr, b"")

    def test_a_bad_pattern_or_route_is_named(self):
        for arguments, why in [(("--publish", "a**"), "'a**': "), (("--subscribe", ""), "'': "),
                               (("--admin", "root"), "'root': must be metrics, topics, history or delete"),
                               (("--publish", "[a,b]"), "[text]"), (("--name", b"\xff"), "UTF-8")]:
            with self.subTest(arguments):
                done = new(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(why, done.stderr.decode())

    def test_the_broker_takes_the_entry(self):
        done = new("--name", "a: {b}, 'c'", "--publish", "x: #y/*", "--admin", "topics")
        entry = done.stdout.decode().split("\n", 3)[3]
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "ringcast.yaml"
            file.write_text("auth:\n  tokens:\n" + "".join(f"    {line}\n" for line in entry.splitlines()))
            checked = subprocess.run([RINGCASTD, "--config", str(file), "--print-config"], capture_output=True,
                                     timeout=DEADLINE, env=environment())
        self.assertEqual((checked.returncode, checked.stderr), (0, b""))
        self.assertEqual(yaml.safe_load(checked.stdout)["auth"]["tokens"], yaml.safe_load(entry))


if __name__ == "__main__":
    unittest.main()
