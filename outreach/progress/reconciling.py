"""Claimed against confirmed: what session reports say of a village's month, and what the agency.

A report tells who had paid by then; others pay later in the month. So fewer confirmed payments than
claimed ones are a difference, and more are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, case, cast, extract, func, null, or_, select, union_all
from sqlmodel import col

from outreach.logbook.tables import LedgerEntry, SessionReport
from outreach.progress.ledger import entries_in, reports_in
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.progress.scope import Scope


class Finding(StrEnum):
    """How the two tellings of a village's month stand to each other.

    Awaited is a claim of the month that still runs, which nobody can have confirmed.
    """

    MISSING = "missing"
    FEWER = "fewer"
    MORE = "more"
    UNCLAIMED = "unclaimed"
    AGREES = "agrees"
    AWAITED = "awaited"


#: What nobody needs to look at.
QUIET = (Finding.AGREES, Finding.AWAITED)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One village and month, claimed and confirmed; None is what nobody has told.

    `confirmed_forms` are the registered where no forms were told. `difference` is confirmed less
    claimed forms, nothing where of a claim only payments are confirmed, and these where nothing is
    claimed; `paid_difference` the same of first payments where both are told; of these only what
    is missing counts.
    """

    code: str
    name: str
    month: date
    claimed_forms: int
    claimed_paid: int | None
    confirmed_forms: int | None
    confirmed_paid: int | None
    as_of: date | None
    difference: int
    paid_difference: int | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many villages' months there are of each finding, and some of them."""

    findings: dict[Finding, int]
    rows: list[Reconciled]

    @property
    def loud(self) -> int:
        """How many somebody should look at."""
        return sum(number for finding, number in self.findings.items() if finding not in QUIET)

    @property
    def differing(self) -> list[Reconciled]:
        """Those of the rows that somebody should look at."""
        return [row for row in self.rows if row.finding not in QUIET]


def reconcile(db: Session, scope: Scope, *, until: date, most: int, skip: int = 0) -> Agreement:
    """Count the villages' months by finding; list some by what needs looking at.

    The largest difference stands first, among equal ones the most that is missing of first
    payments; what is awaited counts as no difference. Both come of one statement, which compares
    the two tellings once.
    """
    found = _compared(db, scope, until)
    names = [*found.c.keys(), "name"]
    listed = _listed(found, most, skip)
    empty = {name: cast(null(), listed.c[name].type).label(name) for name in names}
    counted = select(
        *(found.c.finding if name == "finding" else empty[name] for name in names),
        func.count().label("number"),
    ).group_by(found.c.finding)
    rows = select(*(listed.c[name] for name in names), cast(null(), Integer).label("number"))
    told = db.execute(union_all(counted, rows)).mappings().all()
    numbers = {Finding(row["finding"]): int(row["number"]) for row in told if row["number"]}
    shown = sorted((row for row in told if not row["number"]), key=_order)
    return Agreement(
        {finding: numbers.get(finding, 0) for finding in Finding},
        [_reconciled(row) for row in shown],
    )


def _listed(found: Any, most: int, skip: int) -> Any:
    return (
        select(*found.c, col(Village.name).label("name"))
        .join(Village, col(Village.code) == found.c.code)
        .order_by(found.c.weight.desc(), found.c.missing.desc(), found.c.month.desc(), found.c.code)
        .limit(most)
        .offset(skip)
        .subquery()
    )


def _order(row: Any) -> tuple[int, int, int, str]:
    return -int(row["weight"]), -int(row["missing"]), -int(row["month"]), row["code"]


def _reconciled(row: Any) -> Reconciled:
    year, month = divmod(row["month"], 12)
    both = row["claimed_paid"] is not None and row["confirmed_paid"] is not None
    return Reconciled(
        row["code"],
        row["name"],
        date(year, month + 1, 1),
        int(row["claimed_forms"] or 0),
        _number(row["claimed_paid"]),
        _number(row["confirmed_forms"]),
        _number(row["confirmed_paid"]),
        row["as_of"],
        int(row["difference"]),
        int(row["confirmed_paid"] - row["claimed_paid"]) if both else None,
        Finding(row["finding"]),
    )


