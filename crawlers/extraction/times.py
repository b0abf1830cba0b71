"""When a page was published: of many things that look like a date, the one beside the headline and the source. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from config.clock import SHANGHAI
from crawlers.dates import DAY_ONLY, EARLIEST, read_when
from crawlers.extraction.pages import Line, Page, tidy

_CLOCK = r"(?:\s*[T\s(（]?\s*(?:(?:星期|周)[一二三四五六日天])?[)）]?\s*(?:上午|下午|晚上|凌晨|中午|AM|PM)?\s*\d{1,2}\s*[:：时点]\s*\d{1,2}(?:\s*[:：分]\s*\d{1,2})?(?:[.,]\d+)?[秒分]?(?:\s*(?:[+-]\d{2}:?\d{2}|Z\b))?)"
_DATE = re.compile(rf"(?<![\d.])(?:19|20)\d{{2}}\s*[-/.年]\s*\d{{1,2}}\s*[-/.月]\s*\d{{1,2}}(?!\d{{3}})\s*日?(?:{_CLOCK})?")
_SHORT_YEAR = re.compile(r"(?<!\d)(\d{2})[-/.](\d{1,2})[-/.](\d{1,2})\s*(\d{1,2}):(\d{2})(?!\d)")
_PLAIN_TIME = re.compile(r"""[{,\s]["']?time["']?\s*:\s*["'](20\d{2}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}(?::\d{2})?)["']""")
# Year, day and clock in elements of their own, as 新华网 and 腾讯网 set them.
_PARTED = re.compile(r"(20\d{2})年?\s+(\d{1,2})\s*[/月-]\s*(\d{1,2})日?\s+(\d{1,2}):(\d{2})(?!\d)")
_NO_YEAR = re.compile(r"(?<![\d-])(\d{1,2})\s*[-/月]\s*(\d{1,2})日?\s*(\d{2}|(?<=\D)\d):(\d{2})(?!\d)")
_BARE_CLOCK = re.compile(r"^\D{0,6}(\d{1,2}):(\d{2})(?::\d{2})?\D{0,4}$")
_META = re.compile(
    r"^(?:article:|og:|bytedance:|weibo:\s?article:|weibo:\s?webpage:|dc\.|dcterms\.|parsely-|sailthru\.|itemprop:)?_?"
    r"(?:published_?time|publish(?:ed)?[-_]?(?:date|time|at)?|pub[-_]?(?:date|time)|date_?published|release_?date|create_?at|create_?date|created|firstpublishedtime|contentpubdate|issued?|date|dateupdate|time|upload_?date)$",
    re.I,
)
_SENTENCE_END = re.compile(r"[。！？；]")
_META_LATER = re.compile(r"modif|update|last", re.I)
_DATA = re.compile(
    r"""["']?\b(\w{0,12}(?:pub(?:lish(?:ed)?)?_?(?:time|date|at)|ptime|create_?time|post_?time|news_?time|issue_?time|date_?published|dateline|release_?(?:date|time)|display_?time|input_?time))["']?\s*[:=]\s*["']?(\d[\d\-/.: T年月日+]{7,30}Z?)""",
    re.I,
)
_ATTRIBUTE = re.compile(r"""\sdata-(?:ptime|pub[\w-]{0,12}|time|date|timestamp)\s*=\s*["']([\d][^"'<>]{7,30})["']""", re.I)
_WECHAT = re.compile(r"""\bvar\s+(?:ct|create_?time|ori_create_time|publish_time)\s*=\s*["']?([\d][\d\-: ]{8,19})["']|\b(?:ori_create_time|create_time|ct)\s*:\s*(?:JsDecode\()?["'](\d{10})["']|\bt\s*=\s*"(\d{10})"\s*,\s*\w\s*=\s*"\d{10}"\s*,""", re.I)
_IN_URL = re.compile(r"(?<!\d)(20\d{2}|19\d{2})[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?!\d)|(?<!\d)(20\d{2})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
_CUE = re.compile(r"发布|发表|时间|日期|来源|來源|來自|来自|稿源|作者|编辑|浏览|点击|阅读|字号|访问|记者|录入|责编|更新")
_LATER = re.compile(r"更新|修改|最后|update|modif", re.I)
_TODAY = re.compile(r"今天是|今日是|现在是|当前时间|打印时间|截止|有效期|生效|成文日期|^[（(].*(?:通过|公布|修订|修正|批准|施行)")
_CLASS_CUE = re.compile(r"time|date|pub|info|source|meta|from|sj|riqi|laiyuan", re.I)
BELIEVED = 45.0
MINUTE, DAY = "minute", "day"


@dataclass(frozen=True, kw_only=True)
class Published:
    """An instant in aware UTC, how exact it is (minute or day), the words it was read from, the line they stand in."""

    at: datetime
    precision: str
    raw: str
    line: int = -1


@dataclass(frozen=True, kw_only=True)
class _Found:
    published: Published
    score: float


def find_published(page: Page, title_line: int, body: tuple[int, int], chosen: str = "", *, trusted: bool = True) -> Published | None:
    """The moment of publication; None when the page names none.

    `chosen` is the text a site rule points at, `trusted` when the page is known to be of that site.
    """
    found = [*_of_rule(page, chosen, 130 if trusted else 85), *_of_wechat(page), *_of_meta(page), *_of_data(page), *_of_lines(page, title_line, body)]
    found += [*_of_attributes(page), *_of_url(page)]
    if not found:
        return None
    url_days = {_day(f.published) for f in found if f.published.raw.startswith("url:")}
    found = [replace(f, score=f.score + 12) if _day(f.published) in url_days else f for f in found]
    best = max(found, key=lambda f: f.score)
    if best.published.precision == DAY:
        # What stands far from the headline (score) is some other thing's minute: a comment's, a list's.
        same = [f for f in found if f.published.precision == MINUTE and f.score >= BELIEVED and _day(f.published) == _day(best.published)]
        if same:
            return max(same, key=lambda f: f.score).published
        return _with_clock_beside(page, best.published)
    return best.published


def read_published(text: str, line: int = -1) -> Published | None:
    """The first full date of a text, with its clock when it has one."""
    for m in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        words = re.sub(r"\s*([-/.年月:：])\s*", r"\1", m[0]).replace(" 日", "日").replace("（", " ").replace("(", " ").replace("）", " ").replace(")", " ")
        when = read_when(words.strip()) or read_when(re.match(r"[\d年月日/.-]+", words)[0])  # type: ignore[index]
        if when and when.at >= EARLIEST:
            return Published(at=when.at, precision=DAY if when.note == DAY_ONLY else MINUTE, raw=tidy(m[0]), line=line)
    return None


def _day(published: Published) -> str:
    return published.at.astimezone(SHANGHAI).date().isoformat()


def _value(value: str) -> Published | None:
    """A value from meta tags and page data: also unix seconds, milliseconds, compact and English forms."""
    value = tidy(value).strip("\"'")
    when = read_when(re.sub(r"(\d{4}-\d{2}-\d{2})-(\d{2}:\d{2})", r"\1 \2", value))
    if when is None:
        return read_published(value)
    return Published(at=when.at, precision=DAY if when.note == DAY_ONLY else MINUTE, raw=value)


def _of_rule(page: Page, chosen: str, score: float) -> Iterator[_Found]:
    if chosen and (found := read_published(chosen) or _partial(page, chosen)):
        line = next((i for i, x in enumerate(page.lines) if found.raw in x.text), -1)
        yield _Found(published=replace(found, line=line), score=score if found.precision == MINUTE else score - 35)


def _of_wechat(page: Page) -> Iterator[_Found]:
    if "#js_content" in page.named:
        for groups in _WECHAT.findall(page.scripts):
            found = _value(next(g for g in groups if g))
            if found:
                yield _Found(published=found, score=140 if found.precision == MINUTE else 90)


def _of_meta(page: Page) -> Iterator[_Found]:
    for name, content in page.meta.items():
        if _META.match(name) and (not _META_LATER.search(name) or name == "dateupdate") and (found := _value(content)):
            yield _Found(published=found, score=72 if found.precision == MINUTE else 45)
    for element in page.root.iter("time"):
        if found := _value(element.get("datetime") or ""):
            yield _Found(published=found, score=62 if found.precision == MINUTE else 40)
            break
    for data in _json_ld(page):
        if found := _value(str(data.get("datePublished") or data.get("pubDate") or data.get("uploadDate") or "")):
            yield _Found(published=found, score=70 if found.precision == MINUTE else 45)


def _json_ld(page: Page) -> Iterator[dict[str, Any]]:
    for script in page.root.iter("script"):
        if "ld+json" in (script.get("type") or "") and script.text and len(script.text) < 300_000:
            try:
                data = json.loads(script.text.strip().rstrip(";"), strict=False)
            except (ValueError, RecursionError):
                continue
            nodes = data if isinstance(data, list) else data.get("@graph", [data]) if isinstance(data, dict) else []
            yield from (node for node in nodes if isinstance(node, dict))


def _of_data(page: Page) -> Iterator[_Found]:
    for place, (name, value) in enumerate(_DATA.findall(page.scripts[:1_500_000])):
        if found := _value(value):
            score = 55 if found.precision == MINUTE else 30
            yield _Found(published=found, score=score - min(place, 30) - (10 if _META_LATER.search(name) else 0))
        if place > 60:
            break
    if (m := _PLAIN_TIME.search(page.scripts)) and (found := _value(m[1])):
        yield _Found(published=found, score=32)


def _of_attributes(page: Page) -> Iterator[_Found]:
    for place, value in enumerate(_ATTRIBUTE.findall(page.source)[:20]):
        if found := _value(value):
            yield _Found(published=found, score=(48 if found.precision == MINUTE else 28) - place)


def _of_lines(page: Page, title_line: int, body: tuple[int, int]) -> Iterator[_Found]:
    for index, line in enumerate(page.lines):
        found = read_published(line.text, index) or (_partial(page, line.text, index) if _near(index, title_line) else None)
        if found is None:
            continue
        score = 60.0 if found.precision == MINUTE else 40.0
        if title_line >= 0:
            away = index - title_line
            between = sum(max(0.0, x.prose) for x in page.lines[title_line + 1 : index]) if 0 < away <= 14 else 0.0
            score += (28 - away if between < 60 else -10) if 0 <= away <= 14 else 10 if -6 <= away < 0 else -8
        start, end = body
        if start <= index < end and (_SENTENCE_END.search(line.text) or (len(line.text) > 60 and not _CUE.search(line.text))):
            score -= 40
        elif index >= end > 0:
            score -= 12 + min(20, (index - end) / 4)
        before = page.lines[index - 1].text[-12:] if index else ""
        score += 15 if _CUE.search(line.text) or _CUE.search(before) else 0
        score += 8 if len(line.text) < 60 else -15 if len(line.text) > 90 else 0
        score += 8 if _CLASS_CUE.search(_names(line)) else 0
        score -= 15 if _LATER.search(line.text) else 0
        score -= 60 if _TODAY.search(line.text) else 0
        score -= 20 if line.link_share > 0.5 else 0
        shades = {page.shades[n].kind for n in line.shades if not page.shades[n].lifted}
        score -= 45 if "comments" in shades else 25 if "hidden" in shades else 4 if shades else 0
        yield _Found(published=found, score=score)


def _names(line: Line) -> str:
    return f"{line.block.get('class') or ''} {line.block.get('id') or ''}"


def _near(index: int, title_line: int) -> bool:
    return title_line >= 0 and -6 <= index - title_line <= 14


def _partial(page: Page, text: str, line: int = -1) -> Published | None:
    """Times written without a century or a year ("19-10-23 10:33", "10月23日 10:33"): the rest of the page says which."""
    around = " ".join(x.text for x in page.lines[line : line + 3]) if line >= 0 and len(text) <= 6 else text
    if m := _PARTED.match(around):
        return _built(int(m[1]), m, 2, line)
    if m := _SHORT_YEAR.search(text):
        return _built(2000 + int(m[1]), m, 2, line)
    if (m := _NO_YEAR.search(text)) and (year := _year_of(page)):
        return _built(year, m, 1, line)
    return None


def _built(year: int, m: re.Match[str], first: int, line: int) -> Published | None:
    month, day, hour, minute = (int(m[first + n]) for n in range(4))
    try:
        at = datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)
    except ValueError:
        return None
    found = read_when(at)
    return Published(at=found.at, precision=MINUTE, raw=m[0], line=line) if found else None


