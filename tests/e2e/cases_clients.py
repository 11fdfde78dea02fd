"""Real clients through the way out: curl, git, Python requests, undici, WebSockets."""

import hashlib
import os
import shutil
import sys

from bed import Failure, expect, expect_in, read, wait_until, write

HERE = os.path.dirname(os.path.abspath(__file__))
REQUESTS, WEBSOCKETS, UNDICI = "requests==2.32.5", "websockets==15.0.1", "undici@6.29.1"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def curl(bed, proxy, *arguments, **more):
    return bed.run(
        "curl", "-q", "-sS", "--noproxy", "", "-x", proxy, "--cacert", bed.ca,
        "--max-time", "90", *arguments, **more,
    )  # fmt: skip


def bases(world):
    return (world.origin.url, world.origin.tls_url)


def get(world):
    for base in bases(world):
        done = curl(world.bed, world.proxy, "-f", base + "/small.txt")
        expect(done.stdout, b"a small file\n", base)


def head_and_statuses(world):
    for base in bases(world):
        form = ("-o", os.devnull, "-w", "%{http_code}")
        for arguments, status in (
            (("-I", base + "/big.bin"), b"200"),
            ((base + "/missing",), b"404"),
            (("-r", "0-99", base + "/big.bin"), b"206"),
            (("-z", "1 Jan 2040", base + "/small.txt"), b"304"),
        ):
            done = curl(world.bed, world.proxy, *form, *arguments)
            expect(done.stdout, status, " ".join(arguments))


def keep_alive(world):
    for base in bases(world):
        urls = [base + "/small.txt"] * 4
        done = curl(world.bed, world.proxy, "-w", "%{num_connects}", *urls)
        expect(done.stdout.replace(b"a small file\n", b""), b"1000", base)


def post(world):
    body = os.urandom(200000)
    for base in bases(world):
        done = curl(
            world.bed, world.proxy, "-f", "--data-binary", "@-", base + "/echo", input=body
        )
        expect(sha256(done.stdout), sha256(body), base)


def login_stays_at_the_proxy(world):
    for base in bases(world):
        done = curl(world.bed, world.proxy, "-f", "-i", "-d", "x", base + "/echo")
        expect_in(b"X-Seen-Login: none", done.stdout, "what the origin saw")


def http_1_0(world):
    for base in bases(world):
        done = curl(world.bed, world.proxy, "-f", "--http1.0", base + "/part-7")
        expect(done.stdout, b"part 7\n" * 3501, base)


def upload(world, name, *arguments):
    body = os.urandom(3 * 1024 * 1024)
    for base in bases(world):
        stored = os.path.join(world.origin.files, "upload", name)
        done = curl(
            world.bed, world.proxy, "-f", "-v", *arguments, "-T", "-",
            f"{base}/upload/{name}", input=body,
        )  # fmt: skip
        with open(stored, "rb") as file:
            expect(sha256(file.read()), sha256(body), base)
        os.remove(stored)
        yield base, done.stderr


def chunked_upload(world):
    for base, log in upload(world, "chunked", "-H", "Expect:"):
        expect_in(b"> Transfer-Encoding: chunked", log, base)


def continue_100(world):
    name = write(world.bed.path("counted"), os.urandom(2 * 1024 * 1024))
    for base in bases(world):
        done = curl(
            world.bed, world.proxy, "-f", "-v", "-H", "Expect: 100-continue",
            "--expect100-timeout", "20", "-T", name, base + "/upload/counted",
        )  # fmt: skip
        expect_in(b"< HTTP/1.1 100", done.stderr, base)
    for base, log in upload(world, "waiting", "-H", "Expect: 100-continue"):
        expect_in(b"Expect: 100-continue", log, base)


def big_download(world):
    for base in bases(world):
        target = world.bed.path("big")
        curl(world.bed, world.proxy, "-f", "-o", target, base + "/big.bin")
        with open(target, "rb") as file:
            expect(sha256(file.read()), world.origin.big_sum, base)
        os.remove(target)


def big_upload(world):
    for base in bases(world):
        curl(world.bed, world.proxy, "-f", "-T", world.origin.big, base + "/upload/big")
        with open(os.path.join(world.origin.files, "upload", "big"), "rb") as file:
            expect(sha256(file.read()), world.origin.big_sum, base)


