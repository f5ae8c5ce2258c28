"""Two people at the same moment, on the web: one counts, the other is told; nothing is half."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.config import Settings
from outreach.db import reading, unit_of_work
from outreach.people.tables import Role
from outreach.planning.assign import assign
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.runs import lock_branch
from outreach.visits.saving import save_plan
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState, Visit, Work
from outreach.web.app import create_app
from tests.at_once import at_once
from tests.builders import load_small_registry
from tests.visits.world import account, add_stage, branch, campaign_in, stage_in
from tests.web.conftest import Visitor
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Office:
    """A branch of two coordinators, with two open stages of the days ahead."""

    branch_id: int
    stage_ids: tuple[int, int]
    coordinators: dict[str, int]
    team_ids: tuple[int, ...]
    first_day: date


@pytest.fixture
def office(engine: Engine) -> Office:
    starts = datetime.now(UTC).date() + timedelta(days=3)
    days: dict[str, Any] = {"starts": starts, "ends": starts + timedelta(days=13)}
    with unit_of_work(engine) as db:
        load_small_registry(db)
        branch_id, teams = branch(db, "Surakarta", "33.72", "33.72.05.1001", 2)
        both = [
            account(db, name, Role.COORDINATOR, branch_id=branch_id) for name in ("rini", "wati")
        ]
        campaign = create_campaign(db, campaign_in(**days), by=both[0])
        open_campaign(db, campaign.id or 0, campaign.version, by=both[0])
        given = [stage_in(name, **days) for name in ("Tahap 1", "Tahap 2")]
        first, second = (add_stage(db, campaign.id or 0, both[0], one) for one in given)
    people = {one.name: one.account_id for one in both}
    return Office(branch_id, (first, second), people, teams, starts)


@pytest.fixture
def browsers(database_url: str, office: Office, tmp_path: Path) -> Iterator[dict[str, Visitor]]:
    """A browser of each coordinator, in English."""
    app = create_app(Settings(database_url=database_url, secret_key=SECRET, var_dir=tmp_path))
    app.test_client_class = Visitor
    visitors = {}
    for name, number in office.coordinators.items():
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        visitor.log_in((number, "")).set_cookie("language", "en")
        visitors[name] = visitor
    yield visitors
    app.extensions["outreach"].engine.dispose()


def _meet(engine: Engine, hold: Callable[[Any], object], *works: Callable[[], object]) -> None:
    """Let all reach the place that one holds, before the first of them goes on."""

    def let_go_once_all_wait() -> None:
        with unit_of_work(engine) as db:
            hold(db)
            _wait_for(engine, len(works))

    at_once(let_go_once_all_wait, *(partial(_after, work) for work in works))


def _after(work: Callable[[], object]) -> None:
    time.sleep(0.2)  # whoever holds the place comes first, or there is no crowd: no harm done
    work()


def _wait_for(engine: Engine, others: int) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for _ in range(100):
        time.sleep(0.02)
        if engine.dialect.name == "postgresql":
            with engine.connect() as db:
                waiting = db.scalar(text(f"{asked} AND datname = current_database()"))
            if waiting == others:
                return


def _words(answer: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return " ".join(unescape(plain).split())


@pytest.mark.parametrize("stages", [(0, 0), (0, 1)])
def test_two_start_the_same_branch_one_plans_and_the_other_is_told_who(
    engine: Engine, office: Office, browsers: dict[str, Visitor], stages: tuple[int, int]
) -> None:
    answers: dict[str, Any] = {}

    def press(name: str, stage: int) -> None:
        answers[name] = browsers[name].send(f"/stages/{office.stage_ids[stage]}/runs")

    both = [partial(press, name, stage) for name, stage in zip(browsers, stages, strict=True)]
    _meet(engine, lambda db: lock_branch(db, office.branch_id), *both)
    by_status = {answer.status_code: name for name, answer in answers.items()}
    assert set(by_status) == {303, 409}
    told = _words(answers[by_status[409]])
    assert f"{by_status[303]} has been planning for this branch since" in told
    with reading(engine) as db:
        (run,) = db.scalars(select(PlanRun)).all()
        assert run.requested_by == office.coordinators[by_status[303]]


def test_two_move_one_visit_and_the_second_sees_both_places(
    engine: Engine, office: Office, browsers: dict[str, Visitor]
) -> None:
    _ask(office, browsers)
    _work_off(engine)
    visit = _visits(engine)[0]
    free = [office.first_day + timedelta(days=30 + number) for number in range(2)]
    days = dict(zip(browsers, free, strict=True))
    answers: dict[str, Any] = {}

    def move(name: str, despite: str = "") -> Any:
        given = {"team_id": visit.team_id, "day": days[name].isoformat(), "slot": 1}
        given |= {"version": visit.version, "reason": "Permintaan desa", "despite": despite}
        answers[name] = browsers[name].send(f"/visits/{visit.id}/move", given)
        return answers[name]

    # The day lies behind the stage: both have read the warning and tick that they know.
    warned = {name: move(name).get_data(as_text=True) for name in browsers}
    seen = {name: re.findall(r'name="despite" value="([^"]+)"', warned[name])[0] for name in warned}

    def hold(db: Any) -> None:
        db.execute(select(Visit).where(col(Visit.id) == visit.id).with_for_update())

    _meet(engine, hold, *[partial(move, name, seen[name]) for name in browsers])
    by_status = {answer.status_code: name for name, answer in answers.items()}
    assert set(by_status) == {303, 409}, [_words(answer)[:600] for answer in answers.values()]
    told = answers[by_status[409]]
    stored, own = days[by_status[303]], days[by_status[409]]
    assert f"Stored meanwhile: {stored:%d/%m/%Y}" in _words(told)
    assert f'value="{own.isoformat()}"' in told.get_data(as_text=True)
    with reading(engine) as db:
        assert db.get_one(Visit, visit.id).day == stored


def _ask(office: Office, browsers: dict[str, Visitor]) -> None:
    answer = browsers["Rini"].send(f"/stages/{office.stage_ids[0]}/runs")
    assert answer.status_code == 303


def _work_off(engine: Engine, between: Callable[[str], None] = lambda _step: None) -> bool:
    """Plan the only batch as a worker does, with something between its steps."""
    now = datetime.now(UTC)
    between("before the claim")
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, now) or [0]
        held = claim(db, batch_id, now, LEASE)
    if held is None:
        return False
    between("after the claim")
    with reading(engine) as db:
        problem = load_problem(db, held)
    plan = assign(problem)
    between("between planning and saving")
    with unit_of_work(engine) as db:
        is_saved = save_plan(db, held, problem, plan, now)
    between("after the saving")
    return is_saved


def _visits(engine: Engine) -> list[Visit]:
    with reading(engine) as db:
        return list(db.scalars(select(Visit).order_by(col(Visit.id))))


@pytest.mark.parametrize(
    ("moment", "status", "left"),
    [
        ("before the claim", 303, 0),
        ("after the claim", 303, 0),
        ("between planning and saving", 303, 0),
        # Then there is nothing to call off, which is said; the plan stays.
        ("after the saving", 409, 54),
    ],
)
def test_a_run_called_off_at_any_moment_leaves_no_visit_behind(
    engine: Engine,
    office: Office,
    browsers: dict[str, Visitor],
    moment: str,
    status: int,
    left: int,
) -> None:
    _ask(office, browsers)
    answers = []

    def call_off(step: str) -> None:
        if step == moment:
            answers.append(browsers["Wati"].send("/runs/1/cancel").status_code)

    assert _work_off(engine, call_off) is bool(left)
    assert answers == [status]
    assert len(_visits(engine)) == left
    _require_one_story(engine)


def test_a_run_called_off_while_it_is_saved_is_either_planned_or_not(
    engine: Engine, office: Office, browsers: dict[str, Visitor]
) -> None:
    _ask(office, browsers)
    answers: list[int] = []

    def meanwhile(step: str) -> None:
        if step == "between planning and saving":
            caller.start()

    caller = threading.Thread(
        target=lambda: answers.append(browsers["Wati"].send("/runs/1/cancel").status_code)
    )
    is_saved = _work_off(engine, meanwhile)
    caller.join(60)
    assert answers == [409 if is_saved else 303]
    assert len(_visits(engine)) == (54 if is_saved else 0)
    _require_one_story(engine)


def _require_one_story(engine: Engine) -> None:
    """The run, its batch and the visits say the same."""
    visits = _visits(engine)
    with reading(engine) as db:
        states = (db.get_one(PlanRun, 1).state, db.scalars(select(col(Batch.state))).one())
    planned, called_off = (
        (RunState.DONE, BatchState.DONE),
        (RunState.CANCELLED, BatchState.CANCELLED),
    )
    assert states == (planned if visits else called_off)
    assert {visit.work for visit in visits} <= {Work.PROPOSED}
