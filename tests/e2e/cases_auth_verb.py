"""`ccgate auth`: one login, made and explained, at a real squid."""

import json

from bed import expect, expect_in
from cases_gate import ask_get
from cases_login import expect_refused, gate_for
from servers import WORD


def tried(world, gate, *arguments):
    """The report of `auth test`, and the exit status."""
    done = world.bed.run(
        gate.binary, "auth", "test", "--json", "--config", gate.config, *arguments,
        check=False, env=gate.env,
    )  # fmt: skip
    return json.loads(done.stdout), done.returncode


def target(world):
    return f"origin.test:{world.origin.tls_port}"


def right_password(world, squid, scheme):
    gate = gate_for(world, squid)
    report, status = tried(world, gate, target(world))
    expect(status, 0, "the exit status")
    expect(report["outcome"], "ok", "the outcome")
    expect(report["chosen"], scheme, "the scheme")
    expect_in(scheme, report["offered"], "what was offered")
    expect_in("accepted", report["answer"], "the answer")
    gate.stop()


def wrong_password(world, squid, scheme):
    """However often it is tried, squid sees one."""
    gate = gate_for(world, squid, password="wrong")
    before = squid.logins_refused()
    report, status = tried(world, gate, target(world))
    expect(status, 1, "the exit status")
    expect(report["outcome"], "login_rejected", "the outcome")
    expect(report["chosen"], scheme, "the scheme")
    expect_in("password", report["answer"], "the answer")
    expect_refused(squid, before, 1)
    gate.stop()


def known(world, gate):
    """The logins of `auth status`."""
    done = world.bed.run(
        gate.binary, "auth", "status", "--json", "--config", gate.config, env=gate.env
    )
    return json.loads(done.stdout)["logins"]


def rearmed(world, gate, *user):
    done = world.bed.run(
        gate.binary, "auth", "rearm", "--config", gate.config, *user, env=gate.env
    )
    return done.stdout.decode()


def state_and_rearm(world, squid, scheme):
    """A rejected login is shown, held back by the daemon too, and freed by hand."""
    gate = gate_for(world, squid, password="wrong")
    before = squid.logins_refused()
    expect([login["state"] for login in known(world, gate)], ["untried"], "the states")
    tried(world, gate, target(world))
    (login,) = known(world, gate)
    expect(login["state"], "closed", "the state")
    expect(login["failed_at"], f"http://127.0.0.1:{squid.port}", "where it failed")
    expect(login["configured_for"], [f"http://127.0.0.1:{squid.port}"], "the hops")
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 403, "GET")
    expect_refused(squid, before, 1)
    expect_in("no login", rearmed(world, gate, "somebody"), "rearm of another user")
    expect_in("1 login may", rearmed(world, gate), "rearm")
    expect([login["state"] for login in known(world, gate)], ["untried"], "the states")
    for _ in range(3):
        expect(ask_get(gate, world.origin.url + "/small.txt").status, 403, "GET")
    expect_refused(squid, before, 2)
    gate.stop()


def new_password_is_not_held(world, squid, scheme):
    gate = gate_for(world, squid, password="wrong")
    tried(world, gate, target(world))
    gate.write_password(WORD)
    gate.reload()
    report, status = tried(world, gate, target(world))
    expect((report["outcome"], status), ("ok", 0), "the outcome")
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 200, "GET")
    states = {bool(login["configured_for"]): login["state"] for login in known(world, gate)}
    expect(states, {True: "accepted", False: "closed"}, "the states")
    gate.stop()


CASES = (right_password, wrong_password, state_and_rearm, new_password_is_not_held)


def run(world, results):
    for name, squid, scheme in (
        ("ntlm", world.ntlm, "NTLM"),
        ("digest", world.digest, "Digest"),
    ):
        for case in CASES:
            results.run(f"auth-verb/{name}/{case.__name__}", case, world, squid, scheme)
