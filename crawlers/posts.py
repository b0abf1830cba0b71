"""A parsed item becomes a row of the posts table, once, however often it arrives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from archive.inserting import insert
from archive.models import Post, Source
from archive.pages import canonical_url
from archive.privacy import follower_band, mask, pseudonym
from crawlers import again

BATCH = 100  # rows of one transaction (design.md §4: no write longer than 50 ms)
AHEAD = timedelta(minutes=10)  # commands.md, "Time": a live post dated further ahead gets the time it was received
BODY_CHARS = 200_000
NO_TIME = "发布时间缺失，按收到时间计"
TIME_AHEAD = "发布时间晚于收到时间10分钟以上，按收到时间计"
# NUL is refused by PostgreSQL, lone surrogates by every UTF-8 encoder; the other controls are debris of exports.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedItem:
    """One thing said, as read from a feed or a vendor's row: plain values, nothing stored yet."""

    row: int = 0  # the number a person finds it by: spreadsheet row, position in a feed
    title: str = ""
    body: str = ""
    url: str = ""
    external_id: str = ""  # how the platform or vendor numbers it; identity on its own
    loose_id: str = ""  # a number that may be unique only in its file: tells equal texts apart, never merges
    author: str = ""  # only its pseudonym is stored
    followers: int | None = None
    site: str = ""  # "" = the source's own name
    platform: str = "news"
    outlet: str = ""  # "" = the source's own class
    region: str = ""
    is_repost: bool = False
    reposts: int = 0
    comments: int = 0
    likes: int = 0
    reads: int = 0
    published_at: datetime | None = None
    published_raw: str = ""
    origin: str = ""  # whom an article names as its source (来源：新华社)
    pictures: tuple[str, ...] = ()  # addresses only; no picture is fetched
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One thing that was read and cannot be taken, and why."""

    row: int  # the number a person finds it by, from 1
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What became of a batch: rows written, rows that were there already."""

    new: int
    known: int


def key_of(item: ParsedItem, source: Source) -> str:
    """64 hex digits: the vendor's number, else the address, else the content. A feed's numbers are its own."""
    if source.kind == Source.Kind.FEED:
        return _hash("feed", str(source.pk), item.external_id or canonical_url(item.url) or item.title + item.published_raw)
    if item.external_id:
        return id_key(item.platform, item.external_id)
    if page := canonical_url(item.url):
        return _hash("url", page)
    # The author and the raw time belong to it: the same words said by two people are two posts.
    return _hash(
        "text", item.platform, item.site, item.loose_id, item.author, item.published_raw, item.title, item.body
    )


def id_key(platform: str, external_id: str) -> str:
    """The key of what a platform numbers itself, whoever brings it."""
    return _hash("id", platform, external_id)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def clean(text: str) -> str:
    return _CONTROLS.sub("", text).strip()


def post_of(item: ParsedItem, source: Source, now: datetime, *, live: bool) -> Post:
    """The unsaved row: masked, clipped, dated. `live` = from a crawl, where a date ahead of `now` is not believed."""
    notes = list(item.notes)
    title, body = mask(clean(item.title)), mask(clean(item.body))
    if len(title) > 500:
        body, title = body or title, title[:500]
        notes.append("标题超过500字，已截短")
    if len(body) > BODY_CHARS:
        body = body[:BODY_CHARS]
        notes.append("正文超过20万字，只收录前面部分")
    published = item.published_at
    if published is None:
        published, notes = now, [*notes, NO_TIME]
    elif live and published > now + AHEAD:
        published, notes = now, [*notes, TIME_AHEAD]
    url = clean(item.url)
    if len(url) > 1000:
        url, notes = "", [*notes, "链接超过1000字符，未收录"]
    return Post(
        key=key_of(item, source),
        source=source,
        site=(clean(item.site) or source.name)[:120],
        platform=item.platform,
        outlet=item.outlet or source.outlet,
        external_id=clean(item.external_id or item.loose_id)[:200],
        url=url,
        title=title,
        body=body,
        author=pseudonym(item.author, str(settings.PSEUDONYM_KEY)),
        follower_band=follower_band(item.followers),
        region=clean(item.region)[:60],
        is_repost=item.is_repost,
        reposts=item.reposts,
        comments=item.comments,
        likes=item.likes,
        reads=item.reads,
        published_at=published,
        published_raw=clean(item.published_raw)[:80],
        received_at=now,
        notes=notes,
        details=details_of(item),
    )


def details_of(item: ParsedItem) -> dict[str, Any]:
    """What else an article says of itself; empty parts are left out."""
    pictures = [clean(p) for p in item.pictures if len(p) <= 1000]
    found = {"origin": mask(clean(item.origin))[:60], "pictures": pictures}
    return {name: value for name, value in found.items() if value}


def save(
    items: Sequence[ParsedItem],
    source: Source,
    now: datetime,
    *,
    live: bool,
    past: bool = False,
    also: Callable[[], Any] | None = None,
) -> Saved:
    """Write at most BATCH items, their Change rows and whatever `also` writes (the cursor) in one transaction.

    `past`: from a back-fill, which opens no event and tells nobody; what was stored already stays as it is.
    Raises django.db.Error when the database is locked or full: then nothing of the batch is stored.
    """
    if len(items) > BATCH:
        raise ValueError(f"{len(items)} items; give at most {BATCH}")
    posts: dict[str, Post] = {}
    for item in items:
        post = post_of(item, source, now, live=live)
        post.past = past
        posts.setdefault(post.key, post)  # first read wins, also within a batch
    for last_try in (False, False, True):
        try:
            new = _write(posts, source, now, live, also)
            return Saved(new=new, known=len(items) - new)
        except IntegrityError:
            # PostgreSQL only: another writer stored one of these keys between our question and our insert.
            if last_try:
                raise
    raise AssertionError("unreachable")


def _write(posts: dict[str, Post], source: Source, now: datetime, live: bool, also: Callable[[], Any] | None) -> int:
    with transaction.atomic():
        known = known_keys(posts)
        if known:
            again.met({key: posts[key] for key in known}, source, now, live=live)
        fresh = [post for key, post in posts.items() if key not in known]
        insert(fresh)
        if also:
            also()
    return len(fresh)


def known_keys(keys: Sequence[str] | dict[str, Post]) -> set[str]:
    """Which of these keys (at most BATCH) are stored."""
    return set(Post.objects.filter(key__in=list(keys)).values_list("key", flat=True))
