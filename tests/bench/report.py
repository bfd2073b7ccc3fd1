"""Writes docs/performance.md and its plots from the results of a full run."""

import os
import pathlib
import platform
import re
import subprocess

import aims
import experiments
import measuring
import plots

DOCUMENT = measuring.ROOT / "docs" / "performance.md"
PLOTS = measuring.ROOT / "docs" / "performance"
FINDINGS = pathlib.Path(__file__).with_name("findings.md")  # By hand: why, where an aim is missed.
METHOD = pathlib.Path(__file__).with_name("method.md")
MISSING = "–"


def machine(servers):
    """What the figures were taken on, in words."""
    cpu = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    with open("/etc/os-release", encoding="utf-8") as file:
        system = re.search(r'PRETTY_NAME="(.+)"', file.read())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=measuring.ROOT, capture_output=True,
                            text=True, check=False).stdout.strip()
    return {"CPU": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
            "memory": f"{memory:.0f} GiB", "kernel": platform.release().split("-")[0],
            "system": system[1] if system else platform.system(), "ringcast": commit,
            **{name: broker.version() for name, broker in servers.items() if name in ("nchan", *experiments.PEERS)}}


def number(value, scale=1, digits=0, unit=""):
    return MISSING if value is None else f"{value / scale:,.{digits}f}{unit}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def per_cpu(results, names, figure):
    """A row for each experiment and server: the median, its range, the kernel's share."""
    rows = []
    for name, what in names.items():
        for server in results.servers(name):
            rounds = results.rounds(name, server)
            values = sorted(each[figure] for each in rounds if figure in each)
            if values:
                rows.append([what, server, number(results.median(name, server, figure)),
                             f"{number(values[0])} – {number(values[-1])}",
                             number(results.median(name, server, "server_kernel_share"), 0.01, 0, " %"),
                             number(results.median(name, server, "latency_us", "p50"), 1000, 2),
                             number(results.median(name, server, "latency_us", "p99"), 1000, 2)])
    return table(["load", "server", "per CPU second", "lowest – highest", "kernel", "p50 ms", "p99 ms"], rows)


FAN_OUT = {"one:1000": "1,000 subscribers, 1 publisher", "one:10000": "10,000 subscribers, 1 publisher",
           "eight:1000": "1,000 subscribers, 8 publishers", "eight:10000": "10,000 subscribers, 8 publishers",
           "bursts": "1,000 subscribers, 8 publishers × 16 in flight",
           "topics": "1,000 topics × 10 subscribers", "replay": "replay of 1,000 events to 500"}
PUBLISHING = {"publish:1": "8 connections, 1 in flight", "publish:16": "8 connections, 16 in flight",
              "ndjson": "NDJSON, 2,000 lines in a request"}


def fan_out(results):
    short = {"one:1000": "1,000", "one:10000": "10,000", "eight:1000": "1,000, 8 publishers"}
    servers = [name for name in ("floor", "floor-coalescing", "ringcast", "nchan", *experiments.PEERS)
               if any(results.rounds(each, name) for each in short)]
    plots.bars(PLOTS / "deliveries.svg", "Deliveries per CPU second of the server", "thousands", list(short.values()),
               {name: [scaled(results.median(each, name, aims.PER_CPU), 1000) for each in short]
                for name in servers})
    return ("## Fan-out\n\nDeliveries of 200-byte events for each second of CPU that the server used.\n\n"
            "![Deliveries per CPU second](performance/deliveries.svg)\n\n" + per_cpu(results, FAN_OUT, aims.PER_CPU))


def scaled(value, by):
    return None if value is None else value / by


def latency(results):
    parts = ["## Latency against load\n\nFrom the time at which an event was meant to be sent until a subscriber has "
             "read it, over all 1,000 subscribers; open loop, so that a server that falls behind cannot hide it."]
    for share in ("p50", "p99"):
        series = {}
        for rate in experiments.LOADS:
            for server in results.servers(f"load:{rate}"):
                value = results.median(f"load:{rate}", server, "latency_us", share)
                if value:
                    series.setdefault(server, []).append((rate * 1000, value / 1000))
        plots.lines(PLOTS / f"latency-{share}.svg", f"Latency, {share}", "deliveries per second", "ms", series,
                    log_y=True)
        parts.append(f"![Latency {share}](performance/latency-{share}.svg)")
    servers = results.servers(f"load:{experiments.LOADS[0]}")
    rows = [[f"{rate * 1000:,}"] + [shown_latency(results, f"load:{rate}", server) for server in servers]
            for rate in experiments.LOADS]
    parts.append("p50 / p99 in ms; † events were lost, or the rate was not kept.\n\n" +
                 table(["deliveries/s", *servers], rows))
    return "\n\n".join(parts)


