"""Forms come in whole: blanks, lists, lines of a table, all problems at once."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import BaseModel, Field
from werkzeug.datastructures import MultiDict

from outreach.errors import Invalid
from outreach.people.tables import Role
from outreach.web.forms import check, fill, read, refill, version_of


class Line(BaseModel):
    sector: str
    workers: int = Field(ge=1)


class Told(BaseModel):
    name: str
    day: date
    role: Role = Role.OFFICIAL
    quota: int | None = Field(default=None, ge=1)
    remark: str = "none"
    codes: list[str] = []
    weekdays: list[int] | None = None
    lines: list[Line] = []
    is_active: bool = False


GOOD = [("name", " Desa Jaya "), ("day", "2027-01-08")]


def form(*pairs: tuple[str, str]) -> MultiDict[str, str]:
    return MultiDict([*GOOD, *pairs])


def test_blank_fields_take_their_defaults() -> None:
    told = read(Told, form(("quota", ""), ("remark", "  "), ("role", ""), ("codes", "")))
    assert (told.name, told.day) == ("Desa Jaya", date(2027, 1, 8))
    assert (told.quota, told.remark, told.role, told.codes) == (None, "none", Role.OFFICIAL, [])


def test_zero_is_not_blank() -> None:
    with pytest.raises(Invalid) as refused:
        read(Told, form(("quota", "0")))
    assert refused.value.facts["problems"] == {"quota": ["greater_than_equal"]}
    assert refused.value.facts["limits"] == {"quota": {"ge": 1}}


def test_lists_are_whole_and_single_values_are_lists_too() -> None:
    told = read(Told, form(("codes", "33.72"), ("codes", "33.11"), ("weekdays", "5")))
    assert (told.codes, told.weekdays) == (["33.72", "33.11"], [5])


def test_lines_of_a_table_keep_their_order_and_blank_ones_are_none() -> None:
    told = read(
        Told,
        form(
            ("lines.10.sector", "trader"),
            ("lines.10.workers", "2"),
            ("lines.2.sector", "farmer"),
            ("lines.2.workers", "3"),
            ("lines.3.sector", " "),
            ("lines.3.workers", ""),
        ),
    )
    assert [(line.sector, line.workers) for line in told.lines] == [("farmer", 3), ("trader", 2)]


def test_all_problems_come_at_once_by_field() -> None:
    wrong = MultiDict([("day", "yesterday"), ("role", "king"), ("lines.0.workers", "0")])
    with pytest.raises(Invalid) as refused:
        read(Told, wrong)
    problems = refused.value.facts["problems"]
    assert problems == {
        "name": ["missing"],
        "day": ["date_from_datetime_parsing"],
        "role": ["enum"],
        "lines.0.sector": ["missing"],
        "lines.0.workers": ["greater_than_equal"],
    }


def test_fields_of_others_do_not_come_in() -> None:
    assert "is_admin" not in read(Told, form(("is_admin", "1"))).model_dump()


def test_data_of_programs_is_checked_in_the_same_way() -> None:
    with pytest.raises(Invalid) as refused:
        check(Told, {"name": 3, "day": "2027-01-08"})
    assert refused.value.facts["problems"] == {"name": ["string_type"]}


def test_form_shown_again_keeps_what_was_typed(app: object) -> None:
    from flask import Flask

    assert isinstance(app, Flask)
    error = Invalid(problems={"name": ["missing"], "codes.1": ["not_a_regency"]})
    with app.test_request_context():
        again = refill(form(("codes", "x"), ("version", "1")), error, version=2)
    assert again.value("day") == "2027-01-08"
    assert again.value("version") == "2"
    assert again.has("codes", "x")
    assert again.wrong("name")
    assert again.wrong("codes")
    assert not again.wrong("day")
    assert again.trouble


def test_stored_values_fill_a_form() -> None:
    shown = fill(
        day=date(2027, 1, 8), role=Role.ADMIN, codes=["a", "b"], on=True, off=False, no=None
    )
    assert shown.value("day") == "2027-01-08"
    assert shown.has("role", "admin")
    assert shown.has("codes", "b")
    assert shown.has("on", "on")
    assert not shown.has("off", "on")
    assert shown.value("no") == ""


@pytest.mark.parametrize(
    ("text", "version"), [("7", 7), ("", 0), ("x", 0), ("-1", 0), ("9" * 5000, 0)], ids=range(5)
)
def test_version_is_read_or_never_fits(text: str, version: int) -> None:
    assert version_of(MultiDict({"version": text})) == version
