"""What keeps two near texts apart: numbers, dates, names, places, and whether harm is denied.

Police bulletins are templates: two of them can share nine tenths of their words and tell of two affairs. Everything
here is read from the normal form (analysis/folding.py), so it can be derived again from a stored post; the packed form
(some 40 bytes) is what the index remembers in place of the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from analysis.numerals import number
from analysis.placenames import bare, named

SHORT = 24  # characters; shorter texts are headlines, where one figure more or less is another statement
READ = 4000  # characters of a long article that are looked at; an article is told apart well before

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付"
    "方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞"
    "左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦"
)
_GIVEN = "明华强军伟平国文建志海林峰勇杰涛超斌辉刚健俊波鹏宇龙飞鑫磊洋东亮红丽芳娟英玲敏静燕霞梅兰秀琴凤雪莹婷倩洁琳"
_NAME = re.compile(
    rf"([{_SURNAMES}]某(?:某|[{_GIVEN}])?)"
    rf"|(?:嫌疑人|被告人|逃犯|死者|名叫|书记|主席|局长|市长|县长|省长|部长|厅长|院长|校长|主任)([{_SURNAMES}](?!某)[一-鿿])"
)
_KINDS = (
    "小区|社区|园区|景区|街道|大道|派出所|分局|大队|支队|高速|机场|大桥|隧道|水库|医院|大学|学院|中学|小学|幼儿园|广场|商场|酒店|煤矿"
    "|自治区|省(?![钱去略心])|市(?![场民值面])|自治州|盟(?![友约主])|县|旗(?![帜下袍舰])|区(?![域别间块])|镇(?![静痛定])"
    "|乡(?![下亲村])|村|路(?![过人边程线面段况途透由])|街(?![头坊上])"
)
_KIND = re.compile(_KINDS)
_NO_NAME = frozenset("的了在或某各个这那一该")
# 城市, 公路, 上街 … are words, not the end of a name
_NOT_PLACES = (
    "城市 超市 上市 股市 楼市 全市 该市 本市 我市 地区 山区 灾区 市区 辖区 城区 全区 该区 郊区 区区 农村 全村 该村 本村 公路 道路 铁路"
    " 马路 一路 走路 上路 出路 思路 网路 线路 套路 半路 迷路 带路 让路 堵路 修路 逛街 上街 沿街 临街 街街 全省 全县 该县 该镇 全镇 家乡 老乡"
)
_WORDS = frozenset(_NOT_PLACES.split())
_HAN_FIGURES = "零〇一二两三四五六七八九十百千万亿"
_FIGURE = re.compile(
    rf"(?P<arabic>\d+(?:[.:]\d+)*)|(?P<han>[{_HAN_FIGURES}]{{2,}}|(?<=第)[{_HAN_FIGURES}]|[{_HAN_FIGURES}](?=[人名死伤岁元时日月年点层号辆户例天级米]))"
)
_HAN = re.compile(r"[一-鿿]{2}")
_LATIN = re.compile(r"[a-z]")
_DATE_UNITS = "年月日号时点"
_PEOPLE_UNITS = "人名死伤"
_DENIED = re.compile(r"辟谣|谣言|不实|虚假信息|假消息")
_UNHURT = re.compile(r"(?:未|无|没有|暂无)(?:造成|发现|接到)?(?:人员|人)?(?:伤亡|受伤|死亡)")
_HURT = re.compile(r"人员伤亡|多人受伤|人死亡|人遇难|身亡")


@dataclass(frozen=True)
class Particulars:
    """`numbers` in reading order, each "value" or "value" + "d" (date) / "p" (people); sets of names and places."""

    length: int  # characters
    weight: int  # the same with three Latin letters as one: iphone is one word, as long as two characters
    numbers: tuple[str, ...]
    names: frozenset[str]
    places: frozenset[str]
    flags: str  # "r" a rumour is denied, "u" nobody hurt, "h" somebody hurt, "e" the text ends inside a figure

    def pack(self) -> bytes:
        lists = (self.numbers, sorted(self.names), sorted(self.places))
        return "|".join((str(self.length), str(self.weight), self.flags, *(",".join(part) for part in lists))).encode()


@lru_cache(50_000)  # a template repeated daily is asked again and again
def unpack(packed: bytes) -> Particulars:
    """The inverse of `Particulars.pack`; ValueError when the bytes are none of ours."""
    length, weight, flags, *lists = packed.decode().split("|")
    numbers, names, places = (tuple(part.split(",")) if part else () for part in lists)
    return Particulars(int(length), int(weight), numbers, frozenset(names), frozenset(places), flags)


def particulars(norm: str) -> Particulars:
    """Read them from a normal form; only the first READ characters of a long article are looked at."""
    text = norm[:READ]
    return Particulars(
        length=len(norm),
        weight=len(norm) - len(_LATIN.findall(norm)) * 2 // 3,
        numbers=tuple(_numbers(text)),
        names=frozenset(m[1] or m[2] for m in _NAME.finditer(text)),
        places=frozenset(_places(text)),
        flags=_flags(text),
    )


def _numbers(text: str) -> list[str]:
    found = []
    for m in _FIGURE.finditer(text):
        if m["han"]:
            value = number(m["han"])
            if value is None:
                continue
            figure = str(value)
        else:
            figure = m["arabic"]
        following = text[m.end() : m.end() + 1]
        if following == "":
            kind = ""
        elif following in _DATE_UNITS:
            kind = "d"
        else:
            kind = "p" if following in _PEOPLE_UNITS else ""
        found.append(figure + kind)
    return found


def _places(text: str) -> list[str]:
    """Provinces and cities by name; of other places the kind and the two characters before it (雁塔区, 科技路)."""
    found = named(text)
    for m in _KIND.finditer(text):
        before = text[max(m.start() - 2, 0) : m.start()]
        if len(before) < 2 or _NO_NAME & set(before) or before[-1] + m[0] in _WORDS or not _HAN.match(before):
            continue
        found.append(bare(before + m[0]))
    return found


def _flags(text: str) -> str:
    unhurt = _UNHURT.search(text) is not None
    return (
        ("r" if _DENIED.search(text) else "")
        + ("u" if unhurt else "h" if _HURT.search(text) else "")
        + ("e" if text[-1:].isdigit() else "")
    )


def differ(a: Particulars, b: Particulars) -> str | None:
    """Why two near texts tell of two things, whichever came first; None when nothing stands against one fold."""
    strict = min(a.length, b.length) < SHORT and max(a.length, b.length) * 3 < min(a.length, b.length) * 4
    if reason := _numbers_differ(a, b, strict):
        return reason
    for word, here, there in (("姓名", a.names, b.names), ("地点", a.places, b.places)):
        only_here, only_there = here - there, there - here
        if (only_here and only_there) or (strict and word == "姓名" and here != there):
            return f"{word}不同：{_some(only_here)}／{_some(only_there)}"
    if ("r" in a.flags) != ("r" in b.flags):
        return "一方辟谣，一方未辟谣"
    if {"u", "h"} <= {*a.flags, *b.flags}:
        return "一方称无伤亡，一方称有伤亡"
    return None


def adds(known: Particulars, new: Particulars) -> str | None:
    """A later text that gives a number of people the earlier one lacks is news, not a copy (a truncation lacks some)."""
    more = Counter(n for n in new.numbers if n.endswith("p")) - Counter(known.numbers)
    return f"新增人数：{_some([n[:-1] for n in more])}" if more else None


def _numbers_differ(a: Particulars, b: Particulars, strict: bool) -> str | None:
    mine, theirs = [n.rstrip("dp") for n in a.numbers], [n.rstrip("dp") for n in b.numbers]
    if mine == theirs:
        return None
    if not strict and (_inside(mine, theirs, "e" in a.flags) or _inside(theirs, mine, "e" in b.flags)):
        return None
    pairs = zip(a.numbers, b.numbers, strict=False)
    one, other = next(((x, y) for x, y in pairs if x.rstrip("dp") != y.rstrip("dp")), ("有无", "有无"))
    word = "日期" if one.endswith("d") and other.endswith("d") else "数字"
    return f"{word}不同：{one.rstrip('dp')}／{other.rstrip('dp')}"


def _inside(few: Sequence[str], many: Sequence[str], cut: bool) -> bool:
    """Does `many` give the numbers of `few` in the same order? `cut`: the last of `few` may be cut through (1 of 12)."""
    rest = iter(many)
    for i, figure in enumerate(few):
        last = cut and i == len(few) - 1
        if not any(figure == other or (last and other.startswith(figure)) for other in rest):
            return False
    return True


def _some(words: Sequence[str] | frozenset[str]) -> str:
    return "、".join(sorted(words)[:3]) or "无"
