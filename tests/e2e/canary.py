"""Looks for a secret, in every form that it could have taken."""

import base64
import hashlib
import hmac
import os
import re
import struct
import urllib.parse

from bed import Failure

CHUNK = 1 << 24


def md4(data):
    """RFC 1320; OpenSSL 3 does without it."""
    shifts = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))
    orders = (
        range(16),
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
    )
    mixes = (
        lambda x, y, z: (x & y) | (~x & z),
        lambda x, y, z: (x & y) | (x & z) | (y & z),
        lambda x, y, z: x ^ y ^ z,
    )
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    for start in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[start : start + 64])
        a, b, c, d = state
        for number, order in enumerate(orders):
            for step, word in enumerate(order):
                value = a + mixes[number](b, c, d) + words[word]
                value = (value + (0, 0x5A827999, 0x6ED9EBA1)[number]) & 0xFFFFFFFF
                by = shifts[number][step % 4]
                value = (value << by | value >> (32 - by)) & 0xFFFFFFFF
                a, b, c, d = d, value, b, c
        state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def base64_parts(secret):
    """What does not depend on the bytes around it, for each of the three places."""
    for place in range(3):
        text = base64.b64encode(b"\0" * place + secret + b"\0" * (-(place + len(secret)) % 3))
        first = -(-place * 4 // 3)
        last = (place + len(secret)) * 8 // 6
        yield text[first:last]


class Canary:
    """A secret and what can be made of it: its encodings, and the keys that are as good."""

    def __init__(self, secret, user, domain="", realms=()):
        raw = secret.encode()
        forms = {"raw": raw, "UTF-16": secret.encode("utf-16-le")}
        for place, text in enumerate(base64_parts(raw)):
            forms[f"base64 at {place}"] = text
        for name, quote in (("URL", urllib.parse.quote), ("form", urllib.parse.quote_plus)):
            text = quote(raw, "")
            forms[name] = text.encode()
            small = re.sub("%[0-9A-F]{2}", lambda hit: hit.group().lower(), text)
            forms[name + " in small letters"] = small.encode()
        nt_hash = md4(secret.encode("utf-16-le"))
        keys = {"password": raw, "NT hash": nt_hash}
        forms["NT hash"] = nt_hash
        for name in {domain, domain.upper()}:
            text = (user.upper() + name).encode("utf-16-le")
            key = hmac.new(nt_hash, text, hashlib.md5).digest()
            forms[f"NTLMv2 key {name}"] = keys[f"NTLMv2 key {name}"] = key
        for realm in realms:
            key = hashlib.md5(f"{user}:{realm}:{secret}".encode()).digest()
            forms[f"HA1 {realm}"] = keys[f"HA1 {realm}"] = key
        for name, key in keys.items():
            forms[f"hex of {name}"] = key.hex().encode()
            forms[f"HEX of {name}"] = key.hex().upper().encode()
        self.secret = raw
        self.forms = forms

    def forms_in(self, data):
        return [name for name, form in self.forms.items() if form in data]

    def absent(self, data, what):
        if isinstance(data, str):
            data = data.encode()
        found = self.forms_in(data)
        if found:
            raise Failure(f"{what} holds the secret: {', '.join(found)}")

    def absent_from_file(self, path, what):
        for piece in pieces_of(open(path, "rb"), 0, os.path.getsize(path)):
            self.absent(piece, what)

    def places_in_memory(self, pid, dumped=True):
        """Where a process holds it: in what a core has, or in what it leaves out."""
        places = []
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end, name, flags in mappings(pid):
                if ("dd" in flags) == dumped or name in ("[vvar]", "[vsyscall]"):
                    continue
                if not dumped and end - start > CHUNK:
                    continue  # the shadow of a sanitizer, of terabytes
                for piece in pieces_of(memory, start, end):
                    places += [f"{form} in {name or 'anonymous'} at {start:x}"
                               for form in self.forms_in(piece)]  # fmt: skip
        return places

    def absent_from_memory(self, pid, what):
        """That the search can find something is shown by what it finds elsewhere."""
        places = self.places_in_memory(pid)
        if places:
            raise Failure(f"{what}: the memory holds the secret: {'; '.join(places)}")


def mappings(pid):
    """start, end, name and VmFlags of each that can be read."""
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r?)\S+ \S+ \S+ \S+\s*(.*)", line)
            if head:
                start, end, readable, name = head.groups()
            elif line.startswith("VmFlags:") and readable:
                yield int(start, 16), int(end, 16), name, line.split()[1:]


def pieces_of(file, start, end):
    """Large pieces that overlap, so that nothing is cut in two. Holes are left out."""
    while start < end:
        try:
            file.seek(start)
            piece = file.read(min(CHUNK, end - start))
        except OSError:  # a mapping that has no page there
            piece = b""
        if not piece:
            return
        yield piece
        start += len(piece) if start + len(piece) >= end else max(1, len(piece) - 4096)