def shown_latency(results, name, server):
    p50, p99 = (results.median(name, server, "latency_us", share) for share in ("p50", "p99"))
    if not p50:
        return MISSING
    mark = "" if all(each.get("clean") for each in results.rounds(name, server)) else " †"
    return f"{p50 / 1000:.2f} / {p99 / 1000:.2f}{mark}"


def publishing(results):
    rows = []
    for name, what in PUBLISHING.items():
        for server in results.servers(name):
            rows.append([what, server, number(results.median(name, server, aims.PUBLISHED)),
                         number(results.median(name, server, "published_per_s")),
                         number(results.median(name, server, "server_kernel_share"), 0.01, 0, " %")])
    return ("## Publishing\n\nEvents of 200 bytes, nobody subscribed. `answer` parses requests and answers a constant.\n\n"
            + table(["load", "server", "events per CPU second", "per second", "kernel"], rows))


JOURNAL = {**{f"journal-publish:{count}": f"{count} publisher{'s' * (count > 1)}" for count in (1, 8, 64)},
           **{f"journal-slow:{count}": f"the same, {count}, each sync takes 2 ms more" for count in (1, 64)},
           **{f"journal-ndjson:{count}": f"NDJSON, {lines:,} lines in a request, {count} at a time"
              for count, lines in experiments.NDJSON_LINES.items()}}
JOURNAL_FAN_OUT = {"journal-fanout:1": "1,000 subscribers, 1 publisher",
                   "journal-fanout:8": "1,000 subscribers, 8 publishers"}


def journal(results):
    return "\n\n".join([
        "## The journal\n\nBeside the same daemon without one (`ringcast`), for each `journal.sync`.",
        aims.table(aims.judge_journal(results)),
        "Publishing, nobody subscribed; each publisher has one request in flight. `sqlite` writes the same rows and syncs each "
        "transaction, with nothing around it: as many events in one as there are publishers, or as NDJSON's batches have.",
        journal_publishing(results), "Fan-out, deliveries:", per_cpu(results, JOURNAL_FAN_OUT, aims.PER_CPU),
        f"Replay from disk: {experiments.HISTORY:,} events of which memory keeps the last 1,000; all subscribers resume at once, while "
        "100 others get 50 events a second of another topic. Their p99 is in ms.", journal_replay(results)])


def journal_publishing(results):
    rows = []
    for name, what in JOURNAL.items():
        for server in results.servers(name):
            values = sorted(each["published_per_s"] for each in results.rounds(name, server) if "published_per_s" in each)
            if values:
                rows.append([what, server, number(results.median(name, server, "published_per_s")),
                             f"{number(values[0])} – {number(values[-1])}",
                             number(results.median(name, server, aims.PUBLISHED)),
                             number(results.median(name, server, "server_busy"), 0.01, 0, " %"),
                             number(results.median(name, server, "server_kernel_share"), 0.01, 0, " %")])
    return table(["load", "server", "events per second", "lowest – highest", "per CPU second", "of a core", "kernel"], rows)


def journal_replay(results):
    rows = []
    for count in experiments.REPLAYS:
        name = f"journal-replay:{count}"
        median = lambda *path: results.median(name, "ringcast-always", *path)
        rounds = results.rounds(name, "ringcast-always")
        if rounds:
            rows.append([f"{count:,}", number(median("deliveries")), number(median("deliveries_per_s")),
                         number(median(aims.PER_CPU)), number(median("live_before_us", "p99"), 1000, 2),
                         number(median("live_during_us", "p99"), 1000, 2),
                         "none" if all(each.get("clean") for each in rounds) else "some"])
    return table(["subscribers", "deliveries", "per second", "per CPU second", "p99 before", "p99 during",
                  "missing, misplaced"], rows)


def reconnect(results):
    median = lambda *path: results.median("reconnect", "ringcast", *path)
    rows = [[when, *(number(median(f"live_{when}_us", share), 1000, 2) for share in ("p50", "p99", "max"))]
            for when in ("before", "during")]
    return ("## Mass reconnect\n\n10,000 subscribers are cut off by resets, miss 100 events each, and come back at once with "
            "`Last-Event-ID`, while 1,000 others get 20 events a second. All "
            f"{number(median('deliveries'))} missed deliveries had arrived, in order and once, "
            f"{number(median('reconnect_s'), 1, 2)} s after the first came back. Latency of the others, in ms:\n\n"
            + table(["", "p50", "p99", "largest"], rows))


