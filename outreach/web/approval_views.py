"""What the pages of approval show of a difference: lines with names, bars by week, words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from outreach.people.teams import list_teams
from outreach.villages.reading import names_of
from outreach.visits.question import PLANNED_ANEW
from outreach.visits.snapshot import ChangeKind, why_lost
from outreach.visits.tables import ACTIVE
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session

    from outreach.visits.snapshot import Change, Difference, Loss, PlannedPlace

#: What needs a look first.
KINDS = (ChangeKind.DROPPED, ChangeKind.MOVED, ChangeKind.ADDED)
_CHART_HEIGHT, _STEP = 80, 28


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One village of a difference, with the names people know."""

    change: Change
    village: str
    district: str
    team_before: str
    team_after: str
    why: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a bar, in the units of the drawing."""

    kind: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class WeekChart:
    """Visits per week by what becomes of them, drawn and told."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    weeks: tuple[tuple[date, int, Counter[str]], ...]


def change_lines(
    db: Session, stage_id: int, branch_id: int, changes: Sequence[Change]
) -> list[ChangeLine]:
    """Give the changes the names people know, and those without a visit the reason."""
    codes = [change.village_code for change in changes]
    names = names_of(db, [*codes, *(code[: len("PP.RR.DD")] for code in codes)])
    teams = {team.id: team.name for team in list_teams(db, branch_id)}
    gone = [c.village_code for c in changes if c.kind is ChangeKind.DROPPED]
    losses = why_lost(db, stage_id, gone)

    def team(place: PlannedPlace | None) -> str:
        return teams.get(place.team_id, "") if place else ""

    return [
        ChangeLine(
            change,
            names.get(change.village_code, change.village_code),
            names.get(change.village_code[: len("PP.RR.DD")], ""),
            team(change.before),
            team(change.after),
            loss_words(losses[change.village_code]) if change.village_code in losses else "",
        )
        for change in changes
    ]


def loss_words(loss: Loss) -> str:
    """Say why a village has no visit any more: people's reason, or the planner's."""
    if loss.work in ACTIVE:
        return str(_("It has a visit again."))
    if loss.work is None or loss.reason == PLANNED_ANEW:
        planner = loss.planner and word(loss.planner)
        return planner or str(_("No longer among the stage's villages."))
    return f"{word(loss.work)}: {reason_words(loss.reason)}" if loss.reason else word(loss.work)


def week_chart(difference: Difference, after: Iterable[PlannedPlace]) -> WeekChart:
    """Count the visits of both plans by week: kept, moved, added, and those that are gone."""
    kinds = {change.village_code: change.kind.value for change in difference.changes}
    counts: dict[date, Counter[str]] = {}
    for place in after:
        of_week = counts.setdefault(_monday(place.day), Counter())
        of_week[kinds.get(place.village_code, "kept")] += 1
    for change in difference.of_kind(ChangeKind.DROPPED):
        if change.before:
            counts.setdefault(_monday(change.before.day), Counter())["dropped"] += 1
    most = max((sum(count.values()) for count in counts.values()), default=1)
    weeks = tuple((day, nth * _STEP + 4, counts[day]) for nth, day in enumerate(sorted(counts)))
    bars = tuple(bar for _day, x, count in weeks for bar in _stack(x, count, most))
    return WeekChart(len(weeks) * _STEP, _CHART_HEIGHT, bars, weeks)


def _stack(x: int, count: Counter[str], most: int) -> Iterable[Bar]:
    """Stand the pieces of a week on one another, what stays at the bottom."""
    top = float(_CHART_HEIGHT)
    for kind in ("kept", "moved", "added", "dropped"):
        height = round(count[kind] * _CHART_HEIGHT / most, 1)
        top = round(top - height, 1)
        if height:
            yield Bar(kind, x, top, height)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
