"""Which sessions of one team or one official can hardly both be as they are told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.logbook.beside import COPIED_WITHIN, Told, around
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from sqlmodel import Session

#: Assumption: in less nobody explains two programmes and signs anybody up.
SHORTEST_MINUTES = 20
#: Small sessions resemble each other by chance.
COPIED_FROM_PEOPLE = 15
#: The planner's minutes are those of an ordinary journey; nobody is more than twice as fast,
TIMES_FASTER = 2
#: and starts are told to the quarter of an hour.
STARTS_WITHIN_MINUTES = 15

TOO_FAST, COPIED = "impossible_travel", "copied_counts"
SIGNS = (TOO_FAST, COPIED)


@dataclass(frozen=True, slots=True)
class Change:
    """Which signs a stored report gets by what has come now, and which it no longer has."""

    gained: frozenset[str]
    lost: frozenset[str]


class SideBySide:
    """Sessions by what they may share with another: their group's day, their group's counts."""

    def __init__(self, sessions: Iterable[Told]) -> None:
        self._of_day: dict[tuple[tuple[str, int], date], list[Told]] = defaultdict(list)
        self._of_counts: dict[tuple[tuple[str, int], object], list[Told]] = defaultdict(list)
        for one in sessions:
            for group in one.groups:
                self._of_day[group, one.starts.date()].append(one)
                self._of_counts[group, one.counts].append(one)

    def beside(self, told: Told) -> Iterator[tuple[str, Told]]:
        """Find what goes badly with a session, each with the sign of it."""
        for group in told.groups:
            for one in self._of_day.get((group, told.starts.date()), ()):
                if one.visit_id != told.visit_id and too_fast(told, one):
                    yield TOO_FAST, one
            for one in self._of_counts.get((group, told.counts), ()):
                if one.visit_id != told.visit_id and _copied(told, one):
                    yield COPIED, one

    def signs(self, told: Told) -> list[str]:
        """Name what goes badly with other sessions."""
        found = {sign for sign, _one in self.beside(told)}
        return [sign for sign in SIGNS if sign in found]


def hold_together(
    db: Session, fresh: Sequence[Told], corrected: Sequence[Told], gone: Collection[str]
) -> tuple[dict[str, list[str]], dict[str, Change]]:
    """Hold what has come against what counts: the signs of each, and what changes for the others.

    What counts in the end is compared, so that it is all the same by how many requests it came:
    `gone` are the ids of reports that count no longer, `corrected` the stored ones among them.
    """
    stored = [one for one in around(db, [*fresh, *corrected]) if one.id not in gone]
    everything = SideBySide([*fresh, *stored])
    signs = {one.id: everything.signs(one) for one in fresh}
    others = SideBySide(stored)
    touched = {one.id: one for told in (*fresh, *corrected) for _, one in others.beside(told)}
    if not corrected:
        new = SideBySide(fresh)
        return signs, _changes({one: [*one.flags, *new.signs(one)] for one in touched.values()})
    # One that was corrected may have been the only one that another did not go with: ask anew.
    near = [one for one in around(db, list(touched.values())) if one.id not in gone]
    everything = SideBySide([*fresh, *near])
    return signs, _changes({one: everything.signs(one) for one in touched.values()})


def _changes(signs: dict[Told, list[str]]) -> dict[str, Change]:
    found = {}
    for told, now in signs.items():
        before = {sign for sign in told.flags if sign in SIGNS}
        after = {sign for sign in now if sign in SIGNS}
        if before != after:
            found[told.id] = Change(frozenset(after - before), frozenset(before - after))
    return found


def _copied(one: Told, other: Told) -> bool:
    """Whether both were told with the very same counts, as far as both tell them."""
    if one.counts[0] + one.counts[1] < COPIED_FROM_PEOPLE:
        return False
    paid_differs = None not in (one.paid, other.paid) and one.paid != other.paid
    return not paid_differs and abs(one.starts - other.starts) <= COPIED_WITHIN


def too_fast(one: Told, other: Told) -> bool:
    """Whether nobody can have been at both."""
    if not (one.sure and other.sure):
        return False  # a place that may be off by 15 km tells nothing of speed
    # Of two that start at once the shorter one came first: whoever asks, the answer is the same.
    (first, ended), (second, _ended) = sorted(
        ((told, _ends(told)) for told in (one, other)), key=lambda pair: (pair[0].starts, pair[1])
    )
    had = (second.starts - ended).total_seconds() / 60 + STARTS_WITHIN_MINUTES
    return had < travel_minutes(first.point, second.point) / TIMES_FASTER


def _ends(told: Told) -> datetime:
    return told.starts + timedelta(minutes=told.minutes or SHORTEST_MINUTES)
