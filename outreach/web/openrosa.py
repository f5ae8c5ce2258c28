"""What ODK Collect and KoboCollect talk to: the form, its visits, and the answered forms.

They follow OpenRosa 1.0 and, as with ODK Central, carry their key in the address. Such a program
forgets a form at 201 and 202 and keeps it at everything else, so nothing but a report that is
stored, or kept for a person to look at, is answered with these.
"""

from __future__ import annotations

import hashlib
import logging
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Flask, Response, g, request, url_for
from werkzeug.exceptions import HTTPException

from outreach.db import did_not_serve
from outreach.errors import Invalid, NotFound, NotInOffice, OutreachError
from outreach.logbook.reportable import reportable_visits, visits_file
from outreach.logbook.sending import Sending, skew_of
from outreach.logbook.submission import MOST_BYTES, read_submission
from outreach.logbook.sync import take_in
from outreach.logbook.tables import ReportSource
from outreach.logbook.xform import xform
from outreach.logbook.xlsform import FORM_ID, VISITS_FILE
from outreach.people.devices import digest_of, touch
from outreach.people.odk_keys import Holder, holder_of_key
from outreach.web.addresses import public_url
from outreach.web.auth import note_contact
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, written
from outreach.web.metrics import note_answers
from outreach.web.openrosa_pictures import keep_pictures
from outreach.web.openrosa_words import STATUS, answer_words, error_words, picture_words
from outreach.web.pressure import seconds_to_wait
from outreach.web.routing import public
from outreach.web.secret_addresses import keep_secret

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from flask_wtf.csrf import CSRFProtect
    from sqlmodel import Session

    from outreach.logbook.sync import Answer
    from outreach.logbook.xform import XForm

log = logging.getLogger(__name__)
pages = Blueprint("openrosa", __name__, url_prefix="/key/<odk_key>")

#: As many wrong keys one place may try. Whole districts share one place behind their carrier, so
#: a key that is right never waits for them.
WRONG_PER_ADDRESS = "60 per 15 minutes"
#: A phone that was away for months sends its forms one by one, some of them in parts.
RIGHT_PER_KEY = "1500 per 15 minutes"

_LIST = "http://openrosa.org/xforms/xformsList"
_MANIFEST = "http://openrosa.org/xforms/xformsManifest"
_RESPONSE = "http://openrosa.org/http/response"
_XML_PART = "xml_submission_file"
_INCOMPLETE = "*isIncomplete*"


def protect(app: Flask) -> None:
    """Count keys, and ask for no token of a form; call it once the pages are known.

    The key in the address gives the right, and who could forge a form would have to know it.
    """
    limiter: Limiter = app.extensions["login_limiter"]
    csrf: CSRFProtect = app.extensions["csrf"]
    wrong = limiter.shared_limit(WRONG_PER_ADDRESS, "wrong odk keys", exempt_when=_is_right)
    right = limiter.shared_limit(RIGHT_PER_KEY, "odk keys", key_func=_digest, exempt_when=_is_wrong)
    for endpoint in [one for one in app.view_functions if one.startswith(f"{pages.name}.")]:
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = wrong(right(view))
    csrf.exempt(app.view_functions["openrosa.submit"])


def _digest() -> str:
    # The limiter keeps what it counts in Redis, where no key may stand.
    return digest_of(_key())


def _key() -> str:
    return str((request.view_args or {}).get("odk_key", ""))


def _is_right() -> bool:
    if "odk_holder" not in g:
        with reading_db() as db:
            g.odk_holder = holder_of_key(db, _key(), now())
    return g.odk_holder is not None


def _is_wrong() -> bool:
    return not _is_right()


def odk_device() -> int | None:
    """Tell which phone the key of the address is for; None for a wrong one, or another page."""
    if request.blueprint != pages.name or not _is_right():
        return None
    number: int = g.odk_holder.device_id
    return number


def _holder() -> Holder:
    """Return whom the key of the request speaks for.

    Raises
    ------
    NotFound
        For a wrong key as for one that was taken back.
    NotInOffice
        If the office must first renew the term of whom it speaks for.
    """
    if not _is_right():
        raise NotFound(kind="key")
    holder: Holder = g.odk_holder
    if holder.out_of_office:
        raise NotInOffice
    return holder


@pages.before_request
def _note_contact() -> None:
    """Note that a program spoke, whatever it came for: often it has no form to send."""
    if _is_right():
        note_contact(g.odk_holder.device_id, g.odk_holder.last_seen_at, now())


@pages.after_request
def _as_openrosa(response: Response) -> Response:
    """Speak the protocol's language, and keep the address, which holds the key, to ourselves."""
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(_most_bytes())
    return keep_secret(response)


def _most_bytes() -> int:
    """Tell how much one request may hold; a form with more comes in parts."""
    return request.max_content_length or 10_000_000


