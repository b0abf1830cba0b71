"""Clocks by commands: said first, done by name, refused with a field; letters beside events."""

from __future__ import annotations

import pytest

from tests.config.test_incident_by_commands import Script


@pytest.fixture
def script(huiying, service_env, tmp_path):
    return Script(huiying, service_env, tmp_path)


def test_clocks_are_corrected_exempted_and_the_event_closed_and_reopened_by_command(script):
    script.people(zhao="duty_officer", wang="centre_head")
    event = script(
        "event", "--title", "雁塔区某酒店火灾", "--at", "2026-11-23T08:00:00+08:00", "--by", "zhao", "--knowledge", "110通报",
        "--type", "T13", "--grade", "重大",
    )["id"]  # fmt: skip
    script("round", "--at", "2026-11-23T09:00:00+08:00")
    start = ("clock", "start", event, "--at", "2026-11-23T07:30:00+08:00", "--by", "zhao", "--reason", "监控显示")
    said = script(*start, "--dry-run")
    assert said["dry_run"] and any(e.startswith("K1：") and "12:30 截止" in e for e in said["effects"])
    obligations = script("status")["events"][0]["obligations"]
    assert {o["rev"] for o in obligations} == {1}
    assert script(*start)["effects"] == said["effects"]
    k1 = next(o for o in script("status")["events"][0]["obligations"] if o["duty"] == "K1")
    assert (k1["due_at"], k1["original_due_at"], k1["start_basis"]) == (
        "2026-11-23T12:30:00+08:00", "2026-11-23T13:00:00+08:00", "manual",
    )  # fmt: skip
    exempt = ("clock", "exempt", event, "--duty", "K2", "--reason", "涉密", "--basis", "保守国家秘密法第三十五条")
    assert script(*exempt, "--by", "zhao", code=2)["field"] == "by"
    script(*exempt, "--by", "wang")
    assert script("clock", "pause", event, "--duty", "K1", "--by", "wang", "--reason", "待核", code=2)["field"] == "duty"
    assert script("close", event, "--by", "wang", "--reason", "平息", code=2)["field"] == "event"
    script("round", "--at", "2026-11-23T13:00:00+08:00")
    assert script("close", event, "--by", "zhao", "--reason", "平息", code=2)["field"] == "by"
    script("close", event, "--by", "wang", "--reason", "无法补救")
    state = script("status")["events"][0]
    assert state["closed_at"] and {o["duty"]: o["standing"] for o in state["obligations"]} == {"K1": "missed", "K2": "exempt"}
    assert not [a for a in script("status")["alerts"] if a["event"] == event and not a["stood_down_at"] and a["kind"] != "met"]
    script("reopen", event, "--by", "wang", "--reason", "出现新情况")
    assert script("status")["events"][0]["closed_at"] is None


def test_a_letters_clock_is_opened_extended_and_settled_by_command(script):
    script.people(zhao="duty_officer")
    script("round", "--at", "2026-11-02T10:00:00+08:00")
    opened = script("duty", "open", "letter:12", "--duty", "K5-close", "--title", "路灯来信", "--by", "zhao")
    assert opened["due_at"] == "2027-01-02T00:00:00+08:00"
    extended = script("duty", "extend", "letter:12", "--duty", "K5-close", "--days", "30", "--reason", "复杂", "--by", "zhao")
    assert (extended["due_at"], extended["original_due_at"]) == ("2027-02-01T00:00:00+08:00", opened["due_at"])
    assert script("duty", "settle", "letter:12", "--duty", "K5-close", "--by", "zhao", code=2)["field"] == "note"
    script("duty", "settle", "letter:12", "--duty", "K5-close", "--note", "答复函〔2026〕3号", "--by", "zhao")
    assert script("duty", "open", "letter:12", "--duty", "K1", "--by", "zhao", code=2)["field"] == "duty"
    appeared = ("duty", "appear", "西安市公安局", "--name", "张某", "--post", "head", "--form", "interview", "--by", "zhao")
    assert script(*appeared)["post"] == "head"
    listed = {d["duty"]: d["standing"] for d in script("duty", "list")["duties"]}
    assert (listed["K5-close"], listed["K7"], listed["K7-deputy"]) == ("met", "met", "open")
