"""A session that is told before its hour is marked, by whichever way it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.logbook.overdue import LONGEST_WAIT, force_overdue
from outreach.logbook.quality import HOUR_AHEAD
from outreach.logbook.sending import Sending
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import ReportSource
from outreach.villages.tables import Zone
from outreach.visits.tables import Visit
from tests.field import DAY, Field
from tests.logbook.judged import flags_of_one, honest
from tests.logbook.sending import reports

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: The hour for which `honest` reports tell their session, in the village and by our clock.
HOUR = datetime(DAY.year, DAY.month, DAY.day, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOT_MET: dict[str, Any] = {"met": "not_met", "men": 0, "women": 0, "signups": 0}


def test_it_is_marked_when_its_hour_is_further_ahead_than_clocks_are_wrong(
    engine: Engine, at: Field
) -> None:
    assert flags_of_one(engine, at, now=HOUR + MINUTE) == []
    assert flags_of_one(engine, at, now=HOUR - HOUR_AHEAD) == []
    assert flags_of_one(engine, at, now=HOUR - HOUR_AHEAD - MINUTE) == ["not_begun"]


def test_the_hour_is_that_of_the_village(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        visit = update(Visit).where(col(Visit.id) == at.visits[at.codes[0]])
        db.execute(visit.values(zone=Zone.WIT))
    assert flags_of_one(engine, at, now=HOUR - timedelta(hours=2)) == []
    assert flags_of_one(engine, at, now=HOUR - timedelta(hours=3)) == ["not_begun"]


def test_that_nobody_will_be_met_may_be_told_beforehand(engine: Engine, at: Field) -> None:
    assert flags_of_one(engine, at, now=HOUR - timedelta(hours=1), **NOT_MET) == []


def take(
    engine: Engine, at: Field, now: datetime, *items: dict[str, Any], **way: Any
) -> list[Outcome]:
    with unit_of_work(engine) as db:
        answers = take_in(db, items, at.coordinator, now, sending=Sending(**way))
    return [one.outcome for one in answers]


def stored(engine: Engine) -> dict[str, list[str]]:
    return {one.id: one.flags for one in reports(engine)}


@pytest.mark.parametrize("source", ReportSource)
def test_every_way_is_judged_by_our_clock_alone(
    engine: Engine, at: Field, source: ReportSource
) -> None:
    early = honest(at, saved_at=(HOUR + timedelta(hours=2)).isoformat())
    assert take(engine, at, HOUR - timedelta(hours=1), early, source=source) == [Outcome.ACCEPTED]
    assert stored(engine) == {early["id"]: ["not_begun"]}


def test_a_correction_is_judged_by_when_it_came_itself(engine: Engine, at: Field) -> None:
    first = honest(at)
    again = honest(at, men=23, corrects_id=first["id"])
    afterwards = honest(at, men=24, corrects_id=again["id"])
    take(engine, at, HOUR - timedelta(hours=2), first)
    take(engine, at, HOUR - timedelta(hours=1), again)
    take(engine, at, HOUR + timedelta(hours=2), afterwards)
    marked = ["not_begun"]
    assert stored(engine) == {first["id"]: marked, again["id"]: marked, afterwards["id"]: []}


@pytest.mark.parametrize("how", ["released", "forced"])
def test_a_correction_that_waited_is_judged_by_when_it_came(
    engine: Engine, at: Field, how: str
) -> None:
    first = honest(at)
    again = honest(at, men=23, corrects_id=first["id"])
    behind = honest(at, men=24, corrects_id=again["id"])
    assert take(engine, at, HOUR - timedelta(hours=2), again) == [Outcome.HELD]
    assert take(engine, at, HOUR + timedelta(hours=1), behind) == [Outcome.HELD]
    if how == "released":
        take(engine, at, HOUR + timedelta(hours=2), first)
        assert stored(engine) == {first["id"]: [], again["id"]: ["not_begun"], behind["id"]: []}
    else:
        with unit_of_work(engine) as db:
            assert force_overdue(db, HOUR + LONGEST_WAIT + timedelta(hours=2)) == 2
        marked = ["not_begun", "base_never_came"]
        assert stored(engine) == {again["id"]: marked, behind["id"]: []}


def test_many_of_one_request_are_each_judged_by_their_own_hour(engine: Engine, at: Field) -> None:
    over = honest(at, 0)
    later = honest(at, 1, held_at="15:00", men=30)
    take(engine, at, HOUR + timedelta(hours=2), over, later)
    assert stored(engine) == {over["id"]: [], later["id"]: ["not_begun"]}


def test_another_day_is_refused_as_ever(engine: Engine, at: Field) -> None:
    tomorrow = honest(at, held_on=(DAY + timedelta(days=1)).isoformat())
    assert take(engine, at, HOUR, tomorrow) == [Outcome.REJECTED]
    assert stored(engine) == {}
