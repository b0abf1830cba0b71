"""What a text states about an affair: how many were harmed, missing, gathered; what was lost; when; each quoted.

Pure: text in, Facts out. `merge` and `combine` make one event's Facts of those of its posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis import figures, occurrence
from analysis.figures import Figure
from analysis.numerals import QUANTITY, quantity
from analysis.text import simplify

__all__ = ["FLAGS", "QUANTITIES", "Facts", "Figure", "attributed", "combine", "extract", "from_json", "merge", "to_json"]

# What matters stands in the head of an article; the rest is background, and a post of 200 kB must not hold up the round.
READ_AT_MOST = 5000
AGED = timedelta(hours=72)  # design.md §6: an older date is 旧事 until a named person decides

QUANTITIES = (
    "deaths", "missing", "serious", "light", "injured", "poisoned", "participants", "loss_yuan", "hostages",
    "endangered", "moved", "suspects", "past_deaths",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Stated numbers (None = not stated), flags, and the time of occurrence (UTC) with the words that say it.

    `suspects` are dead suspects, never among `deaths`; `past_deaths` belong to another time (history, anniversary,
    judgment) and never grade an event of today; `injured` are those whose severity is not said.
    """

    deaths: Figure | None = None
    missing: Figure | None = None
    serious: Figure | None = None
    light: Figure | None = None
    injured: Figure | None = None
    poisoned: Figure | None = None
    participants: Figure | None = None
    loss_yuan: Figure | None = None
    hostages: Figure | None = None
    endangered: Figure | None = None
    moved: Figure | None = None
    suspects: Figure | None = None
    past_deaths: Figure | None = None
    flags: tuple[str, ...] = ()
    t_event: datetime | None = None
    t_event_quote: str = ""
    superseded: tuple[str, ...] = ()  # quotes of figures that an authority has since corrected


HARM = frozenset({"deaths", "injured", "serious", "light", "missing"})

_WIDE = str.maketrans("０１２３４５６７８９％．", "0123456789%.")
_WIDE_CUE = re.compile("[０-９]")
# Words that raise a flag. Plain words, not a pattern: this runs on every post.
_SEEN = {
    "public_place": (
        "商场 广场 地铁 火车站 高铁站 车站 公交 医院 景区 公园 校门口 超市 商圈 步行街 机场 码头 影院 酒店 市场 体育场 夜市 饭店 餐厅"
    ),
    "school": "学校 校园 校内 校门 中学 小学 大学 幼儿园 学院 高中 初中 职校 技校",
    "weapon": "持刀 持枪 枪击 匕首 砍刀 菜刀 水果刀 尖刀 刀具 枪支 枪声 开枪 爆炸物 炸药 雷管 泼汽油 斧头 铁棍 持械 弓弩 砍人 捅人 刀刺 挥刀",
    "minors": "未成年 儿童 男童 女童 幼儿 婴儿 小学生 初中生 中学生 高中生 少年 少女 男孩 女孩 幼童 孩童",
    "officers": "民警 辅警 协警 警员 警官 交警 特警 刑警 巡警 警察",
    "denied": (
        "辟谣 系谣言 为谣言 属谣言 是谣言 谣言! 谣言！ 系不实 为不实 属不实 系误传 为误传 系虚假 为虚假 属虚假 系误报 系谣传 为谣传 子虚乌有 并非事实 不属实"
    ),
    "drill": "演练 演习",
    "natural": "台风 暴雨 洪水 洪灾 洪涝 地震 强降雨 山洪 泥石流 汛情 龙卷风 暴雪 冰雹 山体滑坡 内涝 雷暴",
    "food": "食物中毒 食源性 食品安全 食用后 用餐后 聚餐后",
    "workplace": "工厂 车间 企业 工人 作业 施工 矿井 煤矿 厂区 工地",
    "brawl": "械斗 斗殴 群殴 打群架",
}
# Found by their first character: a post has some sixty different ones, and few of them begin a word.
_BY_FIRST: dict[str, list[tuple[str, str]]] = {}
for _name, _words in _SEEN.items():
    for _word in _words.split():
        _BY_FIRST.setdefault(_word[0], []).append((_word, _name))
