"""Claimed against confirmed: every finding, and a plain recount of the books."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import LedgerEntry, SessionReport, SignUp, SignupChannel
from outreach.progress.reconciling import QUIET, Finding, Reconciled, reconcile
from outreach.progress.scope import Scope
from outreach.villages.tables import VillageKind
from outreach.visits.tables import Visit
from tests.progress.books import (
    SURAKARTA,
    TODAY,
    Books,
    Rows,
    report,
    rows_of,
    write_books,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

NATION = Scope(("",))
MONTH, THIS_MONTH = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture
def books(engine: Engine) -> Books:
    with unit_of_work(engine) as db:
        return write_books(db)


def told(numbers: list[int | None]) -> int | None:
    given = [one for one in numbers if one is not None]
    return sum(given) if given else None


def recount(rows: Rows) -> list[Reconciled]:
    """Hold both tellings of every village and month against each other, one by one."""
    keys = {(one.village_code, one.held_on.replace(day=1)) for one in rows.reports}
    keys |= {
        (one.village_code, one.month)
        for one in rows.entries
        if (one.forms, one.registered, one.first_paid) != (None, None, None)
    }
    names = {one.code: one.name for one in rows.villages}
    return sorted(
        (_compared(rows, names[code], code, month) for code, month in keys),
        key=lambda one: (*_weights(one), -one.month.toordinal(), one.code),
    )


def _compared(rows: Rows, name: str, code: str, month: date) -> Reconciled:
    reports = [
        one
        for one in rows.reports
        if (one.village_code, one.held_on.replace(day=1)) == (code, month)
    ]
    entries = [
        one
        for one in rows.entries
        if (one.village_code, one.month) == (code, month)
        and (one.forms, one.registered, one.first_paid) != (None, None, None)
    ]
    claimed, paid = sum(one.signups for one in reports), told([one.paid for one in reports])
    forms = told([one.registered if one.forms is None else one.forms for one in entries])
    first = told([one.first_paid for one in entries])
    if forms is None and first is not None:
        difference = 0 if claimed else first
    else:
        difference = (forms or 0) - claimed
    lacking = None if paid is None or first is None else first - paid
    return Reconciled(
        code, name, month, claimed, paid, forms, first,
        max((one.as_of for one in entries), default=None), difference, lacking,
        _finding(claimed, forms is None and first is None, difference, lacking, month),
    )  # fmt: skip


def _finding(
    claimed: int, is_untold: bool, difference: int, lacking: int | None, month: date
) -> Finding:
    if is_untold:
        if not claimed:
            return Finding.AGREES
        return Finding.AWAITED if month == THIS_MONTH else Finding.MISSING
    if not claimed and difference:
        return Finding.UNCLAIMED
    if difference:
        return Finding.FEWER if difference < 0 else Finding.MORE
    return Finding.FEWER if (lacking or 0) < 0 else Finding.AGREES


def _weights(one: Reconciled) -> tuple[int, int]:
    """Put what is shown as the difference first, then what is missing of payments."""
    if one.finding is Finding.AWAITED:
        return 0, 0
    return -abs(one.difference), min(0, one.paid_difference or 0)


def test_what_does_not_agree_is_as_a_recount_tells(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        rows = rows_of(db)
        for prefix, kind in product(("", SURAKARTA, "33.72.01.1001"), (None, *VillageKind)):
            scope = Scope((prefix,), kinds=() if kind is None else (kind,))
            found = reconcile(db, scope, until=TODAY, most=1000)
            wanted = recount(rows.within(prefix, kind))
            assert found.rows == wanted
            assert found.findings == {
                one: sum(row.finding is one for row in wanted) for one in Finding
            }


def test_of_a_campaign_its_own_months_are_compared(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        found = reconcile(db, Scope(("",), books.later_campaign_id), until=TODAY, most=1000).rows
        assert found == recount(rows_of(db, books.later_campaign_id).within())
    assert found


def test_pages_of_the_list_add_up_and_what_is_quiet_comes_last(
    engine: Engine, books: Books
) -> None:
    with reading(engine) as db:
        whole = reconcile(db, NATION, until=TODAY, most=1000).rows
        pages = [
            reconcile(db, NATION, until=TODAY, most=7, skip=skip).rows
            for skip in range(0, len(whole), 7)
        ]
    assert [one for page in pages for one in page] == whole
    quiet = [one.finding in QUIET for one in whole]
    assert quiet == sorted(quiet)
    assert True in quiet


#: What a report claims, what is confirmed by channel, and what comes of it.
CASES: list[tuple[tuple[date, int] | None, list[dict[str, int]], Finding, int, int | None]] = [
    ((MONTH, 8), [], Finding.MISSING, -8, None),
    ((THIS_MONTH, 8), [], Finding.AWAITED, -8, None),
    ((MONTH, 0), [], Finding.AGREES, 0, None),
    ((MONTH, 8), [{"forms": 8}], Finding.AGREES, 0, None),
    ((MONTH, 8), [{"forms": 5}], Finding.FEWER, -3, None),
    ((MONTH, 8), [{"forms": 3}, {"forms": 7}], Finding.MORE, 2, None),
    ((THIS_MONTH, 8), [{"forms": 5}], Finding.FEWER, -3, None),
    (None, [{"forms": 5}], Finding.UNCLAIMED, 5, None),
    (None, [{"forms": 0}], Finding.AGREES, 0, None),
    # Where no forms are told, the registered stand in.
    ((MONTH, 8), [{"registered": 6}], Finding.FEWER, -2, None),
    ((MONTH, 8), [{"forms": 8, "registered": 6}], Finding.AGREES, 0, None),
    # Claimed are four payments: fewer are a difference, more are none.
    ((MONTH, 8), [{"forms": 8, "first_paid": 3}], Finding.FEWER, 0, -1),
    ((MONTH, 8), [{"forms": 8, "first_paid": 4}], Finding.AGREES, 0, 0),
    ((MONTH, 8), [{"forms": 8, "first_paid": 7}], Finding.AGREES, 0, 3),
    # Payments alone are told: they are not missing, and say nothing of forms.
    ((MONTH, 8), [{"first_paid": 4}], Finding.AGREES, 0, 0),
    ((MONTH, 8), [{"first_paid": 1}], Finding.FEWER, 0, -3),
    (None, [{"first_paid": 4}], Finding.UNCLAIMED, 4, None),
    # Interest is no form.
    ((MONTH, 8), [{"interested": 9}], Finding.MISSING, -8, None),
]


def test_every_finding(engine: Engine, books: Books) -> None:
    for claim, counts, finding, difference, paid_difference in CASES:
        month = claim[0] if claim else MONTH
        with unit_of_work(engine) as db:
            _tell_alone(db, books, claim, month, counts)
        with reading(engine) as db:
            told = reconcile(db, NATION, until=TODAY, most=10)
        (found,), counted = told.rows, told.findings
        case = (claim, counts)
        assert (found.finding, found.month) == (finding, month), case
        assert (found.difference, found.paid_difference) == (difference, paid_difference), case
        assert counted[finding] == sum(counted.values()) == 1


def _tell_alone(
    db: Session,
    books: Books,
    claim: tuple[date, int] | None,
    month: date,
    counts: list[dict[str, int]],
) -> None:
    """Forget the books and tell one village's month."""
    for table in (SignUp, LedgerEntry):
        db.execute(delete(table))
    db.execute(delete(SessionReport).where(col(SessionReport.corrects_id).is_not(None)))
    db.execute(delete(SessionReport))
    code = books.codes[0]
    visit = db.exec(select(Visit).where(Visit.village_code == code)).first()
    if claim and visit:
        report(db, books, visit.id or 0, code, *claim)
    for channel, one in zip(SignupChannel, counts, strict=False):
        told: Any = {**one, "as_of": TODAY, "source": "R"}
        db.add(LedgerEntry(village_code=code, month=month, channel=channel, **told))


def test_nothing_told_is_nothing_found(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        told = reconcile(db, NATION, until=date(2025, 1, 1), most=10)
    assert told.rows == []
    assert set(told.findings.values()) == {0}
