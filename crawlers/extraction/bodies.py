"""Which lines of a page are the article: the block with most prose and least furniture, then trimmed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from lxml.html import HtmlElement

from crawlers.extraction.furniture import ends_report, is_editor_line, is_furniture, without_remarks
from crawlers.extraction.pages import Line, Page, prose
from crawlers.extraction.times import read_published
from crawlers.extraction.titles import fold

_NAMED = re.compile(
    r"(?:article|news|art|main|post|detail|text|rich_media|entry|page)[-_]?(?:content|con|body|text|txt|detail|main|wen|nr)|artibody|zhengwen|neirong|maintext|endtext|^zoom|\bzoom\b|articlebody|trs_u?editor|ucap-content|content|vsb_content|union_?style",
    re.I,
)
_QR = re.compile(r"^.{0,20}(?:扫描|扫码|扫一扫|长按|识别).{0,12}(?:二维码|关注).{0,20}$")
_ABSTRACT = re.compile(r"^[【\[]?(?:摘要|导读|核心提示|内容提要|内容摘要|编者按|导语)[】\]]?\s*[:：]?\s*")
_CREDITS = re.compile(r"^[^。！？]{0,36}(?:编辑|责编|校对|审核|供稿)\s*[/／:：].{2,12}$")
Span = tuple[int, int]


def find_span(page: Page, title_line: int) -> Span:
    """First line and last line + 1 of the block that is worth most as running text, (0, 0) when there is none."""
    worth = [page.worth(line) for line in page.lines]
    behind = sum(w for w in worth[title_line + 1 :] if w > 0)
    if title_line >= 0 and behind > 0.4 * sum(w for w in worth if w > 0):
        worth[: title_line + 1] = [min(0.0, w) for w in worth[: title_line + 1]]
    sums = [0.0, *accumulate(worth)]
    best, most = (0, 0), 0.0
    for element, (start, end) in page.ranges.items():
        if end - start and (value := sums[end] - sums[start]) > 0:
            value += _name_worth(element, value)
            # Of blocks worth the same the innermost: it comes first, since blocks are noted when they end.
            if value > most + 0.5:
                best, most = (start, end), value
    return _best_run(worth, best)


def _name_worth(element: HtmlElement, value: float) -> float:
    return 0.08 * value + 4 if _NAMED.search(f"{element.get('class') or ''} {element.get('id') or ''}") else 0.0


def _best_run(worth: Sequence[float], span: Span) -> Span:
    """The run of lines worth most inside a block; lines worth nothing on its edges stay in, they are judged by words."""
    best, most, start, total = span, 0.0, span[0], 0.0
    for index in range(*span):
        total += worth[index]
        if total < 0:
            start, total = index + 1, 0.0
        elif total >= most and total > 0:
            best, most = (start, index + 1), total
    start, end = best
    while end < span[1] and worth[end] == 0:
        end += 1
    while start > span[0] and worth[start - 1] == 0:
        start -= 1
    return start, end


def kept_lines(page: Page, span: Span, title: str, dropped: Iterable[HtmlElement] = (), *, chosen: bool = False) -> list[int]:
    """Numbers of the lines that are the article's text. `chosen` = a site rule named the block: its shades are trusted less."""
    out = _covered(page, dropped)
    lines = [i for i in range(*span) if i not in out and page.seen(page.lines[i]) and (_within(page, i, span) if chosen else page.likely(page.lines[i]))]
    lines = _without_head(page, lines, title)
    lines = _without_tail(page, lines)
    return [i for i in lines if not _is_noise(page.lines[i])]


def paragraphs(page: Page, numbers: Sequence[int]) -> list[str]:
    """The lines as paragraphs; the cells of one table row are one paragraph."""
    texts: list[str] = []
    row: HtmlElement | None = None
    for n in numbers:
        line = page.lines[n]
        text = without_remarks(line.text)
        mine = _row_of(line)
        if text and mine is not None and mine is row:
            texts[-1] += "\t" + text
        elif text:
            texts.append(text)
        row = mine if text else row
    # An abstract that the text says again word for word is a box of the page.
    whole = fold("".join(texts))
    return [t for t in texts if not ((m := _ABSTRACT.match(t)) and whole.count(fold(t[m.end() :])[:60]) > 1)]


