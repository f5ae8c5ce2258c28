"""SECURITY.md says what the code does: its figures and names are looked up there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import outreach.schema
from outreach.config import ROOT
from outreach.logbook import forgetting, pictures, submission
from outreach.maps import boundary_reading
from outreach.people import api_tokens, devices, enrolment, passwords
from outreach.people.free_text import LONGEST_REMARK
from outreach.people.tables import Role
from outreach.safekeeping import reach
from outreach.sheets import opening
from outreach.web import (
    api,
    api_read,
    auth,
    calendars,
    confirm,
    enrol,
    login_limits,
    openrosa,
)
from outreach.web.floods import PERSON, PLACE
from outreach.web.security_log import Event

if TYPE_CHECKING:
    from flask import Flask

TEXT = (ROOT / "outreach" / "SECURITY.md").read_text(encoding="utf-8")


def line_of(start: str) -> str:
    return next(line for line in TEXT.splitlines() if line.startswith(f"| {start}"))


def first(limit: str) -> str:
    """The number of a limit such as `60 per 15 minutes`, as people read it."""
    return f"{int(limit.split(maxsplit=1)[0]):,}"


def test_the_limits_of_every_way_in_are_the_ones_told() -> None:
    login = line_of("login name")
    assert f"{first(login_limits.FAILURES_PER_NAME)} failures a name" in login
    assert f"{first(login_limits.FAILURES_PER_ADDRESS)} an address" in login
    assert f"{auth.LOGIN_SECONDS[Role.ADMIN] // 3600} hours" in login
    assert f"officials {auth.LOGIN_SECONDS[Role.OFFICIAL] // 86400} days" in login
    code = line_of("code that connects")
    assert f"{first(enrol.WRONG_PER_ADDRESS)} wrong an address" in code
    assert f"{enrol.WRONG_FROM_EVERYWHERE.amount:,} an hour" in code
    assert timedelta(days=int(code.split("|")[3].split()[0])) == enrolment.VALID
    assert f"{first(api.SENDINGS)} sendings" in line_of("a connected phone")
    assert f"{first(openrosa.RIGHT_PER_KEY)} right" in line_of("key of ODK")
    assert f"{first(api_read.READINGS)} readings" in line_of("token of a program")
    assert f"{api_tokens.MOST_DAYS} days" in line_of("token of a program")
    link = line_of("a village's link")
    wrong = (first(confirm.WRONG_PER_ADDRESS), first(calendars.WRONG_PER_ADDRESS))
    assert f"{wrong[0]} and {wrong[1]} wrong" in link


def test_the_limits_of_what_comes_in_are_the_ones_told(app: Flask) -> None:
    assert f"{app.config['MAX_CONTENT_LENGTH'] // 2**20} MB" in line_of("any request")
    sheets = line_of("sheets")
    assert f"{opening.MOST_ROWS:,} rows, {opening.MOST_COLUMNS} columns" in sheets
    assert f"{opening._MOST_UNPACKED_BYTES // 2**20} MB" in sheets
    assert f"{opening._MOST_TIMES_PACKED} times" in sheets
    assert f"{opening._MOST_ENTRIES} parts" in sheets
    assert f"{boundary_reading.MOST_BYTES // 2**20} MB" in line_of("borders")
    drawn = line_of("pictures | JPEG")
    assert f"{pictures.MOST_BYTES // 1024} kB" in drawn
    assert f"{pictures.MOST_PIXELS // 1_000_000} million pixels" in drawn
    assert f"{submission.MOST_BYTES // 1024} kB" in line_of("ODK forms")
    assert f"{LONGEST_REMARK:,} characters" in TEXT
    assert f"{api_tokens.MOST_LIVE} live tokens" in TEXT
    assert f"{enrolment.MOST_AT_ONCE} codes at once" in TEXT


def test_the_shares_of_the_server_are_the_ones_told() -> None:
    for told in (
        f"{PERSON.seconds:.0f} seconds of work saved up (a place {PLACE.seconds:.0f})",
        f"gets {PERSON.per_second} more each second (a place {PLACE.per_second})",
        f"at most {PERSON.at_once} requests in work at once (a place {PLACE.at_once})",
    ):
        assert told in TEXT


def test_passwords_keys_and_times_of_forgetting_are_the_ones_told() -> None:
    assert f"At least {passwords.LEAST_LENGTH} characters" in TEXT
    assert f"{passwords._HASHER.memory_cost // 1024} MiB" in line_of("passwords")
    assert len(devices.new_token()) == 43  # 32 bytes
    kept = line_of("pictures | `evidence`")
    assert f"{forgetting.PICTURES.days} days" in kept
    assert f"{forgetting.PLACES.days} days" in line_of("places and words")


def test_every_table_that_is_named_exists_and_every_role_and_event_is_named() -> None:
    named = re.findall(r"`([a-z_]+)(?:\.[a-z_]+)?`", TEXT.split("## Data and its classes")[1])
    tables = {name for name in named if name in outreach.schema.metadata.tables}
    assert {"official", "account", "device", "evidence", "session_report"} <= tables
    classes = TEXT.split("## Data and its classes")[1].split("##")[0]
    for name in re.findall(r"`([a-z_]+)(?:\.[a-z_]+)?`", classes):
        assert name in outreach.schema.metadata.tables
    for role in Role:
        assert f"| {role.value} |" in TEXT
    logs = TEXT.split("## Logs")[1].split("##")[0]
    for event in Event:
        assert event.value.split()[0].rstrip("ed") in logs, event


def test_what_a_role_is_told_to_see_of_people_is_what_the_breach_list_goes_by() -> None:
    named = {
        "phone": "telephone", "email": "e-mail", "pictures": "picture", "place": "place",
        "remarks": "remark", "members": "member",
    }  # fmt: skip
    for role in Role:
        seen = line_of(role.value).split("|")[2].split("; no ")[0]
        listed = {name for data in reach._SHOWN[role].values() for name in data} & named.keys()
        assert {name for name, word in named.items() if word in seen} == listed, role
