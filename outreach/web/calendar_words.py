"""The words of the screens for the village calendar: its enums and its problems."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from outreach.villages.marks import DayState

CALENDAR_PROBLEMS = {
    "weight_needed": _("Say how many minutes of travel it is worth to avoid such a day."),
    "sunday_not_worked": _(
        "Sundays are not worked here. Lift that first in the village calendar, under What counts."
    ),
    "month_needed": _("Choose at least one month."),
    "weekday_needed": _("Choose at least one weekday."),
    "both_hours_needed": _("Give both hours or none."),
    "far_from_computed": _("This is more than ten days from the computed date. Please check it."),
}

#: A day's state is told by shape, colour and text.
SHAPES = {
    DayState.OPEN: "○",
    DayState.HOURS: "◐",
    DayState.AVOIDED: "△",
    DayState.SHUT: "✕",
}

CALENDAR_WORDS = {
    "ClosedKind": {
        "sunday": _("Sunday"),
        "not_a_working_weekday": _("Not a working day of the team"),
        "holiday": _("Public holiday"),
        "extra": _("Closed by the branch"),
        "leave": _("Leave"),
        "stay": _("On the way to a stay overnight, or back"),
        "stay_wait": _("Waiting at the place of a stay overnight"),
        "stay_rest": _("Day off during a stay overnight"),
    },
    "DayState": {
        "open": _("Open for a session"),
        "hours": _("Open at some hours"),
        "avoided": _("Better avoided"),
        "shut": _("No session possible"),
    },
    "CalendarLayer": {
        "holiday": _("Public holiday"),
        "joint_leave": _("Joint leave"),
        "ramadan": _("Ramadan"),
        "islamic_feast": _("Islamic feasts"),
        "friday": _("Friday prayers, 11:30 to 13:30"),
        "sunday": _("Sunday"),
        "nyepi": _("Nyepi"),
        "galungan": _("Galungan and Kuningan"),
        "market": _("Market days"),
        "planting": _("Planting"),
        "harvest": _("Harvest"),
        "election": _("Election"),
        "feast": _("Village feasts"),
        "flood": _("Flood"),
        "monsoon": _("Rough sea or wet road"),
        "office_hours": _("Hours of the village office"),
        "other": _("Other closed periods"),
    },
    "Effect": {
        "off": _("Does not count"),
        "soft": _("Better avoided"),
        "hard": _("No session"),
    },
    "Feast": {
        "ramadan": _("Ramadan"),
        "idul_fitri": _("Idul Fitri"),
        "idul_adha": _("Idul Adha"),
        "hijri_new_year": _("Islamic New Year"),
        "maulid": _("Birthday of the Prophet"),
        "isra_miraj": _("Isra Mikraj"),
        "nyepi": _("Nyepi"),
        "galungan": _("Galungan"),
        "kuningan": _("Kuningan"),
    },
}
