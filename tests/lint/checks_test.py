"""The checks find what they are there to find."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import check_docs
import check_layers
import check_names
import check_sizes
import run_tidy

ROOT = pathlib.Path(__file__).resolve().parents[2]


class TemporaryTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name: str, text: str):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class Layers(TemporaryTree):
    def faults(self):
        return list(check_layers.faults(self.root))

    def test_the_script_fails_on_an_upward_include_planted_in_a_copy_of_this_tree(self):
        for top in ("daemon", "clients"):
            shutil.copytree(ROOT / top, self.root / top, ignore=shutil.ignore_patterns("node_modules"))
        self.write("daemon/sse/planted.h", '#include "server/options.h"\n')
        run = subprocess.run([sys.executable, ROOT / "tests/lint/check_layers.py", self.root],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("daemon/sse/planted.h: sse must not include server (server/options.h)", run.stdout)

    def test_a_downward_include_passes(self):
        self.write("daemon/server/hub.cc", '#include <uvx.h>\n#include "topics/ring.h"\n#include "server/hub.h"\n')
        self.assertEqual(self.faults(), [])

    def test_a_library_outside_of_its_module_is_found(self):
        self.write("daemon/server/hub.cc", "#include <uv.h>\n")
        self.write("daemon/net/loop.cc", "#include <uv.h>\n")
        self.assertEqual(self.faults(), ["daemon/server/hub.cc: <uv.h> belongs to net and cpp and clients"])

    def test_only_app_sees_the_configuration(self):
        self.write("daemon/server/hub.cc", '#include "config/config.h"\n')
        self.write("daemon/main.cc", '#include "config/config.h"\n')
        self.assertEqual(self.faults(), ["daemon/server/hub.cc: server must not include config (config/config.h)"])

    def test_a_thread_in_a_pure_module_is_found(self):
        self.write("daemon/topics/ring.h", "  #  include <thread>\n")
        self.assertEqual(self.faults(), ["daemon/topics/ring.h: topics is pure and must not include <thread>"])

    def test_a_client_cannot_reach_into_the_server(self):
        self.write("clients/cli/main.cc", '#include "sse/blocks.h"\n#include "server/hub.h"\n')
        self.assertEqual(self.faults(), ["clients/cli/main.cc: clients must not include server (server/hub.h)"])

    def test_the_command_sees_the_client_library_from_outside(self):
        self.write("clients/cpp/src/call.h", "")
        self.write("clients/cli/main.cc", '#include <ringcast/client.h>\n#include "cpp/src/call.h"\n')
        self.write("clients/cpp/src/call.cc", '#include "cpp/src/call.h"\n#include "topics/ring.h"\n')
        self.assertEqual(self.faults(), ["clients/cli/main.cc: clients must not include cpp (cpp/src/call.h)",
                                         "clients/cpp/src/call.cc: cpp must not include topics (topics/ring.h)"])

    def test_an_unknown_module_is_found(self):
        self.write("daemon/extras/a.h", "")
        self.assertEqual(self.faults(), ["daemon/extras/a.h: 'extras' is no module that check_layers.py knows"])

    def test_the_table_of_layers_has_no_way_up(self):
        self.assertEqual(list(check_layers.upward_edges()), [])


class Sizes(TemporaryTree):
    def test_a_file_may_have_500_lines_and_not_501(self):
        self.write("a.cc", "\n" * 499)
        self.write("b.cc", "\n" * 500)
        self.write("dev", "\n" * 501)
        self.write("build/c.cc", "\n" * 501)
        self.assertEqual(list(check_sizes.long_files(self.root)), ["dev: 501 lines, the limit is 500"])

    def test_the_way_of_an_event_may_have_1500_lines_and_not_1501(self):
        self.write("daemon/net/stream.cc", "\n" * 1000)
        hub = self.write("daemon/server/hub.cc", "\n" * 500)
        way = ["net/stream", "server/hub"]
        self.assertEqual(check_sizes.way_faults(self.root, way), ([], 1500))
        hub.write_text("\n" * 501)
        self.assertEqual(check_sizes.way_faults(self.root, way),
                         (["the way of an event has 1501 lines, the limit is 1500"], 1501))

    def test_the_way_of_an_event_may_have_10_files_and_not_11(self):
        for number in range(11):
            self.write(f"daemon/a/{number}.cc", "")
        way = [f"a/{number}" for number in range(11)]
        self.assertEqual(check_sizes.way_faults(self.root, way[:10])[0], [])
        self.assertEqual(check_sizes.way_faults(self.root, way)[0], ["the way of an event has 11 files, the limit is 10"])

    def test_a_stop_that_does_not_exist_is_found(self):
        self.assertEqual(check_sizes.way_faults(self.root, ["net/stream"])[0],
                         ["daemon/net/stream.cc: a stop on the way of an event, but no such file"])


class Docs(TemporaryTree):
    def test_a_link_to_nowhere_is_found(self):
        self.write("docs/a.md", "[here](b.md) [web](https://example.org/x) [gone](../gone.md#part)\n")
        self.write("docs/b.md", "")
        self.assertEqual(list(check_docs.dead_links(self.root)), ["docs/a.md: ../gone.md does not exist"])

    def test_a_message_that_nothing_says_is_found(self):
        self.write("daemon/a.cc", 'f("out of "\n  "`memory` now");\n')
        self.write("docs/troubleshooting.md", "| 503, ``out of `memory` now`` | why |\n| `never said`, `one` | `not here` |\n")
        self.assertEqual(list(check_docs.unsaid_messages(self.root)), ["troubleshooting: nothing says 'never said'"])

    def test_a_reference_to_nowhere_is_found(self):
        document = {"components": {"schemas": {"a/b": {}}}, "x": [{"$ref": "#/components/schemas/a~1b"}]}
        self.assertEqual(list(check_docs.dead_references(document)), [])
        document["x"].append({"$ref": "#/components/schemas/c"})
        self.assertEqual(list(check_docs.dead_references(document)), ["openapi: #/components/schemas/c does not exist"])

    def test_an_operation_needs_a_name_of_its_own_answers_and_its_path_parameters(self):
        get = {"operationId": "read", "responses": {"200": {"description": "ok"}}}
        paths = {"/a/{b}": {"get": get, "put": {"operationId": "read", "responses": {}}}}
        self.assertEqual(sorted(check_docs.operation_faults({"paths": paths})), [
            "openapi: get /a/{b}: the path parameter 'b' is not described",
            "openapi: put /a/{b}: no responses",
            "openapi: put /a/{b}: the operationId 'read' is taken",
            "openapi: put /a/{b}: the path parameter 'b' is not described"])


class Tidy(TemporaryTree):
    def test_a_change_of_a_header_far_away_changes_the_fingerprint(self):
        source = self.write("a.cc", '#include "b.h"\n')
        self.write("b.h", '#include "c.h"\n')
        far = self.write("c.h", "int a;\n")
        before = run_tidy.fingerprint(source, "g++ a.cc", b"rules")
        self.assertEqual(run_tidy.fingerprint(source, "g++ a.cc", b"rules"), before)
        far.write_text("int b;\n")
        self.assertNotEqual(run_tidy.fingerprint(source, "g++ a.cc", b"rules"), before)

    def test_only_files_that_are_compiled_alike_are_judged_together(self):
        members = [(self.write(name, ""), name) for name in ("a.cc", "b.cc", "c.cc")]
        with unittest.mock.patch("os.cpu_count", lambda: 1):
            batches = run_tidy.batches_of({(self.root, "g++ SOURCE"): members, (self.root, "g++ -O0 SOURCE"): members[:1]})
        self.assertEqual([(command, len(batch)) for command, batch in batches], [("g++ SOURCE", 3), ("g++ -O0 SOURCE", 1)])

    def test_at_most_16_are_judged_together_and_few_are_spread_over_the_cores(self):
        members = [(self.write(f"{number}.cc", ""), "mark") for number in range(33)]
        for files, cores, sizes in ((32, 1, [16, 16]), (33, 1, [16, 16, 1]), (5, 2, [3, 2]), (0, 2, [])):
            with unittest.mock.patch("os.cpu_count", lambda cores=cores: cores):
                batches = run_tidy.batches_of({(self.root, "g++ SOURCE"): members[:files]})
            self.assertEqual([len(batch) for _, batch in batches], sizes)

    def test_what_passed_is_known_in_every_clone_and_forgotten_after_a_month(self):
        source = self.write("a.cc", "int a;\n")
        marks = []
        for clone in ("/home/one", "/home/two"):
            with unittest.mock.patch.object(run_tidy, "ROOT", pathlib.Path(clone)):
                with unittest.mock.patch("os.path.relpath", lambda path, _: path.name):
                    marks.append(run_tidy.fingerprint(source, f"g++ -I{clone}/daemon a.cc", b"rules"))
        self.assertEqual(marks[0], marks[1])
        with unittest.mock.patch.object(run_tidy, "STAMPS", self.root / "stamps"):
            run_tidy.STAMPS.mkdir()
            self.assertFalse(run_tidy.has_passed("x"))
            for days, known in ((29, True), (31, False)):
                run_tidy.remember("x")
                os.utime(run_tidy.STAMPS / "x", (0, time.time() - days * 86_400))
                run_tidy.forget_old_ones()
                self.assertEqual(run_tidy.has_passed("x"), known)


class Names(TemporaryTree):
    def faults(self):
        return list(check_names.faults(self.root))

    def test_two_files_of_a_folder_with_a_name_of_their_own_in_common(self):
        self.write("daemon/sse/a.cc", "namespace {\n\nconstexpr int kMost = 1;\n\n}  // namespace\nint size() {\n")
        self.write("daemon/sse/b.cc", "namespace {\n\nbool kMost(int a) {\n  int size = 1;\n}\n\n}  // namespace\n")
        self.write("daemon/http/c.cc", "namespace {\n\nstruct kMost {\n};\n\n}  // namespace\n")
        self.assertEqual(self.faults(), ["daemon/sse: 'kMost' is in the anonymous namespace of a.cc and b.cc"])

    def test_a_test_without_a_namespace_of_its_own(self):
        self.write("tests/unit/a_test.cc", "namespace ringcast::sse::a_test {\n")
        self.write("tests/unit/b_test.cc", "namespace ringcast::sse {\nnamespace {\n")
        self.assertEqual(self.faults(), ["tests/unit/b_test.cc: no namespace that ends with ::b_test"])


class CountTests(unittest.TestCase):
    def count(self, text: str):
        run = subprocess.run(["awk", "-f", ROOT / "tests/lint/count_tests.awk"],
                             input=text, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def test_doctest(self):
        self.assertEqual(self.count("[doctest] test cases:   9 |   7 passed | 2 failed | 1 skipped\n"), "7 2")

    def test_unittest(self):
        self.assertEqual(self.count("Ran 5 tests in 0.1s\n\nOK (skipped=1)\n"), "4 0")
        self.assertEqual(self.count("Ran 1 test in 0.1s\n\nOK\n"), "1 0")
        self.assertEqual(self.count("Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n"), "5 3")

    def test_node(self):
        self.assertEqual(self.count("# tests 6\n# pass 3\n# fail 2\n# cancelled 1\n# skipped 0\n"), "3 3")

    def test_go(self):
        self.assertEqual(self.count("=== RUN   TestA\n    --- PASS: TestA/b (0.0s)\n--- PASS: TestA (0.0s)\n"
                                    "--- FAIL: TestC (0.0s)\nok  \tclient\t1s\n"), "1 1")

    def test_checks_and_nothing(self):
        self.assertEqual(self.count("check format: passed\ncheck tidy: failed\n"), "1 1")
        self.assertEqual(self.count(""), "0 0")


if __name__ == "__main__":
    unittest.main()
