"""Which application we are to Weibo, and where its interfaces stand: environment variables only.

The addresses are no field of a source: whoever could type one would be sent the application's secret.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from archive.models import Source
from config.settings import secret
from crawlers.variables import prefix_of

API, BUSINESS_API = "https://api.weibo.com", "https://c.api.weibo.com"
USUAL = "HUIYING_WEIBO"  # begins the names of the variables; a second application has a beginning of its own


@dataclass(frozen=True, kw_only=True)
class App:
    """One application: names of its variables, and whether they are there. The secret is read at each use."""

    prefix: str
    key: str  # AppKey, no secret

    @property
    def key_name(self) -> str:
        return f"{self.prefix}_APP_KEY"

    @property
    def secret_name(self) -> str:
        return f"{self.prefix}_APP_SECRET"

    @property
    def secret(self) -> str:
        return secret(self.secret_name) or ""

    @property
    def missing(self) -> list[str]:
        """The variables that are needed for authorising and not there."""
        return [name for name, value in ((self.key_name, self.key), (self.secret_name, self.secret)) if not value]


def app_of(source: Source) -> App:
    """The application of a source: options.variables names another beginning, for a second account of its own."""
    prefix = prefix_of(source, USUAL)
    return App(prefix=prefix, key=secret(f"{prefix}_APP_KEY") or "")


def api_base() -> str:
    return os.environ.get("HUIYING_WEIBO_API", API).rstrip("/")


def business_base() -> str:
    return os.environ.get("HUIYING_WEIBO_BUSINESS_API", BUSINESS_API).rstrip("/")
