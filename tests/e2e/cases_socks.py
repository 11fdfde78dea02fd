"""SOCKS on the way out, by a real microsocks with and without a login, and on the way
in, by real clients."""

import os
import shlex
import socket

from bed import Failure, expect, expect_in, free_port, read, wait_until, write
from cases_clients import curl, forbidden
from cases_gate import ask_both, ask_connect, ask_get, expect_error, need_root, together
from kdc import with_hosts
from servers import USER

WORD = "socks-s3cret"


class Microsocks:
    """It looks names up by itself, in a hosts file of its own."""

    MARK = "origin.test"  # of a connection in its log

    def __init__(self, bed, *options, address="127.0.0.1"):
        self.bed = bed
        self.address = address
        self.options = options
        self.home = bed.fresh("microsocks")
        self.log = os.path.join(self.home, "log")
        hosts = write(os.path.join(self.home, "hosts"), "127.0.0.1 origin.test\n")
        self.prefix = with_hosts(bed, hosts)

    def start(self):
        for _ in range(5):
            self.port = free_port()
            command = self.prefix + self.command()
            process = self.bed.start("the SOCKS server", command, self.log)
            try:
                process.wait_ready(self.answers)
            except Failure:
                continue
            return self
        raise Failure("no port was found")

    def command(self):
        command = [self.bed.which("microsocks"), "-i", self.address]
        return command + ["-p", str(self.port), *self.options]

    def answers(self):
        with socket.socket() as link:
            return link.connect_ex((self.address, self.port)) == 0

    def lines(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return [line for line in file if self.MARK in line]


class Dante(Microsocks):
    """It knows SOCKS4, too, if without names."""

    MARK = "tcp/connect"

    CONFIG = """
logoutput: stdout
internal: {address} port = {port}
external: {address}
clientmethod: none
socksmethod: none
{users}
client pass {{
    from: 0.0.0.0/0 to: 0.0.0.0/0
}}
socks pass {{
    from: 0.0.0.0/0 to: 0.0.0.0/0
    log: connect
}}
"""

    def command(self):
        users = "user.privileged: root\nuser.unprivileged: nobody"
        values = {"address": self.address, "port": self.port}
        values["users"] = users if self.bed.is_root else ""
        path = write(os.path.join(self.home, "danted.conf"), self.CONFIG.format(**values))
        return [self.bed.which("danted"), "-N", "1", "-f", path]


class Ssh(Microsocks):
    """`ssh -D`, which knows SOCKS4a; the sshd behind it looks the names up, and is a child
    of ssh's without a port of its own."""

    MARK = "decode socks4a: host origin.test/"

    CONFIG = """
HostKey {key}
AuthorizedKeysFile {key}.pub
StrictModes no
UsePAM no
PermitRootLogin yes
AllowTcpForwarding yes
PidFile none
"""

    def command(self):
        key = os.path.join(self.home, "key")
        if not os.path.exists(key):
            self.bed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        conf = write(os.path.join(self.home, "sshd.conf"), self.CONFIG.format(key=key))
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd insists on it
        server = self.prefix + [self.bed.which("sshd"), "-i", "-f", conf]
        return [
            self.bed.which("ssh"), "-F", "none", "-vv", "-N", "-i", key,
            "-D", f"{self.address}:{self.port}", "-o", "ExitOnForwardFailure=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "ProxyCommand=" + shlex.join(server), "root@sshd.test",
        ]  # fmt: skip


def open_proxy(world):
    return Microsocks(world.bed).start()


def closed_proxy(world):
    return Microsocks(world.bed, "-u", USER, "-P", WORD).start()


def login_entry(world, proxy, word=WORD):
    """What `proxy` in the configuration says of it."""
    path = write(world.bed.path(f"socks-{word}"), word + "\n", 0o600)
    url = f'url: "socks5://127.0.0.1:{proxy.port}"'
    return f"[{{{url}, username: {USER}, password_file: {path}}}]"


def with_login(world, proxy, word=WORD):
    """The settings of a gate before it."""
    return {"proxy": login_entry(world, proxy, word)}


def name_is_passed_on(world):
    """The name exists nowhere but for microsocks."""
    proxy = open_proxy(world)
    gate = world.gate({"proxy": f"socks5://127.0.0.1:{proxy.port}"})
    for base in (world.origin.url, world.origin.tls_url):
        done = curl(world.bed, gate.url, "-f", base + "/small.txt")
        expect(done.stdout, b"a small file\n", base)
    wait_until(lambda: len(proxy.lines()) >= 2, 10, "microsocks' log")
    gate.stop()


def version_4a(world):
    """The name exists nowhere but for the sshd. For one that it does not find, and a port
    where nobody listens, ssh closes without a word."""
    need_root(world)
    proxy = Ssh(world.bed).start()
    hop = f"socks4a://127.0.0.1:{proxy.port}"
    gate = world.gate({"proxy": hop})
    for base in (world.origin.url, world.origin.tls_url):
        done = curl(world.bed, gate.url, "-f", base + "/big.bin")
        expect(len(done.stdout), world.origin.BIG, base)
    wait_until(lambda: len(proxy.lines()) >= 2, 10, "SOCKS4a in ssh's log")
    for target in ("nowhere.test:443", f"origin.test:{free_port()}"):
        answer = ask_connect(gate, target)
        expect_error(answer, (502,), (f"socks4://127.0.0.1:{proxy.port}",), target)
    done = curl(world.bed, gate.url, "-f", world.origin.url + "/small.txt")
    expect(done.stdout, b"a small file\n", "what follows")
    expect(gate.process.output().count("route=direct"), 0, "requests that went direct")
    gate.stop()


def refusals(world):
    """Its own words reach the client."""
    proxy = open_proxy(world)
    gate = world.gate({"proxy": f"socks5://127.0.0.1:{proxy.port}"})
    hop = f"socks5://127.0.0.1:{proxy.port}"
    for target in ("nowhere.test:443", f"origin.test:{free_port()}"):
        answer = ask_connect(gate, target)
        expect_error(answer, (502,), (hop, "the proxy says: "), target)
    answer = ask_get(gate, "http://nowhere.test/")
    expect_error(answer, (502,), (hop, "the proxy says: "), "GET")
    gate.stop()


def global_login_is_kept_back(world):
    proxy = closed_proxy(world)
    gate = world.gate({"proxy": f"socks5://127.0.0.1:{proxy.port}"}, password=WORD)
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), ("give its entry",), what)
    gate.stop()


