"""The visits that a form for phones offers: what its official can report, or has just reported."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date
from sqlmodel import col, select

from outreach.people.access import narrow
from outreach.visits.listing import next_visits, visits_by_id
from outreach.visits.tables import REPORTED, Visit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: So far ahead a visit is offered: a phone may be without a network for weeks.
AHEAD = timedelta(days=60)
#: So long after its day a sent form can still be opened and corrected with its visit in the list.
CORRECTED_WITHIN = timedelta(days=60)
COLUMNS = ("name", "label", "village", "day", "starts_at")


def reportable_visits(db: Session, person: Person, today: date) -> list[VisitRow]:
    """List the visits within the person's area that can be reported or corrected, by day.

    Those whose report is missing come first.
    """
    coming = {row.id: row for row in next_visits(db, person, today) if row.day <= today + AHEAD}
    query = narrow(select(Visit.id), Visit.village_code, person).where(
        col(Visit.work).in_(REPORTED), col(Visit.day) >= today - CORRECTED_WITHIN
    )
    rows = coming | visits_by_id(db, person, [visit_id or 0 for visit_id in db.exec(query)])
    return sorted(rows.values(), key=lambda row: (row.work in REPORTED, row.day, row.village))


def visits_file(rows: Iterable[VisitRow]) -> bytes:
    """Write the visits as the file that stands beside the form."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        day, start = row.day.isoformat(), row.starts_at.isoformat("milliseconds")
        writer.writerow((row.id, _label(row), row.village, day, start))
    return out.getvalue().encode()


def _label(row: VisitRow) -> str:
    day = format_date(row.day, "EEEE, d MMMM y", locale="id")
    reported = " (sudah dilaporkan)" if row.work in REPORTED else ""
    return f"{row.village}, {row.district}: {day} {row.starts_at:%H.%M}{reported}"
