"""What tests of the log share: afterwards the log is as it was before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from outreach.watch.logs import about_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("outreach", "tasks"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    about_nothing()
