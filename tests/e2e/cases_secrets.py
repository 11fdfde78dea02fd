"""Passwords: where they may come from, and where they must never be found."""

import fcntl
import glob
import hashlib
import hmac
import json
import os
import pty
import signal
import socket
import termios
import threading
import urllib.parse

from bed import Failure, Skip, expect, expect_in, read, write
from canary import Canary, md4
from cases_gate import ask, ask_both, ask_connect, ask_get, expect_works
from cases_keyring import NAMES
from servers import DOMAIN, PASSWORD, USER, WORD, Gate

NTLM_USER = f"'{DOMAIN}\\{USER}'"
HOME_OF_CORE = "ulimit -c unlimited; cd \"$0\" && exec \"$@\""


def canary_of(squid, world):
    if squid is world.squid:
        return Canary(PASSWORD, USER, realms=("corp",))
    return Canary(WORD, USER, DOMAIN, realms=("corp",))


def settings_for(squid, world):
    return {
        "proxy": f"http://127.0.0.1:{squid.port}",
        "username": NTLM_USER if squid is world.ntlm else USER,
        "log": "{level: debug}",
    }


class AskedGate(Gate):
    """It asks for its password on a terminal, which is answered."""

    password = None

    def start(self, **more):
        ours, theirs = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        def answer():
            seen = b""
            while not seen.endswith(b"proxy: "):
                seen += os.read(ours, 1000)
            os.write(ours, self.password.encode() + b"\n")
            self.seen = seen + os.read(ours, 1000)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        super().start(preexec_fn=take_terminal, **more)
        thread.join(10)
        os.close(theirs)
        return self


# How a ccgate gets the password: each makes one that has it.


def from_file(world, settings, password):
    return Gate(world.bed, world.program, settings, password=password).start()


def from_command(world, settings, password):
    source = os.path.join(world.bed.fresh("command"), "entry")
    write(source, password + "\nmore\n", 0o600)
    settings.update(password_file=None, password_command=f"cat {source}")
    return Gate(world.bed, world.program, settings, password="").start()


def from_keyring(world, settings, password):
    names = NAMES[:-1] + (settings["username"].strip("'"),)
    world.keyring.store(password, *names)
    settings.update(password_file=None, password_keyring="true")
    return Gate(
        world.bed, world.program, settings, password="", env=world.keyring.env
    ).start()


def from_prompt(world, settings, password):
    settings.update(password_file=None, password_prompt="true")
    gate = AskedGate(world.bed, world.program, settings, password="")
    gate.password = password
    gate.start()
    expect(password.encode() in gate.seen, False, "the password on the terminal")
    return gate


def from_environment(world, settings, password):
    settings.update(password_file=None)
    env = dict(world.bed.env, CCGATE_PASSWORD=password)
    return Gate(world.bed, world.program, settings, password="", env=env).start()


def from_url(world, settings, password):
    user = settings["username"].strip("'")
    login = ":".join(urllib.parse.quote(part, "") for part in (user, password))
    proxy = settings["proxy"].replace("://", f"://{login}@")
    settings.update(proxy=proxy, username=None, password_file=None)
    return Gate(world.bed, world.program, settings, password="").start()


SOURCES = (
    from_file, from_command, from_keyring, from_prompt, from_environment, from_url,
)  # fmt: skip


def from_nt_hash(world, settings, password):
    settings["password_type"] = "nt_hash"
    digits = md4(password.encode("utf-16-le")).hex().upper()
    return Gate(world.bed, world.program, settings, password=digits).start()


def from_ntlmv2_hash(world, settings, password):
    settings["password_type"] = "ntlmv2_hash"
    text = (USER + DOMAIN).upper().encode("utf-16-le")
    key = hmac.new(md4(password.encode("utf-16-le")), text, hashlib.md5)
    return Gate(world.bed, world.program, settings, password=key.hexdigest()).start()


def log_in(gate, world):
    """Tunnels and plain requests, again after a reload, and one whose target fails."""
    for _ in range(2):
        expect_works(gate, world)
        expect(ask_get(gate, world.origin.url + "/small.txt").status, 200, "GET")
        ask_connect(gate, "nowhere.invalid:443")
        gate.reload()


def memory(world, squid, source):
    """Nothing of it is where a core would have it; in what is left out it is found."""
    canary = canary_of(squid, world)
    gate = source(world, settings_for(squid, world), canary.secret.decode())
    pid = gate.process.child.pid
    log_in(gate, world)
    if not canary.places_in_memory(pid, dumped=False):
        raise Failure("the secret is not even where it must be: the search is broken")
    if source is not from_environment or "libasan" not in read(f"/proc/{pid}/maps"):
        canary.absent_from_memory(pid, "the daemon")  # a sanitizer copies the variables
    for name in ("environ", "cmdline"):
        canary.absent(open(f"/proc/{pid}/{name}", "rb").read(), name)
    gate.stop()
    canary.absent(read(gate.log), "the log")


