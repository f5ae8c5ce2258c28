"""Makes papers: a number the first time, the same number ever after, a new edition on a change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from outreach.campaigns.stages import require_planner, stage_of
from outreach.errors import Conflict, NotFound
from outreach.logbook.tables import SessionReport, SignUp
from outreach.papers.choosing import Wanted, wanted_subjects
from outreach.papers.letterhead import letterhead_of
from outreach.papers.numbering import hold_series, note_last, written
from outreach.papers.tables import Paper, PaperKind
from outreach.people.tables import Branch
from outreach.visits.question import local_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.papers.contents import Subject
    from outreach.papers.tables import Letterhead
    from outreach.people.access import Person

#: Of the content, what a change of does not make a new edition.
DATES = ("dated", "revised")
HEAD = ("office", "address", "place", "signer_name", "signer_position", "signer_number")
KEYS_AT_ONCE = 500

type Key = tuple[PaperKind, str]


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


@dataclass(frozen=True, slots=True)
class PrintedPaper:
    """A paper as it was last made: what the typesetter needs."""

    id: int
    kind: PaperKind
    number: str
    edition: int
    first_day: date
    content: dict[str, Any]


def make_papers(
    db: Session, stage_id: int, wanted: Wanted, *, by: Person, now: datetime
) -> list[int]:
    """Make papers that are missing, renew those the plan has left behind; return all, in order.

    A paper whose days are over stays as it was carried; minutes alone go on, for the session's
    figures come last.

    Raises
    ------
    NotFound, NotAllowed
        If the stage is not one the person plans.
    Conflict
        If none of the visits has been approved yet, so that there is nothing to print.
    """
    stage = stage_of(db, by, stage_id)
    require_planner(db, stage.branch_id, by)
    found = wanted_subjects(db, by, stage_id, wanted)
    if not found:
        raise Conflict(problem="no_approved_visit")
    press = _press(db, stage.branch_id, found, by, now)
    kept = _kept(db, found)
    _make_missing(db, press, [one for one in found if _key(one) not in kept])
    _renew(db, press, [(one, kept[_key(one)]) for one in found if _key(one) in kept])
    stored = _kept(db, found)
    return [stored[_key(one)].id or 0 for one in found]


def make_again(db: Session, paper_id: int, *, by: Person, now: datetime) -> int:
    """Make the paper as the plan has it now, under its number.

    Raises
    ------
    NotFound, NotAllowed
        If there is no such paper, or the person does not plan its branch.
    Conflict
        If what it is about does not stand any more.
    """
    paper = paper_of(db, by, paper_id)
    wanted = _wanted_by(paper)
    try:
        made = make_papers(db, paper.stage_id, wanted, by=by, now=now)
    except Conflict as error:
        raise Conflict(problem="paper_void") from error
    if paper_id not in made:
        raise Conflict(problem="paper_void")
    return paper_id


def renew_papers(
    db: Session, stage_id: int, paper_ids: Sequence[int], *, by: Person, now: datetime
) -> None:
    """Make these papers of a stage as the plan has them now, each under its number.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `make_papers` has them.
    """
    query = select(col(Paper.kind), col(Paper.subject)).where(col(Paper.stage_id) == stage_id)
    keys: dict[PaperKind, set[str]] = defaultdict(set)
    for start in range(0, len(paper_ids), KEYS_AT_ONCE):
        part = col(Paper.id).in_(paper_ids[start : start + KEYS_AT_ONCE])
        for kind, subject in db.execute(query.where(part)):
            keys[kind].add(subject)
    for kind in sorted(keys):
        make_papers(db, stage_id, Wanted((kind,), keys=frozenset(keys[kind])), by=by, now=now)


def made_since(db: Session, person: Person, stage_id: int, since: datetime) -> list[int]:
    """List the papers of a stage that were made from a moment on, in the order of printing."""
    stage_of(db, person, stage_id)
    query = (
        select(col(Paper.id))
        .where(col(Paper.stage_id) == stage_id, col(Paper.made_at) >= since)
        .order_by(col(Paper.kind), col(Paper.first_day), col(Paper.sequence))
    )
    return list(db.scalars(query))


def paper_of(db: Session, person: Person, paper_id: int) -> Paper:
    """Read one paper.

    Raises
    ------
    NotFound, NotAllowed
        If there is none, or the person does not plan its branch.
    """
    paper = db.get(Paper, paper_id)
    if paper is None:
        raise NotFound(kind="Paper", id=paper_id)
    require_planner(db, paper.branch_id, person)
    return paper


def printed(db: Session, person: Person, paper_ids: Sequence[int]) -> list[PrintedPaper]:
    """Read papers as they were last made, in the order asked for.

    Raises
    ------
    NotFound, NotAllowed
        If there is none, or the person does not plan the branch of one.
    """
    columns: list[Any] = [getattr(Paper, name) for name in PrintedPaper.__dataclass_fields__]
    rows: dict[int, PrintedPaper] = {}
    branches: set[int] = set()
    for start in range(0, len(paper_ids), KEYS_AT_ONCE):
        part = paper_ids[start : start + KEYS_AT_ONCE]
        query = select(*columns, col(Paper.branch_id)).where(col(Paper.id).in_(part))
        for *told, branch_id in db.execute(query):
            if branch_id not in branches:
                require_planner(db, branch_id, person)
                branches.add(branch_id)
            rows[told[0]] = PrintedPaper(*told)
    if not rows:
        raise NotFound(kind="Paper")
    return [rows[one] for one in paper_ids if one in rows]


def kept_ids(db: Session, person: Person, stage_id: int, wanted: Wanted) -> list[int]:
    """List the papers that were made already among those wanted, in the order of printing."""
    found = wanted_subjects(db, person, stage_id, wanted)
    kept = _kept(db, found)
    return [kept[_key(one)].id or 0 for one in found if _key(one) in kept]


def _wanted_by(paper: Paper) -> Wanted:
    kinds = (paper.kind,)
    if paper.visit_id is not None:
        return Wanted(kinds, visit_id=paper.visit_id)
    if paper.kind is PaperKind.ROUTE_SHEET:
        return Wanted(kinds, team_id=paper.team_id, day=paper.first_day)
    return Wanted(kinds, team_id=paper.team_id, month=paper.first_day)


def _key(one: Subject) -> Key:
    return one.kind, one.key


def _press(
    db: Session, branch_id: int, found: Sequence[Subject], by: Person, now: datetime
) -> Press:
    letterhead = letterhead_of(db, branch_id)
    branch = db.get_one(Branch, branch_id)
    head = {name: getattr(letterhead, name) for name in HEAD} | {
        "regional_office": branch.regional_office,
        "is_demo": branch.is_demo,
    }
    told = {one.visit_id for one in found if one.kind is PaperKind.MINUTES and one.visit_id}
    reports = _reports(db, told)
    return Press(branch_id, letterhead, head, reports, local_day(db, branch_id, now), now, by)


def _reports(db: Session, visit_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Read the counts of the current report of each visit: never a remark, never a name."""
    wanted = list(visit_ids)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        part = col(SessionReport.visit_id).in_(wanted[start : start + KEYS_AT_ONCE])
        current = part, col(SessionReport.corrected_by).is_(None)
        names = ("visit_id", "held_on", "held_at", "place", "men", "women", "signups")
        query = select(*(getattr(SessionReport, name) for name in names)).where(*current)
        for row in db.execute(query):
            told = dict(zip(names, row, strict=True)) | {"details": []}
            told["held_on"] = told["held_on"].isoformat()
            told["held_at"] = told["held_at"].isoformat("minutes")
            found[row.visit_id] = told
        _add_details(db, found, current)
    return found


