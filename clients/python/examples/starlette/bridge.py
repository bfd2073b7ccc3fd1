"""sse-starlette's events, on streams that the broker holds. For Starlette and FastAPI; copy it into your app."""

import asyncio
import contextlib
import json
import logging
import urllib.parse

import ringcast
from sse_starlette import ServerSentEvent
from starlette.responses import RedirectResponse

log = logging.getLogger(__name__)


async def publish(client, topic, item):
    """Publishes what you yielded: a ServerSentEvent of sse-starlette or of fastapi.sse, a dict of its fields, or data.

    Data is JSON unless it is text or bytes; with fastapi.sse always. A comment goes before it, as an event of its own.
    Returns the ringcast.Published, or None without data. Raises ringcast.RingcastError.
    """
    if isinstance(item, dict):
        item = ServerSentEvent(**item)
    elif not isinstance(item, ServerSentEvent) and not hasattr(item, "raw_data"):
        item = ServerSentEvent(item)
    if item.comment is not None:
        await client.publish(topic, item.comment, comment=True)
    data = _data(item)
    if data is None:
        return None
    return await client.publish(topic, data, event=item.event, id=item.id, retry_ms=item.retry)


def _data(item):
    if not hasattr(item, "raw_data") or item.data is None:
        return getattr(item, "raw_data", item.data)
    return json.dumps(item.model_dump(mode="json")["data"], ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def redirect_to_broker(url, topics, secret, expires_in=300, **parameters):
    """The answer that sends an EventSource to the broker, with a token for `topics` that counts `expires_in` seconds.

    `parameters` are those of GET /events; empty ones are left out. The stream ends with its token, and the browser cannot come
    back with that one: the page has to ask this app again, with the last id that it has seen as `last_event_id`.
    """
    token = ringcast.make_token(secret, subscribe=topics, expires_in=expires_in)
    given = {name: value for name, value in {**parameters, "access_token": token}.items() if value}
    query = urllib.parse.urlencode({"topic": topics, **given}, doseq=True)
    return RedirectResponse(f"{url}/events?{query}", 307, {"Cache-Control": "no-store"})


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
