"""Makes the web application out of settings: database, security, languages, pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import import_string

from outreach.config import Settings, read_settings
from outreach.db import WEB, make_engine
from outreach.web import (
    api,
    api_read,
    assets,
    auth,
    calendars,
    confirm,
    digest,
    digest_end,
    enrol,
    errors,
    floods,
    history,
    i18n,
    login_limits,
    metrics,
    openrosa,
    own_password,
    page,
    phone,
    pressure,
    protection,
    request_ids,
    routing,
    security_log,
    wall,
)
from outreach.web.database import Running, reading_db, running, writing_db

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["create_app", "reading_db", "running", "writing_db"]

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

#: One line per reader; by name, because the views import from this file.
BLUEPRINTS = (
    "outreach.web.auth:pages",
    "outreach.web.own_password:pages",
    "outreach.web.home:pages",
    "outreach.web.health:pages",
    "outreach.web.metrics_page:pages",
    "outreach.web.system:pages",
    "outreach.web.admin:pages",
    "outreach.web.admin_boundaries:pages",
    "outreach.web.admin_tokens:pages",
    "outreach.web.admin_history:pages",
    "outreach.web.approximate:pages",
    "outreach.web.teams:pages",
    "outreach.web.paper_reports:pages",
    "outreach.web.official_returns:pages",  # the same blueprint, with all of its views
    "outreach.web.board_cards:pages",  # the same blueprint as `board`, with all of its views
    "outreach.web.manager:pages",
    "outreach.web.ledger:pages",
    "outreach.web.maps:pages",
    "outreach.web.map_exports:pages",
    "outreach.web.table_files:pages",
    "outreach.web.list_files:pages",
    "outreach.web.map_onepage:pages",
    "outreach.web.map_layers:pages",
    "outreach.web.phone_inbox:pages",  # the same blueprint as `api`, with all of its views
    "outreach.web.phone:pages",
    "outreach.web.coordinator:pages",
    "outreach.web.sponsorships:pages",
    "outreach.web.follow_ups:pages",
    "outreach.web.outlook:pages",
    "outreach.web.outlook_targets:pages",
    "outreach.web.what_if:pages",
    "outreach.web.saved_views:pages",
    "outreach.web.digest:pages",
    "outreach.web.digest_end:pages",
    "outreach.web.evidence:pages",
    "outreach.web.confirm:pages",
    "outreach.web.enrol:pages",
    "outreach.web.calendars:pages",
    "outreach.web.village_calendar:pages",
    "outreach.web.calendar_feasts:pages",
    "outreach.web.calendar_rules:pages",
    "outreach.web.openrosa:pages",
    "outreach.web.api_read:pages",
    "outreach.web.api_docs:pages",
    "outreach.web.tokens:pages",
)


class Pages(Flask):
    """The app; what it logs names the rule of an address, for an address itself may be a key."""

    def log_exception(self, exc_info: Any) -> None:
        """Log an error that nothing handled."""
        rule = request.url_rule.rule if request.url_rule else "an address of no page"
        self.logger.error("Exception on %s [%s]", rule, request.method, exc_info=exc_info)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the app; without *settings* they are read from the environment.

    Raises
    ------
    UnsafeSettings
        If the settings cannot be used.
    UndeclaredRoute
        If a route does not say who may open it.
    """
    settings = settings or read_settings()
    app = Pages("outreach", template_folder=str(TEMPLATES), static_folder=None)
    app.config.update(_flask_settings(settings))
    app.extensions["outreach"] = Running(settings, _engine(settings))
    request_ids.install(app)
    metrics.begin_counting()
    assets.serve(app, settings.var_dir / "assets", https_only=settings.https_only)
    i18n.install(app, settings.locale)
    pressure.install(app, settings.phones_wait_seconds)
    floods.install(app, settings.redis_url)
    auth.install(app, settings)
    # The wall stands before the check of tokens: a stranger is asked to log in, not to reload.
    app.before_request(wall.guard)
    CSRFProtect(app)
    Compress(app)
    errors.install(app)
    page.install(app)
    protection.install(app)
    security_log.install(app, auth.current_person)
    history.install(app)
    for name in BLUEPRINTS:
        app.register_blueprint(import_string(name))
    login_limits.limit_logins(app)
    own_password.limit_guesses(app)
    confirm.protect(app)
    calendars.limit_guesses(app)
    openrosa.protect(app)
    enrol.limit_guesses(app)
    api.protect(app)
    phone.protect(app)
    api_read.protect(app)
    digest.limit_sendings(app)
    digest_end.protect(app)
    routing.require_declarations(app)
    if settings.trusted_proxies:
        _trust_proxies(app, settings.trusted_proxies)
    return app


def _engine(settings: Settings) -> Engine:
    return make_engine(settings.database, replace(WEB, connections=settings.database_connections))


def _flask_settings(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret,
        "SESSION_COOKIE_NAME": "__Host-outreach" if settings.https_only else "outreach",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.https_only,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        # Else an official's cookie would ride on every answer, those of shared caches included.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "MAX_CONTENT_LENGTH": routing.MOST_BYTES,
        # A token lives as long as its login: pages stay open all day, and offline ones longer.
        "WTF_CSRF_TIME_LIMIT": None,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 4,
    }


def _trust_proxies(app: Flask, count: int) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
