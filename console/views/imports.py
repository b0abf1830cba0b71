"""导入: a file is uploaded, shown as it would be stored, tried, taken in, and taken back; templates; vendors' own ways."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.models import Source
from config import clock
from config.clock import real_now
from console import adding
from console.import_forms import (
    DEFAULTABLE,
    FIELDS,
    HandoverForm,
    TemplateForm,
    UploadForm,
    decided,
    template_choices,
)
from console.permissions import Request, may, needs
from crawlers import batches, inbound, templates
from crawlers.models import ImportBatch, MappingTemplate
from crawlers.tables import Unreadable
from flow import audit
from flow.exporting import defused
from flow.locks import running_pid

PER_PAGE = 30
SHOWN_REFUSED = 50
State = ImportBatch.State


@needs("import_files")
@require_http_methods(["GET", "POST"])
def imports(request: Request) -> HttpResponse:
    """The history of what was taken in, and a new file to begin with."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, now = form.cleaned_data["file"], clock.now()
        try:
            batch = batches.upload(file.name, file.chunks(), request.user.get_username(), now)
            batches.decide(batch, {}, {}, form.cleaned_data["template"])
        except Unreadable as e:
            form.add_error("file", str(e))
        else:
            _audit(request, "import.uploaded", batch, now, sha256=batch.sha256)
            return redirect("import", batch.pk)
    rows = ImportBatch.objects.select_related("source").order_by("-at", "-id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    vendors = Source.objects.filter(kind__in=[Source.Kind.WEBHOOK, Source.Kind.FOLDER]).order_by("name")
    context = {"form": form, "page": page, "vendors": [_vendor(request, s) for s in vendors], "query": ""}
    return render(request, "console/imports.html", context, status=400 if form.errors else 200)


def _vendor(request: Request, source: Source) -> dict[str, Any]:
    slug = source.options.get("slug", "")
    return {
        "source": source,
        "address": request.build_absolute_uri(f"/inbound/{slug}/") if slug else source.options.get("path", ""),
        "variable": inbound.variable(slug) if slug else "",
        "keys": len(inbound.keys_of(slug)) if slug else None,
        "mapping": source.options.get("mapping", ""),
    }


@needs("import_files")
@require_http_methods(["GET", "POST"])
def one(request: Request, batch_id: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch.objects.select_related("source"), pk=batch_id)
    if request.method == "POST":
        return _act(request, batch)
    return _page(request, batch)


def _page(request: Request, batch: ImportBatch, refused: str = "") -> HttpResponse:
    context = {**_standing(batch), "refused": refused, "may_undo": may(request.user, "undo_import")}
    if batch.state == State.UPLOADED:
        try:
            context |= _preview(batch)
        except Unreadable as e:
            context["unreadable"] = str(e)
    return render(request, "console/import.html", context, status=400 if refused else 200)


def _preview(batch: ImportBatch) -> dict[str, Any]:
    shown = batches.preview(batch, clock.now())
    template = batches.template_of(batch)
    return {
        "preview": shown,
        "columns": list(enumerate(shown.columns)),
        "unknown": sum(column.why == "unknown" for column in shown.columns),
        "fields": list(FIELDS.items()),
        "defaults": [(field, words, template.defaults.get(field, "")) for field, words in DEFAULTABLE.items()],
        "templates": template_choices(),
    }


def _standing(batch: ImportBatch) -> dict[str, Any]:
    trial = batch.report.get("trial")
    done = batch.report.get("checked", 0) if batch.state == State.CHECKING else batch.rows
    lasted = ((batch.ended_at or real_now()) - batch.started_at).total_seconds() if batch.started_at else 0.0
    return {
        "batch": batch,
        "trial": trial,
        "done_rows": done,
        "of_rows": trial["rows"] if trial else None,
        "per_second": round(batch.rows / lasted) if lasted > 1 and batch.rows else None,
        "working": batch.state in batches.TO_DO,
        "engine": running_pid() is not None,
        "rejected": batch.rejected.order_by("row", "id")[:SHOWN_REFUSED] if batch.refused else (),
    }


@needs("import_files")
@require_safe
def live(request: Request, batch_id: int) -> HttpResponse:
    """The progress alone, asked for each second while the batch is at work; then the whole page is loaded anew."""
    batch = get_object_or_404(ImportBatch.objects.select_related("source"), pk=batch_id)
    context = _standing(batch)
    answer = render(request, "console/parts/import_progress.html", context)
    if not context["working"]:
        answer["HX-Refresh"] = "true"
    return answer


def _act(request: Request, batch: ImportBatch) -> HttpResponse:
    act, now = request.POST.get("act", ""), clock.now()
    if act == "undo":
        return _undo(request, batch, now)
    if act == "retry":
        if batches.ask(batch.pk, State.WAITING, [State.FAILED], error=""):
            _audit(request, "import.started", batch, now)
        return redirect("import", batch.pk)
    if batch.state != State.UPLOADED:
        return redirect("import", batch.pk)  # somebody was faster
    if act == "drop":
        batches.drop(batch)
        _audit(request, "import.dropped", batch, now)
        messages.success(request, f"{batch.name} 已放弃，文件已删除")
        return redirect("imports")
    try:
        _decide(request, batch)
        return _go_on(request, batch, act, now)
    except (Unreadable, templates.TemplateRefused) as e:
        return _page(request, batch, str(e))


def _decide(request: Request, batch: ImportBatch) -> None:
    """Keep what the form says of the columns; choosing another template starts from that one."""
    chosen = request.POST.get("template", batch.template)
    if chosen != batch.template:
        batches.decide(batch, {}, {}, chosen)
        return
    headers = [column.header for column in batches.preview(batch, clock.now()).columns]
    columns, defaults = decided(request.POST, headers)
    known = {c.header: c.field for c in batches.preview(batch, clock.now()).columns if c.why == "known"}
    # What the page only repeats of what is known anyway is no decision.
    said = {h: f for h, f in columns.items() if known.get(h) != f}
    batches.decide(batch, said, defaults, chosen)


def _go_on(request: Request, batch: ImportBatch, act: str, now: datetime) -> HttpResponse:
    if act == "save_template":
        template = batches.template_of(batch)
        saved = templates.save(
            request.POST.get("template_name", ""), template.columns, template.defaults, request.user.get_username(), now
        )
        audit.record(request.user.get_username(), "template.saved", f"template:{saved.pk}", now)
        batches.decide(batch, {}, {}, saved.name)
        messages.success(request, f"已存为模板“{saved.name}”")
    elif act in ("check", "start"):
        if not batches.preview(batch, now).usable:
            return _page(request, batch, "至少要有一列是标题或正文")
        wanted = State.CHECKING if act == "check" else State.WAITING
        if batches.ask(batch.pk, wanted, [State.UPLOADED], error="", report={} if act == "check" else batch.report):
            _audit(request, "import.checked" if act == "check" else "import.started", batch, now)
    return redirect("import", batch.pk)


def _undo(request: Request, batch: ImportBatch, now: datetime) -> HttpResponse:
    if not may(request.user, "undo_import"):
        return _page(request, batch, "撤销导入由带班领导、新闻中心主任或管理员办理")
    if batch.first_post is None or batch.last_post is None:
        return _page(request, batch, "这一批没有可撤销的信息（推送按条收录，不整批撤销）")
    if batches.ask(batch.pk, State.UNDOING, [State.DONE], undone_by=request.user.get_username()):
        _audit(request, "import.undone", batch, now, new=batch.new)
    return redirect("import", batch.pk)


def _audit(request: Request, action: str, batch: ImportBatch, now: datetime, **data: Any) -> None:
    audit.record(request.user.get_username(), action, f"import:{batch.pk}", now, **data)


@needs("import_files")
@require_safe
def rejected(request: Request, batch_id: int) -> StreamingHttpResponse:
    """The refused rows as CSV: row, column, reason, and what of the row was kept; nothing a spreadsheet would execute."""
    batch = get_object_or_404(ImportBatch, pk=batch_id)
    if not batch.refused:
        raise Http404
    answer = StreamingHttpResponse(_rejected_lines(batch), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
    return answer


class _Echo:
    def write(self, line: str) -> str:
        return line


def _rejected_lines(batch: ImportBatch) -> Iterator[str]:
    rows = batch.rejected.order_by("row", "id")
    headers = list(dict.fromkeys(h for cells in rows.values_list("cells", flat=True)[:200] for h in cells))
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(["行", "列", "原因", *map(defused, headers)])
    for row in rows.iterator(2000):
        yield writer.writerow([row.row, defused(row.field), defused(row.reason), *(defused(row.cells.get(h, "")) for h in headers)])


# --- templates and vendors ----------------------------------------------------------------------------------


@needs("import_files")
@require_safe
def template_list(request: Request) -> HttpResponse:
    rows = [
        (row, [(FIELDS.get(f, "不采用"), h) for h, f in row.columns]) for row in MappingTemplate.objects.order_by("name")
    ]
    return render(request, "console/import_templates.html", {"rows": rows})


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def template_edit(request: Request, template_id: int = 0) -> HttpResponse:
    row = get_object_or_404(MappingTemplate, pk=template_id) if template_id else None
    initial = TemplateForm.initial_of(row.name, dict(row.columns), row.defaults) if row else {}
    form = TemplateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        columns, defaults = form.said()
        now, by = clock.now(), request.user.get_username()
        try:
            with transaction.atomic():
                if row and row.name != form.cleaned_data["name"].strip():
                    row.name = form.cleaned_data["name"].strip()
                    row.save(update_fields=["name"])
                saved = templates.save(form.cleaned_data["name"], columns, defaults, by, now)
                audit.record(by, "template.saved", f"template:{saved.pk}", now)
        except templates.TemplateRefused as e:
            form.add_error(e.field if e.field in form.fields else None, str(e))
        else:
            messages.success(request, f"已保存模板“{saved.name}”")
            return redirect("import_templates")
    return render(request, "console/import_template.html", {"form": form, "row": row}, status=400 if form.errors else 200)


@needs("manage_sources")
@require_POST
def template_delete(request: Request, template_id: int) -> HttpResponse:
    row, now = get_object_or_404(MappingTemplate, pk=template_id), clock.now()
    using = Source.objects.filter(options__mapping=row.name).values_list("name", flat=True)
    if using:
        messages.error(request, f"{'、'.join(using)} 在用模板“{row.name}”，不能删除")
    else:
        with transaction.atomic():
            row.delete()
            audit.record(request.user.get_username(), "template.deleted", f"template:{template_id}", now)
        messages.success(request, f"已删除模板“{row.name}”")
    return redirect("import_templates")


@needs("manage_sources")
@require_http_methods(["GET", "POST"])
def vendor_new(request: Request) -> HttpResponse:
    """A push address or a watched folder, with its approval."""
    form = HandoverForm(request.POST or None, initial={"kind": request.GET.get("kind", "webhook")})
    return adding.add(request, form, "console/import_vendor.html", "source", "，由另一人批准后启用")
