"""Officials: their contact, their term, two people at once, and the list of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.people.access import Person
from outreach.people.directory import Shown, list_officials
from outreach.people.officials import (
    OfficialIn,
    active_officials,
    add_official,
    link_account,
    set_active,
    update_official,
)
from outreach.people.tables import Official, Role
from tests.builders import LOADED_AT, account, load_small_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

PAJANG, BUMI, FOREIGN = "33.72.01.1001", "33.72.01.1003", "33.09.01.2001"
RINI = Person(1, "Rini", Role.COORDINATOR, ("33.72",))
ELSE = Person(2, "Budi", Role.COORDINATOR, ("33.09",))
TODAY = date(2026, 11, 2)
DAY = timedelta(days=1)


def official(village: str = PAJANG, name: str = "Sri Lestari", **told: Any) -> OfficialIn:
    usual = {"village_code": village, "name": name, "position": "Lurah"}
    return OfficialIn.model_validate(usual | told)


@pytest.fixture
def surakarta(engine: Engine) -> Engine:
    load_small_registry(engine, ("33.72", "33.09.01"))
    return engine


def _add(engine: Engine, given: OfficialIn, by: Person = RINI) -> int:
    with unit_of_work(engine) as db:
        made = add_official(db, given, by=by)
        db.flush()
        return made.id or 0


def test_only_who_is_in_office_is_told_anything(surakarta: Engine) -> None:
    terms: dict[str, dict[str, Any]] = {
        "Tanpa Batas": {},
        "Hari Terakhir": {"term_ends": TODAY},
        "Hari Pertama": {"term_starts": TODAY},
        "Sudah Selesai": {"term_ends": TODAY - DAY},
        "Belum Mulai": {"term_starts": TODAY + DAY},
    }
    for name, told in terms.items():
        _add(surakarta, official(name=name, **told))
    left = _add(surakarta, official(name="Mengundurkan Diri"))
    with unit_of_work(surakarta) as db:
        set_active(db, left, False, version=1, by=RINI, now=LOADED_AT)
    with reading(surakarta) as db:
        found = active_officials(db, [PAJANG, BUMI], TODAY)
    assert list(found) == [PAJANG]
    names = [one.name for one in found[PAJANG]]
    assert names == ["Hari Pertama", "Hari Terakhir", "Tanpa Batas"]


@pytest.mark.parametrize(
    ("told", "field", "problem"),
    [
        ({"email": "sekdes"}, "email", "not_an_email"),
        ({"email": "a@b.id\nBcc: c@d.id"}, "email", "not_an_email"),
        ({"email": "dua@desa.id, tiga@desa.id"}, "email", "not_an_email"),
        ({"email": "3372011212900001@desa.id"}, "email", "identity_number"),
        ({"phone": "0812"}, "phone", "not_a_phone"),
        ({"term_starts": TODAY, "term_ends": TODAY - DAY}, "term_ends", "ends_before_it_starts"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    told: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        official(**told)
    assert [(one["loc"], one["type"]) for one in caught.value.errors()] == [((field,), problem)]
    value = str(told[field])
    assert all(value not in str(one.get("msg")) for one in caught.value.errors())


def test_an_address_is_kept_with_its_host_in_small_letters() -> None:
    assert official(email=" Sri.Lestari@Desa.ID ").email == "Sri.Lestari@desa.id"
    assert official(email="").email == ""


def test_the_second_of_two_who_edit_sees_the_firsts(surakarta: Engine) -> None:
    number = _add(surakarta, official())
    with unit_of_work(surakarta) as db:
        update_official(db, number, official(position="Camat"), version=1, by=RINI)
    with unit_of_work(surakarta) as db, pytest.raises(Conflict) as caught:
        update_official(db, number, official(position="Carik"), version=1, by=RINI)
    assert caught.value.facts["yours"] == {"position": "Carik"}
    assert caught.value.facts["theirs"] == {"position": "Camat"}
    with unit_of_work(surakarta) as db, pytest.raises(Conflict):
        set_active(db, number, False, version=1, by=RINI, now=LOADED_AT)


def test_a_foreign_official_looks_like_none(surakarta: Engine) -> None:
    number = _add(surakarta, official())
    with unit_of_work(surakarta) as db:
        acts: tuple[Callable[[], object], ...] = (
            lambda: update_official(db, number, official(FOREIGN), version=1, by=ELSE),
            lambda: update_official(db, 999_999, official(), version=1, by=RINI),
            lambda: update_official(db, number, official(FOREIGN), version=1, by=RINI),
            lambda: set_active(db, number, False, version=1, by=ELSE, now=LOADED_AT),
        )
        for act in acts:
            with pytest.raises(NotFound):
                act()


def test_an_official_with_an_account_stays_where_it_sees(surakarta: Engine) -> None:
    number = _add(surakarta, official())
    with unit_of_work(surakarta) as db:
        made = account(db, Role.OFFICIAL, area_codes=[PAJANG])
        link_account(db, number, made.id or 0, by=RINI, now=LOADED_AT)
    with unit_of_work(surakarta) as db, pytest.raises(Conflict) as caught:
        update_official(db, number, official(BUMI), version=1, by=RINI)
    assert caught.value.facts["problem"] == "account_of_another_village"


@pytest.mark.parametrize(
    ("term", "left_on", "back_until"),
    [
        ({}, TODAY, None),
        ({"term_ends": TODAY + DAY}, TODAY, None),
        ({"term_ends": TODAY}, TODAY, None),
        ({"term_ends": TODAY - DAY}, TODAY - DAY, None),
        ({"term_starts": TODAY}, TODAY, None),
        # Who has not begun has no last day before the first.
        ({"term_starts": TODAY + DAY}, None, None),
        ({"term_starts": TODAY + DAY, "term_ends": TODAY + 9 * DAY}, *[TODAY + 9 * DAY] * 2),
    ],
)
def test_who_leaves_has_a_last_day_and_who_comes_back_has_none_that_is_over(
    surakarta: Engine, term: dict[str, Any], left_on: date | None, back_until: date | None
) -> None:
    number = _add(surakarta, official(**term))
    late = datetime(2026, 11, 1, 17, tzinfo=UTC)  # midnight in Jakarta
    ends = []
    for version, is_active in ((1, False), (2, True)):
        with unit_of_work(surakarta) as db:
            done = set_active(db, number, is_active, version=version, by=RINI, now=late)
            ends.append(done.term_ends)
    assert ends == [left_on, back_until]


@pytest.fixture
def many(surakarta: Engine) -> Engine:
    _add(surakarta, official(name="Ada Telepon", phone="081234567890"))
    _add(surakarta, official(name="Ada Surat", email="a@desa.id", term_ends=TODAY + 90 * DAY))
    _add(surakarta, official(BUMI, "Tanpa Kontak", term_ends=TODAY - DAY))
    _add(surakarta, official(BUMI, "Masih Lama", phone="0271123456", term_ends=TODAY + 91 * DAY))
    left = _add(surakarta, official(BUMI, "Sudah Pergi"))
    _add(surakarta, official(FOREIGN, "Orang Lain"), by=ELSE)
    with unit_of_work(surakarta) as db:
        set_active(db, left, False, version=1, by=RINI, now=LOADED_AT)
    return surakarta


def _names(engine: Engine, **asked: Any) -> list[str]:
    with reading(engine) as db:
        return [row.name for row in list_officials(db, RINI, TODAY, **asked).rows]


def test_the_list_tells_who_cannot_be_reached_or_leaves_soon(many: Engine) -> None:
    assert _names(many) == ["Ada Surat", "Ada Telepon", "Masih Lama", "Tanpa Kontak"]
    assert _names(many, shown=Shown.NO_CONTACT) == ["Tanpa Kontak"]
    assert _names(many, shown=Shown.TERM) == ["Ada Surat", "Tanpa Kontak"]
    assert _names(many, shown=Shown.LEFT) == ["Sudah Pergi"]
    with reading(many) as db:
        counts = list_officials(db, RINI, TODAY).counts
    assert list(counts.values()) == [4, 1, 2, 1]


def test_the_list_is_searched_and_comes_by_page(many: Engine) -> None:
    assert _names(many, words="TELEPON") == ["Ada Telepon"]
    assert _names(many, words="bumi") == ["Masih Lama", "Tanpa Kontak"]
    assert _names(many, words="33.72.01.1003 lama") == ["Masih Lama"]
    assert _names(many, words="lurah laweyan ada") == ["Ada Surat", "Ada Telepon"]
    assert _names(many, words="%") == _names(many, words="orang") == []
    assert _names(many, first=1, most=2) == ["Ada Telepon", "Masih Lama"]
    with reading(many) as db:
        assert list_officials(db, RINI, TODAY, first=1, most=2).found == 4


def test_contacts_are_stored_as_told(surakarta: Engine) -> None:
    number = _add(surakarta, official(phone="0812-3456-7890", email="a@desa.id"))
    with reading(surakarta) as db:
        stored = db.get_one(Official, number)
        assert (stored.phone, stored.email) == ("+6281234567890", "a@desa.id")
