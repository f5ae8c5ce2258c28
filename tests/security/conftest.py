"""The same app and world as the tests of the pages have."""

from tests.web.conftest import app, built, client, code, login_as, phone, settings, web_var, world

__all__ = ["app", "built", "client", "code", "login_as", "phone", "settings", "web_var", "world"]
