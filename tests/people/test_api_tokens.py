"""Tokens for programs: who makes them, what they open, and what ends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import delete, select

from outreach.db import unit_of_work
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import Person, covers, person_of
from outreach.people.api_tokens import (
    MOST_LIVE,
    PREFIX,
    TokenIn,
    all_tokens,
    common_areas,
    holder_of_token,
    make_token,
    note_use,
    tokens_of,
    withdraw_token,
)
from outreach.people.tables import Account, AccountArea, ApiToken, BranchRegency, Role
from tests import builders
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

NOW = datetime(2026, 11, 16, 3, tzinfo=UTC)


@pytest.fixture
def manager(engine: Engine) -> Person:
    """A manager of two regencies, in one of which a branch works."""
    load_small_registry(engine, ("33.72", "33.11"))
    with unit_of_work(engine) as db:
        builders.branch(db)
        made = builders.account(db, Role.MANAGER, area_codes=["33.72", "33.11"])
        return _person(db, made)


def _person(db: Session, account: Account) -> Person:
    found = person_of(db, account.id or 0)
    assert found is not None
    return found


def _make(engine: Engine, by: Person, *areas: str, days: int = 90) -> str:
    with unit_of_work(engine) as db:
        return make_token(db, TokenIn(name="Dasbor", areas=list(areas), days=days), by=by, now=NOW)


def _areas(engine: Engine, token: str, now: datetime = NOW) -> tuple[str, ...] | None:
    with unit_of_work(engine) as db:
        found = holder_of_token(db, token, now)
        return found.person.areas if found else None


def test_a_token_opens_its_areas_and_only_its_digest_is_kept(
    engine: Engine, manager: Person
) -> None:
    token = _make(engine, manager, "33.72", "33.11.01")
    assert token.startswith(PREFIX)
    assert len(token) == len(PREFIX) + 43  # 256 bits
    assert _areas(engine, token) == ("33.11.01", "33.72")
    with unit_of_work(engine) as db:
        row = tokens_of(db, manager.account_id)[0].token
        assert token not in repr(row.model_dump())
        assert token.removeprefix(PREFIX) not in repr(row.model_dump())


def test_without_areas_it_opens_all_of_the_person(engine: Engine, manager: Person) -> None:
    assert _areas(engine, _make(engine, manager)) == ("33.11", "33.72")


def test_codes_are_read_in_any_usual_writing(engine: Engine, manager: Person) -> None:
    assert _areas(engine, _make(engine, manager, "3372", "33.72 ")) == ("33.72",)


@pytest.mark.parametrize(
    ("area", "problem"),
    [
        ("33", "unknown_region"),
        ("33.13", "unknown_region"),
        ("33.72.99", "unknown_region"),
        ("Solo", "not_a_region_code"),
    ],
)
def test_foreign_and_missing_areas_are_refused_alike(
    engine: Engine, manager: Person, area: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _make(engine, manager, "33.72", area)
    assert refused.value.facts["problems"] == {"areas": [problem]}
    with unit_of_work(engine) as db:
        assert not tokens_of(db, manager.account_id)


@pytest.mark.parametrize("days", [0, 401])
def test_it_lives_between_a_day_and_four_hundred(days: int) -> None:
    with pytest.raises(ValidationError):
        TokenIn(name="Dasbor", days=days)


def test_a_name_holds_no_identity_number() -> None:
    with pytest.raises(ValidationError, match="identity"):
        TokenIn(name="Dasbor 3372011501900001")


def test_it_runs_out(engine: Engine, manager: Person) -> None:
    token = _make(engine, manager, days=1)
    assert _areas(engine, token, NOW + timedelta(hours=23, minutes=59)) is not None
    assert _areas(engine, token, NOW + timedelta(days=1)) is None


def test_it_is_withdrawn_at_once_and_once(engine: Engine, manager: Person) -> None:
    token, other = _make(engine, manager), _make(engine, manager)
    with unit_of_work(engine) as db:
        number = tokens_of(db, manager.account_id)[1].token.id or 0
        withdraw_token(db, number, by=manager, now=NOW)
    assert _areas(engine, token) is None
    assert _areas(engine, other) is not None
    with unit_of_work(engine) as db:
        withdraw_token(db, number, by=manager, now=NOW + timedelta(days=1))
        assert db.get_one(ApiToken, number).withdrawn_at == NOW


def test_nobody_withdraws_a_token_of_somebody_else(engine: Engine, manager: Person) -> None:
    token = _make(engine, manager)
    with unit_of_work(engine) as db:
        other = builders.account(db, Role.MANAGER, "lain", area_codes=["33.72"])
        person = _person(db, other)
        number = tokens_of(db, manager.account_id)[0].token.id or 0
        with pytest.raises(NotFound):
            withdraw_token(db, number, by=person, now=NOW)
    assert _areas(engine, token) is not None


def test_an_administrator_sees_and_withdraws_everybodys(engine: Engine, manager: Person) -> None:
    ended, kept = _make(engine, manager, "33.72"), _make(engine, manager)
    with unit_of_work(engine) as db:
        made = builders.account(db, Role.ADMIN, "admin")
        admin, name = _person(db, made), made.name
        first, second = (one.token.id or 0 for one in all_tokens(db, NOW).rows)
        assert withdraw_token(db, second, by=admin, now=NOW) == "Dasbor"
        withdraw_token(db, second, by=manager, now=NOW + timedelta(days=1))  # changes nothing
        page = all_tokens(db, NOW)
        told = [(one.token.id, one.withdrawer, one.is_idle) for one in page.rows]
        assert (page.found, told) == (2, [(first, "", False), (second, name, False)])
        assert {one.giver for one in page.rows} == {manager.name}
        assert [one.token.id for one in all_tokens(db, NOW, first=1, most=1).rows] == [second]
    assert _areas(engine, ended) is None
    assert _areas(engine, kept) is not None


def test_of_a_closed_account_it_is_idle(engine: Engine, manager: Person) -> None:
    _make(engine, manager)
    with unit_of_work(engine) as db:
        db.get_one(Account, manager.account_id).is_active = False
    with unit_of_work(engine) as db:
        assert [one.is_idle for one in all_tokens(db, NOW).rows] == [True]


def test_it_follows_the_person_whose_area_shrinks(engine: Engine, manager: Person) -> None:
    whole, part = _make(engine, manager), _make(engine, manager, "33.11")
    with unit_of_work(engine) as db:
        db.exec(delete(AccountArea).where(AccountArea.code == "33.11"))  # type: ignore[arg-type]
    assert _areas(engine, whole) == ("33.72",)
    assert _areas(engine, part) is None


def test_it_ends_with_the_account_and_with_the_role(engine: Engine, manager: Person) -> None:
    token = _make(engine, manager)
    with unit_of_work(engine) as db:
        db.get_one(Account, manager.account_id).role = Role.OFFICIAL
    assert _areas(engine, token) is None
    with unit_of_work(engine) as db:
        account = db.get_one(Account, manager.account_id)
        account.role, account.is_active = Role.MANAGER, False
    assert _areas(engine, token) is None


def test_a_coordinators_token_follows_the_branch(engine: Engine, manager: Person) -> None:
    with unit_of_work(engine) as db:
        branch = db.exec(select(BranchRegency)).one().branch_id
        person = _person(db, builders.account(db, Role.COORDINATOR, branch_id=branch))
    token = _make(engine, person)
    assert _areas(engine, token) == ("33.72",)
    with unit_of_work(engine) as db:
        db.exec(delete(BranchRegency))
    assert _areas(engine, token) is None


@pytest.mark.parametrize("wrong", ["", PREFIX, PREFIX + "a" * 43, "b" * 52])
def test_what_is_no_token_of_ours_opens_nothing(
    engine: Engine, manager: Person, wrong: str
) -> None:
    _make(engine, manager)
    assert _areas(engine, wrong) is None


def test_use_is_noted_once_a_minute_at_most(engine: Engine, manager: Person) -> None:
    token = _make(engine, manager)
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (61, 60)):
        now = NOW + timedelta(seconds=seconds)
        with unit_of_work(engine) as db:
            found = holder_of_token(db, token, now)
            assert found is not None
            note_use(db, found.token_id, now)
        with unit_of_work(engine) as db:
            used = db.get_one(ApiToken, found.token_id).last_used_at
            assert used == NOW + timedelta(seconds=noted)


def test_nobody_has_more_than_fifty_that_hold(engine: Engine, manager: Person) -> None:
    with unit_of_work(engine) as db:
        for _ in range(MOST_LIVE):
            make_token(db, TokenIn(name="Dasbor", days=1), by=manager, now=NOW)
    with pytest.raises(Conflict) as refused:
        _make(engine, manager)
    assert refused.value.facts == {"problem": "too_many_tokens", "most": MOST_LIVE}
    with unit_of_work(engine) as db:
        # Those that are over do not count.
        make_token(db, TokenIn(name="Dasbor"), by=manager, now=NOW + timedelta(days=1))


CODES = ["", "33", "33.72", "33.72.01", "33.72.02", "33.11", "34", "34.04"]
VILLAGES = ["33.72.01.1001", "33.72.02.1001", "33.11.01.2001", "34.04.01.2001", "35.01.01.2001"]


@given(st.sets(st.sampled_from(CODES)), st.sets(st.sampled_from(CODES)))
def test_two_areas_have_in_common_what_lies_in_both(some: set[str], others: set[str]) -> None:
    both = common_areas(some, others)
    for village in VILLAGES:
        assert covers(both, village) == (covers(some, village) and covers(others, village))
    assert not any(covers(set(both) - {code}, code) for code in both)
