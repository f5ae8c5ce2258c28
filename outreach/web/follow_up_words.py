"""What the follow-up lists say: each rule with its thresholds, each village with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.progress.follow_up import LEAST_VILLAGES, FollowUp
from outreach.web.i18n import number, plain_date
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.progress.follow_up import Case, Rules


def rule_words(kind: FollowUp, rules: Rules) -> str:
    """Say by which rule a list is made, with its thresholds."""
    match kind:
        case FollowUp.LOW_CONVERSION:
            return str(
                _(
                    "Sessions met at least %(people)s people, and of a hundred met fewer than"
                    " %(percent)s %% of the branch's median signed up.",
                    people=rules.least_people,
                    percent=rules.conversion_percent,
                )
            )
        case FollowUp.PROMISED:
            return str(
                _(
                    "A visit that was confirmed or put off was never held, its day was at least"
                    " %(days)s days ago, and none has taken its place.",
                    days=rules.lapsed_days,
                )
            )
        case FollowUp.UNPAID:
            return str(
                _(
                    "At least %(signups)s signed up, the last session was at least %(days)s days"
                    " ago, and nobody is known to have paid, though somebody has counted.",
                    signups=rules.least_signups,
                    days=rules.unpaid_days,
                )
            )
        case FollowUp.STOPPED_PAYING:
            return str(
                _(
                    "At least %(signups)s paid first by the ledger, and when they were counted last"
                    " fewer than %(percent)s %% of them still did.",
                    signups=rules.least_signups,
                    percent=rules.kept_percent,
                )
            )
        case FollowUp.SPONSOR_ENDING:
            return str(
                _(
                    "Workers of the village are paid for by a sponsor whose term is about to end"
                    " and is not renewed."
                )
            )


def unknown_words(kind: FollowUp, unknown: int) -> str:
    """Say which villages a rule could not judge, if there are any."""
    if not unknown:
        return ""
    if kind is FollowUp.LOW_CONVERSION:
        return str(
            _(
                "Not judged: %(count)s villages of branches with fewer than %(least)s such"
                " villages, too few for a median.",
                count=number(unknown),
                least=LEAST_VILLAGES,
            )
        )
    return str(
        _(
            "Not judged: %(count)s villages of which nobody has told whether anybody paid.",
            count=number(unknown),
        )
    )


def case_words(kind: FollowUp, case: Case) -> str:
    """Tell the figures that put a village on a list."""
    return _TOLD[kind](case)


def _low_conversion(case: Case) -> str:
    return str(
        _(
            "%(signups)s sign-ups of %(people)s people met: %(rate)s in a hundred, usual in the"
            " branch %(usual)s; last session %(day)s",
            signups=number(case.signups or 0),
            people=number(case.people or 0),
            rate=number(case.rate or 0, 1),
            usual=number(case.usual or 0, 1),
            day=_day(case),
        )
    )


def _promised(case: Case) -> str:
    what = word(case.work) if case.work else ""
    return str(_("%(what)s, was to be on %(day)s", what=what, day=_day(case)))


def _unpaid(case: Case) -> str:
    return str(
        _(
            "%(signups)s sign-ups, none has paid; last session %(day)s",
            signups=number(case.signups or 0),
            day=_day(case),
        )
    )


def _stopped_paying(case: Case) -> str:
    return str(
        _(
            "%(still)s of %(paid)s who paid first still pay, counted %(day)s",
            still=number(case.still_paid or 0),
            paid=number(case.paid or 0),
            day=_day(case),
        )
    )


def at_stake_words(case: Case) -> str:
    """Say how many sponsored workers are at stake in a village: an estimate, in whole people."""
    count = round(case.at_stake or 0)
    if count < 1:
        return str(_("fewer than one worker"))
    told = ngettext("about %(count)s worker", "about %(count)s workers", count, count=number(count))
    return str(told)


def _sponsor_ending(case: Case) -> str:
    return str(
        _(
            "%(workers)s (estimate), paid by %(sponsors)s until %(day)s",
            workers=at_stake_words(case),
            sponsors=", ".join(case.sponsors),
            day=plain_date(case.ends) if case.ends else "–",
        )
    )


def _day(case: Case) -> str:
    return plain_date(case.day) if case.day else "–"


_TOLD: dict[FollowUp, Callable[[Case], str]] = {
    FollowUp.LOW_CONVERSION: _low_conversion,
    FollowUp.PROMISED: _promised,
    FollowUp.UNPAID: _unpaid,
    FollowUp.STOPPED_PAYING: _stopped_paying,
    FollowUp.SPONSOR_ENDING: _sponsor_ending,
}
