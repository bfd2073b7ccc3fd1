"""Microdot's sse.send(), to all who watch a topic. For CPython and MicroPython; copy it into your app."""


class TopicSSE:
    """What `sse` was in a handler, for all subscribers of `topic` at once. Any number of handlers may share it.

    `publisher` is a ringcast_micro.Publisher.
    """

    def __init__(self, publisher, topic):
        self.publisher = publisher
        self.topic = topic

    async def send(self, data, event=None, event_id=None, retry=None, comment=False):
        """As Microdot's: dict and list become JSON, other values text; `retry` is in seconds; with `comment` the rest is ignored.

        Unlike there, a text may have lines, and what would forge another field is refused. Returns the event's id; raises
        ringcast_micro.RingcastError.
        """
        if not isinstance(data, (str, bytes, bytearray, dict, list)):
            data = str(data)
        if comment:
            return await self.publisher.publish(self.topic, data, comment=True)
        retry_ms = int(retry * 1000) if retry else None
        return await self.publisher.publish(self.topic, data, event=event, id=event_id, retry_ms=retry_ms)


def redirect_to_broker(url, topics, secret=None, expires_in=300, **parameters):
    """The answer that sends an EventSource to the broker, with a token for `topics` that counts `expires_in` seconds.

    `parameters` are those of GET /events; empty ones are left out. The stream ends with its token, and the browser cannot come
    back with that one: the page has to ask this app again, with the last id that it has seen as `last_event_id`.
    Without a secret there is no token, for brokers that let everybody read. Tokens are signed on CPython only.
    """
    from microdot import Response  # Here, since a board that only publishes needs no Microdot.
    query = [("topic", topic) for topic in topics] + [pair for pair in parameters.items() if pair[1]]
    if secret:
        from ringcast import make_token
        query.append(("access_token", make_token(secret, subscribe=topics, expires_in=expires_in)))
    location = url + "/events?" + "&".join([name + "=" + _quoted(value) for name, value in query])
    return Response(status_code=307, headers={"Location": location, "Cache-Control": "no-store"})


def _quoted(value):
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
    return "".join([chr(byte) if byte in plain else "%%%02X" % byte for byte in str(value).encode()])


async def on_events(events, handler):
    """Calls `await handler(event)` for each event of a ringcast_micro.EventSource, one after the other, until it is cancelled.

    What a handler raises is printed, and the next event comes.
    """
    try:
        async for event in events:
            try:
                await handler(event)
            except Exception as error:
                print("the handler failed at event", event.id, repr(error))
    except Exception as error:
        print("no events any more:", repr(error))
    finally:
        events.close()
