"""Every word a map shows; the web passes its gettext, the scripts get them by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def map_words(_: Callable[[str], str]) -> dict[str, str]:
    """Translate all words of the maps; names in braces are filled in by the scripts."""
    return {**_state_words(_), **_area_words(_), **_act_words(_), **_trip_words(_)}


def _state_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "not_planned": _("Not planned"),
        "planned": _("Planned"),
        "confirmed": _("Confirmed"),
        "reached": _("Reached"),
        "all_villages": _("All villages"),
        "approximate_place": _("The place of this village is approximate."),
        "hollow_means": _("Hollow, dashed: approximate place"),
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
