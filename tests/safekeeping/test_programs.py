"""Programs of PostgreSQL that are missing, too old, or fail are told in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from outreach.safekeeping import postgres_programs
from outreach.safekeeping.postgres_programs import conninfo, find_program, output_of, put_into
from outreach.safekeeping.refused import BackupRefused

if TYPE_CHECKING:
    from pathlib import Path

HERE = make_url("postgresql+psycopg://rini:rahasia@127.0.0.1:1/none?sslmode=disable")


def tell(folder: Path, major: int, then: str = "exit 0") -> Path:
    """Write a program that says which version it is, and does no more."""
    folder.mkdir(exist_ok=True)
    program = folder / "pg_dump"
    said = f"pg_dump (PostgreSQL) {major}.4 (Debian {major}.4-1)"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{said}" && exit 0\n{then}\n')
    program.chmod(0o700)
    return program


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(postgres_programs, "_USUAL", (str(tmp_path / "usual" / "*"),))


def test_the_folder_told_comes_first_then_path_then_the_usual_places(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    usual = tell(tmp_path / "usual" / "17", 17)
    assert find_program("pg_dump", 17).path == str(usual)
    in_path = tell(tmp_path / "path", 17)
    assert find_program("pg_dump", 17).path == str(in_path)
    given = tell(tmp_path / "given", 18)
    found = find_program("pg_dump", 17, str(tmp_path / "given"))
    assert (found.path, found.major) == (str(given), 18)


def test_one_older_than_the_server_is_passed_over(tmp_path: Path) -> None:
    tell(tmp_path / "path", 15)
    (tmp_path / "usual").mkdir()
    right = tell(tmp_path / "usual" / "18", 18)
    assert find_program("pg_dump", 16).path == str(right)


def test_missing_and_too_old_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="no_program") as refused:
        find_program("pg_dump", 16)
    assert refused.value.facts["program"] == "pg_dump"
    tell(tmp_path / "path", 12)
    with pytest.raises(BackupRefused, match="program_too_old") as refused:
        find_program("pg_dump", 16)
    assert (refused.value.facts["found"], refused.value.facts["needed"]) == (12, 16)


def test_a_failing_one_is_told_by_its_last_words(tmp_path: Path) -> None:
    tell(tmp_path / "path", 16, 'echo begin; echo first >&2; echo "it went wrong" >&2; exit 1')
    program = find_program("pg_dump", 16)
    with pytest.raises(BackupRefused, match="program_failed") as refused:
        list(output_of(program, HERE))
    assert refused.value.facts["detail"] == "it went wrong"
    with pytest.raises(BackupRefused, match="program_failed"):
        put_into(program, HERE, [b"x" * 1_000_000] * 3)


#: What pg_dump and pg_restore say, to their versions, and what of it is the reason.
SAID = {
    "pg_dump: error: query failed: ERROR:  permission denied for sequence account_id_seq\n"
    "pg_dump: detail: Query was: SELECT last_value FROM public.account_id_seq": (
        "program_may_not",
        "permission denied for sequence account_id_seq",
    ),
    'pg_dump: error: no data of sequence "team_id_seq"; user may lack SELECT privilege': (
        "program_may_not",
        'no data of sequence "team_id_seq"; user may lack SELECT privilege',
    ),
    "pg_restore: while PROCESSING TOC:\npg_restore: from TOC entry 1; TABLE team\n"
    'pg_restore: error: could not execute query: ERROR:  relation "team" already exists\n'
    "Command was: CREATE TABLE team ();": ("program_failed", 'relation "team" already exists'),
}


@pytest.mark.parametrize("said", SAID)
def test_the_reason_is_told_and_not_the_statement_behind_it(tmp_path: Path, said: str) -> None:
    (tmp_path / "said").write_text(said)
    tell(tmp_path / "path", 16, f"/bin/cat {tmp_path / 'said'} >&2; exit 1")
    with pytest.raises(BackupRefused) as refused:
        list(output_of(find_program("pg_dump", 16), HERE))
    assert (refused.value.reason, refused.value.facts["detail"]) == SAID[said]


def test_no_password_stands_on_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "s" * 40)
    monkeypatch.setenv("PGSSLMODE", "require")
    address, environment = conninfo(HERE)
    assert "rahasia" not in address
    assert "sslmode=disable" in address
    assert environment["PGPASSWORD"] == "rahasia"
    assert environment["PGSSLMODE"] == "require"
    assert "SECRET_KEY" not in environment
