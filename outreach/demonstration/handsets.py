"""The officials' phones of the demonstration: connected, silent, lost, and codes that wait.

Nobody holds them: their tokens are made up and kept nowhere, so that none of them can be spoken
through.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from outreach.people.devices import new_token, touch
from outreach.people.enrolment import enrol, give_codes, note_passed_on, open_codes
from outreach.people.official_phones import lose_phone
from outreach.people.officials import active_officials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.people.tables import Device, Official

#: How many days ago a phone was connected, how many hours ago it spoke, what it held back.
type Phone = tuple[int, int, int]

_LABELS = ("Android 10", "Android 12", "Android 8", "Android 13", "Android 11")
_IN_USE = ((20, 1, 0), (19, 30, 1), (18, 5, 0), (15, 52, 0), (12, 3, 0), (9, 76, 2), (6, 20, 0))
_SILENT = (25, 22 * 24, 3)
_LOST = (21, 4 * 24, 0)
#: So many codes wait; of the first it is known that it was passed on.
_CODES = 2


def connect_phones(
    db: Session, codes: Iterable[str], *, by: Person, now: datetime, today: date
) -> None:
    """Let heads of these villages, in their order, have phones and codes."""
    heads = _heads(db, codes, today)
    _connect_each(db, heads, (*_IN_USE, _SILENT), by=by, now=now)
    for head in islice(heads, 1):
        lost = _connect(db, head, _LABELS[0], _LOST, by=by, now=now)
        lose_phone(db, lost.id or 0, by=by, now=now - timedelta(days=3))
    ids = [head.id or 0 for head in islice(heads, _CODES)]
    given = now - timedelta(hours=20)
    give_codes(db, ids, by=by, now=given, today=today)
    for number in ids[:1]:
        code = open_codes(db, [number], now)[number]
        note_passed_on(db, number, code.id or 0, by=by, now=given + timedelta(minutes=4))


def connect_some(
    db: Session,
    codes: Iterable[str],
    phones: Iterable[Phone],
    *,
    by: Person,
    now: datetime,
    today: date,
) -> None:
    """Let heads of these villages, in their order, have just these phones."""
    _connect_each(db, _heads(db, codes, today), phones, by=by, now=now)


def _connect_each(
    db: Session,
    heads: Iterator[Official],
    phones: Iterable[Phone],
    *,
    by: Person,
    now: datetime,
) -> None:
    for number, told in enumerate(phones, start=1):
        for head in islice(heads, 1):
            _connect(db, head, _LABELS[number % len(_LABELS)], told, by=by, now=now)


def _heads(db: Session, codes: Iterable[str], today: date) -> Iterator[Official]:
    """Give one official who can be reached of each village, in the order of the villages."""
    villages = list(dict.fromkeys(codes))
    serving = active_officials(db, villages, today)
    for code in villages:
        yield from [one for one in serving.get(code, ()) if one.phone and not one.account_id][:1]


def _connect(
    db: Session,
    official: Official,
    label: str,
    told: Phone,
    *,
    by: Person,
    now: datetime,
) -> Device:
    """Connect a phone as it was connected back then, and hear it for the last time."""
    days, hours, unsent = told
    then, number = now - timedelta(days=days), official.id or 0
    give_codes(db, [number], by=by, now=then, today=then.date())
    code = open_codes(db, [number], then)[number]
    device = enrol(db, code.id or 0, new_token(), then + timedelta(hours=2), label=label)
    db.flush()
    touch(db, device.id or 0, now - timedelta(hours=hours), unsent=unsent, skew_seconds=0)
    return device
