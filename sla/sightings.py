"""渠道所见: which release an article on an outlet of ours is, and where its text departs from the approved one. Pure.

Matching asks for likeness alone and lets no fact veto it (unlike analysis/folding): an article that gives another
figure than the approved text is still that release, and its difference is what people must see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from analysis.folding import alike, normal_form, said
from analysis.particulars import particulars
from archive.pages import canonical_url
from archive.privacy import mask

WINDOW = timedelta(days=7)  # between a release's own time and the article's; only an equal address reaches further
TITLE_LEAST = 8  # characters of a title that may speak alone: 警情通报 heads every second release
GONE_AFTER = 3  # readings in a row that reach back far enough and no longer show it
SHOWN_OF_EQUAL = 40  # characters of an unchanged passage that a comparison shows


class How(StrEnum):
    """By what an article was recognised, the strongest first."""

    URL = "url"
    TEXT = "text"
    NEAR = "near"
    TITLE = "title"


class Verdict(StrEnum):
    """How the article's text stands to the approved one."""

    SAME = "same"
    CUT = "cut"  # the outlet shows only its beginning
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One article as an outlet of ours showed it."""

    url: str
    title: str
    body: str
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One release of the ledger that may be it; `at` is when it was published, else drafted."""

    id: int
    url: str
    title: str
    body: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Match:
    release_id: int
    how: How
    likeness: float  # share of common three-character pieces; 1.0 for the same address or text


def match(seen: Seen, entries: Iterable[Entry]) -> Match | None:
    """The release this article is: by address, else by its text, else by a title that only one release has."""
    entries = list(entries)
    page = canonical_url(seen.url)
    if page and (found := [e for e in entries if canonical_url(e.url) == page]):
        return Match(release_id=_nearest(seen, found).id, how=How.URL, likeness=1.0)
    near = [e for e in entries if abs(e.at - seen.published_at) <= WINDOW]
    forms = [normal_form(text) for text in (said(seen.title, seen.body), seen.body) if text]
    likeness = {e.id: max(_likeness(form, normal_form(text)) for form in forms for text in _texts(e)) for e in near} if forms else {}
    if same := [e for e in near if likeness.get(e.id) == 1.0]:
        return Match(release_id=_nearest(seen, same).id, how=How.TEXT, likeness=1.0)
    if any(likeness.values()):
        best = max(near, key=lambda e: (likeness[e.id], -abs(e.at - seen.published_at)))
        if likeness[best.id]:
            return Match(release_id=best.id, how=How.NEAR, likeness=round(likeness[best.id], 3))
    return _by_title(seen, near)


def _texts(entry: Entry) -> tuple[str, str]:
    return said(entry.title, entry.body), entry.body


def _nearest(seen: Seen, entries: Sequence[Entry]) -> Entry:
    return min(entries, key=lambda e: (abs(e.at - seen.published_at), e.id))


def _likeness(a: str, b: str) -> float:
    """1.0 for one text, the share of common pieces where that makes them alike, else 0."""
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    pieces, others = _pieces(a), _pieces(b)
    share = len(pieces & others) / len(pieces | others) if pieces and others else 0.0
    # Never 1.0: that is kept for texts that are the same.
    return min(share, 0.999) if alike(share, particulars(a), particulars(b)) else 0.0


def _pieces(norm: str) -> set[str]:
    return {norm[i : i + 3] for i in range(len(norm) - 2)}


def _by_title(seen: Seen, near: Sequence[Entry]) -> Match | None:
    title = normal_form(seen.title)
    called = [e for e in near if normal_form(e.title) == title]
    if len(title) < TITLE_LEAST or len(called) != 1:
        return None
    return Match(release_id=called[0].id, how=How.TITLE, likeness=0.0)


# --- how the texts differ -----------------------------------------------------------------------------------

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;”’」』）)]*")
_BARE = re.compile(r"[^\w%.:]|_|(?<!\d)[.:]|[.:](?!\d)")
_LABEL = re.compile(r"#[^#\n]{1,40}#")
_HEAD = re.compile(r"^\s*【([^】\n]{1,100})】")
_CUT = re.compile(r"(?:…|\.{2,})\s*(?:展开)?(?:全文)?\s*$|(?:展开)?全文\s*$")
# What an outlet puts round every article. Only on the outlet's side, and only lines that say nothing else.
_FRAME = re.compile(
    r"^\s*(?:稿件来源|来源|责任编辑|责编|编辑|审核|校对|供稿|发布时间|发布日期|阅读|浏览次数|浏览量|浏览|字号|字体|打印|关闭窗口|关闭)(?:\s*[:：].{0,40})?\s*$"
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A passage: `same` in both (shortened), `missing` on the outlet, or `added` there."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    verdict: Verdict
    title: tuple[str, str] | None  # (approved, shown) where the titles differ
    pieces: tuple[Piece, ...]  # empty when nothing differs


def compare(title: str, body: str, seen: Seen) -> Comparison:
    """The approved title and text beside what the outlet showed. Spacing, punctuation and the outlet's frame do not count."""
    titles = (title, seen.title) if seen.title and _bare(seen.title) != _bare(title) else None
    shown = _LABEL.sub("", seen.body)
    if (head := _HEAD.match(shown)) and _bare(head[1]) == _bare(title):
        shown = shown[head.end() :]
    approved = _sentences(body)
    cut = bool(_CUT.search(shown))
    there = [s for s in _sentences(_CUT.sub("", shown)) if not _FRAME.match(s) and _bare(s) != _bare(title)]
    opcodes = SequenceMatcher(None, [_bare(s) for s in approved], [_bare(s) for s in there], autojunk=False).get_opcodes()
    pieces = [p for tag, a, b, c, d in opcodes for p in _passage(tag, approved[a:b], there[c:d])]
    if all(p.kind == "same" for p in pieces):
        return Comparison(verdict=Verdict.DIFFERS if titles else Verdict.SAME, title=titles, pieces=())
    only_the_end = all(p.kind == "same" for p in pieces[:-1]) and pieces[-1].kind == "missing"
    verdict = Verdict.CUT if cut and only_the_end and not titles else Verdict.DIFFERS
    return Comparison(verdict=verdict, title=titles, pieces=tuple(pieces))


def _sentences(text: str) -> list[str]:
    return [s.strip() for s in _SENTENCE.findall(text) if _bare(s)]


def _bare(text: str) -> str:
    # A stored post has its mobile and ID numbers masked: the approved text is read the same way.
    return _BARE.sub("", mask(unicodedata.normalize("NFKC", text).lower()))


def _passage(tag: str, approved: Sequence[str], shown: Sequence[str]) -> list[Piece]:
    if tag == "equal":
        return [Piece(kind="same", text=_short("".join(approved)))]
    if tag != "replace":
        return [Piece(kind="missing", text="".join(approved))] * bool(approved) + [Piece(kind="added", text="".join(shown))] * bool(shown)
    a, b = "".join(approved), "".join(shown)
    found = []
    for kind, i, j, k, n in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece(kind="same", text=a[i:j]))
            continue
        found += [Piece(kind=k_, text=t) for k_, t in (("missing", a[i:j]), ("added", b[k:n])) if _bare(t)]
    return found


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_OF_EQUAL else f"{text[: SHOWN_OF_EQUAL // 2]}……{text[-SHOWN_OF_EQUAL // 2 :]}"
