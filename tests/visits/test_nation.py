"""All branches planned in one go: who cannot is told why, and keeps no other from its plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.stages import close_stage
from outreach.campaigns.tables import Campaign, Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.history.tables import Deed, Event
from outreach.people.tables import Team, TeamLeave
from outreach.visits import nation
from outreach.visits.batches import due_batches
from outreach.visits.leased_rows import RESEND_AFTER
from outreach.visits.nation import Hindrance, branches_to_plan, plan_branch, together
from outreach.visits.runs import cancel_run, request_run
from outreach.visits.tables import Batch, BatchState, PlanRun, Visit
from tests.at_once import at_once
from tests.visits.country import build_country
from tests.visits.world import ENDS, NOW, QUICK, add_stage, stage_in, work_off

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from tests.visits.country import Country

#: What each branch of the country cannot be planned for.
HINDERED = {"Ambon": Hindrance.NO_TEAMS, "Manado": Hindrance.STAGE_DRAFTED}


def _ask(engine: Engine, country: Country) -> Mapping[str, Hindrance | None]:
    """Ask for all plans, as the command does; tell what hindered which branch."""
    with reading(engine) as db:
        found = branches_to_plan(db, country.campaign_id, country.manager)
    return {one.branch: plan_branch(engine, one, by=country.manager, now=NOW) for one in found}


def _runs(engine: Engine) -> int:
    with reading(engine) as db:
        return db.scalar(select(func.count(col(PlanRun.id)))) or 0


def test_every_branch_that_can_gets_its_plan_and_the_others_a_reason(engine: Engine) -> None:
    country = build_country(engine)
    with reading(engine) as db:
        found = branches_to_plan(db, country.campaign_id, country.manager)
    assert _ask(engine, country) == {**HINDERED, "Surakarta": None, "Boyolali": None}
    with reading(engine) as db:
        waiting = together(db, country.campaign_id, country.manager)
        noted = select(func.count()).where(col(Event.deed) == Deed.PLAN_STARTED)
        assert db.scalar(noted.where(col(Event.account_id) == country.manager.account_id)) == 2
    assert (waiting.branches, waiting.ready, waiting.settled, waiting.is_over) == (2, 0, 0, False)
    work_off(engine)
    with reading(engine) as db:
        done = together(db, country.campaign_id, country.manager)
        visits = db.scalar(select(func.count(col(Visit.id))))
    assert done.is_over
    assert done.dead_in == ()
    assert done.settled == done.villages == waiting.villages
    assert done.placed == visits
    # Whoever looked before the first was through plans nothing anew either.
    late = [plan_branch(engine, one, by=country.manager, now=NOW) for one in found]
    assert late.count(Hindrance.PLANNED_ALREADY) == 2
    # Once more: nothing is planned anew, whatever became of it.
    again = {"Surakarta": Hindrance.PLANNED_ALREADY, "Boyolali": Hindrance.PLANNED_ALREADY}
    assert _ask(engine, country) == {**HINDERED, **again}
    assert _runs(engine) == 2


def test_the_second_wave_is_told_by_branch_and_without_what_the_first_left(
    engine: Engine,
) -> None:
    country = build_country(engine)
    _ask(engine, country)
    work_off(engine)
    with unit_of_work(engine) as db:
        first = db.get_one(Stage, country.stages["Surakarta"])
        close_stage(db, first.id or 0, first.version, by=country.coordinators["Surakarta"])
        runs = db.scalars(select(PlanRun).order_by(col(PlanRun.id))).all()
        for run in runs:
            part = db.scalars(select(Batch).where(col(Batch.run_id) == run.id)).first()
            assert part is not None
            part.state = BatchState.DEAD
        later = {"starts": ENDS + timedelta(days=3), "ends": ENDS + timedelta(days=20)}
        second = stage_in("Gelombang 2", **later)
        add_stage(db, country.campaign_id, country.coordinators["Surakarta"], second)
    assert _ask(engine, country)["Surakarta"] is None
    with reading(engine) as db:
        told = together(db, country.campaign_id, country.manager)
    assert (told.branches, told.ready) == (2, 1)
    # What the first wave left in Surakarta is behind it; Boyolali has no other plan.
    assert told.dead_in == ("Boyolali",)


def test_asked_for_twice_at_the_same_moment_each_branch_gets_one_plan(engine: Engine) -> None:
    country = build_country(engine)
    told: list[Mapping[str, Hindrance | None]] = []
    at_once(*[lambda: told.append(_ask(engine, country)) for _ in range(2)])
    assert _runs(engine) == 2
    for branch in ("Surakarta", "Boyolali"):
        outcomes = [one[branch] for one in told]
        assert sorted(map(str, outcomes)) == sorted(["None", "run_open"])


def test_what_its_coordinator_began_or_called_off_is_left_alone(engine: Engine) -> None:
    country = build_country(engine)
    asked = {}
    for name in ("Surakarta", "Boyolali"):
        with unit_of_work(engine) as db:
            by = country.coordinators[name]
            asked[name] = request_run(db, country.stages[name], by=by, now=NOW, parameters=QUICK).id
    with unit_of_work(engine) as db:
        cancel_run(db, asked["Boyolali"] or 0, by=country.coordinators["Boyolali"], now=NOW)
    told = _ask(engine, country)
    assert told["Surakarta"] is Hindrance.RUN_OPEN
    assert told["Boyolali"] is Hindrance.CALLED_OFF
    assert _runs(engine) == 2


def test_a_branch_without_days_or_villages_keeps_no_run(engine: Engine) -> None:
    country = build_country(engine)
    with unit_of_work(engine) as db:
        for team in db.scalars(select(Team)):
            starts, ends = NOW.date(), NOW.date() + timedelta(days=90)
            db.add(TeamLeave(team_id=team.id or 0, starts=starts, ends=ends))
        db.get_one(Stage, country.stages["Boyolali"]).is_listed = True
    told = _ask(engine, country)
    assert told["Surakarta"] is Hindrance.NO_FREE_DAY
    assert told["Boyolali"] is Hindrance.NOTHING_TO_VISIT
    assert _runs(engine) == 0


def test_a_fault_in_one_branch_keeps_no_other_from_its_plan(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    country = build_country(sqlite_engine)

    def fail(db: Any, stage_id: int, **told: Any) -> PlanRun:
        if stage_id == country.stages["Boyolali"]:
            raise RuntimeError
        return request_run(db, stage_id, **told)

    monkeypatch.setattr(nation, "request_run", fail)
    told = _ask(sqlite_engine, country)
    assert (told["Boyolali"], told["Surakarta"]) == (Hindrance.FAULT, None)
    # What failed is taken up by the next call.
    monkeypatch.undo()
    told = _ask(sqlite_engine, country)
    assert (told["Boyolali"], told["Surakarta"]) == (None, Hindrance.RUN_OPEN)


def test_a_manager_plans_the_branches_of_their_area_and_nobody_else_does(
    sqlite_engine: Engine,
) -> None:
    country = build_country(sqlite_engine)
    regional = replace(country.manager, areas=("33",))
    with reading(sqlite_engine) as db:
        found = branches_to_plan(db, country.campaign_id, regional)
        assert {one.branch for one in found} == {"Surakarta", "Boyolali"}
        ambon = nation.OfBranch(1, "Ambon", country.stages["Ambon"])
        with pytest.raises(NotAllowed):
            branches_to_plan(db, country.campaign_id, country.coordinators["Surakarta"])
    with unit_of_work(sqlite_engine) as db, pytest.raises(NotFound):
        nation._begin(db, ambon.stage_id or 0, regional, NOW, "")
    assert _runs(sqlite_engine) == 0


def test_a_stage_that_closes_meanwhile_is_not_planned(sqlite_engine: Engine) -> None:
    country = build_country(sqlite_engine)
    with reading(sqlite_engine) as db:
        found = branches_to_plan(db, country.campaign_id, country.manager)
    with unit_of_work(sqlite_engine) as db:
        stage = db.get_one(Stage, country.stages["Boyolali"])
        by = country.coordinators["Boyolali"]
        close_stage(db, stage.id or 0, stage.version, by=by)
    (one,) = (one for one in found if one.branch == "Boyolali")
    told = plan_branch(sqlite_engine, one, by=country.manager, now=NOW)
    assert told is Hindrance.NO_STAGE
    with unit_of_work(sqlite_engine) as db:
        db.get_one(Campaign, country.campaign_id).status = Status.CLOSED
    with reading(sqlite_engine) as db, pytest.raises(Conflict):
        branches_to_plan(db, country.campaign_id, country.manager)


def test_a_few_batches_never_wait_behind_the_many_of_another(engine: Engine) -> None:
    country = build_country(engine)
    assert _ask(engine, country)["Surakarta"] is None
    few = country.coordinators["Boyolali"].account_id
    with unit_of_work(engine) as db:
        for run in db.scalars(select(PlanRun)):
            is_few = run.stage_id == country.stages["Boyolali"]
            run.requested_by = few if is_few else country.manager.account_id
            for number in range(2, 4 if is_few else 20):
                db.add(Batch(run_id=run.id or 0, number=number, label="", question={}, villages=1))
    whose_is = select(col(Batch.id), col(PlanRun.requested_by))
    with reading(engine) as db:
        rows = db.execute(whose_is.join(PlanRun, col(PlanRun.id) == col(Batch.run_id)))
        whose: dict[int, int] = dict(rows.all())
    with unit_of_work(engine) as db:
        first = due_batches(db, NOW, most=4)
        # What is sent again waits for what was never sent.
        later = due_batches(db, NOW + RESEND_AFTER, most=4)
    assert [whose[one] == few for one in first].count(True) == 2
    assert [whose[one] == few for one in later].count(True) == 2
    assert len({*first, *later[:2]}) == 6
    assert whose[first[0]] != whose[first[1]]
