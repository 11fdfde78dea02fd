"""The logins that are more than one message: NTLM and Digest, at a real squid."""

import os
import random
import re
import socket

from bed import Failure, expect, wait_until
from cases_clients import curl
from cases_gate import ask_both, ask_connect, ask_get, expect_error, together
from servers import DOMAIN, PASSWORD, USER, WORD

PARALLEL = 20


def gate_for(world, squid, password=WORD, **settings):
    lines = {
        "proxy": f"http://127.0.0.1:{squid.port}",
        "username": f"'{DOMAIN}\\{USER}'" if squid is world.ntlm else USER,
    }
    lines.update(settings)
    return world.gate(lines, password=password)


def expect_refused(squid, before, count):
    """Squid writes its log after it has answered."""
    wait_until(
        lambda: squid.logins_refused() - before >= count, 10, "squid's access log"
    )
    expect(squid.logins_refused() - before, count, "logins refused by squid")


def expect_all(world, gate):
    """A tunnel, plain requests that share a connection, and bodies."""
    body = random.Random(1).randbytes(300_000)
    path = world.bed.path("posted")
    with open(path, "wb") as file:
        file.write(body)
    for base in (world.origin.tls_url, world.origin.url):
        names = [f"{base}/small.txt"] * 3
        done = curl(world.bed, gate.url, "-f", *names)
        expect(done.stdout, b"a small file\n" * 3, base)
        for more in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]):
            done = curl(
                world.bed, gate.url, "-f", "--data-binary", "@" + path, *more, base + "/echo"
            )
            if done.stdout != body:
                raise Failure(f"{base}: {len(done.stdout)} bytes came back, {more}")
    os.unlink(path)


def connect_status(gate, target):
    """Without waiting for the tunnel's end."""
    host, port = gate.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 60) as link:
        link.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return int(link.recv(65536).split()[1])


def right_password(world, squid):
    gate = gate_for(world, squid)
    before = squid.logins_refused()
    expect_all(world, gate)
    expect_refused(squid, before, 0)
    gate.stop()


def body_first(world, squid, password=WORD):
    """The first request of all has a body; nothing is known about the proxy yet."""
    body = random.Random(2).randbytes(300_000)
    path = world.bed.path("first")
    with open(path, "wb") as file:
        file.write(body)
    before = squid.logins_refused()
    for more in (
        ["-H", "Expect:"],
        ["-H", "Expect: 100-continue"],
        ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"],
        ["--http1.0"],
    ):
        gate = gate_for(world, squid, password)
        url = world.origin.url + "/echo"
        done = curl(world.bed, gate.url, "-f", "--data-binary", "@" + path, *more, url)
        if done.stdout != body:
            raise Failure(f"{len(done.stdout)} bytes came back, {more}")
        gate.stop()
    expect_refused(squid, before, 0)
    os.unlink(path)


def in_parallel(world, squid):
    gate = gate_for(world, squid)
    before = squid.logins_refused()
    url = world.origin.url + "/small.txt"

    def one(number):
        if number % 2:
            return connect_status(gate, f"origin.test:{world.origin.tls_port}")
        return ask_get(gate, url).status

    for _ in range(3):
        expect(together(one, PARALLEL), [200] * PARALLEL, "the statuses")
    expect_refused(squid, before, 0)
    gate.stop()


def wrong_password(world, squid):
    gate = gate_for(world, squid, password="wrong")
    before = squid.logins_refused()
    hop = f"127.0.0.1:{squid.port}"
    for _ in range(5):
        for what, answer in ask_both(gate, world):
            expect_error(answer, (403,), (hop, "password"), what)
    expect_refused(squid, before, 1)
    gate.stop()


def wrong_password_in_parallel(world, squid):
    gate = gate_for(world, squid, password="wrong")
    before = squid.logins_refused()

    def one(number):
        if number % 2:
            return ask_connect(gate, f"origin.test:{world.origin.tls_port}").status
        return ask_get(gate, world.origin.url + "/small.txt").status

    expect(together(one, PARALLEL), [403] * PARALLEL, "the statuses")
    expect_refused(squid, before, 1)
    gate.stop()


def wrong_user(world):
    gate = gate_for(world, world.digest, username="mallory")
    before = world.digest.logins_refused()
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), ("mallory",), what)
    expect_refused(world.digest, before, 1)
    gate.stop()


def ruled_out(world, squid):
    """What the configuration does not allow is not spoken."""
    gate = gate_for(world, squid, auth="[basic]")
    before = squid.logins_refused()
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), ("auth:",), what)
    expect_refused(squid, before, 0)
    gate.stop()


def one_login_per_connection(world):
    """Plain requests on a connection that is logged in carry no login."""
    gate = gate_for(world, world.ntlm)
    start = len(world.ntlm.requests())
    names = [world.origin.url + "/small.txt"] * 8
    curl(world.bed, gate.url, "-f", *names)
    wait_until(
        lambda: len(world.ntlm.requests()) >= start + 10, 10, "squid's access log"
    )
    lines = world.ntlm.requests()[start:]
    third = [line for line in lines if re.search(world.ntlm.SENT, line)]
    expect(len(third), 1, "logins")
    expect(len(lines), 10, "requests at squid")
    gate.stop()


def nonce_goes_on(world):
    """Digest: one challenge serves several requests until it is stale, then the next."""
    gate = gate_for(world, world.digest)
    start = len(world.digest.requests())
    for _ in range(30):
        expect(ask_get(gate, world.origin.url + "/small.txt").status, 200, "GET")
    challenges = [
        line for line in world.digest.requests()[start:] if line.startswith("407 ")
    ]
    if not 2 <= len(challenges) <= 8:
        raise Failure(f"{len(challenges)} challenges for 30 requests")
    gate.stop()


def over_tls(world, squid):
    """The hop speaks TLS; NTLM is then bound to its certificate."""
    hop = f"https://127.0.0.1:{squid.tls_port}"
    gate = gate_for(world, squid, proxy=hop, tls="{ca: " + world.bed.ca + "}")
    expect_all(world, gate)
    gate.stop()


BOTH = (
    right_password, body_first, in_parallel, wrong_password, wrong_password_in_parallel,
    ruled_out, over_tls,
)  # fmt: skip


def run(world, results):
    for name, squid in (("ntlm", world.ntlm), ("digest", world.digest)):
        for case in BOTH:
            results.run(f"{name}/{case.__name__}", case, world, squid)
    results.run("basic/body_first", body_first, world, world.squid, PASSWORD)
    results.run("ntlm/one_login_per_connection", one_login_per_connection, world)
    results.run("digest/wrong_user", wrong_user, world)
    results.run("digest/nonce_goes_on", nonce_goes_on, world)
