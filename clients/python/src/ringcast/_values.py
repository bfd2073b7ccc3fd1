"""What goes in and comes out: events, gaps, results of publishing, states of a subscription."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Optional

OVERSIZE = "ringcast.oversize"
GAP = "ringcast.gap"


class Event(NamedTuple):
    """One event of a stream."""

    data: str
    event: str = "message"
    """Its type."""
    id: str = ""
    """The position to resume from after this event."""
    topic: Optional[str] = None
    """With envelope=True, the topic that it was published in."""
    time: Optional[str] = None
    """With envelope=True, when it was published (RFC 3339)."""

    def json(self) -> Any:
        """The data, read as JSON."""
        return json.loads(self.data)

    @property
    def oversize(self) -> Optional[int]:
        """The size in bytes of data that was left out since it is above max_data or
        max_event_bytes; None for an event that is here as a whole."""
        if self.event != OVERSIZE:
            return None
        size = self.json()["bytes"]
        return size if isinstance(size, int) else None


class Gap(NamedTuple):
    """Events that are missing before the next one."""

    requested: Optional[str]
    """The id that was asked for."""
    resumed: Optional[str]
    """The position before the next event."""
    reason: str
    """expired, deleted, lost, lagged, epoch or unknown; see docs/http-api.md."""
    missed: Optional[int]
    """How many events are missing, or None where the broker cannot know."""


class Published(NamedTuple):
    """An event that the broker has."""

    id: Optional[str]
    """The id that it was given, else its position; None for a comment, which is not stored."""
    duplicate: bool
    """The broker had an event with this `key` already; `id` is that one's."""


class PublishedMany(NamedTuple):
    """Events that the broker has."""

    accepted: int
    duplicates: int
    """How many of them it had already, by their `key`."""
    first_id: Optional[str]
    last_id: Optional[str]


class State(NamedTuple):
    """What a subscription does now."""

    name: str
    """connecting, open, waiting (for `wait` seconds, before it connects again) or closed."""
    reason: str = ""
    """Why it is waiting or closed."""
    wait: float = 0.0
