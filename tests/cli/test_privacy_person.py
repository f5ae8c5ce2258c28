"""Whom a command about people's data is about: named in one way, told before anything is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.cli import privacy_words
from outreach.db import unit_of_work
from outreach.people.tables import Official
from outreach.safekeeping.erasing import STEPS
from outreach.safekeeping.retaining import RULES
from tests.cli.test_privacy import (
    installation,
    postgres_season,
    programs,
    season,
    somebody,
    sqlite_season,
)
from tests.safekeeping.person import EMAIL, LOGIN, NAME, PHONE
from tests.safekeeping.season import everything

if TYPE_CHECKING:
    from tests.safekeeping.conftest import Installation
    from tests.safekeeping.person import Somebody

__all__ = ["installation", "postgres_season", "programs", "season", "somebody", "sqlite_season"]

#: What no database is asked about.
ON_SQLITE = pytest.mark.parametrize("season", ["sqlite"], indirect=True)
OF_CONTACT = ("--village", "33.72.01.1001", "--phone", PHONE)


@ON_SQLITE
@pytest.mark.parametrize("command", [("report",), ("erase", "--yes"), ("erase", "--dry-run")])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((LOGIN, "--official", "1"), f"({LOGIN}, --official 1)"),
        (("", "--official", "1"), '("", --official 1)'),
        (("--official", "1", "--village", "33.72.01.1001"), "(--official 1, --village)"),
        ((LOGIN, *OF_CONTACT), f"({LOGIN}, --village --phone)"),
        (("--official", "1", "--email", ""), "(--official 1, --email)"),
        ((*OF_CONTACT, "--email", EMAIL), "Name --phone or --email, not both."),
        (("--phone", PHONE), "or --village CODE with --phone or --email"),
        (("--village", "33.72.01.1001"), "or --village CODE with --phone or --email"),
    ],
)
def test_who_is_named_in_two_ways_or_by_half_is_not_guessed_at(
    installation: Installation,
    somebody: Somebody,
    command: tuple[str, ...],
    words: tuple[str, ...],
    told: str,
) -> None:
    before = everything(installation.engine)
    done = installation.call("privacy", *command, *words)
    assert (done.exit_code, told in done.output) == (2, True), done.output
    assert NAME not in done.output
    assert everything(installation.engine) == before


@ON_SQLITE
@pytest.mark.parametrize(
    ("village", "contact", "told"),
    [
        ("33.72.01.9", ("--phone", PHONE), "--village is no code of a village"),
        ("33.72.01", ("--phone", PHONE), "--village is no code of a village"),
        ("", ("--phone", PHONE), "--village is no code of a village"),
        ("33.72.01.1001", ("--phone", "0812"), "--phone is no Indonesian telephone number"),
        ("33.72.01.1001", ("--phone", ""), "--phone is no Indonesian telephone number"),
        ("33.72.01.1001", ("--email", "kenari"), "--email is no e-mail address"),
        ("33.72.01.1001", ("--email", " "), "--email is no e-mail address"),
    ],
)
def test_it_is_said_what_of_village_number_and_address_cannot_be_read(
    installation: Installation,
    somebody: Somebody,
    village: str,
    contact: tuple[str, str],
    told: str,
) -> None:
    """Who has no number is not found by an empty one."""
    with unit_of_work(installation.engine) as db:
        db.get_one(Official, somebody.other_id).phone = ""
    done = installation.call("privacy", "report", "--village", village, *contact)
    assert (done.exit_code, told in done.output) == (2, True), done.output


def test_who_is_to_be_erased_is_told_with_their_office(installation: Installation) -> None:
    done = installation.call("privacy", "erase", "koordinator", "--dry-run")
    assert "Account koordinator: " in done.output
    assert ", Field coordinator, Surakarta" in done.output


@ON_SQLITE
def test_what_goes_is_told_in_one_and_in_many(installation: Installation) -> None:
    one, many = (privacy_words._erased_kinds(dict.fromkeys(STEPS, count)) for count in (1, 2))
    assert (one["official"], many["devices"]) == (
        "official: name, position, telephone, e-mail, term",
        "phones, cut off and without a name",
    )
    assert not set(one.values()) & set(many.values())
    one, many = (privacy_words._retained_kinds(dict.fromkeys(RULES, count)) for count in (1, 2))
    assert not set(one.values()) & set(many.values())
