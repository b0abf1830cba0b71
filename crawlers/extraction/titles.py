"""The headline of a page: the line that the window title also says, else the heading before the text. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

from lxml.html import HtmlElement

from crawlers.extraction.pages import Line, Page, tidy

_SITE_SUFFIX = re.compile(
    r"\s*(?:[_|｜丨]+|\s[-–—·]+\s|--+|[-–—](?=[^-–—]{1,20}$)|\s-)\s*[^_|｜]*$"
)
_NAMES_A_SITE = re.compile(r"网|报|频道|新闻|资讯|官方|官网|在线|门户|政府|委员会|[局院会台]$|中心|客户端|媒体|com|cn|net|财经|科技|娱乐|体育|搜狐|新浪|腾讯|头条|号$|首页|The Paper", re.I)
_TITLE_CLASS = re.compile(r"(?:^|[^a-z])(?:title|tit|headline|biaoti|bt|topic|subject|h1|tle)(?:$|[^a-z])|title", re.I)
_CUT = re.compile(r"(?:\.{2,}|…+)\s*$")
_META = ("og:title", "twitter:title", "weibo:article:title", "articletitle", "headline", "title", "sharetitle", "contenttitle")
_DATELINE = re.compile(r"(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}.*(?:来源|作者|发布|浏览|点击|阅读|\d:\d\d)|(?:时间|日期|来源)\s*[:：].*(?:19|20)\d{2}\s*[-/.年]")
_NO_TITLE = re.compile(r"^(?:.{0,12}[>»›＞].*|.{0,4}位置.*|新闻|正文|首页|当前位置|您的位置|登录|注册|文章详情|详情|详细内容|新闻中心|通知公告|新闻动态|工作动态|要闻|资讯)$")


@dataclass(frozen=True, kw_only=True)
class Title:
    text: str
    line: int  # its last line, -1 when it stands in no line of the page


def find_title(page: Page, chosen: str = "", *, trusted: bool = False) -> Title:
    """The headline as the page shows it; `chosen` is what a site rule points at, `trusted` when an operator wrote it."""
    window = _window_title(page)
    if chosen and (trusted or (not _NO_TITLE.match(chosen) and _agrees(chosen, window))):
        return Title(text=chosen, line=_line_of(page, chosen))
    best, score, where = "", 0.0, -1
    heads = [window, *(head for head in _meta_titles(page) if _agrees(head, window))]
    for index, line in enumerate(page.lines):
        value = max((_likeness(line, head) for head in heads if head), default=0.0)
        if value and (page.seen(line) or value > 95):
            value += _looks(line) - (12 if line.link_share > 0.5 else 0) - min(index, 400) / 40 - (0 if page.seen(line) else 25)
            if value > score:
                best, score, where = line.text, value, index
    core = fold(without_site(window))
    if fold(best) != core and (broken := _over_several_lines(page, core)):
        return broken
    if best and score >= 55:
        return _without_label(_with_its_other_lines(page, where, window), window)
    if heading := _before_dateline(page) or _first_heading(page):
        return heading
    whole = next((head for head in reversed(heads) if head and not _CUT.search(head)), window)
    return Title(text=without_site(whole), line=-1)


def fold(text: str) -> str:
    """Text for comparing headlines: width, case, spaces, quotes and punctuation do not count."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def without_site(title: str) -> str:
    """A window title without the names of site and channel behind it."""
    for _ in range(6):
        m = _SITE_SUFFIX.search(title)
        if not m or m.start() < 4:
            break
        tail = title[m.start() :]
        if len(tail) > 40 or (not re.match(r"\s*[_|｜丨]|\s*--", tail) and not _NAMES_A_SITE.search(tail)):
            break
        title = title[: m.start()].rstrip()
    return title


def _window_title(page: Page) -> str:
    return next((tidy(t.text_content()) for t in page.root.iter("title") if tidy(t.text_content())), "")


def _meta_titles(page: Page) -> list[str]:
    return [page.meta[name] for name in _META if name in page.meta]


def _agrees(head: str, window: str) -> bool:
    """A meta tag that says what the window title says; some sites put their own name into every page."""
    said, core = fold(without_site(head)), fold(without_site(window))
    return not core or said in core or core in said or SequenceMatcher(None, said, core, autojunk=False).ratio() > 0.5


def _without_label(title: Title, window: str) -> Title:
    """"原创" and the like, glued to the headline in its own element, go when the window title does without."""
    core = fold(without_site(window))
    said = fold(title.text)
    if len(core) >= 8 and said != core and said.endswith(core) and len(said) - len(core) <= 4:
        return Title(text=without_site(window), line=title.line)
    return title


