"""A camera that publishes what it sees; any number of dashboards watch, and none of them is connected to the camera.

For MicroPython, as on an OpenMV camera, and CPython. It needs ringcast_micro.py and bridge.py beside it, but no Microdot.
"""

import asyncio
import os
import random

from bridge import TopicSSE
from ringcast_micro import Publisher, RingcastError

getenv = getattr(os, "getenv", lambda name: None)  # A board has none: write the two values here.
URL = getenv("RINGCAST_URL") or "http://192.168.1.2:8080"
TOKEN = getenv("RINGCAST_TOKEN")


def look():
    # With OpenMV: len(sensor.snapshot().find_blobs(thresholds))
    return {"value": random.getrandbits(6)}


async def main():
    readings = TopicSSE(Publisher(URL, TOKEN), "readings")
    while True:
        try:
            await readings.send(look(), event="reading")
        except RingcastError as error:  # After five attempts. The next reading is more interesting than this one.
            print(error)
        await asyncio.sleep(1)


asyncio.run(main())
