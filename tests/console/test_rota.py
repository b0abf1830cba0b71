"""值班表: the picture says what is so, gaps need a reason, undo takes back the last change, the workbook goes both ways."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar
from openpyxl import Workbook, load_workbook

from alerts.models import CalendarKey, Contact, Cover, Leave, RotaChange, Rotation, Shift
from alerts.roster import duties_in, on_duty
from config.clock import SHANGHAI
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def today(now):
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def fields(**changes):
    """A rotation round the clock, from yesterday on."""
    given = {
        "role": "duty_officer", "name": "主班", "people": "duty0\nduty9", "blocks": "08:00-20:00、20:00-08:00", "turn": "shift",
        "every": "1", "handoff": "1", "weekdays": list("1234567"), "days": "all",
    }  # fmt: skip
    return {**given, **changes}


def typed(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def leader(signed, scene):
    """The shift leader's browser; a second duty officer is there."""
    scene["second"] = city.person("duty9", "duty_officer", last_name="钱", first_name="")
    return signed("shift_leader")


@pytest.fixture
def rotating(leader, today):
    """A rota of the duty officers round the clock."""
    response = leader.post("/rota/rotation/new/", fields(first_day=f"{today - DAY:%Y-%m-%d}"))
    assert response.status_code == 302, response.content.decode()
    return Rotation.objects.get()


def test_without_a_rota_the_page_says_what_follows(signed):
    html = signed("shift_leader").get("/rota/").content.decode()
    assert "还没有排班" in html and "现在无人值班" in html


def test_a_rotation_puts_people_on_duty_and_is_audited(leader, rotating, now, today):
    assert len(on_duty(now)["duty_officer"]) == 1
    change = RotaChange.objects.get()
    assert change.text == "新增轮值「主班」：duty0、钱"
    assert AuditEntry.objects.get(action="rota.rotation.added").subject == f"rotation:{rotating.pk}"
    # The next week is whole on whatever day the test runs; this one has lost its days before yesterday.
    html = leader.get(f"/rota/?from={today + 7 * DAY:%Y-%m-%d}").content.decode()
    assert html.count('class="bar p') >= 13 and "钱" in html and "点按换班" in html


def test_the_month_is_drawn_week_by_week(leader, rotating):
    html = leader.get("/rota/?view=month&from=2026-11-15").content.decode()
    assert html.count("<svg class=\"rota\"") == 6, "1 November 2026 is a Sunday, 30 a Monday"
    assert leader.get("/rota/?view=month&from=nonsense").status_code == 200


def test_leave_that_empties_a_shift_needs_a_reason_and_shows_who_is_told_instead(leader, scene, rotating, today):
    city_leader = scene["shift_leader"]
    Shift.objects.create(user=city_leader, role="shift_leader", starts_at=today, ends_at=today + 20 * DAY)
    away = {"user": scene["second"].pk, "starts_at": typed(today + DAY), "ends_at": typed(today + 2 * DAY)}
    refused = leader.post("/rota/leave/new/", away)
    html = refused.content.decode()
    assert refused.status_code == 400 and not Leave.objects.exists()
    assert "无人值班" in html and f"告知带班领导（{city_leader.username}）" in html
    assert leader.post("/rota/leave/new/", {**away, "reason": "家中急事，由带班领导兼"}).status_code == 302
    assert RotaChange.objects.latest("id").reason == "家中急事，由带班领导兼"
    page = leader.get("/rota/").content.decode()
    assert "四周内的空缺与冲突" in page and 'class="hole"' in page


def test_a_rotation_that_leaves_nights_empty_needs_a_reason_too(leader, today):
    refused = leader.post("/rota/rotation/new/", fields(first_day=f"{today + DAY:%Y-%m-%d}", blocks="08:00-20:00"))
    assert refused.status_code == 400 and "20:00 至" in refused.content.decode()
    assert not Rotation.objects.exists()


