"""The commands for borders: one drawing at a time, and who comes second is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from outreach.cli.maps import maps
from outreach.maps.artefacts import Store
from outreach.maps.boundary_keeping import drawing

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_command_beside_another_drawing_says_so_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOCALE", "en")
    store = Store(tmp_path / "maps")
    with drawing(store):
        store.note(borders=[{"level": "regency", "file": "x.bin"}])
        told = CliRunner().invoke(maps, ["boundaries", "--forget"])
        assert told.exit_code == 1
        assert "The map is being drawn right now. Please wait for it." in told.output
        assert store.manifest()["borders"]


def test_nothing_to_forget_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOCALE", "en")
    told = CliRunner().invoke(maps, ["boundaries", "--forget"])
    assert (told.exit_code, told.output) == (0, "==> Maps: no borders were brought in\n")
