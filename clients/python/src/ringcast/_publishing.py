"""Publishing: safe to repeat, and repeated for a bounded time."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, Dict, List, Optional, Sequence, Union

from ._backoff import Backoff
from ._conversation import TEMPORARY, TokenSource, refusal
from ._encoding import Data, event_line, event_line_of
from ._errors import InvalidEventError, PublishError, RingcastError, UnreachableError
from ._transport import Answer, Request, Transport
from ._values import Published, PublishedMany

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0
_MOST_EVENTS = 500
_MOST_BYTES = 256 * 1024


class Batch:
    """Lines for one POST, and the sums of those that were answered."""

    def __init__(self) -> None:
        self.lines: List[bytes] = []
        self.size = 0
        self.own_keys = 0
        self.accepted = 0
        self.duplicates = 0
        self.first_id: Optional[str] = None
        self.last_id: Optional[str] = None

    def add(self, line: bytes, has_own_key: bool) -> None:
        self.lines.append(line)
        self.size += len(line) + 1
        self.own_keys += has_own_key

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= _MOST_EVENTS or self.size >= _MOST_BYTES

    def take(self, answer: Dict[str, Any]) -> None:
        """Adds what the broker says of the lines up to here."""
        self.accepted += len(self.lines)
        # Nobody but us knows a key that was made here: such a duplicate is our own repetition.
        self.duplicates += max(0, (answer.get("duplicates") or 0) - self.own_keys)
        if self.first_id is None:
            self.first_id = answer.get("first_id")
        self.last_id = answer.get("last_id") or self.last_id
        self.lines, self.size, self.own_keys = [], 0, 0


class Publisher:
    """What Client and AsyncClient publish with. `retry_for` is in seconds."""

    def __init__(self, transport: Transport, tokens: TokenSource, timeout: float, retry_for: float) -> None:
        self._transport = transport
        self._tokens = tokens
        self._timeout = timeout
        self._retry_for = retry_for

    async def publish(
        self, topic: Union[str, Sequence[str]], data: Data, event: Optional[str], id: Optional[str],
        retry_ms: Optional[int], comment: bool, key: Optional[str], private: bool,
    ) -> Published:
        is_own_key = key is None and not comment
        line = event_line(
            topic, data, event, id, retry_ms, comment, str(uuid.uuid4()) if is_own_key else key, private)
        answer = await self._post("application/json", line, self._timeout)
        is_duplicate = not is_own_key and bool(answer.get("duplicates"))
        return Published(answer.get("first_id"), is_duplicate)

    async def publish_many(self, events: Any) -> PublishedMany:
        batch = Batch()
        prefix = uuid.uuid4()
        index = 0
        async for item in self._transport.pull(events):
            try:
                batch.add(*event_line_of(item, index, f"{prefix}-{index}"))
            except InvalidEventError as error:
                await self._flush(batch)
                error.accepted = batch.accepted
                raise
            index += 1
            if batch.is_full:
                await self._flush(batch)
        await self._flush(batch)
        return PublishedMany(batch.accepted, batch.duplicates, batch.first_id, batch.last_id)

    async def _flush(self, batch: Batch) -> None:
        if not batch.lines:
            return
        body = b"\n".join(batch.lines) + b"\n"
        try:
            # The broker may read on later rather than refuse (limits.publish_rate_…), so it gets more time.
            answer = await self._post("application/x-ndjson", body, self._timeout + self._retry_for)
        except PublishError as error:
            if error.line is not None:
                error.index = batch.accepted + error.line - 1
            error.accepted += batch.accepted
            raise
        except RingcastError as error:
            error.accepted = batch.accepted
            raise
        batch.take(answer)

    async def _post(self, content_type: str, body: bytes, timeout: float) -> Dict[str, Any]:
        answer = await self._send(content_type, body, timeout)
        try:
            values: Any = json.loads(answer.body)
        except ValueError:
            values = None
        if not isinstance(values, dict) or "accepted" not in values:
            raise PublishError(answer.status, "Unexpected answer", "this is not ringcast's")
        return values

    async def _send(self, content_type: str, body: bytes, timeout: float) -> Answer:
        deadline = time.monotonic() + self._retry_for
        backoff = Backoff(_FIRST_WAIT, _LONGEST_WAIT)
        may_change_token = self._tokens.can_change
        while True:
            headers = {"Content-Type": content_type, **await self._tokens.header()}
            failure: Union[UnreachableError, PublishError]
            wait = backoff.next()
            try:
                answer = await self._transport.send(
                    Request("POST", "/events", headers=headers, body=body, read_timeout=timeout))
            except UnreachableError as error:
                failure = error
                if error.is_final:
                    raise
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure = refusal(PublishError, answer.status, answer.headers, answer.body)
                if failure.status == 401 and may_change_token:
                    may_change_token = False
                    continue
                if failure.status not in TEMPORARY:
                    raise failure
                wait += failure.retry_after or 0
            if time.monotonic() + wait > deadline:
                raise failure
            await self._transport.sleep(wait)
