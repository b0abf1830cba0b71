"""robots.txt: what an answer means (RFC 9309, sources.md §5a), and the snapshot kept of it. Real time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite

from django.db.models import Max
from protego import Protego

from archive.approval import Robots
from crawlers.addresses import origin as origin_of
from crawlers.addresses import registrable
from crawlers.models import Host, RobotsFile

AGENT = "Huiying"  # the product token groups are matched with; the whole User-Agent would match words of its comment
OK, NONE, UNCLEAR, FAILED = "ok", "none", "unclear", "failed"  # RobotsFile.status
# How long a snapshot is used: RFC 9309 §2.4 says a day at most; a refusal for want of an answer is asked again sooner.
FRESH = {OK: timedelta(hours=24), NONE: timedelta(hours=24), UNCLEAR: timedelta(hours=1), FAILED: timedelta(minutes=1)}
MOST_BYTES = 500 * 1024  # RFC 9309 §2.5: at least this much is read
HOPS = 5  # RFC 9309 §2.3.1.2; only within the site: no other host was approved
DELAY_MOST_S = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an origin's robots.txt says to us; "" in `refusal` = it can be asked page by page."""

    status: str
    body: str = ""
    crawl_delay: float | None = None

    @property
    def refusal(self) -> str:
        """Why nothing may be read, in Chinese."""
        return {
            FAILED: "robots.txt 读取失败，取到之前不读取该站",
            UNCLEAR: "robots.txt 返回的是网页或站外地址，不能当作许可，不读取该站",
        }.get(self.status, "")

    def allows(self, url: str) -> bool:
        if self.status == OK:
            return _parsed(self.body).can_fetch(url, AGENT)
        return self.status == NONE


@lru_cache(maxsize=64)
def _parsed(body: str) -> Protego:
    return Protego.parse(body)


def read_rules(status: int, body: bytes) -> Rules:
    """An answer to GET /robots.txt: 2xx is obeyed, 4xx means there are no rules, everything else refuses.

    429 asks for patience, and a web page in place of rules says nothing: both refuse.
    """
    if 400 <= status < 500 and status != 429:
        return Rules(status=NONE)
    if not 200 <= status < 300:
        return Rules(status=FAILED)
    text = _clipped(body).decode("utf-8-sig", "replace").replace("\0", "")
    if text.lstrip()[:1] == "<":
        return Rules(status=UNCLEAR)
    asked = _parsed(text).crawl_delay(AGENT)
    delay = min(float(asked), DELAY_MOST_S) if asked is not None and isfinite(asked) and asked > 0 else None
    return Rules(status=OK, body=text, crawl_delay=delay)


def _clipped(body: bytes) -> bytes:
    """The first 500 KiB, to the end of a line: half a rule could allow what the whole one forbids."""
    return body if len(body) <= MOST_BYTES else body[: body.rfind(b"\n", 0, MOST_BYTES) + 1]


def snapshot(url: str) -> Robots | None:
    """The robots.txt of the address's origin as last fetched, for its approval; None when it could not be read."""
    kept = RobotsFile.objects.filter(origin=origin_of(url), status__in=(OK, NONE)).first()
    return Robots(body=kept.body, at=kept.fetched_at) if kept else None


def remembered(origin: str, now: datetime) -> Rules | None:
    """The snapshot, while it is fresh."""
    kept = RobotsFile.objects.filter(origin=origin).first()
    if kept is None or now - kept.fetched_at > FRESH[kept.status]:
        return None
    return Rules(status=kept.status, body=kept.body, crawl_delay=kept.crawl_delay)


def remember(origin: str, rules: Rules, now: datetime) -> None:
    """Keep the snapshot; the site's delay becomes the longest its origins ask for."""
    site = registrable(origin)
    RobotsFile.objects.update_or_create(
        origin=origin,
        defaults={
            "site": site, "status": rules.status, "body": rules.body, "crawl_delay": rules.crawl_delay, "fetched_at": now,
        },
    )  # fmt: skip
    longest = RobotsFile.objects.filter(site=site).aggregate(longest=Max("crawl_delay"))["longest"]
    Host.objects.filter(name=site).update(crawl_delay=longest)
