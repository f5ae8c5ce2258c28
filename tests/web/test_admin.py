"""The administrator's and the coordinator's pages about branches, teams and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading
from outreach.people.tables import Account, Branch, Role, Team, TeamLeave
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlmodel import SQLModel

    from tests.web.conftest import Visitor
    from tests.web.world import World

TEAM = {
    "name": "Tim Merapi",
    "base_village_code": "33.72.01.1002",
    "members": "Wening\r\nBagas",
    "weekdays": ["1", "3", "6"],
    "sessions_per_day": "2",
    "day_starts": "08:00",
    "day_ends": "16:00",
    "is_active": "on",
}


@pytest.fixture
def stored(app: Flask) -> Callable[[type[Any], int], Any]:
    def read(kind: type[SQLModel], row_id: int) -> Any:
        with reading(app.extensions["outreach"].engine) as db:
            return db.get_one(kind, row_id)

    return read


def test_branch_is_added_changed_and_shown(
    login_as: Callable[[Role], Visitor], world: World, stored: Callable[[type[Any], int], Any]
) -> None:
    admin = login_as(Role.ADMIN)
    told = {
        "name": "Surakarta Baru",
        "regional_office": "Jateng",
        "base_village_code": "3372011001",
        "regency_codes": ["33.72"],
        "version": "1",
    }
    path = f"/admin/branches/{world.own['branch_id']}"
    assert admin.send(path, told).status_code == 303
    assert "Surakarta Baru" in admin.get("/admin/branches").text
    shown = admin.get(path).text
    assert 'name="version" value="2"' in shown
    assert 'value="33.72" id="regency-33.72" checked' in shown
    assert 'value="33.11" id="regency-33.11" disabled' in shown
    assert stored(Branch, world.own["branch_id"]).version == 2


def test_regency_of_another_branch_is_refused_by_name(
    login_as: Callable[[Role], Visitor], world: World
) -> None:
    told = {
        "name": "Baru",
        "regional_office": "Jateng",
        "base_village_code": "33.11.01.2001",
        "regency_codes": ["33.11"],
    }
    answer = login_as(Role.ADMIN).send("/admin/branches/new", told)
    assert answer.status_code == 409
    assert "Sukoharjo" in answer.text
    assert 'value="Baru"' in answer.text


def test_all_problems_of_a_form_stand_at_their_fields(login_as: Callable[[Role], Visitor]) -> None:
    told = {"name": "<b>Cabang</b>", "base_village_code": "Solo"}
    answer = login_as(Role.ADMIN).send("/admin/branches/new", told)
    assert answer.status_code == 422
    for field in ("regional_office", "base_village_code", "regency_codes"):
        assert f'id="{field}-problem"' in answer.text
    assert 'id="name-problem"' not in answer.text
    assert "&lt;b&gt;Cabang&lt;/b&gt;" in answer.text
    assert "<b>Cabang" not in answer.text


def test_stale_form_shows_what_others_stored_and_can_be_sent_again(
    login_as: Callable[[Role], Visitor], world: World, stored: Callable[[type[Any], int], Any]
) -> None:
    coordinator = login_as(Role.COORDINATOR)
    path = f"/teams/{world.own['team_id']}"
    assert coordinator.send(path, TEAM | {"version": "1"}).status_code == 303
    stale = coordinator.send(path, TEAM | {"version": "1", "name": "Tim Lawu"})
    assert stale.status_code == 409
    assert "Tim Merapi" in stale.text
    assert 'value="Tim Lawu"' in stale.text
    assert 'name="version" value="2"' in stale.text
    assert coordinator.send(path, TEAM | {"version": "2", "name": "Tim Lawu"}).status_code == 303
    kept = stored(Team, world.own["team_id"])
    assert (kept.name, kept.members, kept.weekdays) == ("Tim Lawu", ["Wening", "Bagas"], [1, 3, 6])


def test_a_form_that_is_only_wrong_keeps_the_version_it_was_made_from(
    login_as: Callable[[Role], Visitor], world: World
) -> None:
    admin = login_as(Role.ADMIN)
    team, branch = f"/teams/{world.own['team_id']}", f"/admin/branches/{world.own['branch_id']}"
    assert admin.send(team, TEAM | {"version": "1"}).status_code == 303
    told = {
        "name": "Surakarta Baru",
        "regional_office": "Jateng",
        "base_village_code": "33.72.01.1001",
        "regency_codes": ["33.72"],
        "version": "1",
    }
    assert admin.send(branch, told).status_code == 303
    for path, given in ((team, TEAM), (branch, told)):
        wrong = admin.send(path, given | {"version": "1", "name": ""})
        assert wrong.status_code == 422
        assert 'name="version" value="1"' in wrong.text


def test_coordinator_lists_and_adds_teams_of_the_own_branch_only(
    login_as: Callable[[Role], Visitor], world: World
) -> None:
    coordinator = login_as(Role.COORDINATOR)
    listed = coordinator.get("/teams").text
    assert "Surakarta" in listed
    assert "Sukoharjo" not in listed
    own = f"/branches/{world.own['branch_id']}/teams/new"
    assert 'value="33.72.01.1001"' in coordinator.get(own).text
    assert coordinator.send(own, TEAM).status_code == 303
    assert "Tim Merapi" in coordinator.get("/teams").text
    assert coordinator.send(own, TEAM).status_code == 422
    assert "Sukoharjo" in login_as(Role.ADMIN).get("/teams").text


def test_leave_is_noted_and_taken_back(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    coordinator = login_as(Role.COORDINATOR)
    team = world.own["team_id"]
    wrong = coordinator.send(f"/teams/{team}/leave", {"starts": "2099-01-05", "ends": "2099-01-04"})
    assert wrong.status_code == 422
    assert 'id="ends-problem"' in wrong.text
    told = {"starts": "2099-01-05", "ends": "2099-01-06", "reason": "Cuti"}
    assert coordinator.send(f"/teams/{team}/leave", told).status_code == 303
    assert "2099" in coordinator.get(f"/teams/{team}").text
    with reading(app.extensions["outreach"].engine) as db:
        noted = db.exec(select(TeamLeave.id).where(TeamLeave.reason == "Cuti")).one()
    assert coordinator.send(f"/leave/{noted}/remove").status_code == 303
    assert "2099" not in coordinator.get(f"/teams/{team}").text


def test_account_is_added_changed_closed(
    app: Flask, login_as: Callable[[Role], Visitor], client: Visitor
) -> None:
    admin = login_as(Role.ADMIN)
    told = {
        "login": "Bu.Manajer",
        "name": "Bu Manajer",
        "role": "manager",
        "area_codes": "33.72 33.11",
        "password": "kuda-lumping-menari-42",
    }
    weak = admin.send("/admin/accounts/new", told | {"password": "bpjs"})
    assert weak.status_code == 422
    assert 'id="password-problem"' in weak.text
    assert 'value="bpjs"' not in weak.text
    assert admin.send("/admin/accounts/new", told).status_code == 303
    with reading(app.extensions["outreach"].engine) as db:
        made = db.exec(select(Account.id).where(Account.login == "bu.manajer")).one()
    assert "33.11\n33.72" in admin.get(f"/admin/accounts/{made}").text
    login = {"login": "bu.manajer", "password": told["password"]}
    assert client.send("/login", login).status_code == 303
    closed = {**told, "password": "", "version": "1"}
    assert admin.send(f"/admin/accounts/{made}", closed).status_code == 303
    assert client.get("/").location == "/login"


def test_admin_does_not_close_the_account_in_use(
    login_as: Callable[[Role], Visitor], world: World
) -> None:
    admin = login_as(Role.ADMIN)
    own = world.accounts[Role.ADMIN][0]
    told = {"login": "admin", "name": "Admin", "role": "admin", "version": "1"}
    assert admin.send(f"/admin/accounts/{own}", told).status_code == 409
    assert admin.send(f"/admin/accounts/{own}", told | {"is_active": "on"}).status_code == 303
    assert admin.get("/admin/accounts").status_code == 200


def test_the_list_of_accounts_is_narrowed_by_what_was_asked(
    english: Callable[[Role], Visitor],
) -> None:
    admin = english(Role.ADMIN)
    everybody = admin.get("/admin/accounts?role=&q=")
    managers = admin.get("/admin/accounts?role=manager")
    assert (everybody.status_code, managers.status_code) == (200, 200)
    assert managers.text.count("<tr>") < everybody.text.count("<tr>")
    assert "No account fits." in admin.get("/admin/accounts?q=nobody-is-called-so").text
    for wrong in ("role=nobody", "page=0", "page=x"):
        assert admin.get(f"/admin/accounts?{wrong}").text.count("<tr>") == everybody.text.count(
            "<tr>"
        )


def test_an_account_that_was_changed_meanwhile_shows_all_that_differs(
    english: Callable[[Role], Visitor], world: World
) -> None:
    admin, account = english(Role.ADMIN), world.accounts[Role.MANAGER][0]
    path = f"/admin/accounts/{account}"
    assert 'name="version" value="1"' in admin.get(path).text
    told = {"login": "manager", "name": "Bu Manajer", "role": "manager", "version": "1"}
    first = told | {"area_codes": "33.72, 33.11"}
    assert admin.send(path, first).status_code == 303  # no tick, so it is closed as well
    stale = admin.send(path, told | {"whole_nation": "on", "is_active": "on"})
    assert stale.status_code == 409
    words = words_of(stale)
    for stored in ("33.11, 33.72", "no"):
        assert f"Stored meanwhile: {stored}" in words
    assert 'name="version" value="2"' in stale.text
    again = told | {"whole_nation": "on", "is_active": "on", "version": "2"}
    assert admin.send(path, again).status_code == 303


def test_a_team_stands_under_its_name_below_the_teams(
    english: Callable[[Role], Visitor], world: World
) -> None:
    for role in (Role.COORDINATOR, Role.ADMIN):
        page = english(role).get(f"/teams/{world.own['team_id']}").text
        assert "<h1>Tim Satu</h1>" in page
        assert '<a href="/teams">Teams</a></li>' in page
        link = page.split("Find the code")[0].rsplit('href="', 1)[1].split('"')[0]
        assert english(role).get(link).status_code == 200


def test_an_admin_finds_the_code_of_a_village_and_nothing_else(
    english: Callable[[Role], Visitor],
) -> None:
    admin = english(Role.ADMIN)
    assert "/admin/villages" in admin.get("/admin/branches/new").text
    assert "33.72.01.1001" in words_of(admin.get("/admin/villages?q=3372011001"))
    assert "no region of this name" in words_of(admin.get("/admin/villages?q=zzzzqqqq"))
    assert english(Role.OFFICIAL).get("/admin/villages?q=3372011001").status_code == 403
