"""Build what the maps are drawn from: region shapes out of village points, scripts and styles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from outreach.cli.database import own_engine, require_registry
from outreach.cli.say import say, step
from outreach.config import Settings, read_settings
from outreach.db import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine


def build_if_missing(engine: Engine, settings: Settings) -> None:
    """Draw the region shapes once; scripts and styles anew, for they change with the product."""
    from outreach.maps.artefacts import Store
    from outreach.maps.assets import build_assets

    folder = settings.var_dir / "maps"
    if "areas" not in Store(folder).manifest():
        _build_shapes(engine, settings)
    build_assets(folder)


def _build_shapes(engine: Engine, settings: Settings) -> None:
    from outreach.maps.shapes import build_shapes
    from outreach.villages.coast import load_coast
    from outreach.web.map_data import read_places

    require_registry(engine)
    step("Maps: drawing region shapes from village points")
    with reading(engine) as db:
        places = read_places(db)
    build_shapes(places, load_coast(), settings.var_dir / "maps", _show)


def _show(name: str, done: int, of: int) -> None:
    if done < of:
        click.echo(f"    {done + 1}/{of} {_steps()[name]}")


def _steps() -> dict[str, str]:
    return {
        "cells": say("a cell around every village"),
        "land": say("cut to the coast line"),
        "districts": say("districts"),
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
