"""Board, ledger, map and dues tell the same of the same area: whole, rows, every level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.progress.board import Asked, board
from outreach.progress.board_rows import By
from outreach.progress.board_targets import targets_of_branches
from outreach.progress.dues import dues_by
from outreach.progress.ledger import by_channel, ledger_by, together
from outreach.progress.scope import Scope
from outreach.progress.totals import totals_by
from outreach.villages.codes import Level
from outreach.villages.tables import VillageKind
from tests.field import NOW
from tests.progress.books import SUKOHARJO, SURAKARTA, TODAY, Books, write_books

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.progress.board import Board
    from outreach.progress.board_rows import Figures

SERVED = {SURAKARTA: "1", SUKOHARJO: "2"}
LEVELS = {
    By.PROVINCE: Level.PROVINCE,
    By.REGENCY: Level.REGENCY,
    By.DISTRICT: Level.DISTRICT,
    By.VILLAGE: Level.VILLAGE,
}
#: What the rows of regions add up to; a team's day counts once, wherever it led.
ADDED = (
    "villages",
    "informal",
    "covered",
    "vulnerable",
    "reached",
    "sessions",
    "signups",
    "told",
    "paid",
    "confirmed_paid",
    "confirmed_villages",
    "planned",
    "expected",
)


@pytest.fixture
def books(engine: Engine) -> Books:
    with unit_of_work(engine) as db:
        return write_books(db)


def scopes(books: Books) -> list[Scope]:
    """Areas of every size, with and without a campaign and a kind of village."""
    return [
        Scope(("",)),
        Scope(("",), books.later_campaign_id),
        Scope(("",), kinds=(VillageKind.DESA,)),
        Scope((SURAKARTA, SUKOHARJO), books.campaign_id, (VillageKind.KELURAHAN,)),
        Scope((books.codes[0][:8],)),
        Scope((books.codes[0],)),
    ]


def board_of(db: Session, scope: Scope, by: By) -> Board:
    asked = Asked(scope, by, SERVED, dict.fromkeys(SERVED, "Jateng"))
    return board(db, asked, targets_of_branches(db, TODAY), today=TODAY, now=NOW)


def added_up(rows: list[Figures]) -> dict[str, int]:
    return {name: sum(getattr(row, name) for row in rows) for name in ADDED}


def test_rows_of_every_level_add_up_to_one_whole(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        for scope in scopes(books):
            boards = [board_of(db, scope, by) for by in By if by is not By.TEAM]
            whole = added_up([boards[0].whole.figures])
            for one in boards:
                assert added_up([one.whole.figures]) == whole
                assert added_up([row.figures for row in one.rows]) == whole
        assert whole_of_nation(db).signups > whole_of_nation(db).paid > 0


def whole_of_nation(db: Session) -> Figures:
    return board_of(db, Scope(("",)), By.OFFICE).whole.figures


@pytest.mark.parametrize("by", LEVELS)
def test_the_ledger_tells_what_the_board_tells(engine: Engine, books: Books, by: By) -> None:
    with reading(engine) as db:
        seen = 0
        for scope in scopes(books):
            rows = {row.key: row.figures for row in board_of(db, scope, by).rows}
            ledger = ledger_by(db, scope, LEVELS[by], until=TODAY)
            assert ledger.keys() == rows.keys()
            for code, told in ledger.items():
                row = rows[code]
                assert (told.villages, told.claimed_forms) == (row.villages, row.signups)
                assert (told.claimed_paid or 0, told.claimed_paid_of) == (row.paid, row.told)
                confirmed = told.steps["first_paid"].workers or 0
                assert (confirmed, told.told_villages) == (
                    row.confirmed_paid,
                    row.confirmed_villages,
                )
                seen += confirmed
        assert seen


def test_regions_and_channels_of_the_ledger_have_one_sum(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        for scope in scopes(books):
            (whole,) = ledger_by(db, scope, None, until=TODAY).values() or (None,)
            for level in Level:
                assert together(ledger_by(db, scope, level, until=TODAY).values()) in (
                    whole,
                    None,
                ), (scope, level)
            channels = by_channel(db, scope, until=TODAY).values()
            claimed = sum(one.claimed_forms for one in channels)
            assert claimed == (whole.claimed_forms if whole else 0)


def test_the_map_tells_what_the_board_tells(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        for scope in scopes(books):
            figures = board_of(db, scope, By.REGENCY).whole.figures
            for level in Level:
                whole = totals_by(db, scope, level).whole
                assert (whole.villages, whole.sessions) == (figures.villages, figures.sessions)
                assert (whole.signups, whole.informal) == (figures.signups, figures.informal)
                assert whole.reached == figures.reached


def test_dues_of_regions_add_up_to_those_of_the_whole(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        due = 0
        for scope in scopes(books):
            (whole,) = dues_by(db, scope, None, TODAY, village_funds_discounted=False).values() or [
                {}
            ]
            for level in Level:
                parts = dues_by(db, scope, level, TODAY, village_funds_discounted=False).values()
                for payer in {payer for part in parts for payer in part} | whole.keys():
                    workers = sum(part[payer].workers for part in parts if payer in part)
                    assert workers == whole[payer].workers
                    rupiah = sum(part[payer].rupiah for part in parts if payer in part)
                    # Each place is rounded for itself.
                    assert abs(rupiah - whole[payer].rupiah) <= len(books.codes) * len(whole)
                    due += rupiah
        assert due > 0
