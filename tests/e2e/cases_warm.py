"""Ready tunnels that die: TLS clients must not notice. The proxy and the provider are the
mocks, since a real proxy does not break off on command."""

import json
import os
import re
import socket
import ssl
import threading
import time

from bed import Failure, expect, read, wait_until
from cases_gate import ask_get
from cases_login import connect_status
from servers import DOMAIN as SQUID_DOMAIN
from servers import USER as SQUID_USER
from servers import WORD as SQUID_WORD

CLIENTS, WAVE = 1000, 25
TARGET = "provider.test:443"
SILENT = 500  # milliseconds, after which the mock takes a tunnel for a ready one
USER, DOMAIN, WORD = "alice", "CORP", "wave-42"


class Mock:
    """One of the programs of tests/mock."""

    def __init__(self, world, name, *options):
        program = os.path.abspath(os.path.join(os.environ.get("MOCKS", "tests/mock"), name))
        self.log = os.path.join(world.bed.fresh(name), "out")
        self.process = world.bed.start(name, [program, *options], self.log)
        self.process.wait_ready(lambda: "ready " in self.process.output())
        self.address = re.search(r"ready (\S+)", self.process.output()).group(1)

    def count(self, text):
        return self.process.output().count(text)


class Client:
    """CONNECT, a TLS handshake and a request, as any program does it."""

    def __init__(self, world, gate):
        host, port = gate.address.rsplit(":", 1)
        self.address = host, int(port)
        self.context = ssl.create_default_context(cafile=world.bed.ca)

    def talk(self):
        """The body of the answer; an exception when anything fails."""
        with socket.create_connection(self.address, 30) as link:
            link.sendall(f"CONNECT {TARGET} HTTP/1.1\r\nHost: {TARGET}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += link.recv(1) or b"\r\n\r\n"
            if not head.startswith(b"HTTP/1.1 200 "):
                raise Failure(head[:300])
            with self.context.wrap_socket(link, server_hostname="provider.test") as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while part := tls.recv(4096):
                    answer += part
        return answer.partition(b"\r\n\r\n")[2]

    def wave(self, count, failures):
        """So many at the same time."""

        def one():
            try:
                body = self.talk()
                if body != b"mock provider\n":
                    failures.append(f"{body!r}")
            except (OSError, Failure) as error:
                failures.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def warm_of(world, gate):
    """What status says of the ready tunnels."""
    done = world.bed.run(world.program, "status", "--json", "--config", gate.config,
                         "--runtime-dir", os.path.join(gate.home, "run"))  # fmt: skip
    return json.loads(done.stdout)["hops"][0]["warm"]


def start(world, proxy_options, settings):
    cert, key = world.bed.certificate("provider.test")
    provider = Mock(world, "mockprovider", "--tls", cert, key)
    proxy = Mock(world, "mockproxy", "--auth", f"ntlm:{DOMAIN}:{USER}:{WORD}",
                 "--map", f"{TARGET}={provider.address}", *proxy_options)  # fmt: skip
    lines = {"proxy": f"http://{proxy.address}", "username": f"'{DOMAIN}\\{USER}'"}
    lines.update(settings)
    return proxy, world.gate(lines, password=WORD)


def grown(world, gate, least):
    """Waits until the ready tunnels are there and so old that the mock may kill them."""
    wait_until(lambda: warm_of(world, gate)["ready"] >= least, 10, "ready tunnels")
    old = time.monotonic() + 1.5 * SILENT / 1000
    wait_until(lambda: time.monotonic() > old, 10, "them to grow old")


def clients_do_not_notice(world):
    """1,000 TLS clients, while the proxy breaks off ready tunnels by FIN and by RST, in
    silence and at the first bytes: no failure."""
    proxy, gate = start(
        world,
        ["--kill-idle", str(SILENT), "--kill-after", str(SILENT)],
        {"warm": "{tunnels: 64}"},
    )
    client, failures = Client(world, gate), []
    for _ in range(CLIENTS // WAVE):
        client.wave(WAVE, failures)
        grown(world, gate, WAVE // 2)
    expect(failures[:5], [], f"{len(failures)} failures, the first of them")
    warm = warm_of(world, gate)
    killed = {
        (how, when): proxy.count(f"killed by {how} {when}")
        for how in ("FIN", "RST")
        for when in ("in silence", "at its first bytes")
    }
    seen = f"{warm}, killed: {killed}"
    print(f"     {seen}")
    if warm["used"] < CLIENTS / 5 or warm["replayed"] < CLIENTS / 20:
        raise Failure(f"too few ready tunnels were used or replayed: {seen}")
    if min(killed.values()) < CLIENTS / 100:
        raise Failure(f"too few were killed: {seen}")
    at_first = sum(count for (_, when), count in killed.items() if when.startswith("at"))
    if warm["replayed"] < at_first:
        raise Failure(f"not all that died were replayed: {seen}")
    expect(proxy.count("failed login"), 0, "failed logins")
    gate.stop()
    if "reused=ready" not in read(gate.log):
        raise Failure("the access log knows nothing of ready tunnels")


def one_key_turns_it_off(world):
    """No ready tunnel, and so nothing that the mock takes for one."""
    proxy, gate = start(world, ["--kill-idle", str(SILENT)], {"warm": "{enabled: false}"})
    client, failures = Client(world, gate), []
    for _ in range(4):
        client.wave(5, failures)
    expect(failures, [], "failures")
    expect(warm_of(world, gate)["opened"], 0, "ready tunnels")
    expect(proxy.count("killed"), 0, "tunnels that were killed")
    gate.stop()


def at_a_real_proxy(world):
    """Squid with NTLM: what a plain request and a refused CONNECT leave is used."""
    gate = world.gate({
        "proxy": f"http://127.0.0.1:{world.ntlm.port}",
        "username": f"'{SQUID_DOMAIN}\\{SQUID_USER}'",
        "warm": "{tunnels: 0}",
    }, password=SQUID_WORD)  # fmt: skip
    target = f"origin.test:{world.origin.tls_port}"
    before = len(world.ntlm.requests())
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 200, "the plain request")
    expect(connect_status(gate, target), 200, "CONNECT after it")
    expect(connect_status(gate, "forbidden.test:443"), 403, "a refused CONNECT")
    expect(connect_status(gate, target), 200, "CONNECT after that")
    expect(warm_of(world, gate)["kept_connects"], 2, "CONNECTs on kept connections")
    # 407, 407, GET; CONNECT; 407 and 403 (the login is known to be asked for); CONNECT
    wait_until(lambda: len(world.ntlm.requests()) - before >= 7, 10, "squid's log")
    expect(len(world.ntlm.requests()) - before, 7, "messages to squid")
    gate.stop()


ALL = [clients_do_not_notice, one_key_turns_it_off, at_a_real_proxy]
