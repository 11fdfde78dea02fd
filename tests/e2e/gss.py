"""The proxy that gss-ntlmssp verifies the logins of, as a server of the test bed."""

import json
import os
import re

from bed import Failure, write

HERE = os.path.dirname(os.path.abspath(__file__))
USER, DOMAIN = "alice", "CORP"
PASSWORD = "Straße 42 – пароль €"
# A name whose upper case is not ASCII either: MS-NLMP 3.3.2 takes it so.
OTHER_USER, OTHER_DOMAIN, OTHER_PASSWORD = "jürgen", "Vertrieb", "plain"


def system_python(bed):
    """One that has the module: the package is for the system's own."""
    for path in ("python3", "/usr/bin/python3"):
        done = bed.run(path, "-c", "import gssapi", check=False)
        if done.returncode == 0:
            return path
    raise Failure("python3-gssapi is not installed")


def ports_of(process):
    """What it says in its first line."""
    process.wait_ready(lambda: "ready " in process.output())
    found = re.findall(r"(\w+)=(\d+)", process.output().splitlines()[0])
    return {name: int(port) for name, port in found}


class ProvingProxy:
    """Kerberos, with a proof of the proxy's own; see proving_proxy.py."""

    def __init__(self, bed, kdc):
        home = bed.directory("proving-proxy")
        program = os.path.join(HERE, "proving_proxy.py")
        self.process = bed.start(
            "proving_proxy.py",
            [system_python(bed), program, kdc.keytab],
            os.path.join(home, "log"),
            env=kdc.env(os.path.join(home, "none")),
        )
        self.ports = ports_of(self.process)


class GssProxy:
    def __init__(self, bed):
        self.bed = bed
        self.home = bed.directory("gss-proxy")
        self.users = write(
            os.path.join(self.home, "users"),
            f"{DOMAIN}:{USER}:{PASSWORD}\n{OTHER_DOMAIN}:{OTHER_USER}:{OTHER_PASSWORD}\n",
        )
        cert, key = bed.certificate("gss.test", "DNS:gss.test", "IP:127.0.0.1")
        env = dict(bed.env, NETBIOS_COMPUTER_NAME="PROXY", NETBIOS_DOMAIN_NAME=DOMAIN)
        self.process = bed.start(
            "gss_proxy.py",
            [system_python(bed), os.path.join(HERE, "gss_proxy.py"), self.users, cert, key],
            os.path.join(self.home, "log"),
            env=env,
        )
        self.ports = ports_of(self.process)

    def logins(self):
        """Each login that was decided on."""
        lines = self.process.output().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
