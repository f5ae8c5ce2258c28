"""Reads an answered form as ODK Collect sends it: from XML to a report and its pictures' names."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from defusedxml.ElementTree import ParseError, fromstring

from outreach.errors import Invalid
from outreach.logbook.tables import EvidenceKind
from outreach.logbook.xlsform import FORM_ID

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: A form with every detail that a report may have takes a quarter of this.
MOST_BYTES = 256 * 1024
#: What stands in the form under the same name as in a report.
_SAME = (
    "visit_id", "met", "held_on", "men", "women", "signups", "paid", "minutes", "place", "remarks",
    "saved_at",
)  # fmt: skip
_DETAIL = ("sector", "package", "payer", "workers")
_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")


@dataclass(frozen=True, slots=True)
class Submission:
    """An answered form: the report as it is told, and under which names its pictures come."""

    report: dict[str, Any]
    pictures: Mapping[EvidenceKind, str]


def read_submission(xml: bytes) -> Submission:
    """Read an answered form; what its fields hold is checked where reports are.

    Raises
    ------
    Invalid
        For the field `submission`, if it is no XML, not our form or has no id of its own.
    """
    data = _parsed(xml)
    if data.get("id") != FORM_ID:
        raise _refusal("other_form")
    told = _fields(data)
    meta = _fields(next((one for one in data if _name(one) == "meta"), None))
    report: dict[str, Any] = {name: told[name] for name in _SAME if name in told}
    report |= {"id": _uuid(meta.get("instanceID", "")), "details": _details(data)}
    if "held_at" in told:
        report["held_at"] = _ZONE.sub("", told["held_at"])
    if "location" in told:
        report |= _place(told["location"])
    if "deprecatedID" in meta:
        report["corrects_id"] = _uuid(meta["deprecatedID"])
    return Submission(report, {one: told[one] for one in EvidenceKind if one in told})


def _parsed(xml: bytes) -> Element:
    if len(xml) > MOST_BYTES:
        raise _refusal("too_long")
    try:
        root: Element = fromstring(xml, forbid_dtd=True)
    # What defusedxml forbids and an encoding that nobody knows are ValueError and LookupError.
    except (ParseError, ValueError, LookupError):
        raise _refusal("not_xml") from None
    return root


def _refusal(code: str) -> Invalid:
    return Invalid(problems={"submission": [code]})


def _name(element: Element) -> str:
    """Name an element without the namespace that some programs give it."""
    return element.tag.rpartition("}")[2]


def _fields(parent: Element | None) -> dict[str, str]:
    """Read the answers right below an element; what was left empty is not there."""
    children = () if parent is None else parent
    texts = {_name(one): (one.text or "").strip() for one in children}
    return {name: text for name, text in texts.items() if text}


def _uuid(told: str) -> str:
    try:
        return str(UUID(told.removeprefix("uuid:")))
    except ValueError:
        raise _refusal("no_id") from None


def _details(data: Element) -> list[dict[str, str]]:
    rows = [_fields(one) for one in data if _name(one) == "details"]
    return [{name: row[name] for name in _DETAIL if name in row} for row in rows if row]


def _place(told: str) -> dict[str, str]:
    """Read latitude and longitude; height and accuracy, which follow them, nobody needs."""
    return dict(zip(("latitude", "longitude"), told.split()[:2], strict=False))
