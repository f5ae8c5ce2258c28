"""A phone whose official's term of office is over keeps what it has until the term is renewed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.db import unit_of_work
from outreach.people.tables import Official, Role
from tests.web.phone.handset import a_report, stored

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser


def serve_until(engine: Engine, world: World, last_day: date | None) -> None:
    with unit_of_work(engine) as db:
        one = db.get_one(Official, world.own["official_id"])
        one.term_ends, one.account_id = last_day, world.accounts[Role.OFFICIAL][0]


def test_nothing_is_lost_when_the_term_is_over_and_all_goes_on_when_it_is_renewed(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    serve_until(engine, world, date(2020, 1, 1))
    report = a_report(visits[0], today)
    phone.save(report)
    phone.send()
    warning = page.locator("[data-frame=unknown]")
    expect(warning).to_contain_text("Ask your branch to renew your term")
    expect(warning).to_contain_text("1 not sent yet is kept on this phone and is sent then.")
    expect(warning.get_by_role("link", name="Enter a code")).to_be_hidden()
    assert stored(engine, visits) == {}
    assert phone.run("return (await state.get()).json.visits.length;") > 0
    serve_until(engine, world, None)
    phone.send()
    assert stored(engine, visits) == {report["id"]: 1}
    expect(warning).to_be_hidden()
