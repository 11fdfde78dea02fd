"""The test bed: a directory, certificates, processes that are waited for, and results."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    """A case that did not do what it should."""


class Skip(Exception):
    """A case that cannot be run here, with the reason."""


def expect(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: {got!r} instead of {wanted!r}")


def expect_in(part, text, what):
    if part not in text:
        raise Failure(f"{what}: {part!r} is not in {text[-600:]!r}")


def wait_until(true, seconds, what):
    """Polls what has no event of its own. Fails after the time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def free_port():
    """A port that was free a moment ago; whoever takes it must be ready to lose it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path, content, mode=0o644):
    data = content.encode() if isinstance(content, str) else content
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
    return path


class Process:
    """A server in the foreground, its output in a log. With `group` its children, which
    it would leave behind, are told to end, too."""

    def __init__(self, name, command, log, env, group=False, **more):
        self.name = name
        self.log = log
        self.group = group
        self.ending = False
        with open(log, "ab") as out:
            self.start = out.tell()
            more.setdefault("stdin", subprocess.DEVNULL)
            more.setdefault("start_new_session", group)
            self.child = subprocess.Popen(command, stdout=out, stderr=out, env=env, **more)

    def output(self):
        return read(self.log)[self.start :]

    def wait_ready(self, ready, seconds=20):
        def settled():
            return ready() or self.child.poll() is not None

        wait_until(settled, seconds, f"{self.name} to be ready")
        if self.child.poll() is not None:
            raise Failure(f"{self.name} ended at once: {self.output()[-600:]}")

    def end(self, how=signal.SIGTERM):
        """Only says so; a second time it says nothing."""
        if self.child.poll() is None and not self.ending:
            if self.group:
                os.killpg(self.child.pid, how)
            else:
                self.child.send_signal(how)
        self.ending = True

    def stop(self, how=signal.SIGTERM, seconds=40):
        """The exit status; killed when it does not end."""
        self.end(how)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return "killed"


class Bed:
    """What all cases share."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="ccgate-e2e-")
        os.chmod(self.root, 0o755)
        self.is_root = os.geteuid() == 0
        self.home = self.directory("home")
        # Nothing of the caller's settings reaches the clients.
        self.env = {
            "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
            "HOME": self.home,
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        self.processes = []
        self.ca = self.path("ca.pem")
        self._make_ca()

    def path(self, *names):
        return os.path.join(self.root, *names)

    def directory(self, *names):
        path = self.path(*names)
        os.makedirs(path, exist_ok=True)
        return path

    def fresh(self, name):
        """A new directory."""
        return tempfile.mkdtemp(prefix=name + "-", dir=self.root)

    def which(self, program):
        path = shutil.which(program, path=self.env["PATH"])
        if path is None:
            raise Failure(f"{program} is not installed")
        return path

    def run(self, *command, check=True, seconds=120, **more):
        more.setdefault("env", self.env)
        if "input" not in more:
            more["stdin"] = subprocess.DEVNULL
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=seconds,
                **more,
            )
        except subprocess.TimeoutExpired as late:
            raise Failure(f"{command[0]} took more than {seconds} s") from late
        except FileNotFoundError as missing:
            raise Failure(f"{command[0]} is not installed") from missing
        if check and done.returncode != 0:
            text = (done.stderr + done.stdout)[-600:].decode(errors="replace")
            raise Failure(f"{command[0]} ended with {done.returncode}: {text}")
        return done

    def start(self, name, command, log, **more):
        process = Process(name, command, log, more.pop("env", self.env), **more)
        self.processes.append(process)
        return process

    def close(self):
        running = [each for each in self.processes if each.child.poll() is None]
        for process in reversed(running):
            process.end()
        for process in running:
            process.stop(seconds=10)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def _make_ca(self):
        self.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=ccgate test authority",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", self.path("ca.key"), "-out", self.ca,
        )  # fmt: skip

    def certificate(self, name, *alternatives):
        """The paths of a certificate, signed by the bed's authority, and of its key."""
        key, request = self.path(name + ".key"), self.path(name + ".csr")
        cert, extra = self.path(name + ".pem"), self.path(name + ".ext")
        names = ",".join(alternatives or [f"DNS:{name}"])
        write(extra, f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        self.run(
            "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request,
        )  # fmt: skip
        self.run(
            "openssl", "x509", "-req", "-in", request, "-CA", self.ca,
            "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "1",
            "-extfile", extra, "-out", cert,
        )  # fmt: skip
        return cert, key


class Results:
    """One line per case, and the count."""

    def __init__(self, only, on_failure):
        self.only = only
        self.on_failure = on_failure
        self.passed = self.failed = self.skipped = 0

    def wanted(self, name):
        """Whether a case of that name is to be run, or one whose name begins so."""
        return not self.only or any(
            part in name or (name.endswith("/") and part.startswith(name))
            for part in self.only
        )

    def run(self, name, case, *arguments):
        if self.wanted(name):
            self._run(name, case, arguments)

    def broken(self, error):
        """The test bed itself does not stand."""
        self.failed += 1
        self._say(f"FAIL test bed: {error}")

    def _run(self, name, case, arguments):
        start = time.monotonic()
        try:
            case(*arguments)
        except Skip as why:
            self.skipped += 1
            self._say(f"skip {name}: {why}")
        except Exception as error:  # a broken case is a failed one
            self.failed += 1
            kind = "" if isinstance(error, Failure) else f"{type(error).__name__}: "
            why = f"{kind}{error}".strip().replace("\n", "\n     ")
            self._say(f"FAIL {name}: {why}")
            self.on_failure()
        else:
            self.passed += 1
            self._say(f"ok {name} ({time.monotonic() - start:.1f} s)")

    def finish(self):
        more = f", {self.skipped} skipped" if self.skipped else ""
        self._say(f"{self.passed} passed, {self.failed} failed{more}")
        return 1 if self.failed or not self.passed else 0

    @staticmethod
    def _say(line):
        print(line)
        sys.stdout.flush()
