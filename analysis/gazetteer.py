"""Where it happened, and whether that is ours: the home city's places and units, other places, the source's own home.

Pure. The rule, in order: a named unit of ours; else the place named nearest to a cue of the incident in its own
sentence (ours on a tie); a name that other cities share counts as ours only beside another home name or from a home source; a
province alone says too little; nothing named: the account's or the source's own home.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.lexicon import Hit, Word
from analysis.relevance import GRAVE

EVERYWHERE = "*"
_ENDS = "。!?;！？；\n"
_ORIGIN = ("人)", "人,", "人，", "人）", "籍", "户籍", "牌照", "号牌")  # 苍南人: where somebody is from, not the scene


@dataclass(frozen=True, kw_only=True)
class Home:
    """The home city: its name, province and place names; `shared` are names that other cities have too."""

    name: str
    province: str
    places: tuple[str, ...]
    shared: frozenset[str]

    @property
    def everywhere(self) -> bool:
        return EVERYWHERE in self.places


@dataclass(frozen=True, kw_only=True)
class Placed:
    jurisdiction: str  # ours | elsewhere | unknown
    reasons: tuple[str, ...]
    places: tuple[str, ...]
    units: tuple[str, ...]


class Gazetteer:
    def __init__(self, home: Home, units: Iterable[dict[str, object]], others: Iterable[Word]) -> None:
        """`units` as rows of the table (name, aliases, places); `others` are the places outside the home."""
        self.home = home
        own = [p for p in home.places if p != EVERYWHERE]
        self.words = [Word(text=p, place="home", shared=p in home.shared) for p in own]
        for unit in units:
            self.words.extend(self._unit_words(unit))
        known = {w.text for w in self.words}
        for word in others:
            if word.text == home.province:
                self.words.append(Word(text=word.text, place="home_province"))
            elif word.text not in known:
                self.words.append(word)

    def _unit_words(self, unit: dict[str, object]) -> list[Word]:
        name = str(unit["name"])
        aliases = [str(a) for a in unit.get("aliases") or ()]  # type: ignore[attr-defined]
        shared = self.home.shared
        words = [Word(text=a, unit=name, police=1.0, mainland=True, shared=a in shared) for a in (name, *aliases)]
        for place in unit.get("places") or ():  # type: ignore[attr-defined]
            words.append(Word(text=str(place), place="home", shared=place in shared))
        return [w for w in words if len(w.text) > 1]

    def place(self, hits: Sequence[Hit], text: str, source_home: str, site: str) -> Placed:
        """Jurisdiction with reasons, and the home or other places and units named, in order of first mention."""
        named = [h for h in hits if h.word.place or h.word.unit or h.word.abroad]
        places = tuple(dict.fromkeys(h.word.text for h in named if h.word.place))
        local = self.is_home(source_home) or self.is_home(site)
        sure = local or any(self._sure(h) for h in named)
        units = tuple(dict.fromkeys(h.word.unit for h in named if h.word.unit and (sure or not h.word.shared)))
        verdict, reason = self._decide(named, hits, text, sure, source_home or site, local)
        return Placed(jurisdiction=verdict, reasons=(reason,), places=places, units=units)

    def is_home(self, name: str) -> bool:
        return bool(self.home.name) and self.home.name in name

    @staticmethod
    def _sure(hit: Hit) -> bool:
        word = hit.word
        return bool(word.unit or word.place == "home") and not word.shared

    def _decide(
        self, named: Sequence[Hit], hits: Sequence[Hit], text: str, sure: bool, source: str, local: bool
    ) -> tuple[str, str]:
        scene = [h for h in named if not text.startswith(_ORIGIN, h.end)]
        away = [h for h in scene if h.word.abroad]
        if self.home.everywhere:
            if away and len(away) == len(scene):
                return "elsewhere", f"境外：{away[0].word.text}"
            return "ours", "全国视为本地"
        for hit in scene:
            if hit.word.unit and (sure or not hit.word.shared):
                return "ours", f"提到本地单位：{hit.word.text}"
        home = [h for h in scene if h.word.place == "home" and (sure or not h.word.shared)]
        other = [h for h in scene if h.word.abroad or h.word.place in ("city", "province")]
        if home and other:
            return nearest_scene(home, other, hits, text)
        if home:
            return "ours", f"提到本地地名：{home[0].word.text}"
        if other:
            return "elsewhere", f"提到外地地名：{other[0].word.text}"
        if local:
            return "ours", f"本地信源：{source}"
        shared = [h.word.text for h in scene if h.word.shared]
        if shared:
            return "unknown", f"{shared[0]}外地也有，附近没有本市地名"
        if any(h.word.place == "home_province" for h in scene):
            return "unknown", f"只提到{self.home.province}，未及市"
        if source and not local and self._elsewhere(source):
            return "elsewhere", f"信源属地：{source}"
        return "unknown", "未提到地名或单位"

    def _elsewhere(self, source: str) -> bool:
        return any(w.place == "city" and w.text in source for w in self.words)


def nearest_scene(
    home: Sequence[Hit], other: Sequence[Hit], hits: Sequence[Hit], text: str
) -> tuple[str, str]:
    """Both are named: the place nearest to what happened, in its own sentence, is the scene; ours on a tie."""
    cues = [h for h in hits if any(theme in GRAVE and weight >= 1 for theme, weight in h.word.themes)]

    def distance(hit: Hit) -> int:
        return min((_apart(hit, cue, text) for cue in cues), default=hit.start)

    ours, theirs = min(home, key=distance), min(other, key=distance)
    if distance(ours) <= distance(theirs):
        return "ours", f"本地地名 {ours.word.text} 比外地地名 {theirs.word.text} 更近事发描述"
    return "elsewhere", f"外地地名 {theirs.word.text} 比本地地名 {ours.word.text} 更近事发描述"


def _apart(a: Hit, b: Hit, text: str) -> int:
    """Characters between two words; another sentence counts as 200 more."""
    low, high = sorted((a.start, b.start))
    between = text[low:high]
    return high - low + (200 if any(end in between for end in _ENDS) else 0)
