"""The real MicroPython, which run_tests has fetched."""

import os

from harness.broker import ROOT
from harness.probe import python_of

MICROPYTHON = ROOT / "build" / "clients" / "python" / "micropython" / "micropython"


def micropython_environment():
    """With Microdot and ringcast_micro of the virtual environment, which a board would have as files."""
    packages = next(python_of("microdot").parents[1].glob("lib/python*/site-packages"))
    return {"MICROPYPATH": os.pathsep.join([".", ".frozen", str(packages)])}
