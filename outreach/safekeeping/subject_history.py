"""What the event log holds about one person: what they did, what was done, who got the number.

Law 27/2022 gives people the record of what was done with their data beside the data (article 32,
paragraph 1). Whoever did it is told by role and branch of that time, for their name is another
person's: the number of the line finds it in the log.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlmodel import col

from outreach.history.tables import OF_NUMBERS, Deed, Event
from outreach.people.tables import Branch, Device, Official
from outreach.safekeeping.former import KEPT
from outreach.safekeeping.subject import belongs
from outreach.villages.codes import parents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from outreach.safekeeping.subject import Subject

    Rows = list[dict[str, Any]]

_OF_ACCOUNT = (
    Deed.ACCOUNT_ADDED, Deed.ACCOUNT_CHANGED, Deed.RIGHTS_HELD, Deed.LOGINS_ENDED,
    Deed.PASSWORD_CHANGED,
)  # fmt: skip
_OF_OFFICIAL = (
    Deed.OFFICIAL_ADDED, Deed.OFFICIAL_CHANGED, Deed.CODE_GIVEN, Deed.CODE_WITHDRAWN,
    Deed.ODK_KEY_GIVEN,
)  # fmt: skip
_WHO: tuple[Any, ...] = (col(Event.role), col(Branch.name).label("branch"))


def history_on(db: Session, whom: Subject) -> dict[str, Rows]:
    """Tell the lines of the log that are about a person, by section, oldest first."""
    mine = belongs(col(Event.account_id), whom.account_id)
    return {
        "did": _lines(db, and_(mine, ~_deeds(Deed.RIGHTS_HELD)), "about numbers page"),
        "done": _lines(db, _is_done_to(whom), "about page", *_WHO),
        "numbers_shown": _shown(db, whom.official_id),
    }


def _lines(db: Session, which: ColumnElement[bool], names: str, *more: Any) -> Rows:
    columns = [getattr(Event, name) for name in ("id", "at", "deed", *names.split())]
    query = (
        select(*columns, *more)
        .outerjoin(Branch, col(Branch.id) == col(Event.branch_id))
        .where(which)
        .order_by(col(Event.id))
    )
    return [dict(row._mapping) for row in db.execute(query)]  # noqa: SLF001 - its public name


def _is_done_to(whom: Subject) -> ColumnElement[bool]:
    phones = select(col(Device.id)).where(belongs(col(Device.account_id), whom.account_id))
    of_phone = _deeds(Deed.PHONE_CUT_OFF), col(Event.about).in_(phones)
    of_account = _deeds(*_OF_ACCOUNT), belongs(col(Event.about), whom.account_id)
    of_official = _deeds(*_OF_OFFICIAL), belongs(col(Event.about), whom.official_id)
    return or_(and_(*of_account), and_(*of_official), and_(*of_phone))


def _deeds(*deeds: Deed) -> ColumnElement[bool]:
    return col(Event.deed).in_([one.value for one in deeds])


def _shown(db: Session, official_id: int | None) -> Rows:
    """Tell when numbers of the official's village went out, within which region, and to whom.

    The log tells numbers by village, and by the regions around where they were very many: one of
    these was theirs, or could have been. What was before they were added is left out.
    """
    official = db.get(Official, official_id) if official_id else None
    if official is None:
        return []
    return [line for stay in _stays(db, official) for line in _shown_in(db, *stay)]


def _stays(db: Session, official: Official) -> Iterator[tuple[str, int, int | None]]:
    """Tell each village an official was in, from which line of the log and until before which.

    Each line of a change keeps the village until then; those of older versions keep none.
    """
    mine = col(Event.about) == official.id
    added = select(func.max(Event.id)).where(mine, _deeds(Deed.OFFICIAL_ADDED))
    since = db.scalar(added) or 0
    changes = select(col(Event.id), KEPT).where(mine, _deeds(Deed.OFFICIAL_CHANGED))
    kept = changes.where(col(Event.regions) != "", col(Event.id) > since).order_by(col(Event.id))
    told: list[tuple[int | None, str]] = [(line, village) for line, village in db.execute(kept)]
    told.append((None, official.village_code))
    # Most changes move nobody: one stay, and one question, for all of them in a row.
    for village, changes_there in groupby(told, key=itemgetter(1)):
        *_before, (until, _) = changes_there
        yield village, since, until
        since = until or since


def _shown_in(db: Session, village: str, since: int, until: int | None) -> Rows:
    around = (village, *parents(village))
    within = or_(*(col(Event.regions).contains(f" {code} ") for code in around))
    meanwhile = col(Event.id) >= since, true() if until is None else col(Event.id) < until
    found = _lines(db, and_(_deeds(*OF_NUMBERS), within, *meanwhile), "regions page", *_WHO)
    for line in found:
        told = line.pop("regions").split()
        line["region"] = next(code for code in around if code in told)
    return found
