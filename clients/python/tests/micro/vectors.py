# Reads every vector at every split, on MicroPython, too: vectors.py FILE
import binascii
import json
import sys

import ringcast_micro


def read(pieces):
    parser = ringcast_micro._Parser(4096, "")
    for piece in pieces:
        parser.feed(piece)
    events = [(e.event, e.data, e.id) for e in parser.events]
    return events, parser.last_event_id, parser.retry_ms


with open(sys.argv[1]) as file:
    vectors = json.load(file)["vectors"]
for vector in vectors:
    if "input_base64" in vector:
        stream = binascii.a2b_base64(vector["input_base64"])
    else:
        stream = vector["input"].encode()
    wanted = [(e["event"], e["data"], e["id"]) for e in vector["events"]], vector["last_event_id"], vector["retry_ms"]
    splits = [[stream], [stream[i:i + 1] for i in range(len(stream))]]
    splits += [[stream[:i], stream[i:]] for i in range(1, len(stream))]
    for pieces in splits:
        got = read(pieces)
        if got != wanted:
            raise AssertionError("%s: %r, not %r, from %r" % (vector["name"], got, wanted, pieces))
print(len(vectors))
