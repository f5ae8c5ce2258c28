"""Lists of villages to go back to, each by its rule and never by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Pick, Stage, StagePick, Status
from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import LedgerEntry, SessionReport, SignupChannel
from outreach.progress.ending import spread_quota
from outreach.progress.follow_up import FollowUp, Rules, follow_up_list, follow_up_lists
from outreach.progress.scope import Scope
from outreach.progress.sponsorships import SponsorshipIn, add_sponsorship
from outreach.villages.tables import Village
from outreach.visits.question import REPORT_MISSING
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, add_visit, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.progress.follow_up import FollowUpList

NATION = Scope(("",))
#: A month after the sessions, so that what was promised has lapsed.
TODAY = DAY + timedelta(60)


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine, ("33.72",))
    with unit_of_work(engine) as db:
        at = make_field(db, 16)
        # All of them lie behind, so that each can be reported.
        for number, visit_id in enumerate(at.visits.values()):
            db.get_one(Visit, visit_id).day = DAY - timedelta(number // 3)
        return at


def _derive(
    engine: Engine,
    kind: FollowUp,
    scope: Scope = NATION,
    today: date = TODAY,
    **rules: int,
) -> FollowUpList:
    with reading(engine) as db:
        return follow_up_list(db, kind, scope, Rules(**rules), today, whole=NATION)


def _codes(found: FollowUpList) -> list[str]:
    return [case.code for case in found.cases]


def _hold(db: Session, at: Field, number: int, **changes: Any) -> dict[str, Any]:
    report = told(at.visits[at.codes[number]], **changes)
    (answer,) = take_in(db, [report], at.coordinator, NOW)
    assert answer.outcome.value == "accepted", answer
    return report


def _sessions(engine: Engine, at: Field) -> None:
    """Ten usual villages (20 of 100 sign up), and three that differ."""
    with unit_of_work(engine) as db:
        for number in range(10):
            _hold(db, at, number, men=50, women=50, signups=20)
        _hold(db, at, 10, men=50, women=50, signups=9)
        _hold(db, at, 11, men=50, women=50, signups=10)
        _hold(db, at, 12, men=10, women=9, signups=0)


def test_few_signed_up_is_measured_against_the_branchs_median(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    found = _derive(engine, FollowUp.LOW_CONVERSION)
    assert _codes(found) == [at.codes[10]]
    (case,) = found.cases
    assert (case.people, case.signups, case.rate, case.usual) == (100, 9, 9.0, 20.0)
    assert (case.weight, case.day) == (11.0, DAY)
    # Nineteen people met are too few to judge by.
    assert (found.looked_at, found.unknown) == (12, 0)
    wider = _derive(engine, FollowUp.LOW_CONVERSION, conversion_percent=60, least_people=19)
    assert _codes(wider) == [at.codes[10], at.codes[11], at.codes[12]]


def test_a_part_is_judged_by_the_usual_of_its_whole_branch(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    code = at.codes[10]
    found = _derive(engine, FollowUp.LOW_CONVERSION, Scope((code,)))
    assert (_codes(found), found.looked_at) == ([code], 1)
    assert found.cases[0].usual == 20.0


def test_too_few_villages_have_no_median_and_that_is_told(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        for number in range(9):
            _hold(db, at, number, men=50, women=50, signups=20 if number else 0)
    found = _derive(engine, FollowUp.LOW_CONVERSION)
    assert (found.cases, found.looked_at, found.unknown) == ((), 0, 9)


def test_a_corrected_report_counts_and_the_old_one_does_not(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    with unit_of_work(engine) as db:
        visit = at.visits[at.codes[10]]
        first = db.scalars(
            select(col(SessionReport.id)).where(col(SessionReport.visit_id) == visit)
        ).one()
        _hold(db, at, 10, men=50, women=50, signups=30, corrects_id=first)
    assert _codes(_derive(engine, FollowUp.LOW_CONVERSION)) == []


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
        _hold(db, at, 4)
    found = _derive(engine, FollowUp.PROMISED)
    # Confirmed and forgotten, put off, and ended by its missing report; never only proposed.
    assert _codes(found) == at.codes[:3]
    assert {case.work for case in found.cases} == {Work.CONFIRMED, Work.POSTPONED, Work.RETURNED}
    assert found.cases[0].day == DAY
    assert found.looked_at == 16
    early = DAY + timedelta(13)
    assert _codes(_derive(engine, FollowUp.PROMISED, today=early)) == []
    assert _codes(_derive(engine, FollowUp.PROMISED, today=early, lapsed_days=13)) == at.codes[:3]


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
    assert at.codes[0] not in _codes(_derive(engine, FollowUp.PROMISED))
    with unit_of_work(engine) as db:
        db.get_one(Visit, number).work = Work.CANCELLED
    assert at.codes[0] in _codes(_derive(engine, FollowUp.PROMISED))


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
        _hold(db, at, 0, signups=8, paid=0)
        _hold(db, at, 1, signups=8, paid=1)
        _hold(db, at, 2, signups=8)  # nobody has told
        _hold(db, at, 3, signups=8)
        _hold(db, at, 4, signups=8, paid=0)
        _hold(db, at, 5, signups=4, paid=0)  # too few to say
        _ledger(db, at.codes[3], first_paid=0)
        _ledger(db, at.codes[4], first_paid=2)
    found = _derive(engine, FollowUp.UNPAID)
    assert _codes(found) == [at.codes[0], at.codes[3]]
    assert (found.looked_at, found.unknown) == (4, 1)
    assert found.cases[0].paid == 0
    assert _codes(_derive(engine, FollowUp.UNPAID, unpaid_days=61)) == []
    assert at.codes[5] in _codes(_derive(engine, FollowUp.UNPAID, least_signups=4))


def test_who_stopped_paying_is_told_by_the_latest_count(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _ledger(db, at.codes[0], first_paid=20, paid_1=18, paid_3=11)
        _ledger(db, at.codes[1], first_paid=20, paid_1=12)
        _ledger(db, at.codes[2], first_paid=20)
        _ledger(db, at.codes[3], first_paid=4, paid_1=0)
        _ledger(db, at.codes[4], month=10, first_paid=10, paid_1=10)
        _ledger(db, at.codes[4], month=9, first_paid=10, paid_6=1)
    found = _derive(engine, FollowUp.STOPPED_PAYING, today=DAY)
    assert found.looked_at == 3
    found = _derive(engine, FollowUp.STOPPED_PAYING)
    told_of = {case.code: (case.paid, case.still_paid) for case in found.cases}
    assert told_of == {at.codes[0]: (20, 11), at.codes[4]: (20, 11)}
    kept = _derive(engine, FollowUp.STOPPED_PAYING, kept_percent=50)
    assert kept.cases == ()


def _sponsor(db: Session, at: Field, **changes: Any) -> None:
    given = {
        "region_code": "33.72.01",
        "payer": "apbdes",
        "sponsor": "Desa",
        "sector": "farmer",
        "package": "jkk_jkm",
        "quota": 100,
        "starts": DAY - timedelta(100),
        "ends": TODAY + timedelta(30),
    }
    add_sponsorship(db, SponsorshipIn.model_validate({**given, **changes}), by=at.coordinator)


def test_an_ending_term_sends_to_every_village_by_its_workers(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _sponsor(db, at)
        _sponsor(db, at, region_code="33.72.02", ends=TODAY + timedelta(61))  # not yet
        _sponsor(db, at, region_code="33.72.03", ends=TODAY - timedelta(1))  # over
        details = [{"sector": "farmer", "package": "jkk_jkm", "payer": "apbdes", "workers": 40}]
        _hold(db, at, 3, men=60, women=60, signups=40, details=details)
    found = _derive(engine, FollowUp.SPONSOR_ENDING)
    with reading(engine) as db:
        rows = {
            row.code: row.vulnerable_workers
            for row in db.scalars(select(Village).where(col(Village.district_code) == "33.72.01"))
        }
    assert set(_codes(found)) == set(rows)
    at_stake = {case.code: case.at_stake or 0 for case in found.cases}
    assert sum(at_stake.values()) == pytest.approx(100)
    # Forty are known; the other sixty are shared by the vulnerable.
    share = 60 * rows[at.codes[3]] / sum(rows.values())
    assert at_stake[at.codes[3]] == pytest.approx(40 + share)
    assert found.cases[0].code == at.codes[3]
    assert (found.cases[0].sponsors, found.cases[0].ends) == (("Desa",), TODAY + timedelta(30))


def test_a_sign_up_from_before_the_term_is_not_of_it(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _sponsor(db, at, starts=DAY + timedelta(1))
        details = [{"sector": "farmer", "package": "jkk_jkm", "payer": "apbdes", "workers": 40}]
        _hold(db, at, 3, men=60, women=60, signups=40, details=details)
        rows = {
            row.code: row.vulnerable_workers
            for row in db.scalars(select(Village).where(col(Village.district_code) == "33.72.01"))
        }
    at_stake = {case.code: case.at_stake for case in _derive(engine, FollowUp.SPONSOR_ENDING).cases}
    assert at_stake[at.codes[3]] == pytest.approx(100 * rows[at.codes[3]] / sum(rows.values()))


def test_a_wider_term_reaches_into_a_part_of_its_region(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        _sponsor(db, at, region_code="33.72")
    whole = _derive(engine, FollowUp.SPONSOR_ENDING)
    part = _derive(engine, FollowUp.SPONSOR_ENDING, Scope(("33.72.02",)))
    assert len(whole.cases) == 54
    assert {case.code: case.at_stake for case in part.cases} == {
        case.code: case.at_stake for case in whole.cases if case.code.startswith("33.72.02.")
    }


def test_a_visit_before_the_end_is_enough_and_one_after_it_is_not(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        _sponsor(db, at)
        for number, days in ((0, 30), (1, 31)):
            visit = db.get_one(Visit, at.visits[at.codes[number]])
            visit.day = TODAY + timedelta(days)
    found = _derive(engine, FollowUp.SPONSOR_ENDING)
    assert at.codes[0] not in _codes(found)
    assert at.codes[1] in _codes(found)
    assert found.planned == 1


def _hold_on(db: Session, at: Field, number: int, day: date, people: int = 18) -> None:
    _hold(db, at, number, signups=0)
    code = at.codes[number]
    report = db.scalars(select(SessionReport).where(col(SessionReport.village_code) == code)).one()
    report.held_on, report.men, report.women = day, people, 0


def test_a_session_since_the_time_to_ask_is_enough_and_one_before_it_is_not(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        # Asked from sixty days before the end on, which was yesterday.
        _sponsor(db, at, ends=TODAY + timedelta(59))
        _hold_on(db, at, 0, TODAY - timedelta(1))
        _hold_on(db, at, 1, TODAY - timedelta(2))
        _hold_on(db, at, 2, TODAY - timedelta(1), people=0)  # nobody was met
    found = _derive(engine, FollowUp.SPONSOR_ENDING)
    assert at.codes[0] not in _codes(found)
    assert {at.codes[1], at.codes[2]} <= set(_codes(found))
    assert found.planned == 1


def test_who_was_visited_since_the_count_waits_for_the_next_count(
    engine: Engine, at: Field
) -> None:
    counted = date(2026, 12, 31)
    with unit_of_work(engine) as db:
        for number in (0, 1):
            _ledger(db, at.codes[number], first_paid=20, paid_1=3)
            _hold_on(db, at, number, counted + timedelta(1 - number))
    found = _derive(engine, FollowUp.STOPPED_PAYING)
    assert _codes(found) == [at.codes[1]]
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
    found = _derive(engine, FollowUp.PROMISED)
    assert at.codes[0] not in _codes(found)
    assert at.codes[1] in _codes(found)
    assert found.planned == 1
    with unit_of_work(engine) as db:
        db.get_one(Stage, stage_id).status = Status.CLOSED
    again = _derive(engine, FollowUp.PROMISED)
    assert at.codes[0] in _codes(again)
    assert again.planned == 0


def test_all_lists_are_those_asked_for_one_by_one(engine: Engine, at: Field) -> None:
    _sessions(engine, at)
    with unit_of_work(engine) as db:
        _sponsor(db, at)
    with reading(engine) as db:
        together = follow_up_lists(db, NATION, Rules(), TODAY, whole=NATION)
    assert [one.kind for one in together] == list(FollowUp)
    assert list(together) == [_derive(engine, kind) for kind in FollowUp]
    weights = [[case.weight for case in one.cases] for one in together]
    assert all(some == sorted(some, reverse=True) for some in weights)
    assert sum(map(len, weights)) > 3


def test_another_campaign_and_another_area_have_lists_of_their_own(
    engine: Engine, at: Field
) -> None:
    _sessions(engine, at)
    assert _codes(_derive(engine, FollowUp.LOW_CONVERSION, Scope(("33.11",)))) == []
    elsewhere = replace(NATION, campaign_id=at.campaign_id + 1)
    assert _codes(_derive(engine, FollowUp.LOW_CONVERSION, elsewhere)) == []
    same = replace(NATION, campaign_id=at.campaign_id)
    assert _codes(_derive(engine, FollowUp.LOW_CONVERSION, same)) == [at.codes[10]]


@pytest.mark.parametrize("name", Rules.model_fields)
def test_thresholds_have_bounds(name: str) -> None:
    for value in (0, -1, 10_000):
        with pytest.raises(ValidationError):
            Rules.model_validate({name: value})


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
