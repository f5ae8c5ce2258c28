"""The demonstration by hand: told whole or not at all, and only where nobody is."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlmodel import col, select

from outreach.campaigns.omissions import omitted
from outreach.campaigns.tables import Stage
from outreach.cli import main
from outreach.cli.addresses import local_address, noted_address, own_address
from outreach.cli.demo import seed_if_empty
from outreach.config import ROOT, Settings
from outreach.db import reading, unit_of_work
from outreach.demonstration import story
from outreach.demonstration.cast import BRANCH
from outreach.demonstration.logins import (
    AMBON_COORDINATOR,
    COORDINATOR,
    MAKASSAR_COORDINATOR,
    MANAGER,
    OFFICIAL,
)
from outreach.demonstration.phone import LASTS
from outreach.messages.announce import announce
from outreach.messages.outbox import to_send_by_hand
from outreach.people.access import Person, person_of
from outreach.people.tables import Account, Branch, Device, Enrolment, Official, Role
from outreach.progress.ending import sponsor_ending
from outreach.progress.scope import scope_for
from outreach.visits.approval import difference_since_approval, submission_of
from outreach.visits.calls import call_tasks
from outreach.visits.fairness import Hardship, fairness
from outreach.visits.phones import PhoneStanding, PhonesWanted, list_phones
from outreach.visits.question import past_of
from outreach.visits.snapshot import ChangeKind
from outreach.visits.standing import open_standings, waiting_for
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from outreach.demonstration.logins import Login


@pytest.fixture(autouse=True)
def _here(sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string())
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    monkeypatch.setenv("LOCALE", "en")


def test_an_interrupted_demonstration_leaves_nothing_and_can_be_told_again(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    builders.load_small_registry(sqlite_engine, tuple(BRANCH.regency_codes))
    monkeypatch.setattr(story, "plan_stage", interrupt)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            seed_if_empty(sqlite_engine, Settings())
    with reading(sqlite_engine) as db:
        assert db.exec(select(Account.id)).all() == []
        assert db.exec(select(Branch.id)).all() == []


def test_the_story_leaves_something_to_do_for_coordinator_and_manager(
    sqlite_engine: Engine,
) -> None:
    builders.load_small_registry(sqlite_engine, tuple(BRANCH.regency_codes))
    seed_if_empty(sqlite_engine, Settings(), others=())
    now = datetime.now(UTC)
    with reading(sqlite_engine) as db:
        ids = {account.role: account.id or 0 for account in db.exec(select(Account))}
        coordinator, manager = (
            person_of(db, ids[role]) for role in (Role.COORDINATOR, Role.MANAGER)
        )
        assert coordinator is not None
        assert manager is not None
        (waiting,) = waiting_for(db, manager)
        told = difference_since_approval(db, submission_of(db, manager, waiting.id))
        assert told.of_kind(ChangeKind.MOVED)
        assert told.of_kind(ChangeKind.DROPPED)
        assert told.kept > len(told.changes)
        today = now.astimezone(ZoneInfo(coordinator.zone)).date()
        assert not open_standings(db, coordinator, today)[0].is_overtaken
        assert call_tasks(db, coordinator, now)
        works = Counter(db.exec(select(Visit.work)))
        assert all(works[work] for work in (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED))
        stage = db.exec(select(Stage).where(col(Stage.name).startswith("Tahap 2"))).one()
        fair = fairness(db, stage.branch_id, stage.starts, stage.ends, stage_id=stage.id)
        assert sum(load.count(Hardship.REFUSALS) for load in fair.loads) == 2
        # A sponsor stops soon, and the districts that the quota left out have their reason.
        assert sponsor_ending(db, scope_for(coordinator), today)
        left = omitted(db, stage, past_of(db, stage), today)
        assert left
        assert all(one.reason for one in left)
        # Nobody was asked for a visit before its stage's plan was approved.
        assert db.exec(unasked()).all() == []
    with unit_of_work(sqlite_engine) as db:
        assert announce(db, now) > 0
        assert to_send_by_hand(db, coordinator)
    check_phones(sqlite_engine, coordinator, now, today)


@pytest.mark.parametrize(
    "another", [MAKASSAR_COORDINATOR, AMBON_COORDINATOR], ids=lambda one: one.login
)
def test_the_login_of_another_branch_is_printed_where_that_branch_is(
    sqlite_engine: Engine, another: Login
) -> None:
    builders.load_small_registry(sqlite_engine)
    with unit_of_work(sqlite_engine) as db:
        branch = builders.branch(db)
        login = another.login
        desk = builders.account(db, Role.COORDINATOR, login, branch_id=branch.id, name="Andi")
        desk.is_demo = True
    told = CliRunner().invoke(main, ["demo", "logins"])
    assert [line.split()[-2] for line in told.output.splitlines()[1:]] == [login]


_HOLDS = """
import sys, time
from outreach.cli.addresses import noted_address
from outreach.config import ROOT, Settings

