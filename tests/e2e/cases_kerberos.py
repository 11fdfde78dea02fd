"""Negotiate: tickets of a real KDC at a real squid, and what there is without them."""

import os
import select
import socket
import time
from contextlib import ExitStack
from urllib.parse import quote

from bed import Failure, expect, wait_until
from cases_auth_verb import known, rearmed
from cases_gate import Answer, ask_both, ask_get, expect_error, together
from cases_login import PARALLEL, connect_status, expect_all
from kdc import BOT, PROXY, REALM, STALE, UNKNOWN, USER, SilentKdc, with_hosts
from servers import DOMAIN, PASSWORD, WORD
from servers import USER as LOGIN

# How long the library may take, in seconds.
LIMIT = 3
TUNNELS = 200


def gate_for(world, env, login=None, **settings):
    """With the tickets that the environment names, and with name and password only if
    `login` gives them. By default before the squid that offers Negotiate alone."""
    lines = {
        "proxy": f"http://{PROXY}:{world.kerberos.port}",
        "username": None,
        "password_file": None,
    }
    password = ""
    if login:
        lines["username"], password = login
        del lines["password_file"]
    lines.update(settings)
    prefix = with_hosts(world.bed, world.kdc.hosts)
    return world.gate(lines, password=password, env=env, prefix=prefix)


def url(world):
    return world.origin.url + "/small.txt"


def target(world):
    return f"origin.test:{world.origin.tls_port}"


def expect_users(world, before, user):
    """Squid writes its log after it has answered."""
    squid = world.kerberos
    wait_until(
        lambda: any(f" user={user} " in line for line in squid.requests()[before:]),
        10,
        f"{user} in squid's access log",
    )


def expect_both(world, gate):
    expect(ask_get(gate, url(world)).status, 200, "GET")
    expect(connect_status(gate, target(world)), 200, "CONNECT")


def expect_neither(world, gate, *words):
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), (PROXY, *words), what)


def a_ticket(world, auth):
    kdc, squid = world.kdc, world.kerberos
    gate = gate_for(world, kdc.env(kdc.ticket()), auth=auth)
    before, refused, asked = len(squid.requests()), squid.logins_refused(), kdc.asked()
    expect_all(world, gate)
    expect_users(world, before, f"{USER}@{REALM}")
    expect(squid.logins_refused() - refused, 0, "tokens refused by squid")
    expect(kdc.asked() - asked, 1, "tickets asked of the KDC")
    gate.stop()


def in_parallel(world):
    """A token of its own for each connection: squid's helpers refuse one they have seen."""
    kdc, squid = world.kdc, world.kerberos
    gate = gate_for(world, kdc.env(kdc.ticket()))
    refused = squid.logins_refused()

    def one(number):
        if number % 2:
            return connect_status(gate, target(world))
        return ask_get(gate, url(world)).status

    for _ in range(3):
        expect(together(one, PARALLEL), [200] * PARALLEL, "the statuses")
    expect(squid.logins_refused() - refused, 0, "tokens refused by squid")
    gate.stop()


def over_tls(world):
    kdc, squid = world.kdc, world.kerberos
    gate = gate_for(
        world, kdc.env(kdc.ticket()), tls="{ca: " + world.bed.ca + "}",
        proxy=f"https://{PROXY}:{squid.tls_port}",
    )  # fmt: skip
    expect_all(world, gate)
    gate.stop()


def a_big_ticket(world):
    kdc, squid = world.kdc, world.kerberos
    cache = kdc.ticket()
    kdc.big_ticket(cache, 12_000)
    gate = gate_for(world, kdc.env(cache))
    before = len(squid.requests())
    expect_all(world, gate)
    heads = [int(line.split(" head=")[1].split()[0]) for line in squid.requests()[before:]]
    if max(heads) < 16_000:
        raise Failure(f"a request head of {max(heads)} bytes")
    gate.stop()


def a_keytab(world):
    """Keys instead of a ticket; there is no cache."""
    kdc = world.kdc
    gate = gate_for(world, kdc.env(kdc.cache()), keytab=kdc.bot_keytab)
    before = len(world.kerberos.requests())
    expect_both(world, gate)
    expect_users(world, before, f"{BOT}@{REALM}")
    gate.stop()


