"""Another network while ccgate runs: a laptop and a company, each in a namespace, joined
by a line in the office and by one that stands for a VPN. It takes root."""

import os
import re
import time

from bed import Failure, expect, expect_in, wait_until, write
from cases_fetch import Server, simple
from cases_gate import ask_get
from cases_pac import NAME, gate_with
from cases_socks import Dante
from netspace import NXDOMAIN, SERVFAIL, SILENCE, Names, Namespace, established, join
from servers import Squid

LIMIT = 3  # seconds until new requests take the new way
QUIET = 2  # seconds until the script is fetched again
OFFICE, VPN = "10.77.1", "10.77.2"
SERVER = "10.77.9.9"  # of the script; reached by the default route
NAMES = ("10.77.9.53", "10.77.9.54")
MISSING, FAILING, SILENT = "10.77.9.55", "10.77.9.56", "10.77.9.57"
STRANGERS = {MISSING: NXDOMAIN, FAILING: SERVFAIL, SILENT: SILENCE}


class CompanySquid(Squid):
    """It says in Via who it is."""

    CONFIG = Squid.CONFIG.replace(
        "visible_hostname squid.test", "visible_hostname {name}"
    ).replace("{address}:{tls_port}", "127.0.0.1:{tls_port}")

    def __init__(self, bed, name, address):
        self.ADDRESS = address
        super().__init__(bed, name)
        self.values["name"] = name


class Company:
    """Both networks, two proxies on the same port, and the servers behind them."""

    def __init__(self, world):
        self.world = world
        self.bed = world.bed
        self.laptop = Namespace(self.bed)
        self.office = Namespace(self.bed)
        self.script = None
        self.fetches = []
        self._wire()
        self.proxies = {
            name: CompanySquid(self.bed, name, address + ".1")
            for name, address in (("office", OFFICE), ("vpn", VPN))
        }
        self.office.do(self.proxies["office"].start)
        self.port = self.proxies["vpn"].port = self.proxies["office"].port
        self.proxies["vpn"].tls_port = self.proxies["office"].tls_port + 1
        self.office.do(self.proxies["vpn"].start)
        self.origin = self.office.do(Server, simple("hello\n"))
        self.server = self.office.do(Server, self._serve_script, None, SERVER)
        self.direct = self.office.do(Server, simple("straight\n"), None, SERVER)
        for address, answer in zip(NAMES, (OFFICE, VPN)):
            self.office.do(Names, address, answer + ".1", 0, {"pac.corp.test": SERVER})
        for address, error in STRANGERS.items():
            self.office.do(Names, address, SERVER, error)
        self.by_address = (
            NAME + f"{{ return isInNet(myIpAddress(), '{VPN}.0', '255.255.255.0')"
            f" ? 'PROXY {VPN}.1:{self.port}' : 'PROXY {OFFICE}.1:{self.port}'; }}"
        )

    def _wire(self):
        for name, net in (("office", OFFICE), ("vpn", VPN)):
            join(self.bed, self.laptop, self.office, name)
            self.office.ip(f"addr add {net}.1/24 dev {name}1", f"link set {name}1 up")
        for address in (SERVER, *NAMES, *STRANGERS):
            self.office.ip(f"addr add {address}/32 dev lo")
        self.laptop.ip(
            f"addr add {OFFICE}.2/24 dev office0",
            "link set office0 up",
            f"route add default via {OFFICE}.1 metric 100",
        )
        self.laptop.own_etc(self.bed.directory("laptop-etc"))

    def _serve_script(self, link, head):
        self.fetches.append(time.monotonic())
        simple(self.script)(link, head)

    def close(self):
        for server in (self.origin, self.server, self.direct):
            server.listener.close()
        for proxy in self.proxies.values():
            proxy.stop()
        self.laptop.close()
        self.office.close()

    def gate(self, script, **settings):
        self.script = script
        hosts = f"['{OFFICE}.1', '{VPN}.1', proxy.corp.test]"
        settings = {"pac": self.server.url, "auth_hosts": hosts, **settings}
        return self.laptop.do(lambda: gate_with(self.world, None, **settings))

    def way(self, gate, url=None):
        """By which proxy a request goes, or why it does not."""
        url = url or f"http://origin.test:{self.origin.port}/"
        try:
            answer = self.laptop.do(lambda: ask_get(gate, url, seconds=1))
        except TimeoutError:
            return "silence"  # of a line that was cut while it was asked
        found = re.search(r"(?i)^via:.* (office|vpn)\b", answer.head, re.MULTILINE)
        return found.group(1) if found else f"{answer.status} {answer.body.strip()}"

    def expect_way(self, gate, wanted, since, what, url=None):
        got = self.way(gate, url)
        while got != wanted and time.monotonic() < since + LIMIT:
            time.sleep(0.1)
            got = self.way(gate, url)
        expect(got, wanted, f"{what}: the way {time.monotonic() - since:.1f} s later")

    def expect_fetch(self, since):
        """Once more, and not before the network has been quiet for a while."""
        wait_until(
            lambda: self.fetches and self.fetches[-1] > since, LIMIT + 1, "the fetch"
        )
        took = self.fetches[-1] - since
        if took < QUIET - 0.2:
            raise Failure(f"fetched after {took:.2f} s")

    def change(self, *lines):
        """Changes the laptop's network; when that was."""
        self.laptop.ip(*lines)
        return time.monotonic()


