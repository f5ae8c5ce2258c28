"""What an official's phone reads and sends besides reports."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import date, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from PIL import Image
from sqlalchemy import event
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.tables import DisputedReport, Evidence, Ruling
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import AccountArea, Device, Role
from outreach.villages.tables import Village
from outreach.visits.lifecycle import send_back
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from outreach.web.app import create_app
from outreach.web.wall import FOR_WHOM, OUR_PAGE
from tests.logbook.pictures import drawn, film, of_camera, written
from tests.visits.world import NOW
from tests.web.planned import coordinator, engine_of, hang_clock
from tests.web.world import FOREIGN_VILLAGE, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from outreach.config import Settings
    from tests.web.asked import Asked
    from tests.web.conftest import Visitor
    from tests.web.world import World

    type LogIn = Callable[[Role], Visitor]

STATE = "/api/v1/phone"


@pytest.fixture
def phone(app: Flask, english: LogIn) -> Visitor:
    """The phone of the official of the own village, some weeks before its visit."""
    hang_clock(app)
    return english(Role.OFFICIAL)


def state(phone: Visitor) -> Any:
    answer = phone.get(STATE)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def the_visit(phone: Visitor, world: World) -> Any:
    return next((one for one in state(phone)["visits"] if one["id"] == world.own["visit_id"]), None)


def set_work(app: Flask, visit_id: int, work: Work, day: date | None = None) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit = db.get_one(Visit, visit_id)
        visit.work, visit.day = work, day or visit.day


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(*told: Any) -> None:
        statements.append(told[2])

    event.listen(engine_of(app), "before_cursor_execute", count)
    yield statements
    event.remove(engine_of(app), "before_cursor_execute", count)


def test_the_state_holds_what_the_official_needs_and_nothing_foreign(
    phone: Visitor, world: World
) -> None:
    told = state(phone)
    assert told["photos"] is True
    (visit,) = told["visits"]
    assert (visit["id"], visit["code"]) == (world.own["visit_id"], OWN_VILLAGE)
    assert (visit["day"], visit["starts_at"], visit["zone_name"]) == ("2026-11-18", "09:00", "WIB")
    assert (visit["can"], visit["openings"]) == (["report", "give_back"], [])
    assert visit["branch"] == "Surakarta"
    (report,) = told["reports"]
    assert (report["id"], report["men"], report["women"]) == (world.own["report_id"], 18, 24)
    assert (report["review"], report["can"]) == ("waiting", ["correct"])
    assert (report["photo"], report["signature"]) == (False, True)
    assert report["details"] == [
        {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 9}
    ]
    (village,) = told["villages"]
    assert (village["code"], village["sessions"], village["signups"]) == (OWN_VILLAGE, 1, 9)
    assert (village["reached"], village["next_visit"]) == (True, "2026-11-18")
    assert told["me"]["villages"] == [village["name"]]
    text = phone.get(STATE).text
    assert FOREIGN_VILLAGE not in text
    assert world.foreign["report_id"] not in text


def test_the_same_state_is_only_named_again_in_a_few_bytes(
    phone: Visitor, world: World, app: Flask
) -> None:
    first = phone.get(STATE)
    hang_clock(app, NOW + timedelta(hours=3))
    headers = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "br"}
    again = phone.get(STATE, headers=headers)
    assert (again.status_code, again.data) == (304, b"")
    assert sum(len(f"{name}: {value}\r\n") for name, value in again.headers) < 500
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in again.headers["Vary"]
    assert "Set-Cookie" not in again.headers
    set_work(app, world.own["visit_id"], Work.AWAITING)
    changed = phone.get(STATE, headers=headers)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert brotli.decompress(changed.data).startswith(b'{"me":')


def test_what_was_saved_for_somebody_else_is_not_taken_in_this_ones_name(
    phone: Visitor, world: World
) -> None:
    mine = world.accounts[Role.OFFICIAL][0]
    assert state(phone)["me"]["account"] == mine
    item = {"id": str(uuid.uuid4()), "visit_id": world.own["visit_id"]}
    for path, envelope in (("reports", {"reports": [item]}), ("answers", {"answers": [item]})):
        of_other = {OUR_PAGE[0]: OUR_PAGE[1], FOR_WHOM: str(mine + 1)}
        refused = phone.post(f"/api/v1/{path}", json=envelope, headers=of_other)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "other_person")
        of_mine = of_other | {FOR_WHOM: str(mine)}
        assert phone.post(f"/api/v1/{path}", json=envelope, headers=of_mine).status_code == 200


def test_each_language_has_a_state_of_its_own(phone: Visitor) -> None:
    english = phone.get(STATE)
    phone.set_cookie("language", "id")
    indonesian = phone.get(STATE, headers={"If-None-Match": english.headers["ETag"]})
    assert indonesian.status_code == 200
    assert indonesian.get_json()["visits"][0]["work_word"] == "Terkonfirmasi"


@pytest.mark.parametrize(
    ("work", "day", "can"),
    [
        (Work.AWAITING, "2026-11-18", ["report", "answer", "give_back"]),
        (Work.AWAITING, "2026-11-01", ["report"]),
        (Work.CONFIRMED, "2026-11-01", ["report"]),
        (Work.SENT_BACK, "2026-11-01", ["correct"]),
        (Work.PROPOSED, "2026-11-18", None),
        (Work.CANCELLED, "2026-11-18", None),
        (Work.DONE, "2026-11-01", None),
        (Work.CONFIRMED, "2027-01-20", None),
    ],
)
def test_a_visit_shows_what_may_be_done_to_it(
    phone: Visitor, world: World, app: Flask, work: Work, day: str, can: list[str] | None
) -> None:
    set_work(app, world.own["visit_id"], work, date.fromisoformat(day))
    visit = the_visit(phone, world)
    assert (visit and visit["can"]) == can


def test_why_a_report_was_sent_back_stands_beside_it(
    phone: Visitor, world: World, app: Flask
) -> None:
    visit_id = state(phone)["reports"][0]["visit_id"]
    by = coordinator(app, world)
    with unit_of_work(engine_of(app)) as db:
        version = db.get_one(Visit, visit_id).version
        send_back(db, visit_id, version=version, by=by, now=NOW, reason="Berapa perempuan?")
    told = state(phone)
    (report,) = told["reports"]
    assert (report["review"], report["reason"]) == ("sent_back", "Berapa perempuan?")
    visit = next(one for one in told["visits"] if one["id"] == visit_id)
    assert (visit["can"], visit["reason"]) == (["correct"], "Berapa perempuan?")


def test_why_a_visit_was_given_back_by_itself_is_said_in_words(
    phone: Visitor, world: World, app: Flask
) -> None:
    visit_id = world.own["visit_id"]
    set_work(app, visit_id, Work.RETURNED, date(2026, 10, 25))
    with unit_of_work(engine_of(app)) as db:
        line = {"visit_id": visit_id, "village_code": OWN_VILLAGE, "at": NOW}
        returned = VisitEvent(**line, happening=Happening.RETURNED, reason="report_missing")
        db.add(returned)
    visit = the_visit(phone, world)
    assert visit["reason"] == "No report came within a week of its day."
    assert visit["can"] == ["report"]


def test_a_disputed_report_is_told_until_its_content_is_forgotten(
    phone: Visitor, world: World, app: Flask
) -> None:
    with unit_of_work(engine_of(app)) as db:
        dispute = DisputedReport(
            report_id=str(uuid.uuid4()),
            visit_id=world.own["visit_id"],
            village_code=OWN_VILLAGE,
            content={"held_on": "2026-11-01", "held_at": "09:00:00", "men": 3, "women": 4},
            fingerprint="x",
            reason="already_reported",
            account_id=world.accounts[Role.OFFICIAL][0],
            received_at=NOW,
        )
        db.add(dispute)
        db.flush()
        dispute_id, report_id = dispute.id, dispute.report_id
    told = state(phone)["disputes"][-1]
    assert (told["men"], told["ruling"], told["ruling_word"]) == (3, None, "With your branch")
    assert told["reason_word"].startswith("Somebody has reported this visit already.")
    with unit_of_work(engine_of(app)) as db:
        settled = db.get_one(DisputedReport, dispute_id)
        settled.ruling, settled.ruled_why = Ruling.SET_ASIDE, "Dihitung dua kali"
    assert state(phone)["disputes"][-1]["ruling_word"] == "Set aside: Dihitung dua kali"
    with unit_of_work(engine_of(app)) as db:
        db.get_one(DisputedReport, dispute_id).content = {}
    assert report_id not in {one["report_id"] for one in state(phone)["disputes"]}


def test_many_villages_cost_no_more_statements_than_one(
    phone: Visitor, world: World, app: Flask
) -> None:
    state(phone)
    with counted(app) as for_one:
        state(phone)
    with unit_of_work(engine_of(app)) as db:
        codes = db.exec(select(Village.code).where(Village.code.startswith("33.72.0"))).all()
        for code in codes[:20]:
            if code != OWN_VILLAGE:
                db.add(AccountArea(account_id=world.accounts[Role.OFFICIAL][0], code=code))
    with counted(app) as for_twenty:
        assert len(state(phone)["villages"]) == 20
    assert len(for_twenty) == len(for_one) < 20


# --- answers ---


@pytest.fixture
def asked_phone(phone: Visitor, asked: Asked, world: World, app: Flask) -> Visitor:
    """A phone whose village awaits its official's answer."""
    with unit_of_work(asked.engine) as db:
        code = db.get_one(Visit, asked.visit_id).village_code
        if code != OWN_VILLAGE:
            db.add(AccountArea(account_id=world.accounts[Role.OFFICIAL][0], code=code))
    return phone


