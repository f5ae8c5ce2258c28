"""The pages of the outlook: what they tell, targets set on them, what-ifs asked and answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.db import unit_of_work
from outreach.people.tables import AccountArea, BranchRegency, Role, Team
from outreach.progress.supposing import answer_of, read_supposition
from outreach.progress.tables import Target, WhatIf
from outreach.progress.what_if import claim, save
from outreach.villages.roads import RoadTrouble
from outreach.visits.measured_ways import ToldWays, as_json
from tests.visits.world import NOW
from tests.web.planned import Planned, engine_of, hang_clock

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

LEASE = timedelta(seconds=30)
NEXT_YEAR = datetime(2027, 3, 1, 3, tzinfo=UTC)


@pytest.fixture
def manager(app: Flask, english: LogIn) -> Visitor:
    hang_clock(app)
    return english(Role.MANAGER)


@pytest.fixture
def national(app: Flask, world: World, manager: Visitor) -> Visitor:
    """The manager, whose area is the whole nation now."""
    account_id = world.accounts[Role.MANAGER][0]
    with unit_of_work(engine_of(app)) as db:
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
        db.add(AccountArea(account_id=account_id, code=""))
    return manager


@pytest.fixture
def engine(app: Flask) -> Engine:
    return engine_of(app)


def asked_path(world: World) -> str:
    return f"/outlook/what-if/{world.own['stage_id']}/{world.own['what_if_id']}"


def _answer(planned: Planned, world: World) -> dict[str, Any]:
    """Answer the question as a worker does."""
    with unit_of_work(planned.engine) as db:
        held = claim(db, world.own["what_if_id"], NOW, LEASE)
        assert held is not None
        answer = answer_of(read_supposition(db, held, NOW), lambda _done: None, rounds=20)
        assert save(db, held, answer, NOW)
    return answer


def _keep(planned: Planned, world: World, answer: dict[str, Any]) -> None:
    with unit_of_work(planned.engine) as db:
        db.get_one(WhatIf, world.own["what_if_id"]).answer = answer


def _text(page: str) -> str:
    return " ".join(page.split())


def test_the_page_tells_the_path_with_its_sources_and_says_when_data_are_thin(
    manager: Visitor,
) -> None:
    page = _text(manager.get("/outlook").text)
    assert "35.3 million active participants, February 2023" in page
    assert "24,800,000 are missing, 1,179,453 in every month" in page
    assert "(worked out: an estimate)" in page
    assert "Too few data for a range: 0 of 4 weeks with team-days" in page
    # The branch's target was set by hand.
    assert "Rapat kerja" in page
    assert "5,000" in page


def test_another_branch_is_not_on_the_page(manager: Visitor, world: World) -> None:
    page = manager.get("/outlook").text
    assert "Surakarta" in page
    assert "Sukoharjo" not in page
    for query in (f"branch={world.foreign['branch_id']}", "branch=x", "branch=99999", "area=33.11"):
        assert manager.get(f"/outlook?{query}").status_code == 404
    own = manager.get(f"/outlook?branch={world.own['branch_id']}")
    assert own.status_code == 200


def test_a_branch_is_not_held_to_its_whole_target_for_a_part_of_it(
    manager: Visitor, world: World, engine: Engine
) -> None:
    page = _text(manager.get("/outlook").text)
    assert "by hand" in page.split("Sign-ups against the target of each branch")[1]
    assert "only a part of them lies here" not in page
    with unit_of_work(engine) as db:
        db.get_one(BranchRegency, "33.11").branch_id = world.own["branch_id"]
    page = _text(manager.get("/outlook").text)
    assert "Sign-ups against the target of each branch" not in page
    told = page.split("only a part of them lies here:")[1].split("</p>")[0]
    assert f'<a href="/outlook?branch={world.own["branch_id"]}">' in told


def test_regions_without_a_branch_are_told_as_such(national: Visitor, engine: Engine) -> None:
    assert "no branch yet" not in national.get("/outlook").text
    with unit_of_work(engine) as db:
        db.delete(db.get_one(BranchRegency, "33.11"))
    page = _text(national.get("/outlook").text)
    assert "1 regency here has no branch yet" in page
    assert "nobody is at work on them" in page


def test_what_a_derived_target_counts_is_said_and_estimates_are_marked(national: Visitor) -> None:
    page = _text(national.get("/outlook").text)
    assert "From 45,200,000 (estimate) active participants" in page
    assert "each participant more counts as one sign-up (estimate)" in page
    assert "Worked out from published shares (estimate)" in page
    # Nothing is shared out of what is the nation's own.
    assert "shared out by the informal workers" not in page.split('id="path-title"')[0]
    path = page.split('id="path-title"')[1]
    assert path.count('class="mark"') == 2
    own = _text(national.get("/outlook?area=33").text)
    assert "shared out by the informal workers" in own
    assert "each participant more counts as one sign-up (estimate)" in own


def test_a_target_set_by_hand_is_no_growth_of_the_path(manager: Visitor) -> None:
    assert "each participant more counts" not in _text(manager.get("/outlook").text)


def test_what_ifs_are_offered_for_the_branches_looked_at(national: Visitor, world: World) -> None:
    def offered(query: str = "") -> set[str]:
        return set(re.findall(r"/outlook/what-if/(\d+)", national.get(f"/outlook{query}").text))

    own, foreign = str(world.own["stage_id"]), str(world.foreign["stage_id"])
    assert {own, foreign} <= offered()
    assert own in offered("?area=33.72.01")
    assert foreign not in offered("?area=33.72.01")
    assert foreign not in offered(f"?branch={world.own['branch_id']}")
    assert own not in offered(f"?campaign={world.foreign['campaign_id']}")


def test_a_campaign_has_its_own_target_and_days(manager: Visitor, world: World) -> None:
    page = _text(manager.get(f"/outlook?campaign={world.own['campaign_id']}").text)
    assert "of 500" in page
    assert "31/12/2026" in page
    without = _text(manager.get(f"/outlook?campaign={world.own['campaign_id']}&kind=desa").text)
    assert "There is no target for this choice" in without


def test_behind_the_last_goal_the_page_says_so_until_somebody_sets_the_next(
    app: Flask, national: Visitor, engine: Engine
) -> None:
    hang_clock(app, NEXT_YEAR)
    page = _text(national.get("/outlook").text)
    assert "The last published goal lies behind us" in page
    assert "There is no target for this choice" in page
    given = {"starts": "2027-01-01", "ends": "2027-12-31", "signups": "9000000", "source": "Rapat"}
    assert national.send("/outlook/targets", given).status_code == 303
    page = _text(national.get("/outlook").text)
    assert "There is no target for this choice" not in page
    assert "9,000,000" in page
    with unit_of_work(engine) as db:
        assert db.exec(select(Target).where(col(Target.branch_id).is_(None))).one().signups


def test_a_target_is_set_changed_and_taken_back_on_its_pages(
    manager: Visitor, world: World, engine: Engine
) -> None:
    branch = str(world.own["branch_id"])
    given = {"branch_id": branch, "starts": "2027-01-01", "ends": "2026-12-31", "signups": "0"}
    refused = manager.send("/outlook/targets", given)
    assert refused.status_code == 422
    assert "The end lies before the start." in refused.text
    given |= {"ends": "2027-12-31", "signups": "7000", "source": "Rapat"}
    assert manager.send("/outlook/targets", given).status_code == 303
    assert "change that one" in manager.send("/outlook/targets", given).text
    with unit_of_work(engine) as db:
        number = db.exec(select(Target).where(Target.signups == 7000)).one().id
    address = f"/outlook/targets/{number}"
    assert 'value="7000"' in manager.get(address).text
    changed = {**given, "signups": "6000", "version": "1"}
    assert manager.send(address, changed).status_code == 303
    stale = manager.send(address, {**given, "signups": "5500", "version": "1"})
    assert stale.status_code == 409
    assert "6,000" in stale.text
    assert 'value="5500"' in stale.text
    assert manager.send(f"{address}/remove", {"version": "1"}).status_code == 409
    assert manager.send(f"{address}/remove", {"version": "2"}).status_code == 303
    assert manager.get(address).status_code == 404


def test_a_target_lies_in_days_that_can_be_looked_at(national: Visitor) -> None:
    given = {"signups": "7000", "source": "Rapat"}
    for starts, ends in (
        ("2026-01-01", "9999-12-31"),
        ("0001-01-01", "2026-12-31"),
        ("2026-01-01", "2062-12-31"),
    ):
        days = {"starts": starts, "ends": ends}
        assert national.send("/outlook/targets", {**given, **days}).status_code == 422
    refused = national.send(
        "/outlook/targets", {**given, "starts": "2026-01-01", "ends": "2062-12-31"}
    )
    assert "At most 3653 days." in refused.text or "At most 3,653 days." in refused.text
    assert national.get("/outlook").status_code == 200


def test_whoever_may_not_set_the_nations_target_is_refused(manager: Visitor) -> None:
    given = {"starts": "2027-01-01", "ends": "2027-12-31", "signups": "7000", "source": "Rapat"}
    assert manager.send("/outlook/targets", given).status_code == 403


def test_a_what_if_offers_villages_of_its_branch_alone(national: Visitor, world: World) -> None:
    address = f"/outlook/what-if/{world.own['stage_id']}"
    # A village of this name lies in each of the two branches.
    only = national.send(address, {"extra_teams": "1", "base_code": "Karangasem"})
    assert only.status_code == 303
    page = national.send(address, {"extra_teams": "1", "base_code": "Karang"}).text
    offered = re.findall(r'name="base_code_pick" id="[^"]*" value="([\d.]+)"', page)
    assert offered
    assert all(code.startswith("33.72.") for code in offered), offered


def test_a_what_if_offers_only_what_can_be(
    app: Flask, manager: Visitor, world: World, engine: Engine
) -> None:
    """Of one team none can go; a stage of five weeks that begins next year keeps one of them."""
    address = f"/outlook/what-if/{world.own['stage_id']}"

    def offered(name: str) -> list[int]:
        (choices,) = re.findall(
            rf'<select[^>]* name="{name}".*?</select>', manager.get(address).text, re.DOTALL
        )
        return sorted(int(one) for one in re.findall(r'<option value="(-?\d+)"', choices))

    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.own["stage_id"])
        stage.starts, stage.ends = date(2027, 1, 4), date(2027, 2, 6)
    assert offered("extra_teams") == [0, 1, 2, 3, 4]
    assert offered("more_weeks") == [*range(-4, 9)]
    refused = manager.send(address, {"more_weeks": "-5"})
    assert refused.status_code == 422
    assert "Ending so early, the stage would not keep a working week." in refused.text
    assert 'aria-invalid="true" aria-describedby="more_weeks-problem' in refused.text
    assert manager.send(address, {"more_weeks": "-4"}).status_code == 303
    app.extensions["clock"] = lambda: datetime(2027, 1, 25, 3, tzinfo=UTC)
    assert offered("more_weeks") == [*range(-1, 9)]
    with unit_of_work(engine) as db:
        team = db.get_one(Team, world.own["team_id"])
        db.add_all(Team(**team.model_dump(exclude={"id", "name"}), name=f"Tim {n}") for n in "BC")
    assert offered("extra_teams") == [*range(-2, 5)]


def test_a_what_if_is_asked_and_its_progress_shown(
    manager: Visitor, world: World, engine: Engine
) -> None:
    address = f"/outlook/what-if/{world.own['stage_id']}"
    refused = manager.send(address, {"extra_teams": "0"})
    assert refused.status_code == 422
    assert "Suppose at least one thing that differs from today." in refused.text
    assert (
        "This lies outside the branch."
        in manager.send(address, {"extra_teams": "1", "base_code": "33.11.01.2001"}).text
    )
    unsure = manager.send(address, {"extra_teams": "1", "base_code": "Jayengan di mana"})
    assert unsure.status_code == 422
    named = manager.send(address, {"extra_teams": "1", "base_code": "Jayengan"})
    assert named.status_code == 303
    assert "from Jayengan" in manager.get(named.location).text
    nobody = manager.send(address, {"extra_teams": "-4"})
    assert (nobody.status_code, "At least one team has to be left." in nobody.text) == (422, True)
    outside = manager.send(address, {"only_area": "33.11.01"})
    assert (outside.status_code, "This lies outside the branch." in outside.text) == (422, True)
    every = {"ends_later_minutes": "-30", "more_weeks": "1"}
    narrow = {"only_area": "33.72.02", "most_villages": "9"}
    many = manager.send(address, every | narrow)
    assert many.status_code == 303, _text(many.text)
    assert (
        "teams come home 30 minutes earlier, ends 1 week later,"
        " only Serengan, only the 9 most urgent villages" in manager.get(many.location).text
    )
    asked = manager.send(address, {"extra_teams": "2", "saturdays": "on"})
    assert asked.status_code == 303
    page = manager.get(asked.location)
    assert "2 more teams from the branch&#39;s base, Saturdays too" in page.text
    assert "coordinator/run" in page.text
    with unit_of_work(engine) as db:
        db.get_one(WhatIf, int(asked.location.rsplit("/", 1)[1])).steps_done = 40
    told = manager.get(f"{asked.location}/progress")
    assert told.headers["Run-State"] == "running"
    assert "40 of 100" in told.text
    assert "<h1" not in told.text


def test_the_answer_stands_beside_todays_plan_with_its_cost(
    app: Flask, manager: Visitor, world: World, planned: Planned
) -> None:
    answer = _answer(planned, world)
    page = _text(manager.get(asked_path(world)).text)
    assert "Plan as it stands" in page
    half = {name: _plain(answer[name]["half_by"]) for name in ("anew", "supposed")}
    assert f"visited by: {half['supposed']} (as today: {half['anew']}); nine tenths by:" in page
    assert "Half of the villages by" in page
    for row in (
        f'"Planned anew, as today">{answer["lost"]}</td>',
        f'"Planned anew, as supposed">{answer["gained"]}</td>',
    ):
        assert row in page.split("Villages visited only this way</th>")[1].split("</tr>")[0]
    assert "Sign-ups expected (estimate), added up" in page
    assert "Cost of team-days" not in page
    assert "Cost: not told" in page
    assert "coordinator/run" not in page
    assert manager.get(f"{asked_path(world)}/progress").headers["Run-State"] == "done"
    running = app.extensions["outreach"]
    told = running.settings.model_copy(update={"team_day_rupiah": 1_000_000})
    app.extensions["outreach"] = replace(running, settings=told)
    page = _text(manager.get(asked_path(world)).text)
    days = answer["supposed"]["team_days"]
    assert f"IDR{days},000,000" in page
    assert "Cost: IDR1,000,000 for a team-day and IDR0 for an hour on the way" in page
    for name in ("as_it_stands", "anew", "supposed"):
        del answer[name]["half_by"], answer[name]["most_by"]
    del answer["gained"], answer["lost"], answer["signups_by_week"]
    _keep(planned, world, answer)
    page = manager.get(asked_path(world)).text
    assert "nine tenths by:" not in page, "an answer of before"
    assert "Sign-ups expected (estimate), added up" not in page


def _plain(told: str | None) -> str:
    """Write a day as an English page does."""
    day = date.fromisoformat(told) if told else None
    return f"{day.day} {day:%b %Y}" if day else "not within the stage"


def test_the_answer_says_by_what_travel_times(
    manager: Visitor, world: World, planned: Planned
) -> None:
    answer = _answer(planned, world)
    assert "Travel times are estimates by distance." in manager.get(asked_path(world)).text
    ways = ToldWays("", RoadTrouble.TOO_SLOW, NOW)
    _keep(planned, world, answer | {"travel": as_json(ways)})
    assert "The road service answered too slowly" in manager.get(asked_path(world)).text
    ways = ToldWays("roads.example", None, NOW, 0.875)
    _keep(planned, world, answer | {"travel": as_json(ways)})
    page = manager.get(asked_path(world)).text
    assert "measured by roads.example" in page
    assert "It knows only 87.5% of the ways" in page
