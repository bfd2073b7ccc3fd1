"""The ringcast command, against a scripted broker that fails on purpose and against the real one.

RINGCAST_BIN names the command, RINGCASTD the broker; without a broker its class is skipped.
"""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from cli_stub import (DEADLINE, Stub, accepted, answer, cut, lines_of, problem, read_line, run, start,
                      stop, stream)
from harness.daemon import Daemon, binary

OPENING = ": ringcast\nretry: 100\nid: e-0\n\n"


class CommandLine(unittest.TestCase):
    def test_help_of_every_command_has_examples(self):
        self.assertIn(b"Exit codes:", run("--help").stdout)
        for command in ("pub", "sub", "topics", "history", "health", "journal", "completion"):
            result = run(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"Examples:\n  ", result.stdout)
            self.assertIn(b"ringcast " + command.encode(), result.stdout)

    def test_version_is_printed(self):
        self.assertRegex(run("version").stdout.decode(), r"^ringcast \d+\.\d+\.\d+\n$")
        self.assertEqual(run("--version").stdout, run("version").stdout)

    def test_a_wrong_command_line_ends_with_2_and_one_line(self):
        wrong = [[], ["nonsense"], ["sub"], ["pub"], ["sub", "t", "--nope"], ["sub", "[a,b]"],
                 ["sub", "t", "-n", "0"], ["sub", "t", "-n", "many"], ["sub", "t", "-w", "5x"],
                 ["pub", "t", "data", "-f", "file"], ["pub", "t", "--id", "7"],
                 ["pub", "t", "-f", "/nowhere/at/all"], ["pub", "t", "d", "--key", "a\nb"],
                 ["completion", "tcsh"], ["health", "--url", "127.0.0.1:8080"],
                 ["health", "--url", "http://name:secret@127.0.0.1"]]
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                result = run(*arguments, url="http://127.0.0.1:9")
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr.decode(), r"\Aringcast: [^\n]+\n\Z")
                self.assertNotIn(b"secret", result.stderr)
                self.assertEqual(result.stdout, b"")

    def test_a_mistyped_command_is_told_the_nearest(self):
        self.assertIn(b"did you mean 'history'?", run("histroy").stderr)

    def test_completion_knows_every_command_and_option(self):
        names = re.findall(r"^  ([a-z]+)  ", run("--help").stdout.decode(), re.MULTILINE)
        self.assertLessEqual({"pub", "sub", "topics", "history", "health", "version"}, set(names))
        for shell in ("bash", "zsh", "fish"):
            script = run("completion", shell).stdout.decode()
            for name in names:
                self.assertIn(name, script)
                for option in re.findall(r"--([a-z-]+)", self.options_of(name)):
                    self.assertRegex(script, rf"(--|-l ){option}\b", f"{shell} {name}")

    @staticmethod
    def options_of(command):
        text = run(command, "--help").stdout.decode()
        return "\n".join(re.findall(r"^  (?:-\w,)?--\S+", text, re.MULTILINE))

    def test_bash_completes_commands_and_options(self):
        script = run("completion", "bash").stdout.decode()
        cases = {("ringcast", "h"): "health history", ("ringcast", "sub", "--las"): "--last-event-id",
                 ("ringcast", "completion", "f"): "fish"}
        for words, expected in cases.items():
            probe = (script + f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}\n"
                     '_ringcast; printf "%s\\n" "${COMPREPLY[@]}" | sort | paste -sd " "')
            result = subprocess.run(["bash", "-c", probe], capture_output=True, timeout=DEADLINE)
            self.assertEqual(result.stdout.decode().strip(), expected, result.stderr)


