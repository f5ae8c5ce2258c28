"""Load the registry of villages and look into it."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from outreach.cli.database import own_engine
from outreach.cli.numbers import WholeNumber
from outreach.cli.say import say, step
from outreach.db import reading, unit_of_work
from outreach.errors import Invalid
from outreach.villages import codes
from outreach.villages.areas import NATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Engine

    from outreach.villages.registry import LoadSummary


@dataclass(frozen=True, slots=True)
class _Operator:
    """Whoever runs commands on the machine sees the whole nation."""

    areas: tuple[str, ...] = (NATION,)


@click.group()
def villages() -> None:
    """Load the registry of villages and look into it."""


def _region(_context: click.Context, _option: click.Parameter, told: str) -> str:
    try:
        return codes.parse(told) if told else NATION
    except Invalid as error:
        raise click.BadParameter(
            say("%(told)s is no region code. Examples: 33.72 or 3372011001", told=told)
        ) from error


@villages.command("load")
def load() -> None:
    """Bring the tables to what the registry says; again and again with the same result."""
    with own_engine() as engine:
        load_all(engine)


def load_all(engine: Engine) -> LoadSummary:
    """Load the whole registry with lines of progress, in one unit of work."""
    from outreach.villages.registry import load_registry, read_registry

    step("Villages: reading the registry")
    registry = read_registry()
    with unit_of_work(engine) as db:
        summary = load_registry(db, now=datetime.now(UTC), registry=registry, tell=_tell)
    _report(summary)
    return summary


def _tell(table: str, done: int, rows: int) -> None:
    step("%(table)s: %(done)s of %(rows)s", table=_named(table), done=done, rows=rows)


def _named(table: str) -> str:
    names = {
        "province": say("Provinces"),
        "regency": say("Regencies"),
        "district": say("Districts"),
        "village": say("Villages"),
        "estimate_source": say("Sources of the estimates"),
    }
    return names.get(table, table)


def _report(summary: LoadSummary) -> None:
    for table, told in summary.tables.items():
        step(
            "%(table)s: %(rows)s rows, %(inserted)s new, %(changed)s changed, "
            "%(unchanged)s unchanged",
            table=_named(table),
            rows=told.rows,
            inserted=told.inserted,
            changed=told.changed,
            unchanged=told.unchanged,
        )
        for code in told.vanished:
            step("Villages: %(code)s is no longer in the registry; it was kept", code=code)
    step("Villages: %(count)s stand at an approximate place", count=summary.approximate)


@villages.command("count")
def count() -> None:
    """Print the number of villages alone."""
    from outreach.villages.reading import count_villages

    with own_engine() as engine, reading(engine) as db:
        click.echo(count_villages(db))


@villages.command("approximate")
def approximate() -> None:
    """List the villages whose place is only approximate, as CSV."""
    from outreach.villages.reading import ApproximateVillage, approximate_villages

    with own_engine() as engine, reading(engine) as db:
        found = approximate_villages(db, _Operator())
    _write([field.name for field in fields(ApproximateVillage)], map(asdict, found))


@villages.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--within", default=NATION, metavar="CODE", callback=_region, help="Only inside this region."
)
@click.option("--limit", default=20, type=WholeNumber(1, 1000), show_default=True)
def search(words: tuple[str, ...], within: str, limit: int) -> None:
    """Find regions by code or name, best first, as CSV; a few letters may be wrong."""
    from outreach.villages.search import Found, search

    with own_engine() as engine, reading(engine) as db:
        found = search(db, _Operator(), " ".join(words), within=within, limit=limit)
    if not found:
        click.echo(say("Nothing found."), err=True)
    rows = (
        asdict(one) | {"level": one.level.name.lower(), "kind": one.kind or ""} for one in found
    )
    _write([field.name for field in fields(Found)], rows)


def _write(columns: list[str], rows: Iterable[Mapping[str, object]]) -> None:
    table = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
