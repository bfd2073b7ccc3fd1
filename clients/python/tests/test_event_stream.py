"""What both parsers make of the bytes of a stream."""

import base64
import json
import random
import unittest

import ringcast_micro
from harness.daemon import ROOT
from ringcast import Comment, Event, EventStreamParser, Retry

VECTORS = json.loads((ROOT / "clients/vectors/event_stream.json").read_text(encoding="utf-8"))["vectors"]


def bytes_of(vector):
    if "input_base64" in vector:
        return base64.b64decode(vector["input_base64"])
    return vector["input"].encode()


def pieces_of(stream):
    """Whole, byte by byte, and split in two at every place."""
    yield [stream]
    yield [stream[place:place + 1] for place in range(len(stream))]
    for place in range(1, len(stream)):
        yield [stream[:place], stream[place:]]


def read(pieces):
    parser = EventStreamParser()
    items = [item for piece in pieces for item in parser.feed(piece)]
    retries = [item.ms for item in items if isinstance(item, Retry)]
    return {
        "events": [{"event": e.event, "data": e.data, "id": e.id} for e in items if isinstance(e, Event)],
        "last_event_id": parser.last_event_id,
        "retry_ms": retries[-1] if retries else None,
        "comments": [item.text for item in items if isinstance(item, Comment)],
    }


def read_with_micro(pieces):
    parser = ringcast_micro._Parser(4096, "")
    for piece in pieces:
        parser.feed(piece)
    return {
        "events": [{"event": e.event, "data": e.data, "id": e.id} for e in parser.events],
        "last_event_id": parser.last_event_id,
        "retry_ms": parser.retry_ms,
    }


class Vectors(unittest.TestCase):
    def test_every_vector_at_every_split(self):
        for vector in VECTORS:
            wanted = {name: vector[name] for name in ("events", "last_event_id", "retry_ms", "comments")}
            with self.subTest(vector["name"]):
                for pieces in pieces_of(bytes_of(vector)):
                    self.assertEqual(wanted, read(pieces), pieces)

    def test_every_vector_at_every_split_with_the_micro_parser(self):
        for vector in VECTORS:
            wanted = {name: vector[name] for name in ("events", "last_event_id", "retry_ms")}
            with self.subTest(vector["name"]):
                for pieces in pieces_of(bytes_of(vector)):
                    self.assertEqual(wanted, read_with_micro(pieces), pieces)


class LongData(unittest.TestCase):
    """Feeding takes linear time: with quadratic time these would take hours."""

    def test_a_line_of_10_mib_in_small_pieces(self):
        stream = b"data: " + b"0123456789abcdef" * 655_360 + b"\n\n"
        for size in (1000, 65_536, len(stream)):
            parser = EventStreamParser()
            items = [i for at in range(0, len(stream), size) for i in parser.feed(stream[at:at + size])]
            self.assertEqual([10 * 1024 * 1024], [len(item.data) for item in items])

    def test_a_line_of_10_mib_with_the_micro_parser(self):
        parser = ringcast_micro._Parser(10 * 1024 * 1024, "")
        stream = b"data: " + b"0123456789abcdef" * 655_360 + b"\n\n"
        for at in range(0, len(stream), 256):
            parser.feed(stream[at:at + 256])
        self.assertEqual([10 * 1024 * 1024], [len(event.data) for event in parser.events])

    def test_a_million_lines_of_an_event(self):
        parser = EventStreamParser()
        stream = b"data: x\n" * 1_000_000 + b"\n"
        items = [i for at in range(0, len(stream), 4096) for i in parser.feed(stream[at:at + 4096])]
        self.assertEqual([1_999_999], [len(item.data) for item in items])


class SizeLimit(unittest.TestCase):
    """Limit - 1, limit, limit + 1: in one line, in several, and as the end of a cut line."""

    def parsed(self, limit, stream):
        whole = EventStreamParser("", limit).feed(stream)
        parser = EventStreamParser("", limit)
        self.assertEqual(whole, [i for at in range(len(stream)) for i in parser.feed(stream[at:at + 1])])
        micro = ringcast_micro._Parser(limit, "")
        micro.feed(stream)
        self.assertEqual(
            [(e.data, e.event, e.id, e.oversize) for e in whole if isinstance(e, Event)],
            [(e.data, e.event, e.id, e.oversize) for e in micro.events])
        return whole

    def test_data_up_to_the_limit_is_there(self):
        for size in (99, 100):
            self.assertEqual([Event("x" * size)], self.parsed(100, b"data: " + b"x" * size + b"\n\n"))

    def test_longer_data_comes_as_an_oversize_event_with_its_size(self):
        for size in (101, 116, 117, 5000):
            event, = self.parsed(100, b"id: 7\nevent: e\ndata:" + b"x" * size + b"\n\n")
            self.assertEqual(("ringcast.oversize", "7", size), (event.event, event.id, event.oversize))
            self.assertEqual({"bytes": size}, event.json())

    def test_several_lines_count_together(self):
        self.assertEqual([Event("x" * 50 + "\n" + "x" * 49)],
                         self.parsed(100, b"data:" + b"x" * 50 + b"\ndata:" + b"x" * 49 + b"\n\n"))
        event, = self.parsed(100, b"data:" + b"x" * 50 + b"\ndata:" + b"x" * 50 + b"\n\n")
        self.assertEqual(101, event.oversize)

    def test_the_event_after_an_oversize_one_is_whole(self):
        stream = b"data:" + b"x" * 500 + b"\n\nid: 2\ndata: y\n\n"
        self.assertEqual([Event('{"bytes":500}', "ringcast.oversize"), Event("y", "message", "2")],
                         self.parsed(100, stream))

    def test_other_lines_beyond_the_limit_are_left_out(self):
        stream = b":" + b"c" * 500 + b"\nid:" + b"i" * 500 + b"\nfield" + b"f" * 500 + b"\ndata: y\n\n"
        self.assertEqual([Event("y")], self.parsed(100, stream))

    def test_memory_does_not_grow_with_an_endless_line(self):
        parser, micro = EventStreamParser("", 1000), ringcast_micro._Parser(1000, "")
        for _ in range(1000):
            self.assertEqual([], parser.feed(b"data: " + b"x" * 1000))
            micro.feed(b"data: " + b"x" * 1000)
        self.assertLess(len(parser._line), 1100)
        self.assertLess(len(micro._line), 1100)


class BadUtf8(unittest.TestCase):
    def test_micropython_mends_text_as_cpython_does(self):
        dice = random.Random(4)
        interesting = [0x41, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xEF, 0xF0, 0x9F, 0xF4, 0x90, 0xFF]
        for _ in range(20_000):
            raw = bytes(dice.choice(interesting) for _ in range(dice.randrange(1, 9)))
            self.assertEqual(raw.decode("utf-8", "replace"), ringcast_micro._mended(raw).decode(), raw)


class Retries(unittest.TestCase):
    def test_a_retry_of_any_length_is_at_most_a_day(self):
        for digits in (b"86400001", b"9" * 50, b"9" * 5000):
            self.assertEqual([Retry(86_400_000)], EventStreamParser().feed(b"retry: " + digits + b"\n"))
            micro = ringcast_micro._Parser(10_000, "")
            micro.feed(b"retry: " + digits + b"\n")
            self.assertEqual(86_400_000, micro.retry_ms)


if __name__ == "__main__":
    unittest.main()
