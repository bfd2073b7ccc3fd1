"""What only AsyncClient has: cancellation, async callbacks, many at once."""

import asyncio
import gc
import unittest

import ringcast
from harness.daemon import Daemon
from harness.scripted_server import ScriptedServer, stream
from harness.waiting import PATIENCE, skip

daemon = None


def setUpModule():
    global daemon
    daemon = Daemon()


def tearDownModule():
    daemon.close()


async def until(condition):
    async def poll():
        while not condition():
            await asyncio.sleep(0.01)
    await asyncio.wait_for(poll(), PATIENCE)


class Cancellation(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = ringcast.AsyncClient(daemon.url)
        self.topic = self.id().rsplit(".", 1)[1]

    async def asyncTearDown(self):
        await self.client.aclose()

    def subscribers(self):
        return daemon.subscribers(self.topic)

    async def test_a_cancelled_task_ends_its_connection(self):
        async def read():
            async for _ in self.client.subscribe(self.topic, idle_timeout=None):
                pass

        task = asyncio.ensure_future(read())
        await until(lambda: self.subscribers() == 1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await until(lambda: self.subscribers() == 0)

    async def test_after_a_timeout_it_goes_on_without_loss(self):
        async with self.client.subscribe(self.topic) as subscription:
            await self.client.publish(self.topic, 0)  # Before it is connected: not for it.
            await subscription.connect()
            for number in range(1, 4):
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(subscription.__anext__(), 0.1)
                await until(lambda: self.subscribers() == 0)
                await self.client.publish(self.topic, number)
                event = await asyncio.wait_for(subscription.__anext__(), PATIENCE)
                self.assertEqual(str(number), event.data)

    async def test_cancelled_while_it_waits_to_connect_again(self):
        with ScriptedServer(stream(b"retry: 3600000\n\n")) as server:
            states = []
            async with ringcast.AsyncClient(server.url) as client:
                subscription = client.subscribe("t", on_state=states.append)
                task = asyncio.ensure_future(subscription.__anext__())
                await until(lambda: states and states[-1].name == "waiting")
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await subscription.aclose()
                self.assertEqual("closed", states[-1].name)

    async def test_cancelled_while_it_connects(self):
        with ScriptedServer(ScriptedServer.HOLD) as server:
            async with ringcast.AsyncClient(server.url) as client:
                task = asyncio.ensure_future(client.subscribe("t").__anext__())
                await until(lambda: server.requests)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

    async def test_two_tasks_cannot_iterate_over_one_subscription(self):
        subscription = self.client.subscribe(self.topic)
        task = asyncio.ensure_future(subscription.__anext__())
        await until(lambda: self.subscribers() == 1)
        with self.assertRaisesRegex(RuntimeError, "two tasks"):
            await subscription.__anext__()
        await subscription.aclose()
        with self.assertRaises(StopAsyncIteration):
            await task

    async def test_a_subscription_that_is_collected_leaves_no_connection(self):
        subscription = await self.client.subscribe(self.topic).connect()
        await until(lambda: self.subscribers() == 1)
        del subscription
        gc.collect()
        await until(lambda: self.subscribers() == 0)


class CancellationOnUvloop(Cancellation):
    """Its sockets are not those of asyncio."""

    @classmethod
    def setUpClass(cls):
        try:
            import uvloop
        except ImportError:
            skip("cancellation on uvloop, which is not installed")
        cls.addClassCleanup(asyncio.set_event_loop_policy, None)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

    async def test_this_is_uvloop(self):
        self.assertIn("uvloop", type(asyncio.get_running_loop()).__module__)


class Together(unittest.IsolatedAsyncioTestCase):
    async def test_callbacks_and_tokens_may_be_async(self):
        seen = []

        async def note(value):
            await asyncio.sleep(0)
            seen.append(value)

        async def token():
            await asyncio.sleep(0)

        async with ringcast.AsyncClient(daemon.url, token) as client:
            await client.publish("callbacks", "x")
            subscription = client.subscribe(
                "callbacks", last_event_id="unknown", on_gap=note, on_comment=note, on_state=note)
            self.assertEqual("x", (await subscription.__anext__()).data)
            await subscription.aclose()
        self.assertEqual(["connecting", "open", "ringcast", "unknown", "closed"], [
            value if isinstance(value, str) else getattr(value, "reason", "") or value.name for value in seen])

    async def test_async_callbacks_are_refused_by_the_blocking_client(self):
        async def token():
            return "x"

        with ringcast.Client(daemon.url, token) as client:
            with self.assertRaisesRegex(TypeError, "AsyncClient"):
                client.publish("t", "x")

    async def test_a_hundred_subscriptions_and_publishers(self):
        async with ringcast.AsyncClient(daemon.url) as client:
            subscriptions = [await client.subscribe("together").connect() for _ in range(100)]
            await asyncio.gather(*[client.publish("together", number) for number in range(20)])

            async def read(subscription):
                return sorted([int((await subscription.__anext__()).data) for _ in range(20)])

            results = await asyncio.gather(*[asyncio.wait_for(read(each), PATIENCE) for each in subscriptions])
            self.assertEqual([list(range(20))] * 100, results)

    async def test_publish_many_from_an_async_iterable(self):
        async def events():
            for number in range(1200):
                await asyncio.sleep(0)
                yield {"topic": "iterable", "data": number}

        async with ringcast.AsyncClient(daemon.url) as client:
            self.assertEqual(1200, (await client.publish_many(events())).accepted)
        with ringcast.Client(daemon.url) as client:
            with self.assertRaisesRegex(TypeError, "AsyncClient"):
                client.publish_many(events())


if __name__ == "__main__":
    unittest.main()
