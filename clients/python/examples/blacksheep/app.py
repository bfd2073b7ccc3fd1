"""A BlackSheep app whose streams are held by ringcast: it publishes, sends browsers to the broker, and reacts to events."""

import os
import pathlib

import httpx
import ringcast
from blacksheep import Application, FromJSON, accepted, get, html, json, post
from blacksheep.server.sse import ServerSentEvent
from bridge import on_events, publish, redirect_to_broker, watchers

URL = os.environ.get("RINGCAST_URL", "http://127.0.0.1:8080")
PUBLIC_URL = os.environ.get("RINGCAST_PUBLIC_URL", URL)  # where browsers reach the broker
TOKEN = os.environ["RINGCAST_TOKEN"]    # this app's own
SECRET = os.environ["RINGCAST_SECRET"]  # signs tokens for browsers: auth.jwt.key
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PAGE = pathlib.Path(__file__).parent.parent / "dashboard.html"

app = Application()
settings = {"limit": 100}


async def set_limit(event):
    settings["limit"] = event.json()["limit"]


@app.lifespan
async def connect():
    async with ringcast.AsyncClient(URL, TOKEN) as client, httpx.AsyncClient(base_url=URL, headers=AUTHORIZED) as http:
        app.services.register(ringcast.AsyncClient, instance=client)
        app.services.register(httpx.AsyncClient, instance=http)
        async with on_events(client, ["settings"], set_limit, since="-1"):
            yield


@get("/")
async def page():
    return html(PAGE.read_text(encoding="utf-8"))


@get("/events")
async def events(last_event_id: str = ""):  # who may not read gets a 403 here, before there is a stream
    return redirect_to_broker(PUBLIC_URL, ["readings"], SECRET, since="-10", last_event_id=last_event_id)


@post("/readings")
async def reading(body: FromJSON[dict], client: ringcast.AsyncClient):
    kind = "alarm" if body.value["value"] > settings["limit"] else "reading"
    published = await publish(client, "readings", ServerSentEvent(body.value, event=kind))
    return accepted({"id": published.id})


@get("/status")
async def status(http: httpx.AsyncClient):
    return json({**settings, "watchers": await watchers(http, "readings")})
