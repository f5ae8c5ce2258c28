"""The rows of the ledger: what stands, written and taken back as a sheet's changes say."""

from __future__ import annotations

from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from outreach.db import ROWS_PER_STATEMENT
from outreach.errors import Conflict
from outreach.logbook.tables import LedgerChange, LedgerEntry
from outreach.people.access import within
from outreach.progress.ledger import STEPS
from outreach.sheets.kinds import Act

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Undo

    #: Village, month and channel.
    type Key = tuple[str, date, str]
    #: What a row of the table holds besides its key, as JSON keeps it.
    type Told = dict[str, Any]

TOLD = (*STEPS, "as_of", "source")
_TABLE: Any = LedgerEntry.__table__  # type: ignore[attr-defined]
_KEY = (_TABLE.c.village_code, _TABLE.c.month, _TABLE.c.channel)
_WHERE = (
    _TABLE.c.village_code == bindparam("of_code"),
    _TABLE.c.month == bindparam("of_month"),
    _TABLE.c.channel == bindparam("of_channel"),
)


def as_json(value: Any) -> Any:
    """Write a day as JSON keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def standing_of(db: Session, codes: Iterable[str], *, lock: bool = False) -> dict[Key, Told]:
    """Read what stands of villages; locked in the order of their codes if it is to be changed."""
    found: dict[Key, Told] = {}
    for part in batched(sorted(codes), ROWS_PER_STATEMENT):
        query = select(_TABLE).where(_TABLE.c.village_code.in_(part)).order_by(*_KEY)
        found |= _by_key(db, query.with_for_update() if lock else query)
    return found


def standing_in(db: Session, prefixes: tuple[str, ...]) -> dict[Key, Told]:
    """Read what stands in regions."""
    return _by_key(db, select(_TABLE).where(within(_TABLE.c.village_code, prefixes)))


def _by_key(db: Session, query: Any) -> dict[Key, Told]:
    return {
        (row["village_code"], row["month"], row["channel"].value): {
            name: row[name] for name in (*TOLD, "version")
        }
        for row in db.execute(query).mappings()
    }


def write(db: Session, changes: Sequence[Change], ctx: Context) -> list[Undo]:
    """Write the counts of all rows, unless somebody changed one of them since it was compared."""
    keys = [_key_of(change.facts["key"]) for change in changes]
    standing = standing_of(db, {code for code, _, _ in keys}, lock=True)
    stale = [
        change.row
        for change, key in zip(changes, keys, strict=True)
        if standing.get(key, {}).get("version") != change.facts["version"]
    ]
    if stale:
        raise Conflict(problem="sheet_is_stale", rows=sorted(stale))
    told = [None if one.act is Act.REMOVE else dict(one.facts["told"]) for one in changes]
    try:
        _put(db, dict(zip(keys, told, strict=True)), standing, ctx.now)
    except IntegrityError as error:
        # Somebody added one of them between reading and writing.
        raise Conflict(problem="sheet_is_stale", rows=[one.row for one in changes]) from error
    return [
        {"row": one.row, "key": one.facts["key"], "before": _plain(standing.get(key)), "after": now}
        for one, key, now in zip(changes, keys, told, strict=True)
    ]


def take_back(db: Session, entries: Sequence[Undo], ctx: Context) -> None:
    """Bring back what stood before, unless somebody has told other counts since."""
    keys = [_key_of(entry["key"]) for entry in entries]
    standing = standing_of(db, {code for code, _, _ in keys}, lock=True)
    stuck = [
        entry["row"]
        for entry, key in zip(entries, keys, strict=True)
        if _plain(standing.get(key)) != entry["after"]
    ]
    if stuck:
        raise Conflict(problem="changed_since", rows=sorted(stuck))
    _put(db, {k: e["before"] for k, e in zip(keys, entries, strict=True)}, standing, ctx.now)


def _key_of(kept: Sequence[str]) -> Key:
    return kept[0], date.fromisoformat(kept[1]), kept[2]


def _plain(stored: Told | None) -> Told | None:
    """Put what stands as JSON keeps it, without its version."""
    return stored and {name: as_json(stored[name]) for name in TOLD}


def _put(
    db: Session, told: Mapping[Key, Told | None], standing: Mapping[Key, Told], now: datetime
) -> None:
    """Write what is told of each key; None takes its row away."""
    gone = [_bound(key) for key, one in told.items() if one is None and key in standing]
    new = [
        dict(zip(("village_code", "month", "channel"), key, strict=True)) | _values(one)
        for key, one in told.items()
        if one is not None and key not in standing
    ]
    kept = [
        _bound(key) | _values(one) | {"version": standing[key]["version"] + 1}
        for key, one in told.items()
        if one is not None and key in standing
    ]
    with db.begin_nested():
        if gone:
            db.connection().execute(delete(_TABLE).where(*_WHERE), gone)
        if new:
            db.connection().execute(insert(_TABLE), [row | {"version": 1} for row in new])
        if kept:
            db.connection().execute(update(_TABLE).where(*_WHERE), kept)
        if gone or new or kept:
            db.add(LedgerChange(at=now, added=len(new), altered=len(kept), removed=len(gone)))
    db.expire_all()


def _bound(key: Key) -> Told:
    return dict(zip(("of_code", "of_month", "of_channel"), key, strict=True))


def _values(told: Told) -> Told:
    as_of = told["as_of"]
    return told | {"as_of": date.fromisoformat(as_of) if isinstance(as_of, str) else as_of}
