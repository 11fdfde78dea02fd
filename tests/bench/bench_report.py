"""bench_report: from the samples of the bench to docs/BENCHMARKS.md."""

import os
import platform
import statistics

import bench_pac

# heading, measure, field, digits
COLUMNS = (
    ("tunnels/s", "tunnels", "tunnels_per_s", 0),
    ("CPU µs per tunnel", "tunnels", "cpu_us_per_item", 1),
    ("set-up p50 µs, 32 at a time", "tunnels", "setup_p50_us", 0),
    ("set-up p99 µs, 32 at a time", "tunnels", "setup_p99_us", 0),
    ("set-up p50 µs, serial", "serial", "setup_p50_us", 1),
    ("echo p50 µs", "echo", "p50_us", 1),
    ("echo p99 µs", "echo", "p99_us", 1),
    ("bulk up, CPU s per GB", "up", "cpu_s_per_gb", 3),
    ("bulk down, CPU s per GB", "down", "cpu_s_per_gb", 3),
    ("bulk both ways, CPU s per GB", "both", "cpu_s_per_gb", 3),
    ("bulk up, Gbit/s", "up", "gbit_per_s", 1),
    ("bulk down, Gbit/s", "down", "gbit_per_s", 1),
    ("bulk both ways, Gbit/s", "both", "gbit_per_s", 1),
)

# name, measure, field, over direct, target, whether more is better, digits
TARGETS = (
    ("tunnels/s", "tunnels", "tunnels_per_s", False, 0.9, True, 0),
    ("CPU µs per tunnel", "tunnels", "cpu_us_per_item", False, None, False, 1),
    ("serial CONNECT, added µs", "serial", "setup_p50_us", True, 1.2, False, 1),
    ("200-byte echo, p50 µs", "echo", "p50_us", False, 1.0, False, 1),
    ("bulk up, CPU s per GB", "up", "cpu_s_per_gb", False, 1.0, False, 3),
    ("bulk down, CPU s per GB", "down", "cpu_s_per_gb", False, 1.0, False, 3),
    ("bulk both ways, CPU s per GB", "both", "cpu_s_per_gb", False, 1.0, False, 3),
)


def values(bench, peer, measure, field, over_direct=False):
    samples = [sample[field] for sample in bench.samples.get((peer, measure), [])]
    if over_direct:
        direct = values(bench, "none", measure, field)
        samples = [sample - base for sample, base in zip(samples, direct)]
    return samples


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def compare(bench, target):
    """One row of the first table, and whether the target was met."""
    name, measure, field, over_direct, goal, more, digits = target
    ours, a, b = (values(bench, peer, measure, field, over_direct)
                  for peer in ("ccgate", "haproxy-a", "haproxy-b"))
    if not (ours and a and b):
        return [name, "-", "-", "-", "-", "-", "not measured"], False
    pooled = statistics.median(a + b)
    spread = abs(statistics.median(a) - statistics.median(b)) / pooled
    ratio = statistics.median(ours) / pooled
    row = [name, f"{statistics.median(ours):.{digits}f}", f"{pooled:.{digits}f}",
           f"{ratio:.2f}", f"{spread:.2f}"]
    if goal is None:
        return row + ["-", "-"], True
    less = ratio - spread
    met = less >= goal if more else less <= goal
    verdict = "met" if met else "**missed**"
    if met and not more and ratio > goal:
        verdict = "met, within the band"
    return row + [f"{'≥' if more else '≤'} {goal:.1f}", verdict], met


def limit_row(name, value, text, limit, limit_text):
    met = value <= limit
    return [name, text, limit_text, "met" if met else "**missed**"], met


def limits(bench):
    """The rows that are compared with a number and not with HAProxy."""
    rows = []
    idle = bench.idle.get("ccgate")
    if idle:
        rss = (idle["before"]["RssAnon"] + idle["before"]["RssFile"]) / 1000 * 1.024
        rows.append(limit_row(
            f"RssAnon growth, {idle['held']} idle tunnels held for {idle['hold']} s",
            idle["kib_each"], f"{idle['kib_each']:.2f} KiB each", 1.0, "≤ 1 KiB each"))
        rows.append(limit_row("RssAnon + RssFile before the first tunnel", rss,
                              f"{rss:.1f} MB", 8.0, "< 8 MB"))
    else:
        rows.append((["idle tunnels and memory", "-", "-", "not measured"], False))
    start = bench.start.get("ccgate")
    if start:
        ms = statistics.median(run["answered_ms"] for run in start)
        rows.append(limit_row("exec to the first tunnel's 200 (median)", ms,
                              f"{ms:.1f} ms", 20.0, "< 20 ms"))
    else:
        rows.append((["exec to the first tunnel", "-", "-", "not measured"], False))
    return rows


