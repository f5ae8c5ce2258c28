"""Counts every visit and report anew, row by row, and holds the pages' figures against that."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.people.access import NATION
from outreach.progress.brought import brought_by
from outreach.progress.scope import Scope
from outreach.progress.totals import totals_by
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from outreach.visits.tables import TO_COME, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    Sums = dict[str, Counter[str]]

#: What the map and the tables show of a regency, and what the board shows of it.
OF_MAP = ("villages", "reached", "confirmed", "planned", "sessions", "men", "women", "signups")
OF_BOARD = ("reached", "sessions", "people", "signups", "told", "paid")


def totals_wrong(db: Session) -> Iterator[str]:
    """Name the regencies whose figures on map or board are not the sums of their rows."""
    ours = recount(db)
    nation = Scope((NATION,))
    totals = totals_by(db, nation, Level.REGENCY)
    map_rows = {row.code: row for row in totals.rows}
    board_rows = brought_by(db, nation, Level.REGENCY)
    shown = (("map", OF_MAP, map_rows), ("board", OF_BOARD, board_rows))
    for page, names, rows in shown:
        for code in sorted(ours.keys() | rows.keys()):
            for name in names:
                is_, must = getattr(rows.get(code), name, 0), ours[code][name]
                if is_ != must:
                    yield f"{page} {code} {name}: {is_} / {must}"
    for name in OF_MAP:
        is_, must = getattr(totals.whole, name), sum(one[name] for one in ours.values())
        if is_ != must:
            yield f"map {name}: {is_} / {must}"


def recount(db: Session) -> Sums:
    """Add up villages, visits to come and reports that count, by regency, without the progress."""
    sums: Sums = defaultdict(Counter)
    for code in db.scalars(select(col(Village.code))):
        sums[_regency(code)]["villages"] += 1
    village_of, coming = _visits(db)
    reached = _reports(db, village_of, sums)
    for code in reached:
        sums[_regency(code)]["reached"] += 1
    for code, works in coming.items():
        if code not in reached:
            sums[_regency(code)]["confirmed" if Work.CONFIRMED in works else "planned"] += 1
    return sums


def _visits(db: Session) -> tuple[dict[int, str], dict[str, set[Work]]]:
    """Tell the village of every visit, and the status of what is to come in each village."""
    village_of: dict[int, str] = {}
    coming: dict[str, set[Work]] = defaultdict(set)
    for visit_id, code, work in db.execute(
        select(col(Visit.id), col(Visit.village_code), col(Visit.work))
    ):
        village_of[visit_id] = code
        if work in TO_COME:
            coming[code].add(work)
    return village_of, coming


def _reports(db: Session, village_of: dict[int, str], sums: Sums) -> set[str]:
    """Add the reports that count to the sums; tell the villages in which people were met."""
    reached: set[str] = set()
    query = select(
        col(SessionReport.visit_id),
        col(SessionReport.men),
        col(SessionReport.women),
        col(SessionReport.signups),
        col(SessionReport.paid),
    ).where(col(SessionReport.corrected_by).is_(None))
    for visit_id, men, women, signups, paid in db.execute(query):
        code = village_of.get(visit_id, "")
        row = {"sessions": 1, "men": men, "women": women, "people": men + women}
        told = {"signups": signups, "told": signups if paid is not None else 0, "paid": paid or 0}
        sums[_regency(code)].update({**row, **told})
        if men + women:
            reached.add(code)
    return reached


def _regency(code: str) -> str:
    return code[: Level.REGENCY]
