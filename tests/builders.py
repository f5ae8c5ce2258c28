"""What tests build upon: real regions and, by each room's own acts, what stands on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from outreach.db import unit_of_work
from outreach.villages.registry import load_registry, read_registry

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.villages.registry import LoadSummary, Registry

LOADED_AT = datetime(2026, 1, 5, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def national_registry() -> Registry:
    """Read the real registry once per test process (about 3 s)."""
    return read_registry()


def load_small_registry(
    db_or_engine: Session | Engine, prefixes: tuple[str, ...] = ("33.72",)
) -> LoadSummary:
    """Load only the regions given (and those above and inside them) from the real registry.

    `33.72` is Kota Surakarta: 5 districts, 54 villages. An engine's load is committed.
    """
    if isinstance(db_or_engine, Engine):
        with unit_of_work(db_or_engine) as db:
            return load_small_registry(db, prefixes)
    return load_registry(db_or_engine, now=LOADED_AT, registry=national_registry(), areas=prefixes)


@dataclass(frozen=True, slots=True)
class Sees:
    """Somebody who may see these regions, for rooms that come before people."""

    areas: tuple[str, ...] = ("",)
