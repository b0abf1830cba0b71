"""Servers whose own zone has summer time: deadlines are elapsed hours wherever the machine thinks it stands."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

# Clocks there were put back at 02:00 on 1 November 2026: 14:00 in Shanghai for New York.
ROUNDS = ("2026-11-01T12:10:00+08:00", "2026-11-01T15:00:00+08:00", "2026-11-01T19:00:00+08:00")
TEXT = "西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。"


def played(zone: str, folder: Path, huiying, env) -> list[dict]:
    """What `status` says after each round on a server of this zone."""
    env = env | {"TZ": zone, "HUIYING_DATA": str(folder)}
    vendor = folder.with_suffix(".csv")
    vendor.write_text(
        "标题,正文,来源,发布时间,链接\n" f"灞桥区一厂房起火 已致11人死亡,{TEXT},华商网,2026-11-01 12:00:00,https://e.cn/1\n"
    )

    def call(*argv: str) -> dict:
        done = subprocess.run([*huiying, *argv, "--json"], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    call("import", str(vendor))
    seen = []
    for at in ROUNDS:
        call("round", "--at", at)
        status = call("status")
        seen.append({part: status[part] for part in ("now", "events", "alerts")})
    return seen


@pytest.mark.sqlite  # two folders, and on PostgreSQL one database
def test_a_night_of_clocks_put_back_changes_no_deadline_and_no_alert(huiying, service_env, tmp_path):
    here = played("Asia/Shanghai", tmp_path / "here", huiying, service_env)
    there = played("America/New_York", tmp_path / "there", huiying, service_env)
    assert here == there
    k1 = next(ob for e in here[-1]["events"] for ob in e["obligations"] if ob["duty"] == "K1")
    assert k1["standing"] == "missed" and k1["due_at"] == "2026-11-01T17:00:00+08:00"
