#!/usr/bin/env python3
"""make check-e2e: real clients through ccgate and a real squid to a real nginx and git.

CCGATE names the program, LINK tests/bench/link; E2E_CACHE the directory where packages of
pip and npm are kept (default: e2e-cache beside the program). An absent program is a failure.
"""

import argparse
import functools
import os
import shutil
import signal
import sys

import cases_auth_verb
import cases_beds
import cases_bump
import cases_clients
import cases_env
import cases_desktop
import cases_fetch
import cases_gate
import cases_gss
import cases_guard
import cases_hostile
import cases_install
import cases_kerberos
import cases_keyring
import cases_link
import cases_login
import cases_network
import cases_pac
import cases_pac_source
import cases_run
import cases_warm
import cases_tls
import cases_wire
import cases_secrets
import cases_socks
import cases_system
from bed import Bed, Failure, Results, read
from gss import GssProxy, ProvingProxy
from kdc import Kdc
from keyring import Keyring
from servers import (
    STRAIGHT, DigestSquid, Gate, KerberosSquid, NtlmSquid, Origin, Squid,
)  # fmt: skip


class World:
    """The servers, and the proxy that the clients use."""

    def __init__(self, bed, program, cache, beside):
        self.bed = bed
        self.beside = beside
        self.cache = cache
        self.program = program
        self.link = os.path.abspath(os.environ.get("LINK", "tests/bench/link"))
        self.squid = Squid(bed)
        self.squid.start()
        self.ntlm = NtlmSquid(bed)
        self.ntlm.start()
        self.digest = DigestSquid(bed)
        self.digest.start()
        self.origin = Origin(bed)
        self.gates = []
        self.proxy = None

    # What only some cases need is started by the first of them.
    @functools.cached_property
    def kdc(self):
        return Kdc(self.bed)

    @functools.cached_property
    def kerberos(self):
        squid = KerberosSquid(self.bed, self.kdc)
        squid.start()
        return squid

    @functools.cached_property
    def proving(self):
        return ProvingProxy(self.bed, self.kdc)

    @functools.cached_property
    def gss(self):
        return GssProxy(self.bed)

    @functools.cached_property
    def keyring(self):
        return Keyring(self.bed).start()

    def new_gate(self, settings=None, **more):
        """A new ccgate before squid, not started; `settings` adds to its configuration."""
        lines = {"proxy": f"http://127.0.0.1:{self.squid.port}"}
        lines.update(settings or {})
        gate = Gate(self.bed, self.program, lines, **more)
        self.gates.append(gate)
        return gate

    def gate(self, settings=None, **more):
        return self.new_gate(settings, **more).start()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--soak", type=int, metavar="SECONDS", help="load it that long")
    parser.add_argument(
        "--straight", action="store_true", help="leave ccgate out, to test the test bed"
    )
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    parser.add_argument("only", nargs="*", help="parts of the names of cases to run")
    return parser.parse_args()


def run_clients(world, results, name, settings, leave_out=(), **more):
    """All clients through one ccgate, which must then end well."""
    gate = world.gate(settings, **more)
    world.proxy = gate.url
    for case in (case for case in cases_clients.ALL if case not in leave_out):
        results.run(f"{name}/{case.__name__}", case, world)
    results.run(f"{name}/ends_well", gate.stop)


def run_all(world, results, options):
    if options.straight:
        world.proxy = f"http://{STRAIGHT}:{STRAIGHT}@127.0.0.1:{world.squid.port}"
        for case in cases_clients.ALL:
            results.run(f"straight/{case.__name__}", case, world)
    elif options.soak:
        results.run("soak", cases_gate.soak, world, options.soak)
    else:
        run_clients(world, results, "plain_hop", {})
        secure = {
            "proxy": f"https://127.0.0.1:{world.squid.tls_port}",
            "tls": "{ca: " + world.bed.ca + "}",
        }
        run_clients(world, results, "tls_hop", secure)
        cases_socks.run(world, results, functools.partial(run_clients, world, results))
        for case in cases_gate.ALL:
            results.run(f"gate/{case.__name__}", case, world)
        cases_login.run(world, results)
        cases_guard.run(world, results)
        cases_auth_verb.run(world, results)
        cases_gss.run(world, results)
        cases_kerberos.run(world, results)
        cases_secrets.run(world, results)
        for case in cases_desktop.ALL:
            results.run(f"desktop/{case.__name__}", case, world)
        for case in cases_system.ALL:
            results.run(f"system/{case.__name__}", case, world)
        for case in cases_fetch.ALL:
            results.run(f"fetch/{case.__name__}", case, world)
        for case in cases_pac_source.ALL:
            results.run(f"pac_source/{case.__name__}", case, world)
        cases_pac.run(world, results, functools.partial(run_clients, world, results))
        for case in cases_hostile.ALL:
            results.run(f"hostile/{case.__name__}", case, world)
        cases_network.run(world, results)
        for case in cases_keyring.ALL:
            results.run(f"keyring/{case.__name__}", case, world)
        for case in cases_warm.ALL:
            results.run(f"warm/{case.__name__}", case, world)
        cases_env.run(world, results)
        cases_bump.run(world, results)
        cases_wire.run(world, results)
        cases_tls.run(world, results)
        cases_install.run(world, results)
        for case in cases_run.ALL:
            results.run(f"run/{case.__name__}", case, world)
        for case in cases_link.ALL:
            results.run(f"link/{case.__name__}", case, world)
    if not options.soak:
        cases_beds.run(world, results)


def main():
    options = arguments()
    # A shell without job control gives what it starts in the background neither.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    bed = Bed()
    world = None

    def show_log():
        """What the last ccgate said before a case failed."""
        if world and world.gates:
            for line in read(world.gates[-1].log).splitlines()[-12:]:
                print("     |", line[:900])

    results = Results(options.only, show_log)
    try:
        program = None
        if not options.straight:
            program = os.path.abspath(os.environ.get("CCGATE", "ccgate"))
            # Where another user can run it, too.
            program = shutil.copy2(program, bed.path("ccgate"))
        beside = os.path.dirname(os.path.abspath(os.environ.get("CCGATE", "ccgate")))
        cache = os.environ.get("E2E_CACHE", os.path.join(beside, "e2e-cache"))
        world = World(bed, program, os.path.abspath(cache), beside)
        run_all(world, results, options)
    except (Failure, OSError) as error:
        results.broken(error)
    finally:
        bed.close()
    if options.keep:
        print(f"kept: {bed.root}")
    else:
        bed.remove()
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
