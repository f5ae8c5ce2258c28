"""Days away in a team's calendar: the way out, the nights at the hub, the way back, whole days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import vobject
from icalendar import Calendar
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.papers.calendars import KEPT, calendar_of_team, calendar_of_village
from outreach.visits.tables import Visit, Work
from tests.visits.away import AROUND, BACK, FIRST, HUB, OUT, SECOND, build_away
from tests.visits.world import TODAY, World

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

HOST = "outreach.example"


@pytest.fixture
def away(engine: Engine) -> World:
    """Build the usual branch, its first team away for four days; nobody was asked yet."""
    return build_away(engine)


def _stays(engine: Engine, team_id: int, today: date = TODAY) -> dict[str, Any]:
    """Entries of the stay in a team's calendar, by their part."""
    with reading(engine) as db:
        written = calendar_of_team(db, team_id, today=today, host=HOST)
    vobject.readOne(written.decode()).validate(raiseException=True)
    events = Calendar.from_ical(written).walk("VEVENT")
    uids = {str(event["uid"]): event for event in events}
    assert len(uids) == len(events)
    return {uid.split("@")[0].split("-")[2]: uids[uid] for uid in uids if uid.startswith("stay-")}


def _work(engine: Engine, work: Work, *codes: str) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.village_code).in_(codes)).values(work=work))


def test_the_way_out_the_nights_and_the_way_back_are_whole_days(
    engine: Engine, away: World
) -> None:
    told = _stays(engine, away.team_ids[0])
    spans = {part: (one.decoded("dtstart"), one.decoded("dtend")) for part, one in told.items()}
    a_day = timedelta(days=1)
    assert spans == {
        "out": (OUT, FIRST),
        "hub": (FIRST, SECOND + a_day),
        "back": (BACK, BACK + a_day),
    }
    assert str(told["out"]["summary"]).startswith("Perjalanan ke Kelurahan ")
    assert str(told["hub"]["summary"]).startswith("Menginap di Kelurahan ")
    assert "3 malam di luar kota, 2 hari sosialisasi." in str(told["back"]["description"])
    assert [str(told[part]["transp"]) for part in ("out", "hub", "back")] == [
        "OPAQUE", "TRANSPARENT", "OPAQUE",
    ]  # fmt: skip
    assert _stays(engine, away.team_ids[1]) == {}
    with reading(engine) as db:
        assert b"stay-" not in calendar_of_village(db, HUB, today=TODAY, host=HOST)


def test_a_stay_is_tentative_until_a_village_of_it_is_settled(engine: Engine, away: World) -> None:
    def states() -> set[str]:
        return {str(one["status"]) for one in _stays(engine, away.team_ids[0]).values()}

    assert states() == {"TENTATIVE"}
    _work(engine, Work.CONFIRMED, AROUND[0])
    assert states() == {"CONFIRMED"}


def test_a_stay_of_which_nothing_stands_is_gone_and_an_old_one_as_well(
    engine: Engine, away: World
) -> None:
    team = away.team_ids[0]
    assert _stays(engine, team, BACK + KEPT)
    assert _stays(engine, team, BACK + KEPT + timedelta(days=1)) == {}
    _work(engine, Work.POSTPONED, *AROUND)
    assert _stays(engine, team) == {}
