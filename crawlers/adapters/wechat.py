"""公众号本账号: the articles it has published, and what readers say under those that are asked for. Official interfaces only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from archive.models import Post, Source
from config.door import ConfigError
from crawlers.adapters.base import Fetch, Postponed, Reading, Unread
from crawlers.again import withdraw
from crawlers.politeness import in_thread
from crawlers.posts import ParsedItem, Refused, id_key
from crawlers.wechat.account import account_of, api_base
from crawlers.wechat.answers import (
    Articles,
    Asked,
    asked_of,
    comment_id,
    instant,
    read_articles,
    read_comments,
)
from crawlers.wechat.api import Api, Said
from crawlers.wechat.errors import AUTH, NO_API, NO_PERMISSION, OF_COMMENTS

ARTICLES, COMMENTS = "/cgi-bin/freepublish/batchget", "/cgi-bin/comment/list"
# comment/list refuses 50 and more; batchget gives 1 to 20, and ten whole articles stay below a download's limit.
COMMENTS_PAGE, WHOLE_PAGE, NAMES_PAGE = 49, 10, 20
WHOLE_PAGES, NAMES_PAGES, COMMENT_PAGES = 5, 3, 10  # of one reading
OVERLAP = timedelta(days=2)  # articles changed since then are read again
SKIPS = 6  # times an article whose newest comment and total are unchanged is passed over before all are read again


@dataclass
class Round:
    """One reading of one account: what came so far survives the call that fails."""

    api: Api
    source: Source
    newest: int  # update_time of the newest article read, unix seconds
    talks: dict[str, dict[str, Any]]  # of each article asked for: total, first, begin, skips
    turn: int  # whose comments are read first
    items: list[ParsedItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)  # articles the account shows, newest first
    comment_pages: int = COMMENT_PAGES

    @property
    def cursor(self) -> dict[str, Any]:
        return {"newest": self.newest, "talks": self.talks, "turn": self.turn}

    async def withdrawn(self, external_ids: list[str]) -> None:
        if external_ids:
            await in_thread(withdraw, [id_key("wechat", i) for i in external_ids], self.api.now)


async def read(source: Source, fetch: Fetch, now: datetime) -> Reading:
    """One round: published articles, then comments of the articles that options.comments names. Raises Unread."""
    this, asked = _round(source, fetch, now)
    ended: Unread | None = None
    try:
        could = [await _articles(this), *[await _comments(this, a) for a in _in_turn(this, asked)]]
    except Postponed:
        raise
    except Unread as e:
        if not this.items:
            raise
        ended = e
    else:
        if not any(could):
            raise Unread("；".join(this.damage), code=NO_PERMISSION)
    return Reading(
        items=this.items, refused=this.refused, damage="；".join(dict.fromkeys(this.damage)),
        state=ended.state if ended else "alive", said=ended.said if ended else "", code=ended.code if ended else "",
        retry_at=ended.retry_at if ended else None, more=ended is None and this.comment_pages <= 0,
        shows=[id_key("wechat", i) for i in this.listed] if ended is None and this.listed else None,
        advance={"cursor": this.cursor},
    )  # fmt: skip


def _round(source: Source, fetch: Fetch, now: datetime) -> tuple[Round, tuple[Asked, ...]]:
    try:
        account = account_of(source)
        missing = account.missing("APPID", "APPSECRET")
    except ConfigError:
        raise Unread("公众号的环境变量指向的文件读不到", code=AUTH) from None  # its text would name a path
    if missing:
        raise Unread(f"未启用：缺少环境变量 {'、'.join(missing)}", state="off", code=AUTH)
    try:
        asked = asked_of(source.options)
    except ValueError as e:
        raise Unread(f"设置有误：{e}") from e
    kept = source.cursor
    talks = kept.get("talks") if isinstance(kept.get("talks"), dict) else {}
    api = Api(account=account, fetch=fetch, base=api_base(), now=now)
    known = {a.name: dict(talks.get(a.name) or {}) for a in asked}
    return Round(api=api, source=source, newest=kept.get("newest") or 0, talks=known, turn=kept.get("turn") or 0), asked


# --- articles -----------------------------------------------------------------------------------------------


async def _articles(this: Round) -> bool:
    """What is new or changed, whole; behind it the names of what is still shown. False without permission."""
    since = instant(this.newest)
    offset, newest = 0, this.newest
    try:
        for _ in range(WHOLE_PAGES):
            page = await _page(this, offset, WHOLE_PAGE, whole=True)
            offset += page.messages
            newest = max([newest, *(int(t.timestamp()) for t in (page.newest,) if t)])
            reached = since is not None and page.oldest is not None and page.oldest < since - OVERLAP
            if reached or not page.messages or offset >= page.total:
                break
        for _ in range(NAMES_PAGES):
            if not page.messages or offset >= page.total:
                break
            page = await _page(this, offset, NAMES_PAGE, whole=False)
            offset += page.messages
    except Said as e:
        if e.number != NO_API:
            raise
        this.damage.append(f"已发布文章读不到：{e.said}")
        return False
    this.newest = newest
    return True


async def _page(this: Round, offset: int, count: int, *, whole: bool) -> Articles:
    answer = await this.api.call(ARTICLES, {"offset": offset, "count": count, "no_content": 0 if whole else 1})
    page = read_articles(answer, site=this.source.name, with_content=whole)
    this.items += page.items
    this.refused += page.refused
    this.listed += page.shown
    await this.withdrawn(page.gone)
    return page


# --- comments -----------------------------------------------------------------------------------------------


def _in_turn(this: Round, asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
    start = this.turn % len(asked) if asked else 0
    return asked[start:] + asked[:start]


async def _comments(this: Round, asked: Asked) -> bool:
    """All comments of one article, a page after the other, within the round's pages. False without permission."""
    if this.comment_pages <= 0:
        return True  # its turn comes with the next round, which is at once
    talk = this.talks[asked.name]
    begin = first = int(talk.get("begin") or 0)
    seen: list[str] = []
    totals: set[int] = set()
    try:
        while this.comment_pages > 0:
            this.comment_pages -= 1
            payload = {"msg_data_id": asked.msg_data_id, "index": asked.index, "begin": begin, "count": COMMENTS_PAGE, "type": 0}
            page = read_comments(await this.api.call(COMMENTS, payload), asked, site=this.source.name)
            if begin == 0 and _unchanged(talk, page.total, page.seen):
                return True
            if begin == 0:
                talk.update(total=page.total, first=page.seen[:1], skips=0)
            this.items += page.items
            this.refused += page.refused
            seen += page.seen
            totals.add(page.total)
            begin += len(page.seen)
            if not page.seen or begin >= page.total:
                talk["begin"] = 0
                if first == 0 and totals == {len(seen)} == {len(set(seen))}:
                    await in_thread(_withdraw_others, this.source, asked, seen, this.api.now)
                return True
    except Said as e:
        if e.number != NO_API and e.number not in OF_COMMENTS:
            raise
        this.damage.append(f"留言读不到：{e.said}")
        talk.clear()
        return False
    talk["begin"] = begin
    this.turn = list(this.talks).index(asked.name)
    return True


def _unchanged(talk: dict[str, Any], total: int, seen: list[str]) -> bool:
    """Nothing came since the last full reading, as far as the first page tells; now and then all is read all the same."""
    if talk.get("begin") or "total" not in talk or (talk["total"], talk.get("first")) != (total, seen[:1]):
        return False
    talk["skips"] = talk.get("skips", 0) + 1
    return int(talk["skips"]) <= SKIPS


def _withdraw_others(source: Source, asked: Asked, seen: list[str], now: datetime) -> None:
    """Comments of this article that were stored and are no longer there: deleted on the platform, deleted here."""
    stored = Post.objects.filter(source=source, external_id__startswith=comment_id(asked, ""), withdrawn_at=None)
    there = {comment_id(asked, number) for number in seen}
    gone = [i for i in stored.values_list("external_id", flat=True) if i not in there]
    withdraw([id_key("wechat", i) for i in gone], now)
