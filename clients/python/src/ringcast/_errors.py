"""What can go wrong. Everything that this package raises for an outside reason is a RingcastError."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Type, TypeVar

R = TypeVar("R", bound="RefusedError")


class RingcastError(Exception):
    """The base of all errors here.

    `index` is the place of the bad event in the iterable given to publish_many, counted from 0, and
    `accepted` the number of events before it that stand.
    """

    index: Optional[int] = None
    accepted: int = 0


class InvalidEventError(RingcastError, ValueError):
    """An event, or another argument, that cannot be sent, such as NaN as data. Nothing was sent."""

    def __init__(self, message: str, index: Optional[int] = None) -> None:
        super().__init__(message)
        self.index = index

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.index is None else f"event {self.index}: {text}"


class UnreachableError(RingcastError):
    """No answer: no connection, one that broke, or too slow. With `is_final`, trying again is no use."""

    def __init__(self, message: str, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class RefusedError(RingcastError):
    """The broker, or what stands before it, answered with an error (application/problem+json).

    `status` is the HTTP status; `title` and `detail` are the broker's words; `field` and `line` say
    where it was, if known; `retry_after` is in seconds.
    """

    def __init__(
        self, status: int, title: str = "", detail: str = "", *, field: Optional[str] = None,
        line: Optional[int] = None, index: Optional[int] = None, accepted: int = 0,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(status, title, detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field
        self.line = line
        self.index = index
        self.accepted = accepted
        self.retry_after = retry_after

    def __str__(self) -> str:
        text = f"{self.status} {self.title}".rstrip()
        if self.detail:
            text += f": {self.detail}"
        if self.field is not None:
            text += f" (field {self.field})"
        return text if self.index is None else f"event {self.index}: {text}"

    @classmethod
    def of_problem(
        cls: Type[R], status: int, problem: Mapping[str, Any], retry_after: Optional[float],
    ) -> R:
        """Reads RFC 9457 fields; those of other types than expected are left out."""
        def number(name: str) -> Optional[int]:
            value = problem.get(name)
            return value if isinstance(value, int) and not isinstance(value, bool) else None

        def text(name: str) -> str:
            value = problem.get(name)
            return value if isinstance(value, str) else ""

        return cls(
            status, text("title"), text("detail"), field=text("field") or None, line=number("line"),
            index=number("index"), accepted=number("accepted") or 0, retry_after=retry_after)


class PublishError(RefusedError):
    """A publish that was refused."""
