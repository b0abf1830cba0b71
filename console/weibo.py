"""What the page of a Weibo source shows: its authorisation, the calls of today, how far it has read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from archive.models import Measurement, Source
from config.clock import SHANGHAI
from config.settings import secret
from crawlers.models import CallCount, Token
from crawlers.weibo.app import App, app_of
from crawlers.weibo.budget import COMMERCIAL, PER_DAY, day_of
from crawlers.weibo.options import BadOption, read_options
from crawlers.weibo.paging import from_json

KINDS = (Source.Kind.WEIBO, Source.Kind.WEIBO_SEARCH, Source.Kind.WEIBO_PUSH)
USUAL = {Source.Kind.WEIBO: PER_DAY, Source.Kind.WEIBO_SEARCH: COMMERCIAL}
LISTS = {"statuses/mentions": "@我的微博", "comments/mentions": "@我的评论", "comments/to_me": "我收到的评论"}
DAYS = 7


@dataclass(frozen=True)
class Day:
    """Calls of one local day; `share` of the budget in per cent."""

    day: date
    used: int
    share: int


@dataclass(frozen=True)
class Progress:
    """How far one list, query or stream has been read."""

    name: str
    words: str
    open_gaps: int = 0


def redirect_uri() -> str:
    """The address Weibo sends a person back to; it has to be registered there letter by letter."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("weibo_callback")


def facts(source: Source, now: datetime) -> dict[str, Any]:
    """Everything the template needs."""
    app, token = app_of(source), Token.objects.filter(source=source).first()
    budget = budget_of(source)
    days = _days(app, token, budget, now)
    return {
        "source": source, "app": app, "token": token, "standing": standing(app, token, source, now),
        "variables": [(name, bool(secret(name))) for name in (app.key_name, app.secret_name)],
        "redirect_uri": redirect_uri(), "budget": budget, "days": days, "today": days[0] if days else None,
        "progress": list(_progress(source)), "counted": _counted(source, now), "soon": token and token.expires_at - now < timedelta(days=7),
        "needs_token": source.kind == Source.Kind.WEIBO,
    }  # fmt: skip


def standing(app: App, token: Token | None, source: Source, now: datetime) -> tuple[str, str]:
    """(state for the colour, words) of the authorisation."""
    if not app.key:
        return "off", f"缺少环境变量 {app.key_name}，不能授权，也不读取"
    if token is None:
        if source.kind == Source.Kind.WEIBO:
            return "off", "尚未授权，不读取"
        return "alive", "未授权账号，以 AppKey 读取（按合同）"
    if token.refusal:
        return "failing", f"微博已不接受此授权：{token.refusal}"
    if token.expires_at <= now:
        return "failing", "授权已到期"
    return "alive", "已授权"


def budget_of(source: Source) -> int | None:
    """Calls a day; None for the push stream, which is one call that stays open."""
    usual = USUAL.get(Source.Kind(source.kind))
    if usual is None:
        return None
    try:
        return read_options(source.options, budget=usual).budget
    except BadOption:
        return usual


def _days(app: App, token: Token | None, budget: int | None, now: datetime) -> list[Day]:
    if budget is None:
        return []
    today = day_of(now)
    meter = f"{app.key}:{token.uid if token else ''}"
    used = dict(CallCount.objects.filter(meter=meter, day__gt=today - timedelta(days=DAYS)).values_list("day", "used"))
    days = [today - timedelta(days=n) for n in range(DAYS)]
    return [Day(day, used.get(day, 0), min(100, round(100 * used.get(day, 0) / budget))) for day in days]


def _progress(source: Source) -> list[Progress]:
    cursor = source.cursor
    if source.kind == Source.Kind.WEIBO_PUSH:
        since = str(cursor.get("since") or "")
        return [Progress("推送流", f"已收到第 {since} 条记录" if since else "还没有收到记录")]
    found = []
    for name, kept in (cursor.get("streams") or {}).items():
        stream = from_json(kept)
        path, _, uid = name.partition(":")
        label = LISTS.get(name) or (f"提到账号 {uid} 的微博" if uid else path)
        found.append(Progress(label, f"已读到 {stream.top}" if stream.top else "还没有内容", len(stream.gaps)))
    for until in (cursor.get("searched") or {}).values():
        try:
            at = datetime.fromisoformat(until).astimezone(SHANGHAI)
        except (TypeError, ValueError):
            continue
        found.append(Progress("检索词", f"已检索到 {at:%m-%d %H:%M}"))
    return found


def _counted(source: Source, now: datetime) -> int:
    """Posts whose counters were read again in the last day (by whichever source)."""
    return Measurement.objects.filter(at__gt=now - timedelta(days=1), post__platform="weibo").values("post").distinct().count()
