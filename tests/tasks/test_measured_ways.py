"""Plans by the times of a road service, made by a real worker: used, kept, and done without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.planning.assign import assign
from outreach.progress.tables import WhatIf
from outreach.progress.what_if import WhatIfIn, ask
from outreach.villages.roads import RoadTrouble
from outreach.visits.batches import Claim, load_problem
from outreach.visits.leased_rows import MOST_ATTEMPTS
from outreach.visits.measured_ways import told_ways
from outreach.visits.tables import Batch, Visit
from tasks.assignment import plan_batch
from tasks.what_if import answer_one
from tests.road_service import road_server
from tests.tasks.runner import Run, Sweeper, ask_for_long_run, is_over, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from outreach.planning.model import Plan, Problem
    from tests.road_service import Place

LEASE = timedelta(seconds=30)


@pytest.fixture
def run(engine: Engine) -> Run:
    return ask_for_long_run(engine, rounds=5, target_size=60)


@pytest.fixture
def sweeper(engine: Engine, redis_url: str, queue: redis.Redis) -> Iterator[Sweeper]:
    made = Sweeper(engine, redis_url)
    yield made
    made.app.close()


def _half_an_hour(places: list[Place]) -> list[list[float]]:
    return [[0.0 if here == there else 1800.0 for there in places] for here in places]


def _travel_minutes(engine: Engine) -> set[int]:
    with reading(engine) as db:
        return set(db.scalars(select(col(Visit.travel_minutes))))


def _problem(engine: Engine, batch_id: int) -> Problem:
    with reading(engine) as db:
        batch = db.get_one(Batch, batch_id)
        return load_problem(db, Claim(batch_id, batch.fence, batch.attempts, batch.run_id))


def _first_batch(engine: Engine) -> int:
    with reading(engine) as db:
        return db.scalars(select(func.min(col(Batch.id)))).one() or 0


@pytest.mark.redis
def test_a_worker_plans_by_the_times_of_the_service(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with (
        road_server(answer=_half_an_hour) as server,
        worker(database_url, redis_url, tmp_path, ROUTING_URL=server.url) as running,
    ):
        sweeper.until(lambda: is_over(engine, run))
        log = running.log.read_text()
    assert "Traceback" not in log
    assert server.asked
    # Half an hour and the overhead; the village where the team starts takes the overhead alone.
    assert _travel_minutes(engine) <= {5, 35}
    with reading(engine) as db:
        (told,) = told_ways(db, run.run_id)
    assert (told.source, told.trouble) == ("127.0.0.1", None)


@pytest.mark.redis
def test_without_the_service_a_worker_plans_by_estimates_and_says_so(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with road_server() as gone:
        pass
    with worker(database_url, redis_url, tmp_path, ROUTING_URL=gone.url):
        sweeper.until(lambda: is_over(engine, run))
    assert len(_travel_minutes(engine)) > 5
    with reading(engine) as db:
        (told,) = told_ways(db, run.run_id)
        attempts = set(db.scalars(select(col(Batch.attempts))))
    assert (told.source, told.trouble) == ("", RoadTrouble.UNREACHABLE)
    assert attempts == {1}


def test_the_same_plan_can_be_made_again_when_the_service_is_gone(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _first_batch(engine)
    with road_server() as server:
        monkeypatch.setenv("ROUTING_URL", server.url)
        assert plan_batch(engine, first, LEASE)
    asked = len(server.asked)
    problem = _problem(engine, first)
    assert problem.travel is not None
    assert _facts(assign(problem)) == _stored(engine, first)
    assert len(server.asked) == asked


def test_in_its_last_attempt_a_part_is_planned_without_asking_whoever_may_have_ended_the_others(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _first_batch(engine)
    with unit_of_work(engine) as db:
        db.get_one(Batch, first).attempts = MOST_ATTEMPTS - 1
    with road_server(manner="slow") as server:
        monkeypatch.setenv("ROUTING_URL", server.url)
        assert plan_batch(engine, first, LEASE)
    assert server.asked == []
    with reading(engine) as db:
        (told,) = told_ways(db, run.run_id)
    assert (told.source, told.trouble) == ("", RoadTrouble.TOO_SLOW)


def test_a_run_tells_how_much_of_the_ways_was_measured(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(places: list[Place]) -> list[list[float | None]]:
        hours = _half_an_hour(places)
        return [[None] * (len(row) // 2) + row[len(row) // 2 :] for row in hours]

    with road_server(answer=half) as server:
        monkeypatch.setenv("ROUTING_URL", server.url)
        assert plan_batch(engine, _first_batch(engine), LEASE)
    with reading(engine) as db:
        (told,) = told_ways(db, run.run_id)
    assert told.source == "127.0.0.1"
    assert 0.4 < told.share < 0.6


def test_a_kept_table_is_of_no_use_once_a_village_is_reached_otherwise(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _first_batch(engine)
    with road_server() as server:
        monkeypatch.setenv("ROUTING_URL", server.url)
        assert plan_batch(engine, first, LEASE)
    with unit_of_work(engine) as db:
        batch = db.get_one(Batch, first)
        kept = {**batch.question["travel"], "places": "of other places"}
        batch.question = {**batch.question, "travel": kept}
    assert _problem(engine, first).travel is None


def test_without_a_service_nothing_is_asked_and_nothing_is_told(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUTING_URL", raising=False)
    assert plan_batch(engine, _first_batch(engine), LEASE)
    with reading(engine) as db:
        assert told_ways(db, run.run_id) == []
    assert _problem(engine, _first_batch(engine)).travel is None


def _facts(plan: Plan) -> set[tuple[object, ...]]:
    return {(one.code, one.team_id, one.day, one.slot, one.travel_minutes) for one in plan.visits}


def _stored(engine: Engine, batch_id: int) -> set[tuple[object, ...]]:
    columns = (Visit.village_code, Visit.team_id, Visit.day, Visit.slot, Visit.travel_minutes)
    query = select(*map(col, columns)).where(col(Visit.batch_id) == batch_id)
    with reading(engine) as db:
        return {tuple(row) for row in db.execute(query)}


def test_a_what_if_goes_by_the_times_of_the_service_too(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work(engine) as db:
        given = WhatIfIn(extra_teams=1)
        asked = ask(db, run.stage_id, given, by=run.coordinator, now=datetime.now(UTC)).id or 0
    with road_server(answer=_half_an_hour) as server:
        monkeypatch.setenv("ROUTING_URL", server.url)
        assert answer_one(engine, asked, LEASE)
    assert server.asked
    with reading(engine) as db:
        told = db.get_one(WhatIf, asked).answer
    assert (told["travel"]["source"], told["travel"]["trouble"]) == ("127.0.0.1", None)
    for way in (told["anew"], told["supposed"]):
        # Every leg is half an hour and the overhead; the village of the base the overhead alone.
        assert way["travel_minutes"] % 35 in (0, 5, 10)
