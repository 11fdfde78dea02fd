"""bench_peers: starts, watches and ends the processes that the bench compares."""

import os
import re
import resource
import shutil
import socket
import subprocess
import time

READY_SECONDS = 15


class BenchError(Exception):
    """Something that the bench needs did not work."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(folder):
    """The environment of every peer: no proxy variables, state only in the work folder."""
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("CCGATE_")}
    kept.update(HOME=folder, XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder,
                XDG_CONFIG_HOME=folder)
    return kept


def pin(pid, cpu):
    """Moves all threads of a process to one processor."""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(task), {cpu})
        except ProcessLookupError:
            pass


def memory_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise BenchError(f"{field} is not in /proc/{pid}/status")


class Peer:
    """What stands between the load generator and the sink."""

    exact_head = True
    slowness = 1  # divides the number of parallel tunnels, to keep the run short

    def __init__(self, name, bench):
        self.name = name
        self.bench = bench
        self.port = free_port()
        self.folder = os.path.join(bench.folder, name)
        self.process = None
        os.makedirs(self.folder, mode=0o700)

    def command(self):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def start(self):
        with open(self.log_path(), "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env=clean_environment(self.folder))
        self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended with status "
                                 f"{self.process.returncode}: {self.log_tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise BenchError(f"{self.name} does not listen: {self.log_tail()}")

    def log_path(self):
        return os.path.join(self.folder, "log")

    def log_tail(self):
        with open(self.log_path(), encoding="utf-8", errors="replace") as log:
            return " / ".join(log.read().splitlines()[-3:]) or "its log is empty"

    def cpu_seconds(self):
        """CPU time of the whole process, ended threads included, in nanosecond steps."""
        if self.process is None:
            return 0.0
        # The kernel's process clock of another process: clock_getcpuclockid(3).
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def pin(self, cpu):
        if self.process is not None:
            pin(self.process.pid, cpu)

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Nothing(Peer):
    """The load generator talks to the sink itself."""

    def __init__(self, name, bench):
        super().__init__(name, bench)
        self.port = bench.sink_port

    def start(self):
        pass

    def version(self):
        return "-"


class HAProxy(Peer):
    def command(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        # A connection takes two descriptors, and a spliced one a share of the pipes.
        maxconn = min(20000, int((limit - 200) / 2.5))
        path = self.write("haproxy.cfg", f"""\
global
    nbthread 1
    maxconn {maxconn}
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    option splice-request
    option splice-response
listen bench
    bind 127.0.0.1:{self.port} backlog 4096
    server sink 127.0.0.1:{self.bench.sink_port}
""")
        return [find("haproxy"), "-db", "-f", path]

    def version(self):
        return first_line([find("haproxy"), "-v"])


class Tinyproxy(Peer):
    exact_head = False
    slowness = 10

    def command(self):
        path = self.write("tinyproxy.conf", f"""\
Port {self.port}
Listen 127.0.0.1
Timeout 3600
MaxClients 1000
LogLevel Warning
LogFile "{self.folder}/tinyproxy.log"
Upstream http 127.0.0.1:{self.bench.sink_port}
""")
        return [find("tinyproxy"), "-d", "-c", path]

    def version(self):
        return first_line([find("tinyproxy"), "-v"])


class Cntlm(Peer):
    exact_head = False
    slowness = 10

    def command(self):
        path = self.write("cntlm.conf", f"""\
Username bench
Domain BENCH
Password bench
Auth NTLMv2
Proxy 127.0.0.1:{self.bench.sink_port}
Listen 127.0.0.1:{self.port}
""")
        return [find("cntlm"), "-f", "-c", path]

    def version(self):
        return cntlm_version()


class Ccgate(Peer):
    def command(self):
        path = self.write("ccgate.yaml", f"""\
listen: ["127.0.0.1:{self.port}"]
proxy: http://127.0.0.1:{self.bench.sink_port}
via_corp_proxy: true
log: {{to: "{self.folder}/access.log"}}
""")
        return [self.bench.ccgate, "--config", path]

    def version(self):
        return first_line([self.bench.ccgate, "--version"])


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise BenchError(f"{program} is not installed")
    return path


def cntlm_version():
    done = subprocess.run([find("cntlm"), "-h"], capture_output=True, text=True,
                          check=False)
    match = re.search(r"version ([0-9.]+)", done.stdout + done.stderr)
    return "cntlm " + (match.group(1) if match else "of unknown version")


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return lines[0].split(" - https://")[0] if lines else "unknown"


class Sink:
    """The one mock proxy, with the origin built in."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        word, _, port = self.process.stdout.readline().partition(" ")
        if word != "listening":
            raise BenchError("the sink did not start")
        self.port = int(port)

    def pin(self, cpu):
        pin(self.process.pid, cpu)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
