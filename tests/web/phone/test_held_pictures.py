"""Pictures cost a village's line a lot: one is sent when it is wanted, and only then."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import rule
from outreach.logbook.tables import DisputedReport, Evidence, Ruling
from outreach.people.access import person_of
from outreach.people.tables import Role
from tests.web.phone.handset import a_report

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser
ASKED, SENT = "GET /api/v1/evidence", "PUT /api/v1/evidence"


def a_picture(phone: Handset, visit_id: int, report_id: str, after: str | None = None) -> str:
    drawn = BytesIO()
    Image.new("RGB", (400, 300), (90, 140, 60)).save(drawn, "JPEG")
    return str(
        phone.run(
            """const id = uuid7();
            await outbox.add({id, kind: "evidence", visit_id: given[0], after: given[2],
              body: {report_id: given[1], kind: "photo"},
              blob: new Blob([new Uint8Array(given[3])], {type: "image/jpeg"})});
            return id;""",
            visit_id,
            report_id,
            after,
            list(drawn.getvalue()),
        )
    )


def pictures(engine: Engine) -> list[Any]:
    with reading(engine) as db:
        return list(db.exec(select(Evidence.id)).all())


def test_a_picture_is_asked_about_and_sent_once(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.send()
    report = a_report(visits[0], today)
    phone.save(report)
    picture = a_picture(phone, visits[0], report["id"], report["id"])
    phone.send()
    phone.send()
    assert picture in [str(one) for one in pictures(engine)]
    assert phone.network.count(SENT) == 1
    # The phone that never heard the answer asks again, and sends no second time.
    phone.run(
        """await outbox.add({id: given[0], kind: "evidence", visit_id: given[1],
          body: {report_id: given[2], kind: "photo"}, blob: new Blob([new Uint8Array([1])])});""",
        picture,
        visits[0],
        report["id"],
    )
    phone.send()
    assert phone.network.count(SENT) == 1
    assert phone.left() == []


def test_a_picture_whose_report_is_unknown_is_asked_about_without_it_and_seldom(
    phone: Handset, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.send()
    picture = a_picture(phone, visits[0], "01a1fa60-a9b6-7209-9ffc-07ace0e42020")
    phone.send()
    assert phone.items() == {picture: "held"}
    asked = phone.network.count(ASKED)
    assert (asked, phone.network.count(SENT)) == (1, 0)
    page.reload()
    phone.open()
    phone.send()
    phone.send()
    assert (phone.network.count(ASKED), phone.network.count(SENT)) == (1, 0)
    long_ago = "2020-01-01T00:00:00.000Z"
    phone.run(
        "await outbox.mark(given[0], {state: 'held', answer: {at: given[1]}});", picture, long_ago
    )
    phone.send()
    assert (phone.network.count(ASKED), phone.network.count(SENT)) == (2, 0)


def test_a_picture_of_a_disputed_report_waits_for_the_ruling(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.send()
    phone.save(a_report(visits[0], today))
    phone.send()
    differs = a_report(visits[0], today, men=3)
    phone.save(differs)
    phone.send()
    picture = a_picture(phone, visits[0], differs["id"])
    for _ in range(3):
        phone.send()
    assert (phone.network.count(ASKED), phone.network.count(SENT)) == (0, 0)
    assert phone.left() == [picture]
    with unit_of_work(engine) as db:
        query = select(DisputedReport).where(col(DisputedReport.report_id) == differs["id"])
        dispute = db.exec(query).one()
        by = person_of(db, world.accounts[Role.COORDINATOR][0])
        assert by is not None
        told: dict[str, Any] = {"why": "Sudah ditelepon", "now": datetime.now(UTC)}
        version = dispute.version
        rule(db, dispute.id or 0, Ruling.SET_ASIDE, by=by, version=version, **told)
    phone.send()
    phone.send()
    assert phone.items()[picture] == "refused"
    assert (phone.network.count(ASKED), phone.network.count(SENT)) == (1, 0)
