"""What the server gives a phone to keep: the same for everybody, each file known by its content."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import outreach.web
from outreach.people.tables import Role
from outreach.web.phone import FIRST_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Visitor
    from tests.web.world import World


def kept(client: Visitor) -> dict[str, Any]:
    text = client.get("/phone/sw.js").get_data(as_text=True)
    told: dict[str, Any] = json.loads(text.split("const KEPT = ", 1)[1].split(";\n", 1)[0])
    return told


def test_every_file_is_served_with_the_content_that_is_told(client: Visitor) -> None:
    files = kept(client)["files"]
    assert "/phone/" in files
    assert {path.rsplit(".", 1)[-1] for path in files} == {"/phone/", "js", "css", "png"}
    for path, integrity in files.items():
        with client.get(path) as answer:  # a file is open behind it
            content = answer.get_data()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert integrity == f"sha256-{digest}", path


def test_the_shell_is_the_same_for_everybody_and_names_nobody(
    client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> None:
    strangers = client.get("/phone/").get_data()
    for role in Role:
        assert login_as(role).get("/phone/").get_data() == strangers
    assert b"csrf" not in strangers


def test_another_language_is_another_version(client: Visitor) -> None:
    indonesian = kept(client)
    client.set_cookie("language", "en")
    english = kept(client)
    assert english["version"] != indonesian["version"]
    assert english["files"].keys() == indonesian["files"].keys()


def test_what_has_not_changed_is_not_sent_again(client: Visitor) -> None:
    for path in ("/phone/", "/phone/sw.js", "/phone/manifest.webmanifest"):
        first = client.get(path)
        assert first.headers["Cache-Control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.get_data()) == (304, b"")


def test_the_page_may_show_its_own_pictures_and_run_nothing_but_our_files(client: Visitor) -> None:
    policy = client.get("/phone/").headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob:" in policy
    assert "unsafe" not in policy
    page = client.get("/phone/").get_data(as_text=True)
    assert "<style" not in page
    assert "style=" not in page
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == page.count("<script") > 0
    for told, content in scripts:
        assert 'src="/static/phone-' in told
        assert content == ""


def test_logging_out_by_the_page_needs_its_header_and_ends_the_login(
    login_as: Callable[[Role], Visitor],
) -> None:
    visitor = login_as(Role.OFFICIAL)
    assert visitor.post("/api/v1/logout").status_code == 400
    assert visitor.get("/api/v1/phone").status_code == 200
    ours = {"X-Requested-With": "outreach"}
    assert visitor.post("/api/v1/logout", headers=ours).get_json() == {"logged_out": True}
    assert visitor.get("/api/v1/phone").status_code == 401


def test_an_official_comes_to_the_page_of_the_phone(login_as: Callable[[Role], Visitor]) -> None:
    assert login_as(Role.OFFICIAL).get("/").headers["Location"] == "/phone/"


def test_what_the_first_screen_needs_is_named_in_the_head() -> None:
    """Whatever is found out about later only costs a slow line another way there and back."""
    folder = Path(outreach.web.__file__).parent / "static" / "phone"
    needed = {"app.js"}
    found: set[str] = set()
    while needed - found:
        name = (needed - found).pop()
        found.add(name)
        source = (folder / name).read_text()
        needed |= set(re.findall(r'^(?:import|export) .*from "\./(.+)";$', source, re.MULTILINE))
    assert found | {"visits.js"} == set(FIRST_FILES)
    # Six connections a browser opens at once: these and the stylesheet. The visits come with the
    # first news, on whichever is free by then.
    assert len(found) + 1 <= 6
    assert FIRST_FILES[-1] == "visits.js"
