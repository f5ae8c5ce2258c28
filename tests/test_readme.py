"""The front door stays true: what can be set, called or read there stands in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from outreach.cli import main
from outreach.config import ROOT, Settings
from outreach.visits.tables import Result, Work

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_explained(setting: str) -> None:
    assert f"`{setting.upper()}`" in README


def test_every_default_of_a_number_is_the_one_told() -> None:
    lines = [line for line in README.splitlines() if line.startswith("| `")]
    for name in ("port", "web_workers", "task_workers", "lease_seconds", "trusted_proxies"):
        line = next(line for line in lines if f"`{name.upper()}`" in line)
        assert f"`{Settings.model_fields[name].default}`" in line


@pytest.mark.parametrize("command", main.list_commands(None))  # type: ignore[arg-type]
def test_every_command_is_explained(command: str) -> None:
    assert f"`outreach {command}" in README


@pytest.mark.parametrize("status", [*Work, *Result])
def test_every_status_stands_among_the_words(status: Work | Result) -> None:
    assert status.value.replace("_", " ") in README


@pytest.mark.parametrize(
    "room", sorted(path.parent.name for path in (ROOT / "outreach").glob("*/__init__.py"))
)
def test_every_room_is_introduced(room: str) -> None:
    assert re.search(rf"`(outreach/)?{room}/`", README)


def test_every_picture_and_file_it_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (Path(ROOT) / target).exists(), target
