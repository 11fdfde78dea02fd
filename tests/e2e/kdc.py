"""A real MIT KDC on loopback, with a realm of its own, and what goes with it: tickets,
keytabs, krb5.conf, names for the proxy, and a KDC that never answers."""

import os
import socket
import struct
import sys

from bed import Failure, expect, free_port, read, write

REALM = "KRB.TEST"
USER, PASSWORD = "alice", "Kerberos 3-Köpfe"
BOT = "bot"  # logs in with a keytab, at the client's side
# What the proxy is called. Its keytab has the right key for the first, an old one for the
# second and none for the third, which the KDC does not know either.
PROXY, STALE, UNKNOWN = "proxy.krb.test", "stale.krb.test", "unknown.krb.test"

CLIENT = """
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    dns_uri_lookup = false
    qualify_shortname = ""
    rdns = false
    default_ccache_name = FILE:{home}/nobody
    default_client_keytab_name = FILE:{home}/none
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    .krb.test = {realm}
[logging]
    kdc = FILE:{home}/kdc.log
    default = FILE:{home}/kdc.log
"""
SERVER = """
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {home}/principal
        key_stash_file = {home}/stash
        acl_file = {home}/acl
        admin_keytab = {home}/admin.keytab
        max_life = 10h
        max_renewable_life = 7d
        default_principal_flags = +preauth
    }}
"""


