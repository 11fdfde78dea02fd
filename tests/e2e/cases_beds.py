"""The test beds themselves, with other programs than ccgate: what they are to refuse is
refused, and what they are to let through passes."""

from bed import Failure, expect, expect_in, read, wait_until, write
from kdc import PROXY, STALE, UNKNOWN, SilentKdc, with_hosts


def curl_by_ticket(world, env, name, port, url):
    """The status and what curl said, with the ticket that the environment names."""
    done = world.bed.run(
        *with_hosts(world.bed, world.kdc.hosts), "curl", "-q", "-sS", "--noproxy", "",
        "-x", f"http://{name}:{port}", "--proxy-negotiate", "-U", ":", "--cacert",
        world.bed.ca, "-o", "/dev/null", "-w", "%{http_code} %{http_connect}", url,
        env=env, check=False,
    )  # fmt: skip
    return done.stdout.decode(), done.stderr.decode()


def a_ticket_works(world):
    kdc, squid = world.kdc, world.kerberos
    env = kdc.env(kdc.ticket())
    before = len(squid.requests())
    targets = ((world.origin.url, "200 000"), (world.origin.tls_url, "200 200"))
    for port in (squid.port, *squid.ports.values()):
        for base, statuses in targets:
            got, said = curl_by_ticket(world, env, PROXY, port, base + "/small.txt")
            expect(got, statuses, f"{base}: {said}")
    wait_until(lambda: len(squid.requests()) >= before + 6, 10, "squid's access log")
    for line in squid.requests()[before:]:
        expect_in("user=alice@KRB.TEST", line, "squid's access log")


def without_a_ticket(world):
    kdc, squid = world.kdc, world.kerberos
    for what, cache in (("none", kdc.cache()), ("expired", kdc.expired())):
        url = world.origin.url + "/small.txt"
        got, said = curl_by_ticket(world, kdc.env(cache), PROXY, squid.port, url)
        expect(got, "407 000", f"{what}: {said}")


def other_names(world):
    """An old key at the proxy; a name that the KDC does not know."""
    kdc, squid = world.kdc, world.kerberos
    env = kdc.env(kdc.ticket())
    url = world.origin.url + "/small.txt"
    for name, reason in ((STALE, "keytab is likely out of date"), (UNKNOWN, None)):
        before = len(read(squid.cache_log))
        got, said = curl_by_ticket(world, env, name, squid.port, url)
        expect(got, "407 000", f"{name}: {said}")
        if reason:
            expect_in(reason, read(squid.cache_log)[before:], name)


def what_is_offered(world):
    squid, url = world.kerberos, world.origin.url + "/small.txt"
    for port, offers in (
        (squid.port, ["negotiate"]),
        (squid.ports["ntlm"], ["negotiate", "ntlm"]),
        (squid.ports["basic"], ["negotiate", "basic"]),
    ):
        done = world.bed.run(
            "curl", "-q", "-sS", "-i", "--noproxy", "", "-x", f"127.0.0.1:{port}", url
        )
        lines = done.stdout.decode().split("\r\n\r\n")[0].lower().splitlines()
        got = [line.split()[1] for line in lines if line.startswith("proxy-authenticate:")]
        expect(got, offers, f"schemes at port {port}")


def the_kdc_stops(world):
    """What is in the cache lasts; what is not cannot be had."""
    kdc, squid = world.kdc, world.kerberos
    kept, bare = kdc.ticket(), kdc.ticket()
    kdc.service_ticket(kept)
    url = world.origin.url + "/small.txt"
    kdc.stop()
    try:
        for cache, statuses in ((kept, "200 000"), (bare, "407 000")):
            got, said = curl_by_ticket(world, kdc.env(cache), PROXY, squid.port, url)
            expect(got, statuses, said)
    finally:
        kdc.start()
    got, said = curl_by_ticket(world, kdc.env(bare), PROXY, squid.port, url)
    expect(got, "200 000", "after the KDC is back: " + said)


def a_silent_kdc(world):
    """It is asked, and who asks it waits. (For half a minute, which nobody does here.)"""
    kdc = world.kdc
    cache = kdc.ticket()
    with SilentKdc(kdc) as silent:
        asking = world.bed.start(
            "kvno",
            [world.bed.which("kvno"), f"HTTP/{PROXY}"],
            world.bed.path("kvno.out"),
            env=kdc.env(cache, silent.config),
        )
        wait_until(silent.was_asked, 10, "the silent KDC to be asked")
        expect(asking.child.poll(), None, "kvno's end")
        asking.stop()
    expect("HTTP/" in kdc.tickets(cache), False, "a ticket of a KDC that says nothing")


def a_big_ticket(world):
    kdc, squid = world.kdc, world.kerberos
    cache = kdc.ticket()
    kdc.big_ticket(cache, 12_000)
    before = len(squid.requests())
    url = world.origin.url + "/small.txt"
    got, said = curl_by_ticket(world, kdc.env(cache), PROXY, squid.port, url)
    expect(got, "200 000", said)
    wait_until(lambda: len(squid.requests()) > before, 10, "squid's access log")
    size = int(squid.requests()[before].split(" head=")[1].split()[0])
    if size < 16_000:
        raise Failure(f"a request head of {size} bytes")


def ntlm_by_curl(world):
    """In SPNEGO, by the library that verifies it, too."""
    good, bad = world.gss.users, world.bed.path("wrong-users")
    write(bad, "CORP:alice:wrong\n")
    for users, statuses in ((good, "200 000"), (bad, "407 000")):
        before = len(world.gss.logins())
        done = world.bed.run(
            "curl", "-q", "-sS", "--noproxy", "", "--proxy-negotiate", "-U", ":",
            "-x", f"127.0.0.1:{world.gss.ports['negotiate']}", "-o", "/dev/null",
            "-w", "%{http_code} %{http_connect}", world.origin.url + "/small.txt",
            env=dict(world.bed.env, NTLM_USER_FILE=users), check=False,
        )  # fmt: skip
        expect(done.stdout.decode(), statuses, done.stderr.decode())
        logins = world.gss.logins()[before:]
        expect([each["accepted"] for each in logins], [users == good], "logins")


def the_keyring_keeps(world):
    """Over a restart, and to itself while it is locked."""
    keyring, secret = world.keyring, "Straße 42 – пароль €"
    names = ("service", "the test bed", "username", "alice")
    expect(keyring.lookup(*names), None, "what is not there")
    keyring.store(secret, *names)
    expect(keyring.lookup(*names), secret, "what was stored")
    for unlocked, wanted in ((False, None), (True, secret)):
        keyring.stop()
        keyring.start(unlocked=unlocked)
        expect(keyring.lookup(*names), wanted, f"unlocked: {unlocked}")


ALL = (
    a_ticket_works, without_a_ticket, other_names, what_is_offered, the_kdc_stops,
    a_silent_kdc, a_big_ticket, ntlm_by_curl, the_keyring_keeps,
)  # fmt: skip


def run(world, results):
    for case in ALL:
        results.run(f"bed/{case.__name__}", case, world)