def peer_rows(bench):
    names = ["none", "haproxy-a", "haproxy-b", "tinyproxy", "cntlm", "ccgate"]
    rows = []
    for title, measure, field, digits in COLUMNS:
        row = [title]
        for name in names:
            samples = values(bench, name, measure, field)
            if name == "none" and field.startswith("cpu"):
                row.append("-")
            elif (name, measure) in bench.failures or (name, None) in bench.failures:
                row.append("failed")
            elif not samples:
                row.append("not run")
            else:
                row.append(f"{statistics.median(samples):.{digits}f}")
        rows.append(row)
    return table(["median"] + names, rows)


def other_rows(bench):
    lines = []
    idle = bench.idle.get("haproxy-a")
    if idle:
        lines.append(f"- HAProxy with {idle['held']} idle tunnels: RssAnon grows by "
                     f"{idle['kib_each']:.2f} KiB each.")
    idle = bench.idle.get("ccgate")
    if idle:
        lines.append(f"- ccgate used {idle['hold_cpu_s'] * 1000:.0f} ms of CPU time in the "
                     f"{idle['hold']} s in which it held {idle['held']} idle tunnels.")
    start = bench.start.get("haproxy-a")
    if start:
        ms = statistics.median(run["answered_ms"] for run in start)
        lines.append(f"- HAProxy, exec to the first tunnel's 200: {ms:.1f} ms.")
    for (peer, measure), reason in bench.failures.items():
        lines.append(f"- **Failed:** {peer}, {measure or 'start'}: {reason}.")
    return lines + [""] if lines else lines


def machine(bench):
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    system = "Linux"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as release:
            facts = dict(line.rstrip().split("=", 1) for line in release if "=" in line)
        system = facts.get("PRETTY_NAME", system).strip('"')
    rows = [["processor", f"{model}, {os.cpu_count()} cores"],
            ["kernel", platform.release().split("-")[0]], ["system", system],
            ["load average before the run", f"{bench.busy:.1f}"]]
    rows += [[name, version] for name, version in bench.versions.items() if version != "-"]
    return table(["machine", ""], rows)


LOGINS = "## NTLM CONNECT through a link of {delay:.0f} ms one way"

LOGINS_METHOD = """\
In round trips of that link: the time from the client's CONNECT to the whole 200, over the
round trip. Measured by `make bench-login` (a part of `make bench`, which runs
`tests/bench/bench_login.py` inside `tests/bench/link`) in {rounds} rounds. A round trip of the
link is {trip:.2f} ms, the median of one before each CONNECT ({trip_low:.2f} to {trip_high:.2f} ms
from the 5th to the 95th percentile); its packets were late by {late_p50:.0f} µs (p50) and
{late_p99:.0f} µs (p99), {dropped} were lost; the load average before was {busy:.1f}.
Programs: {programs}.

`link` makes a network namespace with a TUN device that returns each packet after the delay with
source and destination swapped, so that TCP handshakes take their round trip, too. At its far
end is squid with NTLMv2, verified by Samba's `ntlm_auth`; squid reaches the origin without
delay. The client reaches ccgate and cntlm on loopback and has connected before the clock
starts; behind the clock, the origin answers through the tunnel. Each row has a ccgate or cntlm
of its own. The order of the rows rotates from round to round, and rounds are {pace:.1f} s apart.
*Requests* is the number of CONNECTs in squid's log over that of tunnels that were asked for;
ready tunnels that nobody takes are closed after a while and opened anew.

{rows}
"""

