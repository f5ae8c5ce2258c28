"""Prepares in a new web process what its first map or search would wait seconds for."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from outreach.db import be_patient, lacks_rights
from outreach.people.access import NATION
from outreach.progress.scope import Scope
from outreach.villages.name_index import index_of
from outreach.watch.rights import REMEDY
from outreach.web.database import reading_db
from outreach.web.map_data import map_data

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger(__name__)


def warm_up(app: Flask) -> None:
    """Load Folium, the places of the nation and the index of names into this process."""
    import_module("outreach.maps.national")
    try:
        with app.app_context(), reading_db() as db:
            be_patient(db)
            index_of(db)
            map_data().ground(db, Scope((NATION,)))
    except SQLAlchemyError as error:
        # A cold process answers all the same, only slower: not worth dying for.
        why = REMEDY if lacks_rights(error) else "the database does not answer"
        _log.warning("could not warm up: %s", why)
