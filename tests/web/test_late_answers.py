"""What a village answered too late: on the desk, on the page of its visit, and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.tables import Visit
from tests.web.planned import words_of
from tests.web.test_coordinator_desk import count_of, lines_on
from tests.web.test_phone_answers import answers, item
from tests.web.test_phone_answers import asked_phone as asked_phone  # noqa: PLC0414 - fixtures
from tests.web.test_phone_answers import phone as phone  # noqa: PLC0414 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.asked import Asked
    from tests.web.conftest import Visitor

    type LogIn = Callable[[Role], Visitor]

LATE = "late-answers"
READ = "Read, nothing to do"


def say(phone: Visitor, asked: Asked, answer: str, **other: Any) -> None:
    """Answer to a visit that somebody has changed since the phone saw it."""
    seen = asked.now()
    with unit_of_work(asked.engine) as db:
        db.get_one(Visit, asked.visit_id).version += 1
    told = {"id": asked.visit_id, "version": seen.version}
    (became,) = answers(phone, item(told, answer, **other))
    assert became["outcome"] == "conflict"


def note(client: Visitor, asked: Asked, page: Any) -> Any:
    until = re.search(r'name="until" value="([^"]+)"', page.get_data(as_text=True))
    assert until
    return client.send(f"/visits/{asked.visit_id}/{LATE}", {"until": until[1]})


def test_the_desk_counts_it_and_lists_what_was_said(
    asked_phone: Visitor, asked: Asked, english: LogIn
) -> None:
    client = english(Role.COORDINATOR)
    assert count_of(client.get("/desk"), LATE) == 0
    say(asked_phone, asked, "no", reason="sedang panen")
    desk = client.get("/desk")
    assert "Answers that came too late" in words_of(desk)
    assert count_of(desk, LATE) == 1
    assert lines_on(client, LATE) == [f"/visits/{asked.visit_id}"]
    assert "We cannot “sedang panen”" in words_of(client.get(f"/desk/{LATE}"))


def test_the_page_of_the_visit_says_who_said_what_when_and_why_it_was_not_taken(
    asked_phone: Visitor, asked: Asked, english: LogIn
) -> None:
    place = asked.places()[0]
    say(asked_phone, asked, "another_day", place=place, reason="<b>hajatan</b>")
    page = english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}")
    words = words_of(page)
    assert re.search(r"Another day: \w+, \d+ November 2026, \d\d:\d\d WIB “", words)
    assert "Si official" in words
    assert "The visit had been changed before it came." in words
    assert "&lt;b&gt;hajatan" in page.get_data(as_text=True)


def test_once_it_is_read_it_leaves_the_desk_and_stays_on_the_page(
    asked_phone: Visitor, asked: Asked, english: LogIn
) -> None:
    say(asked_phone, asked, "no", reason="sedang panen")
    client = english(Role.COORDINATOR)
    page = client.get(f"/visits/{asked.visit_id}")
    assert note(client, asked, page).status_code == 303
    assert count_of(client.get("/desk"), LATE) == 0
    assert lines_on(client, LATE) == []
    after = words_of(client.get(f"/visits/{asked.visit_id}"))
    assert "“sedang panen”" in after
    assert READ not in after


def test_a_manager_reads_it_and_notes_nothing(
    asked_phone: Visitor, asked: Asked, english: LogIn
) -> None:
    say(asked_phone, asked, "no", reason="sedang panen")
    manager = english(Role.MANAGER)
    page = words_of(manager.get(f"/visits/{asked.visit_id}"))
    assert "“sedang panen”" in page
    assert READ not in page
    until = {"until": "2026-12-31T00:00:00+00:00"}
    assert manager.send(f"/visits/{asked.visit_id}/{LATE}", until).status_code == 403
    assert count_of(english(Role.COORDINATOR).get("/desk"), LATE) == 1


@pytest.mark.parametrize("until", ["", "yesterday", "2026-12-31T00:00:00"])
def test_without_the_moment_of_the_page_nothing_is_noted(
    asked_phone: Visitor, asked: Asked, english: LogIn, until: str
) -> None:
    say(asked_phone, asked, "no", reason="sedang panen")
    client = english(Role.COORDINATOR)
    assert client.send(f"/visits/{asked.visit_id}/{LATE}", {"until": until}).status_code == 422
    assert count_of(client.get("/desk"), LATE) == 1
