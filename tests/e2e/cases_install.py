"""`ccgate ca install` behind a proxy that inspects TLS: real tools by their own files, the
distribution's store by its own command, and everything as before afterwards."""

import hashlib
import json
import os
import stat

from bed import Failure, Skip, expect, expect_in, read, write
from bump import BumpSquid
from cases_clients import HERE, python_with
from cases_env import SMALL, make_package, make_wheel, node_with, trusting
from netspace import Mounts

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def snapshot(folder):
    """Names, modes, owners, links and content of all below a folder."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            st = os.lstat(path)
            if stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            else:
                content = None
            found[path] = (stat.filemode(st.st_mode), st.st_uid, st.st_gid, content)
    return found


class Home:
    """A user behind the proxy, with files of his own, and the gate that he goes through."""

    FILES = {
        ".gitconfig": "[user]\n\tname = Somebody\n\temail = a@b.example",
        ".npmrc": "; mine\r\nfund=false",
        ".wgetrc": "# mine\ntries = 1",
        "dots/curlrc": "silent\nshow-error",
        ".config/pip/pip.conf": "[global]\n    timeout = 20\n",
        ".claude/settings.json": '{\n  "model": "x",\n  "env": {"A": "b"}\n}',
    }

    # What somebody adds to them later.
    MORE = {
        ".gitconfig": "[core]\n\tpager = cat\n",
        ".npmrc": "//r.example/:_authToken=x\n",
        ".wgetrc": "waitretry = 1\n",
        "dots/curlrc": "max-time = 90",
        ".config/pip/pip.conf": "[install]\n    user = no\n",
    }

    def __init__(self, world, squid):
        self.world = world
        self.squid = squid
        proxy = {"proxy": f"http://127.0.0.1:{squid.port}"}
        self.gate = trusting(world, proxy, authority=squid.authority).start()
        self.home = world.bed.fresh("home")
        for name, text in self.FILES.items():
            os.makedirs(os.path.dirname(os.path.join(self.home, name)), exist_ok=True)
            write(os.path.join(self.home, name), text, 0o640)
        os.symlink("dots/curlrc", os.path.join(self.home, ".curlrc"))
        self.before = snapshot(self.home)
        self.left = set()  # by tools, which have files of their own to make

    def env(self):
        proxy = {name: self.gate.url for name in ("http_proxy", "https_proxy")}
        return dict(self.world.bed.env, HOME=self.home, **proxy)

    def ca(self, *words, **more):
        command = (self.gate.binary, "ca", *words, "--config", self.gate.config)
        return self.world.bed.run(*command, env=self.env(), **more)

    def run(self, *command, **more):
        """A tool, that remembers nothing; what else it leaves behind is no matter."""
        place = self.world.bed.fresh("place")
        env = dict(self.env(), npm_config_cache=place, **more.pop("variables", {}))
        there = set(snapshot(self.home))
        done = self.world.bed.run(*command, env=env, cwd=place, **more)
        self.left |= set(snapshot(self.home)) - there
        return done

    def expect_as_before(self):
        now = snapshot(self.home)
        for path in sorted((set(now) - self.left) | set(self.before)):
            expect(now.get(path), self.before.get(path), path)


def refuse(home, complaint, *command, **more):
    done = home.run(*command, check=False, **more)
    if done.returncode == 0:
        raise Failure(f"{command[0]} trusts a server that it cannot know")
    said = (done.stderr + done.stdout).decode(errors="replace")
    expect_in(complaint, said, f"what {command[0]} says without trust")


def there_and_back(home, tool, complaint, *command, output=None, **more):
    """Refuses, accepts once it is installed, and refuses again."""
    refuse(home, complaint, *command, **more)
    home.ca("install", "--tool", tool, "--yes")
    done = home.run(*command, **more)
    if output is not None:
        expect(done.stdout, output, command[0])
    home.ca("uninstall", "--tool", tool, "--yes")
    home.expect_as_before()
    refuse(home, complaint, *command, **more)


def curl(home):
    url = home.world.origin.tls_url + "/small.txt"
    there_and_back(home, "curl", "certificate", "curl", "-f", url, output=SMALL)


def git(home):
    url = home.world.origin.tls_url + "/git/project.git"
    there_and_back(home, "git", "certificate", "git", "ls-remote", "-q", url, "main")


def wget(home):
    url = home.world.origin.tls_url + "/small.txt"
    command = ("wget", "-nv", "--no-hsts", "-O", "-", url)
    there_and_back(home, "wget", "certificate", *command, output=SMALL)


def npm(home):
    name = make_package(home.world)
    command = (
        "npm", "--fetch-retries", "0", "--no-update-notifier", "pack",
        f"{home.world.origin.tls_url}/{name}",
    )  # fmt: skip
    there_and_back(home, "npm", "certificate", *command)


def pip(home):
    name = make_wheel(home.world)
    command = (
        python_with(home.world), "-m", "pip", "--disable-pip-version-check", "--retries",
        "0", "--no-cache-dir", "download", "--no-deps",
        f"{home.world.origin.tls_url}/{name}",
    )  # fmt: skip
    there_and_back(home, "pip", "CERTIFICATE_VERIFY_FAILED", *command)


def claude_code(home):
    """Node, with the variables that settings.json gives to Claude Code."""
    settings = os.path.join(home.home, ".claude", "settings.json")
    command = (
        node_with(home.world), os.path.join(HERE, "client_env.mjs"),
        home.world.origin.tls_url + "/small.txt",
    )  # fmt: skip

    def variables():
        return dict(json.loads(read(settings))["env"], NODE_USE_ENV_PROXY="1")

    refuse(home, "certificate", *command, variables=variables())
    home.ca("install", "--tool", "claude-code", "--yes")
    done = home.run(*command, variables=variables())
    expect(done.stdout, SMALL, "Node by settings.json")
    home.ca("uninstall", "--yes")
    home.expect_as_before()
    refuse(home, "certificate", *command, variables=variables())


def everything(home):
    """All tools that are there at once; what somebody has added meanwhile stays, in
    lines of its own."""
    home.ca("install", "--yes")
    expect_in(b"no changes", home.ca("install", "--yes").stdout, "a second time")
    for name, more in Home.MORE.items():
        path = os.path.join(home.home, name)
        with open(path, "a", encoding="utf-8", newline="") as file:
            file.write(more)
    home.ca("uninstall", "--yes")
    for name, more in Home.MORE.items():
        before = Home.FILES[name]
        end = "\r\n" if "\r\n" in before else "\n"
        path = os.path.join(home.home, name)
        with open(path, encoding="utf-8", newline="") as file:
            left = file.read()
        expect(left, before + ("" if before.endswith("\n") else end) + more, name)
        write(path, before, 0o640)
    home.expect_as_before()


# ---- the distribution's store ----


def fingerprints():
    """Of all that programs trust, and the names by which OpenSSL finds them."""
    blocks = read(SYSTEM_ROOTS).split("-----END CERTIFICATE-----")
    return sorted(blocks), sorted(os.listdir(os.path.dirname(SYSTEM_ROOTS)))


def system(home):
    """In a store of the test's own, a copy. What reads the store alone then trusts."""
    world = home.world
    if not world.bed.is_root:
        raise Skip("only root can have mounts of its own")
    url = world.origin.tls_url + "/small.txt"
    command = ("curl", "-q", "-sS", "-f", url)
    local = "/usr/local/share/ca-certificates"
    mounts = Mounts(world.bed)
    try:
        for folder in ("/etc/ssl", local):
            mounts.own(folder, world.bed.fresh("mounted"))
        mounts.do(world.bed.run, "update-ca-certificates", "--fresh")
        before = mounts.do(fingerprints), mounts.do(snapshot, local)
        mounts.do(lambda: refuse(home, "certificate", *command))
        mounts.do(lambda: home.ca("install", "--system", "--yes"))
        expect(mounts.do(lambda: home.run(*command)).stdout, SMALL, "curl by the store")
        done = mounts.do(lambda: home.ca("install", "--system", "--yes"))
        expect_in(b"trusts Inspecting Root already", done.stdout, "a second time")
        mounts.do(lambda: home.ca("uninstall", "--system", "--yes"))
        expect((mounts.do(fingerprints), mounts.do(snapshot, local)), before, "the store")
        mounts.do(lambda: refuse(home, "certificate", *command))
        home.expect_as_before()
    finally:
        mounts.close()


