"""Articles and comments of WeChat's JSON as items of ours (sources.md §2). Pure; of a reader only the openid's pseudonym is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crawlers.markup import plain
from crawlers.posts import ParsedItem, Refused

COMMENT = "c"  # before a comment's number in external_id: comments and articles are numbered apart


@dataclass
class Articles:
    """One page of freepublish/batchget. `shown` and `gone`: external ids the account lists, and lists as deleted."""

    total: int = 0
    messages: int = 0  # entries of the page, as offsets count them; each holds 1 to 8 articles
    items: list[ParsedItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    newest: datetime | None = None  # by update_time, which orders them
    oldest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An article of ours whose comments are read: what comment/list wants, and the page they stand under."""

    msg_data_id: int
    index: int = 0
    url: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        return f"{self.msg_data_id}:{self.index}"


@dataclass
class Comments:
    """One page of comment/list. `seen`: the numbers of its comments, the refused ones too."""

    total: int = 0
    items: list[ParsedItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


def read_articles(answer: Mapping[str, Any], *, site: str, with_content: bool) -> Articles:
    """A page of the published articles; without content only what is shown and what is gone."""
    page = Articles(total=count_of(answer.get("total_count")))
    entries = answer.get("item")
    for row, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        page.messages += 1
        if not isinstance(entry, Mapping) or not isinstance(number := entry.get("article_id"), str) or not number:
            page.refused.append(Refused(row=row, field="article_id", reason="没有文章编号，未收录"))
            continue
        content = _table(entry.get("content"))
        updated = instant(entry.get("update_time")) or instant(content.get("update_time"))
        # What was edited later was published earlier: where WeChat says when it was made, that counts.
        at = instant(content.get("create_time")) or updated
        if updated:
            page.newest, page.oldest = max(page.newest or updated, updated), min(page.oldest or updated, updated)
        news = content.get("news_item")
        for place, raw in enumerate(news if isinstance(news, list) else []):
            _article(page, _table(raw), f"{number}_{place}", row, at, site, with_content)
    return page


def _article(page: Articles, raw: Mapping[str, Any], number: str, row: int, at: datetime | None, site: str, whole: bool) -> None:
    if raw.get("is_deleted") in (True, 1, "true"):
        page.gone.append(number)
        return
    page.shown.append(number)
    if not whole:
        return
    title, body = text_of(raw.get("title")), plain(text_of(raw.get("content")))
    if not title and not body:
        page.refused.append(Refused(row=row, field="content", reason=f"文章 {number} 没有标题和正文，未收录"))
        return
    page.items.append(
        ParsedItem(
            row=row, title=title, body=body or plain(text_of(raw.get("digest"))), url=text_of(raw.get("url")), external_id=number,
            site=site, platform="wechat", outlet="own", published_at=at, published_raw=str(int(at.timestamp())) if at else "",
        )
    )  # fmt: skip


def read_comments(answer: Mapping[str, Any], asked: Asked, *, site: str) -> Comments:
    """A page of what readers said under one article; each stands under the article's address."""
    page = Comments(total=count_of(answer.get("total")))
    entries = answer.get("comment")
    for row, raw in enumerate(entries if isinstance(entries, list) else [], 1):
        number = _table(raw).get("user_comment_id")
        if not isinstance(number, (int, str)) or isinstance(number, bool) or not str(number).isdigit():
            page.refused.append(Refused(row=row, field="user_comment_id", reason="留言没有编号，未收录"))
            page.seen.append(f"?{row}")
            continue
        page.seen.append(str(number))
        said = plain(text_of(raw.get("content")))
        if not said:
            page.refused.append(Refused(row=row, field="content", reason=f"留言 {number} 没有文字，未收录"))
            continue
        made = raw.get("create_time")
        page.items.append(
            ParsedItem(
                row=row, body=said, url=asked.url, external_id=comment_id(asked, str(number)), author=text_of(raw.get("openid")),
                site=site, platform="wechat", outlet="individual", published_at=instant(made), published_raw=str(made or "")[:80],
                notes=(f"留言于本局公众号文章{f'《{asked.title}》' if asked.title else f' {asked.name}'}",),
            )
        )  # fmt: skip
    return page


def comment_id(asked: Asked, number: str) -> str:
    """A comment's number is its article's own: both together name it."""
    return f"{COMMENT}{asked.name}:{number}"


def asked_of(options: Mapping[str, Any]) -> tuple[Asked, ...]:
    """options.comments: the articles whose comments are read. Raises ValueError in Chinese, naming the entry."""
    given: Any = options.get("comments") or []
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ValueError("options.comments 应为列表")
    found = []
    for n, entry in enumerate(given, 1):
        table = _table(entry)
        number, index = table.get("msg_data_id", ""), table.get("index", 0)
        if not _whole(number) or not _whole(index) or not 0 <= int(index) <= 7:
            raise ValueError(f"options.comments 第 {n} 项：msg_data_id 应为数字，index 应为 0 至 7")
        found.append(Asked(msg_data_id=int(number), index=int(index), url=text_of(table.get("url")), title=text_of(table.get("title"))[:100]))
    return tuple({a.name: a for a in found}.values())


def _whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, str)) and str(value).isascii() and str(value).isdigit()


def instant(value: Any) -> datetime | None:
    """Unix seconds, as number or text; None for nothing, zero or nonsense."""
    seconds = count_of(value)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**33 else None


def count_of(value: Any) -> int:
    """A number given as number or text; 0 for anything else."""
    try:
        number = 0 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if 0 <= number < 2**62 else 0


def text_of(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
