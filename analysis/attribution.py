"""Which number a harm takes: the one before it (11人死亡), after it (死亡人数升至11人), or that of the clause before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from analysis.harms import HARMS, Token

_CONNECT = re.compile(
    r"(?:人数|数量|人员|群众|总数|数字|更正|修正|核减|调整|下调|目前|者|的|了|共计|共|总计|合计|已经|已|累计|上升|升高|攀升|升|增加|增|扩大|达到|达|到|至|为|有|是|仍|另|[:：\s]|由|从|无辜|村民|学生"
    r"|游客|旅客|工人|约|名单|中国公民|公民|国民|乘客|平民|矿工|儿童|员工|一家|夫妻|夫妇)*"
)
_RISEN = re.compile(r"(?:上升|升高|攀升|升|增加|增|扩大|更正|修正|调整|下调)?(?:到|至|为)")
_COUNTED = re.compile(r"人数|数量|升|增|达|为|[:：]|共|总")
# Words between a number and a harm that part them: these people did, saw or were spared it.
_PARTED = re.compile(
    r"涉嫌|致[人其他同]|将|(?<![被遭])(?:殴打|虐待|乱棍|围殴|欺凌|霸凌|猥亵|强奸)|.{2}(?:丈夫|妻子|儿子|女儿|父亲|母亲)|造成|导致|引发|处置|调查|赶[到赴往]|目击|表示|(?<![被经])证实|救助|救援|负责|护送|抓获|控制|拘|被捕|落网|[追问]责|处分|悼念|认为|怀疑|(?:家属|亲属)."
    r"|获救|生还|脱险|自己|部分|(?:宠物|动物|[狗犬猫猪牛羊鱼鸟鸡])的?$|[救逃]出|免于|避免|没有|无(?!辜)|未(?!成年)|围观|嫌疑人|介绍|通报|报告|杀人|见证|参加|奔赴|前往|投案|讯问|帮助|协助|搜寻|搜救|寻找|打捞|找到|登记"
)
# 救起8人后离世, 贩卖200具尸体: what stands before the number says that these were not the harmed.
_OTHERS = re.compile(r"(?:[救教帮]|救[出助下活起]|盗窃|倒卖|贩卖|出售|抓获|抓捕|刑拘|处罚)[了过]?(?:.{0,3}一家)?$")
_SCHOOL_YEAR = frozenset("高初大研小")  # 高三学生 is one pupil
# Who does these is not who dies of them, unless the sentence is passive.
_DOERS = re.compile(r"^(?:[打砍捅射勒掐撞]死|杀害|杀死|枪杀|杀了|连杀)$")
_PASSIVE = re.compile("[被遭让]|活活")
# These are not followed by their number unless a word of counting or 的 stands between: 猝死12位街坊 is two statements.
_ENDS_A_STATEMENT = re.compile("猝死|离世|身亡|[溺坠]亡|殉职|毙命|丧命|殒命|罹难|身死|惨死|暴毙|不治|抢救无效|[遗尸]体")
# 杀害妻儿三人 counts the murdered; 杀害丈夫，百名村民 does not.
_HOUSEHOLD = re.compile("[一1]家|妻儿|夫妇|夫妻|哥嫂|[母父][子女]|爷孙|姐妹|兄弟|及其|家属|^了$|平民|群众")
_ONE = re.compile("[家对]")
_JOIN = re.compile(r"和|及|与|以及|、|跟")
_WITHIN = re.compile(r"中|在内|之中|当中")
_ALL = re.compile(
    r"(?:目前|现|最终|最后|随后|后|已|也|却|但|三人|两人|两者|二人|众人|几人|工人|他们)*(?:全部|均|都|皆|悉数|无一|全都|不幸|确认|确定|经|送医|抢救|因|当场|相继|先后)"
)
_FAMILY = re.compile(r"的?(?:家属|亲属|亲友|遗属|家人|家庭|子女|同事)")
_DOING = "撞砍捅打烧砸毒炸压勒掐踩碾射刺划咬"
NEAR = 12  # tokens; what stands further off in a clause belongs to something else
# Characters between a number and its harm.
FAR = 16
LIMIT = {"participants": 22, "deaths": 20}


def numbers_of(text: str, clause: list[Token], i: int, before: list[Token]) -> list[Token]:
    """The number tokens that harm `clause[i]` takes: after it when counted so, else before it, else those of the last clause."""
    harm = clause[i]
    after = _after(text, clause, i)
    if after and (_COUNTED.search(text, harm.end, after[0].start) or _done_to(text, harm)):
        return after
    first = _before(text, clause, i)
    if first and after and after[0].start == harm.end and harm.start - first[-1].end > 2 and _last(clause, after[0]):
        return after  # 300万人染病死亡2000人
    return first or after or _carried(text, clause, i, before)


def _last(clause: list[Token], number: Token) -> bool:
    return not any(t.kind in HARMS and t.start > number.start for t in clause)


def _done_to(text: str, harm: Token) -> bool:
    """砍伤5人 by a man, not 5人被砍伤: the number after the verb is of those it was done to."""
    verb = text[harm.start : harm.end]
    doing = verb in ("杀", "杀害", "杀死", "枪杀", "连杀", "杀了", "劫持", "挟持") or (len(verb) == 2 and verb[1] in "死伤" and verb[0] in _DOING)
    return doing and not re.search("被[^，。]{0,12}$", text[max(0, harm.start - 14) : harm.start])


def _after(text: str, clause: list[Token], i: int) -> list[Token]:
    harm = clause[i]
    numbers = _until_harm(clause[i + 1 : i + NEAR])
    if numbers and numbers[0].unit is None and _ONE.fullmatch(text[numbers[0].end : _end_or(numbers, text)]):
        numbers = numbers[1:]  # the 一 of 一家三口
    if not numbers:
        return []
    first = numbers[0]
    gap = text[harm.end : first.start]
    if _done_to(text, harm) and first.unit and not first.suspect and (not gap or _HOUSEHOLD.search(gap[:12])):
        return [first]  # 杀害店主及其邻居6人
    if (harm.unit == "bare" and gap.strip()) or len(gap) > 14 or not _CONNECT.fullmatch(gap):
        return []
    if len(numbers) > 1 and _RISEN.fullmatch(text[first.end : numbers[1].start].strip()):
        first = numbers[1]
    return [first] if _counts(text, harm, gap, first) else []


def _until_harm(tokens: list[Token]) -> list[Token]:
    return [t for t in takewhile(lambda t: t.kind not in HARMS, tokens) if t.kind == "number"]


def _end_or(numbers: list[Token], text: str) -> int:
    return numbers[1].start if len(numbers) > 1 else len(text)


def _counts(text: str, harm: Token, gap: str, number: Token) -> bool:
    """Whether a number that follows its harm is of those harmed, and not a measure or another statement's."""
    if number.unit is None and not _ends(text, number.end, gap, harm):
        return False
    if (_FAMILY.match(text, number.end) and not _done_to(text, harm)) or (number.unit or "").startswith("具"):
        return False
    counted = _COUNTED.search(gap) or gap[:1] in ("者", "人", "的")
    return bool(counted) or not _ENDS_A_STATEMENT.match(text, harm.start)


