"""Sponsorships on the page: the cliff, the form, the list; read by managers, kept by branches."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.people.tables import AccountArea, Role
from outreach.progress.tables import Sponsorship
from outreach.villages.tables import Village
from tests.web.planned import engine_of, hang_clock, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FORM = {
    "region_code": "33.72",
    "payer": "apbd",
    "sponsor": "Pemerintah Kota",
    "sector": "trader",
    "package": "jkk_jkm",
    "quota": "400",
    "starts": "2026-06-01",
    "ends": "2027-05-31",
    "conversion_days": "60",
    "note": "",
    "source": "Perjanjian",
}


@pytest.fixture(autouse=True)
def november(app: Flask) -> None:
    """The world's own sponsorship of a hundred farmers ends on the last day of 2026."""
    hang_clock(app, datetime(2026, 11, 20, 3, tzinfo=UTC))


def _stored(app: Flask) -> list[Sponsorship]:
    with reading(engine_of(app)) as db:
        return list(db.exec(select(Sponsorship).order_by(Sponsorship.id)))  # type: ignore[arg-type]


def test_the_page_tells_what_falls_and_when(
    english: Callable[[Role], Visitor], app: Flask, world: World
) -> None:
    coordinator = english(Role.COORDINATOR)
    assert coordinator.send("/sponsorships/new", FORM).status_code == 303
    page = words_of(coordinator.get("/sponsorships"))
    assert "500 sum of the quotas of running terms" in page
    assert "Fall out within 3 months 100 of 500 (20.0%)" in page
    assert "Fall out within 12 months 500 of 500 (100.0%)" in page
    assert "31 Dec 2026 500" in page
    assert "31 Jan 2027 400" in page
    assert "31 May 2027 400" in page
    assert "30 Jun 2027 0" in page
    assert "Source: 2 sponsorships noted by the branches" in page
    assert "Village budget (APBDes) 100 of 100 (100.0%) 100 within 3 months" in page
    assert "Regency budget (APBD) 400 of 400 (100.0%) 0 within 3 months" in page


def test_a_manager_reads_and_does_not_edit(english: Callable[[Role], Visitor]) -> None:
    page = english(Role.MANAGER).get("/sponsorships")
    assert page.status_code == 200
    assert b"/sponsorships/new" not in page.data
    assert "Village budget (APBDes)" in words_of(page)


def test_whoever_sees_several_branches_compares_them(
    english: Callable[[Role], Visitor], app: Flask, world: World
) -> None:
    manager = english(Role.MANAGER)
    assert "By branch" not in words_of(manager.get("/sponsorships"))
    with unit_of_work(engine_of(app)) as db:
        db.add(AccountArea(account_id=world.accounts[Role.MANAGER][0], code="33.11"))
    page = words_of(manager.get("/sponsorships"))
    assert "Sukoharjo 100 of 100 (100.0%) 100 within 3 months" in page.split("By branch")[1]


def test_what_is_typed_is_kept_and_what_is_wrong_is_said(
    english: Callable[[Role], Visitor], app: Flask
) -> None:
    coordinator = english(Role.COORDINATOR)
    wrong = {**FORM, "ends": "2026-01-01", "payer": "self", "quota": "-3"}
    answer = coordinator.send("/sponsorships/new", wrong)
    page = words_of(answer)
    assert answer.status_code == 422
    assert "The end lies before the start." in page
    assert "Who pays alone has no sponsor." in page
    assert "Must be more than 0." in page
    assert b'value="Pemerintah Kota"' in answer.data
    assert len(_stored(app)) == 2


