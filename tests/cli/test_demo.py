"""The demonstration by hand: told whole or not at all, and only where nobody is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlmodel import select

from outreach.cli import main
from outreach.cli.demo import seed_if_empty
from outreach.config import Settings
from outreach.db import reading
from outreach.demonstration import story
from outreach.demonstration.cast import BRANCH
from outreach.people.tables import Account, Branch
from tests import builders

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(autouse=True)
def _here(sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string())
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    monkeypatch.setenv("LOCALE", "en")


def test_an_interrupted_demonstration_leaves_nothing_and_can_be_told_again(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    builders.load_small_registry(sqlite_engine, tuple(BRANCH.regency_codes))
    monkeypatch.setattr(story, "_plan", interrupt)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            seed_if_empty(sqlite_engine, Settings())
    with reading(sqlite_engine) as db:
        assert db.exec(select(Account.id)).all() == []
        assert db.exec(select(Branch.id)).all() == []


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