def parallel(world):
    target = world.bed.directory("parallel")
    arguments = []
    for i in range(40):
        for kind, base in zip(("http", "https"), bases(world)):
            file = os.path.join(target, f"{kind}-{i}")
            arguments += [f"{base}/part-{i}", "-o", file]
    curl(
        world.bed, world.proxy, "-f", "-Z", "--parallel-immediate", "--parallel-max", "40",
        *arguments,
    )  # fmt: skip
    for i in range(40):
        for kind in ("http", "https"):
            text = read(os.path.join(target, f"{kind}-{i}"))
            expect(text, f"part {i}\n" * (i * 500 + 1), f"{kind} {i}")


def forbidden(world):
    """Squid refuses with 403 and a page of its own; CONNECT quotes it."""
    done = curl(
        world.bed, world.proxy, "-o", os.devnull, "-w", "%{http_code}",
        "http://forbidden.test/",
    )  # fmt: skip
    expect(done.stdout, b"403", "plain HTTP")
    done = curl(
        world.bed, world.proxy, "-o", os.devnull, "-w", "%{http_connect}",
        "https://forbidden.test/", check=False,
    )  # fmt: skip
    expect(done.stdout, b"403", "CONNECT")


def git(world):
    env = dict(
        world.bed.env,
        GIT_SSL_CAINFO=world.bed.ca,
        https_proxy=world.proxy,
        http_proxy=world.proxy,
    )
    for kind, base in zip(("http", "https"), bases(world)):
        clone = world.bed.fresh("clone")
        url = base + "/git/project.git"
        world.bed.run("git", "clone", "-q", url, clone, env=env)
        expect(read(os.path.join(clone, "README")), "hello\n", "the clone")
        write(os.path.join(clone, kind), os.urandom(2 * 1024 * 1024))
        world.origin.git(clone, "add", ".", env=env)
        world.origin.git(clone, "commit", "-q", "-m", kind, env=env)
        world.origin.git(clone, "push", "-q", "origin", "main", env=env)
        world.origin.git(clone, "fetch", "-q", env=env)
        bare = os.path.join(world.origin.home, "git", "project.git")
        heads = [
            world.origin.git(where, "rev-parse", "main", env=env).stdout
            for where in (clone, bare)
        ]
        expect(heads[0], heads[1], "the pushed head")


def python_with(world):
    """A virtual environment with the packages, kept for the next time."""
    place = os.path.join(world.cache, "python")
    python = os.path.join(place, "bin", "python3")
    stamp = os.path.join(place, "packages")
    wanted = " ".join((REQUESTS, WEBSOCKETS, sys.version))
    if read(stamp) != wanted:
        shutil.rmtree(place, ignore_errors=True)
        world.bed.run(sys.executable, "-m", "venv", place)
        # What installs is a caller's: with its proxy and its registry.
        world.bed.run(
            python, "-m", "pip", "install", "-q", REQUESTS, WEBSOCKETS,
            env=dict(os.environ), seconds=300,
        )  # fmt: skip
        write(stamp, wanted)
    return python


def python_requests(world):
    world.bed.run(
        python_with(world), os.path.join(HERE, "client_requests.py"),
        world.proxy, world.bed.ca, *bases(world),
    )  # fmt: skip


def websocket(world):
    python = python_with(world)
    log = world.bed.path("websocket.out")
    server = world.bed.start(
        "the WebSocket server", [python, os.path.join(HERE, "websocket_server.py")], log
    )
    try:
        server.wait_ready(lambda: "\n" in server.output())
        port = server.output().split()[1]
        world.bed.run(
            python, os.path.join(HERE, "client_websocket.py"),
            world.proxy, f"origin.test:{port}",
        )  # fmt: skip
    finally:
        server.stop()


def undici_with(world):
    """The folder of the package, kept for the next time."""
    place = os.path.join(world.cache, "node")
    stamp = os.path.join(place, "packages")
    if read(stamp) != UNDICI:
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        write(os.path.join(place, "package.json"), "{}\n")
        world.bed.run(
            "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix",
            place, UNDICI, env=dict(os.environ), cwd=place, seconds=300,
        )  # fmt: skip
        write(stamp, UNDICI)
    return place


def undici(world):
    place = undici_with(world)
    world.bed.run(
        "node", os.path.join(HERE, "client_undici.mjs"), world.proxy, world.bed.ca,
        *bases(world), env=dict(world.bed.env, MODULES=place),
    )  # fmt: skip


ALL = (
    get, head_and_statuses, keep_alive, post, login_stays_at_the_proxy, http_1_0,
    chunked_upload, continue_100, big_download, big_upload, parallel, forbidden, git,
    python_requests, websocket, undici,
)  # fmt: skip
