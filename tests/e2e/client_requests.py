"""What Python requests does through a proxy. Usage: client_requests.py PROXY CA HTTP HTTPS"""

import sys

import requests

proxy, authority, plain, secure = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.proxies = {"http": proxy, "https": proxy}
session.verify = authority

for base in (plain, secure):
    for _ in range(3):
        answer = session.get(base + "/small.txt", timeout=30)
        assert (answer.status_code, answer.text) == (200, "a small file\n"), answer.text
    body = bytes(range(256)) * 1000
    answer = session.post(base + "/echo", data=body, timeout=30)
    assert answer.status_code == 200 and answer.content == body, answer.status_code
    pieces = (b"piece %d\n" % i for i in range(100))
    answer = session.post(base + "/echo", data=pieces, timeout=30)
    assert answer.content.count(b"piece") == 100, answer.content[:200]
    assert session.get(base + "/missing", timeout=30).status_code == 404
    with session.get(base + "/big.bin", stream=True, timeout=30) as answer:
        size = sum(len(part) for part in answer.iter_content(65536))
    assert size == int(answer.headers["Content-Length"]), size
print("requests", requests.__version__, "ok")
