"""`ccgate run -- COMMAND`: whose ccgate it uses, and that its own one ends."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys

from bed import Failure, expect, expect_in, read, wait_until
from cases_env import SMALL, Squatter, env_command, trusting
from cases_gate import expect_refused, need_root
from servers import setpriv


def run_command(gate, *command, options=()):
    return [gate.binary, "run", "--config", gate.config, *options, "--", *command]


def fetch(world):
    return ("curl", "-q", "-sS", "-f", world.origin.tls_url + "/small.txt")


def admin_sockets(gate):
    return sorted(os.listdir(os.path.join(gate.home, "run")))


def expect_gone(gate):
    """The command's own ccgate has ended, and left nothing behind."""
    wait_until(lambda: not admin_sockets(gate), 5, "the end of the command's ccgate")


def own_of(gate):
    """The process of the command's ccgate, by its status."""
    done = subprocess.run(
        [gate.binary, "status", "--json", "--config", gate.config],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def uses_the_one_that_runs(world):
    gate = trusting(world).start()
    done = world.bed.run(*run_command(gate, *fetch(world)))
    expect(done.stdout, SMALL, "curl")
    done = world.bed.run(*run_command(gate, "printenv", "https_proxy"))
    expect(done.stdout.decode(), gate.url + "\n", "the proxy")
    expect(len(admin_sockets(gate)), 1, "admin sockets")
    gate.stop()


def starts_its_own(world):
    gate = trusting(world)
    done = world.bed.run(*run_command(gate, *fetch(world)))
    expect(done.stdout, SMALL, "curl")
    expect(done.stderr, b"", "what is said")
    expect_gone(gate)


def another_users_listener(world):
    """It holds the usual port; nothing is ever sent there."""
    need_root(world)
    squatter = Squatter(world, "daemon")
    gate = trusting(world, {"listen": f"127.0.0.1:{squatter.port}"})
    done = world.bed.run(*run_command(gate, *fetch(world)))
    expect(done.stdout, SMALL, "curl")
    expect_in(f"127.0.0.1:{squatter.port} belongs to daemon", done.stderr.decode(), "why")
    done = world.bed.run(*run_command(gate, "printenv", "https_proxy"))
    expect(str(squatter.port) in done.stdout.decode(), False, "the proxy is the other's")
    expect_gone(gate)
    squatter.process.stop()


def another_program(world):
    """At the usual port of this user, which is squid's, too."""
    gate = trusting(world, {"listen": f"127.0.0.1:{world.squid.port}"})
    done = world.bed.run(*env_command(gate), check=False)
    expect(done.returncode, 1, "the exit status of env")
    expect(b"proxy" in done.stdout.lower(), False, "env prints a proxy")
    done = world.bed.run(*run_command(gate, *fetch(world)))
    expect(done.stdout, SMALL, "curl")
    expect_in(f":{world.squid.port} is not ccgate".encode(), done.stderr, "why")
    expect_gone(gate)


def another_folder(world):
    """Its admin socket is elsewhere, but it answers as ccgate does."""
    gate = trusting(world).start()
    other = trusting(world, {"listen": gate.address})
    done = world.bed.run(*run_command(other, "printenv", "https_proxy"))
    expect(done.stdout.decode(), gate.url + "\n", "the proxy")
    gate.stop()


def another_users_ccgate(world):
    """The same from the other side: root's ccgate is not what sys uses."""
    need_root(world)
    roots = world.gate()
    gate = trusting(world, {"listen": roots.address})
    world.bed.run("chown", "-R", "sys", gate.home)
    done = world.bed.run(*setpriv("sys"), *run_command(gate, *fetch(world)))
    expect(done.stdout, SMALL, "curl")
    expect_in(f"{roots.address} belongs to root", done.stderr.decode(), "why")
    expect_gone(gate)
    roots.stop()


def exit_status_and_streams(world):
    gate = trusting(world)
    for status in (0, 1, 42, 255):
        done = world.bed.run(
            *run_command(gate, "sh", "-c", f"cat; exit {status}"), check=False, input=b"in\0"
        )
        expect(done.returncode, status, "the exit status")
        expect(done.stdout, b"in\0", "what came through")
    done = world.bed.run(*run_command(gate, "sh", "-c", "kill -QUIT $$"), check=False)
    expect(done.returncode, -signal.SIGQUIT, "the end by a signal")
    expect_gone(gate)


def ends_with_the_command(world):
    """However that ends."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL):
        gate = trusting(world)
        process = world.bed.start(
            "ccgate run", run_command(gate, "sh", "-c", "echo up; exec sleep 600"),
            os.path.join(gate.home, "out"),
        )  # fmt: skip
        process.wait_ready(lambda: "up" in process.output())
        status = own_of(gate)
        expect(status["ends_with"], process.child.pid, "whom it serves")
        process.child.send_signal(number)
        expect(process.child.wait(10), -number, "the end of the command")
        expect_gone(gate)
        wait_until(lambda: not os.path.exists(f"/proc/{status['pid']}"), 5, "its process")


def is_no_child(world):
    """A command that waits for all of its children does not wait for this one."""
    gate = trusting(world)
    script = "import os\ntry:\n os.wait()\nexcept ChildProcessError:\n print('none')"
    done = world.bed.run(*run_command(gate, "/usr/bin/python3", "-c", script), seconds=20)
    expect(done.stdout, b"none\n", "its children")
    expect_gone(gate)


def holds_nothing_open(world):
    """The command closes a pipe, and the reader sees the end while it goes on."""
    gate = trusting(world)
    inner, outer = os.pipe()
    closes = f"import os, time; os.close({outer}); os.close(1); time.sleep(600)"
    process = subprocess.Popen(
        run_command(gate, sys.executable, "-c", closes),
        pass_fds=[outer], stdout=subprocess.PIPE, env=world.bed.env,
    )  # fmt: skip
    os.close(outer)
    try:
        for end, what in ((inner, "the pipe"), (process.stdout, "standard output")):
            if not select.select([end], [], [], 10)[0]:
                raise Failure(f"{what} is still held open")
        expect(os.read(inner, 1), b"", "what comes through the pipe")
        expect(process.stdout.read(), b"", "standard output")
        expect(process.poll(), None, "the command's end")
    finally:
        process.kill()
        process.wait()
        os.close(inner)
    expect_gone(gate)


# Ctrl-C waits, blocked, for sigwait(): no moment of it is lost between "up" and a wait.
WAITS_FOR_CTRL_C = """
import glob, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("up", flush=True)
signal.sigwait([signal.SIGINT])
print("got-it")
if glob.glob(sys.argv[1] + "/*.sock"):
    print("alive")
sys.exit(3)
"""


def on_a_terminal(world):
    """Ctrl-C ends the command only; its ccgate is in a session of its own."""
    gate = trusting(world)
    command = (sys.executable, "-c", WAITS_FOR_CTRL_C, os.path.join(gate.home, "run"))
    child, terminal = pty.fork()
    if child == 0:
        os.execve(gate.binary, run_command(gate, *command), world.bed.env)
    said = b""
    sent = False
    while select.select([terminal], [], [], 20)[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        said += piece
        if not sent and b"up" in said:
            os.write(terminal, b"\x03")
            sent = True
        if not piece:
            break
    os.close(terminal)  # which ends a command that is still there
    expect(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 3, "the exit status")
    expect_in(b"got-it", said, "the command")
    expect_in(b"alive", said, "its ccgate at that time")
    expect_gone(gate)


def two_at_once(world):
    """Neither is led to the other's, which may end first."""
    gate = trusting(world)
    first = world.bed.start(
        "ccgate run", run_command(gate, "sh", "-c", "echo $https_proxy; exec sleep 600"),
        os.path.join(gate.home, "out"),
    )  # fmt: skip
    first.wait_ready(lambda: "http" in first.output())
    done = world.bed.run(*run_command(gate, "printenv", "https_proxy"))
    if done.stdout.decode() == first.output():
        raise Failure("the second command uses the first one's ccgate")
    first.child.kill()
    first.child.wait()
    expect_gone(gate)


def wrong_password_once(world):
    """What one command's ccgate learns of a login, the next one's knows."""
    gate = trusting(world)
    gate.write_password("wrong")
    before = world.squid.logins_refused()
    for _ in range(3):
        done = world.bed.run(*run_command(gate, *fetch(world)), check=False)
        expect(done.returncode != 0, True, "curl fails")
    expect_refused(world, before, 1)
    expect_gone(gate)


def old_variables(world):
    """Variables that lead to a ccgate of before are not the new one's way out."""
    gate = trusting(world, {"proxy": None, "via_corp_proxy": "true"})
    proxy = f"http://127.0.0.1:{world.squid.port}"
    text = read(gate.config).replace("127.0.0.1:0", "127.0.0.1:1")
    with open(gate.config, "w", encoding="utf-8") as file:
        file.write(text)
    env = dict(world.bed.env, https_proxy="http://127.0.0.1:1", HTTPS_PROXY=proxy)
    env["http_proxy"] = proxy
    text = re.sub(r"(username|password_file): .*\n", "", text)
    with open(gate.config, "w", encoding="utf-8") as file:
        file.write(text)
    for options in ((), ("--tool", "curl"), ("--tool", "java")):
        command = run_command(
            gate, "sh", "-c", "echo ${https_proxy:-none}; exec \"$@\"", "sh", "curl", "-q",
            "-sS", "-o", os.devnull, "-w", "%{http_connect}", world.origin.tls_url,
            options=options,
        )  # fmt: skip
        done = world.bed.run(*command, env=env, check=False)
        proxy_of_command, answer = done.stdout.split()
        if "java" in options:  # curl is not led to it, but not to the old one either
            expect(proxy_of_command, b"none", "https_proxy")
        else:
            expect(answer, b"403", "squid wants a login, and there is none")
    expect_gone(gate)


def no_way_to_start(world):
    gate = world.new_gate({"proxy": "http://"})
    done = world.bed.run(*run_command(gate, "echo", "ran"), check=False)
    expect(done.returncode, 125, "the exit status")
    expect(done.stdout, b"", "the output")
    expect_in(b"ccgate.yaml:", done.stderr, "the reason")


ALL = (
    uses_the_one_that_runs, starts_its_own, another_users_listener, another_program,
    another_folder, another_users_ccgate,
    exit_status_and_streams, ends_with_the_command, is_no_child, holds_nothing_open,
    on_a_terminal, two_at_once, wrong_password_once, old_variables, no_way_to_start,
)  # fmt: skip
