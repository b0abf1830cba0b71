"""The account's access_token (stable_token): one for all processes, fetched by one of them at a time, kept sealed.

Old and new hold together for five minutes (sources.md §2), so a call under way survives its token's replacement.
Leases and lifetimes run on real time.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from config.clock import SHANGHAI, real_now
from crawlers.adapters.base import Unread
from crawlers.models import AppToken
from crawlers.politeness import in_thread
from crawlers.sealed import Unreadable, seal, unseal
from crawlers.wechat.account import Account
from crawlers.wechat.errors import AUTH

EARLY = timedelta(minutes=5)  # before its end the next one is fetched
LEASE = timedelta(seconds=60)  # longer than a download may take
FORCED_MOST, FORCED_APART = 20, timedelta(seconds=30)  # a day; between two (sources.md §2)
LOOK_S, LOOKS = 0.5, 150  # how often, and how many times, another process's fetch is waited for
PATH = "/cgi-bin/stable_token"
Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Held:
    """The stored token. `lease`: ours to fetch the next one; "" = somebody fetches it, or nobody need."""

    token: str = ""
    lease: str = ""


async def get(account: Account, post: Post, *, refused: str = "") -> str:
    """The token to call with; `refused` is one that WeChat has just called invalid. Raises Unread.

    `post(path, payload)` makes a call without a token and raises Unread for an error.
    """
    for _ in range(LOOKS):
        held = await in_thread(_look, account.appid, refused, real_now())
        if held.token:
            return held.token
        if held.lease:
            return await _fetch(account, post, held.lease, refused)
        await asyncio.sleep(LOOK_S)
    raise Unread("另一进程正在换取 access_token，久未完成", code=AUTH)


async def _fetch(account: Account, post: Post, lease: str, refused: str) -> str:
    try:
        token, expires_in = await _ask(account, post, force=False)
        if token == refused:
            # WeChat still hands out what it calls invalid: ask for another, as often as is allowed.
            if not await in_thread(_may_force, account.appid, real_now()):
                raise Unread("access_token 反复失效，今日强制刷新次数已用完或间隔不足，稍后再试", state="capped", code=AUTH)
            token, expires_in = await _ask(account, post, force=True)
    except BaseException:
        await in_thread(_give_back, account.appid, lease)
        raise
    await in_thread(_keep, account.appid, lease, token, expires_in, real_now())
    return token


async def _ask(account: Account, post: Post, *, force: bool) -> tuple[str, int]:
    answer = await post(
        PATH,
        {"grant_type": "client_credential", "appid": account.appid, "secret": account.appsecret, "force_refresh": force},
    )
    token, lasts = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or isinstance(lasts, bool) or not isinstance(lasts, (int, str)):
        raise Unread("stable_token：回复里没有 access_token", code=AUTH)
    try:
        return token, int(lasts)
    except ValueError:
        raise Unread("stable_token：expires_in 不是数字", code=AUTH) from None


# --- the row ------------------------------------------------------------------------------------------------


def _look(appid: str, refused: str, real: datetime) -> Held:
    row, _ = AppToken.objects.get_or_create(appid=appid)
    token = _unsealed(row)
    if token and token != refused and row.expires_at and row.expires_at - EARLY > real:
        return Held(token=token)
    lease = uuid.uuid4().hex
    free = Q(lease="") | Q(lease_until__lte=real)
    # Whoever looked at an older row than the one that stands gets no lease, and looks again.
    mine = AppToken.objects.filter(free, appid=appid, sealed=row.sealed).update(lease=lease, lease_until=real + LEASE)
    return Held(lease=lease if mine else "")


def _unsealed(row: AppToken) -> str:
    try:
        return unseal(row.sealed) if row.sealed else ""
    except Unreadable:
        return ""  # the installation's key has changed: fetched anew


def _may_force(appid: str, real: datetime) -> bool:
    """Book one forced refresh; False when the day's are used up or the last is too recent."""
    row = AppToken.objects.get(appid=appid)
    day = real.astimezone(SHANGHAI).date()
    used = row.forced if row.forced_at and row.forced_at.astimezone(SHANGHAI).date() == day else 0
    if used >= FORCED_MOST or (row.forced_at and real - row.forced_at < FORCED_APART):
        return False
    return AppToken.objects.filter(appid=appid, forced_at=row.forced_at).update(forced=used + 1, forced_at=real) == 1


def _keep(appid: str, lease: str, token: str, expires_in: int, real: datetime) -> None:
    AppToken.objects.filter(appid=appid, lease=lease).update(
        sealed=seal(token), got_at=real, expires_at=real + timedelta(seconds=expires_in), lease="", lease_until=None
    )


def _give_back(appid: str, lease: str) -> None:
    AppToken.objects.filter(appid=appid, lease=lease).update(lease="", lease_until=None)
