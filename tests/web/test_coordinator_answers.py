"""Links and answers on the coordinator's pages: copied, sent, typed in, told afterwards."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.links import token_of
from outreach.visits.tables import ConfirmationLink, Happening, Visit, Work
from tests.web.asked import KEY, Asked
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor


def test_the_coordinator_sees_the_link_copies_it_and_writes_to_the_official(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    page = english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}").text
    address = f"http://localhost/k/{asked.token}"
    assert f'value="{address}"' in page
    assert "https://wa.me/6281398765432?text=" in page
    assert address.replace(":", "%3A").replace("/", "%2F") in page


@pytest.mark.parametrize("role", [Role.MANAGER])
def test_who_does_not_plan_sees_neither_link_nor_phone(
    english: Callable[[Role], Visitor], asked: Asked, role: Role
) -> None:
    page = english(role).get(f"/visits/{asked.visit_id}").text
    assert asked.token not in page
    assert "98765432" not in page


def test_the_public_address_stands_in_links_when_it_is_set(
    app: Flask, asked: Asked, english: Callable[[Role], Visitor]
) -> None:
    running = app.extensions["outreach"]
    public = running.settings.model_copy(update={"public_url": "https://desa.example.id"})
    app.extensions["outreach"] = type(running)(public, running.engine)
    page = english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}").text
    assert f"https://desa.example.id/k/{asked.token}" in page


@pytest.mark.parametrize(
    "url", ["desa.example.id", "ftp://x", "javascript:alert(1)", "https://a:b@x", "https://x/?y=1"]
)
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, public_url=url)


def test_a_public_address_loses_its_last_slash() -> None:
    given = Settings(_env_file=None, public_url=" https://desa.example.id/petugas/ ")
    assert given.public_url == "https://desa.example.id/petugas"


def test_a_days_list_has_every_link_and_its_text_for_a_group_has_none(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    visit = asked.now()
    page = english(Role.COORDINATOR).get(f"/stages/{visit.stage_id}/ask?day={visit.day}")
    assert page.status_code == 200
    text = unescape(page.text.split('id="text"')[1].split("</textarea>")[0])
    assert f"http://localhost/k/{asked.token}" in page.text
    assert asked.village in text
    with unit_of_work(asked.engine) as db:
        same_day = db.exec(
            select(ConfirmationLink)
            .join(Visit, col(Visit.id) == col(ConfirmationLink.visit_id))
            .where(Visit.day == visit.day, Visit.stage_id == visit.stage_id)
        ).all()
        tokens = {token_of(one, KEY) for one in same_day if one.answered_at is None}
    assert len(tokens) > 1
    assert all(f"/k/{token}" in page.text for token in tokens)
    assert "/k/" not in text
    assert "98765432" not in text


@pytest.mark.parametrize("query", ["", "?team=1", "?day=2027-01-01", "?day=&team="])
def test_a_days_list_takes_any_day_and_team(
    english: Callable[[Role], Visitor], asked: Asked, query: str
) -> None:
    browser = english(Role.COORDINATOR)
    assert browser.get(f"/stages/{asked.now().stage_id}/ask{query}").status_code == 200
    assert browser.get(f"/stages/{asked.now().stage_id}/ask?day=x").status_code == 422


def _form(asked: Asked, **more: str) -> dict[str, str]:
    return {"version": str(asked.now().version), "channel": "phone", **more}


def test_an_answer_is_typed_in_with_its_way(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    place = asked.places()[0]
    told = _form(asked, answer="another_day", place=place, reason="hajatan")
    assert browser.send(f"/visits/{asked.visit_id}/answer", told).status_code == 303
    assert asked.now().day == date.fromisoformat(place.split(".")[1])
    words = words_of(browser.get(f"/visits/{asked.visit_id}"))
    assert "· Phone" in words
    assert "Si coordinator" in words


def test_a_call_in_vain_and_links_are_noted_by_their_buttons(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    base = f"/visits/{asked.visit_id}"
    assert browser.send(f"{base}/called", _form(asked)).status_code == 303
    assert asked.lines()[-1].happening is Happening.CALLED
    browser.send(f"{base}/link", {"act": "withdraw"})
    assert browser.get(asked.path).status_code == 410
    assert "There is no link to answer by." in words_of(browser.get(base))
    browser.send(f"{base}/link", {"act": "new"})
    (address,) = set(re.findall(r"http://localhost(/k/\w+)", browser.get(base).text))
    assert address != asked.path
    assert browser.get(address).status_code == 200


def test_what_is_wrong_with_a_typed_answer_is_said_and_nothing_is_lost(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    base = f"/visits/{asked.visit_id}"
    refused = browser.send(f"{base}/answer", _form(asked, answer="no"))
    assert refused.status_code == 422
    assert "Please fill this in." in words_of(refused)
    stale = browser.send(
        f"{base}/answer", {**_form(asked, answer="can", reason="ya"), "version": "9"}
    )
    assert stale.status_code == 409
    assert "ya</textarea>" in stale.text
    gone = browser.send(
        f"{base}/answer", _form(asked, answer="another_day", place="1.2027-01-01.1.500")
    )
    assert gone.status_code == 409
    assert asked.now().work is Work.AWAITING


def test_the_history_names_the_village_that_answered(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    villager.post(asked.path, data={"answer": "can"})
    words = words_of(english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}"))
    assert "the village, by its link" in words
    assert "We can ·" in words
    assert "Link · the village itself" in words


def test_the_last_answer_is_told_from_the_history_and_not_from_the_link(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    path = f"/visits/{asked.visit_id}"
    browser.send(f"{path}/answer", _form(asked, answer="can"))
    told = words_of(browser.get(path)).partition("Answer of the village")[2].partition("Papers")[0]
    assert "Phone · Si coordinator" in told
    assert "By the link" not in told


def test_the_day_that_a_village_chose_by_its_link_is_told(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    place = asked.places()[0]
    villager.post(asked.path, data={"answer": "another_day", "place": place})
    told = words_of(english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}"))
    told = told.partition("Answer of the village")[2].partition("Papers")[0]
    assert "Another day ·" in told
    assert str(date.fromisoformat(place.split(".")[1]).day) in told
    assert "Link · the village itself" in told


def test_the_page_says_which_day_another_was_asked_for_instead_of(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    day = asked.now().day
    villager.post(asked.path, data={"answer": "another_day", "reason": "setelah panen"})
    told = words_of(english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}"))
    told = told.partition("Answer of the village")[2].partition("Papers")[0]
    assert re.search(rf"Another day · instead of \w+, {day.day} \w+ {day.year}", told)
