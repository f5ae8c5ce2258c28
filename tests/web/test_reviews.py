"""The page on which reports are judged together: filters, signs, approving, sending back."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import Evidence, SessionReport
from outreach.people.tables import Role
from outreach.visits.lifecycle import approve
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from outreach.web import coordinator_reviews
from outreach.web.coordinator_reviews import COMMON_REASONS
from outreach.web.report_words import FLAG_MARKS, FLAG_WORDS
from tests.web.planned import Planned, coordinator, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

AFTERWARDS = datetime(2026, 12, 20, 4, tzinfo=UTC)
REPORTED = 6


@pytest.fixture
def client(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.COORDINATOR)


@pytest.fixture
def reported(app: Flask, world: World, planned: Planned) -> list[Visit]:
    """Visits of the plan that were held; the second is told strangely."""
    visits = planned.visits()[:REPORTED]
    items = [_told(number, visit) for number, visit in enumerate(visits)]
    with unit_of_work(planned.engine) as db:
        answers = take_in(db, items, coordinator(app, world), AFTERWARDS)
    assert {one.outcome.value for one in answers} == {"accepted"}
    return [planned.visit(visit.id) for visit in visits]


def _told(number: int, visit: Visit) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "visit_id": visit.id,
        "held_on": visit.day.isoformat(),
        "held_at": visit.starts_at.isoformat(timespec="minutes"),
        "men": 20 + number,
        "women": 22,
        "signups": 61 if number == 1 else 7,
        "paid": 3,
        "minutes": 61,
        "remarks": "Hujan deras" if number == 2 else "",
    }


def listed(client: Visitor, query: str = "") -> list[str]:
    """The visits of a list with their versions, as the boxes have them."""
    return boxes(client.get(f"/reviews?{query}"))


def boxes(answer: object) -> list[str]:
    html: str = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    return re.findall(r'name="visits" value="([^"]+)"', html)


def pair(visit: Visit) -> str:
    return f"{visit.id}:{visit.version}"


def works(planned: Planned, visits: list[Visit]) -> list[Work]:
    return [planned.visit(visit.id).work for visit in visits]


def decide(client: Visitor, *picks: str, query: str = "", **form: Any) -> Any:
    told = {"act": "approved", "which": "ticked", "visits": list(picks), **form}
    return client.send(f"/reviews?{query}", told)


def flashed(client: Visitor) -> str:
    return words_of(client.get("/reviews"))


def test_every_report_that_waits_stands_there_with_its_numbers(
    client: Visitor, world: World, reported: list[Visit]
) -> None:
    html = words_of(client.get("/reviews"))
    assert len(listed(client)) == REPORTED + 1  # and the one of the stage before
    assert "20 men, 22 women" in html
    assert "7 3 paid" in html
    assert "61 min" in html
    assert "“Hujan deras”" in html
    assert re.search(r"7 3 paid [\d.]+% of an estimated [\d,]+", html)


def test_what_is_to_be_checked_comes_first_unless_asked_otherwise(
    client: Visitor, reported: list[Visit]
) -> None:
    own = listed(client, "stage=Tahap+1")
    assert own[0] == pair(reported[1])
    assert listed(client, "stage=Tahap+1&order=oldest")[0] != pair(reported[1])
    assert listed(client, "stage=Tahap+1&flags=flagged") == [pair(reported[1])]
    assert pair(reported[1]) not in listed(client, "flags=clean")
    assert "More sign-ups than people" in words_of(client.get("/reviews?flags=flagged"))


def test_filters_stand_in_the_address_and_are_kept(client: Visitor, reported: list[Visit]) -> None:
    assert listed(client, "text=hujan") == [pair(reported[2])]
    assert listed(client, f"text={reported[3].village_code}") == [pair(reported[3])]
    assert listed(client, "stage=Tahap+0") != []
    assert set(listed(client, "stage=Tahap+1")) == {pair(visit) for visit in reported}
    assert listed(client, "team=Nobody") == []
    assert listed(client, "page=many&order=never") == listed(client)
    html = client.get("/reviews?text=hujan&flags=clean").get_data(as_text=True)
    action = re.search(r'method="post" action="(/reviews[^"]*)"', html)
    assert action is not None
    answer = decide(client, pair(reported[2]), query=unescape(action[1]).partition("?")[2])
    assert answer.status_code == 303
    assert "text=hujan" in answer.location
    assert "flags=clean" in answer.location


def test_those_ticked_are_approved_and_no_others(
    client: Visitor, planned: Planned, reported: list[Visit]
) -> None:
    picks = [pair(visit) for visit in (reported[0], reported[2])]
    assert decide(client, *picks).status_code == 303
    assert "2 reports are approved." in flashed(client)
    approved = [Work.APPROVED, Work.DONE, Work.APPROVED]
    assert works(planned, reported) == approved + [Work.DONE] * (REPORTED - 3)
    assert len(listed(client)) == REPORTED - 1


def test_the_whole_list_is_approved_with_the_versions_it_was_shown_with(
    client: Visitor, app: Flask, world: World, planned: Planned, reported: list[Visit]
) -> None:
    html = client.get("/reviews?stage=Tahap+1&flags=clean").get_data(as_text=True)
    fitting = re.search(r'name="fitting" value="([^"]+)"', html)
    assert fitting is not None
    late, by = reported[4], coordinator(app, world)
    with unit_of_work(planned.engine) as db:
        approve(db, late.id or 0, version=late.version, by=by, now=AFTERWARDS)
    decide(client, which="fitting", fitting=fitting[1])
    told = flashed(client)
    assert f"{REPORTED - 2} reports are approved." in told
    assert "1 report was left out, for somebody else changed or decided it meanwhile." in told
    clean = [visit for visit in reported if visit != reported[1]]
    assert works(planned, clean) == [Work.APPROVED] * len(clean)
    with reading(planned.engine) as db:
        query = select(VisitEvent.visit_id).where(VisitEvent.happening == Happening.APPROVED)
        assert sorted(db.exec(query)) == sorted(visit.id or 0 for visit in clean)


def test_reports_are_sent_back_with_one_reason_that_their_officials_read(
    client: Visitor, planned: Planned, reported: list[Visit]
) -> None:
    why = {"act": "sent_back", "common": COMMON_REASONS[0], "reason": "Lihat daftar hadir."}
    decide(client, *(pair(visit) for visit in reported[:3]), **why)
    assert "3 reports are sent back." in flashed(client)
    assert works(planned, reported[:3]) == [Work.SENT_BACK] * 3
    with reading(planned.engine) as db:
        query = select(VisitEvent.reason).where(VisitEvent.happening == Happening.SENT_BACK)
        assert set(db.exec(query)) == {f"{COMMON_REASONS[0]} Lihat daftar hadir."}
    shown = words_of(client.get(f"/visits/{reported[0].id}"))
    assert "Lihat daftar hadir." in shown


def test_without_a_reason_nothing_is_sent_back_and_the_ticks_stay(
    client: Visitor, planned: Planned, reported: list[Visit]
) -> None:
    for made_up in ({}, {"common": "Made up by somebody"}):
        answer = decide(client, pair(reported[0]), act="sent_back", **made_up)
        assert answer.status_code == 422
        html = answer.get_data(as_text=True)
        assert re.search(rf'value="{pair(reported[0])}" checked', html)
        assert "reason-problem" in html
    assert works(planned, reported) == [Work.DONE] * REPORTED


@pytest.mark.parametrize(
    "form",
    [
        {"visits": []},
        {"visits": ["12"]},
        {"visits": ["1:2:3"]},
        {"visits": ["1:99999999999999999999"]},
        {"visits": ["²:1"]},
        {"which": "fitting", "fitting": "drop table"},
        {"which": "fitting", "fitting": ""},
        {"which": "fitting", "fitting": "1:1 " * 20_000},
        {"visits": ["1:1"] * 501},
        {"act": "cancelled"},
        {"which": "everything"},
    ],
)
def test_what_the_page_has_not_written_is_refused_in_words(
    client: Visitor, planned: Planned, reported: list[Visit], form: dict[str, Any]
) -> None:
    told = {"visits": [pair(reported[0])], **form}
    answer = decide(client, **told)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert works(planned, reported) == [Work.DONE] * REPORTED


def test_foreign_and_missing_visits_are_left_out_alike(
    client: Visitor, world: World, planned: Planned, reported: list[Visit]
) -> None:
    with reading(planned.engine) as db:
        foreign = db.get_one(SessionReport, world.foreign["report_id"]).visit_id
    version = planned.visit(foreign).version
    decide(client, f"{foreign}:{version}", "999999:1", pair(reported[0]))
    told = flashed(client)
    assert "1 report is approved." in told
    assert "2 reports were left out" in told
    assert planned.visit(foreign).work is Work.DONE
    assert all(not one.startswith(f"{foreign}:") for one in listed(client))


def test_pictures_of_the_session_stand_beside_its_numbers_until_they_are_erased(
    client: Visitor, world: World, planned: Planned
) -> None:
    picture = f"/evidence/{world.own['evidence_id']}"
    assert f'src="{picture}"' in client.get("/reviews").get_data(as_text=True)
    assert client.get(picture).status_code == 200
    with unit_of_work(planned.engine) as db:
        db.get_one(Evidence, world.own["evidence_id"]).content = b""
    assert "/evidence/" not in client.get("/reviews").get_data(as_text=True)


def test_a_correction_says_what_it_was_before(
    app: Flask, client: Visitor, world: World, planned: Planned, reported: list[Visit]
) -> None:
    by = coordinator(app, world)
    with unit_of_work(planned.engine) as db:
        query = select(SessionReport).where(SessionReport.visit_id == reported[0].id)
        first = db.exec(query).one()
        again = {**_told(0, reported[0]), "signups": 4, "corrects_id": first.id}
        (answer,) = take_in(db, [again], by, AFTERWARDS)
        assert answer.outcome.value == "accepted"
    assert pair(reported[0]) not in listed(client)  # what was shown before is stale
    page = words_of(client.get("/reviews"))
    assert "4 3 paid corrected, was 7" in page
    assert page.count("corrected, was") == 1  # what stayed as it was is not said to be corrected


def test_a_correction_keeps_the_signs_that_it_cannot_answer(
    app: Flask, client: Visitor, world: World, planned: Planned
) -> None:
    by, visit = coordinator(app, world), planned.visits()[0]
    far = {**_told(0, visit), "latitude": -6.2, "longitude": 106.8}
    with unit_of_work(planned.engine) as db:
        take_in(db, [far], by, AFTERWARDS, Sending(skew_seconds=900_000))
        again = {**_told(0, visit), "signups": 4, "corrects_id": far["id"]}
        (answer,) = take_in(db, [again], by, AFTERWARDS)
        assert answer.outcome.value == "accepted"
    html = words_of(client.get("/reviews?flags=flagged"))
    assert "Report before: far from the village Report before: clock wrong" in html


def test_the_desk_leads_to_the_reviews(client: Visitor, reported: list[Visit]) -> None:
    html = client.get("/desk").get_data(as_text=True)
    assert 'href="/reviews"' in html
    assert 'href="/reviews"' in client.get("/desk/review").get_data(as_text=True)


def test_a_branch_without_reports_is_told_so(
    client: Visitor, world: World, planned: Planned
) -> None:
    decide(client, *listed(client), act="sent_back", reason="Mohon dicek.")
    assert "No report waits for you." in words_of(client.get("/reviews"))
    assert "No report waits for you." in words_of(client.get("/reviews?text=nobody"))


@pytest.mark.parametrize("role", [Role.OFFICIAL, Role.MANAGER, Role.ADMIN])
def test_nobody_else_reviews(english: Callable[[Role], Visitor], role: Role) -> None:
    other = english(role)
    assert other.get("/reviews").status_code == 403
    assert decide(other, "1:1").status_code == 403


def test_every_sign_has_whole_words_and_short_ones() -> None:
    assert FLAG_WORDS.keys() == FLAG_MARKS.keys()


def test_a_list_too_long_to_be_read_whole_says_so(
    client: Visitor, reported: list[Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = words_of(client.get("/reviews"))
    assert "more follow" not in before
    whole = re.search(r"Reports to review \((\d+)\)", before)
    assert whole
    assert int(whole[1]) >= len(reported)
    monkeypatch.setattr(coordinator_reviews, "MOST_LOOKED_AT", 1)
    words = words_of(client.get("/reviews"))
    assert f"The 1 that wait longest are looked at here; {int(whole[1]) - 1} more follow" in words
