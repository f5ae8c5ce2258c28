"""Every word a map shows; the web passes its gettext, the scripts get them by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def map_words(_: Callable[[str], str]) -> dict[str, str]:
    """Translate all words of the maps; names in braces are filled in by the scripts."""
    areas, layers = {**_state_words(_), **_area_words(_)}, {**_layer_words(_), **_line_words(_)}
    return {**areas, **layers, **_week_words(_), **_act_words(_), **_trip_words(_)}


def _state_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "not_planned": _("Not planned"),
        "planned": _("Planned"),
        "confirmed": _("Confirmed"),
        "reached": _("Reached"),
        "all_villages": _("All villages"),
        "approximate_place": _("The place of this village is approximate."),
        "hollow_means": _("Hollow, dashed: approximate place"),
        "list_them": _("Which ones?"),
        "size_means": _("A larger disc means more sign-ups."),
    }


def _area_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "nation": _("Indonesia"),
        "map": _("Map of villages. The same numbers stand in the table beside it."),
        "legend": _("Legend"),
        "summary": _("The chosen area in numbers"),
        "share_reached": _("Share of villages reached"),
        "villages": _("Villages"),
        "sign_ups": _("Sign-ups"),
        "villages_in": _("Villages: {area}"),
        "sign_ups_by_province": _("Sign-ups by province"),
        "sign_ups_by_regency": _("Sign-ups by regency"),
        "approximate_borders": _("Borders are approximate: drawn from the places of the villages."),
        "reached_of": _("{reached} of {villages} villages reached ({share})"),
        "sign_ups_are": _("{count} sign-ups"),
        "outside": _("Outside your area"),
        "only_own": _("Only your own area is counted."),
        "behind_first": _("List, furthest behind first"),
    }


def _layer_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "colour_by": _("Colour by"),
        "also_show": _("Also show"),
        "layer_reached": _("Share of villages reached"),
        "layer_signups": _("Sign-ups per 1,000 informal workers (estimate)"),
        "layer_gap": _("Neither covered nor signed up (estimate)"),
        "layer_paid": _("Share of sign-ups paid"),
        "layer_confirmed": _("Share of coming visits confirmed"),
        "layer_silence": _("Days since the last session"),
        "unit_reached": _("percent of all villages"),
        "unit_gap": _("informal workers {level}, neither covered nor signed up (estimate)"),
        "unit_gap_thousands": _(
            "thousand informal workers {level}, neither covered nor signed up (estimate)"
        ),
        "unit_paid": _("percent of the sign-ups whose payment was told"),
        "unit_confirmed": _("percent of visits still to be held"),
        "unit_silence": _("days since the newest session"),
        "per_regency": _("per regency"),
        "per_district": _("per district"),
        "per_village": _("per village"),
        "shape_means": _("The colour tells the layer, the shape the state."),
        "note_reached": _(
            "From session reports as of {day}; a village counts when people were met."
        ),
        "borders_from": _("Borders: {source}."),
    }


def _line_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "line_signups": _(
            "{figure} sign-ups per 1,000: {part} of {of} informal workers (estimate)"
        ),
        "line_gap": _(
            "{figure} of {of} informal workers, neither covered nor signed up (estimate)"
        ),
        "line_paid": _("{figure} paid: {part} of {of} sign-ups whose payment was told"),
        "line_confirmed": _("{figure} confirmed: {part} of {of} visits still to be held"),
        "line_silence": _("Days since the last session: {figure}; {part} of {of} villages visited"),
        "never_visited": _("Never visited: no session in {of} villages"),
        "never": _("Never visited"),
        "no_data_signups": _("No informal workers estimated"),
        "no_data_gap": _("No informal workers estimated"),
        "no_data_paid": _("No payment told"),
        "no_data_confirmed": _("No visit to come"),
    }


def _week_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "show_weeks": _("Week by week …"),
        "weeks": _("The map week by week"),
        "week": _("Until the end of week"),
        "week_right": _("Right side: until the end of week"),
        "today": _("Today"),
        "until_day": _("Until {day}"),
        "play": _("Play"),
        "pause": _("Pause"),
        "next_week": _("Next week"),
        "compare": _("Compare two weeks"),
        "compare_no_more": _("One week only"),
        "close_weeks": _("Back to today"),
        "divider": _("Line between the two weeks"),
        "divider_at": _("Left: {left}; right: {right}"),
        "reached_by_then": _("Reached by then"),
        "not_by_then": _("Not reached by then"),
        "note_weeks": _("By the reports that count today, and by all villages of today."),
    }


def _act_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "search": _("Find a village, district or regency"),
        "found": _("{count} found"),
        "nothing_found": _("Nothing found"),
        "no_answer": _("No answer from the server. Try again."),
        "not_live": _("No connection: the numbers may be old."),
        "loading": _("Loading …"),
        "open_village": _("Open village"),
        "close": _("Close"),
        "layers": _("Layers"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
    }


def _trip_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "trips": _("Day-trips"),
        "trips_map": _("Map of day-trips. The same trips stand in the table beside it."),
        "team": _("Team"),
        "day": _("Day"),
        "all_teams": _("All teams"),
        "all_days": _("All days"),
        "base_of": _("Base of {team}"),
        "trip_line": _("{day} · {team}: {stops} villages, {hours} h on the way"),
        "trips_shown": _("{trips} day-trips, {stops} villages"),
        "no_trips": _("No day-trips yet"),
        "stop_line": _("{order}. {name}, {time}"),
    }
