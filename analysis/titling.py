"""Which of its posts' titles names an event best. Pure; a title is chosen from what was published, never made up."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

LONGEST = 60
BETTER = 0.2  # how much better a new title must be: a name that changes with every post is no name
WORDS = 12  # of the event's heaviest words that a title is held against

# Talk about an event rather than the event.
_TALK = re.compile(
    "网友|律师|专家|媒体[:：评]|评论|热议|胡锡进|罗翔|亲历者|目击者|家属|知情人|邻居|同学|直击|回顾|盘点|揭秘|起底|为何|为什么|怎么|什么|如何|原因|细节"
)
_HEARSAY = re.compile("网传|疑似|传言|听说|爆料")
_REPLY = re.compile("回应|发声|介入|表态")
_ASKS = re.compile("[?？!！]|…|\\.{3}$")


def worth(title: str, words: Sequence[str], places: Collection[str], dead: int | None) -> float:
    """How well a title tells the event: its words, its place, the present toll; less for talk, hearsay and questions."""
    said = sum(word in title for word in words[:WORDS]) / (min(len(words), WORDS) or 1)
    score = said + 0.4 * any(place in title for place in places)
    if dead:
        score += 0.6 * bool(re.search(rf"(?<!\d){dead}(?!\d)[人名]?", title))
    score -= 0.5 * bool(_TALK.search(title)) + 0.4 * bool(_HEARSAY.search(title)) + 0.2 * bool(_REPLY.search(title))
    score -= 0.3 * bool(_ASKS.search(title))
    return score - 0.5 * (len(title) < 8) - 0.3 * (len(title) > 40)


def better(new: str, old: str, words: Sequence[str], places: Collection[str], dead: int | None) -> bool:
    """Does the new title name the event clearly better than the one it has?"""
    if not new or new == old or len(new) > LONGEST:
        return False
    return worth(new, words, places, dead) > worth(old, words, places, dead) + BETTER
