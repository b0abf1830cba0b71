"""Acts on the rota: save, remove, undo. Each is one change, audited; one that leaves a shift empty needs a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction

from alerts import rota
from alerts.escalation import Ladder
from alerts.messages import moment
from alerts.models import Cover, Leave, RotaChange, Rotation, Shift
from alerts.roster import blocks_of, duties_in
from alerts.rota import Duty, Instead, Interval
from config.clock import SHANGHAI
from flow import audit
from sla.engine import Unmet

TABLES: dict[str, type[models.Model]] = {"rotation": Rotation, "cover": Cover, "leave": Leave, "shift": Shift}
WORDS = {"rotation": "轮值", "cover": "换班", "leave": "请假", "shift": "临时班"}
HORIZON = timedelta(days=28)  # how far ahead a change is searched for empty shifts
LONGEST = timedelta(days=120)
MOST_PEOPLE, MOST_BLOCKS = 60, 12


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row as it is to be: `fields` as the table's columns, None to remove it; `id` None for a new one."""

    table: str
    fields: dict[str, Any] | None
    id: int | None = None


@dataclass(frozen=True)
class Hole:
    """An interval nobody of a level covers, and who is told instead."""

    role: str
    starts_at: datetime
    ends_at: datetime
    instead: tuple[Instead, ...]


class LeavesGap(Unmet):
    """The change would leave shifts empty and no reason was given."""

    def __init__(self, holes: Sequence[Hole]) -> None:
        super().__init__("保存后有班次无人值班；请说明理由，或先安排人员", "reason")
        self.holes = list(holes)


def save(table: str, fields: dict[str, Any], *, id: int | None = None, by: User, now: datetime, ladder: Ladder, reason: str = "") -> RotaChange:
    """Add or change one row. Raises Unmet naming the field; LeavesGap when a reason is needed."""
    return apply([Entry(table=table, fields=fields, id=id)], by=by, now=now, ladder=ladder, reason=reason)


def remove(table: str, id: int, *, by: User, now: datetime, ladder: Ladder, reason: str = "") -> RotaChange:
    return apply([Entry(table=table, fields=None, id=id)], by=by, now=now, ladder=ladder, reason=reason)


def apply(
    entries: Sequence[Entry], *, by: User, now: datetime, ladder: Ladder, reason: str = "", text: str = ""
) -> RotaChange:
    """All of `entries` or none, as one change. Raises Unmet; LeavesGap when shifts stay empty without a reason."""
    names = names_of()
    for entry in entries:
        check(entry, ladder, names)
    with transaction.atomic():
        before = duties_in(now, now + HORIZON)
        rows = [_write(entry) for entry in entries]
        after = duties_in(now, now + HORIZON)
        holes = _opened(before, after, entries, ladder, now)
        if holes and not reason.strip():
            raise LeavesGap(holes)
        return _record(rows, text or "；".join(_told(r, names) for r in rows), by, now, reason if holes else "")


def undo(change_id: int, *, by: User, now: datetime, ladder: Ladder, reason: str = "") -> RotaChange:
    """Take the last change back, where nothing has changed since. Raises Unmet; LeavesGap as any other change."""
    with transaction.atomic():
        change = RotaChange.objects.select_for_update().filter(undone_at=None).order_by("-id").first()
        if change is None or change.pk != change_id:
            raise Unmet("只能撤销最近一次改动；这次之后已有新的改动，或已被撤销", "change")
        for row in change.rows:
            found = TABLES[row["table"]]._default_manager.filter(pk=row["id"]).first()
            if (plain(found) if found else None) != row["after"]:
                raise Unmet("此后该记录已被改动，不能撤销", "change")
        before = duties_in(now, now + HORIZON)
        for row in reversed(change.rows):
            _put(row["table"], row["id"], row["before"])
        holes = _opened(before, duties_in(now, now + HORIZON), (), ladder, now)
        if holes and not reason.strip():
            raise LeavesGap(holes)
        change.undone_at = now
        change.save(update_fields=["undone_at"])
        why = reason.strip()[:300] if holes else ""
        audit.record(by.get_username(), "rota.undone", f"rota_change:{change.pk}", now, reason=why)
    return change


def last_change() -> RotaChange | None:
    """The change that could be undone next."""
    return RotaChange.objects.filter(undone_at=None).select_related("by").order_by("-id").first()


