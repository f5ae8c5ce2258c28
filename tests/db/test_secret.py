"""The key that signs cookies: made once, whole, for nobody else to read."""

from __future__ import annotations

import secrets
import stat
from typing import TYPE_CHECKING

from outreach.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _secret(folder: Path) -> str:
    return Settings(_env_file=None, var_dir=folder, secret_key="", database_url="").secret


def test_a_process_that_starts_while_another_makes_the_key_has_the_same_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second: list[str] = []
    make = secrets.token_urlsafe

    def slowly(length: int) -> str:
        monkeypatch.setattr(secrets, "token_urlsafe", make)
        second.append(_secret(tmp_path))
        return make(length)

    monkeypatch.setattr(secrets, "token_urlsafe", slowly)
    first = _secret(tmp_path)
    assert second == [first]
    assert len(first) >= 32
    assert _secret(tmp_path) == first


def test_only_the_owner_may_read_the_key_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    _secret(tmp_path)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