def _before_dateline(page: Page) -> Title | None:
    """The line over the one with time and source, when the window title names only the site."""
    for index, line in enumerate(page.lines):
        if _DATELINE.search(line.text) and len(line.text) < 100 and line.link_share < 0.5 and page.seen(line):
            for above in range(index - 1, max(-1, index - 4), -1):
                text = page.lines[above].text
                if 8 <= len(text) <= 80 and page.lines[above].link_share < 0.5 and not _NO_TITLE.match(text) and not _DATELINE.search(text):
                    return Title(text=text, line=above)
    return None


def _likeness(line: Line, head: str) -> float:
    """0..100: how much of the window title this line says, or of the line the (cut) window title."""
    n = len(line.text)
    if not 4 <= n <= 120:
        return 0.0
    said, window, core = fold(line.text), fold(head), fold(_CUT.sub("", without_site(head)))
    if len(said) < 3:
        return 0.0
    if len(core) < 5:  # a column's name, or a headline with an underscore in it
        return 90.0 if window.startswith(said) and len(said) > max(6, len(core) + 2) else 0.0
    if said == core:
        return 100.0
    if window.startswith(said) and len(said) > 0.35 * len(core):
        return 60 + 38 * min(1.0, len(said) / len(core))
    if said.startswith(core) and len(core) >= 8:
        return 60 + 38 * len(core) / len(said)
    if said in core and len(said) >= max(6, 0.4 * len(core)):
        return 50 + 40 * len(said) / len(core)
    if core in said and len(core) >= 8 and len(said) - len(core) <= 4:
        return 90.0
    if abs(len(said) - len(core)) < 0.4 * len(core) and line.heading:
        ratio = SequenceMatcher(None, said, core, autojunk=False).ratio()
        return 90 * ratio if ratio > 0.6 else 0.0
    return 0.0


def _looks(line: Line) -> float:
    tags = {line.block.tag, *(p.tag for p in _parents(line))}
    heading = 22 if "h1" in tags else 16 if "h2" in tags else 10 if tags & {"h3", "h4"} else 0
    named = any(_TITLE_CLASS.search(f"{e.get('class') or ''} {e.get('id') or ''}") for e in (line.block, *_parents(line)))
    return heading + (8 if named else 0)


def _parents(line: Line) -> list[HtmlElement]:
    found, element = [], line.block
    for _ in range(2):
        element = element.getparent()
        if element is None or element.tag in ("body", "html"):
            break
        found.append(element)
    return found


def _with_its_other_lines(page: Page, where: int, window: str) -> Title:
    """A headline broken by <br> is one headline, when the window title says so too."""
    text, last = page.lines[where].text, where
    block, core = page.lines[where].block, fold(window)
    while last + 1 < len(page.lines) and page.lines[last + 1].block is block and page.lines[last + 1].heading:
        longer = f"{text} {page.lines[last + 1].text}"
        if fold(longer) not in core:
            break
        text, last = longer, last + 1
    return Title(text=text, line=last)


def _over_several_lines(page: Page, core: str) -> Title | None:
    """A headline set in two to four lines that together are the window title's."""
    if len(core) < 8:
        return None
    for first, line in enumerate(page.lines):
        rest, last = core, first
        while last < min(first + 4, len(page.lines)) and (said := fold(page.lines[last].text)) and rest.startswith(said):
            rest, last = rest[len(said) :], last + 1
            if not rest and page.seen(line):
                return Title(text="".join(x.text for x in page.lines[first:last]), line=last - 1)
    return None


def _first_heading(page: Page) -> Title | None:
    """Without a telling window title: the h1 (else h2, h3, a block named title) with most text after it."""
    best: tuple[float, int] | None = None
    for index, line in enumerate(page.lines):
        looks = _looks(line)
        if looks < 8 or not 5 <= len(line.text) <= 80 or line.link_share > 0.5 or not page.seen(line) or not page.likely(line):
            continue
        if _NO_TITLE.match(line.text):
            continue
        after = sum(max(0.0, page.worth(x)) for x in page.lines[index + 1 : index + 12])
        value = looks + min(40.0, after / 10) - index / 40
        if best is None or value > best[0]:
            best = (value, index)
    return Title(text=page.lines[best[1]].text, line=best[1]) if best else None


def _line_of(page: Page, text: str) -> int:
    said = fold(text)
    return next((i for i, line in enumerate(page.lines) if fold(line.text) == said and line.link_share < 0.9), -1)