def system_command_fails(home):
    """Nothing is forgotten, and the next time undoes it."""
    world = home.world
    if not world.bed.is_root:
        raise Skip("only root can have mounts of its own")
    local = "/usr/local/share/ca-certificates"
    program = "/usr/sbin/update-ca-certificates"
    mounts = Mounts(world.bed)
    try:
        for folder in ("/etc/ssl", local):
            mounts.own(folder, world.bed.fresh("mounted"))
        mounts.do(world.bed.run, "update-ca-certificates", "--fresh")
        before = mounts.do(fingerprints), mounts.do(snapshot, local)
        broken = write(world.bed.path("broken"), "#!/bin/sh\nexit 3\n", 0o755)
        mounts.do(world.bed.run, "mount", "--bind", broken, program)
        done = mounts.do(lambda: home.ca("install", "--system", "--yes", check=False))
        expect(done.returncode, 1, "the exit status")
        expect_in(b"update-ca-certificates: ended with 3", done.stderr, "the reason")
        done = mounts.do(lambda: home.ca("uninstall", "--yes", check=False))
        expect(done.returncode, 1, "the exit status of uninstall")
        mounts.do(world.bed.run, "umount", program)
        done = mounts.do(lambda: home.ca("uninstall", "--yes"))
        expect_in(b"then: update-ca-certificates --fresh", done.stdout, "what is done")
        expect((mounts.do(fingerprints), mounts.do(snapshot, local)), before, "the store")
        done = mounts.do(lambda: home.ca("uninstall", "--yes"))
        expect_in(b"nothing of this is installed", done.stdout, "what is left")
    finally:
        mounts.close()


ALL = (
    curl, git, wget, npm, pip, claude_code, everything, system, system_command_fails,
)  # fmt: skip


def run(world, results):
    if not results.wanted("install/"):
        return
    squid = BumpSquid(world.bed, "sub", "-install")
    squid.start()
    home = Home(world, squid)
    for case in ALL:
        results.run(f"install/{case.__name__}", case, home)
    results.run("install/ends_well", home.gate.stop)
    squid.stop()
