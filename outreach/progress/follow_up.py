"""Which villages to go back to: lists by rule, derived from what happened, never typed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.logbook.tables import LedgerEntry, SessionReport
from outreach.people.tables import BranchRegency
from outreach.progress.ending import sponsor_ending
from outreach.progress.looked_after import LookedAfter
from outreach.progress.scope import current_reports, villages_in, visits_in
from outreach.villages.codes import Level, cut
from outreach.visits.question import lacks_report
from outreach.visits.tables import ACTIVE, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlmodel import Session

    from outreach.progress.scope import Scope

#: Whoever speaks to fewer people learns little from how many of them signed up.
LEAST_PEOPLE = 20
#: Half of what is usual in the branch is no accident of one evening.
CONVERSION_PERCENT = 50
#: From so many villages on a median of the branch stands for what is usual.
LEAST_VILLAGES = 10
#: A village that put its day off finds another one within two weeks, if it is asked.
LAPSED_DAYS = 14
#: The first contribution is due within the month; half a month more for the counting.
UNPAID_DAYS = 45
#: Under five sign-ups one worker is a fifth of all, so a share says nothing.
LEAST_SIGNUPS = 5
#: A third fall away everywhere; more than that has a cause in the village.
KEPT_PERCENT = 60


class FollowUp(StrEnum):
    """Why villages want a visit again."""

    LOW_CONVERSION = "low_conversion"
    PROMISED = "promised"
    UNPAID = "unpaid"
    STOPPED_PAYING = "stopped_paying"
    SPONSOR_ENDING = "sponsor_ending"


class Rules(BaseModel):
    """The thresholds of the lists; each can be moved within bounds."""

    model_config = ConfigDict(frozen=True)

    least_people: int = Field(default=LEAST_PEOPLE, ge=5, le=500)
    conversion_percent: int = Field(default=CONVERSION_PERCENT, ge=10, le=100)
    lapsed_days: int = Field(default=LAPSED_DAYS, ge=1, le=365)
    unpaid_days: int = Field(default=UNPAID_DAYS, ge=7, le=365)
    least_signups: int = Field(default=LEAST_SIGNUPS, ge=1, le=500)
    kept_percent: int = Field(default=KEPT_PERCENT, ge=10, le=100)


@dataclass(frozen=True, slots=True)
class Case:
    """A village that a rule found, with the figures that put it there; None where a rule has none.

    Attributes
    ----------
    weight
        By which the list is ordered, in workers: those to be won, or to be kept; of promised
        visits the days since.
    people, signups, rate, usual
        People met, sign-ups, sign-ups per hundred people met, and the branch's median of it.
    day, work
        When the promised visit was to be, or the last session was held; what became of the visit.
    paid, still_paid
        Workers who paid first, and who still did when it was counted last.
    at_stake, sponsors, ends
        Sponsored workers whose term ends (estimate), who pays for them, and the first end.
    settled_from
        A session held on or after this day has followed the case up already.
    """

    code: str
    weight: float
    people: int | None = None
    signups: int | None = None
    rate: float | None = None
    usual: float | None = None
    day: date | None = None
    work: Work | None = None
    paid: int | None = None
    still_paid: int | None = None
    at_stake: float | None = None
    sponsors: tuple[str, ...] = ()
    ends: date | None = None
    settled_from: date | None = None


@dataclass(frozen=True, slots=True)
class FollowUpList:
    """What a rule found.

    Attributes
    ----------
    cases
        The villages to go to, the heaviest first.
    planned
        Villages that the rule found and that are left out: a visit to them is to come, they stand
        in a list that has become a stage already, or somebody has been there since.
    looked_at
        Villages that the rule could judge.
    unknown
        Villages it could not judge: of branches with too few sessions, or of which nobody has told
        whether anybody paid.
    """

    kind: FollowUp
    cases: tuple[Case, ...]
    planned: int
    looked_at: int
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule answers before the planned villages are taken out."""

    cases: list[Case]
    looked_at: int
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class _Question:
    """What every rule works with; `whole` is the person's whole area, for what is usual there."""

    db: Session
    scope: Scope
    whole: Scope
    rules: Rules
    today: date


