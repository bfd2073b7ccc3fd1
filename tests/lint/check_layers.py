#!/usr/bin/env python3
"""Fails when a module includes what lies above it, or a library that belongs to another module.

Usage: check_layers.py [ROOT]. ROOT holds daemon/ and clients/. ARCHITECTURE.md explains the layers.
"""
import pathlib
import re
import sys

# What a module of daemon/ may include, besides itself and the standard library.
BELOW = {
    "base": [],
    "sse": ["base"],
    "http": ["base"],
    "net": ["base"],
    "topics": ["base", "sse"],
    "auth": ["base", "sse", "topics"],
    "journal": ["base", "sse", "topics"],
    "mercure": ["base", "sse", "http", "topics", "auth"],
    "server": ["base", "sse", "http", "net", "topics", "auth", "mercure"],
    "webhooks": ["base", "sse", "topics", "auth", "server"],
    "admin": ["base", "sse", "http", "topics", "auth", "server"],
    "config": ["base", "sse", "http", "net", "topics", "auth", "journal", "server", "webhooks", "admin", "mercure"],
    "app": ["base", "sse", "http", "net", "topics", "auth", "journal", "server", "webhooks", "admin", "mercure", "config"],
    # The C++ client reads JSON and lines as the daemon does; its headers are <ringcast/...>.
    "cpp": ["base", "sse"],
    # The command line client uses it, but not what is within; it looks after journals, and makes tokens.
    "clients": ["base", "sse", "topics", "auth", "journal"],
}

# Headers of libraries and of the system, by the only modules that may see them.
HOMES = {
    "uv.h": ["net", "cpp", "clients"],
    "uv/": ["net"],
    "openssl/ssl.h": ["net"],
    "openssl/": ["auth", "net"],
    "sys/socket.h": ["net"],
    "netinet/": ["net"],
    "llhttp.h": ["http"],
    "simdjson.h": ["base"],
    "yaml-cpp/": ["config"],
    "sqlite3.h": ["journal"],
    "prometheus/": ["admin"],
    "spdlog/": ["app"],
    "fmt/": ["app"],
    "CLI/": ["app", "clients"],
    "curl/": ["app", "cpp"],
    "systemd/": ["app"],
}

# Same input, same output: these neither wait, nor read files, nor log.
PURE = ["sse", "http", "topics", "auth", "mercure", "config"]
IMPURE_HEADERS = ["condition_variable", "filesystem", "fstream", "future", "iostream", "mutex", "thread", "unistd.h"]

SKIPPED = {"node_modules", "tests"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def module_of(path: pathlib.Path) -> str:
    """The module of a file, given by its path from the root."""
    if path.parts[0] == "clients":
        return "cpp" if path.parts[1] == "cpp" else "clients"
    return path.parts[1] if len(path.parts) > 2 else "app"  # daemon/main.cc


def fault(module: str, header: str) -> str:
    """Why `module` may not include `header`; empty when it may."""
    for prefix, homes in HOMES.items():
        if header.startswith(prefix) and module not in homes:
            return f"<{header}> belongs to {' and '.join(homes)}"
    if module in PURE and header in IMPURE_HEADERS:
        return f"{module} is pure and must not include <{header}>"
    target = header.split("/")[0] if "/" in header else module
    if target in BELOW and target != module and target not in BELOW[module]:
        return f"{module} must not include {target} ({header})"
    return ""


def faults(root: pathlib.Path):
    for top in ("daemon", "clients"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc") or SKIPPED.intersection(path.relative_to(root).parts):
                continue
            name = path.relative_to(root)
            module = module_of(name)
            if module not in BELOW:
                yield f"{name}: '{module}' is no module that check_layers.py knows"
                continue
            for header in INCLUDE.findall(path.read_text(encoding="utf-8")):
                if why := fault(module, header):
                    yield f"{name}: {why}"


def upward_edges():
    """Faults of BELOW itself: each module may only name modules that stand before it."""
    known = list(BELOW)
    for place, (module, below) in enumerate(BELOW.items()):
        for other in below:
            if known.index(other) >= place:
                yield f"BELOW: {module} names {other}, which is not below it"


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = [*upward_edges(), *faults(root)]
    print("\n".join(found) if found else "layers: every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
