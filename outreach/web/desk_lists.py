"""The lists behind the counts of the desk: a count is the length of its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.campaigns.access import visible_branches
from outreach.messages.outbox import to_send_by_hand
from outreach.papers.outdated import outdated
from outreach.visits.agenda import runs_to_watch, stages_with_unplaced
from outreach.visits.calls import call_tasks
from outreach.visits.leave import without_team
from outreach.visits.listing import unplaced, visits_between, visits_of_stage
from outreach.visits.returns import returned_work
from outreach.visits.rows import VisitFilters
from outreach.visits.standing import Stand, open_standings
from outreach.visits.tables import Cause, Work
from outreach.web.i18n import clock, moment, number, short_date
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.agenda import RunLine, UnplacedLine
    from outreach.visits.calls import CallTask
    from outreach.visits.returns import ReturnedLine
    from outreach.visits.rows import UnplacedRow, VisitRow
    from outreach.visits.standing import Standing

#: Reports older than this have slipped too far to be found on the desk by chance.
LOOK_BACK = timedelta(days=60)
#: Collisions of leave further ahead than this can still wait.
LOOK_AHEAD = timedelta(days=30)

TO_HEAR_OF = (Work.PROPOSED, Work.AWAITING)
TO_BE_HELD = (Work.AWAITING, Work.CONFIRMED)


class Which(StrEnum):
    """A list of the desk, by its name in the address; the most pressing first."""

    PLANS = "plans"
    FAILED = "failed-parts"
    REPORTS = "reports-missing"
    AWAY = "team-away"
    CALLS = "calls"
    RETURNED = "returned"
    MESSAGES = "messages"
    PAPERS = "papers"
    REVIEW = "review"
    UNCONFIRMED = "unconfirmed"
    UNPLACED = "without-visit"
    TODAY = "today"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One thing to look at, and where it is done."""

    link: str
    title: str
    detail: str = ""
    note: str = ""
    stage: str = ""
    team: str = ""
    code: str = ""
    day: date | None = None
    when: str = ""
    work: Work | None = None


@dataclass
class Around:
    """What the lists are made from; what several need is read once."""

    db: Session
    person: Person
    now: datetime
    day: date

    @property
    def monday(self) -> date:
        """First day of this week."""
        return self.day - timedelta(days=self.day.weekday())

    @property
    def sunday(self) -> date:
        """Last day of this week."""
        return self.monday + timedelta(days=6)

    @cached_property
    def visits(self) -> list[VisitRow]:
        """Visits that stand, from some weeks back until some weeks ahead."""
        return visits_between(
            self.db, self.person, self.day - LOOK_BACK, max(self.sunday, self.day + LOOK_AHEAD)
        )

    @cached_property
    def standings(self) -> list[Standing]:
        """Where the plans of the open stages stand."""
        return open_standings(self.db, self.person, self.day)

    @cached_property
    def runs(self) -> list[RunLine]:
        """Runs that are on, or left something undone."""
        return runs_to_watch(self.db, self.person)

    @cached_property
    def calls(self) -> list[CallTask]:
        """Villages to call."""
        return call_tasks(self.db, self.person, self.now)

    @cached_property
    def returned(self) -> list[ReturnedLine]:
        """Work that was given back."""
        return returned_work(self.db, self.person, self.now)

    @cached_property
    def unplaced(self) -> list[tuple[UnplacedLine, UnplacedRow]]:
        """Villages of open stages that lack a visit, each with its stage."""
        return [
            (stage, row)
            for stage in stages_with_unplaced(self.db, self.person)
            for row in unplaced(self.db, self.person, stage.stage_id)
        ]

    @cached_property
    def put_off(self) -> list[VisitRow]:
        """Postponed visits of villages that still wait for another day, the latest of each."""
        waiting = {
            (stage.stage_id, row.village_code)
            for stage, row in self.unplaced
            if row.ended is Work.POSTPONED
        }
        postponed = VisitFilters(work=Work.POSTPONED)
        latest = {
            (visit.stage_id, visit.village_code): visit
            for stage_id in sorted({stage_id for stage_id, _code in waiting})
            for visit in visits_of_stage(self.db, self.person, stage_id, postponed)
        }
        return [visit for key, visit in latest.items() if key in waiting]


def lines_of(which: Which, around: Around) -> list[DeskLine]:
    """Make one list."""
    return _LISTS[which](around)


def counts(around: Around) -> dict[Which, int]:
    """Count every list."""
    return {which: len(lines_of(which, around)) for which in Which}


