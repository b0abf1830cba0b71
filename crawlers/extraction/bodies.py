"""Which lines of a page are the article: the block with most prose and least furniture, then trimmed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from lxml.html import HtmlElement

from crawlers.extraction.furniture import ends_report, is_editor_line, is_furniture, without_remarks
from crawlers.extraction.pages import Line, Page, Shade
from crawlers.extraction.times import read_published
from crawlers.extraction.titles import fold

_NAMED = re.compile(
    r"(?:article|news|art|main|post|detail|text|rich_media|entry|page)[-_]?(?:content|con|body|text|txt|detail|main|wen|nr)|artibody|zhengwen|neirong|maintext|endtext|^zoom|\bzoom\b|articlebody|trs_u?editor|ucap-content|content|vsb_content|union_?style",
    re.I,
)
_QR = re.compile(r"^.{0,20}(?:扫描|扫码|扫一扫|长按|识别).{0,12}(?:二维码|关注).{0,20}$")
_ABSTRACT = re.compile(r"^[【\[]?(?:摘要|导读|核心提示|内容提要|内容摘要|编者按|导语)[】\]]?\s*[:：]?\s*")
_ANSWER = re.compile(r"回[复應应覆]|[赞讚顶踩]\s*[\[(（]?\s*\d*|举报|支持|反对")
_FOOT = re.compile(r"版权所有|Copyright|©|ICP备|公网安备|网站标识码", re.I)
_BARE_DATE = re.compile(r"^[（(]?\s*(?:\d{4}|[〇零一二三四五六七八九]{4})\s*年\s*[\d一二三四五六七八九十]{1,2}\s*月\s*[\d一二三四五六七八九十]{1,3}\s*日\s*[）)]?$")
_CUT = re.compile(r"(?:\.{2,}|…+)\s*$")
_CREDITS = re.compile(r"^[^。！？]{0,36}(?:编辑|责编|校对|审核|供稿)\s*[/／:：].{2,12}$")
Span = tuple[int, int]


def shade_sections(page: Page, title_line: int) -> None:
    """Blocks that open with a heading such as 相关阅读 or 网友评论, and teasers (a linked headline, a sentence), are shaded.

    A block that holds the page's headline is never one of them.
    """
    for index, line in enumerate(page.lines):
        if 4 <= len(line.text) <= 30 and ends_report(line.text) and (element := _opened_by(page, index)) is not None:
            _shade(page, element, title_line)
    for element, (start, end) in list(page.ranges.items()):
        if (2 <= end - start <= 5 and _is_teaser(page, element, start, end)) or (end - start >= 6 and (_is_talk(page, element) or _is_digest(page, element))):
            _shade(page, element, title_line)


def _opened_by(page: Page, index: int) -> HtmlElement | None:
    """The largest block whose first line this is, when it has more than this line."""
    found, element = None, page.lines[index].block
    while element is not None and element in page.ranges and page.ranges[element][0] == index and element.tag not in ("body", "html"):
        found, element = element, element.getparent()
    return found if found is not None and page.ranges[found][1] - index > 1 else None


def _is_teaser(page: Page, element: HtmlElement, start: int, end: int) -> bool:
    lines = page.lines[start:end]
    heads = [n for n, line in enumerate(lines) if line.link_share > 0.8 and len(line.text) >= 6]
    sentences = [n for n, line in enumerate(lines) if line.prose > 12]
    return bool(heads) and 1 <= len(sentences) <= 2 and heads[0] < sentences[0] and element.tag not in ("td", "tr", "tbody", "table", "body")


def _is_talk(page: Page, element: HtmlElement) -> bool:
    """Comments, whatever they are called: blocks beside each other, nearly all with 回复, 赞 or the like under them."""
    blocks = _blocks_of(page, element)
    answered = sum(any(len(line.text) <= 16 and _ANSWER.search(line.text) for line in page.lines[start:end]) for start, end in blocks)
    return len(blocks) >= 3 and answered >= 0.7 * len(blocks)


def _is_digest(page: Page, element: HtmlElement) -> bool:
    """Other reports in brief: blocks beside each other, nearly all opening with a linked headline and going on without."""
    blocks = _blocks_of(page, element)
    opened = sum(page.lines[start].opens >= 8 and page.lines[start].prose > 0 for start, _ in blocks)
    return len(blocks) >= 3 and opened >= 0.8 * len(blocks)


def _blocks_of(page: Page, element: HtmlElement) -> list[Span]:
    spans = (page.ranges[child] for child in element if child in page.ranges)
    return [(start, end) for start, end in spans if end > start]


def _shade(page: Page, element: HtmlElement, title_line: int) -> None:
    start, end = page.ranges[element]
    if start <= title_line < end:
        return
    page.shades.append(Shade(element=element, kind="unlikely", start=start, end=end))
    for line in page.lines[start:end]:
        line.shades += (len(page.shades) - 1,)


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
    return _with_neighbours(page, worth, _best_run(worth, best))


def _with_neighbours(page: Page, worth: Sequence[float], span: Span) -> Span:
    """Paragraphs that are blocks of <body> itself, beside the one that won: no block of the page holds just these."""
    lines = page.lines[slice(*span)]
    if len({line.block for line in lines}) > 1 or not lines or lines[0].block.getparent() is None:
        return span
    wider = _best_run(worth, page.ranges.get(lines[0].block.getparent(), span))
    return wider if wider[0] <= span[0] and span[1] <= wider[1] else span


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
        mine = _row_of(page, line)
        if text and mine is not None and mine is row:
            texts[-1] += "\t" + text
        elif text:
            texts.append(text)
        row = mine if text else row
    whole = fold("".join(texts))
    return [t for t in texts if not _is_abstract(t, whole)]


def _is_abstract(text: str, whole: str) -> bool:
    """A box of the page that says the beginning of the text again: labelled so, or cut off with dots."""
    label = _ABSTRACT.match(text)
    core = fold(text[label.end() :] if label else text)
    return bool(label or _CUT.search(text)) and len(core) >= 12 and whole.count(core[:60]) > 1


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
    rest = said  # of a headline set in several lines
    for place, n in enumerate(numbers[:40]):
        line = page.lines[n]
        text = fold(line.text)
        if text and rest.startswith(text) and not sentences:
            rest = rest[len(text) :]
            cut = cut if rest else place + 1
            continue
        if sentences and (is_editor_line(line.text) or ends_report(line.text)):
            break
        if (said and (text == said or (len(text) > 0.6 * len(said) and text in said))) or _is_dateline(line) or _is_noise(line):
            cut = place + 1
        else:
            if len(line.text) < 7 and line.text.isdigit() and not (sentences or (len(line.text) < 3 and line.text[0] in "01")):  # a counter
                cut = place + 1
            whole = line.prose > 40 or (line.prose > 18 and line.text[-1:] in "。！？”…")
            sentences += 3 if whole else 1 if line.prose > 0 else 0
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
    whole = sum(max(0.0, page.lines[n].prose) for n in numbers) or 1.0
    before = 0.0
    for place, n in enumerate(numbers):
        line = page.lines[n]
        after = numbers[place + 1 :]
        if place and _ends_here(line) and before > 0.3 * whole:
            worth = [max(0.0, page.lines[a].prose) for a in after]
            links = sum(1 for a in after if page.lines[a].link_share > 0.5)
            light = sum(worth) < (0.4 if links > 2 and is_editor_line(line.text) else 0.2) * whole and (not _QR.search(line.text) or max(worth, default=0) < 60)
            if light or links > 0.5 * len(after):
                numbers = numbers[:place]
                break
        before += max(0.0, line.prose)
    while numbers and _is_tail(page.lines[numbers[-1]]) and _row_of(page, page.lines[numbers[-1]]) is None:
        numbers = numbers[:-1]
    return numbers


def _ends_here(line: Line) -> bool:
    return ends_report(line.text) or is_editor_line(line.text) or bool(_QR.search(line.text) or _FOOT.search(line.text))


def _is_tail(line: Line) -> bool:
    return _is_noise(line) or ends_report(line.text) or (_is_dateline(line) and not _BARE_DATE.match(line.text)) or bool(_CREDITS.match(line.text)) or bool(re.fullmatch(r"[\d\s]{1,6}", line.text))


def _is_noise(line: Line) -> bool:
    if line.link_share > 0.75 and (len(line.text) < 60 or not re.search(r"[。！？；]", line.text)):
        return True
    text = without_remarks(line.text)
    return is_furniture(text) or not re.search(r"\w", text) or bool(re.fullmatch(r"\W*\d{3,7}\W*", text))


def _row_of(page: Page, line: Line) -> HtmlElement | None:
    """The row of a table of data: several cells of one line each. A table that lays out the page is none."""
    element: HtmlElement | None = line.block
    for _ in range(4):
        if element is None or element.tag == "table":
            return None
        if element.tag == "tr":
            start, end = page.ranges.get(element, (0, 0))
            cells = [c for c in element if c.tag in ("td", "th") and c in page.ranges and page.ranges[c][0] < page.ranges[c][1]]
            return element if len(cells) > 1 and end - start == len(cells) else None
        element = element.getparent()
    return None
