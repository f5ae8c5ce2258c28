"""The words for an answer's status, and for what the database cut short."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from outreach.web.words import SENTENCES

STATUSES = {
    400: _("The request could not be understood."),
    401: SENTENCES["login_required"],
    403: SENTENCES["not_allowed"],
    404: SENTENCES["not_found"],
    405: _("This address cannot be used in this way. Go back and try again from the page."),
    413: _("What was sent is too large. Go back and choose a smaller file."),
    429: _("That was too often in a short time. Please wait a quarter of an hour and try again."),
    500: _("Something went wrong on our side. Nothing was saved; please try again."),
    503: _("The product is not ready at the moment. Please try again in a minute."),
}

#: For the title of the page, which is read out first and stands alone in a list of tabs.
TITLES = {
    400: _("Not understood"),
    401: _("Please log in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible in this way"),
    409: _("Changed in the meantime"),
    413: _("Too large"),
    422: _("Not accepted"),
    429: _("Too often"),
    500: _("A fault on our side"),
    503: _("Not ready at the moment"),
}

_TOO_LONG = _(
    "This took longer than one request may, and was stopped. Nothing was changed. "
    "Try again in a moment; if it happens again, choose a smaller part."
)

#: What PostgreSQL says, by its codes, of what it cut short by the limits that we set it.
CUT_SHORT = {
    "57014": _TOO_LONG,  # statement_timeout
    "25P03": _TOO_LONG,  # idle_in_transaction_session_timeout
    "55P03": _(  # lock_timeout
        "Somebody else is saving just this at the moment. Nothing of yours was changed: "
        "go back and send it once more."
    ),
}


def status_words(status: int) -> str:
    """Say what people are told about an answer's status."""
    return str(STATUSES.get(status, SENTENCES["error"]))


def title_words(status: int) -> str:
    """Say the gist of an answer's status in a few words."""
    return str(TITLES.get(status, _("Something went wrong")))


def cut_short_words(sqlstate: str) -> str:
    """Say that the database cut a request short, or nothing if it did not."""
    return str(CUT_SHORT.get(sqlstate, ""))
