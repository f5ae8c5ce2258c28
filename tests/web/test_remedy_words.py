"""Every cure is said with the amount that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask_babel import force_locale

from outreach.planning.model import Remedy
from outreach.web.remedy_words import remedy_link, remedy_words

if TYPE_CHECKING:
    from flask import Flask


@pytest.mark.parametrize(
    ("remedy", "amount", "words"),
    [
        (Remedy.LONGER_STAGE, 1, "Make the stage 1 working day longer"),
        (Remedy.LONGER_STAGE, 3, "Make the stage 3 working days longer"),
        (Remedy.ADD_TEAM, 2, "Add 2 teams"),
        (Remedy.LONGER_DAY, 45, "Let the team come back 45 minutes later"),
        (Remedy.ANOTHER_WEEKDAY, 6, "Work on a Saturday too"),
        (Remedy.BOAT, 30, "If there is a boat, the way is 30 minutes shorter"),
        (Remedy.LONGER_STAGE, 0, "Make the stage longer"),
        (Remedy.OPEN_A_DAY, 0, "Open a day for this village"),
        (None, 0, ""),
    ],
)
def test_a_cure_is_said_with_its_amount(
    app: Flask, remedy: Remedy | None, amount: int, words: str
) -> None:
    with app.test_request_context(), force_locale("en"):
        assert remedy_words(remedy, amount) == words


def test_every_cure_has_words_and_leads_somewhere_or_nowhere(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        for remedy in Remedy:
            assert remedy_words(remedy, 1)
            link = remedy_link(remedy, "33.72.01.1001", 1, 1)
            assert bool(link) is (remedy is not Remedy.BOAT)
