"""A small seed: the whole product under a few faults, and nothing is lost or comes twice.

Nor is it in the copy that comes back of a backup made meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults import QUICK
from tests.chaos.seeds import Size, run_seed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

SEED = 5
SMALL = Size(
    branches=2,
    # Enough that a plan outlives the first renewal of its lease: faults aim at no shorter one.
    villages=250,
    officials=12,
    workers=2,
    faults=QUICK,
    pause_seconds=0.5,
)


def test_nothing_is_lost_or_doubled_whatever_breaks(tmp_path: Path) -> None:
    outcome = run_seed(SEED, SMALL, tmp_path)
    assert outcome.verdict.is_clean, "\n".join([*outcome.verdict.lines(), outcome.logs])
    assert set(outcome.faults) == set(QUICK), outcome.missed
    assert outcome.planned.visits > 0
    assert outcome.planned.visits + outcome.planned.reasons == outcome.planned.asked
    assert outcome.kept.startswith("backup of "), outcome.kept