def _year_of(page: Page) -> int | None:
    others = [*_of_meta(page), *_of_url(page), *_of_data(page)]
    if others:
        return max(others, key=lambda f: f.score).published.at.astimezone(SHANGHAI).year
    years = [f.at.astimezone(SHANGHAI).year for line in page.lines if (f := read_published(line.text))]
    return max(years) if years else None


def _of_url(page: Page) -> Iterator[_Found]:
    named = (page.url, page.meta.get("og:url", ""), *(x.get("href") or "" for x in page.root.iter("link") if x.get("rel") == "canonical"))
    for url in filter(None, named):
        m = _IN_URL.search(urlsplit(url).path if "://" in url else url)
        if m and (when := read_when("-".join(g for g in m.groups() if g))):
            yield _Found(published=Published(at=when.at, precision=DAY, raw="url:" + m[0]), score=25)
            return


def _with_clock_beside(page: Page, published: Published) -> Published:
    """A day in one block and the clock in the next ("2019-10-23" / "10:33")."""
    if published.line < 0:
        return published
    for line in page.lines[published.line : published.line + 3]:
        text = line.text.replace(published.raw, "")
        if m := _BARE_CLOCK.match(tidy(text)):
            day = published.at.astimezone(SHANGHAI)
            if int(m[1]) < 24 and int(m[2]) < 60:
                return replace(published, at=day.replace(hour=int(m[1]), minute=int(m[2])).astimezone(published.at.tzinfo), precision=MINUTE)
    return published
