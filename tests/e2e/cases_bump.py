"""Behind a proxy that inspects TLS: what tools accept by `ccgate env`, and refuse without."""

from bed import expect, expect_in
from bump import BumpSquid
from cases_clients import curl
from cases_env import SMALL, TOOLS, trusting


def seen(world, gate, *arguments, **more):
    """What curl fetches, and what it says of the certificate."""
    url = world.origin.tls_url + "/small.txt"
    return curl(world.bed, gate.url, "-f", "-v", *arguments, url, **more)


def is_inspected(world, squid, gate):
    """The public authority is not enough, the company's is, and it is the issuer."""
    done = seen(world, gate, check=False)
    expect(done.returncode, 60, "curl's status with the public authority")
    done = seen(world, gate, "--cacert", squid.authority)
    expect(done.stdout, SMALL, "with the company's authority")
    issuer = {"root": b"Inspecting Root", "sub": b"Inspecting Proxy"}[squid.mode]
    expect_in(b"issuer: O=Corp; CN=" + issuer, done.stderr, "the certificate")


def is_spliced(world, squid, gate):
    """The server's own certificate comes through; the company's authority is no help."""
    done = seen(world, gate)
    expect(done.stdout, SMALL, "with the public authority")
    expect_in(b"issuer: CN=ccgate test authority", done.stderr, "the certificate")
    done = seen(world, gate, "--cacert", squid.authority, check=False)
    expect(done.returncode, 60, "curl's status with the company's authority")


def run_mode(world, results, mode):
    squid = BumpSquid(world.bed, mode)
    squid.start()
    authority = world.bed.ca if mode == "splice" else squid.authority
    proxy = {"proxy": f"http://127.0.0.1:{squid.port}"}
    gate = trusting(world, proxy, authority=authority).start()
    check = is_spliced if mode == "splice" else is_inspected
    results.run(f"bump_{mode}/{check.__name__}", check, world, squid, gate)
    for tool in TOOLS:
        results.run(f"bump_{mode}/{tool.__name__}", tool, world, gate)
    results.run(f"bump_{mode}/ends_well", gate.stop)
    squid.stop()


def run(world, results):
    for mode in BumpSquid.MODES:
        if results.wanted(f"bump_{mode}/"):
            run_mode(world, results, mode)
