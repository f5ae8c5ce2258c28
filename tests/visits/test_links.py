"""Signed links: short, forged by nobody, alive exactly while a village is asked."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.people.signs import SIGNS
from outreach.villages.tables import Zone
from outreach.visits import lifecycle
from outreach.visits.answers import AnswerIn, answer_by_link
from outreach.visits.asking import asked_on, last_link, new_link, take_link_back
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import (
    LinkState,
    address_of,
    expiry,
    find,
    issue_links,
    key_of,
    live_links,
    token_of,
    withdraw_links,
)
from outreach.visits.listing import visits_of_stage
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.tables import Answer, ConfirmationLink, Happening, Result, Visit, Work
from tests.visits.world import NOW, World, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

KEY = key_of("a secret of thirty-two characters")
FREE_DAY = date(2026, 11, 14)
LINK = ConfirmationLink(
    id=83_762, visit_id=4_711, issued_at=NOW, expires_at=NOW + timedelta(days=3)
)


def test_an_address_is_short_and_of_signs_that_messengers_take_whole() -> None:
    address = address_of(LINK, KEY, "https://desa.example.id/")
    token = token_of(LINK, KEY)
    assert address == f"https://desa.example.id/k/{token}"
    assert len(token) <= 20
    assert set(token) <= set(SIGNS)


def test_the_signature_depends_on_the_key_the_visit_and_the_moment() -> None:
    def token(key: bytes = KEY, **changes: object) -> str:
        return token_of(ConfirmationLink(**{**LINK.model_dump(), **changes}), key)

    others = {
        token(key_of("another secret of 32 characters!!")),
        token(visit_id=4_712),
        token(issued_at=NOW + timedelta(seconds=1)),
        token(id=83_763),
    }
    assert token() not in others
    assert len(others) == 4
    # Not the secret itself signs: it signs cookies.
    assert key_of("secret") != b"secret"


@pytest.fixture
def asked(engine: Engine, world: World) -> list[int]:
    """The visits of a plan, published as a whole: every village is asked."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        return publish(db, world)


def publish(db: Session, world: World) -> list[int]:
    visits = db.exec(select(Visit).where(Visit.stage_id == world.stage_id)).all()
    for visit in visits:
        visit.work = Work.AWAITING
    ids = [visit.id or 0 for visit in visits]
    assert issue_links(db, ids, NOW) == len(ids)
    return ids


def _link(db: Session, visit_id: int) -> ConfirmationLink | None:
    return live_links(db, [visit_id], NOW).get(visit_id)


def test_every_published_visit_has_one_link_and_a_second_call_adds_none(
    engine: Engine, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        links = live_links(db, asked, NOW)
        assert set(links) == set(asked)
        assert issue_links(db, asked, NOW) == 0
        for visit_id in asked[:3]:
            found = find(db, token_of(links[visit_id], KEY), KEY, NOW)
            assert (found.state, found.link) == (LinkState.LIVE, links[visit_id])


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, 30),
    sign=st.sampled_from(sorted({*SIGNS, *"ABZ0189-._ é\0", ""})),
    extra=st.booleans(),
)
def test_any_changed_sign_is_refused(place: int, sign: str, *, extra: bool) -> None:
    token = token_of(LINK, KEY)
    place = place % (len(token) + 1)
    forged = token[:place] + sign + token[place + (0 if extra else 1) :]

    class Stored:
        """A database in which the link stands, and one under every other number as well."""

        def get(self, _kind: object, number: int) -> ConfirmationLink:
            return LINK if number == LINK.id else ConfirmationLink(**{**other, "id": number})

    other = {**LINK.model_dump(), "visit_id": 1}
    found = find(Stored(), forged, KEY, NOW)  # type: ignore[arg-type]
    assert (found.state is LinkState.LIVE) == (forged == token)


@pytest.mark.parametrize(
    "token", ["", "a", "a" * 17, "b" + "a" * 16, "zzzzzzz" + "a" * 16, "x" * 4000, "ééé"]
)
def test_what_is_no_link_of_ours_is_wrong(engine: Engine, token: str) -> None:
    with reading(engine) as db:
        assert find(db, token, KEY, NOW).state is LinkState.WRONG


def test_another_installations_link_is_wrong(engine: Engine, asked: list[int]) -> None:
    with reading(engine) as db:
        link = _link(db, asked[0])
        assert link is not None
        theirs = token_of(link, key_of("somebody else's secret, as long"))
        assert find(db, theirs, KEY, NOW).state is LinkState.WRONG


