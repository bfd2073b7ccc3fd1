# Reads COUNT events within a small heap, and says what it holds early and late: soak.py URL TOPIC COUNT
import asyncio
import gc
import json
import sys

import ringcast_micro


async def main():
    url, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    publisher = ringcast_micro.Publisher(url)
    source = ringcast_micro.EventSource(url, topic, since="earliest", max_line=1024, max_data=0)
    number, oversize, early = 0, 0, 0
    async for event in source:
        if event.oversize is not None:
            oversize += 1
            continue
        if not event.data.startswith("%d " % number):
            raise AssertionError("%r, not number %d" % (event.data, number))
        number += 1
        if number % 1000 == 0:
            await publisher.publish("progress", {"read": number})
        if number == 1000:
            gc.collect()
            early = gc.mem_alloc()
        if number == count:
            break
    source.close()
    publisher.close()
    gc.collect()
    print(json.dumps({
        "events": number, "oversize": oversize, "early": early, "late": gc.mem_alloc(),
        "heap": gc.mem_alloc() + gc.mem_free()}))


asyncio.run(main())
