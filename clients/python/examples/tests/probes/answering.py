"""The half of a probe that is the same for every framework: answers expressions, one a line.

The tests start `python <framework>_probe.py` in the framework's own virtual environment and write Python expressions;
each is evaluated with the probe's names and answered as JSON: {"value": …} or {"error": "TypeError: …"}. Bytes come as
Latin-1, awaitables are awaited. Each probe has `wire(…)`, the bytes that the framework writes for one event; `publish(…)`,
the same event through the example's bridge to the broker at RINGCAST_URL, in the topic "t"; and `serve()`, which starts an
app of the framework with streams of all kinds and returns its URL. `streams` tells how they went.
"""

import asyncio
import datetime
import inspect
import json
import sys

ORIGIN = "https://page.example"  # whose pages the probe's app lets in


class Streams:
    """What became of the handlers that hold a stream each."""

    def __init__(self):
        self.started, self.running, self.ended = 0, 0, []

    def __enter__(self):
        self.started += 1
        self.running += 1

    def __exit__(self, kind, error, trace):
        self.running -= 1
        self.ended.append(kind.__name__ if kind else "returned")

    def told(self):
        return {"started": self.started, "running": self.running, "ended": self.ended}


streams = Streams()


async def never():
    await asyncio.Event().wait()


async def serve_asgi(app):
    """Runs the app with uvicorn on a free port, in this loop, and returns its URL."""
    import uvicorn
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    server.task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def _value(expression, names):
    value = eval(expression, names)  # The expressions are those of our own tests.
    return await value if inspect.isawaitable(value) else value


async def _answer_all(names):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            value = await _value(json.loads(line), names)
            text = json.dumps({"value": value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else value})
        except Exception as error:
            text = json.dumps({"error": f"{type(error).__name__}: {error}"})
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def answer_all(names):
    asyncio.run(_answer_all({**names, "asyncio": asyncio, "datetime": datetime}))
