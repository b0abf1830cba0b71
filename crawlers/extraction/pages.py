"""A page as a tree and as lines: each line knows its block, its links, and whether anybody sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate

from lxml import etree
from lxml.html import HtmlElement

from crawlers.extraction.furniture import is_furniture, without_remarks

INLINE = frozenset(
    ["a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "ruby", "rt", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr", "img", "time", "data", "o:p"]
)
SILENT = frozenset(["script", "style", "noscript", "template", "iframe", "object", "select", "textarea", "button", "svg", "canvas", "audio", "video", "map", "title"])
# Its end in the middle of a page stops the parser, not a browser.
_ENDS = re.compile(r"</(?:html|body)\s*>", re.I)
MAX_CHARS = 5_000_000
MAX_LINES = 20_000
_SPACES = re.compile(r"[\s\u00a0\u3000\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\ue000-\uf8ff]+")  # the last are icons of the page's own font
_DEBRIS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:left|top|text-indent|margin-left)\s*:\s*-\d{3,}(?:\.\d+)?(?:px|em|pt)"
    r"|font-size\s*:\s*0(?:px|em|pt)?\s*(?:[;!]|$)|(?:max-)?height\s*:\s*[01]px[^}]*overflow\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!]|$)",
    re.I,
)
_SIMPLE = re.compile(r"(?:\w+)?([.#][\w-]+)$")
_SENTENCE = re.compile(r"[，。；！？：、,;!?…]")
_CLOSED = re.compile(r"[。！？；…!?]")
_COMMENTS = re.compile(r"(?:^|[^a-z])(?:pl|comments?|cmts?|pinglun|repl(?:y|ies)|gentie|tie|disqus|liuyan|guestbook)(?:$|[^a-z])|comment(?:list|area|box|s)|sohucs|js_cmt|cmt_|ds-thread|postcomment|sinacomment", re.I)
_UNLIKELY = re.compile(
    r"relate|recommend|recomm|tuijian|xgxw|xgyd|hot-?_?(?:list|news|rank|article)|rank(?:ing|list|$)|toplist|guess|readmore|read-?_?more"
    r"|side-?_?(?:bar|box|nav)|siderbar|widget|(?:^|[^a-z])(?:nav|menu|crumbs?|foot|tools?|tips?|ads?|gg|ewm|tags?|links?|pager|copy|bottom-?_?bar)(?:$|[^a-z])"
    r"|navbar|breadcrumb|footer|topbar|top-?_?nav|toolbar|share|jiathis|social|qr-?_?code|erweima|copyright|banquan|statement|disclaimer|shengming|mianze"
    r"|login|popup|modal|dialog|advert|guanggao|sponsor|subscribe|zebian|(?:^|[^a-z])editors?(?:$|[^a-z])|page-?_?(?:nav|num|bar|box|list)|pagination|download|(?:^|[^a-z])vote|friendlink|author-?_?(?:bio|info|intro|box|card|desc|meta|count|top)|(?:^|[^a-z])bio(?:$|[^a-z])|(?:^|\s)(?:hidden|hide|pages?)(?:$|\s)",
    re.I,
)
_FOLDED = re.compile(r"more|fold|rest|full|unfold|expand", re.I)
_KNOWN_EDITOR = re.compile(r"trs_u?editor|editor-?_?(?:content|body|text)", re.I)


@dataclass(slots=True, eq=False)
class Line:
    """A run of text without a break, as a reader sees it."""

    text: str
    links: int  # characters of it that are links
    block: HtmlElement
    heading: bool = False
    opens: int = 0  # characters of the link it opens with
    prose: float = 0.0  # see prose()
    shades: tuple[int, ...] = ()  # numbers of the hidden or unlikely elements around it

    @property
    def link_share(self) -> float:
        return self.links / max(1, len(self.text))


@dataclass(slots=True)
class Shade:
    element: HtmlElement
    kind: str  # hidden, comments, unlikely
    start: int
    end: int = 0
    lifted: bool = False


@dataclass(eq=False)
class Page:
    """Lines in document order; `ranges` says which lines each block holds; sums over them cost nothing."""

    root: HtmlElement
    url: str
    source: str
    lines: list[Line] = field(default_factory=list)
    ranges: dict[HtmlElement, tuple[int, int]] = field(default_factory=dict)
    shades: list[Shade] = field(default_factory=list)
    pictures: list[tuple[int, HtmlElement]] = field(default_factory=list)  # before which line, which picture

    @cached_property
    def meta(self) -> Mapping[str, str]:
        """The content of meta tags by their lower-case name, property or itemprop; the first of a name counts."""
        found: dict[str, str] = {}
        for tag in self.root.iter("meta"):
            name = (tag.get("property") or tag.get("name") or tag.get("itemprop") or tag.get("http-equiv") or "").lower().strip()
            content = tidy(tag.get("content") or "")
            if name and content:
                found.setdefault(name, content)
        return found

    @cached_property
    def scripts(self) -> str:
        """All inline scripts, JSON-LD and page data included."""
        return "\n".join(s.text for s in self.root.iter("script") if s.text)

    @cached_property
    def named(self) -> Mapping[str, list[HtmlElement]]:
        """The elements of each id (as #id) and class (as .class), in document order."""
        found: dict[str, list[HtmlElement]] = {}
        for element in self.root.iter():
            if isinstance(element.tag, str):
                if name := element.get("id"):
                    found.setdefault("#" + name, []).append(element)
                for name in (element.get("class") or "").split():
                    found.setdefault("." + name, []).append(element)
        return found

    def seen(self, line: Line) -> bool:
        return not any(self.shades[n].kind == "hidden" and not self.shades[n].lifted for n in line.shades)

    def likely(self, line: Line) -> bool:
        return all(self.shades[n].lifted for n in line.shades)

    def worth(self, line: Line) -> float:
        """What a line adds to a block: prose, nothing when nobody sees it, a little less than nothing when shaded."""
        if not self.seen(line):
            return 0.0
        return line.prose if line.prose <= 0 or self.likely(line) else -3.0



def tidy(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def prose(text: str, links: int) -> float:
    """How much a line is worth as running text: characters of prose; below zero for links and furniture."""
    n, free = len(text), len(text) - links
    if links > 0.55 * n:
        return -2.0 - min(n, 40) * 0.4
    marks = len(_SENTENCE.findall(text))
    if free >= 10 and marks and (marks / n > 0.015 or _CLOSED.search(text)):
        return -2.0 if is_furniture(without_remarks(text)) else min(free, 600) * free / n
    return 0.4 * min(free, 30) if free >= 25 and not is_furniture(text) else 0.0


def read_page(text: str, url: str = "") -> Page | None:
    """The page of a decoded text; None when there is nothing in it that could be a tree."""
    if not text.strip():
        return None
    text = _ENDS.sub("", _DEBRIS.sub("", text[:MAX_CHARS]))
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    parser.set_element_class_lookup(_LOOKUP)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    page = Page(root=root, url=url, source=text)
    _read_lines(page)
    _lift(page)
    return page


_LOOKUP = etree.ElementDefaultClassLookup(element=HtmlElement)


def _read_lines(page: Page) -> None:
    hidden_names = frozenset(_hidden_by_style(page.root))
    pieces: list[str] = []
    blocks: list[HtmlElement] = [page.root]
    shades: list[int] = []
    starts: list[int] = [0]
    links = linked = headings = opening = 0
    owner = page.root

    def flush() -> None:
        nonlocal linked, opening
        text = tidy("".join(pieces)) if pieces else ""
        pieces.clear()
        if text and len(page.lines) < MAX_LINES:
            inside = min(linked, len(text))
            page.lines.append(Line(text=text, links=inside, block=owner, heading=headings > 0, opens=opening, prose=prose(text, inside), shades=tuple(shades)))
        linked = opening = 0

    def take(text: str | None) -> None:
        nonlocal linked, opening, owner
        if text:
            first = not pieces or not "".join(pieces).strip()
            if first:
                owner = blocks[-1]
            pieces.append(text)
            if links:
                said = len(_SPACES.sub("", text))
                linked += said
                opening = said if first else opening

    walker = etree.iterwalk(page.root, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        if not isinstance(tag, str):
            continue
        if event == "start":
            if tag in SILENT:
                walker.skip_subtree()
                continue
            kind = _shade_of(element, tag, hidden_names)
            inline = tag in INLINE
            if kind or not inline:
                flush()
            if kind:
                page.shades.append(Shade(element=element, kind=kind, start=len(page.lines)))
                shades.append(len(page.shades) - 1)
            if tag == "img":
                page.pictures.append((len(page.lines) + bool("".join(pieces).strip()), element))
            if not inline:
                blocks.append(element)
                starts.append(len(page.lines))
            links += tag == "a"
            headings += tag in ("h1", "h2", "h3", "h4")
            take(element.text)
        else:
            if tag not in SILENT:
                inline = tag in INLINE
                if not inline:
                    flush()
                    blocks.pop()
                    page.ranges[element] = (starts.pop(), len(page.lines))
                links -= tag == "a"
                headings -= tag in ("h1", "h2", "h3", "h4")
                if shades and page.shades[shades[-1]].element is element:
                    flush()
                    page.shades[shades.pop()].end = len(page.lines)
            take(element.tail if element is not page.root else None)
    flush()
    page.ranges[page.root] = (0, len(page.lines))


def _shade_of(element: HtmlElement, tag: str, hidden_names: frozenset[str]) -> str:
    """Why nobody should take this element's text for the article ("" = no reason)."""
    if tag in ("body", "html", "br"):
        return ""
    style = element.get("style")
    if (style and _HIDDEN.search(style[:2000])) or element.get("hidden") is not None:
        return "hidden"
    classes, ident = element.get("class") or "", element.get("id") or ""
    if tag == "a" or not (classes or ident):
        return "unlikely" if tag in ("aside", "nav", "footer") else ""
    if hidden_names and (any("." + c in hidden_names for c in classes.split()) or "#" + ident in hidden_names):
        return "hidden"
    return _shade_by_name(f"{classes} {ident}"[:300]) or ("unlikely" if tag in ("aside", "nav", "footer") else "")


@lru_cache(maxsize=20_000)
def _shade_by_name(names: str) -> str:
    if _COMMENTS.search(names):
        return "comments"
    return "unlikely" if _UNLIKELY.search(names) and not _KNOWN_EDITOR.search(names) else ""


def _hidden_by_style(root: HtmlElement) -> Iterator[str]:
    for sheet in root.iter("style"):
        for piece in (sheet.text or "")[:300_000].split("}"):
            selectors, _, rules = piece.rpartition("{")
            if _HIDDEN.search(rules[:1000]):
                for selector in selectors.split(","):
                    if m := _SIMPLE.match(selector.strip()):
                        yield m[1]


def _lift(page: Page) -> None:
    """A shade over most of the page's prose is a mistake of ours, or a script takes it away (WeChat, 展开全文)."""
    values = [0.0, *accumulate(max(0.0, line.prose) for line in page.lines)]
    whole = values[-1] or 1.0
    for shade in page.shades:
        said = values[shade.end] - values[shade.start]
        share = said / whole
        if shade.kind == "comments":
            shade.lifted = share > 0.5 and next(shade.element.iter("h1"), None) is not None
        else:
            shade.lifted = share > 0.45 or (shade.kind == "hidden" and _is_folded(page, shade, values))


def _is_folded(page: Page, shade: Shade, values: list[float]) -> bool:
    """The rest of a text that a touch unfolds: prose without links, much of what its parent says; spam is one line."""
    parent = shade.element.getparent()
    if parent is None or parent not in page.ranges:
        return False
    start, end = page.ranges[parent]
    lines = page.lines[shade.start : shade.end]
    sentences = sum(1 for line in lines if line.prose > 20)
    needed = 1 if _FOLDED.search(f"{shade.element.get('class') or ''} {shade.element.get('id') or ''}") else 2
    if sentences < needed or any(line.links for line in lines):
        return False
    return values[shade.end] - values[shade.start] > 0.4 * (values[end] - values[start])
