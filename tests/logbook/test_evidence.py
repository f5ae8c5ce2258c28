"""Pictures: drawn anew so that only pixels stay, one of a kind for a report, shown to few."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageFile
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Invalid, NotFound
from outreach.logbook.evidence import (
    EvidenceIn,
    digest_of,
    evidence_content,
    evidence_of_visit,
    store_evidence,
)
from outreach.logbook.pictures import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS, MOST_SCANS, redraw
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import DisputedReport, Evidence, EvidenceKind, Ruling
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field, told
from tests.logbook.pictures import (
    bomb,
    drawn,
    film,
    of_camera,
    of_many_scans,
    page_in_a_jpeg,
    with_a_broken_note,
    written,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.logbook.sync import Answer
    from outreach.people.access import Person

PHOTO, SIGNATURE = EvidenceKind.PHOTO, EvidenceKind.SIGNATURE


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.fixture
def field(engine: Engine) -> Field:
    with unit_of_work(engine) as db:
        load_small_registry(db)
        return make_field(db)


def report(engine: Engine, field: Field, **other: Any) -> str:
    with unit_of_work(engine) as db:
        item = told(field.visits[field.codes[0]], **other)
        (answer,) = take_in(db, [item], field.official, NOW)
    assert answer.outcome is Outcome.ACCEPTED, answer
    return str(item["id"])


def send(
    engine: Engine,
    by: Person,
    report_id: str,
    content: bytes,
    kind: EvidenceKind = PHOTO,
    evidence_id: str = "",
) -> Answer:
    given = EvidenceIn.model_validate(
        {"id": evidence_id or str(uuid.uuid4()), "report_id": report_id, "kind": kind}
    )
    with unit_of_work(engine) as db:
        picture = redraw(content, kind)
        return store_evidence(db, given, digest_of(content), picture, by, NOW)


def stored(engine: Engine) -> list[Evidence]:
    with reading(engine) as db:
        return list(db.exec(select(Evidence)))


def test_a_photo_loses_its_place_its_maker_and_its_comment_and_stands_upright() -> None:
    sent = of_camera((400, 300))
    assert b"Merek Kamera" in sent
    assert opened(sent).getexif().get_ifd(0x8825)
    made = redraw(sent, PHOTO)
    again = opened(made.content)
    assert (made.media_type, again.format) == ("image/jpeg", "JPEG")
    assert (made.width, made.height) == again.size == (300, 400)
    assert dict(again.getexif()) == {}
    assert set(again.info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }
    for trace in (b"Exif", b"Merek", b"3372012005850001", b"GPS"):
        assert trace not in made.content


def test_a_photo_is_made_no_larger_than_a_screen_shows() -> None:
    made = redraw(written(drawn((2000, 1500)), quality=60), PHOTO)
    assert (made.width, made.height) == (1280, 960)
    assert LONGEST_SIDE[PHOTO] == 1280
    small = redraw(written(drawn((40, 30))), PHOTO)
    assert (small.width, small.height) == (40, 30)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_signature_is_dark_on_white_paper_whatever_it_was_drawn_upon(form: str) -> None:
    clear = Image.new("RGBA", (900, 300), (0, 0, 0, 0))
    clear.paste((20, 20, 90, 255), (100, 100, 800, 140))
    made = redraw(written(clear, form, **({"lossless": True} if form == "WEBP" else {})), SIGNATURE)
    again = opened(made.content)
    assert (again.format, again.mode, again.size) == ("PNG", "L", (600, 200))
    assert again.getpixel((5, 5)) == 255
    assert again.getpixel((300, 80)) < 60  # type: ignore[operator]


def test_notes_in_a_png_do_not_stay() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Title", "3372012005850001.jpg")
    notes.add_itxt("Comment", "<script>alert(1)</script>", zip=True)
    sent = written(drawn((40, 30)), "PNG", pnginfo=notes, icc_profile=b"x" * 500)
    made = redraw(sent, SIGNATURE)
    assert b"3372012005850001" in sent
    assert b"3372012005850001" not in made.content
    assert opened(made.content).info == {}


def test_a_page_hidden_in_a_picture_is_gone() -> None:
    sent = page_in_a_jpeg()
    assert sent.count(b"<script>") == 2
    assert b"<" + b"script" not in redraw(sent, PHOTO).content


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GOOD = written(drawn())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bomb(), "picture_too_large"),
        (bomb(2_001, 2_000), "picture_too_large"),
        (GOOD + bytes(MOST_BYTES), "picture_too_heavy"),
        (film("PNG"), "picture_moves"),
        (film("WEBP"), "picture_moves"),
        (film("GIF"), "not_a_picture"),
        (written(drawn(), "BMP"), "not_a_picture"),
        (written(drawn(), "TIFF"), "not_a_picture"),
        (SVG, "not_a_picture"),
        (b"%PDF-1.7", "not_a_picture"),
        (b"", "not_a_picture"),
        (GOOD[: len(GOOD) // 2], "not_a_picture"),
        (written(drawn(), "PNG")[:-400], "not_a_picture"),
        (written(drawn(), "WEBP")[:-400], "not_a_picture"),
        (bomb(1000, 1000), "not_a_picture"),
        (with_a_broken_note(), "not_a_picture"),
        (b"\xff\xd8\xff\xe0" + b"A" * 500, "not_a_picture"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_small_whole_picture_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        redraw(content, PHOTO)
    assert refusal.value.facts["problems"] == {"picture": [code]}


def test_a_picture_drawn_in_more_scans_than_any_camera_writes_is_never_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = MOST_SCANS - of_many_scans(0).count(b"\xff\xda")
    assert redraw(of_many_scans(most), PHOTO).width == 40
    unpacked: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", unpacked.append)
    for more in (most + 1, 5000):
        with pytest.raises(Invalid) as refusal:
            redraw(of_many_scans(more), PHOTO)
        assert refusal.value.facts["problems"] == {"picture": ["not_a_picture"]}
    assert unpacked == []


def test_the_largest_picture_that_is_taken_is_taken() -> None:
    widest = MOST_PIXELS // 2000
    plain = written(Image.new("L", (widest, 2000), 200), "PNG")
    assert redraw(plain, PHOTO).height == 1280


def test_broken_bytes_anywhere_never_break_us() -> None:
    for content in (GOOD, written(drawn((60, 40)), "PNG"), written(drawn((60, 40)), "WEBP")):
        for at in range(0, min(len(content), 700), 3):
            hurt = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
            try:
                redraw(hurt, PHOTO)
            except Invalid as error:
                assert error.facts["problems"]  # noqa: PT017 - either of the two is right


def test_the_same_picture_again_is_stored_once(engine: Engine, field: Field) -> None:
    report_id, evidence_id = report(engine, field), str(uuid.uuid4())
    told_again = [
        send(engine, field.official, report_id, GOOD, evidence_id=evidence_id) for _ in "ab"
    ]
    assert [one.outcome for one in told_again] == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    (one,) = stored(engine)
    assert (one.id, one.report_id, one.village_code) == (evidence_id, report_id, field.codes[0])
    assert one.content != GOOD


def test_another_picture_under_the_same_id_or_of_the_same_kind_replaces_nothing(
    engine: Engine, field: Field
) -> None:
    report_id, evidence_id = report(engine, field), str(uuid.uuid4())
    other = written(drawn((80, 60)))
    send(engine, field.official, report_id, GOOD, evidence_id=evidence_id)
    same_id = send(engine, field.official, report_id, other, evidence_id=evidence_id)
    second = send(engine, field.official, report_id, other)
    assert (same_id.outcome, same_id.reason) == (Outcome.CONFLICT, "other_picture")
    assert (second.outcome, second.reason) == (Outcome.CONFLICT, "picture_there")
    assert send(engine, field.official, report_id, other, SIGNATURE).outcome is Outcome.ACCEPTED
    assert [(one.width, one.kind) for one in stored(engine)] == [(400, PHOTO), (80, SIGNATURE)]


def test_a_correction_brings_a_better_picture_and_the_first_one_stays(
    engine: Engine, field: Field
) -> None:
    first = report(engine, field)
    send(engine, field.official, first, GOOD)
    better = report(engine, field, corrects_id=first, men=25)
    assert send(engine, field.official, better, written(drawn((80, 60)))).outcome is (
        Outcome.ACCEPTED
    )
    with reading(engine) as db:
        rows = evidence_of_visit(db, field.coordinator, field.visits[field.codes[0]])
    assert {one.width for one in rows} == {400, 80}


def test_a_picture_waits_on_the_phone_until_its_report_has_come(
    engine: Engine, field: Field
) -> None:
    report_id = str(uuid.uuid4())
    early = send(engine, field.official, report_id, GOOD)
    assert (early.outcome, early.reason) == (Outcome.HELD, "waits_for_its_report")
    assert stored(engine) == []
    report(engine, field, id=report_id)
    assert send(engine, field.official, report_id, GOOD, evidence_id=early.id).outcome is (
        Outcome.ACCEPTED
    )


@pytest.mark.parametrize("ruling", [None, Ruling.SET_ASIDE, Ruling.TAKEN])
def test_a_picture_of_a_disputed_report_follows_the_ruling(
    engine: Engine, field: Field, ruling: Ruling | None
) -> None:
    stands, disputed = report(engine, field), str(uuid.uuid4())
    with unit_of_work(engine) as db:
        db.add(
            DisputedReport(
                report_id=disputed,
                visit_id=field.visits[field.codes[0]],
                village_code=field.codes[0],
                content={"men": 3},
                fingerprint="x",
                reason="already_reported",
                account_id=field.official.account_id,
                received_at=NOW,
                ruling=ruling,
                taken_as=stands if ruling is Ruling.TAKEN else None,
            )
        )
    answer = send(engine, field.official, disputed, GOOD)
    expected = {
        None: Outcome.HELD,
        Ruling.SET_ASIDE: Outcome.REJECTED,
        Ruling.TAKEN: Outcome.ACCEPTED,
    }
    assert answer.outcome is expected[ruling]
    assert [one.report_id for one in stored(engine)] == ([stands] if ruling is Ruling.TAKEN else [])


def test_a_foreign_report_takes_no_picture(engine: Engine, field: Field) -> None:
    answer = send(engine, field.stranger, report(engine, field), GOOD)
    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_found")
    assert stored(engine) == []


def test_those_who_sent_or_review_a_report_see_its_picture_and_nobody_else(
    engine: Engine, field: Field
) -> None:
    send(engine, field.official, report(engine, field), GOOD)
    (one,) = stored(engine)
    for person in (field.official, field.coordinator):
        with reading(engine) as db:
            assert evidence_content(db, person, one.id).content == one.content
            assert len(evidence_of_visit(db, person, one.visit_id)) == 1
    with reading(engine) as db:
        for person in (field.stranger, field.manager):
            assert evidence_of_visit(db, person, one.visit_id) == []
            with pytest.raises(NotFound):
                evidence_content(db, person, one.id)


def test_the_same_picture_twice_at_once_is_stored_once(engine: Engine, field: Field) -> None:
    report_id, ids = report(engine, field), [str(uuid.uuid4())] * 2
    with ThreadPoolExecutor(2) as both:
        answers = list(
            both.map(lambda one: send(engine, field.official, report_id, GOOD, PHOTO, one), ids)
        )
    assert sorted(one.outcome for one in answers) == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert len(stored(engine)) == 1
