"""Numbers that a text says of people harmed, missing, gathered or moved, each with its quoted words.

One pass of `TOKEN` turns a sentence into numbers of persons, harms, commas and cues. A harm then takes the number
before it (11人死亡), after it (死亡人数升至11人), or that of the clause before (5人被困, 全部遇难). What the cues say
of another time, a statistic, a supposition or a denial is set apart. Everything else in digits (ages, dates, plates,
distances, ranks) never becomes a token of persons, so it cannot be counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from analysis.numerals import QUANTITY, quantity


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number somebody stated. `high` None = open upwards (以上, 余, 多); low == high = exact.

    `official`: an authority says so. Where hearsay exceeds it, the figure is a range of both, its quotes parted by ｜.
    """

    low: int
    high: int | None
    quote: str
    post_id: int | None = None
    official: bool = False

    @property
    def top(self) -> int:
        """The highest plausible value; an open figure can only be taken at what it says at least."""
        return self.low if self.high is None else self.high


# Kinds of harm, in the order in which they are tried at one place. A kind's words stand either side of its number.
_KIN = "(?:的?(?:家属|亲属|亲友|遗属|家人))"
_NOT_OF_DEATH = (
    f"(?!者?赔偿|证明|威胁|率|时间|原因|之|笔记|游戏|线|人口|讯息|通知|抚恤|保险|金|人员(?:领|被发|违规|继续|仍|养老)|者{_KIN}|人员{_KIN})"
)
HARMS: dict[str, str] = {
    "deaths": (
        "死亡|遇难|身亡|丧生|丧命|殒命|罹难|不幸离世|离世|殉职|殉难|牺牲|致死|毙命|遇害|溺亡|溺毙|猝死|坠亡|身死|惨死|暴毙|死于|(?:死|亡)者(?!的?(?:家属|亲属|亲友|遗属|家人))"
        "|抢救无效|不治|无生命体征|失去生命体征|失去生命|无一生还|无人生还|尸体|遗体|被杀害?|枪杀|连杀|杀了|杀害|杀死|死了(?![都也么吗算])|[撞压碾]亡|阵亡|全死|命丧|丢了?性命|失去了?生命|死去|横死"
        "|[撞砍捅打烧砸电毒淹炸压勒掐踩碾枪射闷熏呛冻热烫刺摔饿渴]死(?!角|锁|磕)|被害(?!人)"
    ),
    "serious": "重伤|危重|病危|命危|生命垂危|有生命危险|伤势严重|伤势较重|伤情严重|伤情较重|重症",
    "light": "轻微伤|轻伤|轻度伤|擦伤|皮外伤",
    "poisoned": "(?:食物|一氧化碳|煤气|瓦斯|气体|农药)?中毒(?!事件|事故|死)",
    "injured": (
        "受伤|负伤|伤者|伤员|受了?伤|伤亡|死伤|送医|送往?医院|送至?医院|入院|住院|[打捅砍撞咬刺摔炸烧灼烫划砸压射踩击]伤(?!势|口|情)"
    ),
    "missing": "失联|失踪|下落不明",
    "endangered": "被困|被埋|受困|遇险|围困",
    "hostages": "人质|劫持(?!者|犯)|挟持",
    "moved": "紧急转移|转移安置|转移|疏散|撤离|撤出|安置",
    "participants": (
        "聚集|集聚|围堵|堵路|堵门|堵塞|上访|讨薪|维权|械斗|斗殴|群殴|互殴|打群架|示威|游行|静坐|罢工|罢运|罢课|集会|闹事|拉横幅|聚众|打砸"
        "|冲击|参与(?=人数|人员|者|聚集|斗殴|械斗|打架|围堵|堵路|上访|游行|集会)"
    ),
}
_BARE = {"死": "deaths", "亡": "deaths", "伤": "injured"}

