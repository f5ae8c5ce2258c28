"""The form of a session as the XForm that programs on phones open; pyxform makes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from outreach.logbook.xlsform import FORM_ID, TITLE, form, headers, version_of

if TYPE_CHECKING:
    from outreach.logbook.xlsform import Sheets

#: The name of the element that holds an answered form.
ROOT = "data"


@dataclass(frozen=True, slots=True)
class XForm:
    """The form as XML; `md5` is how the list of forms tells phones that it has changed."""

    form_id: str
    title: str
    version: str
    xml: bytes
    md5: str


@cache
def xform(*, with_photo: bool) -> XForm:
    """Make the form; once per process, and only where a phone asks for it."""
    sheets = form(with_photo=with_photo)
    xml = convert(sheets).encode()
    digest = hashlib.md5(xml, usedforsecurity=False).hexdigest()
    return XForm(FORM_ID, TITLE, version_of(sheets), xml, digest)


def convert(sheets: Sheets, *, validate: bool = False) -> str:
    """Convert with pyxform; *validate* runs the validator of ODK too, which needs Java."""
    from pyxform.xls2xform import convert as convert_form  # noqa: PLC0415 - half a second to load

    told = {f"{name}_header": [dict.fromkeys(headers(rows))] for name, rows in sheets.items()}
    return str(convert_form({**sheets, **told}, form_name=ROOT, validate=validate).xform)