def item(visit: Any, answer: str, **other: Any) -> dict[str, Any]:
    told = {"id": str(uuid.uuid4()), "visit_id": visit["id"], "version": visit["version"]}
    return {**told, "answer": answer, "place": "", "reason": "", **other}


def post(phone: Visitor, *items: object, **envelope: Any) -> Any:
    body = {"sent_at": "2026-11-02T02:00:00Z", "unsent": 0, "answers": items, **envelope}
    return phone.post("/api/v1/answers", json=body, headers=dict((OUR_PAGE,)))


def answers(phone: Visitor, *items: object) -> Any:
    answer = post(phone, *items)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["answers"]


def test_a_visit_that_waits_offers_days_and_one_of_them_can_be_chosen(
    asked_phone: Visitor, asked: Asked
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    assert "answer" in visit["can"]
    assert [one["place"] for one in visit["openings"]] == asked.places()
    wanted = visit["openings"][-1]
    (told,) = answers(asked_phone, item(visit, "another_day", place=wanted["place"]))
    assert (told["outcome"], told["message"]) == ("accepted", "Accepted")
    after = asked.now()
    assert (after.work, after.day.isoformat()) == (Work.CONFIRMED, wanted["day"])
    assert f"{after.starts_at:%H:%M}" == wanted["starts_at"]


def test_an_answer_that_came_too_late_shows_how_the_visit_stands_and_what_is_free(
    asked_phone: Visitor, asked: Asked
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    with unit_of_work(asked.engine) as db:
        db.get_one(Visit, asked.visit_id).version += 1
    (told,) = answers(asked_phone, item(visit, "can"))
    assert (told["outcome"], told["reason"]) == ("conflict", "changed_meanwhile")
    assert told["message"].startswith("Somebody else changed this first.")
    assert told["version"] == visit["version"] + 1
    assert [one["place"] for one in told["openings"]] == asked.places()
    (told,) = answers(asked_phone, item(visit, "can", version=told["version"]))
    assert told["outcome"] == "accepted"


def test_one_bad_answer_never_sinks_the_others(
    asked_phone: Visitor, asked: Asked, world: World
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    foreign = item({"id": world.foreign["visit_id"], "version": 1}, "can")
    wordless = item(visit, "no")
    good = item(visit, "can")
    told = answers(asked_phone, "nonsense", foreign, wordless, good, good)
    assert [one["outcome"] for one in told] == ["rejected"] * 3 + ["accepted", "duplicate"]
    assert [one["id"] for one in told] == ["", foreign["id"], wordless["id"], *[good["id"]] * 2]
    assert told[1]["message"] == "There is nothing here, or it lies outside your area."
    assert told[2]["words"] == {"reason": ["Please fill this in."]}
    assert told[2]["message"] == "Please fill this in."


@pytest.mark.parametrize("body", [None, 7, [], {}, {"answers": {}}, {"answers": [{}] * 101}])
def test_what_is_no_envelope_is_refused_as_json(phone: Visitor, body: Any) -> None:
    answer = phone.post("/api/v1/answers", json=body, headers=dict((OUR_PAGE,)))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("unsent", "sent_at", "kept"),
    [
        (7, "2026-11-02T02:10:00Z", (7, 600)),
        (0, "2019-01-01T00:00:00+07:00", (0, -247_309_200)),
        ("many", "yesterday", (None, None)),
        (-3, None, (None, None)),
        (10**30, "2026-11-02T02:00:00Z", (None, 0)),
    ],
)
def test_a_phone_tells_what_it_still_holds_and_how_its_clock_goes(
    phone: Visitor,
    client: Visitor,
    world: World,
    app: Flask,
    unsent: Any,
    sent_at: Any,
    kept: tuple[int | None, int | None],
) -> None:
    token = new_token()
    with unit_of_work(engine_of(app)) as db:
        account_id = world.accounts[Role.OFFICIAL][0]
        device = Device(account_id=account_id, token_hash=digest_of(token), enrolled_at=NOW)
        db.add(device)
        db.flush()
        device_id = device.id
    client.set_cookie("phone", token)
    assert post(client, unsent=unsent, sent_at=sent_at).status_code == 200
    with unit_of_work(engine_of(app)) as db:
        device = db.get_one(Device, device_id)
        assert (device.unsent, device.skew_seconds) == kept
        assert device.last_seen_at == NOW


# --- pictures ---


def put(phone: Visitor, world: World, content: bytes, kind: str = "photo", **other: Any) -> Any:
    report_id = other.pop("report_id", world.own["report_id"])
    return phone.put(
        f"/api/v1/evidence/{other.pop('item_id', uuid.uuid4())}",
        query_string={"report_id": report_id, "kind": kind},
        data=content,
        headers=dict((OUR_PAGE,)),
        content_type="image/jpeg",
    )


def test_a_picture_is_taken_once_and_shown_without_what_the_camera_wrote(
    phone: Visitor, login_as: LogIn, world: World
) -> None:
    item_id = str(uuid.uuid4())
    for outcome in ("accepted", "duplicate"):
        (told,) = put(phone, world, of_camera(), item_id=item_id).get_json()["answers"]
        assert (told["id"], told["outcome"]) == (item_id, outcome)
    for role in (Role.OFFICIAL, Role.COORDINATOR, Role.MANAGER):
        shown = login_as(role).get(f"/evidence/{item_id}")
        assert shown.status_code == 200
        assert shown.content_type == "image/jpeg"
        assert shown.headers["Content-Disposition"] == "inline"
        assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.headers["Cache-Control"].startswith("private")
        assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        again = Image.open(BytesIO(shown.data))
        assert (again.format, again.size, dict(again.getexif())) == ("JPEG", (300, 400), {})
    assert state(phone)["reports"][0]["photo"] is True


def test_the_pictures_stand_on_the_pages_of_the_report(
    phone: Visitor, english: LogIn, world: World, app: Flask
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(Evidence, world.own["evidence_id"]).visit_id
    address = f'src="/evidence/{world.own["evidence_id"]}"'
    assert address in phone.get(f"/my/reports/{world.own['report_id']}").text
    assert address in english(Role.COORDINATOR).get(f"/visits/{visit_id}").text
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Evidence, world.own["evidence_id"]).content = b""
    assert address not in phone.get(f"/my/reports/{world.own['report_id']}").text
    assert phone.get(f"/evidence/{world.own['evidence_id']}").status_code == 404
    assert state(phone)["reports"][0]["signature"] is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg/>", "This is no picture that can be opened. Take it again."),
        (b"", "This is no picture that can be opened. Take it again."),
        (b"x" * 700_000, "This picture is larger than 600 kB."),
        (film("PNG"), "This is a film. Please send a picture that stands still."),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    phone: Visitor, world: World, content: bytes, words: str
) -> None:
    answer = put(phone, world, content)
    assert answer.status_code == 200
    (told,) = answer.get_json()["answers"]
    assert (told["outcome"], told["message"]) == ("rejected", words)


def test_what_no_phone_sends_is_refused_before_it_is_read(phone: Visitor, world: World) -> None:
    answer = put(phone, world, b"x" * 3_000_000)
    assert (answer.status_code, answer.is_json) == (413, True)


@pytest.mark.parametrize(
    ("other", "outcome", "problems"),
    [
        ({"report_id": "nothing"}, "rejected", {"report_id"}),
        ({"kind": "film"}, "rejected", {"kind"}),
        ({"report_id": "00000000-0000-4000-8000-000000000000"}, "held", set()),
    ],
)
def test_a_picture_says_what_it_belongs_to(
    phone: Visitor, world: World, other: dict[str, Any], outcome: str, problems: set[str]
) -> None:
    (told,) = put(phone, world, written(drawn()), **other).get_json()["answers"]
    assert (told["outcome"], set(told["words"])) == (outcome, problems)
    assert told["message"]


def test_a_foreign_report_takes_no_picture(phone: Visitor, world: World) -> None:
    report_id = world.foreign["report_id"]
    (told,) = put(phone, world, written(drawn()), report_id=report_id).get_json()["answers"]
    assert (told["outcome"], told["reason"]) == ("rejected", "not_found")


def test_an_installation_that_wants_no_photos_takes_none_but_signatures(
    settings: Settings, world: World, app: Flask
) -> None:
    strict = create_app(settings.model_copy(update={"accept_photos": False}))
    strict.test_client_class = app.test_client_class
    hang_clock(strict)
    phone: Any = strict.test_client()
    phone.log_in(world.accounts[Role.OFFICIAL]).set_cookie("language", "en")
    assert state(phone)["photos"] is False
    (told,) = put(phone, world, written(drawn())).get_json()["answers"]
    assert (told["outcome"], told["message"]) == ("rejected", "Photos are not collected here.")
    with unit_of_work(engine_of(strict)) as db:
        db.delete(db.get_one(Evidence, world.own["evidence_id"]))
    (told,) = put(phone, world, written(drawn()), "signature").get_json()["answers"]
    assert told["outcome"] == "accepted"
    engine_of(strict).dispose()
