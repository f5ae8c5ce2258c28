"""What the product logs while a test runs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def heard_by[H: logging.Handler](kept: H) -> Iterator[H]:
    """Give every line to `kept` besides, those of the product from INFO on."""
    root, ours = logging.getLogger(), logging.getLogger("outreach")
    root.addHandler(kept)
    ours.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    ours.setLevel(logging.NOTSET)
