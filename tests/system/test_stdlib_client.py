"""A second client, as a Python user would write it: http.client, readline, and a loop that reconnects."""

import http.client
import queue
import threading
import unittest
import urllib.parse
import urllib.request

from harness.daemon import Daemon
from harness.proxy import CuttingProxy
from harness.waiting import PATIENCE, wait_until

RECONNECT_SECONDS = 0.02


class ReconnectingReader:
    """Puts (type, data, id) into `events` until closed, over as many connections as it takes."""

    def __init__(self, address, topic):
        self.events = queue.Queue()
        self.last_id = ""
        self.connects = 0
        self._address = address
        self._target = "/events?" + urllib.parse.urlencode({"topic": topic})
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._closed.set()

    def next(self):
        return self.events.get(timeout=PATIENCE)

    def _run(self):
        while not self._closed.is_set():
            connection = http.client.HTTPConnection(self._address, timeout=PATIENCE)
            try:
                self._read(connection)
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self._closed.wait(RECONNECT_SECONDS)

    def _read(self, connection):
        headers = {"Accept": "text/event-stream"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", self._target, headers=headers)
        response = connection.getresponse()
        self.connects += 1
        block = {}
        while not self._closed.is_set() and (line := response.readline()):
            if line == b"\n":
                self._dispatch(block)
                block = {}
                continue
            name, _, value = line.decode("utf-8").rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                block.setdefault("data", []).append(value)
            elif name:
                block[name] = value

    def _dispatch(self, block):
        self.last_id = block.get("id", self.last_id)
        if "data" in block:
            self.events.put((block.get("event", "message"), "\n".join(block["data"]), self.last_id))


def post(daemon, data):
    request = urllib.request.Request(f"http://{daemon.address}/topics/t", data=data.encode("utf-8"))
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        assert response.status == 200


class StdlibClientTest(unittest.TestCase):

    def reader(self, address):
        """A reader that has read its first block, so that it is known to be subscribed."""
        reader = ReconnectingReader(address, "t")
        self.addCleanup(reader.close)
        wait_until(lambda: reader.last_id, "the first block has come")
        return reader

    def test_live(self):
        with Daemon() as daemon:
            reader = self.reader(daemon.address)
            for number in range(100):
                post(daemon, f"{number}\nsecond line ä")
                self.assertEqual(reader.next()[:2], ("message", f"{number}\nsecond line ä"))

    def test_cut_and_resumed(self):
        with Daemon() as daemon, CuttingProxy(daemon.address) as proxy:
            reader = self.reader(proxy.address)
            for number in range(50):
                if number % 10 == 5:
                    proxy.cut()
                post(daemon, str(number))
            self.assertEqual([reader.next()[1] for _ in range(50)], [str(n) for n in range(50)])
            self.assertGreater(reader.connects, 1)

    def test_a_restart_is_told_as_a_gap(self):
        with Daemon() as daemon:
            reader = self.reader(daemon.address)
            post(daemon, "before")
            self.assertEqual(reader.next()[1], "before")
            address = daemon.address
            daemon.kill()
        with Daemon(listen=(address,)) as daemon:
            post(daemon, "after")
            kind, data, _ = reader.next()
            self.assertEqual(kind, "ringcast.gap")
            self.assertIn('"epoch"', data)
            self.assertEqual(reader.next()[1], "after")

    def test_a_stream_without_any_event_resumes_from_the_id_of_its_first_block(self):
        with Daemon() as daemon, CuttingProxy(daemon.address) as proxy:
            reader = self.reader(proxy.address)
            proxy.refuse()
            post(daemon, "while away")
            proxy.accept_again()
            self.assertEqual(reader.next()[1], "while away")
            self.assertGreater(reader.connects, 1)


if __name__ == "__main__":
    unittest.main()
