"""Sentences of a verdict: what the teams can hold, until when, and what would cure a shortfall."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.planning.cures import CureKind
from outreach.web.i18n import long_date, number, plain_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.campaigns.tables import Stage
    from outreach.planning.cures import Cure
    from outreach.visits.preview import StagePreview, Trial


# A lower quota keeps the first of the choice; where those take so much more time that the plan
# makes many more visits without it, nothing is cured by it.
MOST_FEWER_VISITS = 0.1


@dataclass(frozen=True, slots=True)
class CureLine:
    """What would cure a shortfall, the address that tries it, and how it is done.

    With `values` a button stores them in the stage; without, `link` leads to where it is done.
    """

    words: str
    try_link: str
    done_words: str
    values: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


def verdict_words(told: StagePreview) -> str:
    """Say what a stage with villages and free team-days comes to, and what does not fit."""
    facts = {
        "visits": number(told.villages),
        "slots": number(told.sessions_possible),
        "first": plain_date(told.first_free) if told.first_free else "–",
        "last": plain_date(told.last_free) if told.last_free else "–",
    }
    if told.shortfall:
        words = ngettext(
            "%(visits)s visits, %(slots)s slots between %(first)s and %(last)s:"
            " %(shown)s village would be left without a visit.",
            "%(visits)s visits, %(slots)s slots between %(first)s and %(last)s:"
            " %(shown)s villages would be left without a visit.",
            told.shortfall,
            shown=number(told.shortfall),
            **facts,
        )
    else:
        words = _("%(visits)s visits, %(slots)s slots between %(first)s and %(last)s.", **facts)
    return " ".join(filter(None, (str(words), stay_words(told), _the_rest(told))))


def stay_words(told: StagePreview) -> str:
    """Say how many villages are visited by stays, and what that takes; nothing without any."""
    if not told.by_stay:
        return ""
    days = ngettext(
        "%(shown)s team-day",
        "%(shown)s team-days",
        told.stay_team_days,
        shown=number(told.stay_team_days),
    )
    stays = ngettext(
        "about %(shown)s stay, %(days)s",
        "about %(shown)s stays, %(days)s",
        told.stays,
        shown=number(told.stays),
        days=days,
    )
    words = ngettext(
        "%(shown)s village is visited by staying overnight (%(stays)s).",
        "%(shown)s villages are visited by staying overnight (%(stays)s).",
        told.by_stay,
        shown=number(told.by_stay),
        stays=stays,
    )
    return str(words)


def _the_rest(told: StagePreview) -> str:
    """Say that all fit, or how many no team reaches, whether the others fit or not."""
    if told.all_fit:
        return str(_("All of them fit."))
    if not told.out_of_reach:
        return ""
    words = ngettext(
        "%(shown)s village cannot be visited by any team, not even by staying overnight.",
        "%(shown)s villages cannot be visited by any team, not even by staying overnight.",
        told.out_of_reach,
        shown=number(told.out_of_reach),
    )
    if told.shortfall or told.out_of_reach == told.villages:
        return str(words)
    return f"{words} {_('All others fit.')}"


def pace_words(told: StagePreview) -> str:
    """Say when the last village would be reached; nothing where none can be."""
    if told.last_reached is not None:
        day = long_date(told.last_reached)
        words = str(_("At this pace the last is reached on %(day)s.", day=day))
        return f"{words} {_waiting_words()}" if told.waits_for_few else words
    if told.team_days_needed and told.shortfall:
        return str(_("At this pace it would take more than a year to reach them all."))
    return ""


def _waiting_words() -> str:
    """Say why that takes longer than the team-days needed would."""
    words = _(
        "The last villages are within reach on only some of the team-days, and wait for those."
    )
    return str(words)


def _is_cure(cure: Cure, told: StagePreview) -> bool:
    """Whether a change is worth offering: a lower quota that costs many visits is not."""
    return -cure.villages <= MOST_FEWER_VISITS * told.sessions_possible


def cure_lines(told: StagePreview, stage: Stage) -> list[CureLine]:
    """Say what would cure a shortfall, the cheapest first."""
    # Not the present quota: it may be larger than what there is to plan.
    whole = told.villages + told.villages_kept
    offered = (cure for cure in told.cures if _is_cure(cure, told))
    lines = ((cure, _cure(cure, stage, whole)) for cure in offered)
    return [replace(line, words=f"{line.words} {_costs(cure)}".rstrip()) for cure, line in lines]


def _costs(cure: Cure) -> str:
    """Say what a cure brings and takes; nothing where it takes no team-day more."""
    if cure.kind is CureKind.LOWER_QUOTA:
        return _fewer_words(-cure.villages)
    if cure.team_days <= 0:
        return ""
    words = ngettext(
        "That is about %(shown)s team-day more, and %(villages)s villages more are visited.",
        "That is about %(shown)s team-days more, and %(villages)s villages more are visited.",
        cure.team_days,
        shown=number(cure.team_days),
        villages=number(cure.villages),
    )
    return str(words)


def _fewer_words(fewer: int) -> str:
    """Say that a quota keeps the first of the choice, when those are not the ones that fit best."""
    if fewer <= 0:
        return ""
    words = ngettext(
        "That is about %(shown)s visit fewer than without a lower quota: it keeps the first of the"
        " shortlist, which take more time, while the plan itself takes those that fit.",
        "That is about %(shown)s visits fewer than without a lower quota: it keeps the first of the"
        " shortlist, which take more time, while the plan itself takes those that fit.",
        fewer,
        shown=number(fewer),
    )
    return str(words)


def _cure(cure: Cure, stage: Stage, whole: int) -> CureLine:
    match cure.kind:
        case CureKind.MORE_SESSIONS:
            words = _("One more session a day for every team would hold them all.")
            tried = _try(stage, more_sessions=cure.amount)
            return CureLine(words, tried, _("Change the teams"), link=url_for("teams.teams"))
        case CureKind.LONGER_STAGE:
            ends = cure.until.isoformat() if cure.until else ""
            tried = _try(stage, ends=ends)
            return CureLine(_longer(cure), tried, _("Move the end"), {"ends": ends})
        case CureKind.ADD_TEAMS:
            link = url_for("teams.new_team", branch_id=stage.branch_id)
            tried = _try(stage, more_teams=cure.amount)
            return CureLine(_more_teams(cure.amount), tried, _("Add a team"), link=link)
        case CureKind.LOWER_QUOTA:
            quota = max(1, whole - cure.amount)
            words = ngettext(
                "Leave %(amount)s village to a later stage.",
                "Leave %(amount)s villages to a later stage.",
                cure.amount,
                amount=number(cure.amount),
            )
            done = _("Lower the quota to %(quota)s", quota=number(quota))
            return CureLine(words, _try(stage, quota=quota), done, {"quota": str(quota)})


def _try(stage: Stage, **change: Any) -> str:
    return url_for("coordinator.verdict", stage_id=stage.id, **change)


def _longer(cure: Cure) -> str:
    words = ngettext(
        "%(amount)s more working day would hold them all: the stage would end on %(day)s.",
        "%(amount)s more working days would hold them all: the stage would end on %(day)s.",
        cure.amount,
        amount=number(cure.amount),
        day=long_date(cure.until) if cure.until else "",
    )
    return str(words)


def _more_teams(amount: int) -> str:
    words = ngettext(
        "%(amount)s more team for the whole stage would hold them all.",
        "%(amount)s more teams for the whole stage would hold them all.",
        amount,
        amount=number(amount),
    )
    return str(words)


def trial_words(trial: Trial) -> str:
    """Say what is only tried."""
    tried = []
    if trial.ends is not None:
        tried.append(_("the stage ends on %(day)s", day=long_date(trial.ends)))
    if trial.quota is not None:
        tried.append(_("at most %(quota)s villages", quota=number(trial.quota)))
    if trial.more_sessions:
        tried.append(
            ngettext(
                "%(num)s more session a day for every team",
                "%(num)s more sessions a day for every team",
                trial.more_sessions,
            )
        )
    if trial.more_teams:
        tried.append(ngettext("%(num)s more team", "%(num)s more teams", trial.more_teams))
    return "; ".join(map(str, tried))
