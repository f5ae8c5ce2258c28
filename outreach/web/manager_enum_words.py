"""The words of the screens for the enums of the manager's pages, by class name and value."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

MANAGER_WORDS = {
    "FollowUp": {
        "low_conversion": _("Many met, few signed up"),
        "promised": _("Promised and lapsed"),
        "unpaid": _("Signed up and never paid"),
        "stopped_paying": _("Paid first and stopped"),
        "sponsor_ending": _("Sponsor ending"),
    },
    "Saturation": {
        "low": _("Under a quarter: most are still to be won"),
        "some": _("A quarter to a half"),
        "high": _("A half to four fifths"),
        "full": _("Four fifths and more: hardly anybody is left"),
    },
    "GroundKind": {
        "district": _("District"),
        "island": _("Island"),
    },
    "AutomaticReason": {
        "all_reached": _("Every village has been reached already"),
        "no_such_kind": _("No village of the kinds chosen"),
        "closed": _("Closed on every day of the stage"),
        "left_out": _("Every village was left out by hand, with a reason"),
    },
    "By": {
        "office": _("Regional office"),
        "branch": _("Branch"),
        "team": _("Team"),
        "province": _("Province"),
        "regency": _("Regency or city"),
        "district": _("District"),
        "village": _("Village"),
    },
    "Schedule": {
        "ahead": _("Ahead"),
        "on_schedule": _("On schedule"),
        "behind": _("Behind"),
        "no_plan": _("No plan"),
    },
    "SignupChannel": {
        "own": _("On their own"),
        "sertakan": _("SERTAKAN sponsor"),
        "apbd": _("Regency budget (APBD)"),
        "apbdes": _("Village budget (APBDes)"),
        "pbi": _("The state (PBI)"),
        "csr": _("A company (CSR)"),
        "perisai": _("PERISAI agent"),
    },
    "Finding": {
        "missing": _("Nothing confirmed yet"),
        "fewer": _("Fewer confirmed than claimed"),
        "more": _("More confirmed than claimed"),
        "unclaimed": _("Confirmed without a session"),
        "agrees": _("Both agree"),
        "awaited": _("This month: not due yet"),
    },
    "AskedState": {
        "ready": _("Waits for a worker"),
        "running": _("Being worked out"),
        "done": _("Answered"),
        "dead": _("Failed"),
        "cancelled": _("Called off"),
    },
    "Prospect": {
        "made": _("Made already"),
        "likely": _("Likely"),
        "open": _("Still undecided"),
        "unlikely": _("Unlikely"),
        "missed": _("Missed"),
    },
    "Layer": {
        "reached": _("Share of villages reached"),
        "signups": _("Sign-ups per 1,000 informal workers (estimate)"),
        "gap": _("Neither covered nor signed up (estimate)"),
        "paid": _("Share of sign-ups paid"),
        "confirmed": _("Share of coming visits confirmed"),
        "silence": _("Days since the last session"),
    },
    "Programme": {
        "jkk": _("Work accident (JKK)"),
        "jkm": _("Death (JKM)"),
        "jht": _("Old-age savings (JHT)"),
    },
}
