"""The ledger by region and channel: as a plain recount of the books tells it."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import Payer, SignupChannel
from outreach.progress.ledger import (
    CHANNEL_OF,
    NONE,
    PAYER_OF,
    STEPS,
    LedgerTotals,
    Step,
    by_channel,
    ledger_by,
    together,
)
from outreach.progress.scope import Scope
from outreach.villages.codes import Level
from outreach.villages.tables import VillageKind
from tests.progress.books import SUKOHARJO, SURAKARTA, TODAY, Books, Rows, rows_of, write_books

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.logbook.tables import LedgerEntry

NATION = Scope(("",))


@pytest.fixture
def books(engine: Engine) -> Books:
    with unit_of_work(engine) as db:
        return write_books(db)


def steps_of(entries: Sequence[LedgerEntry]) -> dict[str, Step]:
    """Go through the confirmed counts one by one."""
    found = {}
    for name, before in STEPS.items():
        told = [one for one in entries if getattr(one, name) is not None]
        both = [one for one in told if before is None or getattr(one, before) is not None]
        found[name] = Step(
            sum(getattr(one, name) for one in told) if told else None,
            sum(getattr(one, name) for one in both) if before else 0,
            sum(getattr(one, before) for one in both) if before else 0,
        )
    return found


def recount(rows: Rows, length: int) -> dict[str, LedgerTotals]:
    return {
        code: _totals(code, rows.within(code))
        for code in sorted({one.code[:length] for one in rows.villages})
    }


def _totals(code: str, rows: Rows) -> LedgerTotals:
    paid = [one for one in rows.reports if one.paid is not None]
    told = [one for one in rows.entries if one.first_paid is not None]
    told_in = {one.village_code for one in told}
    return LedgerTotals(
        code=code,
        villages=len(rows.villages),
        claimed_forms=sum(one.signups for one in rows.reports),
        claimed_paid=sum(one.paid or 0 for one in paid) if paid else None,
        claimed_paid_of=sum(one.signups for one in paid),
        told_villages=len(told_in),
        producing_confirmed=len({one.village_code for one in told if one.first_paid}),
        producing_claimed=len({one.village_code for one in paid if one.paid} - told_in),
        steps=steps_of(rows.entries),
        as_of=max((one.as_of for one in rows.entries), default=None),
    )


def test_every_level_agrees_with_a_recount(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        rows = rows_of(db).within()
        for level in (None, *Level):
            found = ledger_by(db, NATION, level, until=TODAY)
            assert found == recount(rows, int(level or 0))
            assert list(found) == sorted(found)


def test_the_books_hold_every_case(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        rows = rows_of(db)
        whole = ledger_by(db, NATION, None, until=TODAY)[""]
        for level in Level:
            assert together(ledger_by(db, NATION, level, until=TODAY).values()) == whole
        assert together(()) is None
    assert {one.village_code[:5] for one in rows.reports} == {SURAKARTA, SUKOHARJO}
    assert {one.channel for one in rows.entries} == set(SignupChannel)
    assert any(one.corrects_id for one in rows.reports)
    assert 0 < whole.producing_confirmed <= whole.told_villages < whole.villages
    assert 0 < whole.claimed_paid_of < whole.claimed_forms
    assert all(step.of and step.kept < step.of for name, step in whole.steps.items() if STEPS[name])


PREFIXES = ("33", SURAKARTA, SUKOHARJO, "33.11.12", "33.72.01.1001")


def test_what_is_counted_lies_in_scope(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        rows = rows_of(db)
        for prefix, kind in product(PREFIXES, [None, *VillageKind]):
            scope = Scope((prefix,), kinds=() if kind is None else (kind,))
            found = ledger_by(db, scope, Level.DISTRICT, until=TODAY)
            channels = by_channel(db, scope, until=TODAY)
            assert found == recount(rows.within(prefix, kind), int(Level.DISTRICT))
            assert sum(one.claimed_forms for one in channels.values()) == sum(
                one.claimed_forms for one in found.values()
            )


def test_of_a_campaign_its_villages_reports_and_months_count(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        found = {
            number: ledger_by(db, Scope(("",), number), Level.REGENCY, until=TODAY)
            for number in (books.campaign_id, books.later_campaign_id)
        }
        for number, totals in found.items():
            assert totals == recount(rows_of(db, number).within(), int(Level.REGENCY))
    first, later = (
        sum(one.steps["forms"].workers or 0 for one in totals.values()) for totals in found.values()
    )
    # The later one begins in the middle of September: all of that month counts.
    assert 0 < first < later


def test_what_comes_later_is_not_counted(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        rows = rows_of(db)
        for until in (date(2026, 2, 1), date(2026, 4, 1), date(2026, 9, 9)):
            found = ledger_by(db, NATION, Level.REGENCY, until=until)
            assert found == recount(rows.within(until=until), int(Level.REGENCY))


def test_channels_agree_with_a_recount(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        found = by_channel(db, NATION, until=TODAY)
        rows = rows_of(db).within()
    assert list(found) == list(SignupChannel)
    for channel, totals in found.items():
        entries = [one for one in rows.entries if one.channel is channel]
        assert totals.steps == steps_of(entries)
        of_payer = sum(b.workers for _, b in rows.details if CHANNEL_OF[b.payer] is channel)
        if channel is SignupChannel.OWN:
            without = sum(one.signups for one in rows.reports)
            of_payer += without - sum(b.workers for _, b in rows.details)
        assert totals.claimed_forms == of_payer
    assert found[SignupChannel.OWN].claimed_forms > sum(
        b.workers for _, b in rows.details if b.payer is Payer.SELF
    )
    assert found[SignupChannel.PERISAI].claimed_forms == 0


def test_a_channel_that_nobody_told_has_no_counts(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        channels = by_channel(db, NATION, until=date(2026, 1, 1))
        whole = ledger_by(db, NATION, None, until=date(2026, 1, 1))[""]
    assert all(one.steps == NONE for one in channels.values())
    assert (whole.steps, whole.as_of, whole.claimed_paid) == (NONE, None, None)
    assert (whole.producing, whole.producing_share) == (0, 0)


def test_shares_have_a_denominator_or_are_none() -> None:
    assert Step(7, 3, 4).share == 0.75
    assert Step(7).share is None
    empty = LedgerTotals("", 0, 0, None, 0, 0, 0, 0, NONE, None)
    assert empty.producing_share is None


def test_every_channel_has_a_payer_and_every_payer_a_channel() -> None:
    assert set(PAYER_OF) == set(SignupChannel)
    assert set(CHANNEL_OF) == set(Payer)
    assert all(PAYER_OF[CHANNEL_OF[payer]] is payer for payer in Payer)