def a_client_keytab_of_the_past(world):
    """To the KDC, it is a wrong password: one login in all, by two daemons and over a
    restart; one more after `auth rearm`; and new keys in the file are tried at once."""
    kdc, robot = world.kdc, "robot"
    state, keytab = world.bed.directory("kerberos-robot"), kdc.add_robot(robot)
    kdc.forget_keys(robot)

    def two_gates():
        env = kdc.env(kdc.cache())
        return [gate_for(world, env, keytab=keytab, state_dir=state) for _ in range(2)]

    def expect_rejections(count):
        gates = two_gates()
        for gate in gates * 2:
            expect_neither(world, gate, "keytab")
        expect(kdc.rejected(robot), count, "logins that the KDC rejected")
        for gate in gates[1:]:
            gate.stop()
        return gates[0]

    expect_rejections(1).stop()
    gate = expect_rejections(1)
    login = [login for login in known(world, gate) if login["keytab"]]
    for key, value in (("keytab", keytab), ("state", "closed"), ("why", "rejected")):
        expect([one[key] for one in login], [value], f"{key} in auth status")
    rearmed(world, gate)
    gate.stop()
    gate = expect_rejections(2)
    kdc.new_keys(robot)
    wait_until(lambda: ask_get(gate, url(world)).status == 200, 10, "the new keys")
    expect_both(world, gate)
    expect(kdc.rejected(robot), 2, "logins that the KDC rejected")
    gate.stop()


def a_keytab_of_nobody(world):
    """A keytab that is read well, and holds nothing."""
    kdc = world.kdc
    empty = kdc.cache()
    with open(empty, "wb") as file:
        file.write(b"\5\2")
    os.chmod(empty, 0o600)
    gate = gate_for(world, kdc.env(kdc.ticket()), keytab=empty)
    expect_neither(world, gate, "keytab")
    gate.stop()


def the_proxy_proves_itself(world):
    """By a token in its answer, in either field. A wrong one is the end of the
    connection; many proxies send none."""
    kdc, ports = world.kdc, world.proving.ports
    for manner, good in (
        ("info", True), ("challenge", True), ("none", True), ("forged", False),
        ("garbage", False),
    ):  # fmt: skip
        hop = f"http://{PROXY}:{ports[manner]}"
        gate = gate_for(world, kdc.env(kdc.ticket()), proxy=hop)
        for _ in range(2):
            if good:
                expect_both(world, gate)
                continue
            for form, answer in ask_both(gate, world):
                expect_error(answer, (403,), ("prove",), f"{manner}: {form}")
        gate.stop()


def a_new_ticket(world):
    """None, then one, without a restart; and one that has expired, then a new one. What
    failed is not tried again for some seconds."""
    kdc = world.kdc
    gates = []
    for cache in (kdc.cache(), kdc.expired()):
        gates.append(gate_for(world, kdc.env(cache)))
        expect_neither(world, gates[-1], "kinit")
        kdc.ticket(cache)
    for gate in gates:
        wait_until(lambda: ask_get(gate, url(world)).status == 200, 10, "the new ticket")
        expect_both(world, gate)
        gate.stop()


# ---- where Kerberos cannot work ----


def expect_next_scheme(world, env, name=PROXY, **settings):
    """What the proxy offers besides Negotiate does then. Basic, in clear before one who
    offers better, must be asked for by name."""
    squid = world.kerberos
    for scheme, login, auth in (
        ("ntlm", (f"'{DOMAIN}\\{LOGIN}'", WORD), "auto"),
        ("basic", (LOGIN, PASSWORD), "[negotiate, basic]"),
    ):
        user = f"{DOMAIN}\\{LOGIN}" if scheme == "ntlm" else LOGIN
        hop = f"http://{name}:{squid.ports[scheme]}"
        gate = gate_for(world, env, login, auth=auth, proxy=hop, **settings)
        before = len(squid.requests())
        expect_both(world, gate)
        expect_users(world, before, user)
        gate.stop()


def without_a_ticket(world):
    kdc = world.kdc
    for cache, word in ((kdc.cache(), "no kerberos ticket"), (kdc.expired(), "expired")):
        gate = gate_for(world, kdc.env(cache))
        expect_neither(world, gate, word, "kinit")
        gate.stop()
        expect_next_scheme(world, kdc.env(cache))


def a_stale_keytab(world):
    """The proxy cannot read the ticket, and refuses it."""
    kdc, squid = world.kdc, world.kerberos
    env = kdc.env(kdc.ticket())
    gate = gate_for(world, env, proxy=f"http://{STALE}:{squid.port}")
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), (STALE, "keytab", "stale"), what)
    gate.stop()
    expect_next_scheme(world, env, STALE)