with noted_address(Settings(port=int(sys.argv[1]))):
    print("noted", flush=True)
    time.sleep(600)
"""


@contextmanager
def started_elsewhere(port: int) -> Iterator[subprocess.Popen[str]]:
    """Hold the note of a port in a program of its own, as `outreach up` in another shell."""
    program = [sys.executable, "-c", _HOLDS, str(port)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "noted\n"
            yield holder
        finally:
            holder.kill()


def test_where_the_product_runs_is_told_in_another_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        with started_elsewhere(port):
            told = [own_address(Settings()) for _ in range(2)]
            assert told == [f"http://127.0.0.1:{port}"] * 2
            with noted_address(Settings(port=8006)):
                assert own_address(Settings()) == "http://127.0.0.1:8006"
            assert own_address(Settings()) == "http://127.0.0.1:8000"
        with started_elsewhere(port) as holder:
            known = Settings(public_url="https://coba.example")
            assert own_address(known) == "https://coba.example"
            assert own_address(Settings(port=8005)) == f"http://127.0.0.1:{port}"
            holder.kill()
            holder.wait()
            # It could not take its note away, and another program answers at its port.
            assert own_address(Settings(port=8005)) == "http://127.0.0.1:8005"


def test_without_a_note_the_product_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    (tmp_path / "address").mkdir()
    with noted_address(Settings(port=8006)):
        assert own_address(Settings(port=8005)) == "http://127.0.0.1:8005"


@pytest.mark.parametrize(
    ("host", "written"),
    [("0.0.0.0", "localhost"), ("::", "localhost"), ("::1", "[::1]"), ("desa.lan", "desa.lan")],
)
def test_an_address_is_one_that_opens(host: str, written: str) -> None:
    assert local_address(Settings(host=host, port=8005)) == f"http://{written}:8005"


def check_phones(engine: Engine, coordinator: Person, now: datetime, today: date) -> None:
    """There are phones and codes of every standing, told once."""
    with reading(engine) as db:
        page = list_phones(db, coordinator, now, today, PhonesWanted(), most=1000)
        told = {one.standing: page.counts[one.standing] for one in page.rows}
        assert told[PhoneStanding.IN_USE] > told[PhoneStanding.CODE] > 1
        assert told[PhoneStanding.SILENT] == 1
        assert {row.next_day is not None for row in page.rows if row.phones} == {True}
        assert {bool(row.unsent) for row in page.rows if row.phones} == {True, False}
        sent = [row.code.sent_at for row in page.rows if row.code]
        assert {one is None for one in sent} == {True, False}
        devices = db.exec(select(Device)).all()
        assert sum(one.revoked_at is not None for one in devices) == 1
        assert all((one.last_seen_at or now) > one.enrolled_at for one in devices)
        owners = [db.get_one(Account, one.account_id) for one in devices]
        assert all(one.is_demo for one in owners)
        visits = len(db.exec(select(Visit.id)).all())
    # An older demonstration, of one branch, stays as it is.
    assert not seed_if_empty(engine, Settings())
    with reading(engine) as db:
        assert len(db.exec(select(Device)).all()) == len(devices)
        assert len(db.exec(select(Visit.id)).all()) == visits
        assert len(db.exec(select(Branch.id)).all()) == 1
    shown = CliRunner().invoke(main, ["demo", "logins"])
    assert shown.exit_code == 0
    assert MANAGER.login in shown.output
    assert MAKASSAR_COORDINATOR.login not in shown.output


def unasked() -> Any:
    """Visits that a village knows of though nobody was ever asked."""
    asked = select(VisitEvent.visit_id).where(VisitEvent.happening == Happening.ASKED)
    known = (Work.AWAITING, Work.CONFIRMED, Work.DONE, Work.APPROVED)
    return select(Visit.id).where(col(Visit.work).in_(known), col(Visit.id).not_in(asked))


def test_where_there_are_accounts_the_demonstration_says_that_it_stays_away(
    sqlite_engine: Engine,
) -> None:
    words = ["accounts", "add", "kantor", "--name", "Kantor", "--role", "admin"]
    assert CliRunner().invoke(main, words, input="kuda-lumping-menari-42\n").exit_code == 0
    told = CliRunner().invoke(main, ["demo", "seed"])
    assert told.exit_code == 0
    assert "nothing was changed" in told.output
    with reading(sqlite_engine) as db:
        assert len(db.exec(select(Account.id)).all()) == 1


@pytest.mark.parametrize("words", [["demo", "seed"], ["maps", "build"]])
def test_without_villages_one_sentence_says_what_to_do(words: list[str]) -> None:
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 1
    assert told.output.strip() == (
        "Error: There are no villages yet. Load them first: outreach villages load"
    )


@pytest.mark.parametrize(
    "words", [["demo", "seed"], ["demo", "logins"], ["accounts", "list"], ["maps", "build"]]
)
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///empty.sqlite", "has no tables yet"),
        ("sqlite:////nowhere/at/all.sqlite", "does not answer: unable to open"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, words: list[str], url: str, told: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 1
    assert told in outcome.output
    assert isinstance(outcome.exception, SystemExit)


def _link() -> str:
    told = CliRunner().invoke(main, ["demo", "logins"])
    assert told.exit_code == 0
    return next((w for w in told.output.split() if "/e/" in w), "")


def test_the_demonstration_gives_a_link_for_its_officials_phone_fresh_when_used(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://coba.example.go.id")
    builders.load_small_registry(sqlite_engine)
    with unit_of_work(sqlite_engine) as db:
        branch = builders.branch(db)
        desk = builders.account(
            db, Role.COORDINATOR, COORDINATOR.login, branch_id=branch.id, name=COORDINATOR.name
        )
        own = builders.account(db, Role.OFFICIAL, OFFICIAL.login, area_codes=["33.72.01.1001"])
        desk.is_demo = own.is_demo = True
        told = {"village_code": "33.72.01.1001", "name": OFFICIAL.name, "position": "Lurah"}
        db.add(Official.model_validate({**told, "account_id": own.id}))
    first = _link()
    assert first.startswith("https://coba.example.go.id/e/")
    assert _link() == first
    with unit_of_work(sqlite_engine) as db:
        db.exec(select(Enrolment)).one().expires_at = datetime.now(UTC) + LASTS / 2
    lasting = _link()
    assert lasting not in ("", first)
    with unit_of_work(sqlite_engine) as db:
        db.exec(
            select(Enrolment).where(col(Enrolment.withdrawn_at).is_(None))
        ).one().used_at = datetime.now(UTC)
    assert _link() not in ("", first, lasting)
    with unit_of_work(sqlite_engine) as db:
        db.exec(select(Official)).one().is_active = False
    assert _link() == ""
