"""The page of ways to villages, and what a village's page says of its way and its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select
from sqlmodel import col

from outreach.campaigns.tables import Stage, Status
from outreach.db import reading, unit_of_work
from outreach.people.tables import AccountArea, Role
from outreach.planning.model import Access
from outreach.villages.tables import VillageAccess
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

DISTRICT = "33.72.02"
NOTE = {"region_code": DISTRICT, "access": "boat", "wait_minutes": "30", "source": "Pak Camat"}


def noted(app: Flask) -> list[VillageAccess]:
    with reading(engine_of(app)) as db:
        return list(db.scalars(select(VillageAccess).order_by(col(VillageAccess.village_code))))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_a_district_is_noted_found_by_name_and_taken_back(
    role: Role, app: Flask, english: LogIn
) -> None:
    client = english(role)
    named = NOTE | {"region_code": "Kecamatan Serengan"}
    asked = client.send("/ways", named)
    assert asked.status_code == 422
    assert "More than one place may be meant." in words_of(asked)
    picked = named | {"region_code_pick": DISTRICT}
    answer = client.send("/ways", picked, follow_redirects=True)
    assert "Noted for 7 villages." in words_of(answer)
    assert {(one.access, one.wait_minutes) for one in noted(app)} == {(Access.BOAT, 30)}
    assert "By boat 30 Pak Camat" in words_of(client.get("/ways"))
    back = client.send(
        "/ways", NOTE | {"access": "road", "wait_minutes": ""}, follow_redirects=True
    )
    assert "The notes of 7 villages are taken back." in words_of(back)
    assert noted(app) == []
    assert "Nothing is noted yet" in words_of(back)


def test_every_problem_is_told_at_once_and_nothing_typed_is_lost(
    app: Flask, english: LogIn
) -> None:
    wrong = {"region_code": "33.09.01", "access": "boat", "wait_minutes": "2000", "source": ""}
    answer = english(Role.COORDINATOR).send("/ways", wrong)
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert 'value="2000"' in html
    assert 'id="wait_minutes-problem"' in html
    assert 'id="source-problem"' in html
    foreign = english(Role.COORDINATOR).send(
        "/ways", wrong | {"wait_minutes": "", "source": "Saya"}
    )
    assert foreign.status_code == 422
    assert 'id="region_code-problem"' in foreign.get_data(as_text=True)
    by_road = english(Role.COORDINATOR).send("/ways", NOTE | {"access": "road"})
    assert "Nobody waits on a road" in words_of(by_road)
    assert noted(app) == []


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 5000, "2", "99999"])
def test_a_page_that_there_is_not_shows_one_that_there_is(page: str, english: LogIn) -> None:
    client = english(Role.COORDINATOR)
    assert client.get("/ways", query_string={"page": page}).status_code == 200


def test_the_page_of_a_village_asks_nothing_of_stages_elsewhere(
    app: Flask, world: World, english: LogIn
) -> None:
    client, code = english(Role.MANAGER), world.own["code"]
    with unit_of_work(engine_of(app)) as db:
        db.add(AccountArea(account_id=world.accounts[Role.MANAGER][0], code=""))
    client.get(f"/villages/{code}")
    asked: list[str] = []
    event.listen(engine_of(app), "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    client.get(f"/villages/{code}")
    alone = _of_branches(asked)
    with unit_of_work(engine_of(app)) as db:
        like = db.get_one(Stage, world.foreign["stage_id"])
        facts = {name: getattr(like, name) for name in Stage.model_fields if name != "id"}
        told = {"status": Status.OPENED, "area_codes": []}
        db.add_all(Stage(**facts | told | {"name": f"Tahap lain {number}"}) for number in range(10))
    asked.clear()
    client.get(f"/villages/{code}")
    assert _of_branches(asked) == alone > 0


def _of_branches(statements: list[str]) -> int:
    return sum("FROM branch_regency" in one for one in statements)


def test_a_manager_reads_and_notes_nothing(app: Flask, english: LogIn) -> None:
    client = english(Role.MANAGER)
    assert "Who says so" not in words_of(client.get("/ways"))
    assert client.send("/ways", NOTE).status_code == 403
    assert noted(app) == []


def test_a_village_says_how_it_is_reached_and_who_says_so(
    app: Flask, world: World, english: LogIn
) -> None:
    code = world.own["code"]
    client = english(Role.COORDINATOR)
    assert "By road nothing else is noted" in words_of(client.get(f"/villages/{code}"))
    with unit_of_work(engine_of(app)) as db:
        db.add(VillageAccess(village_code=code, access=Access.AIR, source="Jadwal perintis"))
    words = words_of(client.get(f"/villages/{code}"))
    assert "By air · wait of 90 minutes assumed Jadwal perintis" in words
    assert f'href="/ways?region={code}"' in client.get(f"/villages/{code}").text
    assert "/ways?region" not in english(Role.MANAGER).get(f"/villages/{code}").text
    assert "By air" in words_of(english(Role.OFFICIAL).get(f"/villages/{code}"))