def interfaces(company):
    """The VPN comes and goes in each of the ways in which it can."""
    gate = company.gate(company.by_address)
    company.expect_way(gate, "office", time.monotonic(), "at first")
    default = f"default via {VPN}.1 metric 50"
    up = ("link set vpn0 up", f"addr add {VPN}.2/24 dev vpn0", f"route add {default}")
    since = company.change(*up)
    company.expect_way(gate, "vpn", since, "an interface comes up")
    company.expect_fetch(since)  # nothing is left that could be told late,
    expect(company.way(gate), "vpn", "the way")  # and the decision is kept
    for what, lines, wanted in (
        ("an interface goes down", ("link set vpn0 down",), "office"),
        ("it is back without its route", ("link set vpn0 up",), "office"),
        ("the default route is another one", (f"route add {default}",), "vpn"),
        ("an address goes", (f"addr del {VPN}.2/24 dev vpn0",), "office"),
        ("an address comes, and a route", up[1:], "vpn"),
        ("the default route goes", (f"route del {default}",), "office"),
    ):
        since = company.change(*lines)
        company.expect_way(gate, wanted, since, what)
    since = company.change(f"route add {default}")
    company.expect_way(gate, "vpn", since, "once more")
    company.office.ip("link set vpn1 down")  # the cable at the other end
    since = time.monotonic()
    wait_until(lambda: changes(gate, "an interface") >= 2, LIMIT, "the lost carrier")
    company.office.ip("link set vpn1 up")
    company.change("link set vpn0 down", "addr flush dev vpn0")
    company.laptop.do(gate.stop)


def changes(gate, why=""):
    return len(re.findall(f'network_changed .*why="{why}', gate.process.output()))


def script_again(company):
    """It is fetched once more when the network has been quiet for two seconds, and what
    it says now is followed."""
    gate = company.gate(NAME + f"{{ return 'PROXY {OFFICE}.1:{company.port}'; }}")
    company.expect_way(gate, "office", time.monotonic(), "at first")
    del company.fetches[:]
    company.script = NAME + f"{{ return 'PROXY {VPN}.1:{company.port}'; }}"
    since = company.change("addr add 192.0.2.7/32 dev office0")
    company.expect_way(gate, "vpn", since, "with the new script")
    company.expect_fetch(since)
    expect(len(company.fetches), 1, "fetches")
    company.change("addr del 192.0.2.7/32 dev office0")
    company.laptop.do(gate.stop)


def rests_end(company):
    """A proxy that rested is asked again at once, and kept connections are closed."""
    both = f"PROXY {VPN}.1:{company.port}; PROXY {OFFICE}.1:{company.port}"
    gate = company.gate(NAME + f"{{ return '{both}'; }}")
    company.proxies["vpn"].stop()
    try:
        company.expect_way(gate, "office", time.monotonic(), "while the first is away")
    finally:
        company.office.do(company.proxies["vpn"].start)
    expect(company.way(gate), "office", "the way while the first one rests")
    kept = company.laptop.do(established, company.port)
    if not kept:
        raise Failure("no connection was kept")
    since = company.change("addr add 192.0.2.8/32 dev office0")
    company.expect_way(gate, "vpn", since, "after the change")
    wait_until(
        lambda: not kept & company.laptop.do(established, company.port),
        LIMIT, "the end of the kept connections",
    )  # fmt: skip
    company.change("addr del 192.0.2.8/32 dev office0")
    company.laptop.do(gate.stop)