class Kdc:
    def __init__(self, bed):
        self.bed = bed
        self.home = bed.directory("kdc")
        self.log = os.path.join(self.home, "kdc.log")
        self.port = self.process = None
        # The one for the proxy and the one for the client's own login.
        self.keytab = os.path.join(self.home, "http.keytab")
        self.bot_keytab = os.path.join(self.home, "bot.keytab")
        self.hosts = write(
            os.path.join(self.home, "hosts"),
            f"127.0.0.1 localhost {PROXY} {STALE} {UNKNOWN}\n",
        )
        self.count = 0
        self.start()

    def start(self):
        """On the port of last time if there is one, else on a new one."""
        for _ in range(1 if self.port else 5):
            port = self.port or free_port()
            self._configure(port)
            try:
                self._start()
            except Failure as error:
                failure = error
                continue
            self.port = port
            return
        raise failure

    def _configure(self, port):
        self.config = self.client_config("krb5.conf", port)
        values = {"realm": REALM, "home": self.home, "port": port}
        profile = write(os.path.join(self.home, "kdc.conf"), SERVER.format(**values))
        self.server_env = dict(
            self.bed.env, KRB5_CONFIG=self.config, KRB5_KDC_PROFILE=profile
        )
        if not os.path.exists(os.path.join(self.home, "principal")):
            self._make_database()

    def _start(self):
        before = read(self.log).count("commencing operation")
        self.process = self.bed.start(
            "krb5kdc",
            [self.bed.which("krb5kdc"), "-n"],
            os.path.join(self.home, "kdc.out"),
            env=self.server_env,
        )
        self.process.wait_ready(
            lambda: read(self.log).count("commencing operation") > before
        )

    def _make_database(self):
        self.bed.run(
            "kdb5_util", "create", "-s", "-r", REALM, "-P", "master", env=self.server_env
        )
        lines = [f'addprinc -pw "{PASSWORD}" {USER}']
        for name in (f"HTTP/{PROXY}", f"HTTP/{STALE}"):
            lines += [f"addprinc -randkey {name}", f"ktadd -k {self.keytab} {name}"]
        # The key that the proxy has is now one of the past.
        lines.append(f"cpw -randkey HTTP/{STALE}")
        lines += [f"addprinc -randkey {BOT}", f"ktadd -k {self.bot_keytab} {BOT}"]
        done = self._administer(lines)
        for path in (self.keytab, self.bot_keytab):
            if not os.path.exists(path):
                text = (done.stdout + done.stderr)[-600:].decode(errors="replace")
                raise Failure(f"kadmin.local made no keytab: {text}")

    def _administer(self, lines):
        return self.bed.run(
            "kadmin.local", input="\n".join(lines).encode() + b"\n", env=self.server_env
        )

    def stop(self):
        self.process.stop()

    def add_robot(self, name):
        """A principal that logs in with a keytab; the path of that."""
        self._administer([f"addprinc -randkey {name}"])
        return self.new_keys(name)

    def new_keys(self, name):
        """In the keytab of the principal, and nowhere else the old ones."""
        path = os.path.join(self.home, f"{name}.keytab")
        if os.path.exists(path):
            os.unlink(path)
        self._administer([f"ktadd -k {path} {name}"])
        return path

    def forget_keys(self, name):
        """The keytab of the principal is one of the past now."""
        self._administer([f"cpw -randkey {name}"])

    def rejected(self, name):
        """How often the KDC counted a login of the principal as failed."""
        lines = read(self.log).splitlines()
        return sum(1 for line in lines if f" PREAUTH_FAILED: {name}@" in line)

    def client_config(self, name, port):
        """The path of a krb5.conf whose KDC is at that port."""
        values = {"realm": REALM, "home": self.home, "port": port}
        return write(os.path.join(self.home, name), CLIENT.format(**values))

    def cache(self):
        """The path of a ticket cache that is not there yet."""
        self.count += 1
        return os.path.join(self.home, f"cache-{self.count}")

    def env(self, cache, config=None):
        """What a client of the realm needs."""
        config = config or self.config
        return dict(self.bed.env, KRB5_CONFIG=config, KRB5CCNAME="FILE:" + cache)

    def ticket(self, cache=None, user=USER, life="1h"):
        """Logs the user in; the path of the cache."""
        cache = cache or self.cache()
        self.bed.run(
            "kinit", "-l", life, user, input=PASSWORD.encode() + b"\n", env=self.env(cache)
        )
        return cache

    def expired(self):
        """A cache with a ticket that was good until a day ago. The times in the file are
        moved; to wait would take five minutes, which the clocks may differ."""
        life, day = 4321, 24 * 3600
        cache = self.ticket(life=f"{life}s")
        with open(cache, "rb") as file:
            data = file.read()
        times = struct.Struct(">III")
        for place in range(len(data) - times.size):
            auth, begin, end = times.unpack_from(data, place)
            # A second may have passed on the way.
            if begin - auth in (0, 1) and abs(end - begin - life) < 2:
                break
        else:
            raise Failure("the times of the ticket were not found")
        old = times.pack(auth - day, begin - day, end - day)
        write(cache, data[:place] + old + data[place + times.size :], 0o600)
        expect(self.is_valid(cache), False, "the validity of an old ticket")
        return cache

    def is_valid(self, cache):
        return self.bed.run("klist", "-s", check=False, env=self.env(cache)).returncode == 0

    def service_ticket(self, cache, name=PROXY):
        """As a client gets it when it first speaks to the proxy."""
        self.bed.run("kvno", f"HTTP/{name}", env=self.env(cache))

    def big_ticket(self, cache, size):
        """The same with a ticket of more than `size` bytes."""
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "big_ticket.py")
        self.bed.run(
            sys.executable, program, f"HTTP/{PROXY}", str(size), env=self.env(cache)
        )

    def tickets(self, cache):
        return self.bed.run("klist", env=self.env(cache)).stdout.decode()

    def asked(self):
        """How often a client asked the KDC."""
        return sum(1 for line in read(self.log).splitlines() if "_REQ (" in line)


class SilentKdc:
    """Takes what is sent to the port and never answers, by UDP and by TCP."""

    def __init__(self, kdc):
        for _ in range(20):
            self.tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
            port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind(("127.0.0.1", port))
                break
            except OSError:
                self.close()
        else:
            raise Failure("no port is free for UDP and TCP")
        self.config = kdc.client_config("silent.conf", port)

    def was_asked(self):
        """Whether anything has come by UDP, which is tried first."""
        try:
            return bool(self.udp.recv(65536, socket.MSG_DONTWAIT | socket.MSG_PEEK))
        except BlockingIOError:
            return False

    def close(self):
        self.udp.close()
        self.tcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def with_hosts(bed, hosts):
    """What to put before a command that is to find these names in /etc/hosts."""
    return with_file(bed, hosts, "/etc/hosts")


def with_file(bed, own, place):
    """What to put before a command that is to find another file in its place: it runs in
    a mount namespace of its own, with the same process id."""
    share = ["unshare", "--mount"]
    if not bed.is_root:
        share.append("--map-root-user")
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    return share + ["sh", "-c", script, own, place]
