# Publishes what stdin says, and prints ids and errors as JSON: publish.py URL
# The first line of stdin is a JSON object of options, each other one a JSON array of positional arguments of
# publish() and an object of named ones; "bytes" among these is data in hexadecimal, "float" data such as nan.
import asyncio
import binascii
import json
import sys

import ringcast_micro


async def main():
    publisher = ringcast_micro.Publisher(sys.argv[1], **json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        arguments, named = json.loads(line)
        if "bytes" in named:
            arguments.append(binascii.unhexlify(named.pop("bytes")))
        if "float" in named:
            arguments.append({"list": [float(named.pop("float"))]})
        try:
            print(json.dumps({"id": await publisher.publish(*arguments, **named)}))
        except ringcast_micro.RingcastError as error:
            print(json.dumps({"status": error.status, "detail": error.detail}))
        except ValueError as error:
            print(json.dumps({"refused": str(error)}))
    publisher.close()


asyncio.run(main())
