"""公众号接入: an account added, whether its credentials are there, its push address, the articles whose comments are read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts.models import Inbox
from archive.models import Source
from config import clock
from config.door import ConfigError
from config.settings import secret
from console import adding
from console.permissions import Request, needs, signed_in
from console.wechat_forms import CommentsForm, NewWechatForm
from crawlers.models import AppToken
from crawlers.wechat.account import account_of
from flow import audit, pushed

# name, what it is for, whether nothing works without it
VARIABLES = (("APPID", "读取、解密", True), ("APPSECRET", "读取文章和留言", True), ("TOKEN", "接收消息推送", False), ("AES_KEY", "安全模式（建议）", False))


def _source(source_id: int) -> Source:
    return get_object_or_404(Source, pk=source_id, kind=Source.Kind.WECHAT)


@signed_in
@require_safe
def account(request: Request, source_id: int) -> HttpResponse:
    return _page(request, _source(source_id), None)


def _page(request: Request, source: Source, form: CommentsForm | None) -> HttpResponse:
    return render(request, "console/wechat.html", {**_facts(source), "form": form or CommentsForm.of(source)}, status=400 if form else 200)


def _facts(source: Source) -> dict[str, Any]:
    own = account_of(source)
    rows = [(f"{own.prefix}_{name}", words, needed, _is_set(f"{own.prefix}_{name}")) for name, words, needed in VARIABLES]
    ready = {name: present for (name, *_), (*_, present) in zip(VARIABLES, rows, strict=True)}
    token = AppToken.objects.filter(appid=own.appid).first() if ready["APPID"] else None
    got = Inbox.objects.filter(source=pushed.SOURCE, external_id__startswith=f"{source.pk}:", outcome__startswith="来信")
    return {
        "source": source, "variables": rows, "ready": ready["APPID"] and ready["APPSECRET"], "push": ready["TOKEN"],
        "safe": ready["AES_KEY"], "token": token, "last_message": got.order_by("-at").first(), "messages_total": got.count(),
        "callback": settings.PUBLIC_URL.rstrip("/") + reverse("callback_wechat", args=[source.pk]),
    }  # fmt: skip


def _is_set(name: str) -> bool:
    try:
        return bool(secret(name))
    except ConfigError:
        return False  # a *_FILE that cannot be read


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    return adding.add(request, NewWechatForm(request.POST or None), "console/wechat_new.html", "wechat")


@needs("manage_sources")
@require_POST
def comments(request: Request, source_id: int) -> HttpResponse:
    """Whose comments are read from now on: no new approval, for it reaches no further than our own articles."""
    source = _source(source_id)
    form = CommentsForm(request.POST)
    if not form.is_valid():
        return _page(request, source, form)
    asked = form.cleaned_data["comments"]
    with transaction.atomic():
        row = Source.objects.select_for_update().get(pk=source.pk)
        if row.options.get("comments", []) != asked:
            Source.objects.filter(pk=row.pk).update(options={**row.options, "comments": asked})
            audit.record(request.user.get_username(), "source.comments", f"source:{row.pk}", clock.now(), articles=len(asked))
    messages.success(request, f"已保存：读取 {len(asked)} 篇文章的留言")
    return redirect("wechat", source.pk)
