"""Whom an account reached, however it was changed since: moved, given a role, narrowed, closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.recording import record, record_rights
from outreach.history.tables import Deed
from outreach.people.accounts import AccountIn, account_of, set_active, update_account
from outreach.people.branches import BranchIn, update_branch
from outreach.people.tables import (
    Account,
    AccountArea,
    Branch,
    BranchRegency,
    Official,
    Role,
    Team,
)
from outreach.safekeeping.reach import (
    Affected,
    affected,
    reach_of_account,
    reach_of_all,
    reach_of_device,
)
from tests import builders
from tests.field import NOW
from tests.safekeeping.person import LOGIN, NAME, Somebody, settle

if TYPE_CHECKING:
    from sqlmodel import Session

    from tests.safekeeping.conftest import Installation

DAY = timedelta(days=1)
ELSEWHERE = "33.11.01.2001"
#: What a coordinator of Surakarta reaches in these tests, and one of Sukoharjo.
SOLO, FAR = {NAME, "Orang Sebelah", "Tim A"}, {"Orang Jauh", "Tim Jauh"}


@pytest.fixture
def somebody(installation: Installation) -> Somebody:
    """Another branch stands beside, with an official and a team of its own."""
    builders.load_small_registry(installation.engine, ("33.11",))
    found = settle(installation.engine, installation.field)
    with unit_of_work(installation.engine) as db:
        other = builders.branch(db, "Sukoharjo", ELSEWHERE, "33.11")
        db.add(Team(branch_id=other.id or 0, name="Tim Jauh", base_village_code=ELSEWHERE))
        db.add(Official(name="Orang Jauh", village_code=ELSEWHERE, position="Kades"))
    return found


def branch_id(db: Session, name: str) -> int:
    return db.exec(select(Branch).where(Branch.name == name)).one().id or 0


def changed(
    at: Installation, when: datetime, login: str = "koordinator", *, keeps: bool = True, **told: Any
) -> None:
    """Change an account as the page of it does; versions before kept nothing of it."""
    with unit_of_work(at.engine) as db:
        account = db.exec(select(Account).where(Account.login == login)).one()
        number = account.id or 0
        given = AccountIn.model_validate({"login": login, "name": account.name} | told)
        if keeps:
            record_rights(db, number, at=when, page="")
        version = account.version
        update_account(db, number, given, version=version, by_account_id=None, now=when)
    with unit_of_work(at.engine) as db:
        record(db, Deed.ACCOUNT_CHANGED, at=when, about=number)


def moved(at: Installation, when: datetime, *, keeps: bool = True) -> None:
    with reading(at.engine) as db:
        told: dict[str, Any] = {"role": Role.COORDINATOR, "branch_id": branch_id(db, "Sukoharjo")}
    changed(at, when, keeps=keeps, **told)


def found(
    at: Installation, since: timedelta, until: timedelta, login: str = "koordinator"
) -> list[Affected]:
    with reading(at.engine) as db:
        return affected(db, reach_of_account(db, login, NOW + since, NOW + until))


def names(some: list[Affected], *, certain: bool = True) -> set[str]:
    return {one.name for one in some if one.certain is certain and one.kind != "account"}


def test_whoever_was_moved_reached_both_branches_each_in_its_time(
    installation: Installation, somebody: Somebody
) -> None:
    moved(installation, NOW + 5 * DAY)
    for since, until, whom in ((0, 4, SOLO), (0, 6, SOLO | FAR), (6, 9, FAR)):
        told = found(installation, since * DAY, until * DAY)
        assert names(told) == whom, (since, until)
        assert all(one.certain for one in told)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_another_role_hides_nobody_who_was_within_reach(
    installation: Installation, somebody: Somebody, role: Role
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.NUMBERS_TAKEN, at=NOW, by=by, villages=[somebody.village])
    changed(installation, NOW + DAY, role=role, whole_nation=role is Role.MANAGER)
    told = found(installation, -DAY, 2 * DAY)
    assert names(told) == SOLO | ({"Tim Jauh"} if role is Role.ADMIN else set())
    assert [one.shown for one in told if one.kind == "official"] == [True, True]
    assert {"phone", "email"} <= set(next(one for one in told if one.kind == "official").data)
    assert any("login" in one.data for one in told) is (role is Role.ADMIN)
    after = found(installation, 2 * DAY, 3 * DAY)
    assert names(after) == ({"Tim A", "Tim Jauh"} if role is Role.ADMIN else SOLO - {"Tim A"})
    assert all(("phone" in one.data) is (one.kind == "team") for one in after)


def test_an_area_that_was_narrowed_is_told_as_it_was(
    installation: Installation, somebody: Somebody
) -> None:
    others = installation.field.codes[1]
    for login in ("perangkat", LOGIN):
        changed(installation, NOW + DAY, login, role=Role.OFFICIAL, area_codes=[others])
    assert names(found(installation, -DAY, DAY, "perangkat")) >= {NAME, "Orang Sebelah"}
    assert names(found(installation, 2 * DAY, 3 * DAY, "perangkat")) == {"Tim A"}
    with reading(installation.engine) as db:
        phone = reach_of_device(db, somebody.device_id, NOW - DAY, NOW + 3 * DAY)
        assert names(affected(db, phone)) >= {NAME, "Orang Sebelah"}


def test_a_regency_that_another_branch_took_over_is_told_as_it_was(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        far = db.get_one(Branch, branch_id(db, "Sukoharjo"))
        far_id, version = far.id or 0, far.version
        for team in db.exec(select(Team).where(Team.branch_id == far_id)):
            team.is_active = False
        given = BranchIn(
            name=far.name,
            regional_office=far.regional_office,
            base_village_code=installation.field.codes[0],
            regency_codes=["33.72"],
        )
        solo = branch_id(db, "Surakarta")
        db.execute(delete(BranchRegency).where(col(BranchRegency.branch_id) == solo))
        record(db, Deed.BRANCH_CHANGED, at=NOW + DAY, about=solo, regions=["33.72"])
        update_branch(db, far_id, given, version=version)
        record(db, Deed.BRANCH_CHANGED, at=NOW + DAY, about=far_id, regions=["33.11"])
    assert names(found(installation, -DAY, 2 * DAY)) == SOLO
    assert names(found(installation, 2 * DAY, 3 * DAY)) == {"Tim A"}


def test_a_closed_account_reached_as_far_as_before(
    installation: Installation, somebody: Somebody
) -> None:
    number = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record_rights(db, number, at=NOW + DAY, page="")
        set_active(db, number, active=False, by_account_id=None, now=NOW + DAY)
        assert not account_of(db, number).is_active
    assert names(found(installation, -DAY, 2 * DAY)) == SOLO


def test_what_older_versions_did_not_keep_is_listed_as_not_certain(
    installation: Installation, somebody: Somebody
) -> None:
    moved(installation, NOW + 5 * DAY, keeps=False)
    told = found(installation, -DAY, 9 * DAY)
    assert names(told) >= FAR
    assert names(told, certain=False) == (SOLO | FAR) - names(told)
    assert all(one.certain for one in found(installation, 6 * DAY, 9 * DAY))
    with reading(installation.engine) as db:
        assert not reach_of_account(db, "koordinator", NOW, NOW + 9 * DAY).is_certain


def test_own_lines_tell_the_branch_where_a_change_kept_nothing(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.LOGIN, at=NOW - 9 * DAY, by=by)
    moved(installation, NOW + 5 * DAY, keeps=False)
    told = found(installation, -DAY, 9 * DAY)
    assert (names(told), names(told, certain=False)) == (SOLO | FAR, set())


def test_an_official_who_was_moved_reached_the_village_before(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        told: dict[str, Any] = {"at": NOW + DAY, "about": somebody.official_id}
        record(db, Deed.OFFICIAL_CHANGED, regions=[somebody.village], **told)
        db.delete(db.get_one(AccountArea, (somebody.account_id, somebody.village)))
        db.add(AccountArea(account_id=somebody.account_id, code=ELSEWHERE))
        db.get_one(Official, somebody.official_id).village_code = ELSEWHERE
    assert names(found(at, -DAY, 2 * DAY, LOGIN)) >= {"Orang Sebelah", "Orang Jauh"}
    assert "Orang Sebelah" not in names(found(at, 2 * DAY, 3 * DAY, LOGIN))


def test_whose_numbers_were_shown_is_listed_wherever_it_was(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        seen: dict[str, Any] = {"by": by, "at": NOW}
        record(db, Deed.NUMBERS_SEEN, villages=[ELSEWHERE], **seen)
        record(db, Deed.TEAM_NUMBERS_SEEN, villages=["33.11"], **seen)
    told = found(installation, -DAY, DAY)
    assert {one.name for one in told if one.shown} == FAR
    assert names(told) == SOLO | FAR


def test_everybody_is_everybody_whatever_was_changed(
    installation: Installation, somebody: Somebody
) -> None:
    with reading(installation.engine) as db:
        before = affected(db, reach_of_all(NOW, NOW + DAY))
    moved(installation, NOW)
    with reading(installation.engine) as db:
        reach = reach_of_all(NOW, NOW + DAY)
        after = affected(db, reach)
    assert [one.id for one in after] == [one.id for one in before]
    assert reach.is_whole
    assert reach.is_certain
