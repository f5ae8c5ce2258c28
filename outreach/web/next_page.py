"""What a browser is shown once, on the very next page: a reload shows it no more."""

from flask import session


def keep_for_next_page(name: str, secret: str) -> None:
    """Keep what the next page of this browser shows once, in its own cookie and nowhere else."""
    session["for_next_page"] = {"name": name, "secret": secret}


def take_kept(name: str) -> str:
    """Take what was kept for the page of this name; empty once it was shown, or on another page."""
    kept = session.pop("for_next_page", None)
    return str(kept["secret"]) if isinstance(kept, dict) and kept.get("name") == name else ""
