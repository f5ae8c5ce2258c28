"""A visit by page: moved with its warnings seen, its status typed in, its history told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.lifecycle import Author, write_event
from outreach.visits.swapping import may_swap
from outreach.visits.tables import Channel, Happening, Visit, Work
from tests.visits.world import NOW
from tests.web.planned import Planned, proposed, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Visitor
    from tests.web.world import World

#: A Wednesday, a Sunday and a Saturday within the stage after its plan has ended.
FREE, SUNDAY, SATURDAY = date(2026, 12, 16), date(2026, 12, 13), date(2026, 12, 12)


@pytest.fixture
def client(english: Callable[[Role], Visitor], planned: Planned) -> Visitor:
    return english(Role.COORDINATOR)


def to(visit: Visit, **more: Any) -> dict[str, Any]:
    values = {
        "team_id": visit.team_id,
        "day": FREE.isoformat(),
        "slot": 1,
        "version": visit.version,
        "reason": "Kepala desa minta hari lain",
    }
    return values | more


def test_a_visit_is_moved_and_its_history_says_from_where_to_where_and_why(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    answer = client.send(f"/visits/{visit.id}/move", to(visit))
    assert answer.status_code == 303
    moved = planned.visit(visit.id)
    assert (moved.day, moved.slot) == (FREE, 1)
    words = words_of(client.get(f"/visits/{visit.id}"))
    assert "The visit is moved." in words
    assert "Wednesday, 16 December 2026" in words
    assert f"{visit.day.day} November 2026 → Wednesday, 16 December 2026" in words
    assert "Why: Kepala desa minta hari lain" in words
    assert "Si coordinator" in words


def test_warnings_are_told_while_a_move_is_being_chosen(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    path = f"/visits/{visit.id}/move/warnings?team_id={visit.team_id}&slot=1&day="
    assert "Nothing speaks against it." in words_of(client.get(f"{path}{FREE}"))
    sunday = words_of(client.get(f"{path}{SUNDAY}"))
    assert "The team does not go out on that day (Sunday)." in sunday
    assert "Move it anyway." in sunday
    assert "Not a working day of the team" in words_of(client.get(f"{path}{SATURDAY}"))
    assert "outside the stage" in words_of(client.get(f"{path}2026-12-21"))
    past = words_of(client.get(f"{path}2026-10-30"))
    assert "This is not possible: That day is over." in past
    assert "Choose a team, a day and a session." in words_of(client.get(f"{path}soon"))
    assert client.get(f"{path}0001-01-01").status_code == 200
    assert client.get(f"{path}9999-12-31").status_code == 200
    assert (
        client.get(f"/visits/{visit.id}/move/warnings?team_id=9&slot=1&day={FREE}").status_code
        == 404
    )
    assert planned.visit(visit.id).day == visit.day


def test_a_drop_is_told_its_start_and_makes_room_between_others(
    planned: Planned, client: Visitor
) -> None:
    moved = proposed(planned)
    days: dict[tuple[int, date], list[Visit]] = {}
    for one in planned.visits():
        days.setdefault((one.team_id, one.day), []).append(one)
    day = next(
        visits
        for visits in days.values()
        if len(visits) == 2 and moved not in visits and visits[0].work is Work.PROPOSED
    )
    there = to(moved, team_id=day[0].team_id, day=day[0].day, slot=2, insert="on")
    path = f"/visits/{moved.id}/move"
    told = client.get(f"{path}/drop", query_string=there)
    assert "Starts at" in words_of(told)
    assert 'name="insert" value="on"' in told.get_data(as_text=True)
    assert "already has a visit" not in words_of(told)
    assert client.get(f"{path}/drop", query_string={"day": "soon"}).status_code == 200
    first = client.send(path, there | {"also_confirmed": "on"})
    if first.status_code == 409:
        ticked = re.search(r'name="despite" value="([^"]*)"', first.get_data(as_text=True))
        assert ticked is not None
        despite = {"also_confirmed": "on", "despite": ticked[1], "back": "on"}
        first = client.send(path, there | despite)
        assert "/plan/calendar" in first.headers["Location"]
    assert first.status_code == 303
    after = [planned.visit(one.id).slot for one in (day[0], moved, day[1])]
    assert after == [1, 2, 3]


def test_a_move_that_breaks_a_rule_waits_for_the_tick(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    path = f"/visits/{visit.id}/move"
    first = client.send(path, to(visit, day=SUNDAY.isoformat()))
    assert first.status_code == 409
    assert "The team does not go out on that day (Sunday)." in words_of(first)
    assert "Kepala desa minta hari lain" in first.get_data(as_text=True)
    assert planned.visit(visit.id).day == visit.day
    seen = to(visit, day=SUNDAY.isoformat(), despite="sunday")
    assert client.send(path, seen).status_code == 303
    assert planned.visit(visit.id).day == SUNDAY


def test_a_tick_for_other_warnings_does_not_count(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    given = to(visit, day="2026-12-20", despite="sunday")
    answer = client.send(f"/visits/{visit.id}/move", given)
    assert answer.status_code == 409
    assert "outside the stage" in words_of(answer)
    assert planned.visit(visit.id).day == visit.day


def test_a_confirmed_visit_moves_only_with_an_explicit_tick(
    world: World, planned: Planned, client: Visitor
) -> None:
    visit = planned.visit(world.own["visit_id"])
    assert visit.work is Work.CONFIRMED
    path = f"/visits/{visit.id}/move"
    refused = client.send(path, to(visit))
    assert refused.status_code == 409
    assert "The village has confirmed this visit." in words_of(refused)
    assert 'name="also_confirmed"' in refused.get_data(as_text=True)
    assert planned.visit(visit.id).day == visit.day
    assert client.send(path, to(visit, also_confirmed="on")).status_code == 303
    assert planned.visit(visit.id).work is Work.AWAITING


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reason": "Ibu Sri 3372041512800001"}, "identity number"),
        ({"day": "besok"}, "Please enter a date."),
        ({"slot": "4"}, "At most 3."),
        ({"team_id": ""}, "Please fill this in."),
    ],
)
def test_a_move_that_cannot_be_read_is_told_and_kept(
    wrong: dict[str, str], told: str, planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    answer = client.send(f"/visits/{visit.id}/move", to(visit, **wrong))
    assert answer.status_code == 422
    assert told in words_of(answer)
    if "day" not in wrong:
        assert f'value="{FREE.isoformat()}"' in answer.get_data(as_text=True)
    assert planned.visit(visit.id).day == visit.day


def test_a_day_that_is_over_and_a_taken_session_are_refused(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    other = next(one for one in planned.visits() if one.day != visit.day)
    past = client.send(f"/visits/{visit.id}/move", to(visit, day="2026-11-01", despite="sunday"))
    assert past.status_code == 409
    assert "That day is over." in words_of(past)
    taken = to(visit, day=other.day.isoformat(), slot=other.slot)
    answer = client.send(f"/visits/{visit.id}/move", taken)
    assert answer.status_code == 409
    assert "The team already has a visit as that session" in words_of(answer)
    assert other.village_code in words_of(answer)


def test_two_people_move_and_the_second_sees_both(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    path = f"/visits/{visit.id}/move"
    assert client.send(path, to(visit)).status_code == 303
    stale = client.send(path, to(visit, day=(FREE + timedelta(days=1)).isoformat()))
    assert stale.status_code == 409
    words = words_of(stale)
    assert "Somebody else changed this first" in words
    assert "Stored meanwhile: 16/12/2026" in words
    assert 'value="2026-12-17"' in stale.get_data(as_text=True)


def test_a_manager_reads_a_visit_and_changes_nothing(
    planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    visit = proposed(planned)
    manager = english(Role.MANAGER)
    page = manager.get(f"/visits/{visit.id}").get_data(as_text=True)
    assert "<form" not in page.split("<main")[1]
    assert manager.send(f"/visits/{visit.id}/move", to(visit)).status_code == 403
    assert manager.send(f"/visits/{visit.id}/status", {"happening": "asked"}).status_code == 403


def test_no_tick_is_offered_where_none_helps(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    other = next(one for one in planned.visits() if one.day != visit.day)
    path = f"/visits/{visit.id}/move"
    # The past Sunday would have warnings that can be ticked away, were it not over.
    for wanted in (
        to(visit, day="2026-11-01"),
        to(visit, day=other.day.isoformat(), slot=other.slot),
    ):
        live = client.get(f"{path}/warnings", query_string=wanted).get_data(as_text=True)
        sent = client.send(path, wanted).get_data(as_text=True)
        for html in (live, sent):
            assert "This is not possible:" in html
            assert 'type="checkbox"' not in html


def test_an_ended_visit_does_not_come_back_beside_the_one_made_in_its_place(
    planned: Planned, client: Visitor
) -> None:
    ended, other = planned.visits()[5:7]
    with unit_of_work(planned.engine) as db:
        gone = db.get_one(Visit, ended.id)
        gone.work = Work.POSTPONED
        db.flush()
        db.get_one(Visit, other.id).village_code = gone.village_code
    live = client.get(f"/visits/{ended.id}/move/warnings", query_string=to(ended))
    assert "This is not possible: The village already has another visit" in words_of(live)


def test_leave_names_the_visits_it_collides_with_everywhere(
    planned: Planned, client: Visitor, english: Callable[[Role], Visitor]
) -> None:
    visit = proposed(planned)
    told = {"starts": visit.day.isoformat(), "ends": visit.day.isoformat(), "reason": "Diklat"}
    path, own = f"/teams/{visit.team_id}", f'href="/visits/{visit.id}"'
    assert own not in client.get(path).get_data(as_text=True)
    assert client.send(f"{path}/leave", told).status_code == 303
    page = client.get(path)
    hit = sum((one.team_id, one.day) == (visit.team_id, visit.day) for one in planned.visits())
    assert f"{hit} visit{'s'[: hit > 1]} lie" in words_of(page)
    assert "please move" in words_of(page)
    assert own in page.get_data(as_text=True)
    assert own not in english(Role.ADMIN).get(path).get_data(as_text=True)
    assert "is on leave on that day. Move this visit" in words_of(client.get(f"/visits/{visit.id}"))
    elsewhere = next(one for one in planned.visits() if one.day != visit.day)
    assert "is on leave" not in words_of(client.get(f"/visits/{elsewhere.id}"))
    plan_path = f"/stages/{visit.stage_id}/plan/calendar"
    week = client.get(f"{plan_path}?week={visit.day}").get_data(as_text=True)
    assert week.count(" without-team") == hit
    assert "on leave" in words_of(client.get(f"{plan_path}?month={visit.day.replace(day=1)}"))


def test_the_calendar_tells_what_waits_for_an_answer_from_what_is_only_proposed(
    planned: Planned, client: Visitor
) -> None:
    html = client.get(f"/stages/{planned.stage_id}/plan/calendar").get_data(as_text=True)
    legend = html[html.index('class="legend"') :]
    assert '<span class="tag planned">Proposed' in legend
    assert '<span class="tag awaiting">Awaiting confirmation' in legend


def test_two_visits_change_places_from_the_drop(planned: Planned, client: Visitor) -> None:
    with unit_of_work(planned.engine) as db:
        one, other = next(
            pair
            for pair in permutations(planned.visits(), 2)
            if may_swap(db, *pair, NOW.date()) and Work.CONFIRMED not in {v.work for v in pair}
        )
    there = to(one, team_id=other.team_id, day=other.day, slot=other.slot, insert="on")
    panel = client.get(f"/visits/{one.id}/move/drop", query_string=there | {"onto": other.id})
    assert f'formaction="/visits/{one.id}/swap"' in panel.get_data(as_text=True)
    given = {"other_id": other.id, "version": one.version, "other_version": other.version}
    client.send(f"/visits/{one.id}/swap", given)  # nobody knows of them: no reason is needed
    after = planned.visit(one.id), planned.visit(other.id)
    assert [(v.team_id, v.day, v.slot) for v in after] == [
        (v.team_id, v.day, v.slot) for v in (other, one)
    ]


def test_a_reason_is_asked_for_only_where_a_village_knows_of_its_day(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    page = client.get(f"/visits/{visit.id}").text
    assert "Why it moves (optional)" in page
    assert client.send(f"/visits/{visit.id}/move", to(visit, reason="")).status_code == 303
    with unit_of_work(planned.engine) as db:
        db.get_one(Visit, visit.id).work = Work.AWAITING
    moved = planned.visit(visit.id)
    assert "Why it moves (optional)" not in client.get(f"/visits/{visit.id}").text
    again = to(moved, day=visit.day, slot=visit.slot, reason="")
    refused = client.send(f"/visits/{visit.id}/move", again)
    assert refused.status_code == 422
    assert "Please fill this in." in words_of(refused)
    assert planned.visit(visit.id).day == FREE


def test_a_line_in_which_only_the_way_changed_is_not_told(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    place = {"team_id": visit.team_id, "day": visit.day.isoformat(), "slot": visit.slot}
    with unit_of_work(planned.engine) as db:
        author = Author(None, NOW, channel=Channel.PRODUCT)
        write_event(db, visit, Happening.MOVED, place, place, author)
    assert "Moved" not in words_of(client.get(f"/visits/{visit.id}"))
