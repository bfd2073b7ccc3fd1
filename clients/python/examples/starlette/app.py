"""A FastAPI app whose streams are held by ringcast: it publishes, sends browsers to the broker, and reacts to events."""

import contextlib
import os
import pathlib

import httpx
import ringcast
from bridge import on_events, publish, redirect_to_broker, watchers
from fastapi import FastAPI
from fastapi.responses import FileResponse
from sse_starlette import JSONServerSentEvent

URL = os.environ.get("RINGCAST_URL", "http://127.0.0.1:8080")
PUBLIC_URL = os.environ.get("RINGCAST_PUBLIC_URL", URL)  # where browsers reach the broker
TOKEN = os.environ["RINGCAST_TOKEN"]    # this app's own
SECRET = os.environ["RINGCAST_SECRET"]  # signs tokens for browsers: auth.jwt.key
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PAGE = pathlib.Path(__file__).parent.parent / "dashboard.html"


async def set_limit(event):
    app.state.limit = event.json()["limit"]


@contextlib.asynccontextmanager
async def lifespan(app):
    app.state.limit = 100
    async with ringcast.AsyncClient(URL, TOKEN) as client, httpx.AsyncClient(base_url=URL, headers=AUTHORIZED) as http:
        app.state.client, app.state.http = client, http
        async with on_events(client, ["settings"], set_limit, since="-1"):
            yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def page():
    return FileResponse(PAGE)


@app.get("/events")
async def events(last_event_id: str = ""):  # who may not read gets a 403 here, before there is a stream
    return redirect_to_broker(PUBLIC_URL, ["readings"], SECRET, since="-10", last_event_id=last_event_id)


@app.post("/readings", status_code=202)
async def reading(body: dict):
    kind = "alarm" if body["value"] > app.state.limit else "reading"
    published = await publish(app.state.client, "readings", JSONServerSentEvent(body, event=kind))
    return {"id": published.id}


@app.get("/status")
async def status():
    return {"limit": app.state.limit, "watchers": await watchers(app.state.http, "readings")}
