"""Publishers and subscribers beside a restart: who was refused, and who missed what."""

import asyncio
import re

TARGET = ("127.0.0.1", 8080)


class Subscriber:
    """An EventSource: comes back with its last id after the time that it was told."""

    def __init__(self, topic):
        self.topic = topic
        self.last_id = ""
        self.retry_s = 3.0
        self.data = []
        self.faults = []  # Refused connections, statuses, gap events.
        self.connections = 0
        self.is_open = False

    async def run(self):
        while True:
            try:
                await self._stream()
            except ConnectionRefusedError as error:
                self.faults.append(str(error))
            except (OSError, asyncio.IncompleteReadError):
                pass  # Cut off: a crash. It resumes.
            self.is_open = False
            await asyncio.sleep(self.retry_s)

    async def _stream(self):
        reader, writer = await asyncio.open_connection(*TARGET)
        try:
            head = f"GET /events?topic={self.topic} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            head += f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            writer.write((head + "\r\n").encode())
            status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]
            if b" 200 " not in status:
                self.faults.append(status.decode())
                return
            self.connections += 1
            await self._read(reader)
        finally:
            writer.close()

    async def _read(self, reader):
        pending = b""
        while chunk := await reader.read(1 << 16):
            *blocks, pending = (pending + chunk).split(b"\n\n")
            for block in blocks:
                self._take(block.decode())
                self.is_open = True

    def _take(self, block):
        kind, data = "", []
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name == "retry":
                self.retry_s = int(value) / 1000
            elif name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
        if kind.startswith("ringcast."):
            self.faults.append(f"{kind} {data}")
        elif data:
            self.data.append("\n".join(data))


class Publisher:
    """So many requests a second, each on a connection of its own; each event is the next number."""

    def __init__(self, topic, per_second):
        self.topic = topic
        self.pause_s = 1 / per_second
        self.sent = 0
        self.accepted = set()
        self.faults = []
        self.tasks = set()

    async def run(self):
        while True:
            task = asyncio.create_task(self._publish(self.sent))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            self.sent += 1
            await asyncio.sleep(self.pause_s)

    async def _publish(self, number):
        try:
            reader, writer = await asyncio.open_connection(*TARGET)
            body = str(number).encode()
            writer.write(b"POST /topics/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                         % (self.topic.encode(), len(body)) + body)
            answer = await reader.read()
            writer.close()
        except OSError as error:
            self.faults.append(f"{number}: {error!r}")
            return
        if not re.match(rb"HTTP/1.1 200 ", answer):
            self.faults.append(f"{number}: {answer[:200]!r}")
            return
        self.accepted.add(str(number))


async def until(holds, what, seconds=60):
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.05)


async def load_during(action, subscribers=200, per_second=60, topic="load"):
    """Runs the command under load, then waits until every subscriber has what was accepted. Returns both."""
    readers = [Subscriber(topic) for _ in range(subscribers)]
    publisher = Publisher(topic, per_second)
    tasks = [asyncio.create_task(reader.run()) for reader in readers]
    await until(lambda: all(reader.is_open for reader in readers), "all streams are open")
    before = [reader.connections for reader in readers]
    publishing = asyncio.create_task(publisher.run())
    await until(lambda: len(publisher.accepted) > per_second, "a second's worth is published")
    process = await asyncio.create_subprocess_exec(*action)
    if await process.wait() != 0:
        raise AssertionError(f"{action} failed")
    accepted = len(publisher.accepted)
    await until(lambda: len(publisher.accepted) > accepted + per_second, "publishing goes on")
    publishing.cancel()
    await until(lambda: not publisher.tasks, "every publish has its answer")
    await until(lambda: all(reader.connections > count for reader, count in zip(readers, before)), "all came back")
    await until(lambda: all(len(reader.data) >= len(publisher.accepted) for reader in readers),
                "everything has arrived")
    for task in [*tasks, publishing]:
        task.cancel()
    await asyncio.gather(*tasks, publishing, return_exceptions=True)
    return publisher, readers
