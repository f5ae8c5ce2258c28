"""What Collect lets go of we keep: pictures of forms that do not count yet, and signatures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import rule
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    Ruling,
    WaitingPicture,
)
from tests.field import NOW
from tests.web.collect import (
    Collect,
    answered,
    form_xml,
    new_id,
    photo,
    set_up,
    signature,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT = "is kept with it"


@pytest.fixture
def collect(database_url: str, web_var: Path) -> Iterator[Collect]:
    """On both databases."""
    with set_up(database_url, web_var, locale="en") as phone:
        yield phone


def part(name: str, content: bytes) -> dict[str, Any]:
    return {name: (io.BytesIO(content), name, "image/jpeg")}


def kept(collect: Collect, table: Any) -> set[tuple[str, EvidenceKind]]:
    with reading(collect.engine) as db:
        return {(f"uuid:{one.report_id}", one.kind) for one in db.exec(select(table))}


def form(collect: Collect, own: str, old: str = "", **other: str) -> str:
    pictures = {"photo": "1.jpg", "signature": "2.png"}
    told = answered(collect.visit_id, **pictures, **other)
    return form_xml(told, instance_id=own, deprecated_id=old)


def test_pictures_of_an_edit_that_came_first_wait_part_by_part_and_count_with_it(
    collect: Collect,
) -> None:
    first, second = new_id(), new_id()
    edited = form(collect, second, first, men="25")
    answer = collect.send(edited, {**part("1.jpg", photo()), "*isIncomplete*": "yes"})
    assert answer.status_code == 202
    assert words_of(answer).endswith(f"Photo {KEPT}.")
    assert kept(collect, WaitingPicture) == {(second, EvidenceKind.PHOTO)}
    collect.send(form(collect, first))
    assert kept(collect, Evidence) == {(second, EvidenceKind.PHOTO)}
    last = collect.send(edited, part("2.png", signature()))
    assert last.status_code == 201
    assert KEPT not in words_of(last)
    assert kept(collect, Evidence) == {(second, one) for one in EvidenceKind}
    assert kept(collect, WaitingPicture) == set()


@pytest.mark.parametrize("ruling", [None, *Ruling])
def test_pictures_of_a_form_that_differs_follow_the_ruling_those_that_come_after_it_too(
    collect: Collect, ruling: Ruling | None
) -> None:
    collect.send(form_xml(answered(collect.visit_id)))
    own = new_id()
    other, shot, drawn = form(collect, own, men="9"), photo(), signature()
    answer = collect.send(other, {**part("1.jpg", shot), "*isIncomplete*": "yes"})
    assert (answer.status_code, words_of(answer).endswith(f"Photo {KEPT}.")) == (202, True)
    taken_as = decide(collect, ruling) if ruling else ""
    again = collect.send(other, {**part("1.jpg", shot), **part("2.png", drawn)})
    assert again.status_code == 202
    told = words_of(again)
    if ruling is Ruling.SET_ASIDE:
        assert "Signature is not kept: Your branch has set aside" in told
        assert kept(collect, WaitingPicture) == {(own, EvidenceKind.PHOTO)}
        assert kept(collect, Evidence) == set()
        return
    assert f"Photo {KEPT}. Signature {KEPT}." in told
    where = Evidence if ruling else WaitingPicture
    assert kept(collect, where) == {(taken_as or own, one) for one in EvidenceKind}
    assert not (kept(collect, Evidence) and kept(collect, WaitingPicture))


def decide(collect: Collect, ruling: Ruling) -> str:
    with unit_of_work(collect.engine) as db:
        row = db.exec(select(DisputedReport)).one()
        by = collect.at.coordinator
        rule(db, row.id or 0, ruling, version=1, why="Dicocokkan", by=by, now=NOW)
        return f"uuid:{row.taken_as}"


@pytest.mark.parametrize("is_held", [False, True])
def test_where_no_photos_are_wanted_a_signature_of_an_older_form_is_kept(
    database_url: str, web_var: Path, is_held: bool
) -> None:
    with set_up(database_url, web_var, locale="en", accept_photos=False) as collect:
        assert b"signature" in collect.get("/forms/laporan_sesi.xml").data
        assert b"photo" not in collect.get("/forms/laporan_sesi.xml").data
        own = new_id()
        sent = form(collect, own, new_id() if is_held else "")
        parts = {**part("1.jpg", photo()), **part("2.png", signature())}
        answer = collect.send(sent, parts)
        assert answer.status_code == (202 if is_held else 201)
        assert "Photo is not kept: Photos are not collected here." in words_of(answer)
        assert kept(collect, WaitingPicture if is_held else Evidence) == {
            (own, EvidenceKind.SIGNATURE)
        }


def test_what_is_no_picture_is_told_of_a_form_that_waits_too(collect: Collect) -> None:
    answer = collect.send(form(collect, new_id(), new_id()), part("1.jpg", b"<svg/>"))
    assert answer.status_code == 202
    assert "Photo is not kept:" in words_of(answer)
    assert kept(collect, WaitingPicture) == set()
