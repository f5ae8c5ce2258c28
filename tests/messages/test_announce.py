"""Who is told what: from the history, once, the latest state, and nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.messages import outbox
from outreach.people.tables import Official
from outreach.visits.lifecycle import Author, turn
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.tables import Channel, Happening, Visit, VisitEvent
from tests.messages.conftest import EMAIL, IN_ONE_FIELD, Outreach, Told
from tests.rewriting import unlock_history
from tests.visits.world import NOW, TODAY

if TYPE_CHECKING:
    from sqlalchemy import Engine

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def visit(field: Outreach) -> Visit:
    """A published visit some days ahead whose village has one official."""
    field.publish()
    ahead = [one for one in field.visits().values() if one.day > TODAY + timedelta(days=4)]
    visit = min(ahead, key=lambda one: (one.day, one.team_id, one.slot))
    field.official(visit.village_code)
    return visit


def _send(field: Outreach) -> None:
    """Tap every WhatsApp message that waits."""
    with unit_of_work(field.engine) as db:
        for one in outbox.to_send_by_hand(db, field.world.coordinator):
            outbox.mark_sent_by_hand(db, one.message.id or 0, by=field.world.coordinator, now=NOW)


def _turn(
    field: Outreach, visit: Visit, happening: Happening, channel: Channel = Channel.PAGE
) -> None:
    with unit_of_work(field.engine) as db:
        by = field.world.coordinator
        turn(
            db,
            visit.id or 0,
            happening,
            by=by,
            now=LATER,
            reason="banjir",
            channel=channel,
        )


def _move(field: Outreach, visit: Visit, channel: Channel = Channel.PAGE) -> date:
    """Put the visit alone on a free day of its team."""
    taken = {(one.team_id, one.day) for one in field.visits().values()}
    day = next(
        day
        for number in range(1, 60)
        if (visit.team_id, day := visit.day + timedelta(days=number)) not in taken
    )
    with unit_of_work(field.engine) as db:
        to = MoveIn(team_id=visit.team_id, day=day, slot=1, also_confirmed=True)
        author = Author(field.world.coordinator, LATER, "hujan", channel)
        relocate(db, visit.id or 0, to, author)
    return day


def _short(told: list[Told]) -> list[tuple[str, str]]:
    return [(one.matter, one.state) for one in told]


def test_publishing_tells_every_official_in_office_once(field: Outreach) -> None:
    asked = field.publish()
    codes = {one.village_code for one in field.visits().values() if one.id in asked}
    field.officials(codes)
    first, second = sorted(codes)[:2]
    field.official(second, "Carik", phone="", email=EMAIL)
    field.official(second, "Tanpa kontak", phone="")
    field.official(first, "Lama", term_ends=TODAY - timedelta(days=1))
    field.official(first, "Belum", term_starts=TODAY + timedelta(days=1))
    field.official(first, "Berhenti", is_active=False)
    field.official("33.09.01.2001", "Desa lain")
    assert field.announce(by_email=True) == len(codes) + 1
    assert field.announce(by_email=True) == 0
    told = field.told()
    assert {one.village for one in told} == codes
    assert {one.official for one in told} == {"Sri", "Carik"}
    assert [one.medium for one in told if one.official == "Carik"] == ["email"]
    assert {(one.matter, one.state) for one in told} == {("asked", "waiting")}


def test_without_a_mail_server_no_e_mail_waits(field: Outreach, visit: Visit) -> None:
    field.official(visit.village_code, "Carik", phone="", email=EMAIL)
    assert field.announce() == 1
    assert [one.medium for one in field.told()] == ["whatsapp"]


def test_a_proposal_that_changes_is_nobody_elses_business(field: Outreach) -> None:
    from tests.visits.world import plan

    plan(field.engine, field.world)
    visits = list(field.visits().values())
    field.officials(one.village_code for one in visits)
    _move(field, visits[0])
    _turn(field, visits[1], Happening.CANCELLED)
    assert field.announce() == 0
    assert field.told() == []


def test_what_was_not_sent_yet_only_tells_the_latest(field: Outreach, visit: Visit) -> None:
    field.announce()
    _move(field, visit)
    assert field.announce() == 1
    # It was never told of the first day, so this is no change.
    assert _short(field.told()) == [("asked", "dropped"), ("asked", "waiting")]


def test_the_end_is_told_though_nothing_was_marked_as_sent(field: Outreach, visit: Visit) -> None:
    """The text may have gone out by the button on the visit's page, or been read out."""
    field.announce()
    _turn(field, visit, Happening.CANCELLED)
    assert field.announce() == 1
    assert _short(field.told()) == [("asked", "dropped"), ("called_off", "waiting")]


