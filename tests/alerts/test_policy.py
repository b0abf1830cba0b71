"""The escalation file and the environment at the door."""

from __future__ import annotations

import pytest

from alerts.channels.base import reveal
from alerts.policy import load_ladder
from config.door import ConfigError
from tests.alerts.ladders import CONFIG

SHIPPED = (CONFIG / "escalation.toml").read_text()


@pytest.fixture(autouse=True)
def no_channels(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith(tuple(f"HUIYING_{n}" for n in ("SLACK", "WEBHOOK", "SMTP", "WECOM", "DINGTALK", "FEISHU"))):
            monkeypatch.delenv(name)


def load(tmp_path, *changes):
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "escalation.toml").write_text(text)
    return load_ladder(tmp_path)


def refused(tmp_path, *changes):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, *changes)
    return caught.value


def test_the_shipped_file_has_four_levels_and_no_channel_without_settings():
    ladder = load_ladder(CONFIG)
    assert [(level.n, level.role) for level in ladder.levels] == [
        (1, "duty_officer"), (2, "shift_leader"), (3, "centre_head"), (4, "bureau_leader"),
    ]  # fmt: skip
    assert ladder.channels == {}


def test_the_edition_changes_with_the_file(tmp_path):
    before = load(tmp_path).edition
    assert load(tmp_path, ("[5, 5, 10]", "[5, 5, 9]")).edition != before


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('role = "shift_leader"', 'role = "duty_officer"', "level[1].role"),
        ('channels = ["console", "slack"', 'channels = ["slack"', "level[1].channels"),
        ('"console", "slack", "wecom_app"', '"console", "slcak", "wecom_app"', "level[1].channels"),
        ('["08:00", "20:00"]', '["8:00"]', "shift_starts"),
        ('["08:00", "20:00"]', '["20:00", "08:00"]', "shift_starts"),
        ('escalates = ["opened"', 'escalates = ["met", "opened"', "escalates"),
        ("[5, 5, 10]", "[5, 0, 10]", "delay.default.特别重大"),
        ("[5, 5, 10]", "[5, 5, 10, 10]", "delay.default.特别重大"),
        ('"其余" = [30, 60, 120]', '"一般" = [30, 60, 120]', "delay.default.其余"),
        ("[delay.default]", "[delay.opened]", "delay.default"),
        ("[at_once.near]\n\"特别重大\" = 2", "[at_once.near]\n\"特别重大\" = 5", "at_once.near.特别重大"),
        ("[delay.missed]", "[delay.misssed]", "delay.misssed"),
        ("[channel.slack]", "[channel.slak]", "channel.slak"),
        ("reserved = 15", "reserved = 50", "channel.slack.reserved"),
        ("per_minute = 50", "per_minut = 50", "channel.slack.per_minut"),
        ('fallback = "webhook"', 'fallback = "slack"', "channel.slack.fallback"),
        ('fallback = "webhook"', 'fallback = "smss"', "channel.slack.fallback"),
        ("edition =", "editon =", "edition"),
        ("[repeat.default]", "[repeat.opened]", "repeat.default"),
        ('"其余" = 240', '"其余" = 0', "repeat.default.其余"),
        ("[repeat.system]", "[repeat.met]", "repeat.met"),
        ('[ack_timeout]\n"特别重大" = 15', '[ack_timeout]\n"特别重大" = -1', "ack_timeout.特别重大"),
        ("max_minutes = 30", "max_minutes = 99999", "snooze.max_minutes"),
        ('never = ["特别重大"', 'never = ["特大"', "snooze.never"),
        ('kinds = ["source_silent"', 'kinds = ["missed"', "quiet.kinds"),
        ('from = "22:00"', 'from = "25:00"', "quiet.from"),
        ('to = "07:00"', 'to = "22:00"', "quiet.to"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_file_key_and_hint(tmp_path, old, new, key):
    error = refused(tmp_path, (old, new))
    assert (error.file, error.key) == ("escalation.toml", key)
    assert error.hint


def test_a_channel_is_on_when_its_settings_are_there(monkeypatch, tmp_path):
    monkeypatch.setenv("HUIYING_SLACK_TOKEN", "xoxb-1")
    monkeypatch.setenv("HUIYING_SLACK_CHANNEL", "C1, C2")
    slack = load(tmp_path).channels["slack"]
    assert slack.addresses == ("C1", "C2")


def test_a_switched_off_channel_is_off_whatever_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HUIYING_SLACK_TOKEN", "xoxb-1")
    monkeypatch.setenv("HUIYING_SLACK_CHANNEL", "C1")
    assert (
        load(tmp_path, ("[channel.slack]\nenabled = true", "[channel.slack]\nenabled = false")).channels == {}
    )


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("xoxb-from-file\n")
    monkeypatch.setenv("HUIYING_SLACK_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("HUIYING_SLACK_CHANNEL", "C1")
    slack = load(tmp_path).channels["slack"]
    assert reveal(slack.options["token"]) == "xoxb-from-file" and "xoxb" not in repr(slack.options)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"HUIYING_SLACK_TOKEN": "xoxb"}, "HUIYING_SLACK_CHANNEL"),
        ({"HUIYING_SLACK_CHANNEL": "C1"}, "HUIYING_SLACK_TOKEN"),
        ({"HUIYING_WEBHOOK_URL": "https://sms.example.cn/"}, "HUIYING_WEBHOOK_SECRET"),
        ({"HUIYING_WEBHOOK_URL": "sms.example.cn", "HUIYING_WEBHOOK_SECRET": "s"}, "HUIYING_WEBHOOK_URL"),
        ({"HUIYING_WECOM_SECRET": "s"}, "HUIYING_WECOM_AGENT_ID"),
        ({"HUIYING_WECOM_SECRET": "s", "HUIYING_WECOM_AGENT_ID": "x", "HUIYING_WECOM_TO": "a"}, "HUIYING_WECOM_AGENT_ID"),
        ({"HUIYING_WECOM_SECRET": "s", "HUIYING_WECOM_AGENT_ID": "1", "HUIYING_WECOM_TO": "a"}, "HUIYING_WECOM_CORP_ID"),
        ({"HUIYING_DINGTALK_URL": "ftp://x"}, "HUIYING_DINGTALK_URL"),
        ({"HUIYING_SMTP_HOST": "mail"}, "HUIYING_SMTP_FROM"),
        ({"HUIYING_SMTP_HOST": "mail", "HUIYING_SMTP_FROM": "a@b.cn"}, "HUIYING_SMTP_TO"),
        (
            {"HUIYING_SMTP_HOST": "mail", "HUIYING_SMTP_FROM": "a@b.cn", "HUIYING_SMTP_TO": "x"},
            "HUIYING_SMTP_TO",
        ),
    ],
)
def test_half_a_channel_is_refused_with_the_variable_that_is_missing(monkeypatch, tmp_path, given, missing):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    error = refused(tmp_path)
    assert (error.file, error.key) == ("environment", missing)


