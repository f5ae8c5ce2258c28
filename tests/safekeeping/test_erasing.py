"""Who is erased is found nowhere, everything counted stays, and no old backup brings them back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import LargeBinary, Text, cast, select, text
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import Evidence, EvidenceKind
from outreach.messages.tables import Message, MessageState
from outreach.people.tables import Account, Device, Enrolment, Official, Team
from outreach.progress.tables import Digest
from outreach.safekeeping.archive import opened
from outreach.safekeeping.backup import standing_beside
from outreach.safekeeping.beside import Beside
from outreach.safekeeping.checking import check_database
from outreach.safekeeping.erasing import erase
from outreach.safekeeping.erasures import LEDGER, Erasure, erase_again, erasure_of, keep, note, read
from outreach.safekeeping.mentions import mentions
from outreach.safekeeping.refused import BackupRefused
from outreach.safekeeping.retaining import Periods, retain
from outreach.safekeeping.subject import ERASED, Subject, by_contact, by_login, by_number
from outreach.schema import metadata
from outreach.visits.tables import Visit, VisitEvent
from tests.field import NOW
from tests.safekeeping.conftest import STEPS as MIGRATIONS
from tests.safekeeping.conftest import beside_names
from tests.safekeeping.person import (
    EMAIL,
    LOGIN,
    NAME,
    PHONE,
    TRACES,
    Somebody,
    settle,
    told_of_them,
)
from tests.safekeeping.season import all_but_the_restore, everything

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.safekeeping.conftest import Installation

LATER = NOW + timedelta(days=2)
#: What a session, its figures and its papers stand on.
COUNTED = ("visit", "visit_event", "signup", "stage_village", "plan_run", "confirmation_link")


@pytest.fixture
def somebody(installation: Installation) -> Somebody:
    return settle(installation.engine, installation.field)


def traces(engine: Engine) -> list[str]:
    """Every column of every table in which anything of the person stands, in any writing."""
    found = []
    with engine.connect() as connection:
        for name, table in metadata.tables.items():
            columns = [one for one in table.columns if not isinstance(one.type, LargeBinary)]
            for row in connection.execute(select(*(cast(one, Text) for one in columns))):
                for column, value in zip(columns, row, strict=True):
                    if any(trace in str(value).casefold() for trace in TRACES):
                        found.append(f"{name}.{column.name}")
    return sorted(set(found))


def subject_of(somebody: Somebody) -> Subject:
    return Subject(somebody.official_id, somebody.account_id)


def mentioned(db: Session, somebody: Somebody) -> dict[tuple[str, str], tuple[str, ...]]:
    """By table and column, the rows in which others wrote of them."""
    found = mentions(db, subject_of(somebody), {NAME, PHONE, EMAIL})
    return {(one.table, one.column): one.rows for one in found}


def erased(engine: Engine, somebody: Somebody) -> dict[str, int]:
    with unit_of_work(engine) as db:
        return erase(db, subject_of(somebody), LATER)


def counts(engine: Engine) -> list[tuple[object, ...]]:
    query = text(
        "SELECT id, visit_id, held_on, men, women, signups, paid, result, reported_by, device_id,"
        " fingerprint FROM session_report ORDER BY id"
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_nothing_of_them_is_left_and_everything_counted_stays(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    assert len(traces(at.engine)) > 12
    before, figures = everything(at.engine), counts(at.engine)
    done = erased(at.engine, somebody)
    assert traces(at.engine) == []
    assert {kind for kind, rows in done.items() if not rows} == set()
    after = everything(at.engine)
    assert {name: after[name] for name in COUNTED} == {name: before[name] for name in COUNTED}
    assert counts(at.engine) == figures
    gone = {"digest", "saved_view"}
    assert {name for name in after if after[name][0] != before[name][0]} == gone
    broken = {one.rule: one.broken for one in check_database(at.engine) if one.broken}
    assert broken == {}


def test_no_message_tells_that_it_went_to_them(
    installation: Installation, somebody: Somebody
) -> None:
    erased(installation.engine, somebody)
    with reading(installation.engine) as db:
        told = {one.official_id: one for one in db.scalars(select(Message))}
        assert told[None].dedupe_key == f"forgotten-{told[None].id}"
        assert told[somebody.other_id].dedupe_key == "k1"


def test_an_account_that_is_no_officials_takes_no_message_along(
    installation: Installation, somebody: Somebody
) -> None:
    erased(installation.engine, somebody)
    with unit_of_work(installation.engine) as db:
        manager = Subject(None, installation.field.manager.account_id)
        assert erase(db, manager, LATER)["messages"] == 0


def test_others_keep_what_is_theirs(installation: Installation, somebody: Somebody) -> None:
    engine = installation.engine
    erased(engine, somebody)
    with reading(engine) as db:
        other = db.get_one(Official, somebody.other_id)
        assert (other.name, other.phone, other.is_active) == (
            "Orang Sebelah", "+6281200000001", True,
        )  # fmt: skip
        states = {one.official_id: one.state for one in db.scalars(select(Message))}
        assert states == {None: MessageState.DROPPED, other.id: MessageState.WAITING}
        open_codes = select(col(Enrolment.official_id)).where(col(Enrolment.withdrawn_at).is_(None))
        assert list(db.scalars(open_codes)) == [other.id]
        kept = db.scalars(select(Evidence).where(col(Evidence.kind) == EvidenceKind.PHOTO)).one()
        assert kept.content == b"ink"
        names = list(db.scalars(select(col(Account.name)).order_by(col(Account.login))))
        assert len(names) == 5
        assert names.count(ERASED) == 1


def test_they_come_in_by_no_way(installation: Installation, somebody: Somebody) -> None:
    erased(installation.engine, somebody)
    with reading(installation.engine) as db:
        account = db.get_one(Account, somebody.account_id)
        assert not account.is_active
        assert account.password_hash == ""
        device = db.get_one(Device, somebody.device_id)
        assert device.revoked_at == LATER
        assert device.token_hash != "a" * 64
        assert by_login(db, LOGIN) == []
        assert by_contact(db, somebody.village, PHONE) == []


def test_a_sheet_that_names_somebody_of_a_like_name_stays(
    installation: Installation, somebody: Somebody
) -> None:
    engine = installation.engine
    with unit_of_work(engine) as db:
        db.get_one(Official, somebody.official_id).name = "Kenari"
        db.get_one(Official, somebody.official_id).phone = ""
        db.get_one(Official, somebody.official_id).email = ""
        db.get_one(Account, somebody.account_id).name = "Kenari"
    assert erased(engine, somebody)["uploads"] == 0


def test_twice_is_once(installation: Installation, somebody: Somebody) -> None:
    erased(installation.engine, somebody)
    before = everything(installation.engine)
    assert set(erased(installation.engine, somebody).values()) == {0}
    assert everything(installation.engine) == before


def test_they_are_found_by_login_number_phone_and_address(
    installation: Installation, somebody: Somebody
) -> None:
    with reading(installation.engine) as db:
        wanted = [Subject(somebody.official_id, somebody.account_id)]
        assert by_login(db, f" {LOGIN.upper()}") == wanted
        assert by_number(db, somebody.official_id) == wanted
        assert by_contact(db, somebody.village, PHONE) == wanted
        assert by_contact(db, somebody.village, EMAIL) == wanted
        assert by_contact(db, "33.72.01.1002", PHONE) == []
        assert by_number(db, 999) == by_login(db, "nobody") == []


def test_what_others_wrote_about_them_is_pointed_out(
    installation: Installation, somebody: Somebody
) -> None:
    engine = installation.engine
    line = told_of_them(engine, somebody)
    with reading(engine) as db:
        found = mentioned(db, somebody)
        assert mentions(db, subject_of(somebody), ()) == []
    assert found["visit_event", "reason"] == (str(line),)
    assert ("upload", "rows") in found


def test_who_is_called_the_same_is_not_told_as_what_others_wrote(
    installation: Installation, somebody: Somebody
) -> None:
    engine = installation.engine
    erased(engine, somebody)
    told_of_them(engine, somebody)
    with unit_of_work(engine) as db:
        before = mentioned(db, somebody)
        db.get_one(Official, somebody.other_id).name = NAME
        db.get_one(Account, installation.field.coordinator.account_id).name = NAME
    with reading(engine) as db:
        assert mentioned(db, somebody) == before
        assert ("visit_event", "reason") in before


def test_teams_and_entries_with_the_same_number_are_told(
    installation: Installation, somebody: Somebody
) -> None:
    engine, (official, own) = installation.engine, (somebody.other_id, somebody.account_id)
    with unit_of_work(engine) as db:
        # The same person in another village or an earlier term, and in a team's roster.
        other, team = db.get_one(Official, official), db.scalars(select(Team)).one()
        other.name, other.phone, other.email = NAME, PHONE, EMAIL
        team.members, number = [NAME, "Bagas"], str(team.id)
        whom = installation.field.coordinator.account_id
        db.add(Digest(email=EMAIL, asked_at=NOW, account_id=whom))
    tables = {"team", "official", "digest"}
    expected = {
        ("team", "members"): (number,),
        ("official", "phone"): (str(official),),
        ("official", "email"): (str(official),),
        ("digest", "email"): (str(whom),),
    }
    with reading(engine) as db:
        before = mentioned(db, somebody)
    assert own != whom
    erased(engine, somebody)
    with reading(engine) as db:
        after = mentioned(db, somebody)
    for found in (before, after):
        assert {at: found[at] for at in found if at[0] in tables} == expected


# The ledger


def in_ledger(at: Installation, somebody: Somebody) -> None:
    """Erase as the command of a version before did: the file alone tells."""
    with unit_of_work(at.engine) as db:
        whom = subject_of(somebody)
        note(at.folder, [erasure_of(db, whom, LATER)])
        erase(db, whom, LATER)


def test_the_ledger_holds_numbers_and_nothing_of_the_person(
    installation: Installation, somebody: Somebody
) -> None:
    in_ledger(installation, somebody)
    path = installation.folder / LEDGER
    told = json.loads(path.read_text())
    assert told.keys() == {"at", "installation", "official_id", "account_id"}
    assert (told["official_id"], told["account_id"]) == (somebody.official_id, somebody.account_id)
    assert not [one for one in (*TRACES, somebody.village) if one in path.read_text().casefold()]
    assert path.stat().st_mode & 0o777 == 0o600
    note(installation.folder, read(installation.folder))
    assert len(path.read_text().splitlines()) == 1


def test_an_older_backup_brings_nobody_back(installation: Installation, somebody: Somebody) -> None:
    at = installation
    at.make()
    in_ledger(at, somebody)
    assert traces(at.engine) == []
    done = at.restore()
    assert done.erasures == 1
    assert traces(at.engine) == []
    assert [one for one in check_database(at.engine) if one.broken] == []
    with reading(at.engine) as db:
        assert db.get_one(Official, somebody.official_id).name == ERASED
        assert db.get_one(Official, somebody.other_id).name == "Orang Sebelah"
    with opened(at.file) as archive:
        told = at.beside.erasures(archive)
        with standing_beside(archive, at.keeper, MIGRATIONS) as copy:
            # It was in the backup indeed, and would have come back.
            assert len(traces(copy)) > 12
            assert erase_again(copy, told, NOW) == 1
            assert traces(copy) == []


def test_on_a_new_machine_the_ledger_comes_from_the_folder_of_the_backups(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at = installation
    at.make()
    in_ledger(at, somebody)
    second = at.file.with_name("second.outreach")
    assert at.call("backup", "make", str(second)).exit_code == 0
    assert read(at.file.parent) == read(at.folder)
    (at.folder / LEDGER).unlink()
    assert at.restore().erasures == 1
    assert traces(at.engine) == []
    assert len(read(at.folder)) == 1
    # And from within a later backup, should nothing else be left.
    for folder in (at.folder, at.file.parent):
        (folder / LEDGER).unlink()
    with opened(second) as archive:
        assert len(Beside(tmp_path / "empty").erasures(archive)) == 1


def test_a_backup_made_after_it_and_another_installation_are_left_alone(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    at.make()
    same = {"official_id": somebody.official_id, "account_id": somebody.account_id}
    with reading(at.engine) as db:
        here = erasure_of(db, Subject(None, None), NOW).installation
    earlier = Erasure(at=NOW - timedelta(days=1), installation=here, **same)
    foreign = Erasure(at=LATER, installation="2020-01-01T00:00:00+00:00", **same)
    note(at.folder, [earlier, foreign])
    before = everything(at.engine)
    assert at.restore().erasures == 0
    after = all_but_the_restore(at.engine)
    lines = {name: rows.pop("erasure")[0] for name, rows in (("was", before), ("is", after))}
    assert after == before
    assert lines == {"was": 0, "is": 1}  # of this installation


def test_who_was_erased_on_another_machine_stays_erased(
    installation: Installation, somebody: Somebody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By command on B, with its own folder; A, which makes and restores the backups, knows."""
    at = installation
    at.make()
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "of_b"))
    assert at.call("privacy", "erase", LOGIN, "--yes").exit_code == 0
    monkeypatch.setenv("VAR_DIR", str(at.folder))
    assert not (at.folder / LEDGER).exists()
    assert traces(at.engine) == []
    back = at.call("backup", "restore", "--replace", str(at.file))
    assert "erased again: 1" in back.output
    assert traces(at.engine) == []
    # What was restored knows it too, for the next time.
    (at.folder / LEDGER).unlink()
    assert "erased again: 1" in at.call("backup", "restore", "--replace", str(at.file)).output
    assert traces(at.engine) == []


