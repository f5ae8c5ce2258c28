"""Every reason that the reader of borders gives has words."""

from __future__ import annotations

import re
from pathlib import Path

import outreach.maps.boundaries
from outreach.maps import boundary_process, boundary_reading
from outreach.maps.boundaries import _REFUSED
from outreach.web.border_words import FILES, ROWS


def test_every_problem_of_a_file_has_words() -> None:
    modules = (boundary_process, boundary_reading, outreach.maps.boundaries)
    told = {
        code
        for module in modules
        for code in re.findall(r'"(borders_[a-z_]+)"', Path(module.__file__ or "").read_text())
    }
    assert "borders_not_tables" in told
    assert told - set(FILES) == set()


def test_every_reason_of_a_row_has_words() -> None:
    assert set(ROWS) == {*_REFUSED, "no_code", "not_in_registry", "other_level"}
