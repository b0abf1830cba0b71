"""渠道: which are on, what they lack, how their last messages went; set and tried by the head of the centre."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from alerts.channel_policy import Entry, Variable, entries_of
from alerts.models import Attempt, ChannelSetting, ChannelTest, Delivery
from alerts.rendering import CHANNEL_NAMES
from config import clock
from config.door import ConfigError
from console.permissions import Request, needs, signed_in
from console.policy import policy
from flow import audit
from flow.slack_socket import BY as SOCKET
from flow.trials import trial
from sla.engine import Unmet

DAY = timedelta(hours=24)
STANDINGS = {"on": "启用", "failing": "启用，最近一条未成功", "missing": "缺少设置", "saved_off": "已停用", "file_off": "策略文件停用", "wrong": "设置有误"}


@dataclass(frozen=True)
class Line:
    """One variable as the page shows it: a secret only as present or not."""

    variable: Variable
    name: str
    present: bool
    value: str


@dataclass(frozen=True)
class Card:
    name: str
    entry: Entry
    standing: str
    trouble: str
    lines: list[Line]
    setting: ChannelSetting | None
    last: Attempt | None  # the newest message
    test: ChannelTest | None
    socket: ChannelTest | None  # Slack's button connection
    counts: dict[str, int]  # state -> deliveries of the last 24 hours
    receipts: dict[str, int]

    @property
    def words(self) -> str:
        return STANDINGS[self.standing]


@never_cache
@signed_in
@require_safe
def listing(request: Request) -> HttpResponse:
    return render(request, "console/channels.html", {"cards": cards(), "on": policy().ladder.channels})


def cards(typed: dict[str, dict[str, str]] | None = None) -> list[Card]:
    """Every channel of the file, in its order; `typed` are values not saved yet."""
    saved = {row.channel: row for row in ChannelSetting.objects.select_related("changed_by")}
    return [_card(e, saved.get(e.name), (typed or {}).get(e.name)) for e in entries_of(settings.POLICY).values()]


def _card(entry: Entry, row: ChannelSetting | None, typed: dict[str, str] | None) -> Card:
    entry = entry.saying(typed if typed is not None else row.values if row else {})
    standing, trouble = _standing(entry, row)
    last = Attempt.objects.filter(delivery__channel=entry.name, ended_at__isnull=False).order_by("-id").first()
    if standing == "on" and last and last.error:
        standing = "failing"
    tests = ChannelTest.objects.filter(channel=entry.name).order_by("-id")
    since = Delivery.objects.filter(channel=entry.name, created_at__gt=clock.now() - DAY)
    return Card(
        name=entry.name, entry=entry, standing=standing, trouble=trouble, lines=_lines(entry), setting=row,
        last=last,
        test=tests.exclude(by=SOCKET).first(), socket=tests.filter(by=SOCKET).first(),
        counts=dict(since.values_list("state").annotate(n=Count("id")).order_by()),
        receipts=dict(since.values_list("receipt").annotate(n=Count("id")).order_by("receipt")),
    )  # fmt: skip


def _standing(entry: Entry, row: ChannelSetting | None) -> tuple[str, str]:
    if not entry.enabled:
        return "file_off", "escalation.toml 中 enabled = false"
    if row and not row.enabled:
        return "saved_off", ""
    try:
        return ("on", "") if entry.settings() else ("missing", "缺少环境变量：" + "、".join(entry.missing()))
    except ConfigError as e:
        return "wrong", f"{e.key}：{_hint(e)}"


def _hint(e: ConfigError) -> str:
    return "缺少" if e.hint.startswith("missing") else "格式不对"


def _lines(entry: Entry) -> list[Line]:
    found = []
    for variable in entry.kinds:
        value = entry.variables.get(variable.key) or ""
        shown = "" if variable.hidden else value
        found.append(Line(variable, entry.variables.names[variable.key], bool(value), shown))
    return found


@needs("manage_channels")
@require_POST
def change(request: Request, name: str) -> HttpResponse:
    """Try what is typed, or save it; the button says which."""
    entry = entries_of(settings.POLICY).get(name)
    if entry is None:
        raise Http404
    typed = {v.key: request.POST.get(v.key, "").strip() for v in entry.kinds if v.settable}
    enabled = request.POST.get("enabled") == "1"
    try:
        if request.POST.get("act") == "test":
            _try(request, entry.saying(typed))
        else:
            _save(request, entry.saying(typed), enabled)
            return redirect("channels")
    except Unmet as e:
        messages.error(request, f"{CHANNEL_NAMES[name]}：{e}")
    # What was typed stays in its fields until it is saved.
    return render(request, "console/channels.html", {"cards": cards({name: typed}), "open": name, "on": policy().ladder.channels})


def _checked(entry: Entry) -> Any:
    try:
        found = entry.settings()
    except ConfigError as e:
        raise Unmet(f"{e.key} {_hint(e)}", "values") from None
    if found is None:
        raise Unmet("缺少环境变量：" + "、".join(entry.missing()), "values")
    return found


def _try(request: Request, entry: Entry) -> None:
    row = trial(_checked(entry), request.POST.get("test_to", ""), request.user.get_username())
    audit.record(row.by, "channel.tested", f"channel:{entry.name}", clock.now(), ok=row.ok)
    said = f"{CHANNEL_NAMES[entry.name]} 测试"
    if row.ok:
        messages.success(request, f"{said}：{row.words}（发往 {row.address}）")
    else:
        messages.error(request, f"{said}未成功：{row.words}")


def _save(request: Request, entry: Entry, enabled: bool) -> None:
    if enabled:
        _checked(entry)
    now = clock.now()
    with transaction.atomic():
        ChannelSetting.objects.update_or_create(
            channel=entry.name,
            defaults={
                "enabled": enabled, "values": dict(entry.variables.saved), "changed_at": clock.real_now(),
                "changed_by": request.user,
            },
        )  # fmt: skip
        act = "channel.saved" if enabled else "channel.off"
        audit.record(request.user.get_username(), act, f"channel:{entry.name}", now, keys=sorted(entry.variables.saved))
    policy.cache_clear()
    done = "已保存，数秒内生效" if enabled else "已停用，数秒内生效；等待中的消息将注明暂扣"
    messages.success(request, f"{CHANNEL_NAMES[entry.name]}：{done}")
