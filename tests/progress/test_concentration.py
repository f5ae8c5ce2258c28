"""How unevenly sign-ups are spread, how full regions are, where another visit is in vain."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.progress.concentration import (
    LEAST_EXPECTED,
    Saturation,
    class_of,
    concentration,
    concentration_of,
    in_vain,
    saturation_by,
)
from outreach.progress.scope import Scope
from outreach.progress.totals import totals_by
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from tests.builders import load_small_registry
from tests.field import NOW, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

NATION = Scope(("",))


def _of(*signups: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(signups, dtype=np.int64)


def test_equal_villages_are_even_and_one_that_brings_all_is_not() -> None:
    even = concentration_of(_of(*[4] * 20))
    assert (even.gini, even.top_share, even.half_villages) == (0.0, 0.1, 10)
    one = concentration_of(_of(80, *[0] * 19))
    assert one.gini == 0.95
    assert (one.top_villages, one.top_share, one.half_villages) == (2, 1.0, 1)


def test_half_is_brought_by_the_fewest() -> None:
    assert concentration_of(_of(1, 2, 3, 4)).half_villages == 2  # 4 + 3 of 10
    assert concentration_of(_of(5, 5)).half_villages == 1
    assert concentration_of(_of(1, 1, 1)).half_villages == 2


def test_too_few_villages_say_nothing() -> None:
    few = concentration_of(_of(*range(1, 10)))
    assert (few.is_thin, few.top_share) == (True, None)
    assert not concentration_of(_of(*range(1, 11))).is_thin
    assert concentration_of(_of(*[0] * 30)).is_thin
    assert concentration_of(_of()) == concentration_of(_of())
    assert concentration_of(_of()).gini is None


@pytest.mark.parametrize("signups", list(combinations_with_replacement((0, 1, 5, 9), 4)))
def test_gini_is_half_the_mean_difference_by_its_definition(signups: tuple[int, ...]) -> None:
    total, count = sum(signups), len(signups)
    found = concentration_of(_of(*signups)).gini
    if not total:
        assert found is None
        return
    differences = sum(abs(a - b) for a in signups for b in signups)
    assert found == pytest.approx(differences / (2 * count * total), abs=1e-4)


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), min_size=10, max_size=60).filter(any))
def test_the_top_is_never_less_than_its_share(signups: list[int]) -> None:
    found = concentration_of(_of(*signups))
    assert found.top_share is not None
    assert found.gini is not None
    assert found.top_villages / found.villages - 1e-9 <= found.top_share <= 1
    assert 0 <= found.gini < 1
    ranked = sorted(signups, reverse=True)
    assert 2 * sum(ranked[: found.half_villages]) >= sum(signups)
    assert 2 * sum(ranked[: found.half_villages - 1]) < sum(signups)


@pytest.mark.parametrize(
    ("share", "found"),
    [
        (0.0, Saturation.LOW),
        (0.249, Saturation.LOW),
        (0.25, Saturation.SOME),
        (0.5, Saturation.HIGH),
        (0.799, Saturation.HIGH),
        (0.8, Saturation.FULL),
        (1.0, Saturation.FULL),
    ],
)
def test_classes_hold_their_lowest_share(share: float, found: Saturation) -> None:
    assert class_of(share) is found


def test_figures_come_from_current_reports_and_estimates(engine: Engine) -> None:
    load_small_registry(engine, ("33.72",))
    with unit_of_work(engine) as db:
        at = make_field(db, 12)
        reports = [told(visit, signups=9) for visit in at.visits.values()]
        take_in(db, reports, at.coordinator, NOW)
        take_in(
            db,
            [told(at.visits[at.codes[0]], signups=20, corrects_id=reports[0]["id"])],
            at.coordinator,
            NOW,
        )
        full, nearly = at.codes[0], at.codes[1]
        here = {"informal_workers": 500, "informal_covered": 480}
        db.execute(update(Village).where(col(Village.code) == full).values(**here))
        # 500 - 471 - 9 = 20 are left: one sign-up is expected, which is worth the way.
        there = {"informal_workers": 500, "informal_covered": 471}
        db.execute(update(Village).where(col(Village.code) == nearly).values(**there))
        # Nobody was there yet, so it is no village to leave alone.
        never = {"informal_workers": 10, "informal_covered": 10}
        db.execute(update(Village).where(col(Village.code) == at.codes[20]).values(**never))
    with reading(engine) as db:
        spread = concentration(db, NATION)
        vain = in_vain(db, NATION)
        rows = saturation_by(totals_by(db, NATION, Level.VILLAGE).rows)
        none = concentration(db, Scope(("33.72.05",)))
    assert (spread.villages, spread.signups) == (12, 20 + 11 * 9)
    assert [(one.code, one.expected) for one in vain] == [(full, 0.0)]
    assert LEAST_EXPECTED == 1.0
    shares = {row.code: row for row in rows}
    assert (shares[full].share, shares[full].saturation) == (1.0, Saturation.FULL)
    assert shares[nearly].share == pytest.approx(480 / 500)
    assert rows[0].share == 1.0
    assert none.villages == 0
