"""Calendars, read by two libraries: identity, moves, cancellations, zones, and what stays out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from icalendar import Calendar
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.papers.addresses import find, host_of, key_of, renew, token_of
from outreach.papers.calendars import KEPT, calendar_of_team, calendar_of_village
from outreach.papers.tables import CalendarOwner
from outreach.papers.wording import district_words
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Team
from outreach.villages.tables import Village, Zone
from outreach.visits.lifecycle import confirm, postpone, turn
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Happening, Result, Visit, Work
from tests.papers.shop import some_visit
from tests.visits.world import NOW, TODAY, World, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEY = key_of("only-for-tests-" + "0" * 32)
HOST = host_of(KEY)
FREE_DAY = date(2026, 11, 14)
JAKARTA = ZoneInfo("Asia/Jakarta")


def _team(engine: Engine, team_id: int, today: date = TODAY) -> bytes:
    with reading(engine) as db:
        return calendar_of_team(db, team_id, today=today, host=HOST)


def _village(engine: Engine, code: str) -> bytes:
    with reading(engine) as db:
        return calendar_of_village(db, code, today=TODAY, host=HOST)


def _events(written: bytes) -> dict[str, Any]:
    """Entries by identity, as icalendar reads them; vobject has to read as many."""
    events = {str(one["uid"]): one for one in Calendar.from_ical(written).walk("VEVENT")}
    other = vobject.readOne(written.decode())
    other.validate(raiseException=True)
    assert {one.uid.value for one in other.contents.get("vevent", [])} == set(events)
    return events


def _of(written: bytes, visit: Visit) -> Any:
    return _events(written)[f"visit-{visit.id}@{HOST}"]


def _move(engine: Engine, world: World, visit: Visit, team_id: int) -> None:
    with unit_of_work(engine) as db:
        to = MoveIn(team_id=team_id, day=FREE_DAY, slot=1)
        by, version = world.coordinator, visit.version
        move_visit(db, visit.id or 0, to, version=version, by=by, now=NOW, reason="hajatan")


def test_two_libraries_read_the_same_times(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    written = _team(engine, visit.team_id)
    starts = datetime.combine(visit.day, visit.starts_at, JAKARTA)
    event = _of(written, visit)
    assert event.decoded("dtstart") == starts
    assert event.decoded("duration") == timedelta(minutes=visit.session_minutes)
    other = vobject.readOne(written.decode())
    (same,) = (one for one in other.vevent_list if one.uid.value == str(event["uid"]))
    assert same.dtstart.value == starts
    assert same.duration.value == timedelta(minutes=visit.session_minutes)
    assert same.status.value == "TENTATIVE"
    assert len(other.vevent_list) == _count(engine, visit.team_id)


def _count(engine: Engine, team_id: int) -> int:
    with reading(engine) as db:
        return len(db.scalars(select(col(Visit.id)).where(col(Visit.team_id) == team_id)).all())


def test_an_entry_tells_place_and_state(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        village = db.get_one(Village, visit.village_code)
        confirm(db, visit.id or 0, version=visit.version, by=world.coordinator, now=NOW)
    event = _of(_team(engine, visit.team_id), visit)
    assert str(event["summary"]) == f"Sosialisasi di Kelurahan {village.name}"
    assert str(event["location"]).startswith(f"Kelurahan {village.name}, Kecamatan ")
    assert str(event["status"]) == "CONFIRMED"
    assert "Sudah dikonfirmasi desa." in str(event["description"])
    assert event["geo"].latitude == pytest.approx(village.latitude, abs=1e-5)
    assert event.decoded("last-modified") == NOW


@pytest.mark.parametrize(("zone", "offset"), [(Zone.WITA, 8), (Zone.WIT, 9)])
def test_other_zones_come_with_their_clock(
    engine: Engine, world: World, zone: Zone, offset: int
) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(zone=zone, starts_at=time(9, 30)))
    written = _team(engine, visit.team_id)
    assert f"DTSTART;TZID={zone.value}:{visit.day:%Y%m%d}T093000".encode() in written
    assert f"TZOFFSETTO:+0{offset}00".encode() in written
    starts = _of(written, visit).decoded("dtstart")
    assert starts.astimezone(UTC) == datetime.combine(visit.day, time(9, 30), UTC) - timedelta(
        hours=offset
    )
    other = vobject.readOne(written.decode()).vevent_list[0].dtstart.value
    assert other.utcoffset() == timedelta(hours=offset)


def test_a_move_keeps_the_identity_and_raises_the_sequence(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    before = _of(_team(engine, visit.team_id), visit)
    _move(engine, world, visit, visit.team_id)
    after = _of(_team(engine, visit.team_id), visit)
    assert after["uid"] == before["uid"]
    assert int(after["sequence"]) > int(before["sequence"])
    assert after.decoded("dtstart").date() == FREE_DAY
    assert after.decoded("dtstamp") >= before.decoded("dtstamp")


def test_a_visit_gone_to_another_team_is_cancelled_here_and_stands_there(
    engine: Engine, world: World
) -> None:
    visit = some_visit(engine)
    (other,) = set(world.team_ids) - {visit.team_id}
    _move(engine, world, visit, other)
    left = _of(_team(engine, visit.team_id), visit)
    assert str(left["status"]) == "CANCELLED"
    assert left.decoded("dtstart") == datetime.combine(visit.day, visit.starts_at, JAKARTA)
    assert "Dialihkan ke tim lain." in str(left["description"])
    stands = _of(_team(engine, other), visit)
    assert str(stands["status"]) == "TENTATIVE"
    assert stands.decoded("dtstart").date() == FREE_DAY


def test_what_is_called_off_stays_a_while_as_cancelled(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        by = world.coordinator
        postpone(db, visit.id or 0, version=visit.version, by=by, now=NOW, reason="panen")
    for written in (_team(engine, visit.team_id), _village(engine, visit.village_code)):
        event = _of(written, visit)
        assert str(event["status"]) == "CANCELLED"
        assert int(event["sequence"]) == visit.version + 1
        assert "panen" not in str(event["description"])
    gone = _team(engine, visit.team_id, visit.day + KEPT + timedelta(days=1))
    assert f"visit-{visit.id}@{HOST}" not in _events(gone)


@pytest.mark.parametrize("result", [Result.NOT_MET, Result.REFUSED])
@pytest.mark.parametrize("work", [Work.DONE, Work.APPROVED])
def test_a_session_that_never_was_is_not_told_as_held(
    engine: Engine, world: World, work: Work, result: Result
) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        kept = db.get_one(Visit, visit.id)
        kept.work, kept.result = work, result
    for written in (_team(engine, visit.team_id), _village(engine, visit.village_code)):
        event = _of(written, visit)
        assert str(event["status"]) == "CANCELLED"
        assert "Tidak terlaksana" in str(event["description"])
        assert "Sudah dilaksanakan" not in str(event["description"])


def test_a_district_of_papua_is_a_distrik() -> None:
    assert district_words("91.03.01.3001", "Waibu") == "Distrik Waibu"
    assert district_words("33.11.01.2001", "Baki") == "Kecamatan Baki"


def test_work_returned_is_cancelled(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        told = {"version": visit.version, "by": world.coordinator, "now": NOW, "reason": "sakit"}
        turn(db, visit.id or 0, Happening.RETURNED, **told)  # type: ignore[arg-type]
    assert str(_of(_team(engine, visit.team_id), visit)["status"]) == "CANCELLED"


def test_proposals_are_tentative_for_the_team_and_unknown_to_the_village(
    engine: Engine, draft: World
) -> None:
    visit = some_visit(engine)
    assert visit.work is Work.PROPOSED
    event = _of(_team(engine, visit.team_id), visit)
    assert str(event["status"]) == "TENTATIVE"
    assert "belum disetujui" in str(event["description"])
    assert _events(_village(engine, visit.village_code)) == {}


def test_a_proposal_called_off_was_never_told_to_the_village(engine: Engine, draft: World) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        told = {"version": visit.version, "by": draft.coordinator, "now": NOW, "reason": "salah"}
        turn(db, visit.id or 0, Happening.CANCELLED, **told)  # type: ignore[arg-type]
    assert _events(_village(engine, visit.village_code)) == {}


def test_proposals_that_gave_way_to_a_new_plan_are_gone(engine: Engine, draft: World) -> None:
    before = set(_events(_team(engine, draft.team_ids[0])))
    plan(engine, draft, seed=5, approved=False)
    after = set(_events(_team(engine, draft.team_ids[0])))
    assert before
    assert not before & after


def test_no_number_and_no_name_of_a_person_stands_in_a_calendar(
    engine: Engine, world: World
) -> None:
    visit = some_visit(engine)
    given = OfficialIn(
        village_code=visit.village_code, name="Ibu Rahasia", position="Lurah", phone="081234567890"
    )
    with unit_of_work(engine) as db:
        add_official(db, given, by=world.coordinator)
        db.get_one(Team, visit.team_id).phone = "+628777777777"
    for written in (_team(engine, visit.team_id), _village(engine, visit.village_code)):
        text = written.replace(b"\r\n ", b"").decode()
        assert "Rahasia" not in text
        assert "81234567890" not in text
        assert "8777777777" not in text
        assert "José" not in text


def test_the_same_state_is_written_alike(engine: Engine, world: World) -> None:
    team_id = some_visit(engine).team_id
    assert _team(engine, team_id) == _team(engine, team_id)


def test_an_address_opens_its_own_calendar_until_it_is_renewed(
    engine: Engine, world: World
) -> None:
    village = some_visit(engine).village_code
    owners = ((CalendarOwner.TEAM, str(world.team_ids[0])), (CalendarOwner.VILLAGE, village))
    for owner, of in owners:
        seen = []
        for _ in range(3):
            with unit_of_work(engine) as db:
                token = token_of(db, owner, of, KEY)
                assert find(db, token, KEY) == (owner, of)
                renew(db, owner, of, by=world.coordinator, now=NOW)
                with pytest.raises(NotFound):
                    find(db, token, KEY)
            seen.append(token)
        assert len(set(seen)) == 3


def test_forged_addresses_open_nothing(engine: Engine, world: World) -> None:
    one, two = world.team_ids
    with reading(engine) as db:
        token = token_of(db, CalendarOwner.TEAM, str(one), KEY)
        other_key = token_of(db, CalendarOwner.TEAM, str(one), key_of("x" * 40))
        forged = (
            token.replace(f"t{one}-", f"t{two}-"),
            token.replace("t", "v", 1),
            token[:-1],
            token + "a",
            token.upper(),
            other_key,
            "t0-" + "a" * 24,
            "",
            "t1-" + "é" * 24,
        )
        for wrong in forged:
            with pytest.raises(NotFound):
                find(db, wrong, KEY)


def test_only_those_who_look_after_it_renew_an_address(engine: Engine, world: World) -> None:
    village = some_visit(engine).village_code
    cases = (
        (CalendarOwner.TEAM, str(world.team_ids[0])),
        (CalendarOwner.TEAM, "999999"),
        (CalendarOwner.VILLAGE, village),
        (CalendarOwner.VILLAGE, "33.09.99.2999"),
    )
    for owner, of in cases:
        with pytest.raises(NotFound), unit_of_work(engine) as db:
            renew(db, owner, of, by=world.foreigner, now=NOW)
