"""The only place that knows httpx: requests and streams, blocking and on asyncio.

What ringcast does is written once, as coroutines over Transport. On BlockingTransport they never
suspend, and run_blocking() runs them to their end at once.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
import threading
import time
from typing import (
    Any, AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Coroutine, Dict, Iterable, Iterator, Mapping,
    NamedTuple, Optional, Tuple, TypeVar, Union,
)

import httpx

from ._endpoint import Endpoint, certificates
from ._errors import UnreachableError
from ._version import __version__

T = TypeVar("T")

_MOST_OF_AN_ERROR_BODY = 64 * 1024


class Request(NamedTuple):
    method: str
    path: str
    query: Tuple[Tuple[str, str], ...] = ()
    headers: Mapping[str, Union[str, bytes]] = {}
    body: bytes = b""
    read_timeout: Optional[float] = None
    """Seconds of silence to bear; None is for ever."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def run_blocking(steps: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError("something asynchronous was awaited in a blocking client")


def unreachable(error: Exception) -> UnreachableError:
    """What an error of httpx means, and whether trying again can help."""
    is_final = not isinstance(
        error, (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError,
                httpx.StreamError))
    cause: Optional[BaseException] = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnreachableError(f"the certificate is not trusted: {cause.verify_message}", is_final=True)
        cause = cause.__cause__ or cause.__context__
    return UnreachableError(str(error) or type(error).__name__, is_final)


class _Http:
    """What both transports make of an endpoint and a request."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._base_url = endpoint.base_url
        self._timeout = timeout
        self._options: Dict[str, Any] = {
            "headers": {"User-Agent": f"ringcast-python/{__version__}"},
            "trust_env": not endpoint.is_local,
            "verify": certificates(endpoint),
            # Each subscription holds a connection as long as it lives: a bound would let later ones hang.
            "limits": httpx.Limits(max_connections=None, max_keepalive_connections=20),
        }

    def _arguments(self, request: Request) -> Dict[str, Any]:
        return {
            "method": request.method, "url": self._base_url + request.path, "params": list(request.query),
            "headers": dict(request.headers), "content": request.body,
            "timeout": httpx.Timeout(self._timeout, read=request.read_timeout),
        }


class _Stream:
    """An answer whose body is still coming. One task or thread reads it; abort() may come from others."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def abort(self) -> None:
        """Ends the connection now; who waits for its bytes sees the end."""
        network = self._response.extensions.get("network_stream")
        raw = network.get_extra_info("socket") if network is not None else None
        if raw is None:
            return
        try:
            if isinstance(raw, socket.socket):
                # SSLSocket.shutdown() would take the TLS state away from who is reading.
                socket.socket.shutdown(raw, socket.SHUT_RDWR)
            else:  # What event loops show of a socket need not have shutdown(): uvloop's has none.
                with socket.fromfd(raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as twin:
                    twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It has ended already.


class BlockingStream(_Stream):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response)
        self._chunks: Iterator[bytes] = response.iter_raw()

    async def read(self) -> bytes:
        """What has come; empty at the end. UnreachableError when the connection breaks or is silent."""
        try:
            return next(self._chunks, b"")
        except (httpx.TransportError, httpx.StreamError) as error:
            raise unreachable(error) from error

    async def close(self) -> None:
        self._response.close()


class AsyncStream(_Stream):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response)
        self._chunks: AsyncIterator[bytes] = response.aiter_raw()

    async def read(self) -> bytes:
        try:
            return await self._chunks.__anext__()
        except StopAsyncIteration:
            return b""
        except (httpx.TransportError, httpx.StreamError) as error:
            raise unreachable(error) from error

    async def close(self) -> None:
        await self._response.aclose()
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()  # Else the loop has to, later.


Stream = Union[BlockingStream, AsyncStream]


