#!/usr/bin/env python3
"""make check-desktop: gsettings, KDE's file and libproxy alone, for a system where the
servers and clients of make check-e2e are not installed."""

import os
import sys
import types

import cases_desktop
from bed import Bed, Results


def main():
    bed = Bed()
    beside = os.path.dirname(os.path.abspath(os.environ.get("CCGATE", "ccgate")))
    world = types.SimpleNamespace(bed=bed, beside=beside)
    results = Results([], lambda: None)
    try:
        for case in cases_desktop.ALL:
            results.run(f"desktop/{case.__name__}", case, world)
    finally:
        bed.close()
        bed.remove()
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
