"""Does it concern the police: 涉警 (public security itself appears) or an incident police must handle. Pure.

Each cue word has a sureness; together they say 1 - Π(1 - sureness). What lowers a cue: the police of another country
or of Hong Kong, Macau, Taiwan (the nearest place named says whose), film and game talk, a fire call answered by the
fire brigade. All numbers here are judgements, tuned on the even rows of the labelled samples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.lexicon import Hit

DIRECT = 0.5  # at this score and above the post is 涉警
INCIDENT_FROM = 0.42  # at this score an incident: a missed one costs more than one looked at in vain
INCIDENT = 2.0  # theme weight from which an incident is one
DRAMA = 1.0
IN_DRAMA = 0.15  # what is left of a general police word in talk about a film
CALL = frozenset({"报警", "报了警", "已报警", "报警求助", "报警电话", "拨打110", "接报", "接警", "出警", "接到报警"})
_FIRE = re.compile("消防|起火|着火|自燃|火灾|救火|119")
_WORK = re.compile("《[^》]{1,20}》")  # a title of a work
# Three or more dead or missing are an incident whatever other words there are, and the learned model has no say.
_NUMBER = r"(?:(?<![\d.])(?:[3-9]|\d{2,4})|[三四五六七八九十百]{1,4}|多|数|数十|上百)"
_TOLL = re.compile(
    rf"{_NUMBER}(?:余|多)?(?:人|名|位|死|遇难|失踪|失联)[^，。；,;!！\d]{{0,8}}?(?:死|遇难|身亡|丧生|失踪|失联|被埋)|{_NUMBER}(?:死|人遇难|人死亡|人失踪)"
    rf"|(?:死亡|遇难|身亡|丧生|失踪|失联|致死)者?(?:人数)?(?:升至|增至|达|已达|已有)?{_NUMBER}(?:人|名)"
)
_TOLL_CUE = re.compile("死|遇难|身亡|丧生|失踪|失联|被埋")
_NO_TOLL = re.compile("每年|研究|全球|病毒|病例|疫情|新冠|确诊|周年|抗战|二战|大屠杀|惨案|战争|古代|游戏|疾病|癌|流感|万人|起诉|专家")
TOLL = 0.9
# Themes whose happenings are an incident even when no police is named. School and hospital alone are none.
GRAVE = frozenset(
    {
        "T01-conduct", "T01-resistance", "T03-case", "T04-violence", "T05-traffic",
        "T09-custody", "T10-crowd", "T11-fraud", "T13-accident", "T13-disaster",
    }
)  # fmt: skip
SOFT = ("T15-notice", "T15-praise")  # a warning of rain is no flood: what these weigh takes half from an incident


@dataclass
class Relevance:
    direct: float = 0.0
    incident: float = 0.0
    reasons: list[str] = field(default_factory=list)
    incident_reasons: list[str] = field(default_factory=list)
    toll: str = ""  # the words that say three or more are dead or missing
    abroad: bool = False  # all of it happens outside the mainland


def judge(hits: Sequence[Hit], text: str, themes: dict[str, float]) -> Relevance:
    """The two scores (0..1) with their words; `themes`: the weight of each theme."""
    found = Relevance()
    drama = sum({h.word.text: h.word.drama for h in hits if h.word.drama}.values())
    if drama and _WORK.search(text):
        drama += 0.5
    where = Whereabouts(hits)
    found.abroad = where.abroad_only
    fire_call = bool(_FIRE.search(text))
    doubt, seen, lowered = 1.0, {}, []
    for hit in hits:
        word = hit.word
        if not word.police or word.text in seen:
            continue
        sure = word.police
        if not word.mainland and (quote := where.foreign(hit)):
            sure *= 0.1
            lowered.append(f"不计境外：{quote}…{word.text}")
        elif not word.mainland and drama >= DRAMA:
            sure *= IN_DRAMA
            lowered.append(f"影视语境，少计：{word.text}")
        elif fire_call and word.text in CALL:
            sure *= 0.4
            lowered.append(f"火警语境，少计：{word.text}")
        seen[word.text] = sure
        doubt *= 1 - min(sure, 0.99)
    found.direct = 1 - doubt
    strong = [w for w, sure in sorted(seen.items(), key=lambda p: -p[1]) if sure >= 0.2][:5]
    if strong:
        found.reasons.append("涉警线索：" + "、".join(strong))
    found.reasons.extend(lowered[:3])
    _incident(found, themes, drama)
    if drama < DRAMA and not found.abroad and (quote := toll(text)):
        found.toll = quote
        found.incident = max(found.incident, TOLL)
        found.incident_reasons = [f"多人伤亡：{quote}"]
    return found


def toll(text: str) -> str:
    """The words that say three or more people died or are missing, or ''. Numbers of history and epidemics are none."""
    if not _TOLL_CUE.search(text) or _NO_TOLL.search(text):
        return ""
    match = _TOLL.search(text)
    return match[0] if match else ""


def _incident(found: Relevance, themes: dict[str, float], drama: float) -> None:
    """An incident is the gravest theme that is one; abroad and on the stage it is none of ours."""
    grave = [(weight, theme) for theme, weight in themes.items() if theme in GRAVE]
    if not grave or found.abroad:
        return
    weight, theme = max(grave)
    weight = max(0.0, weight - max(themes.get(soft, 0.0) for soft in SOFT) / 2)
    if drama >= DRAMA:
        weight *= 0.3
    found.incident = weight / (weight + INCIDENT)
    if found.incident >= 0.5:
        found.incident_reasons.append(f"警情类事件：{theme[:3]}")


def doubt(tier: str, score: float) -> float:
    """How far an irrelevant text stays below the bar: 0 at the bar, 1 where nothing speaks for it; 0 for a relevant one."""
    return max(0.0, 1 - score / INCIDENT_FROM) if tier == "none" else 0.0


class Whereabouts:
    """Whose police a general word (警方, 报警) means: the nearest place before it says so, else the only one there is."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self.places = [h for h in hits if h.word.abroad or h.word.place or h.word.unit]
        self.away = [h for h in self.places if h.word.abroad]
        mainland = len(self.places) > len(self.away) or any(h.word.mainland for h in hits)
        self.abroad_only = bool(self.away) and not mainland

    def foreign(self, hit: Hit) -> str:
        """The word that puts this cue abroad, or ''."""
        if not self.away or hit.start == 0:  # "警方回应少年缅甸失联": police without a country, named first, are ours
            return ""
        if self.abroad_only:
            return self.away[0].word.text
        before = [h for h in self.places if h.start <= hit.start]
        nearest = before[-1] if before else self.places[0]
        return nearest.word.text if nearest.word.abroad else ""
