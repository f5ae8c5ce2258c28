"""Something has changed: the difference is seen first, then applied or put aside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlmodel import select

from outreach.campaigns.tables import Pick, Stage, StagePick
from outreach.db import unit_of_work
from outreach.people.tables import Role, TeamLeave
from outreach.visits.tables import Replan, ReplanState, Visit, Work
from tests.web.planned import engine_of, hang_clock, plan, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.planned import Planned
    from tests.web.world import World


def _drafted(visitor: Visitor, stage_id: int, **form: object) -> str:
    answer = visitor.send(f"/stages/{stage_id}/replan", form)
    assert answer.status_code == 303, words_of(answer)
    return str(answer.headers["Location"])


def _away(visitor: Visitor, planned: Planned, visit: Visit) -> str:
    return _drafted(
        visitor,
        planned.stage_id,
        cause="team_away",
        team_id=visit.team_id,
        first=visit.day,
        last=visit.day,
        why="Mobil rusak",
    )


def _version(page: object) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.get_data(as_text=True))  # type: ignore[attr-defined]
    assert found is not None
    return found[1]


def test_the_plan_asks_what_has_changed(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    told = words_of(visitor.get(f"/stages/{planned.stage_id}/replan"))
    assert "A team is away" in told
    assert "A region is closed" in told
    assert "Until you apply it, the plan stays as it is." in told
    away = visitor.get(f"/stages/{planned.stage_id}/replan?cause=team_away&first=2026-11-18")
    assert 'value="2026-11-18"' in away.get_data(as_text=True)
    assert visitor.get(f"/stages/{planned.stage_id}/replan?cause=nonsense").status_code == 200


def test_a_difference_is_shown_and_applied(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    path = _away(visitor, planned, visit)
    page = visitor.get(path)
    told = words_of(page)
    assert "Before and after" in told
    assert "Mobil rusak" in told
    assert planned.visit(visit.id).day == visit.day
    answer = visitor.send(f"{path}/apply", {"version": _version(page)})
    assert answer.status_code == 303
    moved = planned.visit(visit.id)
    assert (moved.team_id, moved.day) != (visit.team_id, visit.day)
    assert "Applied" in words_of(visitor.get(path))
    again = visitor.send(f"{path}/apply", {"version": 2})
    assert again.status_code == 409
    assert "applied or discarded already" in words_of(again)


def test_confirmed_visits_are_ticked_one_by_one(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    confirmed = next(one for one in planned.visits() if one.work is Work.CONFIRMED)
    path = _away(visitor, planned, confirmed)
    page = visitor.get(path)
    assert f'id="allowed-{confirmed.id}"' in page.get_data(as_text=True)
    assert "Travel of these days, if all are ticked" in words_of(page)
    visitor.send(f"{path}/apply", {"version": _version(page)})
    assert planned.visit(confirmed.id) == confirmed
    applied = words_of(visitor.get(path))
    assert "Confirmed visits that stay" in applied
    assert "Travel of these days" not in applied, "it was worked out for all of them"
    path = _away(visitor, planned, confirmed)
    data = {"version": _version(visitor.get(path)), "allowed": str(confirmed.id)}
    visitor.send(f"{path}/apply", data)
    moved = planned.visit(confirmed.id)
    assert moved.day != confirmed.day
    assert moved.work is Work.AWAITING


def test_a_stale_difference_is_worked_out_anew(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    path = _away(visitor, planned, visit)
    with unit_of_work(planned.engine) as db:
        db.get_one(Visit, visit.id).version += 1
    answer = visitor.send(f"{path}/apply", {"version": _version(visitor.get(path))})
    assert answer.status_code == 409
    assert "Show the difference anew" in words_of(answer)
    assert planned.visit(visit.id).day == visit.day
    with unit_of_work(engine_of(app)) as db:
        assert [one for one in db.exec(select(TeamLeave)) if one.reason == "Mobil rusak"] == []
    anew = visitor.send(f"{path}/again")
    assert anew.status_code == 303
    fresh = anew.headers["Location"]
    done = visitor.send(f"{fresh}/apply", {"version": _version(visitor.get(fresh))})
    assert done.status_code == 303


def test_a_draft_is_discarded(app: Flask, world: World, english: Callable[[Role], Visitor]) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    visit = planned.visits()[0]
    path = _drafted(
        visitor, planned.stage_id, cause="village_cancels", visit_id=visit.id, why="Hajatan"
    )
    assert visitor.send(f"{path}/discard", {"version": "1"}).status_code == 303
    assert planned.visit(visit.id).work is visit.work
    with unit_of_work(engine_of(app)) as db:
        found = db.get_one(Replan, int(path.rsplit("/", 1)[1]))
        assert found.state is ReplanState.DISCARDED


def test_what_is_wrong_is_said_beside_its_field(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    path = f"/stages/{planned.stage_id}/replan"
    days = {"first": "2026-11-20", "last": "2026-11-18", "why": "Sakit"}
    team = planned.visits()[0].team_id
    answer = visitor.send(path, {"cause": "team_away", "team_id": team, **days})
    assert answer.status_code == 422
    assert "The end lies before the start." in words_of(answer)
    outside = {"cause": "village_added", "village_code": "33.11.01.2001"}
    answer = visitor.send(path, outside)
    assert answer.status_code == 422
    assert "This lies outside the branch." in words_of(answer)
    named = {"cause": "area_closed", "region_code": "Laweyan", "closure": "flood", "why": "Banjir"}
    answer = visitor.send(path, {**named, "first": "2026-11-18", "last": "2026-11-18"})
    assert answer.status_code in (303, 422)
    if answer.status_code == 422:
        assert "Which one is meant?" in words_of(answer)
    assert visitor.send(path, {}).status_code == 422


def test_the_first_day_asked_about_lies_in_the_stage(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    path = f"/stages/{planned.stage_id}/replan?cause=team_away"
    with unit_of_work(engine_of(app)) as db:
        starts = db.get_one(Stage, planned.stage_id).starts
    hang_clock(app, datetime.combine(starts - timedelta(days=20), time(3), UTC))
    assert f'value="{starts}"' in visitor.get(path).text
    hang_clock(app, datetime.combine(starts + timedelta(days=3), time(3), UTC))
    assert f'value="{starts + timedelta(days=3)}"' in visitor.get(path).text


def test_a_name_of_several_regions_is_asked_about(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    told = {
        "cause": "area_closed",
        "closure": "flood",
        "region_code": "Serengan",
        "first": planned.visits()[0].day,
        "last": planned.visits()[0].day,
    }
    asked = visitor.send(f"/stages/{planned.stage_id}/replan", told)
    words = words_of(asked)
    assert asked.status_code == 422
    assert "More than one place may be meant." in words
    assert "not a region code" not in words
    assert "District Serengan" in words
    assert "Kelurahan Serengan" in words
    found = visitor.send(
        f"/stages/{planned.stage_id}/replan", told | {"region_code_pick": "33.72.02"}
    )
    assert found.status_code == 303, words_of(found)
    assert "Why: Flood" in words_of(visitor.get(found.headers["Location"]))


def test_what_becomes_of_a_visit_is_chosen_and_said_before(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    form = visitor.get(
        f"/stages/{planned.stage_id}/replan?cause=village_cancels&visit_id={visit.id}"
    )
    assert "the visit is postponed, and the village waits" in words_of(form)
    told = {"cause": "village_cancels", "visit_id": visit.id, "why": "Hajatan"}
    waits = _drafted(visitor, planned.stage_id, **told, outcome="waits")
    assert "these visits are “Postponed”" in words_of(visitor.get(waits))
    ends = _drafted(visitor, planned.stage_id, **told, outcome="cancelled")
    page = visitor.get(ends)
    assert "the visit is “Cancelled”" in words_of(page)
    visitor.send(f"{ends}/apply", {"version": _version(page)})
    assert planned.visit(visit.id).work is Work.CANCELLED


def test_a_village_left_out_by_hand_is_warned_of(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor, planned = english(Role.COORDINATOR), plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Visit, visit.id).work = Work.CANCELLED
        db.add(
            StagePick(
                stage_id=planned.stage_id,
                village_code=visit.village_code,
                pick=Pick.LEFT_OUT,
                reason="Sudah ikut program lain",
            )
        )
    path = _drafted(
        visitor,
        planned.stage_id,
        cause="village_added",
        village_code=visit.village_code,
        why="Kades minta ikut",
    )
    assert "left out of the stage by hand: “Sudah ikut program lain”" in words_of(visitor.get(path))