def _number(told: Any) -> int | None:
    return None if told is None else int(told)


def _month(day: Any) -> Any:
    """Count months from year 0."""
    year, month = (cast(extract(part, day), Integer) for part in ("year", "month"))
    return (year * 12 + month - 1).label("month")


def _compared(db: Session, scope: Scope, until: date) -> Any:
    """Put both tellings of every village and month side by side."""
    told = _told(db, scope, until)
    pairs = (
        select(
            told.c.code,
            told.c.month,
            *(func.sum(told.c[name]).label(name) for name in _FIGURES),
            func.max(told.c.as_of).label("as_of"),
        )
        .group_by(told.c.code, told.c.month)
        .subquery()
    )
    claimed = func.coalesce(pairs.c.claimed_forms, 0)
    unpaid = pairs.c.claimed_paid - pairs.c.confirmed_paid
    missing = case((unpaid > 0, unpaid), else_=0)
    no_forms = and_(pairs.c.confirmed_forms.is_(None), pairs.c.confirmed_paid.is_not(None))
    difference = case(
        (and_(no_forms, claimed > 0), 0),
        else_=func.coalesce(pairs.c.confirmed_forms, pairs.c.confirmed_paid, 0) - claimed,
    )
    now = until.year * 12 + until.month - 1
    finding = _finding(pairs, difference, missing, now)
    is_awaited = finding == Finding.AWAITED.value
    return select(
        *pairs.c,
        difference.label("difference"),
        cast(case((is_awaited, 0), else_=func.abs(difference)), Integer).label("weight"),
        cast(missing, Integer).label("missing"),
        finding.label("finding"),
    ).cte("compared")


_FIGURES = ("claimed_forms", "claimed_paid", "confirmed_forms", "confirmed_paid")


def _told(db: Session, scope: Scope, until: date) -> Any:
    claimed: Any = select(
        col(Visit.village_code).label("code"),
        _month(col(SessionReport.held_on)),
        func.sum(SessionReport.signups).label("claimed_forms"),
        func.sum(SessionReport.paid).label("claimed_paid"),
        cast(null(), Integer).label("confirmed_forms"),
        cast(null(), Integer).label("confirmed_paid"),
        cast(null(), LedgerEntry.__table__.c.as_of.type).label("as_of"),  # type: ignore[attr-defined]
    )
    forms = func.coalesce(col(LedgerEntry.forms), col(LedgerEntry.registered))
    confirmed: Any = select(
        col(LedgerEntry.village_code),
        _month(col(LedgerEntry.month)),
        cast(null(), Integer),
        cast(null(), Integer),
        func.sum(forms),
        func.sum(LedgerEntry.first_paid),
        func.max(LedgerEntry.as_of),
    ).where(
        *entries_in(db, scope, until),
        or_(forms.is_not(None), col(LedgerEntry.first_paid).is_not(None)),
    )
    return union_all(
        reports_in(claimed, scope, until).group_by(Visit.village_code, "month"),
        # By its own column, along the key: months as numbers would have to be sorted.
        confirmed.group_by(LedgerEntry.village_code, col(LedgerEntry.month)),
    ).subquery()


def _finding(pairs: Any, difference: Any, missing: Any, now: int) -> Any:
    nothing_confirmed = and_(pairs.c.confirmed_forms.is_(None), pairs.c.confirmed_paid.is_(None))
    nothing_claimed = func.coalesce(pairs.c.claimed_forms, 0) == 0
    return case(
        (and_(nothing_confirmed, nothing_claimed), Finding.AGREES.value),
        (and_(nothing_confirmed, pairs.c.month >= now), Finding.AWAITED.value),
        (nothing_confirmed, Finding.MISSING.value),
        (and_(nothing_claimed, difference > 0), Finding.UNCLAIMED.value),
        (difference < 0, Finding.FEWER.value),
        (difference > 0, Finding.MORE.value),
        (missing > 0, Finding.FEWER.value),
        else_=Finding.AGREES.value,
    )
