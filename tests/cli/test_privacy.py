"""People's data by command: what is told, what is asked first, which files are written."""

from __future__ import annotations

import csv
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlmodel import col

from outreach.cli import main, privacy_words
from outreach.cli.subject_words import labels
from outreach.db import reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed, Event
from outreach.messages.tables import Message
from outreach.people.tables import Official, Role
from outreach.safekeeping import erasing, reach, retaining
from outreach.safekeeping.erasures import LEDGER, read
from outreach.safekeeping.subject import ERASED
from tests.builders import account
from tests.field import NOW
from tests.safekeeping.conftest import (
    installation,
    postgres_season,
    programs,
    season,
    sqlite_season,
)
from tests.safekeeping.person import (
    EMAIL,
    LOGIN,
    NAME,
    PHONE,
    TRACES,
    WROTE,
    Somebody,
    settle,
    told_of_them,
)
from tests.safekeeping.season import everything

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tests.safekeeping.conftest import Installation

__all__ = ["installation", "postgres_season", "programs", "season", "sqlite_season"]


@pytest.fixture
def somebody(installation: Installation) -> Somebody:
    return settle(installation.engine, installation.field)


def test_a_report_tells_all_of_one_person_and_nothing_of_another(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, out = installation, tmp_path / "report.json"
    done = at.call("privacy", "report", LOGIN, "--out", str(out))
    assert done.exit_code == 0, done.output
    for told in (NAME, PHONE, EMAIL, LOGIN, WROTE, "HP Kenari", "Dasbor Kenari", "three times 24"):
        assert told in done.output
    held = json.loads(out.read_text())["held"]
    assert held["official"][0]["phone"] == PHONE
    assert held["reports"][0]["remarks"] == WROTE
    assert held["events"][0]["reason"] == "tidak diangkat"
    lengths = {name: len(rows) for name, rows in held.items()}
    assert lengths == {
        "official": 1, "enrolments": 1, "messages": 1, "links": 0, "account": 1, "areas": 1,
        "devices": 1, "tokens": 1, "digest": 1, "views": 1, "reports": 1, "disputed": 1,
        "held": 1, "answers": 1, "pictures": 2, "waiting_pictures": 1, "events": 1, "uploads": 0,
        "did": 0, "done": 0, "numbers_shown": 0,
        "acts": lengths["acts"], "mentions": lengths["mentions"],
    }  # fmt: skip
    assert {"table": "session_report", "column": "reported_by", "rows": 1} in held["acts"]
    assert "upload" in {one["table"] for one in held["mentions"]}
    for others in ("Orang Sebelah", "81200000001", "koordinator", "Tim A", "orang-lain"):
        assert others not in done.output
        assert others not in out.read_text()
    assert not {"password_hash", "token_hash", "stamp"} & set(out.read_text().split('"'))
    assert out.stat().st_mode & 0o777 == 0o600
    again = at.call("privacy", "report", LOGIN, "--out", str(out))
    assert (again.exit_code, "nothing is written over" in again.output) == (1, True)


def test_a_report_tells_who_got_their_number_and_what_was_done_to_them(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, out = installation, tmp_path / "report.json"
    _write_history(at, somebody)
    done = at.call("privacy", "report", LOGIN, "--out", str(out))
    assert done.exit_code == 0, done.output
    held = json.loads(out.read_text())["held"]
    assert [one["deed"] for one in held["did"]] == ["login"]
    assert [one["deed"] for one in held["done"]] == [
        "official_added", "account_changed", "phone_cut_off",
    ]  # fmt: skip
    shown = held["numbers_shown"]
    assert [one["region"] for one in shown] == [somebody.village, somebody.village[:8]]
    assert {(one["role"], one["branch"], one["page"]) for one in shown} == {
        ("coordinator", "Surakarta", "/officials")
    }
    assert "Telephone numbers taken along; page or command: /officials" in done.output
    assert {name for rows in held.values() for row in rows for name in row} <= labels().keys()
    told = done.output.rpartition("==> ")[0]
    assert re.findall("[a-z]+_[a-z_]+", told) == []  # no name of a column, no code
    # By role and branch: whoever it was is a person too.
    assert "koordinator" not in done.output.casefold()
    assert "koordinator" not in out.read_text().casefold()


def test_a_report_tells_who_got_their_number_where_they_were_then(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, out, there = installation, tmp_path / "report.json", "33.72.01.1003"
    by = at.field.coordinator.account_id
    with unit_of_work(at.engine) as db:
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[somebody.village])
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[there])  # not yet
        moved = Deed.OFFICIAL_CHANGED
        record(db, moved, at=NOW, about=somebody.official_id, regions=[somebody.village])
        db.get_one(Official, somebody.official_id).village_code = there
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[somebody.village])  # not any more
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[there])
    assert at.call("privacy", "report", LOGIN, "--out", str(out)).exit_code == 0
    shown = json.loads(out.read_text())["held"]["numbers_shown"]
    with reading(at.engine) as db:
        first = db.scalars(select(func.min(Event.id))).one()
    told = [(one["id"] - first, one["region"]) for one in shown]
    assert told == [(0, somebody.village), (4, there)]


