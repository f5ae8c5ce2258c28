"""How a PDF goes to the browser: shown, well named, kept by nobody on the way."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from flask import make_response

from outreach.papers.wording import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from outreach.papers.reading import PrintedPaper

#: A PDF needs nothing from us; the browser's own viewer is a page with a style and an object.
POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def pdf_answer(made: bytes, name: str) -> Response:
    """Answer with a PDF to be shown; nothing on the way may keep a copy."""
    answer = make_response(made)
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


def file_name(papers: Sequence[PrintedPaper], several: str) -> str:
    """Name a file after its one paper's number, or after what several belong to."""
    if len(papers) == 1:
        paper = papers[0]
        return f"{plain_name(f'{TITLES[paper.kind]} {paper.number}')}.pdf"
    kinds = {paper.kind for paper in papers}
    what = TITLES[kinds.pop()] if len(kinds) == 1 else "Surat dan lembar"
    days = sorted(paper.first_day for paper in papers)
    return f"{plain_name(f'{what} {several} {days[0]} sd {days[-1]}')}.pdf"


def plain_name(text: str) -> str:
    """Write a name of a file without signs that any system minds."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-zA-Z0-9]+", "-", letters).strip("-").lower()[:120]
