"""Something has changed: the difference is seen first, then applied or put aside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Role, TeamLeave
from outreach.visits.tables import Replan, ReplanState, Visit, Work
from tests.web.planned import engine_of, plan, words_of

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
    visitor.send(f"{path}/apply", {"version": _version(page)})
    assert planned.visit(confirmed.id) == confirmed
    assert "Confirmed visits that stay" in words_of(visitor.get(path))
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
