"""PAC scripts that choose between real proxies: squids, one behind TLS, and SOCKS."""

import json
import os
import re
import socket
import time

from bed import Failure, expect, expect_in, free_port, write
from cases_clients import (
    big_download, chunked_upload, curl, forbidden, http_1_0, parallel, undici, websocket,
)  # fmt: skip
from cases_gate import ask_get, expect_error
from cases_socks import Dante, closed_proxy, login_entry, open_proxy
from servers import Squid

NAME = "function FindProxyForURL(url, host) "
REST_MS = 5 * 60 * 1000


def libexec(world):
    """Where ccgate finds its helpers."""
    return dict(world.bed.env, CCGATE_LIBEXEC=os.path.abspath(world.beside))


def gate_with(world, script, prefix=(), **settings):
    lines = {"proxy": None, "via_corp_proxy": "true", "auth_hosts": "['127.0.0.1']"}
    if script is not None:
        lines["pac"] = write(world.bed.path("proxy.pac"), script)
    lines.update(settings)
    return world.gate(lines, env=libexec(world), prefix=prefix)


def gate_by(world, *entries, **settings):
    """With a script that always answers with these."""
    return gate_with(world, f"{NAME}{{ return '{'; '.join(entries)}'; }}", **settings)


def proxy(port, kind="PROXY"):
    return f"{kind} 127.0.0.1:{port}"


def fetch(world, gate):
    for base in (world.origin.url, world.origin.tls_url):
        done = curl(world.bed, gate.url, "-f", base + "/small.txt")
        expect(done.stdout, b"a small file\n", base)


def hops(world, gate):
    """For each hop by its port: for how many ms it rests."""
    done = world.bed.run(world.program, "--config", gate.config, "status", "--json")
    found = json.loads(done.stdout)
    found = found[0] if isinstance(found, list) else found
    found = found.get("status", found)["hops"]
    return {int(hop["name"].rsplit(":", 1)[1]): hop["rests_for_ms"] for hop in found}


def expect_rests(world, gate, *ports):
    """These rest for five minutes, and no others."""
    rests = hops(world, gate)
    expect({port for port in rests if rests[port]}, set(ports), "the ports that rest")
    for port in ports:
        if not REST_MS - 60000 < rests[port] <= REST_MS:
            raise Failure(f"{port} rests for {rests[port]} ms")


def expect_explained(world, gate, failed, taken):
    """The request that failed over, by its id in the log: the hops, and the script."""
    ident = re.findall(r"hop_failed id=(\S+)", gate.process.output())[-1]
    words = (world.program, "--config", gate.config, "route", "--id", ident)
    text = world.bed.run(*words, "--trace").stdout.decode()
    for part in (
        f"failed   http://127.0.0.1:{failed}: connect_refused",
        f"took     http://127.0.0.1:{taken}\n",
        "rests for ",
        "decided again just now",
        "trace    pac: FindProxyForURL(",
    ):
        expect_in(part, text, f"the explanation of {ident}")


def failover(world):
    """The first squid goes away; the same request takes the second one. While both are
    away both rest, and are tried all the same; the first is back before its rest ends."""
    one, two = Squid(world.bed, "squid-one"), Squid(world.bed, "squid-two")
    for squid in (one, two):
        squid.start()
    gate = gate_by(world, proxy(one.port), proxy(two.port))

    def served(by, other):
        before = len(by.requests()), len(other.requests())
        fetch(world, gate)
        good = [line for line in by.requests()[before[0] :] if line.startswith("200")]
        expect(len(good), 2, "requests at the squid that is due")
        expect(len(other.requests()), before[1], "requests at the other one")

    served(one, two)
    expect_rests(world, gate)
    one.stop()
    served(two, one)
    expect_rests(world, gate, one.port)
    expect_explained(world, gate, one.port, two.port)
    one.start()
    served(two, one)  # which comes first while the other one rests
    one.stop()
    two.stop()
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect_error(answer, (502,), (f"127.0.0.1:{one.port}", "refused"), "both away")
    expect_rests(world, gate, one.port, two.port)
    one.start()
    served(one, two)
    expect_rests(world, gate, two.port)
    expect(gate.process.output().count("route=direct"), 0, "requests that went direct")
    gate.stop()
    one.stop()


class BlackHole:
    """A port that answers no SYN: its queue is full and nobody takes from it."""

    def __init__(self):
        self.links = [socket.socket() for _ in range(4)]
        self.links[0].bind(("127.0.0.1", 0))
        self.links[0].listen(0)
        self.port = self.links[0].getsockname()[1]
        for link in self.links[1:]:
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", self.port))

    def close(self):
        for link in self.links:
            link.close()


