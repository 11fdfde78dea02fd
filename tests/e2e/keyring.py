"""gnome-keyring in a D-Bus session of its own, without a desktop."""

import os
import signal

from bed import Process, read, write

UNLOCK = "what the desktop's login would have given"
# The bus ends with its only program; that is therefore what is ended, by its id.
SESSION = """
printf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS" >"$1/address"
printf '%s\\n' $$ >"$1/pid"
shift
exec "$@"
"""


class Session(Process):
    """dbus-run-session, which does not pass on a signal."""

    def __init__(self, home, *arguments, **more):
        self.home = home
        super().__init__(*arguments, **more)

    def end(self, how=signal.SIGTERM):
        pid = read(os.path.join(self.home, "pid"))
        if self.child.poll() is None and not self.ending and pid:
            os.kill(int(pid), how)
        self.ending = True


class Keyring:
    """Unlocked, or as it is when nobody has logged in. What was stored outlives `stop`."""

    def __init__(self, bed):
        self.bed = bed
        self.home = bed.directory("keyring")
        run = bed.directory("keyring", "run")
        os.chmod(run, 0o700)
        self.bare_env = dict(
            bed.env,
            HOME=self.home,
            XDG_RUNTIME_DIR=run,
            XDG_DATA_HOME=bed.directory("keyring", "data"),
            XDG_CONFIG_HOME=bed.directory("keyring", "config"),
            XDG_CACHE_HOME=bed.directory("keyring", "cache"),
        )
        self.env = self.process = None

    def start(self, unlocked=True):
        command = [self.bed.which("gnome-keyring-daemon"), "--foreground"]
        command += ["--components=secrets"] + (["--unlock"] if unlocked else [])
        for name in ("address", "pid"):
            write(os.path.join(self.home, name), "")
        word = write(os.path.join(self.home, "unlock"), UNLOCK, 0o600)
        with open(word, "rb") as stdin:
            self.process = Session(
                self.home,
                "gnome-keyring",
                [self.bed.which("dbus-run-session"), "--", "sh", "-c", SESSION, "sh",
                 self.home, *command],
                os.path.join(self.home, "log"),
                self.bare_env,
                stdin=stdin,
            )  # fmt: skip
        self.bed.processes.append(self.process)
        self.process.wait_ready(self._is_up)
        return self

    def _is_up(self):
        """There is a bus, and the name of the service is taken on it."""
        address = read(os.path.join(self.home, "address")).strip()
        if not address or not read(os.path.join(self.home, "pid")):
            return False
        # What ccgate and secret-tool need to find the keyring.
        self.env = dict(self.bare_env, DBUS_SESSION_BUS_ADDRESS=address)
        done = self.bed.run(
            "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
            "string:org.freedesktop.secrets", env=self.env,
        )  # fmt: skip
        return b"boolean true" in done.stdout

    def stop(self):
        self.process.stop()

    def store(self, secret, *attributes):
        """Attributes are names and values in turn, as secret-tool takes them."""
        self.bed.run(
            "secret-tool", "store", "--label=ccgate's test", *attributes,
            input=secret.encode(), env=self.env,
        )  # fmt: skip

    def lookup(self, *attributes):
        """None if there is no such secret, or the keyring is locked."""
        done = self.bed.run("secret-tool", "lookup", *attributes, check=False, env=self.env)
        return done.stdout.decode() if done.returncode == 0 else None
