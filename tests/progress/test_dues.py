"""What is due and who pays it: as a plain reckoning over the books tells it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import (
    LedgerEntry,
    Package,
    Payer,
    Sector,
    SessionReport,
    SignUp,
    SignupChannel,
)
from outreach.logbook.tariff import contribution_rupiah, month_after, tariff
from outreach.progress.dues import Due, dues, dues_by
from outreach.progress.ledger import PAYER_OF, ledger_by
from outreach.progress.reconciling import reconcile
from outreach.progress.scope import Scope
from outreach.villages.codes import Level
from tests.progress.books import SUKOHARJO, SURAKARTA, Books, Rows, rows_of, write_books

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

NATION = Scope(("",))
FIRST, MONTHS = date(2026, 2, 1), 18
PAID = {"first_paid": 0, "paid_1": 1, "paid_3": 3, "paid_6": 6}
type Cell = tuple[Sector, Package]
type Cohort = tuple[str, Payer, date, bool]


@pytest.fixture
def books(engine: Engine) -> Books:
    with unit_of_work(engine) as db:
        return write_books(db)


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def cohorts(rows: Rows, everything: Rows) -> dict[Cohort, dict[int, int]]:
    """Who signed up together, and how many of them pay from so many months after on."""
    found: dict[Cohort, dict[int, int]] = defaultdict(Counter)
    confirmed = set()
    for one in rows.entries:
        if any(getattr(one, step) is not None for step in PAID):
            confirmed.add((one.village_code, one.month))
            paying = 0
            for step, after in PAID.items():
                told = getattr(one, step)
                paying = paying if told is None else told
                found[one.village_code, PAYER_OF[one.channel], one.month, False][after] += paying
    claimed: Counter[tuple[str, date]] = Counter()
    for report in rows.reports:
        month = report.held_on.replace(day=1)
        if (report.village_code, month) not in confirmed:
            claimed[report.village_code, month] += report.paid or 0
    for (code, month), paid in claimed.items():
        for payer, part in parted(paid, payers_of(everything, code)).items():
            for after in PAID.values():
                found[code, payer, month, True][after] += part
    return found


def payers_of(rows: Rows, code: str) -> Counter[Payer]:
    counted: Counter[Payer] = Counter()
    for report, row in rows.details:
        if report.village_code == code:
            counted[row.payer] += row.workers
    return counted or Counter({Payer.SELF: 1})


def parted(number: int, weights: Counter[Payer]) -> dict[Payer, int]:
    """Give the largest remainders one more each."""
    whole = sum(weights.values())
    parts = {payer: number * weights[payer] // whole for payer in Payer}
    rest = sorted(Payer, key=lambda payer: -(number * weights[payer] % whole))
    for payer in rest[: number - sum(parts.values())]:
        parts[payer] += 1
    return parts


def shares(everything: Rows, code: str, payer: Payer) -> dict[Cell, Fraction]:
    """Take the village's own sign-ups of the payer, else the branch's, else all the branch's."""
    tries: tuple[Callable[[SessionReport, SignUp], bool], ...] = (
        lambda a, b: a.village_code == code and b.payer is payer,
        lambda a, b: a.village_code[:5] == code[:5] and b.payer is payer,
        lambda a, _b: a.village_code[:5] == code[:5],
    )
    for counts in tries:
        counted: Counter[Cell] = Counter()
        for report, row in everything.details:
            if counts(report, row):
                counted[row.sector, row.package] += row.workers
        if counted:
            whole = sum(counted.values())
            return {cell: Fraction(number, whole) for cell, number in counted.items()}
    return {(Sector.OTHER, Package.JKK_JKM): Fraction(1)}


def reckon(
    rows: Rows, everything: Rows, month: date, length: int, *, funds: bool
) -> dict[str, dict[Payer, Due]]:
    paying: Counter[tuple[str, Payer]] = Counter()
    claimed: Counter[tuple[str, Payer]] = Counter()
    for (code, payer, began, is_claimed), counts in cohorts(rows, everything).items():
        age = months_between(began, month)
        reached = [after for after in PAID.values() if after <= age]
        if reached:
            paying[code, payer] += counts[reached[-1]]
            claimed[code, payer] += counts[reached[-1]] if is_claimed else 0
    found: dict[str, dict[Payer, Due]] = defaultdict(dict)
    for (code, payer), workers in paying.items():
        costs = [Fraction(0), Fraction(0)]
        for (sector, package), share in shares(everything, code, payer).items():
            one = contribution_rupiah(package, sector, payer, month, village_funds_discounted=funds)
            costs[0] += share * one.rupiah * workers
            costs[1] += share * one.full_rupiah * workers
        before = found[code[:length]].get(payer, Due(0, 0, 0, 0))
        if workers:
            found[code[:length]][payer] = Due(
                before.rupiah + round(costs[0]),
                before.full_rupiah + round(costs[1]),
                before.workers + workers,
                before.claimed_workers + claimed[code, payer],
            )
    return found


