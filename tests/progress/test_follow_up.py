"""Lists of villages to go back to, each by its rule and never by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Pick, Stage, StagePick, Status
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import LedgerEntry, SessionReport, SignupChannel
from outreach.progress.follow_up import FollowUp, Rules, follow_up_lists
from outreach.progress.scope import Scope
from outreach.visits.question import REPORT_MISSING
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.field import DAY, NOW, Field, add_visit
from tests.progress.followed import NATION, TODAY, at, codes_of, derive, hold, hold_on, sponsor

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

__all__ = ["at"]


def _sessions(engine: Engine, at: Field) -> None:
    """Ten usual villages (20 of 100 sign up), and three that differ."""
    with unit_of_work(engine) as db:
        for number in range(10):
            hold(db, at, number, men=50, women=50, signups=20)
        hold(db, at, 10, men=50, women=50, signups=9)
        hold(db, at, 11, men=50, women=50, signups=10)
        hold(db, at, 12, men=10, women=9, signups=0)


def test_few_signed_up_is_measured_against_the_branchs_median(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    found = derive(engine, FollowUp.LOW_CONVERSION)
    assert codes_of(found) == [at.codes[10]]
    (case,) = found.cases
    assert (case.people, case.signups, case.rate, case.usual) == (100, 9, 9.0, 20.0)
    assert (case.weight, case.day) == (11.0, DAY)
    # Nineteen people met are too few to judge by.
    assert (found.looked_at, found.unknown) == (12, 0)
    wider = derive(engine, FollowUp.LOW_CONVERSION, conversion_percent=60, least_people=19)
    assert codes_of(wider) == [at.codes[10], at.codes[11], at.codes[12]]


def test_a_part_is_judged_by_the_usual_of_its_whole_branch(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    code = at.codes[10]
    found = derive(engine, FollowUp.LOW_CONVERSION, Scope((code,)))
    assert (codes_of(found), found.looked_at) == ([code], 1)
    assert found.cases[0].usual == 20.0


def test_too_few_villages_have_no_median_and_that_is_told(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        for number in range(9):
            hold(db, at, number, men=50, women=50, signups=20 if number else 0)
    found = derive(engine, FollowUp.LOW_CONVERSION)
    assert (found.cases, found.looked_at, found.unknown) == ((), 0, 9)


def test_a_corrected_report_counts_and_the_old_one_does_not(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    with unit_of_work(engine) as db:
        visit = at.visits[at.codes[10]]
        first = db.scalars(
            select(col(SessionReport.id)).where(col(SessionReport.visit_id) == visit)
        ).one()
        hold(db, at, 10, men=50, women=50, signups=30, corrects_id=first)
    assert codes_of(derive(engine, FollowUp.LOW_CONVERSION)) == []


def _end(db: Session, at: Field, number: int, work: Work, why: str = "") -> None:
    visit = db.get_one(Visit, at.visits[at.codes[number]])
    visit.work = work
    if work is Work.RETURNED:
        happened = VisitEvent(
            visit_id=visit.id or 0,
            village_code=visit.village_code,
            happening=Happening.RETURNED,
            at=NOW,
            reason=why,
        )
        db.add(happened)


def test_promised_visits_that_were_never_held_come_back(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        for number in range(5, 16):
            _end(db, at, number, Work.CANCELLED)
        _end(db, at, 1, Work.POSTPONED)
        _end(db, at, 2, Work.RETURNED, REPORT_MISSING)
        _end(db, at, 3, Work.RETURNED, "never_asked")
        hold(db, at, 4)
    found = derive(engine, FollowUp.PROMISED)
    # Confirmed and forgotten, put off, and ended by its missing report; never only proposed.
    assert codes_of(found) == at.codes[:3]
    assert {case.work for case in found.cases} == {Work.CONFIRMED, Work.POSTPONED, Work.RETURNED}
    assert found.cases[0].day == DAY
    assert found.looked_at == 16
    early = DAY + timedelta(13)
    assert codes_of(derive(engine, FollowUp.PROMISED, today=early)) == []
    assert codes_of(derive(engine, FollowUp.PROMISED, today=early, lapsed_days=13)) == at.codes[:3]


def test_a_later_visit_keeps_the_promise(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _end(db, at, 0, Work.POSTPONED)
        again = Stage(
            campaign_id=at.campaign_id,
            branch_id=at.coordinator.branch_id or 0,
            name="Tahap 2",
            starts=DAY,
            ends=TODAY,
        )
        db.add(again)
        db.flush()
        number = add_visit(db, again.id or 0, at.team_id, at.codes[0], 30, Work.APPROVED)
    assert at.codes[0] not in codes_of(derive(engine, FollowUp.PROMISED))
    with unit_of_work(engine) as db:
        db.get_one(Visit, number).work = Work.CANCELLED
    assert at.codes[0] in codes_of(derive(engine, FollowUp.PROMISED))


def _ledger(db: Session, code: str, month: int = 11, **counts: int) -> None:
    db.add(
        LedgerEntry(
            village_code=code,
            month=date(2026, month, 1),
            channel=SignupChannel.OWN,
            as_of=date(2026, 12, 31),
            source="Cabang",
            **counts,
        )
    )


def test_who_never_paid_is_known_only_where_somebody_counted(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        hold(db, at, 0, signups=8, paid=0)
        hold(db, at, 1, signups=8, paid=1)
        hold(db, at, 2, signups=8)  # nobody has told
        hold(db, at, 3, signups=8)
        hold(db, at, 4, signups=8, paid=0)
        hold(db, at, 5, signups=4, paid=0)  # too few to say
        _ledger(db, at.codes[3], first_paid=0)
        _ledger(db, at.codes[4], first_paid=2)
    found = derive(engine, FollowUp.UNPAID)
    assert codes_of(found) == [at.codes[0], at.codes[3]]
    assert (found.looked_at, found.unknown) == (4, 1)
    assert found.cases[0].paid == 0
    assert codes_of(derive(engine, FollowUp.UNPAID, unpaid_days=61)) == []
    assert at.codes[5] in codes_of(derive(engine, FollowUp.UNPAID, least_signups=4))


def test_who_stopped_paying_is_told_by_the_latest_count(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _ledger(db, at.codes[0], first_paid=20, paid_1=18, paid_3=11)
        _ledger(db, at.codes[1], first_paid=20, paid_1=12)
        _ledger(db, at.codes[2], first_paid=20)
        _ledger(db, at.codes[3], first_paid=4, paid_1=0)
        _ledger(db, at.codes[4], month=10, first_paid=10, paid_1=10)
        _ledger(db, at.codes[4], month=9, first_paid=10, paid_6=1)
    found = derive(engine, FollowUp.STOPPED_PAYING, today=DAY)
    assert found.looked_at == 3
    found = derive(engine, FollowUp.STOPPED_PAYING)
    told_of = {case.code: (case.paid, case.still_paid) for case in found.cases}
    assert told_of == {at.codes[0]: (20, 11), at.codes[4]: (20, 11)}
    kept = derive(engine, FollowUp.STOPPED_PAYING, kept_percent=50)
    assert kept.cases == ()


def test_who_was_visited_since_the_count_waits_for_the_next_count(
    engine: Engine, at: Field
) -> None:
    counted = date(2026, 12, 31)
    with unit_of_work(engine) as db:
        for number in (0, 1):
            _ledger(db, at.codes[number], first_paid=20, paid_1=3)
            hold_on(db, at, number, counted + timedelta(1 - number))
    found = derive(engine, FollowUp.STOPPED_PAYING)
    assert codes_of(found) == [at.codes[1]]
    assert (found.planned, found.looked_at) == (1, 2)


def test_what_is_planned_or_listed_already_is_left_out_and_counted(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        for number in range(4):
            _end(db, at, number, Work.POSTPONED)
        listed = Stage(
            campaign_id=at.campaign_id,
            branch_id=at.coordinator.branch_id or 0,
            name="Tindak lanjut",
            starts=TODAY,
            ends=TODAY + timedelta(9),
            is_listed=True,
        )
        db.add(listed)
        db.flush()
        for number, pick in ((0, Pick.FIRST), (1, Pick.LEFT_OUT)):
            code = at.codes[number]
            db.add(StagePick(stage_id=listed.id or 0, village_code=code, pick=pick))
        stage_id = listed.id
    found = derive(engine, FollowUp.PROMISED)
    assert at.codes[0] not in codes_of(found)
    assert at.codes[1] in codes_of(found)
    assert found.planned == 1
    with unit_of_work(engine) as db:
        db.get_one(Stage, stage_id).status = Status.CLOSED
    again = derive(engine, FollowUp.PROMISED)
    assert at.codes[0] in codes_of(again)
    assert again.planned == 0


def test_all_lists_are_those_asked_for_one_by_one(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    with unit_of_work(engine) as db:
        sponsor(db, at)
    with reading(engine) as db:
        together = follow_up_lists(db, NATION, Rules(), TODAY, whole=NATION)
    assert [one.kind for one in together] == list(FollowUp)
    assert list(together) == [derive(engine, kind) for kind in FollowUp]
    weights = [[case.weight for case in one.cases] for one in together]
    assert all(some == sorted(some, reverse=True) for some in weights)
    assert sum(map(len, weights)) > 3


def test_another_campaign_and_another_area_have_lists_of_their_own(
    engine: Engine, at: Field
) -> None:
    _sessions(engine, at)
    assert codes_of(derive(engine, FollowUp.LOW_CONVERSION, Scope(("33.11",)))) == []
    elsewhere = replace(NATION, campaign_id=at.campaign_id + 1)
    assert codes_of(derive(engine, FollowUp.LOW_CONVERSION, elsewhere)) == []
    same = replace(NATION, campaign_id=at.campaign_id)
    assert codes_of(derive(engine, FollowUp.LOW_CONVERSION, same)) == [at.codes[10]]


@pytest.mark.parametrize("name", Rules.model_fields)
def test_thresholds_have_bounds(name: str) -> None:
    for value in (0, -1, 10_000):
        with pytest.raises(ValidationError):
            Rules.model_validate({name: value})
