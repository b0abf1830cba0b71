"""The finer reasons of a source's state, in words: what it is, what causes it, what to do next. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    word: str
    cause: str
    step: str


REASONS = {
    "auth_required": Reason(
        "需重新授权", "授权过期、被收回，或站点要求登录", "到该平台重新授权，更新凭据文件后点“立即读取”；要求登录的网页不读取"
    ),
    "no_permission": Reason("无权限", "账号或合同没有此接口的权限", "向平台申请该接口，或停用此信源"),
    "rate_limited": Reason("被限流", "对方返回次数超限，或本日额度用完", "无须处理，到点自动恢复；经常出现就加大读取间隔（须重新批准）"),
    "blocked_by_robots": Reason(
        "robots 不允许", "对方 robots.txt 不许读取此地址，或取不到 robots.txt", "不得绕过；与站点联系取得许可，改用其订阅源，或停用"
    ),
    "not_configured": Reason("未设置完", "检索词、订阅编号等还没有填写", "在该信源的页上填写后保存"),
    "paused_by_owner": Reason("人工暂停", "有人暂停了读取", "查看理由；可以恢复时点“恢复”"),
    "degraded": Reason("数量骤减", "还有信息，但远少于同时段应有的数量", "打开原站核对；改版或漏读时修改规则，确属淡季可不处理"),
    "silent": Reason("静默", "能打开，但久无新信息，已超出其平常规律", "打开原站核对是否停更、改版或换址；期间用其他途径补看"),
    "unapproved": Reason("待批准", "尚未评估批准，或批准后设置、robots.txt 有变", "由有权的人（不是提出人）在信源页上批准"),
    "refused": Reason("不批准", "评估未获批准", "按意见修改后重新提出，或不使用此信源"),
}


def word(code: str) -> str:
    """The reason's name in Chinese; the code itself when an adapter invented one."""
    return REASONS[code].word if code in REASONS else code


def told(code: str, detail: str) -> str:
    """`detail` with its reason before it, as one line."""
    return f"{word(code)}：{detail}" if code and detail else word(code) or detail
