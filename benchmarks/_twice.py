"""A command twice at once, in two processes that know nothing of each other: `_twice.py OUT COMMAND…`."""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    both = [subprocess.Popen([*sys.argv[2:], "--out", f"{sys.argv[1]}-{name}"]) for name in "ab"]
    sys.exit(max(one.wait() for one in both))
