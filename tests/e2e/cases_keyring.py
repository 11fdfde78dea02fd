"""Passwords from the Secret Service."""

from bed import expect, read
from cases_gate import ask_get, expect_works
from servers import PASSWORD, USER

SETTINGS = {"password_file": None, "password_keyring": "true"}
NAMES = ("service", "ccgate", "username", USER)


def password_from_the_keyring(world):
    """Also one that is there only at the reload."""
    world.keyring.store("wrong", *NAMES)
    gate = world.gate(SETTINGS, env=world.keyring.env)
    expect(ask_get(gate, world.origin.url + "/small.txt").status, 403, "a wrong one")
    world.keyring.store(PASSWORD, *NAMES)
    gate.reload()
    expect_works(gate, world)
    gate.stop()
    expect(PASSWORD in read(gate.log), False, "the password in the log")


ALL = (password_from_the_keyring,)
