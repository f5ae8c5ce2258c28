"""By which way reports came in, and how far the clock of a phone is off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.logbook.tables import ReportSource

if TYPE_CHECKING:
    from datetime import timedelta

#: What a column of whole numbers holds; a clock more than 60 years off is off, however far.
_LARGEST_SKEW = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Sending:
    """By which way the reports of one request came; `skew_seconds` is None where nobody knows."""

    device_id: int | None = None
    skew_seconds: int | None = None
    source: ReportSource = ReportSource.PAGE


BY_PAGE = Sending()


def clock_told(told: object) -> datetime | None:
    """Read a moment as a phone tells it; None for what is no moment, or has no zone.

    Never refused: a broken clock must not keep a report on its phone.
    """
    try:
        moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
        return moment.astimezone(UTC).replace(microsecond=0) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def skew_of(sent_at: object, now: datetime) -> int | None:
    """Count the seconds that a phone's clock is ahead of ours; None if it tells no moment."""
    sent = clock_told(sent_at)
    return None if sent is None else _within_bounds(sent - now)


def _within_bounds(ahead: timedelta) -> int:
    return max(-_LARGEST_SKEW, min(_LARGEST_SKEW, round(ahead.total_seconds())))
