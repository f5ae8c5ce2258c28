"""What the history calls the pages and commands that its lines came from."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from outreach.history.backups import parted
from outreach.history.drills import command_of
from outreach.history.tables import Deed
from outreach.web.backup_words import why_words
from outreach.web.i18n import moment

#: By parts of the rules of addresses; where a rule has several of them, the last one counts.
PAGES = {
    "accounts": _("Accounts"),
    "approvals": _("Approvals"),
    "board": _("Board"),
    "boundaries": _("Borders"),
    "branches": _("Branches"),
    "calendar": _("Calendar"),
    "campaigns": _("Campaigns"),
    "closures": _("Days closed"),
    "data": _("Data"),
    "desk": _("Today"),
    "digest": _("Weekly e-mail"),
    "follow-ups": _("Follow-up"),
    "ledger": _("Sign-up ledger"),
    "map": _("Map"),
    "messages": _("Messages"),
    "my": _("My visits"),
    "officials": _("Officials"),
    "outlook": _("Outlook"),
    "papers": _("Papers"),
    "phone": _("Phones"),
    "phones": _("Phones"),
    "plan": _("Plan"),
    "sponsorships": _("Sponsorships"),
    "stages": _("Stage"),
    "teams": _("Teams"),
    "tokens": _("For programs"),
    "uploads": _("Data"),
    "villages": _("Villages"),
    "visits": _("Visits"),
}


def page_words(page: str, deed: Deed | None = None) -> str:
    """Say where a line came from: a page, with the name of its file if it is one, or a command.

    Empty where there are no words for it: then the deed tells all there is.
    """
    if deed in (Deed.BACKUP_FAILED, Deed.DRILL_FOUND):
        command, why, file = parted(page)
        return f"{command}: {why_words([why], file)}"
    if page.startswith("outreach "):
        return _command_words(page)
    parts = [one for one in page.split("/") if one and "<" not in one]
    words = next((str(PAGES[one]) for one in reversed(parts) if one in PAGES), "")
    file = next((one for one in parts[-1:] if "." in one), "")
    return f"{words}: {file}" if words and file else words


def _command_words(page: str) -> str:
    command, made_at = command_of(page)
    if made_at is None:
        return command
    when = moment(made_at)
    return str(gettext("%(command)s, backup of %(when)s", command=command, when=when))
