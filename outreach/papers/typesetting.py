"""Sets papers as PDF: one compiler kept warm, templates of ours, data that is never markup."""

from __future__ import annotations

import io
import json
from functools import cache
from itertools import batched
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from outreach.config import ROOT
from outreach.papers.tables import PaperKind
from outreach.papers.wording import Contact, shown
from outreach.people.officials import active_officials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.papers.reading import PrintedPaper

TEMPLATES = ROOT / "templates" / "papers"
#: For archives: fonts inside, nothing from outside.
STANDARD = "a-2b"
#: A page of A4 comes 1240 pixels wide: what a phone shows sharply.
PICTURE_PPI = 150
#: Papers set at once: the typesetter needs some 2 MB for each.
AT_ONCE = 20
#: After so many jobs the typesetter forgets what it kept of the last one.
JOBS_KEPT = 12
_one_at_a_time = Lock()


def typeset(
    papers: Sequence[PrintedPaper],
    page_of: Callable[[int], str],
    contacts: Mapping[str, Sequence[Contact]],
) -> bytes:
    """Set papers one after the other into one PDF, each with pages of its own.

    Up to `AT_ONCE` papers come as PDF/A; more are set part by part and joined, so that a month's
    papers need no more memory than a day's.

    Parameters
    ----------
    page_of
        Makes the address of a visit's page from its id.
    contacts
        The officials of each village, for the route sheets.

    Notes
    -----
    The texts reach the templates as data: nothing in them is read as markup or opens a file.
    """
    return typeset_told([_told(one, page_of, contacts) for one in papers])


def typeset_told(told: Sequence[Mapping[str, Any]]) -> bytes:
    """Set what is put into words already; each says by `kind` which template sets it."""
    made = (_compile(json.dumps(part, ensure_ascii=False)) for part in batched(told, AT_ONCE))
    return next(made)[0] if len(told) <= AT_ONCE else _joined(made)


def picture_told(told: Mapping[str, Any]) -> bytes:
    """Set one paper of one page as a PNG picture instead."""
    with _one_at_a_time:
        data = json.dumps([told], ensure_ascii=False)
        made = _compiler().compile(format="png", ppi=PICTURE_PPI, sys_inputs={"papers": data})
    if not isinstance(made, bytes):
        raise TypeError("the typesetter made more than one page")
    return made


def _told(
    paper: PrintedPaper, page_of: Callable[[int], str], contacts: Mapping[str, Sequence[Contact]]
) -> dict[str, Any]:
    one = shown(paper, page_of, contacts)
    for stop in one.get("stops", ()):
        stop["qr"] = qr(stop["link"])
    return one


def _joined(parts: Iterable[tuple[bytes, int]]) -> bytes:
    """Join PDFs page by page; the typesetter does it, from files."""
    import typst  # noqa: PLC0415 - most processes never set a paper

    with TemporaryDirectory(prefix="outreach-papers-") as name:
        folder = Path(name)
        counts = []
        for place, (part, pages) in enumerate(parts):
            (folder / f"{place}.pdf").write_bytes(part)
            counts.append(pages)
            _forget()
        copyfile(TEMPLATES / "join.typ", folder / "join.typ")
        joiner = typst.Compiler(
            input=folder / "join.typ",
            root=folder,
            ignore_system_fonts=True,
            sys_inputs={"counts": json.dumps(counts)},
        )
        return _pdf(joiner.compile())


def _forget() -> None:
    """Make the typesetter drop what it keeps for the next job: it ages by jobs, not by time."""
    with _one_at_a_time:
        for _ in range(JOBS_KEPT):
            _emptier().compile(input=b"x")


def contacts_of(db: Session, papers: Sequence[PrintedPaper]) -> dict[str, list[Contact]]:
    """Read whom the teams ask for in the villages of the route sheets among the papers.

    Contact data is read when it is printed and never kept with a paper.
    """
    sheets = [paper for paper in papers if paper.kind is PaperKind.ROUTE_SHEET]
    found: dict[str, list[Contact]] = {}
    for day in sorted({paper.first_day for paper in sheets}):
        stops = [
            stop
            for sheet in sheets
            if sheet.first_day == day
            for stop in sheet.content["plan"]["stops"]
        ]
        codes = {stop["village_code"] for stop in stops}
        for code, officials in active_officials(db, codes, day).items():
            found[code] = [Contact(one.name, one.position, one.phone) for one in officials]
    return found


def qr(link: str) -> str:
    """Draw a QR code as SVG."""
    import segno  # noqa: PLC0415 - as the typesetter, only where a paper is made

    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False)
    return drawn.getvalue().decode()


def _compile(data: str) -> tuple[bytes, int]:
    """Set one job; return the PDF and the number of its pages."""
    import typst  # noqa: PLC0415 - most processes never set a paper

    with _one_at_a_time:
        compiler = _compiler()
        given = {"papers": data}
        try:
            made = _pdf(compiler.compile(sys_inputs=given, pdf_standards=STANDARD))
        except typst.TypstError as error:
            # The standard refuses signs that the fonts lack; a paper with a box in a name is
            # better than none.
            if "could not be displayed" not in str(error):
                raise
            made = _pdf(compiler.compile(sys_inputs=given, pdf_standards=[]))
        return made, int(compiler.query("<pages>", field="value", one=True))


@cache
def _compiler() -> Any:
    import typst  # noqa: PLC0415 - as above

    # The templates are the only files it may read.
    main = TEMPLATES / "main.typ"
    return typst.Compiler(input=main, root=TEMPLATES, ignore_system_fonts=True)


@cache
def _emptier() -> Any:
    import typst  # noqa: PLC0415 - as above

    return typst.Compiler(input=b"x", ignore_system_fonts=True)


def _pdf(made: bytes | list[bytes] | None) -> bytes:
    if not isinstance(made, bytes):
        raise TypeError("the typesetter made no PDF")
    return made