SUSPECT = (
    "歹徒|暴徒|恐怖分子|恐怖袭击者|武装分子|武装人员|袭击者|枪手|凶手|凶犯|疑犯|嫌犯|犯罪嫌疑人|嫌疑人|嫌疑犯|劫匪|绑匪|毒贩|杀手|罪犯|逃犯|劫持者|犯人|死刑犯|肇事者|被告人|被告|同案犯"
)
_PERSON = (
    "男子|女子|男孩|女孩|男童|女童|男生|女生|学生|小学生|中学生|大学生|初中生|高中生|留学生|学员|工人|员工|职工|民工|农民工|矿工|少年|少女|儿童|孩子"
    "|小孩|婴儿|幼儿|幼童|老人|老太|村民|居民|市民|平民|群众|旅客|乘客|游客|驴友|司机|消防员|民警|辅警|警察|警员|交警|武警|士兵|官兵|军人|医生|护士"
    "|教师|老师|青年|公民|同胞|船员|业主|姐妹|兄弟|家人|亲人|歹徒|嫌犯|嫌疑人|凶手|中国人|华人|外国人|美国人|路人|行人|骑手|快递员|外卖员|钓友|网友|遇难者|死者|伤者|伤员|失踪者|失联者|逝者|男尸|女尸"
)
_UNIT = (
    r"(?:个?人(?!次|均(?:收入|消费|可|寿命|预期|每|年|月|\d|花|用|资|产|面积|水平|住)|口|民币|民|大|工|才|头|气|像|防|社|格|流|家|类|生|力|体|事|为|数)|名|位(?!于|置|列)|口(?!径|味|岸|罩|碑|号|子)"
    rf"|具|例|条(?=鲜活|无辜|年轻|人命|生命|性命)|个(?={_PERSON})|男(?!子|孩|童|生)|女(?!子|孩|童|生|儿|士)|(?={_PERSON}))"
)
_NOT_HURT = (
    r"(?:无|没有?|未|零|0|不会)(?:任何|有|造成|发现|出现|收到|接到|导致|发生|引发|报告|产生|一|其[他它]|新增|一步|进|旅客|乘客|群众|村民|居民|学生|师生"
    r"|现场|相关|重大|次生|和|及|财产|损失|、){0,4}(?:人员?|者)?(?:员)?(?:伤亡|死伤|死亡|受伤|遇难|被困|失联|失踪|遇险)"
)
# Judgments and anniversaries: what they count belongs to another time.
_JUDGED = "周年|一审|二审|终审|再审|宣判|判处|获刑|判决|死刑|死缓|被判|获死|公祭|旧案|积案|调查报告|整改报告|评估报告"
JUDGED = re.compile(_JUDGED)
TOKEN = re.compile(
    r"(?P<comma>[，,；;])|(?P<paren>[（(【\[])|(?P<close>[）)】\]])"
    rf"|(?P<calm>{_NOT_HURT}|(?:人员)?伤亡(?:情况)?(?:不明|不详|待核|正在|尚在|仍在))"
    r"|(?P<idiom>九死一生|一死了之|死因|死胎|死角|死机|死守|死心|死活|出生入死|(?<![师学])生死(?!亡)|半死|拼死|致死率|死亡率|无人生还可能|死不|死了都"
    r"|工伤(?!亡)|悲伤|伤心|伤感|伤害罪|内伤|情伤|死人财|脑死亡|死亡谷|死亡之组)"
    rf"|(?P<skip>第\s?(?:{QUANTITY})(?:名|位|人|例|起|批|轮|次|号)?|前(?:{QUANTITY})[名位]|[每平]均?(?:{QUANTITY})(?:名|个?人)?)"
    rf"|(?P<lives>(?:夺走|夺去|吞噬|带走|失去|葬送|断送|搭上|逝去)了?(?P<lost>{QUANTITY})条(?:鲜活|无辜|年轻|宝贵)?的?(?:生命|人命|性命))"
    r"|(?P<part>其中|包括|包含|含有?(?!毒)|内有|分别为)"
    r"|(?P<again>另有?|又有|另外|还有)"
    r"|(?P<reset>截至目前|目前|截至|此次|本次|这次|这起|本起|该起|本轮|今[天日晨早晚年](?!以来)|昨[天日晚夜]|前[天晚]|现已|日前|近日|刚刚|最新|实际|实为|经核实|核实)"
    r"|(?P<year>(?:19|20)\d\d年(?!成立|建成|投用|出生|开业|生)(?:1[0-2]|0?[1-9])?)"
    r"|(?P<past>去年|前年|往年|历史上|历年|当年|曾(?:经|因|致|造成|发生|有|导致|被)|此前案件|旧案|上世纪|新中国成立|侵华|二战|抗日|烈士|年前(?!夕)|个月前|解放前|抗战|战争年代)"
    r"|(?P<stat>今年以来|年以来|全年|上半年|下半年|[一二三四]季度|每年|年均|同比|环比|年来|年间|一年内|平均每|每天|每日"
    r"|近[一二两三五十\d]+(?:个月|年)|累计发生|共发生|全国发生|起(?:火灾|事故|案件))"
    rf"|(?P<judged>{_JUDGED})"
    r"|(?P<suppose>如果|倘若|假如|一旦|预测|或发生|或将发生|若(?!干)|万一|可能会|可能导致|可致|足以|险些|差点|避免|防止|预防|以防|假设|模拟|情景|设定)"
    r"|(?P<unlike>相比之下|相比|例如|比如|类似的|堪比|对比)"
    r"|(?P<refute>(?:系|属|为|是)(?:谣言|不实|误传|虚假|误报|假的|假消息|谣传|造谣|旧闻)|(?:传言|消息|内容|说法|情况|信息)不实|不属实|子虚乌有|纯属(?:虚构|谣言|造谣))"
    r"|(?P<deny>辟谣|谣言|谣传|造谣|误传)"
    r"|(?P<not>并非|并没有)"
    r"|(?P<rumour>网传|传言|传闻|疯传|流传|有传|网帖|有人称|有网[民友]|网[民友](?:在|发布|称)|此前通报|早前通报)"
    r"|(?P<mend>更正为|更正|修正为|订正为|核减|下调|纠正为|调整为|应为)"
    r"|(?P<both>双双)"
    rf"|(?P<number>(?<![A-Za-z\d.])(?P<quantity>{QUANTITY})[ \u3000]?(?P<unit>{_UNIT})?(?P<after>以上|左右|许|上下)?(?P<suspect>{SUSPECT})?|(?P<pair>[俩仨])(?!人))"
    rf"|(?P<shot>击毙|正法)"
    + "".join(
        f"|(?P<{kind}>(?:{words}){_NOT_OF_DEATH if kind == 'deaths' else ''})" for kind, words in HARMS.items()
    )
    + r"|(?P<bare>(?:死(?!亡)|(?<![逃灭兴存消流])亡)(?!命(?!案)|[死者机角心守活磕灰海讯难记])|伤(?![害情势口痕残心感人病寒风科亡员者感悲]))"
)