def _ends(text: str, end: int, gap: str, harm: Token) -> bool:
    """A number without 人 or 名 counts only where nothing follows that could be its measure: 死亡人数升至49。 死3伤5。"""
    if harm.unit != "bare" and not _COUNTED.search(gap):
        return False
    rest = text[end : end + 1]
    return not rest or rest in "，。；、,;！!?？ \n）)失" or (harm.unit == "bare" and rest in "伤死亡人")


def _before(text: str, clause: list[Token], i: int) -> list[Token]:
    harm = clause[i]
    found: list[Token] = []
    for t in _outside_brackets(reversed(clause[max(0, i - NEAR + 1) : i])):
        if t.kind == "both" and not found:
            return [replace(t, kind="number", low=2, high=2, unit="人")]
        if t.kind == "number":
            if not found and t.unit is None and harm.unit != "bare":
                continue  # a date or an age between the people and what befell them
            if not (_listed(text, t, found[0]) if found else _reaches(text, t, harm)):
                break
            found.insert(0, t)
        elif t.kind in HARMS:
            # 失联者遗体, 受伤送医后死亡: the same people went on to the next harm
            if found or harm.unit == "bare" or not _went_on(text, t, harm):
                break
            if t.gave:
                return t.gave
        elif t.kind == "part" and found:
            break
    if found and found[-1].used and harm.kind != "deaths":
        return []
    return found


def _outside_brackets(backwards: Iterable[Token]) -> Iterator[Token]:
    """Tokens met going back, without whole brackets; an opening one ends the way (the harm stands inside)."""
    depth = 0
    for t in backwards:
        depth += (t.kind == "close") - (t.kind == "paren")
        if depth < 0:
            return
        if depth == 0 and t.kind != "paren":
            yield t


def _reaches(text: str, number: Token, harm: Token) -> bool:
    gap = text[number.end : harm.start]
    if harm.unit == "bare" or number.unit is None:
        return not gap.strip() and (harm.unit == "bare")
    if not _could_be_victims(text, number):
        return False
    if _DOERS.match(text[harm.start : harm.end]) and not _PASSIVE.search(gap):
        return False
    gap = re.sub(r"[（(][^）)]*[）)]", "", gap)
    return len(gap) <= LIMIT.get(harm.kind, FAR) and not _PARTED.search(gap)


def _could_be_victims(text: str, number: Token) -> bool:
    if number.unit == "" and text[number.start - 1 : number.start] in _SCHOOL_YEAR:
        return False
    return not _OTHERS.search(text, max(0, number.start - 6), number.start)


def _listed(text: str, earlier: Token, later: Token) -> bool:
    """5名工人和2名村民 is a list that adds; 包括3名儿童在内的11人 and 11人中3人 are not."""
    link = text[earlier.end : later.start]
    if earlier.unit is None or len(link) > 12 or _WITHIN.search(link):
        return False
    if not link:
        return {earlier.unit, later.unit} == {"男", "女"}  # 三男两女
    return bool(_JOIN.search(link))


def _went_on(text: str, earlier: Token, harm: Token) -> bool:
    gap = text[earlier.end : harm.start]
    return harm.kind == "deaths" and len(gap) <= 10 and not re.search("、|和|及|与|没|未|无", gap)


def _carried(text: str, clause: list[Token], i: int, before: list[Token]) -> list[Token]:
    """5人被困，全部遇难: the clause has no number of its own and says that it speaks of all of them."""
    harm = clause[i]
    if harm.kind != "deaths" or harm.unit == "bare" or any(t.kind == "number" for t in clause[:i]):
        return []
    start = before[-1].end if before else clause[0].start
    comma = max(text.rfind(c, start, harm.start) for c in "，,；;")
    if comma < 0 or not _ALL.match(text, comma + 1):
        return []
    numbers = [t for t in before if t.kind == "number" and t.unit is not None and not t.suspect]
    return [t for t in numbers[-1:] if _could_be_victims(text, t)]
