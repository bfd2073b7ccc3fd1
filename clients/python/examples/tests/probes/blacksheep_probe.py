"""BlackSheep, to be asked by the tests. See answering.py."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterable

import blacksheep.server.application
import blacksheep.server.process
import blacksheep.server.sse
import bridge
import ringcast
from answering import ORIGIN, answer_all, never, serve_asgi, streams
from blacksheep import Application, Request, get, text
from blacksheep.contents import ServerSentEvent, TextServerSentEvent
from blacksheep.scribe import write_sse
from blacksheep.server.sse import ServerSentEventsResponse
from blacksheep.settings.json import json_settings

app = Application()
app.use_cors(allow_methods="GET", allow_origins=ORIGIN)
client = ringcast.AsyncClient()


def wire(*args, **kwargs):
    return write_sse(ServerSentEvent(*args, **kwargs))


def text_wire(*args, **kwargs):
    return write_sse(TextServerSentEvent(*args, **kwargs))


async def _publish(event):
    return await bridge.publish(client, "t", event)


async def publish(*args, **kwargs):
    return await _publish(ServerSentEvent(*args, **kwargs))


async def publish_text(*args, **kwargs):
    return await _publish(TextServerSentEvent(*args, **kwargs))


def location(topics, secret, expires_in=300, **parameters):
    return bridge.redirect_to_broker("http://broker", topics, secret, expires_in, **parameters).headers.get_first(b"Location").decode()


@get("/stream")
async def stream(request: Request) -> AsyncIterable[ServerSentEvent]:
    with streams:
        yield TextServerSentEvent((request.headers.get_first(b"Last-Event-ID") or b"none").decode(), event="hello")
        await never()


@get("/ticking")
async def ticking(request: Request) -> AsyncIterable[ServerSentEvent]:
    with streams:
        while not await request.is_disconnected():
            yield ServerSentEvent("tick")
            await asyncio.sleep(0.01)


@get("/short")
async def short() -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent("only")


@get("/failing")
async def failing() -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent("before")
    raise RuntimeError("the handler failed")


@get("/refused")
async def refused():
    return text("no", 401)


@get("/custom")
async def custom():
    return ServerSentEventsResponse(short, headers=[(b"X-Custom", b"1")])


async def serve():
    return await serve_asgi(app)


def is_stopping_and_warnings():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stopping = blacksheep.server.process.is_stopping()
    return [stopping, [each.category.__name__ for each in caught]]


async def publish_with_own_json(value):
    """Publishes with another serialiser in BlackSheep's settings, as an app can set one."""
    json_settings.use(dumps=lambda value: json.dumps(value, indent=1))
    try:
        await publish(value)
        return wire(value)
    finally:
        json_settings.use()


if __name__ == "__main__":
    answer_all(globals())
