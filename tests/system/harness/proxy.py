"""A TCP proxy whose connections a test can cut, as bad networks do."""

import socket
import struct
import threading

from harness.http import connect


class CuttingProxy:
    """Forwards to `target` until told otherwise. Its own address stays the same all the time."""

    def __init__(self, target):
        self.target = target
        self.accepted = 0
        self._cut_after = None
        self._refusing = False
        self._lock = threading.Lock()  # Guards _open.
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        # shutdown() wakes the accept; close() alone would leave it waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """Resets every connection, in the middle of whatever is under way."""
        with self._lock:
            victims, self._open = self._open, set()
        for sock in victims:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # The thread that reads it must wake; close() alone does not do that.
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut_after(self, count):
        """Cuts the next connection once so many bytes went to its client, wherever that is."""
        self._cut_after = count

    def refuse(self):
        """Cuts what is open, and every new connection at once, until told otherwise."""
        self._refusing = True
        self.cut()

    def accept_again(self):
        self._refusing = False

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                client.close()
                continue
            self.accepted += 1
            try:
                server = connect(self.target)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            budget, self._cut_after = self._cut_after, None
            threading.Thread(target=self._copy, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, budget), daemon=True).start()

    def _copy(self, source, sink, budget):
        try:
            while data := source.recv(1 << 16):
                if budget is not None and len(data) >= budget:
                    sink.sendall(data[:budget])
                    break
                sink.sendall(data)
                budget = budget if budget is None else budget - len(data)
        except OSError:
            pass
        finally:
            for sock in (source, sink):
                with self._lock:
                    self._open.discard(sock)
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            source.close()