def wrong_password(world):
    """It is tried once, however many ask."""
    proxy = closed_proxy(world)
    gate = world.gate(with_login(world, proxy, "wrong"))
    url = world.origin.url + "/small.txt"
    expect(together(lambda _: ask_get(gate, url).status, 10), [403] * 10, "the statuses")
    # A line is written when the client's connection ends, behind the answer.
    wait_until(lambda: gate.process.output().count("outcome=login_") == 10, 10, "the log")
    log = gate.process.output()
    expect(log.count("outcome=login_rejected"), 1, "logins that were rejected")
    expect(log.count("outcome=login_held"), 9, "logins that were held back")
    gate.stop()


def failover(world):
    proxy = open_proxy(world)
    dead = free_port()
    hops = f"['socks5://127.0.0.1:{dead}', 'socks5h://127.0.0.1:{proxy.port}']"
    gate = world.gate({"proxy": hops})
    done = curl(world.bed, gate.url, "-f", world.origin.tls_url + "/small.txt")
    expect(done.stdout, b"a small file\n", "the file")
    status = world.bed.run(world.program, "--config", gate.config, "status").stdout
    expect_in("rests", status.decode(), "the dead hop")
    gate.stop()


def way_in(world):
    """Clients that speak SOCKS to ccgate, which speaks HTTP to squid."""
    gate = world.gate()
    for option in ("--socks5-hostname", "--socks4a"):
        for base in (world.origin.url, world.origin.tls_url):
            form = ("-f", "--cacert", world.bed.ca, option, gate.address)
            done = world.bed.run("curl", "-q", "-sS", *form, base + "/big.bin")
            expect(len(done.stdout), world.origin.BIG, f"{option} {base}")
    expect_in("method=SOCKS5 target=origin.test:", gate.process.output(), "the log")
    failed = world.bed.run(
        "curl", "-q", "-sS", "--socks5-hostname", gate.address,
        "http://forbidden.test:8000/", check=False,
    )  # fmt: skip
    expect_in("(2)", failed.stderr.decode(), "what curl says of a refusal")
    gate.stop()


def git_way_in(world):
    gate = world.gate()
    env = dict(
        world.bed.env,
        GIT_SSL_CAINFO=world.bed.ca,
        all_proxy="socks5h://" + gate.address,
    )
    for base in (world.origin.url, world.origin.tls_url):
        clone = world.bed.fresh("socks-clone")
        world.bed.run("git", "clone", "-q", base + "/git/project.git", clone, env=env)
        expect(read(os.path.join(clone, "README")), "hello\n", "the clone")
    expect_in("method=SOCKS5", gate.process.output(), "the log")
    gate.stop()


def both_ways(world):
    """SOCKS in, SOCKS out, with a login."""
    gate = world.gate(with_login(world, closed_proxy(world)))
    form = ("-f", "--cacert", world.bed.ca, "--socks5-hostname", gate.address)
    done = world.bed.run(
        "curl", "-q", "-sS", *form, world.origin.tls_url + "/small.txt"
    )
    expect(done.stdout, b"a small file\n", "the file")
    gate.stop()


def static_forward(world):
    """A client that knows no proxy, at an address that leads to the origin."""
    port, free = world.origin.tls_port, free_port()
    gate = world.gate({"tunnel": f"'127.0.0.1:{free} origin.test:{port}'"})
    done = world.bed.run(
        "curl", "-q", "-sS", "-f", "--cacert", world.bed.ca,
        "--connect-to", f"origin.test:{port}:127.0.0.1:{free}",
        world.origin.tls_url + "/big.bin",
    )  # fmt: skip
    expect(len(done.stdout), world.origin.BIG, "bytes")
    expect_in(f"method=TUNNEL target=origin.test:{port}", gate.process.output(), "the log")
    gate.stop()


ALL = (
    name_is_passed_on, version_4a, refusals, global_login_is_kept_back, wrong_password, failover,
    way_in, git_way_in, both_ways, static_forward,
)  # fmt: skip


def run(world, results, clients):
    """clients(name, settings) runs all clients through one ccgate."""

    def settings(proxy):
        return {"proxy": f"socks5://127.0.0.1:{proxy.port}"}

    # It knows no rules.
    more = {"leave_out": (forbidden,)}
    clients("socks_hop", settings(open_proxy(world)), **more)
    clients("socks_hop_login", with_login(world, closed_proxy(world)), **more)
    for case in ALL:
        results.run(f"socks/{case.__name__}", case, world)
