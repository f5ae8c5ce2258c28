"""ODK Collect and KoboCollect for officials: their keys, and the form for servers of others."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import segno
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from outreach.errors import Conflict
from outreach.history.tables import Deed
from outreach.logbook.reportable import reportable_visits, visits_file
from outreach.logbook.xlsform import FORM_ID, VISITS_FILE, form
from outreach.people.odk_keys import give_key
from outreach.people.officials import own_official
from outreach.people.tables import Role
from outreach.sheets.xlsform import xlsform_workbook
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages, today
from outreach.web.database import reading_db, running, writing_db
from outreach.web.history import tell
from outreach.web.next_page import keep_for_next_page, take_kept
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The name under which the phone lists what was set up by the code.
PROJECT = "Outreach"


@pages.get("/officials/<int:official_id>/odk")
@allow(Role.COORDINATOR)
def odk_page(official_id: int) -> ResponseReturnValue:
    """Tell how an official reports with ODK Collect or KoboCollect; show a new key, this once."""
    key = take_kept(_kept_as(official_id))
    answer = make_response(_page(official_id, f"{public_url()}/key/{key}" if key else ""))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/officials/<int:official_id>/odk")
@allow(Role.COORDINATOR)
def give_odk_key(official_id: int) -> ResponseReturnValue:
    """Make a key for the page that follows: loaded anew, that makes no other one."""
    try:
        with writing_db() as db:
            key = give_key(db, official_id, by=person(), now=now(), today=today())
            tell(db, Deed.ODK_KEY_GIVEN, official_id)
    except Conflict as error:
        flash(sentence(error), "error")
        return redirect(url_for("coordinator.odk_page", official_id=official_id), 303)
    keep_for_next_page(_kept_as(official_id), key)
    return redirect(url_for("coordinator.odk_page", official_id=official_id, made=1), 303)


def _kept_as(official_id: int) -> str:
    return f"key of {official_id}"


@pages.get("/data/laporan_sesi.xlsx")
@allow(Role.COORDINATOR)
def session_form() -> ResponseReturnValue:
    """Send the form as an XLSForm."""
    made = xlsform_workbook(form(with_photo=running().settings.accept_photos))
    return _file(made, XLSX, f"{FORM_ID}.xlsx")


@pages.get(f"/data/{VISITS_FILE}")
@allow(Role.COORDINATOR)
def session_form_visits() -> ResponseReturnValue:
    """Send the branch's visits, for the form to choose from."""
    with reading_db() as db:
        made = visits_file(reportable_visits(db, person(), today()))
    return _file(made, "text/csv; charset=utf-8", VISITS_FILE)


def settings_code(address: str) -> str:
    """Write the settings as Collect reads them from a code: JSON, packed, in Base64.

    Answered forms are sent as soon as there is a network; the form and its visits are kept as they
    are here.
    """
    settings = {
        "general": {
            "server_url": address,
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
        },
        "admin": {},
        "project": {"name": PROJECT},
    }
    packed = zlib.compress(json.dumps(settings, separators=(",", ":")).encode(), 9)
    return base64.b64encode(packed).decode()


def _page(official_id: int, address: str = "") -> str:
    with reading_db() as db:
        official = own_official(db, official_id, person())
        return render_template(
            "coordinator/odk.html",
            official=official,
            address=address,
            code=_drawn(settings_code(address)) if address else "",
            was_shown=not address and "made" in request.args,
        )


def _drawn(text: str) -> str:
    return str(segno.make(text, error="l", micro=False).svg_data_uri(scale=5, border=4))


def _file(content: bytes, content_type: str, name: str) -> Response:
    """Send a file under the very name that the form knows it by."""
    answer = Response(content, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
