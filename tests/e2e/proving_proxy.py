"""A proxy that logs in by Kerberos and proves itself in its answer, as RFC 4559 has it and
squid 5 does not: the token of the real library, in one of several places, or forged.

Usage: proving_proxy.py KEYTAB. Prints the port of each manner. Any request whose ticket is
good is answered with 200."""

import base64
import os
import socketserver
import sys
import threading

import gssapi


def flip(token):
    token = bytearray(token)
    token[-8] ^= 1
    return bytes(token)


INFO, CHALLENGE = "Proxy-Authentication-Info", "Proxy-Authenticate"
MANNERS = {
    "info": (INFO, lambda token: token),
    "challenge": (CHALLENGE, lambda token: token),
    "none": (None, None),
    "forged": (INFO, flip),
    "garbage": (CHALLENGE, lambda token: b"garbage"),
}


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        logged_in = False
        while head := self._head():
            value = head.get("proxy-authorization", "")
            if not logged_in and value.startswith("Negotiate "):
                logged_in = self._accept(base64.b64decode(value.split()[1]))
            elif logged_in:
                self._answer("200 OK")
            else:
                self._answer("407 Login", (CHALLENGE, "Negotiate"))

    def _head(self):
        lines = []
        while (line := self.rfile.readline().decode("latin-1")).strip():
            lines.append(line)
        fields = (line.split(":", 1) for line in lines[1:])
        return {name.lower(): value.strip() for name, value in fields}

    def _accept(self, token):
        context = gssapi.SecurityContext(creds=self.server.creds, usage="accept")
        try:
            proof = context.step(token)
        except gssapi.exceptions.GSSError:
            self._answer("407 Login", (CHALLENGE, "Negotiate"))
            return False
        name, forge = self.server.manner
        value = forge and "Negotiate " + base64.b64encode(forge(proof)).decode()
        self._answer("200 OK", *([(name, value)] if name else []))
        return True

    def _answer(self, status, *fields):
        lines = [f"HTTP/1.1 {status}", *(": ".join(field) for field in fields)]
        lines += ["Content-Length: 0", "", ""]
        self.wfile.write("\r\n".join(lines).encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, manner, creds):
        super().__init__(("127.0.0.1", 0), Connection)
        self.manner, self.creds = manner, creds


def main():
    # One proxy sees each token once only; the cache of replays is not what is tried here.
    os.environ["KRB5RCACHENAME"] = "none:"
    creds = gssapi.Credentials(usage="accept", store={"keytab": sys.argv[1]})
    ports = []
    for name, manner in MANNERS.items():
        server = Server(manner, creds)
        threading.Thread(target=server.serve_forever).start()
        ports.append(f"{name}={server.server_address[1]}")
    print("ready", *ports, flush=True)


main()
