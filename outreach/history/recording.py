"""Writes the log, within the unit of work that does what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.history.tables import Deed, Event
from outreach.people.accounts import areas_of
from outreach.people.tables import Account
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlmodel import Session

#: Above this, a line names the districts of the villages, or what lies around these.
MOST_REGIONS = 100


def record(
    db: Session,
    deed: Deed,
    *,
    at: datetime,
    by: int | None = None,
    about: int | None = None,
    villages: Collection[str] = (),
    regions: Collection[str] = (),
    page: str = "",
) -> None:
    """Add one line to the log, with the role and branch that the account `by` has now.

    `villages` are the codes of the villages whose telephone numbers were shown, of officials or
    of teams that start there, each as often as a number of it; of the numbers themselves nothing
    is told. `regions` are those that a line without numbers is about.
    """
    # A failed login shows nobody, and one with a known name must be no more work than another.
    who = db.get(Account, by) if by is not None and deed is not Deed.LOGIN_FAILED else None
    line = Event(
        at=at,
        deed=deed.value,
        account_id=by,
        role=who.role.value if who else "",
        branch_id=who.branch_id if who else None,
        about=about,
        regions="".join(f" {code} " for code in covering([*villages, *regions])),
        numbers=len(villages),
        page=page,
    )
    db.add(line)


def record_rights(db: Session, account_id: int, *, at: datetime, page: str) -> None:
    """Keep what an account may do and see, before it is changed: a breach asks for it later."""
    areas = areas_of(db, account_id)
    record(db, Deed.RIGHTS_HELD, at=at, by=account_id, about=account_id, regions=areas, page=page)


def covering(villages: Iterable[str]) -> list[str]:
    """Name the villages, or if they are too many the regions around them: at most 100 codes."""
    codes = sorted(set(villages))
    for level in (Level.DISTRICT, Level.REGENCY, Level.PROVINCE):
        if len(codes) <= MOST_REGIONS:
            break
        codes = sorted({code[:level] for code in codes})
    return codes
