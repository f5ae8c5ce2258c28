"""The words of the ways to villages and of what makes one urgent, by class name and value."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

WAYS_WORDS = {
    "Access": {
        "road": _("By road"),
        "boat": _("By boat"),
        "air": _("By air"),
    },
    "RoadTrouble": {
        "unreachable": _("The road service did not answer"),
        "too_slow": _("The road service answered too slowly"),
        "refused": _("The road service refused the question"),
        "unreadable": _("The road service gave an answer that cannot be used"),
        "elsewhere": _("The road service knows no road between these villages"),
    },
    "Promise": {
        "carried_over": _("an earlier stage chose it and did not reach it"),
        "fell_away": _("it had confirmed a visit that was postponed or given back"),
    },
}
