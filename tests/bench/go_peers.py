"""Brokers of others, written in Go: built from the Go module proxy, run on one core."""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess

import processes
from processes import KEPT_EVENTS, PEERS

_GO_MINOR = 22  # 1.22
_ONE_CORE = {"GOMAXPROCS": "1"}


class GoPeer(processes.Broker):
    """A program of a Go module; it is built by a module of our own, which pins its version."""

    module = ""
    module_version = ""
    program = ""  # The package of its main().

    def __init__(self):
        self.failure = None

    @property
    def binary(self):
        return PEERS / self.name

    def version(self):
        return f"{self.name} {self.module_version}"

    def missing(self):
        if self.binary.exists():
            return None
        return go_is_missing() or self.failure or "not built"

    def prepare(self):
        if not self.missing() or go_is_missing():
            return self.missing()
        folder = PEERS / f"{self.name}-module"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        steps = (
            (30, "go", "mod", "init", "peer"),
            (30, "go", "mod", "edit", f"-require={self.module}@{self.module_version}"),
            (90, "go", "mod", "download", f"{self.module}@{self.module_version}"),
            (900, "nice", "go", "build", "-mod=mod", "-p=1", "-o", self.binary, self.program))
        self.failure = next(filter(None, (self._step(folder, *step) for step in steps)), None)
        shutil.rmtree(folder, ignore_errors=True)
        return self.missing()

    def _step(self, folder, seconds, *command):
        """None when it worked, else why not, on one line."""
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds,
                                  check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"not built: {type(error).__name__} at {command[1:3]}"
        if done.returncode == 0:
            return None
        said = done.stderr.strip().splitlines() or [f"{command[1:3]} failed"]
        return f"not built: {said[-1].strip()}"[:200]


class Mercure(GoPeer):
    """The hub's own small server, which comes with the library; the Caddy module puts more in front of it.

    Transport "local" keeps no history, so that nobody can resume; "bolt" keeps one on the disk.
    """

    name = "mercure"
    module = "github.com/dunglas/mercure"
    module_version = "v0.18.0"
    program = "github.com/dunglas/mercure/cmd/mercure"
    key = "a-key-that-is-long-enough-for-a-benchmark"

    def launch(self, started, transport="local"):
        urls = {"local": "local://local",
                "bolt": f"bolt://{started.folder}/updates.db?size={KEPT_EVENTS}&cleanup_frequency=0.3"}
        path = "/.well-known/mercure"
        started.subscribe_path = path + "?topic=bench{topic}"
        started.publish_path = path
        started.publish_headers = ["Content-Type: application/x-www-form-urlencoded",
                                   f"Authorization: Bearer {publisher_token(self.key)}"]
        started.publish_body = "topic=bench{topic}&data={payload}"
        started.run([self.binary, "--addr", f"127.0.0.1:{started.port}", "--transport-url", urls[transport],
                     "--publisher-jwt-key", self.key, "--subscriber-jwt-key", self.key, "--allow-anonymous",
                     "--write-timeout", "0s", "--read-timeout", "0s", "--dispatch-timeout", "0s"], _ONE_CORE)


class Centrifugo(GoPeer):
    """Centrifugo with its one-way SSE transport. It knows no Last-Event-ID: nobody can resume."""

    name = "centrifugo"
    module = "github.com/centrifugal/centrifugo/v6"
    module_version = "v6.0.0"
    program = "github.com/centrifugal/centrifugo/v6"

    def launch(self, started):
        settings = {
            "http_server": {"address": "127.0.0.1", "port": str(started.port)},
            "log": {"level": "error"},
            "client": {"insecure": True, "allowed_origins": ["*"]},
            "http_api": {"insecure": True},
            "uni_sse": {"enabled": True},
        }
        config = started.folder / "config.json"
        config.write_text(json.dumps(settings), encoding="utf-8")
        # The query's JSON, percent-encoded by hand around {topic}: {"subs":{"bench{topic}":{}}}
        started.subscribe_path = (
            "/connection/uni_sse?cf_connect=%7B%22subs%22%3A%7B%22bench{topic}%22%3A%7B%7D%7D%7D")
        started.publish_path = "/api/publish"
        started.publish_headers = ["Content-Type: application/json"]
        started.publish_body = '{"channel":"bench{topic}","data":{"v":"{payload}"}}'
        started.run([self.binary, "--config", config], _ONE_CORE)


def publisher_token(key):
    """A JWT (HS256) that may publish on every topic."""
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    signed = b".".join(encode(json.dumps(part).encode()) for part in (
        {"alg": "HS256", "typ": "JWT"}, {"mercure": {"publish": ["*"]}}))
    return (signed + b"." + encode(hmac.digest(key.encode(), signed, hashlib.sha256))).decode()


def go_is_missing():
    """None, or why nothing can be built."""
    reason = f"no go 1.{_GO_MINOR}+ toolchain"
    if not shutil.which("go"):
        return reason
    shown = subprocess.run(["go", "version"], capture_output=True, text=True, timeout=30, check=False,
                           env={**os.environ, "GOTOOLCHAIN": "local"}).stdout
    found = re.search(r"go1\.(\d+)", shown)
    return None if found and int(found[1]) >= _GO_MINOR else reason
