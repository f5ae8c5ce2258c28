"""`make chaos`: many seeds, one line each, and a table of what was found at the end."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.broken import WALLS
from tests.chaos.checker import COUNTED
from tests.chaos.faults import FAULTS, QUICK
from tests.chaos.seeds import Outcome, Size, run_seed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence


def main() -> None:
    # Whoever ends it ends all that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    told = _read(sys.argv[1:])
    faults = told.only or (QUICK if told.quick else tuple(FAULTS))
    size = Size.of(
        told.assignments,
        told.items,
        workers=told.workers,
        faults=tuple(faults),
        pause_seconds=told.pause,
        villages=told.villages,
    )
    outcomes = [_run(seed, size, told) for seed in range(told.first, told.first + told.seeds)]
    _print_table(outcomes)
    sys.exit(any(not one.verdict.is_clean for one in outcomes))


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds (1)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--assignments", type=int, default=20_000, help="villages to plan")
    parser.add_argument("--items", type=int, default=50_000, help="reports to send")
    parser.add_argument("--villages", type=int, default=0, help="of each branch (a twentieth)")
    parser.add_argument("--workers", type=int, default=3, help="workers (3)")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between faults (4)")
    parser.add_argument("--quick", action="store_true", help="only the quick faults")
    parser.add_argument("--only", action="append", choices=FAULTS, help="only this fault")
    parser.add_argument("--keep", type=Path, help="folder in which the logs of all seeds stay")
    parser.add_argument(
        "--break", dest="broken", default="", choices=WALLS, help="take a wall away first"
    )
    return parser.parse_args(words)


def _run(seed: int, size: Size, told: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="outreach_chaos_", ignore_cleanup_errors=True) as temp:
        folder = (told.keep or Path(temp)) / f"seed-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        outcome = _outcome(seed, size, folder, told.broken)
    print(outcome.line(), flush=True)
    print(f"  {_told(outcome.faults)}", flush=True)
    for line in outcome.verdict.lines():
        print(f"  {line}", flush=True)
    return outcome


def _outcome(seed: int, size: Size, folder: Path, broken: str) -> Outcome:
    """Run a seed; whatever ends it before its end is told as its outcome, and others go on."""
    began = time.monotonic()
    try:
        return run_seed(seed, size, folder, broken=broken)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
        return Outcome.ended_by(error, seed, time.monotonic() - began)


def _print_table(outcomes: Sequence[Outcome]) -> None:
    names = ("seed", *COUNTED, "faults", "seconds")
    print(" ".join(f"{name:>13}" for name in names))
    for one in outcomes:
        counts = one.verdict.counts().values()
        row = (one.seed, *counts, sum(one.faults.values()), round(one.seconds))
        print(" ".join(f"{cell:>13}" for cell in row))
    done = sum((one.faults for one in outcomes), start=type(outcomes[0].faults)())
    print(_told(done))


def _told(faults: Counter[str]) -> str:
    return "faults: " + ", ".join(f"{name} {number}" for name, number in sorted(faults.items()))


if __name__ == "__main__":
    main()