def holes(ladder: Ladder, starts: datetime, ends: datetime, duties: Sequence[Duty] | None = None) -> list[Hole]:
    """Every interval of [starts, ends) in which a level of the ladder has nobody, earliest first."""
    duties = duties_in(starts, ends) if duties is None else duties
    found = [
        _hole(level.role, gap, duties, ladder)
        for level in ladder.levels
        for gap in rota.gaps(duties, level.role, starts, ends)
    ]
    return sorted(found, key=lambda h: h.starts_at)


def _hole(role: str, gap: Interval, duties: Sequence[Duty], ladder: Ladder) -> Hole:
    roles = [level.role for level in ladder.levels]
    above = roles[roles.index(role) + 1 :]
    return Hole(role, *gap, tuple(rota.instead(gap, above, duties)))


def _opened(
    before: Sequence[Duty], after: Sequence[Duty], entries: Sequence[Entry], ladder: Ladder, now: datetime
) -> list[Hole]:
    """Empty intervals the change opens, and those a rotation just saved leaves open while it runs."""
    end, found = now + HORIZON, []
    for level in ladder.levels:
        empty = rota.gaps(after, level.role, now, end)
        new = rota.minus(empty, rota.gaps(before, level.role, now, end))
        running = [_running(e.fields, now, end) for e in entries if e.table == "rotation" and e.fields and e.fields["role"] == level.role]
        left = rota.minus(running, rota.minus(running, empty))  # what of its days stays empty
        found += [_hole(level.role, gap, after, ladder) for gap in rota.joined([*new, *left])]
    return found


def _running(fields: dict[str, Any], now: datetime, end: datetime) -> Interval:
    """From the first shift of a rotation to the end of its last day's last one, as far as it lies ahead."""
    blocks = blocks_of(fields["blocks"])
    first = datetime.combine(fields["first_day"], min(b.start for b in blocks), SHANGHAI)
    if fields["last_day"]:
        last = max(datetime.combine(fields["last_day"], b.start, SHANGHAI) + b.length for b in blocks)
        end = min(end, last)
    return max(now, first), max(now, end)


# --- Checks of one row, each refusal naming its field.


def check(entry: Entry, ladder: Ladder, names: dict[int, str]) -> None:
    """Raises Unmet with the field when this row may not stand in the rota."""
    if entry.fields is None:
        return
    fields = entry.fields
    if entry.table != "leave" and fields["role"] not in {level.role for level in ladder.levels}:
        raise Unmet("岗位须是" + "、".join(level.name for level in ladder.levels) + "之一", "role")
    people = fields["people"] if entry.table == "rotation" else [fields["user"]]
    field = "people" if entry.table == "rotation" else "user"
    _check_people(people, field, names, ladder)
    if entry.table == "rotation":
        _check_rotation(entry)
    else:
        _check_window(fields)
    if entry.table == "cover" and fields["replaces"] == fields["user"]:
        raise Unmet("顶班人和被顶的人不能是同一人", "replaces")
    if entry.table in ("cover", "shift"):
        away = Leave.objects.filter(user_id=fields["user"], starts_at__lt=fields["ends_at"], ends_at__gt=fields["starts_at"])
        if leave := away.first():
            when = interval_text(leave.starts_at, leave.ends_at)
            raise Unmet(f"{names[fields['user']]}在 {when} 请假", "user")


def _check_people(people: Sequence[int], field: str, names: dict[int, str], ladder: Ladder) -> None:
    if not people:
        raise Unmet("请至少选一人", field)
    if len(people) > MOST_PEOPLE:
        raise Unmet(f"最多 {MOST_PEOPLE} 人", field)
    roles = [level.role for level in ladder.levels]
    able = set(User.objects.filter(groups__name__in=roles, is_active=True).values_list("id", flat=True))
    for person in people:
        if person not in able:
            who = names.get(person, f"用户 {person}")
            raise Unmet(f"{who}不在用，或没有任何值班岗位的角色，收到告警也不能确认", field)


def _check_rotation(entry: Entry) -> None:
    fields = entry.fields
    assert fields is not None
    if not fields["name"]:
        raise Unmet("请填名称，例如 主班", "name")
    twin = Rotation.objects.filter(role=fields["role"], name=fields["name"]).exclude(pk=entry.id or 0)
    if twin.exists():
        raise Unmet("该岗位已有同名的轮值", "name")
    blocks = blocks_of(fields["blocks"])
    if not blocks or len(blocks) > MOST_BLOCKS:
        raise Unmet(f"请给 1 至 {MOST_BLOCKS} 个班次", "blocks")
    if any(not timedelta(0) < b.length <= timedelta(hours=24) for b in blocks):
        raise Unmet("每班须在 24 小时以内", "blocks")
    if rota.block_overlaps(blocks):
        raise Unmet("班次相互重叠", "blocks")
    if not fields["weekdays"] or fields["days"] not in rota.DAYS:
        raise Unmet("请至少选一天", "weekdays")
    if fields["turn"] not in rota.TURNS or not 1 <= fields["every"] <= 60 or not 1 <= fields["handoff"] <= 7:
        raise Unmet("换人方式不对", "turn")
    if fields["last_day"] and fields["last_day"] < fields["first_day"]:
        raise Unmet("结束日早于开始日", "last_day")