def test_a_cover_changes_only_its_window(leader, scene, rotating, today):
    scene["third"] = city.person("duty8", "duty_officer")
    before = duties_in(today + DAY, today + 4 * DAY)
    victim = next(d for d in before if d.starts_at == today + DAY + timedelta(hours=8))
    posted = {
        "role": "duty_officer", "user": scene["third"].pk, "replaces": victim.user, "starts_at": typed(victim.starts_at),
        "ends_at": typed(victim.ends_at),
    }  # fmt: skip
    assert leader.post("/rota/cover/new/", posted).status_code == 302
    after = duties_in(today + DAY, today + 4 * DAY)
    assert [d.user for d in after if d.starts_at == victim.starts_at] == [scene["third"].pk]
    assert [d for d in after if d.starts_at != victim.starts_at] == [d for d in before if d.starts_at != victim.starts_at]


def test_who_is_on_leave_cannot_be_put_on_a_shift(leader, scene, rotating, today):
    Leave.objects.create(user=scene["duty_officer"], starts_at=today + DAY, ends_at=today + 2 * DAY)
    posted = {"role": "duty_officer", "user": scene["duty_officer"].pk, "starts_at": typed(today + DAY), "ends_at": typed(today + 3 * DAY)}
    html = leader.post("/rota/shift/new/", posted).content.decode()
    assert "请假" in html and not Shift.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"people": "nobody"}, "没有名为“nobody”的在用账号"),
        ({"people": "analyst4"}, "没有任何值班岗位的角色"),
        ({"blocks": "8点到20点"}, "不是班次"),
        ({"blocks": "08:00-20:00、19:00-08:00"}, "班次相互重叠"),
        ({"last_day": "2020-01-01"}, "结束日早于开始日"),
    ],
)
def test_what_cannot_be_a_rotation_is_refused_beside_its_field(leader, today, changes, said):
    response = leader.post("/rota/rotation/new/", fields(first_day=f"{today:%Y-%m-%d}", **changes))
    assert response.status_code == 400 and said in response.content.decode()


def test_removing_a_rotation_asks_for_a_reason_and_can_be_undone(leader, rotating, now):
    url = f"/rota/rotation/{rotating.pk}/remove/"
    assert "删除并留下空缺" in leader.post(url).content.decode()
    assert Rotation.objects.exists()
    leader.post(url, {"reason": "改由指挥中心代值"})
    assert not Rotation.objects.exists()
    leader.post(f"/rota/undo/{RotaChange.objects.latest('id').pk}/")
    assert Rotation.objects.get() == rotating and on_duty(now)["duty_officer"]
    assert AuditEntry.objects.filter(action="rota.undone").exists()


def test_only_the_last_change_is_undone_and_into_a_gap_only_with_a_reason(leader, scene, rotating, today):
    first = RotaChange.objects.get()
    refused = leader.post(f"/rota/undo/{first.pk}/").content.decode()
    assert "撤销并留下空缺" in refused and "无人值班" in refused and Rotation.objects.exists()
    posted = {"role": "duty_officer", "user": scene["second"].pk, "starts_at": typed(today + DAY), "ends_at": typed(today + 2 * DAY)}
    leader.post("/rota/shift/new/", posted)
    assert "只能撤销最近一次" in leader.post(f"/rota/undo/{first.pk}/", follow=True).content.decode()
    last = RotaChange.objects.latest("id")
    Shift.objects.update(ends_at=today + 3 * DAY)
    assert "已被改动" in leader.post(f"/rota/undo/{last.pk}/", follow=True).content.decode()
    Shift.objects.update(ends_at=today + 2 * DAY)
    leader.post(f"/rota/undo/{last.pk}/")
    leader.post(f"/rota/undo/{first.pk}/", {"reason": "排错了"})
    assert not Shift.objects.exists() and not Rotation.objects.exists()
    assert AuditEntry.objects.filter(action="rota.undone").latest("id").data == {"reason": "排错了"}


@pytest.mark.parametrize("role", ["duty_officer", "centre_head", "bureau_leader", "analyst"])
def test_who_may_not_manage_the_rota_reads_it_and_changes_nothing(signed, scene, today, role):
    client = signed(role)
    html = client.get("/rota/").content.decode()
    assert "/rota/rotation/new/" not in html
    assert client.post("/rota/rotation/new/", fields(first_day=f"{today:%Y-%m-%d}")).status_code == 403
    for path in ("/rota/import/", "/rota/undo/1/", "/rota/leave/1/remove/"):
        assert client.post(path).status_code == 403
    assert not Rotation.objects.exists()


