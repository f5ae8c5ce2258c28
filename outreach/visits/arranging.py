"""Decides a set of moves as a whole: visits may swap places, and what stays in the way is told.

A wish that cannot be granted leaves its visit where it is, which may be in the way of another
wish: so the wishes are gone through until no more of them fall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outreach.planning.check import Rule, violations_of_day
from outreach.visits.board import Board, Seat, TeamAndDay
from outreach.visits.moving import AFTER_A_MOVE, MoveWarning
from outreach.visits.slots import MOST_SLOTS
from outreach.visits.tables import Work
from outreach.visits.teamday import HELD, TOLD, clock_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from outreach.campaigns.tables import Stage
    from outreach.planning.model import PlannedVisit

#: Which violations a move sets right by itself, or that are none where slots only keep an order.
_OWN_AFFAIR = (Rule.SLOT_ORDER, Rule.WRONG_TRAVEL)


@dataclass(frozen=True, slots=True)
class Wish:
    """Where somebody wants the visit of a village.

    Attributes
    ----------
    line
        Number of the line it came from.
    visit_id
        None makes a new visit.
    place
        Team and day; None gives the visit back.
    slot
        None takes the last free one of the day.
    also_confirmed
        Whether what a village has confirmed may change by this.
    """

    line: int
    code: str
    visit_id: int | None
    place: TeamAndDay | None
    slot: int | None = None
    also_confirmed: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A touched day as it would be: the seats in their order, with their times."""

    key: TeamAndDay
    seats: tuple[Seat, ...]
    planned: tuple[PlannedVisit, ...]

    def shifted(self) -> list[tuple[Seat, PlannedVisit]]:
        """Visits that stay in their slot and would start at another time."""
        return [
            (seat, one)
            for seat, one in zip(self.seats, self.planned, strict=True)
            if seat.visit is not None
            and not seat.is_moved
            and seat.visit.work not in HELD
            and seat.visit.starts_at != clock_time(one.starts_minute)
        ]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What would become of the wishes: those granted, why others are not, and the days then."""

    granted: tuple[Wish, ...]
    faults: Mapping[int, tuple[MoveWarning, ...]]
    days: Mapping[TeamAndDay, Day]


def arrange(board: Board, wishes: Sequence[Wish], today: date) -> Arrangement:
    """Find which of the wishes can be granted together."""
    faults: dict[int, list[MoveWarning]] = defaultdict(list)
    for wish in wishes:
        faults[wish.line] += _faults_alone(board, wish, today)
    while True:
        standing = [wish for wish in wishes if not faults[wish.line]]
        days, found = _together(board, standing)
        if not found:
            told = {line: tuple(some) for line, some in faults.items() if some}
            return Arrangement(tuple(standing), told, days)
        for line, fault in found:
            faults[line].append(fault)


def warnings_of(
    board: Board, arrangement: Arrangement, wish: Wish, stage: Stage
) -> tuple[MoveWarning, ...]:
    """Tell what a person should know of a wish that can be granted."""
    visit = board.visits.get(wish.visit_id or 0)
    found: list[MoveWarning] = []
    if visit is not None and visit.work in TOLD:
        found.append(MoveWarning("village_is_told"))
    if wish.place is None:
        return tuple(found)
    for closed in board.why_closed(wish.place):
        facts = {"name": closed.name, "is_estimate": closed.is_estimate}
        found.append(MoveWarning(closed.kind.value, facts))
    if not stage.starts <= wish.place[1] <= stage.ends:
        facts = {"starts": stage.starts.isoformat(), "ends": stage.ends.isoformat()}
        found.append(MoveWarning("outside_stage", facts))
    found += _violations(board, arrangement.days[wish.place], wish)
    found += _others_shifted(arrangement.days[wish.place])
    return tuple(found)


def _faults_alone(board: Board, wish: Wish, today: date) -> Iterator[MoveWarning]:
    """Tell what forbids a wish whatever the others want."""
    visit = board.visits.get(wish.visit_id or 0)
    if visit is not None and visit.work not in AFTER_A_MOVE:
        yield MoveWarning("wrong_status")
    elif visit is not None and visit.work is Work.CONFIRMED and not wish.also_confirmed:
        yield MoveWarning("confirmed")
    if wish.place is not None and wish.place[1] < today:
        yield MoveWarning("in_the_past")


def _together(
    board: Board, wishes: Sequence[Wish]
) -> tuple[dict[TeamAndDay, Day], list[tuple[int, MoveWarning]]]:
    """Seat everybody, and tell which wishes stand in each other's way or in that of others."""
    moved = {wish.visit_id for wish in wishes}
    wanted: dict[TeamAndDay, list[Wish]] = defaultdict(list)
    for wish in wishes:
        if wish.place is not None:
            wanted[wish.place].append(wish)
    left = {
        (visit.team_id, visit.day)
        for wish in wishes
        if (visit := board.visits.get(wish.visit_id or 0)) is not None
    }
    days: dict[TeamAndDay, Day] = {}
    found: list[tuple[int, MoveWarning]] = []
    for key in sorted({*wanted, *(left & set(board.by_day))}):
        stay = [
            Seat(v.slot, v.village_code, v, False) for v in board.by_day[key] if v.id not in moved
        ]
        seats, faults = _seated(board, stay, wanted[key])
        planned = board.timed(key, seats)
        if planned is None:
            faults += [(wish.line, MoveWarning("day_too_long")) for wish in wanted[key]]
        else:
            days[key] = Day(key, tuple(seats), planned)
            faults += _firm(board, days[key], wishes)
        found += faults
    return days, found


