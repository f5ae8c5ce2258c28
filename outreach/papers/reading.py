"""Papers that were made: found again by what they are about, shared out among files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import require_planner
from outreach.errors import NotFound
from outreach.papers.choosing import wanted_subjects
from outreach.papers.tables import Paper, PaperKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlmodel import Session

    from outreach.papers.choosing import Wanted
    from outreach.papers.contents import Subject
    from outreach.people.access import Person

KEYS_AT_ONCE = 500
#: Papers in one file: set in a second or two, so that nobody waits for a download.
MOST_IN_A_FILE = 80

type Key = tuple[PaperKind, str]


@dataclass(frozen=True, slots=True)
class PrintedPaper:
    """A paper as it was last made: what the typesetter needs."""

    id: int
    kind: PaperKind
    number: str
    edition: int
    first_day: date
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaperFile:
    """One of the files that papers are shared out among; what is None does not narrow."""

    papers: int
    kind: PaperKind | None = None
    team_id: int | None = None
    month: date | None = None


@dataclass(frozen=True, slots=True)
class Printable:
    """The papers that were made of those wanted, in the order of printing, and their files.

    `left_out` counts what was never made and will not be: its days are over.
    """

    ids: list[int]
    files: list[PaperFile]
    left_out: int


def printable(
    db: Session,
    person: Person,
    stage_id: int,
    wanted: Wanted,
    *,
    today: date,
    since: datetime | None = None,
) -> Printable:
    """List what can be printed of the papers wanted; *since* keeps those made from then on.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    found = wanted_subjects(db, person, stage_id, wanted)
    columns = (col(Paper.kind), col(Paper.subject), col(Paper.id), col(Paper.made_at))
    stored = {(row[0], row[1]): row for row in _stored(db, found, *columns)}
    made = [one for one in found if key_of(one) in stored]
    missing = (one for one in found if key_of(one) not in stored)
    if since is not None:
        made = [one for one in made if stored[key_of(one)].made_at >= since]
    return Printable(
        [stored[key_of(one)].id for one in made],
        list(_files(made)),
        sum(is_too_late(one, today) for one in missing),
    )


def is_too_late(one: Subject, today: date) -> bool:
    """Whether a paper about it would speak of days that are over; minutes are written after."""
    return one.last_day < today and one.kind is not PaperKind.MINUTES


def key_of(one: Subject) -> Key:
    """Say under what the paper about it is found again."""
    return one.kind, one.key


def kept(db: Session, found: Iterable[Subject]) -> dict[Key, Paper]:
    """Read the papers that were made of these subjects."""
    return {(paper.kind, paper.subject): paper for (paper,) in _stored(db, found, Paper)}


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


def _stored(db: Session, found: Iterable[Subject], *columns: Any) -> Iterator[Any]:
    keys: dict[PaperKind, list[str]] = defaultdict(list)
    for one in found:
        keys[one.kind].append(one.key)
    for kind, named in keys.items():
        for start in range(0, len(named), KEYS_AT_ONCE):
            part = col(Paper.subject).in_(named[start : start + KEYS_AT_ONCE])
            query = select(*columns).where(col(Paper.kind) == kind, part)
            yield from db.execute(query.execution_options(populate_existing=True))


def _files(made: Sequence[Subject], **narrowed: Any) -> Iterator[PaperFile]:
    """Share papers out: a kind to a file, a team where that is too much, a month of the team's."""
    finer = next((name for name in ("kind", "team_id", "month") if name not in narrowed), None)
    if finer is None or len(made) <= MOST_IN_A_FILE:
        if made:
            yield PaperFile(len(made), **narrowed)
        return
    groups: dict[Any, list[Subject]] = defaultdict(list)
    for one in made:
        groups[getattr(one, finer)].append(one)
    for value in sorted(groups, key=list(PaperKind).index if finer == "kind" else None):
        yield from _files(groups[value], **narrowed, **{finer: value})
