"""How plans are made: the page that tells a planner what the planner weighs and what it assumes.

Every figure comes from where the planner itself reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import render_template
from flask_babel import gettext as _

from outreach.campaigns.choosing import SIGNUPS_PER_HUNDRED
from outreach.planning.blocks import (
    DAYS_AT_HOME,
    LONGEST_REST_DAYS,
    LONGEST_REST_DAYS_WITH_A_FEAST,
    WORKDAYS_A_REST_DAY,
)
from outreach.planning.hubs import (
    LONGEST_LEG_MINUTES,
    LONGEST_STAY_DAYS,
    LONGEST_STAY_WORKDAYS,
)
from outreach.planning.model import USUAL, Reason, Remedy, Site
from outreach.planning.more_days import EXTENSION_DAYS
from outreach.planning.prices import (
    DROP_TEAM_DAYS,
    DROP_TEAM_DAYS_PER_MEAN_VALUE,
    FEAST_AWAY_PRICE_S,
    NIGHT_PRICE_S,
    SLOT_PRICE_S,
    TEAM_DAY_PRICE_S,
)
from outreach.planning.reasons import LONGEST_EXTRA_MINUTES
from outreach.planning.solver import SOLVER
from outreach.planning.travel import AIR, ASSUMPTIONS, OVERHEAD_MINUTES, Assumption
from outreach.planning.trying import MOST_EXTRA_TEAMS
from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE
from outreach.web.coordinator_pages import READERS, pages
from outreach.web.i18n import number
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

#: On a Friday two sessions fit: one before the prayers, one after.
FRIDAY_SESSIONS = 2


@dataclass(frozen=True, slots=True)
class PaceTold:
    """An assumption about travel as the page tells it."""

    name: str
    speed_km_h: float
    detour: float
    wait_minutes: float
    source: str


@pages.get("/how-plans-are-made")
@allow(*READERS)
def how_plans_are_made() -> ResponseReturnValue:
    """Tell what a plan weighs, keeps, assumes and does not know."""
    return render_template(
        "coordinator/how_plans_are_made.html",
        prices=_prices(),
        paces=[_told(one) for one in ASSUMPTIONS],
        nearer=[_nearer(one) for one in ASSUMPTIONS if one.pace is not AIR],
        reasons=list(Reason),
        remedies=list(Remedy),
        defaults=USUAL,
        session_minutes=Site.__dataclass_fields__["session_minutes"].default,
        overhead_minutes=OVERHEAD_MINUTES,
        prayers=(_clock(PRAYERS_START_MINUTE), _clock(PRAYERS_END_MINUTE)),
        signups_per_hundred=SIGNUPS_PER_HUNDRED,
        longest_stay=LONGEST_STAY_WORKDAYS,
        longest_away=LONGEST_STAY_DAYS,
        longest_rest=LONGEST_REST_DAYS,
        longest_feast=LONGEST_REST_DAYS_WITH_A_FEAST,
        days_at_home=DAYS_AT_HOME,
        work_a_rest_day=WORKDAYS_A_REST_DAY,
        longest_leg_minutes=LONGEST_LEG_MINUTES,
        longest_extra_minutes=LONGEST_EXTRA_MINUTES,
        extension_days=EXTENSION_DAYS,
        most_extra_teams=MOST_EXTRA_TEAMS,
        solver=SOLVER,
    )


def _prices() -> list[dict[str, Any]]:
    """Name what the planner pays for, in hours of travel."""
    least = DROP_TEAM_DAYS * TEAM_DAY_PRICE_S
    usual = least + DROP_TEAM_DAYS_PER_MEAN_VALUE * TEAM_DAY_PRICE_S
    told = [
        (_("An hour on the way"), 3600),
        (_("Room for one session"), SLOT_PRICE_S),
        (_("A team's day on a Friday"), FRIDAY_SESSIONS * SLOT_PRICE_S),
        (_("A night away, where days for a stay are chosen"), NIGHT_PRICE_S),
        (_("A team's full day"), TEAM_DAY_PRICE_S),
        (_("A feast away from home, likewise"), FEAST_AWAY_PRICE_S),
        (_("A village without any value left out"), least),
        (_("A village of mean value left out"), usual),
    ]
    return [
        {"name": name, "value": seconds / 3600, "text": _hours(seconds / 3600)}
        for name, seconds in told
    ]


def _hours(hours: float) -> str:
    return str(_("%(hours)s h", hours=number(hours, 0 if hours == int(hours) else 1)))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}.{minute % 60:02}"


def _told(one: Assumption) -> PaceTold:
    pace = one.pace
    return PaceTold(
        name=pace_names()[one.key],
        speed_km_h=pace.speed_km_h,
        detour=pace.detour,
        wait_minutes=pace.wait_minutes,
        source=pace_sources().get(one.key, _("A round figure for rural roads, not measured")),
    )


def _nearer(one: Assumption) -> dict[str, Any]:
    """Say how fast somebody gets nearer along the straight line; flights would dwarf the rest."""
    speed = one.pace.speed_km_h / one.pace.detour
    text = _("%(speed)s km/h", speed=number(speed))
    return {"name": pace_names()[one.key], "value": speed, "text": text}


def pace_names() -> dict[str, str]:
    """Name every assumption about travel."""
    return {
        "city": _("In a city (kota)"),
        "java": "Jawa",
        "sumatra": "Sumatera",
        "bali": "Bali",
        "nusa_tenggara": "Nusa Tenggara",
        "kalimantan": "Kalimantan",
        "sulawesi": "Sulawesi",
        "maluku": "Maluku",
        "papua": "Papua",
        "boat": _("By boat"),
        "air": _("By air"),
    }


def pace_sources() -> dict[str, str]:
    """Say on what the assumptions stand that are no figures for rural roads."""
    return {
        "city": _("A round figure for city traffic, not measured"),
        "boat": _("12 knots: a ferry or a laden wooden boat; the wait is assumed"),
        "air": _(
            "Cessna Caravan, cruise 280 km/h (Mission Aviation Fellowship, Papua New Guinea), less"
            " climb and valleys; the wait is assumed"
        ),
    }
