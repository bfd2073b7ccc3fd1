"""The blocking client."""

from __future__ import annotations

import threading
import weakref
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence, Type, Union

import httpx

from ._conversation import TokenSource
from ._encoding import Data
from ._endpoint import Token, parse_endpoint, token_or_environment
from ._event_stream import DEFAULT_MAX_EVENT_BYTES
from ._publishing import Publisher
from ._subscribing import Options, Since, Subscriber
from ._transport import BlockingTransport, run_blocking
from ._values import Event, Gap, Published, PublishedMany, State


class Client:
    """Publishes and subscribes; threads may share one.

    `url` is http://…, https://… or unix:/path.sock, by default RINGCAST_URL, else http://127.0.0.1:8080.
    `token` is a text, or a function that is asked for one for each request, by default RINGCAST_TOKEN.
    `timeout` is in seconds, for connecting and for an answer; `retry_for`, too: so long a publish is
    repeated after failures that may pass. `http` is a client of your own, with proxies or certificates;
    it is not closed here.
    """

    def __init__(
        self, url: Optional[str] = None, token: Optional[Token] = None, *, timeout: float = 10.0,
        retry_for: float = 30.0, http: Optional[httpx.Client] = None,
    ) -> None:
        self._transport = BlockingTransport(parse_endpoint(url), timeout, http)
        self._tokens = TokenSource(self._transport, token_or_environment(token))
        self._publisher = Publisher(self._transport, self._tokens, timeout, retry_for)
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()

    def publish(
        self, topic: Union[str, Sequence[str]], data: Data, event: Optional[str] = None, id: Optional[str] = None,
        retry_ms: Optional[int] = None, comment: bool = False, key: Optional[str] = None, private: bool = False,
    ) -> Published:
        """Publishes one event in a topic, or in several; returns when the broker has it.

        `data` as str or bytes is sent as it is, anything else as compact JSON. `event` is its type, `id` an
        id of your own, `retry_ms` how long readers wait before they reconnect. With `comment`, the data is
        a comment, which is not stored. `key` is an idempotency key: for 5 minutes, the broker stores one
        event with it. Without, there is a new key for each call, so that repeating it is safe. `private`
        keeps the event from readers without a token.

        InvalidEventError before anything is sent, PublishError when it is refused, UnreachableError.
        """
        return run_blocking(self._publisher.publish(topic, data, event, id, retry_ms, comment, key, private))

    def publish_many(self, events: Iterable[Mapping[str, Any]]) -> PublishedMany:
        """Publishes mappings with the names of publish()'s arguments, in order, many in a request.

        It stops at the first that is bad or refused: the error has its `index`; `accepted` before it stand.
        """
        return run_blocking(self._publisher.publish_many(events))

    def subscribe(
        self, topics: Union[str, Sequence[str]], *, since: Optional[Since] = None,
        last_event_id: Optional[str] = None, events: Union[str, Sequence[str], None] = None, envelope: bool = False,
        max_data: Optional[int] = None, on_gap: Optional[Callable[[Gap], None]] = None,
        on_comment: Optional[Callable[[str], None]] = None, on_state: Optional[Callable[[State], None]] = None,
        idle_timeout: Optional[float] = 45.0, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> Subscription:
        """An iterator of the events of topics and patterns, which reconnects and resumes by itself.

        `last_event_id` or else `since` (latest, earliest, -10, 10m, a datetime) says where to start;
        `events` are the types wanted; with `envelope`, events have their topic and time; data above
        `max_data` bytes is left out by the broker, above `max_event_bytes` here (Event.oversize). A
        connection that is silent for `idle_timeout` seconds is taken for dead; None: never. Gaps are
        logged if there is no `on_gap`.

        Iterating raises RefusedError for what is final: 400, 401 with a token that cannot be renewed,
        403, 404. Close the subscription, or use it in a with statement.
        """
        subscription = Subscription(Subscriber(self._transport, self._tokens, Options(
            topics, since, last_event_id, events, envelope, max_data, on_gap, on_comment, on_state, idle_timeout,
            max_event_bytes)))
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """Ends all subscriptions and connections."""
        for subscription in list(self._subscriptions):
            subscription.close()
        run_blocking(self._transport.close())

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.close()


class Subscription(Iterator[Event]):
    """Iterate over it for events. close() may come from any thread, and ends the iteration at once."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._turn = threading.RLock()

    @property
    def last_event_id(self) -> str:
        """The position after the last event that was handed out; to resume from later."""
        return self._subscriber.last_event_id

    def connect(self) -> Subscription:
        """Returns when it is connected: what is published from then on comes. Iterating does it by itself."""
        with self._turn:
            run_blocking(self._subscriber.connect())
        return self

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Event:
        with self._turn:
            event = run_blocking(self._subscriber.next())
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        self._subscriber.stop()
        if self._turn.acquire(blocking=False):  # Else the thread that reads ends the connection.
            try:
                run_blocking(self._subscriber.close())
            finally:
                self._turn.release()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._subscriber.is_closed:
            self.close()  # For those who leave a loop by break.
