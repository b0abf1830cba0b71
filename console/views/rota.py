"""值班表: the picture, its rows, undo, the workbook, people's addresses and the calendar feed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts import rota as shifts
from alerts.ladder import Ladder
from alerts.models import CalendarKey, Contact, Cover, Leave, RotaChange, Rotation, Shift
from alerts.roster import duties_in, workday
from config import clock
from config.clock import SHANGHAI
from console import rota as picture
from console.forms import refuse
from console.permissions import Request, may, needs, signed_in
from console.policy import policy
from console.rota_forms import FORMS, RotaForm, given, initial_of
from flow import contacts as reach
from flow import rota as acts
from flow import rota_text
from sla.engine import Unmet

AHEAD = timedelta(days=28)
CHANGES = 8


@signed_in
@require_safe
def rota(request: Request) -> HttpResponse:
    """The week or the month as a picture, who is on duty now and next, empty shifts, and every row to be edited."""
    now, ladder = clock.now(), policy().ladder
    view = "month" if request.GET.get("view") == "month" else "week"
    day = _day(request.GET.get("from", ""), now)
    mondays = picture.weeks(view, day)
    begin = shifts.midnight(mondays[0])
    end = shifts.midnight(mondays[-1] + timedelta(days=7))
    duties, names = duties_in(begin, end), acts.names_of()
    shown_holes = acts.holes(ladder, begin, end, duties)
    soon = duties_in(now - timedelta(days=1), now + AHEAD)
    coming_holes = acts.holes(ladder, now, now + AHEAD, soon)
    manage = may(request.user, "manage_rota")
    clashes = [c for c in shifts.overlaps(soon, now, now + AHEAD) if c.twice]
    context = {
        "view": view,
        "strips": [
            picture.strip(m, duties, shown_holes, ladder, names, now, editable=manage, workday=workday) for m in mondays
        ],
        "before": (mondays[0] - timedelta(days=7)) if view == "week" else day.replace(day=1) - timedelta(days=1),
        "after": mondays[-1] + timedelta(days=7) if view == "week" else (day.replace(day=1) + timedelta(days=32)).replace(day=1),
        "day": day,
        "crews": picture.now_and_next(ladder, soon, names, now),
        "days": _days(mondays, duties, ladder, names, now),
        "holes": [picture.told_instead(h, ladder, names) for h in coming_holes[:12]],
        "more_holes": max(0, len(coming_holes) - 12),
        "clashes": [(names.get(c.duties[0].user, "?"), acts.interval_text(c.starts_at, c.ends_at)) for c in clashes[:6]],
        "empty": not (Rotation.objects.exists() or Shift.objects.filter(ends_at__gt=now).exists()),
        "last": acts.last_change() if manage else None,
        "printed_at": now,
        **_lists(ladder, now, names),
    }
    return render(request, "console/rota.html", context)


def _day(text: str, now: datetime) -> date:
    try:
        return min(max(date.fromisoformat(text), date(2000, 1, 1)), date(2099, 12, 1))
    except ValueError:
        return now.astimezone(SHANGHAI).date()


def _days(mondays: list[date], duties: list[shifts.Duty], ladder: Ladder, names: dict[int, str], now: datetime) -> list[dict[str, Any]]:
    """The same as text, day by day from today on: what a phone shows beside the picture."""
    levels = {level.role: level.name for level in ladder.levels}
    order = list(levels)
    first, last = mondays[0], mondays[-1] + timedelta(days=6)
    today = now.astimezone(SHANGHAI).date()
    day = today if first <= today <= last else first
    found = []
    while day <= last:
        begin, end = shifts.midnight(day), shifts.midnight(day + timedelta(days=1))
        mine = [d for d in duties if d.role in levels and d.starts_at < end and d.ends_at > begin]
        lines = [
            (levels[d.role], names.get(d.user, "?"), _within(d.starts_at, d.ends_at, begin, end), picture.WORDS[d.origin])
            for d in sorted(mine, key=lambda d: (order.index(d.role), d.starts_at))
        ]
        empty = [(levels[h.role], _within(h.starts_at, h.ends_at, begin, end)) for h in acts.holes(ladder, begin, end, duties)]
        label = f"{day.month}月{day.day}日 周{rota_text.WEEK[day.weekday()]}"
        found.append({"label": label, "lines": lines, "empty": empty, "today": day == today})
        day += timedelta(days=1)
    return found


def _within(starts: datetime, ends: datetime, begin: datetime, end: datetime) -> str:
    """The hours of one day: 00:00-08:00; 全天."""
    if starts <= begin and ends >= end:
        return "全天"
    until = "24:00" if ends >= end else f"{ends.astimezone(SHANGHAI):%H:%M}"
    return f"{max(starts, begin).astimezone(SHANGHAI):%H:%M}-{until}"


def _lists(ladder: Ladder, now: datetime, names: dict[int, str]) -> dict[str, Any]:
    levels = {level.role: level.name for level in ladder.levels}

    def level(role: str) -> str:
        return levels.get(role, role)

    def when(row: Any) -> str:
        return acts.interval_text(row.starts_at, row.ends_at)

    today = now.astimezone(SHANGHAI).date()
    rotations = [
        (
            r,
            level(r.role),
            "、".join(names.get(p, "?") for p in r.people),
            rota_text.blocks_text(r.blocks),
            shifts.DAYS[r.days] if r.weekdays == "1234567" else f"周{rota_text.weekdays_text(r.weekdays)}",
            shifts.TURNS[r.turn] if r.every == 1 else f"{shifts.TURNS[r.turn]}（{r.every} 次一换）",
        )
        for r in Rotation.objects.order_by("role", "name")
        if r.last_day is None or r.last_day >= today
    ]
    ahead = {"ends_at__gt": now}
    covers = [
        (c, level(c.role), names.get(c.user_id, "?"), names.get(c.replaces_id or 0, "全岗"), when(c))
        for c in Cover.objects.filter(**ahead).order_by("starts_at")
    ]
    leaves = [(v, names.get(v.user_id, "?"), when(v)) for v in Leave.objects.filter(**ahead).order_by("starts_at")]
    singles = Shift.objects.filter(**ahead).order_by("starts_at", "role")
    hand_made = [(s, level(s.role), names.get(s.user_id, "?"), when(s)) for s in singles[:60]]
    changes = RotaChange.objects.select_related("by").order_by("-id")[:CHANGES]
    return {"rotations": rotations, "covers": covers, "leaves": leaves, "hand_made": hand_made, "changes": changes}


# --- Rows.


@needs("manage_rota")
@require_http_methods(["GET", "POST"])
def new(request: Request, table: str) -> HttpResponse:
    return _edit(request, table, None)


@needs("manage_rota")
@require_http_methods(["GET", "POST"])
def edit(request: Request, table: str, row_id: int) -> HttpResponse:
    return _edit(request, table, row_id)


def _edit(request: Request, table: str, row_id: int | None) -> HttpResponse:
    if table not in FORMS:
        raise Http404
    now, ladder, kind = clock.now(), policy().ladder, FORMS[table]
    row: Any = get_object_or_404(acts.TABLES[table], pk=row_id) if row_id else None
    initial = initial_of(table, row) if row else {**_fresh(table, now), **given(kind, request.GET)}
    form = kind(request.POST or None, initial=initial, ladder=ladder)
    holes: list[acts.Hole] = []
    if request.method == "POST" and form.is_valid():
        try:
            change = acts.save(
                table, form.values(), id=row_id, by=request.user, now=now, ladder=ladder, reason=request.POST.get("reason", "")
            )
        except acts.LeavesGap as e:
            holes = e.holes
            form.add_error(None, str(e))
        except Unmet as e:
            refuse(form, e)
        else:
            messages.success(request, change.text)
            return redirect("rota")
    return _form_page(request, table, form, row_id, holes)


def _fresh(table: str, now: datetime) -> dict[str, Any]:
    local = now.astimezone(SHANGHAI)
    return {"first_day": local.date()} if table == "rotation" else {}


def _form_page(
    request: Request, table: str, form: RotaForm | None, row_id: int | None, holes: list[acts.Hole], verb: str = ""
) -> HttpResponse:
    """The form of a row; without one, the question for a reason before `verb` (删除, 撤销) leaves shifts empty."""
    names, ladder = acts.names_of(), policy().ladder
    context = {
        "form": form,
        "word": acts.WORDS.get(table, "改动"),
        "table": table,
        "row_id": row_id,
        "holes": [picture.told_instead(h, ladder, names) for h in holes[:20]],
        "reason": request.POST.get("reason", ""),
        "verb": verb or ("修改" if row_id else "新增"),
        "done": verb or "保存",
    }
    return render(request, "console/rota_edit.html", context, status=400 if holes or (form and form.errors) else 200)


@needs("manage_rota")
@require_POST
def remove(request: Request, table: str, row_id: int) -> HttpResponse:
    if table not in FORMS:
        raise Http404
    try:
        change = acts.remove(
            table, row_id, by=request.user, now=clock.now(), ladder=policy().ladder, reason=request.POST.get("reason", "")
        )
    except acts.LeavesGap as e:
        return _form_page(request, table, None, row_id, e.holes, "删除")
    except Unmet as e:
        messages.error(request, str(e))
    else:
        messages.success(request, change.text)
    return redirect("rota")


@needs("manage_rota")
@require_POST
def undo(request: Request, change_id: int) -> HttpResponse:
    try:
        change = acts.undo(
            change_id, by=request.user, now=clock.now(), ladder=policy().ladder, reason=request.POST.get("reason", "")
        )
    except acts.LeavesGap as e:
        return _form_page(request, "", None, change_id, e.holes, "撤销")
    except Unmet as e:
        messages.error(request, str(e))
    else:
        messages.success(request, f"已撤销：{change.text}")
    return redirect("rota")


# --- The workbook.


@signed_in
@require_safe
def export(request: Request) -> HttpResponse:
    # Loaded on use, here and below: the spreadsheet and calendar libraries would hold up the first page.
    from flow import rota_book as book

    now = clock.now()
    answer = HttpResponse(
        book.export(policy().ladder, now), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    answer["Content-Disposition"] = f'attachment; filename="rota-{now.astimezone(SHANGHAI):%Y%m%d}.xlsx"'
    return answer


@needs("manage_rota")
@require_http_methods(["GET", "POST"])
def bring(request: Request) -> HttpResponse:
    """Import a workbook: all of it, or nothing and every row that is wrong."""
    from flow import rota_book as book

    context: dict[str, Any] = {"reason": request.POST.get("reason", ""), "replace": request.POST.get("replace") == "1"}
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise book.Unreadable("请选择文件")
            if file.size and file.size > book.MOST_BYTES:
                raise book.Unreadable("文件超过 5 MB")
            report = book.load(
                file.read(), by=request.user, now=clock.now(), ladder=policy().ladder, reason=context["reason"],
                replace=context["replace"],
            )  # fmt: skip
        except book.Unreadable as e:
            context["error"] = str(e)
        except acts.LeavesGap as e:
            names = acts.names_of()
            context |= {"error": str(e), "holes": [picture.told_instead(h, policy().ladder, names) for h in e.holes[:20]]}
        except Unmet as e:
            context["error"] = str(e)
        else:
            if not report.rejected:
                counts = f"新增 {report.new}，修改 {report.changed}，已有 {report.known}，删除 {report.removed}"
                messages.success(request, f"已导入 {report.rows} 行：{counts}")
                return redirect("rota")
            context |= {"error": "文件有误，什么都没有保存", "rejected": report.rejected[:100], "count": len(report.rejected)}
    return render(request, "console/rota_import.html", context, status=400 if "error" in context else 200)


# --- People's own addresses.


@signed_in
@require_http_methods(["GET", "POST"])
def contacts(request: Request) -> HttpResponse:
    """One's own addresses; whoever manages the rota sees and edits everybody's."""
    ladder, now, manage = policy().ladder, clock.now(), may(request.user, "manage_rota")
    error = ""
    if request.method == "POST":
        try:
            return _contact_act(request, manage, now)
        except Unmet as e:
            error = str(e)
    rows = Contact.objects.select_related("user", "test").order_by("user__username", "id")
    if not manage:
        rows = rows.filter(user=request.user)
    roles = [level.role for level in ladder.levels]
    people = User.objects.filter(is_active=True, groups__name__in=roles).distinct().order_by("username")
    context = {
        "rows": rows,
        "people": people if manage else [],
        "bare": people.exclude(contacts__isnull=False) if manage else [],
        "channels": reach.PERSONAL,
        "on": set(ladder.channels),
        "before": int(ladder.contact_test_before.total_seconds() // 60),
        "manage": manage,
        "error": error,
        "typed": request.POST,
        "key": CalendarKey.objects.filter(user=request.user).first(),
        "feed": request.session.pop("feed_address", ""),
    }
    return render(request, "console/rota_contacts.html", context, status=400 if error else 200)


def _contact_act(request: Request, manage: bool, now: datetime) -> HttpResponse:
    """Raises Unmet."""
    act, me = request.POST.get("act", ""), request.user
    if act == "add":
        whose = request.POST.get("user", "") or str(me.pk)
        user = User.objects.filter(pk=int(whose), is_active=True).first() if whose.isdecimal() else None
        if user is None or not (manage or user == me):
            raise Unmet("只能登记本人的联系方式", "user")
        channel = request.POST.get("channel", "")
        reach.add(user, channel, request.POST.get("address", ""), me, now)
        messages.success(request, "已登记，可点“测试”")
        return redirect("rota_contacts")
    given_id = request.POST.get("id", "")
    mine = Contact.objects.all() if manage else Contact.objects.filter(user=me)
    contact = mine.filter(pk=int(given_id)).first() if given_id.isdecimal() else None
    if contact is None or act not in ("drop", "test"):
        raise Unmet("没有这条联系方式，可能已被删除", "id")
    if act == "drop":
        reach.drop(contact, me, now)
        messages.success(request, "已删除")
    else:
        reach.test_now(contact, me, policy().ladder, now)
        messages.success(request, "测试消息已交发送，结果稍后显示在本页")
    return redirect("rota_contacts")


# --- The calendar feed.


@signed_in
@require_POST
def feed_key(request: Request) -> HttpResponse:
    """Make a new address (the old one stops working) or close it. The address is shown once."""
    from flow import rota_feed

    now = clock.now()
    if request.POST.get("act") == "revoke":
        rota_feed.revoke(request.user, request.user, now)
        messages.success(request, "日历订阅地址已停用")
    else:
        secret = rota_feed.make_key(request.user, now)
        request.session["feed_address"] = request.build_absolute_uri(f"/rota/feed/{secret}.ics")
    return redirect("rota_contacts")


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Without a log-in: the secret in the address is the key."""
    from flow import rota_feed

    user = rota_feed.owner(secret)
    if user is None:
        raise Http404
    answer = HttpResponse(rota_feed.feed(user, policy().ladder, clock.now()), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="rota.ics"'
    answer["Referrer-Policy"] = "no-referrer"
    return answer
