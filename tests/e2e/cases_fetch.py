"""ccgate-system fetches PAC files: from nginx, and from servers that do as they should not."""

import os
import socket
import ssl
import threading
import time

from bed import Failure, expect, expect_in, free_port, write
from system_child import SystemChild, program_of

PAC = "function FindProxyForURL(url, host) { return 'DIRECT'; }\n"
OK = b"HTTP/1.1 200 OK\r\n"


class Server:
    """Answers each request by what `answer(link, head)` writes; then it hangs up."""

    def __init__(self, answer, context=None, address="127.0.0.1", port=0):
        self.answer = answer
        self.context = context
        self.heads = []
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://{address}:{self.port}/proxy.pac"
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with link:
            try:
                if self.context:
                    link = self.context.wrap_socket(link, server_side=True)
                head = b""
                while b"\r\n\r\n" not in head:
                    part = link.recv(65536)
                    if not part:
                        return
                    head += part
                self.heads.append(head.decode())
                self.answer(link, head.decode())
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the client went away, which is its right


def simple(body, *lines, status=b"HTTP/1.1 200 OK"):
    """An answer with a body and more header lines."""
    data = body.encode() if isinstance(body, str) else body
    more = "".join(line + "\r\n" for line in lines).encode()

    def answer(link, _):
        link.sendall(
            status + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(data) + data
        )

    return answer


def child(world, **more):
    return SystemChild(world.bed, program_of(world.beside), **more)


def check(world, answer, result, *words, **more):
    """What one server's answer comes to."""
    with Server(answer) as server, child(world) as system:
        got = system.fetch(server.url, **more)
        expect(got.result, result, f"{words}: {got.why!r}")
        for word in words:
            expect_in(word, got.why, "the reason")
        return got, server


def from_nginx(world):
    """200 with validators, 304 to either of them, 200 again after a change, 404."""
    name = os.path.join(world.origin.files, "proxy.pac")
    base = f"http://127.0.0.1:{world.origin.port}"
    write(name, PAC)
    os.utime(name, (1700000000, 1700000000))
    with child(world) as system:
        expect_in("libcurl", system.fetcher, "HELLO")
        first = system.fetch(base + "/proxy.pac")
        expect((first.result, first.status), ("ok", 200), first.why)
        expect(first.script.decode(), PAC, "the script")
        for known in ({"etag": first.etag}, {"last_modified": first.last_modified}):
            again = system.fetch(base + "/proxy.pac", **known)
            expect((again.result, again.status), ("same", 304), f"{known}: {again.why}")
            expect(again.script, b"", "the script that did not change")
        write(name, PAC + "// changed\n")
        got = system.fetch(
            base + "/proxy.pac", etag=first.etag, last_modified=first.last_modified
        )
        expect(got.result, "ok", got.why)
        expect_in(b"changed", got.script, "the script")
        got = system.fetch(base + "/none.pac")
        expect((got.result, got.status), ("status", 404), got.why)
        expect_in("answered 404", got.why, "the reason")


def html(world):
    page = "<!DOCTYPE html><html><head><title>Hotel WiFi</title></head></html>" + PAC
    check(world, simple(page, "Content-Type: text/html"), "html", '"Hotel WiFi"', "portal")
    lines = ("Content-Type: application/x-ns-proxy-autoconfig",)
    check(world, simple(page, *lines), "html", '"Hotel WiFi"')
    # A portal sends elsewhere; what it was asked with is not shown.
    with Server(simple(page)) as portal:
        there = portal.url + "?token=tr0ub4dor"
        moved = simple("", f"Location: {there}", status=b"HTTP/1.1 302 Found")
        got, _ = check(world, moved, "html", portal.url)
        if "tr0ub4dor" in got.why:
            raise Failure(f"a query is shown: {got.why}")
    # Another type is no reason against a script.
    check(world, simple(PAC, "Content-Type: text/html"), "ok")
    check(world, simple("some text"), "not_pac", "FindProxyForURL")
    check(world, simple(""), "not_pac", "empty")


def statuses(world):
    for status, result, word in (
        (b"204 No Content", "status", "204"), (b"203 Changed", "status", "203"),
        (b"401 Unauthorized", "status", "login"), (b"407 Proxy", "status", "login"),
        (b"500 Oops", "status", "500"), (b"511 Portal", "status", "captive portal"),
        (b"304 Not Modified", "status", "304"),
    ):  # fmt: skip
        answer = simple(PAC if status[:3] != b"204" else "", status=b"HTTP/1.1 " + status)
        check(world, answer, result, word)
    # Not a byte of a login, whatever is asked for.
    lines = ("WWW-Authenticate: Basic realm=x", "WWW-Authenticate: NTLM")
    _, server = check(
        world, simple("", *lines, status=b"HTTP/1.1 401 Unauthorized"), "status"
    )
    expect(len(server.heads), 1, "requests")
    if "authorization" in server.heads[0].lower():
        raise Failure(server.heads[0])


def endless_body(world):
    def answer(link, _):
        link.sendall(OK + b"\r\n" + PAC.encode())
        while True:
            link.sendall(b"x" * 65536)

    check(world, answer, "too_long", "1 MiB")
    big = simple(PAC + "/" * (1 << 20))
    check(world, big, "too_long", "1 MiB")
    got, _ = check(world, simple(PAC.ljust(1 << 20)), "ok")
    expect(len(got.script), 1 << 20, "the longest script")


def endless_head(world):
    def answer(link, _):
        link.sendall(OK)
        while True:
            link.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")

    check(world, answer, "other", "header")


