"""A Bocadillo app whose streams are held by ringcast: it publishes, sends browsers to the broker, and reacts to events."""

import contextlib
import os
import pathlib

import httpx
import ringcast
from bocadillo import App, configure
from bridge import on_events, publish, redirect_to_broker, server_event, watchers

URL = os.environ.get("RINGCAST_URL", "http://127.0.0.1:8080")
PUBLIC_URL = os.environ.get("RINGCAST_PUBLIC_URL", URL)  # where browsers reach the broker
TOKEN = os.environ["RINGCAST_TOKEN"]    # this app's own
SECRET = os.environ["RINGCAST_SECRET"]  # signs tokens for browsers: auth.jwt.key
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PAGE = pathlib.Path(__file__).parent.parent / "dashboard.html"

app = App()
configure(app)
client = ringcast.AsyncClient(URL, TOKEN)
http = httpx.AsyncClient(base_url=URL, headers=AUTHORIZED)
ends_with_app = contextlib.AsyncExitStack()
settings = {"limit": 100}


async def set_limit(event):
    settings["limit"] = event.json()["limit"]


@app.on("startup")
async def start():
    await ends_with_app.enter_async_context(client)
    await ends_with_app.enter_async_context(http)
    await ends_with_app.enter_async_context(on_events(client, ["settings"], set_limit, since="-1"))


@app.on("shutdown")
async def stop():
    await ends_with_app.aclose()


@app.route("/")
async def page(req, res):
    res.html = PAGE.read_text(encoding="utf-8")


@app.route("/events")
async def events(req, res):  # who may not read gets a 403 here, before there is a stream
    redirect_to_broker(res, PUBLIC_URL, ["readings"], SECRET, since="-10", last_event_id=req.query_params.get("last_event_id"))


@app.route("/readings", methods=["POST"])
async def reading(req, res):
    body = await req.json()
    kind = "alarm" if body["value"] > settings["limit"] else "reading"
    published = await publish(client, "readings", server_event(kind, json=body))
    res.status_code = 202
    res.json = {"id": published.id}


@app.route("/status")
async def status(req, res):
    res.json = {**settings, "watchers": await watchers(http, "readings")}
