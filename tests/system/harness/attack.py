"""Attacks on raw sockets, each followed by an honest client that must not notice."""

from harness.case import DaemonCase
from harness.http import request_bytes

# What an attacker hides behind a request: it must never be carried out.
SMUGGLED = request_bytes("POST", "/topics/smuggled", {}, b"evil")


class AttackCase(DaemonCase):

    def assert_refused(self, data, *statuses):
        """One answer with one of the statuses, then the end of the connection, and nothing smuggled."""
        with self.connect() as connection:
            try:
                connection.send(data)
            except ConnectionError:
                pass  # It may be refused, and told so, before all of it was sent.
            response = connection.read_response()
            self.assertIn(response.status, statuses, response)
            self.assert_problem(response, response.status)
            self.assertEqual(response.header("Connection"), "close")
            self.assertTrue(connection.is_ended(), "after such a request nothing can be trusted")
        self.assert_honest_service()
        return response

    def assert_ended_silently(self, connection):
        """The daemon closes without an answer."""
        self.assertTrue(connection.is_ended())
        self.assert_honest_service()

    def assert_honest_service(self):
        """A publisher and a subscriber on connections of their own are served, and nobody else published."""
        stream = self.listener("honest")
        position = self.publish("good", "honest")
        event = stream.next_event()
        self.assertEqual((event.id, event.data), (position, "good"))
        stream.close()
        found = self.fetch("GET", "/topics/smuggled").status
        self.fetch("DELETE", "/topics/smuggled")  # The next attack is judged by itself.
        self.assertEqual(found, 404, "a hidden request was carried out")
