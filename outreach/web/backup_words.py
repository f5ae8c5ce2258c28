"""The words for what spoke against a backup, or a restore that was tried: by page and command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext

from outreach.saying import lazy as _lazy

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What was wrong in the copy: the rules of the data.
RULES = {
    "double_booked_teams": _lazy("teams with two visits in one slot of a day"),
    "doubled_visits": _lazy("villages with two visits in one stage"),
    "reports_without_visit": _lazy("reports without their visit, or of another village"),
    "broken_corrections": _lazy("reports outside their visit's chain of corrections"),
    "status_against_report": _lazy("visits whose status or result is not their report's"),
    "details_do_not_add_up": _lazy("reports whose sign-ups do not add up"),
    "totals_differ": _lazy("figures of the pages that are not the sums of their rows"),
    "visits_without_history": _lazy("visits without a line of history"),
    "status_against_history": _lazy("visits that stand otherwise than their history says"),
    "history_rewritten": _lazy("days whose history was changed after they were closed"),
    "dangling_keys": _lazy("references to rows that are not there"),
    "damaged_file": _lazy("damaged pages of the database file"),
}
_MISSING = _lazy("a program of PostgreSQL is missing or too old")
_LEDGER = _lazy("the ledger of erasures cannot be read")
_NEWER = _lazy("a newer version of Outreach made the file")
#: Why one could not be made or tried; of what else stopped it the command told.
REFUSALS = {
    "no_room": _lazy("no room on the disk"),
    "cannot_write": _lazy("the file cannot be written"),
    "not_ours": _lazy("the file is no backup of Outreach"),
    "damaged": _lazy("the file is damaged"),
    "ledger_unreadable": _LEDGER,
    "ledger_closed": _LEDGER,
    "newer_format": _NEWER,
    "newer_version": _NEWER,
    "no_program": _MISSING,
    "program_too_old": _MISSING,
    "program_failed": _lazy("a program of PostgreSQL failed"),
    "program_may_not": _lazy("it was not called with the address of the database's owner"),
    "no_database_made": _lazy("no database could be made beside the real one"),
    "rows_missing": _lazy("other rows came out than went in"),
}
_BROKE_OFF = _lazy("it broke off; the command told why")
#: Versions before this one did not keep why.
_UNTOLD = _lazy("look at your backups")


def why_words(codes: Iterable[str], file: str) -> str:
    """Say what spoke against it, and in which file if that is known."""
    words = {**RULES, **REFUSALS}
    told = "; ".join(dict.fromkeys(gettext(words.get(one, _BROKE_OFF)) for one in codes))
    told = told or gettext(_UNTOLD)
    return f"{told} ({file})" if file else told
