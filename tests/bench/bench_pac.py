"""bench_pac: what a decision by a PAC script costs, beside pacparser and libproxy, and what
a script that loops for one host costs the others. bench.py calls measure() and report()."""

import functools
import http.server
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "../e2e"))

from bed import Bed, read, write  # noqa: E402
from bench_peers import BenchError, Sink, first_line  # noqa: E402
from servers import Gate  # noqa: E402

SCRIPT = os.path.abspath(os.path.join(HERE, "../../pac/samples/rules-200.pac"))
PROXY = "proxy.corp.example:8080"
SAID = f"PROXY {PROXY}; DIRECT"
EACH = 100    # decisions of each row in a round
LOST = 3      # children that are killed in a round
LIMIT = 5.0   # seconds: the default of timeout.pac
PATIENCE = 2 * LIMIT

# name, key, the most microseconds
ROWS = (
    ("ccgate, through its child", "child", 200),
    ("ccgate, from its cache", "cache", 5),
    ("ccgate, when the child was just killed", "lost", None),
    ("pacparser", "pacparser", None),
    ("libproxy with its PAC plugin", "libproxy", None),
)


class Contender:
    """A program that answers a line with a line."""

    def __init__(self, command, env, cpu, log):
        with open(log, "ab") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                env=env, text=True,
                preexec_fn=functools.partial(os.sched_setaffinity, 0, {cpu}))
        self.log = log

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise BenchError((read(self.log).splitlines() or ["it ended"])[-1])
        return [float(word) for word in answer.split()]

    def stop(self):
        self.process.kill()
        self.process.communicate()


def rss_mb(pid):
    found = re.search(r"VmRSS:\s*(\d+) kB", read(f"/proc/{pid}/status"))
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


class Files(http.server.SimpleHTTPRequestHandler):
    """The script for libproxy, which takes it by HTTP only."""

    def do_GET(self):
        data = read(self.server.script).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ns-proxy-autoconfig")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def serve(script):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.script = script
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"pac+http://127.0.0.1:{server.server_port}/proxy.pac"


