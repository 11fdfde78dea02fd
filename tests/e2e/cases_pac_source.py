"""ccgate with nothing but the URL of a PAC file: from where it comes, and while it does not."""

import json
import os
import signal
import ssl
import threading
import time

from bed import Failure, expect, expect_in, wait_until, write
from cases_fetch import Server, simple
from cases_gate import ask_both, ask_get, expect_error, expect_works


def script(world):
    return (
        "function FindProxyForURL(url, host) {\n"
        f"  return 'PROXY 127.0.0.1:{world.squid.port}';\n}}\n"
    )


def gate_for(world, url, **more):
    """The login goes to the proxy that the script names, as the user allows it."""
    settings = {
        "proxy": None,
        "pac": url,
        "via_corp_proxy": "true",
        "auth_hosts": "[127.0.0.1]",
    }
    settings.update(more)
    return world.gate(settings, env=dict(world.bed.env, CCGATE_LIBEXEC=world.beside))


def status(world, gate):
    """What status says of the script."""
    done = world.bed.run(
        gate.binary, "status", "--json", "--config", gate.config, env=gate.env
    )
    found = json.loads(done.stdout)
    found = found[0] if isinstance(found, list) else found
    return found.get("pac") or found["status"]["pac"]


def state(world, gate, wanted):
    wait_until(lambda: status(world, gate)["state"] == wanted, 20, f"the state {wanted}")
    return status(world, gate)


def from_nginx(world):
    """Real traffic by a script from nginx; 304 to the next look, then a changed one."""
    name = write(os.path.join(world.origin.files, "way.pac"), script(world))
    gate = gate_for(world, f"http://127.0.0.1:{world.origin.port}/way.pac")
    before = len(world.squid.requests())
    expect_works(gate, world)
    if len(world.squid.requests()) == before:
        raise Failure("squid was not asked")
    changes = state(world, gate, "fresh")["changes"]
    log = os.path.join(world.origin.home, "access.log")

    def asked(code):
        with open(log, encoding="utf-8") as lines:
            return sum(1 for line in lines if f'/way.pac HTTP/1.1" {code}' in line)

    expect((asked(200), asked(304)), (1, 0), "fetches")
    gate.reload()
    wait_until(lambda: asked(304) == 1, 20, "the conditional fetch")
    expect(status(world, gate)["changes"], changes, "the scripts so far")
    write(name, script(world).replace("PROXY", "BOGUS x; PROXY"))
    gate.reload()
    wait_until(lambda: status(world, gate)["changes"] == changes + 1, 20, "the new script")
    expect_works(gate, world)
    gate.stop()


