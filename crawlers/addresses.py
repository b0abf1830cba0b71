"""Where a request may go: http(s) only, no private address (after DNS), no leaving the approved site."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tldextract import TLDExtract



class AddressRefused(Exception):
    """An address that is not requested; the message says why, in Chinese."""


@lru_cache(maxsize=1)
def _suffixes() -> TLDExtract:
    import tldextract  # brings requests with it: not for every page that checks an address

    # The list bundled with the package only: fetching one would be an outbound call nobody configured.
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


def registrable(url: str) -> str:
    """The site an approval speaks of: example.gov.cn for www.example.gov.cn; for an IP address its host and port."""
    parts = urlsplit(url)
    found = _suffixes()(parts.hostname or "")
    return found.top_domain_under_public_suffix or parts.netloc.lower()


def origin(url: str) -> str:
    """scheme://host:port, the unit of robots.txt and of politeness."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def is_private(address: str) -> bool:
    """Whether an IP address lies outside the public internet (loopback, office, link-local, metadata, multicast)."""
    ip = ipaddress.ip_address(address.split("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return not ip.is_global or ip.is_multicast or bool(inner and not inner.is_global)


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse what can be seen without asking DNS. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as e:
        raise AddressRefused(f"地址无效：{e}") from e
    if parts.scheme not in ("http", "https") or not host:
        raise AddressRefused("只读取 http:// 和 https:// 地址")
    if parts.username or parts.password:
        raise AddressRefused("地址里不得带用户名和密码")
    if not allow_private and (host == "localhost" or host.endswith((".localhost", ".local", ".internal"))):
        raise AddressRefused("指向本机或内网")
    check_resolved([host] if _is_ip(host) else [], allow_private=allow_private)


def check_resolved(addresses: Sequence[str], *, allow_private: bool) -> None:
    """Refuse a name as soon as one of its addresses is private (an answer may mix them). Raises AddressRefused."""
    if not allow_private and any(is_private(a) for a in addresses):
        raise AddressRefused("指向本机或内网")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
