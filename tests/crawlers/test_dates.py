"""Times as sites and vendors write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crawlers.dates import DAY_ONLY, read_when

INSTANT = datetime(2024, 5, 20, 12, 58, 15, tzinfo=UTC)  # 20:58:15 in Shanghai


@pytest.mark.parametrize(
    "written",
    [
        "2024-05-20 20:58:15", "2024/5/20 20:58:15", "2024.05.20 20:58:15", "2024年5月20日 20时58分15秒",
        "2024年05月20日 晚上8:58:15", "2024-05-20 08:58:15 PM".replace(" PM", "").replace("08", "下午08"),
        "２０２４－０５－２０　２０：５８：１５", "2024-05-20T20:58:15+08:00", "2024-05-20T12:58:15Z", "2024-05-20T12:58:15.123Z",
        "2024-05-20T20:58:15", "20240520205815", "1716209895", "1716209895000", 1716209895, 1716209895000,
        "Mon, 20 May 2024 20:58:15", "Mon, 20 May 2024 20:58:15 +0800", "Mon, 20 May 2024 12:58:15 GMT",
        "Mon, 20 May 2024 20:58:15 CST", "20 May 24 20:58:15", "Mon May 20 20:58:15 +0800 2024",
        "2024-05-20 星期一 20:58:15", datetime(2024, 5, 20, 20, 58, 15), INSTANT,  # noqa: DTZ001
    ],
)  # fmt: skip
def test_one_instant_in_many_writings(written: object) -> None:
    when = read_when(written)
    assert when and when.at == INSTANT and when.note == ""


@pytest.mark.parametrize("written", ["2024-05-20", "2024年5月20日", "20240520", 20240520, date(2024, 5, 20), 45432])
def test_a_day_alone_is_its_midnight_and_says_so(written: object) -> None:
    when = read_when(written)
    assert when and when.at == datetime(2024, 5, 19, 16, 0, tzinfo=UTC) and when.note == DAY_ONLY


def test_a_spreadsheet_serial_keeps_its_time_of_day() -> None:
    when = read_when(45432 + (20 * 3600 + 58 * 60 + 15) / 86400)
    assert when and when.at == INSTANT


def test_24_hours_is_the_next_midnight() -> None:
    when = read_when("2024-05-20 24:00")
    assert when and when.at == datetime(2024, 5, 20, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["", "上周二", "2024-02-30", "2024-13-01", "25:00", None, True, 0, "1970-01-01 08:00", "1900-01-00", 3.5, "2024-05-20 20:99", float("nan")]
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert read_when(written) is None
