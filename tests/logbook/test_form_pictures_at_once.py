"""A picture and its report that come at the same moment find each other, whoever is quicker."""

from __future__ import annotations

import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import rule
from outreach.logbook.evidence import digest_of
from outreach.logbook.form_pictures import keep
from outreach.logbook.pictures import redraw
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, Ruling, SessionReport
from tests.at_once import at_once, wait_for_the_other
from tests.field import NOW, Field, told
from tests.logbook.form_pictures import PHOTO, bring, evidence, of_form, shot, waiting
from tests.logbook.sending import send

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session


@pytest.mark.parametrize("quicker", ["picture", "report"])
@pytest.mark.parametrize("state", ["held", "disputed"])
def test_a_picture_that_comes_while_its_report_is_released_never_stays_behind(
    engine: Engine, at: Field, quicker: str, state: str
) -> None:
    """The quicker one has written and not committed yet when the other one comes."""
    first = told(at.visits[at.codes[0]])
    second = told(first["visit_id"], men=25, corrects_id=first["id"] if state == "held" else None)
    send(engine, at.official, *([second] if state == "held" else [first, second]))
    given = of_form(second, PHOTO, digest_of(shot(40)))
    picture = redraw(shot(40), PHOTO)
    has_written, other_is_through = threading.Event(), threading.Event()

    def bring_it(db: Session) -> None:
        keep(db, given, picture, at.official, NOW)

    def release_it(db: Session) -> None:
        if state == "held":
            take_in(db, [first], at.official, NOW)
        else:
            row = db.exec(select(DisputedReport)).one()
            rule(db, row.id or 0, Ruling.TAKEN, version=1, why="Ya", by=at.coordinator, now=NOW)

    def be_quick() -> None:
        with unit_of_work(engine) as db:
            (bring_it if quicker == "picture" else release_it)(db)
            has_written.set()
            wait_for_the_other(engine, other_is_through)

    def come_second() -> None:
        assert has_written.wait(30)
        with unit_of_work(engine) as db:
            (release_it if quicker == "picture" else bring_it)(db)
        other_is_through.set()

    at_once(be_quick, come_second)
    assert waiting(engine) == set()
    with reading(engine) as db:
        current = db.exec(select(SessionReport).where(col(SessionReport.corrected_by).is_(None)))
        assert evidence(engine) == {(current.one().id, 40)}


def test_pictures_and_reports_in_any_order_at_once(engine: Engine, at: Field) -> None:
    first = told(at.visits[at.codes[0]])
    chain = [first]
    for men in (21, 22, 23):
        chain.append(told(first["visit_id"], men=men, corrects_id=chain[-1]["id"]))
    send(engine, at.official, *chain[1:])
    at_once(
        lambda: send(engine, at.official, first),
        *(partial(bring, engine, at.official, chain[n], 40 + n) for n in (1, 2, 3)),
    )
    assert evidence(engine) == {(chain[n]["id"], 40 + n) for n in (1, 2, 3)}
    assert waiting(engine) == set()


def test_the_same_picture_twice_at_once_waits_once(engine: Engine, at: Field) -> None:
    second = told(at.visits[at.codes[0]], corrects_id=str(uuid.uuid4()))
    send(engine, at.official, second)
    at_once(*[partial(bring, engine, at.official, second)] * 2)
    assert waiting(engine) == {(second["id"], 40)}
