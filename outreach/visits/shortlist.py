"""The ranked villages of a stage with all that their rank stands on, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import batched
from math import isfinite
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import rank_villages, room_of
from outreach.villages.tables import District, Regency, Village
from outreach.visits.question import past_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.campaigns.choosing import Past, Ranking
    from outreach.campaigns.tables import Pick, Stage
    from outreach.planning.model import Access
    from outreach.planning.priority import Promise, Scored

PAGE_LENGTH = 25


class Standing(StrEnum):
    """Whether a village gets into the stage."""

    IN = "in"
    BEYOND = "beyond"  # the quota has no room for it
    LEFT_OUT = "left_out"  # somebody left it out by hand


@dataclass(frozen=True, slots=True)
class Listed:
    """A village of the shortlist.

    Attributes
    ----------
    rank
        Its place among all villages that the stage may choose; None when it was left out.
    parts
        Points by part of the score; they sum to `score`.
    gap, vulnerable
        Estimates, in people.
    full_marks
        People from whom on a part gives all its points in this stage; 0 where any number does.
    distance_m
        From the branch's base as the crow flies; None where no place is known.
    travel_minutes, way
        From the branch's base, and how; None where no place is known.
    promise, days_to_sponsor_end
        As the score's `Candidate` has them.
    from_before
        The stage before chose it and did not reach it.
    """

    code: str
    village: str
    district: str
    regency: str
    rank: int | None
    standing: Standing
    score: float
    parts: Mapping[str, float]
    gap: float
    vulnerable: float
    distance_m: float | None
    travel_minutes: int | None
    way: Access | None
    last_held: date | None
    promise: Promise | None
    days_to_sponsor_end: int | None
    pick: Pick | None
    reason: str
    from_before: bool
    full_marks: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """One page of the ranking, and what the whole of it says.

    Attributes
    ----------
    found
        Villages that the text asked for leaves, over all pages.
    ranked, taken, left_out
        Villages that the stage may choose, how many of them get in, how many are left out by
        hand.
    kept
        Villages with a visit that stays; they count towards the quota.
    elsewhere
        Villages of the area that another stage of the campaign has.
    before
        Villages that come first because the stage before did not reach them.
    points
        Most points that each part of the scores gives here.
    """

    rows: tuple[Listed, ...]
    page: int
    pages: int
    found: int
    ranked: int
    taken: int
    left_out: int
    kept: int
    elsewhere: int
    in_area: int
    before: int
    points: Mapping[str, float]

    @property
    def cut_page(self) -> int:
        """Page on which the last village that gets in stands, of the whole ranking."""
        return max(1, -(-self.taken // PAGE_LENGTH))


@dataclass(frozen=True, slots=True)
class _Name:
    village: str
    district: str
    regency: str

    def holds(self, text: str) -> bool:
        return any(text in name.casefold() for name in (self.village, self.district, self.regency))


def shortlist_of(
    db: Session, stage: Stage, today: date, *, text: str = "", page: int = 1
) -> Shortlist:
    """Rank the villages of a stage as it stands, also of one that is only tried.

    Whoever calls has seen that the person may look at the stage.
    """
    past = past_of(db, stage)
    ranking = rank_villages(db, stage, past, today)
    room = room_of(stage, past)
    taken = len(ranking.ordered) if room is None else min(room, len(ranking.ordered))
    lines = _lines(ranking, taken)
    names = _names(db, [one.code for _, _, one in lines])
    wanted = text.casefold().strip()
    if wanted:
        lines = [line for line in lines if names[line[2].code].holds(wanted)]
    pages = max(1, -(-len(lines) // PAGE_LENGTH))
    page = min(page, pages)
    shown = lines[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH]
    return Shortlist(
        rows=tuple(_listed(line, names, ranking, past) for line in shown),
        page=page,
        pages=pages,
        found=len(lines),
        ranked=len(ranking.ordered),
        taken=taken,
        left_out=len(ranking.left_out),
        kept=len(past.kept),
        elsewhere=ranking.elsewhere,
        in_area=ranking.in_area,
        before=sum(one.code in ranking.from_before for one in ranking.ordered),
        points=ranking.points,
    )


def village_in_stage(
    db: Session, stage: Stage, code: str, today: date
) -> tuple[Listed, Mapping[str, float]] | None:
    """Rank one village among those of a stage, with the most points that each part gives there.

    None where the stage does not choose it: outside, reached already, or its visit stays. Whoever
    calls has seen that the person may look at the stage and the village.
    """
    past = past_of(db, stage)
    ranking = rank_villages(db, stage, past, today)
    room = room_of(stage, past)
    taken = len(ranking.ordered) if room is None else room
    line = next((one for one in _lines(ranking, taken) if one[2].code == code), None)
    if line is None:
        return None
    return _listed(line, _names(db, [code]), ranking, past), ranking.points


type _Line = tuple[int | None, Standing, Scored]


def _lines(ranking: Ranking, taken: int) -> list[_Line]:
    ranked: list[_Line] = [
        (number, Standing.IN if number <= taken else Standing.BEYOND, one)
        for number, one in enumerate(ranking.ordered, start=1)
    ]
    return ranked + [(None, Standing.LEFT_OUT, one) for one in ranking.left_out]


def _listed(line: _Line, names: Mapping[str, _Name], ranking: Ranking, past: Past) -> Listed:
    rank, standing, one = line
    name, candidate = names[one.code], ranking.candidates[one.code]
    picked = ranking.picks.get(one.code)
    return Listed(
        code=one.code,
        village=name.village,
        district=name.district,
        regency=name.regency,
        rank=rank,
        standing=standing,
        score=one.score,
        parts=one.parts,
        gap=candidate.gap,
        vulnerable=candidate.vulnerable,
        distance_m=candidate.distance_m if isfinite(candidate.distance_m) else None,
        travel_minutes=int(candidate.travel_minutes)
        if isfinite(candidate.travel_minutes)
        else None,
        way=candidate.way,
        last_held=past.last_held.get(one.code),
        promise=candidate.promise,
        days_to_sponsor_end=candidate.days_to_sponsor_end,
        pick=picked.pick if picked else None,
        reason=picked.reason if picked else "",
        from_before=one.code in ranking.from_before,
        full_marks=ranking.full_marks,
    )


def _names(db: Session, codes: Collection[str]) -> dict[str, _Name]:
    query: Any = (
        select(
            col(Village.code),
            col(Village.name).label("village"),
            col(District.name).label("district"),
            col(Regency.name).label("regency"),
        )
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
    )
    rows: Sequence[Any] = [
        row
        for part in batched(sorted(codes), 5000)
        for row in db.execute(query.where(col(Village.code).in_(part)))
    ]
    return {row.code: _Name(row.village, row.district, row.regency) for row in rows}
