"""What is measured with: real texts when ../shared/data is there, generated ones otherwise."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
# file, fields that make the text, its share of the mix: comments, hot topics, candidates for police matters
REAL = (
    ("weibo_background_stream.jsonl.gz", ("text",), 0.5),
    ("weibo_hotsearch_2024_2026.jsonl.gz", ("title", "desc"), 0.4),
    ("pool_police_candidates.jsonl.gz", ("title", "desc"), 0.1),
)
Text = tuple[str, str]  # title, body


def mixed(count: int, seed: int = 20261123) -> tuple[str, list[Text]]:
    """(what they are, `count` texts in a fixed random order)."""
    if all((SHARED / name).exists() for name, _, _ in REAL):
        found = [t for name, fields, share in REAL for t in islice(_read(SHARED / name, fields), int(count * share) + 1)]
        what = "real texts: " + ", ".join(f"{share:.0%} {name.split('.')[0]}" for name, _, share in REAL)
    else:
        found, what = list(islice(_generated(seed), count)), "generated texts"
    random.Random(seed).shuffle(found)
    return what, found[:count]


def _read(path: Path, fields: tuple[str, ...]) -> Iterator[Text]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            values = [row.get(name) or "" for name in fields]
            yield (values[0], values[-1]) if len(fields) > 1 else ("", values[0])


PLACES = ("灞桥区", "未央区", "雁塔区", "碑林区", "莲湖区", "新城区", "长安区", "阎良区", "临潼区", "高陵区", "鄠邑区")
MATTERS = (
    "一厂房发生火灾，已造成{n}人受伤，公安、消防正在现场处置", "两车相撞致{n}人死亡，交警已到场处理",
    "民警成功劝阻一起电信网络诈骗，为群众避免损失{n}万元", "网传有人抢孩子，派出所回应称系谣言，已有{n}人转发",
    "今天天气真好，约了{n}个朋友去看灯会", "一家面馆排队{n}桌，味道没变", "地铁加开{n}列次，末班车时间不变",
    "高校展出{n}件艺术作品，市民可免费参观", "球队以{n}分之差赢下比赛", "新书分享会来了{n}位读者",
)  # fmt: skip


def _generated(seed: int) -> Iterator[Text]:
    """One in four is of interest to the police, as in no real stream: the harder case."""
    dice = random.Random(seed)
    while True:
        text = f"西安市{dice.choice(PLACES)}{dice.choice(MATTERS).format(n=dice.randint(1, 900))}"
        yield text[:20], f"{text}（{dice.randint(1, 10**6)}）。"


COUNTIES = (*PLACES, "周至县", "蓝田县")


def incidents() -> list[Text]:
    """Grave incidents that have nothing to do with each other: each must open an event and raise an alert."""
    return [
        (f"西安{place}一工厂车间发生火灾致{10 + k}人死亡",
         f"今日，西安市{place}一工厂车间发生火灾，已造成{10 + k}人死亡、{3 + k}人受伤，公安民警正在现场处置。")
        for k, place in enumerate(COUNTIES)
    ]  # fmt: skip
