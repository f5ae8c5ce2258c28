"""A new web process prepares its first map and search, and lives on where it cannot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from outreach.config import Settings
from outreach.villages import name_index
from outreach.web.app import create_app
from outreach.web.map_data import map_data
from outreach.web.warm import warm_up

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from flask import Flask


def test_the_first_search_and_map_find_everything_ready(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm_up(app)
    monkeypatch.delattr(name_index, "_build")
    with app.test_request_context():
        assert map_data() is app.extensions["map_data"]
    warm_up(app)


def test_a_database_that_is_away_only_leaves_the_process_cold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "missing" / "outreach.sqlite"
    app = create_app(
        Settings(var_dir=tmp_path, database_url=f"sqlite:///{gone}", secret_key="k" * 40)
    )
    with caplog.at_level(logging.WARNING):
        warm_up(app)
    assert "could not warm up" in caplog.text
