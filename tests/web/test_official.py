"""The official's pages: what is next, the report of a session, and what was stored of it."""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import func, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import DisputedReport, SessionReport, SignUp
from outreach.people.access import person_of
from outreach.people.tables import Branch, Role, Team
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Happening, Visit, Work
from outreach.web.our_page import OUR_PAGE

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

FORM = {
    "met": "held",
    "held_on": "2026-11-18",
    "held_at": "09:00",
    "place": "Balai kelurahan",
    "men": "20",
    "women": "22",
    "signups": "7",
    "details.0.sector": "trader",
    "details.0.package": "jkk_jkm",
    "details.0.payer": "self",
    "details.0.workers": "7",
    "details.1.sector": "",
    "remarks": "Ramai\r\nsekali",
}


@pytest.fixture
def official(login_as: LogIn) -> Visitor:
    return login_as(Role.OFFICIAL)


def form_of(client: Visitor, world: World) -> dict[str, str]:
    """Open the form as a person does: the report's id is in it."""
    page = client.get(f"/my/visits/{world.own['visit_id']}/report").text
    found = re.search(r'name="id" value="([^"]+)"', page)
    assert found
    uuid.UUID(found[1])
    return {**FORM, "id": found[1]}


def save(client: Visitor, world: World, form: dict[str, str]) -> Any:
    return client.send(f"/my/visits/{world.own['visit_id']}/report", form)


def stored(app: Flask, world: World) -> list[SessionReport]:
    with reading(app.extensions["outreach"].engine) as db:
        of_visit = SessionReport.visit_id == world.own["visit_id"]
        return list(db.exec(select(SessionReport).where(of_visit)))


def test_the_first_page_shows_the_next_visit_and_what_was_reported(official: Visitor) -> None:
    page = official.get("/my").text
    assert "Kepatihan" in page or "33.72.01.1001" in page
    assert "WIB" in page
    assert "Balai" not in page
    assert page.count('class="sheet visit"') == 1
    assert page.count('class="sheet reported"') == 1


def test_the_first_load_stays_small(official: Visitor, app: Flask) -> None:
    pages = official.get("/my").data, form_page(official)
    assets = {address for page in pages for address in re.findall(rb'/static/[^"]+', page)}
    sizes = [len(gzip.compress(page)) for page in pages]
    packed = {"Accept-Encoding": "gzip, br"}
    for address in assets:
        with official.get(address.decode(), headers=packed) as answer:
            sizes.append(len(answer.data))
    assert len(assets) >= 4
    assert sum(sizes) < 60_000


def form_page(client: Visitor) -> bytes:
    address = re.search(r"/my/visits/\d+/report", client.get("/my").text)
    assert address
    return bytes(client.get(address[0]).data)


def test_a_report_is_stored_and_shown_as_it_is_stored(
    official: Visitor, world: World, app: Flask
) -> None:
    answer = save(official, world, form_of(official, world))
    assert answer.status_code == 303
    (report,) = stored(app, world)
    assert (report.men, report.women, report.signups) == (20, 22, 7)
    assert report.remarks == "Ramai\nsekali"
    page = official.get(answer.location).text
    assert f"{report.fingerprint[:4]}-{report.fingerprint[4:8]}".upper() in page
    with reading(app.extensions["outreach"].engine) as db:
        assert db.get_one(Visit, world.own["visit_id"]).work is Work.DONE


