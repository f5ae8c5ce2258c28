"""`outreach plan nation` from the command to the last visit, with a real sweeper and worker."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from outreach.cli import main, plan_nation
from outreach.db import reading, unit_of_work
from outreach.visits.nation import together
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState, Visit
from tests.tasks.runner import environment, sweeper, worker
from tests.visits.country import CAMPAIGN, build_country

if TYPE_CHECKING:
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from tests.visits.country import Country

COMMAND = ("plan", "nation", "--campaign", CAMPAIGN, "--by", "pusat")
CALLED = "from outreach.cli import main\nmain()"


@pytest.fixture
def country(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Country:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LOCALE", "en")
    return build_country(engine, datetime.now(UTC))


@pytest.mark.redis
def test_the_nation_is_planned_and_watched_to_the_end(
    engine: Engine,
    country: Country,
    database_url: str,
    redis_url: str,
    queue: redis.Redis,
    tmp_path: Path,
) -> None:
    with (
        worker(database_url, redis_url, tmp_path),
        sweeper(database_url, redis_url, tmp_path / "s"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", CALLED, *COMMAND],
            env=environment(database_url, redis_url, {"LOCALE": "en"}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    with reading(engine) as db:
        told = together(db, country.campaign_id, country.manager)
        visits = db.scalar(select(func.count(col(Visit.id))))
    assert (told.branches, told.ready, told.placed) == (2, 2, visits)
    assert "2 of 4 branches can be planned" in done.stdout
    assert "No team (1): Ambon" in done.stdout
    assert "only drafted; its coordinator opens it (1): Manado" in done.stdout
    assert visits == told.villages
    assert f"all {visits} villages have a visit" in done.stdout
    assert "2 of 2 branches ready" in done.stderr


def test_several_hands_ask_and_a_second_call_doubles_nothing(
    engine: Engine, country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_nation, "BRANCHES_PER_HAND", 1)
    first = CliRunner().invoke(main, [*COMMAND, "--hands", "2", "--no-wait"])
    assert first.exit_code == 0, first.output
    assert "the plans of 2 branches are asked for" in first.output
    again = CliRunner().invoke(main, [*COMMAND, "--no-wait"])
    assert again.exit_code == 0
    assert "0 of 4 branches can be planned" in again.output
    assert "being made already (2): Boyolali, Surakarta" in again.output
    with reading(engine) as db:
        assert db.scalar(select(func.count(col(PlanRun.id)))) == 2


def test_watching_outlives_a_database_that_starts_anew(
    engine: Engine, country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(main, [*COMMAND, "--no-wait"]).exit_code == 0
    with unit_of_work(engine) as db:
        db.execute(update(PlanRun).values(state=RunState.DONE))
    look, tries = plan_nation._look, []

    def away(*told: Any) -> Any:
        tries.append(told)
        if len(tries) == 1:
            raise OperationalError("SELECT", {}, Exception("starting up"))
        return look(*told)

    monkeypatch.setattr(plan_nation, "_look", away)
    monkeypatch.setattr(plan_nation, "SECONDS_BETWEEN", 0)
    done = CliRunner().invoke(main, [*COMMAND, "--watch"])
    assert (done.exit_code, len(tries)) == (0, 2), done.output
    assert "the database does not answer; asked again" in done.stderr
    assert "2 of 2 branches ready" in done.stderr


def test_villages_without_a_visit_and_parts_given_up_are_told(
    engine: Engine, country: Country
) -> None:
    assert CliRunner().invoke(main, [*COMMAND, "--no-wait"]).exit_code == 0
    with unit_of_work(engine) as db:
        db.execute(update(PlanRun).values(state=RunState.DONE))
        db.execute(update(Batch).values(state=BatchState.DONE))
        (given_up,) = db.scalars(select(col(Batch.id)).limit(1))
        db.execute(update(Batch).where(col(Batch.id) == given_up).values(state=BatchState.DEAD))
        villages = together(db, country.campaign_id, country.manager).villages
    done = CliRunner().invoke(main, [*COMMAND, "--watch"])
    assert done.exit_code == 1
    assert f"0 of {villages} villages have a visit, the others a reason" in done.stdout
    assert re.search("given up and can be tried again: (Boyolali|Surakarta)\n", done.stdout)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("--by", "surakarta"), "surakarta is no manager"),
        (("--by", "nobody"), "There is no account with the login name nobody."),
        (
            ("--campaign", "Lain"),
            f"There is no campaign with the name Lain. Open campaigns: {CAMPAIGN}",
        ),
    ],
)
def test_who_may_not_ask_is_told_why(country: Country, told: tuple[str, str], words: str) -> None:
    answer = CliRunner().invoke(main, [*COMMAND, *told, "--no-wait"])
    assert answer.exit_code == 1
    assert words in answer.output


def test_to_watch_and_not_to_wait_is_refused_before_anything_is_asked(engine: Engine) -> None:
    answer = CliRunner().invoke(main, [*COMMAND, "--watch", "--no-wait"], env={"LOCALE": "en"})
    assert (answer.exit_code, "contradict each other" in answer.output) == (2, True)
    with reading(engine) as db:
        assert db.scalar(select(func.count(col(PlanRun.id)))) == 0