def assert_same(found: dict[str, dict[Payer, Due]], wanted: dict[str, dict[Payer, Due]]) -> None:
    """Compare them; each village may be rounded the other way where it lies in the middle."""
    paying = {code: dues for code, dues in found.items() if dues}
    assert paying.keys() == {code for code, dues in wanted.items() if dues}
    for code, payers in paying.items():
        assert payers.keys() == wanted[code].keys()
        for payer, due in payers.items():
            other = wanted[code][payer]
            assert (due.workers, due.claimed_workers) == (other.workers, other.claimed_workers)
            assert due.rupiah == pytest.approx(other.rupiah, abs=10, rel=0)
            assert due.full_rupiah == pytest.approx(other.full_rupiah, abs=10, rel=0)


@pytest.mark.parametrize("funds", [False, True])
def test_every_month_agrees_with_a_reckoning(engine: Engine, books: Books, *, funds: bool) -> None:
    with reading(engine) as db:
        rows = rows_of(db)
        levels: tuple[Level | None, ...] = (None, Level.REGENCY, Level.VILLAGE)
        for level in levels:
            found = dues(db, NATION, level, FIRST, MONTHS, village_funds_discounted=funds)
            assert found.months[0] == FIRST
            assert len(found.months) == MONTHS
            for number, month in enumerate(found.months):
                of_month = {c: found.of(r, number) for r, c in enumerate(found.regions)}
                assert_same(of_month, reckon(rows, rows, month, int(level or 0), funds=funds))


def test_the_discounts_end_shows_in_what_is_due(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        told = [
            dues_by(db, NATION, None, date(year, month, 1), village_funds_discounted=False)[""]
            for year, month in ((2026, 12), (2027, 1), (2027, 4))
        ]
    december, january, april = (one[Payer.SELF] for one in told)
    assert december.rupiah < december.full_rupiah
    assert december.rupiah / december.workers < january.rupiah / january.workers
    assert january.rupiah < january.full_rupiah
    assert april.rupiah == april.full_rupiah
    assert told[0][Payer.SERTAKAN].rupiah == told[0][Payer.SERTAKAN].full_rupiah


def test_what_is_due_lies_in_scope(engine: Engine, books: Books) -> None:
    month = date(2026, 11, 1)
    with reading(engine) as db:
        rows = rows_of(db)
        for prefix in (SURAKARTA, SUKOHARJO, books.codes[0], books.codes[-1]):
            found = dues_by(
                db, Scope((prefix,)), Level.VILLAGE, month, village_funds_discounted=False
            )
            assert_same(found, reckon(rows.within(prefix), rows, month, 13, funds=False))
            assert all(code.startswith(prefix) for code in found)
        later = Scope(("",), books.later_campaign_id)
        found = dues_by(db, later, Level.VILLAGE, month, village_funds_discounted=False)
        of_it = rows_of(db, books.later_campaign_id)
        assert_same(found, reckon(of_it, rows, month, 13, funds=False))


def test_where_no_sign_up_is_told_the_cheapest_package_is_reckoned(
    engine: Engine, books: Books
) -> None:
    code, month = books.codes[0], date(2026, 11, 1)
    with unit_of_work(engine) as db:
        for table in (SignUp, LedgerEntry):
            db.execute(delete(table))
        db.execute(delete(SessionReport).where(col(SessionReport.corrects_id).is_not(None)))
        db.execute(delete(SessionReport))
        db.add(
            LedgerEntry(
                village_code=code, month=date(2026, 8, 1), channel=SignupChannel.PERISAI,
                first_paid=10, paid_3=4, as_of=month, source="R",
            )
        )  # fmt: skip
    with reading(engine) as db:
        found = [
            dues_by(db, NATION, None, month_after(month, more), village_funds_discounted=False)
            for more in (-4, -3, -1, 0, 3)
        ]
    assert found[0] == {"": {}}
    # First payments stand until the third month is told; nobody told the first nor the sixth.
    assert [one[""][Payer.SELF].workers for one in found[1:]] == [10, 10, 4, 4]
    assert [one[""][Payer.SELF].rupiah for one in found[1:]] == [84_000, 84_000, 33_600, 67_200]


def test_where_nobody_pays_nothing_is_due(engine: Engine, books: Books) -> None:
    with reading(engine) as db:
        empty = dues(db, Scope(("33.72.05",)), None, FIRST, MONTHS, village_funds_discounted=False)
        none = dues_by(db, Scope(()), Level.REGENCY, FIRST, village_funds_discounted=False)
        before = dues_by(
            db, NATION, Level.VILLAGE, tariff().first_month, village_funds_discounted=False
        )
    assert empty.regions == ()
    assert int(empty.rupiah.sum() + empty.workers.sum()) == 0
    assert none == {}
    assert all(one == {} for one in before.values())


def test_a_scope_of_all_regencies_is_answered_like_the_nation(engine: Engine, books: Books) -> None:
    """A scope told by so many names must not become a statement that SQLite refuses."""
    many = tuple(sorted({f"{p}.{r:02}" for p in range(11, 97) for r in range(1, 13)} | {"33.72"}))
    month, today = date(2026, 11, 1), date(2026, 11, 20)
    assert len(many) > 1_000
    with reading(engine) as db:
        whole, named = (
            (
                ledger_by(db, scope, Level.VILLAGE, until=today),
                reconcile(db, scope, until=today, most=1_000),
                dues_by(db, scope, Level.VILLAGE, month, village_funds_discounted=False),
            )
            for scope in (NATION, Scope(many))
        )
    assert whole == named
