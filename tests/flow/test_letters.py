"""来信: masked before it is stored, clocks from its receipt, read by 办公室 and the unit that holds it, every read audited."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from analysis.models import Unit
from archive.models import Change, Post
from flow import letters
from flow.models import AuditEntry, Letter
from flow.policy import load_policy
from sla.engine import Unmet
from sla.models import Obligation

POLICY = load_policy(settings.BASE_DIR / "config")
pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return Unit.objects.get_or_create(name="西安市公安局办公室", defaults={"kind": "department"})[0]


@pytest.fixture
def branch():
    return Unit.objects.get_or_create(name="西安市公安局雁塔分局", defaults={"kind": "branch"})[0]


@pytest.fixture
def zhao():
    return User.objects.create(username="zhao")


def brought(at, text="办身份证排队三小时，窗口态度差，投诉。", channel="message", when="2026-11-02 10:00", **more):
    return letters.receive(channel, text, at(when), POLICY, at("2026-11-03 09:00"), **more)[0]


def duties(letter):
    return set(letters.clocks_of(letter).filter(settled_at=None).values_list("duty", flat=True))


def test_nothing_that_names_the_writer_is_stored(at):
    text = (
        "我叫王小明，身份证610102199001011234，手机138 1234 5678，家里电话029-86751234，座机：86754321，"
        "邮箱wang.xm@example.com，卡号6222 0212 3456 7890 123。王小明"
    )
    letter = brought(at, text, writer="王小明", title="王小明的投诉", external_no="M1")
    stored = str(Letter.objects.values().get()) + str(list(Obligation.objects.values())) + str(list(AuditEntry.objects.values()))
    for secret in ("王小明", "199001011234", "1234 5678", "8675", "wang.xm", "0212"):
        assert secret not in stored
    assert (letter.writer, letter.title) == ("王**", "王**的投诉")


@pytest.mark.parametrize(
    "text", ["我是高中生，想问落户政策", "民警王小明拒不受理", "2024年05月20日20240520号文件", "联系人民警察，反映噪声", "损失13800000元"]
)
def test_what_a_letter_is_about_stays_readable(at, text):
    assert brought(at, text).text == text


def test_a_letter_never_reaches_the_archive_of_what_is_publicly_said(at):
    brought(at)
    assert not Post.objects.exists() and not Change.objects.exists()


def test_the_petition_clocks_start_when_the_letter_came_and_name_nothing_of_it(at):
    letter = brought(at)
    assert duties(letter) == {"K5", "K5-close"}
    for ob in letters.clocks_of(letter):
        assert ob.starts_at == at("2026-11-02 10:00") and ob.subject_title == f"私信来信 {letter.pk}"


def test_mail_to_the_director_owes_an_answer_and_becomes_a_petition_by_a_persons_word(at, zhao):
    letter = brought(at, channel="mailbox")
    assert duties(letter) == {"K5b"}
    letters.classify(letter.pk, "complaint", True, POLICY, zhao, at("2026-11-03 10:00"))
    assert duties(letter) == {"K5", "K5-close", "K5b"}
    with pytest.raises(Unmet, match="不能改为普通来信"):
        letters.classify(letter.pk, "complaint", False, POLICY, zhao, at("2026-11-03 10:00"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("举报小区有人聚众赌博", "report"), ("窗口推诿，要投诉", "complaint"), ("建议周末办证", "suggestion"), ("落户要什么材料", "inquiry")],
)
def test_the_kind_is_guessed_from_its_words_until_somebody_says_it(at, text, kind):
    letter = brought(at, text)
    assert (letter.kind, letter.kind_guessed) == (kind, True)
    assert not brought(at, text, kind="inquiry", external_no="9").kind_guessed


def test_the_same_letter_twice_is_one(at):
    first = brought(at, external_no="7551")
    assert brought(at, external_no="7551", when="2026-11-02 10:05") == first
    assert brought(at) == brought(at) != first
    assert Letter.objects.count() == 2 and Obligation.objects.count() == 4


def test_only_the_office_and_the_unit_that_holds_it_read_it_and_each_read_is_audited(at, office, branch, zhao):
    letter, now = brought(at), at("2026-11-03 10:00")
    other = Unit.objects.create(name="西安市公安局灞桥分局", kind="branch")
    assert letters.read(letter.pk, office, zhao, now) == letter
    assert letters.read(letter.pk, branch, zhao, now) is None and letters.read(letter.pk, None, zhao, now) is None
    letters.hand_over(letter.pk, branch, "请核查", POLICY, zhao, now)
    assert letters.read(letter.pk, branch, zhao, now) == letter and letters.read(letter.pk, other, zhao, now) is None
    actions = list(AuditEntry.objects.filter(subject=f"letter:{letter.pk}", action__startswith="letter.read").values_list("action", flat=True))
    assert sorted(actions) == ["letter.read"] * 2 + ["letter.read_refused"] * 3


def test_a_wrong_addressee_says_so_within_five_working_days_and_the_letter_goes_on(at, office, branch, zhao):
    letter, now = brought(at), at("2026-11-03 10:00")
    letters.hand_over(letter.pk, branch, "", POLICY, zhao, now)
    objecting = letters.clocks_of(letter).get(duty="K5-object")
    assert objecting.due_at == at("2026-11-11 00:00")
    with pytest.raises(Unmet):
        letters.hand_over(letter.pk, branch, "", POLICY, zhao, now)
    letters.object_to(letter.pk, branch, "属地在灞桥", zhao, at("2026-11-04 10:00"))
    assert letters.read(letter.pk, branch, zhao, now) is None
    other = Unit.objects.create(name="西安市公安局灞桥分局", kind="branch")
    letters.hand_over(letter.pk, other, "", POLICY, zhao, at("2026-11-04 11:00"))
    assert letters.clocks_of(letter).filter(duty="K5-object").count() == 2
    letters.accept(letter.pk, other, zhao, at("2026-11-05 09:00"))
    assert duties(letter) == {"K5", "K5-close"}
    letter.refresh_from_db()
    assert letter.state == "accepted"


def test_an_answer_closes_the_letter_and_every_clock_of_it(at, zhao):
    letter = brought(at)
    letters.settle(letter.pk, "K5", "受理告知〔2026〕8号", zhao, at("2026-11-05 09:00"))
    letter.refresh_from_db()
    assert letter.state == "new" and duties(letter) == {"K5-close"}
    letters.settle(letter.pk, "K5-close", "答复函〔2026〕3号", zhao, at("2026-11-20 09:00"))
    letter.refresh_from_db()
    assert letter.state == "closed" and duties(letter) == set()
    with pytest.raises(Unmet, match="已办结"):
        letters.settle(letter.pk, "K5", "再次", zhao, at("2026-11-20 10:00"))


def test_what_is_no_matter_of_the_police_is_sent_on_and_closed(at, branch, zhao):
    letter, now = brought(at), at("2026-11-03 10:00")
    letters.hand_over(letter.pk, branch, "", POLICY, zhao, now)
    letters.forward_outside(letter.pk, "市住建局，已短信告知来信人", zhao, at("2026-11-04 10:00"))
    letter.refresh_from_db()
    assert letter.state == "closed" and duties(letter) == set()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"channel": "fax"}, "channel"), ({"kind": "x"}, "kind"), ({"text": " \x00 "}, "text"), ({"when": "2026-11-04 10:00"}, "received_at"), ({"text": "字" * 20_001}, "text")],
)
def test_what_cannot_be_a_letter_is_refused_with_its_field(at, wrong, field):
    with pytest.raises(Unmet) as refused:
        brought(at, **wrong)
    assert refused.value.field == field and not Letter.objects.exists()


def test_without_one_plain_office_nobody_reads_until_the_operator_names_it(at, office, zhao, settings):
    letter, now = brought(at), at("2026-11-03 10:00")
    second = Unit.objects.create(name="西安市公安局信访办公室", kind="department")
    assert letters.read(letter.pk, office, zhao, now) is None
    settings.OFFICE_UNIT = second.name
    assert letters.read(letter.pk, second, zhao, now) == letter