_FIRSTS = frozenset(_BY_FIRST)
_MANY_DEAD = re.compile(r"(?:多|数|若干)(?:人|[名位][^，。；\d]{0,6})(?:死亡|遇难|身亡|丧生|死伤|被杀|遇害)")
_EATEN, _FUMES = re.compile("[吃食餐喝]"), re.compile("一氧化碳|煤气|瓦斯|气体|农药|沼气|硫化氢")
# Every flag that facts may carry; grades.toml may name these.
FLAGS = (*_SEEN, "many_dead", "none_hurt", "corrected", "old")
_AGE = re.compile(r"(?<![\d.])(\d{1,2})(?:周)?岁(?!以上)")
_LOSS = re.compile(
    rf"(?P<cue>(?:直接)?(?:经济|财产)?损失)(?:金额|数额|价值|共计|总计|合计|初步|估计|估算|达到|高达|超过|超|达|约|近|逾|为|人民币|[:：]|了){{0,4}}(?P<a>{QUANTITY})\s?元"
    rf"|(?P<b>{QUANTITY})\s?元(?:人民币)?(?:的|左右的?|以上的?)?(?:直接)?(?:经济|财产)?损失"
)
_SAVED = re.compile(r"挽回|避免|止付|挽损|减少|追回|防止|降低|弥补|赔偿|挽救|可能")
_YEARLY = re.compile("全年|上半年|年以来|同比|年均|去年|每年|各类自然灾害")
_RESCUED = re.compile(
    r"(?:全部|全数|均|都|成功|安全|已经?|悉数|顺利)[^，。；]{0,6}(?:获救|救出|脱困|脱险|转移|撤离|疏散|下山|解救|营救|返回|找到)"
)


def extract(text: str, published_at: datetime) -> Facts:
    """The facts that `text` (title and body, published at that aware instant) states.

    Numbers are counted once per text: the highest said of now, lists added, parts (其中) not; a correction wins.
    """
    text = simplify(text[:READ_AT_MOST])
    if _WIDE_CUE.search(text):
        text = text.translate(_WIDE)  # one character for one: quotes stay where they were
    flags = {name for first in _FIRSTS.intersection(text) for word, name in _BY_FIRST[first] if word in text}
    if "岁" in text and any(int(age) < 18 for age in _AGE.findall(text)):
        flags.add("minors")
    t_event, quote = occurrence.find(text, published_at)
    said: dict[str, Any] = {}
    fresh = t_event is not None and published_at - t_event <= AGED
    judged = not fresh and figures.JUDGED.search(text.split("\n", 1)[0]) is not None
    if figures.hinted(text):
        said = _said(text, published_at, flags, judged=judged, fresh=fresh)
    if "损失" in text and (loss := _loss(text)):
        said["loss_yuan"] = loss
    if judged or (t_event and not fresh):
        flags.add("old")
    return Facts(**said, flags=tuple(sorted(flags)), t_event=t_event, t_event_quote=quote)


def _said(text: str, published_at: datetime, flags: set[str], *, judged: bool, fresh: bool) -> dict[str, Figure]:
    posted = published_at.astimezone(occurrence.SHANGHAI)
    found = figures.find(text, posted.year, posted.month, fresh=fresh)
    said = {kind: _highest(claims) for kind, claims in found.now.items()}
    said.update(found.mended)
    if found.mended:
        flags.add("corrected")
    flags |= found.flags
    if "poisoned" in said and not _FUMES.search(said["poisoned"].quote) and _EATEN.search(text):
        flags.add("food")
    if _MANY_DEAD.search(text):
        flags.add("many_dead")
    past = found.past.get("deaths", [])
    if judged and "deaths" in said:
        # A judgment or an anniversary in the title speaks of another time, whatever its tense
        past.append(said.pop("deaths"))
    if past:
        said["past_deaths"] = _highest(past)
    if "endangered" in said and _RESCUED.search(text):
        del said["endangered"]
    if said.keys() & HARM:
        flags.discard("none_hurt")
    return said


def _highest(claims: list[Figure]) -> Figure:
    return max(claims, key=lambda f: (f.top, f.high is None))


def _loss(text: str) -> Figure | None:
    claims = []
    for m in _LOSS.finditer(text):
        value = quantity(m["a"] or m["b"])
        saved = _SAVED.search(text, max(0, m.start() - 8), m.start() + 1)
        if value and not saved and not _YEARLY.search(text, max(0, m.start() - 40), m.start()):
            claims.append(Figure(low=value[0], high=value[1], quote=m[0]))
    return _highest(claims) if claims else None


def attributed(facts: Facts, post_id: int) -> Facts:
    """The same facts, every figure marked with the post that states it (for quoted evidence)."""
    marked = {name: replace(f, post_id=post_id) for name in QUANTITIES if (f := getattr(facts, name))}
    return replace(facts, **marked)


def combine(items: Iterable[tuple[Facts, bool]]) -> Facts:
    """An event's facts from those of its posts in time order, each with whether an authority or its outlet speaks."""
    total: Facts | None = None
    for facts, authority in items:
        total = merge(total, facts, authority)
    return total or Facts()


