"""gss_proxy.py USERS CERT KEY: a proxy whose logins gss-ntlmssp verifies.

It says `ready NAME=PORT ...` and then a line of JSON for each login. The ports:
ntlm        offers NTLM
negotiate   offers Negotiate, with NTLM in it, raw or in SPNEGO
tampered    as ntlm; a bit of the MIC is changed before it is verified
tls         as ntlm; the login is to be bound to the certificate
tls_other   the same, as if somebody with another certificate were in between

All names lead to loopback. gss-ntlmssp verifies the MIC if the message says there is one.
"""

import base64
import hashlib
import http.client
import json
import os
import select
import socket
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi

AUTHENTICATE = b"NTLMSSP\0\3\0\0\0"
MIC = 72  # where it is, MS-NLMP 2.2.1.3
AV_FLAGS, AV_TARGET, AV_BINDINGS = 6, 9, 10
HOP_BY_HOP = ("proxy-authorization", "proxy-connection", "connection", "te", "host")
lock = threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


def login_facts(token):
    """What the third message has besides the password; none if it is another one."""
    start = token.find(AUTHENTICATE)  # SPNEGO wraps it
    if start < 0:
        return {}
    message = token[start:]
    fields = [struct.unpack_from("<HHI", message, place) for place in (12, 20, 28, 36)]
    lm, nt, domain, user = (message[at : at + size] for size, _, at in fields)
    facts = {"domain": domain.decode("utf-16-le"), "user": user.decode("utf-16-le")}
    facts.update(lm_empty=not any(lm), mic=False, bound=False, target=None)
    place = 44  # after the proof and the fixed part of the response, MS-NLMP 2.2.2.7
    while place + 4 <= len(nt):
        kind, size = struct.unpack_from("<HH", nt, place)
        value = nt[place + 4 : place + 4 + size]
        place += 4 + size
        if kind == 0:
            break
        if kind == AV_FLAGS:
            facts["mic"] = bool(value[0] & 2)
        elif kind == AV_TARGET:
            facts["target"] = value.decode("utf-16-le")
        elif kind == AV_BINDINGS:
            facts["bound"] = any(value)
    return facts


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.context = None
        self.user = None

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def answer(self, status, fields=(), body=b""):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def challenge(self, token=None):
        scheme = self.server.scheme
        if token:
            scheme += " " + base64.b64encode(token).decode()
        self.answer(407, [("Proxy-Authenticate", scheme)], b"log in\n")

    def logged_in(self):
        """Whether the connection is; if not, the answer has been sent."""
        if self.user:
            return True
        scheme, _, text = self.headers.get("Proxy-Authorization", "").partition(" ")
        if scheme.lower() != self.server.scheme.lower():
            self.challenge()
            return False
        return self.step(base64.b64decode(text))

    def step(self, token):
        facts = login_facts(token)
        if self.server.tampers and facts:
            token = bytearray(token)
            token[token.find(AUTHENTICATE) + MIC] ^= 1
            token = bytes(token)
        if self.context is None:
            self.context = gssapi.SecurityContext(
                usage="accept", channel_bindings=self.server.bindings
            )
        try:
            out = self.context.step(token)
            if self.context.complete:
                self.user = str(self.context.initiator_name).rstrip("\0")
        except gssapi.exceptions.GSSError as error:
            say(port=self.server.name, accepted=False, why=str(error), **facts)
            self.context = None
            self.challenge()
            return False
        if not self.context.complete:
            self.challenge(out)
            return False
        say(port=self.server.name, accepted=True, name=self.user, **facts)
        return True

    def do_CONNECT(self):
        self.body()
        if not self.logged_in():
            return
        self.close_connection = True
        port = int(self.path.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as origin:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(self.connection, origin)

    def do_any(self):
        body = self.body()
        if not self.logged_in():
            return
        _, _, authority, path = self.path.split("/", 3)
        fields = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in HOP_BY_HOP + ("transfer-encoding", "content-length")
        }
        fields["Host"] = authority
        origin = http.client.HTTPConnection("127.0.0.1", int(authority.split(":")[1]))
        origin.request(self.command, "/" + path, body or None, fields)
        reply = origin.getresponse()
        self.answer(
            reply.status,
            [("Content-Type", reply.headers.get("Content-Type", "text/plain"))],
            reply.read(),
        )
        origin.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_any


def relay(client, origin):
    """Until both have ended."""
    other = {client: origin, origin: client}
    reading = {client, origin}
    while reading:
        pending = isinstance(client, ssl.SSLSocket) and client.pending()
        ready = [client] if pending else select.select(reading, [], [])[0]
        for end in ready:
            data = end.recv(65536)
            if data:
                other[end].sendall(data)
                continue
            reading.discard(end)
            if end is client and not reading:
                return
            try:
                other[end].shutdown(socket.SHUT_WR)
            except OSError:
                return


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name, scheme, tls=None, certificate=None, tampers=False):
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.scheme, self.tls, self.tampers = name, scheme, tls, tampers
        self.bindings = None
        if certificate:
            digest = hashlib.sha256(certificate).digest()
            self.bindings = gssapi.raw.ChannelBindings(
                application_data=b"tls-server-end-point:" + digest
            )

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    users, cert, key = sys.argv[1:]
    os.environ["NTLM_USER_FILE"] = users
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with open(cert, encoding="ascii") as file:
        certificate = ssl.PEM_cert_to_DER_cert(file.read())
    servers = [
        Server("ntlm", "NTLM"),
        Server("negotiate", "Negotiate"),
        Server("tampered", "NTLM", tampers=True),
        Server("tls", "NTLM", tls, certificate),
        Server("tls_other", "NTLM", tls, certificate + b"?"),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = " ".join(f"{server.name}={server.server_port}" for server in servers)
    print("ready", ports, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