def test_who_was_erased_on_another_machine_stands_in_every_backup(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        whom = Subject(somebody.official_id, somebody.account_id)
        keep(db, [erasure_of(db, whom, LATER)] * 2)
        keep(db, [erasure_of(db, whom, LATER)])
    at.make()
    assert len(read(at.file.parent)) == 1
    (at.file.parent / LEDGER).unlink()
    with opened(at.file) as archive:
        assert len(Beside(tmp_path / "empty").erasures(archive)) == 1


def test_whose_time_was_over_stays_forgotten(
    installation: Installation, somebody: Somebody
) -> None:
    """By the hourly work of whichever sweeper, whatever the periods are at the restore."""
    at = installation
    with unit_of_work(at.engine) as db:
        db.get_one(Official, somebody.official_id).term_ends = NOW.date()
    at.make()
    retain(at.engine, Periods(), LATER + timedelta(days=366))
    assert at.restore().erasures == 1
    with reading(at.engine) as db:
        assert db.get_one(Official, somebody.official_id).name == ERASED
        assert db.get_one(Official, somebody.other_id).name != ERASED


def test_a_damaged_ledger_stops_a_restore(installation: Installation, somebody: Somebody) -> None:
    at = installation
    at.make()
    in_ledger(at, somebody)
    before = everything(at.engine)
    with (at.folder / LEDGER).open("a") as file:
        file.write('{"at": "tomorr')
    with pytest.raises(BackupRefused, match="ledger_unreadable"):
        at.restore()
    assert everything(at.engine) == before
    told = at.call("backup", "restore", "--replace", str(at.file))
    assert (told.exit_code, "who was erased" in told.output) == (1, True)
    assert beside_names(at.url) == []


def test_visits_keep_their_history(installation: Installation, somebody: Somebody) -> None:
    erased(installation.engine, somebody)
    with reading(installation.engine) as db:
        theirs = select(VisitEvent).where(col(VisitEvent.account_id) == somebody.account_id)
        assert db.scalars(theirs).one().reason == "tidak diangkat"
        assert len(list(db.scalars(select(Visit)))) == 8
