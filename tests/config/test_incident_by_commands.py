"""A whole incident by script, as commands.md promises it: import, rounds, acknowledgement, grade, releases, search."""

from __future__ import annotations

import json
import subprocess

import pytest

ROWS = """标题,正文,来源,发布时间,链接
灞桥区一厂房起火 已致11人死亡,11月23日8时许，西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。,华商网,2026-11-23 09:00,https://example.cn/1
灞桥区一厂房起火 已致11人死亡,11月23日8时许，西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。,今日头条,2026-11-23 09:04,https://example.cn/2
投诉雁塔分局某派出所不予立案,西安市雁塔区，我被骗三万元，派出所民警推诿扯皮不予立案，求关注！,新浪微博,2026-11-23 09:05,https://example.cn/3
今天天气真好,城墙银杏黄了,新浪微博,2026-11-23 09:06,https://example.cn/4
缺日期的一行,没有日期,新浪微博,不是日期,https://example.cn/5
"""


class Script:
    """Calls the command the way a script does and reads what it prints."""

    def __init__(self, huiying, env, folder):
        self.command, self.env, self.folder = huiying, env, folder

    def __call__(self, *args, code=0):
        argv = [*self.command, *map(str, args), "--json"]
        run = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=120)
        assert run.returncode == code, (args, run.returncode, run.stdout[-500:], run.stderr[-2000:])
        return json.loads(run.stdout)

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content)
        return path

    def people(self, **roles):
        password = self.file("password", "Long-enough-password-1\n")
        for name, role in roles.items():
            self("createuser", name, "--role", role, "--password-file", password)

    def release(self, event, duty, code=0, **changes):
        given = {
            "title": "关于灞桥区一厂房火灾的情况通报", "body": self.file("body.txt", "11月23日8时许……"),
            "channel": "portal", "url": "https://example.cn/t/1", "published-at": "2026-11-23T12:30:00+08:00",
            "drafted-by": "zhang", "reviewed-by": "li", "published-by": "wang",
            "page": self.file("page.html", "<html>情况通报</html>"),
        } | {k.replace("_", "-"): v for k, v in changes.items()}  # fmt: skip
        options = [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]
        return self("release", event, "--duty", duty, *options, code=code)


@pytest.fixture
def script(huiying, service_env, tmp_path):
    return Script(huiying, service_env, tmp_path)


def test_an_incident_from_import_to_settled_clock(script):
    vendor = script.file("vendor.csv", ROWS)
    rehearsed = script("import", vendor, "--dry-run", code=1)
    taken = script("import", vendor, code=1)
    assert (rehearsed["new"], taken["rows"], taken["new"], taken["known"]) == (4, 5, 4, 0)
    assert [(r["row"], bool(r["reason"])) for r in taken["rejected"]] == [(6, True)]
    assert script("import", vendor, code=1)["known"] == 4
    script.people(zhang="judge", li="centre_head", wang="duty_officer", zhao="duty_officer")

    first = script("round", "--at", "2026-11-23T09:10:00+08:00")
    assert {k: first[k] for k in ("read", "joined", "opened", "not_relevant", "set_aside")} == {
        "read": 4, "joined": 1, "opened": 2, "not_relevant": 1, "set_aside": 0,
    }  # fmt: skip
    state = script("status")
    assert state["now"] == "2026-11-23T09:10:00+08:00"
    fire = next(e for e in state["events"] if e["grade"] == "重大")
    assert (fire["provisional"], fire["jurisdiction"], fire["posts"], fire["folds"]) == (True, "ours", 2, 1)
    assert [(o["duty"], o["standing"], o["due_at"]) for o in fire["obligations"]] == [
        ("K1", "open", "2026-11-23T13:00:00+08:00"),
        ("K2", "open", "2026-11-24T08:00:00+08:00"),
    ]
    opened = next(a for a in state["alerts"] if a["kind"] == "opened" and a["event"] == fire["id"])
    assert opened["deliveries"][0] | {"attempts": 1} == opened["deliveries"][0]
    assert (opened["deliveries"][0]["address"], opened["deliveries"][0]["state"]) == ("role:duty_officer", "sent")

    assert script("ack", opened["key"], "--by", "zhao")["acked_by"] == "zhao"
    assert script("ack", opened["key"], "--by", "nobody", code=2)["field"] == "by"
    assert script("grade", fire["id"], "较大", "--by", "li", "--reason", "核实", code=2)["field"] == "second"
    confirmed = script("grade", fire["id"], "重大", "--by", "li", "--reason", "与现场核实一致")
    assert confirmed == {"id": fire["id"], "grade": "重大", "provisional": False}

    assert script.release(fire["id"], "K1", code=2, page=None)["field"] == "page"
    assert script.release(fire["id"], "K1", code=2, reviewed_by="zhang")["field"] == "reviewed_by"
    assert script.release(fire["id"], "K1", code=2, published_by="li")["field"] == "published_by"
    made = script.release(fire["id"], "K1")
    assert made["settled"] == ["K1"] and len(made["page_hash"]) == 64

    script("round", "--at", "2026-11-23T14:00:00+08:00")
    script("round", "--at", "2026-11-23T13:59:00+08:00", code=2)
    state = script("status")
    standing = {o["duty"]: (o["standing"], o["release"]) for e in state["events"] for o in e["obligations"]}
    assert standing["K1"] == ("met", made["id"]) and standing["K2"][0] == "open" and standing["K3"][0] == "open"
    assert {a["kind"] for a in state["alerts"]} >= {"opened", "met", "nobody_on_duty"}
    assert not any(a["kind"] == "missed" for a in state["alerts"])

    held = {"channel": "conference", "published_at": "2026-11-23T20:00:00+08:00", "page": None, "url": None}
    script.release(fire["id"], "K2", place="新闻发布厅", speaker="新闻发言人", attendees="30", **held)
    script("round", "--at", "2026-11-24T09:00:00+08:00")
    state = script("status")
    assert {o["duty"]: o["standing"] for e in state["events"] for o in e["obligations"]}["K2"] == "met"

    found = script("search", "厂房起火", "--grade", "重大")
    assert found["total"] == 2 and "「厂房起火」" in found["hits"][0]["snippet"]
    assert found["hits"][0]["event"] == fire["id"]
    assert script("search", '"没有收尾', code=2)["error"]
    whole = script("show", fire["id"])["events"][0]
    assert len({p["fold"] for p in whole["posts"]}) == 1 and len(whole["posts"]) == 2
    assert {"first_post", "confirmed", "release", "acknowledged"} <= {step["kind"] for step in whole["timeline"]}
    assert script("check", "--index")["ok"] and script("audit", "verify")["ok"]