def memory_of_wrong(world, squid):
    """A login that is refused, its error page, and what is said of it afterwards."""
    word = "Wrong%7b&-Canary/ü"
    canary = Canary(word, USER, DOMAIN, realms=("corp",))
    gate = from_file(world, settings_for(squid, world), word)
    for what, answer in ask_both(gate, world):
        expect(answer.status, 403, what)
        canary.absent(answer.head + answer.body, "the error page")
    canary.absent_from_memory(gate.process.child.pid, "the daemon")
    outputs(world, gate, canary)


def outputs(world, gate, canary):
    """What the verbs and the admin socket say."""
    place = gate.address.rsplit(":", 1)[1]
    socket_path = os.path.join(gate.home, "run", place + ".sock")
    for verb in (
        ("status",), ("status", "--json"), ("dump-config",),
        ("dump-config", "--show-origin"), ("dump-config", "--json"), ("check-config",),
        ("route", "https://origin.test/"), ("reload",),
    ):  # fmt: skip
        done = world.bed.run(
            gate.binary, verb[0], "--config", gate.config, *verb[1:], env=gate.env
        )
        canary.absent(done.stdout + done.stderr, "ccgate " + " ".join(verb))
        if verb == ("status", "--json"):
            expect("hops" in json.loads(done.stdout), True, "hops in the status")
    for path in ("/metrics", "/status"):
        done = world.bed.run(
            "curl", "-sS", "--unix-socket", socket_path, "http://ccgate" + path
        )
        expect(len(done.stdout) > 100, True, f"something at {path}")
        canary.absent(done.stdout, path)
    gate.stop()
    canary.absent(read(gate.log), "the log")
    for name in os.listdir(os.path.join(gate.home, "state")):
        canary.absent_from_file(os.path.join(gate.home, "state", name), name)


def everything_said(world, squid):
    canary = canary_of(squid, world)
    gate = from_file(world, settings_for(squid, world), canary.secret.decode())
    log_in(gate, world)
    outputs(world, gate, canary)


def request_to_origin(world, squid):
    """Directly, and in the tunnel: what the origin gets is without the login."""
    canary = canary_of(squid, world)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = dict(settings_for(squid, world), noproxy="[direct.test]")
        gate = from_file(world, settings, canary.secret.decode())
        expect_works(gate, world)
        got = []

        def serve():
            link, _ = server.accept()
            with link:
                got.append(link.recv(65536))
                link.sendall(
                    b"HTTP/1.1 407 Login\r\nProxy-Authenticate: NTLM\r\n"
                    b"Proxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
                    b"Connection: close\r\n\r\n"
                )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ask(gate, f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Connection: close\r\n\r\n")  # fmt: skip
        thread.join(10)
        expect_in(b"GET / HTTP/1.1", got[0], "the request")
        canary.absent(got[0], "the request to the origin")
        expect(b"authorization" in got[0].lower(), False, "a login in it")
        gate.stop()


def core(world, squid):
    """A real core, of the kind that an abort leaves behind."""
    pattern = read("/proc/sys/kernel/core_pattern").strip()
    if pattern.startswith(("|", "/")) or "/" in pattern:
        raise Skip(f"cores go elsewhere here: {pattern}")
    canary = canary_of(squid, world)
    home = world.bed.fresh("core")
    gate = Gate(
        world.bed, world.program, settings_for(squid, world),
        password=canary.secret.decode(), prefix=["sh", "-c", HOME_OF_CORE, home],
    ).start()  # fmt: skip
    log_in(gate, world)
    maps = read(f"/proc/{gate.process.child.pid}/maps")
    expect(gate.process.stop(signal.SIGABRT), -signal.SIGABRT, "the exit status")
    cores = glob.glob(os.path.join(home, pattern.split("%")[0] + "*"))
    if not cores and "libasan" in maps:
        raise Skip("a sanitizer leaves no core")
    expect(len(cores), 1, "cores")
    canary.absent_from_file(cores[0], "the core")
    # the search finds what is there: the name of the user
    expect(USER.encode() in open(cores[0], "rb").read(), True, "the user in the core")
    os.unlink(cores[0])
    canary.absent(read(gate.log), "what it said at its end")


def auth_set(world, gate, *more, **input_or_terminal):
    return world.bed.run(
        gate.binary, "auth", "set", "--config", gate.config, *more, env=gate.env,
        **input_or_terminal,
    )  # fmt: skip


def set_in_a_file(world):
    """The running ccgate takes it at once; one that is no single line is refused."""
    gate = world.gate(password="wrong")
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 403, "a wrong one")
    done = auth_set(world, gate, "--stdin", input=b"one\ntwo\n", check=False)
    expect(done.returncode, 1, "the exit status for two lines")
    done = auth_set(world, gate, "--stdin", input=PASSWORD.encode() + b"\n")
    expect_in(b"has read its configuration again", done.stdout, "auth set")
    expect_works(gate, world)
    expect(os.stat(gate.password_file).st_mode & 0o777, 0o600, "the mode")
    elsewhere = os.path.join(gate.home, "new", "password")
    done = auth_set(world, gate, "--stdin", "--file", elsewhere, input=b"x\n")
    expect_in(f'password_file: "{elsewhere}"'.encode(), done.stdout, "the key")
    other = ("--username", "o'brien", "--file", elsewhere)
    done = auth_set(world, gate, "--stdin", *other, input=b"y\n")
    expect_in(b"username: 'o''brien'", done.stdout, "the user's key")
    gate.stop()


