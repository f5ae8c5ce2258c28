"""What is told to a person about their data: a word for every name and every code."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Enum as ChoiceColumn

from outreach.cli import subject_text, subject_words
from outreach.cli.subject_text import CHOICES, in_words
from outreach.history.tables import Deed
from outreach.logbook.answers_in import AnswerItem, _said
from outreach.logbook.answers_late import _NOTED
from outreach.logbook.record import DetailIn, SessionReportIn
from outreach.messages.tables import Matter, MessageState
from outreach.safekeeping import mentions, subject_report
from outreach.schema import metadata
from outreach.visits.tables import Answer
from outreach.web.enum_words import ENUM_WORDS

if TYPE_CHECKING:
    from sqlalchemy import Select

NUMBER = 7


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALE", "en")


def _queries() -> dict[str, Select[Any]]:
    return {**subject_report._of_official(NUMBER), **subject_report._of_account(NUMBER)}


def test_every_column_that_is_told_has_a_word_of_its_own_in_its_line() -> None:
    labels = subject_words.labels()
    for name, query in _queries().items():
        told = query.selected_columns.keys()
        assert not [key for key in told if key not in labels], name
        assert len({labels[key] for key in told}) == len(told), name


def test_every_choice_that_can_stand_in_a_column_has_a_word() -> None:
    columns = [one for query in _queries().values() for one in query.selected_columns]
    kinds = {one.type.enum_class for one in columns if isinstance(one.type, ChoiceColumn)}
    assert {Matter, MessageState} <= kinds
    for kind in {*kinds, *CHOICES.values()}:
        assert kind is not None
        words = ENUM_WORDS[kind.__name__]
        assert [in_words("", one) for one in kind] == [str(words[one.value]) for one in kind]


def test_what_phones_sent_has_words_down_to_its_details() -> None:
    labels = subject_words.labels()
    fields = SessionReportIn.model_fields | DetailIn.model_fields
    place = "1.2026-11-22.1.540"
    wish = {"id": "b" * 32, "visit_id": 1, "version": 1, "answer": "another_day", "reason": "x"}
    said = _said(AnswerItem.model_validate({**wish, "place": place}))
    assert said.keys() == {"answer", "reason", "day", "starts_at"}
    assert {*fields, *said, _NOTED} <= labels.keys()
    for name, field in fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
            assert CHOICES[name] is field.annotation
    assert in_words("content", said) == (
        "(answer: Another day, reason: x, day wished for: 22/11/2026, hour wished for: 09.00)"
    )


def test_every_table_and_column_that_may_name_somebody_has_a_word() -> None:
    tables, columns = subject_words.tables(), subject_words.columns()
    named = {(table.name, column.name) for table, column in mentions._texts()} | {
        (name, key.parent.name)
        for name, table in metadata.tables.items()
        for key in table.foreign_keys
        if key.target_fullname == "account.id"
    }
    assert ("session_report", "remarks") in named
    assert ("account_area", "account_id") in named
    assert not {table for table, _column in named} - tables.keys()
    assert not {column for _table, column in named} - columns.keys()


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("is_active", False, "no"),
        ("has_password", True, "yes"),
        ("held_on", date(2026, 11, 22), "22/11/2026"),
        ("held_at", time(9, 5), "09.05"),
        ("at", datetime(2026, 11, 22, 3, 0, tzinfo=UTC), "22/11/2026 10.00 WIB"),
        ("saved_at", "2026-11-22T03:00:00+00:00", "22/11/2026 10.00 WIB"),
        ("saved_at", "noon", "noon"),
        ("weekday", 1, "Monday"),
        ("deed", "numbers_taken", "Telephone numbers taken along"),
        ("deed", "of_the_next_version", "of_the_next_version"),
        ("answer", Answer.CAN, "We can"),
        ("media_type", "image/png", "PNG"),
        ("error", "refused_550", "The mail server refused it (550)."),
        ("error", "overtaken", "a newer message took its place"),
        ("error", "worker_lost", "it could not be sent (worker_lost)"),
        ("content", {}, ""),
        ("areas", ["33.72", "33.11"], "33.72, 33.11"),
        ("unsent", 0, "0"),
        ("term_ends", None, ""),
    ],
)
def test_a_value_is_written_as_people_write_it(key: str, value: Any, written: str) -> None:
    assert in_words(key, value) == written


def test_a_line_leaves_out_what_is_not_known() -> None:
    told = {"did": [{"id": 1, "at": None, "deed": Deed.LOGIN.value, "page": ""}]}
    text = subject_text.as_text(told, datetime(2026, 11, 22, tzinfo=UTC))
    assert text.endswith("\n- number: 1; what was done: Logged in")
