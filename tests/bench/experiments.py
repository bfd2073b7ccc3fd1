"""What is measured: which servers, under which load. Nothing here knows how."""

import dataclasses

FAN_OUT = ("floor", "ringcast", "nchan")
COALESCING = ("floor-coalescing", "ringcast", "nchan")
PEERS = ("pushpin", "mercure", "centrifugo")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One load, put on each server in turn, round after round."""

    name: str
    servers: tuple
    scenario: str                  # Of bench_load.
    load: dict                     # Its flags: {"subscribers": 1000}.
    seconds: float = 1.0           # Measured, after `warm_up`.
    warm_up: float = 0.3
    options: dict = dataclasses.field(default_factory=dict)  # For starting the servers.
    rounds: int = 0                # 0: as many as the run has.
    peers: bool = False            # In a full run the other peers too.
    group: int = 1                 # Events in one transaction of bare SQLite.

    def flags(self):
        load = {"seconds": self.seconds, "warm-up": self.warm_up, **self.load}
        return [f"--{name}={value}" for name, value in load.items()]

    def tool_flags(self):
        """Of bench_sqlite."""
        return [f"--seconds={self.seconds}", f"--warm-up={self.warm_up}", f"--group={self.group}"]


def fan_out(name, servers, subscribers, peers=False, scale=1.0, **load):
    return Experiment(name, servers, "fanout", {"subscribers": subscribers, **load},
                      seconds=0.8 * scale, peers=peers)


def for_aims(scale):
    """The experiments that the aims are judged by; `scale` stretches their time.

    Those with the same word before the colon are interleaved.
    """
    large = {"payload": 16000, "rate": 4}  # Fills what the kernel holds for who does not read.
    live = {"seconds": 2.0 * scale, "warm_up": 0.3}
    bursts = {"publishers": 8, "in-flight": 16}
    publishing = ("answer", "ringcast", "nchan")
    alone = ("ringcast",)
    return [
        fan_out("one:1000", FAN_OUT, 1000, True, scale),
        fan_out("one:10000", FAN_OUT, 10000, True, scale),
        fan_out("eight:1000", COALESCING, 1000, True, scale, publishers=8),
        fan_out("eight:10000", COALESCING, 10000, False, scale, publishers=8),
        fan_out("bursts", COALESCING, 1000, False, scale, **bursts),
        fan_out("topics", FAN_OUT, 10000, False, scale, topics=1000),
        Experiment("open:1000x20", FAN_OUT, "fanout", {"subscribers": 1000, "rate": 20}, **live),
        Experiment("open:100x500", FAN_OUT, "fanout", {"subscribers": 100, "rate": 500}, **live),
        fan_out("publish:1", publishing, 0, False, scale, publishers=8),
        fan_out("publish:16", publishing, 0, False, scale, **bursts),
        Experiment("replay", ("ringcast", "nchan"), "replay",
                   {"subscribers": 500, "events": 1000, "connects-at-once": 500}),
        Experiment("ndjson", alone, "fanout", {"subscribers": 0, "batch": 2000, "publishers": 2},
                   0.8 * scale, options={"ndjson": True}),
        Experiment("idle", alone, "idle", {"subscribers": 15000}, rounds=1, peers=True),
        Experiment("reconnect", alone, "reconnect",
                   {"subscribers": 10000, "events": 100, "live": 1000, "rate": 20}, 1.5 * scale),
        *[Experiment(f"stalled:{count}", alone, "fanout",
                     {"subscribers": 9000 + count, "stalled": count, **large},
                     seconds=2.5 * scale, warm_up=2.5, rounds=1) for count in (0, 1000)],
        # At a rate, because in closed loop more events meet in one send where more subscribers wait.
        Experiment("workers", ("ringcast", "ringcast-2-workers"), "fanout",
                   {"subscribers": 2000, "rate": 25}, **live),
        *[Experiment(f"subscribers:{count}", ("floor", "ringcast"), "fanout",
                     {"subscribers": count, "rate": 60000 / count}, **live) for count in (100, 1000, 5000, 15000)],
        *[fan_out(f"topics-held:{count}", alone, 1000, False, scale, **{"more-topics": count - 1})
          for count in (1, 1000, 100000)],
    ]


NDJSON_LINES = {"2": 2000, "1": 20000}  # In a request, by the number of publishers.
# Far beyond what memory keeps: replayed to so many subscribers, so many events of those there are.
HISTORY = 200_000
REPLAYS = {1: (200_000, 200_000), 100: (20_000, 200_000), 1000: (5_000, 20_000)}  # In a short run, in a full one.


def for_journal(scale, is_whole):
    """What the journal costs. `is_whole`: not only what the aims need."""
    syncs = ("ringcast-always", "ringcast-interval", "ringcast-off") if is_whole else ("ringcast-always",)
    beside = ("ringcast",) if is_whole else ()

    def publish(name, servers, publishers):
        load = {"subscribers": 0, "publishers": publishers}
        return Experiment(f"{name}:{publishers}", servers, "fanout", load, scale, group=publishers)

    return [
        *[publish("journal-publish", (*syncs, *beside, "sqlite"), count)
          for count in ((1, 8, 64) if is_whole else (1, 64))],
        *[publish("journal-slow", ("ringcast-always-slow",), count) for count in (1, 64)],
        *[Experiment(f"journal-ndjson:{publishers}", (*syncs, *beside, "sqlite"), "fanout",
                     {"subscribers": 0, "batch": lines, "publishers": int(publishers)}, scale,
                     options={"ndjson": True}, group=256 * int(publishers))
          for publishers, lines in NDJSON_LINES.items() if is_whole or publishers == "2"],
        *[fan_out(f"journal-fanout:{count}", ("ringcast", *syncs), 1000, False, scale, publishers=count)
          for count in (1, 8)],
        *[Experiment(f"journal-replay:{count}", ("ringcast-always",), "history",
                     {"subscribers": count, "events": REPLAYS[count][scale > 1],
                      "older": HISTORY - REPLAYS[count][scale > 1], "batch": 1000, "live": 100, "rate": 50,
                      "connects-at-once": count},
                     1.5 * scale,
                     rounds=0 if is_whole else 1,
                     options={"ndjson": True, "settings": ("history.events=1000", "history.grace=0")})
          for count in (REPLAYS if is_whole else (100,))],
    ]


LOADS = (10, 20, 40, 80, 120, 160, 200, 240)  # Events per second to 1,000 subscribers.


def for_curves(scale):
    """Latency against load, for the plots of a full run."""
    return [Experiment(f"load:{rate}", (*FAN_OUT, *PEERS), "fanout",
                       {"subscribers": 1000, "rate": rate, "patience": 3}, seconds=1.5 * scale, rounds=1)
            for rate in LOADS]