async def rest_of(stream: Stream) -> bytes:
    """The body of an error: as much as comes, and can be meant to be read."""
    body = b""
    try:
        while len(body) < _MOST_OF_AN_ERROR_BODY:
            chunk = await stream.read()
            if not chunk:
                break
            body += chunk
    except UnreachableError:
        pass  # The status says enough.
    return body


class BlockingBell:
    """Wakes a wait in another thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        self._event.wait(seconds)


class AsyncBell:
    """Wakes a wait in another task."""

    def __init__(self) -> None:
        self._has_rung = False
        self._event: Optional[asyncio.Event] = None  # Made in its loop: before 3.10 it belongs to one.

    def ring(self) -> None:
        self._has_rung = True
        if self._event is not None:
            self._event.set()

    async def wait(self, seconds: float) -> None:
        if self._has_rung:
            return
        self._event = asyncio.Event()
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except asyncio.TimeoutError:
            pass


class BlockingTransport(_Http):
    def __init__(self, endpoint: Endpoint, timeout: float, http: Optional[httpx.Client]) -> None:
        super().__init__(endpoint, timeout)
        self._owns_http = http is None
        if http is None:
            route = httpx.HTTPTransport(uds=endpoint.unix_path) if endpoint.unix_path else None
            http = httpx.Client(transport=route, **self._options)
        self._http = http

    async def send(self, request: Request) -> Answer:
        """The whole answer. UnreachableError if there is none."""
        try:
            response = self._http.request(**self._arguments(request))
        except httpx.TransportError as error:
            raise unreachable(error) from error
        return Answer(response.status_code, response.headers, response.content)

    async def open(self, request: Request) -> BlockingStream:
        """The head of the answer, with the body to come. UnreachableError if there is none."""
        try:
            built = self._http.build_request(**self._arguments(request))
            return BlockingStream(self._http.send(built, stream=True))
        except httpx.TransportError as error:
            raise unreachable(error) from error

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def settle(self, value: Union[T, Awaitable[T]]) -> T:
        """What a callback has returned."""
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise TypeError("an async callback needs AsyncClient")
        return value

    def pull(self, items: Iterable[T]) -> AsyncIterator[T]:
        if not hasattr(items, "__iter__"):
            raise TypeError("publish_many needs an iterable; AsyncClient takes async ones")
        return _from_sync(items)

    def bell(self) -> BlockingBell:
        return BlockingBell()

    async def close(self) -> None:
        if self._owns_http:
            self._http.close()


class AsyncTransport(_Http):
    def __init__(self, endpoint: Endpoint, timeout: float, http: Optional[httpx.AsyncClient]) -> None:
        super().__init__(endpoint, timeout)
        self._owns_http = http is None
        if http is None:
            route = httpx.AsyncHTTPTransport(uds=endpoint.unix_path) if endpoint.unix_path else None
            http = httpx.AsyncClient(transport=route, **self._options)
        self._http = http

    async def send(self, request: Request) -> Answer:
        try:
            response = await self._http.request(**self._arguments(request))
        except httpx.TransportError as error:
            raise unreachable(error) from error
        return Answer(response.status_code, response.headers, response.content)

    async def open(self, request: Request) -> AsyncStream:
        try:
            built = self._http.build_request(**self._arguments(request))
            return AsyncStream(await self._http.send(built, stream=True))
        except httpx.TransportError as error:
            raise unreachable(error) from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def settle(self, value: Union[T, Awaitable[T]]) -> T:
        return await value if inspect.isawaitable(value) else value

    def pull(self, items: Union[Iterable[T], AsyncIterable[T]]) -> AsyncIterator[T]:
        return items.__aiter__() if isinstance(items, AsyncIterable) else _from_sync(items)

    def bell(self) -> AsyncBell:
        return AsyncBell()

    async def close(self) -> None:
        if self._owns_http:
            await self._http.aclose()


Transport = Union[BlockingTransport, AsyncTransport]


async def _from_sync(items: Iterable[T]) -> AsyncIterator[T]:
    for item in items:
        yield item