def a_name_unknown_to_kerberos(world):
    """An alias, or an address, which cannot be one."""
    kdc, squid = world.kdc, world.kerberos
    env = kdc.env(kdc.ticket())
    for name, word in ((UNKNOWN, "does not know"), ("127.0.0.1", "address")):
        gate = gate_for(world, env, proxy=f"http://{name}:{squid.port}")
        for what, answer in ask_both(gate, world):
            expect_error(answer, (403,), (name, word), what)
        gate.stop()
        expect_next_scheme(world, env, name)


def the_kdc_stops(world):
    """A ticket for the proxy lasts; without one, there is none to be had."""
    kdc = world.kdc
    with_one, bare = kdc.ticket(), kdc.ticket()
    gate = gate_for(world, kdc.env(with_one))
    expect_both(world, gate)
    kdc.stop()
    try:
        for _ in range(3):
            expect_both(world, gate)
        gate.stop()
        gate = gate_for(world, kdc.env(bare))
        expect_neither(world, gate, "kdc")
        expect_next_scheme(world, kdc.env(bare))
        gate.stop()
    finally:
        kdc.start()


def the_kdc_is_silent(world):
    """It costs the limit once; then the hop is not asked for a while."""
    kdc = world.kdc
    with SilentKdc(kdc) as silent:
        env = kdc.env(kdc.ticket(), silent.config)
        gate = gate_for(world, env)
        start = time.monotonic()
        expect_neither(world, gate, "kdc")
        took = time.monotonic() - start
        expect(silent.was_asked(), True, "the silent KDC was asked")
        if not LIMIT - 0.1 < took < LIMIT + 2:
            raise Failure(f"{took:.1f} s for two requests")
        gate.stop()
        expect_next_scheme(world, env, timeout="{ticket: 300ms}")


def open_tunnels(gate, world, count, stack):
    """The statuses; what is open is kept so."""

    def one(_):
        host, port = gate.address.rsplit(":", 1)
        link = stack.enter_context(socket.create_connection((host, int(port)), 60))
        name = target(world)
        link.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        return int(link.recv(65536).split()[1])

    return together(one, count)


def others_go_on(world):
    """While the KDC is silent, nobody else waits: not those who take another hop, nor
    a name that the system's resolver looks up, nor the end of the daemon."""
    kdc = world.kdc
    with SilentKdc(kdc) as silent, ExitStack() as stack:
        env = kdc.env(kdc.ticket(), silent.config)
        # Plain requests by the proxy that wants a ticket, tunnels by the other.
        word = quote(PASSWORD, safe="")
        env["http_proxy"] = f"http://{PROXY}:{world.kerberos.port}"
        env["https_proxy"] = f"http://{LOGIN}:{word}@127.0.0.1:{world.squid.port}"
        gate = gate_for(
            world, env, proxy=None, resolver="system", noproxy=UNKNOWN,
            timeout="{ticket: 4s}",
        )  # fmt: skip
        host, port = gate.address.rsplit(":", 1)
        waiting = stack.enter_context(socket.create_connection((host, int(port)), 60))
        name = world.origin.url.split("/")[2]
        waiting.sendall(f"GET {url(world)} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        wait_until(silent.was_asked, 10, "the silent KDC to be asked")
        statuses = open_tunnels(gate, world, TUNNELS, stack)
        expect(statuses, [200] * TUNNELS, "the tunnels")
        direct = ask_get(gate, f"http://{UNKNOWN}:{world.origin.port}/small.txt")
        expect(direct.status, 200, "by the system's resolver")
        expect(select.select([waiting], [], [], 0)[0], [], "an answer, meanwhile")
        answer = Answer(waiting.recv(65536))
        expect_error(answer, (403,), (PROXY, "kdc"), "the one that waits")
        # The library goes on to wait for half a minute.
        stack.close()
        start = time.monotonic()
        gate.stop()
        took = time.monotonic() - start
        if took > 3:
            raise Failure(f"{took:.1f} s until the daemon ended")


ALL = (
    in_parallel, over_tls, a_big_ticket, the_proxy_proves_itself, a_keytab,
    a_client_keytab_of_the_past, a_keytab_of_nobody, a_new_ticket, without_a_ticket,
    a_stale_keytab, a_name_unknown_to_kerberos, the_kdc_stops, the_kdc_is_silent,
    others_go_on,
)  # fmt: skip


def run(world, results):
    for auth in ("auto", "negotiate"):
        results.run(f"kerberos/a_ticket_{auth}", a_ticket, world, auth)
    for case in ALL:
        results.run(f"kerberos/{case.__name__}", case, world)
