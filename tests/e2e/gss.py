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
            [self._python(), os.path.join(HERE, "gss_proxy.py"), self.users, cert, key],
            os.path.join(self.home, "log"),
            env=env,
        )
        self.process.wait_ready(lambda: "ready " in self.process.output())
        found = re.findall(r"(\w+)=(\d+)", self.process.output().splitlines()[0])
        self.ports = {name: int(port) for name, port in found}

    def _python(self):
        """One that has the module: the package is for the system's own."""
        for path in ("python3", "/usr/bin/python3"):
            done = self.bed.run(path, "-c", "import gssapi", check=False)
            if done.returncode == 0:
                return path
        raise Failure("python3-gssapi is not installed")

    def logins(self):
        """Each login that was decided on."""
        lines = self.process.output().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