def address_of(which: Which) -> str:
    """Where a count leads: to the list, or to the page on which its things are done."""
    if which is Which.MESSAGES:
        return url_for("coordinator.messages")
    return url_for("coordinator.desk_list", which=which.value)


def ways_of(which: Which, around: Around) -> list[tuple[str, str]]:
    """Name what settles many lines of a list at once, and where that is done."""
    match which:
        case Which.AWAY:
            return _replans(_colliding(around))
        case Which.CALLS | Which.UNCONFIRMED:
            stages = {one.visit.stage_id: one.visit.stage for one in around.calls}
            return [
                (
                    url_for("coordinator.ask_villages", stage_id=stage_id),
                    str(_("Links and texts of %(stage)s", stage=stage)),
                )
                for stage_id, stage in sorted(stages.items())
            ]
    return []


def _replans(visits: list[VisitRow]) -> list[tuple[str, str]]:
    """Plan the days anew on which a team is away, for each team and stage."""
    days: dict[tuple[int, int, str], list[date]] = {}
    for visit in visits:
        days.setdefault((visit.stage_id, visit.team_id, visit.team), []).append(visit.day)
    return [
        (
            url_for(
                "coordinator.replan",
                stage_id=stage_id,
                cause=Cause.TEAM_AWAY.value,
                team_id=team_id,
                first=min(several).isoformat(),
                last=max(several).isoformat(),
            ),
            str(_("Plan the days of %(team)s anew", team=team)),
        )
        for (stage_id, team_id, team), several in sorted(days.items())
    ]


def title_of(which: Which) -> str:
    """Name a list."""
    return str(
        {
            Which.PLANS: _("Plans to hand in"),
            Which.FAILED: _("Parts of a plan that failed"),
            Which.REPORTS: _("Reports missing"),
            Which.AWAY: _("Visits while the team is on leave"),
            Which.CALLS: _("Villages to call"),
            Which.RETURNED: _("Returned or postponed"),
            Which.MESSAGES: _("Messages to send"),
            Which.PAPERS: _("Papers out of date"),
            Which.REVIEW: _("Reports to review"),
            Which.UNCONFIRMED: _("Not confirmed this week"),
            Which.UNPLACED: _("Villages without a visit"),
            Which.TODAY: _("Visits today"),
            Which.WEEK: _("Visits this week"),
        }[which]
    )


def _visit_line(visit: VisitRow, note: str = "") -> DeskLine:
    return DeskLine(
        link=url_for("coordinator.visit", visit_id=visit.id),
        title=visit.village,
        detail=f"{visit.district}, {visit.regency}",
        note=note,
        stage=visit.stage,
        team=visit.team,
        code=visit.village_code,
        day=visit.day,
        when=clock(visit.starts_at, visit.zone),
        work=visit.work,
    )


def _today(around: Around) -> list[DeskLine]:
    return [_visit_line(visit) for visit in around.visits if visit.day == around.day]


def _week(around: Around) -> list[DeskLine]:
    week = (visit for visit in around.visits if around.monday <= visit.day <= around.sunday)
    return [_visit_line(visit) for visit in week]


def _unconfirmed(around: Around) -> list[DeskLine]:
    return [
        _visit_line(visit)
        for visit in around.visits
        if around.day <= visit.day <= around.sunday and visit.work in TO_HEAR_OF
    ]


def _reports(around: Around) -> list[DeskLine]:
    passed = (visit for visit in around.visits if visit.day < around.day)
    return [_visit_line(visit) for visit in passed if visit.work in TO_BE_HELD]


def _review(around: Around) -> list[DeskLine]:
    return [
        _visit_line(visit, word(visit.result) if visit.result else "")
        for visit in around.visits
        if visit.work is Work.DONE
    ]


def _colliding(around: Around) -> list[VisitRow]:
    coming = [visit for visit in around.visits if visit.day >= around.day]
    collide = {
        visit_id
        for branch_id in visible_branches(around.db, around.person)
        for visit_id in without_team(around.db, branch_id, coming)
    }
    return [visit for visit in coming if visit.id in collide]


def _away(around: Around) -> list[DeskLine]:
    return [
        _visit_line(visit, str(_("%(team)s is on leave on that day.", team=visit.team)))
        for visit in _colliding(around)
    ]


def _calls(around: Around) -> list[DeskLine]:
    return [_visit_line(task.visit, _why_call(task)) for task in around.calls]


