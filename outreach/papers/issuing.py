"""Makes papers: a number the first time, the same number ever after, a new edition on a change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from outreach.campaigns.stages import require_planner, stage_of
from outreach.errors import Conflict
from outreach.papers.choosing import Wanted, route_sheets, wanted_subjects
from outreach.papers.letterhead import letterhead_of, printed_head
from outreach.papers.numbering import hold_series, note_last, written
from outreach.papers.outdated import PaperState, lacking, papers_of_stage
from outreach.papers.reading import KEYS_AT_ONCE, is_too_late, kept, key_of, paper_of
from outreach.papers.session_reports import reports_of
from outreach.papers.tables import Paper, PaperKind
from outreach.visits.question import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.papers.contents import Subject
    from outreach.papers.tables import Letterhead
    from outreach.people.access import Person

#: Of the content, what a change of does not make a new edition.
DATES = ("dated", "revised")


@dataclass(frozen=True, slots=True)
class Press:
    """What all papers made in one go share."""

    branch_id: int
    letterhead: Letterhead
    head: dict[str, Any]
    reports: Mapping[int, dict[str, Any]]
    today: date
    now: datetime
    by: Person


def make_papers(
    db: Session, stage_id: int, wanted: Wanted, *, by: Person, now: datetime
) -> list[int]:
    """Make papers that are missing, renew those the plan has left behind; return all, in order.

    What is over gets no paper any more, and a paper whose days are over stays as it was carried;
    minutes alone go on, for the session's figures come last.

    Raises
    ------
    NotFound, NotAllowed
        If the stage is not one the person plans.
    Conflict
        If none of the visits has been approved yet, or all are over: there is nothing to print.
    """
    stage = stage_of(db, by, stage_id)
    require_planner(db, stage.branch_id, by)
    found = wanted_subjects(db, by, stage_id, wanted)
    if not found:
        raise Conflict(problem="no_approved_visit")
    made = _issue(db, stage.branch_id, found, by, now)
    if not made:
        raise Conflict(problem="visits_over")
    return made


def make_again(db: Session, paper_id: int, *, by: Person, now: datetime) -> int:
    """Make the paper as the plan has it now, under its number.

    Raises
    ------
    NotFound, NotAllowed
        If there is no such paper, or the person does not plan its branch.
    Conflict
        If what it is about does not stand any more.
    """
    paper_of(db, by, paper_id)
    if paper_id not in renew_papers(db, [paper_id], by=by, now=now):
        raise Conflict(problem="paper_void")
    return paper_id


def renew_papers(db: Session, paper_ids: Sequence[int], *, by: Person, now: datetime) -> list[int]:
    """Make these papers as the plan has them now, each under its number; return those that stand.

    A route sheet is its team's and its day's, whatever the stages of the visits on it.

    Raises
    ------
    NotFound, NotAllowed
        If the person does not plan the branch of one.
    """
    made: list[int] = []
    for branch_id, found in _subjects_of(db, paper_ids, by).items():
        require_planner(db, branch_id, by)
        made += _issue(db, branch_id, found, by, now)
    return made


def catch_up(db: Session, stage_id: int, *, by: Person, now: datetime) -> list[int]:
    """Make what the plan of a stage has left behind anew, and what came later for the first time.

    Raises
    ------
    NotFound, NotAllowed
        If the stage is not one the person plans.
    """
    branch_id = stage_of(db, by, stage_id).branch_id
    require_planner(db, branch_id, by)
    today = local_day(db, branch_id, now)
    rows = papers_of_stage(db, by, stage_id, today)
    new = lacking(db, by, stage_id, rows, today)
    left = [row.id for row in rows if row.state is PaperState.OUTDATED]
    made = renew_papers(db, left, by=by, now=now)
    return made + (_issue(db, branch_id, new, by, now) if new else [])


def _subjects_of(db: Session, paper_ids: Sequence[int], by: Person) -> dict[int, list[Subject]]:
    """Say what these papers are about as things stand now, by branch."""
    columns = (Paper.branch_id, Paper.stage_id, Paper.kind, Paper.subject)
    query = select(*map(col, columns), col(Paper.team_id), col(Paper.first_day))
    days: dict[int, set[tuple[int | None, date]]] = defaultdict(set)
    keys: dict[tuple[int, int, PaperKind], set[str]] = defaultdict(set)
    for start in range(0, len(paper_ids), KEYS_AT_ONCE):
        part = col(Paper.id).in_(paper_ids[start : start + KEYS_AT_ONCE])
        for branch_id, stage_id, kind, subject, team_id, day in db.execute(query.where(part)):
            if kind is PaperKind.ROUTE_SHEET:
                days[branch_id].add((team_id, day))
            else:
                keys[branch_id, stage_id, kind].add(subject)
    found: dict[int, list[Subject]] = defaultdict(list)
    for (branch_id, stage_id, kind), named in keys.items():
        found[branch_id] += wanted_subjects(
            db, by, stage_id, Wanted((kind,), keys=frozenset(named))
        )
    for branch_id, theirs in days.items():
        found[branch_id] += route_sheets(db, by, theirs)
    return found


def _issue(
    db: Session, branch_id: int, found: Sequence[Subject], by: Person, now: datetime
) -> list[int]:
    press = _press(db, branch_id, found, by, now)
    before = kept(db, found)
    missing = [one for one in found if key_of(one) not in before]
    _make_missing(db, press, [one for one in missing if not is_too_late(one, press.today)])
    _renew(db, press, [(one, before[key_of(one)]) for one in found if key_of(one) in before])
    stored = kept(db, found)
    return [stored[key_of(one)].id or 0 for one in found if key_of(one) in stored]


def _press(
    db: Session, branch_id: int, found: Sequence[Subject], by: Person, now: datetime
) -> Press:
    letterhead, head = letterhead_of(db, branch_id), printed_head(db, branch_id)
    told = {one.visit_id for one in found if one.kind is PaperKind.MINUTES and one.visit_id}
    reports = reports_of(db, told)
    return Press(branch_id, letterhead, head, reports, local_day(db, branch_id, now), now, by)


def _content(press: Press, one: Subject, before: Paper | None) -> dict[str, Any]:
    is_revised = before is not None and before.fingerprint != one.fingerprint
    dated = before.content["dated"] if before else press.today.isoformat()
    revised = before.content["revised"] if before else ""
    return {
        "plan": one.plan,
        "head": press.head,
        "report": press.reports.get(one.visit_id or 0) if one.kind is PaperKind.MINUTES else None,
        "dated": dated,
        "revised": press.today.isoformat() if is_revised else revised,
    }


def _make_missing(db: Session, press: Press, missing: Sequence[Subject]) -> None:
    """Give numbers and store; kinds in one order, so that two never wait for each other."""
    for kind in PaperKind:
        ours = [one for one in missing if one.kind is kind]
        if not ours:
            continue
        last = hold_series(db, press.branch_id, kind, press.today.year)
        # Somebody may have made them while we waited for the series.
        stored = kept(db, ours)
        rows = [
            _row(press, one, last + place)
            for place, one in enumerate((o for o in ours if key_of(o) not in stored), start=1)
        ]
        if rows:
            db.execute(insert(Paper), rows)
            note_last(db, press.branch_id, kind, press.today.year, last + len(rows))


def _row(press: Press, one: Subject, sequence: int) -> dict[str, Any]:
    pattern = press.letterhead.number_pattern
    return {
        **_told(one),
        "branch_id": press.branch_id,
        "kind": one.kind,
        "subject": one.key,
        "visit_id": one.visit_id,
        "year": press.today.year,
        "sequence": sequence,
        "number": written(pattern, one.kind, sequence, press.today),
        "content": _content(press, one, None),
        "made_by": press.by.account_id,
        "made_at": press.now,
        "printed_at": press.now,
        "edition": 1,
    }


def _told(one: Subject) -> dict[str, Any]:
    return {
        "stage_id": one.stage_id,
        "team_id": one.team_id,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "fingerprint": one.fingerprint,
    }


def _renew(db: Session, press: Press, pairs: Sequence[tuple[Subject, Paper]]) -> None:
    same = []
    for one, paper in pairs:
        content = _content(press, one, paper)
        if _is_over(press, one, paper) or _printed_part(content) == _printed_part(paper.content):
            same.append(paper.id)
            continue
        changed = _told(one) | {
            "content": content,
            "edition": Paper.edition + 1,
            "made_by": press.by.account_id,
            "made_at": press.now,
            "printed_at": press.now,
            "set_aside_at": None,
        }
        db.execute(update(Paper).where(col(Paper.id) == paper.id).values(changed))
    for start in range(0, len(same), KEYS_AT_ONCE):
        part = col(Paper.id).in_(same[start : start + KEYS_AT_ONCE])
        db.execute(update(Paper).where(part).values(printed_at=press.now))


def _is_over(press: Press, one: Subject, paper: Paper) -> bool:
    is_past = max(paper.last_day, one.last_day) < press.today
    return is_past and paper.kind is not PaperKind.MINUTES


def _printed_part(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in DATES}