def _covered(page: Page, elements: Iterable[HtmlElement]) -> set[int]:
    """Lines of these elements; an inline element is no block of its own, its line counts when the element is most of it."""
    out: set[int] = set()
    for element in elements:
        if element in page.ranges:
            out.update(range(*page.ranges[element]))
        else:
            said = "".join(str(element.text_content()).split())
            out.update(i for i, line in enumerate(page.lines) if len(said) > 1 and said == "".join(line.text.split()))
    return out


def _within(page: Page, index: int, span: Span) -> bool:
    """In a block that a rule names only shades that lie inside it, and cover little of it, count."""
    for n in page.lines[index].shades:
        shade = page.shades[n]
        if not shade.lifted and span[0] <= shade.start and shade.end <= span[1] and shade.end - shade.start < 0.5 * (span[1] - span[0]):
            return False
    return True


def _without_head(page: Page, numbers: list[int], title: str) -> list[int]:
    """Headline, time, source, tools and crumbs before the first sentence go, and all above the last of them."""
    said, cut, sentences = fold(title), 0, 0
    for place, n in enumerate(numbers[:40]):
        line = page.lines[n]
        text = fold(line.text)
        if (said and (text == said or (len(text) > 0.6 * len(said) and text in said))) or _is_dateline(line) or _is_noise(line):
            cut = place + 1
        else:
            if len(line.text) < 3 and not sentences:  # a counter
                cut = place + 1
            sentences += 3 if prose(line) > 40 else 1 if prose(line) > 0 else 0
            if sentences >= 3:
                break
    return numbers[cut:]


def _is_dateline(line: Line) -> bool:
    found = read_published(line.text)
    return found is not None and len(line.text) < 100 and not re.search(r"[。！？]|[日号][，,]", line.text) and (
        line.text.startswith(found.raw[:4]) or bool(re.search(r"时间|日期|来源|发布|作者|编辑|浏览|点击|[:：]", line.text))
    )


def _without_tail(page: Page, numbers: list[int]) -> list[int]:
    """From a heading such as 相关阅读 on nothing is text, when what follows is little or all links."""
    whole = sum(max(0.0, prose(page.lines[n])) for n in numbers) or 1.0
    before = 0.0
    for place, n in enumerate(numbers):
        line = page.lines[n]
        after = numbers[place + 1 :]
        if place and _ends_here(line) and before > 0.3 * whole:
            worth = [max(0.0, prose(page.lines[a])) for a in after]
            links = sum(1 for a in after if page.lines[a].link_share > 0.5)
            light = sum(worth) < 0.2 * whole and (not _QR.search(line.text) or max(worth, default=0) < 60)
            if light or links > 0.5 * len(after):
                numbers = numbers[:place]
                break
        before += max(0.0, prose(line))
    while numbers and _is_tail(page.lines[numbers[-1]]):
        numbers = numbers[:-1]
    return numbers


def _ends_here(line: Line) -> bool:
    return ends_report(line.text) or is_editor_line(line.text) or bool(_QR.search(line.text))


def _is_tail(line: Line) -> bool:
    return _is_noise(line) or ends_report(line.text) or _is_dateline(line) or bool(_CREDITS.match(line.text)) or bool(re.fullmatch(r"[\d\s]{1,6}", line.text))


def _is_noise(line: Line) -> bool:
    if line.link_share > 0.75 and (len(line.text) < 60 or not re.search(r"[。！？；]", line.text)):
        return True
    text = without_remarks(line.text)
    return is_furniture(text) or not re.search(r"\w", text)


def _row_of(line: Line) -> HtmlElement | None:
    """The row of a table of data; a table that only lays out the page has long cells."""
    if len(line.text) > 60:
        return None
    element: HtmlElement | None = line.block
    for _ in range(4):
        if element is None or element.tag == "table":
            return None
        if element.tag == "tr":
            return element
        element = element.getparent()
    return None
