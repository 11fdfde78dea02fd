"""`ccgate ca fetch`, `check`, `status` and `watch` through a squid that inspects."""

import json
import os
import pty
import subprocess

from bed import expect, expect_in, read, wait_until
from bump import BumpSquid
from cases_env import SMALL, with_env

HOSTS = ("origin.test", "second.test")


class Wire:
    """A ccgate before such a squid; its state folder is empty at first."""

    def __init__(self, world, squid):
        self.world = world
        self.squid = squid
        self.gate = world.new_gate({"proxy": f"http://127.0.0.1:{squid.port}"})
        done = world.bed.run(
            "openssl", "x509", "-in", squid.authority, "-noout", "-sha256", "-fingerprint"
        )
        self.fingerprint = done.stdout.decode().split("=")[1].strip()

    def targets(self, names):
        return [f"{name}:{self.world.origin.tls_port}" for name in names]

    def command(self, verb, *arguments, hosts=()):
        return [
            self.gate.binary, "ca", verb, "--config", self.gate.config, *arguments,
            *self.targets(hosts),
        ]  # fmt: skip

    def ca(self, verb, *arguments, hosts=(), status=0):
        done = self.world.bed.run(*self.command(verb, *arguments, hosts=hosts), check=False)
        expect(
            done.returncode, status,
            f"the status of ca {verb}, which said {done.stdout + done.stderr}",
        )  # fmt: skip
        return done.stdout.decode(), done.stderr.decode()

    def held(self):
        return json.loads(self.ca("list", "--json")[0])["certificates"]

    def expect_held(self, count):
        expect(len(self.held()), count, "certificates held")


def with_a_pin(wire):
    """And then the rest of the way: a build, and a real tool by `ccgate env`."""
    said, _ = wire.ca("fetch", "--expect-fingerprint", wire.fingerprint, hosts=HOSTS)
    expect_in("added: Inspecting Root\n", said, "what is said")
    expect_in("inspection    likely", said, "what is said")
    expect_in("another host, ends there", said, "what is said")
    wire.expect_held(1 if wire.squid.mode == "root" else 2)
    wire.ca("build")
    said, _ = wire.ca("check", hosts=HOSTS)
    expect_in("  default        ok", said, "ca check")
    said, _ = wire.ca("status")
    expect(said.count(", by what is held\n"), 2, "hosts that ca status speaks of")
    wire.ca("watch")
    # Nothing was asked of the servers.
    lines = [line for line in wire.squid.requests() if " GET " in line]
    expect(lines, [], "requests behind a handshake")
    wire.gate.start()
    url = wire.world.origin.tls_url + "/small.txt"
    done = with_env(wire.world, wire.gate, "curl", "-q", "-sS", "-f", url)
    expect(done.stdout, SMALL, "curl by ccgate env")
    wire.gate.stop()


def without_a_pin(wire):
    _, said = wire.ca("fetch", hosts=HOSTS, status=4)
    expect_in("nobody has confirmed it", said, "what is said")
    _, said = wire.ca("fetch", "--json", hosts=HOSTS, status=4)
    wire.expect_held(0)


def with_another_pin(wire):
    pin = wire.fingerprint.replace(":", "").lower()
    pin = ("0" if pin[0] != "0" else "1") + pin[1:]
    _, said = wire.ca("fetch", "--expect-fingerprint", pin, hosts=HOSTS, status=4)
    expect_in("not the one that was expected", said, "what is said")
    wire.expect_held(0)


def one_host(wire):
    pin = ("--expect-fingerprint", wire.fingerprint)
    wire.ca("fetch", *pin, hosts=HOSTS[:1], status=2)
    wire.ca("fetch", *pin, hosts=HOSTS[:1] * 2, status=1)
    _, said = wire.ca("fetch", *pin, hosts=("origin.test", "bypass.test"), status=1)
    expect_in("it takes two hosts", said, "what is said")
    wire.expect_held(0)


