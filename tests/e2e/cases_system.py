"""`proxy: system` and `wpad`: real traffic by what GNOME, a variable, a DHCP lease or a
name server say; and none past the proxy when one of them fails."""

import json
import os
import struct
import time

from bed import Failure, Skip, expect, expect_in, wait_until, write
from cases_desktop import Desktop
from cases_fetch import Server, simple
from cases_gate import ask_both, ask_get, expect_error, expect_works
from cases_pac_source import script
from netspace import Names, Namespace

ADDRESS = "10.78.0.1"
DOMAIN = "dev.corp.test"


def gate_with(world, settings=None, variables=None, **more):
    lines = {"proxy": "system", "auth_hosts": "[127.0.0.1]"}
    lines.update(settings or {})
    env = dict(world.bed.env, CCGATE_LIBEXEC=world.beside)
    env.update(variables or {})
    return world.gate(lines, env=env, **more)


def status(gate, key):
    done = gate.bed.run(
        gate.binary, "status", "--json", "--config", gate.config, env=gate.env
    )
    found = json.loads(done.stdout)
    found = found[0] if isinstance(found, list) else found
    return found[key] if key in found else found["status"][key]


def expect_through_squid(gate, world):
    before = len(world.squid.requests())
    expect_works(gate, world)
    wait_until(lambda: len(world.squid.requests()) > before, 10, "a request at squid")


def expect_no_way(gate, world, *words):
    """Not direct, which would work here."""
    for what, answer in ask_both(gate, world):
        expect_error(answer, (502,), words, what)


def gnome(world):
    """GNOME names a PAC script, then none, then a proxy."""
    desktop = Desktop(world)
    variables = dict(desktop.env, XDG_CURRENT_DESKTOP="GNOME")
    with Server(simple(script(world))) as server:
        desktop.set("autoconfig-url", server.url)
        desktop.set("mode", "auto")
        gate = gate_with(world, {"via_corp_proxy": "true"}, variables)
        expect_through_squid(gate, world)
        said = status(gate, "system")
        expect((said["kind"], said["text"]), ("pac_url", server.url), "what GNOME said")
        found = status(gate, "scripts")[0]
        expect((found["url"], found["state"]), (server.url, "fresh"), "the script")
        count = len(server.heads)
        expect_works(gate, world)
        expect(len(server.heads), count, "fetches, once it is there")
    desktop.set("mode", "none")
    gate.reload()
    expect_no_way(gate, world, "no source names a proxy")
    desktop.set("mode", "manual")
    for scheme in ("http", "https"):
        desktop.set_of(scheme, "host", "127.0.0.1")
        desktop.set_of(scheme, "port", str(world.squid.port))
    gate.reload()
    expect_through_squid(gate, world)
    expect(status(gate, "system")["state"], "by_url", "manual settings")
    gate.stop()


def route(gate, *arguments):
    done = gate.bed.run(
        gate.binary, "route", "https://origin.test/", "--config", gate.config, *arguments,
        env=gate.env, check=False,
    )  # fmt: skip
    return done.stdout.decode()


def variable(world):
    """libproxy's way to name a script in a variable."""
    with Server(simple(script(world))) as server:
        value = "pac+" + server.url
        gate = gate_with(world, {}, {"https_proxy": value, "http_proxy": value})
        expect_through_squid(gate, world)
        expect_in("environment: https_proxy: PROXY", route(gate), "why")
        gate.stop()


def program(world, text):
    """A folder with such a gsettings, which goes before the real one."""
    folder = world.bed.fresh("programs")
    write(os.path.join(folder, "gsettings"), "#!/bin/sh\n" + text, 0o755)
    return {"PATH": folder + ":" + world.bed.env["PATH"]}


def killed(world):
    """What asks the desktop hangs or is killed: 502 at once for all, and never direct."""
    for text, word in (
        ("exec sleep 1000\n", "did not answer in time"),
        ("kill -KILL $PPID\n", "was ended by signal 9"),
    ):
        for via in ("true", "false"):
            settings = {"via_corp_proxy": via, "timeout": "{pac: 1s}"}
            gate = gate_with(world, settings, program(world, text))
            expect_no_way(gate, world, "ccgate-system " + word)
            since = time.monotonic()
            expect_no_way(gate, world, word)
            if time.monotonic() - since > 0.9:
                raise Failure("each request waits anew")
            expect(status(gate, "system")["state"], "failed", "the state")
            gate.stop()


def broken(world):
    """What the desktop has, but cannot tell, is 502, and never direct."""
    fails = 'echo "\'{}\'"; [ $3 = mode ] || kill -KILL $$\n'
    for text, word in (
        ("exit 1\n", "asked for the mode"),
        ("echo junk\n", "no mode"),
        (fails.format("auto"), "autoconfig-url"),
        (fails.format("manual"), "ignore-hosts"),
    ):
        for via in ("true", "false"):
            variables = program(world, text) | {
                "XDG_CURRENT_DESKTOP": "GNOME",
                "PX_MODULE_PATH": world.bed.fresh("modules"),
            }
            gate = gate_with(world, {"via_corp_proxy": via}, variables)
            expect_no_way(gate, world, word)
            gate.stop()


def none_on_gnome(world):
    """The default of GNOME names nothing: direct for want of a proxy, or an error."""
    variables = dict(Desktop(world).env, XDG_CURRENT_DESKTOP="GNOME")
    gate = gate_with(world, {}, variables)
    expect_in("direct\n  because  no proxy named: libproxy", route(gate), "the way")
    gate.stop()
    gate = gate_with(world, {"via_corp_proxy": "true"}, variables)
    expect_no_way(gate, world, "no source names a proxy")
    gate.stop()


