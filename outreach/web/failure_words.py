"""Why work in the background was given up, in words; what was kept of it is for who mends it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

FAILURE_WORDS = {
    "Failure": {
        "worker_lost": _(
            "The process at work on it ended without a word: the machine was short of memory, was "
            "switched off or did not keep up. Try again; if it fails again, tell who looks after "
            "the product."
        ),
        "too_long": _(
            "It had not ended after an hour and was broken off. Try again; if it fails again, tell "
            "who looks after the product."
        ),
        "no_memory": _("The machine was short of memory. Tell who looks after the product."),
        "database": _(
            "The database did not answer. Try again; if it fails again, tell who looks after the "
            "product."
        ),
        "breaks_a_rule": _(
            "The plan breaks a rule and was not saved: no village got a wrong day. Tell who looks "
            "after the product."
        ),
        "fault": _("This is a fault of the product. Tell who looks after it."),
    },
}
