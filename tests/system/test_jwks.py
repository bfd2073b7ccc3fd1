"""A JWKS at a URL: what a reload, and the server of it, do to the keys that count."""

import base64
import http.server
import json
import pathlib
import shutil
import tempfile
import threading
import unittest

from harness import jwt
from harness.daemon import Daemon
from harness.http import fetch
from harness.sse import Stream, events_target
from harness.waiting import wait_until

IN_SET = b"a secret in the set with 32 bytes"
ALONE, NEXT = b"the first secret that stands alone", b"the second secret that stands alone"
GRANTS = {"publish": ["**"], "subscribe": ["**"]}
MERCURE = "/.well-known/mercure"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def set_of(*secrets):
    return json.dumps({"keys": [{"kty": "oct", "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}
                                for secret in secrets]}).encode()


class KeyServer:
    """Answers with `keys`, or with 503 where that is None."""

    def __init__(self, keys):
        self.keys = keys
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                keys = outer.keys
                self.send_response(503 if keys is None else 200)
                self.send_header("Content-Length", str(len(keys or b"")))
                self.end_headers()
                self.wfile.write(keys or b"")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass  # A reload has ended the fetch.

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class JwksCase(unittest.TestCase):

    def setUp(self):
        self.server = KeyServer(set_of(IN_SET))
        self.addCleanup(self.server.close)
        folder = tempfile.mkdtemp(prefix="ringcast-jwks-")
        self.addCleanup(shutil.rmtree, folder)
        self.key_file = pathlib.Path(folder) / "key"
        self.key_file.write_bytes(ALONE)

    def start(self, settings):
        self.daemon = Daemon(settings)
        self.addCleanup(self.daemon.close)
        self.wait_for_line("the JWKS was read")

    def wait_for_line(self, message):
        return self.daemon.wait_for_log(lambda line: line["message"] == message, f"says: {message}")

    def jwt_settings(self, **changes):
        return {"algorithms": ["HS256"], "jwks": self.server.url, **changes}

    def status(self, secret):
        """Of a publish with a token that this secret has signed."""
        return fetch(self.daemon.address, "POST", "/topics/a", self.bearer(secret), b"x").status

    def wait_for_status(self, secret, status):
        wait_until(lambda: self.status(secret) == status, f"the answer is {status}")

    @staticmethod
    def bearer(secret):
        return {"Authorization": "Bearer " + jwt.signed(secret, {"sub": "ann", "ringcast": GRANTS})}

    def open_stream(self, secret):
        stream = Stream(self.daemon.address, events_target("a"), self.bearer(secret))
        self.addCleanup(stream.close)
        stream.skip_first_block()
        return stream

    def wait_for_end(self, stream):
        while stream.next_block() is not None:
            pass
        self.assertIn("the token is not valid any more", stream.raw.decode())


class JwksReloadTest(JwksCase):

    def test_a_key_file_that_was_changed_counts_beside_a_jwks(self):
        settings = {"auth": {"jwt": self.jwt_settings(key_file=str(self.key_file))}}
        self.start(settings)
        self.wait_for_status(IN_SET, 200)
        stream = self.open_stream(ALONE)
        self.server.keys = None  # What it held last counts meanwhile.
        self.key_file.write_bytes(NEXT)
        self.daemon.reload_with(settings)
        self.wait_for_end(stream)
        self.assertEqual([self.status(secret) for secret in (ALONE, NEXT, IN_SET)], [401, 200, 200])

    def test_a_key_file_that_was_changed_counts_beside_a_jwks_for_mercure(self):
        def status(secret):
            headers = {**FORM, "Authorization": "Bearer " + jwt.signed(secret, {"mercure": {"publish": ["*"]}})}
            return fetch(self.daemon.address, "POST", MERCURE, headers, b"topic=a&data=x").status
        settings = {"mercure": {"enabled": True, "anonymous": True,
                                "jwt": self.jwt_settings(key_file=str(self.key_file))}}
        self.start(settings)
        wait_until(lambda: status(IN_SET) == 200, "the JWKS counts")
        self.assertEqual(status(ALONE), 200)
        self.server.keys = None
        self.key_file.write_bytes(NEXT)
        self.daemon.reload_with(settings)
        self.assertEqual([status(secret) for secret in (ALONE, NEXT, IN_SET)], [401, 200, 200])

    def test_other_settings_do_not_take_the_keys_of_a_jwks_away(self):
        self.start({"auth": {"jwt": self.jwt_settings()}})
        self.wait_for_status(IN_SET, 200)
        stream = self.open_stream(IN_SET)
        self.server.keys = None
        for changes in ({"refresh": "5m"}, {"cookie": "session"}):
            self.daemon.reload_with({"auth": {"jwt": self.jwt_settings(**changes)}})
            self.assertEqual(self.status(IN_SET), 200, changes)
        fetch(self.daemon.address, "POST", "/topics/a", self.bearer(IN_SET), b"last")
        stream.until("last")  # It has not ended.
        self.daemon.reload_with({"auth": {"jwt": self.jwt_settings(leeway="1s")}})
        self.assertEqual(self.status(IN_SET), 200)

    def test_another_url_has_other_keys(self):
        self.start({"auth": {"jwt": self.jwt_settings()}})
        self.wait_for_status(IN_SET, 200)
        self.server.keys = None
        self.daemon.reload_with({"auth": {"jwt": self.jwt_settings(jwks=self.server.url + "?other")}})
        self.assertEqual(self.status(IN_SET), 401)

    def test_algorithms_that_the_keys_do_not_serve_refuse_their_tokens(self):
        self.start({"auth": {"jwt": self.jwt_settings()}})
        self.wait_for_status(IN_SET, 200)
        self.daemon.reload_with({"auth": {"jwt": self.jwt_settings(algorithms=["ES256"])}})
        self.assertEqual(self.status(IN_SET), 401)
        self.daemon.reload_with({"auth": {"jwt": self.jwt_settings()}})
        self.wait_for_status(IN_SET, 200)


class JwksRevocationTest(JwksCase):

    def test_a_set_that_was_emptied_takes_all_keys_back(self):
        self.start({"auth": {"jwt": self.jwt_settings(refresh="1s")}})
        self.wait_for_status(IN_SET, 200)
        stream = self.open_stream(IN_SET)
        self.server.keys = set_of()
        self.wait_for_end(stream)
        refused = fetch(self.daemon.address, "POST", "/topics/a", self.bearer(IN_SET), b"x")
        self.assertEqual(refused.status, 401)
        self.assertIn("no key of the JWKS serves HS256", refused.json()["detail"])
        line = self.wait_for_line("the JWKS has no key that can be used: all JWTs that need one are refused")
        self.assertEqual(line["level"], "error")
        self.server.keys = set_of(IN_SET)
        self.wait_for_status(IN_SET, 200)


if __name__ == "__main__":
    unittest.main()
