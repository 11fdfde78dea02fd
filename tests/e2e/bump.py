"""squid-openssl as a proxy that inspects TLS (ssl_bump), in three ways."""

import os

from bed import read, write
from servers import Squid


class BumpSquid(Squid):
    """Certificates are made anew, signed by the company's root (`root`) or by a CA below it
    that is sent along (`sub`); or names are only looked at, and the server's own
    certificate comes through (`splice`)."""

    MODES = ("root", "sub", "splice")
    CONFIG = Squid.CONFIG.replace(
        "http_port {address}:{port}\n",
        "http_port {address}:{port} ssl-bump generate-host-certificates=on "
        "dynamic_cert_mem_cache_size=4MB tls-cert={signer} tls-key={signer_key}\n",
    )

    def __init__(self, bed, mode):
        self.mode = mode
        super().__init__(bed, "squid-bump-" + mode)

    def _login(self):
        self.authority = os.path.join(self.home, "root.pem")
        self._make_authority("root", "Inspecting Root")
        signer = "root"
        if self.mode == "sub":
            self._make_authority("sub", "Inspecting Proxy", "root")
            signer = "sub"
            # What stands behind the signer's certificate is sent along.
            both = read(os.path.join(self.home, "sub.pem")) + read(self.authority)
            write(os.path.join(self.home, "sub.pem"), both)
        self.values["signer"] = os.path.join(self.home, signer + ".pem")
        self.values["signer_key"] = os.path.join(self.home, signer + ".key")
        self.database = os.path.join(self.home, "ssl_db")
        self.bed.run(
            self._helper("security_file_certgen"), "-c", "-s", self.database, "-M", "4MB"
        )
        return super()._login()

    def _make_authority(self, name, subject, issuer=None):
        """A CA as companies have it, and its key."""
        path = os.path.join(self.home, name)
        signed = []
        if issuer:
            by = os.path.join(self.home, issuer)
            signed = ["-CA", by + ".pem", "-CAkey", by + ".key"]
        self.bed.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", f"/O=Corp/CN={subject}", *signed,
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", path + ".key", "-out", path + ".pem",
        )  # fmt: skip

    def _more(self):
        then = "splice" if self.mode == "splice" else "bump"
        return (
            f"sslcrtd_program {self._helper('security_file_certgen')} -s {self.database} "
            "-M 4MB\n"
            "sslcrtd_children 2 startup=1\n"
            f"tls_outgoing_options cafile={self.bed.ca}\n"
            "acl hello at_step SslBump1\n"
            "ssl_bump peek hello\n"
            f"ssl_bump {then} all\n"
            # Node asks for a tunnel for http:// URLs, too.
            "on_unsupported_protocol tunnel all\n"
        )