def _seated(
    board: Board, stay: Sequence[Seat], wishes: Sequence[Wish]
) -> tuple[list[Seat], list[tuple[int, MoveWarning]]]:
    """Give the wishes their slots beside those who stay; those that ask for none come last."""
    taken = {seat.slot: seat.code for seat in stay}
    by_slot: dict[int, list[Wish]] = defaultdict(list)
    for wish in wishes:
        if wish.slot is not None:
            by_slot[wish.slot].append(wish)
    found: list[tuple[int, MoveWarning]] = []
    seats = list(stay)
    for slot, several in sorted(by_slot.items()):
        rivals = [*([taken[slot]] if slot in taken else []), *(wish.code for wish in several)]
        for wish in several:
            others = [code for code in rivals if code != wish.code]
            if others:
                found.append((wish.line, MoveWarning("slot_taken", {"villages": others})))
            else:
                seats.append(_seat(board, wish, slot))
    for wish in wishes:
        if wish.slot is None:
            free = _free_slot({seat.slot for seat in seats} | set(by_slot))
            if free is None:
                codes = [seat.code for seat in seats]
                found.append((wish.line, MoveWarning("day_full", {"villages": codes})))
            else:
                seats.append(_seat(board, wish, free))
    return sorted(seats, key=lambda seat: seat.slot), found


def _seat(board: Board, wish: Wish, slot: int) -> Seat:
    return Seat(slot, wish.code, board.visits.get(wish.visit_id or 0), True)


def _free_slot(taken: set[int]) -> int | None:
    """Take the slot after the last one taken, or else the first that is free."""
    after = max(taken, default=0) + 1
    if after <= MOST_SLOTS:
        return after
    return next((slot for slot in range(1, MOST_SLOTS + 1) if slot not in taken), None)


def _firm(board: Board, day: Day, wishes: Sequence[Wish]) -> list[tuple[int, MoveWarning]]:
    """Wishes by which a village that has confirmed would start at another time, unallowed."""
    firm = [s.code for s, _ in day.shifted() if s.visit and s.visit.work is Work.CONFIRMED]
    here = [wish for wish in wishes if wish.place == day.key or _leaves(board, wish, day.key)]
    if not firm or any(wish.also_confirmed for wish in here):
        return []
    return [(w.line, MoveWarning("confirmed_would_move", {"villages": firm})) for w in here]


def _leaves(board: Board, wish: Wish, key: TeamAndDay) -> bool:
    visit = board.visits.get(wish.visit_id or 0)
    return visit is not None and (visit.team_id, visit.day) == key


def _violations(board: Board, day: Day, wish: Wish) -> Iterator[MoveWarning]:
    """Rules that the day breaks as a whole, or at this village."""
    sites = {seat.code: board.site(seat) for seat in day.seats}
    for found in violations_of_day(board.day(day.key), day.planned, sites):
        of_day = found.rule in (Rule.TOO_MANY_SESSIONS, Rule.OUTSIDE_HOURS)
        if found.rule not in _OWN_AFFAIR and (of_day or found.code == wish.code):
            facts: dict[str, Any] = {"village_code": found.code, **found.facts}
            yield MoveWarning(found.rule.value, facts)


def _others_shifted(day: Day) -> Iterator[MoveWarning]:
    """Villages that stay and start at another time, and those of them who know their time."""
    shifted = [(seat, seat.visit) for seat, _ in day.shifted() if seat.visit is not None]
    told = [seat.code for seat, visit in shifted if visit.work in TOLD]
    others = [seat.code for seat, visit in shifted if visit.work not in TOLD]
    if told:
        yield MoveWarning("told_would_move", {"villages": told})
    if others:
        yield MoveWarning("others_would_move", {"villages": others})
