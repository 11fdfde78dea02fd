"""ccgate's own TLS before servers that want something of it: what they lack is permitted for
just that host."""

import re

from bed import Failure, expect, expect_in, free_port
from cases_gate import ask_get, expect_error


class OldServer:
    """GnuTLS without secure renegotiation (RFC 5746), as appliances of old; to a GET of
    any target it answers with a page about the session."""

    def __init__(self, bed):
        cert, key = bed.certificate("old.test", "DNS:old.test", "IP:127.0.0.1")
        self.port = free_port()
        command = [
            bed.which("gnutls-serv"), "--port", str(self.port), "--x509certfile", cert,
            "--x509keyfile", key, "--disable-client-cert",
            "--priority", "NORMAL:-VERS-TLS1.3:%DISABLE_SAFE_RENEGOTIATION",
        ]  # fmt: skip
        self.process = bed.start("gnutls-serv", command, bed.path("gnutls-serv.log"))
        self.process.wait_ready(lambda: "done" in self.process.output())
        self.name = f"127.0.0.1:{self.port}"


def tls(world, *more):
    return {"tls": "{" + ", ".join(("ca: " + world.bed.ca, *more)) + "}"}


def permitted_by(text):
    """The setting that a message names, as it can be written."""
    found = re.search(r'tls\.(legacy_renegotiation: \["[^"]*"\]) permits just this', text)
    if not found:
        raise Failure(f"no setting is named: {text[-600:]!r}")
    return found.group(1)


def old_proxy(world):
    """What the message says makes it work, and nothing else does."""
    old = OldServer(world.bed)
    proxy = {"proxy": f"https://{old.name}"}
    elsewhere = "legacy_renegotiation: [localhost, 127.0.0.2]"
    setting = None
    for more in ((), (elsewhere,)):
        gate = world.gate({**proxy, **tls(world, *more)})
        answer = ask_get(gate, "http://origin.test/")
        expect_error(answer, (502,), ("RFC 5746", "Handshake Failed"), f"with {more}")
        setting = permitted_by(answer.body)
        gate.stop()
    expect(setting, 'legacy_renegotiation: ["127.0.0.1"]', "the setting")
    gate = world.gate({**proxy, **tls(world, setting)})
    answer = ask_get(gate, "http://origin.test/")
    expect(answer.status, 200, "the status with that setting")
    expect_in("TLS1.2", answer.body, "the page")
    gate.stop()
    # It does not stand for trust.
    gate = world.gate({**proxy, "tls": "{" + setting + "}"})
    answer = ask_get(gate, "http://origin.test/")
    expect_error(answer, (502,), ("certificate of 127.0.0.1",), "without its CA")
    gate.stop()
    old.process.stop()


def ca_check(world, gate, target):
    command = (gate.binary, "ca", "check", "--config", gate.config, target)
    done = world.bed.run(*command, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def old_server(world):
    """Behind squid: it is the server that is named, and no proxy."""
    old = OldServer(world.bed)
    status, said = ca_check(world, world.new_gate(tls(world)), old.name)
    expect(status, 1, f"the status of ca check, which said {said}")
    expect_in(f"{old.name}: TLS Handshake Failed: 127.0.0.1 does not know", said, "it")
    gate = world.new_gate(tls(world, permitted_by(said)))
    status, said = ca_check(world, gate, old.name)
    expect_in("  subject     CN=old.test\n", said, "ca check with that setting")
    expect_in("  default        ok\n", said, "ca check with that setting")
    expect(status, 0, "its status")
    old.process.stop()


def run(world, results):
    for case in (old_proxy, old_server):
        results.run(f"tls/{case.__name__}", case, world)
