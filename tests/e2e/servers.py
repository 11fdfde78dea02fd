"""The programs around the clients: squid, nginx with git behind it, and ccgate."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess

from bed import Failure, expect, free_port, read, wait_until, write

USER, PASSWORD = "alice", "correct horse: battery"
# A command line of squid's takes neither blanks nor quotes.
DOMAIN, WORD = "CORP", "Straße-42"
STRAIGHT = "straight"  # user and password of clients that do without ccgate
SQUID_HELPERS = ["/usr/lib/squid", "/usr/lib64/squid"]


class Squid:
    """A corporate proxy: a login, a plain port and a TLS port, names from a file."""

    CONFIG = """
http_port {address}:{port}
https_port {address}:{tls_port} tls-cert={cert} tls-key={key}
visible_hostname squid.test
{effective_user}
pid_filename none
coredump_dir {home}
cache_log {home}/cache.log
logformat e2e %>Hs %rm %ru head=%>sh user=%un asks=%{{Proxy-Authenticate}}<h login=%{{Proxy-Authorization}}>h
access_log stdio:{home}/access.log e2e
buffered_logs off
cache deny all
hosts_file {home}/hosts
dns_nameservers 127.53.53.53
dns_retransmit_interval 200 milliseconds
dns_timeout 1 second
connect_timeout 20 seconds
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors 4096
# Squid 5.7 with a full buffer reads 0 bytes and takes that for the end of the client.
client_request_buffer_max_size 64 MB
{login}
acl login proxy_auth REQUIRED
acl forbidden dstdomain forbidden.test
http_access deny !login
http_access deny forbidden
http_access allow all
http_upgrade_request_protocols websocket allow all
"""

    # What a line of the access log has when a login was sent.
    SENT = "Basic."
    word = PASSWORD  # of USER
    ADDRESS = "127.0.0.1"

    def __init__(self, bed, name="squid"):
        self.bed = bed
        self.home = bed.directory(name)
        self.access = os.path.join(self.home, "access.log")
        self.cache_log = os.path.join(self.home, "cache.log")
        self.port = self.tls_port = None
        self.process = None
        cert, key = bed.certificate(
            name + ".test", "DNS:squid.test", "DNS:*.krb.test", "IP:127.0.0.1"
        )
        names = "127.0.0.1 origin.test second.test bypass.test forbidden.test\n"
        write(os.path.join(self.home, "hosts"), names)
        self.values = {"home": self.home, "cert": cert, "key": key, "address": self.ADDRESS}
        self.env = bed.env  # of squid and its helpers
        self.values["login"] = self._login()
        self.values["effective_user"] = ""
        if bed.is_root:
            self.values["effective_user"] = "cache_effective_user proxy"
            for path in (self.home, key):
                bed.run("chown", "-R", "proxy:", path)

    def _more(self):
        """Lines that are made anew at each start."""
        return ""

    def _login(self):
        """The lines of the configuration that say how to log in."""
        users = ((USER, self.word), (STRAIGHT, STRAIGHT))
        lines = [f"{user}:{self._hash(password)}\n" for user, password in users]
        write(os.path.join(self.home, "users"), "".join(lines))
        return (
            f"auth_param basic program {self._helper('basic_ncsa_auth')} {self.home}/users\n"
            "auth_param basic children 4 startup=1\n"
            "auth_param basic realm corp"
        )

    @staticmethod
    def _helper(name):
        for folder in SQUID_HELPERS:
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise Failure(f"squid's {name} is not installed")

    def _hash(self, password):
        return self.bed.run("openssl", "passwd", "-apr1", password).stdout.decode().strip()

    def start(self):
        """On the ports of last time if there are any, else on new ones."""
        for _ in range(1 if self.port else 5):
            port, tls_port = self.port or free_port(), self.tls_port or free_port()
            try:
                self._start(port, tls_port)
            except Failure as error:
                failure = error
                continue
            self.port, self.tls_port = port, tls_port
            return
        raise failure

    def _start(self, port, tls_port):
        config = self.CONFIG.format(port=port, tls_port=tls_port, **self.values)
        config += self._more()
        path = write(os.path.join(self.home, "squid.conf"), config)
        before = read(self.cache_log).count("Accepting ")
        self.process = self.bed.start(
            "squid",
            [self.bed.which("squid"), "-N", "-f", path],
            os.path.join(self.home, "squid.out"),
            env=self.env,
        )
        ports = len(re.findall(r"_port [0-9.]+:", config))
        self.process.wait_ready(
            lambda: read(self.cache_log).count("Accepting ") == before + ports
        )

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def change_password(self, word):
        """As an administrator does; squid forgets whom it knew, and its nonces."""
        self.stop()
        self.word = word
        self.values["login"] = self._login()
        self.start()

    def requests(self):
        """The lines of the access log: status, method, target, ..., login=..."""
        return read(self.access).splitlines()

    def logins_refused(self):
        """A 407 to a login, but for a Digest nonce that ran out (stale=true)."""
        refused = re.compile(r"407 .* login=" + self.SENT)
        return sum(
            1 for line in self.requests() if refused.match(line) and "stale=true" not in line
        )


class NtlmSquid(Squid):
    """With NTLMv2, verified by Samba's helper, which needs no domain for that."""

    SENT = r"NTLM(%20| )TlRMTVNTUAAD"  # a third message: the first two are no login
    word = WORD

    def __init__(self, bed):
        super().__init__(bed, "squid-ntlm")

    def _login(self, word=None):
        config = write(os.path.join(self.home, "smb.conf"), "[global]\n")
        return (
            f"auth_param ntlm program {self.bed.which('ntlm_auth')} --configfile={config} "
            "--helper-protocol=squid-2.5-ntlmssp "
            f"--username={USER} --domain={DOMAIN} --password={word or self.word}\n"
            "auth_param ntlm children 32 startup=4\n"
            "auth_param ntlm keep_alive on"
        )


