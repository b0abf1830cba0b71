"""The address of a page as its identity. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

_TRACKING = re.compile(r"^(utm_.*|spm|share_.*|from|isappinstalled|scene|chksm|weibo_id|wfr)$", re.I)


def canonical_url(url: str) -> str:
    """The address as identity: no scheme, fragment, default port or tracking words. "" when it names no page."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
    # A bare site address in the link column stands for the site, not for the thing said there.
    if not host or (parts.path in ("", "/") and not query):
        return ""
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    return where + (parts.path.rstrip("/") or "/") + ("?" + urlencode(query) if query else "")