# One of these must stand in a sentence before the costly pass is worth it.
_HINT_WORDS = (
    "死 亡 伤 殒 毙 尸 遇难 丧生 丧命 罹难 离世 殉 牺牲 遇害 杀 遗体 不治 抢救 失联 失踪 下落不明 被困 被埋 被害 受困 遇险 围困 人质 劫持 挟持 转移 疏散 撤离"
    " 撤出 安置 中毒 送医 医院 住院 入院 病危 命危 危重 重症 垂危 生命 人命 聚集 集聚 聚众 围堵 堵路 堵门 堵塞 上访 讨薪 维权 斗 殴 打群架 示威 游行 静坐 罢"
    " 集会 闹事 横幅 打砸 冲击 参与 生还 伤情"
)
_HINTS = tuple(_HINT_WORDS.split())
_SENTENCE = re.compile(r"[^。！？!?\n]+")
# A clause or sentence of more tokens than this is no prose; what stands further off belongs to something else.
_DENIAL = re.compile("谣|误传|误报|不实|不属实|虚假|子虚乌有|虚构")
NEAR, PER_SENTENCE = 12, 150


def hinted(text: str) -> bool:
    return any(hint in text for hint in _HINTS)


_CONNECT = re.compile(
    r"(?:人数|数量|人员|群众|总数|数字|更正|修正|核减|调整|下调|目前|者|的|了|共计|共|总计|合计|已经|已|累计|上升|升高|攀升|升|增加|增|扩大|达到|达|到|至|为|有|是|仍|另|[:：\s]|由|从|无辜|村民|学生"
    r"|游客|旅客|工人|约|名单|中国公民|公民|国民|乘客|平民|矿工|儿童|员工|一家|夫妻|夫妇)*"
)
_RISEN = re.compile(r"(?:上升|升高|攀升|升|增加|增|扩大|更正|修正|调整|下调)?(?:到|至|为)")
_COUNTED = re.compile(r"人数|数量|升|增|达|为|[:：]|共|总")
# Words between a number and a harm that part them: these people did, saw or were spared it.
_PARTED = re.compile(
    r"涉嫌|致[人其他同]|将|(?<![被遭])(?:殴打|虐待|乱棍|围殴|欺凌|霸凌|猥亵|强奸)|.{2}(?:丈夫|妻子|儿子|女儿|父亲|母亲)|造成|导致|引发|处置|调查|赶[到赴往]|目击|表示|(?<![被经])证实|救助|救援|负责|护送|抓获|控制|拘|被捕|落网|[追问]责|处分|悼念|认为|怀疑|(?:家属|亲属)."
    r"|获救|生还|脱险|自己|部分|(?:宠物|动物|[狗犬猫猪牛羊鱼鸟鸡])的?$|[救逃]出|免于|避免|没有|无(?!辜)|未(?!成年)|围观|嫌疑人|介绍|通报|报告|杀人|见证|参加|奔赴|前往|投案|讯问|帮助|协助|搜寻|搜救|寻找|打捞"
)
# 救45人离世, 盗窃4000具尸体: what stands before the number says that these were not the harmed.
_OTHERS = re.compile(r"(?:[救教帮]|救[出助下活起]|盗窃|倒卖|贩卖|出售|抓获|抓捕|刑拘|处罚)[了过]?(?:.{0,3}一家)?$")
_SCHOOL_YEAR = frozenset("高初大研小")  # 高三学生 is one pupil
# Who does these is not who dies of them, unless the sentence is passive.
_DOERS = re.compile(r"^(?:[打砍捅射勒掐撞]死|杀害|杀死|枪杀|杀了|连杀)$")
_PASSIVE = re.compile("[被遭让]|活活")
# These are not followed by their number unless a word of counting or 的 stands between: 猝死10位卡友 is two statements.
_ENDS_A_STATEMENT = re.compile("猝死|离世|身亡|[溺坠]亡|殉职|毙命|丧命|殒命|罹难|身死|惨死|暴毙|不治|抢救无效|[遗尸]体")
_JOIN = re.compile(r"和|及|与|以及|、|跟")
_WITHIN = re.compile(r"中|在内|之中|当中")
_ALL = re.compile(
    r"(?:目前|现|最终|最后|随后|后|已|也|却|但|三人|两人|两者|二人|众人|几人|工人|他们)*(?:全部|均|都|皆|悉数|无一|全都|不幸|确认|确定|经|送医|抢救|因|当场|相继|先后)"
)
_SPOT, _LATER = re.compile("当场|现场"), re.compile("抢救无效|医治无效|送医|医院|不治")
_FAMILY = re.compile(r"的?(?:家属|亲属|亲友|遗属|家人|家庭|子女|同事)")
_DOING = "撞砍捅打烧砸毒炸压勒掐踩碾射刺划咬"
LIMIT = {"participants": 22, "deaths": 20}


