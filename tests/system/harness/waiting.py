"""Waiting on conditions, never on time."""

import time

# Generous: it bounds a test that has gone wrong, it never paces one that goes well.
PATIENCE = 60.0


def wait_until(condition, what, seconds=PATIENCE):
    """Returns the first true value of condition(); fails with `what` when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain until {what}")
        time.sleep(0.005)
