"""Bring the registry into the database, again and again with the same result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import inspect, or_
from sqlmodel import SQLModel, select

from outreach.db import insert_into
from outreach.villages.areas import NATION, within
from outreach.villages.coast import islands_of
from outreach.villages.codes import Level, cut, dotted, kind, parent, parents
from outreach.villages.counts import keep_counts
from outreach.villages.estimates import estimate, read_figures
from outreach.villages.places import check_inside, fill_places, medians
from outreach.villages.source import RegistryFault, read_source
from outreach.villages.tables import (
    District,
    EstimateSource,
    Figure,
    Province,
    Regency,
    RegistryLoad,
    Village,
    Zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.villages.estimates import NationalFigure
    from outreach.villages.source import Line, Source

    type Row = dict[str, Any]
    type Islands = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.int32]]
    type Tell = Callable[[str, int, int], None]

#: Hours ahead of UTC, as the source writes time zones.
ZONES = {"7": Zone.WIB, "8": Zone.WITA, "9": Zone.WIT}
#: Rows sent to the database at a time; progress is told after each.
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Registry:
    """Rows ready for the tables, sorted by code, parents before children."""

    source: str
    tables: dict[type[SQLModel], list[Row]]


@dataclass(slots=True)
class TableSummary:
    """What a load did to one table; `vanished` lists codes the source no longer has."""

    rows: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load did, by the tables' names, and how many places are approximate."""

    tables: dict[str, TableSummary]
    approximate: int

    @property
    def inserted(self) -> int:
        """Rows that were new."""
        return sum(table.inserted for table in self.tables.values())

    @property
    def changed(self) -> int:
        """Rows that said something else before."""
        return sum(table.changed for table in self.tables.values())


def read_registry(islands: Islands | None = None, source: Source | None = None) -> Registry:
    """Read the source and work out every row of every table.

    Raises
    ------
    RegistryFault
        If the source is incomplete or contradicts our tables of corrections and figures.
    """
    source, figures = source or read_source(), read_figures()
    villages, centres = _villages(source, figures, islands or islands_of)
    return Registry(
        source.version,
        {
            Province: [_place_row(line) for line in source.provinces],
            Regency: [_regency(line, centres) for line in source.regencies],
            District: [_district(line) for line in source.districts],
            Village: villages,
            EstimateSource: [_figure(name, figures[name]) for name in Figure],
        },
    )


def load_registry(
    db: Session,
    *,
    now: datetime,
    registry: Registry | None = None,
    areas: Iterable[str] = (NATION,),
    tell: Tell = lambda _table, _done, _rows: None,
) -> LoadSummary:
    """Bring the tables to what the registry says, touching only rows that are new or differ.

    Villages no longer in the source are reported, never deleted: visits may hang on them. With
    *areas* only those regions and what is above and inside them are loaded. *tell* hears a table's
    name, the rows written and the rows to write.
    """
    registry, areas = registry or read_registry(), tuple(areas)
    told, approximate = {}, 0
    for table, rows in registry.tables.items():
        wanted = _wanted(rows, areas)
        if table is Village:
            wanted = keep_counts(db, wanted)
        told[str(table.__tablename__)] = _load_table(db, table, wanted, areas, tell)
        approximate += sum(row.get("place_is_approximate", False) for row in wanted)
    summary = LoadSummary(told, approximate)
    _note(db, summary, source=registry.source, now=now)
    return summary