def spliced_host(wire):
    """It is named, and does not stand in the way."""
    hosts = ("bypass.test", *HOSTS)
    pin = ("--expect-fingerprint", wire.fingerprint.lower())
    said, _ = wire.ca("fetch", *pin, hosts=hosts)
    expect_in("leads to    CN=ccgate test authority, which was not", said, "what is said")
    expect_in("2 hosts end in this CA", said, "what is said")
    wire.ca("build", "--roots", wire.world.bed.ca)
    said, _ = wire.ca("status", "--roots", wire.world.bed.ca)
    expect("bypass.test" in said, False, "the spliced host remembered")


def typed(wire):
    for word, status in (("yes", 4), (wire.fingerprint, 0)):
        terminal, end = pty.openpty()
        child = subprocess.Popen(
            wire.command("fetch", hosts=HOSTS), env=wire.gate.env,
            stdin=end, stderr=end, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(end)
        said = b""
        while b"nothing to leave it: " not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, word.encode() + b"\n")
        expect(child.wait(20), status, f"the status after {word}")
        os.close(terminal)
    expect(len(wire.held()) > 0, True, "something held")


def root_is_missing(wire):
    """What the proxy does not send is looked for on the system, and else named."""
    wire.squid.send_root(False)
    _, said = wire.ca("fetch", hosts=HOSTS, status=1)
    expect_in("the root was not sent", said, "what is said")
    roots = ("--roots", wire.squid.authority)
    pin = ("--expect-fingerprint", wire.fingerprint)
    wire.ca("fetch", *roots, *pin, hosts=HOSTS)
    wire.expect_held(2)
    wire.squid.send_root(True)


def rotation(wire):
    """The CA is another one from one day to the next."""
    wire.ca("fetch", "--expect-fingerprint", wire.fingerprint, hosts=HOSTS)
    wire.ca("build")
    other = BumpSquid(wire.world.bed, wire.squid.mode, "-rotated")
    other.start()
    text = read(wire.gate.config).replace(str(wire.squid.port), str(other.port))
    with open(wire.gate.config, "w", encoding="utf-8") as file:
        file.write(text)
    said, _ = wire.ca("status", status=1)
    expect_in("and in nothing that is held", said, "ca status")
    _, said = wire.ca("watch", status=1)
    expect(said.count(" ca_rotated "), 2, "hosts that ca watch speaks of")
    log = os.path.join(wire.gate.home, "watch.log")
    watch = wire.world.bed.start(
        "ccgate ca watch", wire.command("watch", "--interval", "1s"), log
    )
    before = len(other.requests())
    wait_until(lambda: len(other.requests()) >= before + 12, 30, "three rounds")
    watch.stop()
    expect(read(log).count(" ca_rotated "), 2, "lines of ca watch --interval")
    wire.expect_held(1 if wire.squid.mode == "root" else 2)
    other.stop()


def servers_own(wire):
    """Where nobody inspects, the CA of the proxy is not what comes."""
    pin = ("--expect-fingerprint", wire.fingerprint, "--roots", wire.world.bed.ca)
    said, complaint = wire.ca("fetch", *pin, hosts=HOSTS, status=4)
    expect_in("ends in     CN=ccgate test authority\n", said, "what is said")
    expect_in("not the one that was expected", complaint, "what is said")
    said, _ = wire.ca("check", "--roots", wire.world.bed.ca, hosts=HOSTS)
    expect_in("  system      ccgate test authority\n", said, "ca check")
    wire.expect_held(0)


INSPECTED = (
    without_a_pin, with_another_pin, one_host, with_a_pin, spliced_host, typed, rotation,
)  # fmt: skip
CASES = {
    "root": INSPECTED,
    "sub": (*INSPECTED, root_is_missing),
    "splice": (servers_own,),
}


def run(world, results):
    for mode in BumpSquid.MODES:
        if not results.wanted(f"wire_{mode}/"):
            continue
        squid = BumpSquid(world.bed, mode, "-wire")
        squid.start()
        for case in CASES[mode]:
            name = f"wire_{mode}/{case.__name__}"
            if results.wanted(name):
                results.run(name, lambda case=case: case(Wire(world, squid)))
        squid.stop()
