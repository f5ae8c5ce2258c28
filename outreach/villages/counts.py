"""Figures that were counted: they stand in place of the estimates, and loads leave them there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from itertools import batched
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import col

from outreach.errors import Invalid
from outreach.villages.estimates import spread
from outreach.villages.tables import Figure, Village, VillageCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    type Row = dict[str, Any]

#: Codes asked for in one statement.
CODES_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Count:
    """A counted figure of a village, when it was counted and by whom.

    `is_spread` marks the village's share of a count for its whole regency.
    """

    village_code: str
    figure: Figure
    counted: int
    as_of: date
    source: str
    is_spread: bool = False


def counts_of(
    db: Session, codes: Iterable[str], figure: Figure | None = None
) -> dict[tuple[str, Figure], VillageCount]:
    """Read the counted figures of villages; it answers whoever asks."""
    query = select(VillageCount)
    if figure is not None:
        query = query.where(col(VillageCount.figure) == figure)
    return {
        (one.village_code, one.figure): one
        for part in batched(sorted(set(codes)), CODES_AT_ONCE)
        for one in db.scalars(query.where(col(VillageCount.village_code).in_(part)))
    }


def note_counts(db: Session, counts: Sequence[Count]) -> None:
    """Put counted figures in place of the estimates; a later one replaces an earlier one.

    What the registry estimates is kept beside, and comes back with `forget_counts`.
    """
    codes = [one.village_code for one in counts]
    earlier = counts_of(db, codes)
    estimates = _figures(db, codes)
    rows = []
    for one in counts:
        before = earlier.get((one.village_code, one.figure))
        estimated = before.estimated if before else estimates[one.village_code][one.figure]
        rows.append(_row(one, estimated))
    _remove(db, rows)
    if rows:
        db.execute(insert(VillageCount), rows)
    _write(db, [(row["village_code"], row["figure"], row["counted"]) for row in rows])


def forget_counts(db: Session, keys: Sequence[tuple[str, Figure]]) -> None:
    """Let the registry's estimates stand again."""
    earlier = counts_of(db, (code for code, _ in keys))
    gone = [earlier[key] for key in keys if key in earlier]
    back = [(one.village_code, one.figure, one.estimated) for one in gone]
    _remove(db, [{"village_code": code, "figure": figure} for code, figure, _ in back])
    _write(db, back)


def shares(
    db: Session, regency_code: str, total: int, counted: Mapping[str, int]
) -> dict[str, int]:
    """Spread what was counted for a regency over its villages by their informal workers.

    Villages with a count of their own (`counted`) keep it; the others share the rest by largest
    remainder, so that all add up to the total.

    Raises
    ------
    Invalid
        If the villages' own counts come to more than the total, or nobody is left to share.
    """
    query = select(col(Village.code), col(Village.informal_workers))
    rows = db.execute(
        query.where(col(Village.regency_code) == regency_code).order_by(col(Village.code))
    ).all()
    own = sum(counted.get(row.code, 0) for row in rows)
    others = [row for row in rows if row.code not in counted]
    weights = np.array([row.informal_workers for row in others], dtype=np.int64)
    if own > total:
        raise Invalid(problems={"counted": ["less_than_counted"]}, limits={"counted": {"own": own}})
    if total > own and int(weights.sum()) == 0:
        raise Invalid(problems={"counted": ["nobody_to_share"]})
    parts = spread(total - own, weights).tolist() if int(weights.sum()) else [0] * len(others)
    return {row.code: part for row, part in zip(others, parts, strict=True)}


def keep_counts(db: Session, rows: list[Row]) -> list[Row]:
    """Put the counted figures into rows of a load, and remember what it estimates.

    The rows given stay as they are.
    """
    counts: dict[str, list[VillageCount]] = defaultdict(list)
    # Counts are few beside villages, and a load of the nation asks for them all.
    for one in db.scalars(select(VillageCount)):
        counts[one.village_code].append(one)
    if not counts:
        return rows
    return [_with_counts(row, counts.get(row["code"], ())) for row in rows]


def _with_counts(row: Row, counts: Iterable[VillageCount]) -> Row:
    kept = dict(row)
    for one in counts:
        one.estimated = row[one.figure.value]
        kept[one.figure.value] = one.counted
    return kept


def _figures(db: Session, codes: Iterable[str]) -> dict[str, dict[Figure, int]]:
    """Read what the villages carry, by code and figure."""
    columns = [getattr(Village, figure.value) for figure in Figure]
    found = {}
    for part in batched(sorted(set(codes)), CODES_AT_ONCE):
        query = select(col(Village.code), *columns).where(col(Village.code).in_(part))
        for code, *numbers in db.execute(query):
            found[code] = dict(zip(Figure, numbers, strict=True))
    return found


def _row(one: Count, estimated: int) -> Row:
    return {
        "village_code": one.village_code,
        "figure": one.figure,
        "counted": one.counted,
        "estimated": estimated,
        "is_spread": one.is_spread,
        "as_of": one.as_of,
        "source": one.source,
    }


def _remove(db: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    by_figure: dict[Figure, list[str]] = defaultdict(list)
    for row in rows:
        by_figure[row["figure"]].append(row["village_code"])
    for figure, codes in by_figure.items():
        for part in batched(codes, CODES_AT_ONCE):
            db.execute(
                delete(VillageCount)
                .where(col(VillageCount.figure) == figure, col(VillageCount.village_code).in_(part))
                .execution_options(synchronize_session="fetch")
            )


def _write(db: Session, figures: Iterable[tuple[str, Figure, int]]) -> None:
    """Write figures into the villages, one kind of figure after the other."""
    by_figure: dict[Figure, list[Row]] = defaultdict(list)
    for code, figure, number in figures:
        by_figure[figure].append({"of": code, "number": number})
    table: Any = Village.__table__  # type: ignore[attr-defined]
    for figure, rows in by_figure.items():
        change = update(table).where(table.c.code == bindparam("of"))
        db.execute(change.values({figure.value: bindparam("number")}), rows)
    db.expire_all()
