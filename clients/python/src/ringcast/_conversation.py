"""What publishing and subscribing share: the token of each request, and what refusals mean."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Dict, Mapping, Optional, Type, TypeVar

from ._backoff import retry_after_seconds
from ._endpoint import Token, authorization
from ._errors import RefusedError
from ._transport import Transport

R = TypeVar("R", bound=RefusedError)

# Nothing was wrong with the request: overload, a drain, a proxy without its broker.
TEMPORARY = frozenset((408, 425, 429, 500, 502, 503, 504))


def refusal(kind: Type[R], status: int, headers: Mapping[str, str], body: bytes) -> R:
    """The error that an answer with another status than 2xx means."""
    try:
        problem: Any = json.loads(body)
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    if not problem.get("title"):
        problem["title"] = _phrase(status)
    error = kind.of_problem(status, problem, retry_after_seconds(headers.get("retry-after")))
    if 300 <= status < 400 and not error.detail:
        error.detail = f"a redirect to {headers.get('location')}, which is not followed"
    return error


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


class TokenSource:
    """The token for each request: always the same, or what the callback returns."""

    def __init__(self, transport: Transport, token: Optional[Token]) -> None:
        if not callable(token):
            authorization(token)  # A bad one is an error here rather than later.
        self._transport = transport
        self._token = token

    @property
    def can_change(self) -> bool:
        return callable(self._token)

    async def header(self) -> Dict[str, str]:
        token = self._token
        if callable(token):
            return authorization(await self._transport.settle(token()))
        return authorization(token)