def tls(world):
    cert, key = world.bed.certificate("pac.test", "IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with Server(simple(script(world)), context) as server:
        gate = gate_for(world, server.url, tls="{ca: " + world.bed.ca + "}")
        expect_works(gate, world)
        gate.stop()
        gate = gate_for(world, server.url)
        answer = ask_get(gate, world.origin.url + "/small.txt")
        expect_error(answer, (502,), ("tls.ca",), "without the authority")
        expect(state(world, gate, "failed")["state"], "failed", "the state")
        with open(gate.config, "a", encoding="utf-8") as config:
            config.write("tls: {ca: " + world.bed.ca + "}\n")
        gate.reload()
        state(world, gate, "fresh")
        expect_works(gate, world)
        gate.stop()


def server_away(world):
    """The last good copy, also by a new process; and the server's own when it is back."""
    bad = threading.Event()
    good = simple(script(world), 'ETag: "one"')
    page = simple("<html><head><title>Airport</title></head></html>")

    def answer(link, head):
        (page if bad.is_set() else good)(link, head)

    with Server(answer) as server:
        gate = gate_for(world, server.url)
        expect_works(gate, world)
        folder = os.path.join(gate.home, "state", "pac")
        wait_until(lambda: os.path.isdir(folder) and os.listdir(folder), 20, "the copy")
        for name in os.listdir(folder):
            mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
            expect(mode, 0o600, "the mode of the copy")
        bad.set()
        gate.reload()
        found = state(world, gate, "stale")
        expect_in('a page of HTML ("Airport")', found["why"], "why it is stale")
        expect_works(gate, world)
        gate.stop()
        gate.start()
        found = state(world, gate, "stale")
        expect_works(gate, world)
        wait_until(
            lambda: "Airport" in (status(world, gate)["why"] or ""), 20, "the first fetch"
        )
        time.sleep(1.1)
        if status(world, gate)["age_ms"] < 1000:
            raise Failure("the copy does not get older")
        expect_in('If-None-Match: "one"', server.heads[-1], "the question")
        bad.clear()
        gate.reload()
        state(world, gate, "fresh")
        expect_works(gate, world)
        gate.stop()


def broken_script(world):
    """A script that does not compile fails requests; the good copy stays on disk."""
    now = [simple(script(world))]

    def answer(link, head):
        now[0](link, head)

    with Server(answer) as server:
        gate = gate_for(world, server.url)
        expect_works(gate, world)
        folder = os.path.join(gate.home, "state", "pac")
        wait_until(lambda: os.path.isdir(folder) and os.listdir(folder), 20, "the copy")
        now[0] = simple(script(world) + "\nfunction (")
        gate.reload()
        state(world, gate, "broken")
        for what, got in ask_both(gate, world):
            expect_error(got, (502,), ("line 5 of the script",), what)
        now[0] = simple("", status=b"HTTP/1.1 503 Service Unavailable")
        gate.stop()
        gate.start()
        state(world, gate, "stale")
        expect_works(gate, world)
        table = world.bed.run(
            gate.binary, "status", "--config", gate.config, env=gate.env
        ).stdout.decode()
        expect_in(": stale, ", table, "the table")
        expect_in(" old", table, "the table")
        expect_in("\nsandbox    ", table, "the table")
        expect_in("seccomp", table, "the table")
        gate.stop()


def no_copy(world):
    """Never direct for want of a script, and the answer says why there is none."""
    with Server(simple("", status=b"HTTP/1.1 404 Not Found")) as server:
        gate = gate_for(world, server.url)
        for what, answer in ask_both(gate, world):
            expect_error(answer, (502,), ("answered 404",), what)
        gate.stop()


def silent_server(world):
    """It holds up nobody who goes another way, and the end of ccgate neither."""

    def answer(link, _):
        link.recv(1)

    with Server(answer) as server:
        gate = gate_for(world, server.url)
        wait_until(lambda: server.heads, 20, "the fetch")
        start = time.monotonic()
        url = f"http://127.0.0.1:{world.origin.port}/small.txt"
        expect(ask_get(gate, url).status, 200, "a local target")
        if time.monotonic() - start > 3:
            raise Failure("it waited for the script")
        expect(status(world, gate)["state"], "loading", "the state")
        gate.stop()
        if time.monotonic() - start > 10:
            raise Failure("ccgate did not end at once")


def child_that_stops(world):
    """A child that is stopped is killed at the deadline; nobody else notices."""
    entered = threading.Event()

    def answer(link, _):
        entered.set()
        link.recv(1)

    with Server(answer) as server:
        gate = gate_for(world, server.url)
        if not entered.wait(20):
            raise Failure("nothing was fetched")
        child = children(gate.process.child.pid, "ccgate-system")
        expect(len(child), 1, "the children that fetch")
        os.kill(child[0], signal.SIGSTOP)
        state_before = status(world, gate)["state"]
        expect(state_before, "loading", "the state")
        wait_until(
            lambda: status(world, gate)["state"] == "failed", 40, "the end of the child"
        )
        expect_in("in time", status(world, gate)["why"], "why")
        wait_until(
            lambda: children(gate.process.child.pid, "ccgate-system") == [],
            10,
            "the end of the child's remains",
        )
        gate.stop()


def children(parent, name):
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                head, _, tail = file.read().rpartition(")")
        except OSError:
            continue
        if head.endswith("(" + name[:15]) and int(tail.split()[1]) == parent:
            found.append(int(entry))
    return found


ALL = (
    from_nginx, tls, server_away, broken_script, no_copy, silent_server,
    child_that_stops,
)  # fmt: skip
