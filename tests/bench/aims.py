"""What ringcast is meant to reach, as ratios within one run, and what it reached."""

import dataclasses

PER_CPU = "deliveries_per_cpu_s"
PUBLISHED = "published_per_cpu_s"
RING_BYTES = 1 << 20  # history.bytes of the one topic in use, the default.


@dataclasses.dataclass
class Verdict:
    """One line of the table of aims."""

    what: str
    aim: str
    figure: str
    is_met: bool | None  # None: could not be measured.


class Aims:
    """Judges the results of experiments.for_aims()."""

    def __init__(self, results):
        self.results = results
        self.verdicts = []

    def ratio(self, experiment, path, server, to):
        mine = self.results.median(experiment, server, *path)
        other = self.results.median(experiment, to, *path)
        return mine / other if mine and other else None

    def at_least(self, what, value, aim, of):
        shown = "not measured" if value is None else f"{value:.2f} × {of}"
        self.verdicts.append(Verdict(what, f"≥ {aim:g} × {of}", shown, value and value >= aim))

    def at_most(self, what, value, aim, of):
        shown = "not measured" if value is None else f"{value:.2f} × {of}"
        self.verdicts.append(Verdict(what, f"≤ {aim:g} × {of}", shown, value and value <= aim))

    def compare(self, what, experiment, path, aims):
        """`aims`: {server: the least ratio of ringcast's figure to its}."""
        for server, aim in aims.items():
            self.at_least(what, self.ratio(experiment, path, "ringcast", server), aim, server)

    def fan_out(self):
        self.compare("1,000 subscribers, 1 publisher", "one:1000", [PER_CPU], {"floor": 0.9, "nchan": 1.6})
        self.compare("10,000 subscribers, 1 publisher", "one:10000", [PER_CPU], {"floor": 0.9, "nchan": 1.6})
        for count in ("1000", "10000"):
            self.compare(f"{int(count):,} subscribers, 8 publishers", f"eight:{count}", [PER_CPU],
                         {"floor-coalescing": 0.8, "nchan": 4})
        self.compare("1,000 subscribers, 8 publishers × 16 in flight", "bursts", [PER_CPU],
                     {"floor-coalescing": 0.6, "nchan": 25})
        self.compare("1,000 topics × 10 subscribers", "topics", [PER_CPU], {"floor": 0.8})

    def latency(self):
        for experiment, what in (("open:1000x20", "1,000 subscribers × 20 events/s"),
                                 ("open:100x500", "100 subscribers × 500 events/s")):
            for share in ("p50", "p99"):
                path = ["latency_us", share]
                self.at_most(f"{what}: {share}", self.ratio(experiment, path, "ringcast", "floor"), 1.3, "floor")
                self.at_most(f"{what}: {share}", self.ratio(experiment, path, "ringcast", "nchan"), 1, "nchan")

    def publishing(self):
        self.compare("publish only, 1 in flight", "publish:1", [PUBLISHED], {"answer": 0.7, "nchan": 1.4})
        self.compare("publish only, 16 in flight", "publish:16", [PUBLISHED], {"answer": 0.7, "nchan": 4})
        rate = self.results.median("ndjson", "ringcast", PUBLISHED)
        self.verdicts.append(Verdict("NDJSON publish, 200 B, no subscribers", "≥ 500,000 events per CPU second",
                                     "not measured" if rate is None else f"{rate:,.0f}", rate and rate >= 500_000))

    def replay(self):
        self.compare("replay of 1,000 events to 500", "replay", [PER_CPU], {"nchan": 10})
        before = self.results.median("reconnect", "ringcast", "live_before_us", "p99")
        during = self.results.median("reconnect", "ringcast", "live_during_us", "p99")
        seconds = self.results.median("reconnect", "ringcast", "reconnect_s")
        rounds = self.results.rounds("reconnect", "ringcast")
        self.at_most("10,000 cut and resuming over 100 missed: live p99",
                     during / before if before and during else None, 3, "before")
        are_right = bool(rounds) and all(figures.get("clean") for figures in rounds)
        self.verdicts.append(Verdict("the same: all caught up, none wrong", "all",
                                     f"{'all' if are_right else 'not all'}, in {seconds or 0:.2f} s", are_right))

    def memory(self):
        each = self.results.median("idle", "ringcast", "rss_per_stream")
        self.verdicts.append(Verdict("15,000 idle subscribers: RSS for each", "≤ 600 B",
                                     "not measured" if each is None else f"{each:.0f} B", each and each <= 600))
        before = self.results.median("stalled:1000", "ringcast", "rss_before")
        after = self.results.median("stalled:1000", "ringcast", "rss_after")
        grown = None if before is None else after - before
        self.verdicts.append(Verdict("1,000 of 10,000 never read: RSS grows by", "≤ 1 MiB, the ring",
                                     "not measured" if grown is None else f"{grown / 1024:,.0f} KiB",
                                     grown is not None and grown <= RING_BYTES))
        path = ["ringcast", "latency_us", "p99"]
        with_stalled = self.results.median("stalled:1000", *path)
        without = self.results.median("stalled:0", *path)
        self.at_most("the same: p99 of the others", with_stalled / without if with_stalled and without else None,
                     1.2, "without them")

    def cost(self):
        one, two = (self.results.median("workers", server, PER_CPU) for server in ("ringcast", "ringcast-2-workers"))
        self.at_most("2 workers: CPU for each delivery", one / two if one and two else None, 1.15, "1 worker")
        self.at_most("cost from 1 to 100,000 topics", self.growth("topics-held", "ringcast"), 1.3, "the cheapest")
        self.at_most("cost from 100 to 15,000 subscribers", self.growth("subscribers", "ringcast"), 1.3, "the cheapest")
        floor = self.growth("subscribers", "floor")
        if floor:
            self.verdicts[-1].figure += f" (the floor's own: {floor:.2f})"

    def journal(self):
        always = "ringcast-always"
        rate = self.results.median("journal-ndjson:2", always, "published_per_s")
        self.verdicts.append(Verdict("NDJSON publish, `journal.sync: always`", "≥ 60,000 events per second",
                                     "not measured" if rate is None else f"{rate:,.0f}", rate and rate >= 60_000))
        for name, server, aim, what in (("publish", always, 8, "64 publishers, each event synced: acknowledged"),
                                        ("slow", f"{always}-slow", 20, "the same, each sync takes 2 ms more")):
            many, one = (self.results.median(f"journal-{name}:{count}", server, "published_per_s") for count in (64, 1))
            self.at_least(what, many / one if many and one else None, aim, "1 publisher")
        for count in (1, 8):
            cost = self.ratio(f"journal-fanout:{count}", [PER_CPU], always, "ringcast")
            plural = "s" if count > 1 else ""
            self.at_least(f"1,000 subscribers, {count} publisher{plural}", cost, 0.8, "without a journal")
        rounds = [each for name in self.results.runs if name.startswith("journal-replay:")
                  for each in self.results.rounds(name, always)]
        clean = sum(bool(figures.get("clean")) for figures in rounds)
        self.verdicts.append(Verdict("replay from disk: runs without a missing or misplaced event", "all",
                                     f"{clean} of {len(rounds)}" if rounds else "not measured",
                                     clean == len(rounds) if rounds else None))

    def growth(self, group, server):
        """The highest cost for a delivery as a multiple of the lowest, over a group's experiments."""
        costs = [1 / value for experiment in self.results.runs if experiment.startswith(group + ":")
                 if (value := self.results.median(experiment, server, PER_CPU))]
        return max(costs) / min(costs) if len(costs) > 1 else None

    def judge(self, *parts):
        for part in parts:
            part()
        return self.verdicts


def judge(results):
    aims = Aims(results)
    return aims.judge(aims.fan_out, aims.latency, aims.publishing, aims.replay, aims.memory, aims.cost)


def judge_journal(results):
    aims = Aims(results)
    return aims.judge(aims.journal)


def table(verdicts):
    """As Markdown, which reads well on a terminal too."""
    rows = [("what", "aim", "measured", "")]
    marks = {True: "met", False: "FALLS SHORT", None: "not measured"}
    rows += [(each.what, each.aim, each.figure, marks[each.is_met and True if each.is_met is not False else False])
             for each in verdicts]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
