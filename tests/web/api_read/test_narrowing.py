"""A program reads the figures of its area, all of them with their sources, and nobody's name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Account, Official, Team
from outreach.villages.counts import Count, note_counts
from outreach.villages.tables import Figure
from outreach.web.api_read import ENDPOINTS
from outreach.web.read_answers import ESTIMATES
from tests.visits.world import NOW
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from tests.web.reading_program import Api

DAYS = "from=2026-10-05&until=2026-12-31"
#: Every address, with what it cannot do without.
PATHS = [f"{one.path}?{DAYS}" if one.path == "/weeks" else one.path for one in ENDPOINTS]


def test_each_address_answers_with_its_own_branch_alone(api: Api) -> None:
    token = api.token(OWN_REGENCY)
    for path in PATHS:
        told = json.dumps(api.read(path, token)["items"])
        assert told != "[]", path
        assert "33.11" not in told, path
        assert "Sukoharjo" not in told, path
    both = api.token()
    assert len(api.read("/visits", both)["items"]) == 2 * len(api.read("/visits", token)["items"])


@pytest.mark.parametrize("path", ["/villages", "/progress", "/visits", "/sessions", "/regions"])
def test_a_foreign_area_looks_like_a_missing_one(api: Api, path: str) -> None:
    token = api.token(OWN_REGENCY)
    assert api.ask(f"{path}?area={OWN_REGENCY}", token).status_code == 200
    answers = [api.ask(f"{path}?area={code}", token) for code in (FOREIGN_REGENCY, "99.99")]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].get_json() == answers[1].get_json()


@pytest.mark.parametrize("path", ["/villages", "/progress", "/visits", "/sessions", "/stages"])
def test_a_foreign_campaign_looks_like_a_missing_one(api: Api, path: str) -> None:
    token = api.token(OWN_REGENCY)
    own, foreign = (ids["campaign_id"] for ids in (api.world.own, api.world.foreign))
    assert api.ask(f"{path}?campaign={own}", token).status_code == 200
    for number in (foreign, 999_999):
        assert api.ask(f"{path}?campaign={number}", token).status_code == 404


def test_a_region_around_the_area_is_cut_to_it(api: Api) -> None:
    token = api.token(OWN_REGENCY)
    (province,) = api.read("/regions?level=province", token)["items"]
    assert (province["code"], province["is_part"], province["villages"]) == ("33", True, 54)
    (regency,) = api.read("/regions?area=33", token)["items"]
    assert (regency["code"], regency["parent"], regency["is_part"]) == (OWN_REGENCY, "33", False)
    whole = api.read("/progress?area=33&level=nation", token)["whole"]
    assert whole["villages"] == 54


def test_the_sums_are_those_of_the_map_with_three_denominators(api: Api) -> None:
    given = api.read("/progress?level=district", api.token(OWN_REGENCY))
    whole = given["whole"]
    assert whole["signups"] == 9
    assert whole["men"] + whole["women"] == 42
    counted = ("reached", "confirmed", "planned", "not_planned")
    assert sum(whole[name] for name in counted) == whole["villages"] == 54
    for name in (*counted, "villages", "signups", "informal_workers"):
        assert sum(row[name] for row in given["items"]) == whole[name]
    rates = whole["rates"]
    for name in ("informal_workers", "vulnerable_workers", "informal_covered"):
        expected = round(1000 * 9 / whole[name], 3)
        assert rates[f"signups_per_1000_{name}"] == expected > 0
    assert rates["reached_per_village"] == whole["reached"] / 54


def test_each_figure_has_its_source_and_date(api: Api) -> None:
    token = api.token(OWN_REGENCY)
    sources = {one["figure"]: one for one in api.read("/progress", token)["sources"]}
    for name in ESTIMATES:
        assert sources[name]["is_estimate"]
        assert sources[name]["source"]
        assert sources[name]["as_of"]
    assert sources["signups"]["as_of"] == "2026-11-04"
    assert not sources["signups"]["is_estimate"]


def test_what_was_counted_in_a_village_stands_in_place_of_the_estimate(api: Api) -> None:
    count = Count(OWN_VILLAGE, Figure.VULNERABLE, 123, NOW.date(), "Dinas Sosial")
    with unit_of_work(api.engine) as db:
        note_counts(db, [count])
    first, second, *_ = api.read("/villages", api.token(OWN_REGENCY))["items"]
    assert first["code"] == OWN_VILLAGE
    assert first["vulnerable_workers"] == 123
    assert first["counted"] == [
        {
            "figure": "vulnerable_workers",
            "source": "Dinas Sosial",
            "as_of": NOW.date().isoformat(),
            "is_estimate": False,
        }
    ]
    assert second["counted"] == []
    assert (first["state"], first["signups"]) == ("reached", 9)


def test_a_session_is_told_in_counts(api: Api) -> None:
    (session,) = api.read("/sessions", api.token(OWN_REGENCY))["items"]
    assert session["id"] == api.world.own["report_id"]
    assert session["by_work"] == [
        {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 9}
    ]
    assert (session["men"], session["women"], session["paid"]) == (18, 24, None)


def test_weeks_are_whole_and_without_a_gap(api: Api) -> None:
    (whole,) = api.read("/weeks?from=2026-10-28&until=2026-11-10", api.token())["items"]
    assert [(week["monday"], week["signups"]) for week in whole["weeks"]] == [
        ("2026-10-26", 0),
        ("2026-11-02", 18),
        ("2026-11-09", 0),
    ]
    items = api.read("/weeks?from=2026-11-02&until=2026-11-08&level=regency", api.token())["items"]
    assert [(one["code"], one["weeks"][0]["signups"]) for one in items] == [
        (FOREIGN_REGENCY, 9),
        (OWN_REGENCY, 9),
    ]


def test_the_filters_of_days_and_of_work_hold(api: Api) -> None:
    token = api.token(OWN_REGENCY)
    day = "2026-11-04"
    assert [v["day"] for v in api.read(f"/visits?from={day}&until={day}", token)["items"]] == [day]
    assert {v["day"] > day for v in api.read("/visits?from=2026-11-05", token)["items"]} == {True}
    assert {v["work"] for v in api.read("/visits?work=done", token)["items"]} == {"done"}
    assert api.read("/sessions?from=2026-11-05", token)["items"] == []
    assert {v["kind"] for v in api.read("/villages?kind=desa", api.token())["items"]} == {"desa"}


def test_corrected_reports_are_told_no_more(api: Api) -> None:
    with unit_of_work(api.engine) as db:
        report = db.get_one(SessionReport, api.world.own["report_id"])
        report.corrected_by = api.world.foreign["report_id"]
    assert api.read("/sessions", api.token(OWN_REGENCY))["items"] == []


def test_no_answer_names_a_person_or_how_to_reach_one(api: Api) -> None:
    with unit_of_work(api.engine) as db:
        for team in db.exec(select(Team)):
            team.phone = "+6281234567890"
        report = db.get_one(SessionReport, api.world.own["report_id"])
        report.place, report.remarks = "Rumah Pak Darmo", "Pak Darmo 081298765432"
        names = [one.name for one in db.exec(select(Account))]
        officials = list(db.exec(select(Official)))
        names += [one.name for one in officials]
        names += [name for team in db.exec(select(Team)) for name in team.members]
        for one in officials:
            one.phone, one.email = "+6281311112222", "lurah@desa.id"
    assert len(set(names)) > 6
    token = api.token()
    for path in PATHS:
        told = api.ask(path, token).get_data(as_text=True)
        assert not [name for name in (*names, "Darmo") if name in told], path
        assert "@" not in told, path
        assert not re.search(r"\+?628\d{6}|\b08\d{8}", told), path


def test_the_village_of_another_branch_is_in_no_list(api: Api) -> None:
    token = api.token(OWN_VILLAGE)
    assert [v["code"] for v in api.read("/villages", token)["items"]] == [OWN_VILLAGE]
    assert {v["village_code"] for v in api.read("/visits", token)["items"]} == {OWN_VILLAGE}
    assert api.ask(f"/visits?area={FOREIGN_VILLAGE}", token).status_code == 404
    # A stage is its branch's, of which this token reads no whole regency.
    assert api.read("/stages", token)["items"] == []
