"""The plan of a stage as a sheet: one row per village; a changed row is a move.

An emptied day gives the visit back, a day for a village without a visit makes one. All rows are
arranged together, so visits may change places among themselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import select

from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.errors import Conflict
from outreach.people.tables import Team
from outreach.sheets.kinds import Act, Cell, Change, Choice, Column, Kind, Problem
from outreach.sheets.tables import SheetKind
from outreach.villages.reading import names_of
from outreach.visits.arranged import carry_out, take_back
from outreach.visits.arranging import Arrangement, Wish, arrange, warnings_of
from outreach.visits.board import Board, read_board
from outreach.visits.lifecycle import Author
from outreach.visits.listing import unplaced, visits_of_stage
from outreach.visits.moving import AFTER_A_MOVE
from outreach.visits.tables import Channel, Visit, Work
from outreach.visits.teamday import clock_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Context, Row, Undo, Value
    from outreach.visits.move_warnings import MoveWarning
    from outreach.visits.rows import VisitRow

#: A day further from the stage than this is a slip of the pen.
_FAR = timedelta(days=366)

#: The words of the sheet; it is Indonesian whatever the pages speak.
_STATUS = (
    Choice(Work.PROPOSED, "Diusulkan"),
    Choice(Work.AWAITING, "Menunggu konfirmasi"),
    Choice(Work.CONFIRMED, "Terkonfirmasi"),
    Choice(Work.DONE, "Dilaporkan"),
    Choice(Work.APPROVED, "Disetujui"),
    Choice(Work.SENT_BACK, "Laporan dikembalikan"),
    Choice(Work.RETURNED, "Dikembalikan"),
    Choice("none", "Belum ada kunjungan"),
)


_COLUMNS = (
    Column(
        "code",
        "Kode",
        Cell.CODE,
        "Kode desa; jangan diubah.",
        "33.72.01.1001",
        is_required=True,
    ),
    Column("village", "Desa/Kelurahan", help="Nama menurut kode.", is_info=True, width=24),
    Column("district", "Kecamatan", help="Nama menurut kode.", is_info=True, width=20),
    Column(
        "team",
        "Tim",
        Cell.CHOICE,
        "Tim yang berkunjung.",
        width=18,
    ),
    Column(
        "day",
        "Tanggal",
        Cell.DAY,
        "Hari kunjungan. Dikosongkan: kunjungan dikembalikan dan perlu catatan.",
        "11/01/2027",
        width=12,
    ),
    Column(
        "slot",
        "Sesi ke",
        Cell.CHOICE,
        "Urutan pada hari itu. Dikosongkan: sesi terakhir yang masih ada.",
        "1",
        tuple(Choice(one, one) for one in ("1", "2", "3")),
        width=8,
    ),
    Column(
        "starts",
        "Mulai",
        Cell.CLOCK,
        "Dihitung dari urutan dan perjalanan.",
        is_info=True,
        width=8,
    ),
    Column(
        "status",
        "Status",
        Cell.CHOICE,
        "Keadaan saat berkas diunduh.",
        choices=_STATUS,
        is_info=True,
        width=22,
    ),
    Column(
        "allow",
        "Izinkan",
        Cell.FLAG,
        "Isi “ya” bila kunjungan yang sudah dikonfirmasi desa ini boleh berubah.",
        "ya",
        width=8,
    ),
    Column(
        "note",
        "Catatan",
        help="Alasan perubahan; masuk ke riwayat kunjungan.",
        example="Balai desa dipakai",
        width=32,
    ),
)


def _columns(db: Session, ctx: Context) -> tuple[Column, ...]:
    """Return the columns, with the branch's teams to choose from."""
    in_plan = set(db.exec(select(Visit.team_id).where(Visit.stage_id == ctx.stage_id)))
    teams = tuple(
        Choice(str(team.id), team.name, team.is_active or team.id in in_plan)
        for team in _teams(db, ctx)
    )
    return tuple(replace(one, choices=teams) if one.key == "team" else one for one in _COLUMNS)


def _teams(db: Session, ctx: Context) -> Sequence[Team]:
    return db.exec(select(Team).where(Team.branch_id == ctx.branch_id).order_by(Team.name)).all()


