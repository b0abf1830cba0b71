"""The rota as an XLSX workbook, out and in. In: every row is checked first; one wrong row and nothing is saved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

from django.contrib.auth.models import User
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from alerts import rota
from alerts.escalation import Ladder
from alerts.models import Cover, Leave, RotaChange, Rotation, Shift
from alerts.roster import duties_in
from config.clock import SHANGHAI
from flow import rota as acts
from flow import rota_text as words
from flow.rota import Entry
from sla.engine import Unmet

SHEETS = {
    "rotation": ("轮值", ("岗位", "名称", "人员", "班次", "开始日", "结束日", "星期", "日期类型", "换人", "几次一换", "周换人日")),
    "cover": ("换班", ("岗位", "顶班人", "被顶的人", "开始", "结束")),
    "leave": ("请假", ("人员", "开始", "结束")),
    "shift": ("临时班", ("岗位", "人员", "开始", "结束")),
}
# A field of the tables -> the column a refusal names.
COLUMNS = {
    "rotation": {
        "role": "岗位", "name": "名称", "people": "人员", "blocks": "班次", "first_day": "开始日", "last_day": "结束日",
        "weekdays": "星期", "days": "日期类型", "turn": "换人", "every": "几次一换", "handoff": "周换人日",
    },
    "cover": {"role": "岗位", "user": "顶班人", "replaces": "被顶的人", "starts_at": "开始", "ends_at": "结束"},
    "leave": {"user": "人员", "starts_at": "开始", "ends_at": "结束"},
    "shift": {"role": "岗位", "user": "人员", "starts_at": "开始", "ends_at": "结束"},
}  # fmt: skip
OVERVIEW = "排班表"
NOTE = "本页供查看和打印，导入时不读"
MOST_ROWS = 5000
MOST_BYTES = 5 * 1024 * 1024
BACK = timedelta(days=31)  # rows that ended longer ago are not written out


class Unreadable(Exception):
    """Not a workbook of the rota at all."""


@dataclass
class Report:
    """What an import did or would do; with a rejected row nothing was saved."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    removed: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    change: RotaChange | None = None

    def counts(self) -> dict[str, Any]:
        names = ("rows", "new", "changed", "known", "removed", "rejected")
        return {name: getattr(self, name) for name in names}


# --- Out.