def black_hole(world):
    """A proxy that says nothing costs its one deadline, once."""
    hole = BlackHole()
    limit = "{connect: 1s}"
    gate = gate_by(world, proxy(hole.port), proxy(world.squid.port), timeout=limit)
    for least, most in ((0.9, 4), (0, 0.9)):
        start = time.monotonic()
        answer = ask_get(gate, world.origin.url + "/small.txt")
        took = time.monotonic() - start
        expect(answer.body, "a small file\n", "the file")
        if not least <= took < most:
            raise Failure(f"{took:.2f} s instead of {least} to {most}")
    expect_rests(world, gate, hole.port)
    gate.stop()
    hole.close()


def never_direct(world):
    """With all that the script names away, a host that could be reached is not."""
    ports = [free_port() for _ in range(3)]
    kinds = ("PROXY", "SOCKS5", "HTTPS")
    gate = gate_by(world, *(proxy(port, kind) for kind, port in zip(kinds, ports)))
    answer = ask_get(gate, "http://192.0.2.1/")
    expect_error(answer, (502,), [f"127.0.0.1:{port}" for port in ports], "GET")
    expect_rests(world, gate, *ports)
    expect(gate.process.output().count("route=direct"), 0, "requests that went direct")
    gate.stop()


def https_hop(world):
    """squid's TLS port; without its authority the next one of the script is taken."""
    secure = proxy(world.squid.tls_port, "HTTPS")
    authority = "{ca: " + world.bed.ca + "}"
    gate = gate_by(world, secure, tls=authority)
    before = len(world.squid.requests())
    fetch(world, gate)
    expect_in(f"https://127.0.0.1:{world.squid.tls_port}", gate.process.output(), "the log")
    if len(world.squid.requests()) == before:
        raise Failure("squid was not asked")
    gate.stop()
    gate = gate_by(world, secure, proxy(world.squid.port))
    fetch(world, gate)
    expect_rests(world, gate, world.squid.tls_port)
    gate.stop()
    gate = gate_by(world, secure)
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect_error(answer, (502,), ("certificate",), "without its authority")
    gate.stop()


def socks_hops(world):
    """By dante and by microsocks, a dead one before each."""
    dead = free_port()
    for server in (Dante(world.bed).start(), open_proxy(world)):
        gate = gate_by(world, *(proxy(port, "SOCKS5") for port in (dead, server.port)))
        before = len(server.lines())
        fetch(world, gate)
        expect_rests(world, gate, dead)
        expect(len(server.lines()) > before, True, "lines in the server's log")
        gate.stop()


def socks_login(world):
    """A login is that of the entry in `proxy` that names the same server; a login for
    proxies at large is kept back."""
    server = closed_proxy(world)
    entry = proxy(server.port, "SOCKS5")
    gate = gate_by(world, entry, proxy=login_entry(world, server))
    fetch(world, gate)
    gate.stop()
    gate = gate_by(world, entry)
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect_error(answer, (403,), ("give its entry",), "without an entry")
    gate.stop()


def many_hosts(world):
    """One script, a way for each host; a client that keeps its connection changes ways."""
    other = Squid(world.bed, "squid-other")
    other.start()
    script = (
        f"{NAME}{{ if (shExpMatch(url, '*/part-1*')) return '{proxy(other.port)}';"
        f" return '{proxy(world.squid.port)}'; }}"
    )
    gate = gate_with(world, script)
    before = len(world.squid.requests()), len(other.requests())
    words = []
    for number in (1, 2, 1, 2, 11):
        words += ["-o", os.devnull, f"{world.origin.url}/part-{number}"]
    done = curl(world.bed, gate.url, "-f", "-w", "%{num_connects}", *words)
    expect(done.stdout, b"10000", "connections of the client")
    for squid, count, asked in ((world.squid, before[0], 2), (other, before[1], 3)):
        good = [line for line in squid.requests()[count:] if line.startswith("200")]
        expect(len(good), asked, "requests at a squid")
    gate.stop()
    other.stop()


ALL = (failover, black_hole, never_direct, https_hop, socks_hops, socks_login, many_hosts)


def run(world, results, clients):
    """clients(name, settings, ...) runs all clients through one ccgate, which knows
    nothing but where nginx has the script."""
    script = f"{NAME}{{ return '{proxy(free_port())}; {proxy(world.squid.port)}'; }}"
    write(os.path.join(world.origin.files, "clients.pac"), script)
    url = f"http://127.0.0.1:{world.origin.port}/clients.pac"
    # What the script can make no difference to.
    same = (big_download, chunked_upload, http_1_0, parallel, websocket, undici, forbidden)
    clients(
        "pac_clients",
        {"proxy": None, "auth_hosts": "['127.0.0.1']"},
        leave_out=same,
        env=libexec(world),
        arguments=("--via-corp-proxy", "--pac", url),
    )
    for case in ALL:
        results.run(f"pac/{case.__name__}", case, world)
