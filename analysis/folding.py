"""Folds: posts that say the same text (reposts, copies, truncations, added tags and lead-ins) and nothing else.

First the exact hash of a normal form, then MinHash (rensa R-MinHash, 60 permutations on character 3-grams, 20 bands
x 3, Jaccard >= 0.42: recall .991 at precision .9987 on edited copies), then a veto where facts differ.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from rensa import RMinHash

from analysis import particulars as facts
from analysis.bands import PERMUTATIONS, Bands
from analysis.particulars import Particulars

SHORTEST = 8  # characters; below it only the same text is the same
# Least Jaccard of two texts, and of a text and its first third.
NEAR, NEAR_CUT = 0.42, 0.34
# Of headlines both must be nearly the same: one changed word is a seventh of it, and a bare topic is no truncation.
HEADLINE, NEAR_HEADLINE = 16, 0.70
# Share of the shorter text that must stand in the longer, by its length. Texts of one length reach 0.59 at a Jaccard of
# 0.42; a truncation stays near 1 however much was cut.
CONTAINED = ((24, 0.85), (40, 0.72))
CONTAINED_LONG, CONTAINED_CUT = 0.59, 0.85
LIKEST = 64  # near texts that are looked at closely: a template repeated daily has hundreds
GONE = -1  # fold of a forgotten slot

_CHAIN = re.compile(r"//\s*@[^:\s/@]{1,30}\s*:?")
_LINK = re.compile(r"https?://[!-~]+|\bt\.cn/\w+", re.ASCII)
_FACE = re.compile(r"\[[^\[\]\d\s]{1,8}\]")
_NAME = re.compile(r"(?:回复|转自|来自|via)?\s*@[\w\-·]{1,20}:?")
_TOPIC = re.compile(r"#([^#\n]{1,40})#")
_PUNCTUATION = re.compile(r"(?<![0-9])[.:]|[.:](?![0-9])|[^\w.:]|_")
_EMPTY = re.compile(r"(?:转发微博|轉發微博|转发|repost|分享图片|分享视频|快转微博|网页链接)+")
_MORE = re.compile(r"(?:…|\.{2,})\s*(?:展开)?全文\s*$")  # what Weibo puts behind a text it shows in part
TOPIC_REST = 12  # characters beside a topic that make the topic a label rather than the statement


@dataclass(frozen=True, kw_only=True)
class Match:
    fold_id: int
    how: str  # exact | near
    jaccard: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One remembered text, as the tables can give it back; `packed` is `fingerprint(norm)`."""

    fold_id: int
    hash: int
    signature: bytes | None
    packed: bytes
    at: datetime


def said(title: str, body: str) -> str:
    """The one text of a post that has both: many sources repeat the title in the body, some say all in the title."""
    if not body or not title or title in body:
        return body or title
    return f"{title}\n{body}"


