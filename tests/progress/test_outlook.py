"""Where a scope will stand: fed by team-days held, planned and to come by habit."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.people.tables import Branch
from outreach.planning.forecast import TooThin
from outreach.progress.branch_outlook import branch_outlooks
from outreach.progress.effort import Period, effort_of, spans_of, team_days_of, working_days
from outreach.progress.outlook import Outlook, Prospect, outlook
from outreach.progress.scope import Scope
from outreach.progress.targets import TargetShare
from outreach.visits.tables import Stay, Visit, Work
from tests.builders import load_small_registry
from tests.field import NOW, Field, add_visit, make_field, told
from tests.visits.world import branch

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

NATION = Scope(("",))
TODAY = date(2026, 11, 20)
#: Seven weeks of two days out, two sessions each, the last of them this week.
TUESDAYS = [date(2026, 10, 6) + timedelta(weeks=n) for n in range(7)]
DAYS = [day + timedelta(days=more) for day in TUESDAYS for more in (0, 2)]
SIGNUPS = 5
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31), TODAY)


@pytest.fixture
def at(engine: Engine) -> Field:
    """28 sessions on 14 days in Surakarta; two days out are planned; Sukoharjo has nothing."""
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db, 0)
        at.codes[:] = [code for code in at.codes if code.startswith("33.72")]
        branch(db, "Sukoharjo", "33.11", "33.11.12.2001", 1)
        days = [*DAYS, date(2026, 11, 24), date(2026, 11, 26)]
        held = [_visit(db, at, n, day) for n, day in enumerate(sorted(days + days))][
            : 2 * len(DAYS)
        ]
        reports = [
            told(number, held_on=day.isoformat(), signups=SIGNUPS)
            for number, day in zip(held, sorted(DAYS + DAYS), strict=True)
        ]
        answers = take_in(db, reports, at.coordinator, NOW)
        assert {a.outcome.value for a in answers} == {"accepted"}, answers
    return at


def _visit(db: Session, at: Field, number: int, day: date) -> int:
    visit_id = add_visit(db, at.stage_id, at.team_id, at.codes[number], number, Work.CONFIRMED)
    visit = db.get_one(Visit, visit_id)
    visit.day, visit.slot = day, number % 2 + 1
    db.flush()
    return visit_id


def _outlook(
    engine: Engine, period: Period = YEAR, scope: Scope = NATION, target: int | None = None
) -> Outlook:
    with reading(engine) as db:
        return outlook(db, scope, period, target=target)


def test_working_days_leave_out_sundays_and_holidays() -> None:
    assert working_days(date(2026, 11, 2), date(2026, 11, 8)) == 6
    assert working_days(date(2026, 12, 21), date(2026, 12, 27)) == 4  # Christmas and leave
    assert working_days(date(2026, 12, 28), date(2027, 1, 3)) == 5
    assert working_days(date(2026, 11, 8), date(2026, 11, 8)) == 0


def test_what_is_done_stands_where_the_range_begins(engine: Engine, at: Field) -> None:
    told = _outlook(engine)
    course = told.signups
    assert course.done == 28 * SIGNUPS
    assert told.villages.done == 28
    here = [place for place, value in enumerate(course.done_by) if value is not None][-1]
    assert course.days[here] == TODAY
    assert course.done_by[here] == course.low[here] == course.high[here] == course.done
    assert course.done_by[here - 1] == 24 * SIGNUPS
    assert course.days[-1] == date(2026, 12, 31)
    assert len(course.days) == len(course.low) == len(course.high) == len(course.done_by)
    assert (told.as_of, told.planned) == (date(2026, 11, 19), 4)


def test_planned_team_days_bring_what_team_days_have_brought(engine: Engine, at: Field) -> None:
    course = _outlook(engine, Period(YEAR.starts, date(2026, 11, 26), TODAY)).signups
    assert course.pace == pytest.approx(2 * SIGNUPS)
    assert course.ends_middle == pytest.approx(course.done + 2 * 2 * SIGNUPS, rel=0.05)
    assert course.ends_low is not None
    assert course.ends_high is not None
    assert course.done < course.ends_low < course.ends_high


def test_behind_the_plan_the_habit_goes_on(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        days = team_days_of(db, NATION, date(2026, 10, 5), TODAY)
    (only,) = days.values()
    past, ahead = effort_of(days, date(2026, 10, 5), YEAR)
    assert past.tolist() == [2.0] * 7
    spans = spans_of(YEAR)
    habit = 14 / working_days(DAYS[0], date(2026, 11, 19))
    for (first, last), coming in zip(spans, ahead, strict=True):
        if last <= date(2026, 11, 22):
            assert coming == 0
        elif first <= date(2026, 11, 26):
            behind = working_days(date(2026, 11, 27), last)
            assert coming == pytest.approx(2 + habit * behind)
        else:
            assert coming == pytest.approx(habit * working_days(first, last))
    assert max(only) == date(2026, 11, 26)


def test_proposals_that_gave_way_are_no_team_days_and_visits_that_fell_out_are(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        visits = db.exec(select(Visit).where(Visit.day == date(2026, 11, 24))).all()
        for visit in visits:
            visit.work = Work.CANCELLED
        for visit in db.exec(select(Visit).where(Visit.day == date(2026, 11, 26))).all():
            visit.work = Work.POSTPONED
    with reading(engine) as db:
        (days,) = team_days_of(db, NATION, TODAY, TODAY).values()
    assert days == {date(2026, 11, 26): 1}


def test_days_on_the_way_of_a_stay_are_team_days_as_on_the_board(engine: Engine, at: Field) -> None:
    out, session, back = (date(2026, 11, day) for day in (25, 26, 27))
    with unit_of_work(engine) as db:
        visit = db.exec(select(Visit).where(Visit.day == session)).first()
        assert visit is not None
        stay = Stay(
            stage_id=visit.stage_id,
            team_id=visit.team_id,
            hub_village_code=visit.village_code,
            starts=out,
            ends=back,
            travel_days=[out.isoformat(), back.isoformat()],
            session_days=[session.isoformat()],
            access_minutes=300,
        )
        db.add(stay)
        db.flush()
        visit.stay_id = stay.id

    def days() -> dict[date, int]:
        with reading(engine) as db:
            (found,) = team_days_of(db, NATION, TODAY, TODAY).values()
        return found

    assert days() == dict.fromkeys((date(2026, 11, 24), out, session, back), 1)
    with unit_of_work(engine) as db:
        # One that was put into the way by hand makes no second team-day of it.
        other = db.exec(select(Visit).where(Visit.day == date(2026, 11, 24))).first()
        assert other is not None
        other.day = out
    assert days() == dict.fromkeys((date(2026, 11, 24), out, session, back), 1)
    with unit_of_work(engine) as db:
        for one in db.exec(select(Visit).where(Visit.day == session)):
            one.work = Work.PROPOSED
    assert days() == dict.fromkeys((date(2026, 11, 24), out), 1), "a draft moves no outlook"


def test_what_nobody_has_approved_moves_no_outlook(engine: Engine, at: Field) -> None:
    before = _outlook(engine)
    with unit_of_work(engine) as db:
        for number, day in enumerate((date(2026, 12, 1), date(2026, 12, 29)), start=len(DAYS) * 3):
            visit = db.get_one(Visit, _visit(db, at, number, day))
            visit.work = Work.PROPOSED
    drafted = _outlook(engine)
    assert (drafted.signups, drafted.planned) == (before.signups, 4)
    with unit_of_work(engine) as db:
        for visit in db.exec(select(Visit).where(Visit.work == Work.PROPOSED)).all():
            visit.work = Work.AWAITING
    approved = _outlook(engine)
    assert approved.planned == 6
    assert approved.signups.ends_middle != before.signups.ends_middle


def test_the_spans_cut_what_is_to_come_into_weeks_and_at_the_end() -> None:
    spans = spans_of(Period(YEAR.starts, date(2026, 12, 2), TODAY))
    assert spans[:4] == (
        (TODAY, date(2026, 11, 22)),
        (date(2026, 11, 23), date(2026, 11, 29)),
        (date(2026, 11, 30), date(2026, 12, 2)),
        (date(2026, 12, 3), date(2026, 12, 6)),
    )
    assert all(first == last + timedelta(days=1) for (_, last), (first, _) in pairwise(spans))


def test_a_period_counts_its_own_days_alone(engine: Engine, at: Field) -> None:
    # From a Wednesday on: the Tuesday of that week belongs to the time before.
    told = _outlook(engine, Period(date(2026, 10, 21), date(2026, 12, 31), TODAY))
    assert told.signups.done == sum(day >= date(2026, 10, 21) for day in DAYS) * 2 * SIGNUPS
    assert told.signups.done_by[0] == 2 * SIGNUPS
    assert told.villages.done == told.signups.done / SIGNUPS
    # The pace is known from all weeks.
    assert told.signups.pace == pytest.approx(2 * SIGNUPS)


@pytest.mark.parametrize(
    ("target", "prospect"),
    [
        (100, Prospect.MADE),
        (140, Prospect.MADE),
        (150, Prospect.LIKELY),
        (10_000, Prospect.UNLIKELY),
        (None, None),
    ],
)
def test_whether_the_target_will_be_made(
    engine: Engine, at: Field, target: int | None, prospect: Prospect | None
) -> None:
    course = _outlook(engine, target=target).signups
    assert course.prospect is prospect
    assert course.missing == (None if target is None else max(0, target - 140))
    if prospect is Prospect.LIKELY:
        assert course.made_on is not None
        assert course.made_on.early is not None
        assert course.made_on.late is not None
        assert TODAY <= course.made_on.early <= course.made_on.late <= date(2026, 12, 31)
    if prospect is Prospect.MADE:
        assert course.made_on is None


def test_a_target_in_the_middle_of_the_range_is_open(engine: Engine, at: Field) -> None:
    middle = _outlook(engine).signups.ends_middle
    assert middle is not None
    assert _outlook(engine, target=round(middle)).signups.prospect is Prospect.OPEN


def test_what_is_expected_by_today_follows_the_working_days(engine: Engine, at: Field) -> None:
    period = Period(date(2026, 11, 16), date(2026, 11, 28), TODAY)
    assert period.gone == pytest.approx(4 / 12)
    assert _outlook(engine, period, target=120).signups.expected == pytest.approx(40)


def test_a_period_that_is_over_is_made_or_missed(engine: Engine, at: Field) -> None:
    over = Period(date(2026, 10, 5), date(2026, 10, 18), TODAY)
    for target, prospect in ((41, Prospect.MISSED), (40, Prospect.MADE)):
        course = _outlook(engine, over, target=target).signups
        assert (course.done, course.prospect) == (40, prospect)
        assert course.ends_low is None
        assert course.days == (date(2026, 10, 11), date(2026, 10, 18))
        assert course.done_by == (20, 40)


def test_where_the_data_are_too_thin_it_says_so(engine: Engine, at: Field) -> None:
    early = Period(YEAR.starts, YEAR.ends, date(2026, 10, 22))
    course = _outlook(engine, early, target=1_000).signups
    assert isinstance(course.thin, TooThin)
    assert (course.thin.weeks, course.thin.sessions) == (2, 8)
    assert course.prospect is None
    assert course.ends_low is None
    assert not any(value is not None for value in course.high)


def test_a_campaign_ends_where_no_village_is_left(engine: Engine, at: Field) -> None:
    told = _outlook(engine, scope=Scope(("",), campaign_id=at.campaign_id))
    assert told.villages_in_scope == 32
    assert told.villages.ends_low == told.villages.ends_high == 32
    assert told.signups.ends_middle == pytest.approx(32 * SIGNUPS, rel=0.05)
    nation = _outlook(engine).signups.ends_middle
    assert nation is not None
    assert nation > 35 * SIGNUPS


def test_only_the_scope_is_counted(engine: Engine, at: Field) -> None:
    told = _outlook(engine, scope=Scope(("33.11",)), target=10)
    assert (told.signups.done, told.planned, told.as_of) == (0, 0, None)
    assert isinstance(told.signups.thin, TooThin)


def test_every_branch_stands_beside_its_target_the_most_missing_first(
    engine: Engine, at: Field
) -> None:
    with reading(engine) as db:
        ids = {row.name: row.id or 0 for row in db.exec(select(Branch))}
        targets = {
            ids["Surakarta"]: TargetShare(200, YEAR.starts, YEAR.ends, "told", True),
            ids["Sukoharjo"]: TargetShare(90, date(2026, 7, 1), YEAR.ends, "told", False),
        }
        rows = branch_outlooks(db, NATION, [*ids.values(), 99], targets, TODAY)
        own = outlook(db, Scope(("33.72",)), YEAR, target=200)
        assert branch_outlooks(db, NATION, list(ids.values()), {}, TODAY) == []
    assert [(row.name, row.signups.missing) for row in rows] == [
        ("Sukoharjo", 90),
        ("Surakarta", 60),
    ]
    sukoharjo, surakarta = rows
    assert isinstance(sukoharjo.signups.thin, TooThin)
    assert surakarta.signups.prospect is own.signups.prospect
    for name in ("done", "target", "expected", "pace", "ends_low", "ends_middle", "ends_high"):
        assert getattr(surakarta.signups, name) == pytest.approx(getattr(own.signups, name))
