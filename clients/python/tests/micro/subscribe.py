# Prints events and errors as JSON, one a line: subscribe.py URL COUNT
# stdin has a JSON array of the topics and the options; "close_after" in these is seconds, after which another task closes it;
# with "tokens", the token is a function that gives these one after the other. COUNT -1 is until all of them
# have been asked for, and one event more.
import asyncio
import json
import sys

import ringcast_micro


async def close_later(source, seconds):
    await asyncio.sleep(seconds)
    source.close()


async def main():
    url, count = sys.argv[1], int(sys.argv[2])
    topics, options = json.loads(sys.stdin.readline())  # MicroPython ends at arguments above 255 bytes.
    close_after = options.pop("close_after", None)
    tokens = options.pop("tokens", None)
    if tokens:
        options["token"] = lambda: tokens.pop(0)
    source = ringcast_micro.EventSource(url, topics, **options)
    if close_after is not None:
        closing = asyncio.create_task(close_later(source, close_after))
    try:
        async for event in source:
            print(json.dumps({"data": event.data, "event": event.event, "id": event.id, "oversize": event.oversize}))
            count -= 1
            if count == 0 or (count < 0 and not tokens):
                source.close()
    except ringcast_micro.RingcastError as error:
        print(json.dumps({"status": error.status, "detail": error.detail}))
    if close_after is not None:
        await closing
    print(json.dumps({"last_event_id": source.last_event_id}))


asyncio.run(main())