def _villages(
    source: Source, figures: dict[Figure, NationalFigure], islands: Islands
) -> tuple[list[Row], dict[str, tuple[float, float]]]:
    codes = [dotted(line["id"]) for line in source.villages]
    regencies = [cut(code, Level.REGENCY) for code in codes]
    districts = [cut(code, Level.DISTRICT) for code in codes]
    kinds = [kind(code) for code in codes]
    zones = {dotted(line["id"]): _zone(line) for line in source.regencies}
    places = _places(source.villages)
    check_inside(codes, places)
    filled, beside = fill_places(districts, places, _district_places(source))
    lands = islands(filled[:, 0], filled[:, 1])[beside]
    counts = estimate(regencies, kinds, _populations(source, figures), figures)
    columns: dict[str, Iterable[Any]] = {
        "code": codes,
        "district_code": districts,
        "regency_code": regencies,
        "name": [line["name"] for line in source.villages],
        "kind": kinds,
        "zone": [zones[code] for code in regencies],
        "latitude": filled[:, 0].tolist(),
        "longitude": filled[:, 1].tolist(),
        "place_is_approximate": np.isnan(places).any(axis=1).tolist(),
        "island": lands.tolist(),
        "population": counts.population.tolist(),
        "informal_workers": counts.informal_workers.tolist(),
        "informal_covered": counts.informal_covered.tolist(),
        "vulnerable_workers": counts.vulnerable_workers.tolist(),
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows, medians(regencies, places)


def _places(lines: list[Line]) -> NDArray[np.float64]:
    return np.array(
        [(float(line["latitude"] or "nan"), float(line["longitude"] or "nan")) for line in lines]
    )


def _district_places(source: Source) -> dict[str, tuple[float, float]]:
    return {
        dotted(line["id"]): (float(line["latitude"]), float(line["longitude"]))
        for line in source.districts
    }


def _populations(source: Source, figures: dict[Figure, NationalFigure]) -> dict[str, int]:
    populations = {dotted(line["id"]): int(line["population"]) for line in source.regencies}
    found, expected = sum(populations.values()), figures[Figure.POPULATION].total
    if found != expected:
        raise RegistryFault(problem="population_differs", expected=expected, found=found)
    return populations


def _zone(line: Line) -> Zone:
    try:
        return ZONES[line["timezone"]]
    except KeyError as error:
        raise RegistryFault(problem="unknown_zone", region=line["id"]) from error


def _place_row(line: Line) -> Row:
    return {
        "code": dotted(line["id"]),
        "name": line["name"],
        "latitude": float(line["latitude"]),
        "longitude": float(line["longitude"]),
    }


def _regency(line: Line, centres: dict[str, tuple[float, float]]) -> Row:
    row = _place_row(line)
    row["latitude"], row["longitude"] = centres[row["code"]]
    return row | {
        "province_code": parent(row["code"]),
        "zone": _zone(line),
        "population": int(line["population"]),
    }


def _district(line: Line) -> Row:
    row = _place_row(line)
    return row | {"regency_code": parent(row["code"])}


def _figure(name: Figure, figure: NationalFigure) -> Row:
    return {
        "figure": name,
        "national_total": figure.total,
        "as_of": figure.as_of,
        "source": figure.source,
    }


def _wanted(rows: list[Row], areas: tuple[str, ...]) -> list[Row]:
    if NATION in areas or "code" not in rows[0]:
        return rows
    named = {*areas, *_above(areas)}
    inside = tuple(f"{area}." for area in areas)
    return [row for row in rows if row["code"] in named or row["code"].startswith(inside)]


def _above(areas: Iterable[str]) -> set[str]:
    return {region for area in areas for region in parents(area)}


def _load_table(
    db: Session, table: type[SQLModel], rows: list[Row], areas: tuple[str, ...], tell: Tell
) -> TableSummary:
    names = list(inspect(table).columns.keys())
    key = inspect(table).primary_key[0].name
    stored = {row[names.index(key)]: row for row in _stored(db, table, names, areas)}
    summary, fresh = TableSummary(rows=len(rows)), []
    for row in rows:
        before = stored.pop(row[key], None)
        if before is None:
            summary.inserted += 1
        elif before == tuple(row[name] for name in names):
            summary.unchanged += 1
            continue
        else:
            summary.changed += 1
        fresh.append(row)
    summary.vanished = sorted(map(str, stored))
    _write(db, table, key, fresh, tell)
    return summary


def _stored(
    db: Session, table: type[SQLModel], names: list[str], areas: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    query = select(*(getattr(table, name) for name in names))
    if "code" in names:
        code: Any = getattr(table, "code")  # noqa: B009 - SQLModel itself declares no column
        query = query.where(or_(within(code, areas), code.in_(_above(areas))))
    return (tuple(row) for row in db.execute(query))


def _write(db: Session, table: type[SQLModel], key: str, rows: list[Row], tell: Tell) -> None:
    if not rows:
        return
    insert = insert_into(db, inspect(table).local_table)
    upsert = insert.on_conflict_do_update(
        index_elements=[key],
        set_={name: insert.excluded[name] for name in rows[0] if name != key},
    )
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        db.execute(upsert, chunk)
        tell(str(table.__tablename__), start + len(chunk), len(rows))


def _note(db: Session, summary: LoadSummary, *, source: str, now: datetime) -> None:
    if summary.inserted or summary.changed:
        db.add(
            RegistryLoad(
                loaded_at=now, source=source, inserted=summary.inserted, changed=summary.changed
            )
        )
        db.flush()
