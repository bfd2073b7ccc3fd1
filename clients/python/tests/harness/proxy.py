"""A TCP proxy that cuts connections."""

import socket
import threading

from harness.waiting import PATIENCE


class CuttingProxy:
    """Between a client and `port` on 127.0.0.1.

    The first `cuts` connections end after `after` bytes from the broker (`downstream`) or from the
    client; later ones are left alone.
    """

    def __init__(self, port, cuts=0, after=0, downstream=True):
        self._port = port
        self._after = after
        self._downstream = downstream
        self._cuts_left = cuts
        self._lock = threading.Lock()
        self._open = set()
        self._sockets = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                is_cut = self._cuts_left > 0
                self._cuts_left -= is_cut
            try:
                broker = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            pair = (client, broker)
            with self._lock:
                self._open.add(pair)
                self._sockets += pair
            for source, target, limit in (
                    (client, broker, self._after if is_cut and not self._downstream else None),
                    (broker, client, self._after if is_cut and self._downstream else None)):
                thread = threading.Thread(target=self._pump, args=(pair, source, target, limit), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(self, pair, source, target, limit):
        passed = 0
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if limit is not None and passed + len(data) > limit:
                    target.sendall(data[:limit - passed])
                    break
                passed += len(data)
                target.sendall(data)
        except OSError:
            pass
        self._end(pair)

    def _end(self, pair):
        with self._lock:
            self._open.discard(pair)
        for each in pair:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Ends all connections that are open now."""
        for pair in list(self._open):
            self._end(pair)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in self._sockets:
            each.close()