class KerberosSquid(Squid):
    """With Kerberos, verified by its keytab; at more ports with another scheme, too."""

    SENT = r"Negotiate(%20| )"
    OTHERS = ("ntlm", "basic")

    def __init__(self, bed, kdc):
        self.kdc = kdc
        self.ports = {}
        super().__init__(bed, "squid-kerberos")

    def _login(self):
        keytab = shutil.copy2(self.kdc.keytab, self.home)
        self.env = dict(
            self.kdc.env(os.path.join(self.home, "none")),
            KRB5RCACHENAME=f"file2:{self.home}/replays",
        )
        helper = f"{self._helper('negotiate_kerberos_auth')} -d -s GSS_C_NO_NAME -k {keytab}"
        lines = [
            f"auth_param negotiate program {helper}",
            "auth_param negotiate children 16 startup=2",
            "auth_param negotiate keep_alive on",
            NtlmSquid._login(self, WORD),
            Squid._login(self),
        ]
        return "\n".join(lines)

    def _more(self):
        lines = ["acl others localport"]
        for scheme in self.OTHERS:
            port = self.ports[scheme] = free_port()
            lines[0] += f" {port}"
            lines.append(f"http_port 127.0.0.1:{port}")
            lines.append(f"acl with_{scheme} localport {port}")
            lines.append(f"auth_schemes negotiate,{scheme} with_{scheme}")
        lines.append("auth_schemes negotiate !others")
        return "\n".join(lines) + "\n"


class DigestSquid(Squid):
    SENT = "Digest."
    word = WORD

    def __init__(self, bed):
        super().__init__(bed, "squid-digest")

    def _login(self):
        a1 = hashlib.md5(f"{USER}:corp:{self.word}".encode()).hexdigest()
        write(os.path.join(self.home, "users"), f"{USER}:corp:{a1}\n")
        return (
            f"auth_param digest program {self._helper('digest_file_auth')} "
            f"-c {self.home}/users\n"
            "auth_param digest children 4 startup=1\n"
            "auth_param digest nonce_max_count 10\n"
            "auth_param digest realm corp"
        )


