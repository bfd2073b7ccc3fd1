"""Bocadillo, to be asked by the tests. See answering.py."""

import asyncio

import bocadillo
import bridge
import ringcast
from answering import ORIGIN, answer_all, never, serve_asgi, streams
from bocadillo import App, configure

app = App()
configure(app, cors={"allow_origins": [ORIGIN], "allow_methods": ["GET"]})
background = []
client = ringcast.AsyncClient()


def wire(*args, **kwargs):
    return bocadillo.server_event(*args, **kwargs).encode()


async def publish(*args, **kwargs):
    return await bridge.publish(client, "t", bridge.server_event(*args, **kwargs))


def location(topics, secret, expires_in=300, **parameters):
    class Response:
        headers = {}
    bridge.redirect_to_broker(Response, "http://broker", topics, secret, expires_in, **parameters)
    return Response.headers["location"]


@app.route("/stream")
async def stream(req, res):
    @res.event_stream
    async def events():
        with streams:
            yield bocadillo.server_event("hello", data=req.headers.get("Last-Event-ID", "none"))
            await never()


def ticking(**options):
    async def view(req, res):
        @res.event_stream(**options)
        async def events():
            with streams:
                while True:
                    yield bocadillo.server_event(data="tick")
                    await asyncio.sleep(0.01)
    return view


app.route("/ticking")(ticking())
app.route("/ticking-told")(ticking(raise_on_disconnect=True))


@app.route("/short")
async def short(req, res):
    @res.event_stream
    async def events():
        yield bocadillo.server_event(data="only")

    @res.background
    async def after():
        background.append("ran")


@app.route("/failing")
async def failing(req, res):
    @res.event_stream
    async def events():
        yield bocadillo.server_event(data="before")
        raise RuntimeError("the handler failed")


@app.route("/refused")
async def refused(req, res):
    res.status_code = 401


@app.route("/custom")
async def custom(req, res):
    res.headers["X-Custom"] = "1"

    @res.event_stream
    async def events():
        yield bocadillo.server_event(data="only")


async def serve():
    return await serve_asgi(app)


if __name__ == "__main__":
    answer_all(globals())