@pytest.mark.parametrize(
    ("zone", "ends"),
    [(Zone.WIB, (19, 17)), (Zone.WITA, (19, 16)), (Zone.WIT, (19, 15))],
)
def test_a_link_ends_as_the_day_begins_in_the_village(zone: Zone, ends: tuple[int, int]) -> None:
    assert expiry(date(2026, 11, 20), zone) == datetime(2026, 11, *ends, tzinfo=UTC)


def test_an_old_link_says_that_it_is_over(engine: Engine, asked: list[int]) -> None:
    with reading(engine) as db:
        link = _link(db, asked[0])
        assert link is not None
        token, ends = token_of(link, KEY), link.expires_at
        assert find(db, token, KEY, ends - timedelta(seconds=1)).state is LinkState.LIVE
        assert find(db, token, KEY, ends).state is LinkState.EXPIRED
        assert live_links(db, [asked[0]], ends) == {}


def test_a_visit_whose_day_has_begun_gets_no_link(engine: Engine, asked: list[int]) -> None:
    with unit_of_work(engine) as db:
        withdraw_links(db, asked, NOW)
        first = db.get_one(Visit, asked[0])
        late = expiry(first.day, first.zone)
        assert issue_links(db, [asked[0]], late) == 0
        assert issue_links(db, [asked[0]], late - timedelta(seconds=1)) == 1


PATHS = {
    Happening.CONFIRMED: None,
    Happening.POSTPONED: None,
    Happening.CANCELLED: None,
    Happening.UNREACHABLE: None,
    Happening.RETURNED: None,
    Happening.REPORTED: Result.ATTENDED,
}


def test_every_way_out_of_waiting_is_tried() -> None:
    ways = {told for work, told in lifecycle.MOVES if work is Work.AWAITING}
    stays = {Happening.CALLED, Happening.WISHED}
    assert ways - stays == set(PATHS)


@pytest.mark.parametrize("happening", PATHS)
def test_a_link_ends_on_every_way_out_of_waiting(
    engine: Engine, world: World, asked: list[int], happening: Happening
) -> None:
    with unit_of_work(engine) as db:
        link = _link(db, asked[0])
        assert link is not None
        author = Author(world.coordinator, NOW, "hajatan")
        settle(db, asked[0], happening, author, result=PATHS[happening])
    with reading(engine) as db:
        assert find(db, token_of(link, KEY), KEY, NOW).state is LinkState.WITHDRAWN
        assert _link(db, asked[0]) is None