def follow_up_list(
    db: Session, kind: FollowUp, scope: Scope, rules: Rules, today: date, *, whole: Scope
) -> FollowUpList:
    """Derive one list.

    Parameters
    ----------
    whole
        The person's whole area: what is usual in a branch is measured there, also when a part of
        it is asked for.
    """
    asked = _Question(db, scope, whole, rules, today)
    return _without_planned(kind, _RULES[kind](asked), LookedAfter(db, scope, today))


def follow_up_lists(
    db: Session, scope: Scope, rules: Rules, today: date, *, whole: Scope
) -> tuple[FollowUpList, ...]:
    """Derive all lists."""
    asked = _Question(db, scope, whole, rules, today)
    known = LookedAfter(db, scope, today)
    return tuple(_without_planned(kind, _RULES[kind](asked), known) for kind in FollowUp)


def _without_planned(kind: FollowUp, found: _Found, known: LookedAfter) -> FollowUpList:
    left = [
        case for case in found.cases if not known.holds(case.code, case.settled_from, case.ends)
    ]
    left.sort(key=lambda case: (-case.weight, case.code))
    return FollowUpList(
        kind, tuple(left), len(found.cases) - len(left), found.looked_at, found.unknown
    )


def _current(columns: Iterable[Any], scope: Scope) -> Any:
    """Read the current reports of what counts, by village."""
    query: Any = select(col(Visit.village_code), *columns).select_from(Visit)
    return current_reports(query, scope).group_by(Visit.village_code)


def _low_conversion(asked: _Question) -> _Found:
    """Find villages in which many were met and few signed up, against the branch's median."""
    people = func.sum(col(SessionReport.men) + col(SessionReport.women))
    columns = (people, func.sum(SessionReport.signups), func.max(SessionReport.held_on))
    least = asked.rules.least_people
    rows = asked.db.execute(_current(columns, asked.whole).having(people >= least)).all()
    met = [(code, int(people), int(signups), day) for code, people, signups, day in rows]
    branch_of = _branches(asked.db)
    usual = _medians([(branch_of(code), 100 * n / people) for code, people, n, _ in met])
    inside = _inside(asked)
    mine = [row for row in met if inside(row[0])]
    judged = [row for row in mine if branch_of(row[0]) in usual]
    cases = [
        _few_signed_up(code, people, signups, day, usual[branch_of(code)])
        for code, people, signups, day in judged
        if 100 * signups / people < usual[branch_of(code)] * asked.rules.conversion_percent / 100
    ]
    return _Found(cases, len(judged), len(mine) - len(judged))


def _few_signed_up(code: str, people: int, signups: int, day: date, usual: float) -> Case:
    missing = people * usual / 100 - signups
    rate = 100 * signups / people
    return Case(code, missing, people, signups, rate, usual, day)


