"""Marking what matched, on the text as it was written; the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive import terms
from archive.tree import Text

WIDTH = 80


@dataclass(frozen=True)
class Piece:
    """A part of a text; `hit` says that the search found it."""

    text: str
    hit: bool = False


def spans(text: str, needles: Iterable[Text]) -> list[tuple[int, int]]:
    """Where the needles stand in `text`: [start, end) in order, overlapping ones joined."""
    folded, places = terms.fold_with_places(text)
    found = sorted(
        (places[m.start()], places[m.end() - 1] + 1)
        for needle in set(needles)
        for m in terms.pattern(needle.text, needle.prefix).finditer(folded)
    )
    joined: list[tuple[int, int]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def snippet(text: str, needles: Iterable[Text], width: int = WIDTH) -> list[Piece]:
    """About `width` characters of `text` around the place where most of the needles stand, cut marked by …"""
    text = " ".join(text.split())
    marks = spans(text, needles)
    start, end = _window(text, marks, width)
    pieces = _pieces(text, marks, start, end)
    return [*([Piece("…")] if start else []), *pieces, *([Piece("…")] if end < len(text) else [])]


def marked(text: str, needles: Iterable[Text]) -> list[Piece]:
    """The whole of `text` in pieces."""
    return _pieces(text, spans(text, needles), 0, len(text))


def bracketed(pieces: Iterable[Piece]) -> str:
    """One line, hits between 「 and 」."""
    return "".join(f"「{p.text}」" if p.hit else p.text for p in pieces)


def _window(text: str, marks: list[tuple[int, int]], width: int) -> tuple[int, int]:
    if not marks:
        return 0, min(width, len(text))
    best = max(marks, key=lambda mark: (_within(marks, mark[0], mark[0] + width), -mark[0]))
    last = max(end for start, end in marks if best[0] <= start and end <= max(best[0] + width, best[1]))
    # What is left of the width goes to both sides, so that the hit stands in its sentence.
    spare = max(0, width - (last - best[0]))
    start = max(0, min(best[0] - spare // 2, len(text) - width))
    return start, min(len(text), max(start + width, last))


def _within(marks: list[tuple[int, int]], start: int, end: int) -> int:
    """How many characters of hits a window shows."""
    return sum(e - s for s, e in marks if start <= s and e <= end)


def _pieces(text: str, marks: list[tuple[int, int]], start: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    at = start
    for s, e in marks:
        s, e = max(s, start), min(e, end)
        if s >= e:
            continue
        pieces += [Piece(text[at:s])] if s > at else []
        pieces.append(Piece(text[s:e], True))
        at = e
    return [*pieces, Piece(text[at:end])] if at < end else pieces