def memory(results):
    servers = results.servers("idle")
    each = {server: results.median("idle", server, "rss_per_stream") for server in servers}
    plots.bars(PLOTS / "memory.svg", "Memory per idle subscriber", "bytes of RSS", ["15,000 idle subscribers"],
               {server: [value] for server, value in each.items()}, log_y=True)
    rows = [[server, number(each[server]), number(results.median("idle", server, "connects_per_cpu_s"))]
            for server in servers]
    return ("## Memory\n\n![Memory per subscriber](performance/memory.svg)\n\n" +
            table(["server", "bytes of RSS for each of 15,000 idle subscribers", "connects per CPU second"], rows))


def flatness(results):
    rows = []
    for group, what in (("subscribers", "{} subscribers of 1 topic, 60,000 deliveries a second"),
                        ("topics-held", "1,000 subscribers, {} topics held, closed loop")):
        for name in results.runs:
            if name.startswith(group + ":"):
                rows.append([what.format(f"{int(name.split(':')[1]):,}"), cost_of(results, name, "ringcast"),
                             cost_of(results, name, "floor")])
    rows += [[f"2,000 subscribers, 50,000 deliveries a second, {workers}", cost_of(results, "workers", server), MISSING]
             for workers, server in (("1 worker", "ringcast"), ("2 workers", "ringcast-2-workers"))]
    return "## Cost as things grow\n\nCPU µs for each delivery.\n\n" + table(["load", "ringcast", "floor"], rows)


def cost_of(results, name, server):
    deliveries = results.median(name, server, aims.PER_CPU)
    return number(1e6 / deliveries if deliveries else None, 1, 2)


PROFILES = {"fan-out": "10,000 subscribers, 1 publisher", "publishing": "8 publishers × 16 in flight, no subscribers",
            "journal-publish": "64 publishers, `journal.sync: always`, no subscribers",
            "journal-ndjson": "NDJSON, `journal.sync: always`"}


def profiles(found):
    return "## Where the time goes\n\n" + "\n\n".join(profile(what, found[name]) for name, what in PROFILES.items()
                                                 if name in found)


def profile(what, found):
    if found["missing"]:
        return f"{what}: not measured, {found['missing']}."
    rows = [[f"{share:.1f} %", where, f"`{name}`"] for share, where, name in found["functions"]]
    calls = ", ".join(f"`{name}` {count:,}" for name, count in found["calls"])
    return (f"**{what}**, by `perf`: the kernel has {found['kernel']:.0f} %, ringcastd and its libraries "
            f"{found['user']:.0f} %. The first ten functions:\n\n{table(['share', 'where', 'function'], rows)}\n\n"
            f"System calls in two seconds under `strace -c`, which slows it down: {calls}.")


def unclean(results):
    """(server, how many of its runs were not clean, what was wrong with the one that missed most)."""
    by_server = {}
    for _, server, what in results.unclean():
        by_server.setdefault(server, []).append(what)
    for server, all_of_it in by_server.items():
        worst = max(all_of_it, key=lambda what: what.get("missing", 0) if isinstance(what, dict) else 1 << 60)
        shown = ", ".join(f"{kind} {count}" for kind, count in worst.items()) if isinstance(worst, dict) else worst
        yield server, len(all_of_it), shown


def write(stored):
    """`stored`: what `run` keeps of a full run."""
    results = measuring.Results(stored["runs"])
    PLOTS.mkdir(parents=True, exist_ok=True)
    remarks = [f"- {name} was skipped: {reason.rstrip('.')}." for name, reason in stored["skipped"].items()]
    remarks += [f"- {name} was measured anew after the run." for name in stored["again"]]
    remarks += [f"- {name}: {count} runs were not clean; the worst: {worst}." for name, count, worst in unclean(results)]
    remarks += [f"- {experiment}, {server}: the load generator was the bottleneck."
                for experiment, server in results.limited_by_load()]
    parts = ["# Performance", METHOD.read_text().strip(),
             table(["machine", ""], [[name, value] for name, value in stored["machine"].items()]),
             "## Aims\n\n" + aims.table(aims.judge(results)), FINDINGS.read_text().strip(),
             fan_out(results), latency(results), publishing(results), journal(results), reconnect(results), memory(results),
             flatness(results), profiles(stored["profiles"]), "## Remarks\n\n" + "\n".join(remarks or ["- none"])]
    DOCUMENT.write_text("\n\n".join(parts) + "\n")
    print(f"wrote {DOCUMENT.relative_to(measuring.ROOT)}")
