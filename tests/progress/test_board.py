"""The board's figures: as a plain recount of visits, plans, reports and phones tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import DisputedReport, SessionReport
from outreach.people.access import covers
from outreach.people.tables import BranchRegency
from outreach.progress import scope
from outreach.progress.board import OF_BRANCHES, UNSERVED, board
from outreach.progress.board_rows import By, Figures, Schedule
from outreach.progress.board_targets import targets_of_branches, targets_within
from outreach.progress.board_teams import villages_of_teams
from outreach.progress.planned_days import planned_days
from outreach.progress.scope import Scope
from outreach.progress.set_targets import TargetIn, set_target
from outreach.progress.targets import area_target
from outreach.villages.tables import Village, VillageKind
from outreach.visits.tables import ACTIVE, PlanSubmission, Stay, SubmissionState, Visit, Work
from tests.field import DAY, NOW
from tests.progress.planned_board import NATION, TODAY, World, count, world

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

__all__ = ["world"]


class Recount:
    """Goes through everything one by one."""

    def __init__(self, world: World, by: By) -> None:
        self.world, self.asked = world, world.asked(by)
        self.found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.days: defaultdict[str, set[tuple[int, date]]] = defaultdict(set)
        self.own: defaultdict[str, set[str]] = defaultdict(set)

    def key(self, code: str, team: int = 0) -> str:
        is_team = self.asked.by is By.TEAM
        return str(team) if is_team else self.asked.row_of(code[: self.asked.level])

    def keys(self, code: str) -> Iterable[str]:
        """Where a village counts: in its region, or with every team whose own it is."""
        if self.asked.by is not By.TEAM:
            return (self.key(code),)
        return (team for team, codes in self.own.items() if code in codes)

    def villages(self, db: Session) -> None:
        for village in db.exec(select(Village)):
            sums = {
                "villages": 1,
                "informal": village.informal_workers,
                "covered": village.informal_covered,
                "vulnerable": village.vulnerable_workers,
            }
            for key in self.keys(village.code):
                self.found[key].update(sums)
        for code, phone in self.phones().items():
            for key in self.keys(code):
                self.found[key].update(phone)

    def phones(self) -> dict[str, dict[str, int]]:
        codes = self.world.field.codes
        return {
            codes[0]: {"phones": 1},
            codes[1]: {"phones": 1, "held": 1, "unsent": 2, "silent": 1},
        }

    def plan(self, db: Session) -> None:
        (submission,) = db.exec(select(PlanSubmission))
        for place in submission.places:
            row = self.found[self.key(place["village_code"], place["team_id"])]
            due = date.fromisoformat(place["day"]) < TODAY
            row.update({"planned": 1, "expected": int(due)})
            self.own[str(place["team_id"])].add(place["village_code"])

    def reports(self, db: Session) -> None:
        visits = {visit.id: visit for visit in db.exec(select(Visit))}
        for report in db.exec(select(SessionReport)):
            visit = visits[report.visit_id]
            if report.corrected_by is None:
                key = self.key(visit.village_code, visit.team_id)
                self.found[key].update(self.figures(report, visit))
                self.days[key].add((visit.team_id, report.held_on))
                self.own[str(visit.team_id)].add(visit.village_code)
        for visit_id in {dispute.visit_id for dispute in db.exec(select(DisputedReport))}:
            visit = visits[visit_id]
            self.found[self.key(visit.village_code, visit.team_id)]["disputed"] += 1

    def figures(self, report: SessionReport, visit: Visit) -> dict[str, int]:
        people = report.men + report.women
        return {
            "reached": int(people > 0),
            "sessions": 1,
            "people": people,
            "signups": report.signups,
            "told": report.signups if report.paid is not None else 0,
            "paid": report.paid or 0,
            "travel_minutes": visit.travel_minutes + visit.return_minutes,
            "flagged": int(bool(report.flags) and visit.work is not Work.APPROVED),
        }


def recount(engine: Engine, world: World, by: By) -> dict[str, dict[str, int]]:
    told = Recount(world, by)
    with reading(engine) as db:
        told.plan(db)
        told.reports(db)
        told.villages(db)
    for key, out in told.days.items():
        told.found[key]["team_days"] = len(out)
    return {
        key: {name: number for name, number in row.items() if number}
        for key, row in told.found.items()
    }


def as_counts(figures: Figures) -> dict[str, int]:
    told = {one.name: getattr(figures, one.name) for one in fields(Figures)}
    return {name: number for name, number in told.items() if number}


@pytest.mark.parametrize("by", By)
def test_rows_agree_with_a_recount(engine: Engine, world: World, by: By) -> None:
    found = count(engine, world, by)
    wanted = recount(engine, world, by)
    assert {row.key: as_counts(row.figures) for row in found.rows} == wanted
    assert len(found.rows) == len(wanted)


def test_the_whole_is_the_same_whatever_the_rows_are(engine: Engine, world: World) -> None:
    wholes = {by: count(engine, world, by).whole for by in By}
    assert len({whole.figures for whole in wholes.values()}) == 1
    assert len({(whole.aim.signups, whole.aim.done) for whole in wholes.values() if whole.aim}) == 1
    whole = wholes[By.OFFICE].figures
    assert (whole.reached, whole.expected, whole.planned) == (3, 9, 9)
    assert (whole.sessions, whole.signups, whole.told, whole.paid) == (4, 20, 15, 11)
    assert whole.paid_share == 11 / 15
    assert (whole.flagged, whole.disputed) == (1, 1)
    # On the 18th one team, on the 19th the other: each once, however many sessions it held.
    assert whole.team_days == 2
    assert whole.travel_hours == 4 * 35 / 60


def test_the_way_to_a_hub_is_travel_of_the_sessions_held_from_there(
    engine: Engine, world: World
) -> None:
    def figures(by: By) -> list[Figures]:
        return [row.figures for row in count(engine, world, by).rows]

    before = count(engine, world, By.OFFICE).whole.figures
    with unit_of_work(engine) as db:
        _stay(db, world, world.field.codes[:2])
        _stay(db, world, world.field.codes[4:5])  # put off: nobody went
    whole = count(engine, world, By.OFFICE).whole.figures
    assert whole.team_days == before.team_days + 2
    assert whole.travel_minutes == before.travel_minutes + 2 * 150
    for by in By:
        assert sum(one.travel_minutes for one in figures(by)) == whole.travel_minutes
    (team,) = (one for one in figures(By.TEAM) if one.team_days > 1)
    assert team.team_days == 3


def _stay(db: Session, world: World, codes: Sequence[str]) -> None:
    """Make of the visits to some villages those of a stay, two days of it on the way."""
    visits = [db.get_one(Visit, world.field.visits[code]) for code in codes]
    way = [min(one.day for one in visits) - timedelta(1), max(one.day for one in visits)]
    way[1] += timedelta(1)
    stay = Stay(
        stage_id=world.field.stage_id,
        team_id=visits[0].team_id,
        hub_village_code=codes[0],
        starts=way[0],
        ends=way[1],
        travel_days=[day.isoformat() for day in way],
        session_days=[one.day.isoformat() for one in visits],
        access_minutes=150,
    )
    db.add(stay)
    db.flush()
    for visit in visits:
        visit.stay_id = stay.id


def test_what_was_put_off_falls_behind_the_approved_plan(engine: Engine, world: World) -> None:
    (row,) = (row for row in count(engine, world, By.REGENCY).rows if row.key == "33.72")
    assert (row.figures.expected, row.figures.off_plan) == (9, -6)
    assert row.figures.schedule is Schedule.BEHIND
    with unit_of_work(engine) as db:
        for submission in db.exec(select(PlanSubmission)):
            submission.state = SubmissionState.WITHDRAWN
        standing = [one for one in db.exec(select(Visit)) if one.work in ACTIVE]
        due = [one for one in standing if one.day < TODAY]
    (row,) = (row for row in count(engine, world, By.REGENCY).rows if row.key == "33.72")
    assert (row.figures.planned, row.figures.expected) == (len(standing), len(due)) == (8, 7)


def test_a_plan_is_due_only_when_its_day_is_over(engine: Engine, world: World) -> None:
    with reading(engine) as db:
        targets = targets_of_branches(db, DAY)
        first_day = board(db, world.asked(By.BRANCH), targets, today=DAY, now=NOW)
        second = board(db, world.asked(By.BRANCH), targets, today=DAY + timedelta(days=1), now=NOW)
    assert (first_day.whole.figures.expected, second.whole.figures.expected) == (0, 3)


@pytest.mark.parametrize(
    ("planned", "expected", "reached", "schedule"),
    [
        (0, 0, 0, Schedule.NO_PLAN),
        (0, 0, 3, Schedule.NO_PLAN),
        (5, 0, 0, Schedule.ON_SCHEDULE),
        (5, 1, 0, Schedule.BEHIND),
        (5, 1, 2, Schedule.AHEAD),
        (200, 100, 98, Schedule.ON_SCHEDULE),
        (200, 100, 97, Schedule.BEHIND),
        (200, 100, 103, Schedule.AHEAD),
    ],
)
def test_on_schedule_is_within_a_fiftieth(
    planned: int, expected: int, reached: int, schedule: Schedule
) -> None:
    assert Figures(planned=planned, expected=expected, reached=reached).schedule is schedule


def test_only_what_is_in_scope_counts(engine: Engine, world: World) -> None:
    one = world.field.codes[6]
    whole = count(engine, world, By.VILLAGE, Scope((one,))).whole.figures
    assert (whole.villages, whole.planned, whole.sessions, whole.signups) == (1, 1, 1, 9)
    other = count(engine, world, By.DISTRICT, Scope(("33.11",)))
    assert (other.whole.figures.planned, other.whole.figures.sessions) == (0, 0)
    assert all(row.key.startswith("33.11") for row in other.rows)
    desa = count(engine, world, By.REGENCY, Scope(("",), kinds=(VillageKind.DESA,)))
    assert desa.whole.figures.planned == 0
    nothing = count(engine, world, By.REGENCY, Scope(("",), 10_000))
    assert (nothing.rows, nothing.whole.figures) == ((), Figures())


def test_many_regencies_are_looked_up_as_few_are(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Scope(("33.09", "33.72"))
    few = count(engine, world, By.REGENCY, parts)
    monkeypatch.setattr(scope, "MOST_RANGES", 1)
    many = count(engine, world, By.REGENCY, parts)
    assert many == few
    assert {row.key for row in many.rows} == set(parts.prefixes)
    assert many.whole.figures.sessions == 4


@pytest.mark.parametrize("most_ranges", [0, 100])
def test_a_team_looked_at_alone_is_what_its_row_tells(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, most_ranges: int
) -> None:
    monkeypatch.setattr(scope, "MOST_RANGES", most_ranges)
    with unit_of_work(engine) as db:
        # A village that both teams have been to is one of each of them.
        db.get_one(Visit, world.field.visits[world.field.codes[2]]).team_id = world.second_team
    teams = count(engine, world, By.TEAM).rows
    assert {row.key for row in teams} == {str(world.field.team_id), str(world.second_team)}
    with reading(engine) as db:
        own = villages_of_teams(db, NATION, planned_days(db, NATION))
    assert world.field.codes[2] in own[str(world.field.team_id)] & own[str(world.second_team)]
    for row in teams:
        alone = Scope(tuple(sorted(own[row.key])), team_id=int(row.key))
        found = count(engine, world, By.VILLAGE, alone)
        assert found.whole.figures == row.figures
        assert found.whole.weekly_signups == row.weekly_signups
        assert row.figures.phones or row.key == str(world.second_team)
        assert found.whole.aim is not None
        assert row.aim is not None
        assert row.aim.signups == found.whole.aim.signups > 0
        assert row.aim.done == found.whole.aim.done == row.figures.signups


def test_every_regency_stands_in_some_row(engine: Engine, world: World) -> None:
    found = count(engine, world, By.OFFICE)
    assert {row.key for row in found.rows} == {"Jateng", UNSERVED}
    with reading(engine) as db:
        villages = db.exec(select(Village.code)).all()
        served = db.exec(select(BranchRegency.regency_code)).all()
    unserved = [code for code in villages if not covers(served, code)]
    (row,) = (row for row in found.rows if row.key == UNSERVED)
    assert row.figures.villages == len(unserved) > 0


def test_weeks_and_curve_lead_to_the_present_figures(engine: Engine, world: World) -> None:
    found = count(engine, world, By.BRANCH)
    assert sum(found.whole.weekly_signups) == found.whole.figures.signups == 20
    assert sum(sum(row.weekly_signups) for row in found.rows) == 20
    assert (len(found.weeks), sum(found.weekly_sessions)) == (26, 4)
    told = [number for number in found.curve.reached if number is not None]
    assert (told[0], told[-1]) == (0, found.whole.figures.reached)
    assert found.curve.due[-1] == found.whole.figures.planned
    assert found.as_of == NOW


@pytest.mark.parametrize("by", [by for by in By if by is not By.TEAM])
def test_targets_of_rows_add_up(engine: Engine, world: World, by: By) -> None:
    found = count(engine, world, by)
    aims = [row.aim for row in found.rows]
    assert found.whole.aim is not None
    signups = sum(aim.signups for aim in aims if aim)
    assert signups == found.whole.aim.signups
    assert sum(aim.done for aim in aims if aim) == found.whole.aim.done == 20
    for aim in aims:
        if aim is not None:
            assert (aim.recoverable is not None) == (by in OF_BRANCHES)


def test_targets_of_different_days_are_no_sum(engine: Engine, world: World) -> None:
    """The whole then has the target that its outlook has, and what was brought in its days."""
    given = TargetIn(
        branch_id=int(world.branches["33.72"]),
        starts=TODAY - timedelta(days=2),
        ends=TODAY,
        signups=700,
        source="Rapat kerja",
    )
    with unit_of_work(engine) as db:
        set_target(db, given, by=world.field.manager, now=NOW)
    with reading(engine) as db:
        targets = targets_within(db, ("",), TODAY)
        national = area_target(db, ("",), TODAY)
        of_branch = targets_within(db, ("33.72",), TODAY)
        part = area_target(db, ("33.72",), TODAY)
    found = count(engine, world, By.BRANCH, targets=targets)
    aim = found.whole.aim
    assert aim is not None
    assert national is not None
    assert (aim.signups, aim.starts, aim.ends) == (
        national.signups,
        national.starts,
        national.ends,
    )
    rows = {row.key: row.aim for row in found.rows}
    by_hand = rows[world.branches["33.72"]]
    assert by_hand is not None
    assert (by_hand.signups, by_hand.starts) == (700, given.starts)
    assert 0 < by_hand.done < aim.done == 20
    assert of_branch.whole is None
    assert part is not None
    assert (part.signups, part.ends) == (700, TODAY)
    kinds = count(engine, world, By.BRANCH, Scope(("",), kinds=(VillageKind.DESA,)), targets)
    assert kinds.whole.aim is not None
    assert kinds.whole.aim.signups < national.signups
