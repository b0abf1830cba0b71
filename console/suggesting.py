"""What may follow the word being typed into the search box: fields, and the values of a field. Small tables only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.models import Unit
from archive.models import SearchHistory, Source
from archive.query import GRADES, PLATFORMS
from console.views.topics import visible
from console.words import TYPES

MOST = 8
# Field -> what it says; the order in which they are offered.
FIELDS = {
    "标题": "只在标题里找", "正文": "只在正文里找", "来源": "哪家发的", "平台": "微博、微信、新闻…", "等级": "事件等级", "类型": "事件类型",
    "单位": "提到的公安单位（含别名）", "地点": "提到的地点", "事件": "事件编号", "专题": "某个专题的检索式", "时间": "发布时间", "热度": "事件热度",
    "转发": "转发数",
}  # fmt: skip
_FIELD = re.compile(r"(.+?)[:：](.*)", re.DOTALL)
_RANGES = {
    "时间": ("今天", "近7天", "近30天"), "热度": (">=橙", "红", "黄..红"), "转发": (">=100", ">=1000", ">1万"),
}  # fmt: skip


def suggestions(word: str, user: Any) -> list[dict[str, str]]:
    """[{"put": what replaces the word, "words": what it says}], at most MOST; empty for a word nobody can complete."""
    word = word.strip()
    if not word or len(word) > 60:
        return []
    if (field := _FIELD.fullmatch(word)) and field[1] in FIELDS:
        return [{"put": f"{field[1]}:{_quoted(value)}", "words": says} for value, says in _values(field[1], field[2], user)][:MOST]
    found = [{"put": f"{name}:", "words": says} for name, says in FIELDS.items() if name.startswith(word)]
    earlier = SearchHistory.objects.filter(user=user, query__contains=word).exclude(query=word).order_by("-at")
    found += [{"put": text, "words": "搜过", "whole": "1"} for text in dict.fromkeys(earlier.values_list("query", flat=True)[:20])]
    return found[:MOST]


def _values(field: str, begun: str, user: Any) -> Iterator[tuple[str, str]]:
    begun = begun.strip("“”\"「」 ")
    for value, says in _all_values(field, user):
        if begun in value or begun in says:
            yield value, says


def _all_values(field: str, user: Any) -> Iterable[tuple[str, str]]:
    if field == "等级":
        return [(g, "") for g in GRADES]
    if field == "平台":
        return [(names[0], "") for names in PLATFORMS.values()]
    if field == "类型":
        return list(TYPES.items())
    if field == "来源":
        return [(name, "") for name in Source.objects.order_by("name").values_list("name", flat=True)[:500]]
    if field == "单位":
        return [(u.name, "、".join(u.aliases[:3])) for u in Unit.objects.order_by("id")[:1000]]
    if field == "专题":
        return [(row.name, row.query[:40]) for row in visible(user).order_by("name")[:200]]
    return [(value, "") for value in _RANGES.get(field, ())]


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[0-9A-Za-z\u4e00-\u9fff.>=<]+", value) else f"“{value}”"
