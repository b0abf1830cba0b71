"""规则测试: selectors edited and tried on the fetched page before they are kept; what they were stays in the audit trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.models import Source
from config import clock
from config.clock import real_now
from console.permissions import Request, needs
from console.views.source_add import own
from crawlers import errands, trial
from crawlers.models import Errand
from crawlers.siterules import LIST, MOST_PAGES, SITEMAP, SiteRules
from flow import source_acts
from flow.models import AuditEntry
from sla.engine import Unmet

HISTORY = 20
LIST_FIELDS, ARTICLE_FIELDS = ("items", "link", "title", "time", "next"), ("body", "title", "published", "source", "author", "drop")


def _rule(label: str, hint: str = "", **attrs: str) -> forms.CharField:
    shown = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "rule", **attrs})
    return forms.CharField(label=label, required=False, max_length=300, help_text=hint, widget=shown)


class RulesForm(forms.Form):
    """SiteRules as a person edits them; a field is named as trial and siterules name it in errors."""

    reads = forms.ChoiceField(label="从哪里发现新文章", choices=[(LIST, "列表页"), (SITEMAP, "网站地图")])
    items = _rule("每一条", "命中列表里的每一条，例如 ul.news-list li", placeholder="ul.news-list li")
    link = _rule("链接", "留空取条内第一个链接", placeholder="a::attr(href)")
    title = _rule("标题", "留空取链接的标题或文字", placeholder="a::attr(title)")
    time = _rule("时间", "留空取条内第一个日期", placeholder="span::text")
    next = _rule("下一页", "留空不翻页", placeholder='//a[.="下一页"]')
    pages = forms.IntegerField(label="最多翻几页", min_value=1, max_value=MOST_PAGES, initial=1)
    only = _rule("只读这样的地址", "* 代表任意字符，例如 */202*/t*.html；留空都读")
    whole = forms.BooleanField(label="读取正文", required=False, initial=True, help_text="不勾选则只收录标题和链接")
    article_body = _rule("正文", "留空由系统自动提取；填了正文，下面各项才起作用。文章规则只用 CSS", placeholder="div.article-content")
    article_title = _rule("文章标题", placeholder="h1")
    article_published = _rule("发布时间", placeholder=".info .time")
    article_source = _rule("来源", placeholder=".info .source")
    article_author = _rule("作者")
    article_drop = _rule("正文里去掉", "例如 .related, .editor")

    @classmethod
    def of(cls, options: dict[str, Any], data: Any = None) -> RulesForm:
        rules = SiteRules.of(options)
        initial: dict[str, Any] = {"reads": rules.reads, "only": rules.only, "whole": rules.whole, **vars(rules.list)}
        initial |= {f"article_{name}": rules.article.get(name, "") for name in ARTICLE_FIELDS}
        return cls(data, initial=initial)

    def options(self) -> dict[str, Any]:
        """As Source.options holds them."""
        data = self.cleaned_data
        stored = {
            "reads": data["reads"],
            "list": {name: data[name].strip() for name in LIST_FIELDS if data[name].strip()} | {"pages": data["pages"]},
            "article": {name: said for name in ARTICLE_FIELDS if (said := data[f"article_{name}"].strip())},
            "only": data["only"].strip(),
            "whole": data["whole"],
        }
        return SiteRules.of(stored).stored()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("reads") == LIST and not (data.get("items") or "").strip():
            self.add_error("items", "请填命中每一条的选择器")
        if not (data.get("article_body") or "").strip() and any((data.get(f"article_{n}") or "").strip() for n in ARTICLE_FIELDS[1:]):
            self.add_error("article_body", "填了文章的其他规则，也要填正文")
        return data


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def of_source(request: Request, source_id: int) -> HttpResponse:
    """The rules of an existing site: tried on its page as fetched by the newest errand, kept with their history."""
    source = _site(source_id)
    errand = _newest(request, source)
    form = RulesForm.of(source.options, request.POST or None)
    if request.method == "POST" and form.is_valid() and _keeps(form, errand):
        kept = {k: v for k, v in source.options.items() if k not in ("reads", "list", "article", "only", "whole")}
        try:
            asked = source_acts.change(source_id, {"options": kept | form.options()}, request.user, clock.now())
            messages.success(request, f"规则已保存。{asked}，须重新批准后再读" if asked else "规则已保存，下次读取起使用")
            return redirect("source_rules", source_id)
        except Unmet as e:
            form.add_error(None, str(e))
    return _page(request, form, errand, source)


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def of_errand(request: Request, errand_id: int) -> HttpResponse:
    """The rules of a site that is just being added: kept, its posts are looked at anew."""
    errand = own(request, errand_id)
    if errand.source_id:
        return redirect("source_rules", errand.source_id)
    ways = errand.found.get("ways", [])
    number = request.GET.get("way", "") or str(errand.found.get("shown", 0))
    if not (number.isascii() and number.isdigit() and int(number) < len(ways)) or ways[int(number)]["kind"] != Source.Kind.SITE:
        raise Http404("没有这种读取方式，或它不用选择器")
    way = ways[int(number)]
    form = RulesForm.of(way["options"], request.POST or None)
    if request.method == "POST" and form.is_valid() and _keeps(form, errand):
        changed = way | {"options": form.options(), "label": f"新闻列表：{form.cleaned_data['items']}"[:200]}
        ways = [changed if i == int(number) else w for i, w in enumerate(ways)]
        try:
            ask = {"way": changed, "ways": ways, "title": errand.found.get("title", "")}
            following = errands.send(Errand.Kind.PROBE, ask, request.user.get_username(), clock.now())
            return redirect("source_found", following.pk)
        except errands.TooMany as e:
            form.add_error(None, str(e))
    return _page(request, form, errand, None)


@needs("manage_sources")
@require_POST
def fetch(request: Request, source_id: int) -> HttpResponse:
    """Have the site's page fetched, to try rules on."""
    source = _site(source_id)
    way = {"kind": source.kind, "url": source.url, "options": source.options, "label": source.name}
    try:
        ask = {"way": way, "title": source.name}
        errands.send(Errand.Kind.PROBE, ask, request.user.get_username(), clock.now(), source)
    except errands.TooMany as e:
        messages.error(request, str(e))
    return redirect("source_rules", source_id)


