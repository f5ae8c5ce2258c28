"""What lies in another branch changes no answer: lists, maps, files, searches and every count.

Two installations differ in the other branch alone: in its names, its figures and in how much
there is. Whoever sees nothing of that branch gets the same answers from both, sign by sign.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.web.app import create_app
from tests.security.asked_names import looking_noted
from tests.security.walks import path_of, read_own, readings, words_of
from tests.web import samples
from tests.web.conftest import Visitor
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, _visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

    from outreach.config import Settings
    from tests.web.test_who_may import Case
    from tests.web.world import World

#: Stands in every text of the other branch, and nowhere else.
CANARY = "Kanari"
#: Drawn anew each time, with the time of making in them: of these only the words are looked at.
NEVER_THE_SAME = {
    "/map/onepage.pdf",
    "/map/export.gpkg",
    "/map/export.geojson",
    "/my/visits/<int:visit_id>/report",  # the id of what is about to be written
    "/my/reports/<report_id>/correct",
}
#: An admin looks after every branch; what they see ends at no border.
NARROWED = (Role.OFFICIAL, Role.COORDINATOR, Role.MANAGER)

CHANGES = (
    "UPDATE branch SET name = :canary WHERE id = :branch_id",
    "UPDATE team SET name = :canary, members = :canary WHERE branch_id = :branch_id",
    "UPDATE campaign SET name = :canary, target_signups = 7777 WHERE branch_id = :branch_id",
    "UPDATE stage SET name = name || :canary WHERE branch_id = :branch_id",
    "UPDATE official SET name = :canary, phone = '+628777777777' WHERE id = :official_id",
    "UPDATE sponsorship SET sponsor = :canary, quota = 7777 WHERE branch_id = :branch_id",
    "UPDATE target SET source = :canary, signups = 77777 WHERE branch_id = :branch_id",
    "UPDATE village SET name = :canary, population = 777777 WHERE code = :code",
    "UPDATE session_report SET men = 777, women = 777, place = :canary WHERE village_code = :code",
    "UPDATE closed_period SET ends = '2026-12-24' WHERE region_code = :code",
    "UPDATE stage_village SET score = 7.0 WHERE village_code = :code",
    "UPDATE saved_view SET name = :canary WHERE id = :view_id",
    "UPDATE api_token SET name = :canary WHERE id = :token_id",
)


@pytest.fixture
def elsewhere(settings: Settings, world: World, tmp_path: Path) -> Iterator[Flask]:
    """The app of an installation whose other branch is another one."""
    shutil.copy(tmp_path / "world.sqlite", tmp_path / "elsewhere.sqlite")
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    app = create_app(settings.model_copy(update={"database_url": url}))
    app.testing = True
    app.test_client_class = Visitor
    engine = app.extensions["outreach"].engine
    change_the_other_branch(engine, world)
    yield app
    engine.dispose()


def change_the_other_branch(engine: Engine, world: World) -> None:
    of = world.foreign
    with unit_of_work(engine) as db:
        for statement in CHANGES:
            told = {"canary": CANARY, **of}
            done = db.execute(text(statement), told)
            assert done.rowcount, statement  # type: ignore[attr-defined]
        there = (of["branch_id"], of["team_id"], FOREIGN_VILLAGE, FOREIGN_REGENCY)
        _visit(db, *there, stage=CANARY, day=date(2026, 11, 19))


def somebody(app: Flask, role: Role, world: World) -> Visitor:
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    return visitor.log_in(world.accounts[role])


def test_no_answer_hangs_on_what_another_branch_has(
    app: Flask, elsewhere: Flask, world: World
) -> None:
    differ: set[str] = set()
    never_the_same: set[str] = set()
    for case, role in readings():
        if role not in NARROWED:
            continue
        here, there = (read(one, case, role, world) for one in (app, elsewhere))
        assert CANARY not in there, (case, role)
        if here == there:
            continue
        once_more = read(app, case, role, world)
        (never_the_same if once_more != here else differ).add(case.rule)
    assert differ == set()
    assert never_the_same <= NEVER_THE_SAME


def read(app: Flask, case: Case, role: Role, world: World) -> str:
    with closing(read_own(app, somebody(app, role, world), case, role, world)) as answer:
        return f"{answer.status_code} {words_of(answer)}"


#: What a filter takes that names something of another branch, by the name of its field.
def foreign_values(world: World) -> dict[str, object]:
    of = world.foreign
    codes = dict.fromkeys(("area", "region", "region_code", "region_pick"), FOREIGN_REGENCY)
    villages = dict.fromkeys(("village", "village_code", "also"), FOREIGN_VILLAGE)
    numbers = {name: of[f"{name}_id"] for name in ("branch", "team", "campaign", "stage", "visit")}
    ids = {name: of[name] for name in of if name.endswith(("_id", "_code"))}
    words = dict.fromkeys(("q", "text"), CANARY[:-1])  # pages repeat what was looked for
    return {**codes, **villages, **numbers, **ids, **words, "onto": of["visit_id"]}


def test_no_filter_opens_another_branch(elsewhere: Flask, world: World) -> None:
    foreign, asked = foreign_values(world), set()
    with looking_noted(elsewhere) as looked:
        for case, role in readings():
            if role not in NARROWED:
                continue
            client = somebody(elsewhere, role, world)
            read_own(elsewhere, client, case, role, world).close()
            own = samples.values(world, set(case.arguments), "own", role) or {}
            for name in sorted(looked[case.endpoint] & set(foreign)):
                if name == "code":
                    continue
                asked.add(name)
                path = path_of(elsewhere, case, own, **{name: foreign[name]})
                with closing(client.get(path)) as answer:
                    assert answer.status_code < 500, path
                    assert CANARY not in words_of(answer), (path, role)
    assert {"area", "branch", "campaign", "q", "team", "stage", "village_code"} <= asked
