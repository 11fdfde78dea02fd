#!/usr/bin/env python3
"""Runs tests/pac/cases.txt through Debian's pacparser (python3-pacparser), with its clock
set by faketime. Cases that look names up are left out: pacparser would ask the real DNS.

A case may say what pacparser answers instead, and why. Every other difference, and every
such note that is no longer true, is a failure. The last line is "N passed, N failed".
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # the one that Debian's module is for
# What asks the DNS unless its argument is an address; the rest pacparser lacks or takes
# from the machine.
LOOKUPS = ("dnsResolve", "isResolvable", "myIpAddress", "alert")

CHILD = r"""
import sys
import pacparser
for line in sys.stdin:
    number, expression = line.rstrip("\n").split("\t")
    script = ("function FindProxyForURL(url, host) { var v; try { v = (%s); }"
              " catch (e) { return 'throws'; }"
              " return typeof v == 'string' ? '\"' + v + '\"' : String(v); }" % expression)
    pacparser.init()
    try:
        pacparser.parse_pac_string(script)
        answer = pacparser.find_proxy("http://www.example/", "www.example")
    except Exception as error:
        answer = "throws"
    pacparser.cleanup()
    print("%s\t%s" % (number, answer))
    sys.stdout.flush()
"""


class Case:
    def __init__(self, line, text):
        self.line = line
        self.expression, rest = text.split(" => ", 1)
        self.want, _, note = rest.partition(" | pacparser: ")
        self.theirs, _, self.reason = note.partition(": ")


def is_left_out(expression):
    if any(word in expression for word in LOOKUPS):
        return True
    return "isInNet(" in expression and any(
        name in expression for name in ('"www.', '"none.', '"unknown', '"2001', "undefined")
    )


def read_groups(path):
    """The cases, grouped by the zone and time they want."""
    zone, now, groups = "UTC", None, []
    with open(path, encoding="utf-8") as table:
        for number, line in enumerate(table, 1):
            line = line.rstrip("\n")
            word = line.split(" ", 1)[0]
            if not line or word in ("#", "dns", "myip", "myipex"):
                continue
            if word == "zone":
                zone = line[5:]
            elif word == "now":
                now = line[4:]
            else:
                if not groups or groups[-1][:2] != (zone, now):
                    groups.append((zone, now, []))
                groups[-1][2].append(Case(number, line))
    return groups


def ask(zone, now, cases):
    """Their answers by line number."""
    env = dict(os.environ, TZ=zone)
    # faketime reads its argument in local time: an offset from the epoch is none.
    stamp = subprocess.run(
        ["date", "-u", "-d", now + " UTC", "+%s"], capture_output=True, text=True, check=True
    ).stdout.strip()
    text = "".join("%d\t%s\n" % (case.line, case.expression) for case in cases)
    local = subprocess.run(
        ["date", "-d", "@" + stamp, "+%Y-%m-%d %H:%M:%S"],
        env=env, capture_output=True, text=True, check=True,
    ).stdout.strip()
    done = subprocess.run(
        ["faketime", "-f", local, PYTHON, "-W", "ignore", "-c", CHILD],
        env=env, input=text, capture_output=True, text=True, timeout=120, check=False,
    )
    answers = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return {int(number): answer for number, answer in answers.items()}


def judge(case, theirs):
    """None, or what is wrong."""
    if theirs is None:
        return "no answer"
    if case.theirs:
        if theirs == case.want:
            return "the note says %s, but pacparser agrees" % case.theirs
        return None if theirs == case.theirs else "%s, not %s" % (theirs, case.theirs)
    return None if theirs == case.want else "pacparser says " + theirs


def main():
    passed = failed = left = noted = 0
    for zone, now, cases in read_groups(os.path.join(HERE, "cases.txt")):
        asked = [case for case in cases if not is_left_out(case.expression)]
        left += len(cases) - len(asked)
        answers = ask(zone, now, asked) if asked else {}
        for case in asked:
            wrong = judge(case, answers.get(case.line))
            if wrong:
                failed += 1
                print("line %d: %s => %s: %s" % (case.line, case.expression, case.want, wrong))
            else:
                passed += 1
                noted += bool(case.theirs)
    print("%d cases differ for a known reason; %d need lookups and were left out" % (noted, left))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
