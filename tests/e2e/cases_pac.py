"""PAC scripts that choose between real squids."""

import os

from bed import expect, expect_in, write
from cases_clients import curl
from servers import Squid

NAME = "function FindProxyForURL(url, host) "


def gate_with(world, script, prefix=(), **settings):
    lines = {"proxy": None, "via_corp_proxy": "true", "auth_hosts": "['127.0.0.1']"}
    if script is not None:
        lines["pac"] = write(world.bed.path("proxy.pac"), script)
    lines.update(settings)
    env = dict(world.bed.env, CCGATE_LIBEXEC=os.path.abspath(world.beside))
    return world.gate(lines, env=env, prefix=prefix)


def fetch(world, gate):
    for base in (world.origin.url, world.origin.tls_url):
        done = curl(world.bed, gate.url, "-f", base + "/small.txt")
        expect(done.stdout, b"a small file\n", base)


def failover(world):
    """The first squid goes away; the same request takes the second one."""
    other = Squid(world.bed, "squid-other")
    other.start()
    first, second = (f"PROXY 127.0.0.1:{squid.port}" for squid in (other, world.squid))
    gate = gate_with(world, NAME + f"{{ return '{first}; {second}'; }}")
    fetch(world, gate)
    expect(len([line for line in other.requests() if line.startswith("200")]), 2, "first")
    other.stop()
    before = len(world.squid.requests())
    fetch(world, gate)
    expect(len(world.squid.requests()) > before, True, "the second squid was asked")
    status = world.bed.run(world.program, "--config", gate.config, "status").stdout
    expect_in("rests", status.decode(), "the first squid")
    expect_in("fresh", status.decode(), "the script")
    gate.stop()


ALL = (failover,)
