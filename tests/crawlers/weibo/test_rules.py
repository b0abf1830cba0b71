"""Pure parts: paging that skips nothing, dates without a locale, error codes, budgets, spans, framing."""

from __future__ import annotations

import json
import locale
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.weibo import FIRST_ID, comment, placeholder, status
from config.clock import SHANGHAI
from crawlers import metrics
from crawlers.again import is_edit
from crawlers.metrics import Candidate, Counts
from crawlers.weibo import errors, paging, windows
from crawlers.weibo.budget import midnight, next_round
from crawlers.weibo.paging import Stream
from crawlers.weibo.push import Lines, TooLong, read_record
from crawlers.weibo.statuses import created_at, id_of, is_gone, read_comments, read_statuses

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


# --- paging ---


@given(
    arrivals=st.lists(st.integers(0, 40), min_size=1, max_size=12), calls=st.lists(st.integers(1, 3), min_size=12, max_size=12),
    page=st.integers(2, 8),
)  # fmt: skip
def test_whatever_comes_between_two_readings_is_read_in_the_end(arrivals, calls, page):
    posted: list[int] = [10]
    seen: set[int] = set()
    stream = Stream()

    def ask(stream: Stream, *, fresh: bool) -> Stream:
        one = stream.next(fresh=fresh)
        if one is None:
            return stream
        found = [i for i in reversed(posted) if i > one.since and (not one.most or i <= one.most)]
        seen.update(found[:page])
        return stream.after(one, {i: NOW + timedelta(minutes=i) for i in found[:page]}, len(found) > page)

    stream = ask(stream, fresh=True)
    for new, most in zip(arrivals, calls, strict=False):
        posted += range(posted[-1] + 3, posted[-1] + 3 + 2 * new, 2)
        stream = ask(stream, fresh=True)
        assert not new or posted[-1] in seen, "the newest comes first, however much is missing below it"
        for _ in range(most - 1):
            stream = ask(stream, fresh=False)
    for _ in range(2000):
        if not stream.gaps:
            break
        stream = ask(stream, fresh=False)
    assert seen == set(posted) and not stream.gaps


def test_a_cursor_survives_being_kept_and_a_broken_one_starts_anew():
    stream = Stream(top=FIRST_ID + 9, since=FIRST_ID, gaps=((1, 5), (7, 9)))
    assert paging.from_json(json.loads(json.dumps(paging.to_json(stream)))) == stream
    assert paging.from_json({"top": "x"}) == paging.from_json(None) == Stream()


def test_a_short_page_ends_a_list_unless_its_cursor_says_otherwise():
    assert paging.more_after({"next_cursor": 7}, [1], 50) and not paging.more_after({"next_cursor": "0"}, [1] * 50, 50)
    assert paging.more_after({}, [1] * 50, 50) and not paging.more_after({}, [1], 50) and not paging.more_after({"next_cursor": 7}, [], 50)


# --- statuses ---


def test_dates_are_read_whatever_the_locale():
    at = datetime(2011, 5, 31, 9, 46, 55, tzinfo=UTC)
    before = locale.setlocale(locale.LC_TIME)
    for name in (before, "C"):
        locale.setlocale(locale.LC_TIME, name)
        assert created_at("Tue May 31 17:46:55 +0800 2011") == at
    assert [created_at(t) for t in ("Tue Mai 31 17:46:55 +0800 2011", "31天前", None, 5, "Tue Feb 31 17:46:55 +0800 2011")] == [None] * 5


@pytest.mark.parametrize(
    ("raw", "number"),
    [({"id": 5100000000000001}, "5100000000000001"), ({"idstr": "007"}, "7"), ({"mid": "12"}, "12"), ({"id": 5.1e15}, ""),
     ({"id": True}, ""), ({"id": 0}, ""), ({"id": "１２"}, ""), ({}, "")],
)  # fmt: skip
def test_numbers_stay_texts_and_never_pass_through_a_float(raw, number):
    assert id_of(raw) == number


