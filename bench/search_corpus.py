"""Posts for the search benchmark: the n-th is always the same, so that no table has to hold a million of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from archive.documents import Document

START = datetime(2025, 11, 1, tzinfo=UTC)
PLACES = ("雁塔区", "碑林区", "莲湖区", "新城区", "灞桥区", "未央区", "长安区", "高新区", "临潼区", "阎良区", "鄠邑区", "蓝田县", "周至县", "曲江", "浐灞")
COMMON = (
    "西安警方", "民警到场", "交通事故", "网友反映", "现场视频", "目击者称", "消防救援", "正在调查", "情况通报", "家属", "医院", "学校", "小区",
    "物业", "地铁", "公交", "施工", "停水", "噪音", "排队", "退款", "维权", "诈骗", "坠楼", "起火", "受伤", "死亡", "辟谣", "不实信息", "依法处理",
)  # fmt: skip
LATIN = ("covid", "convoy", "police", "policy", "metro", "kfc", "app", "iphone", "video", "vlog")
SITES = [(f"来源{n}", ("weibo", "wechat", "news", "video", "forum")[n % 5]) for n in range(60)]
CHARACTERS = "".join(chr(c) for c in range(0x4E00, 0x4E00 + 3500))
WORDS = 60_000


def word(n: int) -> str:
    """The n-th word of the long tail: two or three characters."""
    dice = random.Random(n * 7919 + 1)
    return "".join(dice.choice(CHARACTERS) for _ in range(dice.choice((2, 2, 3))))


_TAIL = [word(n) for n in range(WORDS)]


def document(n: int, size: int) -> Document:
    """The n-th of `size` posts, spread evenly over 12 months; some 140 characters, one in twenty an article."""
    dice = random.Random(n)
    clauses = 60 if dice.random() < 0.05 else dice.randrange(6, 15)
    parts = []
    for _ in range(clauses):
        tail = _TAIL[int(WORDS * dice.random() ** 3)] + _TAIL[int(WORDS * dice.random() ** 3)]
        said = dice.choice(COMMON) if dice.random() < 0.25 else ""  # each of them in some 8 % of the posts
        clause = said + tail if dice.random() < 0.5 else tail + said
        parts.append(clause + (dice.choice(LATIN) if dice.random() < 0.04 else ""))
    body = f"{dice.choice(PLACES)}{'，'.join(parts)}，{dice.randrange(1, 5000)}人。"
    site, platform = dice.choice(SITES)
    event = dice.randrange(1, 4000) if dice.random() < 0.2 else None
    return Document(
        post_id=n + 1, title=body[:18] if dice.random() < 0.4 else "", body=body, site=site, platform=platform, outlet="media",
        url="", published_at=START + timedelta(days=365) * (n / size), event_id=event,
        grade=dice.choice((None, "一般", "较大", "重大")) if event else None, type=f"T{1 + event % 15:02}" if event else None,
        heat=dice.choice(("blue", "yellow", "orange", "red")) if event else None, reposts=int(1.5 ** dice.randrange(20)),
    )  # fmt: skip


def batches(size: int, most: int = 2000) -> Iterator[list[Document]]:
    for start in range(0, size, most):
        yield [document(n, size) for n in range(start, min(size, start + most))]


def queries(size: int, each: int = 20) -> dict[str, list[str]]:
    """Eleven kinds of queries, made of strings of the posts."""
    dice = random.Random(11)
    rare = [_TAIL[int(WORDS * (0.5 + 0.5 * dice.random()))] for _ in range(each)]
    some = [document(dice.randrange(size), size).body for _ in range(each)]

    def pair() -> tuple[str, str]:
        first, second = dice.sample(COMMON, 2)
        return first, second

    def cut(body: str) -> str:
        at = dice.randrange(2, 40)
        return "".join(c for c in body[at : at + 12] if "\u4e00" <= c <= "\u9fff")[:6]

    return {
        "rare": rare,
        "frequent": [dice.choice(COMMON) for _ in range(each)],
        "and": [" ".join(pair()) for _ in range(each)],
        "phrase": [f"“{cut(body)}”" for body in some],
        "near": [f"{a} NEAR/5 {_TAIL[dice.randrange(2000)]}" for a, _ in (pair() for _ in range(each))],
        "not": [f"{a} 非 {b}" for a, b in (pair() for _ in range(each))],
        "prefix": [dice.choice(LATIN)[:3] + "*" for _ in range(each)],
        "range_facets": [f"{dice.choice(COMMON)} 时间:2026-0{dice.randrange(1, 9)}" for _ in range(each)],
        "newest": [dice.choice(COMMON) for _ in range(each)],
        "highlight": [" 或 ".join(dice.sample(COMMON, 6)) for _ in range(each)],
        "page50": [dice.choice(COMMON) for _ in range(each)],
    }