def _check_window(fields: dict[str, Any]) -> None:
    if fields["ends_at"] <= fields["starts_at"]:
        raise Unmet("结束须晚于开始", "ends_at")
    if fields["ends_at"] - fields["starts_at"] > LONGEST:
        raise Unmet(f"一次最长 {LONGEST.days} 天", "ends_at")


# --- Rows as plain values: what a change remembers, and what it can put back.

RELATED = ("user", "replaces")


def plain(row: models.Model) -> dict[str, Any]:
    """A row's columns as JSON can hold them."""
    return {f.name: _plain(f.value_from_object(row)) for f in row._meta.concrete_fields if not f.primary_key}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    return value.isoformat() if isinstance(value, date | time) else value


def _columns(table: str, fields: dict[str, Any]) -> dict[str, Any]:
    columns = {f"{k}_id" if k in RELATED else k: v for k, v in fields.items()}
    for field in TABLES[table]._meta.concrete_fields:
        if isinstance(columns.get(field.attname), str):
            columns[field.attname] = field.to_python(columns[field.attname])
    return columns


def _put(table: str, id: int | None, fields: dict[str, Any] | None) -> models.Model | None:
    """Make row `id` of `table` hold `fields`, or be gone."""
    model = TABLES[table]
    if fields is None:
        model._default_manager.filter(pk=id).delete()
        return None
    row = model(pk=id, **_columns(table, fields))
    row.save()
    return row


def _write(entry: Entry) -> dict[str, Any]:
    model = TABLES[entry.table]
    old = model._default_manager.filter(pk=entry.id).first() if entry.id else None
    if entry.id and old is None:
        raise Unmet(f"该{WORDS[entry.table]}已不存在，请刷新", "id")
    before = plain(old) if old else None
    row = _put(entry.table, entry.id, entry.fields)
    after = plain(row) if row else None
    return {"table": entry.table, "id": row.pk if row else entry.id, "before": before, "after": after}


def _record(rows: list[dict[str, Any]], text: str, by: User, now: datetime, reason: str) -> RotaChange:
    change = RotaChange.objects.create(at=now, by=by, text=text[:300], rows=rows, reason=reason.strip()[:300])
    for row in rows:
        verb = "added" if row["before"] is None else "removed" if row["after"] is None else "changed"
        audit.record(
            by.get_username(), f"rota.{row['table']}.{verb}", f"{row['table']}:{row['id']}", now, change=change.pk,
            reason=change.reason,
        )  # fmt: skip
    return change


# --- Words.


def names_of() -> dict[int, str]:
    """User id -> the name people know: the full name, else the log-in name."""
    return {u.pk: u.get_full_name() or u.username for u in User.objects.only("username", "first_name", "last_name")}


def ladder_name(role: str, ladder: Ladder) -> str:
    return next((level.name for level in ladder.levels if level.role == role), role)


def interval_text(starts: datetime, ends: datetime) -> str:
    """11月25日 08:00 至 20:00, with the second day only where it differs."""
    a, b = starts.astimezone(SHANGHAI), ends.astimezone(SHANGHAI)
    return f"{moment(a)} 至 {b:%H:%M}" if a.date() == b.date() else f"{moment(a)} 至 {moment(b)}"


def _told(row: dict[str, Any], names: dict[int, str]) -> str:
    """One row of a change in a sentence."""
    fields = row["after"] or row["before"]
    verb = "新增" if row["before"] is None else "删除" if row["after"] is None else "修改"
    head = f"{verb}{WORDS[row['table']]}"
    if row["table"] == "rotation":
        people = "、".join(names.get(p, "?") for p in fields["people"])
        return f"{head}「{fields['name']}」：{people}"
    when = interval_text(datetime.fromisoformat(fields["starts_at"]), datetime.fromisoformat(fields["ends_at"]))
    who = names.get(fields["user"], "?")
    if row["table"] == "cover":
        who += f"顶{names.get(fields['replaces'], '?')}" if fields["replaces"] else "顶全岗"
    return f"{head}：{who}，{when}"
