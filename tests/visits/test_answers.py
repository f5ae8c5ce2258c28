"""What villages answer: once, on days that are still free, by link or told by phone."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import Official
from outreach.visits.answers import (
    AnswerIn,
    answer_by_link,
    called_in_vain,
    typed_answer,
)
from outreach.visits.calls import CallWhy, call_tasks
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import LinkState, expiry, live_links, state_of
from outreach.visits.listing import history, visits_of_stage
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.offers import offers, place_key
from outreach.visits.openings import place_visit
from outreach.visits.tables import (
    Answer,
    Channel,
    ConfirmationLink,
    Happening,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import clock_time
from tests.visits.test_links import publish
from tests.visits.world import NOW, TODAY, World, plan

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.visits.rows import HistoryLine

CAN = AnswerIn(answer=Answer.CAN)
NO = AnswerIn(answer=Answer.NO, reason="sedang panen")
WISH = AnswerIn(answer=Answer.ANOTHER_DAY, reason="setelah panen, tanggal 20")


@pytest.fixture
def asked(engine: Engine, world: World) -> list[int]:
    """The visits of a plan, every one asked the moment it was planned; a free week follows."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = date(2026, 11, 21)
        ids = publish(db, world)
        db.add_all(_line(db.get_one(Visit, one), Happening.ASKED) for one in ids)
    return ids


def _line(visit: Visit, happening: Happening, at: datetime = NOW) -> VisitEvent:
    return VisitEvent(
        visit_id=visit.id or 0, village_code=visit.village_code, happening=happening, at=at
    )


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


def test_of_answers_at_the_same_time_one_counts(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    places = [chosen(engine, asked[0], number) for number in range(3)]
    given = [CAN, NO, *places, WISH]
    together = threading.Barrier(len(given))
    outcomes: list[str] = []

    def send(one: AnswerIn) -> None:
        together.wait()
        try:
            outcomes.append(answer(engine, link, one).work.value)
        except Conflict as error:
            outcomes.append(str(error.facts["problem"]))

    threads = [threading.Thread(target=send, args=(one,)) for one in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("link_answered") == len(given) - 1
    with reading(engine) as db:
        lines = history(db, world.coordinator, asked[0])
        answers = {Happening.CONFIRMED, Happening.POSTPONED, Happening.WISHED}
        assert sum(line.happening in answers for line in lines) == 1


def test_a_village_and_the_coordinator_at_the_same_time_never_wait_for_each_other(
    engine: Engine, world: World, asked: list[int]
) -> None:
    """Choosing a day and moving neighbours take teams, visits and links in one order."""
    links = {one: link_of(engine, one) for one in asked[:6]}
    given = {one: chosen(engine, one) for one in asked[:6]}
    faults: list[BaseException] = []

    def village(visit_id: int) -> None:
        try:
            answer(engine, links[visit_id], given[visit_id])
        except Conflict:
            pass
        except BaseException as error:  # noqa: BLE001 - what a thread raises is lost else
            faults.append(error)

    def coordinator(visit_id: int) -> None:
        to = MoveIn(team_id=world.team_ids[1], day=date(2026, 11, 14), slot=visit_id % 3 + 1)
        try:
            with unit_of_work(engine) as db:
                relocate(db, visit_id, to, Author(world.coordinator, NOW))
        except Conflict:
            pass
        except BaseException as error:  # noqa: BLE001 - as above
            faults.append(error)

    threads = [
        threading.Thread(target=act, args=(one,)) for one in links for act in (village, coordinator)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


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


def _tasks(engine: Engine, world: World, days: int = 0) -> dict[int, CallWhy]:
    with reading(engine) as db:
        tasks = call_tasks(db, world.coordinator, NOW + timedelta(days=days))
    assert [one.visit.day for one in tasks] == sorted(one.visit.day for one in tasks)
    return {one.visit.id: one.why for one in tasks}


def _reachable(engine: Engine, world: World, **told: object) -> None:
    with unit_of_work(engine) as db:
        codes = db.exec(select(Visit.village_code).where(Visit.stage_id == world.stage_id))
        facts = {"name": "Sri", "position": "Lurah", "phone": "+62812345678", **told}
        db.add_all(Official.model_validate({"village_code": c, **facts}) for c in set(codes))


def test_after_three_days_without_an_answer_somebody_calls(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    with reading(engine) as db:
        days = {one: db.get_one(Visit, one).day for one in asked}
    for after in (1, 2):
        tasks = _tasks(engine, world, after)
        today = TODAY + timedelta(days=after)
        assert tasks == {one: CallWhy.LINK_OVER for one, day in days.items() if day == today}
    third = TODAY + timedelta(days=3)
    assert _tasks(engine, world, 3) == {
        one: CallWhy.LINK_OVER if day == third else CallWhy.UNANSWERED
        for one, day in days.items()
        if day >= third
    }


def test_a_call_in_vain_comes_back_the_day_after(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    late = max(asked)
    with unit_of_work(engine) as db:
        visit = db.exec(select(Visit).order_by(col(Visit.day).desc())).first()
        assert visit is not None
        late, version = visit.id or 0, visit.version
        called_in_vain(
            db,
            late,
            Channel.PHONE,
            by=world.coordinator,
            now=NOW + timedelta(days=3),
            version=version,
            remark="tidak diangkat",
        )
    assert late not in _tasks(engine, world, 3)
    assert _tasks(engine, world, 4)[late] is CallWhy.CALLED_BEFORE
    assert last_line(engine, world, late).channel is Channel.PHONE


def test_villages_nobody_can_write_to_are_called_at_once(
    engine: Engine, world: World, asked: list[int]
) -> None:
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    assert len(_tasks(engine, world)) == len(asked)
    _reachable(engine, world, phone="", email="")
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    _reachable(engine, world, term_ends=TODAY - timedelta(days=1))
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    _reachable(engine, world, phone="", email="lurah@example.id")
    assert _tasks(engine, world) == {}


def test_a_move_starts_the_waiting_anew_unless_only_the_order_changed(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    with unit_of_work(engine) as db:
        last = db.exec(select(Visit).order_by(col(Visit.day).desc())).all()
        moved, renumbered = (one for one in last[:2])
        place = offers(db, moved.id or 0, today=TODAY)[-1]
        then = NOW + timedelta(days=2)
        place_visit(db, moved.id or 0, place, Author(world.coordinator, then))
        same = {"team_id": 1, "day": "2026-11-12", "starts_at": "09:00", "work": "x"}
        line = _line(renumbered, Happening.MOVED, then)
        line.before, line.after = {**same, "slot": 2}, {**same, "slot": 1}
        db.add(line)
    tasks = _tasks(engine, world, 3)
    assert moved.id not in tasks
    assert renumbered.id in tasks


def test_nobody_else_sees_the_calls(engine: Engine, world: World, asked: list[int]) -> None:
    with reading(engine) as db:
        assert call_tasks(db, world.foreigner, NOW + timedelta(days=3)) == []