def test_a_call_in_vain_leaves_the_link_alive(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        before = _link(db, asked[0])
        settle(db, asked[0], Happening.CALLED, Author(world.coordinator, NOW))
        assert before is not None
        assert _link(db, asked[0]) == before


def test_a_moved_visit_has_a_new_link_and_so_have_those_whose_start_changed(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        before = live_links(db, asked, NOW)
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        first = next(row for row in rows if row.slot == 1)
        to = MoveIn(team_id=world.team_ids[0], day=FREE_DAY, slot=1, also_confirmed=True)
        relocate(db, first.id, to, Author(world.coordinator, NOW))
    with reading(engine) as db:
        after = live_links(db, asked, NOW)
        now_there = visits_of_stage(db, world.coordinator, world.stage_id)
        starts = {row.id: (row.team_id, row.day, row.starts_at) for row in rows}
        told_anew = {
            row.id for row in now_there if starts[row.id] != (row.team_id, row.day, row.starts_at)
        }
        assert first.id in told_anew
        assert {one for one in asked if before[one].id != after[one].id} == told_anew
        old = find(db, token_of(before[first.id], KEY), KEY, NOW)
        assert old.state is LinkState.WITHDRAWN
        assert after[first.id].expires_at == expiry(FREE_DAY, first.zone)


def test_a_confirmed_visit_that_moves_is_asked_again_by_a_link(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        settle(db, asked[0], Happening.CONFIRMED, Author(world.coordinator, NOW))
        assert _link(db, asked[0]) is None
        to = MoveIn(team_id=world.team_ids[0], day=FREE_DAY, slot=1, also_confirmed=True)
        relocate(db, asked[0], to, Author(world.coordinator, NOW))
        assert _link(db, asked[0]) is not None


def test_proposals_have_no_link(engine: Engine, world: World) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        ids = list(db.exec(select(col(Visit.id))))
        assert issue_links(db, [one or 0 for one in ids], NOW) == 0


def test_a_coordinator_takes_a_link_back_and_gives_a_new_one(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        old = last_link(db, world.coordinator, asked[0])
        assert old is not None
        take_link_back(db, asked[0], by=world.coordinator, now=NOW)
        assert find(db, token_of(old, KEY), KEY, NOW).state is LinkState.WITHDRAWN
        assert _link(db, asked[0]) is None
        new_link(db, asked[0], by=world.coordinator, now=NOW)
        new = last_link(db, world.coordinator, asked[0])
        assert new is not None
        assert find(db, token_of(new, KEY), KEY, NOW).state is LinkState.LIVE


def test_only_the_branchs_coordinator_handles_links(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        for act in (new_link, take_link_back):
            with pytest.raises(NotFound):
                act(db, asked[0], by=world.foreigner, now=NOW)
            with pytest.raises(NotAllowed):
                act(db, asked[0], by=world.manager, now=NOW)
        with pytest.raises(NotFound):
            last_link(db, world.foreigner, asked[0])


def test_what_awaits_no_answer_gets_no_new_link(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        settle(db, asked[0], Happening.CONFIRMED, Author(world.coordinator, NOW))
        with pytest.raises(Conflict) as refusal:
            new_link(db, asked[0], by=world.coordinator, now=NOW)
        assert refusal.value.facts["problem"] == "wrong_status"
        later = db.get_one(Visit, asked[1])
        late = expiry(later.day, later.zone)
        with pytest.raises(Conflict) as refusal:
            new_link(db, asked[1], by=world.coordinator, now=late)
        assert refusal.value.facts["problem"] == "link_too_late"


def test_a_days_list_holds_the_visits_that_villages_know_of(
    engine: Engine, world: World, asked: list[int]
) -> None:
    with unit_of_work(engine) as db:
        first = db.get_one(Visit, asked[0])
        settle(db, asked[0], Happening.CONFIRMED, Author(world.coordinator, NOW))
        same_day = asked_on(db, world.coordinator, world.stage_id, NOW, day=first.day)
        one_team = asked_on(
            db, world.coordinator, world.stage_id, NOW, day=first.day, team_id=first.team_id
        )
    assert {one.visit.day for one in same_day} == {first.day}
    assert {one.visit.team_id for one in one_team} == {first.team_id}
    assert [one.link is None for one in same_day] == [one.visit.id == first.id for one in same_day]
    with reading(engine) as db, pytest.raises(NotFound):
        asked_on(db, world.foreigner, world.stage_id, NOW)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_open_links_are_those_of_the_visits_that_wait(
    sqlite_engine: Engine, seed: int
) -> None:
    world = build_world(sqlite_engine)
    plan(sqlite_engine, world)
    with unit_of_work(sqlite_engine) as db:
        publish(db, world)
    dice = random.Random(seed)
    done = 0
    for _ in range(50):
        with suppress(Conflict, NotAllowed), unit_of_work(sqlite_engine) as db:
            _act_at_random(db, world, dice)
            done += 1
        with reading(sqlite_engine) as db:
            visits = db.exec(select(Visit)).all()
            links = live_links(db, [one.id or 0 for one in visits], NOW)
            waiting = {one.id: one for one in visits if one.work is Work.AWAITING}
            assert set(links) == set(waiting)
            assert all(
                links[number or 0].expires_at == expiry(one.day, one.zone)
                for number, one in waiting.items()
            )
    assert done > 20


def _act_at_random(db: Session, world: World, dice: random.Random) -> None:
    """Do something to some visit, as people do; what a rule refuses is refused."""
    visit = dice.choice(db.exec(select(Visit).order_by(col(Visit.id))).all())
    visit_id, author = visit.id or 0, Author(world.coordinator, NOW, "alasan")
    to = MoveIn(
        team_id=dice.choice(world.team_ids),
        day=dice.choice([visit.day, FREE_DAY]),
        slot=dice.randint(1, 3),
        also_confirmed=True,
        insert=dice.random() < 0.5,
    )
    link = live_links(db, [visit_id], NOW).get(visit_id)
    match dice.randrange(3):
        case 0:
            settle(db, visit_id, dice.choice([*PATHS, Happening.CALLED]), author, result=None)
        case 1:
            relocate(db, visit_id, to, author)
        case 2 if link is not None:
            answer_by_link(db, link.id or 0, AnswerIn(answer=Answer.CAN), NOW)
