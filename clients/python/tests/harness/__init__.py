"""What the tests of the Python clients stand on."""

import logging

logging.getLogger("asyncio").setLevel(logging.ERROR)  # Not how slow the machine is.
