"""What became of what a phone sent, in JSON with words for its owner: of all kinds in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _

from outreach.logbook.taking import Outcome
from outreach.web.report_words import kept_words
from outreach.web.words import SENTENCES, problem_words, word

if TYPE_CHECKING:
    from outreach.logbook.taking import Answer

#: Why an item was kept back or refused, where no rule of a field says it.
_WHY = {
    "waits_for_its_report": _("Its report has not arrived yet. The phone keeps it and sends it."),
    "report_set_aside": _("Your branch has set aside the report that this belongs to."),
}


def told(answer: Answer) -> dict[str, Any]:
    """Write what became of a report, an answer or a picture."""
    return {
        "id": answer.id,
        "outcome": answer.outcome.value,
        "message": _message(answer),
        "reason": answer.reason,
        "problems": answer.problems,
        "words": {
            field: [problem_words(code) for code in codes]
            for field, codes in answer.problems.items()
        },
        "receipt": answer.receipt,
        "stored_as": answer.stored_as,
    }


def _message(answer: Answer) -> str:
    if answer.outcome is Outcome.CONFLICT:
        return kept_words(answer.reason) or str(SENTENCES["conflict"])
    if answer.problems:
        codes = dict.fromkeys(code for several in answer.problems.values() for code in several)
        return " ".join(problem_words(code) for code in codes)
    return str(_WHY.get(answer.reason) or SENTENCES.get(answer.reason) or word(answer.outcome))
