"""The words of harm and of number, and the one pattern that cuts a sentence into them.

Only a number of persons (人, 名, 位 …) becomes a token that can be counted; ages, dates, plates, distances, ranks and
case numbers do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from analysis.numerals import QUANTITY, quantity

# Kinds of harm, in the order in which they are tried at one place. A kind's words stand either side of its number.
_KIN = "(?:的?(?:家属|亲属|亲友|遗属|家人))"
_NOT_OF_DEATH = (
    f"(?!者?赔偿|证明|威胁|率|时间|原因|之|笔记|游戏|线|人口|讯息|通知|抚恤|保险|金|人员(?:领|被发|违规|继续|仍|养老)|者{_KIN}|人员{_KIN})"
)
HARMS: dict[str, str] = {
    "deaths": (
        "死亡|遇难|身亡|丧生|丧命|殒命|罹难|不幸离世|离世|殉职|殉难|牺牲|致死|毙命|遇害|溺亡|溺毙|猝死|坠亡|身死|惨死|暴毙|死于|(?:死|亡)者(?!的?(?:家属|亲属|亲友|遗属|家人))"
        r"|抢救无效|不治|无生命体征|失去生命体征|失去生命|无一生还|无人生还|尸体(?!疑?被?盗)|遗体|被杀害?|枪杀|连杀|杀(?=(?:\d{1,3}|[两三四五六七八九十]{1,3})[人名口])|杀了|杀害|杀死|死了(?![都也么吗算])|[撞压碾]亡|阵亡|全死|命丧|丢了?性命|失去了?生命|死去|横死"
        "|[撞砍捅打烧砸电毒淹炸压勒掐踩碾枪射闷熏呛冻热烫刺摔饿渴]死(?!角|锁|磕|刹车|油门)|被害(?!人)"
    ),
    "serious": "重伤|危重|病危|命危|生命垂危|(?<!没)有生命危险|伤势严重|伤势较重|伤情严重|伤情较重|重症",
    "light": "轻微伤|轻伤|轻度伤|擦伤|皮外伤",
    "poisoned": "(?:食物|一氧化碳|煤气|瓦斯|气体|农药)?中毒(?!事件|事故|死)",
    "injured": (
        "受伤|负伤|伤者|伤员|受了?伤|伤亡|死伤|送医|送往?医院|送至?医院|入院|住院|[打捅砍撞咬刺摔炸烧灼烫划砸压射踩击]伤(?!势|口|情)"
    ),
    "missing": "失联|失踪|下落不明",
    "endangered": "被困|被埋|受困|遇险|围困",
    "hostages": "人质|劫持(?!者|犯)|挟持",
    "moved": "紧急转移|转移安置|紧急撤离|转移|疏散",
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
_JUDGED = "周年|公诉|被诉|开庭|庭审|一审|二审|终审|再审|宣判|判处|获刑|判决|死刑|死缓|被判|获死|公祭|旧案|积案|调查报告|整改报告|评估报告"
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
    r"|(?P<past>去年|前年|往年|历史上|历年|当年|曾(?:经|因|致|造成|发生|有|导致|被)|此前案件|旧案|上世纪|新中国成立|侵华|日军|二战|抗日|烈士|年前(?!夕)|个月前|解放前|抗战|战争年代)"
    r"|(?P<stat>今年以来|年以来|全年|上半年|下半年|[一二三四]季度|每年|年均|同比|环比|年来|年间|一年内|平均每|每天|每日"
    r"|近[一二两三五十\d]+(?:个月|年)|累计发生|共发生|全国发生|起(?:火灾|事故|案件))"
    rf"|(?P<judged>{_JUDGED})"
    r"|(?P<suppose>如果|倘若|假如|一旦|预测|或发生|或将发生|若(?!干)|万一|可能会|可能导致|可致|足以|险些|差点|避免|防止|预防|以防|假设|模拟|情景|设定)"
    r"|(?P<unlike>相比之下|相比|例如|比如|类似的|堪比|对比)"
    r"|(?P<refute>(?:系|属|为|是)(?:谣言|不实|误传|虚假|误报|假的|假消息|谣传|造谣|旧闻)|(?:传言|消息|内容|说法|情况|信息)不实|不属实|子虚乌有|纯属(?:虚构|谣言|造谣))"
    r"|(?P<deny>辟谣|谣言|谣传|造谣|误传)"
    r"|(?P<not>并非|并没有)"
    r"|(?P<rumour>网传|传言|传闻|疯传|流传|有传|网帖|有人称|有网[民友]|网[民友](?:在|发布|称)|编造|散布|捏造|杜撰|此前通报|早前通报)"
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
    " 中毒 送医 医院 住院 入院 病危 命危 危重 重症 垂危 生命 人命 聚集 集聚 聚众 围堵 堵路 堵门 堵塞 上访 讨薪 维权 斗 殴 打群架 示威 游行 静坐 罢"
    " 集会 闹事 横幅 打砸 冲击 参与 生还 伤情"
)
_HINTS = tuple(_HINT_WORDS.split())
DENIAL = re.compile("谣|误传|误报|不实|不属实|虚假|子虚乌有|虚构")


def hinted(text: str) -> bool:
    return any(hint in text for hint in _HINTS)


@dataclass(slots=True)
class Token:
    """A piece of a sentence: `kind` is a quantity of HARMS, number, comma, or a cue named as its group in TOKEN.

    A number has low, high and the unit it counts (None: a bare figure; "": the noun behind it is the unit; a harm of one
    character has the unit "bare"). `gave` are the numbers a harm has taken.
    """

    kind: str
    start: int
    end: int
    low: int = 0
    high: int | None = None
    unit: str | None = None
    suspect: bool = False
    used: bool = False
    gave: list[Token] = field(default_factory=list)


def cut(text: str, start: int, end: int, year: int, month: int) -> Iterator[Token]:
    """The tokens of text[start:end], posted in that year and month (Asia/Shanghai), in order."""
    for m in TOKEN.finditer(text, start, end):
        kind = m.lastgroup or ""
        token = Token(kind, m.start(), m.end())
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


def _number(token: Token, m: re.Match[str]) -> Iterator[Token]:
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
    if token.unit in ("", "男", "女") and token.low > 99:
        token.unit = None  # 被骗120万男子: without 人 or 名 only a small number counts the noun behind it
    yield token


def _lives(token: Token, m: re.Match[str]) -> Iterator[Token]:
    """夺走11条生命 is number and harm in one: a harm that has already taken its number."""
    value = quantity(m["lost"])
    if value:
        number = Token("number", m.start(), m.end(), *value, unit="人")
        yield replace(token, kind="deaths", gave=[number])