def merge(total: Facts | None, new: Facts, authority: bool) -> Facts:
    """An event's facts after one more post (None: it is the first): `combine` in steps, so that a long event is not read again.

    The highest figure stands: a toll rises. Hearsay above the authority's figure stays, as a range from one to the other
    with both quotes. Only an authority's own correction (更正为) lowers, and what it replaces is kept in `superseded`.
    """
    first = total is None
    total = total or Facts()
    corrects = authority and "corrected" in new.flags
    said: dict[str, Any] = {}
    superseded = list(total.superseded)
    for name in QUANTITIES:
        old, figure = getattr(total, name), getattr(new, name)
        if figure is not None:
            figure = replace(figure, official=authority)
            if corrects and old is not None and old.top != figure.top:
                superseded.append(old.quote)
            elif not corrects:
                figure = _heard(old, figure)
        if figure or old:
            said[name] = figure or old
    old_news = "old" in new.flags and (first or "old" in total.flags)
    if missing := _still_missing(total, new, said, authority):
        said["missing"] = missing
    else:
        said.pop("missing", None)
    at, quote = _when(total, new, old_news)
    flags = (set(total.flags) | set(new.flags)) - {"old", "none_hurt"}
    if old_news:
        flags.add("old")
    if _calm(total, new, authority, harmed=bool(said.keys() & HARM)):
        flags.add("none_hurt")
    return Facts(
        **said,
        flags=tuple(sorted(flags)),
        t_event=at,
        t_event_quote=quote,
        superseded=tuple(dict.fromkeys(superseded)),
    )


def _heard(old: Figure | None, new: Figure) -> Figure:
    if old is None:
        return new
    if new.official and not old.official:
        hearsay = old.quote.split("｜")[-1]
        return new if new.top >= old.top else replace(old, low=new.low, quote=f"{new.quote}｜{hearsay}")
    if (new.top, new.high is None) <= (old.top, old.high is None):
        return old
    if new.official or not (old.official or "｜" in old.quote):
        return new
    return replace(new, low=old.low, quote=f"{old.quote.split('｜')[0]}｜{new.quote}")


def _still_missing(total: Facts, new: Facts, said: dict[str, Any], authority: bool) -> Figure | None:
    """Who is missing now: those found dead since are no longer, or they would count twice (死亡含失踪).

    A post that states both, with at least the known toll, is the newer count of both; else the toll's rise is taken off.
    """
    dead = total.deaths.top if total.deaths else 0
    dead_now = new.deaths.top if new.deaths else 0
    if new.missing and new.deaths and dead_now >= dead:
        return replace(new.missing, official=authority)
    found = dead_now - dead
    if total.missing is None or found <= 0:
        return said.get("missing")
    high = total.missing.high and max(total.missing.high - found, 0)
    left = replace(total.missing, low=max(total.missing.low - found, 0), high=high)
    if new.missing:
        return _heard(left, replace(new.missing, official=authority))
    return left if left.top > 0 else None


def _calm(total: Facts, new: Facts, authority: bool, *, harmed: bool) -> bool:
    """无人员伤亡 beside figures of harm stays in sight only when an authority says it after them."""
    if not harmed:
        return "none_hurt" in total.flags or "none_hurt" in new.flags
    stated = any(getattr(new, name) for name in HARM)
    return not stated and (("none_hurt" in new.flags and authority) or "none_hurt" in total.flags)


def _when(total: Facts, new: Facts, old_news: bool) -> tuple[datetime | None, str]:
    """The earliest stated time; one that is old news only while no post gives a fresh one."""
    told = [
        (f.t_event, f.t_event_quote) for f in (total, new) if f.t_event and (old_news or "old" not in f.flags)
    ]
    return min(told, default=(None, ""))


def to_json(facts: Facts) -> dict[str, Any]:
    """Plain values for a JSON column; what was not stated is left out."""
    out: dict[str, Any] = {}
    for name in QUANTITIES:
        figure: Figure | None = getattr(facts, name)
        if figure is not None:
            out[name] = {"low": figure.low, "high": figure.high, "quote": figure.quote}
            if figure.post_id is not None:
                out[name]["post"] = figure.post_id
            if figure.official:
                out[name]["official"] = True
    if facts.flags:
        out["flags"] = list(facts.flags)
    if facts.t_event:
        out["t_event"] = facts.t_event.astimezone(UTC).isoformat()
        out["t_event_quote"] = facts.t_event_quote
    if facts.superseded:
        out["superseded"] = list(facts.superseded)
    return out


def from_json(data: dict[str, Any]) -> Facts:
    """What `to_json` wrote; unknown keys (of a later version) are ignored."""
    said = {name: _figure_from(f) for name, f in data.items() if name in QUANTITIES}
    at = data.get("t_event")
    return Facts(
        **said,
        flags=tuple(data.get("flags", ())),
        t_event=datetime.fromisoformat(at) if at else None,
        t_event_quote=data.get("t_event_quote", ""),
        superseded=tuple(data.get("superseded", ())),
    )


def _figure_from(data: dict[str, Any]) -> Figure:
    return Figure(
        low=data["low"],
        high=data["high"],
        quote=data["quote"],
        post_id=data.get("post"),
        official=data.get("official", False),
    )
