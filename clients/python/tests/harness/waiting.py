"""Deadlines: generous, since they only bound how long a failure takes."""

import itertools
import sys
import threading
import time
import unittest

PATIENCE = 30


def skip(reason):
    """Skips, and says so even where unittest does not say why."""
    print(f"# SKIPPED: {reason}", file=sys.stderr, flush=True)
    raise unittest.SkipTest(reason)


def wait_until(condition, what):
    """Polls until `condition()` is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not become true within {PATIENCE} s")
        time.sleep(0.01)


def take(count, subscription):
    """The next `count` events of a subscription; it fails when they do not come in time."""
    watchdog = threading.Timer(PATIENCE, subscription.close)
    watchdog.start()
    try:
        if hasattr(subscription, "up_to"):
            events = subscription.up_to(count)
        else:
            events = list(itertools.islice(subscription, count))
    finally:
        watchdog.cancel()
    if len(events) < count:
        raise AssertionError(f"{len(events)} of {count} events came, at last {events[-3:]}")
    return events


def texts(count, subscription):
    """Their data."""
    return [event.data for event in take(count, subscription)]


def numbers(count, subscription):
    return [int(text) for text in texts(count, subscription)]
