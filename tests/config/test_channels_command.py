"""huiying channels: one message to try a channel, and what came of it, as a script reads it."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.alerts.stand_ins import SLACK_OK, Answer, HttpStandIn, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


def test_a_channel_is_tried_by_command_and_remembered(huiying, service_env, server, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("xoxb-very-secret\n")
    env = service_env | {
        "HUIYING_SLACK_TOKEN_FILE": str(secret), "HUIYING_SLACK_CHANNEL": "C1", "HUIYING_SLACK_URL": server.url,
    }  # fmt: skip

    def run(*words: str) -> tuple[int, dict, str]:
        done = subprocess.run([*huiying, "channels", *words, "--json"], env=env, capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout), done.stderr

    code, said, _ = run("test", "slack", "--to", "C7")
    assert (code, said["ok"], said["address"], said["http"], said["words"]) == (0, True, "C7", 200, "渠道已接收")
    server.answers.append(Answer(body='{"ok": false, "error": "invalid_auth"}'))
    code, said, errors = run("test", "slack")
    assert (code, said["ok"], said["address"], said["code"]) == (0, False, "C1", "invalid_auth")
    assert "very-secret" not in json.dumps(said) + errors
    code, said, _ = run("test", "dingtalk")
    assert (code, said["field"]) == (2, "name") and "HUIYING_DINGTALK_URL" in said["error"]
    code, said, _ = run("test", "pigeon")
    assert (code, said["field"]) == (2, "name")
    code, said, _ = run("list")
    by_name = {c["name"]: c for c in said["channels"]}
    assert by_name["slack"]["on"] and by_name["slack"]["last_test"]["code"] == "invalid_auth"
    assert by_name["feishu"]["missing"] == ["HUIYING_FEISHU_URL"] and not by_name["feishu"]["on"]
