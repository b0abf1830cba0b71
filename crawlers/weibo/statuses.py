"""Statuses and comments of Weibo's JSON as items of ours (sources.md §1.4). Pure; a person's profile is not read.

Of a USER only the name (kept as a pseudonym), what kind of account it is, and how many follow it, as a band.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from crawlers.markup import plain
from crawlers.posts import ParsedItem, Refused

MONTHS = {name: n for n, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)}
_CREATED = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})")
# 此微博已被原作者删除。 抱歉，此微博已被作者删除。 抱歉，由于作者设置，你暂时没有这条微博的查看权限哦。
_GONE = re.compile(r"^(?:抱歉[，,])?(?:此微博已被|该微博已被|此评论已被|由于作者(?:隐私)?设置)")
OUTLETS = {1: "authority", 3: "media"}  # verified_type: 1 government, 3 media; every other kind is an individual's
CUT = "平台只给出部分正文"
ORIGINAL_GONE = "转发的原微博已被删除"
REPLY = "评论"
COMMENT = "c"  # before a comment's number in external_id: comments and statuses are numbered apart


@dataclass
class Page:
    """What one answer held. `seen`: the ids of its own entries (not of quoted ones) with their times."""

    items: list[ParsedItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # ids of posts that were deleted at the source
    cut: list[str] = field(default_factory=list)  # ids of posts whose text came in part
    seen: dict[int, datetime | None] = field(default_factory=dict)


def created_at(text: Any) -> datetime | None:
    """"Tue May 31 17:46:55 +0800 2011" whatever the locale; None for anything else."""
    found = _CREATED.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or found[1] not in MONTHS:
        return None
    month, day, hour, minute, second, sign, zone_h, zone_m, year = found.groups()
    zone = timedelta(hours=int(zone_h), minutes=int(zone_m)) * (-1 if sign == "-" else 1)
    try:
        at = datetime(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=timezone(zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def id_of(raw: Mapping[str, Any]) -> str:
    """The number as text, never through a float (they are above 2^53); "" when there is none."""
    for key in ("idstr", "id", "mid"):
        value = raw.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).isascii() and str(value).isdigit():
            return str(int(value)) if int(value) else ""
    return ""


def read_statuses(raws: Sequence[Any], *, own: str = "") -> Page:
    """A page of statuses, the posts they pass on included. `own`: the uid whose posts are the bureau's."""
    return _read(raws, own, _status)


def read_comments(raws: Sequence[Any], *, own: str = "") -> Page:
    """A page of comments, and the statuses they stand under."""
    return _read(raws, own, _comment)


def _read(raws: Sequence[Any], own: str, reader: Any) -> Page:
    page = Page()
    for row, raw in enumerate(raws, 1):
        if not isinstance(raw, Mapping) or not (number := id_of(raw)):
            page.refused.append(Refused(row=row, field="id", reason="没有可用的编号，未收录"))
            continue
        page.seen[int(number)] = created_at(raw.get("created_at"))
        reader(page, raw, number, row, own)
    return page


def _status(page: Page, raw: Mapping[str, Any], number: str, row: int, own: str) -> None:
    if is_gone(raw):
        page.gone.append(number)
        return
    text, notes = _text(raw, number, page), []
    quoted = raw.get("retweeted_status")
    if isinstance(quoted, Mapping):
        original = id_of(quoted)
        if original and is_gone(quoted):
            page.gone.append(original)
            notes.append(ORIGINAL_GONE)
        elif original:
            said = _text(quoted, original, page)
            text = f"{text}//@原微博:{said}"  # as people write it; analysis reads such chains
            _take(page, quoted, original, row, own, said, [])
    _take(page, raw, number, row, own, text, notes, repost=isinstance(quoted, Mapping))


def _comment(page: Page, raw: Mapping[str, Any], number: str, row: int, own: str) -> None:
    under = raw.get("status")
    if isinstance(under, Mapping) and (original := id_of(under)):
        _status(page, under, original, row, own)
    number = COMMENT + number
    if is_gone(raw):
        page.gone.append(number)
        return
    notes = [f"{REPLY}于微博 {id_of(under)}" if isinstance(under, Mapping) and id_of(under) else REPLY]
    _take(page, raw, number, row, own, _text(raw, number, page), notes, url_id=id_of(under) if isinstance(under, Mapping) else "")


def is_gone(raw: Mapping[str, Any]) -> bool:
    """A placeholder: number and a set sentence, and nobody who says it (a person may quote that sentence)."""
    if raw.get("user"):
        return False
    return raw.get("deleted") in (1, "1", True) or bool(_GONE.match(str(raw.get("text") or "").strip()))


def _text(raw: Mapping[str, Any], number: str, page: Page) -> str:
    long = raw.get("longText")
    whole = long.get("longTextContent") or long.get("content") if isinstance(long, Mapping) else None
    if isinstance(whole, str) and whole.strip():
        return plain(whole)
    if raw.get("isLongText") is True or raw.get("truncated") is True:
        page.cut.append(number)
    text = raw.get("text")
    return plain(text) if isinstance(text, str) else ""


def _take(
    page: Page, raw: Mapping[str, Any], number: str, row: int, own: str, text: str, notes: list[str], *,
    repost: bool = False, url_id: str = "",
) -> None:  # fmt: skip
    if not text.strip():
        page.refused.append(Refused(row=row, field="text", reason=f"微博 {number} 没有正文，未收录"))
        return
    given = raw.get("user")
    user: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    outlet = OUTLETS.get(user.get("verified_type", -1)) if user.get("verified") is not False else None
    if own and str(user.get("idstr") or user.get("id") or "") == own:
        outlet = "own"
    page.items.append(
        ParsedItem(
            row=row,
            body=text,
            url=f"https://m.weibo.cn/detail/{url_id or number}" + (f"?cid={number.removeprefix(COMMENT)}" if url_id else ""),
            external_id=number,
            author=str(user.get("screen_name") or user.get("name") or user.get("idstr") or ""),
            followers=count_of(user.get("followers_count")),
            site="新浪微博",
            platform="weibo",
            outlet=outlet or "individual",
            region=_province(raw.get("region_name")),
            is_repost=repost,
            reposts=count_of(raw.get("reposts_count")) or 0,
            comments=count_of(raw.get("comments_count")) or 0,
            likes=count_of(raw.get("attitudes_count")) or 0,
            published_at=created_at(raw.get("created_at")),
            published_raw=str(raw.get("created_at") or ""),
            notes=(*notes, *([CUT] if number in page.cut else [])),
        )
    )


def _province(text: Any) -> str:
    """发布于 陕西: the province the platform shows with the post. A person's own place of residence is not read."""
    return text.removeprefix("发布于").strip()[:20] if isinstance(text, str) else ""


def count_of(value: Any) -> int | None:
    """A counter given as number or text; None when it is unknown or below zero (the platform's "hidden")."""
    if isinstance(value, bool):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**62 else None
