"""Microdot, to be asked by the tests. See answering.py."""

import asyncio
import os

import ringcast
import ringcast_micro
from answering import ORIGIN, answer_all, never, streams
from microdot import Microdot
from microdot.cors import CORS
from microdot.sse import SSE, sse_response, with_sse
from microdot.test_client import TestClient
from bridge import TopicSSE, redirect_to_broker

app = Microdot()
client = ringcast.AsyncClient()
publisher = ringcast_micro.Publisher(os.environ["RINGCAST_URL"])
CORS(app, allowed_origins=[ORIGIN])


async def wire(*args, **kwargs):
    sse = SSE()
    await sse.send(*args, **kwargs)
    return sse.queue.pop()


async def publish(*args, **kwargs):
    return await TopicSSE(publisher, "t").send(*args, **kwargs)


def location(topics, secret, expires_in=300, **parameters):
    return redirect_to_broker("http://broker", topics, secret, expires_in, **parameters).headers["Location"]


@app.get("/stream")
@with_sse
async def stream(request, sse):
    with streams:
        await sse.send(request.headers.get("Last-Event-ID", "none"), event="hello")
        await never()


@app.get("/ticking")
@with_sse
async def ticking(request, sse):
    with streams:
        while True:
            await sse.send("tick")
            await asyncio.sleep(0.01)


@app.get("/short")
@with_sse
async def short(request, sse):
    await sse.send("only")


@app.get("/failing")
@with_sse
async def failing(request, sse):
    await sse.send("before")
    raise RuntimeError("the handler failed")


@app.get("/refused")
async def refused(request):
    return "no", 401


@app.get("/custom")
async def custom(request):
    async def once(request, sse):
        await sse.send("only")
    body, status, headers = sse_response(request, once)
    return body, status, {**headers, "X-Custom": "1"}


async def serve():
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    await server.start_serving()
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def sends_without_reader(count):
    """How many events wait in the queue after so many sends that nobody reads."""
    sse = SSE()
    for _ in range(count):
        await sse.send("x" * 1000)
    return len(sse.queue)


async def shutdown_ends_a_stream():
    """Whether app.shutdown() tells a handler; asked in an app of its own."""
    other, running = Microdot(), asyncio.Event()
    other_task = []

    @other.get("/")
    @with_sse
    async def handler(request, sse):
        other_task.append(asyncio.current_task())
        running.set()
        await never()
    server = await other.start_server("127.0.0.1", 0, start_serving=False)
    await server.start_serving()
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await running.wait()
    other.shutdown()
    for _ in range(100):  # So many turns of the loop, in each of which it could be cancelled.
        await asyncio.sleep(0)
    ended = other_task[0].done()
    writer.close()
    return ended


async def events_of_test_client(body):
    """What Microdot's test client makes of a stream."""
    other = Microdot()

    @other.get("/")
    async def index(request):
        return body, 200, {"Content-Type": "text/event-stream"}
    return [event["data"].decode() for event in (await TestClient(other).get("/")).events]


if __name__ == "__main__":
    answer_all(globals())
