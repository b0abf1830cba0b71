"""Why, what next, why not, and the acts on an alert: by command, as a script would."""

from __future__ import annotations

import pytest

from tests.config.test_incident_by_commands import Script


@pytest.fixture
def script(huiying, service_env, tmp_path):
    made = Script(huiying, service_env, tmp_path)
    made.people(zhang="duty_officer", li="shift_leader", zhao="bureau_leader")
    made(
        "event", "--title", "雁塔区某酒店火灾", "--at", "2026-11-23T09:00:00+08:00", "--by", "zhang", "--knowledge", "110通报",
        "--type", "T13", "--grade", "重大",
    )  # fmt: skip
    return made


def opened(script):
    return [a for a in script("status")["alerts"] if a["kind"] == "opened"]


def test_a_script_asks_why_acts_and_asks_again(script):
    [first] = opened(script)
    why = script("why", first["key"], "--user", "zhao")
    assert (why["state"], why["level"], why["next"]["what"], why["next"]["told"]) == ("open", 1, "escalate", "带班领导")
    assert 0 <= why["next"]["in_seconds"] <= 600 and why["next"]["to"] == [{"channel": "console", "address": "role:shift_leader"}]
    assert why["why"][0]["because"].endswith("值班表无此岗位人员，送岗位公共收件箱")
    assert not why["user"]["told"] and "尚未升级到第 4 级" in why["user"]["because"][0]
    assert script("why", "event:9:opened:L1", code=2)["field"] == "key"
    assert script("why", first["key"], "--user", "nobody", code=2)["field"] == "user"

    assert script("alert", "refuse", first["key"], "--by", "zhang", code=2)["field"] == "reason"
    second = script("alert", "refuse", first["key"], "--by", "zhang", "--reason", "在途中", "--version", why["version"])
    assert second["level"] == 2 and second["key"].endswith(":L2")
    stale = script("alert", "refuse", first["key"], "--by", "li", "--reason", "忙", "--version", why["version"], code=2)
    assert stale["field"] == "version" and "已升级至第 2 级" in stale["error"]
    assert script("alert", "snooze", first["key"], "--by", "li", "--minutes", "5", code=2)["field"] == "minutes"
    handed = script("alert", "reassign", second["key"], "--by", "li", "--to", "zhang", "--reason", "由你办")
    assert handed["key"].endswith(":L2.2")
    assert script("ack", handed["key"], "--by", "zhang")["acked_by"] == "zhang"
    after = script("why", handed["key"])
    assert [h["what"] for h in after["handled"]] == ["refused", "reassigned", "acknowledged"]
    assert after["next"]["what"] == "lapse"
    assert script("alert", "close", handed["key"], "--by", "zhang", "--reason", "误报", code=2)["field"] == "by"
    assert script("alert", "close", handed["key"], "--by", "zhao", "--reason", "误报")["version"] > after["version"]
    [shown] = script("show", 1)["events"]
    assert {"acknowledged", "alert.refused", "alert.reassigned", "alert.closed"} <= {s["kind"] for s in shown["timeline"]}
    assert script("audit", "verify")["ok"]