def test_a_repost_carries_what_it_passes_on_and_the_original_is_an_item_of_its_own():
    original = status(FIRST_ID + 1, "南门外路灯全灭", NOW, reposts_count="7")
    page = read_statuses([status(FIRST_ID + 2, "转发微博", NOW, retweeted_status=original)])
    first, repost = page.items
    assert (first.external_id, first.reposts, first.is_repost) == (str(FIRST_ID + 1), 7, False)
    assert repost.body == "转发微博//@原微博:南门外路灯全灭" and repost.is_repost
    assert list(page.seen) == [FIRST_ID + 2]


def test_long_cut_and_empty_texts():
    page = read_statuses([
        status(FIRST_ID + 1, "头…", NOW, longText={"longTextContent": "头和尾"}), status(FIRST_ID + 2, "半句", NOW, truncated=True),
        status(FIRST_ID + 3, "&lt;公安&gt; <a href='x'>#南门#</a>", NOW), status(FIRST_ID + 4, None, NOW), "x", {"text": "无号"},
    ])  # fmt: skip
    assert [i.body for i in page.items] == ["头和尾", "半句", "<公安> #南门#"]
    assert page.cut == [str(FIRST_ID + 2)] and "部分正文" in page.items[1].notes[0]
    assert [(r.row, r.field) for r in page.refused] == [(4, "text"), (5, "id"), (6, "id")]


@pytest.mark.parametrize(
    ("user", "outlet"),
    [({"verified_type": 1, "verified": True}, "authority"), ({"verified_type": 3, "verified": True}, "media"), (None, "individual"),
     ({"verified_type": 1, "verified": False}, "individual"), ({"verified_type": 7, "verified": True}, "individual"), ({"id": 77}, "own")],
)  # fmt: skip
def test_what_kind_of_account_speaks(user, outlet):
    assert read_statuses([status(FIRST_ID, "x", NOW, user=user)], own="77").items[0].outlet == outlet


def test_a_placeholder_is_gone_and_a_person_who_quotes_its_sentence_is_not():
    assert is_gone(placeholder(FIRST_ID)) and is_gone({"id": 1, "deleted": "1"})
    assert not is_gone(status(FIRST_ID, "此微博已被原作者删除。", NOW))
    page = read_comments([comment(FIRST_ID + 2, "好的", NOW, placeholder(FIRST_ID))])
    assert page.gone == [str(FIRST_ID)] and page.items[0].external_id == f"c{FIRST_ID + 2}"


# --- errors ---


@pytest.mark.parametrize(
    ("code", "state", "detail"),
    [(10001, "failing", ""), (10004, "failing", "no_permission"), (10014, "failing", "no_permission"), (10006, "failing", "auth_required"),
     (10022, "capped", "rate_limited"), (10023, "capped", "rate_limited"), (10032, "failing", "auth_required"),
     (21301, "failing", "auth_required"), (21317, "failing", "auth_required"), (21332, "failing", "auth_required"), (424242, "failing", "")],
)  # fmt: skip
@pytest.mark.parametrize("form", [int, str])
def test_codes_mean_the_same_as_numbers_and_as_texts(code, state, detail, form):
    _, refusal = errors.judge(400, json.dumps({"error_code": form(code), "error": "…", "request": "/2/x"}).encode())
    assert refusal and (refusal.number, refusal.meaning.state, refusal.meaning.code) == (code, state, detail)
    assert str(code) in refusal.said


def test_limits_are_over_at_the_full_hour():
    _, refusal = errors.judge(403, b'{"error_code":"10022","error":"IP requests out of rate limit!"}')
    assert refusal and refusal.retry_at(NOW + timedelta(minutes=20)) == NOW + timedelta(hours=1)


@pytest.mark.parametrize("body", [b"", b"<html>", b"3", b'"x"', b"[" * 100_000])
def test_an_answer_that_is_no_data_is_none(body):
    data, refusal = errors.judge(200, body)
    assert data is None and refusal and refusal.meaning.state == "failing"


# --- budget, spans, metrics ---


