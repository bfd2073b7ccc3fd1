"""How long to wait before trying again."""

from __future__ import annotations

import datetime
import random
from email.utils import parsedate_to_datetime
from typing import Optional


class Backoff:
    """Exponential with full jitter: the n-th wait is anything up to base * 2^n, at most `cap` seconds.

    Spread over all of that time, so that clients which lost the broker at once do not come back at once.
    """

    def __init__(self, base: float, cap: float) -> None:
        self.base = base
        self._cap = cap
        self._failures = 0

    def next(self) -> float:
        bound = min(max(self._cap, self.base), self.base * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return random.uniform(0, bound)

    def reset(self) -> None:
        self._failures = 0


def retry_after_seconds(value: Optional[str]) -> Optional[float]:
    """Retry-After (RFC 9110, section 10.2.3): seconds or a date. None if it is missing or neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, (date - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