def slow_body(world):
    def answer(link, _):
        link.sendall(OK + b"Content-Length: 1000\r\n\r\n")
        for _ in range(400):
            link.sendall(b" ")
            time.sleep(0.05)

    start = time.monotonic()
    check(world, answer, "late", "imed out", limit=1)
    if time.monotonic() - start > 5:
        raise Failure("the limit did not hold")

    def silent(link, _):
        link.recv(1)

    check(world, silent, "late", "imed out", limit=0.5)


def redirects(world):
    def loop(link, head):
        host = head.split("Host: ")[1].split("\r\n")[0]
        simple("", f"Location: http://{host}/again", status=b"HTTP/1.1 302 Found")(link, head)

    _, server = check(world, loop, "redirects", "more than 5")
    expect(len(server.heads), 6, "requests")
    kind = "which is not followed: it is neither http nor https"
    login = "it has a user name"
    for target, *words in (
        ("file:///etc/passwd", f"redirects to file:///etc/passwd, {kind}"),
        ("ftp://127.0.0.1/x?secret", f"redirects to ftp://127.0.0.1/x, {kind}"),
        ("data:,FindProxyForURL", f"redirects to data:..., {kind}"),
        ("http://[::x/", "redirects to http://[::x/, which is not followed"),
        ("http://u:secret@127.0.0.1/", "redirects to http:..., which is not", login),
        ("//u:secret@127.0.0.1/", "redirects to ..., which is not", login),
    ):
        answer = simple("", f"Location: {target}", status=b"HTTP/1.1 302 Found")
        got, _ = check(world, answer, "redirects", *words)
        if "secret" in got.why:
            raise Failure(f"a secret is told: {got.why}")
    with Server(simple(PAC)) as server:
        answer = simple("", f"Location: {server.url}", status=b"HTTP/1.1 307 There")
        check(world, answer, "ok")


def truncated(world):
    def short(link, _):
        link.sendall(OK + b"Content-Length: 1000\r\n\r\n" + PAC.encode())

    def half_chunk(link, _):
        link.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + PAC.encode())

    def nothing(link, _):
        link.shutdown(socket.SHUT_WR)

    for answer in (short, half_chunk, nothing):
        check(world, answer, "cut")


def charsets(world):
    for kind, data, wanted in (
        ("", "// ä", "// ä"),
        ("", b"// \xe4", "// ä"),
        ("charset=utf-8", b"// \xe4", "// �"),  # wrong, and no reason to fail
        ("charset=klingon", "// ä", "// ä"),
        ('charset="windows-1252"', b"// \x80", "// €"),
        ("charset=utf-16le", "// ä".encode("utf-16le"), "// ä"),
        ("", "\ufeff// ä".encode("utf-16be"), "// ä"),
        ("", "\ufeff// ä", "// ä"),
    ):
        data = data.encode() if isinstance(data, str) else data
        wide = "utf-16" in kind or data.startswith(b"\xfe\xff")
        order = "utf-16be" if data.startswith(b"\xfe\xff") else "utf-16le"
        body = data + ("\n" + PAC).encode(order if wide else "ascii")
        got, _ = check(world, simple(body, f"Content-Type: text/plain; {kind}"), "ok")
        expect(got.script.decode(), wanted + "\n" + PAC, kind)


def tls(world):
    """With our authority, with a wrong one, with none, for another name; and via http."""
    bed = world.bed
    cert, key = bed.certificate("fetch.test", "IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    wrong = os.path.join(bed.fresh("wrong"), "wrong.pem")
    bed.run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=another authority", "-keyout", wrong + ".key", "-out", wrong,
    )  # fmt: skip
    with Server(simple(PAC), context) as server, child(world) as system:
        got = system.fetch(server.url, ca=[bed.ca])
        expect(got.result, "ok", got.why)
        got = system.fetch(server.url, ca=[wrong, bed.ca])
        expect(got.result, "ok", got.why)
        for authorities in ([], [wrong]):
            got = system.fetch(server.url, ca=authorities)
            expect(got.result, "tls", got.why)
            expect_in("tls.ca", got.why, "the reason")
        got = system.fetch(server.url, ca=["/nowhere.pem"])
        expect(got.result, "tls", got.why)
        expect_in("/nowhere.pem", got.why, "the reason")
        named = server.url.replace("127.0.0.1", "localhost")
        expect(system.fetch(named, ca=[bed.ca]).result, "tls", "another name")
        answer = simple("", f"Location: {server.url}", status=b"HTTP/1.1 301 Moved")
        check(world, answer, "ok", ca=[bed.ca])
        check(world, answer, "tls", ca=[wrong])
    # The system's roots are those that OpenSSL is told of.
    with Server(simple(PAC), context) as server:
        with child(world, env={"SSL_CERT_FILE": bed.ca}) as system:
            got = system.fetch(server.url)
            expect(got.result, "ok", got.why)


def away(world):
    with child(world) as system:
        got = system.fetch(f"http://127.0.0.1:{free_port()}/p.pac")
        expect(got.result, "no_connection", got.why)
        got = system.fetch("http://no-such-host.invalid/p.pac")
        expect(got.result, "no_name", got.why)
        expect_in("no-such-host.invalid", got.why, "the reason")


def never_by_proxy(world):
    with Server(simple(PAC)) as proxy, Server(simple(PAC)) as server:
        address = f"http://127.0.0.1:{proxy.port}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY")
        with child(world, env={name: address for name in names}) as system:
            expect(system.fetch(server.url).result, "ok", "the fetch")
        expect((len(proxy.heads), len(server.heads)), (0, 1), "requests")
        if "no-cache" in server.heads[0] or "cookie" in server.heads[0].lower():
            raise Failure(server.heads[0])


ALL = (
    from_nginx, html, statuses, endless_body, endless_head, slow_body, redirects,
    truncated, charsets, tls, away, never_by_proxy,
)  # fmt: skip
