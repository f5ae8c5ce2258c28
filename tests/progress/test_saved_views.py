"""Views kept under names of one's own: the same name, the limit, two tabs, other people."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.tables import Role
from outreach.progress.saved_views import (
    LONGEST_ADDRESS,
    MOST_VIEWS,
    RenamedViewIn,
    SavedViewIn,
    own_view,
    remove_view,
    rename_view,
    save_view,
    views_of,
)
from outreach.progress.tables import SavedView
from tests.at_once import at_once, wait_for_the_other
from tests.builders import load_small_registry
from tests.field import NOW, account

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person


@pytest.fixture
def people(engine: Engine) -> tuple[Person, Person]:
    """Two managers of one area."""
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        return (
            account(db, "manajer", Role.MANAGER, ("33.72",)),
            account(db, "manajer-lain", Role.MANAGER, ("33.72",)),
        )


@pytest.fixture
def me(people: tuple[Person, Person]) -> Person:
    return people[0]


def _given(name: str = "Senin pagi", address: str = "/board") -> SavedViewIn:
    return SavedViewIn(name=name, address=address)


def _save(
    engine: Engine, by: Person, given: SavedViewIn, replaces: int | None = None
) -> tuple[int, int]:
    with unit_of_work(engine) as db:
        view = save_view(db, given, by=by, now=NOW, replaces=replaces)
        return view.id or 0, view.version


def _stored(engine: Engine, by: Person) -> list[tuple[str, str]]:
    with reading(engine) as db:
        return [(view.name, view.address) for view in views_of(db, by.account_id)]


def test_views_are_listed_by_name_and_belong_to_one_person(
    engine: Engine, people: tuple[Person, Person]
) -> None:
    me, other = people
    for name in ("peta", "Papan", "Zona"):
        _save(engine, me, _given(name))
    _save(engine, other, _given("Papan", "/map"))
    assert [name for name, _ in _stored(engine, me)] == ["Papan", "peta", "Zona"]
    assert _stored(engine, other) == [("Papan", "/map")]


def test_the_same_once_more_changes_nothing(engine: Engine, me: Person) -> None:
    first = _save(engine, me, _given())
    assert _save(engine, me, _given("  Senin \n pagi ")) == first
    assert _stored(engine, me) == [("Senin pagi", "/board")]


def test_another_page_of_the_same_name_replaces_it_only_if_asked(
    engine: Engine, me: Person
) -> None:
    view_id, version = _save(engine, me, _given())
    with pytest.raises(Conflict) as refused:
        _save(engine, me, _given(address="/map"))
    assert refused.value.facts["problem"] == "view_name_taken"
    assert refused.value.facts["theirs"] == {"address": "/board"}
    assert _stored(engine, me) == [("Senin pagi", "/board")]
    assert _save(engine, me, _given(address="/map"), replaces=version) == (view_id, version + 1)
    assert _stored(engine, me) == [("Senin pagi", "/map")]
    # Another tab still shows the version from before.
    with pytest.raises(Conflict) as stale:
        _save(engine, me, _given(address="/ledger"), replaces=version)
    assert stale.value.facts["problem"] == "changed_meanwhile"
    assert stale.value.facts["theirs"] == {"address": "/map"}


def test_a_person_keeps_so_many_and_no_more(engine: Engine, people: tuple[Person, Person]) -> None:
    me, other = people
    with unit_of_work(engine) as db:
        for number in range(MOST_VIEWS):
            save_view(db, _given(f"Tampilan {number}"), by=me, now=NOW)
    with pytest.raises(Conflict) as refused:
        _save(engine, me, _given("Satu lagi"))
    assert refused.value.facts == {"problem": "too_many_views", "most": MOST_VIEWS}
    assert len(_stored(engine, me)) == MOST_VIEWS
    # One that is there already can still be replaced, and nobody else is held up.
    assert _save(engine, me, _given("Tampilan 7", "/map"), replaces=1)[1] == 2
    _save(engine, other, _given())


def test_two_tabs_at_once_keep_to_the_limit(engine: Engine, me: Person) -> None:
    with unit_of_work(engine) as db:
        for number in range(MOST_VIEWS - 1):
            save_view(db, _given(f"Tampilan {number}"), by=me, now=NOW)
    is_begun, is_through = threading.Event(), threading.Event()

    def first() -> None:
        with unit_of_work(engine) as db:
            save_view(db, _given("Satu"), by=me, now=NOW)
            is_begun.set()
            wait_for_the_other(engine, is_through)

    def second() -> None:
        is_begun.wait(60)
        with pytest.raises(Conflict) as refused:
            _save(engine, me, _given("Dua"))
        is_through.set()
        assert refused.value.facts["problem"] == "too_many_views"

    at_once(first, second)
    assert len(_stored(engine, me)) == MOST_VIEWS


def test_it_is_renamed_unless_another_tab_did(engine: Engine, me: Person) -> None:
    view_id, version = _save(engine, me, _given())
    with unit_of_work(engine) as db:
        rename_view(db, view_id, RenamedViewIn(name="Selasa pagi"), version, by=me)
    with pytest.raises(Conflict) as stale, unit_of_work(engine) as db:
        rename_view(db, view_id, RenamedViewIn(name="Rabu pagi"), version, by=me)
    assert stale.value.facts["yours"] == {"name": "Rabu pagi"}
    assert stale.value.facts["theirs"] == {"name": "Selasa pagi"}
    assert _stored(engine, me) == [("Selasa pagi", "/board")]


def test_no_two_views_of_one_person_share_a_name(
    engine: Engine, people: tuple[Person, Person]
) -> None:
    me, other = people
    _save(engine, other, _given("Rabu pagi"))
    view_id, version = _save(engine, me, _given())
    _save(engine, me, _given("Selasa pagi"))
    with pytest.raises(Invalid) as taken, unit_of_work(engine) as db:
        rename_view(db, view_id, RenamedViewIn(name="Selasa pagi"), version, by=me)
    assert taken.value.facts["problems"] == {"name": ["taken"]}
    with unit_of_work(engine) as db:
        rename_view(db, view_id, RenamedViewIn(name="Rabu pagi"), version, by=me)
    assert _stored(engine, me) == [("Rabu pagi", "/board"), ("Selasa pagi", "/board")]
    again = SavedView(account_id=me.account_id, name="Rabu pagi", address="/map", saved_at=NOW)
    with pytest.raises(IntegrityError), unit_of_work(engine) as db:
        db.add(again)


def test_it_is_removed_unless_another_tab_changed_it(engine: Engine, me: Person) -> None:
    view_id, version = _save(engine, me, _given())
    _save(engine, me, _given(address="/map"), replaces=version)
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        remove_view(db, view_id, version, by=me)
    with unit_of_work(engine) as db:
        assert remove_view(db, view_id, version + 1, by=me) == "Senin pagi"
    assert _stored(engine, me) == []


def test_another_persons_view_looks_like_none(
    engine: Engine, people: tuple[Person, Person]
) -> None:
    me, other = people
    view_id, version = _save(engine, me, _given())
    with pytest.raises(NotFound), reading(engine) as db:
        own_view(db, view_id, other)
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        rename_view(db, view_id, RenamedViewIn(name="Milik saya"), version, by=other)
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        remove_view(db, view_id, version, by=other)
    with reading(engine) as db:
        assert db.exec(select(SavedView.name)).all() == ["Senin pagi"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (" \t ", "string_too_short"),
        ("x" * 81, "string_too_long"),
        ("Papan\x07", "unreadable_text"),
        ("NIK 3372011501900001", "identity_number"),
    ],
)
def test_a_name_is_short_readable_and_nobodys_number(name: str, problem: str) -> None:
    for model, more in ((SavedViewIn, {"address": "/board"}), (RenamedViewIn, {})):
        with pytest.raises(ValidationError) as refused:
            model.model_validate({"name": name, **more})
        assert refused.value.errors()[0]["type"] == problem


@pytest.mark.parametrize(
    "address",
    [
        "",
        "board",
        "//example.org",
        "/\\example.org",
        "/board\\x",
        "https://example.org/board",
        "javascript:alert(1)",
        "/board\n",
        "/board ?x",
        "/b\u00f6ard",
        "/" + "x" * LONGEST_ADDRESS,
    ],
)
def test_only_a_path_of_this_host_is_an_address(address: str) -> None:
    with pytest.raises(ValidationError):
        _given(address=address)


def test_an_address_may_have_a_query_and_a_place() -> None:
    address = "/map?area=33.72&layer=gap#12.50/-7.5666/110.8200"
    assert _given(address=address).address == address
