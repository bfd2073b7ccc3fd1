"""A hub of the Mercure protocol, and what speaks with it."""

import urllib.parse

from harness import jwt
from harness.case import DaemonCase
from harness.http import query
from harness.sse import Stream

KEY = "a secret of mercure with at least 32 bytes"
HUB = "/.well-known/mercure"
LIST = HUB + "/subscriptions"
BOOKS = "https://example.com/books/{id}"
BOOK = "https://example.com/books/1"
ORIGIN = "https://app.example"


def settings(**mercure):
    return {"mercure": {"enabled": True, "anonymous": True, "jwt": {"key": KEY, "algorithms": ["HS256"]}, **mercure}}


def token(claim="mercure", key=KEY, registered=None, **grants):
    """A JWT with publish, subscribe and payload."""
    return jwt.signed(key.encode(), {claim: grants, **(registered or {})})


def bearer(**grants):
    return {"Authorization": "Bearer " + token(**grants)}


PUBLISHER = bearer(publish=["*"])


class MercureCase(DaemonCase):
    settings = settings()

    def try_update(self, *topics, headers=None, **fields):
        """A publish as clients send it."""
        pairs = [("topic", topic) for topic in topics]
        pairs += [(name, value) for name, value in fields.items() if value is not None]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.fetch("POST", HUB, {**form, **(PUBLISHER if headers is None else headers)},
                          urllib.parse.urlencode(pairs).encode())

    def update(self, *topics, headers=None, **fields):
        """Publishes and returns the id."""
        response = self.try_update(*topics, headers=headers, **fields)
        self.assertEqual(response.status, 200, response)
        return response.body.decode()

    def try_hear(self, *topics, headers=None, **parameters):
        return self.fetch("GET", self.target(*topics, **parameters), headers)

    @staticmethod
    def target(*topics, **parameters):
        return HUB + "?" + query([("topic", topic) for topic in topics] + list(parameters.items()))

    def hear(self, *topics, headers=None, **parameters):
        """An open stream that is known to be subscribed: its first line has come."""
        stream = Stream(self.address, self.target(*topics, **parameters), headers)
        self.addCleanup(stream.close)
        while not stream.raw:
            stream.receive()
        self.assertTrue(stream.raw.startswith(b":\n"), bytes(stream.raw))
        return stream

    def assert_nothing_but(self, stream, marker):
        """The next event of the stream is the marker, which was published just now."""
        event = stream.next_event()
        self.assertEqual(event and event.data, marker)
