"""Plans of the demonstration's stages: made, handed in and approved on days that are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from outreach.campaigns.omissions import OmissionIn, explain, unexplained
from outreach.campaigns.tables import Stage
from outreach.planning.assign import assign
from outreach.planning.model import USUAL
from outreach.visits.approval import approve_plan, submit_plan
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.question import past_of
from outreach.visits.runs import request_run
from outreach.visits.saving import save_plan

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.villages.tables import Zone

SEED = 2026
_LEASE = timedelta(minutes=10)
_NOTE = "Mohon persetujuan sebelum tim berangkat"


def at(day: date, hour: int, zone: Zone) -> datetime:
    """Take the hour of a day by the clock of a branch."""
    return zone.moment(day, time(hour)).astimezone(UTC)


def usual_day(db: Session, stage_id: int) -> date:
    """Tell the day on which a stage is planned: three days before it begins."""
    return db.get_one(Stage, stage_id).starts - timedelta(3)


def plan_stage(
    db: Session, stage_id: int, day: date, *, by: Person, rounds: int | None = None
) -> None:
    """Plan a stage as it was planned on that day."""
    then = at(day, 9, by.zone)
    request_run(db, stage_id, by=by, now=then, seed=SEED, parameters=replace(USUAL, rounds=rounds))
    for batch_id in due_batches(db, then):
        held = claim(db, batch_id, then, _LEASE)
        assert held is not None  # noqa: S101 - nobody else works on it yet
        problem = load_problem(db, held)
        began = monotonic()
        plan = assign(problem)
        save_plan(db, held, problem, plan, then + timedelta(seconds=monotonic() - began))


def hand_in(db: Session, stage_id: int, then: datetime, *, by: Person, note: str = _NOTE) -> int:
    """Hand a plan in, with the reasons it owes; return what the manager decides on."""
    _explain(db, stage_id, by, then)
    return submit_plan(db, stage_id, by=by, now=then, note=note).id or 0


def publish(db: Session, stage_id: int, day: date, *, by: Person, manager: Person) -> None:
    """Hand the plan in on the day it was made; the manager approves it on the next."""
    submission = hand_in(db, stage_id, at(day, 11, by.zone), by=by)
    approve_plan(db, submission, by=manager, now=at(day + timedelta(1), 7, by.zone))


def _explain(db: Session, stage_id: int, by: Person, now: datetime) -> None:
    """Say of the districts that the quota leaves at zero when their turn comes."""
    stage = db.get_one(Stage, stage_id)
    past, day = past_of(db, stage), by.zone.day(now)
    left = [f"{one.kind.value}:{one.key}" for one in unexplained(db, stage, past, day)]
    if left:
        given = OmissionIn(grounds=left, reason="Menyusul pada tahap berikutnya: kuota tim penuh")
        explain(db, stage_id, given, past, by=by, now=now, today=day)
