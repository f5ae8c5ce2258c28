"""A branch in Surakarta with two teams and an open stage: what plans are made upon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import CampaignIn, create_campaign, open_campaign
from outreach.campaigns.stages import StageIn, create_stage, open_stage
from outreach.campaigns.tables import Ecosystem, Purpose
from outreach.db import reading, unit_of_work
from outreach.people.access import Person, person_of
from outreach.people.tables import Account, AccountArea, Branch, BranchRegency, Role, Team
from outreach.planning.assign import assign
from outreach.planning.model import Parameters
from outreach.visits.approval import approve_plan, submit_plan
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.runs import request_run
from outreach.visits.saving import save_plan
from outreach.visits.tables import ACTIVE, PlanSubmission, SubmissionState, Visit
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.planning.model import Problem
    from outreach.visits.batches import Claim

# A Monday without a holiday until 25 December; times in UTC.
NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
TODAY = date(2026, 11, 2)
STARTS, ENDS = date(2026, 11, 3), date(2026, 11, 14)
#: The days of a stage after the usual one.
LATER, LATEST = date(2026, 11, 16), date(2026, 11, 28)
QUICK = Parameters(rounds=40)

LEASE = timedelta(seconds=30)

#: A district of seven villages.
SERENGAN = "33.72.02"


@dataclass(frozen=True)
class World:
    """The numbers of what stands in the database, and the people in it."""

    branch_id: int
    team_ids: tuple[int, ...]
    campaign_id: int
    stage_id: int
    coordinator: Person
    official: Person
    foreigner: Person
    manager: Person


def account(
    db: Session, login: str, role: Role, *areas: str, branch_id: int | None = None
) -> Person:
    made = Account(
        login=login,
        name=login.title(),
        role=role,
        password_hash="",
        password_stamp="",
        branch_id=branch_id,
        created_at=NOW,
    )
    db.add(made)
    db.flush()
    assert made.id is not None
    db.add_all(AccountArea(account_id=made.id, code=code) for code in areas)
    db.flush()
    person = person_of(db, made.id)
    assert person is not None
    return person


def branch(
    db: Session, name: str, regency: str, base: str, teams: int
) -> tuple[int, tuple[int, ...]]:
    made = Branch(name=name, regional_office="Jawa Tengah dan DIY", base_village_code=base)
    db.add(made)
    db.flush()
    assert made.id is not None
    db.add(BranchRegency(regency_code=regency, branch_id=made.id))
    members = [
        Team(
            branch_id=made.id,
            name=f"Tim {number}",
            base_village_code=base,
            weekdays=[1, 2, 3, 4, 5, 6],
        )
        for number in range(1, teams + 1)
    ]
    db.add_all(members)
    db.flush()
    return made.id, tuple(team.id for team in members if team.id is not None)


def stage_in(name: str = "Tahap 1", **changes: Any) -> StageIn:
    given: dict[str, object] = {"name": name, "starts": STARTS, "ends": ENDS}
    return StageIn.model_validate({**given, **changes})


def campaign_in(name: str = "Desa terlindungi", **changes: object) -> CampaignIn:
    given: dict[str, object] = {
        "name": name,
        "purpose": Purpose.ACQUIRE,
        "ecosystem": Ecosystem.VILLAGE,
        "starts": date(2026, 10, 1),
        "ends": date(2026, 12, 31),
        "target_signups": 500,
    }
    return CampaignIn.model_validate({**given, **changes})


def build_world(engine: Engine, **stage: Any) -> World:
    """Kota Surakarta with two teams and an open stage of twelve days over all 54 villages."""
    with unit_of_work(engine) as db:
        load_small_registry(db, ("33.72", "33.09.01"))
        branch_id, team_ids = branch(db, "Surakarta", "33.72", "33.72.05.1001", 2)
        branch(db, "Boyolali", "33.09", "33.09.01.2001", 1)
        coordinator = account(db, "rini", Role.COORDINATOR, branch_id=branch_id)
        official = account(db, "kades", Role.OFFICIAL, "33.72.01.1001")
        foreigner = account(db, "boyolali", Role.COORDINATOR, "33.09")
        manager = account(db, "jateng", Role.MANAGER, "33")
        campaign = create_campaign(db, campaign_in(), by=coordinator)
        assert campaign.id is not None
        open_campaign(db, campaign.id, campaign.version, by=coordinator)
        stage_id = add_stage(db, campaign.id, coordinator, stage_in(**stage))
    return World(
        branch_id, team_ids, campaign.id, stage_id, coordinator, official, foreigner, manager
    )


def add_stage(db: Session, campaign_id: int, by: Person, given: StageIn) -> int:
    stage = create_stage(db, campaign_id, given, by=by)
    assert stage.id is not None
    open_stage(db, stage.id, stage.version, by=by)
    return stage.id


def second_stage(engine: Engine, world: World, starts: date = LATER, ends: date = LATEST) -> int:
    """Open another stage of the campaign over Serengan, after the usual one unless told."""
    with unit_of_work(engine) as db:
        given = stage_in("Tahap 2", area_codes=[SERENGAN], starts=starts, ends=ends)
        return add_stage(db, world.campaign_id, world.coordinator, given)


def ask_for_plan(
    engine: Engine, world: World, *, stage_id: int | None = None, seed: int | None = None
) -> int:
    """Request a run and return its number."""
    with unit_of_work(engine) as db:
        run = request_run(
            db,
            world.stage_id if stage_id is None else stage_id,
            by=world.coordinator,
            now=NOW,
            seed=seed,
            parameters=QUICK,
        )
        assert run.id is not None
        return run.id


def plan(
    engine: Engine,
    world: World,
    *,
    stage_id: int | None = None,
    seed: int | None = None,
    approved: bool = True,
) -> int:
    """Plan a whole stage in this process; return the number of the run.

    Its visits are proposed. Unless *approved* is false an earlier, empty plan of the stage was
    approved, so that single visits may be asked for; `publish` approves the plan itself.
    """
    run_id = ask_for_plan(engine, world, stage_id=stage_id, seed=seed)
    work_off(engine)
    if approved:
        approve_before(engine, stage_id or world.stage_id, world.manager, world.coordinator)
    return run_id


def approve_before(engine: Engine, stage_id: int, manager: Person, coordinator: Person) -> None:
    """Have had an empty plan of the stage approved, back when it had no visits."""
    with unit_of_work(engine) as db:
        db.add(
            PlanSubmission(
                stage_id=stage_id,
                state=SubmissionState.APPROVED,
                submitted_by=coordinator.account_id,
                submitted_at=NOW - timedelta(days=1),
                decided_by=manager.account_id,
                decided_at=NOW - timedelta(days=1),
            )
        )


def publish(engine: Engine, world: World, *, stage_id: int | None = None) -> tuple[int, ...]:
    """Hand the plan in and approve it, as people do; return the visits asked for."""
    with unit_of_work(engine) as db:
        handed_in = submit_plan(db, stage_id or world.stage_id, by=world.coordinator, now=NOW)
        return approve_plan(db, handed_in.id or 0, by=world.manager, now=NOW)


def claimed(engine: Engine) -> tuple[Claim, Problem]:
    """Claim the one batch that is due and read its question, as a worker does."""
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
        assert held is not None
        return held, load_problem(db, held)


def work_off(engine: Engine, prepare: Callable[[Session, Claim], None] | None = None) -> None:
    """Do what the sweeper and a worker do, once; *prepare* each batch before it is read."""
    with unit_of_work(engine) as db:
        due = due_batches(db, NOW)
    for batch_id in due:
        with unit_of_work(engine) as db:
            held = claim(db, batch_id, NOW, LEASE)
            assert held is not None
            if prepare is not None:
                prepare(db, held)
            asked = load_problem(db, held)
            assert save_plan(db, held, asked, assign(asked), NOW)


def active_visits(engine: Engine, stage_id: int) -> list[tuple[object, ...]]:
    """Which village a stage visits when, and with whom."""
    query = (
        select(Visit)
        .where(col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE))
        .order_by(col(Visit.village_code))
    )
    with reading(engine) as db:
        return [
            (v.village_code, v.team_id, v.day, v.slot, v.starts_at, v.travel_minutes)
            for v in db.scalars(query)
        ]
