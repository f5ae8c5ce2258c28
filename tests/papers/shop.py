"""What the tests do with papers: make them, set them, read their pages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pypdfium2
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.papers.choosing import Wanted
from outreach.papers.issuing import make_papers
from outreach.papers.letterhead import LetterheadIn
from outreach.papers.reading import printed
from outreach.papers.tables import Paper, PaperKind
from outreach.papers.typesetting import contacts_of, typeset
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Visit
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Engine

ASSIGNMENT = (PaperKind.ASSIGNMENT_LETTER,)
NOTICE = (PaperKind.NOTICE,)
MINUTES = (PaperKind.MINUTES,)
LATER = NOW + timedelta(hours=3)
#: A Saturday on which the plan leaves both teams free.
FREE_DAY = date(2026, 11, 14)
LETTERHEAD = LetterheadIn(
    office="Kantor Cabang Surakarta",
    address="Jalan Contoh 1",
    contact="0271-714000",
    place="Solo",
    signer_name="Sri Contoh",
    signer_position="Kepala Kantor Cabang",
    number_pattern="{code}.{number}/SKA/{year}",
)


def make(
    engine: Engine, world: World, wanted: Wanted | None = None, now: datetime = NOW
) -> list[int]:
    with unit_of_work(engine) as db:
        return make_papers(db, world.stage_id, wanted or Wanted(), by=world.coordinator, now=now)


def kept(engine: Engine, paper_id: int) -> Paper:
    with reading(engine) as db:
        return db.get_one(Paper, paper_id)


def all_papers(engine: Engine) -> list[Paper]:
    with reading(engine) as db:
        return list(db.scalars(select(Paper).order_by(col(Paper.id))))


def some_visit(engine: Engine) -> Visit:
    """The first visit of the plan."""
    with reading(engine) as db:
        order = (col(Visit.day), col(Visit.team_id), col(Visit.slot))
        found = db.scalars(select(Visit).order_by(*order)).first()
    assert found is not None
    return found


def visit_ids(engine: Engine) -> list[int]:
    """The visits of the plan by day."""
    with reading(engine) as db:
        return list(db.scalars(select(col(Visit.id)).order_by(col(Visit.day), col(Visit.id))))


def pages(engine: Engine, world: World, ids: Sequence[int]) -> list[str]:
    """The text of every page of these papers in one PDF, line ends made blanks."""
    with reading(engine) as db:
        told = printed(db, world.coordinator, ids)
        made = typeset(
            told, lambda one: f"https://desa.example/visits/{one}", contacts_of(db, told)
        )
    return texts(made)


def texts(made: bytes) -> list[str]:
    with pypdfium2.PdfDocument(made) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def move_away(engine: Engine, world: World, visit: Visit, day: date = FREE_DAY) -> None:
    with unit_of_work(engine) as db:
        to = MoveIn(team_id=visit.team_id, day=day, slot=1)
        by = world.coordinator
        row = db.get_one(Visit, visit.id)
        move_visit(db, visit.id or 0, to, version=row.version, by=by, now=NOW, reason="hajatan")
