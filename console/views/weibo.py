"""A Weibo source: added, authorised by the account's holder, its settings and what it has used today."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.models import Source
from config import clock
from console import adding, weibo
from console.middleware import POLICY
from console.permissions import Request, needs, signed_in
from console.weibo_forms import NewWeiboForm, WeiboOptionsForm
from crawlers.weibo import grants, oauth
from crawlers.weibo.app import api_base, app_of
from flow import audit, source_acts
from sla.engine import Unmet

ASKED = "weibo_authorising"  # in the session: who was sent to Weibo, for which source, with which state
ASKED_FOR = timedelta(minutes=10)


def _source(source_id: int) -> Source:
    return get_object_or_404(Source, pk=source_id, kind__in=weibo.KINDS)


@never_cache
@signed_in
@require_safe
def account(request: Request, source_id: int) -> HttpResponse:
    return _page(request, _source(source_id))


def _page(request: Request, source: Source, form: WeiboOptionsForm | None = None) -> HttpResponse:
    context = weibo.facts(source, clock.now()) | {"form": form or WeiboOptionsForm.of(source)}
    response = render(request, "console/weibo.html", context, status=400 if form is not None else 200)
    # The one form that leads elsewhere: browsers hold a form's redirects against this rule too.
    response.headers["Content-Security-Policy"] = POLICY.replace("form-action 'self'", f"form-action 'self' {api_base()}")
    return response


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    said = "，已提请批准；授权、填好设置并经另一人批准后开始读取"
    return adding.add(request, NewWeiboForm(request.POST or None), "console/weibo_new.html", "weibo", said)


@needs("manage_sources")
@require_POST
def options(request: Request, source_id: int) -> HttpResponse:
    """Budget, queries, accounts, subscription: what an approval covers, so a change asks again."""
    source = _source(source_id)
    form = WeiboOptionsForm.of(source, request.POST)
    if not form.is_valid():
        return _page(request, source, form)
    try:
        why = source_acts.change(source.pk, {"options": {**source.options, **form.options()}}, request.user, clock.now())
    except Unmet as e:  # its assessment is not complete
        messages.error(request, str(e))
        return redirect("source_edit", source.pk)
    messages.success(request, f"设置已保存。{why}，须重新批准，批准前不读取" if why else "设置已保存")
    return redirect("weibo", source.pk)


@never_cache
@needs("manage_sources")
@require_POST
def authorise(request: Request, source_id: int) -> HttpResponse:
    """Send the person to Weibo, with a state that only their session knows."""
    source = _source(source_id)
    app = app_of(source)
    if app.missing:
        messages.error(request, "缺少环境变量：" + "、".join(app.missing) + "。设置后重新启动服务再授权")
        return redirect("weibo", source.pk)
    state = secrets.token_urlsafe(32)
    request.session[ASKED] = {"state": state, "source": source.pk, "at": clock.real_now().isoformat()}
    return redirect(oauth.authorise_url(app, weibo.redirect_uri(), state))


@never_cache
@needs("manage_sources")
@require_safe
def callback(request: Request) -> HttpResponse:
    """Back from Weibo: the state is checked and used up, the code changed into a token, the token sealed away."""
    asked: dict[str, Any] = request.session.pop(ASKED, None) or {}
    source = Source.objects.filter(pk=asked.get("source") or 0, kind__in=weibo.KINDS).first()
    if source is None or not _expected(asked, request.GET.get("state", "")):
        messages.error(request, "这次授权不是从本页发起的，或已超过 10 分钟：没有保存。请重新点“授权”")
        return redirect("weibo", source.pk) if source else redirect("sources")
    now, code = clock.now(), request.GET.get("code", "")
    if not code:
        messages.error(request, "账号持有人没有同意授权：没有保存")
        return redirect("weibo", source.pk)
    try:
        grant = oauth.exchange(app_of(source), code, weibo.redirect_uri(), now)
    except oauth.NotGranted as e:
        messages.error(request, f"授权没有成功：{e}")
        return redirect("weibo", source.pk)
    with transaction.atomic():
        grants.keep(source, grant, request.user.get_username(), now)
        audit.record(
            request.user.get_username(), "source.authorised", f"source:{source.pk}", now, until=grant.expires_at.isoformat()
        )
    messages.success(request, f"已授权：{source.name}")
    return redirect("weibo", source.pk)


def _expected(asked: dict[str, Any], state: str) -> bool:
    try:
        at = datetime.fromisoformat(asked["at"])
    except (KeyError, TypeError, ValueError):
        return False
    fresh = timedelta() <= clock.real_now() - at <= ASKED_FOR
    return fresh and secrets.compare_digest(str(asked.get("state", "")).encode(), state.encode("utf-8", "replace"))


@needs("manage_sources")
@require_POST
def forget(request: Request, source_id: int) -> HttpResponse:
    """Delete the token here; at Weibo the holder ends it in the account's settings."""
    source = _source(source_id)
    with transaction.atomic():
        grants.forget(source)
        audit.record(request.user.get_username(), "source.authorisation_ended", f"source:{source.pk}", clock.now())
    messages.success(request, "已删除保存的授权；如需在微博一侧也取消，请账号持有人在微博“授权管理”中办理")
    return redirect("weibo", source.pk)
