"""The front door stays true: what can be set, called or read there stands in the README."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from outreach.cli import main
from outreach.config import ROOT, Settings
from outreach.safekeeping.erasures import LEDGER
from outreach.visits.tables import Result, Work
from outreach.watch.judging import NEEDED
from outreach.watch.tables import WorkKind

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


@pytest.mark.parametrize(
    "code",
    [f"no_{kind.value}" for kind in NEEDED]
    + [f"nobody_serves_{work.value}" for work in WorkKind]
    + ["plans_wait", "needs_somebody", "keys_differ", "no_map"],
)
def test_all_that_a_balancer_is_told_is_explained(code: str) -> None:
    part = README.split("`GET /readyz`")[1].split("**Backups.**")[0]
    assert f"`{code}`" in part


def test_the_clock_finds_the_command_and_reads_it_whole() -> None:
    """Cron looks into /usr/bin and /bin alone, and ends a line at a `%`."""
    lines = re.findall(r"`([0-9*]+ [^`]*outreach backup make [^`]*)`", README)
    assert len(lines) == 2  # with one role of PostgreSQL, and with two
    for line in lines:
        assert "/.venv/bin/outreach backup" in line
        assert not re.search(r"(?<!\\)%", line)


def test_with_two_roles_the_clock_hands_over_the_owners_address(tmp_path: Path) -> None:
    """As cron does it: by `sh`, in the user's home, with next to nothing in the environment."""
    (kept,) = re.findall(r"`(export DATABASE_URL=[^`]*)`", README)
    (begins,) = re.findall(r"`0 \* \* \* \* (\. [^`]*)…/\.venv/bin/outreach backup make", README)
    address = "postgresql://outreach:of$it@db/outreach?sslmode=verify-full&sslrootcert=/own.pem"
    assert "postgresql://outreach:…" in kept
    (tmp_path / "owner.env").write_text(kept.replace("postgresql://outreach:…", address))
    called = ["/bin/sh", "-c", f"{begins} /usr/bin/env"]
    told = subprocess.run(called, env={"HOME": str(tmp_path)}, capture_output=True, check=True)
    assert f"DATABASE_URL={address}\n" in told.stdout.decode()


def test_old_backups_are_deleted_without_the_ledger_of_erasures(tmp_path: Path) -> None:
    (line,) = re.findall(r"`(find /srv/backup [^`]*)`", README)
    for name in ("outreach-2026-01-01-04.outreach", LEDGER):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "outreach-2026-11-22-04.outreach").touch()
    subprocess.run(shlex.split(line.replace("/srv/backup", str(tmp_path))), check=True)
    left = sorted(one.name for one in tmp_path.iterdir())
    assert left == [LEDGER, "outreach-2026-11-22-04.outreach"]


def test_on_many_machines_the_proxy_finds_the_webs() -> None:
    """Who follows the steps sets all that is needed: a web listens to its own machine else."""
    part = README.split("**Many machines.**")[1].split("**Backups.**")[0]
    (step,) = re.findall(r"\n2\. .*(?:\n   .*)*", part)
    assert Settings.model_fields["host"].default == "127.0.0.1"
    assert "`HOST=`" in step


def test_every_picture_and_file_it_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (Path(ROOT) / target).exists(), target