def test_two_who_edit_see_both_values(
    english: Callable[[Role], Visitor], app: Flask, world: World
) -> None:
    coordinator = english(Role.COORDINATOR)
    number = world.own["sponsorship_id"]
    with unit_of_work(engine_of(app)) as db:
        row = db.get_one(Sponsorship, number)
        row.quota, row.version = 70, 2
    stale = {**FORM, "region_code": "33.72.01.1001", "quota": "90", "version": "1"}
    answer = coordinator.send(f"/sponsorships/{number}", stale)
    assert answer.status_code == 409
    assert "Stored meanwhile: 70" in words_of(answer)
    assert coordinator.send(f"/sponsorships/{number}", {**stale, "version": "2"}).status_code == 303
    with reading(engine_of(app)) as db:
        assert db.get_one(Sponsorship, number).quota == 90


def test_removing_wants_the_version_that_was_shown(
    english: Callable[[Role], Visitor], app: Flask, world: World
) -> None:
    coordinator = english(Role.COORDINATOR)
    path = f"/sponsorships/{world.own['sponsorship_id']}/remove"
    assert coordinator.send(path, {"version": "7"}).status_code == 409
    assert len(_stored(app)) == 2
    assert coordinator.send(path, {"version": "1"}).status_code == 303
    assert [row.id for row in _stored(app)] == [world.foreign["sponsorship_id"]]


def vulnerable(app: Flask, workers: int, *codes: str) -> None:
    """Let so many vulnerable workers live in some villages, or in every one."""
    with unit_of_work(engine_of(app)) as db:
        for village in db.exec(select(Village)):
            if not codes or village.code in codes:
                village.vulnerable_workers = workers
    # Estimates change with a load of the registry, which this is not.
    app.extensions.pop("boards", None)


def test_the_villages_of_an_ending_term_lead_to_their_list(
    english: Callable[[Role], Visitor], world: World
) -> None:
    page = english(Role.COORDINATOR).get("/sponsorships?area=33.72")
    assert "100 of 100 workers, until 31/12/2026" in words_of(page)
    assert b"list=sponsor_ending" in page.data


def test_workers_at_stake_are_whole_people_and_equal_ones_are_not_ranked(
    app: Flask, english: Callable[[Role], Visitor], world: World
) -> None:
    def proposed() -> tuple[str, list[str]]:
        page = words_of(english(Role.COORDINATOR).get("/sponsorships?area=33.72"))
        section = page[page.index("Visits before the end") : page.index("See all villages")]
        return section, re.findall(r"about ([\d.,]+) worker", section)

    terms = {**FORM, "ends": "2026-12-31", "quota": "150"}
    assert english(Role.COORDINATOR).send("/sponsorships/new", terms).status_code == 303
    with unit_of_work(engine_of(app)) as db:
        db.delete(db.get_one(Sponsorship, world.own["sponsorship_id"]))
    vulnerable(app, 300)
    section, even = proposed()
    codes = re.findall(r"33\.72\.\d\d\.\d{4}", section)
    code, count = codes[-1], section.split(" villages without")[0].split()[-1]
    assert len(codes) > 2
    (each,) = even
    assert each.isdigit()
    assert f"In {count} of them the most workers are at stake, about {each} workers" in section
    vulnerable(app, 9000, code)
    section, ranked = proposed()
    assert all(one.isdigit() for one in ranked)
    assert int(ranked[0]) > int(ranked[1])
    assert "; the most workers at stake (estimate):" in section
    vulnerable(app, 9_000_000, code)
    section, few = proposed()
    assert len(few) == 1
    assert "fewer than one worker" in section


@pytest.mark.parametrize("area", ["33.11", "99", "../x"])
def test_a_foreign_area_is_not_there(english: Callable[[Role], Visitor], area: str) -> None:
    assert english(Role.COORDINATOR).get(f"/sponsorships?area={area}").status_code == 404


def test_an_empty_page_says_what_it_is_for(english: Callable[[Role], Visitor], app: Flask) -> None:
    with unit_of_work(engine_of(app)) as db:
        for row in db.exec(select(Sponsorship)):
            db.delete(row)
    page: Any = words_of(english(Role.MANAGER).get("/sponsorships"))
    assert "No sponsorship is noted here." in page
    assert "Gianyar" in page
    assert "Sponsored workers today" not in page