@needs("manage_sources")
@require_safe
def live(request: Request, errand_id: int) -> HttpResponse:
    """Whether the page is there; when it is, the whole page is loaded anew."""
    errands.forget(real_now())
    errand = own(request, errand_id)
    answer = render(request, "console/parts/rules_page.html", {"errand": errand, "source": errand.source})
    if errand.over:
        answer["HX-Refresh"] = "true"
    return answer


@needs("manage_sources")
@require_POST
def tried(request: Request, errand_id: int) -> HttpResponse:
    """What the rules as they stand in the form find on the fetched page. Nothing is kept."""
    errand = own(request, errand_id)
    form = RulesForm(request.POST)
    context: dict[str, Any] = {"form": form, "errand": errand}
    if form.is_valid():
        try:
            context |= {"found": trial.tried(form.options(), errand.pages)}
        except trial.TooSlow as e:
            context["error"] = str(e)
        _put(form, context.get("found", {}))
    return render(request, "console/parts/rules_trial.html", context)


def _page(request: Request, form: RulesForm, errand: Errand | None, source: Source | None) -> HttpResponse:
    history = AuditEntry.objects.filter(subject=f"source:{source.pk}", action="source.changed").order_by("-at", "-id") if source else ()
    rows = [(entry, *changes["options"]) for entry in history[:HISTORY] if "options" in (changes := entry.data.get("changes", {}))]
    context = {"form": form, "errand": errand, "source": source, "history": rows}
    return render(request, "console/source_rules.html", context, status=400 if form.errors else 200)


def _keeps(form: RulesForm, errand: Errand | None) -> bool:
    """Whether the rules can be understood and, where a page was fetched, end in time and find something on it."""
    try:
        found = trial.tried(form.options(), errand.pages if errand else {})
    except trial.TooSlow as e:
        form.add_error(None, str(e))
        return False
    _put(form, found)
    if form.cleaned_data.get("reads") == LIST and errand and errand.pages.get("list") and not form.errors and not found.get("count"):
        form.add_error("items", "在取到的列表页上没有命中任何条目，未保存")
    return not form.errors


def _put(form: RulesForm, found: dict[str, Any]) -> None:
    """Each wrong selector beside its field."""
    for wrong in found.get("wrong", []):
        form.add_error(wrong["field"] if wrong["field"] in form.fields else None, wrong["said"])


def _site(source_id: int) -> Source:
    source = get_object_or_404(Source, pk=source_id)
    if source.kind != Source.Kind.SITE:
        raise Http404("只有新闻网站用选择器读取")
    return source


def _newest(request: Request, source: Source) -> Errand | None:
    mine = Errand.objects.filter(kind=Errand.Kind.PROBE, source=source, by=request.user.get_username())
    return mine.order_by("-id").first()