@pages.get("/formList")
@public
def form_list(odk_key: str) -> ResponseReturnValue:
    """List the one form there is."""
    _holder()
    form, root = _form(), Element("xforms", xmlns=_LIST)
    if request.args.get("formID", form.form_id) == form.form_id:
        _add(
            SubElement(root, "xform"),
            formID=form.form_id,
            name=form.title,
            version=form.version,
            hash=f"md5:{form.md5}",
            downloadUrl=_address("form", odk_key),
            manifestUrl=_address("manifest", odk_key),
        )
    return _xml(tostring(root))


@pages.get(f"/forms/{FORM_ID}.xml")
@public
def form(odk_key: str) -> ResponseReturnValue:  # noqa: ARG001 - the holder is read from it
    """Give the form, the same to everybody."""
    _holder()
    return _xml(_form().xml)


@pages.get(f"/forms/{FORM_ID}/manifest")
@public
def manifest(odk_key: str) -> ResponseReturnValue:
    """Name the files that belong to the form; their hash changes with the official's visits."""
    digest = hashlib.md5(_visits(), usedforsecurity=False).hexdigest()
    root = Element("manifest", xmlns=_MANIFEST)
    _add(
        SubElement(root, "mediaFile"),
        filename=VISITS_FILE,
        hash=f"md5:{digest}",
        downloadUrl=_address("visits", odk_key),
    )
    return _xml(tostring(root))


@pages.get(f"/forms/{FORM_ID}/{VISITS_FILE}")
@public
def visits(odk_key: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Give the official's own visits, to choose from."""
    return Response(_visits(), content_type="text/csv; charset=utf-8")


@pages.route("/submission", methods=["HEAD"])
@public
def look(odk_key: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Tell a program that this is the place, before it sends a form."""
    _holder()
    return Response(status=204)


@pages.post("/submission")
@public
def submit(odk_key: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Take an answered form in: whole, or one of its parts, any number of times."""
    holder = _holder()
    submission = read_submission(_xml_part())
    answer = written(lambda db: _take_in(db, submission.report, holder))
    note_answers([answer])
    if answer.outcome not in STATUS:
        return _told(422, answer_words(answer))
    pictures = keep_pictures(submission, answer, holder.person)
    # More pictures follow: that this is not all yet is told by the number alone.
    status = 202 if _INCOMPLETE in request.form else STATUS[answer.outcome]
    return _told(status, answer_words(answer) + picture_words(pictures))


def _take_in(db: Session, report: dict[str, Any], holder: Holder) -> Answer:
    then = now()
    skew = skew_of(_sent_at(), then)
    sending = Sending(holder.device_id, skew, ReportSource.ODK)
    (answer,) = take_in(db, [report], holder.person, then, sending)
    touch(db, holder.device_id, then, skew_seconds=skew)
    return answer


def _sent_at() -> object:
    try:
        return parsedate_to_datetime(request.headers.get("Date", ""))
    except ValueError:
        return None


def _xml_part() -> bytes:
    """Read the answered form out of the request, sent as a file or as a field.

    Raises
    ------
    Invalid
        If there is none.
    """
    file = request.files.get(_XML_PART)
    if file is not None:
        return bytes(file.read(MOST_BYTES + 1))
    if _XML_PART not in request.form:
        raise Invalid(problems={"submission": ["no_submission"]})
    return request.form[_XML_PART].encode()


def _form() -> XForm:
    return xform(with_photo=running().settings.accept_photos)


def _visits() -> bytes:
    """Write the visits of whom the key speaks for."""
    person = _holder().person
    today = person.zone.day(now())
    with reading_db() as db:
        return visits_file(reportable_visits(db, person, today))


def _address(view: str, odk_key: str) -> str:
    return public_url() + url_for(f"openrosa.{view}", odk_key=odk_key)


def _add(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text


def _xml(content: bytes, status: int = 200) -> Response:
    return Response(content, status, content_type="text/xml; charset=utf-8")


def _told(status: int, words: str) -> Response:
    """Say something in the form that such programs show to people."""
    root = Element("OpenRosaResponse", xmlns=_RESPONSE)
    nature = "submit_success" if status < 300 else "submit_error"
    SubElement(root, "message", nature=nature).text = words
    return _xml(tostring(root, encoding="utf-8"), status)


@pages.errorhandler(Exception)
def _refused(error: Exception) -> ResponseReturnValue:
    """Say what went wrong; the address, which holds the key, comes into no log."""
    status = _status_of(error)
    # Who is put off under pressure by design fills no log.
    if status >= 500 and not isinstance(error, HTTPException):
        log.error("a form could not be taken in", exc_info=error)
    told = _told(status, error_words(error, status))
    if isinstance(error, HTTPException):
        kept = ("content-type", "content-length")
        told.headers.extend([one for one in error.get_headers() if one[0].lower() not in kept])
    elif status == 503:
        told.headers["Retry-After"] = str(seconds_to_wait())
    return told


def _status_of(error: Exception) -> int:
    if isinstance(error, OutreachError):
        return error.status
    if isinstance(error, HTTPException):
        return error.code or 500
    return 503 if did_not_serve(error) else 500
