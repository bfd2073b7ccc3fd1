"""BlackSheep's server-sent events, on streams that the broker holds. Copy it into your app."""

import asyncio
import contextlib
import json
import logging
import urllib.parse

import ringcast
from blacksheep import Response
from blacksheep.server.sse import TextServerSentEvent

log = logging.getLogger(__name__)


async def publish(client, topic, event):
    """Publishes a ServerSentEvent or TextServerSentEvent that you yielded; its `comment` as an event of its own before.

    JSON is what BlackSheep's settings make of the data. Unlike there, 0, False, "", [] and {} are sent, a text may have lines, and
    NaN is a ValueError. Returns the ringcast.Published, or None when data is None. Raises ringcast.RingcastError.
    """
    if event.comment is not None:
        await client.publish(topic, event.comment, comment=True)
    if event.data is None:
        return None
    return await client.publish(
        topic, _text(event), event=event.event, id=event.id, retry_ms=None if event.retry < 0 else event.retry)


def _text(event):
    if isinstance(event, TextServerSentEvent):
        return event.data
    json.loads(text := event.write_data(), parse_constant=_refuse)
    return text


def _refuse(constant):
    raise ValueError(f"data has {constant}, which JSON does not have")


def redirect_to_broker(url, topics, secret, expires_in=300, **parameters):
    """The answer that sends an EventSource to the broker, with a token for `topics` that counts `expires_in` seconds.

    `parameters` are those of GET /events; empty ones are left out. The stream ends with its token, and the browser cannot come
    back with that one: the page has to ask this app again, with the last id that it has seen as `last_event_id`.
    """
    token = ringcast.make_token(secret, subscribe=topics, expires_in=expires_in)
    given = {name: value for name, value in {**parameters, "access_token": token}.items() if value}
    query = urllib.parse.urlencode({"topic": topics, **given}, doseq=True)
    return Response(307, [(b"Location", f"{url}/events?{query}".encode()), (b"Cache-Control", b"no-store")])


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