def nothing(world):
    """Without a desktop: direct, or, with via_corp_proxy, an error; one child for all."""
    desktop = Desktop(world)
    gate = gate_with(world, {}, desktop.env)
    expect_in("direct\n  because  no proxy named: libproxy", route(gate), "the way")
    for host in range(20):
        ask_get(gate, f"http://127.0.0.{host + 2}:1/")
        ask_get(gate, f"http://h{host}.invalid/")
    expect(status(gate, "counters")["system_questions_total"], 1, "questions")
    gate.stop()
    gate = gate_with(world, {"via_corp_proxy": "true"}, desktop.env)
    expect_no_way(gate, world, "no source names a proxy")
    gate.stop()
    desktop.set("mode", "auto")
    gate = gate_with(world, {"via_corp_proxy": "true"}, desktop.env)
    expect_no_way(gate, world, "wpad: on")
    gate.stop()


LEASE = """lease {{
  interface "eth0";
  option unknown-252 "{url}";
  expire never;
}}
"""


def wpad(world):
    """A lease of dhclient, in mounts of the gate's own, and no login for what it names."""
    if not world.bed.is_root:
        raise Skip("it takes root to mount")
    folder = world.bed.fresh("leases")
    own = 'mount --bind "$0" /var/lib/dhcp && exec "$@"'
    if not os.path.isdir("/var/lib/dhcp"):
        own = "mount -t tmpfs none /var/lib && mkdir /var/lib/dhcp && " + own
    prefix = ("unshare", "-m", "/bin/sh", "-c", own, folder)
    more = {"prefix": prefix, "variables": Desktop(world).env}
    with Server(simple(script(world))) as server:
        write(os.path.join(folder, "dhclient.eth0.leases"), LEASE.format(url=server.url))
        settings = {"wpad": "on", "via_corp_proxy": "true"}
        gate = gate_with(world, settings, **more)
        expect_through_squid(gate, world)
        said = status(gate, "wpad")
        expect((said["source"], said["text"]), ("DHCP (dhclient)", server.url), "WPAD")
        gate.stop()
        # The default: nobody that is found by WPAD is given a password.
        gate = gate_with(world, dict(settings, auth_hosts=None), **more)
        for what, answer in ask_both(gate, world):
            expect_error(answer, (403,), ("auth_hosts",), what)
        gate.stop()
        # A lease counts, whether or not its script can be had.
        server.answer = simple("", status=b"HTTP/1.1 404 Not Found")
        gate = gate_with(world, settings | {"via_corp_proxy": "false"}, **more)
        expect_no_way(gate, world, server.url, "answered 404")
        gate.stop()


class SomeNames(Names):
    """Says that there is no such name, until there is."""

    exist = False

    def _reply(self, question):
        reply = bytearray(super()._reply(question))
        if self.exist:
            return bytes(reply)
        reply[2:12] = struct.pack(">5H", 0x8183, 1, 0, 0, 0)
        return bytes(reply[: question.index(b"\0", 12) + 5])


def wpad_name(world):
    """http://wpad.DOMAIN/wpad.dat, in a network of the test's own."""
    space = Namespace(world.bed)
    space.ip(f"addr add {ADDRESS}/32 dev lo", f"addr add {ADDRESS[:-1]}2/32 dev lo")
    etc = world.bed.fresh("wpad-etc")
    space.own_etc(etc)
    conf = f"search {DOMAIN} corp.test\nnameserver {ADDRESS}\noptions timeout:1 attempts:1\n"
    write(os.path.join(etc, "resolv.conf"), conf)
    proxy = space.do(Server, simple("by the proxy\n"), None, ADDRESS)
    text = f"function FindProxyForURL() {{ return 'PROXY {ADDRESS}:{proxy.port}'; }}"
    settings = {"wpad": "on", "proxy": "[]"}
    env = Desktop(world).env

    def ask(way, *words):
        gate = space.do(lambda: gate_with(world, settings, env))
        answer = space.do(lambda: ask_get(gate, f"http://x.test:{proxy.port}/"))
        if way == 502:
            expect_error(answer, (502,), words, "the answer")
        else:
            expect((answer.status, answer.body), (200, "by the proxy\n"), "the answer")
        log = gate.process.output()
        space.do(gate.stop)
        return log

    try:
        # Nobody answers: that is no permission to go direct.
        ask(502, f"wpad.{DOMAIN}: ")
        names = space.do(SomeNames, ADDRESS, ADDRESS)
        # There is no such name: nobody names a way. The target has no name, either.
        expect_in("no such name", ask(502, "x.test"), "the log")
        names.exist = True
        server = space.do(Server, simple(text), None, ADDRESS, 80)
        expect_in(f"http://wpad.{DOMAIN}/wpad.dat", ask(200), "the log")
        expect_in(f"GET /wpad.dat HTTP/1.1\r\nHost: wpad.{DOMAIN}\r\n", server.heads[0],
                  "the fetch")  # fmt: skip
        server.answer = simple("", status=b"HTTP/1.1 404 Not Found")
        ask(502, "answered 404")
    finally:
        space.close()


ALL = (gnome, variable, killed, broken, none_on_gnome, nothing, wpad, wpad_name)
