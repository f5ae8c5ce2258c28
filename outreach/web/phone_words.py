"""What the phone's screens are made with: lists to choose from, limits, and words for problems."""

from __future__ import annotations

from typing import Any

from outreach.logbook.record import MOST_PEOPLE, OLDEST, Met
from outreach.logbook.tables import Package, Payer, Sector
from outreach.web.confirm import usual_reasons
from outreach.web.words import problem_words

#: How long sessions take, to tap; another length comes with what is corrected.
LENGTHS = (30, 60, 90, 120, 180)

#: Problems that phone/checks.js can find, with the limits that their words tell.
PROBLEMS: dict[str, dict[str, Any]] = {
    "missing": {},
    "int_parsing": {},
    "less_than_equal": {"le": MOST_PEOPLE},
    "in_the_future": {},
    "too_long_ago": {},
    "nobody_was_there": {},
    "details_do_not_add_up": {},
    "more_paid_than_signups": {},
    "identity_number": {},
    "unreadable_text": {},
}
#: How long texts may be, by the field that holds them.
LONGEST = {"place": 200, "remarks": 1000, "wish": 1000, "reason": 1000}


def screen_words() -> dict[str, Any]:
    """Give the templates of the phone's screens what they show, in the reader's language."""
    problems = {code: problem_words(code, limits) for code, limits in PROBLEMS.items()}
    for field, most in LONGEST.items():
        too_long = problem_words("string_too_long", {"max_length": most})
        problems[f"{field}.string_too_long"] = too_long
    return {
        "met": list(Met),
        "sectors": list(Sector),
        "packages": list(Package),
        "payers": list(Payer),
        "lengths": LENGTHS,
        "reasons": usual_reasons(),
        "most_people": MOST_PEOPLE,
        "most_days": OLDEST.days,
        "problems": problems,
    }
