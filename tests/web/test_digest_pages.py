"""Every figure of the weekly letter is that of the page which the letter leads to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from flask import template_rendered
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.papers.digest_letter import digest_letter
from outreach.people.access import NATION, person_of
from outreach.people.tables import BranchRegency, Role
from outreach.progress.week_figures import week_figures
from outreach.villages.tables import Zone
from outreach.visits.tables import PlanSubmission, SubmissionState
from tests.web.boards import look_after
from tests.web.world import FOREIGN_REGENCY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from outreach.progress.board import Board
    from outreach.progress.board_rows import Aim
    from outreach.progress.week_figures import WeekFigures
    from tests.web.conftest import Visitor
    from tests.web.world import World


@contextmanager
def shown_by(app: Flask) -> Iterator[dict[str, Any]]:
    """Gather what pages are made of."""
    told: dict[str, Any] = {}

    def keep(_app: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        told.update(context)

    with template_rendered.connected_to(keep, app):
        yield told


@pytest.fixture
def waiting(app: Flask) -> None:
    """Let both branches wait for their plans to be approved."""
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for plan in db.exec(select(PlanSubmission)):
            plan.state = SubmissionState.SUBMITTED


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("role", "areas", "area"),
    [
        (Role.MANAGER, (NATION,), ""),
        (Role.MANAGER, (NATION,), "33"),
        (Role.MANAGER, (NATION,), "33.72"),
        (Role.MANAGER, ("33.72", "33.11"), ""),
        (Role.MANAGER, ("33.72",), "33.72.01"),
        (Role.COORDINATOR, (), ""),
        (Role.COORDINATOR, (), "33.72.01"),
    ],
)
def test_they_agree(
    app: Flask,
    world: World,
    login_as: Callable[[Role], Visitor],
    role: Role,
    areas: tuple[str, ...],
    area: str,
) -> None:
    if areas:
        look_after(app, world, *areas)
    visitor = login_as(role)
    with reading(app.extensions["outreach"].engine) as db:
        person = person_of(db, world.accounts[role][0])
        assert person is not None
        told = week_figures(db, person, area, now=datetime.now(UTC), village_funds_discounted=False)
    assert told.board.whole.figures.reached > 0
    _assert_agreement(app, visitor, told)


@pytest.mark.parametrize("areas", [(NATION,), ("33",), ("33.72", "33.09")])
def test_they_agree_where_one_branch_begins(
    app: Flask, world: World, login_as: Callable[[Role], Visitor], areas: tuple[str, ...]
) -> None:
    """All the rest of what the person sees has no branch yet."""
    look_after(app, world, *areas)
    visitor = login_as(Role.MANAGER)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.delete(db.get_one(BranchRegency, FOREIGN_REGENCY))
    with reading(app.extensions["outreach"].engine) as db:
        person = person_of(db, world.accounts[Role.MANAGER][0])
        assert person is not None
        told = week_figures(db, person, "", now=datetime.now(UTC), village_funds_discounted=False)
    _assert_agreement(app, visitor, told)


def _assert_agreement(app: Flask, visitor: Visitor, told: WeekFigures) -> None:
    letter = digest_letter(told, 1, Zone.WIB, "")
    paths = {path for section in letter.sections for path in section.pages.values()}
    for path in sorted(paths):
        with shown_by(app) as shown:
            assert visitor.get(path).status_code == 200, path
        if "by=" in path:
            assert shown["board"].by is told.by
        AGREE.get(path.partition("?")[0], _anything)(told, shown)


def _board(told: WeekFigures, shown: dict[str, Any]) -> None:
    """Rows are chosen where the letter tells of rows: only branches have something to recover."""
    page, ours = shown["board"], told.board
    has_rows = page.by is told.by
    assert (page.whole.figures, page.as_of) == (ours.whole.figures, ours.as_of)
    assert _aim(page, has_rows=has_rows) == _aim(ours, has_rows=has_rows)
    assert tuple(shown["rates_of"](page.whole.figures)) == told.rates
    if has_rows:
        assert (page.rows, page.recoverable) == (ours.rows, ours.recoverable)


def _aim(board: Board, *, has_rows: bool) -> Aim | None:
    aim = board.whole.aim
    return aim if has_rows or aim is None else replace(aim, recoverable=None)


def _outlook(told: WeekFigures, shown: dict[str, Any]) -> None:
    assert shown["told"].signups == told.outlook.signups
    assert shown["period"] == told.outlook.period


def _ledger(told: WeekFigures, shown: dict[str, Any]) -> None:
    assert shown["due"].present == told.dues


def _sponsorships(told: WeekFigures, shown: dict[str, Any]) -> None:
    workers = [lost for _term, lost in shown["due"]]
    assert (len(workers), sum(workers)) == (told.ending_count, told.ending_workers)


def _map(told: WeekFigures, shown: dict[str, Any]) -> None:
    whole, figures = shown["whole"], told.board.whole.figures
    assert (whole.villages, whole.reached) == (figures.villages, figures.reached)


def _approvals(told: WeekFigures, shown: dict[str, Any]) -> None:
    assert len(shown["waiting"]) == told.plans.all
    assert 0 < told.plans.here <= told.plans.all


def _anything(_told: WeekFigures, _shown: dict[str, Any]) -> None:
    """Of paper: what stands on it is tested with it."""


AGREE = {
    "/board": _board,
    "/outlook": _outlook,
    "/ledger": _ledger,
    "/sponsorships": _sponsorships,
    "/map": _map,
    "/approvals": _approvals,
}
