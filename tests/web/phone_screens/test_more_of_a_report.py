"""What can be added to the four numbers: lines, place, photo, signature; kept as a draft."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from outreach.logbook.tables import EvidenceKind
from tests.browser import ARGUMENTS, find_chromium
from tests.web.phone_screens.conftest import SCREEN
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright, Route

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser

GPS = 0x8825
#: In one go: what is told after it can only be about what was typed.
_TYPE_AND_FORGET_WHAT_WAS_TOLD = """() => {
  const women = document.querySelector("#f-women");
  women.value = "27";
  women.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("[data-slot=kept]").textContent = "";
}"""
#: Largest picture that may leave a phone.
MOST_BYTES = 250_000


def open_more(page: Page, name: str) -> None:
    page.tap(f"[data-more={name}] summary")


def add_line(page: Page, sector: str, package: str, payer: str, workers: str) -> None:
    page.tap("[data-add-line]")
    line = page.locator("[data-line]").last
    for name, value in (("sector", sector), ("package", package), ("payer", payer)):
        line.locator(f"[name={name}]").select_option(value)
    line.locator("[name=workers]").fill(workers)


def camera_photo() -> bytes:
    """A picture as cameras make them: large, grainy, with the place it was taken at."""
    picture = Image.effect_noise((3000, 2000), 90).convert("RGB")
    notes = Image.Exif()
    notes[0x010F] = "A camera"
    notes[GPS] = {1: "S", 2: (7.0, 33.0, 55.8), 3: "E", 4: (110.0, 49.0, 0.3)}
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95, exif=notes)
    return file.getvalue()


def give_photo(page: Page, content: bytes) -> None:
    page.set_input_files(
        "#f-photo", FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=content)
    )


def test_lines_that_do_not_agree_cannot_be_saved(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, "lines")
    add_line(handset, "farmer", "jkk_jkm", "self", "7")
    add_line(handset, "trader", "jkk_jkm_jht", "apbdes", "4")
    told = handset.locator("[data-slot=sum]")
    expect(told).to_have_text("The lines make 11, above it says 12: 1 missing in the lines.")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("#problem-lines")).to_contain_text("do not add up")
    expect(handset.locator("[data-screen=saved]")).to_be_hidden()
    handset.locator("[data-line]").last.locator("[name=workers]").fill("5")
    expect(told).to_have_text("The lines make 12: the same as above.")
    save(handset)
    outcome(handset, "sent")
    assert office.signups() == {"farmer jkk_jkm self": 7, "trader jkk_jkm_jht apbdes": 5}


def test_a_line_that_is_not_whole_is_asked_for(handset: Page) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, "lines")
    add_line(handset, "farmer", "", "self", "12")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("#problem-lines")).to_contain_text("Each line needs")
    handset.tap("[data-remove-line]")
    expect(handset.locator("[data-add-line]")).to_be_focused()
    save(handset)


@pytest.mark.parametrize(("field", "section"), [("place", "place"), ("remarks", "remarks")])
def test_identity_numbers_stay_out_of_every_text(handset: Page, field: str, section: str) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, section)
    handset.fill(f"#f-{field}", "Pak Harto 3310.1305 1265.0001, 33 10 13 051265 0001")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator(f"#problem-{field}")).to_contain_text("identity number")
    handset.fill(f"#f-{field}", "Balai desa, 2026-11-20, 0812 3456 7890")
    save(handset)


def test_the_place_of_the_phone_is_rounded_before_it_is_kept(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    context.grant_permissions(["geolocation"])
    open_form(handset)
    type_four(handset)
    open_more(handset, "place")
    handset.tap("[data-locate]")
    expect(handset.locator("[data-slot=position]")).to_have_text("-7.566; 110.817")
    expect(handset.locator("[data-slot=kept]")).to_be_visible()
    kept = handset.evaluate(
        """async () => (await (await import(document.querySelector('[href$="/store.js"]').href))
          .drafts.all())[0].draft.position"""
    )
    assert kept == {"latitude": -7.566, "longitude": 110.817}
    save(handset)
    outcome(handset, "sent")
    (report,) = office.reports()
    assert (report.latitude, report.longitude) == (-7.566, 110.817)


def test_the_place_can_be_removed_and_refused(handset: Page, context: BrowserContext) -> None:
    open_form(handset)
    open_more(handset, "place")
    handset.tap("[data-locate]")
    expect(handset.locator("[data-slot=position_trouble]")).to_contain_text("does not allow it")
    context.grant_permissions(["geolocation"])
    handset.tap("[data-locate]")
    handset.tap("[data-forget-position]")
    expect(handset.locator("[data-slot=position]")).to_be_hidden()
    expect(handset.locator("[data-locate]")).to_be_focused()


def test_a_photo_leaves_small_and_without_what_the_camera_noted(
    handset: Page, office: Office
) -> None:
    taken = camera_photo()
    assert GPS in Image.open(io.BytesIO(taken)).getexif()
    assert len(taken) > 2 * MOST_BYTES
    sent: list[bytes] = []

    def keep(route: Route) -> None:
        if route.request.method == "PUT":  # before, the phone asks whether it is wanted
            sent.append(route.request.post_data_buffer or b"")
        route.continue_()

    handset.route("**/api/v1/evidence/**", keep)
    open_form(handset)
    type_four(handset)
    open_more(handset, "photo")
    give_photo(handset, taken)
    expect(handset.locator("[data-photo]")).to_be_visible()
    save(handset)
    outcome(handset, "sent")
    expect(handset.locator("[data-pictures]")).to_have_text("Photo: sent", timeout=20_000)
    (uploaded,) = sent
    picture = Image.open(io.BytesIO(uploaded))
    assert picture.format == "JPEG"
    assert len(uploaded) <= MOST_BYTES
    assert max(picture.size) <= 1280
    assert not picture.getexif()
    assert b"Exif" not in uploaded
    assert b"A camera" not in uploaded
    (stored,) = office.evidence()
    assert (stored.kind, stored.report_id) == (EvidenceKind.PHOTO, office.reports()[0].id)


def test_what_is_no_photo_is_refused_in_words(handset: Page) -> None:
    open_form(handset)
    open_more(handset, "photo")
    give_photo(handset, b"not a picture")
    expect(handset.locator("[data-slot=photo_trouble]")).to_contain_text("not a photo")


def sign(page: Page) -> None:
    page.locator("[data-signature]").scroll_into_view_if_needed()
    box = page.locator("[data-signature]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80, steps=5)
    page.mouse.up()


def test_the_village_head_signs_with_a_finger(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, "signature")
    sign(handset)
    save(handset)
    outcome(handset, "sent")
    expect(handset.locator("[data-pictures]")).to_have_text("Signature: sent", timeout=20_000)
    (stored,) = office.evidence()
    assert stored.kind is EvidenceKind.SIGNATURE
    shades = Image.open(io.BytesIO(stored.content)).convert("L").histogram()
    assert sum(shades[:100]) > 100  # ink
    assert sum(shades[200:]) > sum(shades[:100])  # on paper


def test_a_cleared_signature_is_none(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, "signature")
    sign(handset)
    handset.tap("[data-clear-signature]")
    save(handset)
    outcome(handset, "sent")
    assert office.evidence() == []


def test_what_was_typed_is_there_again_after_the_browser_was_killed(
    playwright: Playwright,
    address: str,
    cookies: list[dict[str, str]],
    tmp_path: Path,
    office: Office,
) -> None:
    def switch_on() -> BrowserContext:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=find_chromium(),
            args=list(ARGUMENTS),
            base_url=address,
            viewport=SCREEN,
            is_mobile=True,
            has_touch=True,
        )
        context.add_cookies(cookies)  # type: ignore[arg-type]
        return context

    before = switch_on()
    page = before.pages[0]
    page.goto("/phone/")
    open_form(page)
    page.fill("#f-men", "18")
    open_more(page, "signature")
    sign(page)
    kept = page.locator("[data-slot=kept]")
    expect(kept).not_to_be_empty()
    page.evaluate(_TYPE_AND_FORGET_WHAT_WAS_TOLD)
    expect(kept).not_to_be_empty()  # from here on it survives the end of the browser
    kill(tmp_path / "profile")
    after = switch_on()
    page = after.pages[0]
    page.goto("/phone/")
    expect(page.locator(".visit [data-act]")).to_contain_text("Go on with your report")
    page.tap(".visit [data-act]")
    expect(page.locator("[data-part=continued]")).to_be_visible()
    assert [page.input_value(f"#f-{name}") for name in ("men", "women", "signups")] == [
        "18",
        "27",
        "",
    ]
    save(page)
    outcome(page, "sent")
    expect(page.locator("[data-pictures]")).to_have_text("Signature: sent", timeout=20_000)
    assert [(one.men, one.women) for one in office.reports()] == [(18, 27)]
    after.close()


def kill(profile: Path) -> None:
    """End the browser of this profile as the system ends one: at once, with no good-bye."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if f"--user-data-dir={profile}" in command and "--type=" not in command:
            os.kill(int(folder.name), signal.SIGKILL)


def test_a_draft_can_be_thrown_away(handset: Page) -> None:
    open_form(handset)
    handset.fill("#f-men", "18")
    expect(handset.locator("[data-slot=kept]")).to_be_visible()
    handset.reload()
    handset.wait_for_selector("[data-part=continued]:not([hidden])")
    handset.tap("[data-anew]")
    expect(handset.locator("[data-part=continued]")).to_be_hidden()
    expect(handset.locator("#f-men")).to_have_value("")