# --- The workbook.


def workbook(**sheets) -> SimpleUploadedFile:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    return SimpleUploadedFile("排班.xlsx", out.getvalue())


def everything(today, scene):
    """One row of each kind beside the rotation."""
    Cover.objects.create(role="duty_officer", user=scene["second"], starts_at=today + DAY, ends_at=today + 2 * DAY)
    Cover.objects.create(
        role="duty_officer", user=scene["second"], replaces=scene["duty_officer"], starts_at=today + 3 * DAY, ends_at=today + 4 * DAY
    )
    Leave.objects.create(user=scene["duty_officer"], starts_at=today + DAY, ends_at=today + 2 * DAY)
    Shift.objects.create(user=scene["bureau_leader"], role="bureau_leader", starts_at=today, ends_at=today + 9 * DAY)


def test_what_is_exported_comes_back_as_it_was(leader, scene, rotating, today):
    everything(today, scene)
    before = duties_in(today, today + 20 * DAY)
    content = leader.get("/rota/export/").content
    again = leader.post("/rota/import/", {"file": SimpleUploadedFile("a.xlsx", content)}, follow=True).content.decode()
    assert "已导入 5 行：新增 0，修改 0，已有 5，删除 0" in again
    for table in (Rotation, Cover, Leave, Shift):
        table.objects.all().delete()
    leader.post("/rota/import/", {"file": SimpleUploadedFile("a.xlsx", content), "reason": "恢复"})

    def seen(duties):
        return [(d.role, d.user, d.starts_at, d.ends_at, d.origin) for d in duties]

    assert seen(duties_in(today, today + 20 * DAY)) == seen(before)


def test_the_overview_names_who_is_on_duty_day_by_day(leader, rotating):
    book = load_workbook(BytesIO(leader.get("/rota/export/").content))
    rows = list(book["排班表"].values)
    assert rows[1][:4] == ("日期", "星期", "时段", "值班员")
    assert {row[3] for row in rows[2:]} >= {"duty0", "钱"} and rows[2][4] == "（无人）"


def test_a_wrong_row_is_named_and_nothing_is_saved(leader, scene, today):
    day = f"{today + DAY:%Y-%m-%d}"
    head = ["岗位", "人员", "开始", "结束"]
    file = workbook(
        临时班=[
            head, ["值班员", "钱", f"{day} 08:00", f"{day} 20:00"], ["值班员", "查无此人", f"{day} 08:00", f"{day} 20:00"], [],
            ["保安", "钱", f"{day} 08:00", f"{day} 20:00"], ["值班员", "钱", "明天", f"{day} 20:00"],
            ["值班员", "钱", f"{day} 20:00", f"{day} 08:00"],
        ],
        请假=[["人员", "开始", "结束"], ["钱", f"{day} 08:00", ""]],
    )  # fmt: skip
    response = leader.post("/rota/import/", {"file": file})
    assert response.status_code == 400 and not Shift.objects.exists()
    found = [(r["sheet"], r["row"], r["field"]) for r in response.context["rejected"]]
    assert found == [
        ("临时班", 3, "人员"), ("临时班", 5, "岗位"), ("临时班", 6, "开始"), ("临时班", 7, "结束"), ("请假", 2, "结束"),
    ]  # fmt: skip


def test_a_file_that_lists_everything_may_remove_the_rest(leader, scene, rotating, today):
    everything(today, scene)
    content = leader.get("/rota/export/").content
    Shift.objects.create(user=scene["second"], role="duty_officer", starts_at=today + 5 * DAY, ends_at=today + 6 * DAY)
    html = leader.post("/rota/import/", {"file": SimpleUploadedFile("a.xlsx", content), "replace": "1"}, follow=True).content.decode()
    assert "删除 1" in html and Shift.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"a,b\n1,2\n"])
