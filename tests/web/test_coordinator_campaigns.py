"""Campaigns by page: drafted, refused, changed by two at once, opened and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.tables import Campaign, Stage, Status
from outreach.db import unit_of_work
from outreach.people.tables import Role
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FORM = {
    "name": "Pasar Gede 2027",
    "purpose": "deepen",
    "ecosystem": "market",
    "theme": "Pedagang terlindungi",
    "starts": "2027-01-04",
    "ends": "2027-06-30",
    "target_signups": "1200",
}


def stored(app: Flask, campaign_id: int) -> Campaign:
    with unit_of_work(engine_of(app)) as db:
        return db.get_one(Campaign, campaign_id)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_a_campaign_is_drafted_and_listed(
    role: Role, app: Flask, english: Callable[[Role], Visitor]
) -> None:
    client = english(role)
    answer = client.send("/campaigns/new", FORM)
    assert answer.status_code == 303
    made = stored(app, int(answer.location.rsplit("/", 1)[1]))
    assert (made.name, made.target_signups, made.status) == (FORM["name"], 1200, Status.DRAFTED)
    assert "Pasar Gede 2027" in words_of(client.get("/campaigns"))
    assert "Open the campaign" in words_of(client.get(answer.location))


def test_every_problem_is_told_at_once_and_nothing_typed_is_lost(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    wrong = FORM | {"name": "", "starts": "soon", "target_signups": "-5"}
    answer = english(Role.COORDINATOR).send("/campaigns/new", wrong)
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert 'value="soon"' in html
    assert 'value="-5"' in html
    assert "Pedagang terlindungi" in html
    words = words_of(answer)
    assert "Please fill this in." in words
    assert "Please enter a date." in words
    assert "At least 0." in words


def test_an_end_before_the_start_and_a_taken_name_are_refused(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    backwards = client.send("/campaigns/new", FORM | {"ends": "2027-01-01"})
    assert backwards.status_code == 422
    assert "The end lies before the start." in words_of(backwards)
    name = stored(app, world.own["campaign_id"]).name
    taken = client.send("/campaigns/new", FORM | {"name": name})
    assert taken.status_code == 422
    assert "taken already" in words_of(taken)


def test_two_people_see_both_values_and_the_second_decides(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    path = f"/campaigns/{world.own['campaign_id']}/edit"
    old = stored(app, world.own["campaign_id"])
    values = {
        "purpose": "acquire",
        "ecosystem": "village",
        "starts": old.starts.isoformat(),
        "ends": old.ends.isoformat(),
        "target_signups": "500",
        "version": str(old.version),
    }
    assert client.send(path, values | {"name": "Nama pertama"}).status_code == 303
    stale = client.send(path, values | {"name": "Nama kedua", "target_signups": "700"})
    assert stale.status_code == 409
    words = words_of(stale)
    assert "Stored meanwhile: Nama pertama" in words
    assert 'value="Nama kedua"' in stale.get_data(as_text=True)
    assert stored(app, world.own["campaign_id"]).name == "Nama pertama"
    again = values | {"name": "Nama kedua", "version": str(old.version + 1)}
    assert f'name="version" value="{old.version + 1}"' in stale.get_data(as_text=True)
    assert client.send(path, again).status_code == 303
    assert stored(app, world.own["campaign_id"]).name == "Nama kedua"


def test_a_form_that_is_only_wrong_does_not_forget_which_version_it_was_made_from(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    path = f"/campaigns/{world.own['campaign_id']}/edit"
    old = stored(app, world.own["campaign_id"])
    dates = {"starts": old.starts.isoformat(), "ends": old.ends.isoformat()}
    values = {"purpose": "acquire", "ecosystem": "village", "version": str(old.version), **dates}
    assert client.send(path, values | {"name": "Nama pertama"}).status_code == 303
    wrong = client.send(path, values | {"name": ""})
    assert wrong.status_code == 422
    assert f'name="version" value="{old.version}"' in wrong.get_data(as_text=True)


def test_a_campaign_is_opened_and_closed_once_its_stages_are(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    made = client.send("/campaigns/new", FORM).location
    number = int(made.rsplit("/", 1)[1])
    assert client.send(f"{made}/open", {"version": "1"}).status_code == 303
    assert stored(app, number).status is Status.OPENED
    assert client.send(f"{made}/close", {"version": "2"}).status_code == 303
    assert stored(app, number).status is Status.CLOSED
    own = f"/campaigns/{world.own['campaign_id']}"
    version = stored(app, world.own["campaign_id"]).version
    refused = client.send(f"{own}/close", {"version": str(version)})
    assert refused.status_code == 409
    assert "stages that are still open" in words_of(refused)


def test_a_button_of_an_old_page_is_a_conflict(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    made = client.send("/campaigns/new", FORM).location
    answer = client.send(f"{made}/open", {"version": "9"})
    assert answer.status_code == 409
    assert "Somebody else changed this first" in words_of(answer)


def test_only_stages_of_the_own_area_are_shown(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(engine_of(app)) as db:
        foreign = db.get_one(Stage, world.foreign["stage_id"])
        foreign.name, foreign.campaign_id = "Tahap rahasia", world.own["campaign_id"]
    page = words_of(english(Role.COORDINATOR).get(f"/campaigns/{world.own['campaign_id']}"))
    assert "Tahap 1" in page
    assert "Tahap rahasia" not in page


def test_a_campaign_for_all_branches_is_shaped_by_managers_alone(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    made = english(Role.MANAGER).send("/campaigns/new", FORM).location
    assert stored(app, int(made.rsplit("/", 1)[1])).branch_id is None
    client = english(Role.COORDINATOR)
    page = client.get(made)
    assert "All branches" in words_of(page)
    assert "New stage" in words_of(page)
    assert "Open the campaign" not in words_of(page)
    assert f"{made}/edit" not in page.get_data(as_text=True)
    assert client.get(f"{made}/edit").status_code == 403
    for deed in ("edit", "open", "close"):
        assert client.send(f"{made}/{deed}", FORM | {"version": "1"}).status_code == 403
    stage = {"name": "Tahap 1", "starts": "2027-02-01", "ends": "2027-02-26", "ordering": "score"}
    assert client.send(f"{made}/stages/new", stage).status_code == 303


def test_campaigns_of_other_branches_are_nowhere_to_be_seen(
    world: World, english: Callable[[Role], Visitor]
) -> None:
    foreign = "Desa terlindungi 33.11"
    for role, paths in (
        (Role.COORDINATOR, ("/desk", "/campaigns", "/map")),
        (Role.MANAGER, ("/campaigns", "/map")),
    ):
        client = english(role)
        for path in paths:
            words = words_of(client.get(path))
            assert "Desa terlindungi 33.72" in words, path
            assert foreign not in words, path
        number = world.foreign["campaign_id"]
        assert client.get(f"/map?campaign={number}").status_code == 404
        assert client.get(f"/map/stats?campaign={number}").status_code == 404
        assert client.get(f"/map?campaign={world.own['campaign_id']}").status_code == 200


@pytest.mark.parametrize("ends", ["2027-01-03", "2999-12-31", "2037-02-01"])
def test_a_wrong_end_marks_the_field_of_the_end(
    ends: str, english: Callable[[Role], Visitor]
) -> None:
    answer = english(Role.COORDINATOR).send("/campaigns/new", FORM | {"ends": ends})
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert 'id="ends-problem"' in html
    assert 'id="starts-problem"' not in html


def test_drafts_are_deleted_stages_first_and_what_was_opened_stays(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    made = client.send("/campaigns/new", FORM).location
    stage = {"name": "Tahap 1", "starts": "2027-02-01", "ends": "2027-02-26", "ordering": "score"}
    drafted = client.send(f"{made}/stages/new", stage).location
    refused = client.send(f"{made}/delete", {"version": "1"})
    assert refused.status_code == 409
    assert "This campaign has stages." in words_of(refused)
    assert "Delete the draft" not in words_of(refused)
    assert "Delete the draft" in words_of(client.get(drafted))
    assert client.send(f"{drafted}/delete", {"version": "9"}).status_code == 409
    gone = client.send(f"{drafted}/delete", {"version": "1"}, follow_redirects=True)
    assert "“Tahap 1” was deleted." in words_of(gone)
    assert client.get(drafted).status_code == 404
    assert "Delete the draft" in words_of(client.get(made))
    assert client.send(f"{made}/delete", {"version": "1"}).status_code == 303
    assert client.get(made).status_code == 404
    for kind in ("stage", "campaign"):
        own = f"/{kind}s/{world.own[f'{kind}_id']}"
        assert client.send(f"{own}/delete", {"version": "1"}).status_code == 409
        assert client.get(own).status_code == 200


WEIGHTS = {"weight_gap": "50", "weight_promise": "0", "weight_sponsor_end": "2.5"}


def test_weights_are_kept_with_the_campaign_and_shown_again(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    made = client.send("/campaigns/new", FORM | WEIGHTS)
    assert made.status_code == 303
    campaign_id = int(made.location.rsplit("/", 1)[1])
    assert stored(app, campaign_id).weights == {"gap": 50, "promise": 0, "sponsor_end": 2.5}
    html = client.get(f"/campaigns/{campaign_id}/edit").get_data(as_text=True)
    assert 'name="weight_gap" value="50"' in html
    assert 'name="weight_promise" value="0"' in html
    assert 'name="weight_sponsor_end" value="2.5"' in html
    assert 'name="weight_access" value=""' in html
    assert "Default: 36." in html
    page = words_of(client.get(f"/campaigns/{campaign_id}"))
    assert "Points of a score Gap 50, Vulnerable 20" in page
    assert "Sponsor ends 2.5" in page
    plain = client.send("/campaigns/new", FORM | {"name": "Pasar lain"})
    assert "Points of a score" not in words_of(client.get(plain.location))


def test_back_to_the_defaults_empties_the_weights_and_stores_nothing(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    made = client.send("/campaigns/new", FORM | WEIGHTS)
    path = f"{made.location}/edit"
    answer = client.send(path, FORM | WEIGHTS | {"act": "defaults", "version": "1"})
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    assert 'name="weight_gap" value=""' in html
    assert "Pedagang terlindungi" in html
    assert 'name="version" value="1"' in html
    campaign_id = int(made.location.rsplit("/", 1)[1])
    assert stored(app, campaign_id).weights["gap"] == 50
    assert client.send(path, FORM | {"version": "1"}).status_code == 303
    assert stored(app, campaign_id).weights == {}
    assert "Pedagang terlindungi" in client.send(
        "/campaigns/new", FORM | {"act": "defaults"}
    ).get_data(as_text=True)


def test_every_wrong_weight_is_told_at_once_and_nothing_may_weigh_nothing(
    english: Callable[[Role], Visitor],
) -> None:
    client = english(Role.COORDINATOR)
    wrong = {"weight_gap": "-1", "weight_access": "101", "weight_staleness": "nan"}
    answer = client.send("/campaigns/new", FORM | wrong)
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    for name, value in wrong.items():
        assert f'id="{name}" name="{name}" value="{value}"' in html
        assert f'id="{name}-problem"' in html
    parts = ("gap", "vulnerable", "access", "staleness", "promise", "sponsor_end")
    nothing = client.send("/campaigns/new", FORM | {f"weight_{part}": "0" for part in parts})
    assert nothing.status_code == 422
    assert "At least one part has to weigh something." in words_of(nothing)


def test_two_people_see_both_weights(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    path = f"/campaigns/{world.own['campaign_id']}/edit"
    old = stored(app, world.own["campaign_id"])
    dates = {"starts": old.starts.isoformat(), "ends": old.ends.isoformat()}
    values = FORM | dates | {"version": str(old.version), "name": old.name}
    assert client.send(path, values | {"weight_gap": "60"}).status_code == 303
    stale = client.send(path, values | {"weight_gap": "70"})
    assert stale.status_code == 409
    assert "Stored meanwhile: 60" in words_of(stale)
    assert 'name="weight_gap" value="70"' in stale.get_data(as_text=True)
