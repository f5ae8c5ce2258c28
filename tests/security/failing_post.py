"""Loaded by a worker of the tests: posting fails, and the error quotes whom it was about."""

from __future__ import annotations

import tasks.post
from tests.security.canary import EVERYTHING


def _fails(*_told: object) -> bool:
    raise RuntimeError(EVERYTHING)


vars(tasks.post)["post_one"] = _fails
