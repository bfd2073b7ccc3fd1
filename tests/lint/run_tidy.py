#!/usr/bin/env python3
"""Runs clang-tidy over daemon/ and clients/, in parallel, and only over what changed since it last passed.

Usage: run_tidy.py BUILD_DIR, which holds compile_commands.json. A file is judged again when it, a header
of ours that it reaches, its compile command, .clang-tidy or the version of clang-tidy changed. What passed is
remembered outside of the tree, for fresh clones too.
"""
import collections
import concurrent.futures
import hashlib
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAMPS = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "ringcast-tidy")
STAMP_DAYS = 30  # Kept that long after they were of use.
INCLUDE_ROOTS = [ROOT / "daemon", ROOT / "clients", ROOT / "clients/cpp/include"]
VERSION = "14"  # Others find other things; the rules were chosen with this one.
# The static analyzer gives up on a function early: what it finds, it finds soon, and templates of libraries
# took it minutes.
ANALYZER = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000")]
OUTPUT = re.compile(r" -o \S+")
BATCH = 16  # Files that are judged at once, at the most.
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
    digest = hashlib.sha256(rules + command.replace(str(ROOT), "").encode())
    for path in reached_from(source):
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def remember(mark: str):
    (STAMPS / mark).touch()


def has_passed(mark: str) -> bool:
    known = (STAMPS / mark).is_file()
    if known:
        remember(mark)
    return known


def forget_old_ones():
    for stamp in STAMPS.iterdir():
        if stamp.stat().st_mtime < time.time() - STAMP_DAYS * 86_400:
            stamp.unlink(missing_ok=True)


def stale(build: pathlib.Path, rules: bytes):
    """The sources to judge, in groups of a folder that are compiled alike: each with the fingerprint to store when it passes."""
    entries = json.loads((build / "compile_commands.json").read_text())
    sources = {pathlib.Path(entry["directory"], entry["file"]).resolve(): entry for entry in entries}
    groups = collections.defaultdict(list)
    for source, entry in sources.items():  # Once, though several targets compile it.
        if not any(source.is_relative_to(root) for root in INCLUDE_ROOTS):
            continue
        mark = fingerprint(source, entry["command"], rules)
        if not has_passed(mark):
            alike = OUTPUT.sub("", entry["command"].replace(entry["file"], "SOURCE"))
            groups[source.parent, alike].append((source, mark))
    return groups


def batches_of(groups):
    """What is judged at once, biggest first: see check_names.py for why it can be."""
    most = max(1, min(BATCH, math.ceil(sum(map(len, groups.values())) / os.cpu_count())))
    batches = [(command, members[first:first + most])
               for (_, command), members in groups.items() for first in range(0, len(members), most)]
    return sorted(batches, key=lambda item: -sum(source.stat().st_size for source, _ in item[1]))


def run_clang_tidy(command: str, sources, build: pathlib.Path):
    """Judges the sources as one text: most of the time goes to the headers, which it reads once so."""
    with tempfile.TemporaryDirectory(dir=build) as folder:
        text = sources[0]
        if len(sources) > 1:
            text = pathlib.Path(folder, "batch.cc")
            text.write_text("\n".join(source.read_text() for source in sources))
        entry = {"directory": str(ROOT), "file": str(text), "command": command.replace("SOURCE", str(text))}
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps([entry]))
        return subprocess.run(["clang-tidy", "--quiet", *ANALYZER, "-p", folder, str(text)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def judge(command: str, members, build: pathlib.Path):
    """The files with findings, each with these. When several together do not pass, they are judged apart: what is
    reported is always of one file."""
    run = run_clang_tidy(command, [source for source, _ in members], build)
    if run.returncode == 0:
        for _, mark in members:
            remember(mark)
        return []
    if len(members) == 1:
        return [(members[0][0], run.stdout)]
    half = len(members) // 2
    return judge(command, members[:half], build) + judge(command, members[half:], build)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    major = re.search(r"version (\d+)", version).group(1)
    if major != VERSION:
        print(f"clang-tidy {major} has other checks than {VERSION}: not judged")
        return 0
    STAMPS.mkdir(parents=True, exist_ok=True)
    forget_old_ones()
    batches = batches_of(stale(build, version.encode() + (ROOT / ".clang-tidy").read_bytes()))
    total = sum(len(members) for _, members in batches)
    judged = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(judge, *batch, build): batch for batch in batches}
        for job in concurrent.futures.as_completed(jobs):
            members = jobs[job][1]
            judged += len(members)
            print(f"tidy [{judged}/{total}] {members[0][0].parent.relative_to(ROOT)}", flush=True)
            for source, findings in job.result():
                failed += 1
                print(f"{source.relative_to(ROOT)}:\n{findings}", flush=True)
    print(f"tidy: {total} files judged, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
