"""Holds the history that clients swear to against the database: what was lost, what came twice.

What the rows tell by themselves, `outreach.safekeeping.checking` tells; here stands what only those
know who sent and asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import reading
from outreach.logbook.tables import (
    DisputedReport,
    HeldReport,
    ItemKind,
    SessionReport,
    SignUp,
    TakenItem,
)
from outreach.people.tables import AccountArea
from outreach.safekeeping.checking import check_data
from outreach.villages.areas import covers
from outreach.visits.tables import (
    ACTIVE,
    Batch,
    BatchState,
    Happening,
    PlanRun,
    RunState,
    Visit,
    VisitEvent,
)
from tests.chaos.history import SETTLED, TAKEN, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.chaos.history import History
    from tests.chaos.world import Asked

#: What is counted, in the order of the table; all of it is to be nought.
COUNTED = (
    "lost",
    "doubled",
    "unsent",
    "missing",
    "double-booked",
    "sums",
    "audit",
    "foreign",
    "altered",
    "other",
)

#: Where what the rows tell by themselves is counted; what is not named is "other".
_OF_RULE = {
    "double_booked_teams": "double-booked",
    "doubled_visits": "doubled",
    "broken_corrections": "doubled",
    "details_do_not_add_up": "sums",
    "totals_differ": "sums",
    "visits_without_history": "audit",
    "status_against_history": "audit",
    "history_rewritten": "audit",
}


@dataclass
class Verdict:
    """What is wrong, by what is counted, a line each."""

    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, lines: Iterable[str]) -> None:
        self.found[kind].extend(lines)

    def counts(self) -> dict[str, int]:
        return {kind: len(self.found[kind]) for kind in COUNTED}

    @property
    def is_clean(self) -> bool:
        return not any(self.counts().values())

    def lines(self, most: int = 5) -> list[str]:
        """Tell the first of each kind."""
        return [f"{kind}: {one}" for kind in COUNTED for one in self.found[kind][:most]]


@dataclass(frozen=True)
class Kept:
    """Which reports the database holds, by id and visit, and in which way."""

    stored: dict[Key, list[Any]]
    disputed: set[Key]
    held: set[Key]
    repeated: set[Key]

    def anywhere(self, key: Key) -> bool:
        return key in self.stored or any(
            key in each for each in (self.disputed, self.held, self.repeated)
        )


def check(engine: Engine, history: History, asked: Sequence[Asked]) -> Verdict:
    """Hold everything against everything, as it stands now that all is at rest."""
    verdict = Verdict()
    with reading(engine) as db:
        check_at_rest(db, history, asked, verdict)
    return verdict


def check_at_rest(db: Session, history: History, asked: Sequence[Asked], verdict: Verdict) -> None:
    """Hold everything against everything, within one view of the tables."""
    check_rows(db, history, asked, verdict)
    verdict.add("unsent", _unsent(db, history))
    for each in asked:
        verdict.add("missing", _missing(db, each))
        verdict.add("lost", _lost_runs(db, each, history))
    _add_each(verdict, history.of_plans)
    verdict.add("other", history.astonishing)


def _add_each(verdict: Verdict, found: Iterable[tuple[str, str]]) -> None:
    for kind, line in found:
        verdict.add(kind, [line])


def plan_faults(db: Session, asked: Asked) -> Iterator[tuple[str, str]]:
    """Tell what is wrong with a plan that is done, by what is counted; the next one hides it."""
    yield from (("sums", line) for line in _placed(db, asked))
    yield from (("missing", line) for line in _missing(db, asked))


def check_rows(db: Session, history: History, asked: Sequence[Asked], verdict: Verdict) -> int:
    """Hold the rows against what is sworn to, at rest or not; answer how many reports there are."""
    for one in check_data(db):
        kind = _OF_RULE.get(one.rule, "other")
        verdict.add(kind, (f"{one.rule}: {line}" for line in one.broken))
    kept = _read_kept(db)
    verdict.add("lost", _lost(history, kept))
    verdict.add("doubled", _doubled(db, kept))
    verdict.add("foreign", _foreign(db, history, kept))
    verdict.add("altered", _altered(db, history, kept))
    verdict.add("audit", _audit_of_reports(db))
    verdict.add("audit", _audit_of_plans(db))
    for each in asked:
        verdict.add("sums", _placed(db, each))
    return sum(map(len, kept.stored.values()))


def _read_kept(db: Session) -> Kept:
    stored: dict[Key, list[Any]] = defaultdict(list)
    for row in db.execute(select(SessionReport.__table__)):  # type: ignore[attr-defined]
        stored[row.id, row.visit_id].append(row)
    disputed = select(col(DisputedReport.report_id), col(DisputedReport.visit_id))
    held = select(col(HeldReport.id), col(HeldReport.visit_id))
    repeated = select(col(TakenItem.id), col(TakenItem.visit_id)).where(
        col(TakenItem.kind) == ItemKind.REPORT
    )
    others = [{(row[0], row[1]) for row in db.execute(q)} for q in (disputed, held, repeated)]
    return Kept(dict(stored), *others)


def _lost(history: History, kept: Kept) -> Iterator[str]:
    """Tell reports that a phone may have forgotten, for it was told that they are kept."""
    for key, said in history.told.items():
        if said & TAKEN and not (key in kept.stored or key in kept.repeated):
            yield f"report {key} was {sorted(said)} and is not stored"
        elif said & {"conflict", "held"} and not kept.anywhere(key):
            yield f"report {key} was {sorted(said)} and is nowhere"


def _doubled(db: Session, kept: Kept) -> Iterator[str]:
    """Tell reports that stand more than once, and stages that were planned twice at a time."""
    ids = Counter(key[0] for key, rows in kept.stored.items() for _ in rows)
    yield from (f"report {one} stands {n} times" for one, n in ids.items() if n > 1)
    runs = select(col(PlanRun.stage_id), col(PlanRun.requested_at), col(PlanRun.finished_at))
    ended: dict[int, Any] = {}
    for stage_id, asked_at, ended_at in db.execute(runs.order_by(col(PlanRun.id))):
        if stage_id in ended and (ended[stage_id] is None or asked_at < ended[stage_id]):
            yield f"stage {stage_id} was planned twice at a time"
        ended[stage_id] = ended_at


def _unsent(db: Session, history: History) -> Iterator[str]:
    """Tell what is not through though everything is at rest: parts of plans, reports."""
    is_over = col(Batch.state).in_((BatchState.DONE, BatchState.CANCELLED))
    for batch_id, state in db.execute(select(col(Batch.id), col(Batch.state)).where(~is_over)):
        yield f"batch {batch_id} is {state.value}"
    for key in history.sent:
        if not history.told.get(key, set()) & SETTLED:
            yield f"report {key} was never answered"


def _foreign(db: Session, history: History, kept: Kept) -> Iterator[str]:
    """Tell what somebody brought in who may not, and what was refused and is there."""
    for key, said in history.told.items():
        if "rejected" in said and kept.anywhere(key):
            yield f"report {key} was refused and is there"
    yield from (f"report {key} is a stranger's" for key in history.strays if key in kept.stored)
    areas: dict[int, list[str]] = defaultdict(list)
    seen = select(col(AccountArea.account_id), col(AccountArea.code))
    for account_id, code in db.execute(seen):
        areas[account_id].append(code)
    for key, rows in kept.stored.items():
        for row in rows:
            if not covers(tuple(areas[row.reported_by]), row.village_code):
                yield f"report {key} in {row.village_code} by account {row.reported_by}"


def _altered(db: Session, history: History, kept: Kept) -> Iterator[str]:
    """Tell stored reports that nobody sent so."""
    told = select(col(SignUp.report_id), func.sum(SignUp.workers)).group_by(col(SignUp.report_id))
    workers = {row[0]: row[1] for row in db.execute(told)}
    for key, rows in kept.stored.items():
        sent = history.sent.get(key)
        if sent is None:
            yield f"report {key} was never sent"
            continue
        lines = [line["workers"] for line in sent.get("details", ())]
        wanted = (sent["men"], sent["women"], sent["place"], sent.get("signups", sum(lines)))
        for row in rows:
            is_ = (row.men, row.women, row.place, row.signups)
            if is_ != wanted or workers.get(row.id, 0) != sum(lines):
                yield f"report {key} says otherwise than it was sent"


def _audit_of_reports(db: Session) -> Iterator[str]:
    """Tell visits whose history does not tell each report of theirs once."""
    wanted: Counter[tuple[int, Happening]] = Counter()
    reports = select(col(SessionReport.visit_id), col(SessionReport.corrects_id))
    for visit_id, corrects in db.execute(reports):
        wanted[visit_id, Happening.CORRECTED if corrects else Happening.REPORTED] += 1
    kinds = (Happening.REPORTED, Happening.CORRECTED)
    lines = select(col(VisitEvent.visit_id), col(VisitEvent.happening))
    lines = lines.where(col(VisitEvent.happening).in_(kinds))
    found = Counter((row[0], row[1]) for row in db.execute(lines))
    for visit_id, kind in wanted.keys() | found.keys():
        if (is_ := found[visit_id, kind]) != (must := wanted[visit_id, kind]):
            yield f"visit {visit_id} was {kind.value} {is_} times by its history, {must} in truth"


def _audit_of_plans(db: Session) -> Iterator[str]:
    """Tell visits of a plan whose history does not tell once that they were planned."""
    lines = select(col(VisitEvent.visit_id)).where(col(VisitEvent.happening) == Happening.PLANNED)
    found = Counter(db.scalars(lines))
    planned: Any = select(col(Visit.id)).where(col(Visit.run_id).is_not(None))
    for visit_id in db.scalars(planned):
        if found[visit_id] != 1:
            yield f"visit {visit_id} was planned {found[visit_id]} times by its history"


def _placed(db: Session, asked: Asked) -> Iterator[str]:
    """Tell parts of plans that say another number of visits than there are of them."""
    of_stage = col(Visit.stage_id) == asked.stage_id
    made = Counter(
        db.scalars(select(col(Visit.batch_id)).where(of_stage, col(Visit.batch_id).is_not(None)))
    )
    parts = select(col(Batch.id), col(Batch.placed)).join(PlanRun)
    for batch_id, placed in db.execute(parts.where(col(PlanRun.stage_id) == asked.stage_id)):
        if made[batch_id] != placed:
            yield f"batch {batch_id} says {placed} visits and has {made[batch_id]}"


def _missing(db: Session, asked: Asked) -> Iterator[str]:
    """Tell villages of a planned stage that have neither a visit nor a reason, or both."""
    visits = select(col(Visit.village_code)).where(
        col(Visit.stage_id) == asked.stage_id, col(Visit.work).in_(ACTIVE)
    )
    visited = set(db.scalars(visits))
    query = select(col(StageVillage.village_code), col(StageVillage.reason))
    chosen = db.execute(query.where(col(StageVillage.stage_id) == asked.stage_id)).all()
    reasons = {row[0]: row[1] for row in chosen}
    for code in asked.codes:
        if code not in reasons:
            yield f"{code} is not in the plan of stage {asked.stage_id}"
        elif (code in visited) == (reasons[code] is not None):
            yield f"{code} has {'a visit and' if code in visited else 'no visit and no'} reason"


def _lost_runs(db: Session, asked: Asked, history: History) -> Iterator[str]:
    """Tell plans that a page named and that are not there, or not done."""
    query = select(col(PlanRun.id), col(PlanRun.state)).where(
        col(PlanRun.stage_id) == asked.stage_id
    )
    states = {row[0]: row[1] for row in db.execute(query)}
    for run_id in history.runs.get(asked.stage_id, set()):
        if states.get(run_id) is not RunState.DONE:
            yield f"run {run_id} of stage {asked.stage_id} is {states.get(run_id)}"
    if not history.runs.get(asked.stage_id):
        yield f"stage {asked.stage_id} was never planned"
