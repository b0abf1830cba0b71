"""Text to search terms, once for every engine: overlapping bigrams of Han runs, folded digits and words.

A run 西安警方 becomes 西安 安警 警方 方: the single last character marks where the run ends; a run that follows another
term also gets ^西, where it begins. So every string of the text is a phrase of its terms, 3人 and 罚款30元 too (without
the mark the engine would have to try every term that begins with 人: 20 times slower), and only a lone character is a
prefix. Digits and letters are whole words: 30元 is not found inside 130元. Terms are joined by spaces for an engine
that splits at spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add

from archive.simplified import SIMPLIFIED, TRADITIONAL

# Han with 々 and 〇, kana, Hangul: scripts written without spaces.
RUN = (
    "\u3005\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U000323af"
)
SIGN = "\u2600-\u27bf\U0001f000-\U0001faff"  # emoji: each a term of its own
LETTER = rf"[^\W\d_{RUN}]"
# No engine keeps endless terms: a longer word is several terms that follow each other.
_TOKEN = re.compile(rf"([{RUN}]+)|(\d{{1,64}}|{LETTER}{{1,64}}|[{SIGN}])")
_GAP = rf"(?:[^\w{RUN}{SIGN}]|_)"


_SIMPLER = dict(zip(TRADITIONAL, SIMPLIFIED, strict=True))


class _Folding(dict[int, str]):
    """Character by character, so that a part of a text always folds to a part of the folded text."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()  # characters met so far that fold to none or to several

    def __missing__(self, code: int) -> str:
        character = chr(code)
        invisible = unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F
        folded = "" if invisible else unicodedata.normalize("NFKC", character).casefold()
        self[code] = folded = "".join(_SIMPLER.get(c, c) for c in folded)
        if len(folded) != 1:
            self.uneven.add(character)
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Widths and cases of letters and digits, traditional and simplified Han made one; invisible characters dropped."""
    return text.translate(_FOLDING)


def fold_with_places(text: str) -> tuple[str, Sequence[int]]:
    """The folded text and, for each of its characters, the place in `text` it came from (and one place more)."""
    folded = fold(text)
    if _FOLDING.uneven.isdisjoint(text):
        return folded, range(len(text) + 1)
    places = [i for i, character in enumerate(text) for _ in _FOLDING[ord(character)]]
    return folded, [*places, len(text)]


def index_terms(text: str) -> str:
    """The terms of a text to be indexed, in order, separated by spaces."""
    if not text:
        return ""
    terms: list[str] = []
    for run, word in _TOKEN.findall(fold(text)):
        if run:
            if terms:
                terms.append("^" + run[0])
            terms += map(add, run, run[1:])
            terms.append(run[-1])
        else:
            terms.append(word)
    return " ".join(terms)


@dataclass(frozen=True)
class Needle:
    """Terms that must follow each other; with `prefix` the last one stands for every term that begins with it."""

    terms: tuple[str, ...]
    prefix: bool

    @property
    def loose(self) -> bool:
        """No engine answers this exactly: it asks for the parts, and our own code looks at the text."""
        return self.prefix and len(self.terms) > 1


def needle(text: str, prefix: bool = False) -> Needle:
    """What to ask the engine for, so that `text` is found wherever it stands; no terms when it has no letters.

    With `prefix` a last word or number may go on; a last run of Han may in any case.
    """
    terms = index_terms(text).split(" ")
    if terms == [""]:
        return Needle((), False)
    run, word = _TOKEN.findall(fold(text))[-1]
    if not run:
        return Needle(tuple(terms), prefix and not re.match(f"[{SIGN}]", word))
    # The last run stays open: the text may go on where the searched string ends.
    return Needle(tuple(terms[:-1]), False) if len(terms) > 1 else Needle((run,), True)


@lru_cache(maxsize=2048)
def pattern(text: str, prefix: bool = False) -> re.Pattern[str]:
    """Where a needle matches, as a pattern over folded text: for marking hits and for checking engines.

    Raises ValueError when the text has no terms.
    """
    tokens = _TOKEN.findall(fold(text))
    if not tokens:
        raise ValueError(f"nothing to search for in {text!r}")
    parts: list[str] = []
    for i, (run, word) in enumerate(tokens):
        if i:
            # two Han runs with nothing between them would be one run
            parts.append(_GAP + ("+" if run and tokens[i - 1][0] else "*"))
        parts.append(run or _whole(word, open_end=prefix and i == len(tokens) - 1))
    return re.compile("".join(parts))


def units(folded: str) -> int:
    """How many characters of Han runs, words, numbers and signs a folded text has: what NEAR counts."""
    return sum(len(run) or 1 for run, _ in _TOKEN.findall(folded))


def last_unit(folded: str) -> int:
    """Where the last of them begins; 0 when there is none."""
    found = None
    for found in _TOKEN.finditer(folded):  # noqa: B007
        pass
    return 0 if found is None else found.end() - 1 if found[1] else found.start()


def _whole(word: str, *, open_end: bool) -> str:
    if re.match(f"[{SIGN}]", word):
        return word
    kind, rest = (r"\d", r"\d*") if word.isdecimal() else (LETTER, f"{LETTER}*")
    return f"(?<!{kind}){word}" + (rest if open_end else f"(?!{kind})")
