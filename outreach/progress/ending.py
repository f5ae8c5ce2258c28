"""Where the workers live whose sponsor is about to stop: villages ranked by those at stake.

Nobody keeps a list of sponsored workers by village here. What the sessions have reported with the
same payer, sector and package is known; the rest of the quota is spread over the villages of the
region by their vulnerable workers, and is an estimate.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport, SignUp
from outreach.people.access import within
from outreach.progress.cliff import is_ending, not_renewed
from outreach.progress.scope import villages_in
from outreach.progress.sponsorships import sponsorships_around, sponsorships_in
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.progress.tables import Sponsorship

    #: Sign-ups of one village by payer, sector and package, each with the day of its session.
    type Known = Mapping[tuple[str, str, str], Sequence[tuple[str, date, int]]]


@dataclass(frozen=True, slots=True)
class Ending:
    """A village with sponsored workers whose term ends: how many (estimate), who pays, until.

    From `asked_from` on a session there asks them to go on, those of all its terms; one on the
    first day of a term signs them up.
    """

    code: str
    workers: float
    sponsors: tuple[str, ...]
    ends: date
    asked_from: date


def ending_terms(db: Session, scope: Scope, today: date) -> list[tuple[Sponsorship, int]]:
    """List the terms about to end, also those of a wider region, with the workers not renewed."""
    terms = [*sponsorships_in(db, scope), *sponsorships_around(db, scope)]
    due = [(term, not_renewed(term, terms)) for term in terms if is_ending(term, today)]
    return [(term, lost) for term, lost in due if lost]


def sponsor_ending(db: Session, scope: Scope, today: date) -> list[Ending]:
    """Spread the workers at stake over the villages that count, the most at stake first."""
    due = ending_terms(db, scope, today)
    if not due:
        return []
    regions = {term.region_code for term, _ in due}
    codes, vulnerable = _vulnerable(db, regions)
    known = _known(db, regions)
    workers: dict[str, float] = defaultdict(float)
    told: dict[str, list[Sponsorship]] = defaultdict(list)
    for term, lost in due:
        for code, some in _spread(term, lost, codes, vulnerable, known).items():
            workers[code] += some
            told[code].append(term)
    inside = frozenset(_counting(db, scope, regions))
    found = [_ending(code, workers[code], told[code]) for code in workers if code in inside]
    return sorted(found, key=lambda one: (-one.workers, one.code))


def _ending(code: str, workers: float, terms: Sequence[Sponsorship]) -> Ending:
    sponsors = tuple(dict.fromkeys(term.sponsor for term in terms))
    asked_from = max(
        max(term.ends - timedelta(term.conversion_days), term.starts + timedelta(1))
        for term in terms
    )
    return Ending(code, workers, sponsors, min(term.ends for term in terms), asked_from)


def spread_quota(
    workers: float, known: NDArray[np.float64], vulnerable: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share workers out over villages: to those known of first, the rest by vulnerable workers.

    Where more are known than the quota holds they share it; where nobody is vulnerable the rest
    is shared evenly.
    """
    total = float(known.sum())
    if total >= workers:
        return known * (workers / total)
    weights = vulnerable if vulnerable.sum() else np.ones_like(vulnerable)
    return known + (workers - total) * weights / weights.sum()


def _spread(
    term: Sponsorship,
    lost: int,
    codes: NDArray[np.str_],
    vulnerable: NDArray[np.float64],
    known: Known,
) -> dict[str, float]:
    """Share the workers of one term out over the villages of its region."""
    region = term.region_code
    first = int(np.searchsorted(codes, region))
    last = int(np.searchsorted(codes, f"{region}/"))
    inside = codes[first:last]
    if not len(inside):
        return {}
    told = np.zeros(len(inside))
    for code, day, some in known.get((term.payer, term.sector, term.package), ()):
        at = int(np.searchsorted(inside, code))
        if term.starts <= day <= term.ends and at < len(inside) and inside[at] == code:
            told[at] += some
    shares = spread_quota(lost, told, vulnerable[first:last])
    return dict(zip(inside.tolist(), shares.tolist(), strict=True))


def _vulnerable(db: Session, regions: set[str]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    query = (
        select(col(Village.code), col(Village.vulnerable_workers))
        .where(within(Village.code, regions))
        .order_by(col(Village.code))
    )
    rows = db.execute(query).all()
    codes = np.array([row.code for row in rows], dtype="<U13")
    return codes, np.array([row.vulnerable_workers for row in rows], dtype=np.float64)


def _known(db: Session, regions: set[str]) -> Known:
    """Read the sign-ups of the regions by what tells a sponsored one, day by day."""
    query = (
        select(
            col(SignUp.payer),
            col(SignUp.sector),
            col(SignUp.package),
            col(SessionReport.village_code),
            col(SessionReport.held_on),
            func.sum(SignUp.workers),
        )
        .join(SessionReport, col(SessionReport.id) == col(SignUp.report_id))
        .where(
            within(SessionReport.village_code, regions),
            col(SessionReport.corrected_by).is_(None),
        )
        .group_by(
            col(SignUp.payer),
            col(SignUp.sector),
            col(SignUp.package),
            col(SessionReport.village_code),
            col(SessionReport.held_on),
        )
    )
    known: dict[tuple[str, str, str], list[tuple[str, date, int]]] = defaultdict(list)
    for payer, sector, package, code, day, some in db.execute(query):
        known[payer, sector, package].append((code, day, int(some)))
    return known


def _counting(db: Session, scope: Scope, regions: set[str]) -> Sequence[str]:
    query = select(col(Village.code)).where(
        villages_in(scope, Village.code), within(Village.code, regions)
    )
    return db.scalars(query).all()
