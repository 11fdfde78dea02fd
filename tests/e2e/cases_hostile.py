"""PAC scripts that do harm: each harms only the requests for which it does, which end in
time and never go direct, while others pass."""

import os
import signal
import socket
import threading
import time

from bed import Failure, expect, expect_in, wait_until, write
from cases_gate import ask_connect, ask_get, expect_error, need_root, together
from cases_pac import NAME, gate_with
from cases_pac_source import children
from kdc import with_file
from netspace import SILENCE, Names

LIMIT = 2  # seconds: timeout.pac
SILENT = "127.53.53.54"  # a name server
SILENT_TOO = "127.53.53.55"
# What the script does for a host, and what its requests are told.
HARM = {
    "loop": ("while (true);", "ran out of time"),
    "deep": ("var f = function (n) { return f(n + 1) + 1; }; f(0);", "the script: "),
    "array": ("for (var a = [];;) a.push(new Array(9999).join('x'));", "the script"),
    "string": ("for (var s = 'x';;) s += s;", "the script: "),
    "regexp": ("/^(a+)+$/.test(new Array(64).join('a') + 'b');", "the script"),
    "thrown": ("throw 'not today';", "not today"),
    "nothing": ("return;", "the script"),
    "number": ("return 17;", "the script"),
    "object": ("return {toString: function () { for (;;); }};", "the script"),
    "unknown": ("return 'HTTP 127.0.0.1:1; PROXY 127.0.0.1:99999';", "names no way"),
    "lines": ("return 'PROXY a\\r\\nX-Evil: yes';", "names no way"),
    "letters": ("return 'PROXY b\\u00fccher.test:1';", "the script"),
    "endless": ("return new Array(1 << 20).join('BOGUS x; ');", "pac: "),
}


