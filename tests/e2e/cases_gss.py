"""NTLM before a second verifier, gss-ntlmssp, that looks at the MIC and the binding."""

from bed import Failure, expect, wait_until
from cases_gate import ask_both, ask_get, expect_error, together
from cases_login import PARALLEL, connect_status, expect_all
from gss import DOMAIN, OTHER_DOMAIN, OTHER_PASSWORD, OTHER_USER, PASSWORD, USER

SCHEMES = ("ntlm", "negotiate")  # the ports at which each of these cases is run


def gate_for(world, port, password=PASSWORD, **settings):
    lines = {
        "proxy": f"http://127.0.0.1:{world.gss.ports[port]}",
        "username": USER,
        "domain": DOMAIN,
    }
    lines.update(settings)
    return world.gate(lines, password=password)


def expect_logins(world, before, verdicts, **facts):
    """What was decided since then, and what each of these logins had in it."""
    wait_until(
        lambda: len(world.gss.logins()) >= before + len(verdicts), 10, "the proxy's log"
    )
    logins = world.gss.logins()[before:]
    expect([each["accepted"] for each in logins], verdicts, f"{logins}: accepted")
    for login in logins:
        for name, value in facts.items():
            expect(login.get(name), value, f"{login}: {name}")


def right_password(world, port):
    gate = gate_for(world, port)
    before = len(world.gss.logins())
    # In the other order the tunnel would go over the connection that is logged in.
    expect(connect_status(gate, f"origin.test:{world.origin.tls_port}"), 200, "CONNECT")
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 200, "GET")
    expect_logins(
        world, before, [True, True], user=USER, domain=DOMAIN, mic=True, lm_empty=True,
        bound=False, target="HTTP/127.0.0.1",
    )  # fmt: skip
    expect_all(world, gate)
    gate.stop()


def wrong_password(world, port):
    gate = gate_for(world, port, password=PASSWORD + "!")
    before = len(world.gss.logins())
    for _ in range(5):
        for what, answer in ask_both(gate, world):
            expect_error(answer, (403,), ("password",), what)
    expect_logins(world, before, [False])
    gate.stop()


def in_parallel(world, port):
    gate = gate_for(world, port)
    before = len(world.gss.logins())
    url = world.origin.url + "/small.txt"

    def one(number):
        if number % 2:
            return connect_status(gate, f"origin.test:{world.origin.tls_port}")
        return ask_get(gate, url).status

    expect(together(one, PARALLEL), [200] * PARALLEL, "the statuses")
    if not all(each["accepted"] for each in world.gss.logins()[before:]):
        raise Failure(f"{world.gss.logins()[before:]}")
    gate.stop()


def forms_of_the_name(world):
    """The domain apart, before the name, and letters beyond ASCII."""
    url = world.origin.url + "/small.txt"
    for settings, password, name in (
        ({"username": f"'{DOMAIN}\\{USER}'", "domain": None}, PASSWORD, f"{DOMAIN}\\{USER}"),
        ({"username": USER.upper()}, PASSWORD, None),
        (
            {"username": OTHER_USER, "domain": OTHER_DOMAIN},
            OTHER_PASSWORD,
            f"{OTHER_DOMAIN}\\{OTHER_USER}",
        ),
    ):
        gate = gate_for(world, "ntlm", password, **settings)
        before = len(world.gss.logins())
        expect(ask_get(gate, url).status, 200, f"{settings}")
        expect_logins(world, before, [True], mic=True, **({"name": name} if name else {}))
        gate.stop()


def changed_on_the_way(world):
    """The verifier looks at the MIC: one that does not fit is refused."""
    gate = gate_for(world, "tampered")
    before = len(world.gss.logins())
    answer = ask_get(gate, world.origin.url + "/small.txt")
    expect_error(answer, (403,), ("password",), "GET")
    expect_logins(world, before, [False], mic=True)
    gate.stop()


def bound_to_the_certificate(world):
    for port, good in (("tls", True), ("tls_other", False)):
        hop = f"https://127.0.0.1:{world.gss.ports[port]}"
        gate = gate_for(world, port, proxy=hop, tls="{ca: " + world.bed.ca + "}")
        before = len(world.gss.logins())
        answer = ask_get(gate, world.origin.url + "/small.txt")
        expect(answer.status, 200 if good else 403, port)
        expect_logins(world, before, [good], mic=True, bound=True)
        if good:
            expect_all(world, gate)
        gate.stop()


def run(world, results):
    for port in SCHEMES:
        for case in (right_password, wrong_password, in_parallel):
            results.run(f"gss_{port}/{case.__name__}", case, world, port)
    for case in (forms_of_the_name, changed_on_the_way, bound_to_the_certificate):
        results.run(f"gss_ntlm/{case.__name__}", case, world)
