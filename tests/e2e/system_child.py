"""Speaks with ccgate-system as the daemon does: src/base/system_protocol.h."""

import os
import socket
import struct
import subprocess

from bed import Failure, expect

RESULTS = (
    "ok same bad_url no_name no_connection tls late status redirects too_long cut html "
    "not_pac file other"
).split()


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


class Fields:
    def __init__(self, body):
        self.body = body

    def take(self, count):
        part, self.body = self.body[:count], self.body[count:]
        if len(part) != count:
            raise Failure("the message of ccgate-system is too short")
        return part

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def text(self):
        return self.take(self.number("I"))


class Fetched:
    def __init__(self, body):
        fields = Fields(body)
        expect(fields.number("B"), 3, "the type of the answer")
        self.result = RESULTS[fields.number("B")]
        self.status = fields.number("I")
        self.script, self.etag, self.last_modified = (fields.text() for _ in range(3))
        self.why = fields.text().decode()
        expect(fields.body, b"", "what stands behind the answer")


class Said:
    def __init__(self, body):
        fields = Fields(body)
        expect(fields.number("B"), 6, "the type of the answer")
        self.kind = fields.number("B")
        self.every_url = fields.number("B") == 1
        self.source, self.text = (fields.text().decode() for _ in range(2))
        expect(fields.body, b"", "what stands behind the answer")


class SystemChild:
    """One process; several questions, one after the other."""

    def __init__(self, bed, program, env=None):
        self.socket, other = socket.socketpair()
        with other:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", 'exec "$0" 3<&0 </dev/null', program],
                stdin=other,
                env=dict(bed.env, **(env or {})),
            )
        hello = Fields(self._receive())
        expect((hello.number("B"), hello.number("B")), (1, 1), "HELLO")
        self.fetcher = hello.text().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            expect(self.process.wait(10), 0, "the exit status of ccgate-system")
        finally:
            self.process.kill()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise Failure("ccgate-system broke off")
            data += part
        return data

    def _receive(self):
        self.socket.settimeout(60)
        return self._exactly(struct.unpack(">I", self._exactly(4))[0])

    def fetch(self, url, etag=b"", last_modified=b"", limit=20, ca=()):
        body = b"\2" + text(url) + text(etag) + text(last_modified)
        body += struct.pack(">IB", int(limit * 1000), len(ca)) + b"".join(map(text, ca))
        self.socket.sendall(text(body))
        return Fetched(self._receive())

    def proxy(self, url):
        self.socket.sendall(text(b"\4" + text(url)))
        return Said(self._receive())


def program_of(folder):
    """That of the build that ccgate is of."""
    return os.environ.get("SYSTEM_PROGRAM", os.path.join(folder, "ccgate-system"))
