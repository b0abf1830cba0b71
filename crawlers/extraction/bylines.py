"""Who wrote it, who edited it, where it was taken from: the line under the headline and the one under the text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crawlers.extraction.pages import Page, tidy

_STOP = r"(?=\s{1,}|$|[|｜丨,，;；。】\])）>]|作者|责任编辑|责编|编辑|发布|时间|日期|点击|浏览|字号|字体|阅读|记者|来源|\d{4}[-年])"
_NAME = r"([^\s|｜丨,，;；。:：【】\[\]()（）<>/]{2,30}?)"
_SOURCE = re.compile(rf"(?:信息来源|文章来源|新闻来源|稿件来源|消息来源|内容来源|来源|來源|来自|稿源|出处)\s*[:：]\s*[《“\"]?{_NAME}[》”\"]?{_STOP}")
_AUTHOR = re.compile(rf"(?:作者|撰文|撰稿|文字)\s*[:：/／]\s*{_NAME}{_STOP}|(?:^|[\s(（])(?:本报记者|记者|通讯员)\s*[:：]\s*{_NAME}{_STOP}|[\s|｜]作者([\u4e00-\u9fff·]{2,4})(?=\s|$|[|｜])|^文\s*[/／丨|]\s*{_NAME}{_STOP}")
_REPORTER = re.compile(r"[(（【](?:本报|本网|本台|新华社|见习|实习|全媒体|首席|[\u4e00-\u9fff]{2,8})?记者\s*([\u4e00-\u9fff·]{2,4}(?:[\s、]+[\u4e00-\u9fff·]{2,4}){0,3})(?:\s*(?:通讯员|摄影|摄影报道|报道|文/图|实习生)[^)）】]{0,20})?[)）】]")
_EDITOR = re.compile(r"(?:责任编辑|責任編輯|责编|本文编辑|值班编辑|网络编辑|编辑)\s*[:：/丨]\s*([\u4e00-\u9fff·A-Za-z0-9_]{2,12}(?:[、\s]+[\u4e00-\u9fff·]{2,4}){0,2})")
_SOURCE_META = ("source", "contentsource", "mediaid", "og:article:source", "article:source", "copyfrom")
_AUTHOR_META = ("author", "article:author", "og:article:author", "weibo:article:author", "byl", "dc.creator")
_NO_PERSON = re.compile(r"编辑|责编|^(?:网易|新浪|搜狐|腾讯|凤凰|未知|本站|原创|admin|administrator|root|null|undefined|网站管理员|管理员|\d+|编辑|佚名|匿名)$|https?:|网$|\.(?:com|cn)", re.I)


@dataclass(frozen=True, kw_only=True)
class Byline:
    author: str = ""
    editor: str = ""
    source: str = ""


def find_byline(page: Page, around: Sequence[str], after: Sequence[str], paragraphs: Sequence[str], *, source: str = "", author: str = "") -> Byline:
    """`around` = lines by the headline, `after` = lines under the text; `source`, `author` = what a site rule points at."""
    near = [*around, *after[:12]]
    named = tidy(source)
    if m := _SOURCE.search(named):
        named = m[1]
    elif len(named) > 24 or re.search(r"\d{4}|[:：]", named):
        named = ""
    origin = named or _first(_SOURCE, near) or _of_meta(page, _SOURCE_META)
    writer = _plain(author) or _first(_AUTHOR, near) or _of_meta(page, _AUTHOR_META)
    if not writer or writer == origin:  # portals name the outlet as author
        writer = _first(_REPORTER, [*paragraphs[:2], *paragraphs[-2:]])
    return Byline(author=writer, editor=_first(_EDITOR, [*after[:20], *around, *paragraphs[-1:]]), source=origin)


def _plain(text: str) -> str:
    text = re.sub(r"^(?:作者|记者|文)\s*[:：/]?\s*", "", tidy(text))
    return text if 2 <= len(text) <= 20 and not _NO_PERSON.search(text) else ""


def _first(pattern: re.Pattern[str], texts: Sequence[str]) -> str:
    for text in texts:
        if m := pattern.search(text[:400]):
            return tidy(next(g for g in m.groups() if g))
    return ""


def _of_meta(page: Page, names: Sequence[str]) -> str:
    for name in names:
        value = page.meta.get(name, "")
        if 2 <= len(value) <= 20 and not _NO_PERSON.search(value):
            return value
    return ""
