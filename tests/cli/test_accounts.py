"""`outreach accounts` by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from outreach.cli import main
from outreach.db import reading
from outreach.people.accounts import account_by_login
from outreach.people.passwords import matches
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    Run = Callable[..., Result]

ADD = ("add", "kantor", "--name", "Kantor", "--role", "admin")
GOOD = "kuda-lumping-menari-42"


@pytest.fixture
def run(sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string())
    monkeypatch.setenv("LOCALE", "en")

    def call(*words: str, password: str = GOOD) -> Result:
        return CliRunner().invoke(main, ["accounts", *words], input=password + "\n")

    return call


def test_account_is_added_listed_and_given_a_new_password(run: Run, sqlite_engine: Engine) -> None:
    assert run("list").output.startswith("There are no accounts yet.")
    assert run(*ADD).exit_code == 0
    assert run("password", "kantor", password="wayang-kulit-semalam").exit_code == 0
    with reading(sqlite_engine) as db:
        account = account_by_login(db, "kantor")
        assert matches(account.password_hash, "wayang-kulit-semalam")
    assert run("list").output.split()[:2] == ["Administrator", "kantor"]


def test_coordinator_is_given_a_branch_by_name(run: Run, sqlite_engine: Engine) -> None:
    from outreach.db import unit_of_work

    builders.load_small_registry(sqlite_engine)
    with unit_of_work(sqlite_engine) as db:
        builders.branch(db)
    words = ("add", "wening", "--name", "Wening", "--role", "coordinator", "--branch")
    assert run(*words, "Surakarta").exit_code == 0
    assert "Surakarta" in run("list").output
    nowhere = run(*words, "Nowhere")
    assert (nowhere.exit_code, "no branch with the name Nowhere" in nowhere.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        (ADD, "short", "password: at least 12"),
        (("add", "x", "--name", "X", "--role", "admin"), GOOD, "login: small letters"),
        (("add", "xyz", "--name", "X", "--role", "manager"), GOOD, "--area: a manager needs"),
        (("add", "xyz", "--name", "X", "--role", "coordinator"), GOOD, "--branch: a coordinator"),
        (("password", "nobody"), GOOD, "There is no account with the login name nobody."),
    ],
)
def test_what_is_wrong_is_told_in_words(
    run: Run, words: tuple[str, ...], password: str, told: str
) -> None:
    result = run(*words, password=password)
    assert result.exit_code == 1
    assert told in result.output
    assert "Traceback" not in result.output


def test_login_name_is_taken_once(run: Run) -> None:
    run(*ADD)
    assert "login: this login name is taken" in run(*ADD).output
