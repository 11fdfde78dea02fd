"""`ccgate auth`: one login, made and explained, at a real squid."""

import json

from bed import expect, expect_in
from cases_login import expect_refused, gate_for


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


def run(world, results):
    for name, squid, scheme in (
        ("ntlm", world.ntlm, "NTLM"),
        ("digest", world.digest, "Digest"),
    ):
        for case in (right_password, wrong_password):
            results.run(f"auth-verb/{name}/{case.__name__}", case, world, squid, scheme)
