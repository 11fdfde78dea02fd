"""squid-openssl as a proxy that inspects TLS (ssl_bump), in three ways."""

import os

from bed import read, write
from servers import Squid


class BumpSquid(Squid):
    """Certificates are made anew, signed by the company's root (`root`) or by a CA below it
    that is sent along (`sub`); or names are only looked at, and the server's own
    certificate comes through (`splice`), as that of bypass.test does in all of them."""

    MODES = ("root", "sub", "splice")
    CONFIG = Squid.CONFIG.replace(
        "http_port {address}:{port}\n",
        "http_port {address}:{port} ssl-bump generate-host-certificates=on "
        "dynamic_cert_mem_cache_size=4MB tls-cert={signer} tls-key={signer_key}\n",
    )

    def __init__(self, bed, mode, more=""):
        self.mode = mode
        super().__init__(bed, f"squid-bump-{mode}{more}")

    def _login(self):
        self.authority = os.path.join(self.home, "root.pem")
        self._make_authority("root", "Inspecting Root")
        signer = "root"
        if self.mode == "sub":
            self._make_authority("sub", "Inspecting Proxy", "root")
            signer = "sub"
            self.lower = read(os.path.join(self.home, "sub.pem"))
            self._send(self.lower + read(self.authority))
        self.values["signer"] = os.path.join(self.home, signer + ".pem")
        self.values["signer_key"] = os.path.join(self.home, signer + ".key")
        self.database = os.path.join(self.home, "ssl_db")
        self.bed.run(
            self._helper("security_file_certgen"), "-c", "-s", self.database, "-M", "4MB"
        )
        return super()._login()

    def _send(self, certificates):
        """What stands behind the signer's certificate is sent along."""
        write(os.path.join(self.home, "sub.pem"), certificates)

    def send_root(self, also):
        self.stop()
        self._send(self.lower + (read(self.authority) if also else ""))
        self.start()

    def _make_authority(self, name, subject, issuer=None):
        """A CA as companies have it, and its key."""
        path = os.path.join(self.home, name)
        signed = []
        if issuer:
            by = os.path.join(self.home, issuer)
            signed = ["-CA", by + ".pem", "-CAkey", by + ".key"]
        self.bed.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "200",
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
            "acl bypass ssl::server_name bypass.test\n"
            "ssl_bump splice bypass\n"
            f"ssl_bump {then} all\n"
            # Node asks for a tunnel for http:// URLs, too.
            "on_unsupported_protocol tunnel all\n"
        )
