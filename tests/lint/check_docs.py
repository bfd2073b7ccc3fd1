#!/usr/bin/env python3
"""Fails on links between our documents that lead nowhere, on an OpenAPI description that is not sound, and on messages
that docs/troubleshooting.md explains and nothing says.

Usage: check_docs.py [ROOT].
"""
import pathlib
import re
import sys

import yaml

LINK = re.compile(r"\]\(([^)\s]+)\)")
SKIPPED = {".git", "build", "node_modules"}
METHODS = ["get", "head", "post", "put", "delete", "options"]


def dead_links(root: pathlib.Path):
    for path in sorted(root.rglob("*.md")):
        name = path.relative_to(root)
        if SKIPPED.intersection(name.parts):
            continue
        for link in LINK.findall(path.read_text(encoding="utf-8")):
            target = link.split("#")[0]
            if target and "://" not in target and not (path.parent / target).exists():
                yield f"{name}: {target} does not exist"


def unsaid_messages(root: pathlib.Path):
    """Code in the first column of a table there is what ringcastd says, word by word, or a setting."""
    page = root / "docs/troubleshooting.md"
    sources = "\n".join(re.sub(r'"\s*"', "", path.read_text(encoding="utf-8"))
                        for path in sorted((root / "daemon").rglob("*.cc")))
    for row in re.findall(r"^\|([^|]+)\|", page.read_text(encoding="utf-8"), re.MULTILINE):
        for code in (first or second for first, second in re.findall(r"``(.+?)``|`([^`]+)`", row)):
            if " " in code.strip() and "curl" not in code and code not in sources:
                yield f"troubleshooting: nothing says '{code}'"


def resolved(document, reference: str):
    """What a local JSON reference points to; None when it points nowhere."""
    here = document
    for part in reference.removeprefix("#/").split("/"):
        here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, dict) else None
    return here


def dead_references(document, here=None):
    here = document if here is None else here
    if isinstance(here, dict) and isinstance(here.get("$ref"), str) and resolved(document, here["$ref"]) is None:
        yield f"openapi: {here['$ref']} does not exist"
    for child in here.values() if isinstance(here, dict) else here if isinstance(here, list) else []:
        if isinstance(child, (dict, list)):
            yield from dead_references(document, child)


def parameter_names(document, owner):
    for parameter in owner.get("parameters", []):
        parameter = resolved(document, parameter["$ref"]) if "$ref" in parameter else parameter
        if parameter and parameter.get("in") == "path":
            yield parameter["name"]


def operation_faults(document):
    taken = set()
    for path, item in document["paths"].items():
        for method in METHODS:
            if (operation := item.get(method)) is None:
                continue
            where = f"openapi: {method} {path}"
            name = operation.get("operationId")
            if not name:
                yield f"{where}: no operationId"
            elif name in taken:
                yield f"{where}: the operationId '{name}' is taken"
            taken.add(name)
            if not operation.get("responses"):
                yield f"{where}: no responses"
            described = {*parameter_names(document, item), *parameter_names(document, operation)}
            for wanted in set(re.findall(r"{([^}]+)}", path)) - described:
                yield f"{where}: the path parameter '{wanted}' is not described"


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    document = yaml.safe_load((root / "docs/openapi.yaml").read_text(encoding="utf-8"))
    found = [*dead_links(root), *unsaid_messages(root), *dead_references(document), *operation_faults(document)]
    if not str(document.get("openapi")).startswith("3.1."):
        found.append("openapi: the version must be 3.1")
    print("\n".join(found) if found else "docs: every link leads somewhere, openapi.yaml is sound, every message is said")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