def _current(db: Session, ctx: Context) -> list[Mapping[str, Value]]:
    stage_id = ctx.stage_id or 0
    visits = visits_of_stage(db, ctx.by, stage_id)
    rows: list[Mapping[str, Value]] = [
        {
            "code": visit.village_code,
            "village": visit.village,
            "district": visit.district,
            **_place(visit.team_id, visit.day, visit.slot),
            "starts": visit.starts_at,
            "status": visit.work.value,
        }
        for visit in visits
    ]
    rows += [
        {
            "code": one.village_code,
            "village": one.village,
            "district": one.district,
            "status": "none",
        }
        for one in unplaced(db, ctx.by, stage_id)
    ]
    return rows


def _check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    stage = db.get_one(Stage, ctx.stage_id)
    visits = {one.village_code: one for one in visits_of_stage(db, ctx.by, ctx.stage_id or 0)}
    of_stage = select(StageVillage.village_code).where(StageVillage.stage_id == ctx.stage_id)
    codes = set(db.exec(of_stage))
    active = {team.id for team in _teams(db, ctx) if team.is_active}
    wishes: list[Wish] = []
    by_line = {row.number: row for row in rows}
    for row in rows:
        code = str(row.values["code"])
        if code not in codes:
            row.refuse("code", "not_in_stage")
        elif wish := _wish(row, visits.get(code)):
            if wish.place is not None and wish.place[0] not in active:
                row.refuse("team", "team_inactive")
            elif _is_possible(row, wish, stage, ctx):
                wishes.append(wish)
    if not wishes:
        return []
    board = _board(db, ctx, stage, wishes)
    allowed = {str(row.values["code"]) for row in rows if row.values["allow"]} & codes
    arrangement = arrange(board, wishes, ctx.today, allowed)
    for line, faults in arrangement.faults.items():
        for fault in faults:
            by_line[line].refuse(_COLUMN.get(fault.code, ""), fault.code, **fault.facts)
    names = names_of(db, [wish.code for wish in arrangement.granted])
    return [
        replace(_change(board, arrangement, wish, stage, visits), label=_label(wish.code, names))
        for wish in arrangement.granted
    ]


def _label(code: str, names: Mapping[str, str]) -> str:
    return f"{names.get(code, code)} ({code})"


#: In which column a fault is to be looked for.
_COLUMN = {
    "slot_taken": "slot",
    "day_full": "day",
    "day_too_long": "day",
    "in_the_past": "day",
    "confirmed": "allow",
}


def _wish(row: Row, visit: VisitRow | None) -> Wish | None:
    """Read what a row wants to be otherwise; None if nothing, or if it is refused."""
    place = _wanted_place(row, visit)
    if row.is_refused:
        return None
    slot = _wanted_slot(row, visit, place)
    if visit is None and place is None:
        return None
    if visit is not None and place == (visit.team_id, visit.day) and slot == visit.slot:
        return None
    reason = str(row.values["note"] or "")
    if place is None and not reason:
        row.refuse("note", "missing")
        return None
    visit_id = None if visit is None else visit.id
    return Wish(row.number, str(row.values["code"]), visit_id, place, slot, reason)


def _wanted_place(row: Row, visit: VisitRow | None) -> tuple[int, date] | None:
    """Team and day that a row wants; what the sheet has no column for stays as it is."""
    team: Any = row.values["team"]
    day: Any = row.values["day"]
    if visit is not None:
        team = visit.team_id if "team" in row.absent else team
        day = visit.day if "day" in row.absent else day
    if day is None:
        return None
    if team is None:
        row.refuse("team", "missing")
        return None
    return int(team), day


def _wanted_slot(row: Row, visit: VisitRow | None, place: tuple[int, date] | None) -> int | None:
    slot: Any = row.values["slot"]
    stays = visit is not None and place == (visit.team_id, visit.day)
    if slot is None and stays and visit is not None:
        return visit.slot
    return None if slot is None else int(slot)


def _is_possible(row: Row, wish: Wish, stage: Stage, ctx: Context) -> bool:
    """See to what needs no look at the other visits."""
    if stage.status is not Status.OPENED:
        row.refuse("", "stage_not_open")
    elif wish.place is not None and wish.place[1] < ctx.today:
        row.refuse("day", "in_the_past")
    elif wish.place is not None and wish.place[1] > stage.ends + _FAR:
        row.refuse("day", "far_from_stage")
    elif len(wish.reason) > 1000:
        row.refuse("note", "string_too_long", max_length=1000)
    return not row.is_refused


