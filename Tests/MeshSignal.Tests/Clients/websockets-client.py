# A WebSocket of the Python package "websockets" that knows nothing of the server: each line of stdin says what to do, each line of stdout what happened.
import asyncio
import json
import os
import sys

import websockets


def show(event, **what):
    print(json.dumps({"event": event, **what}), flush=True)


async def receive(socket):
    try:
        while True:
            data = await socket.recv()
            show("message" if isinstance(data, str) else "binary", text=str(data))
    except websockets.exceptions.ConnectionClosed:
        show("close", code=socket.close_code, reason=socket.close_reason)


async def ping(socket, data):
    await (await socket.ping(data))
    show("pong", text=data)


async def act(socket):
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**22)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    actions = {
        "text": lambda value: socket.send(value),
        "binary": lambda value: socket.send(value.encode()),
        "ping": lambda value: ping(socket, value),
        "close": lambda value: socket.close(value),
    }
    while line := await lines.readline():
        for action, value in json.loads(line).items():
            await actions[action](value)


async def main(url, *protocols):
    try:
        socket = await websockets.connect(url, subprotocols=protocols or None, extra_headers=json.loads(os.environ["HEADERS"]))
    except websockets.exceptions.InvalidHandshake as error:
        show("refused", text=str(error))
        return
    extensions = ", ".join(extension.name for extension in getattr(socket, "extensions", []))
    show("open", protocol=socket.subprotocol or "", extensions=extensions)
    acting = asyncio.ensure_future(act(socket))
    await asyncio.wait([acting, asyncio.ensure_future(receive(socket))], return_when=asyncio.FIRST_COMPLETED)


asyncio.run(main(*sys.argv[1:]))
