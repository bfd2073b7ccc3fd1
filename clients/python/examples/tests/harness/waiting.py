"""Waiting for conditions, never for time."""

import time

PATIENCE = 30  # seconds; far more than anything here takes


def wait_until(condition, what):
    """What `condition` returns once it is true; an AssertionError that names `what` when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)
    return found
