"""What must not be stored as it was read."""

from __future__ import annotations

import pytest

from archive.privacy import follower_band, mask, pseudonym


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("电话13812345678求助", "电话138****5678求助"),
        ("电话138-1234-5678", "电话138****5678"),
        ("＋86 138 1234 5678", "＋138****5678"),
        ("1３８１２３４５６７８", "1３８****５６７８"),
        ("身份证610102199001011234", "身份证610102************"),
        ("身份证61010219900101123x。", "身份证610102************。"),
        ("身份证号：610102900101123", "身份证号：610102*********"),
    ],
)
def test_numbers_of_persons_are_masked(said: str, stored: str) -> None:
    assert mask(said) == stored


@pytest.mark.parametrize(
    "said",
    ["损失13800000000元", "微博5012345678901234567", "订单201905201234567890123", "报警110，值班电话029-86751111", "2024-05-20 20:58:15", "1381234567"],
)
def test_other_numbers_stay(said: str) -> None:
    assert mask(said) == said


def test_a_pseudonym_depends_on_name_and_key_and_shows_neither() -> None:
    assert pseudonym("路人甲", "k1") == pseudonym(" 路人甲 ", "k1") != pseudonym("路人甲", "k2")
    assert pseudonym("", "k1") == "" and len(pseudonym("路人甲", "k1")) == 32


@pytest.mark.parametrize(
    ("followers", "band"), [(None, ""), (0, "<1k"), (999, "<1k"), (1000, "1k-10k"), (99_999, "10k-100k"), (999_999, "100k-1m"), (1_000_000, "1m+")]
)
def test_followers_become_a_band(followers: int | None, band: str) -> None:
    assert follower_band(followers) == band
