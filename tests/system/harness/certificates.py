"""Certificates that sign themselves, for daemons with TLS."""

import os
import subprocess

from harness.waiting import PATIENCE


def make_certificate(folder, name, serial, days=2):
    """NAME.pem and NAME.key for localhost and 127.0.0.1, signed by themselves."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-set_serial", str(serial),
         "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")],
        check=True, capture_output=True, timeout=PATIENCE)
    os.chmod(folder / f"{name}.key", 0o600)
