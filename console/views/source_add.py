"""新增信源: an address in, what can be read of it and its first posts out, saved for approval; and its selectors tried."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.models import Source
from config import clock
from config.clock import real_now
from console.forms import SourceForm, refuse
from console.permissions import Request, needs
from crawlers import errands
from crawlers.addresses import AddressRefused, check_url
from crawlers.models import Errand
from flow import source_acts
from sla.engine import Unmet


class AddressForm(forms.Form):
    url = forms.CharField(
        label="网址", max_length=1000,
        widget=forms.TextInput(attrs={"autofocus": True, "inputmode": "url", "autocomplete": "off", "placeholder": "例如 www.example.gov.cn/xwzx/"}),
        help_text="网站的新闻栏目、首页、订阅源（RSS）或网站地图的地址都可以",
    )  # fmt: skip

    def clean_url(self) -> str:
        """With a scheme; what its name resolves to is checked by whoever reads it."""
        url = "".join(self.cleaned_data["url"].split())
        url = url if "://" in url else f"https://{url}"
        try:
            check_url(url, allow_private=settings.ALLOW_PRIVATE_SOURCES)
        except AddressRefused as e:
            raise forms.ValidationError(str(e)) from e
        return url


class FoundForm(SourceForm):
    """What the person adds to what was found: which way to read it, and the assessment."""

    way = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    class Meta(SourceForm.Meta):
        fields = [name for name in SourceForm.Meta.fields if name != "url"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["url"]
        self.fields["name"].required = False
        self.fields["name"].help_text = "留空则用网站自己的名称"


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """The address. Looking at it is an errand; this page only sends it."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            errand = errands.send(Errand.Kind.PROBE, {"url": form.cleaned_data["url"]}, request.user.get_username(), clock.now())
            return redirect("source_found", errand.pk)
        except errands.TooMany as e:
            form.add_error(None, str(e))
    return render(request, "console/source_add.html", {"form": form}, status=400 if form.errors else 200)


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def found(request: Request, errand_id: int) -> HttpResponse:
    """What was found, as it comes; and the form that saves it."""
    errand = own(request, errand_id)
    if errand.source_id:
        return redirect("source_rules", errand.source_id)
    form = FoundForm(request.POST or None, initial=_guessed(errand))
    if request.method == "POST" and form.is_valid():
        saved = _save(request, errand, form)
        if saved:
            messages.success(request, f"已添加：{saved.name}。批准后开始读取（提出人不能自己批准）")
            return redirect("source", saved.pk)
    context = {"errand": errand, "form": form, "ways": errand.found.get("ways", []), "picked": _picked(request, errand)}
    return render(request, "console/source_found.html", context, status=400 if form.errors else 200)


@needs("manage_sources")
@require_safe
def live(request: Request, errand_id: int) -> HttpResponse:
    """The part that changes while the errand is under way."""
    errands.forget(real_now())
    errand = own(request, errand_id)
    context = {"errand": errand, "ways": errand.found.get("ways", []), "picked": _picked(request, errand)}
    return render(request, "console/parts/source_found.html", context)


@needs("manage_sources")
@require_POST
def act(request: Request, errand_id: int) -> HttpResponse:
    """stop; again; or look at the posts of another way."""
    errand, wanted = own(request, errand_id), request.POST.get("act", "")
    if wanted == "stop":
        errands.stop(errand)
        return redirect("source_found", errand.pk)
    ask: dict[str, Any] = dict(errand.ask)
    if wanted.startswith("way-"):
        way = _way(errand, wanted.removeprefix("way-"))
        if way is None:
            raise Http404("没有这种读取方式")
        ask = {"way": way, "ways": errand.found["ways"], "title": errand.found.get("title", "")}
    try:
        following = errands.send(Errand.Kind.PROBE, ask, request.user.get_username(), clock.now())
    except errands.TooMany as e:
        messages.error(request, str(e))
        return redirect("source_found", errand.pk)
    return redirect("source_found", following.pk)


def own(request: Request, errand_id: int) -> Errand:
    """The person's own errand; a page about somebody else's is none of theirs."""
    errand = Errand.objects.filter(pk=errand_id, kind=Errand.Kind.PROBE, by=request.user.get_username()).first()
    if errand is None:
        raise Http404("没有这次查看，或它是别人发起的")
    return errand


def _save(request: Request, errand: Errand, form: FoundForm) -> Source | None:
    """The chosen way as a source that waits for approval; None when the form must be shown again."""
    way = _way(errand, str(_picked(request, errand)))
    if way is None:
        form.add_error(None, "还没有看到可以读取的内容，请等查看结束，或换一个网址")
        return None
    known = Source.objects.filter(url=way["url"]).first()
    if known:
        form.add_error(None, f"信源“{known.name}”已使用这个地址")
        return None
    source = form.save(commit=False)
    source.name = source.name or errand.found.get("title") or way["url"][:100]
    if Source.objects.filter(name=source.name).exists():
        form.add_error("name", f"已有信源叫“{source.name}”，请另取名称")
        return None
    source.kind, source.url, source.options = way["kind"], way["url"], way["options"]
    source.interval_s = form.cleaned_data["interval_min"] * 60
    try:
        source_acts.add(source, request.user, clock.now())
    except Unmet as e:
        refuse(form, e)
        return None
    return source


def _guessed(errand: Errand) -> dict[str, Any]:
    """An address of the government speaks for an authority; the person may say otherwise."""
    host = (errand.ask.get("url") or errand.ask["way"]["url"]).split("/")[2].split(":")[0]
    return {"outlet": Source.Outlet.AUTHORITY if host.endswith(".gov.cn") else Source.Outlet.MEDIA}


def _picked(request: Request, errand: Errand) -> int:
    said = request.POST.get("way", "")
    return int(said) if said.isascii() and said.isdigit() else int(errand.found.get("shown", 0))


def _way(errand: Errand, number: str) -> dict[str, Any] | None:
    ways: list[dict[str, Any]] = errand.found.get("ways", [])
    return ways[int(number)] if number.isascii() and number.isdigit() and int(number) < len(ways) else None