def test_what_was_sent_is_corrected(field: Outreach, visit: Visit) -> None:
    field.announce()
    _send(field)
    _move(field, visit)
    field.announce()
    assert _short(field.told())[-1] == ("moved", "waiting")
    _turn(field, visit, Happening.CONFIRMED)
    field.announce()  # the official has said yes to the new day, so knows it
    assert _short(field.told())[-1] == ("moved", "dropped")
    _turn(field, visit, Happening.POSTPONED)
    field.announce()
    assert _short(field.told())[-1] == ("called_off", "waiting")
    assert field.announce() == 0


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_village_that_asked_for_another_day_is_not_asked_for_this_one(
    field: Outreach, visit: Visit, is_announced: bool
) -> None:
    if is_announced:
        field.announce()
    _turn(field, visit, Happening.WISHED, Channel.LINK)
    assert field.announce() == 0
    assert _short(field.told()) == [("asked", "dropped")] * is_announced
    _move(field, visit)  # the branch found another one
    assert field.announce() == 1
    assert _short(field.told())[-1][1] == "waiting"


def test_a_visit_asked_by_call_is_known_though_nothing_was_sent(
    field: Outreach, visit: Visit
) -> None:
    field.announce()
    _turn(field, visit, Happening.CONFIRMED, Channel.PHONE)
    _turn(field, visit, Happening.CANCELLED)
    assert field.announce() == 1
    assert _short(field.told()) == [("asked", "dropped"), ("called_off", "waiting")]


def test_told_by_other_means_counts_as_told(field: Outreach, visit: Visit) -> None:
    field.announce()
    with unit_of_work(field.engine) as db:
        (one,) = outbox.to_send_by_hand(db, field.world.coordinator)
        outbox.drop(db, one.message.id or 0, by=field.world.coordinator, now=NOW)
    _turn(field, visit, Happening.CANCELLED)
    field.announce()
    assert _short(field.told()) == [("asked", "dropped"), ("called_off", "waiting")]


@pytest.mark.parametrize(
    "channel", [Channel.LINK, Channel.PHONE, Channel.WHATSAPP, Channel.IN_PERSON]
)
def test_the_village_is_not_told_what_it_said_itself(
    field: Outreach, visit: Visit, channel: Channel
) -> None:
    field.announce()
    _send(field)
    _turn(field, visit, Happening.POSTPONED, channel)
    assert field.announce() == 0


def test_nor_what_its_official_did_on_the_page(field: Outreach, visit: Visit) -> None:
    field.announce()
    _send(field)
    account = replace(field.world.official, areas=(visit.village_code,))
    with unit_of_work(field.engine) as db:
        turn(db, visit.id or 0, Happening.RETURNED, by=account, now=LATER, reason="panen")
    assert field.announce() == 0


def test_a_neighbour_that_makes_room_is_told_though_another_village_asked_for_it(
    field: Outreach, visit: Visit
) -> None:
    others = [
        one
        for one in field.visits().values()
        if (one.team_id, one.day) == (visit.team_id, visit.day) and one.id != visit.id
    ]
    field.officials(one.village_code for one in others)
    field.announce()
    _send(field)
    before = {one.village_code: one.starts_at for one in others}
    _move(field, visit, Channel.LINK)
    moved = {
        one.village_code
        for one in field.visits().values()
        if before.get(one.village_code, one.starts_at) != one.starts_at
    }
    assert field.announce() == len(moved)
    assert {one.village for one in field.told() if one.matter == "moved"} == moved


