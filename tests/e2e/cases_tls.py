"""ccgate's own TLS before servers that want something of it: what they lack is permitted for
just that host."""

import functools
import os
import re

from bed import Failure, expect, expect_in, free_port, read, write
from cases_gate import ask_get, expect_error, expect_works
from servers import Squid


HSM = "/usr/lib/softhsm/libsofthsm2.so"
SPY = "pkcs11-spy.so"  # writes down all calls of another module


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


class CertificateSquid(Squid):
    """Its TLS port wants a certificate of the bed's authority."""

    def __init__(self, bed):
        super().__init__(bed, "squid-certificate")
        ca = write(os.path.join(self.home, "clients.pem"), read(bed.ca))
        self.CONFIG = self.CONFIG.replace("tls-key={key}", f"tls-key={{key}} clientca={ca}")


class Token:
    """SoftHSM with a certificate and its key, found by p11-kit as a smart card is."""

    PIN = "4711-tulip"

    def __init__(self, bed):
        self.bed = bed
        home = bed.directory("token")
        config = write(
            os.path.join(home, "softhsm2.conf"),
            f"directories.tokendir = {bed.directory('token', 'tokens')}\n"
            "objectstore.backend = file\nlog.level = ERROR\n",
        )
        self.env = dict(bed.env, SOFTHSM2_CONF=config)
        run = functools.partial(bed.run, env=self.env)
        cert, key = bed.certificate("client.test", "DNS:client.test")
        pin = ("--pin", self.PIN)
        run("softhsm2-util", "--init-token", "--free", "--label", "corp",
            "--so-pin", "so-" + self.PIN, *pin)  # fmt: skip
        self.put(run, "pkcs8", "-topk8", "-nocrypt", "-in", key, kind="privkey")
        self.put(run, "x509", "-in", cert, kind="cert")
        self.uri = "pkcs11:token=corp;object=me"

    def put(self, run, *openssl, kind):
        der = self.bed.path("token", kind + ".der")
        run("openssl", *openssl, "-outform", "DER", "-out", der)
        run("pkcs11-tool", "--module", HSM, "--login",
            "--pin", self.PIN, "--token-label", "corp", "--label", "me", "--id", "01",
            "--write-object", der, "--type", kind)  # fmt: skip


def of_token(world, squid, token, pin, *more, uri=None, env=None):
    """A ccgate whose certificate is on the token; pin is None where none is given."""
    file = world.bed.path("token", "pin")
    if pin is not None:
        write(file, pin + "\n", 0o600)
        more += ("key_password_file: " + file,)
    gate = world.new_gate(
        {
            "proxy": f"https://127.0.0.1:{squid.tls_port}",
            **tls(world, f'cert: "{uri or token.uri}"', *more),
        },
        env=env or token.env,
    )
    return gate, file


def expect_untold(token, gate):
    said = read(gate.log)
    if token.PIN in said or "wrong-pin" in said:
        raise Failure(f"the PIN is in the log: {said[-600:]}")


def certificate(world, squid, token):
    """The key stays there; the proxy sees who it is, and nobody sees the PIN."""
    gate, _ = of_token(world, squid, token, token.PIN)
    gate.start()
    expect_works(gate, world)
    gate.stop()
    expect_untold(token, gate)
    # Each by a URI of its own.
    gate, _ = of_token(
        world, squid, token, token.PIN, f'key: "{token.uri};type=private"',
        uri=token.uri + ";type=cert",
    )  # fmt: skip
    gate.start()
    expect_works(gate, world)
    gate.stop()
    # And not without.
    gate = world.gate({"proxy": f"https://127.0.0.1:{squid.tls_port}", **tls(world)})
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect(answer.status, 502, "the status without a certificate")
    gate.stop()


def wrong_pin(world, squid, token):
    """It is tried once, until another one is there: a card locks itself after three."""
    calls = os.path.join(world.bed.directory("token"), "calls")
    env = dict(token.env, PKCS11_MODULE_PATH=SPY, PKCS11SPY=HSM, PKCS11SPY_OUTPUT=calls)
    leaks = write(calls + ".leaks", f"leak:{SPY}\n")  # of its own, at the end
    env["LSAN_OPTIONS"] = f"suppressions={leaks}:print_suppressions=0"
    gate, file = of_token(world, squid, token, "wrong-pin", env=env)
    wanted = read(gate.config)
    write(gate.config, re.sub(r", cert:.*}", "}", wanted), 0o600)
    gate.start()
    write(gate.config, wanted, 0o600)
    for _ in range(3):
        gate.reload()
    expect_in("the PIN of tls.key_password_file was refused", read(gate.log), "the log")
    expect(read(calls).count("CKR_PIN_INCORRECT"), 1, "times that the token refused it")
    write(file, token.PIN + "\n", 0o600)
    gate.reload()
    expect_works(gate, world)
    gate.stop()
    expect_untold(token, gate)


def faults(world, squid, token):
    """No PIN; nothing of that name; no token of that name."""
    nothing = token.uri.replace("=me", "=you")
    elsewhere = token.uri.replace("=corp", "=other")
    for uri, pin, words in (
        (token.uri, None, ("asks for a PIN", "tls.key_password_file")),
        (nothing, token.PIN, (nothing, "object not found")),
        (elsewhere, token.PIN, (elsewhere, "object not found")),
    ):
        gate, _ = of_token(world, squid, token, pin, uri=uri)
        command = (gate.binary, "check-config", "--config", gate.config)
        done = world.bed.run(*command, env=token.env, check=False)
        said = (done.stdout + done.stderr).decode()
        expect(done.returncode, 2, f"the status of check-config, which said {said}")
        for word in words:
            expect_in(word, said, "check-config")
        expect(token.PIN in said, False, "the PIN shown")


def run_token(world, results):
    squid, token = CertificateSquid(world.bed), Token(world.bed)
    squid.start()
    for case in (certificate, wrong_pin, faults):
        results.run(f"token/{case.__name__}", case, world, squid, token)
    squid.stop()


def run(world, results):
    for case in (old_proxy, old_server):
        results.run(f"tls/{case.__name__}", case, world)
    if results.wanted("token/"):
        run_token(world, results)
