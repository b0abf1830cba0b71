"""Officers' corrections are learned from by `train`, counted, and put into the card."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import datetime
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command

from analysis import corrections, themes, training, vectors
from analysis.models import Correction
from archive.models import Post, Source
from config.clock import SHANGHAI
from tests.analysis.words import reader

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)
TEXTS = {
    "enforcement_dispute": "民警执法与摊贩发生冲突", "police_misconduct": "派出所副所长收受贿赂被查", "criminal_case": "男子持刀抢劫被警方抓获",
    "traffic": "交警通报两车相撞三人受伤", "campus_medical": "学校教师体罚学生家长报警", "mass_gathering": "数百人聚集讨薪警方到场",
    "rumor": "警方辟谣网传抢孩子", "fire_accident": "厂房起火两人死亡", "disaster": "暴雨致村庄被淹转移千人",
    "service": "公安窗口延长办证时间", "praise_publicity": "民警跳河救人获点赞", "other": "公安局召开工作会议",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """The four files of training, each with a handful of made-up rows in months that are trained on and one that is kept."""
    months = [f"2026-{n:02}" for n in range(1, 13)]
    kept = next(m for m in (f"{y}-{n:02}" for y in range(2020, 2027) for n in range(1, 13)) if training.is_kept(m))
    taught = next(m for m in months if not training.is_kept(m))
    rows = [
        {
            "id": f"{month}-{kind}", "text": text, "published": f"{month}-03T12:00:00+08:00", "incident_type": kind, "uncertain": 0,
            "police_related": int("警" in text or "公安" in text), "police_relevant_broad": 1,
            "grade": "一般" if kind in ("traffic", "fire_accident") else "none",
        }
        for month in (taught, kept) for kind, text in TEXTS.items()
    ]  # fmt: skip
    (tmp_path / training.HAND).write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    other = {"id": "s1", "title": "今天天气很好", "desc": "", "published": f"{taught}-03"}
    for name in (training.POOL, training.STREAM):
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as out:
            out.write(json.dumps(other, ensure_ascii=False))
    with gzip.open(tmp_path / training.NEGATIVE, "wt", encoding="utf-8") as out:
        out.write("0\tsports\t球队赢得比赛\n")
    return tmp_path


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "model" / "m.npz"
    path.parent.mkdir()
    keys = np.array([zlib.crc32("警方".encode()), zlib.crc32("天气".encode())], dtype=np.uint32)
    vectors.save(path.with_name("vectors.npz"), keys, np.eye(2), np.array([10.0, 10.0]), {})
    return path


@pytest.fixture
def correct(django_user_model):
    source = Source.objects.create(name="导入", kind="file")
    li = django_user_model.objects.create(username="li")

    def made(title, *tiers_and_types, published=DAY, **more) -> Post:
        post = Post.objects.create(
            key=f"k{Post.objects.count()}", source=source, site="新浪微博", title=title, body="", published_at=published,
            received_at=published, unread=False, **more,
        )  # fmt: skip
        for tier, type_ in tiers_and_types:
            Correction.objects.create(post=post, by=li, at=DAY, tier=tier, type=type_, reason="r", before={})
        return post

    return made


def train(folder, target) -> dict:
    out = StringIO()
    call_command("train", str(folder), "--to", str(target), "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_newest_standing_correction_of_each_post_is_an_example(correct):
    twice = correct("巡逻车送走失老人", ("none", ""), ("direct", "T15"))
    correct("城墙下有人唱歌", ("none", ""))
    undone = correct("车祸", ("direct", "T05"))
    undone.corrections.update(undone_at=DAY)
    correct("撤回的车祸", ("direct", "T05"), withdrawn_at=DAY)
    found = corrections.examples(reader())
    assert [(e.text, e.direct, e.incident) for e in found] == [
        (f"{twice.title}\n", True, True), ("城墙下有人唱歌\n", False, False),
    ]  # fmt: skip
    assert found[1].kind is None and {e.published for e in found} == {"2026-11-20"}


def test_a_type_of_several_kinds_takes_the_kind_its_words_speak_for():
    assert themes.kind_of_type("T05", {}) == "traffic"
    assert themes.kind_of_type("T13", {"T13-disaster": 1.0, "T13-accident": 0.4, "T05-traffic": 9.0}) == "disaster"
    assert themes.kind_of_type("T13", {"T05-traffic": 9.0}) is None and themes.kind_of_type("", {}) is None


def test_training_uses_corrections_counts_them_and_the_card_says_so(folder, target, correct):
    plain = train(folder, target)
    assert (plain["corrections"], plain["corrections_kept"], plain["adopted"]) == (0, 0, True)
    assert "corrections" not in target.with_name("CARD.md").read_text()
    taught = next(DAY.replace(month=n) for n in range(1, 12) if not training.is_kept(f"2026-{n:02}"))
    kept = next(DAY.replace(year=y, month=n) for y in range(2020, 2026) for n in range(1, 13) if training.is_kept(f"{y}-{n:02}"))
    correct("牛羊肉泡馍涨价", ("direct", "T11"), published=taught)
    correct("护城河边钓鱼", ("none", ""), published=kept)
    with_ours = train(folder, target)
    assert (with_ours["corrections"], with_ours["corrections_kept"]) == (1, 1)
    assert with_ours["examples"] == plain["examples"] + 1
    assert with_ours["before"] and with_ours["after"]
    assert with_ours["adopted"] == (not with_ours["worse"])
    card = target.with_name("CARD.md").read_text()
    assert (f"1 of them officers' corrections ({with_ours['corrections_sha']})" in card) is with_ours["adopted"]


def test_what_an_officer_taught_is_what_the_new_model_says(folder, target, correct, tmp_path):
    from analysis import learning

    rules = reader()
    post = correct("牛羊肉泡馍涨价", ("direct", "T11"), published=DAY.replace(month=1 if not training.is_kept("2026-01") else 2))
    said = []
    for name, examples in (("old", ()), ("new", corrections.examples(rules))):
        made = target.with_name(f"{name}.npz")
        training.train(folder, rules, made, "2026-11-24", examples)
        words = list(rules.look(training.plain_post(post.title)).title_words)
        seen = rules.look(training.plain_post(post.title)).seen
        said.append(learning.load(made).predict(post.title, words, words, seen)["direct"])
    assert said[1] > said[0] + 0.2