def _medians(rates: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Median per branch, where enough villages tell one."""
    of_branch: dict[int, list[float]] = defaultdict(list)
    for branch_id, rate in rates:
        of_branch[branch_id].append(rate)
    return {
        branch_id: float(np.median(some))
        for branch_id, some in of_branch.items()
        if len(some) >= LEAST_VILLAGES
    }


def _branches(db: Session) -> Callable[[str], int]:
    served: Mapping[str, int] = {
        row.regency_code: row.branch_id
        for row in db.execute(select(col(BranchRegency.regency_code), col(BranchRegency.branch_id)))
    }
    return lambda code: served.get(cut(code, Level.REGENCY), 0)


def _inside(asked: _Question) -> Callable[[str], bool]:
    """Tell whether a village with a report counts for the part that is asked for."""
    if asked.scope == asked.whole:
        return lambda _code: True
    codes = frozenset(
        asked.db.scalars(select(col(Visit.village_code)).where(visits_in(asked.scope)).distinct())
    )
    return codes.__contains__


def _promised(asked: _Question) -> _Found:
    """Find villages whose promised visit was never held and that have had none since."""
    later = aliased(Visit)
    instead = (
        select(col(later.id))
        .where(
            col(later.village_code) == col(Visit.village_code),
            col(later.id) != col(Visit.id),
            col(later.day) >= col(Visit.day),
            col(later.work).in_(ACTIVE),
        )
        .exists()
    )
    until = asked.today - timedelta(asked.rules.lapsed_days)
    lapsed = or_(
        col(Visit.work).in_((Work.POSTPONED, Work.CONFIRMED)),
        and_(col(Visit.work) == Work.RETURNED, lacks_report()),
    )
    query = (
        select(col(Visit.village_code), col(Visit.day), col(Visit.work))
        .where(visits_in(asked.scope), lapsed, col(Visit.day) <= until, ~instead)
        .order_by(col(Visit.day))
    )
    last = {code: (day, work) for code, day, work in asked.db.execute(query)}
    cases = [
        Case(code, float((asked.today - day).days), day=day, work=work)
        for code, (day, work) in last.items()
    ]
    return _Found(cases, _visited(asked))


def _visited(asked: _Question) -> int:
    query = select(func.count(col(Visit.village_code).distinct())).where(visits_in(asked.scope))
    return asked.db.scalar(query) or 0


def _unpaid(asked: _Question) -> _Found:
    """Find villages whose sign-ups are old enough to have paid, and of whom nobody has."""
    until = asked.today - timedelta(asked.rules.unpaid_days)
    columns = (
        func.sum(SessionReport.signups),
        func.sum(SessionReport.paid),
        func.max(SessionReport.held_on),
    )
    query = _current(columns, asked.scope).having(
        func.sum(SessionReport.signups) >= asked.rules.least_signups,
        func.max(SessionReport.held_on) <= until,
    )
    rows = asked.db.execute(query).all()
    first = _first_paid(asked)
    told = [row for row in rows if row[2] is not None or row[0] in first]
    cases = [
        Case(code, float(signups), signups=int(signups), paid=0, day=day)
        for code, signups, paid, day in told
        if max(paid or 0, first.get(code, 0)) == 0
    ]
    return _Found(cases, len(told), len(rows) - len(told))


def _first_paid(asked: _Question) -> dict[str, int]:
    """Read the first payments that the ledger knows of, by village."""
    query = (
        select(col(LedgerEntry.village_code), func.sum(LedgerEntry.first_paid))
        .where(
            villages_in(asked.scope, LedgerEntry.village_code),
            col(LedgerEntry.first_paid).is_not(None),
        )
        .group_by(col(LedgerEntry.village_code))
    )
    return {code: int(paid) for code, paid in asked.db.execute(query)}


def _stopped_paying(asked: _Question) -> _Found:
    """Find villages in which far fewer still pay than paid first, by the latest count told."""
    still = func.coalesce(col(LedgerEntry.paid_6), col(LedgerEntry.paid_3), col(LedgerEntry.paid_1))
    first = func.sum(LedgerEntry.first_paid)
    query = (
        select(col(LedgerEntry.village_code), first, func.sum(still), func.max(LedgerEntry.as_of))
        .where(
            villages_in(asked.scope, LedgerEntry.village_code),
            col(LedgerEntry.first_paid).is_not(None),
            still.is_not(None),
        )
        .group_by(col(LedgerEntry.village_code))
        .having(first >= asked.rules.least_signups)
    )
    rows = asked.db.execute(query).all()
    cases = [
        Case(
            code,
            float(first - still),
            paid=int(first),
            still_paid=int(still),
            day=day,
            settled_from=day + timedelta(1),
        )
        for code, first, still, day in rows
        if 100 * still < first * asked.rules.kept_percent
    ]
    return _Found(cases, len(rows))


def _sponsor_ending(asked: _Question) -> _Found:
    """Find villages whose sponsored workers have to be asked to go on by themselves."""
    found = sponsor_ending(asked.db, asked.scope, asked.today)
    cases = [
        Case(
            one.code,
            one.workers,
            at_stake=one.workers,
            sponsors=one.sponsors,
            ends=one.ends,
            settled_from=one.asked_from,
        )
        for one in found
    ]
    return _Found(cases, len(cases))


_RULES: dict[FollowUp, Callable[[_Question], _Found]] = {
    FollowUp.LOW_CONVERSION: _low_conversion,
    FollowUp.PROMISED: _promised,
    FollowUp.UNPAID: _unpaid,
    FollowUp.STOPPED_PAYING: _stopped_paying,
    FollowUp.SPONSOR_ENDING: _sponsor_ending,
}