class Publish(unittest.TestCase):
    def test_an_argument_is_one_event_with_its_fields(self):
        with Stub(answer(200, '{"id":"e-7"}')) as broker:
            result = run("pub", "a b/c", "x\ny", "--event", "ä", "--id", "i 1", "--retry", "50",
                         "--key", "k", "-v", url=broker.url, env={"RINGCAST_TOKEN": "secret"})
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"e-7\n", b""))
        request = broker.requests[0]
        self.assertEqual(request.path, "/topics/a%20b/c?event=%C3%A4&id=i%201&retry=50")
        self.assertEqual(request.body, b"x\ny")
        self.assertEqual(request.headers["idempotency-key"], "k")
        self.assertEqual(request.headers["authorization"], "Bearer secret")

    def test_empty_data_and_data_with_dashes_or_brackets_stay(self):
        for data in ("", "[1,2]", "-5", '"quoted"', "a\\nb"):
            with Stub(answer(200, '{"id":"e-7"}')) as broker:
                self.assertEqual(run("pub", "t", "--", data, url=broker.url).returncode, 0)
            self.assertEqual(broker.requests[0].body, data.encode())

    def test_a_topic_with_fragile_segments_is_encoded_whole(self):
        with Stub(answer(200, "{}"), answer(200, "{}")) as broker:
            run("pub", "https://x/..", "d", url=broker.url)
            run("pub", "health", "d", url=broker.url + "/prefix/")
        self.assertEqual(broker.requests[0].path, "/topics/https%3A%2F%2Fx%2F..")
        self.assertEqual(broker.requests[1].path, "/prefix/topics/health")

    def test_a_file_is_one_event(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"one\ntwo\n")
            file.flush()
            with Stub(answer(200, '{"id":"e-7"}'), answer(200, "{}")) as broker:
                result = run("pub", "t", "-f", file.name, url=broker.url)
                run("pub", "t", "-f", "-", stdin="a\nb", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b""))
        self.assertEqual([r.body for r in broker.requests], [b"one\ntwo\n", b"a\nb"])

    def test_every_line_leaves_at_once_on_one_connection(self):
        with Stub(accepted, accepted, accepted) as broker:
            process = start("pub", "t", url=broker.url)
            self.addCleanup(stop, process)
            process.stdin.write(b"first\n")
            process.stdin.flush()
            broker.wait_for(1)
            process.stdin.write(b"second\r\nthird")
            process.stdin.close()
            self.assertEqual(process.wait(DEADLINE), 0)
        batches = [[e["data"] for e in lines_of(r)] for r in broker.requests]
        self.assertEqual(batches[0], ["first"])
        # The last line has no end until the input has: it may leave by itself.
        self.assertEqual(sum(batches[1:], []), ["second", "third"])
        self.assertEqual({r.connection for r in broker.requests}, {1})
        keys = [e["key"] for r in broker.requests for e in lines_of(r)]
        self.assertEqual(len(set(keys)), 3)

    def test_many_lines_leave_in_few_requests(self):
        with Stub(*[accepted] * 200) as broker:
            text = "".join(f"{n}\n" for n in range(20000))
            self.assertEqual(run("pub", "t", stdin=text, url=broker.url).returncode, 0)
        sent = [event["data"] for request in broker.requests for event in lines_of(request)]
        self.assertEqual(sent, [str(n) for n in range(20000)])
        self.assertLess(len(broker.requests), 200)

    def test_json_is_sent_minified_and_a_bad_line_is_named(self):
        with Stub(accepted, accepted) as broker:
            result = run("pub", "t", "--json", stdin='{"a": 1.50}\n"x"\n{nope\n1\n',
                         url=broker.url)
            self.assertEqual(run("pub", "t", "--json", ' "text" ', url=broker.url).returncode, 0)
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr.decode(), r"\Aringcast: line 3: [^\n]+\n\Z")
        self.assertEqual([e["data"] for e in lines_of(broker.requests[0])], [{"a": 1.5}, "x"])
        self.assertIn(b'"data":{"a":1.50}', broker.requests[0].body)
        self.assertEqual(broker.requests[1].body, b"text")

    def test_ids_of_lines_are_printed_with_v(self):
        with Stub(*[answer(200, '{"id":"e-%d"}' % n) for n in (1, 2)]) as broker:
            result = run("pub", "t", "-v", "--key", "k", stdin="a\nb\n", url=broker.url)
        self.assertEqual(result.stdout, b"e-1\ne-2\n")
        self.assertEqual([r.headers["idempotency-key"] for r in broker.requests], ["k-1", "k-2"])

    def test_after_a_broken_connection_the_same_keys_are_sent_again(self):
        with Stub(cut, accepted) as broker:
            result = run("pub", "t", stdin="a\nb\n", url=broker.url)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"trying again", result.stderr)
        first, second = broker.requests
        self.assertEqual(lines_of(first), lines_of(second))
        self.assertNotEqual(first.connection, second.connection)

    def test_a_busy_broker_is_asked_again_after_retry_after(self):
        with Stub(problem(503, "draining"), answer(200, '{"id":"e-1"}')) as broker:
            result = run("pub", "t", "d", "-v", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"e-1\n"))
        with Stub(problem(429, "slow down", "Retry-After: 3600\r\n")) as broker:
            result = run("pub", "t", "d", url=broker.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"slow down", result.stderr)

    def test_a_refusal_ends_with_1_and_names_the_line_of_the_input(self):
        with Stub(accepted, problem(400, "no such thing", line=2, accepted=1)) as broker:
            process = start("pub", "t", url=broker.url)
            self.addCleanup(stop, process)
            process.stdin.write(b"one\n")
            process.stdin.flush()
            broker.wait_for(1)
            process.stdin.write(b"two\nthree\nfour\n")
            _, errors = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(errors.decode(),
                         "ringcast: line 3: the broker answered 400: no such thing\n")

    def test_a_refusal_with_v_names_the_line(self):
        with Stub(answer(200, '{"id":"e-1"}'), problem(413, "too large")) as broker:
            result = run("pub", "t", "-v", stdin="a\nb\nc\n", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (1, b"e-1\n"))
        self.assertIn(b"line 2: the broker answered 413", result.stderr)

    def test_no_broker_ends_with_3(self):
        with socket.socket() as unused:  # Bound, but not listening.
            unused.bind(("127.0.0.1", 0))
            url = "http://127.0.0.1:%d" % unused.getsockname()[1]
            result = run("pub", "t", "d", "--retry-for", "200ms", url=url)
            self.assertEqual(result.returncode, 3)
            self.assertIn(f"ringcast: cannot connect to {url}: ", result.stderr.decode())

    def test_a_unix_socket_that_is_not_there_is_told_as_such(self):
        result = run("health", "--url", "unix:/nowhere/at/all")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.decode(),
                         "ringcast: cannot connect to unix:/nowhere/at/all: No such file or directory\n")

    def test_what_answers_in_plain_text_is_quoted(self):
        with Stub(answer(400, "This port speaks TLS: use https://\n", "text/plain")) as broker:
            result = run("pub", "t", "d", url=broker.url)
        self.assertEqual(result.stderr.decode(),
                         "ringcast: the broker answered 400: This port speaks TLS: use https://\n")


