"""Runs experiments: servers on one core, the load generator on the other, in interleaved rounds."""

import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import brokers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
SERVER_CPU, LOAD_CPU = 0, 1
PATIENCE = 120  # Seconds for one run of the load generator.


class Failed(Exception):
    """A run that gave no figures."""


def load_command(running, experiment):
    """How the load generator, or what measures itself, is called."""
    if running.tool:
        return ["taskset", "-c", str(running.cpu), *map(str, running.tool), *experiment.tool_flags()]
    return ["taskset", "-c", str(LOAD_CPU), str(BUILD / "bench_load"), experiment.scenario,
            "--server-pids", ",".join(map(str, running.pids())), "--no-progress",
            *running.load_flags(), *experiment.flags()]


def put_load(running, experiment):
    """One run of the load generator against a server: its figures."""
    command = load_command(running, experiment)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no end after {PATIENCE} s") from error
    except json.JSONDecodeError as error:
        raise Failed(done.stderr.strip() or f"exit code {done.returncode}") from error


def wait_for_streams(running, count):
    """Until a process has so many descriptors open: then its subscribers have come."""
    deadline = time.monotonic() + PATIENCE
    while len(os.listdir(f"/proc/{running.pids()[0]}/fd")) < count:
        if time.monotonic() > deadline:
            raise Failed(f"{count} subscribers did not come")
        time.sleep(0.1)


class Results:
    """Figures by experiment and server, a dict for each round."""

    def __init__(self, runs=None):
        self.runs = runs or {}

    def add(self, experiment, server, figures):
        self.runs.setdefault(experiment, {}).setdefault(server, []).append(figures)

    def rounds(self, experiment, server):
        return self.runs.get(experiment, {}).get(server, [])

    def median(self, experiment, server, *path):
        """Of a figure over the rounds, None where there is none: median("idle", "nchan", "rss")."""
        values = []
        for figures in self.rounds(experiment, server):
            for step in path:
                figures = figures.get(step, {})
            if isinstance(figures, (int, float)):
                values.append(figures)
        return statistics.median(values) if values else None

    def servers(self, experiment):
        return list(self.runs.get(experiment, {}))

    def unclean(self):
        """Runs with wrong streams: (experiment, server, what)."""
        kinds = ("missing", "duplicate", "out_of_order", "order_differs", "refused", "lost_streams", "gaps",
                 "refused_publishes", "stayers_missing")
        for experiment, by_server in self.runs.items():
            for server, rounds in by_server.items():
                for figures in rounds:
                    if not figures.get("clean", False):
                        found = {kind: figures[kind] for kind in kinds if figures.get(kind)}
                        yield experiment, server, found or figures.get("failed", "did not come to an end")


    def limited_by_load(self):
        """(experiment, server) where the load generator was the bottleneck in most rounds."""
        for experiment, by_server in self.runs.items():
            for server, rounds in by_server.items():
                if sum(bool(figures.get("load_was_bottleneck")) for figures in rounds) * 2 > len(rounds):
                    yield experiment, server


class Progress:
    """One line on the terminal that says where the run is."""

    def __init__(self, total):
        self.total, self.done = total, 0

    def step(self, text):
        self.done += 1
        line = f"[{self.done}/{self.total}] {text}"
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def measure(experiments, rounds, servers, results):
    """Puts every experiment on its servers. `servers`: those that can run, by name."""
    plan = [(experiment, round_number, name)
            for _, group in itertools.groupby(experiments, lambda each: each.name.split(":")[0])
            for round_number, experiment in itertools.product(range(rounds), list(group))
            if round_number < (experiment.rounds or rounds)
            for name in experiment.servers if name in servers]
    progress = Progress(len(plan))
    for experiment, round_number, name in plan:
        progress.step(f"{experiment.name}: {name}, round {round_number + 1}")
        cpu = None if name.endswith("-workers") else SERVER_CPU
        try:
            with servers[name].start(cpu, **experiment.options) as running:
                figures = put_load(running, experiment)
        except (Failed, brokers.NotStarted) as error:
            figures = {"clean": False, "failed": str(error)}
        results.add(experiment.name, name, figures)
    progress.end()


def pin_to_load_cpu():
    """What this script and its tools do must not disturb the server."""
    os.sched_setaffinity(0, {LOAD_CPU})
