"""`outreach ledger import` by hand: what is right is written, the rest handed back with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook
from sqlmodel import select

from outreach.cli import main
from outreach.db import reading
from outreach.logbook.tables import LedgerEntry
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    Run = Callable[..., Result]

HEADERS = "Kode wilayah;Bulan daftar;Saluran;Formulir;Bayar pertama;Per tanggal;Sumber"
#: Of two branches' regencies: a command works for the whole nation.
GOOD = (
    "33.72.01.1001;07/2026;Sendiri;14;9;31/08/2026;Kepesertaan BPU",
    "33.72.01.1001;07/2026;Agen PERISAI;5;;31/08/2026;Kepesertaan BPU",
    "33.09.01.2001;08/2026;CSR;40;40;31/08/2026;Kepesertaan BPU",
)
GROWS = "33.72.01.1002;07/2026;Sendiri;14;19;31/08/2026;Kepesertaan BPU"
UNKNOWN = "33.72.01.1099;07/2026;Sendiri;14;9;31/08/2026;Kepesertaan BPU"


@pytest.fixture
def run(engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    builders.load_small_registry(engine, ("33.72", "33.09.01"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("LOCALE", "en")

    def call(*lines: str, content: bytes | None = None, **flags: bool) -> Result:
        text = "\n".join((HEADERS, *lines))
        (tmp_path / "rekap.csv").write_bytes(text.encode() if content is None else content)
        asked = [f"--{name.replace('_', '-')}" for name, is_set in flags.items() if is_set]
        return CliRunner().invoke(main, ["ledger", "import", "rekap.csv", *asked])

    return call


def entries(engine: Engine) -> list[tuple[Any, ...]]:
    with reading(engine) as db:
        return sorted(
            (
                one.village_code, one.month.isoformat(), one.channel.value, one.forms,
                one.first_paid, one.version,
            )
            for one in db.exec(select(LedgerEntry))
        )  # fmt: skip


def refused(folder: Path) -> list[list[Any]]:
    book = CalamineWorkbook.from_path(folder / "rekap-ditolak.xlsx")
    return book.get_sheet_by_index(0).to_python()


def test_right_rows_are_written_and_a_second_time_change_nothing(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    done = run(*GOOD)
    assert done.exit_code == 0, done.output
    assert "3 rows: 3 new, 0 changed, 0 taken out, 0 refused" in done.output
    assert entries(engine) == [
        ("33.09.01.2001", "2026-08-01", "csr", 40, 40, 1),
        ("33.72.01.1001", "2026-07-01", "own", 14, 9, 1),
        ("33.72.01.1001", "2026-07-01", "perisai", 5, None, 1),
    ]
    before = entries(engine)
    assert "3 rows: 0 new, 0 changed, 0 taken out, 0 refused" in run(*GOOD).output
    assert entries(engine) == before
    assert "0 new, 1 changed" in run(GOOD[0].replace(";9;", ";8;"), *GOOD[1:]).output
    assert [one[4:] for one in entries(engine)] == [(40, 1), (8, 2), (None, 1)]
    assert not (tmp_path / "rekap-ditolak.xlsx").exists()


def test_refused_rows_are_handed_back_and_the_others_written(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    done = run(GOOD[0], GROWS, GOOD[2], UNKNOWN)
    assert done.exit_code == 0, done.output
    assert "4 rows: 2 new, 0 changed, 0 taken out, 2 refused" in done.output
    assert "rekap-ditolak.xlsx" in done.output
    assert [one[0] for one in entries(engine)] == ["33.09.01.2001", "33.72.01.1001"]
    header, *rows = refused(tmp_path)
    assert header[:3] == ["Kode wilayah", "Bulan daftar", "Saluran"]
    assert [row[0] for row in rows] == ["33.72.01.1002", "33.72.01.1099"]
    assert all(row[-1] for row in rows)
    assert rows[0][-1] != rows[1][-1]


def test_checking_writes_nothing_but_the_refused_rows(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    done = run(*GOOD, GROWS, check=True)
    assert done.exit_code == 0, done.output
    assert "4 rows: 3 new, 0 changed, 0 taken out, 1 refused" in done.output
    assert "nothing was written" in done.output
    assert entries(engine) == []
    assert len(refused(tmp_path)) == 2


def test_older_counts_are_handed_back_unless_they_are_asked_for(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    run(*GOOD)
    before = entries(engine)
    older = GOOD[0].replace("14;9;31/08", "13;8;30/08")
    done = run(older, GOOD[1])
    assert "2 rows: 0 new, 0 changed, 0 taken out, 1 refused" in done.output
    assert entries(engine) == before
    (row,) = refused(tmp_path)[1:]
    assert row[0] == "33.72.01.1001"
    assert "31/08/2026" in row[-1]
    assert (
        "2 rows: 0 new, 1 changed, 0 taken out, 0 refused" in run(older, GOOD[1], older=True).output
    )
    assert ("33.72.01.1001", "2026-07-01", "own", 13, 8, 2) in entries(engine)


def test_counts_above_the_estimated_workers_are_handed_back_unless_they_are_asked_for(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    many = GOOD[0].replace(";14;", ";9999999;")
    assert "2 rows: 1 new, 0 changed, 0 taken out, 1 refused" in run(many, GOOD[1]).output
    (row,) = refused(tmp_path)[1:]
    assert row[3] == 9_999_999
    assert "--above-estimate" in row[-1]
    assert "2 rows: 1 new" in run(many, GOOD[1], above_estimate=True).output
    assert len(entries(engine)) == 2


def test_rows_about_the_same_thing_are_all_refused(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    done = run(GOOD[0], GOOD[2], GOOD[0].replace(";9;", ";8;"))
    assert "3 rows: 1 new, 0 changed, 0 taken out, 2 refused" in done.output
    assert [one[0] for one in entries(engine)] == ["33.09.01.2001"]
    assert ["2, 4" in str(row[-1]) for row in refused(tmp_path)[1:]] == [True, True]


@pytest.mark.parametrize("separator", [",", "\t", "|"])
def test_other_separators_and_a_byte_order_mark_are_read(
    run: Run, engine: Engine, separator: str
) -> None:
    text = "\r\n".join((HEADERS, *GOOD)).replace(";", separator)
    assert "3 new" in run(content=b"\xef\xbb\xbf" + text.encode()).output
    assert len(entries(engine)) == 3


def test_a_file_that_is_no_ledger_is_one_sentence(run: Run, engine: Engine) -> None:
    for content in (b"", b"PK\x03\x04\xff\xfe", HEADERS.encode("utf-16"), b"\n\n"):
        done = run(content=content)
        assert done.exit_code == 1, content
        assert "Traceback" not in done.output
        assert done.output.strip().splitlines()[-1].startswith("Error: ")
    lacking = run(content=b"Kode wilayah;Formulir\n33.72.01.1001;4\n")
    assert lacking.exit_code == 1
    assert "These columns are missing" in lacking.output
    assert "Bulan daftar" in lacking.output
    assert entries(engine) == []


def test_a_fault_far_down_the_file_leaves_nothing_behind(run: Run, engine: Engine) -> None:
    good = "\n".join((HEADERS, *GOOD)).encode()
    done = run(content=good + b"\n33.72.01.1003;07/2026;Sendiri;1;1;31/08/2026;\xff\xfe\n")
    assert done.exit_code == 1
    assert entries(engine) == []


def test_more_rows_than_are_written_in_one_go(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.sheets.ledger_file.AT_ONCE", 2)
    done = run(*GOOD, GROWS, GOOD[2].replace("08/2026;CSR", "08/2026;PBI"), GOOD[0])
    assert "6 rows: 3 new, 0 changed, 0 taken out, 3 refused" in done.output
    assert len(entries(engine)) == 3


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_empty_sheet_is_what_is_read(run: Run, tmp_path: Path, ending: str) -> None:
    asked = ["ledger", "sheet", f"kosong.{ending}"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    empty = tmp_path / f"kosong.{ending}"
    if ending == "csv":
        again = run(content=empty.read_bytes())
        assert again.exit_code == 0, again.output
        assert "0 rows" in again.output
    else:
        head = CalamineWorkbook.from_path(empty).get_sheet_by_index(0).to_python()[0]
        assert {"Kode wilayah", "Bulan daftar", "Per tanggal"} <= set(head)
    twice = CliRunner().invoke(main, asked)
    assert twice.exit_code == 1
    assert f"kosong.{ending} is there already." in twice.output
