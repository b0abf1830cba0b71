"""When it happened, in the words of the post, as an instant."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.occurrence import find

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

CHINA = ZoneInfo("Asia/Shanghai")
POSTED = datetime(2026, 11, 23, 12, 0, tzinfo=CHINA)

TOLD = [
    ("11月23日8时许，一商场发生火灾", "11-23 08:00", "11月23日8时许"),
    ("昨晚11时许，一男子坠楼", "11-22 23:00", "昨晚11时许"),
    ("昨晚十一时许，酒吧门口斗殴", "11-22 23:00", "昨晚十一时许"),
    ("今天上午发生一起交通事故", "11-23 09:00", "今天上午"),
    ("今晨6:30发生追尾", "11-23 06:30", "今晨6:30"),
    ("23日凌晨，一厂房爆炸", "11-23 03:00", "23日凌晨"),
    ("前天下午3点半发生冲突", "11-21 15:30", "前天下午3点半"),
    ("22日24时许发生火灾", "11-23 00:00", "22日24时许"),
    ("22日中午1时许发生车祸", "11-22 13:00", "22日中午1时许"),
    ("11月22日，一小区发生火灾", "11-22 23:59", "11月22日"),
    ("2026年11月21日15时20分许，客车侧翻", "11-21 15:20", "2026年11月21日15时20分许"),
    ("新华社11月22日电 记者从公安局获悉，11月21日15时许，客车侧翻", "11-21 15:00", "11月21日15时许"),
    ("去年12月1日该地曾起火，今天上午又发生火灾", "11-23 09:00", "今天上午"),
    ("22日晚，市公安局发布通报：11月21日晚，一学生在校外被打", "11-21 20:00", "11月21日晚"),
    ("2026-11-22 18:00\n11月22日15时许，发生爆炸", "11-22 15:00", "11月22日15时许"),
]


@pytest.mark.parametrize(("text", "at", "quote"), TOLD)
def test_the_time_of_the_deed_is_found_and_quoted(text: str, at: str, quote: str) -> None:
    instant, words = find(text, POSTED)
    assert instant and instant.astimezone(CHINA).strftime("%m-%d %H:%M") == at
    assert words == quote and words in text


UNSAID = [
    "近日，一男子被打",
    "日前发生一起交通事故",
    "记者24日从公安局获悉此事",
    "11月22日，市公安局召开新闻发布会",
    "11月20日，法院一审宣判，被告人犯故意杀人罪",
    "多家媒体6日援引发言人的话",
    "今天15时将开展演练",
    "2月30日发生火灾",
    "22日上午，一段网传客车起火的视频引发关注",
    "3.5公里处，G60高速",
    "",
]


@pytest.mark.parametrize("text", UNSAID)
def test_the_time_of_the_telling_is_not_that_of_the_deed(text: str) -> None:
    assert find(text, POSTED) == (None, "")


def test_a_month_and_day_without_a_year_is_the_latest_that_is_past() -> None:
    instant, _ = find("12月1日8时许发生火灾", POSTED)
    assert instant and instant.year == 2025


def test_a_vague_time_of_today_never_lies_after_the_post() -> None:
    instant, _ = find("今天下午发生火灾", POSTED.replace(hour=13))
    assert instant == POSTED.replace(hour=13)


@UNHURRIED
@given(st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)), st.integers(1, 12), st.integers(1, 31), st.integers(0, 24))  # noqa: DTZ001
def test_no_time_of_occurrence_lies_after_the_post(posted: datetime, month: int, day: int, hour: int) -> None:
    at = posted.replace(tzinfo=CHINA)
    for text in (f"{month}月{day}日{hour}时许发生火灾", f"{day}日晚发生火灾", f"昨天{hour}时许发生火灾"):
        instant, quote = find(text, at)
        assert instant is None or (instant <= at and quote in text)