class Site:
    def __init__(self, programs, rounds):
        self.programs = programs
        self.rounds = rounds
        self.bed = Bed()
        self.cpus = sorted(os.sched_getaffinity(0))
        self.samples = {key: [] for _, key, _ in ROWS}
        self.failures = {}
        self.rss = {}

    def peer(self, name, script, said):
        """pac_peer, on the processor that ccgate has, too."""
        env = dict(self.bed.env)
        if name == "libproxy":
            env["http_proxy"] = serve(script)
        command = [self.programs.pac_peer, name, script, said]
        log = self.bed.path(name + ".log")
        return Contender(command, env, self.cpus[0], log)

    # ---- decisions

    def contenders(self):
        libexec = os.path.dirname(self.programs.ccgate)
        env = dict(self.bed.env, CCGATE_LIBEXEC=libexec)
        log = self.bed.path("pac.log")
        return {
            "ccgate": Contender([self.programs.pac, SCRIPT, SAID], env, self.cpus[0], log),
            "pacparser": self.peer("pacparser", SCRIPT, SAID),
            "libproxy": self.peer("libproxy", SCRIPT, f"http://{PROXY}"),
        }

    def decisions(self):
        contenders = self.contenders()
        turns = [key for _, key, _ in ROWS]
        commands = {"child": f"child {EACH}", "cache": f"cache {EACH}", "lost": f"lost {LOST}"}
        for number in range(self.rounds):
            turn = number % len(turns)
            for key in turns[turn:] + turns[:turn]:
                if key in self.failures:
                    continue
                contender = contenders.get(key, contenders["ccgate"])
                try:
                    if key == "child":
                        contender.ask(commands["child"])  # after a child that was killed
                    self.samples[key] += contender.ask(commands.get(key, str(EACH)))
                except BenchError as error:
                    self.failures[key] = str(error)
        for name, contender in contenders.items():
            pid = contender.process.pid
            if name == "ccgate" and contender.process.poll() is None:
                contender.ask(commands["child"])
                pid = int(contender.ask("pid")[0])
            self.rss[name] = rss_mb(pid)
            contender.stop()

    # ---- a loop

    def loop_of_peer(self, name):
        """Seconds until it answers for the host that the script loops for, or None."""
        script = write(self.bed.path("loop.pac"), LOOP_FOR_ALL)
        start = time.monotonic()
        contender = self.peer(name, script, "")
        try:
            contender.process.wait(PATIENCE)
            return time.monotonic() - start
        except subprocess.TimeoutExpired:
            return None
        finally:
            contender.stop()

    def loop(self):
        sink = Sink(self.programs.sink)
        script = write(self.bed.path("gate.pac"), LOOP.replace("PORT", str(sink.port)))
        gate = Gate(self.bed, self.programs.ccgate, {"pac": script, "via_corp_proxy": "true"})
        gate.start()
        try:
            return self.loop_at(gate)
        finally:
            gate.process.stop()
            sink.stop()

    def loop_at(self, gate):
        own = []

        def ask():
            start = time.monotonic()
            with socket.create_connection(gate.address.split(":"), 60) as link:
                link.sendall(b"CONNECT loop.test:443 HTTP/1.1\r\nHost: loop.test:443\r\n\r\n")
                own.append((link.recv(4096)[:12], time.monotonic() - start))

        asking = threading.Thread(target=ask)
        count = failed = 0
        seconds = 0.0
        asking.start()
        while asking.is_alive():
            done = subprocess.run(
                [self.programs.load, "tunnels", "--proxy", gate.address, "--concurrency",
                 "32", "--count", "2000"], capture_output=True, text=True, check=False)
            result = json.loads(done.stdout)
            if "error" in result:
                raise BenchError(result["error"])
            count += result["count"]
            failed += result.get("failed", 0)
            seconds += result["count"] / result["tunnels_per_s"]
        asking.join()
        return {"own": own[0][1], "status": own[0][0].decode(), "others": count,
                "failed": failed, "per_s": count / seconds}


# The clock keeps the answer out of the cache: each of the others is put to a child.
LOOP = """function FindProxyForURL(url, host) {
  while (host == "loop.test");
  return new Date().getTime() ? "PROXY 127.0.0.1:PORT" : "DIRECT";
}
"""
LOOP_FOR_ALL = "function FindProxyForURL(url, host) { while (true); }\n"


def package(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name],
                          capture_output=True, text=True, check=False)
    return f"{name} {done.stdout or 'of unknown version'}"


def measure(programs, rounds):
    """programs: ccgate, pac, pac_peer, load, sink."""
    busy = os.getloadavg()[0]
    site = Site(programs, rounds)
    try:
        site.decisions()
        loop = site.loop()
        peers = {name: site.loop_of_peer(name) for name in ("pacparser", "libproxy")
                 if name not in site.failures}
    finally:
        site.bed.close()
        site.bed.remove()
    versions = [first_line([programs.ccgate, "--version"]), package("libpacparser1"),
                package("libproxy1v5"), package("libproxy1-plugin-webkit")]
    return {"samples": site.samples, "failures": site.failures, "rss": site.rss,
            "loop": loop, "peers": peers, "busy": busy, "rounds": rounds,
            "versions": versions}


# ---- the report

HEADING = "## PAC decisions"

