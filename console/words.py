"""The Chinese words (and shapes) for every code the tables hold. Words used in messages live in alerts/messages.py."""

from __future__ import annotations

from alerts.messages import BASIS, KINDS
from alerts.models import Delivery
from alerts.rendering import CHANNEL_NAMES
from archive.health import REASONS
from archive.models import Source
from flow.roles import ROLES
from flow.telling import TYPES

# The messages' and the roles' own words, handed on so that pages read one table.
__all__ = ["BASIS", "KINDS", "ROLES", "TYPES"]

LEVEL_ROLES = ("duty_officer", "shift_leader", "centre_head", "bureau_leader")

# standing -> (word, shape in icons.svg). Shape and word say the same as the colour does.
STANDINGS = {
    "open": ("进行中", "ring"),
    "near": ("临近截止", "triangle"),
    "missed": ("已超时", "square"),
    "met": ("按时履行", "check"),
    "met_late": ("逾期履行", "check-late"),
    "exempt": ("免予履行", "dash"),
    "paused": ("暂停", "dash"),
    "superseded": ("已更正", "dash"),
}
# grade -> (css name, shape): the warning colours of domain.md §3.2, each with a shape of its own.
GRADE_LOOKS = {
    "特别重大": ("g1", "grade-1"),
    "重大": ("g2", "grade-2"),
    "较大": ("g3", "grade-3"),
    "一般": ("g4", "grade-4"),
}
HEATS = {"red": "热度红", "orange": "热度橙", "yellow": "热度黄", "blue": "热度蓝"}
STANCES = {
    "authority": "官方发布",
    "report": "报道",
    "ask": "询问",
    "complain": "投诉",
    "accuse": "质疑指控",
    "harm": "反映伤亡损害",
    "rumour": "传言",
    "praise": "称赞",
}
SOURCE_STATES = {**dict(Source.State.choices), "unread": "未读取"}
SOURCE_REASONS = {code: reason.word for code, reason in REASONS.items()}
SOURCE_ACTS = {
    "source.added": "新增", "source.changed": "修改设置", "source.asked": "重新提出申请", "source.approved": "批准", "source.refused": "不批准",
    "source.off": "暂停", "source.on": "恢复", "source.read": "立即读取", "source.backfill": "补采", "source.lapsed": "批准失效，停止读取", "source.comments": "改读取留言的文章",
    "source.authorised": "取得授权", "source.authorisation_ended": "删除授权",
}  # fmt: skip
SOURCE_FIELDS = {
    "name": "名称", "url": "地址", "outlet": "主体", "home": "所属地", "interval_s": "间隔（秒）", "purpose": "用途", "legal_basis": "依据",
    "options": "设置", "kind": "类型",
}  # fmt: skip
TIERS = {"direct": "涉警", "incident": "本地案事件", "none": "无关"}
CHANNELS = CHANNEL_NAMES
DELIVERY_STATES = dict(Delivery.State.choices)
RECEIPTS = {
    "L0": "未发出",
    "L1": "渠道已接收",
    "L2": "渠道确认下发",
    "L3": "已送达终端",
    "L4": "本人已确认",
}
GRADING_KINDS = {"proposed": "系统建议", "confirmed": "人工确认", "overridden": "人工改定"}
FACTS = {
    "deaths": ("死亡", "人"),
    "missing": ("失踪", "人"),
    "serious": ("重伤", "人"),
    "light": ("轻伤", "人"),
    "injured": ("受伤（轻重未明）", "人"),
    "endangered": ("受困遇险", "人"),
    "moved": ("转移安置", "人"),
    "participants": ("参与聚集", "人"),
    "hostages": ("被劫持", "人"),
    "poisoned": ("中毒", "人"),
    "suspects": ("嫌疑人死亡", "人"),
    "loss_yuan": ("直接经济损失", "元"),
    "past_deaths": ("以往事件死亡", "人"),
}
FLAGS = {
    "none_hurt": "无人员伤亡",
    "public_place": "公共场所",
    "workplace": "生产经营场所",
    "school": "涉学校",
    "minors": "涉未成年人",
    "officers": "涉民警",
    "weapon": "涉凶器或枪爆",
    "brawl": "聚众斗殴",
    "food": "食品",
    "natural": "自然灾害",
    "many_dead": "称“多人死亡”，数目不明",
    "denied": "有否认",
    "corrected": "有更正",
    "drill": "演练",
    "old": "旧事",
}
