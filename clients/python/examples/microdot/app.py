"""A Microdot app whose streams are held by ringcast: it publishes, sends browsers to the broker, and reacts to events.

For CPython and MicroPython: python app.py [PORT]
"""

import asyncio
import json
import os
import sys

from bridge import TopicSSE, on_events, redirect_to_broker
from microdot import Microdot, send_file
from ringcast_micro import EventSource, Publisher

URL = os.getenv("RINGCAST_URL") or "http://127.0.0.1:8080"
PUBLIC_URL = os.getenv("RINGCAST_PUBLIC_URL") or URL  # where browsers reach the broker
TOKEN = os.getenv("RINGCAST_TOKEN")    # this app's own
SECRET = os.getenv("RINGCAST_SECRET")  # signs tokens for browsers: auth.jwt.key; on MicroPython none
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000

app = Microdot()
readings = TopicSSE(Publisher(URL, TOKEN), "readings")
settings = {"limit": 100}


async def set_limit(event):
    settings["limit"] = json.loads(event.data)["limit"]


@app.get("/")
async def page(request):
    return send_file("../dashboard.html")


@app.get("/events")
async def events(request):  # who may not read gets a 403 here, before there is a stream
    return redirect_to_broker(PUBLIC_URL, ["readings"], SECRET, since="-10", last_event_id=request.args.get("last_event_id"))


@app.post("/readings")
async def reading(request):
    kind = "alarm" if request.json["value"] > settings["limit"] else "reading"
    return {"id": await readings.send(request.json, event=kind)}, 202


@app.get("/status")
async def status(request):
    return settings


async def main():
    loop = asyncio.get_event_loop()
    if hasattr(loop, "add_signal_handler"):  # CPython
        loop.add_signal_handler(15, app.shutdown)
    watching = asyncio.create_task(on_events(EventSource(URL, "settings", TOKEN, since="-1"), set_limit))
    try:
        print("running on http://127.0.0.1:%d" % PORT)
        await app.start_server("127.0.0.1", PORT)
    finally:
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(main())
