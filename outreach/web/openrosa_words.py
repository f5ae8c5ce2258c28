"""What ODK Collect shows its official of our answers, and by which number it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from outreach.errors import Invalid, NotFound, NotInOffice
from outreach.logbook.sync import Outcome
from outreach.logbook.xlsform import form
from outreach.web.report_words import conflict_words
from outreach.web.status_words import status_words
from outreach.web.words import CONFLICTS, problem_words, problems_in_words, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.logbook.sync import Answer
    from outreach.logbook.tables import EvidenceKind

#: 201 and 202 make the phone forget a form: it is stored, or kept for a person to look at.
STATUS = {
    Outcome.ACCEPTED: 201,
    Outcome.DUPLICATE: 201,
    Outcome.HELD: 202,
    Outcome.CONFLICT: 202,
}


def answer_words(answer: Answer) -> str:
    """Say what became of a report."""
    words: dict[Outcome, str] = {
        Outcome.ACCEPTED: _("The report is stored."),
        Outcome.DUPLICATE: _("The report is stored."),
        Outcome.HELD: _("Your correction is kept. It counts as soon as the first report has come."),
        Outcome.CONFLICT: _("Your branch keeps this report and will look at it. Nothing is lost."),
    }
    if answer.outcome not in words:
        return _refusal(answer)
    more = _("Receipt: %(code)s.", code=answer.receipt) if answer.receipt else ""
    why = conflict_words(answer.reason) if answer.outcome is Outcome.CONFLICT else ""
    return f"{words[answer.outcome]} {more or why}".strip()


def _refusal(answer: Answer) -> str:
    if answer.reason == "not_found":
        return str(
            _(
                "This visit does not belong to your village, or it is not there any more. Ask your"
                " branch; the form stays on this phone."
            )
        )
    labels = {row["name"]: row["label"] for row in _questions() if "label" in row}
    told = [
        f"{labels.get(field.partition('.')[0], field)}: {problem_words(code)}"
        for field, codes in answer.problems.items()
        for code in codes
    ]
    return _dead_end(" ".join(told) or status_words(400))


def _dead_end(why: str) -> str:
    """Say what to do with a form that no later try will bring through."""
    words = _(
        "The report was not taken. %(why)s Fill in a new form with this put right, and delete this"
        " one on the phone.",
        why=why,
    )
    return str(words)


def _questions() -> list[dict[str, str]]:
    return form(with_photo=True)["survey"]


def picture_words(told: Mapping[EvidenceKind, str]) -> str:
    """Say which pictures wait with their report, and which were not kept and why."""
    return "".join(f" {_picture(word(kind), code)}" for kind, code in told.items())


def _picture(name: str, code: str) -> str:
    if code == "waits":
        return str(_("%(picture)s is kept with it.", picture=name))
    return str(_("%(picture)s is not kept: %(why)s", picture=name, why=_picture_problem(code)))


def _picture_problem(code: str) -> str:
    if code == "report_set_aside":
        return str(_("Your branch has set aside the report that this belongs to."))
    return str(CONFLICTS[code]) if code in CONFLICTS else problem_words(code)


def error_words(error: Exception, status: int) -> str:
    """Say what went wrong before a report could be looked at."""
    if isinstance(error, NotFound):
        words = _(
            "This key is not valid any more. Ask your branch for a new QR code and scan it; what"
            " you have filled in stays on this phone."
        )
        return str(words)
    if isinstance(error, NotInOffice):
        words = _(
            "In our list you are not in office. Ask your branch to renew your term; what you have"
            " filled in stays on this phone and can be sent then."
        )
        return str(words)
    if isinstance(error, Invalid):
        told = [text for texts in problems_in_words(error).values() for text in texts]
        return _dead_end(" ".join(told))
    return status_words(status)
