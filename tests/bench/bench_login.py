#!/usr/bin/env python3
"""bench_login: how long a CONNECT takes through a proxy that is far away and wants NTLM.

bench.py calls measure(), which runs this file inside tests/bench/link. There, squid with
Samba's ntlm_auth is at the other end of the line; the clients, ccgate, cntlm and the origin
are on loopback.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))

from bed import Bed, Failure, free_port, wait_until  # noqa: E402
from bench_peers import BenchError, cntlm_version, first_line  # noqa: E402
from servers import DOMAIN, USER, WORD, Gate, NtlmSquid  # noqa: E402

DELAY_MS = 30
HERE, THERE = os.environ.get("LINK_HERE"), os.environ.get("LINK_THERE")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


# ---- inside the link

class FarSquid(NtlmSquid):
    """At the other end of the line."""

    ADDRESS = HERE or NtlmSquid.ADDRESS

    def know(self, address, name):
        """A name for squid; before it is started."""
        with open(os.path.join(self.home, "hosts"), "a", encoding="ascii") as hosts:
            hosts.write(f"{address} {name}\n")


class Serving:
    """A listener with a thread for each connection, which answers whatever comes."""

    def __init__(self, address, answer, port=0):
        self.server = socket.create_server((address, port))
        self.port = self.server.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            link, _ = self.server.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with link:
            try:
                while link.recv(65536):
                    link.sendall(self.answer)
            except OSError:
                pass


def read_head(link):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = link.recv(4096)
        if not part:
            break
        head += part
    return head


def connect_through(port, target):
    """A tunnel, and the seconds from the CONNECT to its whole 200."""
    link = socket.create_connection(("127.0.0.1", port), 60)
    start = time.monotonic()
    link.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = read_head(link)
    took = time.monotonic() - start
    if not re.match(rb"HTTP/1\.[01] 200 ", head):
        raise BenchError(f"CONNECT was answered with {head[:200]!r}")
    return link, took


def read_answer(link):
    """What the origin answers, behind whatever head a proxy made of it."""
    got = b""
    while not got.endswith(b"ok\n"):
        part = link.recv(4096)
        if not part:
            raise BenchError(f"the origin's answer is {got[:200]!r}")
        got += part


def get_through(port, target):
    with socket.create_connection(("127.0.0.1", port), 60) as link:
        link.sendall(f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        read_answer(link)


class Row:
    """One line of the table, with an origin of its own, by whose name squid's log tells
    the rows apart."""

    goal = None

    def __init__(self, site, number):
        self.site = site
        address, name = f"127.0.1.{number}", f"origin-{number}.test"
        self.origin = Serving(address, ANSWER, 443)
        self.target = f"{name}:443"
        self.seconds = []
        self.port = None
        site.squid.know(address, name)

    def start(self):
        """Before the first round."""

    def prepare(self):
        """Before each CONNECT."""

    def after(self):
        """After each CONNECT."""

    def sample(self):
        self.prepare()
        link, took = connect_through(self.port, self.target)
        with link:
            link.sendall(b"x")
            read_answer(link)
        self.seconds.append(took)
        self.after()

    def connects(self):
        return [line for line in self.site.squid.requests()
                if f" CONNECT {self.target} " in line]


class Ccgate(Row):
    settings = {}

    def start(self):
        hop = f"http://{THERE}:{self.site.squid.port}"
        self.gate = Gate(self.site.bed, self.site.ccgate, dict(
            self.settings, proxy=hop, username=f"'{DOMAIN}\\{USER}'"), password=WORD)
        self.gate.start()
        self.port = int(self.gate.address.rsplit(":", 1)[1])


class CcgateFirst(Ccgate):
    name = "ccgate, its first"
    how = """a ccgate that was just started and knows nothing of the proxy, which it
  first asks without a login; started anew for each CONNECT."""

    def start(self):
        pass

    def prepare(self):
        super().start()

    def after(self):
        self.gate.stop()


class CcgateCold(Ccgate):
    name = "ccgate, cold"
    how = """a TCP connection and a whole login for each CONNECT (`warm.enabled: false`); a
  plain GET before the first round has told ccgate what the proxy asks for, so that it speaks
  first."""
    settings = {"warm": "{enabled: false}"}

    def start(self):
        super().start()
        get_through(self.port, self.target)


class CcgateWarm(Ccgate):
    name = "ccgate, warm"
    how = """with a plain GET through it before each CONNECT, which leaves a connection that
  is logged in (`warm.tunnels: 0`)."""
    goal = 1.1
    settings = {"warm": "{tunnels: 0}"}

    def prepare(self):
        get_through(self.port, self.target)


class CcgateReady(Ccgate):
    name = "ccgate, ready"
    how = """as it is by default, which keeps tunnels ready to a host that is used again and
  again; three CONNECTs to it before the first round."""
    goal = 0.1

    def start(self):
        super().start()
        for _ in range(3):
            link, _ = connect_through(self.port, self.target)
            link.close()


class Cntlm(Row):
    name = "cntlm"
    how = """as it is by default, also after a plain GET before the first round."""

    def start(self):
        home = self.site.bed.directory(f"cntlm-{id(self)}")
        self.port = free_port()
        path = os.path.join(home, "cntlm.conf")
        with open(path, "w", encoding="latin-1") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"Username {USER}\nDomain {DOMAIN}\nPassword {WORD}\n"
                       f"Proxy {THERE}:{self.site.squid.port}\n"
                       f"Listen 127.0.0.1:{self.port}\n")
        bed = self.site.bed
        process = bed.start("cntlm", [bed.which("cntlm"), "-f", "-c", path],
                            os.path.join(home, "log"))

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        process.wait_ready(listens)
        get_through(self.port, self.target)


class CntlmAfterGet(Cntlm):
    name = "cntlm, after a GET"
    how = """with a plain GET through it before each CONNECT. This cntlm closes its
  connection to this squid after each plain request and so has none to use again."""

    def prepare(self):
        get_through(self.port, self.target)


ROWS = (CcgateFirst, CcgateCold, CcgateWarm, CcgateReady, Cntlm, CntlmAfterGet)


class Site:
    """Everything inside the link."""

    def __init__(self, ccgate):
        self.bed = Bed()
        self.ccgate = ccgate
        self.squid = FarSquid(self.bed)
        self.rows = [kind(self, number) for number, kind in enumerate(ROWS, 1)]
        self.squid.start()
        self.echo = Serving(HERE, b"x")
        self.line = socket.create_connection((THERE, self.echo.port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def round_trip(self):
        """The seconds of one, on a connection that stands."""
        start = time.monotonic()
        self.line.sendall(b"x")
        self.line.recv(1)
        return time.monotonic() - start


def run_rounds(site, rounds):
    rows = site.rows
    for row in rows:
        row.start()
    round_trips = []
    start = time.monotonic()
    for number in range(rounds):
        turn = number % len(rows)
        for row in rows[turn:] + rows[:turn]:
            round_trips.append(site.round_trip())
            row.sample()
    pace = (time.monotonic() - start) / rounds
    found = []
    for row in rows:
        # Squid writes its log after it has answered; a tunnel is logged when it ends.
        wait_until(lambda: sum(line.startswith("200 ") for line in row.connects()) >= rounds,
                   10, "squid's log")
        found.append({"name": row.name, "how": row.how, "goal": row.goal, "seconds": row.seconds,
                      "requests": len(row.connects()) / rounds})
    return {"rows": found, "round_trips": round_trips, "pace": pace}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ccgate", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args(argv)
    if HERE is None:
        sys.exit("bench_login.py: runs inside tests/bench/link; see make bench-login")
    site = Site(os.path.abspath(args.ccgate))
    try:
        result = run_rounds(site, args.rounds)
        squid = first_line([site.bed.which("squid"), "-v"])
        result["versions"] = [squid, cntlm_version()]
        print(json.dumps(result))
    finally:
        site.bed.close()
        site.bed.remove()


# ---- outside

def measure(link, ccgate, rounds):
    """Runs the above inside `link`: what it printed, with the link's report."""
    with tempfile.TemporaryDirectory(prefix="ccgate-bench-") as folder:
        report = os.path.join(folder, "link.json")
        busy = os.getloadavg()[0]
        done = subprocess.run(
            [os.path.abspath(link), "--delay", f"{DELAY_MS}ms", "--report", report, "--",
             sys.executable, os.path.abspath(__file__), "--ccgate", ccgate, "--rounds",
             str(rounds)], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{os.path.basename(__file__)} ended with {done.returncode}")
        with open(report, encoding="ascii") as file:
            return dict(json.loads(done.stdout), link=json.load(file), busy=busy)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (BenchError, Failure, OSError) as error:
        sys.exit(f"bench_login.py: {error}")
