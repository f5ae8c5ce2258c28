"""The lists behind the counts of the desk: a count is the length of its list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from flask_babel import ngettext

from outreach.campaigns.tables import GroundKind
from outreach.logbook.disputes import open_disputes
from outreach.messages.outbox import to_send_by_hand
from outreach.visits.calls import CallWhy
from outreach.visits.standing import Stand
from outreach.visits.tables import Work
from outreach.web.closure_words import marks_in_words
from outreach.web.i18n import clock, long_date, number, short_date
from outreach.web.late_words import said_words
from outreach.web.report_words import conflict_words
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from outreach.visits.calls import CallTask
    from outreach.visits.returns import ReturnedLine
    from outreach.visits.rows import VisitRow
    from outreach.visits.standing import Standing
    from outreach.web.desk_around import Around

TO_BE_HELD = (Work.AWAITING, Work.CONFIRMED)


class Which(StrEnum):
    """A list of the desk, by its name in the address; the most pressing first."""

    PLANS = "plans"
    FAILED = "failed-parts"
    REPORTS = "reports-missing"
    AWAY = "team-away"
    CLOSED = "closed-days"
    LATE = "late-answers"
    CALLS = "calls"
    RETURNED = "returned"
    MESSAGES = "messages"
    PAPERS = "papers"
    DISPUTES = "disputes"
    REVIEW = "review"
    AT_ZERO = "at-zero"
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
    visit_id: int | None = None


#: Why a village is called, where it tells more with the day of the last word to it.
_SINCE = {
    CallWhy.UNANSWERED: _lazy("No answer since %(day)s"),
    CallWhy.CALLED_BEFORE: _lazy("Called on %(day)s without success"),
}


def lines_of(which: Which, around: Around) -> list[DeskLine]:
    """Make one list."""
    return _LISTS[which](around)


def counts(around: Around) -> dict[Which, int]:
    """Count every list."""
    return {which: len(lines_of(which, around)) for which in Which}


def title_of(which: Which, day: date | None = None) -> str:
    """Name a list, or what one day of the week holds."""
    if which is Which.WEEK and day:
        return str(_("Visits on %(day)s", day=long_date(day)))
    return str(
        {
            Which.PLANS: _("Plans to hand in"),
            Which.FAILED: _("Parts of a plan that failed"),
            Which.REPORTS: _("Reports missing"),
            Which.AWAY: _("Visits while the team is on leave"),
            Which.CLOSED: _("Visits on closed days"),
            Which.LATE: _("Answers that came too late"),
            Which.CALLS: _("Villages to call"),
            Which.RETURNED: _("Returned or postponed"),
            Which.MESSAGES: _("Messages to send"),
            Which.PAPERS: _("Papers out of date"),
            Which.DISPUTES: _("Two reports differ"),
            Which.REVIEW: _("Reports to review"),
            Which.AT_ZERO: _("Districts or islands without a visit"),
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
        visit_id=visit.id,
    )


def _today(around: Around) -> list[DeskLine]:
    return [_visit_line(visit) for visit in around.visits if visit.day == around.day]


def _week(around: Around) -> list[DeskLine]:
    week = (visit for visit in around.visits if around.monday <= visit.day <= around.sunday)
    return [_visit_line(visit) for visit in week]


def _unconfirmed(around: Around) -> list[DeskLine]:
    return [_visit_line(visit) for visit in around.unconfirmed]


def _reports(around: Around) -> list[DeskLine]:
    passed = (visit for visit in around.visits if visit.day < around.day)
    return [_visit_line(visit) for visit in passed if visit.work in TO_BE_HELD]


def _review(around: Around) -> list[DeskLine]:
    return [
        _visit_line(visit, word(visit.result) if visit.result else "") for visit in around.to_review
    ]


def _disputes(around: Around) -> list[DeskLine]:
    return [
        DeskLine(
            link=url_for("coordinator.dispute", dispute_id=one.id),
            title=one.village,
            detail=one.district,
            note=conflict_words(one.reason),
            stage=one.stage,
            team=one.team,
            code=one.village_code,
            day=one.day,
        )
        for one in open_disputes(around.db, around.person)
    ]


def _away(around: Around) -> list[DeskLine]:
    return [
        _visit_line(visit, str(_("%(team)s is on leave on that day.", team=visit.team)))
        for visit in around.colliding
    ]


def _closed(around: Around) -> list[DeskLine]:
    return [_visit_line(visit, marks_in_words(why)) for visit, why in around.closed]


def _late(around: Around) -> list[DeskLine]:
    return [_visit_line(visit, said_words(late, visit.zone)) for visit, late in around.late]


def _calls(around: Around) -> list[DeskLine]:
    return [_visit_line(task.visit, _why_call(task)) for task in around.calls]


def _why_call(task: CallTask) -> str:
    words = word(task.why)
    if task.since and task.why in _SINCE:
        words = str(_SINCE[task.why]) % {"day": short_date(task.visit.zone.day(task.since))}
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
        for row in around.papers_left
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


def _at_zero(around: Around) -> list[DeskLine]:
    return [
        DeskLine(
            link=url_for("coordinator.omissions", stage_id=one.stage.id),
            title=f"{word(ground.kind)} {ground.name}",
            note=str(_("Nobody has said why it is left out.")),
            stage=one.stage.name,
            code=ground.key if ground.kind is GroundKind.DISTRICT else "",
        )
        for one in around.at_zero
        for ground in one.grounds
    ]


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
    Which.CLOSED: _closed,
    Which.LATE: _late,
    Which.CALLS: _calls,
    Which.RETURNED: _returned,
    Which.MESSAGES: _messages,
    Which.PAPERS: _papers,
    Which.DISPUTES: _disputes,
    Which.REVIEW: _review,
    Which.AT_ZERO: _at_zero,
    Which.UNCONFIRMED: _unconfirmed,
    Which.UNPLACED: _unplaced,
    Which.TODAY: _today,
    Which.WEEK: _week,
}


def day_words(line: DeskLine) -> str:
    """Write the day and the time of a line."""
    return " ".join(filter(None, (short_date(line.day) if line.day else "", line.when)))