class Subscribe(unittest.TestCase):
    def test_parameters_reach_the_broker(self):
        with Stub(stream(OPENING + "data: x\n\n")) as broker:
            run("sub", "a/**", "health", "--since", "-10", "--event", "e", "--event", "f",
                "--envelope", "--last-event-id", "e-5", "-n", "1", url=broker.url)
        request = broker.requests[0]
        self.assertEqual(request.path, "/events?topic=a%2F%2A%2A&topic=health&since=-10"
                                       "&event=e&event=f&envelope=true")
        self.assertEqual(request.headers["accept"], "text/event-stream")
        self.assertEqual(request.headers["last-event-id"], "e-5")

    def test_data_is_printed_as_it_is(self):
        with Stub(stream(OPENING, "id: e-1\ndata: one\ndata:  two\n\n: c\n\ndata: \n\n"
                                  "data: three\n\ndata: not wanted\n\n")) as broker:
            result = run("sub", "t", "-n", "3", url=broker.url)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, b"one\n two\n\nthree\n", b""))

    def test_json_prints_one_object_a_line(self):
        with Stub(stream("id: e-1\nevent: e\ndata: a\ndata: \"b\"\n\ndata: c\n\n")) as broker:
            result = run("sub", "t", "--json", "-n", "2", url=broker.url)
        self.assertEqual([json.loads(line) for line in result.stdout.splitlines()],
                         [{"id": "e-1", "event": "e", "data": 'a\n"b"'},
                          {"id": "e-1", "event": "message", "data": "c"}])

    def test_every_event_is_flushed(self):
        with Stub(stream(OPENING + "data: x\n\n", hold=True)) as broker:
            process = start("sub", "t", url=broker.url)
            self.addCleanup(stop, process)
            self.assertEqual(read_line(process.stdout), "x\n")
            self.assertIsNone(process.poll())

    def test_a_stream_that_ends_goes_on_after_the_last_whole_block(self):
        with Stub(stream(OPENING, "id: e-1\ndata: a\n\nid: e-2\ndata: cut"),
                  stream(": again\n\nid: e-3\n\n"),
                  cut,
                  stream("id: e-4\ndata: b\n\n")) as broker:
            result = run("sub", "t", "-n", "2", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"a\nb\n"))
        self.assertEqual([r.headers.get("last-event-id") for r in broker.requests],
                         [None, "e-1", "e-3", "e-3"])

    def test_a_gap_is_told_on_standard_error(self):
        gap = ('id: e-9\nevent: ringcast.gap\ndata: {"requested":"e-1","resumed":"e-9",'
               '"reason":"expired","missed":%s}\n\n')
        with Stub(stream(gap % "12", gap % "null", "data: x\n\n")) as broker:
            result = run("sub", "t", "--json", "-n", "1", url=broker.url)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertEqual(
            result.stderr.decode(),
            "ringcast: gap: 12 events were missed (expired), going on after e-9\n"
            "ringcast: gap: an unknown number of events were missed (expired), "
            "going on after e-9\n")

    def test_a_permanent_refusal_ends_with_1(self):
        for status in (400, 401, 403, 404):
            with Stub(problem(status, "because\x1b[31m")) as broker:
                result = run("sub", "t", url=broker.url)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.decode(),
                             f"ringcast: the broker answered {status}: because [31m\n")

    def test_something_that_is_no_event_stream_ends_with_1(self):
        for step in (answer(200, "<html>", "text/html"), answer(204), answer(302)):
            with Stub(step) as broker:
                self.assertEqual(run("sub", "t", url=broker.url).returncode, 1)

    def test_a_busy_broker_is_asked_again(self):
        with Stub(problem(503, "draining"), stream("data: x\n\n")) as broker:
            result = run("sub", "t", "-n", "1", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"x\n"))
        self.assertIn(b"draining", result.stderr)

    def test_the_timeout_before_the_count_ends_with_4(self):
        with Stub(stream("data: x\n\n", hold=True)) as broker:
            result = run("sub", "t", "-n", "2", "-w", "300ms", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (4, b"x\n"))
        self.assertIn(b"1 of 2 events", result.stderr)

    def test_the_timeout_without_a_count_ends_with_0(self):
        with Stub(stream("data: x\n\n", hold=True)) as broker:
            result = run("sub", "t", "-w", "300ms", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"x\n"))

    def test_no_broker_ends_with_3(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = "http://127.0.0.1:%d" % unused.getsockname()[1]
            for option in ("--retry-for", "-w"):
                result = run("sub", "t", option, "100ms", url=url)
                self.assertEqual(result.returncode, 3)
                self.assertIn(b"cannot connect to", result.stderr)

    def test_signals_end_it_with_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Stub(stream("data: x\n\n", hold=True)) as broker:
                process = start("sub", "t", url=broker.url)
                self.addCleanup(stop, process)
                read_line(process.stdout)
                process.send_signal(number)
                self.assertEqual(process.wait(DEADLINE), 0)
                self.assertEqual(process.stderr.read(), b"")

    def test_a_signal_ends_it_while_nobody_reads_its_output(self):
        with Stub(stream("data: first\n\n" + "data: %s\n\n" % ("x" * 1000000), hold=True)) as broker:
            process = start("sub", "t", url=broker.url)
            self.addCleanup(stop, process)
            read_line(process.stdout)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(DEADLINE), 0)

    def test_a_closed_output_ends_it_even_on_a_quiet_topic(self):
        with Stub(stream("data: x\n\n", hold=True)) as broker:
            process = start("sub", "t", url=broker.url)
            self.addCleanup(stop, process)
            read_line(process.stdout)
            process.stdout.close()
            self.assertEqual(process.wait(DEADLINE), 0)
            self.assertEqual(process.stderr.read(), b"")
            process.stdout = None

    def test_it_goes_past_a_proxy_to_this_machine(self):
        with Stub(stream("data: x\n\n")) as broker:
            result = run("sub", "t", "-n", "1", url=broker.url,
                         env={"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"})
        self.assertEqual(result.stdout, b"x\n")

    def test_a_unix_socket_is_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/broker.sock"
            with Stub(stream("data: x\n\n"), family=socket.AF_UNIX, address=path) as broker:
                result = run("sub", "t", "-n", "1", url=broker.url)
        self.assertEqual((result.returncode, result.stdout), (0, b"x\n"))