@dataclass(slots=True)
class _Token:
    kind: str
    start: int
    end: int
    low: int = 0
    high: int | None = None
    unit: str | None = None
    suspect: bool = False
    used: bool = False
    part: bool = False
    gave: list[_Token] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """All figures of one text by kind; those of another time; those of suspects; and what was said about nobody."""

    now: dict[str, list[Figure]] = field(default_factory=dict)
    past: dict[str, list[Figure]] = field(default_factory=dict)
    mended: dict[str, Figure] = field(default_factory=dict)
    refuted: set[tuple[str, int]] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)


def find(text: str, year: int, month: int, *, fresh: bool = False) -> Found:
    """Every figure of `text`, posted in that year and month (Asia/Shanghai).

    `fresh`: the text dates the deed in the days before the post, so that a judgment named beside it (前科) does not make
    its figures history.
    """
    found = Found()
    sentences = [
        list(islice(_tokens(text, *m.span(), year, month), PER_SENTENCE))
        for m in _SENTENCE.finditer(text)
        if hinted(m[0]) or _DENIAL.search(m[0])
    ]
    denied_anywhere = any(t.kind in ("deny", "refute") for sentence in sentences for t in sentence)
    for sentence in sentences:
        judged = not fresh and any(t.kind == "judged" for t in sentence)
        _read_sentence(text, sentence, found, hearsay=denied_anywhere, judged=judged)
    if found.refuted:
        found.flags.add("denied")
        _withdraw(found)
    return found


