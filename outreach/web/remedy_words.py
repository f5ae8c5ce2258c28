"""What would give a village without a visit one: in words with its amount, and where it is done."""

from __future__ import annotations

from datetime import date

from flask import url_for
from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from outreach.planning.model import Remedy
from outreach.web.i18n import number
from outreach.web.words import word


def remedy_words(remedy: Remedy | None, amount: int) -> str:
    """Say what would help and how much of it, as it was tried; empty for nothing."""
    if remedy is None:
        return ""
    if remedy is Remedy.ANOTHER_WEEKDAY and amount:
        return str(_("Work on a %(weekday)s too", weekday=weekday_name(amount)))
    return (amount and _counted(remedy, amount)) or str(word(remedy))


def _counted(remedy: Remedy, amount: int) -> str:
    words = ""
    shown = number(amount)
    match remedy:
        case Remedy.LONGER_STAGE:
            words = ngettext(
                "Make the stage %(shown)s working day longer",
                "Make the stage %(shown)s working days longer",
                amount,
                shown=shown,
            )
        case Remedy.ADD_TEAM:
            words = ngettext("Add %(shown)s team", "Add %(shown)s teams", amount, shown=shown)
        case Remedy.LONGER_DAY:
            words = ngettext(
                "Let the team come back %(shown)s minute later",
                "Let the team come back %(shown)s minutes later",
                amount,
                shown=shown,
            )
        case Remedy.BOAT:
            words = ngettext(
                "If there is a boat, the way is %(shown)s minute shorter",
                "If there is a boat, the way is %(shown)s minutes shorter",
                amount,
                shown=shown,
            )
    return words


def weekday_name(iso: int) -> str:
    """Name a weekday by its ISO number."""
    return str(format_date(date(2001, 1, iso), "EEEE"))  # 2001 began on a Monday


def remedy_link(remedy: Remedy | None, village_code: str, stage_id: int, campaign_id: int) -> str:
    """Where the remedy for a village without a visit can be taken; empty for none."""
    match remedy:
        case Remedy.LOCATE_VILLAGE:
            return f"/villages/{village_code}"
        case Remedy.OPEN_A_DAY:
            return url_for("coordinator.closures")
        case Remedy.LONGER_STAGE | Remedy.OVERNIGHT_STAY:
            page = "edit_stage" if remedy is Remedy.LONGER_STAGE else "verdict"
            return url_for(f"coordinator.{page}", stage_id=stage_id)
        case Remedy.NEXT_STAGE:
            return url_for("coordinator.new_stage", campaign_id=campaign_id)
        case Remedy.ADD_TEAM | Remedy.LONGER_DAY | Remedy.ANOTHER_WEEKDAY:
            return "/teams"
        case Remedy.BOAT | None:
            return ""
