"""来信 in the console: entered or brought by file, read by 办公室 and its unit alone, handed on, sent back, answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from analysis.models import Unit
from archive.models import Post
from console.models import Profile
from flow.models import AuditEntry, Letter
from tests.console import city
from tests.crawlers.files import write_csv, write_xlsx

pytestmark = pytest.mark.django_db
SAID = {"channel": "mailbox", "kind": "", "received_at": "2026-11-20T10:00", "external_no": "X7", "writer": "王小明", "title": "", "text": "我叫王小明，手机13812345678，窗口推诿，投诉。"}


def works_at(name: str, unit: Unit | None, role: str = "liaison") -> Client:
    user = city.person(name, role)
    Profile.objects.create(user=user, unit=unit)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def units(db):
    names = {"office": ("西安市公安局办公室", "department"), "yanta": ("西安市公安局雁塔分局", "branch"), "baqiao": ("西安市公安局灞桥分局", "branch")}
    return {k: Unit.objects.get_or_create(name=n, defaults={"kind": kind})[0] for k, (n, kind) in names.items()}


@pytest.fixture
def office(units):
    return works_at("ban", units["office"])


@pytest.fixture
def letter(office) -> Letter:
    assert office.post(reverse("letter_new"), SAID).status_code == 302
    return Letter.objects.get()


def act(client, letter, name, **more):
    return client.post(reverse("letter", args=[letter.pk]), {"act": name, **more})


def test_a_letter_entered_by_hand_is_masked_and_its_list_shows_no_word_of_it(office, letter):
    assert (letter.writer, letter.external_no, letter.entered_by, letter.kind) == ("王**", "X7", "ban", "complaint")
    html = office.get(reverse("letter", args=[letter.pk])).content.decode()
    assert "窗口推诿" in html and "王小明" not in html and "138****5678" in html
    listed = office.get(reverse("letters")).content.decode()
    assert "X7" in listed and "窗口" not in listed and "答复局长信箱" in listed


def test_nobody_else_reads_it_whatever_their_role_and_the_try_is_audited(office, letter, units, scene):
    path = reverse("letter", args=[letter.pk])
    for role in ("duty_officer", "centre_head", "bureau_leader", "admin", "analyst"):
        client = Client()
        client.force_login(scene[role])
        assert client.get(path).status_code == 403 and "/letters/" not in client.get("/").content.decode()
    assert works_at("yan", units["yanta"]).get(path).status_code == 404
    assert works_at("no-unit", None).get(path).status_code == 404
    assert works_at("head-of-office", units["office"], "centre_head").get(path).status_code == 403
    assert AuditEntry.objects.filter(action="letter.read_refused").count() == 2


def test_every_read_of_a_page_is_an_audit_entry(office, letter):
    before = AuditEntry.objects.filter(action="letter.read", subject=f"letter:{letter.pk}").count()
    for _ in range(3):
        office.get(reverse("letter", args=[letter.pk]))
    office.get(reverse("letters"))
    assert AuditEntry.objects.filter(action="letter.read").count() == before + 3
    assert AuditEntry.objects.get(action="letters.listed").data == {"shown": 1}


def test_it_is_handed_on_sent_back_handed_to_another_signed_for_and_answered(office, letter, units):
    yanta, baqiao = works_at("yan", units["yanta"]), works_at("ba", units["baqiao"])
    act(office, letter, "hand", unit=units["yanta"].pk, note="请核查")
    html = yanta.get(reverse("letter", args=[letter.pk])).content.decode()
    assert "提出异议" in html and "登记已答复" not in html
    assert "转办、办结由办公室办理" in act(yanta, letter, "settle", duty="K5b", note="x").content.decode()
    assert "请写明理由" in act(yanta, letter, "object", reason=" ").content.decode()
    assert act(yanta, letter, "object", reason="属灞桥").url == reverse("letters")
    assert yanta.get(reverse("letter", args=[letter.pk])).status_code == 404
    act(office, letter, "hand", unit=units["baqiao"].pk)
    act(baqiao, letter, "accept")
    act(office, letter, "settle", duty="K5b", note="答复〔2026〕9号")
    letter.refresh_from_db()
    assert letter.state == "closed"
    html = office.get(reverse("letter", args=[letter.pk])).content.decode()
    assert "退回：属灞桥" in html and "签收" in html and "答复〔2026〕9号" in html
    assert baqiao.get(reverse("letter", args=[letter.pk])).status_code == 200


def test_only_the_office_enters_letters(units):
    client = works_at("yan", units["yanta"])
    assert client.get(reverse("letter_new")).status_code == 403
    assert client.post(reverse("letter_new"), SAID).status_code == 403 and not Letter.objects.exists()


ROWS = [
    {"序号": 1, "信件编号": "JZ001", "群众姓名": "李四光", "手机号": "13912345678", "身份证号": "610102199001011234", "来信时间": "2026-11-18 09:00", "来信渠道": "局长信箱", "信件一级分类": "咨询类", "诉求内容": "李四光问：落户要什么材料，电话13912345678"},
    {"序号": 2, "信件编号": "JZ002", "群众姓名": "赵五", "手机号": "", "身份证号": "", "来信时间": "2026-11-18 10:00", "来信渠道": "12345热线", "信件一级分类": "投诉举报", "诉求内容": "噪声扰民无人管"},
    {"序号": 3, "信件编号": "JZ003", "群众姓名": "", "手机号": "", "身份证号": "", "来信时间": "哪天", "来信渠道": "", "信件一级分类": "", "诉求内容": "建议增加警力"},
    {"序号": 4, "信件编号": "JZ004", "群众姓名": "", "手机号": "", "身份证号": "", "来信时间": "", "来信渠道": "", "信件一级分类": "", "诉求内容": ""},
]


@pytest.mark.parametrize("form", ["csv", "gbk", "xlsx"])
def test_a_mailboxs_file_becomes_letters_row_by_row(office, tmp_path: Path, form):
    if form == "xlsx":
        path = write_xlsx(tmp_path / "a.xlsx", [list(ROWS[0]), *(list(r.values()) for r in ROWS)])
    else:
        path = write_csv(tmp_path / "a.csv", ROWS, encoding="gb18030" if form == "gbk" else "utf-8-sig")
    posts = Post.objects.count()
    for expected in ("新登记 2，已有 0，退回 2", "新登记 0，已有 2，退回 2"):
        file = SimpleUploadedFile(path.name, path.read_bytes())
        html = office.post(reverse("letters_import"), {"file": file, "channel": "paper"}).content.decode()
        assert expected in html and "读不懂的时间" in html and "没有内容" in html
    first, second = Letter.objects.order_by("id")
    assert (first.channel, first.kind, first.writer, first.external_no) == ("mailbox", "inquiry", "李**", "JZ001")
    assert (second.channel, second.kind) == ("hotline", "report")
    stored = str(list(Letter.objects.values()))
    assert not any(word in stored for word in ("李四光", "赵五", "13912345678", "199001011234"))
    assert Post.objects.count() == posts


def test_a_file_that_holds_no_letters_says_what_it_holds(office):
    answer = office.post(reverse("letters_import"), {"file": SimpleUploadedFile("a.csv", "甲,乙\n1,2\n".encode()), "channel": "paper"})
    assert answer.status_code == 400 and "认不出表头" in answer.content.decode()