def _withdraw(found: Found) -> None:
    """A number denied in one sentence is denied wherever the text repeats it."""
    for kind, claims in list(found.now.items()):
        left = [c for c in claims if (kind, c.low) not in found.refuted]
        if left:
            found.now[kind] = left
        else:
            del found.now[kind]


def _tokens(text: str, start: int, end: int, year: int, month: int) -> Iterator[_Token]:
    for m in TOKEN.finditer(text, start, end):
        kind = m.lastgroup or ""
        token = _Token(kind, m.start(), m.end())
        if kind == "number":
            yield from _number(token, m)
        elif kind == "lives":
            yield from _lives(token, m)
        elif kind == "year":
            said = int(m[0][:4])
            said_month = int(m[0][5:] or 0)
            # December said in January is news, not history
            if said < year and not (said == year - 1 and month == 1 and said_month == 12):
                token.kind = "past"
                yield token
        elif kind == "bare":
            token.kind = _BARE[m[0]]
            token.unit = "bare"
            yield token
        elif kind:
            yield token


def _number(token: _Token, m: re.Match[str]) -> Iterator[_Token]:
    if m["pair"]:
        token.low = token.high = 2 if m["pair"] == "俩" else 3
        token.unit = "人"
        yield token
        return
    value = quantity(m["quantity"])
    if value is None or value[0] <= 0:
        return
    token.low, token.high = value
    if m["after"] == "以上":
        token.high = None
    token.unit, token.suspect = m["unit"], bool(m["suspect"])
    if token.unit == "" and token.low > 99:
        token.unit = None  # 骗走936万女子: without 人 or 名 only a small number counts the noun behind it
    yield token


def _lives(token: _Token, m: re.Match[str]) -> Iterator[_Token]:
    """夺走11条生命 is number and harm in one: a harm that has already taken its number."""
    value = quantity(m["lost"])
    if value:
        number = _Token("number", m.start(), m.end(), *value, unit="人")
        yield replace(token, kind="deaths", gave=[number])


def _read_sentence(text: str, tokens: list[_Token], found: Found, *, hearsay: bool, judged: bool) -> None:
    kinds = {t.kind for t in tokens}
    if "calm" in kinds:
        found.flags.update(_calm(text, tokens))
    if not kinds & (HARMS.keys() | {"shot"}):
        return
    for kind, figure, at in _added(text, tokens, _claims(text, tokens)):
        scope = _scope(tokens, at)
        if scope == "mend":
            found.mended[kind] = figure
        elif scope != "reset" and _refuted(text, tokens, at, hearsay):
            found.refuted.add((kind, figure.low))
        elif scope == "past" or judged:
            found.past.setdefault(kind, []).append(figure)
        elif scope != "none":
            found.now.setdefault(kind, []).append(figure)


def _claims(text: str, tokens: list[_Token]) -> list[tuple[str, Figure, int]]:
    claims: list[tuple[str, Figure, int]] = []
    clause: list[_Token] = []
    before: list[_Token] = []
    for token in [*tokens, _Token("comma", len(text), len(text))]:
        if token.kind != "comma":
            clause.append(token)
        elif clause:
            claims += _read_clause(text, clause, before)
            before, clause = clause, []
    return claims


def _refuted(text: str, tokens: list[_Token], at: int, hearsay: bool) -> bool:
    """Whether the number at `at` is denied: by 系谣言 behind it, 辟谣 or 并非 before it, or as hearsay of a denied story.

    A denial of something else in the same sentence (12人死亡, 网传30人死亡系谣言) leaves it standing.
    """
    rumoured = [t for t in tokens if t.kind == "rumour"]
    if any(t.start < at for t in rumoured) and (
        hearsay or any(t.kind in ("refute", "deny") for t in tokens)
    ):
        return True
    for t in tokens:
        if t.kind == "refute" and t.start > at and not rumoured and text.count("，", at, t.start) <= 1:
            return True
        if t.kind == "deny" and t.end <= at and "，" not in text[t.end : at]:
            return True
        if t.kind == "not" and t.end <= at <= t.end + 4:
            return True
    return False


def _calm(text: str, tokens: list[_Token]) -> Iterator[str]:
    for t in tokens:
        said = text[t.start : t.end]
        if t.kind == "calm" and not re.search("其[他它]|新增|进一步|不明|不详|待核|正在|尚在|仍在", said):
            yield "none_hurt"


