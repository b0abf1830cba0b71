"""Commercial search and mentions of named accounts: spans of time, page limits, whole texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Post, Source
from bench.weibo import FIRST_ID, Weibo, status
from tests.crawlers.weibo.conftest import APPROVED
from tests.sources import change, enabled

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def paid(transactional_db: None, weibo: Weibo) -> Source:
    """Read with the AppKey alone, as older contracts do."""
    return enabled(
        name="商业检索", kind=Source.Kind.WEIBO_SEARCH, outlet="individual", interval_s=60, options={"queries": ["南门"]}, **APPROVED
    )


def test_results_of_the_last_hour_come_first_and_then_only_what_is_new(paid: Source, weibo: Weibo, read) -> None:
    weibo.lists["search"] = [
        status(FIRST_ID + n, f"南门第{n}条", NOW - timedelta(hours=3) if n < 31 else NOW - timedelta(seconds=1000 - 10 * n)) for n in range(90)
    ]
    report = read(paid)[0]
    assert (report["state"], report["new"], report["error"]) == ("alive", 59, "")
    weibo.lists["search"].append(status(FIRST_ID + 500, "南门又一条", NOW))
    assert read(paid)[0]["new"] == 1
    asked = [a.params for a in weibo.asked if "limited" in a.path]
    first, last = asked[0], asked[-1]
    assert int(first["endtime"]) - int(first["starttime"]) == 3600 and {a["source"] for a in asked} == {"100200300"}
    assert 600 <= int(last["endtime"]) - int(last["starttime"]) < 660  # ten minutes are read again


def test_a_span_with_more_than_a_thousand_results_is_cut_in_two(paid: Source, weibo: Weibo, read) -> None:
    weibo.lists["search"] = [status(FIRST_ID + n, f"南门第{n}条", NOW - timedelta(seconds=2900 - 2 * n)) for n in range(1400)]
    report = read(paid)[0]
    assert (report["new"], report["error"]) == (1400, "")


def test_long_posts_are_completed_before_they_are_stored(paid: Source, weibo: Weibo, read) -> None:
    text = "南门" + "长" * 300
    weibo.lists["search"] = [status(FIRST_ID + 1, text, NOW), status(FIRST_ID + 2, "南门短", NOW)]
    read(paid)
    assert Post.objects.get(external_id=str(FIRST_ID + 1)).body == text
    weibo.fail["/2/statuses/show_batch/biz.json"] = (403, {"error_code": 10014, "error": "no permission"})
    weibo.lists["search"].append(status(FIRST_ID + 3, "南门" + "短" * 300, NOW))
    report = read(paid)[0]
    cut = Post.objects.get(external_id=str(FIRST_ID + 3))
    assert len(cut.body) == 140 and "部分正文" in cut.notes[0] and "长微博正文未取到" in report["error"]


def test_mentions_of_another_account_are_paged_like_our_own(paid: Source, weibo: Weibo, read) -> None:
    change(paid, options={"mentions_of": ["2000000002"]})
    weibo.lists["statuses/mentions/other"] = [status(FIRST_ID + n, f"@西安交警 {n}", NOW) for n in range(1, 30)]
    assert read(paid)[0]["new"] == 29
    assert {a.params["uid"] for a in weibo.asked} == {"2000000002"}
    assert paid.cursor["streams"]["statuses/mentions/other:2000000002"]["top"] == str(FIRST_ID + 29)


def test_a_search_that_fails_half_way_keeps_what_it_has_and_goes_on_from_there(paid: Source, weibo: Weibo, read) -> None:
    change(paid, options={"queries": ["南门", "北门"], "budget": 1})
    weibo.lists["search"] = [status(FIRST_ID + 1, "南门", NOW), status(FIRST_ID + 2, "北门", NOW)]
    report = read(paid)[0]
    assert (report["state"], report["new"]) == ("capped", 1)
    change(paid, options={"queries": ["南门", "北门"], "budget": 100})
    assert read(paid)[0]["new"] == 1 and len(paid.cursor["searched"]) == 2


@pytest.mark.parametrize(
    ("options", "state", "said"),
    [
        ({}, "off", "没有设置检索词"),
        ({"queries": ["南门{"]}, "failing", "options.queries"),
        ({"queries": "南门"}, "failing", "列表"),
        ({"queries": ["南门"], "budget": 0}, "failing", "options.budget"),
        ({"mentions_of": ["西安公安"]}, "failing", "uid"),
    ],
)
def test_a_wrong_setting_is_named(paid: Source, weibo: Weibo, read, options, state, said) -> None:
    change(paid, options=options)
    report = read(paid)[0]
    assert report["state"] == state and said in report["error"] and weibo.asked == []


def test_an_anonymous_call_is_answered_as_the_contract_s_server_does(paid: Source, weibo: Weibo, read) -> None:
    weibo.fail["/2/search/statuses/limited.json"] = (403, {"error_code": 21301, "error": "auth by Null spi!"})
    report = read(paid)[0]
    assert report["state"] == "failing" and "21301" in report["error"] and "重新授权" in report["error"]
