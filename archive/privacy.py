"""What is never stored as read: who wrote it, phone numbers, ID numbers, exact follower counts. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re

# \d also matches full-width digits. Mobile numbers and ID numbers only: a land line is mostly an office's, and part
# of the news. An amount ("13800000000元") is no phone number.
_MOBILE = re.compile(
    r"(?<![\d.])(?:(?:\+|00)?86[-\s]?)?([1１][3-9３-９]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d|\s*[元亿万人美])"
)
_ID_CARD = re.compile(
    r"(?<!\d)([1-8１-８]\d{5})(?:[12１２][09０９]\d{2})(?:[0０]\d|[1１][012０１２])(?:[0-3０-３]\d)\d{3}[\dXxＸｘ](?!\d)"
)
_MANY_DIGITS = re.compile(r"\d{4}")
_OLD_ID_CARD = re.compile(r"(身份证\D{0,8})([1-8１-８]\d{5})\d{9}(?!\d)")

BANDS = ((1_000, "<1k"), (10_000, "1k-10k"), (100_000, "10k-100k"), (1_000_000, "100k-1m"))


def mask(text: str) -> str:
    """The text with mobile numbers as 138****5678 and ID numbers cut after the six digits of the region."""
    if not _MANY_DIGITS.search(text):
        return text
    text = _ID_CARD.sub(r"\1************", text)
    text = _OLD_ID_CARD.sub(r"\1\2*********", text)
    return _MOBILE.sub(r"\1****\3", text)


def pseudonym(name: str, key: str) -> str:
    """32 hex digits that stand for one author under one key; "" for nobody. The name itself is not kept."""
    name = name.strip()
    if not name:
        return ""
    return hmac.new(key.encode(), name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def follower_band(followers: int | None) -> str:
    if followers is None:
        return ""
    return next((name for limit, name in BANDS if followers < limit), "1m+")


# --- letters: what a person writes to the bureau alone names the writer, too -------------------------------------

SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊"
    "纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭"
    "洪包诸左石崔吉龚程嵇邢滑裴陆荣翁荀羊甄曲家封储靳段富巫焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束"
    "龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍桑桂濮牛寿通边扈燕冀郏浦尚"
    "农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚"
    "那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公闫肖覃仝付代佟"
)
_LAND_LINE = re.compile(
    r"(?<![\d.\-])(0\d{2,3}[-－\s]?)[2-8]\d{2,3}(\d{4})(?!\d)|((?:电话|座机|号码|联系方式)[是为：:\s]{0,3})[2-8]\d{2,3}(\d{4})(?!\d)"
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_CARD = re.compile(r"(?<![\d.])\d{4}[-\s]?\d{4}[-\s]?\d{4}[-\s]?\d{4}(?:[-\s]?\d{1,3})?(?![\d.])")
# "我叫王小明，", "联系人：王小明": a cue, a surname, one or two more characters, and then an end. "我是" alone names trades
# more often than people, so it wants the full three characters.
_NAMED = re.compile(
    r"((?:我叫|我的名字叫|姓名|联系人|来信人|投诉人|举报人|反映人|申请人|当事人|署名|此致)[是为：:\s]{0,3}|我是(?=[一-鿿]{3}(?:[，,。；;、！!\s（(]|$)))"
    r"([一-鿿])([一-鿿]{1,2})(?=[，,。；;、！!\s（(）)]|$|电话|手机|身份证|住)"
)
_NO_NAMES = frozenset(("高中生", "应届生", "常住户", "管理员", "连锁店", "公务员", "经营者", "房产证", "钱", "成年人", "都不是"))


def mask_name(name: str) -> str:
    """张三 as 张*; a nickname or a firm's name is cut to its first character as well. "" for nobody."""
    name = name.strip()
    return name[:1] + "*" * min(len(name) - 1, 2) if name else ""


def mask_letter(text: str, writer: str = "") -> str:
    """`mask`, and in a letter also land lines, bank cards, e-mail addresses, the writer's name and who names himself.

    Names of others stay: whom a letter is about must be known to answer it.
    """
    text = _MAIL.sub("***@***", mask(text))
    text = _CARD.sub(lambda m: m[0][:4] + "************", text)
    text = _LAND_LINE.sub(lambda m: f"{m[1] or m[3]}****{m[2] or m[4]}", text)
    if len(writer.strip()) >= 2:
        text = text.replace(writer.strip(), mask_name(writer))
    return _NAMED.sub(_masked_name, text)


def _masked_name(m: re.Match[str]) -> str:
    if m[2] not in SURNAMES or m[2] + m[3] in _NO_NAMES:
        return m[0]
    return m[1] + mask_name(m[2] + m[3])