def test_a_file_that_is_no_workbook_is_refused(leader, content):
    response = leader.post("/rota/import/", {"file": SimpleUploadedFile("a.xlsx", content or b" ")})
    assert response.status_code == 400 and "XLSX" in response.content.decode()


def test_a_name_that_looks_like_a_formula_stays_a_name(leader, rotating):
    Rotation.objects.update(name="=1+1")
    book = load_workbook(BytesIO(leader.get("/rota/export/").content))
    cell = book["轮值"]["B2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


# --- The calendar feed.


def address_of(client) -> str:
    html = client.post("/rota/feed/", {"act": "make"}, follow=True).content.decode()
    return re.search(r"http://testserver(/rota/feed/\S+\.ics)", html)[1]


def test_the_feed_holds_ones_shifts_and_deadlines_and_no_title_of_an_event(signed, scene, leader, rotating):
    path = address_of(signed("duty_officer"))
    response = Client().get(path)
    assert response.status_code == 200 and response["Content-Type"].startswith("text/calendar")
    events = list(Calendar.from_ical(response.content).walk("VEVENT"))
    shifts = [e for e in events if str(e["SUMMARY"]) == "值班：值班员"]
    mine = [d for d in duties_in(rotating_start(events), rotating_end(events)) if d.user == scene["duty_officer"].pk]
    assert {e["DTSTART"].dt for e in shifts} <= {d.starts_at for d in mine} and len(shifts) > 50
    due = {str(e["SUMMARY"]) for e in events if str(e["UID"]).startswith("due-")}
    assert f"K1 发布权威信息截止（重大，事件 {scene['fire'].pk}）" in due
    assert scene["fire"].title not in response.content.decode() and "灞桥" not in response.content.decode()
    assert len({str(e["UID"]) for e in events}) == len(events)


def rotating_start(events):
    return min(e["DTSTART"].dt for e in events) - DAY


def rotating_end(events):
    return max(e["DTEND"].dt for e in events) + DAY


def test_a_feed_is_opened_only_by_its_own_key_and_can_be_closed(signed, scene):
    client = signed("duty_officer")
    old = address_of(client)
    new = address_of(client)
    assert Client().get(old).status_code == 404 and Client().get(new).status_code == 200
    assert Client().get("/rota/feed/guess.ics").status_code == 404
    assert "http://testserver" not in client.get("/rota/contacts/").content.decode(), "shown once"
    client.post("/rota/feed/", {"act": "revoke"})
    assert Client().get(new).status_code == 404 and not CalendarKey.objects.exists()


def test_who_left_has_no_feed(signed, scene):
    path = address_of(signed("duty_officer"))
    scene["duty_officer"].is_active = False
    scene["duty_officer"].save()
    assert Client().get(path).status_code == 404


# --- People's addresses.


def test_one_registers_ones_own_address_and_nobody_elses(signed, scene):
    client = signed("duty_officer")
    client.post("/rota/contacts/", {"act": "add", "channel": "email", "address": "li@example.cn"})
    assert Contact.objects.get().user == scene["duty_officer"]
    other = {"act": "add", "channel": "email", "address": "x@example.cn", "user": scene["bureau_leader"].pk}
    assert client.post("/rota/contacts/", other).status_code == 400
    theirs = Contact.objects.create(user=scene["bureau_leader"], channel="email", address="zhao@example.cn")
    assert client.post("/rota/contacts/", {"act": "drop", "id": theirs.pk}).status_code == 400
    assert "zhao@example.cn" not in client.get("/rota/contacts/").content.decode()
    assert "zhao@example.cn" in signed("shift_leader").get("/rota/contacts/").content.decode()


def test_an_address_is_refused_twice_or_when_it_is_none(signed):
    client = signed("duty_officer")
    good = {"act": "add", "channel": "email", "address": "li@example.cn"}
    client.post("/rota/contacts/", good)
    assert "已登记此地址" in client.post("/rota/contacts/", good).content.decode()
    assert "请填邮箱地址" in client.post("/rota/contacts/", {**good, "address": "li"}).content.decode()
    assert client.post("/rota/contacts/", {**good, "channel": "pigeon"}).status_code == 400
