"""The page 渠道: what is on and what is missing, tried before it is saved, and never a secret."""

from __future__ import annotations

import pytest
from django.conf import settings

from alerts.models import Attempt, ChannelSetting, ChannelTest
from config.clock import real_now
from console.policy import policy
from flow import hearing
from flow.models import AuditEntry
from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, running
from tests.console import city
from tests.console.city import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


@pytest.fixture(autouse=True)
def environment(server, monkeypatch):
    monkeypatch.setenv("HUIYING_SLACK_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("HUIYING_SLACK_CHANNEL", "C1")
    monkeypatch.setenv("HUIYING_SLACK_URL", server.url)
    policy.cache_clear()
    yield
    policy.cache_clear()


def page(client) -> str:
    response = client.get("/channels/")
    assert response.status_code == 200
    return response.content.decode()


def press(client, name="slack", **fields):
    return client.post(f"/channels/{name}/", {"enabled": "1", **fields})


def test_it_says_of_each_channel_whether_it_is_on_and_which_variables_are_missing(signed):
    shown = page(signed("centre_head"))
    for name in ("Slack", "企业微信应用", "企业微信群机器人", "钉钉群机器人", "飞书群机器人", "签名 Webhook（短信网关）", "电子邮件"):
        assert name in shown
    assert "缺少环境变量：HUIYING_DINGTALK_URL" in shown and "HUIYING_WECOM_CORP_ID" in shown


def test_it_shows_no_secret_and_no_address_that_holds_one(signed, monkeypatch):
    monkeypatch.setenv("HUIYING_FEISHU_URL", "https://open.feishu.cn/open-apis/bot/v2/hook/very-secret")
    shown = page(signed("centre_head"))
    assert "very-secret" not in shown and "C1" in shown


def test_the_last_message_of_a_channel_is_shown_with_time_code_and_words(signed, scene, now):
    alert = city.alert(None, "system", now - HOUR)
    row = alert.deliveries.get(channel="slack")
    Attempt.objects.create(delivery=row, n=1, started_at=now, ended_at=now, http=200, code="is_archived", error="slack: is_archived")
    shown = page(signed("duty_officer"))
    assert "slack: is_archived" in shown and "启用，最近一条未成功" in shown


def test_a_test_goes_to_the_address_typed_before_it_is_saved(signed, server):
    client = signed("centre_head")
    shown = press(client, act="test", to="C2").content.decode()
    [seen] = server.seen
    assert seen.json()["channel"] == "C2" and "【测试】" in seen.json()["text"]
    assert 'value="C2"' in shown and "渠道已接收" in shown
    assert not ChannelSetting.objects.exists() and policy().ladder.channels["slack"].addresses == ("C1",)
    row = ChannelTest.objects.get()
    assert (row.ok, row.address, row.by, row.http) == (True, "C2", "centre2", 200)
    assert AuditEntry.objects.get(action="channel.tested").data == {"ok": True}


def test_a_test_that_fails_says_why_and_is_kept(signed, server):
    server.answers.append(Answer(body='{"ok": false, "error": "channel_not_found"}'))
    shown = press(signed("centre_head"), act="test", to="C2").content.decode()
    assert "测试未成功：slack: channel_not_found" in shown
    assert (ChannelTest.objects.get().ok, ChannelTest.objects.get().code) == (False, "channel_not_found")


def test_what_is_saved_holds_in_the_pages_at_once_and_the_engine_begins_anew(signed, server):
    begun = []
    [look] = [work for name, work, _ in hearing.works(policy().ladder, lambda: begun.append(1)) if name == "channel-settings"]
    look()
    assert begun == []
    assert press(signed("centre_head"), act="save", to="C2, C3").status_code == 302
    look()
    assert begun == [1]
    assert policy().ladder.channels["slack"].addresses == ("C2", "C3")
    assert AuditEntry.objects.get(action="channel.saved").data == {"keys": ["to"]}


def test_a_channel_is_switched_off_and_on_again(signed):
    client = signed("centre_head")
    client.post("/channels/slack/", {"act": "save", "to": "C1"})
    assert "slack" not in policy().ladder.channels and "已停用" in page(client)
    press(client, act="save", to="C1")
    assert "slack" in policy().ladder.channels


def test_a_channel_without_its_variables_cannot_be_switched_on_or_tried(signed):
    for act in ("save", "test"):
        shown = press(signed("centre_head"), "dingtalk", act=act).content.decode()
        assert "缺少环境变量：HUIYING_DINGTALK_URL" in shown
    assert not ChannelSetting.objects.exists() and not ChannelTest.objects.exists()


def test_nobody_can_send_the_secret_elsewhere_by_typing_another_address_of_the_platform(signed, server):
    elsewhere = HttpStandIn(SLACK_OK)
    with running(elsewhere):
        press(signed("centre_head"), act="test", to="C1", base_url=elsewhere.url)
        press(signed("centre_head"), act="save", to="C1", base_url=elsewhere.url)
    assert elsewhere.seen == [] and len(server.seen) == 1
    assert ChannelSetting.objects.get().values == {"to": "C1"}


def test_a_saved_row_that_no_longer_fits_leaves_its_channel_off_and_the_service_alive(signed, monkeypatch):
    press(signed("centre_head"), act="save", to="C2")
    monkeypatch.delenv("HUIYING_SLACK_TOKEN")
    monkeypatch.delenv("HUIYING_SLACK_CHANNEL")
    policy.cache_clear()
    assert "slack" not in policy().ladder.channels
    assert "HUIYING_SLACK_TOKEN：缺少" in page(signed("centre_head"))


@pytest.mark.parametrize("to", ["a b", "x" * 80, "C1,,C2"])
def test_a_bad_address_is_refused_with_its_variable(signed, to):
    shown = press(signed("centre_head"), act="save", to=to).content.decode()
    assert "HUIYING_SLACK_CHANNEL 格式不对" in shown and not ChannelSetting.objects.exists()


def test_only_the_head_and_the_administrator_may_try_or_change(signed, server):
    for role in ("duty_officer", "analyst", "bureau_leader"):
        assert press(signed(role), act="test", to="C1").status_code == 403
        assert "发一条测试" not in page(signed(role))
    assert server.seen == []
    assert press(signed("admin"), "nosuch", act="test").status_code == 404


def test_a_channel_is_not_tried_more_often_than_five_times_a_minute(signed, server):
    client = signed("centre_head")
    for _ in range(6):
        shown = press(client, act="test", to="C1").content.decode()
    assert "每分钟至多测试 5 次" in shown and len(server.seen) == 5
    ChannelTest.objects.update(at=real_now() - HOUR)
    press(client, act="test", to="C1")
    assert len(server.seen) == 6


def test_a_file_that_says_never_has_the_last_word(signed, monkeypatch, tmp_path):
    text = (settings.BASE_DIR / "config/escalation.toml").read_text()
    for path in (settings.BASE_DIR / "config").glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "escalation.toml").write_text(text.replace("[channel.slack]\nenabled = true", "[channel.slack]\nenabled = false"))
    from alerts.channel_settings import with_saved
    from alerts.policy import load_ladder

    press(signed("centre_head"), act="save", to="C2")
    assert "slack" not in with_saved(load_ladder(tmp_path), tmp_path).channels
