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
from outreach.visits.board import Board, Seat
from outreach.visits.move_warnings import MoveWarning
from outreach.visits.moving import AFTER_A_MOVE
from outreach.visits.slots import MOST_SLOTS
from outreach.visits.tables import REPORTED, Work
from outreach.visits.teamday import TOLD, TeamAndDay, clock_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
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
    """

    line: int
    code: str
    visit_id: int | None
    place: TeamAndDay | None
    slot: int | None = None
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
            and seat.visit.work not in REPORTED
            and seat.visit.starts_at != clock_time(one.starts_minute)
        ]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What would become of the wishes: those granted, why others are not, and the days then."""

    granted: tuple[Wish, ...]
    faults: Mapping[int, tuple[MoveWarning, ...]]
    days: Mapping[TeamAndDay, Day]


def arrange(
    board: Board, wishes: Sequence[Wish], today: date, allowed: Collection[str]
) -> Arrangement:
    """Find which of the wishes can be granted together.

    `allowed` are the villages whose visit may change though they have confirmed it.
    """
    faults: dict[int, list[MoveWarning]] = defaultdict(list)
    for wish in wishes:
        faults[wish.line] += _faults_alone(board, wish, today, allowed)
    standing = {wish.line: wish for wish in wishes if not faults[wish.line]}
    touching = _by_day(board, standing.values())
    days: dict[TeamAndDay, Day] = {}
    # A wish that falls changes its two days alone, so only these are looked at once more.
    changed = set(touching)
    while changed:
        fallen: set[int] = set()
        for key in sorted(changed):
            here = [wish for wish in touching[key] if wish.line in standing]
            day, found = _day(board, key, here, allowed)
            days.pop(key, None)
            if day is not None:
                days[key] = day
            for line, fault in found:
                faults[line].append(fault)
                fallen.add(line)
        changed = {*_by_day(board, [standing.pop(line) for line in sorted(fallen)])}
    told = {line: tuple(some) for line, some in faults.items() if some}
    return Arrangement(tuple(standing.values()), told, days)


def _by_day(board: Board, wishes: Iterable[Wish]) -> dict[TeamAndDay, list[Wish]]:
    """Sort wishes by the days that they come to and leave."""
    touching: dict[TeamAndDay, list[Wish]] = defaultdict(list)
    for wish in wishes:
        visit = board.visits.get(wish.visit_id or 0)
        left = None if visit is None else (visit.team_id, visit.day)
        for key in {wish.place, left}:
            if key is not None and key in board.by_day:
                touching[key].append(wish)
    return touching


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


def _faults_alone(
    board: Board, wish: Wish, today: date, allowed: Collection[str]
) -> Iterator[MoveWarning]:
    """Tell what forbids a wish whatever the others want."""
    visit = board.visits.get(wish.visit_id or 0)
    if visit is None and wish.code in board.elsewhere:
        yield MoveWarning("village_elsewhere", {"villages": [wish.code]})
    if visit is not None and visit.work not in AFTER_A_MOVE:
        yield MoveWarning("wrong_status")
    elif visit is not None and visit.work is Work.CONFIRMED and wish.code not in allowed:
        yield MoveWarning("confirmed")
    if wish.place is not None and wish.place[1] < today:
        yield MoveWarning("in_the_past")


def _day(
    board: Board, key: TeamAndDay, wishes: Sequence[Wish], allowed: Collection[str]
) -> tuple[Day | None, list[tuple[int, MoveWarning]]]:
    """Seat everybody on a day that wishes touch, and tell which of them stand in a way."""
    if not wishes:
        return None, []
    gone = {wish.visit_id for wish in wishes}
    stay = [Seat(v.slot, v.village_code, v, False) for v in board.by_day[key] if v.id not in gone]
    coming = [wish for wish in wishes if wish.place == key]
    seats, faults = _seated(board, stay, coming)
    planned = board.timed(key, seats)
    if planned is None:
        return None, faults + [(wish.line, MoveWarning("day_too_long")) for wish in coming]
    day = Day(key, tuple(seats), planned)
    return day, faults + _firm(day, wishes, allowed)


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


def _firm(
    day: Day, wishes: Sequence[Wish], allowed: Collection[str]
) -> list[tuple[int, MoveWarning]]:
    """Wishes by which a village that has confirmed would start at another time, unallowed."""
    told = [seat for seat, _ in day.shifted() if seat.visit and seat.visit.work is Work.CONFIRMED]
    firm = [seat.code for seat in told if seat.code not in allowed]
    fault = MoveWarning("confirmed_would_move", {"villages": firm})
    return [(wish.line, fault) for wish in wishes] if firm else []


def _violations(board: Board, day: Day, wish: Wish) -> Iterator[MoveWarning]:
    """Rules that the day breaks as a whole, or at this village."""
    sites = {seat.code: board.site(seat) for seat in day.seats}
    for found in violations_of_day(board.day(day.key), day.planned, sites, measured=board.travel):
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
