"""What Pushpin needs around it, which does not count as Pushpin: an origin, and a way to publish.

They run in a thread of the benchmark's own process, away from the server's CPU.
"""

import asyncio
import os
import re
import threading

_PATIENCE = 10  # Seconds.


class Servers:
    """TCP servers on loopback in a thread of their own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._servers = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def serve(self, handle):
        """The port on which each connection is given to the coroutine handle(reader, writer)."""
        async def to_its_end(reader, writer):
            try:
                await handle(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(to_its_end, "127.0.0.1", 0, backlog=4096), self._loop).result(10)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        try:  # Before the load generator, which spins on the same CPU. Only root may.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -19)
        except PermissionError:
            pass
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()


async def hold_streams(reader, writer):
    """The origin: tells Pushpin to hold each stream on the channel that the path names."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        channel = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n"
                     b"Grip-Hold: stream\r\nGrip-Channel: bench" + channel + b"\r\n\r\n")
        await writer.drain()


class Relay:
    """Publishes for who keeps a connection: Pushpin's control port closes it after each request.

    The control port accepts events faster than Pushpin can send them, and then loses streams. So an
    answer waits until a subscriber of the relay's own, one for each channel, has got the event.
    """

    def __init__(self, control_port, stream_port):
        self._control_port = control_port
        self._stream_port = stream_port
        self._probes = {}  # By channel.

    async def serve(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1]))
            channel = re.search(rb'"channel":"bench(\w+)"', body)[1]
            if channel not in self._probes:
                self._probes[channel] = asyncio.ensure_future(Probe.connected(self._stream_port, channel))
            probe = await self._probes[channel]
            writer.write(await probe.after_next_event(self._publish(head + body)))
            await writer.drain()

    async def _publish(self, request):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._control_port)
        try:
            writer.write(request)
            return (await reader.read(-1)).replace(b"Connection: close\r\n", b"", 1)
        finally:
            writer.close()


class Probe:
    """A subscriber that counts events."""

    def __init__(self):
        self._published = 0
        self._received = 0
        self._news = asyncio.Condition()

    @classmethod
    async def connected(cls, port, channel):
        probe = cls()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /" + channel + b" HTTP/1.1\r\nHost: probe\r\nAccept: text/event-stream\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        probe.task = asyncio.ensure_future(probe._count(reader, writer))
        return probe

    async def after_next_event(self, publishing):
        """What `publishing` gives, once the event is here; 504 when it never comes."""
        self._published += 1
        number = self._published
        answer = await publishing
        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(lambda: self._received >= number)
        except TimeoutError:
            return b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"
        return answer

    async def _count(self, reader, writer):
        try:
            while True:
                await reader.readuntil(b"\n\n")
                async with self._news:
                    self._received += 1
                    self._news.notify_all()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
