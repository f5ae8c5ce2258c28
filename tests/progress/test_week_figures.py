"""The figures of a weekly digest: those of the board, and a plain recount of the two weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.logbook.tables import Package, Payer, Sector, SessionReport
from outreach.people.access import person_of
from outreach.people.tables import BranchRegency
from outreach.progress.board import board
from outreach.progress.board_rows import By
from outreach.progress.board_targets import targets_of_branches
from outreach.progress.denominators import denominators
from outreach.progress.dues import dues_by
from outreach.progress.scope import Scope
from outreach.progress.tables import Sponsorship
from outreach.progress.targets import area_target
from outreach.progress.week_figures import Plans, WeekCounts, WeekFigures, week_figures
from outreach.villages.tables import Figure
from outreach.visits.tables import PlanSubmission, SubmissionState
from tests.progress.planned_board import world  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person
    from tests.progress.planned_board import World

#: The Tuesday after the week in which the sessions were held; it is 17:00 in Jakarta.
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
TODAY = date(2026, 11, 24)
MONDAY = date(2026, 11, 16)
WEEK = timedelta(days=7)


def figures_of(engine: Engine, person: Person, area: str = "", now: datetime = NOW) -> WeekFigures:
    with reading(engine) as db:
        return week_figures(db, person, area, now=now, village_funds_discounted=False)


def test_they_are_those_of_the_board(engine: Engine, world: World) -> None:  # noqa: F811
    told = figures_of(engine, world.field.manager)
    with reading(engine) as db:
        targets = targets_of_branches(db, TODAY)
        found = board(db, world.asked(By.BRANCH), targets, today=TODAY, now=NOW)
        dues = dues_by(db, Scope(("",)), None, TODAY, village_funds_discounted=False)
    assert told.by is By.BRANCH
    assert told.board.whole == found.whole
    assert found.whole.figures.signups == 20
    assert told.board.recoverable == found.recoverable
    assert told.rates == denominators(found.whole.figures, found.sources)
    assert [one.figure for one in told.rates] == [
        Figure.INFORMAL,
        Figure.VULNERABLE,
        Figure.COVERED,
    ]
    assert all(one.total and one.as_of for one in told.rates)
    assert told.dues == dues.get("", {})


def test_the_outlook_is_that_of_its_page(engine: Engine, world: World) -> None:  # noqa: F811
    manager = world.field.manager
    with reading(engine) as db:
        nation, regency = (area_target(db, (code,), TODAY) for code in ("", "33.72"))
    assert nation is not None
    assert regency is not None
    assert regency.signups < nation.signups
    for area, share in (("", nation), ("33.72", regency)):
        told = figures_of(engine, manager, area).outlook
        assert told.signups.target == share.signups
        assert (told.period.starts, told.period.ends) == (share.starts, share.ends)
    district = figures_of(engine, manager, "33.72.01")
    assert district.board.whole.aim is not None
    assert district.outlook.signups.target == district.board.whole.aim.signups > 0


def _recount(engine: Engine, monday: date) -> WeekCounts:
    with reading(engine) as db:
        reports = [
            one
            for one in db.exec(select(SessionReport))
            if one.corrected_by is None and monday <= one.held_on < monday + WEEK
        ]
    return WeekCounts(
        reached=len({one.village_code for one in reports if one.men + one.women}),
        sessions=len(reports),
        signups=sum(one.signups for one in reports),
        paid=sum(one.paid or 0 for one in reports),
    )


def test_the_week_that_ended_stands_beside_the_one_before(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    with unit_of_work(engine) as db:
        earlier = db.exec(select(SessionReport).where(SessionReport.signups == 5)).one()
        earlier.held_on -= WEEK
    told = figures_of(engine, world.field.manager)
    assert (told.monday, told.sunday) == (MONDAY, date(2026, 11, 22))
    assert told.this == _recount(engine, MONDAY)
    assert told.before == _recount(engine, MONDAY - WEEK)
    assert (told.this.sessions, told.this.signups, told.before.signups) == (3, 15, 5)
    later = figures_of(engine, world.field.manager, now=NOW + WEEK)
    assert (later.this.sessions, later.before) == (0, told.this)


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        # Sunday evening and Monday morning in Jakarta.
        (datetime(2026, 11, 22, 16, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), date(2026, 11, 16)),
    ],
)
def test_a_week_ends_by_the_clock_of_the_place(
    engine: Engine,
    world: World,  # noqa: F811
    now: datetime,
    monday: date,
) -> None:
    assert figures_of(engine, world.field.manager, now=now).monday == monday


def test_only_what_the_person_sees_counts(engine: Engine, world: World) -> None:  # noqa: F811
    whole = figures_of(engine, world.field.manager)
    own = figures_of(engine, world.field.coordinator)
    assert own.board.whole.figures.villages == 54 < whole.board.whole.figures.villages
    assert (own.name, whole.name) == ("Kota Surakarta", "Indonesia")
    assert own.by is By.DISTRICT
    with unit_of_work(engine) as db:
        served = db.get_one(BranchRegency, "33.11")
        served.branch_id = world.field.coordinator.branch_id or 0
        db.flush()
        wider = person_of(db, world.field.coordinator.account_id)
    assert wider is not None
    both = figures_of(engine, wider)
    assert (both.name, both.by) == ("Kantor Cabang Surakarta", By.REGENCY)
    part = figures_of(engine, world.field.coordinator, "33.72.01")
    assert (part.by, part.name) == (By.VILLAGE, "Laweyan")
    assert part.board.whole.figures.villages == 11
    with pytest.raises(NotFound):
        figures_of(engine, world.field.coordinator, "33.11")


def test_branches_behind_come_by_what_can_be_recovered(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    told = figures_of(engine, world.field.manager)
    (first,) = told.behind
    assert first.name == "Kantor Cabang Surakarta"
    surakarta = next(key for code, key in world.branches.items() if code == "33.72")
    assert first.recoverable == told.board.recoverable[surakarta] > 0
    assert told.behind_count == 1


def test_regions_behind_come_by_the_villages_missing(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    others = ["33.72.02.1001", "33.72.03.1001", "33.72.03.1002"]
    with unit_of_work(engine) as db:
        (plan,) = db.exec(select(PlanSubmission))
        places = sorted(plan.places, key=lambda place: str(place["village_code"]))
        # The villages numbered 3, 4 and 5 were not reached.
        moved = dict(zip((3, 4, 5), others, strict=True))
        plan.places = [
            {**place, "village_code": moved.get(number, place["village_code"])}
            for number, place in enumerate(places)
        ]
    told = figures_of(engine, world.field.coordinator)
    assert [(one.name, one.expected - one.reached) for one in told.behind] == [
        ("Laweyan", 3),
        ("Pasar Kliwon", 2),
        ("Serengan", 1),
    ]
    assert sum(one.expected for one in told.behind) == told.board.whole.figures.expected


def test_sponsorships_that_end_soon_and_plans_that_wait_are_told(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    with unit_of_work(engine) as db:
        (plan,) = db.exec(select(PlanSubmission))
        plan.state = SubmissionState.SUBMITTED
        for days, quota in ((20, 100), (10, 30), (300, 70)):
            db.add(
                Sponsorship(
                    branch_id=world.field.coordinator.branch_id or 0,
                    region_code="33.72",
                    payer=Payer.APBD,
                    sponsor=f"Kota {quota}",
                    sector=Sector.OTHER,
                    package=Package.JKK_JKM,
                    quota=quota,
                    starts=date(2026, 6, 1),
                    ends=TODAY + timedelta(days=days),
                )
            )
    told = figures_of(engine, world.field.manager)
    assert [(one.sponsor, one.workers) for one in told.ending] == [
        ("Kota 30", 30),
        ("Kota 100", 100),
    ]
    assert (told.ending_count, told.ending_workers) == (2, 130)
    assert told.plans == Plans(1, 1)
    assert figures_of(engine, world.field.manager, "33.72.01").plans == Plans(1, 1)
    assert figures_of(engine, world.field.manager, "33.11").plans == Plans(0, 1)
    assert figures_of(engine, world.field.coordinator).plans == Plans(0, 0)
