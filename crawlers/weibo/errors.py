"""What Weibo means by an error: one table of codes (sources.md §1.5). Codes come as numbers and as texts. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

AUTH, NO_PERMISSION, LIMITED = "auth_required", "no_permission", "rate_limited"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a code says of the source. `wait`: not asked again for so long (None = the usual back-off)."""

    words: str
    state: str = "failing"
    code: str = ""
    wait: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that is no data: `number` as Weibo gave it (0 = none), `said` for people. Never holds a token."""

    number: int
    said: str
    meaning: Meaning

    def retry_at(self, now: datetime) -> datetime | None:
        """Rate limits are counted by the full hour; everything else waits from now."""
        if self.meaning.wait is None:
            return None
        if self.meaning.code == LIMITED and self.meaning.wait == HOUR:
            return now.replace(minute=0, second=0, microsecond=0) + HOUR
        return now + self.meaning.wait


_PASSING = Meaning(words="微博服务暂时不可用")
_LIMITED = Meaning(words="调用次数超过微博限制", state="capped", code=LIMITED, wait=HOUR)
_NO_LEVEL = Meaning(words="应用没有此接口的权限", code=NO_PERMISSION, wait=DAY)
_BAD_CALL = Meaning(words="请求参数不符合接口要求（程序缺陷，请报告）", wait=HOUR)
_AGAIN = Meaning(words="授权失效，请重新授权", code=AUTH, wait=DAY)
_NO_KEY = Meaning(words="请求没有带应用的 AppKey，请检查环境变量", code=AUTH, wait=DAY)
_NO_POST = Meaning(words="微博不存在")
_HIDDEN = Meaning(words="作者已设为不公开")
CODES: Mapping[int, Meaning] = {
    **dict.fromkeys((10001, 10002, 10003, 10009, 10010, 10011, 10018), _PASSING),
    10004: Meaning(words="本机 IP 不在微博允许的名单内", code=NO_PERMISSION, wait=DAY),
    **dict.fromkeys((10005, 10014), _NO_LEVEL),
    10006: _NO_KEY,
    **dict.fromkeys((10008, 10016, 10017), _BAD_CALL),
    **dict.fromkeys((10022, 10023, 10024), _LIMITED),
    10032: Meaning(words="账号未同意此项权限，请重新授权", code=AUTH, wait=DAY),
    20101: _NO_POST,
    20112: _HIDDEN,
    **dict.fromkeys((21301, 21314, 21315, 21316, 21317, 21327, 21332), _AGAIN),
}
GONE = frozenset((20101, 20112))  # of one post asked for by its number: deleted, or no longer public


def number_of(code: Any) -> int:
    """An error code as a number, however it was written; 0 when it is none."""
    try:
        return 0 if isinstance(code, bool) else int(code)
    except (TypeError, ValueError):
        return 0


def judge(status: int, body: bytes) -> tuple[Any, Refusal | None]:
    """(data, None) or (None, why not). An answer of 200 may hold an error, one of 4xx mostly holds its code."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and "error_code" in answer:
        return None, refusal(answer)
    if status == 429:
        return None, Refusal(number=0, said="HTTP 429：调用过于频繁", meaning=_LIMITED)
    if status in (401, 403):
        # An address list answers without a code: {"error": "Ip is limited"}, or a plain page.
        what = str(answer.get("error", ""))[:100] if isinstance(answer, dict) else ""
        return None, Refusal(number=0, said=f"HTTP {status}：没有权限{what and f'（{what}）'}", meaning=_NO_LEVEL)
    if not 200 <= status < 300:
        return None, Refusal(number=0, said=f"HTTP {status}", meaning=_PASSING)
    if not isinstance(answer, (dict, list)):
        return None, Refusal(number=0, said="回复不是 JSON", meaning=_PASSING)
    return answer, None


def refusal(answer: Mapping[str, Any]) -> Refusal:
    """The error object {"error_code", "error", "request"} in our words."""
    number = number_of(answer.get("error_code"))
    meaning = CODES.get(number) or Meaning(words="微博返回未知错误", wait=HOUR)
    what = str(answer.get("error") or "")[:120]
    return Refusal(number=number, said=f"{meaning.words}（{str(answer.get('error_code'))[:10]}{what and ' ' + what}）", meaning=meaning)
