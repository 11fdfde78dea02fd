"""What ccgate itself answers for: logins, hops that fail, who may use it, a long load."""

import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from bed import Failure, Skip, expect, expect_in, free_port, wait_until
from cases_clients import curl
from servers import setpriv


class Answer:
    """The status, head and body of an answer that ends with its connection."""

    def __init__(self, data):
        head, _, self.body = data.decode(errors="replace").partition("\r\n\r\n")
        self.head = head
        words = head.split(None, 2)
        self.status = int(words[1]) if len(words) > 1 else 0

    def status_field(self):
        found = re.search(r"(?im)^proxy-status: *(.*?)\r?$", self.head)
        return found.group(1) if found else ""


def ask(gate, request, seconds=60):
    host, port = gate.address.rsplit(":", 1)
    data = b""
    with socket.create_connection((host, int(port)), seconds) as link:
        link.sendall(request.encode())
        while True:
            part = link.recv(65536)
            if not part:
                return Answer(data)
            data += part


def ask_connect(gate, target):
    return ask(gate, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")


def ask_get(gate, url, **more):
    host = url.split("/")[2]
    request = f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    return ask(gate, request, **more)


def ask_both(gate, world):
    """The same question in both forms."""
    origin = world.origin
    yield "GET", ask_get(gate, origin.url + "/small.txt")
    yield "CONNECT", ask_connect(gate, f"origin.test:{origin.tls_port}")


def expect_error(answer, statuses, words, what):
    """An error of ccgate's own: status, Proxy-Status, and a body that helps."""
    if answer.status not in statuses:
        raise Failure(f"{what}: {answer.status} instead of {statuses}: {answer.body[:300]}")
    expect_in("ccgate", answer.status_field(), f"{what}: Proxy-Status")
    for word in words:
        expect_in(word.lower(), (answer.head + answer.body).lower(), what)


def expect_works(gate, world):
    for base in (world.origin.url, world.origin.tls_url):
        done = curl(world.bed, gate.url, "-f", base + "/small.txt")
        expect(done.stdout, b"a small file\n", base)


def expect_refused(world, before, count):
    """Squid writes its log after it has answered."""
    wait_until(
        lambda: world.squid.logins_refused() - before >= count, 10, "squid's access log"
    )
    expect(world.squid.logins_refused() - before, count, "logins refused by squid")


def wrong_password(world):
    """Twenty requests, one login: a directory locks an account after a few."""
    gate = world.gate(password="wrong")
    before = world.squid.logins_refused()
    hop = f"127.0.0.1:{world.squid.port}"
    for _ in range(10):
        for what, answer in ask_both(gate, world):
            expect_error(answer, (403,), (hop, "password"), what)
    expect_refused(world, before, 1)
    gate.stop()


def wrong_password_in_parallel(world):
    gate = world.gate(password="wrong")
    before = world.squid.logins_refused()

    def one(number):
        if number % 2:
            return ask_connect(gate, f"origin.test:{world.origin.tls_port}").status
        return ask_get(gate, world.origin.url + "/small.txt").status

    expect(together(one, 20), [403] * 20, "the statuses")
    expect_refused(world, before, 1)
    gate.stop()


def together(function, count):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


def password_mended(world):
    """A reload alone does not try again; a new password does."""
    gate = world.gate(password="wrong")
    before = world.squid.logins_refused()
    url = world.origin.url + "/small.txt"
    expect(ask_get(gate, url).status, 403, "with the wrong password")
    gate.reload()
    expect(ask_get(gate, url).status, 403, "after a reload")
    expect_refused(world, before, 1)
    gate.write_password("correct horse: battery")
    gate.reload()
    expect_works(gate, world)
    expect_refused(world, before, 1)
    gate.stop()


def no_credentials(world):
    gate = world.gate({"username": None, "password_file": None})
    before = world.squid.logins_refused()
    for what, answer in ask_both(gate, world):
        expect_error(answer, (403,), (f"127.0.0.1:{world.squid.port}",), what)
    expect_refused(world, before, 0)
    gate.stop()


def squid_down_and_back(world):
    gate = world.gate()
    expect_works(gate, world)
    world.squid.stop()
    try:
        for what, answer in ask_both(gate, world):
            hop = f"127.0.0.1:{world.squid.port}"
            expect_error(answer, (502, 504), (hop, "refused"), what)
    finally:
        world.squid.start()
    expect_works(gate, world)
    gate.stop()


def second_hop(world):
    """A hop that cannot be reached passes to the next within the same request."""
    hops = f"[http://127.0.0.1:{free_port()}, http://127.0.0.1:{world.squid.port}]"
    gate = world.gate({"proxy": hops})
    expect_works(gate, world)
    gate.stop()


def name_unknown_at_squid(world):
    gate = world.gate()
    answer = ask_get(gate, "http://missing.test/")
    if answer.status not in (502, 503):
        raise Failure(f"GET: {answer.status}: {answer.body[:300]}")
    expect_in("X-Squid-Error:", answer.head, "GET: squid's own answer")
    expect_in("missing.test", answer.body, "GET: squid's page")
    answer = ask_connect(gate, "missing.test:443")
    if answer.status not in (500, 502, 503, 504):
        raise Failure(f"CONNECT: {answer.status}: {answer.body[:300]}")
    expect_in("ccgate", answer.status_field(), "Proxy-Status")
    expect_in("requested URL could not be retrieved", answer.body, "squid's title")
    gate.stop()


def refusal_is_quoted(world):
    gate = world.gate()
    answer = ask_connect(gate, "forbidden.test:443")
    expect_error(answer, (403,), ("requested URL could not be retrieved",), "CONNECT")
    gate.stop()


def origin_closed(world):
    """Squid reaches nobody there; its page comes through."""
    gate = world.gate()
    answer = ask_get(gate, f"http://origin.test:{free_port()}/")
    expect(answer.status, 503, "GET")
    expect_in("squid", answer.body, "squid's page")
    gate.stop()


def hop_certificate_unknown(world):
    gate = world.gate({"proxy": f"https://127.0.0.1:{world.squid.tls_port}"})
    for what, answer in ask_both(gate, world):
        expect_error(answer, (502,), ("certificate",), what)
    gate.stop()


def hop_certificate_of_another(world):
    gate = world.gate(
        {
            "proxy": f"https://localhost:{world.squid.tls_port}",
            "tls": "{ca: " + world.bed.ca + "}",
        }
    )
    for what, answer in ask_both(gate, world):
        expect_error(answer, (502,), ("localhost", "certificate"), what)
    gate.stop()


def noproxy(world):
    """What is listed goes direct: a name that only squid knows is then unknown."""
    gate = world.gate({"noproxy": ".test"})
    before = len(world.squid.requests())
    expect_error(ask_get(gate, world.origin.url + "/"), (502, 504), ("origin.test",), "GET")
    expect(len(world.squid.requests()), before, "requests at squid")
    gate.stop()


def need_root(world):
    if not world.bed.is_root:
        raise Skip("only root can become another user")


def status_as(world, user, gate):
    done = world.bed.run(
        *setpriv(user), "curl", "-q", "-sS", "--noproxy", "", "-x", gate.url,
        "-o", os.devnull, "-w", "%{http_code}", world.origin.url + "/small.txt",
    )  # fmt: skip
    return done.stdout.decode()


def another_user_is_refused(world):
    need_root(world)
    gate = world.gate()
    before = len(world.squid.requests())
    expect(status_as(world, "nobody", gate), "403", "nobody, at root's ccgate")
    expect(len(world.squid.requests()), before, "requests at squid")
    expect(status_as(world, "root", gate), "200", "root, at root's ccgate")
    gate.stop()


def run_without_root(world):
    """As it is run in earnest. Own uid and root are served. (Not as nobody, whose uid is
    also that of everybody whom the kernel cannot name.)"""
    need_root(world)
    gate = world.gate(as_user="sys")
    expect(status_as(world, "daemon", gate), "403", "daemon, at ccgate of sys")
    expect(status_as(world, "nobody", gate), "403", "nobody, at ccgate of sys")
    expect(status_as(world, "sys", gate), "200", "sys, at ccgate of sys")
    expect(status_as(world, "root", gate), "200", "root, at ccgate of sys")
    gate.stop()


def allowed_user(world):
    need_root(world)
    gate = world.gate({"allow_users": "[daemon]"}, as_user="sys")
    expect(status_as(world, "daemon", gate), "200", "daemon, who is allowed")
    expect(status_as(world, "bin", gate), "403", "bin, who is not")
    gate.stop()


ALL = (
    wrong_password, wrong_password_in_parallel, password_mended, no_credentials,
    squid_down_and_back, second_hop, name_unknown_at_squid, refusal_is_quoted,
    origin_closed, hop_certificate_unknown, hop_certificate_of_another, noproxy,
    another_user_is_refused, run_without_root, allowed_user,
)  # fmt: skip


# ccgate keeps the pipes of its bulk flows, 32 at most, for the next ones.
KEPT_PIPES = 2 * 32


def soak(world, seconds):
    """Parallel clients for a while; afterwards nothing has grown."""
    gate = world.gate()
    sockets, others = gate.descriptors()
    failures = []

    def load(until):
        rounds = []

        def one(number):
            base = (world.origin.url, world.origin.tls_url)[number % 2]
            while time.monotonic() < until and not failures:
                try:
                    soak_round(world, gate, base)
                    rounds.append(number)
                except Failure as error:
                    failures.append(str(error))

        together(one, 6)
        if failures:
            raise Failure(failures[0])
        wait_until(
            lambda: gate.descriptors()[0] <= sockets, 30, "sockets to be closed"
        )
        if gate.descriptors()[1] > others + KEPT_PIPES:
            raise Failure(f"{gate.descriptors()[1]} descriptors besides sockets")
        return len(rounds)

    load(time.monotonic() + min(5, seconds))
    memory = gate.memory()
    rounds = load(time.monotonic() + seconds)
    grown = gate.memory() - memory
    print(f"   {rounds} rounds of 41 requests; RssAnon grew by {grown} KiB")
    if grown > 4096:
        raise Failure(f"RssAnon grew by {grown} KiB")
    gate.stop()


def soak_round(world, gate, base):
    words = []
    for name in [f"part-{i}" for i in range(40)] + ["big.bin"]:
        words += ["-o", os.devnull, f"{base}/{name}"]
    curl(world.bed, gate.url, "-f", "-Z", *words)
