"""The services of one server, as the README has systemd take them from the Procfile."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.config import ROOT

HONCHO = Path(sys.executable).with_name("honcho")
PROGRAMS = ("gunicorn", "celery", "outreach")


SETTINGS = "SECRET_KEY=nobody-else-may-know-this\nPORT=9999\nSMTP_FROM=Outreach <a@b.example>\n"


@pytest.fixture
def units(tmp_path: Path) -> dict[str, str]:
    """Make them in a folder with settings, by the words of the README."""
    folder, here = tmp_path / "units", tmp_path / "here"
    here.mkdir()
    shutil.copy(ROOT / "Procfile", here)
    (here / ".env").write_text(SETTINGS)
    line = re.search(r'honcho\)" (.+) /etc/systemd/system', (ROOT / "README.md").read_text())
    assert line is not None
    command = [HONCHO, *line[1].split(), folder]
    subprocess.run(command, cwd=here, check=True, capture_output=True)
    services = folder.glob("*.service")
    return {path.name.split("-")[1]: path.read_text() for path in services}


def test_the_units_that_everybody_may_read_hold_no_setting(units: dict[str, str]) -> None:
    assert "Environment=PORT=8000" in units["web"]
    for unit in units.values():
        assert "SECRET_KEY" not in unit
        assert "SMTP_FROM" not in unit


@pytest.mark.parametrize("name", ["web", "worker", "sweeper", "redis"])
def test_what_systemd_tells_to_end_is_the_program_itself(
    units: dict[str, str], tmp_path: Path, name: str
) -> None:
    # systemd tells one process alone. Were that a shell, it would end and its program run on.
    assert "KillMode=process" in units[name]
    (command,) = re.findall(r"^ExecStart=(.+)$", units[name], re.MULTILINE)
    told = subprocess.Popen(shlex.split(command), env=_home_of_programs(tmp_path))
    assert told.wait(timeout=60) == 0
    assert (tmp_path / "pid").read_text().strip() == str(told.pid)


def _home_of_programs(folder: Path) -> dict[str, str]:
    """Make a home whose programs tell their process, and whose profile finds them as ours does."""
    programs = folder / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        program = programs / name
        program.write_text(f'#!/bin/sh\necho $$ > "{folder}/pid"\n')
        program.chmod(0o755)
    (folder / ".profile").write_text(f'PATH="{programs}:$PATH"\n')
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
