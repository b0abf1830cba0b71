"""处理活动记录: every source with its assessment and its approvals, as the workbook an inspector asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from archive import health
from archive.models import Approval, Source
from config.clock import SHANGHAI
from flow.exporting import defused

SOURCES = (
    "编号", "名称", "类型", "主体", "地址", "所属地", "读取频率", "用途", "依据", "状态", "原因", "提出人", "提出时间", "批准人",
    "批准时间", "批准意见", "robots.txt 摘要（SHA-256）", "robots.txt 取得时间", "robots.txt 内容", "首次批准", "最近读取", "最近信息",
)  # fmt: skip
APPROVALS = (
    "编号", "信源", "事由", "结果", "提出人", "提出时间", "用途", "依据", "类型", "地址", "读取频率", "设置", "决定人", "决定时间", "意见",
    "robots.txt 摘要（SHA-256）", "robots.txt 取得时间", "失效时间", "失效原因",
)  # fmt: skip
CELL_MOST = 32_000  # characters; a spreadsheet's own limit is 32,767


def workbook(now: datetime) -> bytes:
    """XLSX: a sheet of all sources, a sheet of all approvals ever asked for."""
    book = Workbook(write_only=True)
    for title, head, rows in (("信源", SOURCES, _sources()), ("批准记录", APPROVALS, _approvals())):
        sheet = book.create_sheet(title)
        sheet.append([f"数据处理记录·{title}", f"导出时间 {_at(now)}", "《网络数据安全管理条例》第十八条"])
        sheet.append(head)
        for row in rows:
            sheet.append([_cell(value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sources() -> Iterator[list[Any]]:
    given = {a.source_id: a for a in Approval.objects.filter(state__in=(Approval.State.GIVEN, Approval.State.WAITING)).order_by("-state")}
    first = dict(Approval.objects.exclude(decided_at=None).order_by("-decided_at").values_list("source_id", "decided_at"))
    for s in Source.objects.order_by("pk").iterator(500):
        a = given.get(s.pk)
        state = Source.State(s.state) if s.enabled else Source.State.OFF
        yield [
            s.pk, s.name, s.get_kind_display(), s.get_outlet_display(), s.url, s.home, _rate(s.interval_s), s.purpose, s.legal_basis,
            state.label, health.word(s.code), a.asked_by if a else "", _at(a.asked_at) if a else "", s.approved_by, _at(s.approved_at),
            a.note if a else "", a.robots_sha if a else "", _at(a.robots_at) if a else "", a.robots if a else "", _at(first.get(s.pk)),
            _at(s.last_run_at), _at(s.last_item_at),
        ]  # fmt: skip


def _approvals() -> Iterator[list[Any]]:
    kinds = dict(Source.Kind.choices)
    for a in Approval.objects.select_related("source").order_by("pk").iterator(500):
        yield [
            a.pk, a.source.name, a.why, a.get_state_display(), a.asked_by, _at(a.asked_at), a.purpose, a.legal_basis,
            kinds.get(a.kind, a.kind), a.url, _rate(a.interval_s), str(a.options or ""), a.decided_by, _at(a.decided_at), a.note,
            a.robots_sha, _at(a.robots_at), _at(a.ended_at), a.ended_why,
        ]  # fmt: skip


def _rate(seconds: int) -> str:
    return f"每 {seconds // 60} 分钟" if seconds >= 60 else f"每 {seconds} 秒"


def _at(instant: datetime | None) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def _cell(value: Any) -> Any:
    return defused(value[:CELL_MOST]) if isinstance(value, str) else value
