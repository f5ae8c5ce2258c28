"""Of the logs, only errors that no server explains which was away are astonishing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chaos.logs import astonishing, forget

if TYPE_CHECKING:
    from pathlib import Path

AWAY = {"level": "ERROR", "logger": "outreach.web.errors", "error": "OperationalError"}


@pytest.mark.parametrize(
    ("line", "is_astonishing"),
    [
        (AWAY, False),
        (AWAY | {"error": "KeyError"}, True),
        (AWAY | {"error": None}, True),
        (AWAY | {"error": "KeyError", "level": "WARNING"}, False),
        (AWAY | {"error": "KeyError", "level": "CRITICAL"}, True),
        (AWAY | {"error": "IntegrityError", "logger": "tasks.leased"}, True),
        (AWAY | {"error": "IntegrityError", "logger": "celery.app.trace"}, True),
        (AWAY | {"error": "AttributeError", "logger": "celery.bootsteps"}, False),
    ],
)
def test_what_no_server_explains_is_astonishing(
    tmp_path: Path, line: dict[str, str], is_astonishing: bool
) -> None:
    words = ["no json", json.dumps(line), "1", '{"level": "ERR']
    (tmp_path / "web-0.log").write_text("\n".join(words))
    assert bool(astonishing(tmp_path)) is is_astonishing
    forget(tmp_path)
    assert astonishing(tmp_path) == []
