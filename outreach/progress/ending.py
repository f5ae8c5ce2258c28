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
from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import SessionReport, SignUp
from outreach.progress.cliff import is_ending, not_renewed
from outreach.progress.scope import Scope, villages_in
from outreach.progress.sponsorships import sponsorships_around, sponsorships_in
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.tables import Sponsorship

    #: Payer, sector and package.
    type Sponsored = tuple[str, str, str]


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


@dataclass(frozen=True, slots=True)
class _Villages:
    """Villages in the order of their codes; `counts` says which of them belong to a scope."""

    codes: NDArray[np.str_]
    vulnerable: NDArray[np.float64]
    counts: NDArray[np.bool_]

    def part(self, region: str) -> slice:
        """Find the villages of a region."""
        first, last = np.searchsorted(self.codes, (region, f"{region}/"))
        return slice(int(first), int(last))


@dataclass(frozen=True, slots=True)
class _Known:
    """Reported sign-ups: numbers of villages, ascending, days from year 1, and workers."""

    at: NDArray[np.int64]
    days: NDArray[np.int64]
    workers: NDArray[np.float64]

    def told(self, term: Sponsorship, part: slice) -> NDArray[np.float64]:
        """Add up for each village of a part what was reported in a term."""
        first, last = np.searchsorted(self.at, (part.start, part.stop))
        days = self.days[first:last]
        inside = (term.starts.toordinal() <= days) & (days <= term.ends.toordinal())
        return np.bincount(
            self.at[first:last][inside] - part.start,
            weights=self.workers[first:last][inside],
            minlength=part.stop - part.start,
        )


def ending_terms(db: Session, scope: Scope, today: date) -> list[tuple[Sponsorship, int]]:
    """List the terms about to end, also those of a wider region, with the workers not renewed."""
    terms = [*sponsorships_in(db, scope), *sponsorships_around(db, scope)]
    lost = zip(terms, not_renewed(terms), strict=True)
    return [(term, count) for term, count in lost if count and is_ending(term, today)]


def sponsor_ending(db: Session, scope: Scope, today: date) -> list[Ending]:
    """Spread the workers at stake over the villages that count, in the order of their codes."""
    due = ending_terms(db, scope, today)
    if not due:
        return []
    villages = _villages(db, scope, {term.region_code for term, _ in due})
    known = _known(db, [term for term, _ in due], villages.codes)
    workers = np.zeros(len(villages.codes))
    paid_by: list[tuple[int, ...]] = [()] * len(villages.codes)
    for number, (term, lost) in enumerate(due):
        part = villages.part(term.region_code)
        workers[part] += _spread(term, lost, part, villages, known)
        paid_by[part] = [(*others, number) for others in paid_by[part]]
    told = {some: _told([due[number][0] for number in some]) for some in set(paid_by)}
    codes, at_stake = villages.codes.tolist(), workers.tolist()
    return [
        Ending(codes[at], at_stake[at], *told[paid_by[at]])
        for at in np.flatnonzero(villages.counts).tolist()
    ]


def _told(terms: Sequence[Sponsorship]) -> tuple[tuple[str, ...], date, date]:
    """Tell who pays by some terms, when the first of them ends, from when on to ask."""
    sponsors = tuple(dict.fromkeys(term.sponsor for term in terms))
    asked_from = max(
        max(term.ends - timedelta(term.conversion_days), term.starts + timedelta(1))
        for term in terms
    )
    return sponsors, min(term.ends for term in terms), asked_from


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
    part: slice,
    villages: _Villages,
    known: Mapping[Sponsored, _Known],
) -> NDArray[np.float64]:
    """Share the workers of one term out over the villages of its region."""
    vulnerable = villages.vulnerable[part]
    some = known.get((term.payer, term.sector, term.package))
    told = np.zeros(len(vulnerable)) if some is None else some.told(term, part)
    return spread_quota(lost, told, vulnerable)


def _villages(db: Session, scope: Scope, regions: set[str]) -> _Villages:
    """Read the villages of regions, those too that do not count: they have a share."""
    everywhere = Scope(tuple(sorted(regions)))
    query = (
        select(col(Village.code), col(Village.vulnerable_workers), villages_in(scope, Village.code))
        .where(villages_in(everywhere, Village.code))
        .order_by(col(Village.code))
    )
    rows = db.execute(query).all()
    return _Villages(
        np.array([row[0] for row in rows], dtype="<U13"),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.bool_),
    )


def _known(
    db: Session, terms: Sequence[Sponsorship], codes: NDArray[np.str_]
) -> Mapping[Sponsored, _Known]:
    """Read the sign-ups of the terms' regions and days by what tells a sponsored one."""
    everywhere = Scope(tuple(sorted({term.region_code for term in terms})))
    key = (col(SignUp.payer), col(SignUp.sector), col(SignUp.package))
    held = col(SessionReport.held_on)
    query = (
        select(*key, col(SessionReport.village_code), held, col(SignUp.workers))
        .join(SessionReport, col(SessionReport.id) == col(SignUp.report_id))
        .where(
            villages_in(everywhere, SessionReport.village_code),
            held.between(min(term.starts for term in terms), max(term.ends for term in terms)),
            key[0].in_({term.payer for term in terms}),
            col(SessionReport.corrected_by).is_(None),
        )
        .order_by(col(SessionReport.village_code))
    )
    found: dict[Sponsored, list[tuple[str, int, int]]] = defaultdict(list)
    for payer, sector, package, code, day, workers in db.execute(query):
        found[payer, sector, package].append((code, day.toordinal(), workers))
    return {told: _columns(rows, codes) for told, rows in found.items()}


def _columns(rows: Collection[tuple[str, int, int]], codes: NDArray[np.str_]) -> _Known:
    told, days, workers = zip(*rows, strict=True)
    return _Known(
        np.searchsorted(codes, np.array(told, dtype="<U13")).astype(np.int64),
        np.array(days, dtype=np.int64),
        np.array(workers, dtype=np.float64),
    )