@given(st.integers(0, 100), st.integers(0, 24 * 60 - 1))
def test_what_is_left_of_the_day_s_calls_lasts_to_its_end(used, minute):
    now = datetime(2026, 11, 24, tzinfo=SHANGHAI) + timedelta(minutes=minute)
    end, rounds = midnight(now), 0
    at = now
    while at < end and used + 3 <= 100:
        used, rounds = used + 3, rounds + 1
        at = next_round(at, used=used, limit=100, cost=3, least=timedelta(minutes=5))
        assert at <= end
    assert used <= 100
    assert next_round(now, used=98, limit=100, cost=3, least=timedelta(minutes=5)) == end


def test_a_fresh_day_is_a_round_every_three_quarters_of_an_hour():
    start = datetime(2026, 11, 24, tzinfo=SHANGHAI)
    assert next_round(start, used=0, limit=100, cost=3, least=timedelta(minutes=5)) - start == timedelta(days=1) / 33


def test_a_span_is_cut_until_it_can_be_had_or_is_too_short():
    span = windows.span_from(NOW - timedelta(hours=2), NOW)
    assert span.start == NOW - timedelta(hours=2, minutes=10) and windows.halves(span, 1000) == []
    first, second = windows.halves(span, 5000)
    assert first.start == span.start and first.end == second.start and second.end == NOW
    assert windows.halves(windows.Span(NOW - timedelta(minutes=2), NOW), 5000) == []
    assert windows.span_from(None, NOW).start == NOW - timedelta(hours=1)
    assert windows.span_from(NOW - timedelta(days=30), NOW).start == NOW - timedelta(days=3)


def test_counters_are_read_ever_more_rarely_and_the_hottest_first():
    published, last, looked = NOW, NOW + timedelta(seconds=30), 0
    pauses = []
    while at := metrics.due_at(published, last):
        pauses.append(at - last)
        last, looked = at + timedelta(minutes=1), looked + 1
    assert looked == 10 and pauses[1:] == sorted(pauses[1:])
    many = [
        Candidate(post_id=n, external_id=str(n), published_at=NOW, last_at=NOW, rank=n % 7) for n in range(50)
    ]  # fmt: skip
    chosen = metrics.due(many, NOW + timedelta(minutes=11), 7)
    assert len(chosen) == 7 and {c.rank for c in chosen} == {6}
    assert metrics.due(many, NOW + timedelta(minutes=5), 7) == []
    assert Counts(likes=3).over([1, 2, 9, 0]) == (1, 2, 3, 0)


@pytest.mark.parametrize(
    ("before", "after", "edit"),
    [("一\0二三四", "一\0二三五", True), ("一\0二三四", "一\0二三四", False), ("一\0二三四", "一\0二三…", False), ("一\0二", "一\0二三四", True),
     ("一\0二", "\0", False)],
)  # fmt: skip
def test_a_cut_is_no_edit(before, after, edit):
    assert is_edit(before, after) == edit


# --- the stream ---


@given(st.lists(st.integers(1, 30), max_size=40))
def test_lines_come_whole_however_the_bytes_are_cut(cuts):
    sent = b"".join(json.dumps({"id": n, "text": "灯" * n}, ensure_ascii=False).encode() + b"\r\n" for n in range(8)) + b'{"id":9'
    lines, got, at = Lines(), [], 0
    for size in [*cuts, len(sent)]:
        got += lines.feed(sent[at : at + size])
        at += size
    assert [json.loads(line)["id"] for line in got] == list(range(8))


def test_bytes_without_a_line_end_are_not_kept_for_ever():
    lines = Lines()
    with pytest.raises(TooLong):
        for _ in range(20):
            list(lines.feed(b"x" * 100_000))


@pytest.mark.parametrize("line", [b"[]", b"7", b'{"id":"x"}', b'{"id":3}', b'{"id":3,"text":{"type":"status","status":7}}', b"[" * 50_000])
def test_a_record_that_is_none_is_refused_with_its_number(line):
    record = read_record(line)
    assert record.page.refused and not record.page.items and record.error is None


def test_the_server_s_own_words_in_the_stream_are_an_error():
    record = read_record(b'{"error_code":"21301","error":"auth by Null spi!"}')
    assert record.error and record.error.number == 21301
