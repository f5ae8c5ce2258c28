"""Villages without an exact place are listed by regency, and only those of the own area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.villages.tables import Village
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor

PAGE = "/villages/approximate"


@pytest.fixture
def roughly(app: Flask) -> None:
    """Take away the places of a village of the own area and of one beside it."""
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for code in (OWN_VILLAGE, FOREIGN_VILLAGE):
            db.get_one(Village, code).place_is_approximate = True


@pytest.mark.usefixtures("roughly")
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_the_own_villages_are_listed_of_how_many(
    login_as: Callable[[Role], Visitor], role: Role
) -> None:
    reader = login_as(role)
    reader.set_cookie("language", "en")
    page = reader.get(PAGE).text
    assert f"/villages/{OWN_VILLAGE}" in page
    assert FOREIGN_VILLAGE not in page
    assert "1 of 54 villages here" in page
    assert "1.9%" in page


@pytest.mark.usefixtures("roughly")
def test_an_area_narrows_the_list(login_as: Callable[[Role], Visitor]) -> None:
    reader = login_as(Role.MANAGER)
    reader.set_cookie("language", "en")
    other = f"{OWN_REGENCY}.02"
    assert f"/villages/{OWN_VILLAGE}" in reader.get(f"{PAGE}?area={OWN_VILLAGE[:8]}").text
    page = reader.get(f"{PAGE}?area={other}").text
    assert OWN_VILLAGE not in page
    assert "Every village of this area has an exact place." in page
    assert reader.get(f"{PAGE}?area={FOREIGN_REGENCY}").status_code == 404


def test_the_map_may_lead_there(login_as: Callable[[Role], Visitor]) -> None:
    assert f"{PAGE}?area={{area}}" in login_as(Role.MANAGER).get("/map").text
