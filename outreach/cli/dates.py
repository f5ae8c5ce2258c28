"""Dates and moments as the command line writes them, in either language: `22/11/2026`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from datetime import date, datetime


def day(when: date) -> str:
    """Write a day."""
    return f"{when:%d/%m/%Y}"


def moment(at: datetime) -> str:
    """Write a moment by the clock of Jakarta."""
    here = Zone.WIB.clock(at)
    return f"{day(here)} {here:%H.%M} {Zone.WIB.name}"
