#!/usr/bin/env python3
"""bench: compares ccgate with its peers on this machine's loopback.

Every peer stands between tests/bench/load.c and tests/bench/sink.c. The order of the peers
rotates from round to round. docs/BENCHMARKS.md explains the figures.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

import bench_login  # noqa: E402
import bench_pac  # noqa: E402
import bench_peers as peers  # noqa: E402
import bench_report  # noqa: E402
from bench_peers import BenchError  # noqa: E402

FULL = {"rounds": 9, "tunnels": 10000, "serial": 2000, "echo": 10000,
        "bulk": 1000000000, "hold": 60, "idle": 10000, "starts": 9, "logins": 60,
        "pac": 30}
QUICK = {"rounds": 3, "tunnels": 2000, "serial": 500, "echo": 2000,
         "bulk": 250000000, "hold": 3, "idle": 1000, "starts": 3, "logins": 9,
         "pac": 5}
CONCURRENCY = 32

# name, arguments of load, and whether everything shares one processor
MEASURES = (
    ("tunnels", ["tunnels", "--concurrency", str(CONCURRENCY)], False),
    ("serial", ["serial"], True),
    ("echo", ["echo", "--size", "200"], True),
    ("up", ["bulk", "--direction", "up"], False),
    ("down", ["bulk", "--direction", "down"], False),
    ("both", ["bulk", "--direction", "both"], False),
)


def say(text):
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, args, folder):
        self.ccgate = args.ccgate
        self.load = args.load
        self.link = args.link
        self.sizes = dict(QUICK if args.quick else FULL)
        if args.rounds:
            self.sizes["rounds"] = args.rounds
        self.folder = folder
        self.cpus = os.sched_getaffinity(0)
        cpus = sorted(self.cpus)
        # The peer has one processor to itself; load, sink and this driver share another.
        self.peer_cpu, self.load_cpu = cpus[0], cpus[-1]
        os.sched_setaffinity(0, {self.load_cpu})
        self.sink = peers.Sink(args.sink)
        self.sink_port = self.sink.port
        self.peers = []
        self.samples = {}   # (peer, measure) -> list of results
        self.failures = {}  # (peer, measure or None) -> reason
        self.versions = {}
        self.idle = {}
        self.start = {}
        self.login = None
        self.pac = None
        self.busy = os.getloadavg()[0]
        if self.busy > 0.5:
            say(f"the load average is {self.busy:.1f}: other work will blur the figures")

    # ---- processes

    def make_peers(self, only):
        kinds = [("none", peers.Nothing), ("haproxy-a", peers.HAProxy),
                 ("haproxy-b", peers.HAProxy), ("tinyproxy", peers.Tinyproxy),
                 ("cntlm", peers.Cntlm)]
        if self.ccgate:
            kinds.append(("ccgate", peers.Ccgate))
        for name, kind in kinds:
            if only and name not in only:
                continue
            peer = kind(name, self)
            try:
                self.versions[name] = peer.version()
                peer.start()
            except (BenchError, OSError) as error:
                self.fail(name, None, error)
                peer.stop()
                continue
            self.peers.append(peer)

    def peer(self, name):
        return next((peer for peer in self.peers if peer.name == name), None)

    def stop(self):
        for peer in self.peers:
            peer.stop()
        self.sink.stop()

    def fail(self, peer, measure, error):
        self.failures[peer, measure] = str(error)
        say(f"FAILED {peer} {measure or 'start'}: {error}")

    # ---- one run of the load generator

    def load_command(self, peer, arguments):
        command = [self.load, arguments[0], "--proxy", f"127.0.0.1:{peer.port}"]
        if peer.exact_head:
            command.append("--exact-head")
        return command + arguments[1:]

    def run_load(self, peer, arguments):
        done = subprocess.run(self.load_command(peer, arguments), capture_output=True,
                              text=True, check=False)
        return self.result(done.stdout, done.stderr)

    @staticmethod
    def result(out, err):
        try:
            result = json.loads(out)
        except ValueError as error:
            raise BenchError(f"load said: {out!r} {err!r}") from error
        if "error" in result:
            raise BenchError(result["error"])
        if result.get("failed"):
            raise BenchError(f"{result['failed']} tunnels failed, the first: "
                             f"{result['first_error']}")
        return result

    def measure(self, peer, name, arguments, shared):
        if name in ("up", "down", "both"):
            arguments = arguments + ["--bytes", str(self.sizes["bulk"])]
        else:
            count = self.sizes[name] // (peer.slowness if name == "tunnels" else 1)
            arguments = arguments + ["--count", str(count)]
        peer.pin(self.load_cpu if shared else self.peer_cpu)
        before = peer.cpu_seconds()
        result = self.run_load(peer, arguments)
        result["cpu_s"] = peer.cpu_seconds() - before
        if "bytes" in result:
            result["cpu_s_per_gb"] = result["cpu_s"] / (result["bytes"] / 1e9)
        else:
            result["cpu_us_per_item"] = result["cpu_s"] * 1e6 / result["count"]
        return result

    # ---- the rounds

    def round(self, number):
        turn = number % len(self.peers)
        order = self.peers[turn:] + self.peers[:turn]
        for name, arguments, shared in MEASURES:
            for peer in order:
                if (peer.name, name) in self.failures:
                    continue
                try:
                    result = self.measure(peer, name, arguments, shared)
                except (BenchError, OSError) as error:
                    self.fail(peer.name, name, error)
                    continue
                self.samples.setdefault((peer.name, name), []).append(result)

    # ---- idle tunnels

    def idle_count(self, limit_of_peer):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return min(self.sizes["idle"], (limit - 200) // 2, limit_of_peer)

    def measure_idle(self, peer, count):
        """Restarts the peer, so that the growth is counted from a process never used."""
        peer.stop()
        peer.start()
        peer.pin(self.peer_cpu)
        pid = peer.process.pid
        before = {field: peers.memory_kib(pid, field) for field in ("RssAnon", "RssFile")}
        load = subprocess.Popen(
            self.load_command(peer, ["idle", "--count", str(count), "--concurrency", "64",
                                     "--hold", str(self.sizes["hold"]), "--timeout",
                                     str(self.sizes["hold"] + 60)]),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cpu = []
        growth = 0
        for line in load.stderr:
            # "holding N" when all are open, "held N" when the time is over
            growth = max(growth, peers.memory_kib(pid, "RssAnon") - before["RssAnon"])
            cpu.append(peer.cpu_seconds())
            say(f"idle, {peer.name}: {line.strip()}, RssAnon +{growth} KiB")
        result = self.result(load.communicate()[0], "")
        result.update(before=before, growth_kib=growth, kib_each=growth / count,
                      hold_cpu_s=cpu[-1] - cpu[0], hold=self.sizes["hold"])
        if result["echoed"] != count:
            raise BenchError(f"only {result['echoed']} of {count} were alive at the end")
        return result

    def run_idle(self):
        for name, most in (("haproxy-a", 5000), ("ccgate", 10000)):
            peer = self.peer(name)
            if peer is None:
                continue
            try:
                self.idle[name] = self.measure_idle(peer, self.idle_count(most))
            except (BenchError, OSError) as error:
                self.fail(name, "idle", error)

    # ---- start

    def run_starts(self):
        for name in ("haproxy-a", "ccgate"):
            peer = self.peer(name)
            if peer is None:
                continue
            peer.stop()
            try:
                self.start[name] = [self.measure_start(peer)
                                    for _ in range(self.sizes["starts"])]
            except (BenchError, OSError) as error:
                self.fail(name, "start", error)

    def measure_start(self, peer):
        command = self.load_command(
            peer, ["start", "--child-cpu", str(self.peer_cpu), "--timeout", "20", "--"])
        with open(peer.log_path(), "ab") as log:
            done = subprocess.run(command + peer.command(), stdout=subprocess.PIPE,
                                  stderr=log, text=True, check=False, cwd=peer.folder,
                                  env=peers.clean_environment(peer.folder))
        return self.result(done.stdout.splitlines()[-1], "")


    # ---- logins

    def run_logins(self):
        """After all else has ended, on all processors."""
        os.sched_setaffinity(0, self.cpus)
        try:
            self.login = bench_login.measure(self.link, self.ccgate, self.sizes["logins"])
        except (BenchError, OSError, ValueError) as error:
            self.fail("ccgate", "login", error)

    def run_pac(self, programs):
        try:
            self.pac = bench_pac.measure(programs, self.sizes["pac"])
        except (BenchError, OSError, ValueError) as error:
            self.fail("ccgate", "pac", error)


def watch_clock(bench):
    """Ends a run that hangs; ten times what the whole should take."""
    timer = threading.Timer(3600, bench.stop)
    timer.daemon = True
    timer.start()
    return timer


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ccgate", help="the program to compare; without it only the peers")
    parser.add_argument("--load", required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--link", required=True)
    parser.add_argument("--pac", required=True)
    parser.add_argument("--pac-peer", required=True)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--out", help="the Markdown file to write")
    parser.add_argument("--quick", action="store_true",
                        help="a short run that writes no file")
    parser.add_argument("--only", help="names of peers, with commas; \"login\" for the "
                        "logins or \"pac\" for PAC scripts, the only part then that --out "
                        "changes")
    args = parser.parse_args(argv)
    for name in ("ccgate", "load", "sink", "link", "pac", "pac_peer"):
        if getattr(args, name):
            setattr(args, name, os.path.abspath(getattr(args, name)))
    return args


def run(args, folder):
    bench = Bench(args, folder)
    timer = watch_clock(bench)
    try:
        only = args.only.split(",") if args.only else None
        bench.make_peers(only)
        for number in range(bench.sizes["rounds"]):
            say(f"round {number + 1} of {bench.sizes['rounds']}")
            bench.round(number)
        bench.run_idle()
        bench.run_starts()
    finally:
        timer.cancel()
        bench.stop()
    if bench.ccgate and (only is None or "login" in only):
        bench.run_logins()
    if bench.ccgate and (only is None or "pac" in only):
        bench.run_pac(args)
    return bench


def only_section(args):
    """Measures the logins or PAC scripts; with --out, puts them into a report that is
    there."""
    count = (QUICK if args.quick else FULL)[{"login": "logins"}.get(args.only, args.only)]
    if args.only == "login":
        result = bench_login.measure(args.link, args.ccgate, count)
        lines, missed = bench_report.logins(result)
    else:
        result = bench_pac.measure(args, count)
        lines, missed = bench_pac.report(result, bench_report.table)
    if args.out and not args.quick:
        with open(args.out, encoding="utf-8") as file:
            text = bench_report.with_section(file.read(), lines)
        with open(args.out, "w", encoding="utf-8") as file:
            file.write(text)
        say(f"wrote {args.out}")
    print("\n".join(lines))
    for name in missed:
        say(f"missed: {name}")
    return 1 if missed and not args.quick else 0


def main(argv):
    args = parse(argv)
    if args.only in ("login", "pac"):
        return only_section(args)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ccgate-bench-") as folder:
        bench = run(args, folder)
    text, missed = bench_report.report(bench, time.monotonic() - began)
    if args.out and not args.quick:
        with open(args.out, "w", encoding="utf-8") as out:
            out.write(text)
        say(f"wrote {args.out}")
    else:
        print(text)
    for (peer, measure), reason in bench.failures.items():
        say(f"FAILED {peer} {measure or 'start'}: {reason}")
    for name in missed:
        say(f"missed: {name}")
    if bench.failures or (missed and not args.quick):
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as failure:
        sys.exit(f"bench: {failure}")