@pytest.mark.sqlite  # two folders: on PostgreSQL one database would be both
def test_the_same_rounds_on_the_same_folder_give_the_same_status(huiying, service_env, tmp_path):
    seen = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        env = service_env | {"HUIYING_DATA": str(folder / "var")}
        script = Script(huiying, env, folder)
        script("import", script.file("vendor.csv", ROWS), code=1)
        for hour in ("09:10", "12:00", "15:00"):
            script("round", "--at", f"2026-11-23T{hour}:00+08:00")
        seen.append(script("status"))
    assert seen[0]["events"] == seen[1]["events"] and seen[0]["alerts"] == seen[1]["alerts"]


def test_an_event_by_hand_starts_its_clocks_when_it_happened(script):
    script.people(zhao="duty_officer")
    given = ["--title", "雁塔区某酒店火灾", "--at", "2026-11-23T07:00:00+08:00", "--by", "zhao", "--knowledge", "110通报"]
    event = script("event", *given, "--type", "T13", "--grade", "重大")["id"]
    assert script("event", *given, "--type", "T99", "--grade", "重大", code=2)["field"] == "type"
    script("round", "--at", "2026-11-23T12:00:01+08:00")
    state = script("status")
    clock = next(o for e in state["events"] if e["id"] == event for o in e["obligations"] if o["duty"] == "K1")
    assert (clock["starts_at"], clock["standing"]) == ("2026-11-23T07:00:00+08:00", "missed")
    assert any(a["kind"] == "missed" and a["event"] == event for a in state["alerts"])


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (("show", 999), "event"),
        (("round", "--at", "gestern"), "at"),
        (("ack", "event:9:opened:L1", "--by", "zhao"), "key"),
        (("ack", "event:9:opened:L1"), "by"),
        (("release", "1", "--duty", "K1", "--body", "password", "--title", "通报"), "channel"),
        (("search", "警方", "--limit", "viele"), "limit"),
        (("nosuch",), ""),
        (("import", "/no/such/file.csv"), "file"),
        (("createuser", "zhao", "--role", "king", "--password-file", "password"), "role"),
    ],
)
def test_what_cannot_be_done_ends_with_two_and_names_the_option(script, args, field):
    script.people(zhao="duty_officer")
    args = [script.folder / a if a == "password" else a for a in args]
    assert script(*args, code=2)["field"] == field


def test_a_configuration_mistake_stops_check_and_up_with_file_key_value_and_hint(huiying, service_env, tmp_path, settings):
    import shutil

    policy = tmp_path / "policy"
    shutil.copytree(settings.BASE_DIR / "config", policy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    duties = policy / "duties.toml"
    duties.write_text(duties.read_text().replace("hours = 5", "hours = -5", 1))
    env = service_env | {"HUIYING_CONFIG": str(policy)}
    problem = Script(huiying, env, tmp_path)("check", code=1)["problems"][0]
    assert (problem["file"], problem["key"], problem["value"]) == ("duties.toml", "duty[1].hours", -5)
    assert "above 0" in problem["hint"]
    up = subprocess.run([*huiying, "up"], env=env, capture_output=True, text=True, timeout=60)
    assert up.returncode == 2 and "duty[1].hours" in up.stderr and "above 0" in up.stderr
