"""The registry by hand: load it, count it, list what is approximate, find a village."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from outreach.cli import main
from outreach.db import make_engine
from outreach.villages import source
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def prepared(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LOCALE", "en")
    return database_url


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["villages", *words], catch_exceptions=False)


def load_some(url: str, *areas: str) -> None:
    engine = make_engine(url)
    load_small_registry(engine, areas)
    engine.dispose()


def test_the_whole_registry_is_loaded_by_one_command_and_again(
    national_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", national_sqlite)
    monkeypatch.setenv("LOCALE", "en")
    for _ in range(2):
        result = run("load")
        assert result.exit_code == 0, result.output
        assert "384" in result.output.splitlines()[-1]
        assert run("count").stdout == "83762\n"
    assert "0 new, 0 changed, 83762 unchanged" in result.output


def test_count_prints_the_number_alone(prepared: str) -> None:
    assert run("count").stdout == "0\n"
    load_some(prepared, "33.72")
    assert run("count").stdout == "54\n"


def test_approximate_villages_are_listed_as_csv(prepared: str) -> None:
    load_some(prepared, "13.12", "33.72")
    rows = list(csv.DictReader(run("approximate").stdout.splitlines()))
    assert len(rows) == 71
    assert rows[0]["regency"] == "Kabupaten Pasaman Barat"
    assert all(row["code"].startswith("13.12.") and float(row["latitude"]) for row in rows)


def test_search_prints_the_best_first(prepared: str) -> None:
    load_some(prepared, "33.72", "33.11")
    rows = list(csv.DictReader(run("search", "jebers", "surakarta").stdout.splitlines()))
    assert [row["code"] for row in rows][:2] == ["33.72.04", "33.72.04.1010"]
    assert rows[1]["kind"] == "kelurahan"
    inside = csv.DictReader(run("search", "ban", "--within", "3311").stdout.splitlines())
    assert {row["code"][:5] for row in inside} == {"33.11"}


def test_what_cannot_be_searched_is_said(prepared: str) -> None:
    load_some(prepared, "33.72")
    wrong = run("search", "ban", "--within", "Solo")
    assert (wrong.exit_code, "Solo" in wrong.output) == (2, True)
    nothing = run("search", "qqqqqq")
    assert (nothing.exit_code, bool(nothing.stderr)) == (0, True)


def test_a_database_without_tables_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    for command in ("load", "count", "approximate"):
        result = run(command)
        assert result.exit_code == 1
        assert "outreach migrations upgrade" in result.output


def test_a_database_that_does_not_open_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'missing' / 'x.sqlite'}")
    result = run("count")
    assert (result.exit_code, "DATABASE_URL" in result.output) == (1, True)


def test_a_registry_that_is_not_whole_is_said_and_changes_nothing(
    prepared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_some(prepared, "33.72")
    monkeypatch.setitem(source.EXPECTED, "villages", 83_763)
    result = run("load")
    assert result.exit_code == 1
    assert "83763" in result.output
    assert "83762" in result.output
    assert run("count").stdout == "54\n"
