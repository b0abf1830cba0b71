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
from dataclasses import dataclass
from functools import lru_cache
from operator import add

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


class _Folding(dict[int, str]):
    """Character by character, so that a part of a text always folds to a part of the folded text."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        invisible = unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F
        folded = "" if invisible else unicodedata.normalize("NFKC", character).casefold()
        self[code] = folded
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Both widths and cases of letters and digits made one; invisible characters (zero width, soft hyphen) dropped."""
    return text.translate(_FOLDING)


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text and, for each of its characters, the place in `text` it came from (and one place more)."""
    places = [i for i, character in enumerate(text) for _ in _FOLDING[ord(character)]]
    return fold(text), [*places, len(text)]


def index_terms(text: str) -> str:
    """The terms of a text to be indexed, in order, separated by spaces."""
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
    """Terms that must follow each other; with `prefix` the only one stands for every term that begins with it."""

    terms: tuple[str, ...]
    prefix: bool


def needle(text: str) -> Needle:
    """What to ask the engine for, so that `text` is found wherever it stands; no terms when it has no letters."""
    terms = index_terms(text).split(" ")
    if terms == [""]:
        return Needle((), False)
    run, _ = _TOKEN.findall(fold(text))[-1]
    if not run:
        return Needle(tuple(terms), False)
    # The last run stays open: the text may go on where the searched string ends.
    return Needle(tuple(terms[:-1]), False) if len(terms) > 1 else Needle((run,), True)


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
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
        parts.append(run or _whole(word))
    return re.compile("".join(parts))


def _whole(word: str) -> str:
    if word.isdecimal():
        return rf"(?<!\d){word}(?!\d)"
    return word if re.match(f"[{SIGN}]", word) else f"(?<!{LETTER}){word}(?!{LETTER})"
