"""big_ticket.py SERVICE SIZE: gets a ticket for the service with that many bytes of
authorization data, as a directory's tickets for members of many groups have them.

The KDC copies what the client sends there (RFC 4120, 5.4.1). No program of MIT's asks for
that, so its library is called. The ticket goes to the default cache."""

import ctypes
import sys

LIBRARY = "libkrb5.so.3"
IF_RELEVANT = 1  # what is inside is skipped by who does not know it
UNKNOWN = 200
NO_STORE = 8  # KRB5_GC_NO_STORE

POINTER = ctypes.c_void_p


class Data(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int), ("length", ctypes.c_uint), ("data", POINTER)]


class Keyblock(ctypes.Structure):
    _fields_ = [
        ("magic", ctypes.c_int),
        ("enctype", ctypes.c_int),
        ("length", ctypes.c_uint),
        ("contents", POINTER),
    ]


class Authdata(ctypes.Structure):
    _fields_ = [
        ("magic", ctypes.c_int),
        ("type", ctypes.c_int),
        ("length", ctypes.c_uint),
        ("contents", ctypes.c_char_p),
    ]


class Creds(ctypes.Structure):
    _fields_ = [
        ("magic", ctypes.c_int),
        ("client", POINTER),
        ("server", POINTER),
        ("keyblock", Keyblock),
        ("times", ctypes.c_int * 4),
        ("is_skey", ctypes.c_uint),
        ("flags", ctypes.c_int),
        ("addresses", POINTER),
        ("ticket", Data),
        ("second_ticket", Data),
        ("authdata", ctypes.POINTER(ctypes.POINTER(Authdata))),
    ]


def der(tag, *parts):
    """Of lengths from 256 to 65535."""
    body = b"".join(parts)
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def main():
    service, size = sys.argv[1], int(sys.argv[2])
    krb5 = ctypes.CDLL(LIBRARY)

    def call(name, *arguments):
        code = getattr(krb5, name)(*arguments)
        if code:
            sys.exit(f"{name}: {ctypes.c_int32(code).value}")

    context, cache = POINTER(), POINTER()
    call("krb5_init_context", ctypes.byref(context))
    call("krb5_cc_default", context, ctypes.byref(cache))
    wanted, client, server = Creds(), POINTER(), POINTER()
    call("krb5_cc_get_principal", context, cache, ctypes.byref(client))
    call("krb5_parse_name", context, service.encode(), ctypes.byref(server))
    wanted.client, wanted.server = client, server
    number = bytes([0xA0, 4, 2, 2, 0, UNKNOWN])
    element = der(0x30, number, der(0xA1, der(0x04, b"x" * size)))
    content = der(0x30, element)
    data = Authdata(0, IF_RELEVANT, len(content), content)
    array = (ctypes.POINTER(Authdata) * 2)(ctypes.pointer(data), None)
    wanted.authdata = array
    got = ctypes.POINTER(Creds)()
    call(
        "krb5_get_credentials", context, NO_STORE, cache, ctypes.byref(wanted),
        ctypes.byref(got),
    )  # fmt: skip
    # Stored as it is, it would only be found by who asks for the same data.
    got.contents.authdata = None
    call("krb5_cc_store_cred", context, cache, got)


if __name__ == "__main__":
    main()
