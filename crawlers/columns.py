"""Which column of a vendor's file means what: header aliases, per-vendor templates. Pure but for `load_mappings`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.door import read_toml

# Field -> headers, after `fold_header`. Vendor names: sources.md §4 (long form, shorter variants, 清博, webhook).
ALIASES: dict[str, tuple[str, ...]] = {
    "headline": ("标题/微博内容", "标题/内容", "标题/正文", "微博内容"),
    "title": ("标题", "title", "news_title", "文章标题", "新闻标题", "subject"),
    "body": (
        "全文内容", "正文", "内容", "全文", "文本", "body", "content", "text", "news_content", "文章内容",
        "content_text", "desc", "description",
    ),
    "original": ("原微博内容", "原文内容", "news_origin_content"),
    "summary": ("摘要", "summary", "digest", "news_digest"),
    "url": ("原文/评论链接", "原文链接", "链接", "地址", "url", "link", "news_url", "原文地址", "网址", "href"),
    "external_id": (
        "mid", "微博id", "文章id", "news_uuid", "article_id", "external_id", "idstr", "post_id", "信息id", "uuid",
    ),
    "loose_id": ("id", "编号"),
    "site": ("来源网站", "媒体名称", "来源", "媒体", "网站名称", "site", "source", "media_name", "站点"),
    "platform": ("媒体类型", "媒体平台", "平台", "platform", "platform_name", "平台类型", "来源类型", "渠道"),
    "author": ("原文作者", "作者", "作者昵称", "author", "news_author", "发布人", "用户名", "昵称"),
    "author_id": ("作者id", "author_id", "user_id", "uid"),
    "published_at": (
        "日期", "发布日期", "发布时间", "时间", "published_at", "published", "news_posttime", "publish_time", "pubdate",
        "date_published", "created_at", "发表时间", "date", "time",
    ),
    "verified": ("认证类型", "verified_type", "media_verifiedtype", "认证"),
    "user_type": ("用户类型", "账号类型"),
    "outlet": ("outlet", "主体"),
    "region": ("信源地域(ip)", "信源地域", "地域", "城市", "region", "ip属地", "media_city", "发布地"),
    "followers": ("粉丝数", "followers", "followers_count", "media_followers_count"),
    "reposts": ("转发数", "转", "转发量", "reposts", "reposts_count", "news_reposts_count"),
    "comments": ("评论数", "评", "评论量", "comments", "comments_count", "news_comment_count"),
    "likes": ("点赞数", "赞", "点赞量", "likes", "attitudes_count", "news_like_count"),
    "reads": ("阅读数/浏览热度", "阅读数", "浏览量", "阅读量", "reads", "views", "news_read_count"),
    "repost_kind": ("原创/转发", "is_repost", "转发/原创"),
}
FIELDS = tuple(ALIASES)
# Vendor columns about persons (design.md §6, "Retention by class"): their cells are not even looked at.
NEVER_STORED = frozenset(
    (
        "性别", "主页链接", "用户简介", "头像", "注册时间", "精准地域", "gender", "avatar", "生日", "出生日期", "年龄", "真实姓名", "姓名", "手机号",
        "手机号码", "手机", "联系电话", "电话", "身份证", "身份证号", "身份证号码", "邮箱", "民族", "学历", "婚姻状况", "家庭住址", "住址", "birthday",
        "email", "phone", "mobile", "id_card", "profile_url", "avatar_url", "user_gender", "user_description",
    )
)
_FIELD_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}


@dataclass(frozen=True)
class Template:
    """A vendor's template: its own headers, and values for what its files leave unsaid."""

    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # folded header -> field; "" = deliberately not taken
    defaults: Mapping[str, str] = field(default_factory=dict)  # field -> value


@dataclass(frozen=True)
class Columns:
    """The header of one file, understood: where each field stands, and what is not taken."""

    fields: Mapping[str, tuple[str, ...]]  # field -> headers as written, in order of preference
    unknown: tuple[str, ...]
    not_stored: tuple[str, ...]

    @property
    def usable(self) -> bool:
        return bool(self.fields.keys() & {"headline", "title", "body", "summary"})


def fold_header(header: object) -> str:
    """NFKC (／ to /, （） to ()), lower case, no spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(header or ""))).lower().strip("\ufeff*:")


def is_known(header: object, template: Template | None = None) -> bool:
    name = fold_header(header)
    return name in _FIELD_OF or name in NEVER_STORED or bool(template and name in template.columns)


def understand(headers: Iterable[object], mapping: Template | None = None) -> Columns:
    """Match headers to fields; several columns may serve one field, then the first with a value counts."""
    own = mapping.columns if mapping else {}
    order = {header: at - len(own) for at, header in enumerate(own)}  # before all that is merely known
    ranked: dict[str, list[tuple[int, str]]] = {}
    unknown, not_stored = [], []
    for header in headers:
        written, folded = str(header or ""), fold_header(header)
        if not folded:
            continue
        if folded in NEVER_STORED:
            not_stored.append(written)
        elif folded in own:
            if own[folded]:
                ranked.setdefault(own[folded], []).append((order[folded], written))
        elif folded in _FIELD_OF:
            name = _FIELD_OF[folded]
            ranked.setdefault(name, []).append((ALIASES[name].index(folded), written))
        else:
            unknown.append(written)
    fields = {name: tuple(w for _, w in sorted(found)) for name, found in ranked.items()}
    return Columns(fields, tuple(unknown), tuple(not_stored))


def load_mappings(folder: Path) -> dict[str, Template]:
    """The templates of mappings.toml by name ({} when there is no such file). Raises ConfigError."""
    path = folder / "mappings.toml"
    if not path.exists():
        return {}
    top, _ = read_toml(path)
    found: dict[str, Template] = {}
    tables = top.tables("mapping", [])
    top.done()
    for table in tables:
        name = table.text("name")
        if name in found:
            raise table.error("name", "名称重复；每个模板一个名称")
        columns, defaults = table.table("columns"), table.table("defaults", {})
        table.done()
        named = {f: columns.texts(f, ()) for f in FIELDS}
        ignored = columns.texts("ignored", ())
        said = {f: defaults.text(f, "") for f in FIELDS}
        columns.done()
        defaults.done()
        found[name] = Template(
            name=name,
            columns=dict.fromkeys(map(fold_header, ignored), "")
            | {fold_header(header): f for f, headers in named.items() for header in headers},
            defaults={f: value for f, value in said.items() if value},
        )
    return found
