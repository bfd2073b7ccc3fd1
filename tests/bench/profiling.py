"""Where the time goes: perf and strace on ringcastd under load."""

import dataclasses
import re
import subprocess
import tempfile

import experiments
import measuring

SECONDS = 4
TOP = 10


LONG = {"scale": 4 * SECONDS}
LOADS = {each.name: each for each in (
    experiments.fan_out("fan-out", ("ringcast",), 10000, **LONG),
    experiments.fan_out("publishing", ("ringcast",), 0, **LONG, **{"publishers": 8, "in-flight": 16}),
    experiments.fan_out("journal-publish", ("ringcast-always",), 0, **LONG, publishers=64),
    dataclasses.replace(experiments.fan_out("journal-ndjson", ("ringcast-always",), 0, **LONG, publishers=2, batch=2000),
                        options={"ndjson": True}))}


def profiles(servers, names=None):
    """What profile() finds for each of LOADS, by name; `names`: only those that begin so."""
    return {name: profile(servers[load.servers[0]], load) for name, load in LOADS.items()
            if load.servers[0] in servers and (not names or name.startswith(tuple(names)))}


def profile(broker, load):
    """{"functions": [[share, where, name]…], "kernel": share, "user": share, "calls": [[name, count]…]},
    or "missing": why not."""
    found = {"functions": [], "kernel": None, "user": None, "calls": [], "missing": ""}
    with broker.start(cpu=measuring.SERVER_CPU, **load.options) as running, tempfile.TemporaryDirectory() as folder:
        command = measuring.load_command(running, load)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as generator:
            try:
                measuring.wait_for_streams(running, load.load["subscribers"])
                found.update(sample(running.pids()[0], f"{folder}/perf.data"))
                found["calls"] = count_calls(running.pids()[0])
            except (OSError, subprocess.SubprocessError) as error:
                found["missing"] = str(error)
            finally:
                generator.kill()
    return found


def sample(pid, file):
    run = dict(capture_output=True, text=True, timeout=60, check=True)
    subprocess.run(["perf", "record", "-q", "-F", "1999", "-o", file, "-p", str(pid), "--", "sleep", str(SECONDS)],
                   **run)
    listing = subprocess.run(["perf", "report", "-i", file, "--stdio", "--no-children", "-F", "overhead,dso,symbol"],
                             **run).stdout
    functions = []
    for line in listing.splitlines():
        if match := re.match(r"\s*([\d.]+)%\s+(\S+)\s+\[([.k])\]\s+(.+?)\s*$", line):
            functions.append((float(match[1]), match[2], match[3], match[4]))
    kernel = sum(share for share, _, kind, _ in functions if kind == "k")
    user = sum(share for share, _, kind, _ in functions if kind == ".")
    return {"kernel": kernel, "user": user,
            "functions": [[share, "kernel" if kind == "k" else where, name]
                          for share, where, kind, name in functions[:TOP]]}


def count_calls(pid):
    """What strace -c counts in a second: calls and their number."""
    with subprocess.Popen(["strace", "-c", "-f", "-S", "calls", "-U", "name,calls", "-p", str(pid)],
                          stderr=subprocess.PIPE, text=True) as tracer:
        try:
            tracer.wait(timeout=2)
        except subprocess.TimeoutExpired:
            tracer.terminate()
        text = tracer.stderr.read()
    rows = [line.split() for line in text.splitlines()]
    return [[row[0], int(row[1])] for row in rows if len(row) == 2 and row[1].isdigit() and row[0] != "total"][:6]