def test_a_new_official_of_an_asked_village_is_told_too(field: Outreach, visit: Visit) -> None:
    field.announce()
    field.official(visit.village_code, "Baru")
    assert field.announce() == 1
    assert [one.official for one in field.told()] == ["Sri", "Baru"]


def test_who_leaves_office_is_told_nothing_any_more(field: Outreach, visit: Visit) -> None:
    field.announce()
    with unit_of_work(field.engine) as db:
        db.scalars(select(Official)).one().is_active = False
    field.announce()
    assert _short(field.told()) == [("asked", "dropped")]


def test_what_is_long_past_is_not_told(field: Outreach, visit: Visit) -> None:
    assert field.announce(NOW + timedelta(days=3, minutes=1)) == 0
    assert field.announce(NOW + timedelta(days=2)) == 1


def test_a_visit_whose_day_is_over_is_not_told_of(field: Outreach, visit: Visit) -> None:
    with unit_of_work(field.engine) as db:
        db.get_one(Visit, visit.id).day = TODAY - timedelta(days=1)
    assert field.announce() == 0


def test_an_event_that_becomes_visible_late_is_not_missed(field: Outreach, visit: Visit) -> None:
    """Numbers of the history are given before they are committed: a later one shows first."""
    with unit_of_work(field.engine) as db:
        event = db.scalars(
            select(VisitEvent).where(
                col(VisitEvent.visit_id) == visit.id,
                col(VisitEvent.happening) == Happening.ASKED,
            )
        ).one()
        kept = event.model_dump()
        unlock_history(db)
        db.delete(event)
    other = next(one for one in field.visits().values() if one.id != visit.id)
    field.official(other.village_code)
    assert field.announce() == 1
    with unit_of_work(field.engine) as db:
        db.add(VisitEvent(**kept))
    assert field.announce() == 1
    assert {one.village for one in field.told()} == {visit.village_code, other.village_code}


def test_two_sweepers_tell_once(engine: Engine, field: Outreach) -> None:
    field.publish()
    codes = [one.village_code for one in field.visits().values()]
    field.officials(codes)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: field.announce(), range(2)))
    assert sum(made) == len(codes)
    assert len(field.told()) == len(codes)


@settings(IN_ONE_FIELD, max_examples=25)
@given(
    acts=st.lists(
        st.tuples(
            st.integers(0, 11),
            st.sampled_from(
                ["move", "confirmed", "postponed", "cancelled", "unreachable", "returned"]
            ),
            st.sampled_from(Channel),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_only_touched_villages_are_told(
    told_field: Outreach, acts: list[tuple[int, str, Channel, bool]]
) -> None:
    """Whatever is done: who was not touched since they were last told gets nothing."""
    field = told_field
    _send(field)
    before = len(field.told())
    visits = sorted(field.visits().values(), key=lambda one: one.id or 0)[:12]
    seen = _last_event(field)
    for number, act, channel, then_announce in acts:
        _try(field, visits[number % len(visits)], act, channel)
        if then_announce:
            field.announce(LATER)
    field.announce(LATER)
    touched = {code for code, event in _last_event(field).items() if seen.get(code) != event}
    told = field.told()[before:]
    assert {one.village for one in told} <= touched
    waiting = [one.village for one in told if one.state == "waiting"]
    assert len(waiting) == len(set(waiting))
    assert field.announce(LATER) == 0


@pytest.fixture
def told_field(field: Outreach) -> Outreach:
    field.publish()
    field.officials({one.village_code for one in field.visits().values()})
    field.announce()
    return field


def _last_event(field: Outreach) -> dict[str, int]:
    with unit_of_work(field.engine) as db:
        query = select(col(VisitEvent.village_code), col(VisitEvent.id))
        return {row.village_code: row.id for row in db.execute(query.order_by(col(VisitEvent.id)))}


def _try(field: Outreach, visit: Visit, act: str, channel: Channel) -> None:
    from contextlib import suppress

    from outreach.errors import OutreachError

    with suppress(OutreachError):
        if act == "move":
            _move(field, field.visits()[visit.village_code], channel)
        else:
            _turn(field, visit, Happening(act), channel)