def use_names(server, how="write"):
    """Another resolv.conf; when that was."""
    path = "/etc/resolv.conf"
    text = f"nameserver {server}\n"
    if how == "rename":
        write(path + ".new", text)
        os.rename(path + ".new", path)
    else:
        if how == "replace by a link":
            os.rename(write("/etc/laptop.conf", text), write("/etc/elsewhere", text))
            os.unlink(path)
            os.symlink("elsewhere", path)
            return time.monotonic()
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    return time.monotonic()


def resolv_conf(company):
    """Other name servers, which know the proxy by another address; the old one was to be
    believed for an hour."""

    company.laptop.do(use_names, NAMES[0])
    gate = company.gate(NAME + f"{{ return 'PROXY proxy.corp.test:{company.port}'; }}")
    company.expect_way(gate, "office", time.monotonic(), "at first")
    for server, how, wanted in (
        (NAMES[1], "rename", "vpn"),
        (NAMES[0], "write", "office"),
        (NAMES[1], "replace by a link", "vpn"),
    ):
        since = company.laptop.do(use_names, server, how)
        company.expect_way(gate, wanted, since, how)
    expect_in("resolv.conf changed", gate.process.output(), "the log")
    company.laptop.do(gate.stop)


def socks4(company):
    """dante takes no names by SOCKS4, and on loopback addresses go no way but direct."""
    dante = Dante(company.bed, address=SERVER)
    company.office.do(dante.start)
    origin = company.office.do(Server, simple("hello\n"), None, SERVER)
    for kind in ("SOCKS", "SOCKS4", "SOCKS5"):
        gate = company.gate(f"{NAME}{{ return '{kind} {SERVER}:{dante.port}'; }}")
        before = len(dante.lines())
        answer = company.laptop.do(ask_get, gate, origin.url)
        expect(answer.body, "hello\n", kind)
        expect(len(dante.lines()) > before, True, f"{kind}: a line in dante's log")
        company.laptop.do(gate.stop)
    origin.listener.close()


def outside(company):
    """Where the names of the company do not exist all goes direct, though the last good
    copy of the script is at hand; but not where a name server fails or keeps silent."""
    url = f"http://{SERVER}:{company.direct.port}/"
    why = "outside: pac.corp.test does not exist"
    company.laptop.do(use_names, NAMES[0])
    gate = company.gate(
        NAME + f"{{ return 'PROXY proxy.corp.test:{company.port}'; }}",
        pac=f"http://pac.corp.test:{company.server.port}/proxy.pac",
        outside="direct",
        timeout="{name: 500ms}",
    )

    def ask(*verb):
        command = (company.world.program, "--config", gate.config, *verb)
        run = company.bed.run
        return company.laptop.do(lambda: run(*command, check=False).stdout.decode())

    def leave(what):
        since = company.laptop.do(use_names, MISSING)
        company.expect_way(gate, "200 straight", since, what, url)

    company.expect_way(gate, "office", time.monotonic(), "at first", url)
    expect_in("outside    no: pac.corp.test exists", ask("status"), "status inside")
    leave("without the names")
    expect_in("direct because " + why, ask("status"), "status outside")
    expect_in(f"because  {why}", ask("route", url), "route")
    expect_in(f'why="{why}"', gate.process.output(), "the access log")
    for server in (FAILING, SILENT):
        company.laptop.do(use_names, server)
        wait_until(
            lambda: company.way(gate, url).startswith("50"), LIMIT, f"failures by {server}"
        )
        for _ in range(10):  # longer than anything that failed is remembered
            got = company.way(gate, url)
            expect(got[:2], "50", f"the way by the name server {server}")
            time.sleep(0.3)
        leave("outside again")
    since = company.laptop.do(use_names, NAMES[0])
    company.expect_way(gate, "office", since, "back inside", url)
    log = gate.process.output()
    expect(len(re.findall(r" info outside way=direct ", log)), 3, "times outside")
    expect(len(re.findall(r" info inside why=", log)), 3, "times inside")
    company.laptop.do(gate.stop)


ALL = (interfaces, script_again, rests_end, resolv_conf, socks4, outside)


def run(world, results):
    """What they share is made by the first that runs."""
    made = []

    def with_company(case):
        if not made:
            made.append(Company(world))
        case(made[0])

    for case in ALL:
        results.run(f"network/{case.__name__}", with_company, case)
    for company in made:
        company.close()
