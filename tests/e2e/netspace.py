"""Networks of the test's own: namespaces, each entered by a thread, and a name server."""

import ctypes
import os
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

from bed import Skip

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


class Namespace:
    """What do() runs, and whatever that starts, has a network and mounts of its own."""

    FLAGS = CLONE_NEWNET | CLONE_NEWNS

    def __init__(self, bed):
        self.bed = bed
        self.thread = ThreadPoolExecutor(1)
        try:
            self.id = self.do(self._enter)
        except OSError as error:
            self.close()
            raise Skip(f"no namespaces can be made here: {error}") from error

    def do(self, function, *arguments):
        return self.thread.submit(function, *arguments).result()

    def close(self):
        self.thread.shutdown()

    def _enter(self):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(self.FLAGS) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self.bed.run("mount", "--make-rprivate", "/")
        if self.FLAGS & CLONE_NEWNET:
            self.bed.run("ip", "link", "set", "lo", "up")
        return threading.get_native_id()

    def ip(self, *lines):
        """Commands of ip(8)."""
        for line in lines:
            self.do(self.bed.run, "ip", *line.split())

    def own_etc(self, folder):
        """What is changed in /etc from here on is a copy in the folder."""
        self.own("/etc", folder)

    def own(self, place, folder):
        """The same for any place."""
        self.bed.run("cp", "-a", place + "/.", folder)
        self.do(self.bed.run, "mount", "--bind", folder, place)


class Mounts(Namespace):
    """Only mounts of its own; the network is that of all."""

    FLAGS = CLONE_NEWNS


def join(bed, one, other, name):
    """A line between two of them: NAME0 and NAME1."""
    command = f"link add {name}0 type veth peer name {name}1 netns {other.id}"
    done = one.do(lambda: bed.run("ip", *command.split(), check=False))
    if done.returncode != 0:
        raise Skip(f"no veth can be made here: {done.stderr.decode().strip()}")


SERVFAIL, NXDOMAIN, SILENCE = 2, 3, -1


class Names:
    """A name server that answers every question for an A record with the same address,
    which is to be believed for an hour; or that knows no name, fails or keeps silent."""

    def __init__(self, address, answer, error=0, others=None):
        self.asked = 0
        self.answer = answer
        self.error = error
        self.others = others or {}  # answers for single names
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.bind((address, 53))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            question, client = self.link.recvfrom(4096)
            self.asked += 1
            if self.error != SILENCE:
                self.link.sendto(self._reply(question), client)

    def _reply(self, question):
        end = question.index(b"\0", 12) + 5
        is_a = question[end - 4 : end - 2] == b"\0\1" and not self.error
        head = question[:2] + struct.pack(">5H", 0x8180 | self.error, 1, is_a, 0, 0)
        if not is_a:
            return head + question[12:end]
        answer = self.others.get(self._name(question), self.answer)
        record = struct.pack(">3HIH", 0xC00C, 1, 1, 3600, 4) + socket.inet_aton(answer)
        return head + question[12:end] + record

    @staticmethod
    def _name(question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        return ".".join(labels).lower()


def established(port):
    """The local ports of the connections to that port, as the calling thread sees them."""
    found = set()
    with open("/proc/thread-self/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            here, there, state = line.split()[1:4]
            if state == "01" and int(there.split(":")[1], 16) == port:
                found.add(int(here.split(":")[1], 16))
    return found
