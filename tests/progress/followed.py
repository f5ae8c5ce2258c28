"""Sixteen villages of one city whose sessions lie behind, and the lists made of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.progress.follow_up import FollowUp, Rules, follow_up_list
from outreach.progress.scope import Scope
from outreach.progress.sponsorships import SponsorshipIn, add_sponsorship
from outreach.visits.tables import Visit
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.progress.follow_up import FollowUpList

NATION = Scope(("",))
#: A month after the sessions, so that what was promised has lapsed.
TODAY = DAY + timedelta(60)


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine, ("33.72",))
    with unit_of_work(engine) as db:
        at = make_field(db, 16)
        # All of them lie behind, so that each can be reported.
        for number, visit_id in enumerate(at.visits.values()):
            db.get_one(Visit, visit_id).day = DAY - timedelta(number // 3)
        return at


def derive(
    engine: Engine,
    kind: FollowUp,
    scope: Scope = NATION,
    today: date = TODAY,
    **rules: int,
) -> FollowUpList:
    with reading(engine) as db:
        return follow_up_list(db, kind, scope, Rules(**rules), today, whole=NATION)


def codes_of(found: FollowUpList) -> list[str]:
    return [case.code for case in found.cases]


def hold(db: Session, at: Field, number: int, **changes: Any) -> dict[str, Any]:
    report = told(at.visits[at.codes[number]], **changes)
    (answer,) = take_in(db, [report], at.coordinator, NOW)
    assert answer.outcome.value == "accepted", answer
    return report


def sponsor(db: Session, at: Field, **changes: Any) -> None:
    given = {
        "region_code": "33.72.01",
        "payer": "apbdes",
        "sponsor": "Desa",
        "sector": "farmer",
        "package": "jkk_jkm",
        "quota": 100,
        "starts": DAY - timedelta(100),
        "ends": TODAY + timedelta(30),
    }
    add_sponsorship(db, SponsorshipIn.model_validate({**given, **changes}), by=at.coordinator)


def hold_on(db: Session, at: Field, number: int, day: date, people: int = 18) -> None:
    hold(db, at, number, signups=0)
    code = at.codes[number]
    report = db.scalars(select(SessionReport).where(col(SessionReport.village_code) == code)).one()
    report.held_on, report.men, report.women = day, people, 0
