"""A branch's target and what-if, and a person's view, for the walk through all routes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from outreach.progress.tables import SavedView, Target, WhatIf

if TYPE_CHECKING:
    from sqlmodel import Session


def aimed_and_asked(db: Session, ids: dict[str, Any], account_id: int) -> dict[str, int | None]:
    """Set the branch's target and ask a question about its stage."""
    then = datetime(2026, 11, 16, 3, tzinfo=UTC)
    target = Target(
        branch_id=ids["branch_id"],
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
        signups=5_000,
        source="Rapat kerja",
        set_by=account_id,
        set_at=then,
    )
    asked = WhatIf(
        stage_id=ids["stage_id"],
        branch_id=ids["branch_id"],
        changes={
            "extra_teams": 2,
            "base_code": None,
            "saturdays": False,
            "skip_islands": False,
        },
        seed=1,
        steps=100,
        asked_by=account_id,
        asked_at=then,
    )
    db.add_all([target, asked])
    db.flush()
    return {"target_id": target.id, "what_if_id": asked.id}


def kept_view(db: Session, account_id: int) -> int:
    """Have kept the board under a name."""
    then = datetime(2026, 11, 16, 3, tzinfo=UTC)
    view = SavedView(account_id=account_id, name="Senin pagi", address="/board", saved_at=then)
    db.add(view)
    db.flush()
    return view.id or 0
