"""WebSockets through a proxy: by CONNECT, as the websockets package does it, and by an
upgrade of an absolute-form request. Usage: client_websocket.py PROXY HOST:PORT"""

import asyncio
import base64
import socket
import sys
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

proxy, origin = sys.argv[1:]
MESSAGES = ["one", "x" * 70000, "last"]


async def by_connect():
    async with connect(f"ws://{origin}/", proxy=proxy) as connection:
        for text in MESSAGES:
            await connection.send(text)
            assert await connection.recv() == text
    print("connect ok")


def by_upgrade():
    address = urlsplit(proxy)
    protocol = ClientProtocol(parse_uri(f"ws://{origin}/"), max_size=None)
    with socket.create_connection((address.hostname, address.port), 30) as link:
        protocol.send_request(protocol.connect())
        head = b"".join(protocol.data_to_send())
        head = head.replace(b"GET / ", f"GET http://{origin}/ ".encode(), 1)
        link.sendall(head.replace(b"\r\n", login(address), 1))
        replies = messages(link, protocol)
        assert next(replies) is None, "no answer to the handshake"
        for text in MESSAGES:
            protocol.send_text(text.encode())
            link.sendall(b"".join(protocol.data_to_send()))
            assert next(replies) == text
        protocol.send_close()
        link.sendall(b"".join(protocol.data_to_send()))
    print("upgrade ok")


def login(address):
    """The end of the request line, with a login for a proxy that is asked directly."""
    if not address.username:
        return b"\r\n"
    words = f"{address.username}:{address.password}".encode()
    return b"\r\nProxy-Authorization: Basic " + base64.b64encode(words) + b"\r\n"


def messages(link, protocol):
    """None for the handshake, then the text of each message."""
    text = b""
    while True:
        data = link.recv(65536)
        assert data, "the connection was closed"
        protocol.receive_data(data)
        assert protocol.handshake_exc is None, repr(protocol.handshake_exc)
        for event in protocol.events_received():
            if not hasattr(event, "opcode"):
                yield None
                continue
            text += bytes(event.data)
            if event.fin:
                yield text.decode()
                text = b""


asyncio.run(by_connect())
by_upgrade()