def test_a_form_sent_twice_counts_once(official: Visitor, world: World, app: Flask) -> None:
    form = form_of(official, world)
    first, second = save(official, world, form), save(official, world, form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location.endswith("saved=accepted")
    assert second.location.endswith("saved=duplicate")
    assert len(stored(app, world)) == 1
    with reading(app.extensions["outreach"].engine) as db:
        of_report = SignUp.report_id == form["id"]
        assert db.exec(select(func.sum(SignUp.workers)).where(of_report)).one() == 7


def test_the_same_form_with_other_numbers_is_a_conflict(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world)
    save(official, world, form)
    answer = save(official, world, {**form, "men": "99"})
    assert answer.status_code == 409
    assert 'value="99"' in answer.text
    assert stored(app, world)[0].men == 20


def test_what_was_typed_after_the_report_was_stored_becomes_its_correction(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world)
    save(official, world, form)
    page = save(official, world, {**form, "men": "99"}).text
    assert f'href="/my/reports/{form["id"]}"' in page
    assert f'name="corrects_id" value="{form["id"]}"' in page
    assert 'value="99"' in page
    assert re.search(r'<p class="hint">[^<]*: 20</p>', page)
    new_id = re.search(r'name="id" value="([^"]+)"', page)
    assert new_id
    correction = {**form, "men": "99", "id": new_id[1], "corrects_id": form["id"]}
    assert save(official, world, correction).status_code == 303
    assert {(row.men, row.corrected_by) for row in stored(app, world)} == {
        (20, new_id[1]),
        (99, None),
    }


def test_what_the_person_at_the_page_decides_is_not_kept_for_another_to_decide(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world)
    save(official, world, form)
    assert save(official, world, {**form, "men": "99"}).status_code == 409
    with reading(app.extensions["outreach"].engine) as db:
        of_visit = DisputedReport.visit_id == world.own["visit_id"]
        assert db.exec(select(DisputedReport).where(of_visit)).all() == []


def test_paid_and_the_length_are_stored_shown_and_corrected(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world) | {"paid": "3", "minutes": "95"}
    page = official.get(save(official, world, form).location).text
    (report,) = stored(app, world)
    assert (report.paid, report.minutes) == (3, 95)
    assert re.search(r"<dt>[^<]*</dt><dd>3</dd>", page)
    assert "95" in page
    again = official.get(f"/my/reports/{form['id']}/correct").text
    assert re.search(r'name="paid" value="3"', again)
    assert re.search(r'name="minutes" value="95"', again)


def test_what_nobody_knows_is_not_zero(official: Visitor, world: World, app: Flask) -> None:
    save(official, world, form_of(official, world) | {"paid": "", "minutes": ""})
    (report,) = stored(app, world)
    assert (report.paid, report.minutes) == (None, None)


def test_a_report_sent_back_says_why(official: Visitor, world: World, app: Flask) -> None:
    form = form_of(official, world)
    where = save(official, world, form).location
    waits = official.get(where).text
    with unit_of_work(app.extensions["outreach"].engine) as db:
        by = person_of(db, world.accounts[Role.COORDINATOR][0])
        assert by
        version = db.get_one(Visit, world.own["visit_id"]).version
        told: dict[str, Any] = {"version": version, "by": by, "now": datetime.now(UTC)}
        why = "Jumlah laki-laki keliru"
        turn(db, world.own["visit_id"], Happening.SENT_BACK, reason=why, **told)
    page = official.get(where).text
    assert "Jumlah laki-laki keliru" in page
    assert "Jumlah laki-laki keliru" in official.get("/my").text
    assert "Jumlah laki-laki keliru" not in waits
    review = re.compile(r"<dt>(?:Review|Pemeriksaan)</dt><dd>([^<]+)</dd>")
    before, after = review.search(waits), review.search(page)
    assert before
    assert after
    assert before[1] != after[1]


def test_the_pages_without_a_script_lead_to_the_phone_s_page(official: Visitor) -> None:
    page = official.get("/my").text
    assert 'href="/phone/"' in page
    assert 'href="/f"' in page


def test_what_can_no_longer_be_corrected_is_shown_but_not_offered_for_correction(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world)
    save(official, world, form)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.CANCELLED
    answer = save(official, world, {**form, "men": "99"})
    assert answer.status_code == 409
    assert f'href="/my/reports/{form["id"]}"' in answer.text
    assert "corrects_id" not in answer.text


def test_a_visit_that_waits_for_a_yes_names_whom_to_call(
    official: Visitor, world: World, app: Flask
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.AWAITING
    page = official.get("/my").text
    waiting = re.search(r'<p class="waiting">(.*?)</p>', page, re.DOTALL)
    assert waiting
    with reading(app.extensions["outreach"].engine) as db:
        team = db.get_one(Team, world.own["team_id"])
        assert team.name in waiting[1]
        assert db.get_one(Branch, team.branch_id).name in waiting[1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"men": "-1"}, "men"),
        ({"men": "many"}, "men"),
        ({"men": "", "women": "", "signups": "", "details.0.workers": ""}, "men"),
        ({"signups": "8"}, "signups"),
        ({"paid": "8"}, "paid"),
        ({"paid": "-1"}, "paid"),
        ({"minutes": "0"}, "minutes"),
        ({"held_on": "2999-01-01"}, "held_on"),
        ({"held_at": "later"}, "held_at"),
        ({"remarks": "NIK 3372014107800001"}, "remarks"),
        ({"details.0.workers": "0"}, "details.0.workers"),
        ({"met": "refused"}, "met"),
        ({"id": ""}, "id"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_what_was_typed_stays(
    official: Visitor, world: World, app: Flask, change: dict[str, str], field: str
) -> None:
    form = form_of(official, world) | change
    if "details.0.workers" in change and not change["details.0.workers"]:
        form = {name: value for name, value in form.items() if not name.startswith("details")}
    answer = save(official, world, form)
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert 'value="Balai kelurahan"' in answer.text
    assert stored(app, world) == []


def test_a_village_where_nobody_was_met_is_reported_with_zeros(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world) | {"met": "not_met", "men": "", "women": "", "signups": ""}
    form = {name: value for name, value in form.items() if not name.startswith("details")}
    assert save(official, world, form).status_code == 303
    assert stored(app, world)[0].result == "not_met"


def test_a_correction_starts_from_what_was_stored_and_takes_its_place(
    official: Visitor, world: World, app: Flask
) -> None:
    form = form_of(official, world)
    save(official, world, form)
    page = official.get(f"/my/reports/{form['id']}/correct").text
    assert 'value="20"' in page
    assert "Balai kelurahan" in page
    assert '<option value="trader" selected>' in page
    new_id = re.search(r'name="id" value="([^"]+)"', page)
    assert new_id
    assert new_id[1] != form["id"]
    correction = {**form, "id": new_id[1], "corrects_id": form["id"], "men": "25"}
    assert save(official, world, correction).status_code == 303
    old = official.get(f"/my/reports/{form['id']}").text
    assert f"/my/reports/{new_id[1]}" in old
    assert f"/my/reports/{form['id']}/correct" not in old
    other = {**correction, "men": "26"}
    assert save(official, world, {**other, "id": str(uuid.uuid4())}).status_code == 409
    same = save(official, world, {**correction, "id": str(uuid.uuid4())})
    assert same.location.endswith(f"/my/reports/{new_id[1]}?saved=duplicate")
    assert len(stored(app, world)) == 2


def test_a_reported_visit_leads_to_its_report(official: Visitor, world: World) -> None:
    form = form_of(official, world)
    save(official, world, form)
    again = official.get(f"/my/visits/{world.own['visit_id']}/report")
    assert again.location.endswith(f"/my/reports/{form['id']}")
    # Another form of the same visit, opened before: it must not count on top.
    other = {**form, "id": str(uuid.uuid4()), "men": "21"}
    assert save(official, world, other).status_code == 409
    same = save(official, world, {**form, "id": str(uuid.uuid4())})
    assert same.location.endswith(f"/my/reports/{form['id']}?saved=duplicate")


def test_a_proposal_is_not_reported_by_the_official_but_what_was_told_is_kept(
    official: Visitor, login_as: LogIn, world: World, app: Flask
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.PROPOSED
    address = f"/my/visits/{world.own['visit_id']}/report"
    assert official.get(address).status_code == 409
    answer = official.send(address, {**FORM, "id": str(uuid.uuid4())})
    assert answer.status_code == 200
    assert "alert-warning" in answer.text
    assert stored(app, world) == []
    assert login_as(Role.COORDINATOR).get(address).status_code == 200


def test_a_coordinator_types_a_paper_report(login_as: LogIn, world: World, app: Flask) -> None:
    coordinator = login_as(Role.COORDINATOR)
    assert save(coordinator, world, form_of(coordinator, world)).status_code == 303
    assert stored(app, world)[0].reported_by == world.accounts[Role.COORDINATOR][0]


def test_what_people_typed_is_shown_as_text(official: Visitor, world: World) -> None:
    form = form_of(official, world) | {"remarks": "<script>alert(1)</script>", "place": '"><b>'}
    page = official.get(save(official, world, form).location).text
    assert "<script>alert" not in page
    assert '"><b>' not in page


def post(client: Visitor, body: Any) -> Any:
    return client.post("/api/v1/reports", json=body, headers=dict((OUR_PAGE,)))


def told(world: World, **other: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "visit_id": world.own["visit_id"],
        "held_on": "2026-11-18",
        "held_at": "09:00",
        "men": 3,
        "women": 4,
        "signups": 1,
        **other,
    }


def test_a_phone_gets_an_answer_for_each_report(official: Visitor, world: World) -> None:
    one = told(world)
    foreign = told(world, visit_id=world.foreign["visit_id"])
    wrong = told(world, men=-1)
    answer = post(official, {"reports": [one, foreign, wrong, one, "?"]})
    assert answer.status_code == 200
    answers = answer.get_json()["answers"]
    assert [a["outcome"] for a in answers] == [
        "accepted",
        "rejected",
        "rejected",
        "duplicate",
        "rejected",
    ]
    assert [a["id"] for a in answers] == [one["id"], foreign["id"], wrong["id"], one["id"], ""]
    assert answers[1]["reason"] == "not_found"
    assert set(answers[2]["words"]) == {"men"}


@pytest.mark.parametrize("body", [None, 7, "x", {}, {"reports": {}}, [{}] * 101])
def test_what_is_no_list_of_reports_is_refused_as_json(official: Visitor, body: Any) -> None:
    answer = post(official, body)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "invalid"


@pytest.mark.parametrize("header", [None, "XMLHttpRequest"])
def test_what_another_site_sends_is_refused(
    official: Visitor, world: World, header: str | None
) -> None:
    told_by = {"X-CSRFToken": official.token()} | ({OUR_PAGE[0]: header} if header else {})
    answer = official.post("/api/v1/reports", json=[told(world)], headers=told_by)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "not_from_our_page")
