"""What villages answer: once, on days that are still free, by link or told by phone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.visits.answers import (
    AnswerIn,
    answer_by_link,
    typed_answer,
)
from outreach.visits.calls import CallWhy, call_tasks
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import LinkState, expiry, live_links, state_of
from outreach.visits.listing import history, visits_of_stage
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.offers import offers, place_key
from outreach.visits.openings import openings
from outreach.visits.tables import (
    Answer,
    Channel,
    ConfirmationLink,
    Happening,
    Visit,
    Work,
)
from outreach.visits.teamday import clock_time
from tests.visits.world import NOW, TODAY, World

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.visits.rows import HistoryLine

CAN = AnswerIn(answer=Answer.CAN)
NO = AnswerIn(answer=Answer.NO, reason="sedang panen")
WISH = AnswerIn(answer=Answer.ANOTHER_DAY, reason="setelah panen, tanggal 20")


def link_of(engine: Engine, visit_id: int) -> int:
    with reading(engine) as db:
        return live_links(db, [visit_id], NOW)[visit_id].id or 0


def answer(engine: Engine, link_id: int, given: AnswerIn, now: datetime = NOW) -> Visit:
    with unit_of_work(engine) as db:
        return answer_by_link(db, link_id, given, now)


def refused(engine: Engine, link_id: int, given: AnswerIn, now: datetime = NOW) -> object:
    with pytest.raises(Conflict) as refusal:
        answer(engine, link_id, given, now)
    return refusal.value.facts["problem"]


def chosen(engine: Engine, visit_id: int, number: int = 0) -> AnswerIn:
    with reading(engine) as db:
        place = offers(db, visit_id, today=TODAY)[number]
    return AnswerIn(answer=Answer.ANOTHER_DAY, place=place_key(place), reason="ada hajatan")


def last_line(engine: Engine, world: World, visit_id: int) -> HistoryLine:
    with reading(engine) as db:
        return history(db, world.coordinator, visit_id)[-1]


def test_a_yes_confirms_and_the_history_says_that_it_came_by_the_link(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    assert answer(engine, link, CAN).work is Work.CONFIRMED
    line = last_line(engine, world, asked[0])
    assert (line.happening, line.channel) == (Happening.CONFIRMED, Channel.LINK)
    assert line.who is None
    with reading(engine) as db:
        stored = db.get_one(ConfirmationLink, link)
        assert (state_of(stored, NOW), stored.answer) == (LinkState.ANSWERED, Answer.CAN)
        assert live_links(db, [asked[0]], NOW) == {}


def test_a_no_gives_the_day_back_and_keeps_why(
    engine: Engine, world: World, asked: list[int]
) -> None:
    assert answer(engine, link_of(engine, asked[0]), NO).work is Work.POSTPONED
    assert last_line(engine, world, asked[0]).reason == "sedang panen"


@pytest.mark.parametrize("given", [Answer.NO, Answer.ANOTHER_DAY])
def test_a_no_and_a_wish_need_a_reason_and_leave_the_link_alive(
    engine: Engine, asked: list[int], given: Answer
) -> None:
    link = link_of(engine, asked[0])
    with pytest.raises(Invalid) as refusal:
        answer(engine, link, AnswerIn(answer=given))
    assert refusal.value.facts["problems"] == {"reason": ["missing"]}
    assert link_of(engine, asked[0]) == link


def test_three_other_days_are_offered_and_the_chosen_one_is_settled_at_once(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with reading(engine) as db:
        before = db.get_one(Visit, asked[0])
        places = offers(db, asked[0], today=TODAY)
    days = [one.day for one in places]
    assert len(set(days)) == 3
    assert before.day not in days
    assert days == sorted(days)
    link = link_of(engine, asked[0])
    moved = answer(engine, link, chosen(engine, asked[0], 1))
    assert (moved.team_id, moved.day) == (places[1].team_id, places[1].day)
    assert moved.starts_at == clock_time(places[1].starts_minute)
    assert moved.work is Work.CONFIRMED
    with reading(engine) as db:
        lines = history(db, world.coordinator, asked[0])[-2:]
        links = db.exec(select(ConfirmationLink).where(ConfirmationLink.visit_id == asked[0])).all()
    assert [one.happening for one in lines] == [Happening.MOVED, Happening.CONFIRMED]
    assert {one.channel for one in lines} == {Channel.LINK}
    assert lines[0].reason == "ada hajatan"
    assert LinkState.LIVE not in {state_of(one, NOW) for one in links}
    assert next(one for one in links if one.id == link).answer is Answer.ANOTHER_DAY


def test_where_few_days_are_free_their_other_hours_are_offered_too(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        saturday = date(2026, 11, 14)
        db.get_one(Stage, world.stage_id).ends = saturday
        to = MoveIn(team_id=world.team_ids[0], day=saturday, slot=1)
        relocate(db, asked[1], to, Author(world.coordinator, NOW))
        places = offers(db, asked[0], today=saturday - timedelta(days=1))
    assert [(one.day, one.team_id) for one in places] == [
        (saturday, team_id) for team_id in reversed(world.team_ids)
    ]
    morning, later = (one.starts_minute for one in places)
    assert later - morning > 120


def test_nobody_else_has_another_start_because_of_a_villages_choice(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
    moved = next(row for row in rows if row.slot == 3)
    answer(engine, link_of(engine, moved.id), chosen(engine, moved.id))
    with reading(engine) as db:
        after = {
            row.id: (row.day, row.starts_at)
            for row in visits_of_stage(db, world.coordinator, world.stage_id)
        }
    changed = {row.id for row in rows if after[row.id] != (row.day, row.starts_at)}
    assert changed == {moved.id}


def test_an_offered_day_that_went_meanwhile_is_refused_and_fresh_ones_are_there(
    engine: Engine, world: World, asked: list[int]
) -> None:
    given = chosen(engine, asked[0])
    link = link_of(engine, asked[0])
    team, day, _, _ = given.place.split(".")
    with unit_of_work(engine) as db:
        others = [one for one in asked[1:] if db.get_one(Visit, one).day != date.fromisoformat(day)]
        for slot in (3, 2, 1):
            to = MoveIn(team_id=int(team), day=date.fromisoformat(day), slot=slot)
            if slot not in _taken(db, to):
                relocate(db, others.pop(), to, Author(world.coordinator, NOW))
    assert refused(engine, link, given) == "opening_gone"
    with reading(engine) as db:
        assert db.get_one(Visit, asked[0]).work is Work.AWAITING
        fresh = offers(db, asked[0], today=TODAY)
    assert given.place not in {place_key(one) for one in fresh}
    assert answer(engine, link, chosen(engine, asked[0])).work is Work.CONFIRMED


def _taken(db: Session, to: MoveIn) -> set[int]:
    query = select(Visit.slot).where(Visit.team_id == to.team_id, Visit.day == to.day)
    return set(db.exec(query))


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=3), date(2027, 1, 4)])
def test_a_day_that_was_never_offered_is_refused(
    engine: Engine, world: World, asked: list[int], day: date
) -> None:
    place = f"{world.team_ids[0]}.{day}.1.540"
    given = AnswerIn(answer=Answer.ANOTHER_DAY, place=place)
    assert refused(engine, link_of(engine, asked[0]), given) == "opening_gone"


def test_a_day_no_calendar_has_is_invalid(engine: Engine, asked: list[int]) -> None:
    given = AnswerIn(answer=Answer.ANOTHER_DAY, place="1.2026-02-31.1.540")
    with pytest.raises(Invalid):
        answer(engine, link_of(engine, asked[0]), given)


def test_a_wish_waits_for_the_coordinator_and_is_a_call_at_once(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    assert answer(engine, link, WISH).work is Work.AWAITING
    assert last_line(engine, world, asked[0]).happening is Happening.WISHED
    with reading(engine) as db:
        assert live_links(db, [asked[0]], NOW) == {}
        task = next(one for one in call_tasks(db, world.coordinator, NOW) if one.wish)
    assert (task.visit.id, task.why) == (asked[0], CallWhy.WISH)
    assert task.wish == WISH.reason
    assert refused(engine, link, CAN) == "link_answered"


@pytest.mark.parametrize(
    ("first", "other"), [(CAN, NO), (NO, CAN), (CAN, WISH), (WISH, NO)], ids=str
)
def test_the_same_answer_again_is_harmless_and_another_is_refused(
    engine: Engine, world: World, asked: list[int], first: AnswerIn, other: AnswerIn
) -> None:
    link = link_of(engine, asked[0])
    answer(engine, link, first)
    with reading(engine) as db:
        lines = history(db, world.coordinator, asked[0])
    answer(engine, link, first)
    assert refused(engine, link, other) == "link_answered"
    with reading(engine) as db:
        assert history(db, world.coordinator, asked[0]) == lines


def test_the_same_day_again_is_harmless_and_another_day_is_refused(
    engine: Engine, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    first, other = chosen(engine, asked[0], 0), chosen(engine, asked[0], 1)
    version = answer(engine, link, first).version
    assert answer(engine, link, first).version == version
    assert refused(engine, link, other) == "link_answered"


def test_an_old_and_a_withdrawn_link_take_no_answer(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    with reading(engine) as db:
        visit = db.get_one(Visit, asked[0])
        over = expiry(visit.day, visit.zone)
    assert refused(engine, link, CAN, over) == "link_expired"
    with unit_of_work(engine) as db:
        settle(db, asked[0], Happening.POSTPONED, Author(world.coordinator, NOW, "banjir"))
    assert refused(engine, link, CAN) == "link_withdrawn"


def test_an_answer_typed_in_counts_with_its_channel_and_is_known_to_the_link(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, asked[0]).version
        by = world.coordinator
        typed_answer(db, asked[0], CAN, Channel.PHONE, by=by, now=NOW, version=version)
    line = last_line(engine, world, asked[0])
    assert (line.happening, line.channel, line.who) == (
        Happening.CONFIRMED,
        Channel.PHONE,
        "Rini",
    )
    with reading(engine) as db:
        stored = db.get_one(ConfirmationLink, link)
        assert (state_of(stored, NOW), stored.answer) == (LinkState.ANSWERED, Answer.CAN)


def test_an_answer_is_typed_in_by_the_branchs_coordinator_as_it_stands(
    engine: Engine, world: World, asked: list[int]
) -> None:
    def type_in(by: str, channel: Channel = Channel.PHONE, version: int = 1) -> None:
        with unit_of_work(engine) as db:
            person = getattr(world, by)
            typed_answer(db, asked[0], CAN, channel, by=person, now=NOW, version=version)

    with pytest.raises(NotFound):
        type_in("foreigner")
    with pytest.raises(NotAllowed):
        type_in("manager")
    with pytest.raises(Invalid):
        type_in("coordinator", Channel.LINK)
    with pytest.raises(Conflict) as refusal:
        type_in("coordinator", version=7)
    assert refusal.value.facts["problem"] == "changed_meanwhile"
    type_in("coordinator")
    with pytest.raises(Conflict) as refusal:
        type_in("coordinator", version=2)
    assert refusal.value.facts["problem"] == "wrong_status"


def test_a_closed_stage_offers_no_other_day(engine: Engine, world: World, asked: list[int]) -> None:
    given = chosen(engine, asked[0])
    link = link_of(engine, asked[0])
    with unit_of_work(engine) as db:
        version = db.get_one(Stage, world.stage_id).version
        wind_up(db, world.stage_id, version, by=world.coordinator, now=NOW)
        assert offers(db, asked[0], today=TODAY) == ()
    assert refused(engine, link, given) == "opening_gone"
    assert answer(engine, link, CAN).work is Work.CONFIRMED


def test_a_link_takes_only_days_that_were_offered(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with reading(engine) as db:
        keys = {place_key(one) for one in offers(db, asked[0], today=TODAY)}
        every = openings(db, asked[0], today=TODAY, most=99)
    other = next(key for one in every if (key := place_key(one)) not in keys)
    given = AnswerIn(answer=Answer.ANOTHER_DAY, place=other)
    assert refused(engine, link_of(engine, asked[0]), given) == "opening_gone"
    with unit_of_work(engine) as db:
        by = world.coordinator
        typed = typed_answer(db, asked[0], given, Channel.PHONE, by=by, now=NOW, version=1)
        assert typed.work is Work.CONFIRMED


def test_a_yes_for_a_day_that_has_passed_is_refused(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with reading(engine) as db:
        visit = db.get_one(Visit, asked[0])
    late = expiry(visit.day + timedelta(days=1), visit.zone)
    by = world.coordinator
    with pytest.raises(Invalid) as refusal, unit_of_work(engine) as db:
        typed_answer(db, asked[0], CAN, Channel.PHONE, by=by, now=late, version=1)
    assert refusal.value.facts["problems"] == {"answer": ["in_the_past"]}
