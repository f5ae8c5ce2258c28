"""Branches, their regencies and their teams."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import Person, person_of
from outreach.people.branches import (
    BranchIn,
    create_branch,
    list_branches,
    own_branch,
    regencies_of,
    update_branch,
)
from outreach.people.tables import Branch, BranchRegency, Role, TeamLeave
from outreach.people.teams import (
    LeaveIn,
    TeamIn,
    add_leave,
    create_team,
    leave_of,
    list_teams,
    own_team,
    remove_leave,
    update_team,
)
from tests import builders

if TYPE_CHECKING:
    from sqlmodel import Session

SOLO, SUKOHARJO = "33.72", "33.11"


def told(**changed: Any) -> BranchIn:
    usual = {
        "name": "Surakarta",
        "regional_office": "Jateng",
        "base_village_code": "3372011001",
        "regency_codes": [SOLO],
    }
    return BranchIn.model_validate(usual | changed)


def sukoharjo(**changed: Any) -> BranchIn:
    usual = {
        "name": "Sukoharjo",
        "base_village_code": "33.11.01.2001",
        "regency_codes": [SUKOHARJO],
    }
    return told(**usual | changed)


def team_told(**changed: Any) -> TeamIn:
    usual = {
        "name": "Tim Satu",
        "base_village_code": "33.72.01.1001",
        "members": ["Wening\nBagas\n\n"],
        "weekdays": ["5", "1", "1"],
        "sessions_per_day": "2",
        "day_starts": "08:00",
        "day_ends": "16:30",
        "is_active": True,
    }
    return TeamIn.model_validate(usual | changed)


def person(role: Role, branch_id: int | None = None) -> Person:
    return Person(1, "x", role, (), branch_id)


def types(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, str]:
    return {str(found["loc"][0]): found["type"] for found in error.value.errors()}


def test_branch_is_kept_with_its_regencies(db: Session) -> None:
    made = create_branch(db, told(regency_codes=[SUKOHARJO, SOLO]))
    assert made.base_village_code == "33.72.01.1001"
    assert regencies_of(db, made.id) == [SUKOHARJO, SOLO]
    (line,) = list_branches(db)
    assert [code for code, _name in line.regencies] == [SUKOHARJO, SOLO]
    assert line.teams == 0


def test_regency_has_one_branch_at_the_most_and_the_refusal_names_it(db: Session) -> None:
    create_branch(db, told())
    other = create_branch(db, sukoharjo())
    with pytest.raises(Conflict) as refused:
        update_branch(
            db,
            other.id or 0,
            sukoharjo(regency_codes=[SOLO, SUKOHARJO]),
            version=1,
        )
    assert refused.value.facts["problem"] == "regency_has_branch"
    assert refused.value.facts["branch"] == "Surakarta"
    assert "Surakarta" in str(refused.value.facts["regency"])
    assert db.exec(select(BranchRegency.branch_id).where(BranchRegency.regency_code == SOLO)).one()


def test_regency_that_one_branch_gives_up_another_can_take(db: Session) -> None:
    first = create_branch(db, told(regency_codes=[SOLO, SUKOHARJO]))
    update_branch(db, first.id or 0, told(), version=1)
    second = create_branch(db, sukoharjo())
    assert regencies_of(db, first.id) == [SOLO]
    assert regencies_of(db, second.id) == [SUKOHARJO]


def test_stale_change_is_a_conflict_that_shows_both(db: Session) -> None:
    made = create_branch(db, told())
    update_branch(db, made.id or 0, told(regional_office="Jateng DIY"), version=1)
    with pytest.raises(Conflict) as refused:
        update_branch(db, made.id or 0, told(regional_office="Solo Raya"), version=1)
    assert refused.value.facts["yours"] == {"regional_office": "Solo Raya"}
    assert refused.value.facts["theirs"] == {"regional_office": "Jateng DIY"}


def test_name_is_taken_once(db: Session) -> None:
    create_branch(db, told())
    with pytest.raises(Invalid) as refused:
        create_branch(db, sukoharjo(name="Surakarta"))
    assert refused.value.facts["problems"] == {"name": ["taken"]}


def test_regions_must_exist(db: Session) -> None:
    with pytest.raises(Invalid) as refused:
        create_branch(db, told(base_village_code="33.72.01.1999", regency_codes=["99.99"]))
    assert refused.value.facts["problems"] == {
        "base_village_code": ["unknown_region"],
        "regency_codes": ["unknown_region"],
    }
    assert db.exec(select(Branch)).all() == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"base_village_code": "33.72"}, ("base_village_code", "not_a_village")),
        ({"base_village_code": "Solo"}, ("base_village_code", "not_a_region_code")),
        ({"regency_codes": ["33"]}, ("regency_codes", "not_a_regency")),
        ({"regency_codes": []}, ("regency_codes", "too_short")),
        ({"name": "NIK 3372015506900001"}, ("name", "identity_number")),
        ({"name": " "}, ("name", "string_too_short")),
    ],
)
def test_branch_is_refused_at_the_door(changed: dict[str, Any], problem: tuple[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        told(**changed)
    assert types(refused) == dict([problem])


def test_coordinators_area_follows_the_branch(db: Session) -> None:
    branch = builders.branch(db)
    account = builders.account(db, Role.COORDINATOR, branch_id=branch.id)
    before = person_of(db, account.id or 0)
    update_branch(db, branch.id or 0, told(regency_codes=[SOLO, SUKOHARJO]), version=1)
    after = person_of(db, account.id or 0)
    assert before
    assert after
    assert (before.areas, after.areas) == ((SOLO,), (SUKOHARJO, SOLO))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER, Role.OFFICIAL])
def test_foreign_and_missing_look_the_same(db: Session, role: Role) -> None:
    branch = builders.branch(db)
    team = builders.team(db, branch.id or 0)
    leave = add_leave(
        db,
        team.id or 0,
        LeaveIn(starts=date(2026, 12, 1), ends=date(2026, 12, 1)),
        by=person(Role.ADMIN),
    )
    db.flush()
    foreign = person(role, (branch.id or 0) + 1)
    for ask in (
        lambda: own_branch(db, branch.id or 0, foreign),
        lambda: own_branch(db, 999, person(Role.ADMIN)),
        lambda: create_team(db, branch.id or 0, team_told(name="Dua"), by=foreign),
        lambda: own_team(db, team.id or 0, foreign),
        lambda: update_team(db, team.id or 0, team_told(), version=1, by=foreign),
        lambda: add_leave(
            db, team.id or 0, LeaveIn(starts=date(2026, 1, 1), ends=date(2026, 1, 1)), by=foreign
        ),
        lambda: remove_leave(db, leave.id or 0, by=foreign),
        lambda: remove_leave(db, 999, by=person(Role.ADMIN)),
    ):
        with pytest.raises(NotFound):
            ask()
    assert own_team(db, team.id or 0, person(role, branch.id)) is team


def test_team_is_kept_as_told(db: Session) -> None:
    branch = builders.branch(db)
    by = person(Role.COORDINATOR, branch.id)
    made = create_team(db, branch.id or 0, team_told(), by=by)
    db.flush()
    assert made.members == ["Wening", "Bagas"]
    assert made.weekdays == [1, 5]
    changed = update_team(db, made.id or 0, team_told(is_active=False), version=1, by=by)
    assert (changed.is_active, changed.version) == (False, 2)
    with pytest.raises(Conflict):
        update_team(db, made.id or 0, team_told(name="Lain"), version=1, by=by)
    assert [team.name for team in list_teams(db, branch.id)] == ["Tim Satu"]
    assert list_branches(db)[0].teams == 0


def test_team_names_are_one_branchs_own(db: Session) -> None:
    first, second = builders.branch(db), builders.branch(db, "Lain", "33.11.01.2001", SUKOHARJO)
    builders.team(db, first.id or 0)
    builders.team(db, second.id or 0)
    with pytest.raises(Invalid) as refused:
        builders.team(db, first.id or 0)
    assert refused.value.facts["problems"] == {"name": ["taken"]}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"weekdays": []}, ("weekdays", "too_short")),
        ({"weekdays": [8]}, ("weekdays", "less_than_equal")),
        ({"weekdays": [0]}, ("weekdays", "greater_than_equal")),
        ({"sessions_per_day": 4}, ("sessions_per_day", "less_than_equal")),
        ({"day_ends": "08:00"}, ("day_ends", "ends_before_it_starts")),
        ({"day_ends": "16:00+07:00"}, ("day_ends", "not_local_time")),
        ({"members": [""]}, ("members", "too_short")),
        ({"members": ["3372011506900001"]}, ("members", "identity_number")),
    ],
)
def test_team_is_refused_at_the_door(changed: dict[str, Any], problem: tuple[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        team_told(**changed)
    assert types(refused) == dict([problem])


def test_leave_is_noted_listed_and_taken_back(db: Session) -> None:
    team = builders.team(db, builders.branch(db).id or 0)
    by = person(Role.ADMIN)
    for starts, ends in (
        (date(2026, 12, 7), date(2026, 12, 9)),
        (date(2026, 3, 2), date(2026, 3, 2)),
    ):
        add_leave(db, team.id or 0, LeaveIn(starts=starts, ends=ends, reason="Cuti"), by=by)
    db.flush()
    (listed,) = leave_of(db, team.id or 0, since=date(2026, 12, 9))
    assert listed.starts == date(2026, 12, 7)
    assert remove_leave(db, listed.id or 0, by=by) == team.id
    assert len(db.exec(select(TeamLeave)).all()) == 1
    with pytest.raises(ValidationError):
        LeaveIn(starts=date(2026, 12, 9), ends=date(2026, 12, 8))


def test_a_branch_and_its_teams_keep_to_one_time_zone(db: Session) -> None:
    # Kota Palangka Raya lives by WIB, Banjarmasin next door by WITA.
    builders.load_small_registry(db, ("62.71", "63.71"))
    wib, wita = "62.71.01.1001", "63.71.01.1001"
    for base, regencies in ((wib, ["62.71", "63.71"]), (wita, ["62.71"])):
        with pytest.raises(Invalid) as refused:
            create_branch(db, told(base_village_code=base, regency_codes=regencies))
        assert refused.value.facts["problems"] == {"regency_codes": ["several_zones"]}
    branch = create_branch(db, told(base_village_code=wib, regency_codes=["62.71"]))
    with pytest.raises(Invalid) as refused:
        create_team(db, branch.id or 0, team_told(base_village_code=wita), by=person(Role.ADMIN))
    assert refused.value.facts["problems"] == {"base_village_code": ["base_outside_branch"]}
    create_team(db, branch.id or 0, team_told(base_village_code=wib), by=person(Role.ADMIN))


def test_bases_lie_within_the_regencies_of_the_branch(db: Session) -> None:
    outside = {"base_village_code": ["base_outside_branch"]}
    with pytest.raises(Invalid) as refused:
        create_branch(db, told(base_village_code="33.11.01.2001"))
    assert refused.value.facts["problems"] == outside
    branch, by = create_branch(db, told(regency_codes=[SOLO, SUKOHARJO])), person(Role.ADMIN)
    away = team_told(base_village_code="33.11.01.2001")
    team = create_team(db, branch.id or 0, away, by=by)
    with pytest.raises(Invalid) as refused:
        update_branch(db, branch.id or 0, told(), version=1)
    assert refused.value.facts["problems"] == {"regency_codes": ["team_base_outside"]}
    update_team(db, team.id or 0, away.model_copy(update={"is_active": False}), version=1, by=by)
    update_branch(db, branch.id or 0, told(), version=1)
    with pytest.raises(Invalid) as refused:
        update_team(db, team.id or 0, away, version=2, by=by)
    assert refused.value.facts["problems"] == outside
