"""When the next sponsorship of a village's workers ends: it makes the village more urgent.

Sponsorships are kept in a later room, which knows of stages and visits; here only the two columns
that say where and when are read, by the name of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, column, func, select, table

from outreach.db import CODE
from outreach.villages.codes import parents

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlmodel import Session

SPONSORSHIP = table(
    "sponsorship", column("region_code", CODE), column("starts", Date), column("ends", Date)
)


def days_to_end(db: Session, codes: Iterable[str], today: date) -> dict[str, int]:
    """Count the days until the next running sponsorship of each village ends, 0 on its last day.

    Villages without any are left out. It answers whoever asks: the caller has taken the codes
    from what the person may see.
    """
    running = (
        select(SPONSORSHIP.c.region_code, func.min(SPONSORSHIP.c.ends).label("ends"))
        .where(SPONSORSHIP.c.starts <= today, SPONSORSHIP.c.ends >= today)
        .group_by(SPONSORSHIP.c.region_code)
    )
    ends = {row.region_code: row.ends for row in db.execute(running)}
    if not ends:
        return {}
    around = {code: [ends[at] for at in (*parents(code), code) if at in ends] for code in codes}
    return {code: (min(days) - today).days for code, days in around.items() if days}
