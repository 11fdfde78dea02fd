"""tests/bench/link, the line with a delay on which the bench measures logins.

It takes root or user namespaces, and /dev/net/tun; where these are missing, this fails.
"""

import json
import os
import signal
import statistics
import sys

from bed import Failure, expect, expect_in, read, write

HERE = os.path.dirname(os.path.abspath(__file__))
PROBE = [sys.executable, os.path.join(HERE, "client_link.py")]
# In a file system namespace of its own, with a /dev/net that one can change.
OWN_DEVICES = ["unshare", "-m", "sh", "-c"]
AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"


def run_link(world, *arguments, **more):
    return world.bed.run(world.link, *arguments, **more)


def probe(world, options, *what):
    """What the probe saw, and the report."""
    report = world.bed.path("link.json")
    done = run_link(world, *options, "--report", report, "--", *PROBE, *what)
    return json.loads(done.stdout), json.loads(read(report))


def expect_near(times, least, what):
    """None is too short; the middle one is not much longer, whatever else runs here."""
    if min(times) < least or statistics.median(times) > 1.25 * least:
        raise Failure(f"{what}: {[round(each, 2) for each in times]} ms, not {least} ms")


def one_round_trip_each(world):
    for delay in (30, 5):
        seen, report = probe(world, ["--delay", f"{delay}ms"], "tcp")
        expect_near(seen["connects"], 2 * delay, "a connect")
        expect_near(seen["answers"], 2 * delay, "an answer")
        expect(seen["whole"], True, "all bytes came back")
        expect(report["dropped"], 0, "dropped packets")
        if report["passed"] < 400 or report["late_p50_us"] > 1000:
            raise Failure(f"the report: {report}")


def order_is_kept(world):
    seen, report = probe(world, ["--delay", "30ms"], "udp", "150")
    expect(seen, list(range(150)), "the datagrams")
    expect((report["passed"], report["dropped"]), (150, 0), "packets passed, dropped")


def queue_is_bounded(world):
    seen, report = probe(world, ["--delay", "300ms", "--queue", "20"], "udp", "50")
    expect(seen, list(range(20)), "the datagrams")
    found = [report[key] for key in ("most_queued", "passed", "dropped")]
    expect(found, [20, 20, 30], "packets under way, passed, dropped")


def status_of_the_command(world):
    for script, status in (
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -KILL $$", 128 + signal.SIGKILL),
        ("kill -TERM $PPID; exec tail -f /dev/null", 128 + signal.SIGTERM),
    ):
        done = run_link(world, "--delay", "1ms", "--", "sh", "-c", script, check=False)
        expect(done.returncode, status, script)
    done = run_link(world, "--delay", "1ms", "--", world.bed.path("missing"), check=False)
    expect(done.returncode, 127, "a missing command")
    done = run_link(world, "--delay", "1ms", "--", "/", check=False)
    expect(done.returncode, 126, "a directory")


def expect_refusal(done, part):
    expect(done.returncode, 125, "the status")
    expect_in(part, done.stderr.decode(), "what link says")


def wrong_usage(world):
    for arguments, part in (
        (("--", "true"), "--delay is missing"),
        (("--delay", "30", "--", "true"), '"30" is not a time like 30ms'),
        (("--delay", "11s", "--", "true"), "at most 10s"),
        (("--delay", "-1ms", "--", "true"), "is not a time"),
        (("--delay", "1ms", "--queue", "0", "--", "true"), "from 1 to 100000"),
        (("--delay", "1ms"), "no command"),
        (("--nonsense",), "usage: link"),
    ):
        expect_refusal(run_link(world, *arguments, check=False), part)
    expect_in("usage: link", run_link(world, "--help").stdout.decode(), "--help")


def link_in(world, devices, prefix=""):
    """With the devices that a script leaves in /dev/net; root only."""
    if not world.bed.is_root:
        raise Failure("changing /dev/net takes root")
    link = world.bed.path("link")
    with open(world.link, "rb") as file:
        write(link, file.read(), 0o755)
    ports = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    command = f"{link} --delay 1ms -- sh -c 'id -u; cat {ports}'"
    script = f"mount -t tmpfs none /dev/net && {devices} && {prefix} {command}"
    return world.bed.run(*OWN_DEVICES, script, check=False)


def errors_name_the_fix(world):
    expect_refusal(link_in(world, ":"), "modprobe tun")
    closed = "mknod -m 0600 /dev/net/tun c 10 200"
    expect_refusal(link_in(world, closed, AS_NOBODY), "chmod 0666 /dev/net/tun")
    no_more = "echo 0 >/proc/sys/user/max_user_namespaces; exec"
    done = world.bed.run(
        "unshare", "-U", "-r", "sh", "-c",
        f"{no_more} setpriv --bounding-set=-all {world.link} --delay 1ms true",
        check=False,
    )  # fmt: skip
    expect_refusal(done, "run it as root")


def without_root(world):
    done = link_in(world, "mknod -m 0666 /dev/net/tun c 10 200", AS_NOBODY)
    expect((done.returncode, done.stderr), (0, b""), "status and errors")
    expect(done.stdout, b"65534\n0\n", "the user and the lowest port inside")


ALL = (
    one_round_trip_each, order_is_kept, queue_is_bounded, status_of_the_command,
    wrong_usage, errors_name_the_fix, without_root,
)  # fmt: skip
