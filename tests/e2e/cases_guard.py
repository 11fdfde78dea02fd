"""No account is locked: several daemons, restarts, many requests, one wrong password."""

import threading

from bed import Failure, expect, wait_until
from cases_gate import ask_get, together
from cases_login import connect_status, expect_refused, gate_for
from servers import WORD

PARALLEL = 100  # for each of two daemons


def ask(world, gate, number):
    if number % 2:
        return connect_status(gate, f"origin.test:{world.origin.tls_port}")
    return ask_get(gate, world.origin.url + "/small.txt").status


def two_gates(world, squid, name, password):
    """That share a state file."""
    state = world.bed.directory(f"guard-state-{name}")
    return [gate_for(world, squid, password, state_dir=state) for _ in range(2)]


def wrong_password(world, squid, name):
    before = squid.logins_refused()
    gates = two_gates(world, squid, name, "wrong")
    statuses = together(lambda n: ask(world, gates[n % 2], n // 2), 2 * PARALLEL)
    expect(statuses, [403] * len(statuses), "the statuses")
    expect_refused(squid, before, 1)
    for gate in gates:
        gate.stop()
    # A restart changes nothing.
    gates = two_gates(world, squid, name, "wrong")
    for number in range(4):
        expect(ask(world, gates[number % 2], number), 403, "after a restart")
    expect_refused(squid, before, 1)
    # Another password does.
    for gate in gates:
        gate.stop()
    gates = two_gates(world, squid, name, WORD)
    for number in range(4):
        expect(ask(world, gates[number % 2], number), 200, "with the right password")
    expect_refused(squid, before, 1)
    for gate in gates:
        gate.stop()


def right_password(world, squid, name):
    """What is written down of a login holds nobody back."""
    before = squid.logins_refused()
    gates = two_gates(world, squid, name, WORD)
    statuses = together(lambda n: ask(world, gates[n % 2], n // 2), 40)
    expect(statuses, [200] * len(statuses), "the statuses")
    expect_refused(squid, before, 0)
    for gate in gates:
        gate.stop()


def becomes_wrong(world, squid, name):
    """While many connect: a failure where it is tried, and one where it was good."""
    before, word = squid.logins_refused(), squid.word
    gate = gate_for(world, squid, word, state_dir=world.bed.directory(f"guard-state-{name}"))
    statuses, done = [], threading.Event()

    def keep_asking(number):
        while not done.is_set():
            try:
                statuses.append(ask(world, gate, number))
            except (OSError, IndexError):  # cut, when squid ends
                continue

    try:
        asking = [threading.Thread(target=keep_asking, args=(n,)) for n in range(20)]
        for thread in asking:
            thread.start()
        wait_until(lambda: statuses.count(200) >= 100, 20, "the right password")
        squid.change_password("another " + word)
        wait_until(lambda: statuses[-20:] == [403] * 20, 20, "the guard to close")
    finally:
        done.set()
        for thread in asking:
            thread.join()
        gate.stop()
        squid.change_password(word)
    refused = squid.logins_refused() - before
    if refused not in (1, 2):
        raise Failure(f"{refused} logins were refused")


def run(world, results):
    for name, squid in (("basic", world.squid), ("ntlm", world.ntlm), ("digest", world.digest)):
        results.run(f"guard/{name}/becomes_wrong", becomes_wrong, world, squid, name)
    for name, squid in (("ntlm", world.ntlm), ("digest", world.digest)):
        for case in (wrong_password, right_password):
            results.run(
                f"guard/{name}/{case.__name__}", case, world, squid, f"{name}-{case.__name__}"
            )
