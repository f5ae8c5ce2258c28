"""No telephone number of a team goes out without a line in the history; nor in answers to forms."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.tables import OF_NUMBERS, OF_TEAM_NUMBERS, Deed
from outreach.people.tables import Account, AccountArea, Branch, BranchRegency, Role, Team
from outreach.safekeeping.reach import affected, reach_of_account
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, Work
from tests.web.test_history import (
    OFFICIALS,
    TEAMS,
    engine,
    lines,
    newest,
    numbered,
    numbers_in,
    walked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["engine", "numbered"]

#: Where teams' numbers stand, as far as the world of these tests has something to show there.
WITH_NUMBERS = {
    Role.COORDINATOR: {
        "/teams/<int:team_id>",
        "/data/<kind>/current.xlsx",
        "/data/<kind>/current.csv",
        "/visits/<int:visit_id>",
        "/stages/<int:stage_id>/ask",
        "/messages",
        "/desk/<which>",
    },
    Role.ADMIN: {"/teams/<int:team_id>"},
    Role.OFFICIAL: {"/api/v1/phone"},
    Role.MANAGER: set(),
}


@pytest.fixture
def teams(engine: Engine, numbered: dict[int, str]) -> dict[int, str]:
    """All teams get a number of their own beside the officials: base by team."""
    with unit_of_work(engine) as db:
        found = db.exec(select(Team)).all()
        for one in found:
            one.phone = f"+62{TEAMS}{one.id:05}"
        return {one.id or 0: one.base_village_code for one in found}


def come_soon(engine: Engine) -> None:
    """Let the visits be near: those of another year no phone is shown."""
    with unit_of_work(engine) as db:
        for visit in db.exec(select(Visit)):
            days = 3 + (visit.id or 0)
            visit.work, visit.day = Work.CONFIRMED, datetime.now(UTC).date() + timedelta(days)


@pytest.mark.parametrize("role", list(Role))
def test_whoever_gets_a_number_of_a_team_stands_in_the_history(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    teams: dict[int, str],
    role: Role,
) -> None:
    if role is Role.OFFICIAL:
        come_soon(engine)
    seen, before = set(), newest(engine)
    for rule, some in walked(login_as(role), role, app, world, TEAMS):
        told = lines(engine, *OF_TEAM_NUMBERS, since=before)
        assert told, f"numbers of teams stand at {rule}, and nobody told the history"
        assert {(one.role, one.page) for one in told} == {(role.value, rule)}
        assert {teams[one] for one in some} <= {code for o in told for code in o.regions.split()}
        assert sum(one.numbers for one in told) >= len(some), rule
        seen.add(rule)
        before = newest(engine)
    assert seen == WITH_NUMBERS[role]


@pytest.mark.parametrize("role", list(Role))
def test_no_answer_to_a_form_holds_a_number_that_the_history_does_not(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    teams: dict[int, str],
    role: Role,
) -> None:
    client = login_as(role)
    for begin, deeds in ((OFFICIALS, OF_NUMBERS), (TEAMS, OF_TEAM_NUMBERS)):
        before = newest(engine)
        for rule, _some in walked(client, role, app, world, begin, "POST"):
            assert lines(engine, *deeds, since=before), rule
            before = newest(engine)


def test_a_form_that_is_refused_shows_the_number_and_tells(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    teams: dict[int, str],
) -> None:
    number = world.own["team_id"]
    kept = {"phone": f"+62{TEAMS}{number:05}", "version": 1}
    refused = login_as(Role.COORDINATOR).send(f"/teams/{number}", {**kept, "name": ""})
    assert (refused.status_code, numbers_in(refused, TEAMS)) == (422, {number})
    (line,) = lines(engine, *OF_TEAM_NUMBERS)
    assert (line.deed, line.about, line.numbers) == ("team_numbers_seen", number, 1)


def test_a_sheet_of_teams_tells_even_of_a_number_that_would_go(
    engine: Engine, login_as: Callable[[Role], Visitor], world: World, teams: dict[int, str]
) -> None:
    client = login_as(Role.COORDINATOR)
    text = client.get("/data/teams/current.csv").get_data().decode("utf-8-sig")
    assert TEAMS in text
    without = "\n".join(
        ";".join(cell if f"62{TEAMS}" not in cell.replace(" ", "") else "" for cell in row)
        for row in (line.split(";") for line in text.splitlines())
    )
    before = newest(engine)
    sent = {"file": (io.BytesIO(without.encode()), "tim.csv")}
    page = client.send("/data/teams", sent, follow_redirects=True)
    assert numbers_in(page, TEAMS), page.get_data(as_text=True)
    assert lines(engine, Deed.TEAM_NUMBERS_SEEN, since=before)


def test_a_phone_that_asks_all_day_is_told_once(
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    teams: dict[int, str],
) -> None:
    come_soon(engine)
    client = login_as(Role.OFFICIAL)
    for _ in range(3):
        assert numbers_in(client.get("/api/v1/phone"), TEAMS)
    told = lines(engine, *OF_TEAM_NUMBERS)
    assert len({one.about for one in told}) == len(told) >= 1
    assert {one.account_id for one in told} == {world.accounts[Role.OFFICIAL][0]}


def test_who_saw_a_number_of_a_team_is_found_by_the_administrator(
    english: Callable[[Role], Visitor], world: World, teams: dict[int, str]
) -> None:
    english(Role.COORDINATOR).get(f"/teams/{world.own['team_id']}")
    told = english(Role.ADMIN).get("/admin/history", query_string={"deed": "numbers"})
    assert "Telephone numbers of teams seen" in told.get_data(as_text=True).partition("<tbody>")[2]


def test_a_breach_is_told_by_what_the_pages_kept_of_rights(
    engine: Engine, english: Callable[[Role], Visitor], world: World, teams: dict[int, str]
) -> None:
    """The account is made a manager, and its branch gives a regency away, both on their pages."""
    number = world.accounts[Role.COORDINATOR][0]
    with reading(engine) as db:
        account = db.get_one(Account, number)
        login, since = account.login, account.created_at
        branch_id, version = account.branch_id, account.version
        served = select(BranchRegency.regency_code).where(BranchRegency.branch_id == branch_id)
        had = sorted(db.exec(served))
        base = db.get_one(Branch, branch_id).base_village_code
    admin = english(Role.ADMIN)
    form: dict[str, Any] = {"name": "Si lain", "login": login, "is_active": "on"}
    form |= {"role": "manager", "whole_nation": "on", "version": version}
    assert admin.send(f"/admin/accounts/{number}", form).status_code == 303
    (line,) = lines(engine, Deed.RIGHTS_HELD)
    assert (line.account_id, line.about, line.role) == (number, number, "coordinator")
    assert (line.branch_id, line.numbers) == (branch_id, 0)
    with reading(engine) as db:
        assert db.exec(select(AccountArea).where(col(AccountArea.account_id) == number)).all()
        found = affected(db, reach_of_account(db, login, since, line.at))
    assert {one.kind for one in found} == {"official", "team", "account"}
    assert all(one.certain for one in found)
    with reading(engine) as db:
        branch = db.get_one(Branch, branch_id)
    told: dict[str, Any] = {"name": "Solo", "base_village_code": base, "regency_codes": had}
    told |= {"regional_office": branch.regional_office, "version": branch.version}
    assert admin.send(f"/admin/branches/{branch_id}", told).status_code == 303
    assert lines(engine, Deed.BRANCH_CHANGED)[0].regions.split() == had


def elsewhere(engine: Engine, team_id: int) -> tuple[str, str]:
    """Name where a team starts, and another village of its branch."""
    with reading(engine) as db:
        base = db.get_one(Team, team_id).base_village_code
        near = col(Village.code).startswith(base[: Level.REGENCY])
        other = db.exec(select(Village.code).where(near, Village.code != base)).first()
    assert other
    return base, other


def test_where_a_team_started_is_kept_when_it_moves(
    engine: Engine, login_as: Callable[[Role], Visitor], world: World
) -> None:
    number = world.own["team_id"]
    base, other = elsewhere(engine, number)
    form = {"name": "Tim Pindah", "base_village_code": other, "members": "Wening"}
    form |= {"weekdays": "1", "sessions_per_day": "3", "day_starts": "08:00", "day_ends": "17:00"}
    sent = login_as(Role.COORDINATOR).send(f"/teams/{number}", {**form, "version": 1})
    assert sent.status_code == 303
    (line,) = lines(engine, Deed.TEAM_CHANGED)
    assert (line.about, line.regions, line.numbers) == (number, f" {base} ", 0)


def test_a_sheet_that_moves_a_team_keeps_where_it_started(
    engine: Engine, login_as: Callable[[Role], Visitor], world: World
) -> None:
    number, client = world.own["team_id"], login_as(Role.COORDINATOR)
    base, other = elsewhere(engine, number)
    with reading(engine) as db:
        name = db.get_one(Team, number).name
    text = client.get("/data/teams/current.csv").get_data().decode("utf-8-sig")
    moved = "\r\n".join(
        line.replace(base, other) if line.startswith(name) else line for line in text.splitlines()
    )
    assert moved != text
    file = {"file": (io.BytesIO(moved.encode()), "tim.csv")}
    path = client.send("/data/teams", file).location
    for version, act, told in ((1, "apply", [base]), (2, "undo", [base, other])):
        done = client.send(f"{path}/{act}", {"version": version, "despite": "on"})
        assert done.status_code == 303, done.get_data(as_text=True)
        kept = lines(engine, Deed.TEAM_CHANGED)
        assert [one.regions.split() for one in kept] == [[code] for code in told]
        assert {one.about for one in kept} == {number}
