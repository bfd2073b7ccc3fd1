"""sse-starlette, to be asked by the tests. See answering.py."""

import asyncio

import bridge
import fastapi.sse
import ringcast
from answering import ORIGIN, answer_all, never, serve_asgi, streams
from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent
from sse_starlette.event import ensure_bytes
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

background, closed = [], []
client = ringcast.AsyncClient()


def wire(*args, **kwargs):
    return ServerSentEvent(*args, **kwargs).encode()


def json_wire(*args, **kwargs):
    return JSONServerSentEvent(*args, **kwargs).encode()


def item_wire(item):
    return ensure_bytes(item, "\r\n")


async def publish_item(item):
    return await bridge.publish(client, "t", item)


async def publish(*args, **kwargs):
    return await publish_item(ServerSentEvent(*args, **kwargs))


async def publish_fastapi(**kwargs):
    return await publish_item(fastapi.sse.ServerSentEvent(**kwargs))


def location(topics, secret, expires_in=300, **parameters):
    return bridge.redirect_to_broker("http://broker", topics, secret, expires_in, **parameters).headers["location"]


async def stream(request):
    async def events():
        with streams:
            yield ServerSentEvent(request.headers.get("Last-Event-ID", "none"), event="hello")
            await never()

    async def note(message):
        closed.append(message["type"])
    return EventSourceResponse(events(), client_close_handler_callable=note)


async def ticking(request):
    async def events():
        with streams:
            while True:
                yield "tick"
                await asyncio.sleep(0.01)
    return EventSourceResponse(events())


async def short(request):
    async def events():
        yield "only"
    return EventSourceResponse(events(), background=BackgroundTask(background.append, "ran"))


async def failing(request):
    async def events():
        yield "before"
        raise RuntimeError("the handler failed")
    return EventSourceResponse(events())


async def refused(request):
    return PlainTextResponse("no", 401)


async def custom(request):
    async def events():
        yield "only"
    return EventSourceResponse(events(), headers={"X-Custom": "1"})


async def pinging(request):
    async def events():
        await never()
        yield
    return EventSourceResponse(events(), ping=0.05)


app = Starlette(
    routes=[Route(f"/{view.__name__}", view) for view in (stream, ticking, short, failing, refused, custom, pinging)],
    middleware=[Middleware(CORSMiddleware, allow_origins=[ORIGIN])])


async def serve():
    return await serve_asgi(app)


async def _call(response, send):
    async def receive():
        await never()
    await response({"type": "http", "method": "GET"}, receive, send)


async def sends_to_a_stuck_client(timeout):
    """Raises what sse-starlette raises when the server's send() does not return."""
    async def events():
        yield "x"

    async def send(message):
        if message["type"] == "http.response.body":
            await never()
    await _call(EventSourceResponse(events(), send_timeout=timeout), send)


async def sends_at_a_time():
    """How many sends are under way when a ping is due while data is being sent."""
    under_way, both = [], asyncio.Event()

    async def events():
        yield "x"

    async def send(message):
        if message["type"] == "http.response.body":
            under_way.append(message["body"])
            if len(under_way) == 2:
                both.set()
            await never()
    task = asyncio.create_task(_call(EventSourceResponse(events(), ping=0.05), send))
    await both.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return len(under_way)


if __name__ == "__main__":
    answer_all(globals())
