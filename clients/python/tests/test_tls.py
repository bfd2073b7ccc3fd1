"""TLS: what is trusted, and that nobody waits for a certificate to become good."""

import os
import shutil
import ssl
import subprocess
import unittest
from unittest import mock

import ringcast
from harness.both_clients import for_both
from harness.daemon import Daemon
from harness.waiting import skip, take, texts

daemon = None


def setUpModule():
    global daemon
    if not shutil.which("openssl"):
        skip("TLS: no command openssl to make a certificate with")
    daemon = Daemon({"listen": [{"tcp": "127.0.0.1:0", "tls": {
        "certificate": "{folder}/cert.pem", "key": "{folder}/key.pem"}}]}, listen=None, prepare=make_certificate)


def make_certificate(folder):
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True, capture_output=True)


def tearDownModule():
    if daemon:
        daemon.close()


@for_both
class Tls:
    def test_a_certificate_that_is_not_trusted_is_final(self):
        client = self.client(daemon.url)
        for action in (lambda: client.publish("t", "x"), lambda: take(1, client.subscribe("t"))):
            with self.assertRaisesRegex(ringcast.UnreachableError, "not trusted: self.signed"):
                action()

    def test_ringcast_cacert_says_what_to_trust(self):
        with mock.patch.dict(os.environ, {"RINGCAST_CACERT": str(daemon.folder / "cert.pem")}):
            client = self.client(daemon.url)
        subscription = client.subscribe("t").connect()
        client.publish("t", "x" * 100_000)
        client.publish("t", "y")
        self.assertEqual(["x" * 100_000, "y"], texts(2, subscription))
        subscription.close()
        self.assertEqual([], list(subscription))


class TlsMicro(unittest.IsolatedAsyncioTestCase):
    async def test_the_micro_module_with_a_context(self):
        import ringcast_micro
        context = ssl.create_default_context(cafile=str(daemon.folder / "cert.pem"))
        publisher = ringcast_micro.Publisher(daemon.url, ssl=context)
        await publisher.publish("micro", "x")
        publisher.close()
        source = ringcast_micro.EventSource(daemon.url, "micro", since="earliest", ssl=context)
        async for event in source:
            self.assertEqual("x", event.data)
            source.close()
        with self.assertRaisesRegex(ringcast_micro.RingcastError, "CERTIFICATE_VERIFY_FAILED"):
            await ringcast_micro.Publisher(daemon.url, attempts=1).publish("micro", "x")


if __name__ == "__main__":
    unittest.main()