class Traffic:
    """Requests that the script does well by, in both forms, until stop()."""

    def __init__(self, world, gate, threads=3):
        self.world, self.gate = world, gate
        self.ending = threading.Event()
        self.done, self.failures = 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _one(self, number):
        origin = self.world.origin
        if number % 2:
            return ask_get(self.gate, f"{origin.url}/small.txt?{number}")
        target = f"origin.test:{origin.tls_port}"
        with socket.create_connection(self.gate.address.rsplit(":", 1), 20) as link:
            link.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            return link.recv(4096).decode()

    def _run(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            start = time.monotonic()
            try:
                answer = self._one(number)
                text = answer if isinstance(answer, str) else answer.head
                good = text.startswith("HTTP/1.1 200 ")
            except OSError as error:
                good, text = False, str(error)
            took = time.monotonic() - start
            with self.lock:
                self.done += 1
                if not good or took > 1:
                    self.failures.append(f"{took:.1f} s: {text[:200]}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def expect_untouched(traffic):
    if traffic.failures:
        what = f"{len(traffic.failures)} of {traffic.done} failed: {traffic.failures[:3]}"
        raise Failure(what)
    if traffic.done < 100:
        raise Failure(f"only {traffic.done} requests meanwhile")


def hostile_gate(world, **more):
    """With a script that does each harm for a host of its own."""
    lines = [NAME + "{"]
    lines += [f"if (host == '{name}.test') {{ {body} }}" for name, (body, _) in HARM.items()]
    lines.append("if (url.indexOf('resolve') > 0) dnsResolve('slow.invalid');")
    lines.append(f"return 'PROXY 127.0.0.1:{world.squid.port}'; }}")
    settings = {"timeout": f"{{pac: {LIMIT}s, name: 2s}}", **more}
    return gate_with(world, "\n".join(lines), **settings)


def expect_never_direct(gate):
    log = gate.process.output()
    expect(log.count("route=direct"), 0, "requests that went direct")


def expect_harm(gate, name):
    """Both forms of a request, which end in time and are told why."""
    word = HARM[name][1]
    for what, ask in (
        ("CONNECT", lambda: ask_connect(gate, name + ".test:443")),
        ("GET", lambda: ask_get(gate, f"http://{name}.test/")),
    ):
        start = time.monotonic()
        answer = ask()
        took = time.monotonic() - start
        expect_error(answer, (502,), (word,), f"{name}, {what}")
        if took > LIMIT + 1:
            raise Failure(f"{name}, {what}: ended after {took:.1f} s")


def each_for_itself(world):
    gate = hostile_gate(world)
    before = len(world.squid.requests())
    with Traffic(world, gate) as traffic:
        for name in HARM:
            expect_harm(gate, name)
    expect_untouched(traffic)
    for line in world.squid.requests()[before:]:
        expect_in("origin.test", line, "what squid was asked for")
    expect_never_direct(gate)
    gate.stop()


def one_loops_for_many(world):
    """Thirty requests for the host at once take one child, and end together."""
    gate = hostile_gate(world)
    with Traffic(world, gate) as traffic:
        start = time.monotonic()
        statuses = together(lambda _: ask_get(gate, "http://loop.test/").status, 30)
        took = time.monotonic() - start
    expect(statuses, [502] * 30, "the statuses")
    if took > LIMIT + 1:
        raise Failure(f"ended after {took:.1f} s")
    expect_untouched(traffic)
    expect(gate.process.output().count("pac_offender "), 1, "runs of the loop")
    gate.stop()


def running(pid):
    """Whether a process is at work."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "R"


def child_is_killed(world):
    """Idle or at work for others: nobody notices. At work for a loop: run out of time
    all the same."""
    gate = hostile_gate(world)
    with Traffic(world, gate) as traffic:
        for _ in range(20):
            before = children(gate.process.child.pid, "ccgate-pac")
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda old=before: traffic.failures
                or set(children(gate.process.child.pid, "ccgate-pac")) - set(old),
                10, "new children",
            )  # fmt: skip
    expect_untouched(traffic)
    expect("pac_child_ended" in gate.process.output(), True, "a child that ended")
    answers = []
    looping = threading.Thread(
        target=lambda: answers.append(ask_get(gate, "http://loop.test/"))
    )
    start = time.monotonic()
    looping.start()
    for _ in range(2):
        found = []

        def one_runs():
            pids = children(gate.process.child.pid, "ccgate-pac")
            found[:] = [pid for pid in pids if running(pid)]
            return found

        wait_until(one_runs, 10, "the child that loops")
        os.kill(found[0], signal.SIGKILL)
        wait_until(
            lambda: found[0] not in children(gate.process.child.pid, "ccgate-pac"),
            10, "its end",
        )  # fmt: skip
    looping.join()
    expect_error(answers[0], (502,), ("signal 9",), "the loop")
    if time.monotonic() - start > LIMIT + 1:
        raise Failure("the loop did not end in time")
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect(answer.status, 200, "another host afterwards")
    expect_never_direct(gate)
    gate.stop()


def slow_names(world):
    """The script waits for a name in no child; afterwards the name has no address."""
    need_root(world)
    silent = Names(SILENT, "0.0.0.0", SILENCE)
    conf = write(world.bed.path("silent.conf"), f"nameserver {SILENT}\n")
    prefix = with_file(world.bed, conf, "/etc/resolv.conf")
    gate = hostile_gate(world, prefix=prefix, resolver="dns")
    with Traffic(world, gate) as traffic:
        start = time.monotonic()
        url = world.origin.url + "/small.txt?resolve="
        statuses = together(lambda n: ask_get(gate, url + str(n)).status, 12)
        took = time.monotonic() - start
    expect(statuses, [200] * 12, "the statuses")
    if not 1.5 < took < 4:
        raise Failure(f"twelve that wait for a name took {took:.1f} s")
    expect_untouched(traffic)
    expect(silent.asked > 0, True, "a question at the silent server")
    gate.stop()


def ends_at_once(world):
    """The end waits for no name: of those that nobody waits for any more, the system's
    own resolver has one for 10 s and longer."""
    need_root(world)
    silent = Names(SILENT_TOO, "0.0.0.0", SILENCE)
    conf = write(world.bed.path("silent-too.conf"), f"nameserver {SILENT_TOO}\n")
    prefix = with_file(world.bed, conf, "/etc/resolv.conf")
    gate = hostile_gate(world, prefix=prefix, resolver="system")
    answer = ask_get(gate, world.origin.url + "/small.txt?resolve=1")
    expect(answer.status, 200, "the status, for the script has no need of the name")
    expect(silent.asked > 0, True, "a question at the silent server")
    start = time.monotonic()
    gate.stop()
    took = time.monotonic() - start
    if took > 2:
        raise Failure(f"the end took {took:.1f} s")


def newer_script(world):
    """What the engine does not know is named, and nothing goes direct for it."""
    for line, construct in (
        ("let a = 1;", "let"),
        ("var f = (a) => a;", "an arrow function"),
        ("var t = `text`;", "a template string"),
        ("class A {}", "class"),
        ("for (var x of [1]) ;", "of"),
        ("var a = b ?? c;", "??"),
    ):
        gate = gate_with(world, f"var first;\n{line}\n{NAME}{{ return 'DIRECT'; }}\n")
        answer = ask_connect(gate, f"origin.test:{world.origin.tls_port}")
        expect_error(answer, (502,), ("line 2", construct), line)
        expect_never_direct(gate)
        gate.stop()


ALL = (
    each_for_itself, one_loops_for_many, child_is_killed, slow_names, ends_at_once,
    newer_script,
)  # fmt: skip
