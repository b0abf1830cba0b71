"""Who speaks and how, and whether anything happened at all. Pure; the words are config/words/stance.txt.

design.md §6: an answer (K3) is owed when somebody other than an authority asks, complains, accuses, reports harm or
repeats a rumour; praise, notices, drills, statistics and denied rumours are no happening and get no grade.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.facts import Facts
from analysis.lexicon import Hit

OFFICIAL = ("authority", "own")
CONTESTED = ("T01-conduct", "T02-misconduct", "T03-handling", "T09-custody")  # themes in which police are criticised
_OWN_VOICE = re.compile("我局|本局|我分局|我支队|我大队|我所民警|特此通报")
_QUESTION = re.compile(r"[?？]|吗\s*$|呢\s*$")
_PUNISHED = re.compile("行拘|刑拘|拘留|处罚|被抓|抓获|查处|立案|判刑|获刑|被罚|训诫|报警|起诉")
_SPOKEN = ("rumour", "accuse", "complain", "harm", "ask")  # the graver way of speaking names the stance


def stance(hits: Sequence[Hit], text: str, outlet: str, theme: str, facts: Facts) -> str:
    """authority | report | ask | complain | accuse | harm | rumour | praise.

    Who tells of dead, missing or injured people reports harm, whatever the tone; light injuries alone are no harm.
    """
    marks = {h.word.stance for h in hits if h.word.stance}
    if outlet in OFFICIAL or ("bulletin" in marks and _OWN_VOICE.search(text)):
        return "authority"
    if theme == "T15-praise":
        return "praise"
    if "deny" in marks:
        marks.discard("rumour")
    if outlet == "media":
        # A newspaper telling of a complaint reports it; contested police conduct in print asks for an answer.
        if "accuse" in marks and theme in CONTESTED:
            return "accuse"
        return "harm" if _harmed(facts) else "report"
    for spoken in _SPOKEN:
        if spoken in marks and "bulletin" not in marks:
            return spoken
    if _harmed(facts):
        return "harm"
    return "ask" if _QUESTION.search(text) and theme not in ("T15-notice",) else "report"


def _harmed(facts: Facts) -> bool:
    return bool(facts.deaths or facts.missing or facts.serious or facts.injured)


def happened(hits: Sequence[Hit], text: str, theme: str, facts: Facts) -> bool:
    """Whether the post tells of something that happened and can be graded."""
    marks = {h.word.stance for h in hits}
    harmed = _harmed(facts)
    if "drill" in marks or theme == "T15-notice":
        return harmed and "drill" not in marks
    if theme == "T12-rumour":
        return bool(_PUNISHED.search(text)) or ("deny" not in marks and harmed)
    if theme == "T15-praise" or "count" in marks:
        return harmed
    return True
