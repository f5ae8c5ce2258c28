"""Updating without a pause: code of the version before works over the tables of the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect

from outreach import migrations
from outreach.db import make_engine
from tests.conftest import fresh_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

#: Before, words were added to columns that older code reads: README says to stop for those.
FIRST = "0007"
STEPS = [
    (before, step)
    for before, step in zip(migrations.steps(), migrations.steps()[1:], strict=False)
    if step >= FIRST
]


@pytest.fixture
def empty(postgres_server: str) -> Iterator[Engine]:
    with fresh_postgres(postgres_server, None) as url:
        made = make_engine(url)
        yield made
        made.dispose()


def _columns(engine: Engine) -> dict[tuple[str, str], dict[str, Any]]:
    seen = inspect(engine)
    return {
        (table, column["name"]): dict(column)
        for table in seen.get_table_names()
        for column in seen.get_columns(table)
    }


def _rules(engine: Engine) -> set[tuple[str, ...]]:
    """What a row must obey: checks, which hold the words of an enum, and what is unique."""
    seen = inspect(engine)
    tables = seen.get_table_names()
    checks = {
        (table, str(one["name"]), one["sqltext"])
        for table in tables
        for one in seen.get_check_constraints(table)
    }
    unique = {
        (table, str(one["name"]), str(one["column_names"]))
        for table in tables
        for one in seen.get_indexes(table)
        if one["unique"]
    }
    keys = {
        (table, str(one["name"]), str(one["constrained_columns"]))
        for table in tables
        for one in seen.get_foreign_keys(table)
    }
    return checks | unique | keys


@pytest.mark.postgres
@pytest.mark.parametrize(("before", "step"), STEPS)
def test_a_step_only_adds_what_older_code_need_not_know(
    empty: Engine, before: str, step: str
) -> None:
    migrations.upgrade(empty, before)
    old, rules = _columns(empty), _rules(empty)
    tables = {table for table, _ in old}
    migrations.upgrade(empty, step)
    new = _columns(empty)
    for key, column in old.items():
        # What older code reads and writes is there, and takes all that it took.
        assert str(new[key]["type"]) == str(column["type"]), key
        assert new[key]["nullable"] >= column["nullable"], key
    for key in (key for key in new.keys() - old.keys() if key[0] in tables):
        # What it does not write fills itself in.
        assert new[key]["nullable"] or new[key]["default"] is not None, key
    assert {rule for rule in _rules(empty) if rule[0] in tables} == rules
