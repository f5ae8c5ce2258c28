"""A web that cannot start says why in one sentence, as every command does, and shows no stack."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import free_port
from tests.processes import WEB
from tests.tasks.runner import environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"SECRET_KEY": "abc"}, "SECRET_KEY is too short: at least 32 characters."),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set: every machine of an installation shares one."),
        ({"METRICS_TOKEN": "abc"}, "METRICS_TOKEN is too short: at least 32 characters."),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not a database address."),
        ({"WEB_WORKERS": "many"}, "WEB_WORKERS must be a whole number."),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(
    tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    given = {"LOCALE": "en", "PORT": str(free_port()), "VAR_DIR": str(tmp_path), **settings}
    ended = subprocess.run(
        WEB,
        env=environment(f"sqlite:///{tmp_path / 'no.sqlite'}", "redis://127.0.0.1:1/0", given),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert ended.stderr.startswith(told)
    assert len(ended.stderr.strip().splitlines()) == 1
