"""Writes a set of moves at once, each with its line of history, and takes such a set back.

All that moves leaves its slot before anything takes one, so the tables never see two visits in
one slot, however they change places.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from outreach.campaigns.tables import Stage, StageVillage
from outreach.errors import Conflict
from outreach.planning.model import Reason, Remedy
from outreach.villages.tables import Village
from outreach.visits.elsewhere import taken_elsewhere
from outreach.visits.lifecycle import Author, settle, write_event
from outreach.visits.links import issue_links, withdraw_links
from outreach.visits.moving import AFTER_A_MOVE, OFFERED, told_move
from outreach.visits.question import SHEET_UNDONE
from outreach.visits.saving import told_place
from outreach.visits.tables import ACTIVE, REPORTED, Happening, Visit, Work
from outreach.visits.teamday import TeamAndDay, clock_time, lock_teams, take_visits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.planning.model import PlannedVisit
    from outreach.visits.arranging import Arrangement
    from outreach.visits.board import Board, Seat

#: What one visit was before, and which it is: JSON.
type Trace = dict[str, Any]


def carry_out(
    db: Session, board: Board, arrangement: Arrangement, stage_id: int, author: Author
) -> list[Trace]:
    """Do what was granted; return what `take_back` needs.

    The board was read in the same unit of work. Each line of history has its wish's reason.

    Raises
    ------
    Conflict
        `problem="rows_collide"`, if the tables refuse it after all.
    """
    before = {visit_id: told_move(visit) for visit_id, visit in board.visits.items()}
    wishes = {wish.code: wish for wish in arrangement.granted}
    for wish in arrangement.granted:
        if wish.place is None:
            given_back = replace(author, reason=wish.reason)
            settle(db, wish.visit_id or 0, Happening.RETURNED, given_back)
    try:
        with db.begin_nested():
            added = _seat_all(db, board, arrangement, stage_id)
    except IntegrityError as error:
        raise Conflict(problem="rows_collide") from error
    _note_all(db, board, arrangement, before, author)
    for visit in added:
        told = replace(author, reason=wishes[visit.village_code].reason)
        write_event(db, visit, Happening.PLANNED, {}, told_place(visit.model_dump()), told)
    reasons = _clear_reasons(db, stage_id, [visit.village_code for visit in added])
    db.flush()
    lines = {wish.code: wish.line for wish in arrangement.granted}
    return [
        *_traces(board, before, lines),
        *_new_ones(added, lines, reasons),
        _days(db, arrangement, lines),
    ]


def take_back(db: Session, branch_id: int, traces: Sequence[Trace], author: Author) -> None:
    """Put every visit back to where and what it was; a new one is taken out of the plan.

    Raises
    ------
    Conflict
        `problem="changed_since"` with `rows`, if a visit, or another of the same days, was
        changed since, or another stage of the campaign has got the village of one that had ended.
    """
    lock_teams(db, branch_id)
    (days,) = (trace for trace in traces if "days" in trace)
    moved = [trace for trace in traces if "visit_id" in trace]
    ids = [trace["visit_id"] for trace in moved]
    taken = {one.id or 0: one for one in take_visits(db, ids, _keys(days))}
    visits = {visit_id: taken[visit_id] for visit_id in ids}
    # What was changed and put back again since is as it was left.
    changed = [t["row"] for t in moved if told_move(visits[t["visit_id"]]) != t["after"]]
    changed += _changed_days(db, days)
    changed += _lost_villages(db, visits, moved)
    if changed:
        raise Conflict(problem="changed_since", rows=sorted(set(changed) - {0}))
    told = {visit_id: told_move(visit) for visit_id, visit in visits.items()}
    try:
        with db.begin_nested():
            _put_back(db, visits, moved)
    except IntegrityError as error:
        rows = sorted({trace["row"] for trace in moved} - {0})
        raise Conflict(problem="changed_since", rows=rows) from error
    for trace in moved:
        visit = visits[trace["visit_id"]]
        _note_back(db, visit, told[trace["visit_id"]], replace(author, reason=SHEET_UNDONE))
    _renew_links(db, visits.values(), author)


def _note_back(db: Session, visit: Visit, before: Trace, author: Author) -> None:
    visit.version += 1
    ended = visit.work is Work.CANCELLED
    happening = Happening.CANCELLED if ended else Happening.MOVED
    write_event(db, visit, happening, before, told_move(visit), author)


def _seat_all(db: Session, board: Board, arrangement: Arrangement, stage_id: int) -> list[Visit]:
    """Free every slot that changes, then fill the slots; return the visits that are new."""
    seated = [
        (day.key, seat, one)
        for day in arrangement.days.values()
        for seat, one in zip(day.seats, day.planned, strict=True)
    ]
    moved = [seat.visit for _, seat, _ in seated if seat.is_moved and seat.visit is not None]
    after = {visit.id: AFTER_A_MOVE[visit.work] for visit in moved}
    for visit in moved:
        visit.work = Work.POSTPONED
    db.flush()
    added: list[Visit] = []
    for key, seat, one in seated:
        if seat.visit is None:
            added.append(_new_visit(db, board, stage_id, key, seat, one))
        elif seat.is_moved:
            visit = seat.visit
            visit.team_id, visit.day, visit.slot = *key, seat.slot
            visit.work = after[visit.id]
            _time(visit, one)
        elif seat.visit.work not in REPORTED:
            if seat.visit.starts_at != clock_time(one.starts_minute):
                seat.visit.work = AFTER_A_MOVE[seat.visit.work]
            _time(seat.visit, one)
    db.flush()
    return added


def _time(visit: Visit, planned: PlannedVisit) -> None:
    visit.starts_at = clock_time(planned.starts_minute)
    visit.travel_minutes = planned.travel_minutes
    visit.return_minutes = planned.return_minutes


def _new_visit(
    db: Session, board: Board, stage_id: int, key: TeamAndDay, seat: Seat, planned: PlannedVisit
) -> Visit:
    visit = Visit(
        stage_id=stage_id,
        village_code=seat.code,
        team_id=key[0],
        day=key[1],
        slot=seat.slot,
        starts_at=clock_time(planned.starts_minute),
        zone=db.get_one(Village, seat.code).zone,
        session_minutes=board.site(seat).session_minutes,
        travel_minutes=planned.travel_minutes,
        return_minutes=planned.return_minutes,
    )
    db.add(visit)
    return visit


def _note_all(
    db: Session,
    board: Board,
    arrangement: Arrangement,
    before: Mapping[int, Trace],
    author: Author,
) -> None:
    """Write the history of whatever stands otherwise now, and renew the links that are too old."""
    wishes = {wish.visit_id: wish for wish in arrangement.granted}
    changed: list[Visit] = []
    for visit_id, visit in board.visits.items():
        wish = wishes.get(visit_id)
        after = told_move(visit)
        if (wish is not None and wish.place is None) or after == before[visit_id]:
            continue  # given back: `settle` has told it
        visit.version += 1
        reason = "" if wish is None else wish.reason
        was = before[visit_id]
        write_event(
            db, visit, Happening.MOVED, was, told_move(visit), replace(author, reason=reason)
        )
        if any(was[name] != after[name] for name in OFFERED):
            changed.append(visit)
    _renew_links(db, changed, author)


def _renew_links(db: Session, visits: Iterable[Visit], author: Author) -> None:
    ids = [visit.id or 0 for visit in visits]
    withdraw_links(db, ids, author.now)
    issue_links(db, ids, author.now)


def _clear_reasons(db: Session, stage_id: int, codes: Sequence[str]) -> dict[str, list[Any]]:
    """Forget why the villages had no visit; return what it was, with the cure."""
    found: dict[str, list[Any]] = {}
    for code in codes:
        waiting = db.get(StageVillage, (stage_id, code))
        if waiting is not None:
            found[code] = [waiting.reason, waiting.remedy, waiting.remedy_amount]
            waiting.reason, waiting.remedy, waiting.remedy_amount = None, None, 0
    return found


def _bring_reason_back(db: Session, visit: Visit, trace: Trace) -> None:
    waiting = db.get(StageVillage, (visit.stage_id, visit.village_code))
    if waiting is not None and trace["waited"]:
        reason, remedy, *amount = trace["waited"]
        waiting.reason = None if reason is None else Reason(reason)
        waiting.remedy = None if remedy is None else Remedy(remedy)
        waiting.remedy_amount = amount[0] if amount else 0  # traces of before had none


def _traces(board: Board, before: Mapping[int, Trace], lines: Mapping[str, int]) -> list[Trace]:
    return [
        {
            "row": lines.get(visit.village_code, 0),
            "visit_id": visit_id,
            "before": before[visit_id],
            "after": told_move(visit),
        }
        for visit_id, visit in sorted(board.visits.items())
        if told_move(visit) != before[visit_id]
    ]


def _new_ones(
    added: Sequence[Visit], lines: Mapping[str, int], reasons: Mapping[str, Sequence[str | None]]
) -> list[Trace]:
    return [
        {
            "row": lines[visit.village_code],
            "visit_id": visit.id,
            "before": None,
            "after": told_move(visit),
            "waited": reasons.get(visit.village_code),
        }
        for visit in added
    ]


def _days(db: Session, arrangement: Arrangement, lines: Mapping[str, int]) -> Trace:
    """Note how the touched days stand, so that undoing can tell whether they still do."""
    keys = {*arrangement.days}
    rows: dict[TeamAndDay, list[int]] = defaultdict(list)
    for key, day in arrangement.days.items():
        rows[key] = [lines[seat.code] for seat in day.seats if seat.is_moved]
    stands = _standing(db, keys)
    days = [
        {
            "team_id": key[0],
            "day": key[1].isoformat(),
            "visits": stands[key],
            "rows": rows[key],
        }
        for key in sorted(keys)
    ]
    return {"row": 0, "days": days}


def _changed_days(db: Session, trace: Trace) -> list[int]:
    """Rows of the days on which something stands otherwise than it did."""
    keys = _keys(trace)
    stands = _standing(db, keys)
    changed = [one for key, one in keys.items() if stands[key] != one["visits"]]
    return [row for one in changed for row in one["rows"] or [0]]


def _keys(trace: Trace) -> dict[TeamAndDay, Trace]:
    return {(one["team_id"], date.fromisoformat(one["day"])): one for one in trace["days"]}


def _standing(db: Session, keys: Iterable[TeamAndDay]) -> dict[TeamAndDay, list[list[int]]]:
    wanted = set(keys)
    found: dict[TeamAndDay, list[list[int]]] = {key: [] for key in wanted}
    for visit in take_visits(db, (), wanted):
        if visit.work in ACTIVE:
            found[visit.team_id, visit.day].append([visit.id or 0, visit.slot])
    return {key: sorted(stands, key=lambda one: one[1]) for key, stands in found.items()}


def _lost_villages(db: Session, visits: Mapping[int, Visit], moved: Sequence[Trace]) -> list[int]:
    """Rows whose visit would stand again though another stage has got its village since."""
    returning = [
        (trace["row"], visit)
        for trace in moved
        if (visit := visits[trace["visit_id"]]).work not in ACTIVE and trace["before"]
    ]
    if not returning:
        return []
    stage = db.get_one(Stage, returning[0][1].stage_id)
    gone = taken_elsewhere(db, stage, [visit.village_code for _, visit in returning])
    return [row for row, visit in returning if visit.village_code in gone]


def _put_back(db: Session, visits: Mapping[int, Visit], moved: Sequence[Trace]) -> None:
    for visit in visits.values():
        if visit.work in ACTIVE:
            visit.work = Work.POSTPONED
    db.flush()
    for trace in moved:
        visit, was = visits[trace["visit_id"]], trace["before"]
        if was is None:
            visit.work = Work.CANCELLED
            _bring_reason_back(db, visit, trace)
            continue
        visit.team_id, visit.slot = was["team_id"], was["slot"]
        visit.day = date.fromisoformat(was["day"])
        visit.starts_at, visit.work = time.fromisoformat(was["starts_at"]), Work(was["work"])
        visit.travel_minutes, visit.return_minutes = was["travel_minutes"], was["return_minutes"]
    db.flush()
