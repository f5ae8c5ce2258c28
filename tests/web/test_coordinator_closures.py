"""The page of days closed: noted, found by name, edited by two, and what they mean elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.people.tables import Official, Role
from outreach.villages.counts import Count, note_counts
from outreach.villages.tables import (
    ClosedPeriod,
    Closure,
    Figure,
    MarketDay,
    MarketRhythm,
    Village,
)
from outreach.web.closure_words import named
from outreach.web.database import reading_db, writing_db

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
PERIOD = {
    "region_code": "33.72.01",
    "starts": "2026-11-17",
    "ends": "2026-11-19",
    "closure": "harvest",
    "note": "Panen raya",
}


@pytest.fixture
def coordinator(app: Flask, english: LogIn) -> Visitor:
    app.extensions["clock"] = lambda: NOW
    return english(Role.COORDINATOR)


def _periods(app: Flask, region: str) -> list[ClosedPeriod]:
    with app.app_context(), reading_db() as db:
        return list(db.exec(select(ClosedPeriod).where(ClosedPeriod.region_code == region)))


def test_a_period_is_noted_listed_and_points_to_the_visits_it_hits(
    app: Flask, coordinator: Visitor
) -> None:
    answer = coordinator.send("/closures/periods/new", PERIOD, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert "1 visit stands on a closed day." in page
    assert "1 visit on a closed day" in page
    assert "Harvest: Panen raya" in page
    replan = re.search(r'href="(/stages/\d+/replan\?[^"]+)"', page)
    assert replan
    form = coordinator.get(unescape(replan[1])).get_data(as_text=True)
    assert 'value="33.72.01"' in form
    assert form.count('value="2026-11-18"') == 2, "the day of the visit, first and last"
    assert '<option value="harvest" selected>' in form
    assert "Visits on closed days" in coordinator.get("/desk").get_data(as_text=True)
    (stored,) = _periods(app, "33.72.01")
    assert (stored.starts, stored.ends, stored.closure) == (
        date(2026, 11, 17),
        date(2026, 11, 19),
        Closure.HARVEST,
    )


def test_the_calendar_of_the_stage_marks_the_day_and_the_visit(
    coordinator: Visitor, world: World
) -> None:
    calendar = f"/stages/{world.own['stage_id']}/plan/calendar?week=2026-11-18"
    before = coordinator.get(calendar).get_data(as_text=True)
    assert before.count("1 village closed") == 1, "the world's market, on Kliwon, 19 November"
    assert "Village closed: " not in before
    coordinator.send("/closures/periods/new", PERIOD)
    page = coordinator.get(calendar).get_data(as_text=True)
    assert page.count("1 village closed") == 3
    assert "Village closed: Harvest: Panen raya" in page


def test_a_move_to_a_closed_day_says_why(coordinator: Visitor, world: World) -> None:
    path = f"/visits/{world.own['visit_id']}/move/warnings"
    to = {"team_id": world.own["team_id"], "day": "2026-12-07", "slot": 1}
    page = coordinator.get(path, query_string=to).get_data(as_text=True)
    assert "Pajang (33.72.01.1001) is closed on that day: Harvest." in page


def test_a_region_is_found_by_its_name(app: Flask, coordinator: Visitor) -> None:
    answer = coordinator.send(
        "/closures/periods/new", {**PERIOD, "region_code": "Kecamatan Serengan"}
    )
    if answer.status_code == 422:  # a district and a village share the name: it asks which
        page = answer.get_data(as_text=True)
        assert "Which one is meant?" in page
        assert 'value="33.72.02"' in page
        again = {**PERIOD, "region_code": "Kecamatan Serengan", "region_code_pick": "33.72.02"}
        assert coordinator.send("/closures/periods/new", again).status_code == 303
    assert len(_periods(app, "33.72.02")) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"region_code": "33.11.01"}, "There is no region with this code."),
        ({"region_code": "33"}, "Please give a regency, a district or a village of your branch."),
        ({"region_code": "xyzzy"}, "This is not a region code like 33.72 or 33.72.01.1001."),
        ({"ends": "2026-11-16"}, "The end lies before the start."),
        ({"ends": "2028-01-01"}, "A closed period lasts at most 366 days."),
        ({"note": "KTP 3372011212900001"}, "This looks like somebody"),
        ({"starts": ""}, "Please fill this in."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    app: Flask, coordinator: Visitor, changes: dict[str, str], words: str
) -> None:
    answer = coordinator.send("/closures/periods/new", {**PERIOD, **changes})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert "Panen raya" in page or "note" in changes
    assert _periods(app, "33.72.01") == []


def test_the_second_of_two_who_edit_sees_the_firsts(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/closures/periods/{world.own['period_id']}"
    given = {**PERIOD, "region_code": world.own["code"], "version": "1"}
    assert coordinator.send(path, {**given, "note": "Panen"}).status_code == 303
    second = coordinator.send(path, {**given, "note": "Tanam", "closure": "planting"})
    page = second.get_data(as_text=True)
    assert second.status_code == 409
    assert "Stored meanwhile: Panen" in " ".join(page.split())
    assert "Stored meanwhile: Harvest" in " ".join(page.split())
    assert 'name="version" value="2"' in page


def test_a_market_day_is_noted_changed_and_removed(app: Flask, coordinator: Visitor) -> None:
    given = {"region_code": "33.72.03", "rhythm": "pon", "effect": "avoid", "note": "Pasar Kliwon"}
    assert coordinator.send("/closures/markets/new", given).status_code == 303
    again = coordinator.send("/closures/markets/new", given)
    assert "The same is noted already." in again.get_data(as_text=True)
    with app.app_context(), reading_db() as db:
        market = db.exec(select(MarketDay).where(MarketDay.region_code == "33.72.03")).one()
    path = f"/closures/markets/{market.id}"
    changed = {**given, "effect": "come", "version": "1"}
    assert coordinator.send(path, changed).status_code == 303
    page = coordinator.get("/closures").get_data(as_text=True)
    assert "Come: other days are better avoided" in page
    assert coordinator.send(f"{path}/remove").status_code == 303
    with app.app_context(), reading_db() as db:
        assert db.get(MarketDay, market.id) is None


def test_the_month_shows_market_days_where_they_fall(coordinator: Visitor) -> None:
    # The world's own village has its market on Kliwon: 9 November 2026 is one.
    page = coordinator.get("/closures?month=2026-11-01").get_data(as_text=True)
    day = page.index("Monday, 9 November 2026")
    assert "Pajang: Market day (Kliwon)" in page[day : day + 200]
    assert coordinator.get("/closures?month=nonsense").status_code == 200


def test_a_manager_reads_and_a_foreign_region_is_not_shown(
    app: Flask, english: LogIn, world: World
) -> None:
    app.extensions["clock"] = lambda: NOW
    with app.app_context(), writing_db() as db:
        db.get_one(ClosedPeriod, world.foreign["period_id"]).note = "Bukan urusan kita"
    page = english(Role.MANAGER).get("/closures").get_data(as_text=True)
    assert "Harvest" in page
    assert "Bukan urusan kita" not in page
    assert "/closures/periods/" not in page


def test_long_lists_are_paged(app: Flask, english: LogIn, world: World) -> None:
    app.extensions["clock"] = lambda: NOW
    with app.app_context(), writing_db() as db:
        codes = db.exec(select(Village.code).where(Village.regency_code == "33.72")).all()
        noted = select(MarketDay.region_code, MarketDay.rhythm)
        taken = {(code, rhythm) for code, rhythm in db.exec(noted)}
        for number, rhythm in enumerate(MarketRhythm):
            new = [code for code in codes if (code, rhythm) not in taken]
            db.add_all(MarketDay(region_code=code, rhythm=rhythm) for code in new)
            db.add_all(
                ClosedPeriod(
                    region_code=code,
                    starts=date(2026, 11, 10),
                    ends=date(2026, 11, 10 + number),
                    closure=Closure.OTHER,
                )
                for code in codes
            )
    coordinator = english(Role.COORDINATOR)
    page = coordinator.get("/closures?month=2026-11-01").get_data(as_text=True)
    links = re.findall(r'href="/closures/(markets|periods)/\d+"', page)
    assert (links.count("periods"), links.count("markets")) == (50, 50)
    last = -(-len(codes) * len(MarketRhythm) // 50)
    assert f"Page 1 of {last}" in page
    onward = re.search(r'rel="next" href="([^"]*)#markets"', page)
    assert onward is not None
    second = coordinator.get(onward[1].replace("&amp;", "&")).get_data(as_text=True)
    assert f"Page 2 of {last}" in second
    assert "Closed days of the month" in second
    assert re.search(r"\d+ more</small>", second)
    past = coordinator.get("/closures?markets=9999&periods=9999").get_data(as_text=True)
    assert past.count(f"Page {last} of {last}") == 2
    assert len(second) < 200_000


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_more_than_a_month_can_show_is_said(
    app: Flask, english: LogIn, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    app.extensions["clock"] = lambda: NOW
    monkeypatch.setattr("outreach.web.coordinator_closures.MOST_MARKS", 1)
    with app.app_context(), writing_db() as db:
        day = date(2026, 11, 10)
        period = ClosedPeriod(region_code="33.72", starts=day, ends=day, closure=Closure.FEAST)
        db.add(period)
    page = english(role).get("/closures?month=2026-11-01").get_data(as_text=True)
    assert "More is noted in this area than a calendar can show." in page
    assert "Closed days of the month" not in page


def test_a_counted_figure_is_shown_with_source_and_date(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    code: Any = world.own["code"]
    june = date(2026, 6, 30)
    with app.app_context(), writing_db() as db:
        counts = [
            Count(code, Figure.VULNERABLE, 4321, june, "DTSEN"),
            Count(code, Figure.COVERED, 17, june, "Kepesertaan", is_spread=True),
        ]
        note_counts(db, counts)
    page = " ".join(coordinator.get(f"/villages/{code}").get_data(as_text=True).split())
    assert "4,321 <small>counted: DTSEN, 30/06/2026" in page
    assert "Vulnerable workers (estimate)" not in page
    assert "17 <small>share of the regency's count: Kepesertaan, 30/06/2026" in page
    assert "Informal workers covered (estimate)" in page


def test_a_villages_page_tells_whom_to_call_and_its_special_days(
    app: Flask, english: LogIn, world: World
) -> None:
    with app.app_context(), writing_db() as db:
        db.get_one(Official, world.own["official_id"]).phone = "+6281234567890"
    path = f"/villages/{world.own['code']}"
    page = english(Role.COORDINATOR).get(path).get_data(as_text=True)
    assert "tel:+6281234567890" in page
    assert "Market day (Kliwon)" in page
    for role in (Role.MANAGER, Role.OFFICIAL):
        other = english(role).get(path).get_data(as_text=True)
        assert "6281234567890" not in other
        assert "Market day (Kliwon)" in other


def test_a_kind_of_day_and_its_name_say_no_word_twice() -> None:
    assert named("Cuti bersama", "Cuti Bersama Hari Raya Natal") == "Cuti Bersama Hari Raya Natal"
    assert named("Panen", "padi") == "Panen: padi"
    assert named("Banjir", "") == "Banjir"
