"""Which Elasticsearch the environment asks for (docs/elasticsearch.md); no connection is made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from config.door import ConfigError
from config.settings import secret


@dataclass(frozen=True, kw_only=True)
class Server:
    """How to reach the cluster; from ELASTICSEARCH_URL and its companions (docs/elasticsearch.md)."""

    urls: tuple[str, ...]
    ca: str | None = None
    api_key: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    prefix: str = "posts"

    @property
    def shown(self) -> str:
        return "、".join(_shown(u) for u in self.urls)


def server() -> Server | None:
    """What the environment asks for; None when it names no Elasticsearch. Raises ConfigError."""
    given = secret("ELASTICSEARCH_URL")
    if not given:
        return None
    urls = tuple(u.strip().rstrip("/") for u in given.split(",") if u.strip())
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not _port(url):
            raise ConfigError("environment", "ELASTICSEARCH_URL", _shown(url), "give https://host:9200 (several: separated by commas)")
        if parts.username or parts.password:
            raise ConfigError("environment", "ELASTICSEARCH_URL", _shown(url), "give the log-in as ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD")
    ca, api_key = secret("ELASTICSEARCH_CA"), secret("ELASTICSEARCH_API_KEY")
    user, password = secret("ELASTICSEARCH_USER"), secret("ELASTICSEARCH_PASSWORD")
    if ca and not Path(ca).is_file():
        raise ConfigError("environment", "ELASTICSEARCH_CA", ca, "no such file; give the certificate of the authority as PEM")
    if ca and not all(url.startswith("https:") for url in urls):
        raise ConfigError("environment", "ELASTICSEARCH_CA", ca, "an authority is of use with https:// addresses only")
    if api_key and user:
        raise ConfigError("environment", "ELASTICSEARCH_API_KEY", "…", "give either an API key or a user, not both")
    if bool(user) != bool(password):
        raise ConfigError("environment", "ELASTICSEARCH_USER", user, "give user and password (or ELASTICSEARCH_PASSWORD_FILE) together")
    prefix = secret("ELASTICSEARCH_INDEX", "posts") or "posts"
    if not prefix.replace("-", "").replace("_", "").isalnum() or prefix != prefix.lower():
        raise ConfigError("environment", "ELASTICSEARCH_INDEX", prefix, "lower-case letters, digits and - only")
    return Server(urls=urls, ca=ca, api_key=api_key, user=user, password=password, prefix=prefix)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port or (443 if url.startswith("https:") else 80)
    except ValueError:
        return None


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
