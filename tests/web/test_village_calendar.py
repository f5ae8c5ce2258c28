"""The calendar's pages: a village and a day, what counts where, and announced feasts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.people.tables import AccountArea, Role
from outreach.planning.feasts import FIRST_YEAR, LAST_YEAR, Feast
from outreach.villages.tables import CalendarLayer, CalendarRule, Effect, FeastDate
from outreach.visits.tables import Visit
from outreach.web.database import reading_db, writing_db
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
RULE = {"region": OWN_REGENCY, "effect": "soft", "weight_minutes": "45", "source": "Rapat 1 Nov"}
ANNOUNCED = {"starts": "2027-03-11", "ends": "2027-03-12", "source": "Sidang isbat"}


@pytest.fixture
def coordinator(app: Flask, english: LogIn) -> Visitor:
    app.extensions["clock"] = lambda: NOW
    return english(Role.COORDINATOR)


def text(visitor: Visitor, path: str) -> str:
    return unescape(visitor.get(path).get_data(as_text=True))


def _rules(app: Flask) -> list[CalendarRule]:
    with app.app_context(), reading_db() as db:
        return list(db.exec(select(CalendarRule)))


def _tight(page: str) -> str:
    return re.sub(r">\s+<", "><", page)


def _village(day: str) -> str:
    return f"/calendar/villages/{OWN_VILLAGE}?day={day}"


def test_a_day_is_answered_with_every_reason_and_its_source(coordinator: Visitor) -> None:
    page = text(coordinator, _village("2027-03-10"))
    assert "Wednesday, 10 March 2027" in page
    assert "No session can be held." in page
    assert "Idul Fitri 1448 H (estimate)" in page
    assert "Source: Kalender Umm al-Qura" in page
    assert "Public holiday: Hari Raya Idulfitri (estimate)" in page
    assert page.count("does not go out (Hari Raya Idulfitri") >= 1
    assert "All of Indonesia" in page


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        ("2026-11-03", "Yes, a session can be held."),
        ("2026-11-06", "No session from 11:30 to 13:30"),
        ("2027-02-10", "Yes, but better on another day."),
        ("2026-11-08", "No session can be held."),
        ("2026-11-19", "Market day (Kliwon)"),
    ],
)
def test_other_days_are_answered_too(coordinator: Visitor, day: str, answer: str) -> None:
    page = text(coordinator, _village(day))
    assert answer in page.split('id="day"')[1]


def test_the_month_tells_each_day_by_shape_and_in_words(coordinator: Visitor) -> None:
    page = text(coordinator, f"/calendar/villages/{OWN_VILLAGE}?month=2027-02-01")
    grid = page.split("<tbody>")[1].split("</tbody>")[0]
    assert grid.count("<td") == 28, "February 2027 fills four weeks from Monday to Sunday"
    assert "February 2027: Better avoided. Ramadan 1448 H (estimate)" in grid
    assert "February 2027: No session possible. Sunday" in grid
    for shape in "○△✕":
        assert shape in grid


def test_a_nonsense_day_shows_this_month(coordinator: Visitor) -> None:
    page = text(coordinator, f"/calendar/villages/{OWN_VILLAGE}?day=nonsense&month=9999-99-99")
    assert "November 2026" in page
    assert "Monday, 2 November 2026" in page


def test_a_village_is_found_and_foreign_ones_are_not(coordinator: Visitor) -> None:
    assert f"/calendar/villages/{OWN_VILLAGE}" in text(coordinator, "/calendar?q=pajang")
    assert coordinator.get(f"/calendar/villages/{FOREIGN_VILLAGE}").status_code == 404
    assert coordinator.get("/calendar/villages/33.72").status_code == 404


def test_a_layer_is_set_for_a_region_and_taken_back(app: Flask, coordinator: Visitor) -> None:
    rules = "/calendar/rules/ramadan"
    form = text(coordinator, f"{rules}?region={OWN_REGENCY}")
    assert 'value="08:00"' in form, "the form begins with what holds now"
    sent = coordinator.send(rules, {**RULE, "opens": "08:00", "closes": "13:00"})
    assert sent.status_code == 303
    (stored,) = _rules(app)
    assert (stored.region_code, stored.layer, stored.effect, stored.weight_minutes) == (
        OWN_REGENCY,
        CalendarLayer.RAMADAN,
        Effect.SOFT,
        45,
    )
    page = text(coordinator, _village("2027-02-10"))
    assert "Sessions only from 08:00 to 13:00." in page
    assert "less than 45 minutes of travel" in page
    assert "Source: Rapat 1 Nov" in page
    listed = text(coordinator, "/calendar/rules")
    assert "Set in your area" in listed
    assert "set by hand" in listed
    assert "Sessions only from 08:00 to 13:00." in listed
    shut = {
        **RULE,
        "opens": "08:00",
        "closes": "13:00",
        "effect": "hard",
        "version": str(stored.version),
    }
    assert coordinator.send(rules, shut).status_code == 303
    assert "Sessions only" not in text(coordinator, "/calendar/rules"), "there is none at all"
    back = coordinator.send(f"{rules}/reset", {"region": OWN_REGENCY})
    assert back.status_code == 303
    assert _rules(app) == []
    assert "less than 30 minutes of travel" in text(coordinator, _village("2027-02-10"))


@pytest.mark.parametrize(
    ("layer", "changes", "words"),
    [
        ("harvest", {"source": ""}, "Please fill this in."),
        ("harvest", {"weight_minutes": "0"}, "how many minutes of travel"),
        ("harvest", {"weight_minutes": "5000"}, "at most 1,440"),
        ("monsoon", {}, "Choose at least one month."),
        ("office_hours", {}, "Choose at least one weekday."),
        ("ramadan", {"opens": "09:00"}, "Give both hours or none."),
        ("ramadan", {"opens": "09:00", "closes": "08:00"}, "The end lies before the start."),
        ("ramadan", {"opens": "09:00+07:00", "closes": "12:00"}, "without a zone."),
        ("harvest", {"source": "KTP 3372011212900001"}, "This looks like somebody"),
    ],
)
def test_what_a_layer_lacks_is_told_and_nothing_is_stored(
    app: Flask, coordinator: Visitor, layer: str, changes: dict[str, str], words: str
) -> None:
    answer = coordinator.send(f"/calendar/rules/{layer}", {**RULE, **changes})
    assert answer.status_code == 422
    assert words in unescape(answer.get_data(as_text=True)).replace("At most", "at most")
    assert _rules(app) == []


@pytest.mark.parametrize("region", [FOREIGN_REGENCY, "33", "", "99.99", "nonsense"])
def test_nobody_sets_what_lies_outside(app: Flask, coordinator: Visitor, region: str) -> None:
    answer = coordinator.send("/calendar/rules/harvest", {**RULE, "region": region})
    assert answer.status_code == 404
    assert coordinator.get("/calendar/rules/friday").status_code == 404
    assert _rules(app) == []


def test_a_region_is_found_by_name_and_an_unknown_one_is_told(coordinator: Visitor) -> None:
    # A district and a village share the name: it asks which.
    assert "Which one is meant?" in text(coordinator, "/calendar/rules?region=serengan")
    assert "What counts in Serengan" in text(coordinator, "/calendar/rules?region=33.72.02")
    assert "There is no region of this name or code." in text(
        coordinator, "/calendar/rules?region=xyzzyx"
    )


def test_whoever_saves_second_sees_what_was_stored(app: Flask, coordinator: Visitor) -> None:
    path = "/calendar/rules/harvest"
    coordinator.send(path, RULE)
    late = coordinator.send(path, {**RULE, "weight_minutes": "99", "version": "0"})
    assert late.status_code == 409
    assert "Stored meanwhile:" in late.get_data(as_text=True)
    (stored,) = _rules(app)
    assert stored.weight_minutes == 45
    again = coordinator.send(path, {**RULE, "weight_minutes": "99", "version": str(stored.version)})
    assert again.status_code == 303


def test_visits_on_days_that_close_are_told_and_lead_to_the_replan(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    with app.app_context(), writing_db() as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.day = date(2027, 1, 12)  # Galungan, which nobody keeps in Surakarta
    saved = coordinator.send(
        "/calendar/rules/galungan", {**RULE, "effect": "hard"}, follow_redirects=True
    )
    assert "1 visit stands on a closed day." in saved.get_data(as_text=True)
    page = text(coordinator, "/closures")
    assert "Galungan" in page
    assert "/replan?" in page
    assert "closure=feast" in page


def test_an_announcement_moves_the_feast_everywhere(app: Flask, english: LogIn) -> None:
    admin = english(Role.ADMIN)
    key = "/calendar/feasts/idul_fitri-2027-1"
    assert admin.send(key, ANNOUNCED).status_code == 303
    with app.app_context(), reading_db() as db:
        stored = db.get_one(FeastDate, (Feast.IDUL_FITRI, 2027, 1))
        assert (stored.starts, stored.source) == (date(2027, 3, 11), "Sidang isbat")
    listed = text(admin, "/calendar/feasts?year=2027")
    assert "Sidang isbat" in listed
    assert "computed:" in listed
    coordinator = english(Role.COORDINATOR)
    page = text(coordinator, _village("2027-03-12"))
    assert "Idul Fitri 1448 H" in page
    assert "Source: Sidang isbat" in page
    assert "Ramadan 1448 H" in text(coordinator, _village("2027-03-10"))
    month = text(coordinator, "/closures?month=2027-03-01")
    assert "<strong>11</strong></span><small>Hari Raya Idulfitri" in _tight(month)
    assert "<strong>10</strong></span><small>" not in _tight(month)
    late = admin.send(key, {**ANNOUNCED, "ends": "2027-03-13", "version": "0"})
    assert late.status_code == 409
    assert admin.send(f"{key}/withdraw").status_code == 303
    assert "Public holiday: Hari Raya Idulfitri" in text(coordinator, _village("2027-03-10"))


def test_a_feast_on_the_list_of_holidays_has_one_source_for_its_date(
    coordinator: Visitor,
) -> None:
    """Isra Mikraj 2027 is on the list without a mark; Idul Fitri hangs on the moon still."""
    by_list = text(coordinator, _village("2027-01-05")).split('id="day"')[1]
    assert "Isra Mikraj 1448 H" in by_list
    assert "Umm al-Qura" not in by_list
    assert by_list.count("Source: Surat Keputusan Bersama") == 2, "of the holiday and of the feast"
    by_moon = text(coordinator, _village("2027-03-10")).split('id="day"')[1]
    assert "Umm al-Qura" in by_moon
    rows = re.findall(r"<tr>.*?</tr>", text(coordinator, "/calendar/feasts?year=2027"), re.DOTALL)
    told = {name: row for row in rows for name in ("Isra Mikraj", "Idul Fitri") if name in row}
    assert "list of public holidays" in told["Isra Mikraj"]
    assert "computed, until it is announced" in told["Idul Fitri"]
    coordinator.send("/calendar/rules/islamic_feast", {**RULE, "source": "Surat bupati"})
    assert "Source: Surat bupati" in text(coordinator, _village("2027-01-05"))


@pytest.mark.parametrize(
    ("feast", "day", "hit"),
    [
        ("idul_fitri-2027-1", date(2027, 3, 11), 1),
        ("idul_fitri-2027-1", date(2027, 3, 15), 0),
        # Not kept in Surakarta, and a fast that closes nothing: no visit has to move.
        ("galungan-2027-1", date(2027, 1, 12), 0),
        ("ramadan-2027-1", date(2027, 2, 15), 0),
    ],
    ids=str,
)
def test_an_announcement_tells_of_the_visits_that_it_closes_out_and_of_no_others(
    app: Flask, english: LogIn, world: World, feast: str, day: date, hit: int
) -> None:
    _stands_on(app, world, day)
    manager = _of_the_nation(app, english, world)
    page = manager.get(f"/calendar/feasts/{feast}").get_data(as_text=True)
    days = dict(re.findall(r'name="(starts|ends)"[^>]*value="([^"]+)"', page))
    told = {**days, "source": "SKB"} | (ANNOUNCED if feast.startswith("idul") else {})
    saved = manager.send(f"/calendar/feasts/{feast}", told, follow_redirects=True)
    assert "Saved." in saved.text
    assert ("1 visit stands on these days." in saved.text) == bool(hit)
    listed = text(english(Role.COORDINATOR), "/closures")
    assert "1 visit on a closed day" in listed or not hit, "where the words of it lead"


def test_a_withdrawn_announcement_tells_of_the_visits_on_the_computed_days(
    app: Flask, english: LogIn, world: World
) -> None:
    key = "/calendar/feasts/idul_fitri-2027-1"
    manager = _of_the_nation(app, english, world)
    moved = {**ANNOUNCED, "starts": "2027-03-12", "ends": "2027-03-13"}
    manager.send(key, moved)
    _stands_on(app, world, date(2027, 3, 11))
    back = manager.send(f"{key}/withdraw", follow_redirects=True)
    assert "1 visit stands on these days." in back.text


def _stands_on(app: Flask, world: World, day: date) -> None:
    with app.app_context(), writing_db() as db:
        db.get_one(Visit, world.own["visit_id"]).day = day


def _of_the_nation(app: Flask, english: LogIn, world: World) -> Visitor:
    with app.app_context(), writing_db() as db:
        db.add(AccountArea(account_id=world.accounts[Role.MANAGER][0], code=""))
    return english(Role.MANAGER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"starts": "2027-04-11", "ends": "2027-04-12"}, "more than ten days"),
        ({"ends": "2027-03-10"}, "The end lies before the start."),
        ({"source": ""}, "Please fill this in."),
    ],
)
def test_a_slip_of_the_pen_is_refused(english: LogIn, changes: dict[str, str], words: str) -> None:
    answer = english(Role.ADMIN).send(
        "/calendar/feasts/idul_fitri-2027-1", {**ANNOUNCED, **changes}
    )
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_feasts_are_announced_by_whoever_keeps_the_nation(app: Flask, english: LogIn) -> None:
    regional = english(Role.MANAGER)
    path = "/calendar/feasts/idul_fitri-2027-1"
    assert "Whoever keeps the calendar of the whole country" in text(regional, path)
    assert regional.send(path, ANNOUNCED).status_code == 403
    assert regional.get("/calendar/feasts/idul_fitri-2027-7").status_code == 404
    assert regional.get("/calendar/feasts/easter-2027-1").status_code == 404
    with app.app_context(), reading_db() as db:
        assert db.exec(select(FeastDate)).all() == []


def test_an_admin_keeps_the_nations_rules(app: Flask, english: LogIn) -> None:
    admin = english(Role.ADMIN)
    assert "What counts in All of Indonesia" in text(admin, "/calendar/rules")
    assert admin.send("/calendar/rules/harvest", {**RULE, "region": ""}).status_code == 303
    (stored,) = _rules(app)
    assert stored.region_code == ""


def test_the_menu_says_where_a_page_stands(app: Flask, world: World, english: LogIn) -> None:
    def current(role: Role, path: str) -> list[tuple[str, str]]:
        header = english(role).get(path).text.split("<details")[0]
        return re.findall(r'<a href="(/[a-z/]+)" aria-current="(\w+)"', header)

    app.extensions["clock"] = lambda: NOW
    village = f"/calendar/villages/{OWN_VILLAGE}"
    for path in ("/calendar", village, "/calendar/rules", "/calendar/feasts", "/ways"):
        assert current(Role.COORDINATOR, path) == [("/closures", "true")], path
    assert current(Role.MANAGER, "/calendar/feasts") == [("/calendar", "page")]
    assert current(Role.ADMIN, "/calendar/rules") == [("/calendar", "page")]
    assert current(Role.ADMIN, "/ways") == [("/ways", "page")]
    stage = f"/stages/{world.own['stage_id']}"
    assert current(Role.COORDINATOR, stage) == [("/campaigns", "true")]
    assert current(Role.COORDINATOR, "/ledger") == [("/board", "true")]
    assert current(Role.COORDINATOR, "/closures") == [("/closures", "page")]


@pytest.mark.parametrize(
    "path",
    [
        f"/calendar/villages/{OWN_VILLAGE}?month=2026-13",
        f"/calendar/villages/{OWN_VILLAGE}?day=2026-11-31",
        "/calendar/feasts?year=rubbish",
        "/calendar/feasts?year=1066",
        "/closures?month=2026-13-01",
    ],
)
def test_a_day_month_or_year_that_is_none_is_told(coordinator: Visitor, path: str) -> None:
    told = "This calendar has no such day, month or year. You see the usual one."
    answer = coordinator.get(path)
    assert answer.status_code == 200
    assert told in answer.text
    assert "2026" in answer.text
    assert told not in coordinator.get(path.split("?", maxsplit=1)[0]).text


def test_the_years_of_feasts_lead_no_further_than_the_calendar(coordinator: Visitor) -> None:
    for year, ways in ((FIRST_YEAR, {FIRST_YEAR + 1}), (LAST_YEAR, {LAST_YEAR - 1})):
        page = text(coordinator, f"/calendar/feasts?year={year}")
        assert {int(one) for one in re.findall(r"feasts\?year=(\d+)", page)} == ways
