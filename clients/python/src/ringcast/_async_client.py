"""The client for asyncio."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import (
    Any, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Optional, Sequence, Type, TypeVar, Union,
)

import httpx

from ._conversation import TokenSource
from ._encoding import Data
from ._endpoint import Token, parse_endpoint, token_or_environment
from ._event_stream import DEFAULT_MAX_EVENT_BYTES
from ._publishing import Publisher
from ._subscribing import Options, Since, Subscriber
from ._transport import AsyncTransport
from ._values import Event, Gap, Published, PublishedMany, State

T = TypeVar("T")
Reaction = Union[None, Awaitable[None]]


class AsyncClient:
    """As Client, for asyncio. The token and the callbacks may be async functions; tasks may share one."""

    def __init__(
        self, url: Optional[str] = None, token: Optional[Token] = None, *, timeout: float = 10.0,
        retry_for: float = 30.0, http: Optional[httpx.AsyncClient] = None,
    ) -> None:
        self._transport = AsyncTransport(parse_endpoint(url), timeout, http)
        self._tokens = TokenSource(self._transport, token_or_environment(token))
        self._publisher = Publisher(self._transport, self._tokens, timeout, retry_for)
        self._subscriptions: weakref.WeakSet[AsyncSubscription] = weakref.WeakSet()

    async def publish(
        self, topic: Union[str, Sequence[str]], data: Data, event: Optional[str] = None, id: Optional[str] = None,
        retry_ms: Optional[int] = None, comment: bool = False, key: Optional[str] = None, private: bool = False,
    ) -> Published:
        """As Client.publish."""
        return await self._publisher.publish(topic, data, event, id, retry_ms, comment, key, private)

    async def publish_many(
        self, events: Union[Iterable[Mapping[str, Any]], AsyncIterable[Mapping[str, Any]]],
    ) -> PublishedMany:
        """As Client.publish_many, from an async iterable as well. Events wait until there are 500 of them
        or 256 KiB, or the iterable ends: for those that come slowly, use publish()."""
        return await self._publisher.publish_many(events)

    def subscribe(
        self, topics: Union[str, Sequence[str]], *, since: Optional[Since] = None,
        last_event_id: Optional[str] = None, events: Union[str, Sequence[str], None] = None, envelope: bool = False,
        max_data: Optional[int] = None, on_gap: Optional[Callable[[Gap], Reaction]] = None,
        on_comment: Optional[Callable[[str], Reaction]] = None, on_state: Optional[Callable[[State], Reaction]] = None,
        idle_timeout: Optional[float] = 45.0, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> AsyncSubscription:
        """As Client.subscribe, for `async for` and `async with`."""
        subscription = AsyncSubscription(Subscriber(self._transport, self._tokens, Options(
            topics, since, last_event_id, events, envelope, max_data, on_gap, on_comment, on_state, idle_timeout,
            max_event_bytes)))
        self._subscriptions.add(subscription)
        return subscription

    async def aclose(self) -> None:
        """Ends all subscriptions and connections."""
        for subscription in list(self._subscriptions):
            await subscription.aclose()
        await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()


class AsyncSubscription(AsyncIterator[Event]):
    """Iterate over it for events.

    When a task that waits for an event is cancelled, or runs into a timeout, the connection ends at once;
    iterating again resumes on a new one, without loss. aclose() ends it for good, from any task.
    """

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._is_iterating = False

    @property
    def last_event_id(self) -> str:
        """The position after the last event that was handed out; to resume from later."""
        return self._subscriber.last_event_id

    def __aiter__(self) -> AsyncSubscription:
        return self

    async def connect(self) -> AsyncSubscription:
        """Returns when it is connected: what is published from then on comes. Iterating does it by itself."""
        await self._in_turn(self._subscriber.connect)
        return self

    async def __anext__(self) -> Event:
        event = await self._in_turn(self._subscriber.next)
        if event is None:
            raise StopAsyncIteration
        return event

    async def _in_turn(self, step: Callable[[], Awaitable[T]]) -> T:
        if self._is_iterating:
            raise RuntimeError("two tasks iterate over one subscription")
        self._is_iterating = True
        try:
            return await step()
        finally:
            self._is_iterating = False

    async def aclose(self) -> None:
        self._subscriber.stop()
        if not self._is_iterating:  # Else the task that reads ends the connection.
            await self._subscriber.close()

    async def __aenter__(self) -> AsyncSubscription:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # For those who leave a loop by break. Without a loop there is no more than to hang up.
        if self._subscriber.is_closed:
            return
        self._subscriber.stop()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.create_task(self._subscriber.close())