def _why_call(task: CallTask) -> str:
    words = word(task.why)
    if task.since:
        words += ", " + str(_("since %(when)s", when=moment(task.since)))
    return f"{words}: “{task.wish}”" if task.wish else words


def _returned(around: Around) -> list[DeskLine]:
    returned = [_visit_line(line.visit, _why_returned(line)) for line in around.returned]
    return returned + [_visit_line(visit) for visit in around.put_off]


def _why_returned(line: ReturnedLine) -> str:
    words = f"{word(line.visit.work)}: {reason_words(line.reason)}" if line.reason else ""
    if line.filled is None:
        return words
    taken = _("%(village)s has taken its place.", village=line.filled.village)
    return f"{words} {taken}".strip()


def _messages(around: Around) -> list[DeskLine]:
    found = to_send_by_hand(around.db, around.person)
    return [
        DeskLine(
            link=url_for("coordinator.visit", visit_id=one.message.visit_id),
            title=one.told.village,
            detail=one.official.name,
            note=word(one.message.matter),
            code=one.official.village_code,
            day=one.told.day,
        )
        for one in found
    ]


def _papers(around: Around) -> list[DeskLine]:
    return [
        DeskLine(
            link=url_for("coordinator.papers", stage_id=row.stage_id),
            title=row.number or word(row.kind),
            detail=", ".join(filter(None, (word(row.kind), row.village))),
            note=word(row.state),
            team=row.team,
            day=row.first_day,
        )
        for row in outdated(around.db, around.person, around.day)
    ]


def _failed(around: Around) -> list[DeskLine]:
    return [
        DeskLine(
            link=url_for("coordinator.run", run_id=run.run_id),
            title=run.stage,
            note=ngettext(
                "%(num)s part of the plan of %(stage)s failed.",
                "%(num)s parts of the plan of %(stage)s failed.",
                run.dead,
                stage=run.stage,
            ),
            stage=run.stage,
        )
        for run in around.runs
        if run.dead
    ]


def _plans(around: Around) -> list[DeskLine]:
    return [
        DeskLine(
            link=url_for("coordinator.before_handing_in", stage_id=one.stage_id),
            title=one.stage,
            note=note,
            stage=one.stage,
        )
        for one in around.standings
        if (note := _why_hand_in(one))
    ]


def _why_hand_in(standing: Standing) -> str:
    """Say why a plan has to be handed in; empty if it has not."""
    latest = standing.latest
    match standing.stand:
        case Stand.SENT_BACK if latest:
            who = latest.decided_by or "–"
            return str(_("Sent back by %(who)s: “%(reason)s”", who=who, reason=latest.reason))
        case Stand.SUBMITTED if standing.is_overtaken:
            return str(_("The plan has changed since it was handed in."))
        case Stand.DRAFT:
            return str(_("Not handed in yet, so no official is asked."))
        case Stand.CHANGED:
            words = ngettext(
                "%(shown)s proposal is not approved yet.",
                "%(shown)s proposals are not approved yet.",
                standing.proposals,
                shown=number(standing.proposals),
            )
            return str(words)
    return ""


def _unplaced(around: Around) -> list[DeskLine]:
    """List villages that lack a visit, but for those whose visit was given back or put off."""
    told = {(one.visit.stage_id, one.visit.village_code) for one in around.returned}
    told |= {(visit.stage_id, visit.village_code) for visit in around.put_off}
    return [
        DeskLine(
            link=url_for("coordinator.villages_without_visit", stage_id=stage.stage_id),
            title=row.village,
            detail=f"{row.district}, {row.regency}",
            note=word(row.reason) if row.reason else word(row.ended) if row.ended else "",
            stage=stage.stage,
            code=row.village_code,
        )
        for stage, row in around.unplaced
        if (stage.stage_id, row.village_code) not in told
    ]


_LISTS: dict[Which, Callable[[Around], list[DeskLine]]] = {
    Which.PLANS: _plans,
    Which.FAILED: _failed,
    Which.REPORTS: _reports,
    Which.AWAY: _away,
    Which.CALLS: _calls,
    Which.RETURNED: _returned,
    Which.MESSAGES: _messages,
    Which.PAPERS: _papers,
    Which.REVIEW: _review,
    Which.UNCONFIRMED: _unconfirmed,
    Which.UNPLACED: _unplaced,
    Which.TODAY: _today,
    Which.WEEK: _week,
}


def day_words(line: DeskLine) -> str:
    """Write the day and the time of a line."""
    return " ".join(filter(None, (short_date(line.day) if line.day else "", line.when)))
