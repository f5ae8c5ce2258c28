"""Before reports with something to check are approved together, a page names it and asks."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, SessionReport
from outreach.visits.lifecycle import approve
from outreach.visits.tables import Visit, Work
from outreach.web.coordinator_reviews import DecideIn
from tests.web.planned import Planned, coordinator, words_of
from tests.web.test_reviews import (
    AFTERWARDS,
    REPORTED,
    _told,
    boxes,
    decide,
    flashed,
    pair,
    works,
)
from tests.web.test_reviews import client as client  # noqa: PLC0414 - the fixtures
from tests.web.test_reviews import reported as reported  # noqa: PLC0414 - as above

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

DONE, APPROVED = Work.DONE, Work.APPROVED
STRANGE, DISPUTED = 1, 4  # which of those reported


@pytest.fixture
def disputed(app: Flask, world: World, planned: Planned, reported: list[Visit]) -> list[Visit]:
    """The visits reported, of one of which somebody else tells other numbers."""
    other = {**_told(0, reported[DISPUTED]), "men": 40, "women": 41}
    with unit_of_work(planned.engine) as db:
        (answer,) = take_in(db, [other], coordinator(app, world), AFTERWARDS)
        assert answer.outcome.value == "conflict"
    return reported


def form_of(answer: Any) -> dict[str, Any]:
    """What the page that asks sends back, whichever button is pressed."""
    html = answer.get_data(as_text=True)
    assert 'name="how"' in html, "nothing was asked"
    form: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html):
        form.setdefault(name, []).append(unescape(value))
    return form


def press(client: Visitor, answer: Any, how: str) -> Any:
    return client.send("/reviews", {**form_of(answer), "how": how})


def picked(visits: list[Visit]) -> list[str]:
    return [pair(visit) for visit in visits]


def test_what_tells_nothing_unusual_is_approved_without_a_question(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    clean = [visit for n, visit in enumerate(disputed) if n not in (STRANGE, DISPUTED)]
    assert decide(client, *picked(clean)).status_code == 303
    assert works(planned, clean) == [APPROVED] * len(clean)


@pytest.mark.parametrize("which", ["ticked", "fitting"])
def test_the_page_names_each_sign_and_each_dispute_and_approves_nothing(
    client: Visitor, planned: Planned, disputed: list[Visit], which: str
) -> None:
    told = picked(disputed)
    answer = decide(client, *told, which=which, fitting=" ".join(told))
    assert answer.status_code == 200
    words = words_of(answer)
    assert f"Approve {REPORTED} reports?" in words
    assert "2 reports have something to check" in words
    assert "1 More sign-ups than people" in words
    assert "1 visit has another report that differs, and nobody has decided" in words
    assert f"Approve only the {REPORTED - 2} with nothing to check" in words
    with reading(planned.engine) as db:
        query = select(DisputedReport.id).where(DisputedReport.visit_id == disputed[DISPUTED].id)
        dispute_id = db.exec(query).one()
    html = answer.get_data(as_text=True)
    assert f'href="/disputes/{dispute_id}"' in html
    hows = re.findall(r'name="how" value="(\w+)"', html)
    assert hows == ["clean", "back", "all"]
    assert works(planned, disputed) == [DONE] * REPORTED


@pytest.mark.parametrize("which", ["ticked", "fitting"])
def test_only_those_with_nothing_to_check_are_approved_by_the_first_choice(
    client: Visitor, planned: Planned, disputed: list[Visit], which: str
) -> None:
    told = picked(disputed)
    answer = decide(client, *told, which=which, fitting=" ".join(told))
    assert press(client, answer, "clean").status_code == 303
    assert f"{REPORTED - 2} reports are approved." in flashed(client)
    wanted = [DONE if n in (STRANGE, DISPUTED) else APPROVED for n in range(REPORTED)]
    assert works(planned, disputed) == wanted


def test_all_are_approved_all_the_same_by_the_last_choice(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    answer = decide(client, *picked(disputed))
    assert press(client, answer, "all").status_code == 303
    assert works(planned, disputed) == [APPROVED] * REPORTED


def test_back_leads_to_the_list_with_the_same_ticks(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    ticks = picked(disputed[:3])
    back = press(client, decide(client, *ticks), "back")
    html = back.get_data(as_text=True)
    assert {one for one in boxes(back) if re.search(rf'value="{one}" checked', html)} == set(ticks)
    assert works(planned, disputed) == [DONE] * REPORTED


@pytest.mark.parametrize("how", ["clean", "all"])
def test_what_somebody_changed_since_the_page_asked_is_left_out(
    client: Visitor,
    app: Flask,
    world: World,
    planned: Planned,
    disputed: list[Visit],
    how: str,
) -> None:
    answer = decide(client, *picked(disputed))
    by = coordinator(app, world)
    with unit_of_work(planned.engine) as db:
        first = db.exec(select(SessionReport).where(SessionReport.visit_id == disputed[0].id)).one()
        again = {**_told(0, disputed[0]), "signups": 5, "corrects_id": first.id}
        take_in(db, [again], by, AFTERWARDS)
        approve(db, disputed[2].id or 0, version=disputed[2].version, by=by, now=AFTERWARDS)
    assert press(client, answer, how).status_code == 303
    assert "2 reports were left out" in flashed(client)
    assert works(planned, disputed)[:4:2] == [DONE, APPROVED]
    assert works(planned, disputed)[DISPUTED] is (DONE if how == "clean" else APPROVED)


@pytest.mark.parametrize("how", ["clean", "all"])
def test_a_sign_that_came_since_the_page_asked_is_asked_about_anew(
    client: Visitor, planned: Planned, disputed: list[Visit], how: str
) -> None:
    answer = decide(client, *picked(disputed))
    with unit_of_work(planned.engine) as db:  # as a neighbour's report does: no visit changes
        query = select(SessionReport).where(SessionReport.visit_id == disputed[0].id)
        db.exec(query).one().flags = ["copied_counts"]
    again = press(client, answer, how)
    assert "Something to check has come since you were asked." in words_of(again)
    assert "Same counts again" in words_of(again)
    assert works(planned, disputed) == [DONE] * REPORTED
    assert press(client, again, "all").status_code == 303
    whole = REPORTED - 2 if how == "clean" else REPORTED
    assert works(planned, disputed).count(APPROVED) == whole


def test_nothing_is_asked_about_what_was_changed_since_it_was_ticked(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    with unit_of_work(planned.engine) as db:
        db.get_one(Visit, disputed[STRANGE].id).version += 1
    assert decide(client, *picked(disputed[:2])).status_code == 303
    told = flashed(client)
    assert "1 report is approved." in told
    assert "1 report was left out" in told


def test_a_further_sign_of_one_that_was_named_is_asked_about_anew(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    answer = decide(client, *picked(disputed))
    with unit_of_work(planned.engine) as db:
        query = select(SessionReport).where(SessionReport.visit_id == disputed[STRANGE].id)
        stored = db.exec(query).one()
        stored.flags = [*stored.flags, "copied_counts"]
    assert "has come since you were asked" in words_of(press(client, answer, "all"))
    assert works(planned, disputed) == [DONE] * REPORTED


def test_a_dispute_that_came_since_the_page_asked_is_asked_about_anew(
    client: Visitor, app: Flask, world: World, planned: Planned, disputed: list[Visit]
) -> None:
    answer = decide(client, *picked(disputed))
    third = {**_told(0, disputed[DISPUTED]), "men": 50, "women": 51}
    with unit_of_work(planned.engine) as db:
        take_in(db, [third], coordinator(app, world), AFTERWARDS)
    assert "has come since you were asked" in words_of(press(client, answer, "all"))
    assert works(planned, disputed) == [DONE] * REPORTED


def test_where_all_have_something_to_check_going_back_is_the_first_choice(
    client: Visitor, disputed: list[Visit]
) -> None:
    answer = decide(client, pair(disputed[STRANGE]))
    assert "None of them is without something to check." in words_of(answer)
    html = answer.get_data(as_text=True)
    assert re.findall(r'name="how" value="(\w+)"', html) == ["back", "all"]


def test_sending_back_asks_nothing(
    client: Visitor, planned: Planned, disputed: list[Visit]
) -> None:
    answer = decide(client, *picked(disputed), act="sent_back", reason="Mohon dicek.")
    assert answer.status_code == 303
    assert works(planned, disputed) == [Work.SENT_BACK] * REPORTED


def test_a_disputed_report_stands_among_those_to_check(
    client: Visitor, disputed: list[Visit]
) -> None:
    flagged = client.get("/reviews?flags=flagged&stage=Tahap+1")
    assert set(boxes(flagged)) == {pair(disputed[STRANGE]), pair(disputed[DISPUTED])}
    assert "Another report differs" in words_of(flagged)
    assert pair(disputed[DISPUTED]) not in boxes(client.get("/reviews?flags=clean"))


def test_as_many_as_are_decided_at_once_fit_into_the_page_that_asks() -> None:
    pairs = " ".join(f"{999_999_999 - n}:{999_999_999}" for n in range(500))
    known = " ".join(f"{999_999_999 - n}:{'a' * 12}" for n in range(500))
    form = {"act": "approved", "which": "fitting", "fitting": pairs, "clean": pairs}
    assert len(DecideIn.model_validate({**form, "known": known}).seen) == 500
