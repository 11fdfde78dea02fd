"""Runs inside tests/bench/link: what a connection and numbered packets see of the line.

Prints JSON. The arguments are "tcp", or "udp" and how many datagrams to send at once.
"""

import json
import os
import socket
import sys
import threading
import time

ROUNDS = 9
BULK = os.urandom(300_000)
HERE, THERE = os.environ["LINK_HERE"], os.environ["LINK_THERE"]


def took(what):
    start = time.monotonic()
    what()
    return (time.monotonic() - start) * 1000


def receive(link, count):
    got = b""
    while len(got) < count:
        part = link.recv(65536)
        if not part:
            break
        got += part
    return got


def echo(server):
    """One connection after the other."""
    while True:
        link, _ = server.accept()
        with link:
            while part := link.recv(65536):
                link.sendall(part)


def over_tcp():
    server = socket.create_server((HERE, 0))
    threading.Thread(target=echo, args=(server,), daemon=True).start()
    connects, answers = [], []
    for _ in range(ROUNDS):
        with socket.socket() as link:
            connects.append(took(lambda: link.connect((THERE, server.getsockname()[1]))))
            link.sendall(b"x")
            receive(link, 1)
            answers.append(took(lambda: (link.sendall(b"x"), receive(link, 1))))
    with socket.create_connection((THERE, server.getsockname()[1])) as link:
        threading.Thread(target=link.sendall, args=(BULK,)).start()
        whole = receive(link, len(BULK)) == BULK
    return {"connects": connects, "answers": answers, "whole": whole}


def over_udp(count):
    """The numbers that arrive, in the order in which they do."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind((HERE, 0))
        server.settimeout(1)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            for number in range(count):
                client.sendto(b"%d" % number, (THERE, server.getsockname()[1]))
            numbers = []
            try:
                while len(numbers) < count:
                    numbers.append(int(server.recv(100)))
            except TimeoutError:
                pass
    return numbers


print(json.dumps(over_tcp() if sys.argv[1] == "tcp" else over_udp(int(sys.argv[2]))))
