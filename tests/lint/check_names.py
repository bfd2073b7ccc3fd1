#!/usr/bin/env python3
"""Fails when two files that may be compiled as one text have a name of their own in common.

Usage: check_names.py [ROOT]. Release and TSan builds, and CI's, join the files of a folder in batches
(CMAKE_UNITY_BUILD). Their anonymous namespaces are one then: most clashes break that build, but of functions with
other parameters the wrong one could be called. What tests share by name is too much to keep apart, so each has a
namespace of its own.
"""
import collections
import pathlib
import re
import sys

SHARED = ["daemon/*", "clients/cli", "clients/cpp/src", "clients/cpp/tests/harness",
          "tests/support", "tests/faults", "tests/bench/core", "tests/bench/load"]
TESTS = ["tests/unit", "tests/integration", "clients/cpp/tests"]

ANONYMOUS = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
OWN_NAME = re.compile(r"^[A-Za-z][^(={;\n]*?(?<!:)\b(\w+)(?: = | {|\(|;$)", re.MULTILINE)  # At the start of a line: no member.


def own_names(text: str):
    return {name for block in ANONYMOUS.findall(text) for name in OWN_NAME.findall(block)}


def faults(root: pathlib.Path):
    for folder in sorted(path for pattern in SHARED for path in root.glob(pattern)):
        homes = collections.defaultdict(list)
        for path in sorted(folder.glob("*.cc")):
            for name in sorted(own_names(path.read_text(encoding="utf-8"))):
                homes[name].append(path.name)
        for name, files in homes.items():
            if len(files) > 1:
                yield f"{folder.relative_to(root)}: '{name}' is in the anonymous namespace of {' and '.join(files)}"
    for folder in TESTS:
        for path in sorted((root / folder).glob("*_test.cc")):
            if not re.search(rf"^namespace [\w:]+::{path.stem} \{{$", path.read_text(encoding="utf-8"), re.MULTILINE):
                yield f"{path.relative_to(root)}: no namespace that ends with ::{path.stem}"


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = list(faults(root))
    print("\n".join(found) if found else "names: no file has another's")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
