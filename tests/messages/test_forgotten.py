"""Once it is forgotten to whom a message went, nobody is told the same again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.messages.sent_back import TRY_FOR
from outreach.messages.tables import Message, MessageState
from outreach.safekeeping.erasing import erase
from outreach.safekeeping.retaining import Periods, retain
from outreach.safekeeping.subject import Subject
from outreach.visits.tables import Happening
from tests.messages.reviewed import Reviewed, reported_visit
from tests.visits.world import NOW

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.messages.conftest import Outreach

WEEK = timedelta(days=7)
#: The shortest time that the settings take.
SOON = Periods(messages=WEEK.days)


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reviewed:
    return reported_visit(engine, field)


def forget(field: Reviewed, after: timedelta) -> int:
    return retain(field.engine, SOON, NOW + after)["messages"]


def test_whom_a_mail_could_not_reach_gets_no_second_one(field: Reviewed) -> None:
    """Though the same is told anew, for another of the village lost their message meanwhile."""
    field.set(field.reporter_id, account_id=None)
    field.do(Happening.SENT_BACK)
    assert field.tell() == 2
    mine = update(Message).where(col(Message.official_id) == field.other_id)
    with unit_of_work(field.engine) as db:
        db.execute(mine.values(state=MessageState.FAILED, settled_at=NOW))
    assert forget(field, WEEK) == 0
    field.set(field.reporter_id, phone="")
    assert field.tell(NOW + WEEK) == 0
    assert forget(field, TRY_FOR + WEEK) == 2
    assert {one.official_id for one in field.messages()} == {None}
    assert field.tell(NOW + TRY_FOR + WEEK) == 0


def test_of_a_report_that_was_corrected_it_is_forgotten_in_time(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    field.tap_all()
    field.do(Happening.CORRECTED, field.reporter)
    assert forget(field, WEEK) == 1


def test_who_was_told_by_a_call_and_is_erased_was_told(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    field.told_otherwise()
    with unit_of_work(field.engine) as db:
        erase(db, Subject(field.reporter_id, None), NOW)
    assert field.tell(NOW + timedelta(hours=1)) == 0
    assert not field.called()
