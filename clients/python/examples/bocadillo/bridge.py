"""Bocadillo's server_event, on streams that the broker holds. Copy it into your app."""

import asyncio
import contextlib
import logging
import urllib.parse
from json import dumps

import ringcast

log = logging.getLogger(__name__)


def server_event(name=None, *, data=None, json=None, id=None):
    """What you gave Bocadillo's server_event, as fields for publish(). `data` is a text or a sequence of lines.

    Raises ValueError for NaN in `json`, and where there is no data: such an event reaches no listener.
    """
    if json is not None:
        data = dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    elif isinstance(data, (list, tuple)):
        data = "\n".join(data)
    if not isinstance(data, (str, bytes)):
        raise ValueError(f"data is a text or a list of lines, not {data!r}; other values go into json=")
    return {"data": data, "event": name, "id": None if id is None else str(id)}


async def publish(client, topic, event):
    """Publishes a server_event() of this file. Returns the ringcast.Published; raises ringcast.RingcastError."""
    return await client.publish(topic, **event)


def redirect_to_broker(res, url, topics, secret, expires_in=300, **parameters):
    """Makes `res` the answer that sends an EventSource to the broker, with a token for `topics` that counts `expires_in` seconds.

    `parameters` are those of GET /events; empty ones are left out. The stream ends with its token, and the browser cannot come
    back with that one: the page has to ask this app again, with the last id that it has seen as `last_event_id`.
    """
    token = ringcast.make_token(secret, subscribe=topics, expires_in=expires_in)
    given = {name: value for name, value in {**parameters, "access_token": token}.items() if value}
    query = urllib.parse.urlencode({"topic": topics, **given}, doseq=True)
    res.status_code = 307
    res.headers = {"location": f"{url}/events?{query}", "cache-control": "no-store"}


@contextlib.asynccontextmanager
async def on_events(client, topics, handler, **options):
    """Calls `await handler(event)` for each event in turn until the block ends; `options` are those of client.subscribe().

    What the handler raises is logged, and the next event comes.
    """
    async def run():
        async for event in client.subscribe(topics, **options):
            try:
                await handler(event)
            except Exception:
                log.exception("the handler of %s failed at event %s", topics, event.id)

    task = asyncio.create_task(run())
    task.add_done_callback(
        lambda ended: ended.cancelled() or log.error("no events of %s any more", topics, exc_info=ended.exception()))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def watchers(http, topic):
    """How many streams the topic has. `http`: httpx.AsyncClient of the broker; its token has `admin: [topics]` and may subscribe."""
    answer = await http.get(f"/topics/{urllib.parse.quote(topic, safe='')}")
    return 0 if answer.status_code == 404 else answer.raise_for_status().json()["subscribers"]
