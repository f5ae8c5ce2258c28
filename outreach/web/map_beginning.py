"""What the page around a map fetches for its frame before all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext

from outreach.maps.assets import script_url
from outreach.maps.words import map_words
from outreach.web.map_data import map_data

if TYPE_CHECKING:
    from sqlmodel import Session


def beginning(db: Session) -> dict[str, str]:
    """Name the files a frame begins with: the script, and all texts in the person's language.

    Raises KeyError before the maps were first built.
    """
    data = map_data()
    return {
        "script": script_url(data.store, "/map/assets/"),
        "texts": f"/map/{data.texts_file(db, map_words(gettext))}",
    }