def export(ladder: Ladder, now: datetime, days: int = 28) -> bytes:
    """Rotations, covers, leave and hand shifts (from a month ago on) as they are read back, and the plan of `days`."""
    book, names = Workbook(write_only=True), words.Names()
    role = {level.role: level.name for level in ladder.levels}
    since = now - BACK
    rows: dict[str, Iterator[tuple[Any, ...]]] = {
        "rotation": (_rotation_row(r, role, names) for r in Rotation.objects.order_by("role", "name")),
        "cover": (
            (role.get(c.role, c.role), names.shown(c.user_id), names.shown(c.replaces_id), *_window(c))
            for c in Cover.objects.filter(ends_at__gt=since).order_by("id")
        ),
        "leave": ((names.shown(v.user_id), *_window(v)) for v in Leave.objects.filter(ends_at__gt=since).order_by("id")),
        "shift": (
            (role.get(s.role, s.role), names.shown(s.user_id), *_window(s))
            for s in Shift.objects.filter(ends_at__gt=since).order_by("starts_at", "id")
        ),
    }
    _overview(book, ladder, names, now, days)
    for table, (title, header) in SHEETS.items():
        sheet = book.create_sheet(title)
        for n in range(len(header)):
            sheet.column_dimensions["ABCDEFGHIJK"[n]].width = 30 if header[n] in ("人员", "班次") else 17
        sheet.append([_cell(sheet, text, bold=True) for text in header])
        for row in rows[table]:
            sheet.append([_cell(sheet, value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _rotation_row(r: Rotation, role: dict[str, str], names: words.Names) -> tuple[Any, ...]:
    return (
        role.get(r.role, r.role), r.name, "、".join(filter(None, map(names.shown, r.people))), words.blocks_text(r.blocks),
        r.first_day.isoformat(), r.last_day.isoformat() if r.last_day else "", words.weekdays_text(r.weekdays),
        rota.DAYS[r.days], rota.TURNS[r.turn], r.every, words.WEEK[r.handoff - 1],
    )  # fmt: skip


def _window(row: Any) -> tuple[str, str]:
    return words.moment_text(row.starts_at), words.moment_text(row.ends_at)


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"  # a name that begins with = is a name, never a formula
    if bold:
        cell.font = Font(bold=True)
    return cell


def _overview(book: Workbook, ladder: Ladder, names: words.Names, now: datetime, days: int) -> None:
    sheet = book.create_sheet(OVERVIEW)
    for letter, width in zip("ABCDEFGH", (14, 8, 16, *(20 for _ in range(5))), strict=False):
        sheet.column_dimensions[letter].width = width
    sheet.append([_cell(sheet, NOTE)])
    head = ("日期", "星期", "时段", *(level.name for level in ladder.levels))
    sheet.append([_cell(sheet, text, bold=True) for text in head])
    start = rota.midnight(now.astimezone(SHANGHAI).date())
    for day in (start + timedelta(days=n) for n in range(days)):
        end = day + timedelta(days=1)
        duties = duties_in(day, end)
        edges = sorted({day, end, *(max(day, d.starts_at) for d in duties), *(min(end, d.ends_at) for d in duties)})
        for starts, ends in itertools.pairwise(edges):
            there = rota.at(duties, starts)
            people = ["、".join(names.shown(d.user) for d in there if d.role == v.role) or "（无人）" for v in ladder.levels]
            local = starts.astimezone(SHANGHAI)
            until = "24:00" if ends == end else f"{ends.astimezone(SHANGHAI):%H:%M}"
            line = (f"{local:%Y-%m-%d}", words.WEEK[local.weekday()], f"{local:%H:%M}-{until}", *people)
            sheet.append([_cell(sheet, value) for value in line])


# --- In.


def load(
    content: bytes, *, by: User, now: datetime, ladder: Ladder, reason: str = "", replace: bool = False, dry_run: bool = False
) -> Report:
    """Take a workbook in as one change. Rows that exist are left, a rotation of the same role and name is changed.

    `replace` also removes what the file does not list (rows that have ended stay). Raises Unreadable; LeavesGap when
    shifts would stay empty and no reason was given. Report.rejected names sheet, row, column and reason.
    """
    report = Report()
    entries: list[Entry] = []
    names, shown = words.Names(), acts.names_of()
    kept: dict[str, set[int]] = {table: set() for table in SHEETS}
    for table, number, cells in _rows(content):
        report.rows += 1
        try:
            entry, known = _entry(table, cells, ladder, names, shown)
        except Unmet as e:
            report.rejected.append(_refusal(table, number, e))
            continue
        if known:
            kept[table].add(known)
        if entry is None:
            report.known += 1
            continue
        if _twin(entry, entries):
            report.rejected.append(_refusal(table, number, Unmet("与前面某行重复", "name" if table == "rotation" else "user")))
            continue
        entries.append(entry)
        report.changed += entry.id is not None
        report.new += entry.id is None
    if not report.rows:
        raise Unreadable("文件中没有任何一行；工作表须名为 " + "、".join(title for title, _ in SHEETS.values()))
    if replace:
        gone = [Entry(table=t, fields=None, id=i) for t, ids in _current(now).items() for i in sorted(ids - kept[t])]
        entries += gone
        report.removed = len(gone)
    if report.rejected or dry_run or not entries:
        return report
    text = f"导入排班文件：新增 {report.new}，修改 {report.changed}，删除 {report.removed}"
    report.change = acts.apply(entries, by=by, now=now, ladder=ladder, reason=reason, text=text)
    return report


def _refusal(table: str, number: int, e: Unmet) -> dict[str, Any]:
    return {"sheet": SHEETS[table][0], "row": number, "field": COLUMNS[table].get(e.field, e.field), "reason": str(e)}


def _twin(entry: Entry, others: list[Entry]) -> bool:
    assert entry.fields is not None
    if entry.table != "rotation":
        return entry in others
    same = (entry.fields["role"], entry.fields["name"])
    return any(o.table == "rotation" and o.fields and (o.fields["role"], o.fields["name"]) == same for o in others)


def _current(now: datetime) -> dict[str, set[int]]:
    timed = {"cover": Cover, "leave": Leave, "shift": Shift}
    ids = {table: set(model._default_manager.filter(ends_at__gt=now).values_list("id", flat=True)) for table, model in timed.items()}
    return ids | {"rotation": set(Rotation.objects.values_list("id", flat=True))}


def _rows(content: bytes) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(table, row number, column -> value) of every row that is not empty."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"文件超过 {MOST_BYTES // 1024 // 1024} MB")
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as e:
        raise Unreadable("不是 XLSX 文件，或文件已损坏") from e
    titles = {title: table for table, (title, _) in SHEETS.items()}
    for sheet in book.worksheets:
        if (table := titles.get(sheet.title.strip())) is None:
            continue
        header: list[str] = []
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise Unreadable(f"工作表“{sheet.title}”超过 {MOST_ROWS} 行")
            if all(v is None or str(v).strip() == "" for v in values):
                continue
            if not header:
                header = [str(v or "").strip() for v in values]
                missing = [name for name in SHEETS[table][1][:3] if name not in header]
                if missing:
                    raise Unreadable(f"工作表“{sheet.title}”缺少列：{'、'.join(missing)}")
                continue
            yield table, number, dict(zip(header, values, strict=False))


def _entry(
    table: str, cells: dict[str, Any], ladder: Ladder, names: words.Names, shown: dict[int, str]
) -> tuple[Entry | None, int | None]:
    """(the row as it is to be, or None when it stands already; the id of the row it stands for). Raises Unmet."""
    roles = {level.role: level.name for level in ladder.levels}

    def text(column: str) -> str:
        value = cells.get(column)
        return "" if value is None else str(value).strip()

    fields: dict[str, Any] = {}
    if table != "leave":
        fields["role"] = words.word_of(roles, text("岗位"), "role", "")
    if table == "rotation":
        fields |= _rotation_fields(text, cells, names)
    else:
        fields["user"] = names.id_of(text(COLUMNS[table]["user"]), "user")
        if table == "cover":
            fields["replaces"] = names.id_of(text("被顶的人"), "replaces") if text("被顶的人") else None
        fields["starts_at"] = words.moment_of(cells.get("开始"), "starts_at")
        fields["ends_at"] = words.moment_of(cells.get("结束"), "ends_at")
    known = _known(table, fields)
    entry = Entry(table=table, fields=fields, id=known if table == "rotation" else None)
    acts.check(entry, ladder, shown)
    if known and (table != "rotation" or _same(known, fields)):
        return None, known
    return entry, known


def _rotation_fields(text: Callable[[str], str], cells: dict[str, Any], names: words.Names) -> dict[str, Any]:
    every, handoff = text("几次一换") or "1", text("周换人日") or "一"
    if not every.isdecimal():
        raise Unmet("请写 1 以上的整数", "every")
    return {
        "name": text("名称"),
        "people": names.ids_of(text("人员"), "people"),
        "blocks": words.blocks_of(text("班次")),
        "first_day": words.day_of(cells.get("开始日"), "first_day"),
        "last_day": words.day_of(cells.get("结束日"), "last_day") if text("结束日") else None,
        "weekdays": words.weekdays_of(text("星期")),
        "days": words.word_of(rota.DAYS, text("日期类型"), "days", "all"),
        "turn": words.word_of(rota.TURNS, text("换人"), "turn", "shift"),
        "every": int(every),
        "handoff": int(words.weekdays_of(handoff, "handoff")[0]),
    }


def _known(table: str, fields: dict[str, Any]) -> int | None:
    """The row that a rotation of this name, or exactly these columns, already is."""
    same = {"role": fields["role"], "name": fields["name"]} if table == "rotation" else fields
    exact = {f"{k}__isnull" if v is None else k: v if v is not None else True for k, v in same.items()}
    return acts.TABLES[table]._default_manager.filter(**exact).values_list("id", flat=True).first()


def _same(rotation_id: int, fields: dict[str, Any]) -> bool:
    row = Rotation.objects.get(pk=rotation_id)
    return all(getattr(row, name) == value for name, value in fields.items())
