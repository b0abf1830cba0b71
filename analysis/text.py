"""Plain text out of what was posted: one form of each character, a post's own words without its repost chain, words.

Pure: the user dictionary comes in as an argument. `Cutter` cuts as jieba 0.42 does, through rjieba.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from archive import simplified

rjieba: Any
try:
    import rjieba
except ImportError:  # no wheel for this machine: jieba itself is handed in by analysis.loading, twenty times slower
    rjieba = None

# Zero-width, bidi and other invisible characters, and controls except line ends.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_TAG = re.compile(r"<[!/a-zA-Z][^<>]{0,300}>")
_BLANK = re.compile(r"[ \t\r\n\u3000]+")
_LINK = re.compile(r"https?://[\w./?=&%#:~+-]+|(?:t\.cn|weibo\.com)/\w+", re.ASCII)
_EMOJI_NAME = re.compile(r"\[[\w\u4e00-\u9fff]{1,8}\]")
_CHAIN = re.compile(r"\s*/{2,}\s*@[^:：\s]{1,40}\s*[:：]")
_NAME = re.compile(r"@[\w\u4e00-\u9fff·-]{1,30}")
_FILLER = re.compile(r"^(?:轉發微博|转发微博|转发|快转微博|repost|分享图片|网页链接|全文)?[\s,，.。!！…:：]*$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[。!！?？;；\n]+|…{2,}")


_TRADITIONAL = frozenset(simplified.TRADITIONAL)
_TO_SIMPLIFIED = str.maketrans(simplified.TRADITIONAL, simplified.SIMPLIFIED)


def simplify(text: str) -> str:
    """Traditional characters as simplified ones, one for one: positions stay."""
    return text if _TRADITIONAL.isdisjoint(text) else text.translate(_TO_SIMPLIFIED)


def normalise(text: str) -> str:
    """NFKC, simplified, lower case, no tags, entities or invisible characters, runs of blanks as one (line ends too)."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _BLANK.sub(" ", simplify(text)).strip().lower()


def strip_chain(text: str) -> str:
    """A post's own words: without the //@ chain, links, [emoji] names and @names.

    Where nothing but 转发微博 is left, the words of the chain's last link, which is what was passed on.
    """
    links = _CHAIN.split(text)
    for part in (links[0], *reversed(links[1:])):
        words = _EMOJI_NAME.sub("", _NAME.sub("", _LINK.sub("", part))).strip()
        if not _FILLER.match(words):
            return words
    return ""


def sentences(text: str) -> list[str]:
    """The sentences of a text, without their end marks; never an empty one."""
    return [s for part in _SENTENCE_END.split(text) if (s := part.strip())]


# jieba hands an unknown run of ASCII to this expression (finalseg.re_skip); rjieba keeps the run whole.
_ASCII_PIECES = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_MIXED = re.compile(r"[.\-_#+&%]")


class Cutter:
    """Chinese words. Token for token jieba's `cut` (HMM on), tested side by side in tests/analysis/test_text.py."""

    def __init__(self, user_words: Iterable[str] = (), jieba: Any = None) -> None:
        """`jieba`: a jieba.Tokenizer to cut with where rjieba is missing."""
        self._jieba = rjieba.Jieba() if jieba is None else jieba
        self._pieces = jieba is None  # rjieba keeps ASCII runs whole that jieba cuts up
        for word in user_words:
            self._jieba.add_word(word, None, None)  # frequency: just enough to stay whole

    def cut(self, text: str) -> list[str]:
        """The words of `text` in order, punctuation and blanks included."""
        words: list[str] = list(self._jieba.cut(text))
        if not self._pieces or not _MIXED.search(text):
            return words
        found: list[str] = []
        for word in words:
            if len(word) > 1 and word.isascii() and _MIXED.search(word) and not self._jieba.has_word(word):
                found.extend(piece for piece in _ASCII_PIECES.split(word) if piece)
            else:
                found.append(word)
        return found
