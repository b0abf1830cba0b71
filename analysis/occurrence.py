"""When it happened, as the text says: 11月23日8时许, 昨晚11时许, 23日凌晨, turned into an instant with its quote.

The words are kept, the guess is small: a clock time is taken as said; a part of a day is its middle (下午 = 15:00);
a bare date is the last minute of that day, so that no clock is overdue by guesswork. Nothing lies after the post.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analysis.numerals import number

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRESH = timedelta(hours=72)

# The hour taken for a part of a day that names no clock time (its usual middle).
PARTS = {
    "凌晨": 3, "清晨": 6, "早晨": 7, "早上": 7, "今早": 7, "晨": 6, "早": 7, "上午": 9, "中午": 12, "午后": 14, "下午": 15, "傍晚": 18,
    "晚上": 20, "晚间": 20, "当晚": 20, "夜间": 21, "深夜": 23, "午夜": 23, "夜里": 22, "晚": 20, "夜": 21,
}  # fmt: skip
AFTERNOON = frozenset({"下午", "午后", "傍晚", "晚上", "晚间", "当晚", "夜间", "深夜", "夜里", "晚", "夜", "午夜"})
DAYS_AGO = {"今": 0, "当": 0, "昨": 1, "前": 2}

_HAN = "一二三四五六七八九十两零"
_CUE = re.compile(r"[昨今][天日晨早晚夜]|前[天晚日]|\d[日号]")
_WHEN = re.compile(
    r"(?=[\d今昨前])(?:(?:(?P<year>20\d\d)年)?(?P<month>1[0-2]|0?[1-9])月(?P<day>[12]\d|3[01]|0?[1-9])[日号]"
    r"|(?<![\d月.．:：/第\-])(?P<monthday>[12]\d|3[01]|0?[1-9])[日号](?=[凌清早上中午下傍晚深夜\d,，在于]|发生)"
    r"|(?P<rel>[今昨前])(?:天|日|(?=[晨早晚夜])))"
    rf"[,，]?\s?(?P<part>{'|'.join(PARTS)})?\s?"
    rf"(?:(?P<hour>2[0-4]|1\d|0?\d|[{_HAN}]{{1,3}})(?:[时点](?:(?P<half>半)|(?P<minute>[0-5]?\d|[{_HAN}]{{1,3}})分)?"
    r"|[:：](?P<colon>[0-5]\d))(?P<about>许|左右|前后)?)?"
)
_HAPPENED = re.compile(
    r"发生|事故|火灾|起火|着火|爆炸|坠|撞|追尾|侧翻|坍塌|塌|溺|落水|遇害|被害|命案|持刀|砍|捅|打人|殴打|被打|冲突|聚集|中毒|地震|洪|泥石流"
    r"|滑坡|走失|失联|失踪|身亡|死亡|接到?报|接群众报|报警|接警|警情|案件|突发|遇难|受伤|倒塌|决口|泄漏|踩踏|斗殴|围堵|劫持"
)
# The date of the telling, not of the deed: 新华社11月23日电, 记者24日从…获悉, 25日通报.
_TOLD = re.compile(r"[,，]?(?:\d\d[:：]\d\d)?(?:晚|上午|下午)?(?:电|讯|消息|通报|发布|回应|援引|报道|从|获悉|公布|宣布|一审|二审|开庭|宣判|召开|举行|称|表示|记者)")
_TELLS = re.compile("通报|发布|回应|公布|悬赏|网友|网传|网帖|视频|记者|采访|辟谣|表示|反映|透露")
_COURT = re.compile(r"法院|检察院|宣判|开庭|审议|发布会|调查报告|评估报告")
_TELLER = re.compile(r"(?:新华社|中新网|中新社|记者|通讯员|网讯|人民网|日报|晚报|截至|截止|直至)[^，。,)）]{0,8}$")


def find(text: str, published_at: datetime) -> tuple[datetime | None, str]:
    """The instant (UTC) at which what `text` tells of happened, and the words that say so; (None, "") if unsaid.

    Of several dates the first that stands before a deed wins; one from the last 72 h wins over an older one.
    """
    if not _CUE.search(text):
        return None, ""
    posted = published_at.astimezone(SHANGHAI)
    told: list[tuple[bool, int, datetime, str]] = []
    for m in _WHEN.finditer(text):
        instant = _instant(m, posted)
        weight = _weight(text, m)
        fresh = instant is not None and posted - instant <= FRESH
        if instant is not None and weight >= (1 if fresh else 2):
            told.append((fresh, weight if fresh else 0, instant, m[0].strip(" ,，")))
    if not told:
        return None, ""
    _, _, at, quote = max(told, key=lambda t: t[:2])  # the first of equals
    return at.astimezone(UTC), quote


def _weight(text: str, m: re.Match[str]) -> int:
    """How much this date looks like the time of a deed: a clock time, a deed in the words after it, no teller."""
    if text[m.start() - 1 : m.start()] in ("", "\n") and text[m.end() : m.end() + 1] == "\n":
        return -9  # the stamp of a page, alone on its line
    if _COURT.search(text, m.end(), m.end() + 24) or _TOLD.match(text, m.end()):
        return -9
    if _TELLER.search(text, max(0, m.start() - 16), m.start()):
        return -9
    deed = _HAPPENED.search(text, m.end(), m.end() + 60)
    if _TELLS.search(text, m.end(), deed.start() if deed else m.end() + 15):
        return -9  # 9日晚, 市公安局发布通报: …
    return (2 if deed else 0) + (2 if m["hour"] else 1 if m["part"] else 0)


def _instant(m: re.Match[str], posted: datetime) -> datetime | None:
    day = _day(m, posted.date())
    if day is None or day > posted.date():
        return None
    at = datetime.combine(day, _time(m), SHANGHAI)
    if m["hour"] and m["hour"] == "24":
        at += timedelta(days=1)
    if at > posted:
        # A vague time may fall after the post (今天下午 said at 14:10); a said clock time may not.
        return None if m["hour"] else posted
    return at


def _day(m: re.Match[str], today: date) -> date | None:
    """The latest such day that is not after the post."""
    try:
        if m["rel"]:
            return today - timedelta(days=DAYS_AGO[m["rel"]])
        if m["year"]:
            return date(int(m["year"]), int(m["month"]), int(m["day"]))
        if m["month"]:
            day = date(today.year, int(m["month"]), int(m["day"]))
            return day if day <= today else day.replace(year=today.year - 1)
        if int(m["monthday"]) <= today.day:
            return today.replace(day=int(m["monthday"]))
        return (today.replace(day=1) - timedelta(days=1)).replace(day=int(m["monthday"]))
    except ValueError:  # 2月30日, or 29 February in the wrong year
        return None


def _time(m: re.Match[str]) -> time:
    part = m["part"]
    hour = number(m["hour"]) if m["hour"] else None
    if hour is None or hour > 24:
        return time(PARTS[part]) if part else time(23, 59)
    if hour < (12 if part in AFTERNOON else 3 if part == "中午" else 0):
        hour += 12
    minute = 30 if m["half"] else number(m["minute"] or m["colon"] or "零") or 0
    return time(hour % 24, min(minute, 59))