class Look(unittest.TestCase):
    TOPIC = {"name": "a", "subscribers": 1, "events": 20, "bytes": 300, "oldest": "e-1",
             "newest": "e-20"}

    def test_topics_are_a_table_over_all_pages(self):
        quiet = {**self.TOPIC, "name": "äöü/long", "events": 0, "oldest": None, "newest": None}
        with Stub(answer(200, json.dumps({"topics": [self.TOPIC], "next": "a"})),
                  answer(200, json.dumps({"topics": [quiet], "next": None}))) as broker:
            result = run("topics", "pre/", url=broker.url)
        self.assertEqual(result.stdout.decode(),
                         "TOPIC     SUBSCRIBERS  EVENTS  BYTES  OLDEST  NEWEST\n"
                         "a                   1      20    300  e-1     e-20\n"
                         "äöü/long            1       0    300  -       -\n")
        self.assertEqual([r.path for r in broker.requests],
                         ["/topics?prefix=pre%2F&limit=1000",
                          "/topics?prefix=pre%2F&limit=1000&after=a"])

    def test_topics_as_json_are_one_object_a_line(self):
        with Stub(answer(200, json.dumps({"topics": [self.TOPIC, self.TOPIC], "next": None}))) as b:
            result = run("topics", "--json", url=b.url)
        self.assertEqual([json.loads(line) for line in result.stdout.splitlines()],
                         [self.TOPIC, self.TOPIC])

    def test_history_follows_pages_up_to_the_limit(self):
        def page(first, count, following, gap=None):
            events = [{"id": f"e-{n}", "time": "2026-01-02T03:04:05.678Z", "topics": ["t"],
                       "event": None, "data": f"{n}\n\ttab", "retry": None}
                      for n in range(first, first + count)]
            return answer(200, json.dumps({"events": events, "gap": gap, "next": following}))
        gap = {"requested": "e-0", "resumed": "e-4", "reason": "expired", "missed": 1}
        with Stub(page(5, 100, "e-104", gap), page(105, 2, "e-106")) as broker:
            result = run("history", "t", "--limit", "102", "--after", "e-0", url=broker.url)
        lines = result.stdout.decode().splitlines()
        self.assertEqual((result.returncode, len(lines)), (0, 102))
        self.assertEqual(lines[0], "e-5\t2026-01-02T03:04:05.678Z\tmessage\t5\\n\\ttab")
        self.assertIn(b"gap: 1 event was missed (expired)", result.stderr)
        self.assertEqual([r.path for r in broker.requests],
                         ["/history?topic=t&limit=100&after=e-0",
                          "/history?topic=t&limit=2&after=e-104"])

    def test_an_answer_that_is_no_json_ends_with_1(self):
        with Stub(answer(200, "<html>", "text/html")) as broker:
            result = run("topics", url=broker.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"not understood", result.stderr)

    def test_health_is_0_when_ready_and_1_otherwise(self):
        with Stub(answer(200, "ready")) as broker:
            result = run("health", url=broker.url)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(broker.requests[0].path, "/readyz")
        with Stub(problem(503, "starting")) as broker:
            result = run("health", url=broker.url)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"starting", result.stderr)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.assertEqual(run("health", "--url", "http://127.0.0.1:%d" %
                                 unused.getsockname()[1]).returncode, 1)

    def test_health_does_not_wait_for_a_broker_that_hangs(self):
        with Stub(stream(hold=True)) as broker:
            result = run("health", "--timeout", "200ms", url=broker.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"no answer from", result.stderr)