class Origin:
    """nginx with files, uploads, an echo, and git's smart protocol; plain and TLS."""

    CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {home}/access.log;
    client_body_temp_path {home}/tmp/body;
    proxy_temp_path {home}/tmp/proxy;
    fastcgi_temp_path {home}/tmp/fastcgi;
    uwsgi_temp_path {home}/tmp/uwsgi;
    scgi_temp_path {home}/tmp/scgi;
    client_max_body_size 0;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        server_name origin.test;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        root {home}/files;
        location /upload/ {{ dav_methods PUT; }}
        location /echo {{
            fastcgi_pass unix:{home}/cgi.sock;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME {home}/echo.cgi;
        }}
        location ~ ^/git(/.*) {{
            fastcgi_pass unix:{home}/cgi.sock;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME {backend};
            fastcgi_param GIT_PROJECT_ROOT {home}/git;
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO $1;
        }}
    }}
}}
"""
    # All is read before anything is written: fcgiwrap does not do both at once.
    ECHO = """#!/bin/sh
body=$(mktemp) || exit 1
cat >"$body"
printf 'Content-Type: application/octet-stream\\r\\nX-Method: %s\\r\\n' "$REQUEST_METHOD"
printf 'X-Seen-Login: %s\\r\\n\\r\\n' "${HTTP_PROXY_AUTHORIZATION:-none}"
cat "$body"
rm -f "$body"
"""
    BIG = 48 * 1024 * 1024

    def __init__(self, bed):
        self.bed = bed
        self.home = bed.directory("origin")
        self.files = bed.directory("origin", "files")
        bed.directory("origin", "files", "upload")
        bed.directory("origin", "tmp")
        self.cert, self.key = bed.certificate(
            "origin.test", "DNS:origin.test", "DNS:second.test", "DNS:bypass.test"
        )
        write(os.path.join(self.home, "echo.cgi"), self.ECHO, 0o755)
        write(os.path.join(self.files, "small.txt"), "a small file\n")
        for i in range(40):
            write(os.path.join(self.files, f"part-{i}"), f"part {i}\n" * (i * 500 + 1))
        big = os.urandom(1024 * 1024) * (self.BIG // (1024 * 1024))
        self.big = write(os.path.join(self.files, "big.bin"), big)
        self.big_sum = hashlib.sha256(big).hexdigest()
        self._make_repository()
        self._start_cgi()
        self._start_nginx()
        self.url = f"http://origin.test:{self.port}"
        self.tls_url = f"https://origin.test:{self.tls_port}"

    def _make_repository(self):
        bare = self.bed.directory("origin", "git", "project.git")
        run = self.bed.run
        run("git", "init", "-q", "--bare", "-b", "main", bare)
        run("git", "-C", bare, "config", "http.receivepack", "true")
        work = self.bed.directory("origin", "seed")
        run("git", "init", "-q", "-b", "main", work)
        write(os.path.join(work, "README"), "hello\n")
        write(os.path.join(work, "data"), os.urandom(3 * 1024 * 1024))
        self.git(work, "add", ".")
        self.git(work, "commit", "-q", "-m", "the first")
        self.git(work, "push", "-q", bare, "main")

    def git(self, work, *arguments, **more):
        return self.bed.run(
            "git", "-C", work, "-c", "user.name=e2e", "-c", "user.email=e2e@origin.test",
            *arguments, **more,
        )  # fmt: skip

    def _start_cgi(self):
        path = os.path.join(self.home, "cgi.sock")
        process = self.bed.start(
            "fcgiwrap",
            [self.bed.which("fcgiwrap"), "-f", "-c", "4", "-s", "unix:" + path],
            os.path.join(self.home, "cgi.out"),
            group=True,
        )
        process.wait_ready(lambda: os.path.exists(path))

    def _start_nginx(self):
        # The sockets are bound here and inherited, so that no port can be lost.
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self.tls_port = (each.getsockname()[1] for each in sockets)
        git = self.bed.run("git", "--exec-path").stdout.decode().strip()
        config = self.CONFIG.format(
            home=self.home,
            port=self.port,
            tls_port=self.tls_port,
            cert=self.cert,
            key=self.key,
            backend=os.path.join(git, "git-http-backend"),
            user="user root root;" if self.bed.is_root else "",
        )
        path = write(os.path.join(self.home, "nginx.conf"), config)
        numbers = [each.fileno() for each in sockets]
        env = dict(self.bed.env, NGINX="".join(f"{number};" for number in numbers))
        process = self.bed.start(
            "nginx",
            [self.bed.which("nginx"), "-p", self.home, "-c", path,
             "-e", os.path.join(self.home, "error.log")],
            os.path.join(self.home, "nginx.out"),
            env=env,
            pass_fds=numbers,
        )  # fmt: skip
        process.wait_ready(lambda: read(os.path.join(self.home, "nginx.pid")) != "")
        for each in sockets:
            each.close()


class Gate:
    """ccgate with a configuration and directories of its own. A setting that is None is
    left out."""

    count = 0

    def __init__(
        self, bed, binary, settings, password=PASSWORD, as_user=None, env=None, prefix=(),
        arguments=(),
    ):  # fmt: skip
        Gate.count += 1
        self.bed = bed
        self.binary = binary
        self.home = bed.directory(f"gate-{Gate.count}")
        self.prefix = list(prefix)
        self.arguments = list(arguments)
        self.env = env or bed.env
        self.password_file = os.path.join(self.home, "password")
        self.config = os.path.join(self.home, "ccgate.yaml")
        self.log = os.path.join(self.home, "log")
        self.process = None
        state, runtime = (bed.directory(self.home, name) for name in ("state", "run"))
        self.write_password(password)
        lines = {
            "listen": "127.0.0.1:0",
            "username": USER,
            "password_file": self.password_file,
            "state_dir": state,
            "runtime_dir": runtime,
        }
        lines.update(settings)
        kept = [(key, value) for key, value in lines.items() if value is not None]
        text = "".join(f"{key}: {value}\n" for key, value in kept)
        write(self.config, text, 0o600)
        os.chmod(runtime, 0o700)
        if as_user:
            bed.run("chown", "-R", as_user, self.home)
            self.prefix += setpriv(as_user)

    def write_password(self, password):
        write(self.password_file, password + "\n", 0o600)

    def start(self, **more):
        self.process = self.bed.start(
            "ccgate",
            self.prefix + [self.binary, "--config", self.config] + self.arguments,
            self.log,
            env=self.env,
            **more,
        )
        self.process.wait_ready(lambda: " ready " in self.process.output())
        found = re.search(r" listening .*addr=\"?([^\s\"/]+:\d+)", self.process.output())
        if not found:
            raise Failure(f"no listening line: {self.process.output()[:600]}")
        self.address = found.group(1)
        self.url = "http://" + self.address
        return self

    def stop(self):
        expect(self.process.stop(), 0, "the exit status of ccgate")

    def reload(self):
        before = self.process.output()
        self.process.child.send_signal(signal.SIGHUP)
        wait_until(
            lambda: "reload" in self.process.output()[len(before) :], 10, "the reload"
        )

    def descriptors(self):
        """How many are open: sockets, and others."""
        place = f"/proc/{self.process.child.pid}/fd"
        sockets = others = 0
        for name in os.listdir(place):
            try:
                is_socket = os.readlink(os.path.join(place, name)).startswith("socket:")
            except FileNotFoundError:
                continue
            sockets += is_socket
            others += not is_socket
        return sockets, others

    def memory(self):
        """RssAnon in KiB."""
        text = read(f"/proc/{self.process.child.pid}/status")
        return int(re.search(r"RssAnon:\s*(\d+)", text).group(1))


def setpriv(user):
    """What to put before a command to run it as somebody else; root only."""
    group = subprocess.run(
        ["id", "-gn", user], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.strip()
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
