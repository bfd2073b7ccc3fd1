#!/usr/bin/env python3
"""Publishes the last lines of log files, and what is appended to them, to the topics logs/NAME. Usage: ship.py FILE..."""
import os, pathlib, subprocess, sys, threading, time, urllib.parse, urllib.request, uuid

BROKER = os.environ.get("RINGCAST_URL", "http://127.0.0.1:8080")


def publish(topic, line):
    """Tries until the broker has it; because of the key it is stored once, however often it is sent."""
    request = urllib.request.Request(f"{BROKER}/topics/{topic}", line, {"Idempotency-Key": str(uuid.uuid4())})
    while True:
        try:
            return urllib.request.urlopen(request).close()
        except OSError as error:
            print(f"Not published, trying again: {error}", file=sys.stderr)
            time.sleep(1)


def follow(file):
    topic = "logs/" + urllib.parse.quote(pathlib.Path(file).stem)
    tail = subprocess.Popen(["tail", "-n", "10", "-F", "--", file], stdout=subprocess.PIPE)
    for line in tail.stdout:
        publish(topic, line.decode("utf-8", "replace").rstrip("\r\n")[:10000].encode())


for file in sys.argv[1:]:
    threading.Thread(target=follow, args=(file,)).start()
