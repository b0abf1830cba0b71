"""One event's facts from those of its posts, in time order."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from analysis.facts import Facts, Figure, attributed, combine, extract, from_json, merge, to_json

POSTED = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HEARSAY, AUTHORITY = False, True


def told(*posts: tuple[str, bool]) -> Facts:
    return combine((extract(text, POSTED), authority) for text, authority in posts)


def test_a_rising_toll_takes_the_highest() -> None:
    facts = told(("火灾致3人死亡", HEARSAY), ("火灾已致8人死亡", AUTHORITY), ("死亡人数升至11人", AUTHORITY))
    assert facts.deaths == Figure(low=11, high=11, quote="死亡人数升至11人", official=True)


def test_a_stale_repost_does_not_lower_the_toll() -> None:
    assert told(("11人遇难", AUTHORITY), ("3人遇难", HEARSAY)).deaths == Figure(low=11, high=11, quote="11人遇难", official=True)


def test_hearsay_above_the_authority_is_a_range_with_both_quotes() -> None:
    expected = Figure(low=2, high=12, quote="2人死亡｜12人遇难")
    for order in (("12人遇难", HEARSAY), ("2人死亡", AUTHORITY)), (("2人死亡", AUTHORITY), ("12人遇难", HEARSAY)):
        assert told(*order).deaths == expected


def test_the_authority_rising_to_the_hearsay_settles_the_range() -> None:
    facts = told(("12人遇难", HEARSAY), ("2人死亡", AUTHORITY), ("5人死亡", AUTHORITY), ("已致12人死亡", AUTHORITY))
    assert facts.deaths == Figure(low=12, high=12, quote="12人死亡", official=True)


def test_only_an_authority_corrects_downward_and_what_it_replaced_is_kept() -> None:
    posts = (("网友称12人遇难", HEARSAY), ("死亡人数更正为9人", HEARSAY))
    assert told(*posts).deaths == Figure(low=12, high=12, quote="12人遇难")
    facts = told(*posts, ("死亡人数更正为9人", AUTHORITY))
    assert facts.deaths == Figure(low=9, high=9, quote="死亡人数更正为9人", official=True)
    assert facts.superseded == ("12人遇难",)


def test_the_missing_who_are_found_dead_are_not_counted_twice() -> None:
    assert told(("8人失联", HEARSAY), ("8人已遇难", AUTHORITY)).missing is None
    facts = told(("2人遇难12人失联", AUTHORITY), ("4人遇难，23人失联", AUTHORITY), ("已致8人遇难", AUTHORITY))
    assert facts.deaths and facts.missing and (facts.deaths.top, facts.missing.top) == (8, 19)
    facts = told(("38人遇难", AUTHORITY), ("仍有24人失联", AUTHORITY))
    assert facts.missing and facts.missing.top == 24
    facts = told(("30余人失联", HEARSAY), ("5人遇难", AUTHORITY))
    assert facts.missing and (facts.missing.low, facts.missing.high) == (25, None)


def test_nobody_hurt_gives_way_to_figures_but_an_authority_saying_so_later_stays_in_sight() -> None:
    assert "none_hurt" not in told(("无人员伤亡", AUTHORITY), ("3人受伤", HEARSAY)).flags
    assert "none_hurt" in told(("3人受伤", HEARSAY), ("无人员伤亡", AUTHORITY)).flags
    assert "none_hurt" not in told(("3人受伤", HEARSAY), ("无人员伤亡", HEARSAY)).flags


def test_an_anniversary_does_not_make_a_fresh_event_old() -> None:
    facts = told(("今天上午发生火灾", HEARSAY), ("2019年11月20日该处发生过火灾", HEARSAY))
    assert "old" not in facts.flags
    assert facts.t_event_quote == "今天上午"


def test_an_old_story_stays_old_until_somebody_tells_of_a_fresh_deed() -> None:
    old = ("2019年11月20日8时许该处发生火灾", HEARSAY)
    assert "old" in told(old).flags
    fresh = told(old, ("今天上午发生火灾", HEARSAY))
    assert "old" not in fresh.flags and fresh.t_event_quote == "今天上午"


def test_the_earliest_stated_time_counts() -> None:
    assert told(("今天上午发生火灾", HEARSAY), ("昨晚11时许发生火灾", AUTHORITY)).t_event_quote == "昨晚11时许"


def test_an_event_grows_post_by_post_through_its_stored_form() -> None:
    texts = [("12人遇难", HEARSAY), ("2人死亡", AUTHORITY), ("5人失联", HEARSAY), ("死亡人数更正为3人", AUTHORITY)]
    total: Facts | None = None
    for i, (text, authority) in enumerate(texts):
        total = merge(total, attributed(extract(text, POSTED), i), authority)
        total = from_json(to_json(total))
    assert total == combine((attributed(extract(t, POSTED), i), a) for i, (t, a) in enumerate(texts))
    assert total and total.deaths and total.deaths.post_id == 3


def test_no_posts_say_nothing() -> None:
    assert combine([]) == Facts()
