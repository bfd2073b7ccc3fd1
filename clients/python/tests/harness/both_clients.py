"""One specification for both clients: AsyncClient behind the face of Client, in a loop of its own."""

import asyncio
import sys
import threading
import unittest

import ringcast
from harness.waiting import PATIENCE


class BlockingFace:
    """Makes a ringcast.Client."""

    def client(self, *arguments, **options):
        return ringcast.Client(*arguments, **options)


class AsyncFace:
    """Makes an AsyncClient that is used like a Client."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, steps):
        return asyncio.run_coroutine_threadsafe(steps, self._loop).result(PATIENCE * 4)

    def client(self, *arguments, **options):
        return _AsyncClientAsBlocking(self, *arguments, **options)

    def end(self):
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class _AsyncClientAsBlocking:
    def __init__(self, face, *arguments, **options):
        self._face = face
        self._client = ringcast.AsyncClient(*arguments, **options)

    def publish(self, *arguments, **options):
        return self._face.run(self._client.publish(*arguments, **options))

    def publish_many(self, events):
        return self._face.run(self._client.publish_many(events))

    def subscribe(self, *arguments, **options):
        return _AsyncSubscriptionAsBlocking(self._face, self._client.subscribe(*arguments, **options))

    def close(self):
        self._face.run(self._client.aclose())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _AsyncSubscriptionAsBlocking:
    def __init__(self, face, subscription):
        self._face = face
        self._subscription = subscription

    @property
    def last_event_id(self):
        return self._subscription.last_event_id

    def connect(self):
        self._face.run(self._subscription.connect())
        return self

    def __iter__(self):
        return self

    def __next__(self):
        for event in self.up_to(1):
            return event
        raise StopIteration

    def up_to(self, count):
        """So many events, fewer at its end. In one piece, since each call costs a change of threads."""
        return self._face.run(self._up_to(count))

    async def _up_to(self, count):
        events = []
        async for event in self._subscription:
            events.append(event)
            if len(events) == count:
                break
        return events

    def close(self):
        self._face.run(self._subscription.aclose())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def for_both(specification):
    """A class decorator: makes XBlocking and XAsync of X, in its module, with self.client()."""
    module = sys.modules[specification.__module__]

    def client(self, *arguments, **options):
        made = self.face.client(*arguments, **options)
        self.addCleanup(made.close)
        return made

    def set_up(self):
        self.face = self.face_kind()
        if hasattr(self.face, "end"):
            self.addCleanup(self.face.end)

    for name, kind in (("Blocking", BlockingFace), ("Async", AsyncFace)):
        made = type(specification.__name__ + name, (specification, unittest.TestCase), {
            "face_kind": kind, "client": client, "setUp": set_up, "__module__": specification.__module__,
            "__doc__": specification.__doc__})
        setattr(module, made.__name__, made)
    return specification