def _add_details(db: Session, found: dict[int, dict[str, Any]], current: tuple[Any, ...]) -> None:
    names = ("sector", "package", "payer", "workers")
    query = (
        select(col(SessionReport.visit_id), *(getattr(SignUp, name) for name in names))
        .join(SignUp, col(SignUp.report_id) == col(SessionReport.id))
        .where(*current)
        .order_by(col(SignUp.sector), col(SignUp.package), col(SignUp.payer))
    )
    for visit_id, *told in db.execute(query):
        found[visit_id]["details"].append(dict(zip(names, told, strict=True)))


def _content(press: Press, one: Subject, kept: Paper | None) -> dict[str, Any]:
    is_revised = kept is not None and kept.fingerprint != one.fingerprint
    dated = kept.content["dated"] if kept else press.today.isoformat()
    revised = kept.content["revised"] if kept else ""
    return {
        "plan": one.plan,
        "head": press.head,
        "report": press.reports.get(one.visit_id or 0) if one.kind is PaperKind.MINUTES else None,
        "dated": dated,
        "revised": press.today.isoformat() if is_revised else revised,
    }


def _kept(db: Session, found: Sequence[Subject]) -> dict[Key, Paper]:
    keys: dict[PaperKind, list[str]] = defaultdict(list)
    for one in found:
        keys[one.kind].append(one.key)
    kept: dict[Key, Paper] = {}
    for kind, named in keys.items():
        for start in range(0, len(named), KEYS_AT_ONCE):
            part = col(Paper.subject).in_(named[start : start + KEYS_AT_ONCE])
            query = select(Paper).where(col(Paper.kind) == kind, part)
            stored = db.scalars(query.execution_options(populate_existing=True))
            kept |= {(paper.kind, paper.subject): paper for paper in stored}
    return kept


def _make_missing(db: Session, press: Press, missing: Sequence[Subject]) -> None:
    """Give numbers and store; kinds in one order, so that two never wait for each other."""
    for kind in PaperKind:
        ours = [one for one in missing if one.kind is kind]
        if not ours:
            continue
        last = hold_series(db, press.branch_id, kind, press.today.year)
        # Somebody may have made them while we waited for the series.
        stored = _kept(db, ours)
        rows = [
            _row(press, one, last + place)
            for place, one in enumerate((o for o in ours if _key(o) not in stored), start=1)
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
