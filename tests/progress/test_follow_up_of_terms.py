"""Villages to visit before a sponsor's term ends, and how its quota is shared out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.progress.ending import spread_quota
from outreach.progress.follow_up import FollowUp
from outreach.progress.scope import Scope
from outreach.villages.tables import Village
from outreach.visits.tables import Visit
from tests.field import DAY, Field
from tests.progress.followed import TODAY, at, codes_of, derive, hold, hold_on, sponsor

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["at"]


def test_an_ending_term_sends_to_every_village_by_its_workers(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        sponsor(db, at)
        sponsor(db, at, region_code="33.72.02", ends=TODAY + timedelta(61))  # not yet
        sponsor(db, at, region_code="33.72.03", ends=TODAY - timedelta(1))  # over
        details = [{"sector": "farmer", "package": "jkk_jkm", "payer": "apbdes", "workers": 40}]
        hold(db, at, 3, men=60, women=60, signups=40, details=details)
    found = derive(engine, FollowUp.SPONSOR_ENDING)
    with reading(engine) as db:
        rows = {
            row.code: row.vulnerable_workers
            for row in db.scalars(select(Village).where(col(Village.district_code) == "33.72.01"))
        }
    assert set(codes_of(found)) == set(rows)
    at_stake = {case.code: case.at_stake or 0 for case in found.cases}
    assert sum(at_stake.values()) == pytest.approx(100)
    # Forty are known; the other sixty are shared by the vulnerable.
    share = 60 * rows[at.codes[3]] / sum(rows.values())
    assert at_stake[at.codes[3]] == pytest.approx(40 + share)
    assert found.cases[0].code == at.codes[3]
    assert (found.cases[0].sponsors, found.cases[0].ends) == (("Desa",), TODAY + timedelta(30))


def test_a_sign_up_from_before_the_term_is_not_of_it(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        sponsor(db, at, starts=DAY + timedelta(1))
        details = [{"sector": "farmer", "package": "jkk_jkm", "payer": "apbdes", "workers": 40}]
        hold(db, at, 3, men=60, women=60, signups=40, details=details)
        rows = {
            row.code: row.vulnerable_workers
            for row in db.scalars(select(Village).where(col(Village.district_code) == "33.72.01"))
        }
    at_stake = {case.code: case.at_stake for case in derive(engine, FollowUp.SPONSOR_ENDING).cases}
    assert at_stake[at.codes[3]] == pytest.approx(100 * rows[at.codes[3]] / sum(rows.values()))


def test_a_wider_term_reaches_into_a_part_of_its_region(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        sponsor(db, at, region_code="33.72")
    whole = derive(engine, FollowUp.SPONSOR_ENDING)
    part = derive(engine, FollowUp.SPONSOR_ENDING, Scope(("33.72.02",)))
    assert len(whole.cases) == 54
    assert {case.code: case.at_stake for case in part.cases} == {
        case.code: case.at_stake for case in whole.cases if case.code.startswith("33.72.02.")
    }


def test_a_visit_before_the_end_is_enough_and_one_after_it_is_not(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        sponsor(db, at)
        for number, days in ((0, 30), (1, 31)):
            visit = db.get_one(Visit, at.visits[at.codes[number]])
            visit.day = TODAY + timedelta(days)
    found = derive(engine, FollowUp.SPONSOR_ENDING)
    assert at.codes[0] not in codes_of(found)
    assert at.codes[1] in codes_of(found)
    assert found.planned == 1


def test_a_session_since_the_time_to_ask_is_enough_and_one_before_it_is_not(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        # Asked from sixty days before the end on, which was yesterday.
        sponsor(db, at, ends=TODAY + timedelta(59))
        hold_on(db, at, 0, TODAY - timedelta(1))
        hold_on(db, at, 1, TODAY - timedelta(2))
        hold_on(db, at, 2, TODAY - timedelta(1), people=0)  # nobody was met
    found = derive(engine, FollowUp.SPONSOR_ENDING)
    assert at.codes[0] not in codes_of(found)
    assert {at.codes[1], at.codes[2]} <= set(codes_of(found))
    assert found.planned == 1


@settings(deadline=None)
@given(
    st.integers(1, 5_000),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2_000)), min_size=1, max_size=30),
)
def test_a_quota_is_shared_out_whole_and_nobody_gets_less_than_none(
    workers: int, villages: list[tuple[int, int]]
) -> None:
    known = np.array([one for one, _ in villages], dtype=np.float64)
    vulnerable = np.array([one for _, one in villages], dtype=np.float64)
    shares = spread_quota(workers, known, vulnerable)
    assert shares.sum() == pytest.approx(workers)
    assert (shares >= 0).all()
    if known.sum() <= workers:
        assert (shares >= known - 1e-9).all()
