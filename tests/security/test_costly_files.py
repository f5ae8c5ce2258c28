"""What a hostile file costs the process that serves: bounds of memory and of processor's time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from outreach.config import ROOT

#: By so much the process that serves may grow over all these files, one after the other.
MOST_GROWN_MB = 200
#: Pictures and tables that are honest as far as they go; of the sheets every row is refused.
TAKEN = {
    "picture: pixels explode",
    "sheet: digits without end in every cell",
    "sheet: marks on a letter without end in every cell",
}
#: For one file, on a slow machine. What grows with the square of a cell takes minutes.
MOST_SECONDS = 15


def test_the_server_hardly_grows_whatever_it_is_sent() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.security.costly_files"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    found = json.loads(told.stdout)
    taken = {name for name, one in found.items() if one["problem"] == "taken"}
    assert taken <= TAKEN
    assert all(one["bytes"] < 33_000_000 for one in found.values())
    assert {n: o["seconds"] for n, o in found.items() if o["seconds"] > MOST_SECONDS} == {}
    grown = sum(one["grown_kb"] for one in found.values()) // 1024
    assert grown < MOST_GROWN_MB, {n: o["grown_kb"] for n, o in found.items() if o["grown_kb"]}