def _scope(tokens: list[_Token], at: int) -> str:
    """What the cues before position `at` make of a number there: now, reset, past, none or mend."""
    scope = "now"
    for t in tokens:
        if t.start >= at:
            break
        if t.kind in ("reset", "mend", "past"):
            scope = t.kind
        elif t.kind in ("stat", "suppose", "unlike"):
            scope = "none"
    return scope


def _read_clause(text: str, clause: list[_Token], before: list[_Token]) -> list[tuple[str, Figure, int]]:
    claims = []
    for i, harm in enumerate(clause):
        if harm.kind not in HARMS and harm.kind != "shot":
            continue
        taken = harm.gave or _numbers_of(text, clause, i, before)
        if not taken:
            continue
        harm.gave = taken
        for t in taken:
            t.used = True
        kind = harm.kind
        if kind == "shot" or (kind == "deaths" and all(t.suspect for t in taken)):
            kind = "suspects"
        elif kind == "deaths":
            taken = [t for t in taken if not t.suspect]
        start = min(harm.start, taken[0].start)
        end = max(harm.end, taken[-1].end)
        high = None if any(t.high is None for t in taken) else sum(t.high or 0 for t in taken)
        figure = Figure(low=sum(t.low for t in taken), high=high, quote=text[start:end].strip())
        claims.append((kind, figure, taken[-1].start))
    return claims


def _numbers_of(text: str, clause: list[_Token], i: int, before: list[_Token]) -> list[_Token]:
    """The number tokens that harm `clause[i]` takes: after it when counted so, else before it, else those of the last clause."""
    harm = clause[i]
    after = _after(text, clause, i)
    if after and (_COUNTED.search(text, harm.end, after[0].start) or _done_to(text, harm)):
        return after
    first = _before(text, clause, i)
    if first and after and after[0].start == harm.end and harm.start - first[-1].end > 2 and _last(clause, after[0]):
        return after  # 2000万人感染流感死亡1.1万人
    return first or after or _carried(text, clause, i, before)


def _last(clause: list[_Token], number: _Token) -> bool:
    return not any(t.kind in HARMS and t.start > number.start for t in clause)


def _done_to(text: str, harm: _Token) -> bool:
    """砍伤5人 by a man, not 5人被砍伤: the number after the verb is of those it was done to."""
    verb = text[harm.start : harm.end]
    doing = verb in ("杀害", "杀死", "枪杀", "连杀", "杀了", "劫持", "挟持") or (len(verb) == 2 and verb[1] in "死伤" and verb[0] in _DOING)
    return doing and not re.search("被[^，。]{0,12}$", text[max(0, harm.start - 14) : harm.start])


def _after(text: str, clause: list[_Token], i: int) -> list[_Token]:
    harm = clause[i]
    nexts = [t for t in clause[i + 1 : i + NEAR] if t.kind in ("number", "reset", "again", "mend") or t.kind in HARMS]
    numbers = []
    for t in nexts:
        if t.kind in HARMS:
            break
        if t.kind == "number":
            numbers.append(t)
    if not numbers:
        return []
    first = numbers[0]
    if first.unit is None and len(numbers) > 1 and text[first.end : numbers[1].start] in ("家", "对"):
        first = numbers[1]  # 一家三口
    gap = text[harm.end : first.start]
    if _done_to(text, harm) and first.unit and not first.suspect and len(gap) <= 12 and "的" not in gap[-1:]:
        return [first]  # 杀害女子及其家属4人
    if harm.unit == "bare" and gap.strip():
        return []
    if len(gap) > 14 or not _CONNECT.fullmatch(gap):
        return []
    later = [t for t in numbers if t.start > first.start]
    if later and _RISEN.fullmatch(text[first.end : later[0].start].strip()):
        first = later[0]
    if first.unit is None and not _ends(text, first.end, gap, harm):
        return []
    if (_FAMILY.match(text, first.end) and not _done_to(text, harm)) or (first.unit or "").startswith("具"):
        return []
    counted = _COUNTED.search(gap) or gap[:1] in ("者", "人", "的")
    return [first] if counted or not _ENDS_A_STATEMENT.match(text, harm.start) else []


