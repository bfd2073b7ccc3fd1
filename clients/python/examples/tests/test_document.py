"""docs/migrating.md says what the tests show: each row has a test, each test a row, and the code is that of the examples."""

import ast
import collections
import pathlib
import re
import unittest

from harness.broker import ROOT
from harness.probe import EXAMPLES, TESTS

DOCUMENT = ROOT / "docs" / "migrating.md"
ALL_ROWS = [str(number) for number in range(1, 49)] + [f"S{number}" for number in range(1, 14)]


def rows_of_document():
    return re.findall(r"(?m)^\| (S?\d+) \|", DOCUMENT.read_text(encoding="utf-8"))


def rows_of_tests():
    found = []
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (match := re.match(r"test_row_(s?\d+)_", node.name)):
                found.append(match.group(1).upper())
    return found


class Document(unittest.TestCase):
    def test_the_document_has_every_row_once_and_in_order(self):
        self.assertEqual(rows_of_document(), ALL_ROWS)

    def test_every_row_has_one_test(self):
        self.assertEqual(collections.Counter(rows_of_tests()), collections.Counter(rows_of_document()))

    def test_its_code_is_in_the_examples(self):
        source = "\n".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/*.py"))
        blocks = re.findall(r"(?s)```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"))
        self.assertTrue(blocks)
        for block in blocks:
            self.assertIn(block, source)

    def test_its_versions_are_those_of_the_examples(self):
        pins = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/requirements.txt")).lower()
        named = re.search(r"M is (.*?)\. Each row", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL).group(1)
        pairs = re.findall(r"([A-Za-z-]+) (\d+\.\d+\.\d+)", named)
        self.assertEqual(len(pairs), 4)
        for name, version in pairs:
            self.assertIn(f"{name.lower()}=={version}\n", pins)

    def test_bridges_are_below_80_lines(self):
        bridges = list(EXAMPLES.glob("*/bridge.py"))
        self.assertEqual(len(bridges), 4)
        for bridge in bridges:
            self.assertLess(len(pathlib.Path(bridge).read_text(encoding="utf-8").splitlines()), 80, bridge)


if __name__ == "__main__":
    unittest.main()