def normal_form(text: str) -> str:
    """What a post says, bare: NFKC, lower case; no repost chain, @name, link, [face], #label#, punctuation.

    Of a repost chain the longest segment stays. Applying it twice changes nothing.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    segments = _CHAIN.split(_LINK.sub(" ", folded))
    return max((_bare(segment) for segment in segments), key=len)


def _bare(segment: str) -> str:
    segment = _FACE.sub("", _NAME.sub("", _MORE.sub("", segment)))
    if "#" in segment:
        segment = _without_labels(segment)
    said = _PUNCTUATION.sub("", segment)
    return "" if _EMPTY.fullmatch(said) else said


def _without_labels(segment: str) -> str:
    """Drop topics that only label the text; one that carries figures, names or places is part of what is said."""
    rest = _PUNCTUATION.sub("", _TOPIC.sub("", segment))
    if len(rest) < TOPIC_REST:
        return segment
    return _TOPIC.sub(lambda m: m[1] if _says_something(_PUNCTUATION.sub("", m[1])) else "", segment)


def _says_something(topic: str) -> bool:
    told = facts.particulars(topic)
    return bool(told.numbers or told.names or told.places or told.flags)


def text_hash(norm: str) -> int:
    """Signed 64 bit (a BigIntegerField); 0 = nothing left."""
    if not norm:
        return 0
    digest = hashlib.blake2b(norm.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) or 1


def signature(norm: str) -> bytes | None:
    """60 little-endian uint32 over the character 3-grams of the first 4,000 characters; None below SHORTEST."""
    if len(norm) < SHORTEST:
        return None
    head = norm[: facts.READ].encode("utf-8", "replace").decode()  # rensa takes no lone surrogates
    sketch = RMinHash(PERMUTATIONS, 42)
    sketch.update([head[i : i + 3] for i in range(len(head) - 2)])
    return np.array(sketch.digest(), dtype="<u4").tobytes()


def fingerprint(norm: str) -> bytes:
    """The particulars of a text, packed: what the veto needs when the text is no longer at hand."""
    return facts.particulars(norm).pack()


def veto(known: str, new: str) -> str | None:
    """Why two near normal forms must not fold (`known` came first); None when they may."""
    a, b = facts.particulars(known), facts.particulars(new)
    return facts.differ(a, b) or facts.adds(a, b)


def alike(jaccard: float, a: Particulars, b: Particulars) -> bool:
    """Enough alike for one fold? From the Jaccard of 3-grams and both lengths: the share of the shorter in the longer."""
    weight = min(a.weight, b.weight)
    if weight < HEADLINE:
        return jaccard >= NEAR_HEADLINE
    short, long = sorted((max(a.length, 3) - 2, max(b.length, 3) - 2))
    contained = jaccard / (1 + jaccard) * (short + long) / short
    least = next((share for below, share in CONTAINED if weight < below), CONTAINED_LONG)
    return contained >= least and (jaccard >= NEAR or (jaccard >= NEAR_CUT and contained >= CONTAINED_CUT))


class FoldIndex:
    """The remembered texts: exact hashes, signatures in bands, particulars. A cache, rebuilt from stored rows."""

    def __init__(self) -> None:
        self._exact: dict[int, int] = {}
        self._bands = Bands()
        # one entry a slot; arrays, because a million Python ints take 36 MB and a million of these 8
        self._folds, self._hashes, self._at = array("q"), array("q"), array("d")
        self._packed: list[bytes] = []
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._folds) - self._forgotten

    def alive(self) -> set[int]:
        """The folds that still have a remembered text."""
        return set(self._folds) - {GONE}

    def find(self, hash: int, signature: bytes | None, norm: str) -> Match | None:
        """The fold a text belongs to: its exact twin's, else that of the likest text no fact speaks against."""
        slot = self._exact.get(hash)
        if slot is not None:
            return Match(fold_id=self._folds[slot], how="exact", jaccard=1.0)
        if signature is None or hash == 0:
            return None
        near = [(likeness, slot) for likeness, slot in self._bands.near(signature, NEAR_CUT) if self._folds[slot] != GONE][:LIKEST]
        return self._likest(near, facts.particulars(norm)) if near else None

    def _likest(self, near: list[tuple[float, int]], new: Particulars) -> Match | None:
        """A text that differs in fact from any near member of a fold stays out of that fold.

        So a truncation that lacks the figure cannot lead another bulletin in.
        """
        known = {slot: facts.unpack(self._packed[slot]) for _, slot in near}
        barred = {self._folds[slot] for slot, told in known.items() if facts.differ(told, new)}
        for likeness, slot in near:
            told = known[slot]
            if not alike(likeness, told, new):
                continue
            if self._folds[slot] not in barred and not facts.adds(told, new):
                return Match(fold_id=self._folds[slot], how="near", jaccard=likeness)
        return None

    def add(self, fold_id: int, hash: int, signature: bytes | None, norm: str, at: datetime) -> None:
        """Remember a text as one of the fold's; a text known already is only seen again at `at`."""
        if hash in self._exact:
            self._see_again(hash, at)
        else:
            self._remember(Row(fold_id=fold_id, hash=hash, signature=signature, packed=fingerprint(norm), at=at))

    def _see_again(self, hash: int, at: datetime) -> None:
        slot = self._exact[hash]
        self._at[slot] = max(self._at[slot], at.timestamp())

    def _remember(self, row: Row) -> None:
        if row.hash == 0:
            return  # nothing is said: every such post is its own
        slot = self._bands.append(row.signature)
        self._exact[row.hash] = slot
        self._folds.append(row.fold_id)
        self._hashes.append(row.hash)
        self._packed.append(row.packed)
        self._at.append(row.at.timestamp())

    def forget(self, before: datetime) -> None:
        """Forget the texts last seen before an instant. Cheap to call often: arrays are packed when a quarter is gone."""
        for slot in np.flatnonzero(np.array(self._at) < before.timestamp()).tolist():
            if self._folds[slot] != GONE:
                del self._exact[self._hashes[slot]]
                self._folds[slot], self._packed[slot] = GONE, b""
                self._forgotten += 1
        if self._forgotten * 4 > len(self._folds):
            self._pack()

    def _pack(self) -> None:
        kept = np.flatnonzero(np.array(self._folds) != GONE)
        self._bands.keep(kept)
        self._packed = [self._packed[slot] for slot in kept.tolist()]
        self._folds = array("q", np.array(self._folds)[kept].tobytes())
        self._hashes = array("q", np.array(self._hashes)[kept].tobytes())
        self._at = array("d", np.array(self._at)[kept].tobytes())
        self._exact = {hash: slot for slot, hash in enumerate(self._hashes)}
        self._forgotten = 0

    @classmethod
    def rebuild(cls, rows: Iterable[Row]) -> FoldIndex:
        """The index that adding these texts in this order would have made."""
        index = cls()
        for row in rows:
            if row.hash in index._exact:
                index._see_again(row.hash, row.at)
            else:
                index._remember(row)
        return index