@unittest.skipUnless(os.access(binary(), os.X_OK), "no ringcastd")
class RealBroker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Daemon()
        cls.addClassCleanup(cls.broker.close)
        cls.url = cls.broker.base_url

    def test_it_is_healthy(self):
        result = run("health", url=self.url)
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_what_is_published_is_read(self):
        run("pub", "read", "one\ntwo", "--event", "e", url=self.url)
        result = run("sub", "read", "--since", "earliest", "-n", "1", "--json", "-w", "20s",
                     url=self.url)
        event = json.loads(result.stdout)
        self.assertEqual((event["event"], event["data"]), ("e", "one\ntwo"))

    def test_a_key_stores_once_and_gives_the_same_id(self):
        first = run("pub", "once", "x", "--key", "k", "-v", url=self.url)
        second = run("pub", "once", "x", "--key", "k", "-v", url=self.url)
        self.assertRegex(first.stdout.decode(), r"^\w+-\d+\n$")
        self.assertEqual(first.stdout, second.stdout)

    def test_lines_come_through_in_order(self):
        reader = start("sub", "many/*", "--since", "earliest", "-n", "3000", "-w", "25s",
                       url=self.url)
        self.addCleanup(stop, reader)
        text = "".join(f"{n}\n" for n in range(3000))
        self.assertEqual(run("pub", "many/lines", stdin=text, url=self.url).returncode, 0)
        output, errors = reader.communicate(timeout=DEADLINE)
        self.assertEqual(errors, b"")
        self.assertEqual(output.decode(), text)

    def test_topics_and_history_show_it(self):
        for data in ("a", "b"):
            run("pub", "shown/x", data, url=self.url)
        rows = run("topics", "shown/", url=self.url).stdout.decode().splitlines()
        self.assertEqual(len(rows), 2)
        self.assertRegex(rows[1], r"^shown/x +0 +2 ")
        lines = run("history", "shown/x", url=self.url).stdout.decode().splitlines()
        self.assertEqual([line.split("\t")[2:] for line in lines],
                         [["message", "a"], ["message", "b"]])
        first = lines[0].split("\t")[0]
        after = run("history", "shown/x", "--after", first, "--json", url=self.url)
        self.assertEqual(json.loads(after.stdout)["data"], "b")

    def test_refusals_say_why(self):
        for arguments in (["sub", "a*b"], ["pub", "$sys/x", "d"]):
            result = run(*arguments, url=self.url)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr.decode(), r"\Aringcast: the broker answered 40[03]: .+\n\Z")


if __name__ == "__main__":
    unittest.main()
