#!/usr/bin/env python3
"""Fails when a source file, or the way of an event through the daemon, grows past what can be read.

Usage: check_sizes.py [ROOT].
"""
import pathlib
import sys

MAX_LINES = 500
SUFFIXES = {".cc", ".h", ".py", ".js", ".mjs", ".go", ".sh", ".html"}
SKIPPED = {".git", "build", "node_modules", "__pycache__"}

# From a publisher's bytes to a subscriber's, in this order. A newcomer reads it in an hour.
WAY = [
    "net/stream",
    "server/connection",
    "http/request_parser",
    "server/publish_handler",
    "sse/event",
    "server/hub",
    "topics/ring",
    "server/worker",
    "topics/reader",
    "server/fanout",
]
WAY_MAX_FILES = 10
WAY_MAX_LINES = 1500


def lines_of(path: pathlib.Path) -> int:
    return len(path.read_bytes().splitlines())


def long_files(root: pathlib.Path):
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if SKIPPED.intersection(name.parts) or not path.is_file():
            continue
        if (path.suffix in SUFFIXES or str(name) == "dev") and (lines := lines_of(path)) > MAX_LINES:
            yield f"{name}: {lines} lines, the limit is {MAX_LINES}"


def way_faults(root: pathlib.Path, way):
    """Faults of the way, and its length in lines."""
    found, total = [], 0
    for stem in way:
        path = root / "daemon" / f"{stem}.cc"
        if path.is_file():
            total += lines_of(path)
            print(f"{lines_of(path):6} daemon/{stem}.cc")
        else:
            found.append(f"daemon/{stem}.cc: a stop on the way of an event, but no such file")
    if len(way) > WAY_MAX_FILES:
        found.append(f"the way of an event has {len(way)} files, the limit is {WAY_MAX_FILES}")
    if total > WAY_MAX_LINES:
        found.append(f"the way of an event has {total} lines, the limit is {WAY_MAX_LINES}")
    return found, total


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found, total = way_faults(root, WAY)
    print(f"the way of an event: {len(WAY)} files, {total} lines (at most {WAY_MAX_FILES} and {WAY_MAX_LINES})")
    found.extend(long_files(root))
    print("\n".join(found) if found else f"sizes: no file above {MAX_LINES} lines")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
