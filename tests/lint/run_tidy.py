#!/usr/bin/env python3
"""Runs clang-tidy over daemon/ and clients/, in parallel, and only over what changed since it last passed.

Usage: run_tidy.py BUILD_DIR, which holds compile_commands.json. A file is judged again when it, a header
of ours that it reaches, its compile command, .clang-tidy or the version of clang-tidy changed.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAMPS = ROOT / "build" / "tidy"
INCLUDE_ROOTS = [ROOT / "daemon", ROOT / "clients", ROOT / "clients/cpp/include"]
VERSION = "14"  # Others find other things; the rules were chosen with this one.
# The static analyzer gives up on a function early: what it finds, it finds soon, and templates of libraries
# took it minutes.
ANALYZER = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000")]
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def resolve(header: str, includer: pathlib.Path):
    for folder in [includer.parent, *INCLUDE_ROOTS]:
        if (path := folder / header).is_file():
            return path.resolve()
    return None


def reached_from(source: pathlib.Path):
    """The source and every header of ours that it includes, however far away, in a stable order."""
    seen, waiting = set(), [source]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for header in INCLUDE.findall(path.read_bytes()):
            if found := resolve(header.decode(), path):
                waiting.append(found)
    return sorted(seen)


def fingerprint(source: pathlib.Path, command: str, rules: bytes) -> str:
    digest = hashlib.sha256(rules + command.encode())
    for path in reached_from(source):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def stamp_of(source: pathlib.Path) -> pathlib.Path:
    return STAMPS / (str(source.relative_to(ROOT)).replace("/", "__") + ".passed")


def stale(build: pathlib.Path, rules: bytes):
    """The sources to judge, each with the fingerprint to store when it passes, biggest first."""
    found = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if not any(source.is_relative_to(root) for root in INCLUDE_ROOTS):
            continue
        mark = fingerprint(source, entry["command"], rules)
        stamp = stamp_of(source)
        if not stamp.is_file() or stamp.read_text() != mark:
            found.append((source, mark))
    return sorted(found, key=lambda item: -item[0].stat().st_size)


def judge(build: pathlib.Path, source: pathlib.Path, mark: str):
    begun = time.monotonic()
    run = subprocess.run(["clang-tidy", "--quiet", *ANALYZER, "-p", str(build), str(source)],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode == 0:
        stamp_of(source).write_text(mark)
    return source, run, time.monotonic() - begun


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    major = re.search(r"version (\d+)", version).group(1)
    if major != VERSION:
        print(f"clang-tidy {major} has other checks than {VERSION}: not judged")
        return 0
    STAMPS.mkdir(parents=True, exist_ok=True)
    work = stale(build, version.encode() + (ROOT / ".clang-tidy").read_bytes())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(judge, build, source, mark) for source, mark in work]
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            source, run, seconds = job.result()
            print(f"tidy [{done}/{len(work)}] {source.relative_to(ROOT)} {seconds:.1f} s", flush=True)
            if run.returncode != 0:
                failed += 1
                print(run.stdout, flush=True)
    print(f"tidy: {len(work)} files judged, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
