"""Shows the pictures that belong to reports, to whoever sent or reviews it.

Managers read what was counted: nobody shows them a face or a name in handwriting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from outreach.logbook.evidence import evidence_content
from outreach.logbook.form_pictures import waiting_content
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.database import reading_db
from outreach.web.routing import allow

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from outreach.logbook.evidence import Shown

pages = Blueprint("evidence", __name__)

#: We have drawn it ourselves; were it ever taken for a page, it could do nothing.
_POLICY = "default-src 'none'; sandbox"


@pages.get("/evidence/<uuid:evidence_id>")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def picture(evidence_id: UUID) -> ResponseReturnValue:
    """Show a picture."""
    with reading_db() as db:
        return _shown(evidence_content(db, person(), str(evidence_id)))


@pages.get("/evidence/waiting/<uuid:waiting_id>")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def waiting_picture(waiting_id: UUID) -> ResponseReturnValue:
    """Show a picture whose report does not count yet."""
    with reading_db() as db:
        return _shown(waiting_content(db, person(), str(waiting_id)))


def _shown(shown: Shown) -> Response:
    answer = Response(shown.content, mimetype=shown.media_type)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = _POLICY
    # People are on it: shown on the page it stands on, and kept by no browser.
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Vary"] = "Cookie"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
