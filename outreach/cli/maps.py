"""Build what the maps are drawn from: region shapes out of village points, scripts and styles."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outreach.cli.database import own_engine, require_registry
from outreach.cli.say import say, step
from outreach.config import Settings, read_settings
from outreach.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from outreach.errors import OutreachError
    from outreach.maps.boundaries import Report
    from outreach.maps.columns import Places
    from outreach.villages.codes import Level


def build_if_missing(engine: Engine, settings: Settings) -> None:
    """Draw the region shapes once; scripts and styles anew, for they change with the product."""
    from outreach.maps.artefacts import Store
    from outreach.maps.assets import build_assets

    folder = settings.var_dir / "maps"
    if "areas" not in Store(folder).manifest():
        _build_shapes(engine, settings)
    build_assets(folder)


def _build_shapes(engine: Engine, settings: Settings) -> None:
    from outreach.maps.artefacts import Store, keep_places
    from outreach.maps.boundary_keeping import build
    from outreach.villages.coast import load_coast
    from outreach.web.map_data import read_places

    require_registry(engine)
    step("Maps: drawing region shapes from village points")
    with reading(engine) as db:
        places = read_places(db)
    store = Store(settings.var_dir / "maps")
    # Every map of the nation begins with it: packed best once, it spares each first visit 13 KB.
    keep_places(store, places, best=True)
    with _one_drawing():
        if build(store, places, load_coast(), _show):
            click.echo("    " + say("within the borders that were brought in"))


@contextmanager
def _one_drawing() -> Iterator[None]:
    """Say it in words where somebody else draws at this moment; the map stays as it is."""
    from outreach.errors import Conflict
    from outreach.web.border_words import FILES

    try:
        yield
    except Conflict as error:
        raise click.ClickException(say(FILES[str(error.facts["problem"])])) from error


def _show(name: str, done: int, of: int) -> None:
    if done < of:
        click.echo(f"    {done + 1}/{of} {_steps()[name]}")


def _steps() -> dict[str, str]:
    return {
        "cells": say("a cell around every village"),
        "land": say("cut to the coast line"),
        "districts": say("districts"),
        "borders": say("fit into the borders"),
        "clean": say("close gaps between neighbours"),
        "regencies": say("regencies"),
        "simplify": say("simplify the borders"),
        "write": say("write and compress"),
    }


@click.group()
def maps() -> None:
    """Build what the maps are drawn from."""


@maps.command("build")
def build() -> None:
    """Draw all region shapes anew from the registry."""
    from outreach.maps.artefacts import Store, forget_old_places
    from outreach.maps.assets import build_assets

    settings = read_settings()
    with own_engine() as engine:
        _build_shapes(engine, settings)
    build_assets(settings.var_dir / "maps")
    forget_old_places(Store(settings.var_dir / "maps"), datetime.now(UTC))


@maps.command("boundaries")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--source", help="Whose borders these are, as the map's legend is to say.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Of when they are; else today.")
@click.option("--level", type=click.Choice(["province", "regency", "district", "village"]))
@click.option("--column", default="", help="The property that holds the region codes.")
@click.option("--layer", default="", help="The layer to read, where a GeoPackage has several.")
@click.option("--forget", "forgets", is_flag=True, help="Go back to the approximate borders.")
def boundaries(
    file: Path | None,
    source: str | None,
    as_of: datetime | None,
    level: str | None,
    column: str,
    layer: str,
    *,
    forgets: bool,
) -> None:
    """Bring in true borders: GeoJSON, GeoPackage or a zipped shapefile, matched by region code."""
    folder = read_settings().var_dir / "maps"
    if forgets and file is None:
        _forget(folder)
    elif file is None or forgets or not (source or "").strip():
        raise click.UsageError(say("Give a file and its --source, or --forget alone."))
    else:
        day = as_of.date() if as_of else datetime.now(UTC).astimezone().date()
        _bring_in(folder, file, (source or "").strip(), day, (level or "", column, layer))


def _forget(folder: Path) -> None:
    from outreach.maps.artefacts import Store
    from outreach.maps.boundary_keeping import forget

    with _one_drawing():
        gone = forget(Store(folder))
    if gone:
        step("Maps: back to the approximate borders")
    else:
        step("Maps: no borders were brought in")


def _bring_in(folder: Path, file: Path, source: str, day: date, told: tuple[str, str, str]) -> None:
    from outreach.errors import Invalid
    from outreach.maps import boundaries, boundary_keeping, boundary_reading
    from outreach.maps.artefacts import Store
    from outreach.villages.coast import load_coast

    level, column, layer = told
    places, registry = _registry()
    step("Maps: reading the borders")
    try:
        read = boundary_reading.read_borders(file.read_bytes(), column=column, layer=layer)
        report, regions = boundaries.match(read, places, registry, level)
    except Invalid as error:
        raise click.ClickException(_why(error)) from error
    _show_report(report)
    store = Store(folder)
    borders = boundary_keeping.Borders(source[:120], day, file.name, report)
    with _one_drawing():
        draft = boundary_keeping.keep_draft(store, borders, regions)
        boundary_keeping.apply_draft(store, draft.stamp, places, load_coast(), _show)


def _registry() -> tuple[Places, dict[Level, list[str]]]:
    from outreach.web.map_data import read_places
    from outreach.web.map_regions import region_codes

    with own_engine() as engine:
        require_registry(engine)
        with reading(engine) as db:
            return read_places(db), region_codes(db)


def _why(error: OutreachError) -> str:
    from outreach.web.border_words import FILES, file_facts

    return say(FILES[str(error.facts["problem"])], **file_facts(error, say))


def _show_report(report: Report) -> None:
    from outreach.web.border_words import ROWS

    facts = {"column": report.column, "rows": report.rows, "accepted": report.accepted}
    click.echo("    " + say("%(rows)s rows, %(accepted)s accepted, by column %(column)s", **facts))
    for one in report.refused:
        click.echo(
            "    " + say("row %(row)s, %(code)s:", row=one.row, code=one.code or "–"), nl=False
        )
        click.echo(" " + say(ROWS[one.reason]))
    lists = {
        say("joined from several rows: %%(codes)s"): [code for code, _times in report.twice],
        say("not in the file, they keep the approximate border: %%(codes)s"): report.missing,
        say("most of their villages lie elsewhere: %%(codes)s"): report.elsewhere,
    }
    for words, codes in lists.items():
        if codes:
            click.echo("    " + words % {"codes": f"{len(codes)} ({_some(codes)})"})


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:20]) + (" …" if len(codes) > 20 else "")