METHOD = """\
Every peer stands between the load generator (`tests/bench/load.c`) and one mock proxy without
a login that has the origin built in (`tests/bench/sink.c`): nothing at all, two HAProxy
instances (TCP mode, one thread, `splice-request` and `splice-response`; HAProxy parses no
HTTP and connects before the client speaks), tinyproxy and cntlm with the mock proxy as
parent, and ccgate with its defaults (uid check on, a line per tunnel in an access log file).

- {rounds} rounds; in each, every measure runs over all peers before the next measure, and the
  order of the peers rotates from round to round.
- `tunnels`: {tunnels} tunnels, 32 at a time (a tenth of that through tinyproxy and cntlm,
  which lose connections when their short listen queues are full; each such client waits a
  second for TCP to try again, which is their p99); each is a connect, CONNECT, the whole 200, one
  200-byte echo and a close. `serial`: {serial} of them one after the other; *added* is the p50
  less that of the same round with nothing in between. `echo`: {echo} times 200 bytes there and
  back on one tunnel. `bulk`: {bulk} bytes each way on one tunnel in 64 KiB writes.
- The peer has one processor to itself and load generator and mock proxy share another. For
  `serial` and `echo` all three share one, so that no sleeping processor has to be woken in
  between, which on a virtual machine costs more than the work and varies with the host.
- CPU time is that of the peer's process as the kernel counts it, in user and kernel mode.
- *HAProxy* is the median of all rounds of both instances; *ratio* is ccgate's median over it;
  *band* is the distance between the medians of the two HAProxy instances over the same value.
  A target is met when the ratio less the band reaches it; "within the band" says that the
  ratio alone would not have.
- Idle tunnels: min(10000, (descriptor limit - 200) / 2), client, ccgate and mock proxy as
  separate processes, counted from a process that has carried nothing, so that with few
  tunnels (`--quick`) its buffers for set-ups weigh heavily; each tunnel must carry an echo at
  the end.
"""


def percentile(samples, percent):
    return sorted(samples)[round((len(samples) - 1) * percent / 100)]


def logins_method(result):
    ms = [1000 * trip for trip in result["round_trips"]]
    link = result["link"]
    return LOGINS_METHOD.format(
        rounds=len(result["rows"][0]["seconds"]), trip=statistics.median(ms),
        trip_low=percentile(ms, 5), trip_high=percentile(ms, 95),
        late_p50=link["late_p50_us"], late_p99=link["late_p99_us"],
        dropped=link["dropped"], pace=result["pace"], busy=result["busy"],
        programs=", ".join(result["versions"]),
        rows="\n".join(f"- *{row['name']}*: {row['how']}" for row in result["rows"]))


def trips(value):
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def logins(result):
    """The lines of the section, and the names of the rows that missed their target."""
    trip = statistics.median(result["round_trips"])
    rows = []
    missed = []
    for row in result["rows"]:
        median = statistics.median(row["seconds"])
        line = [row["name"], trips(median / trip),
                trips(percentile(row["seconds"], 95) / trip), f"{1000 * median:.1f}",
                f"{row['requests']:.1f}", "-", "-"]
        if row["goal"] is not None:
            met = median / trip <= row["goal"]
            line[5:] = [f"≤ {row['goal']}", "met" if met else "**missed**"]
            if not met:
                missed.append(row["name"])
        rows.append(line)
    head = ["", "median", "p95", "median, ms", "requests", "target", ""]
    lines = [LOGINS.format(delay=result["link"]["delay_us"] / 1000), ""]
    return lines + table(head, rows) + logins_method(result).splitlines() + [""], missed


def with_section(text, lines):
    """The report with another section of that heading, which stands before the method."""
    kept = []
    skip = False
    heading = " ".join(lines[0].split()[:2])
    for line in text.splitlines():
        if line.startswith("## "):
            skip = line.startswith(heading)
        if line == "## How it is measured":
            kept += lines
        if not skip:
            kept.append(line)
    return "\n".join(kept) + "\n"


def report(bench, seconds):
    """The Markdown text, and the names of the targets that were missed."""
    missed = []
    rows = []
    for target in TARGETS:
        row, met = compare(bench, target)
        rows.append(row)
        if not met:
            missed.append(target[0])
    limit_rows = []
    for row, met in limits(bench):
        limit_rows.append(row)
        if not met:
            missed.append(row[0])
    lines = ["# Benchmarks", "",
             "Made by `make bench`, which runs `tests/bench/bench.py` and writes this file. "
             f"This run took {seconds / 60:.0f} minutes.", ""]
    lines += machine(bench)
    lines += ["## Against HAProxy", ""]
    lines += table(["", "ccgate", "HAProxy", "ratio", "band", "target", ""], rows)
    lines += ["## Limits", ""]
    lines += table(["", "ccgate", "limit", ""], limit_rows)
    lines += ["## All peers", ""] + peer_rows(bench) + other_rows(bench)
    if bench.login:
        login_lines, login_missed = logins(bench.login)
        lines += login_lines
        missed += login_missed
    if bench.pac:
        pac_lines, pac_missed = bench_pac.report(bench.pac, table)
        lines += pac_lines
        missed += pac_missed
    lines += ["## How it is measured", "", METHOD.format(**bench.sizes)]
    return "\n".join(lines), missed
