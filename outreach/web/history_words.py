"""The words of what the history tells."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

HISTORY_WORDS = {
    "Deed": {
        "login": _("Logged in"),
        "login_failed": _("Login failed"),
        "logout": _("Logged out"),
        "phone_connected": _("Phone connected"),
        "phone_cut_off": _("Phone cut off"),
        "code_given": _("Code for a phone given"),
        "code_withdrawn": _("Code for a phone taken back"),
        "odk_key_given": _("Key for ODK Collect given"),
        "password_changed": _("Password changed"),
        "account_added": _("Account added"),
        "account_changed": _("Account changed"),
        "rights_held": _("Rights until they were changed"),
        "logins_ended": _("Every login ended"),
        "branch_added": _("Branch added"),
        "branch_changed": _("Branch changed"),
        "team_added": _("Team added"),
        "team_changed": _("Team changed"),
        "official_added": _("Official added"),
        "official_changed": _("Official changed"),
        "token_made": _("Token made"),
        "token_withdrawn": _("Token withdrawn"),
        "plan_started": _("Planning started"),
        "plan_cancelled": _("Planning called off"),
        "plan_handed_in": _("Plan handed in"),
        "plan_approved": _("Plan approved"),
        "plan_sent_back": _("Plan sent back"),
        "plan_taken_back": _("Plan taken back"),
        "sheet_applied": _("Sheet applied"),
        "sheet_undone": _("Sheet undone"),
        "file_taken": _("File taken along"),
        "numbers_seen": _("Telephone numbers seen"),
        "numbers_taken": _("Telephone numbers taken along"),
        "team_numbers_seen": _("Telephone numbers of teams seen"),
        "team_numbers_taken": _("Telephone numbers of teams taken along"),
        "drill_held": _("Restore tried: the backup held"),
        "drill_failed": _("Restore tried: it failed"),
        "restored": _("Restored from a backup: what came in since then is gone"),
    },
}