def _board(db: Session, ctx: Context, stage: Stage, wishes: Sequence[Wish]) -> Board:
    return read_board(
        db,
        ctx.branch_id,
        [wish.visit_id for wish in wishes if wish.visit_id is not None],
        [wish.place for wish in wishes if wish.place is not None],
        [wish.code for wish in wishes],
        stage,
    )


def _change(
    board: Board,
    arrangement: Arrangement,
    wish: Wish,
    stage: Stage,
    visits: Mapping[str, VisitRow],
) -> Change:
    visit = visits.get(wish.code)
    before: dict[str, Value] = {}
    if visit is not None:
        before = {
            **_place(visit.team_id, visit.day, visit.slot),
            "starts": visit.starts_at,
            "status": visit.work.value,
        }
    after = _after(arrangement, wish, visit)
    differing = [name for name in (*before, *after) if before.get(name) != after.get(name)]
    return Change(
        wish.line,
        Act.ADD if visit is None else Act.ALTER if wish.place else Act.REMOVE,
        wish.code,
        {name: before[name] for name in differing if name in before},
        {name: after[name] for name in differing if name in after},
        {**_facts(wish, after), "version": None if visit is None else visit.version},
        tuple(_note(one) for one in warnings_of(board, arrangement, wish, stage)),
    )


def _after(arrangement: Arrangement, wish: Wish, visit: VisitRow | None) -> dict[str, Value]:
    if wish.place is None:
        return {"status": Work.RETURNED.value}
    day = arrangement.days[wish.place]
    seats = zip(day.seats, day.planned, strict=True)
    slot, starts = next(
        (seat.slot, clock_time(one.starts_minute)) for seat, one in seats if seat.code == wish.code
    )
    work = Work.PROPOSED if visit is None else AFTER_A_MOVE[visit.work]
    return {**_place(*wish.place, slot), "starts": starts, "status": work.value}


def _facts(wish: Wish, after: Mapping[str, Value]) -> dict[str, Any]:
    """Tell the wish in JSON, with the slot that was found for it."""
    team, day = wish.place or (None, None)
    return {
        "visit_id": wish.visit_id,
        "code": wish.code,
        "team": team,
        "day": None if day is None else day.isoformat(),
        "slot": after.get("slot"),
        "reason": wish.reason,
    }


def _wish_of(change: Change) -> Wish:
    told = change.facts
    place = None if told["day"] is None else (told["team"], date.fromisoformat(told["day"]))
    slot = None if told["slot"] is None else int(told["slot"])
    return Wish(change.row, told["code"], told["visit_id"], place, slot, told["reason"])


def _note(warning: MoveWarning) -> Problem:
    return Problem("", warning.code, warning.facts)


def _place(team_id: int, day: date, slot: int) -> dict[str, Value]:
    return {"team": str(team_id), "day": day, "slot": str(slot)}


def _apply(db: Session, changes: Sequence[Change], ctx: Context) -> list[Undo]:
    if not changes:
        return []
    wishes = [_wish_of(change) for change in changes]
    board = _board(db, ctx, db.get_one(Stage, ctx.stage_id), wishes)
    # The check has just asked what may change.
    allowed = {visit.village_code for visit in board.visits.values()}
    arrangement = arrange(board, wishes, ctx.today, allowed)
    if arrangement.faults:
        raise Conflict(problem="sheet_is_stale", rows=sorted(arrangement.faults))
    return carry_out(db, board, arrangement, ctx.stage_id or 0, _author(ctx))


def _undo(db: Session, undo: Sequence[Undo], ctx: Context) -> None:
    if db.get_one(Stage, ctx.stage_id).status is Status.CLOSED:
        raise Conflict(problem="closed")
    if undo:
        take_back(db, ctx.branch_id, undo, _author(ctx))


def _author(ctx: Context) -> Author:
    return Author(ctx.by, ctx.now, channel=Channel.SHEET)


PLAN = Kind(
    kind=SheetKind.PLAN,
    title="Rencana",
    columns=_columns,
    key=("code",),
    current=_current,
    check=_check,
    apply=_apply,
    undo=_undo,
    is_of_stage=True,
)
