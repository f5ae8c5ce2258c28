"""Who is to be told of a breach: all within reach of an account or a phone, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.people.tables import Device, Official, Team
from outreach.safekeeping.erasing import erase
from outreach.safekeeping.reach import (
    Affected,
    affected,
    reach_of_account,
    reach_of_all,
    reach_of_device,
)
from outreach.safekeeping.subject import Subject
from tests import builders
from tests.field import NOW
from tests.safekeeping.person import LOGIN, NAME, PHONE, Somebody, settle

if TYPE_CHECKING:
    from tests.safekeeping.conftest import Installation

DAY = timedelta(days=1)
ELSEWHERE = "33.11.01.2001"


@pytest.fixture
def somebody(installation: Installation) -> Somebody:
    """Another branch's official stands outside, and a team of its own."""
    builders.load_small_registry(installation.engine, ("33.11",))
    found = settle(installation.engine, installation.field)
    with unit_of_work(installation.engine) as db:
        other = builders.branch(db, "Sukoharjo", ELSEWHERE, "33.11")
        db.add(Team(branch_id=other.id or 0, name="Tim Jauh", base_village_code=ELSEWHERE))
        db.add(Official(name="Orang Jauh", village_code=ELSEWHERE, position="Kades"))
    return found


def of_account(
    at: Installation, login: str, since: timedelta = -DAY, until: timedelta = DAY
) -> list[Affected]:
    with reading(at.engine) as db:
        return affected(db, reach_of_account(db, login, NOW + since, NOW + until))


def names(found: list[Affected]) -> set[str]:
    return {one.name for one in found}


def test_a_coordinator_reaches_the_branch_and_a_manager_no_number(
    installation: Installation, somebody: Somebody
) -> None:
    found = of_account(installation, "koordinator")
    assert names(found) == {NAME, "Orang Sebelah", "Tim A", "Koordinator"}
    mine = next(one for one in found if one.name == NAME)
    assert (mine.branch, mine.village_code, mine.phone) == ("Surakarta", somebody.village, PHONE)
    assert {"phone", "email"} <= set(mine.data)
    # The season's reports came through the coordinator.
    assert mine.touched
    assert not next(
        one for one in of_account(installation, "koordinator", DAY, DAY) if one.name == NAME
    ).touched
    read = of_account(installation, "manajer")
    assert {one.name: set(one.data) for one in read} == {
        NAME: {"name", "position", "place", "remarks"},
        "Orang Sebelah": {"name", "position", "place", "remarks"},
        "Koordinator": {"name"},
    }


def test_whose_number_was_truly_shown_is_told_by_the_history(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation

    def shown() -> list[bool]:
        found = of_account(at, "koordinator")
        return [one.shown for one in found if one.name in (NAME, "Orang Sebelah", "Tim A")]

    assert shown() == [False, False, False]
    others, early = at.field.manager.account_id, NOW - 2 * DAY
    with unit_of_work(at.engine) as db:
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=others, villages=[somebody.village])
        told: dict[str, Any] = {
            "by": at.field.coordinator.account_id,
            "villages": [somebody.village],
        }
        record(db, Deed.NUMBERS_SEEN, at=early, **told)
        record(db, Deed.NUMBERS_TAKEN, at=NOW, **{**told, "villages": [at.field.codes[1]]})
    assert shown() == [False, False, False]
    with unit_of_work(at.engine) as db:
        record(db, Deed.NUMBERS_TAKEN, at=NOW, **told)
    assert shown() == [True, True, False]


def test_an_official_reaches_the_own_village_without_numbers(
    installation: Installation, somebody: Somebody
) -> None:
    found = of_account(installation, LOGIN)
    assert names(found) == {NAME, "Orang Sebelah", "Tim A", "Koordinator"}
    assert all("phone" not in one.data for one in found if one.kind == "official")
    assert of_account(installation, "orang-lain") == [
        one for one in found if one.kind != "official"
    ]


def test_a_phone_reaches_while_it_speaks(installation: Installation, somebody: Somebody) -> None:
    with unit_of_work(installation.engine) as db:
        db.get_one(Device, somebody.device_id).revoked_at = NOW + DAY
    for since, until, reaches in ((-2, -1, False), (-2, 3, True), (2, 3, False)):
        with reading(installation.engine) as db:
            reach = reach_of_device(db, somebody.device_id, NOW + since * DAY, NOW + until * DAY)
            assert bool(affected(db, reach)) is reaches
    with reading(installation.engine) as db, pytest.raises(NotFound):
        reach_of_device(db, 999, NOW, NOW)


def test_an_account_reaches_nobody_before_it_was_made(
    installation: Installation, somebody: Somebody
) -> None:
    assert of_account(installation, "koordinator", -9 * DAY, -8 * DAY) == []
    with pytest.raises(NotFound):
        of_account(installation, "nobody")


def test_who_has_the_database_has_everybody_but_the_erased(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        found = affected(db, reach_of_all(NOW, NOW))
        assert {NAME, "Orang Sebelah", "Orang Jauh", "Tim A", "Tim Jauh"} <= names(found)
        assert {one.kind for one in found} == {"official", "team", "account"}
        assert {one.branch for one in found if one.kind == "official"} == {"Surakarta", "Sukoharjo"}
        erase(db, Subject(somebody.official_id, somebody.account_id), NOW)
        left = names(affected(db, reach_of_all(NOW, NOW)))
    assert names(found) - left == {NAME}
    assert names(of_account(installation, "koordinator")) == {
        "Orang Sebelah",
        "Tim A",
        "Koordinator",
    }
