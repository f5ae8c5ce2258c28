"""Parts of a list come together to the whole, each row once, whatever happens meanwhile."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.villages.tables import Zone
from outreach.visits.tables import Result, Visit, Work
from tests.web.world import OWN_REGENCY, OWN_VILLAGE, _visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.reading_program import Api

DAYS = itertools.count(1)
#: Each list, and the field that orders it.
LISTS = {
    "/regions?level=district": "code",
    "/villages?kind=desa": "code",
    "/villages": "code",
    "/progress?level=district": "code",
    "/visits": "id",
    "/sessions": "id",
    "/campaigns": "id",
    "/stages": "id",
    "/weeks?from=2026-10-05&until=2026-12-31&level=regency": "code",
}


def parts(api: Api, path: str, token: str, limits: Iterator[int]) -> Iterator[list[dict[str, Any]]]:
    """Ask for part after part, each of another size."""
    mark, cursor = "&" if "?" in path else "?", ""
    while True:
        answer = api.read(f"{path}{mark}limit={next(limits)}{cursor}", token)
        yield answer["items"]
        if answer["next"] is None:
            return
        cursor = f"&cursor={answer['next']}"


def add_session(api: Api) -> None:
    """Add a visit of a new stage, and its report under an id that may stand anywhere."""
    ids, number = api.world.own, next(DAYS)
    told = (ids["branch_id"], ids["team_id"], OWN_VILLAGE, OWN_REGENCY)
    with unit_of_work(api.engine) as db:
        day = date(2027, 1, 1) + timedelta(days=number)
        visit = _visit(db, *told, stage=f"Sisipan {number}", day=day)["visit_id"]
        db.add(
            SessionReport(
                id=str(uuid.uuid4()),
                visit_id=visit,
                village_code=OWN_VILLAGE,
                held_on=day,
                held_at=time(9),
                zone=Zone.WIB,
                men=1,
                women=2,
                signups=1,
                result=Result.SIGNED_UP,
                reported_by=api.account_id,
                received_at=datetime(2027, 6, 1, tzinfo=UTC),
                fingerprint="",
            )
        )


@pytest.fixture
def full(api: Api) -> Api:
    for _ in range(7):
        add_session(api)
    return api


def test_all_parts_of_any_size_make_the_list(full: Api) -> None:
    token = full.token()
    for path, key in LISTS.items():
        (whole,) = parts(full, path, token, itertools.repeat(500))
        assert len(whole) > 1 or path == "/campaigns", path
        keys = [row[key] for row in whole]
        assert keys == sorted(set(keys)), path
        for limit in (1, 2, len(whole), 3):
            if len(whole) > 60 * limit:
                continue
            pieces = list(parts(full, path, token, itertools.repeat(limit)))
            assert [row for part in pieces for row in part] == whole, (path, limit)
            assert {len(part) for part in pieces[:-1]} <= {limit}
            assert pieces[-1], "no part is empty, as the one before told that it follows"


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(sizes=[1], path="/sessions")
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1),
    path=st.sampled_from(["/visits", "/sessions", "/stages"]),
)
def test_what_is_added_meanwhile_hides_nothing(full: Api, sizes: list[int], path: str) -> None:
    token = full.token()
    (before,) = parts(full, path, token, itertools.repeat(500))
    met = []
    for number, part in enumerate(parts(full, path, token, itertools.cycle(sizes))):
        met += [row["id"] for row in part]
        if number < 3:
            add_session(full)
    assert met == sorted(set(met))
    assert {row["id"] for row in before} <= set(met)


def test_what_is_moved_meanwhile_comes_once(full: Api) -> None:
    token = full.token()
    met = []
    for part in parts(full, "/visits", token, itertools.repeat(2)):
        met += [row["id"] for row in part]
        with unit_of_work(full.engine) as db:
            for visit in db.exec(select(Visit).where(Visit.work == Work.CONFIRMED)):
                visit.day += timedelta(days=400)
    assert met == sorted(set(met))
    with unit_of_work(full.engine) as db:
        assert set(met) == set(db.exec(select(Visit.id)))


@pytest.mark.parametrize("cursor", ["x", "MQ", "IjEi.AAAA", "MTA.%2B%2F", "é"])
def test_a_cursor_that_nobody_was_given_is_refused(quick_api: Api, cursor: str) -> None:
    answer = quick_api.ask(f"/villages?cursor={cursor}", quick_api.token())
    assert answer.status_code == 422
    assert answer.get_json()["facts"]["problems"] == {"cursor": ["not_our_cursor"]}


def test_a_cursor_belongs_to_its_question(quick_api: Api) -> None:
    token = quick_api.token()
    cursor = quick_api.read("/villages?limit=5", token)["next"]
    assert quick_api.ask(f"/villages?limit=7&cursor={cursor}", token).status_code == 200
    for other in ("/villages?kind=kelurahan&", "/regions?level=district&", "/villages?area=33.72&"):
        answer = quick_api.ask(f"{other}cursor={cursor}", token)
        assert answer.status_code == 422, other


def test_a_cursor_of_another_installation_is_refused(quick_api: Api) -> None:
    token = quick_api.token()
    cursor = quick_api.read("/villages?limit=5", token)["next"]
    held = quick_api.app.extensions["outreach"]
    other = Settings(_env_file=None, secret_key="b" * 64, var_dir=held.settings.var_dir)
    quick_api.app.extensions["outreach"] = replace(held, settings=other)
    assert quick_api.ask(f"/villages?cursor={cursor}", token).status_code == 422