def set_for_another_user(world):
    """Neither in the configured file nor in the usual one is a password replaced."""
    usual = os.path.join(world.bed.fresh("usual"), "ccgate", "password")
    os.mkdir(os.path.dirname(usual))
    env = {**world.bed.env, "XDG_CONFIG_HOME": os.path.dirname(os.path.dirname(usual))}
    gate = world.gate(env=env)
    bob = ("--stdin", "--username", "CORP\\bob")
    for settings, file in ((None, gate.password_file), ({"password_file": None}, usual)):
        if settings:
            gate.stop()
            write(usual, PASSWORD + "\n", 0o600)
            gate = world.gate(settings, env=env)
        done = auth_set(world, gate, *bob, input=b"other\n", check=False)
        expect(done.returncode, 2, "the exit status")
        expect_in(b"--file FILE", done.stderr, "what to do")
        expect(read(file), PASSWORD + "\n", "the file")
    os.unlink(usual)
    done = auth_set(world, gate, *bob, input=b"other\n")
    expect_in(b"username: 'CORP\\bob'", done.stdout, "the user's key")
    expect(read(usual), "other\n", "the file")
    gate.stop()


def set_in_the_keyring(world):
    settings = {"password_file": None, "password_keyring": "true"}
    world.keyring.store("wrong", *NAMES)
    gate = world.gate(settings, env=world.keyring.env)
    auth_set(world, gate, "--stdin", input=PASSWORD.encode())
    expect(world.keyring.lookup(*NAMES), PASSWORD, "in the keyring")
    expect_works(gate, world)
    gate.stop()


def set_on_a_terminal(world):
    """Twice, without echo; two that differ change nothing."""
    gate = world.gate(password="before")

    def typed(first, second):
        child, terminal = pty.fork()
        if child == 0:
            words = ["ccgate", "auth", "set", "--config", gate.config]
            os.execve(gate.binary, words, gate.env)
        seen = b""
        for prompt, word in ((b"alice: ", first), (b"once more: ", second)):
            while not seen.endswith(prompt):
                seen += os.read(terminal, 1000)
            os.write(terminal, word.encode() + b"\n")
        try:
            while piece := os.read(terminal, 1000):
                seen += piece
        except OSError:  # its end
            pass
        expect(first.encode() in seen, False, "the password on the terminal")
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    expect(typed("one thing", "another"), 1, "the exit status for two that differ")
    expect(read(gate.password_file), "before\n", "the file")
    expect(typed(PASSWORD, PASSWORD), 0, "the exit status")
    expect_works(gate, world)
    gate.stop()


def run(world, results):
    for case in (
        set_in_a_file, set_for_another_user, set_in_the_keyring, set_on_a_terminal,
    ):  # fmt: skip
        results.run(f"secrets/{case.__name__}", case, world)
    for source in (from_nt_hash, from_ntlmv2_hash):
        name = f"secrets/ntlm/memory_{source.__name__}"
        results.run(name, memory, world, world.ntlm, source)
    for name, squid in (
        ("basic", world.squid), ("digest", world.digest), ("ntlm", world.ntlm),
    ):  # fmt: skip
        for source in SOURCES:
            case = f"secrets/{name}/memory_{source.__name__}"
            results.run(case, memory, world, squid, source)
        for case in (memory_of_wrong, everything_said, request_to_origin, core):
            results.run(f"secrets/{name}/{case.__name__}", case, world, squid)
