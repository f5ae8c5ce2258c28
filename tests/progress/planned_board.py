"""Nine villages planned for two teams, what became of them, and the board of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, SessionReport
from outreach.people.branches import BranchIn, create_branch
from outreach.people.tables import Device, Official, Team
from outreach.progress.board import Asked, Board, board
from outreach.progress.board_targets import RegionTargets, targets_of_branches
from outreach.progress.scope import Scope
from outreach.villages.tables import Village
from outreach.visits.snapshot import places_of_stage
from outreach.visits.tables import PlanSubmission, SubmissionState, Visit, Work
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, add_visit, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.progress.board_rows import By

NATION = Scope(("",))
TODAY = DAY + timedelta(days=3)
NOBODY = {"men": 0, "women": 0, "signups": 0, "paid": None, "met": "not_met"}


@dataclass(frozen=True)
class World:
    field: Field
    second_team: int
    branches: dict[str, str]
    offices: dict[str, str]

    def asked(self, by: By, over: Scope = NATION) -> Asked:
        return Asked(over, by, self.branches, self.offices)


@pytest.fixture
def world(engine: Engine) -> World:
    """Nine villages planned and approved over three days by two teams; then life goes on."""
    load_small_registry(engine, ("33.72", "33.11.12", "33.09.01"))
    with unit_of_work(engine) as db:
        at = make_field(db, 0)
        at.codes[:] = [code for code in at.codes if code.startswith("33.72")]
        branch_id = at.coordinator.branch_id or 0
        second = Team(branch_id=branch_id, name="Tim B", base_village_code=at.codes[0])
        db.add(second)
        db.flush()
        second_id = second.id or 0
        for number, code in enumerate(at.codes[:9]):
            team = second_id if number >= 6 else at.team_id
            at.visits[code] = add_visit(db, at.stage_id, team, code, number, Work.CONFIRMED)
        other = _other_branch(db)
        _approve(db, at)
        _go_on(db, at)
    branches = {"33.72": str(branch_id), "33.11": str(other)}
    offices = {"33.72": "Jateng", "33.11": "Jateng"}
    return World(at, second_id, branches, offices)


def _other_branch(db: Session) -> int:
    base = db.scalars(select(Village.code).where(col(Village.code).like("33.11%"))).first()
    given = BranchIn(
        name="Sukoharjo",
        regional_office="Jateng",
        base_village_code=base or "",
        regency_codes=["33.11"],
    )
    return create_branch(db, given).id or 0


def _approve(db: Session, at: Field) -> None:
    db.add(
        PlanSubmission(
            stage_id=at.stage_id,
            state=SubmissionState.APPROVED,
            places=[place.told() for place in places_of_stage(db, at.stage_id)],
            submitted_by=at.coordinator.account_id,
            submitted_at=NOW,
            decided_by=at.manager.account_id,
            decided_at=NOW,
        )
    )


def _go_on(db: Session, at: Field) -> None:
    """Report four visits, one corrected, one that met nobody; put one off; phones speak."""
    visits = [db.get_one(Visit, at.visits[code]) for code in at.codes[:9]]
    for visit in visits:
        visit.travel_minutes, visit.return_minutes = 25, 10
    visits[4].work = Work.POSTPONED
    visits[5].day = date(2026, 12, 1)
    db.flush()
    ids = [visit.id or 0 for visit in visits]
    first = told(ids[0], paid=3)
    reports = [
        first,
        told(ids[1], signups=5, paid=None),
        told(ids[2], **NOBODY),
        told(ids[6], signups=9, paid=9, held_on="2026-11-19", men=500, women=500),
        told(ids[0], signups=6, paid=2, corrects_id=first["id"]),
    ]
    answers = take_in(db, reports, at.coordinator, NOW)
    assert {answer.outcome.value for answer in answers} == {"accepted"}, answers
    for report in db.exec(select(SessionReport)):
        report.flags = ["round_numbers"] if report.visit_id in (ids[1], ids[6]) else []
    db.get_one(Visit, ids[6]).work = Work.APPROVED
    _dispute(db, at, ids[0])
    _phones(db, at)


def _dispute(db: Session, at: Field, visit_id: int) -> None:
    stored = db.exec(select(SessionReport).where(SessionReport.visit_id == visit_id)).first()
    assert stored is not None
    for number in "12":
        db.add(
            DisputedReport(
                report_id=stored.id,
                visit_id=visit_id,
                village_code=stored.village_code,
                content={},
                fingerprint=number,
                reason="already_reported",
                account_id=at.official.account_id,
                received_at=NOW,
            )
        )


def _phones(db: Session, at: Field) -> None:
    """Two phones of the first village's official, one lost, one of another's that holds reports."""
    people = {at.codes[0]: at.official.account_id, at.codes[1]: at.stranger.account_id}
    for code, account_id in people.items():
        db.add(Official(village_code=code, name="Sri", position="Lurah", account_id=account_id))
    seen: list[dict[str, Any]] = [
        {"unsent": 0, "last_seen_at": NOW},
        {"unsent": 4, "last_seen_at": NOW, "revoked_at": NOW},
        {"unsent": 2, "last_seen_at": NOW - timedelta(days=8)},
    ]
    for number, one in enumerate(seen):
        account_id = list(people.values())[number // 2]
        db.add(Device(account_id=account_id, token_hash=str(number), enrolled_at=NOW, **one))
    db.flush()


def count(
    engine: Engine,
    world: World,
    by: By,
    scope: Scope = NATION,
    targets: RegionTargets | None = None,
) -> Board:
    with reading(engine) as db:
        targets = targets or targets_of_branches(db, TODAY)
        return board(db, world.asked(by, scope), targets, today=TODAY, now=NOW)