METHOD = """\
A script of 200 rules (`pac/samples/rules-200.pac`), none of which the host meets, for a host
never seen before, but for the cache. Measured by `make bench-pac` (a part of `make bench`, which
runs `tests/bench/bench_pac.py`) in {rounds} rounds of {each} decisions of each row ({lost} with a
killed child), the order of the rows rotating from round to round; *ratio* is over ccgate through
its child. All programs share one processor, ccgate's part and its child as well. The load average
before was {busy:.1f}. Programs: {programs}.

- *ccgate*: all that a request passes in the daemon (`tests/bench/pac.c` around `src/route/pac.c`):
  the URL is made for the script, the cache is asked, and the answer comes by the event loop, from
  the sandboxed process where it is no cached one. *When the child was just killed* has the loss
  noticed, a process started, sandboxed and loaded with the script, and the answer.
- *pacparser*, *libproxy*: in the process of the caller (`tests/bench/pac_peer.c`), where a script
  that does not end, or ends the process, takes the caller along; libproxy has the script by
  `http_proxy=pac+http://…` and fetched it before.
- *Resident*: of ccgate-pac after these decisions, and of the whole process of the others.
- *A loop for one host*: a script that loops for one host and otherwise looks at the clock, so that
  nothing is cached and each of the other tunnels, 32 at a time, is put to a child while the first
  one loops; its request is to end with an error within `timeout.pac` ({limit:.0f} s). The others
  were given {patience:.0f} s.
"""


def microseconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def ratio(value):
    if value != value:  # there is nothing to compare with
        return "-"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def decision_rows(result):
    """The rows, and the names of those that missed their target."""
    rows, missed = [], []
    base = statistics.median(result["samples"]["child"] or [float("nan")])
    for name, key, most in ROWS:
        samples = sorted(result["samples"][key])
        if key in result["failures"] or not samples:
            rows.append([name, "failed: " + result["failures"].get(key, "no samples")[:90],
                         "-", "-", "-", "-"])
            missed += [name] if most else []
            continue
        median = statistics.median(samples)
        row = [name, microseconds(median), microseconds(samples[int(len(samples) * 0.99)]),
               ratio(median / base), "-", "-"]
        if most:
            met = median <= most
            row[4:] = [f"≤ {most}", "met" if met else "**missed**"]
            missed += [] if met else [name]
        rows.append(row)
    return rows, missed


def ended(seconds):
    return f"no end in {PATIENCE:.0f} s" if seconds is None else f"{seconds:.1f} s"


def limit_rows(result):
    """What is compared with a number, each with whether it was met."""
    loop, rss = result["loop"], result["rss"]
    rows = [
        ("resident", f"{rss['ccgate']:.1f} MB", "< 4 MB", 0 < rss["ccgate"] < 4),
        ("a loop for one host: its request ends after", f"{loop['own']:.2f} s",
         f"≤ {LIMIT:.0f} s", loop["own"] < LIMIT + 0.05 and loop["status"].endswith("502")),
        (f"meanwhile, {loop['others']} other tunnels, failed", str(loop["failed"]), "0",
         loop["failed"] == 0),
        ("meanwhile, tunnels/s", f"{loop['per_s']:.0f}", "-", True),
    ]
    others = {"resident": lambda name: f"{rss[name]:.1f} MB",
              rows[1][0]: lambda name: ended(result["peers"][name])}
    lines, missed = [], []
    for name, value, limit, met in rows:
        line = [name, value]
        for peer in ("pacparser", "libproxy"):
            known = peer in result["peers"] and name in others
            line.append(others[name](peer) if known else "-")
        line += [limit, "-" if limit == "-" else "met" if met else "**missed**"]
        lines.append(line)
        missed += [] if met else [name]
    return lines, missed


def report(result, table):
    """The lines of the section, and the names of what missed its target."""
    rows, missed = decision_rows(result)
    limits, more = limit_rows(result)
    lines = [HEADING, ""]
    lines += table(["", "median, µs", "p99, µs", "ratio", "target", ""], rows)
    lines += table(["", "ccgate", "pacparser", "libproxy", "target", ""], limits)
    text = METHOD.format(rounds=result["rounds"], each=EACH, lost=LOST, busy=result["busy"],
                         limit=LIMIT, patience=PATIENCE,
                         programs=", ".join(result["versions"]))
    return lines + text.splitlines() + [""], missed + more
