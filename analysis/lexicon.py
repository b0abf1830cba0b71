"""The words the reader looks for, and finding them: one pass over a text, the longest word at each place.

Pure. Matches do not overlap, so a word that hides another (海警, 预警信号) is simply a longer or earlier word. One
exception: a police word may begin with the last character of a cue (为民|警).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class Word:
    """What one word says, in every role it has. Words have at least two characters."""

    text: str
    police: float = 0.0  # how surely it names public security, 0..1
    mainland: bool = False  # said of mainland public security alone
    drama: float = 0.0  # film, game, show
    abroad: str = ""  # "foreign" | "gat" (Hong Kong, Macau, Taiwan)
    place: str = ""  # "home" | "city" | "province" | "home_province"
    shared: bool = False  # a home name that other cities have too
    unit: str = ""  # full name of the unit it is an alias of
    themes: tuple[tuple[str, float], ...] = ()  # (theme as "T05-traffic", weight)
    stance: str = ""  # ask complain accuse harm rumour deny drill count bulletin

    @property
    def keeps_going(self) -> bool:
        """Whether the last character may also begin a police word. A word without any role hides on purpose."""
        return bool(self.themes or self.stance or self.drama) and not self.police

    def merged(self, other: Word) -> Word:
        """This word with the roles of another entry of the same text added."""
        return Word(
            text=self.text,
            police=max(self.police, other.police),
            mainland=self.mainland or other.mainland,
            drama=max(self.drama, other.drama),
            abroad=self.abroad or other.abroad,
            place=self.place or other.place,
            shared=self.shared or other.shared,
            unit=self.unit or other.unit,
            themes=self.themes + other.themes,
            stance=self.stance or other.stance,
        )


class Hit(NamedTuple):
    start: int
    word: Word

    @property
    def end(self) -> int:
        return self.start + len(self.word.text)


class Scanner:
    """Finds known words. Cost is one look-up a character, however many words there are."""

    def __init__(self, words: Iterable[Word]) -> None:
        merged: dict[str, Word] = {}
        for word in words:
            known = merged.get(word.text)
            merged[word.text] = known.merged(word) if known else word
        self._by_start: dict[str, list[tuple[str, Word]]] = {}
        for text in sorted(merged, key=len, reverse=True):
            self._by_start.setdefault(text[:2], []).append((text, merged[text]))

    def _police_at(self, text: str, at: int) -> bool:
        """Whether a word naming police begins at the last character of the word just found (为民|警: 民警)."""
        candidates = self._by_start.get(text[at : at + 2], ())
        return any(w.police and text.startswith(t, at) for t, w in candidates)

    def scan(self, text: str) -> list[Hit]:
        """The words in `text` from left to right, longest first, none overlapping."""
        hits: list[Hit] = []
        known, at, last = self._by_start.get, 0, len(text) - 1
        while at < last:
            candidates = known(text[at : at + 2])
            if candidates is not None:
                for word_text, word in candidates:
                    if text.startswith(word_text, at):
                        hits.append(Hit(at, word))
                        at += len(word_text) - 1
                        if word.keeps_going and self._police_at(text, at):
                            at -= 1
                        break
            at += 1
        return hits