def test_neither_errors_nor_the_ladder_in_print_show_a_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("HUIYING_WEBHOOK_URL", "https://sms.example.cn:8443/send?key=abc-very-secret")
    assert "very-secret" not in str(refused(tmp_path))
    monkeypatch.setenv("HUIYING_WEBHOOK_SECRET", "other-very-secret")
    ladder = load(tmp_path)
    assert "very-secret" not in repr(ladder)
    assert ladder.channels["webhook"].addresses == ("sms.example.cn:8443",)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("wecom_robot", {"HUIYING_WECOM_ROBOT_URL": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=very-secret"}),
        ("dingtalk", {"HUIYING_DINGTALK_URL": "https://oapi.dingtalk.com/robot/send?access_token=very-secret"}),
        ("feishu", {"HUIYING_FEISHU_URL": "https://open.feishu.cn/open-apis/bot/v2/hook/very-secret"}),
        (
            "wecom_app",
            {"HUIYING_WECOM_SECRET": "very-secret", "HUIYING_WECOM_AGENT_ID": "1", "HUIYING_WECOM_TO": "a,b", "HUIYING_WECOM_CORP_ID": "ww"},
        ),
    ],
)
def test_each_chinese_channel_is_on_when_its_settings_are_there_and_shows_no_secret(monkeypatch, tmp_path, name, given):
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    channel = load(tmp_path).channels[name]
    assert channel.fallback == "webhook" and "very-secret" not in repr(channel) + repr(channel.options)
    assert channel.addresses