def test_who_has_no_account_did_nothing_of_what_nobody_known_did(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, out = installation, tmp_path / "report.json"
    with unit_of_work(at.engine) as db:
        assert db.get_one(Official, somebody.other_id).account_id is None
        record(db, Deed.OFFICIAL_ADDED, at=NOW, about=somebody.other_id)
        for deed in (Deed.LOGIN_FAILED, Deed.DRILL_HELD, Deed.PASSWORD_CHANGED, Deed.CODE_GIVEN):
            record(db, deed, at=NOW)
    done = at.call("privacy", "report", "--official", str(somebody.other_id), "--out", str(out))
    assert done.exit_code == 0, done.output
    held = json.loads(out.read_text())["held"]
    assert (held["did"], [one["deed"] for one in held["done"]]) == ([], ["official_added"])
    assert held["events"] == []
    # Nor does an account without an entry own what was done to no entry in particular.
    alone = at.call("privacy", "report", "koordinator", "--out", str(tmp_path / "b"))
    assert alone.exit_code == 0, alone.output
    assert "Code for a phone given" not in alone.output


def _write_history(at: Installation, somebody: Somebody) -> None:
    """Let lines be told of them, of the one beside them, and of numbers near and far."""
    village, coordinator = somebody.village, at.field.coordinator.account_id
    many = [f"{village[:8]}.{number}" for number in range(1001, 1102)]
    told: list[tuple[Deed, int | None, int | None, Collection[str]]] = [
        (Deed.NUMBERS_SEEN, coordinator, None, [village]),  # before they were there
        (Deed.OFFICIAL_ADDED, coordinator, somebody.official_id, ()),
        (Deed.OFFICIAL_ADDED, coordinator, somebody.other_id, ()),
        (Deed.ACCOUNT_CHANGED, None, somebody.account_id, ()),
        (Deed.TEAM_CHANGED, coordinator, somebody.account_id, ()),
        (Deed.LOGIN, somebody.account_id, None, ()),
        (Deed.LOGIN, coordinator, None, ()),
        (Deed.PHONE_CUT_OFF, coordinator, somebody.device_id, ()),
        (Deed.NUMBERS_SEEN, coordinator, None, [village, at.field.codes[1]]),
        (Deed.NUMBERS_SEEN, coordinator, None, [at.field.codes[1]]),
        (Deed.NUMBERS_TAKEN, coordinator, None, many),
    ]
    with unit_of_work(at.engine) as db:
        for deed, by, about, villages in told:
            record(db, deed, at=NOW, by=by, about=about, villages=villages, page="/officials")


def test_a_person_is_found_by_village_and_number_as_people_write_them(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    code = somebody.village.replace(".", "")
    for contact in (("--phone", "0813-9876-5432"), ("--email", EMAIL)):
        done = at.call("privacy", "report", "--village", code, *contact)
        assert (done.exit_code, NAME in done.output) == (0, True)
    with unit_of_work(at.engine) as db:
        db.get_one(Official, somebody.other_id).phone = PHONE
    both = at.call("privacy", "report", "--village", code, "--phone", PHONE)
    assert both.exit_code == 1
    assert f"--official {somebody.official_id}, {somebody.other_id}" in both.output
    for words, code_ in ((("nobody",), 1), ((), 2), (("--village", "x", "--phone", "y"), 2)):
        wrong = at.call("privacy", "report", *words)
        assert wrong.exit_code == code_, wrong.output
        assert "Traceback" not in wrong.output


def test_erasing_asks_first_and_a_dry_run_changes_nothing(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    before = everything(at.engine)
    dry = at.call("privacy", "erase", LOGIN, "--dry-run")
    assert (dry.exit_code, "This would be erased" in dry.output) == (0, True)
    refused = at.call("privacy", "erase", LOGIN)
    assert (refused.exit_code, "Erase this for good?" in refused.output) == (1, True)
    assert everything(at.engine) == before
    assert not (at.folder / LEDGER).exists()
    who = f"Official {somebody.official_id}: {NAME}, Kepala Desa, Pajang ({somebody.village})"
    for told in (who, f"Account {LOGIN}: {NAME}, Village official"):
        assert told in dry.output
        assert told in refused.output
    assert PHONE not in dry.output
    assert EMAIL not in dry.output


def test_erased_for_good_by_command(installation: Installation, somebody: Somebody) -> None:
    at = installation
    line = told_of_them(at.engine, somebody)
    assert at.call("backup", "make", str(at.file)).exit_code == 0
    done = at.call("privacy", "erase", LOGIN, "--yes")
    assert done.exit_code == 0, done.output
    assert "1  phone, cut off" in done.output
    assert "1  official: name" in done.output
    assert not any(trace in done.output.casefold() for trace in TRACES)
    assert f"in “reason” of the history of visits, number {line}\n" in done.output
    assert len(read(at.folder)) == 1
    assert at.call("database", "check").exit_code == 0
    twice = at.call("privacy", "erase", "--official", str(somebody.official_id), "--yes")
    assert (twice.exit_code, "Nothing is left to erase" in twice.output) == (0, True)
    assert len(read(at.folder)) == 1
    assert at.call("privacy", "erase", LOGIN, "--yes").exit_code == 1
    back = at.call("backup", "restore", "--replace", str(at.file))
    assert back.exit_code == 0, back.output
    assert "erased again: 1" in back.output
    with reading(at.engine) as db:
        assert db.get_one(Official, somebody.official_id).name == ERASED


def test_the_last_administrator_is_not_erased(installation: Installation) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        last = account(db, Role.ADMIN, "admin.satu-satunya").login
    refused = at.call("privacy", "erase", last, "--yes")
    assert refused.exit_code == 1
    assert "make another one first" in refused.output
    with unit_of_work(at.engine) as db:
        account(db, Role.ADMIN, "admin.lain")
    assert at.call("privacy", "erase", last, "--yes").exit_code == 0


def test_no_ledger_no_erasing(
    installation: Installation, somebody: Somebody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the ledger cannot be written, a backup would bring the person back."""
    at = installation
    before = everything(at.engine)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "file"))
    done = at.call("privacy", "erase", LOGIN, "--yes")
    assert (done.exit_code, "cannot be written" in done.output) == (1, True)
    assert everything(at.engine) == before


def test_forgetting_counts_first_and_tells_why(
    installation: Installation, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    monkeypatch.setenv("RETAIN_DEVICES_DAYS", "30")
    with unit_of_work(at.engine) as db:
        for message in db.scalars(select(Message)):
            message.settled_at = message.created_at - timedelta(days=4000)
    before = everything(at.engine)
    told = at.call("privacy", "retain")
    assert (told.exit_code, "With --yes" in told.output) == (0, True)
    assert "2  messages that still name" in told.output
    assert "after 30 days: a phone" in told.output
    assert everything(at.engine) == before
    assert "Forgotten:" in at.call("privacy", "retain", "--yes").output
    with reading(at.engine) as db:
        query = select(Message).where(col(Message.official_id).is_not(None))
        assert list(db.scalars(query)) == []


def test_a_breach_is_a_list_to_write_letters_from(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, out = installation, tmp_path / "breach.csv"
    with unit_of_work(at.engine) as db:
        by = at.field.coordinator.account_id
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[somebody.village])
    asked = ("privacy", "breach", "--since", "2026-11-18", "--until", "2026-11-21")
    done = at.call(*asked, "--account", "koordinator", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "4  Surakarta" in done.output
    assert "whose telephone numbers were shown or taken along: 2" in done.output
    assert "article 46" in done.output
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines(), delimiter=";"))
    mine = next(row for row in rows if row["Name"] == NAME)
    assert (mine["Village code"], mine["Branch"]) == (somebody.village, "Surakarta")
    assert mine["Telephone"].endswith(PHONE)
    assert (mine["Telephone numbers shown there"], rows[-1]["Telephone numbers shown there"]) == (
        "yes",
        "no",
    )
    assert "telephone" in mine["Data within reach"]
    assert out.stat().st_mode & 0o777 == 0o600
    both = at.call(*asked, "--account", "x", "--device", "1", "--out", str(tmp_path / "b"))
    none = at.call(*asked, "--account", "nobody", "--out", str(tmp_path / "b"))
    assert (both.exit_code, none.exit_code) == (2, 1)
    phone = at.call(*asked, "--device", str(somebody.device_id), "--out", str(tmp_path / "b"))
    assert (phone.exit_code, "4  Surakarta" in phone.output) == (0, True)


def test_numbers_that_a_command_gives_out_stand_in_the_history(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at, asked = installation, ("privacy", "breach", "--since", "2026-11-18", "--out")
    for words in (("privacy", "report", LOGIN), (*asked, str(tmp_path / "b"))):
        assert at.call(*words).exit_code == 0
    refused = at.call(*asked, str(tmp_path / "b"))  # the file is there already
    assert refused.exit_code == 1
    with reading(at.engine) as db:
        query = select(col(Event.page), col(Event.regions), col(Event.numbers))
        told = db.execute(
            query.where(col(Event.deed) == Deed.NUMBERS_TAKEN).order_by(col(Event.id))
        )
        report, breach = told.all()
    assert report == ("outreach privacy report", f" {somebody.village} ", 1)
    assert breach.page == "outreach privacy breach"
    assert f" {somebody.village} " in breach.regions
    assert breach.numbers > 1


def test_a_time_that_ends_before_it_begins_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    words = ("privacy", "breach", "--since", "2026-11-21", "--until", "2026-11-18", "--out")
    done = installation.call(*words, str(tmp_path / "b"))
    assert (done.exit_code, "ends before it begins" in done.output) == (2, True)
    assert not (tmp_path / "b").exists()


def test_a_time_that_nobody_can_read_is_answered_with_one_to_copy(
    installation: Installation, tmp_path: Path
) -> None:
    out = tmp_path / "list.csv"
    refused = installation.call("privacy", "breach", "--since", "gestern", "--out", str(out))
    assert (refused.exit_code, "2026-11-22T14:30" in refused.output) == (2, True)
    out.write_text("somebody's")
    there = installation.call("privacy", "breach", "--since", "2026-01-01", "--out", str(out))
    assert (there.exit_code, "nothing is written over" in there.output) == (1, True)
    assert out.read_text() == "somebody's"


def test_everything_that_is_told_has_words() -> None:
    erased = dict.fromkeys(erasing.STEPS, 1)
    assert privacy_words._erased_kinds(erased).keys() == erased.keys()
    retained = dict.fromkeys(retaining.RULES, 1)
    assert privacy_words._retained_kinds(retained).keys() == retained.keys()
    assert privacy_words._reasons().keys() == retaining.RULES.keys()
    shown = {name for kinds in reach._SHOWN.values() for data in kinds.values() for name in data}
    assert privacy_words._data_words().keys() == shown


def test_the_help_names_them() -> None:
    told = CliRunner().invoke(main, ["privacy", "--help"]).output
    assert all(name in told for name in ("report", "erase", "retain", "breach"))
