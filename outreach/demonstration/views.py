"""Views that the manager and the coordinator have kept: what they look at every Monday."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.progress.saved_views import SavedViewIn, save_view

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.demonstration.cast import Cast

#: How far back the map looks that lies beside the present one.
_WEEKS_BACK = 8


def keep_views(db: Session, cast: Cast, *, now: datetime, today: date) -> None:
    """Keep some pages under names, for each of them."""
    monday = today - timedelta(today.weekday())
    before = monday - timedelta(weeks=_WEEKS_BACK)
    for by, kept in (
        (
            cast.manager,
            {
                "Papan per kantor cabang": "/board?by=branch",
                "Belum terlindungi dan belum mendaftar, Jawa Tengah": "/map?area=33&layer=gap",
                "Jawa Tengah, dulu dan kini": f"/map?area=33&week={before}&beside={monday}",
            },
        ),
        (
            cast.coordinator,
            {
                "Buku pendaftaran Sukoharjo": "/ledger?area=33.11",
                "Janji yang lewat": "/follow-ups?list=promised",
            },
        ),
    ):
        for name, address in kept.items():
            save_view(db, SavedViewIn(name=name, address=address), by=by, now=now)
