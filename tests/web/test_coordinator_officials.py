"""The coordinator's pages of officials: found, noted, changed by two, leaving office."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.people.tables import Official, Role
from outreach.web.database import reading_db, writing_db

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
GIVEN = {
    "village_code": "33.72.01.1003",
    "name": "Bambang Utomo",
    "position": "Lurah",
    "phone": "0812 3456 7890",
    "email": "bambang@bumi.desa.id",
    "term_starts": "2023-01-01",
    "term_ends": "2026-12-24",
}


@pytest.fixture
def coordinator(app: Flask, english: LogIn) -> Visitor:
    app.extensions["clock"] = lambda: NOW
    return english(Role.COORDINATOR)


def _stored(app: Flask, name: str = "Bambang Utomo") -> Official | None:
    with app.app_context(), reading_db() as db:
        return db.exec(select(Official).where(Official.name == name)).first()


def test_an_official_is_noted_and_found_by_village_and_name(
    app: Flask, coordinator: Visitor
) -> None:
    assert coordinator.send("/officials/new", GIVEN).status_code == 303
    stored = _stored(app)
    assert stored is not None
    assert (stored.phone, stored.term_ends) == ("+6281234567890", date(2026, 12, 24))
    for words in ("bambang", "bumi laweyan"):
        page = coordinator.get("/officials", query_string={"q": words}).get_data(as_text=True)
        assert "Bambang Utomo" in page
        assert "Sri Lestari" not in page
    page = coordinator.get("/officials?show=term").get_data(as_text=True)
    assert "Bambang Utomo" in page
    assert ">soon<" in page
    page = coordinator.get("/officials?show=no_contact").get_data(as_text=True)
    assert "Bambang Utomo" not in page
    assert "Sri Lestari" in page


def test_a_village_is_found_by_its_name(app: Flask, coordinator: Visitor) -> None:
    answer = coordinator.send("/officials/new", {**GIVEN, "village_code": "Bumi, Laweyan"})
    assert answer.status_code == 303
    stored = _stored(app)
    assert stored is not None
    assert stored.village_code == "33.72.01.1003"


def test_a_name_that_may_mean_several_is_asked_about(app: Flask, coordinator: Visitor) -> None:
    answer = coordinator.send("/officials/new", {**GIVEN, "village_code": "Kedung"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Which one is meant?" in page
    assert "Bambang Utomo" in page
    assert "33.11." not in page, "other branches' villages are not offered"
    picked = {**GIVEN, "village_code": "Kedung", "village_code_pick": "33.72.01.1001"}
    assert coordinator.send("/officials/new", picked).status_code == 303
    stored = _stored(app)
    assert stored is not None
    assert stored.village_code == "33.72.01.1001"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"village_code": "33.11.01.2001"}, "There is no village with this code."),
        ({"village_code": "33.72.01.1099"}, "There is no"),
        ({"village_code": "33.72.01"}, "Please give the code of a village"),
        ({"phone": "12"}, "Please enter a phone number"),
        ({"email": "bambang"}, "Please enter an e-mail address"),
        ({"term_ends": "2022-01-01"}, "The end lies before the start."),
        ({"name": "Bambang 3372011212900001"}, "This looks like somebody"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    app: Flask, coordinator: Visitor, changes: dict[str, str], words: str
) -> None:
    answer = coordinator.send("/officials/new", {**GIVEN, **changes})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert "Lurah" in page
    assert _stored(app) is None


def test_the_second_of_two_who_edit_sees_both(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/officials/{world.own['official_id']}"
    given = {**GIVEN, "village_code": world.own["code"], "name": "Sri Lestari", "version": "1"}
    assert coordinator.send(path, {**given, "phone": "081111111111"}).status_code == 303
    second = coordinator.send(path, {**given, "phone": "082222222222"})
    page = " ".join(second.get_data(as_text=True).split())
    assert second.status_code == 409
    assert "Stored meanwhile: +6281111111111" in page
    assert "082222222222" in page
    again = coordinator.send(path, {**given, "phone": "082222222222", "version": "2"})
    assert again.status_code == 303
    stored = _stored(app, "Sri Lestari")
    assert stored is not None


def test_who_has_left_office_is_listed_apart_and_may_come_back(
    coordinator: Visitor, world: World
) -> None:
    path = f"/officials/{world.own['official_id']}"
    left = coordinator.send(f"{path}/serving", {"serves": "no", "version": "1"})
    assert left.status_code == 303
    assert "Sri Lestari" not in coordinator.get("/officials").get_data(as_text=True)
    assert "Sri Lestari" in coordinator.get("/officials?show=left").get_data(as_text=True)
    stale = coordinator.send(
        f"{path}/serving", {"serves": "yes", "version": "1"}, follow_redirects=True
    )
    assert "Somebody" in stale.get_data(as_text=True)
    assert 'name="term_ends" value="2026-11-02"' in _squeezed(coordinator.get(path))
    back = coordinator.send(
        f"{path}/serving", {"serves": "yes", "version": "2"}, follow_redirects=True
    )
    assert back.request.path == path
    assert "Until when is not known" in back.get_data(as_text=True)
    assert "2026-11-02" not in _squeezed(back)
    assert "Sri Lestari" in coordinator.get("/officials").get_data(as_text=True)


def _squeezed(page: TestResponse) -> str:
    return " ".join(page.get_data(as_text=True).split())


def test_the_list_comes_by_page_and_never_shows_anothers(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    with app.app_context(), writing_db() as db:
        for number in range(60):
            db.add(
                Official(village_code=world.own["code"], name=f"Warga {number:02d}", position="RT")
            )
        db.get_one(Official, world.foreign["official_id"]).name = "Orang Sukoharjo"
    first = coordinator.get("/officials").get_data(as_text=True)
    second = coordinator.get("/officials?page=2").get_data(as_text=True)
    assert "61 officials" in first
    assert "Page 1 of 2" in first
    assert "Warga 00" in first
    assert "Warga 59" in second
    assert "Orang Sukoharjo" not in first + second
    assert coordinator.get("/officials?page=99").status_code == 200
    assert coordinator.get("/officials?show=nonsense").status_code == 200


def test_contacts_are_for_the_coordinator_alone(english: LogIn) -> None:
    for role in (Role.MANAGER, Role.OFFICIAL, Role.ADMIN):
        assert english(role).get("/officials").status_code == 403
