"""What WeChat means by an errcode: one table. Every error comes with HTTP 200 (sources.md §2). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from config.clock import SHANGHAI

AUTH, NO_PERMISSION, LIMITED, DEGRADED = "auth_required", "no_permission", "rate_limited", "degraded"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)  # stands for the next midnight: WeChat counts calls by the day
# The token is no longer, or not yet, the one: fetched anew once, and the call repeated.
STALE = frozenset((40001, 40014, 42001))
NO_API = 48001  # this one interface is not ours to call
# Of one article's comments: no privilege, not there, closed … The other articles are read all the same.
OF_COMMENTS = range(88000, 88011)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NUMBERS = {
    88000: "没有留言权限", 88001: "没有这篇群发文章（msg_data_id 有误或已删除）", 88002: "文章因安全原因不提供留言", 88010: "每次读取条数不符合要求（程序缺陷，请报告）",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that is no data. `wait`: not asked again for so long (None = the usual back-off). Holds no token."""

    number: int
    said: str
    state: str = "failing"
    code: str = ""
    wait: timedelta | None = None

    def retry_at(self, now: datetime) -> datetime | None:
        if self.wait is None:
            return None
        return midnight(now) if self.wait == DAY else now + self.wait


def midnight(now: datetime) -> datetime:
    """When the next day's calls begin."""
    return datetime.combine(now.astimezone(SHANGHAI).date() + timedelta(days=1), time(), SHANGHAI)


_MEANINGS: Mapping[int, tuple[str, str, str, timedelta | None]] = {
    -1: ("微信系统繁忙", "failing", DEGRADED, None),
    **dict.fromkeys(STALE, ("access_token 失效", "failing", AUTH, None)),
    40013: ("AppID 无效，请检查环境变量", "failing", AUTH, HOUR),
    **dict.fromkeys((40125, 41004), ("AppSecret 无效或缺失，请检查环境变量", "failing", AUTH, HOUR)),
    40164: ("本机 IP 不在公众号的 IP 白名单内", "failing", NO_PERMISSION, HOUR),
    **dict.fromkeys((89501, 89503, 89506, 89507), ("此 IP 的调用须由公众号管理员确认", "failing", NO_PERMISSION, HOUR)),
    45009: ("今日调用次数已用完，明日零时继续", "capped", LIMITED, DAY),
    45011: ("调用太频繁，稍后继续", "capped", LIMITED, MINUTE),
    NO_API: ("公众号没有此接口的权限（须为认证账号）", "failing", NO_PERMISSION, HOUR),
    48004: ("接口因违规被封禁，请登录公众号后台查看", "failing", NO_PERMISSION, HOUR),
    50002: ("公众号被限制使用", "failing", NO_PERMISSION, HOUR),
}


def judge(status: int, body: bytes) -> tuple[dict[str, Any], Refusal | None]:
    """(data, None) or ({}, why not). The errcode counts before the HTTP status."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and (number := _number(answer.get("errcode"))):
        return {}, refusal(number, answer.get("errmsg"))
    if status != 200:
        return {}, Refusal(number=0, said=f"HTTP {status}", code=DEGRADED if status >= 500 else "")
    if not isinstance(answer, dict):
        return {}, Refusal(number=0, said="回复不是约定的 JSON")
    return answer, None


def refusal(number: int, errmsg: Any) -> Refusal:
    """One code in words; what it does not know is said as it came."""
    if number in OF_COMMENTS:
        return Refusal(number=number, said=f"{_NUMBERS.get(number, '留言读不到')}（{number}）", code=NO_PERMISSION)
    if number not in _MEANINGS:
        return Refusal(number=number, said=f"微信返回 {number}：{_shown(errmsg)}")
    words, state, code, wait = _MEANINGS[number]
    where = _IP.search(str(errmsg)) if number == 40164 else None
    return Refusal(number=number, said=f"{words}{f' {where[0]}' if where else ''}（{number}）", state=state, code=code, wait=wait)


def _shown(errmsg: Any) -> str:
    """WeChat's words without the request's number (rid: …), which changes each time."""
    return re.sub(r"\s*(?:hints?|rid):.*$", "", str(errmsg or ""), flags=re.S)[:100]


def _number(code: Any) -> int:
    try:
        return 0 if isinstance(code, bool) else int(code)
    except (TypeError, ValueError):
        return 0