def _ends(text: str, end: int, gap: str, harm: _Token) -> bool:
    """A number without 人 or 名 counts only where nothing follows that could be its measure: 死亡人数升至49。 死3伤5。"""
    if harm.unit != "bare" and not _COUNTED.search(gap):
        return False
    rest = text[end : end + 1]
    return not rest or rest in "，。；、,;！!?？ \n）)失" or (harm.unit == "bare" and rest in "伤死亡人")


def _before(text: str, clause: list[_Token], i: int) -> list[_Token]:
    harm = clause[i]
    found: list[_Token] = []
    depth = 0
    for j in range(i - 1, max(i - NEAR, -1), -1):
        t = clause[j]
        if t.kind == "close":
            depth += 1
        elif t.kind == "paren":
            depth -= 1
            if depth < 0:
                break
        elif depth > 0:
            continue
        elif t.kind == "both" and not found:
            return [replace(t, kind="number", low=2, high=2, unit="人")]
        elif t.kind == "number":
            if not found:
                if t.unit is None and harm.unit != "bare":
                    continue  # a date or an age between the people and what befell them
                if not _reaches(text, t, harm):
                    break
                found.append(t)
            elif _listed(text, t, found[0]):
                found.insert(0, t)
            else:
                break
        elif t.kind in HARMS:
            # 失联者遗体, 受伤送医后死亡: the same people went on to the next harm
            if found or harm.unit == "bare" or not _went_on(text, t, harm):
                break
            if t.gave:
                return t.gave
        elif t.kind == "part" and found:
            break
    if not found or (found[-1].used and harm.kind != "deaths"):
        return []
    return found


def _reaches(text: str, number: _Token, harm: _Token) -> bool:
    gap = text[number.end : harm.start]
    if harm.unit == "bare" or number.unit is None:
        return not gap.strip() and (harm.unit == "bare")
    if (number.unit or "").startswith("条") or text[harm.start : harm.end] in ("生命", "人命"):
        return False
    if not _could_be_victims(text, number):
        return False
    if _DOERS.match(text[harm.start : harm.end]) and not _PASSIVE.search(gap):
        return False
    gap = re.sub(r"[（(][^）)]*[）)]", "", gap)
    return len(gap) <= LIMIT.get(harm.kind, 16) and not _PARTED.search(gap)


def _could_be_victims(text: str, number: _Token) -> bool:
    if number.unit == "" and text[number.start - 1 : number.start] in _SCHOOL_YEAR:
        return False
    return not _OTHERS.search(text, max(0, number.start - 6), number.start)


def _listed(text: str, earlier: _Token, later: _Token) -> bool:
    """5名工人和2名村民 is a list that adds; 包括3名儿童在内的11人 and 11人中3人 are not."""
    link = text[earlier.end : later.start]
    if earlier.unit is None or len(link) > 12 or _WITHIN.search(link):
        return False
    if not link:
        return {earlier.unit, later.unit} == {"男", "女"}  # 三男两女
    return bool(_JOIN.search(link))


def _went_on(text: str, earlier: _Token, harm: _Token) -> bool:
    gap = text[earlier.end : harm.start]
    return harm.kind == "deaths" and len(gap) <= 10 and not re.search("、|和|及|与|没|未|无", gap)


def _carried(text: str, clause: list[_Token], i: int, before: list[_Token]) -> list[_Token]:
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


def _added(
    text: str, tokens: list[_Token], claims: list[tuple[str, Figure, int]]
) -> list[tuple[str, Figure, int]]:
    """3人当场死亡，另有2人送医后死亡 adds up; a later 其中 or a repetition does not."""
    deaths = list({c[2]: c for c in claims if c[0] == "deaths"}.values())
    if len(deaths) != 2 or any(t.kind == "part" for t in tokens):
        return claims
    (_, one, at_one), (_, two, at_two) = deaths
    if at_two - at_one > 45:
        return claims
    between = text[at_one:at_two]
    spot = _SPOT.search(one.quote + text[max(0, at_one - 4) : at_one]) and _LATER.search(two.quote + between)
    other = any(t.kind == "again" and at_one < t.start < at_two and at_two - t.end <= 4 for t in tokens)
    if not (spot or other) or one.high is None or two.high is None:
        return claims
    start = text.find(one.quote)
    end = text.find(two.quote, start) + len(two.quote)
    both = Figure(low=one.low + two.low, high=one.high + two.high, quote=text[start:end])
    return [*claims, ("deaths", both, at_two)]
