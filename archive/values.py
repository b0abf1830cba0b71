"""The fields of the query language and what may stand behind each."""

from __future__ import annotations

import re
from difflib import get_close_matches

GRADES = ("特别重大", "重大", "较大", "一般")
PLATFORMS = {
    "weibo": ("微博", "新浪微博"), "wechat": ("微信", "公众号"), "news": ("新闻", "网站"), "video": ("视频", "短视频"),
    "forum": ("论坛", "贴吧"), "app": ("客户端",), "other": ("其他",),
}  # fmt: skip
FIELDS = {
    "标题": "title", "title": "title", "正文": "body", "body": "body", "来源": "source", "source": "source",
    "等级": "grade", "grade": "grade", "事件": "event", "event": "event", "平台": "platform", "platform": "platform",
    "类型": "type", "type": "type", "单位": "unit", "unit": "unit", "地点": "place", "place": "place",
    "专题": "topic", "topic": "topic", "时间": "time", "time": "time", "热度": "heat", "heat": "heat",
    "转发": "reposts", "reposts": "reposts",
}  # fmt: skip
TEXT_FIELDS = ("title", "body", "source")
RANGE_FIELDS = ("time", "heat", "reposts")
_EXAMPLES = {
    "grade": "重大", "event": "12", "type": "T04", "platform": "微博", "source": "华商网", "unit": "碑林分局", "place": "小寨",
    "topic": "消费维权", "time": "2024-05-01", "heat": ">=橙", "reposts": ">=100",
}  # fmt: skip
# What people call the fields elsewhere. Written with an ASCII colon and no space it can be no headline.
_ELSEWHERE = {
    "媒体": "来源", "网站": "来源", "站点": "来源", "site": "来源", "级别": "等级", "日期": "时间", "发布时间": "时间", "date": "时间",
    "内容": "正文", "content": "正文", "text": "正文", "题目": "标题", "intitle": "标题", "地区": "地点", "地域": "地点",
    "转发数": "转发", "转发量": "转发", "类别": "类型", "机构": "单位", "渠道": "平台", "主题": "专题",
}  # fmt: skip
_PERSONS = ("作者", "博主", "用户", "author", "user", "昵称", "账号")


def checked(field: str, value: str) -> str | None:
    """The value as the index holds it, or None when there is no such value."""
    if field in ("unit", "place", "topic"):
        return value if value and len(value) <= 80 else None
    if field == "grade":
        return value if value in GRADES else None
    if field == "event":
        digits = value.removeprefix("#")
        return str(int(digits)) if digits.isdecimal() and len(digits) < 19 else None
    if field == "type":
        return value.upper() if re.fullmatch(r"[Tt]\d\d", value) else None
    return next((code for code, names in PLATFORMS.items() if value.lower() == code or value in names), None)


def choices(field: str) -> str:
    return {
        "grade": "等级可写 " + "、".join(GRADES),
        "event": "事件请写编号，例如 事件:12",
        "type": "类型请写代号，例如 类型:T04",
        "platform": "平台可写 " + "、".join(names[0] for names in PLATFORMS.values()),
    }.get(field, "请写名称，最多 80 个字")


def example(word: str) -> str:
    """A field as it was typed, with a value that fits."""
    return f"{word}:{_EXAMPLES.get(FIELDS[word.lower()], '警方')}"


def unknown_field(word: str) -> str:
    """What to tell somebody who wrote `word:` as if it were a field; empty when it only looks like text."""
    name = word.lower()
    if name in _PERSONS:
        return f"不提供按“{word}”检索：本系统分析事件，不分析个人"
    near = _ELSEWHERE.get(name)
    if near is None and name.isascii() and len(name) > 3:
        near = next(iter(get_close_matches(name, [f for f in FIELDS if f.isascii()], 1, 0.75)), None)
    return f"没有“{word}”这个字段，是否想写 {example(near)}？要检索这几个字本身，请加引号" if near else ""
