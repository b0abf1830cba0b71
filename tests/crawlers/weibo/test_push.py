"""The push stream: a receiver that is killed, a server that closes, records that cannot be read."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from archive.models import Post, PostVersion, Source
from bench.weibo import FIRST_ID, Weibo, comment, status
from crawlers import schedule
from crawlers.models import Rejection, SourceRun
from crawlers.posts import id_key
from crawlers.receivers import Receivers
from tests.crawlers.conftest import database_env
from tests.crawlers.weibo.conftest import APPROVED
from tests.sources import change, enabled

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def stream(transactional_db: None, weibo: Weibo) -> Source:
    weibo.idle_s = 0.3
    return enabled(name="推送", kind=Source.Kind.WEIBO_PUSH, outlet="individual", options={"subid": "1"}, **APPROVED)


@pytest.fixture
def receivers(weibo: Weibo, tmp_path, stream: Source) -> Iterator[Receivers]:
    found = Receivers(dict(os.environ) | database_env(tmp_path) | weibo.env)
    yield found
    found.stop()


def push(weibo: Weibo, first: int, last: int) -> None:
    for n in range(first, last + 1):
        weibo.push(n, status(FIRST_ID + n, f"第{n}条：南稍门路口积水", NOW))


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def since(stream: Source) -> str:
    stream.refresh_from_db()
    return str(stream.cursor.get("since", ""))


def test_a_receiver_killed_again_and_again_loses_nothing_and_doubles_nothing(weibo, stream, receivers) -> None:
    def tended(count: int) -> bool:
        receivers._not_before.clear()
        receivers.tend()
        return Post.objects.count() >= count

    push(weibo, 1, 40)
    for kill in range(1, 5):
        until(partial(tended, 40 * kill - 39))  # the first of them, not all
        os.kill(receivers.pids()[stream.pk], signal.SIGKILL)
        push(weibo, 40 * kill + 1, 40 * kill + 40)
    until(partial(tended, 200))
    assert since(stream) == "200"
    assert Post.objects.values("external_id").distinct().count() == Post.objects.count() == 200


def test_a_stream_that_is_closed_when_idle_is_taken_up_with_the_last_number(weibo, stream, receivers) -> None:
    push(weibo, 1, 3)
    receivers.tend()
    until(lambda: Post.objects.count() == 3 and weibo.connections >= 2)
    push(weibo, 4, 5)
    until(lambda: Post.objects.count() == 5)
    asked = [a.params.get("since_id") for a in weibo.asked if a.path.endswith("push.json")]
    assert asked[0] is None and asked[1] == "3"
    until(lambda: SourceRun.objects.filter(state="alive").exists())
    assert stream.pk not in schedule.due(datetime.now(UTC))


def test_the_receiver_ends_when_it_is_switched_off_and_with_the_engine(weibo, stream, receivers) -> None:
    receivers.tend()
    process = receivers._running[stream.pk].process
    until(lambda: weibo.connections == 1)
    Source.objects.update(enabled=False)
    receivers.tend()
    assert process.wait(15) == 0
    Source.objects.update(enabled=True)
    until(lambda: (receivers._not_before.clear(), receivers.tend(), stream.pk in receivers.pids())[-1])
    process = receivers._running[stream.pk].process
    assert process.stdin
    process.stdin.close()  # what happens to it when the engine dies
    assert process.wait(15) == 0


# --- through `crawl`, which reads one connection ---


def test_what_cannot_be_read_is_refused_by_number_and_the_cursor_passes_it(stream: Source, weibo: Weibo, read) -> None:
    push(weibo, 1, 1)
    weibo.push_raw(2, b'{"id":2,"text":{"type":"status","sta')
    weibo.push(3, status(FIRST_ID + 3, "", NOW))
    weibo.push(4, {"anything": 1}, kind="follow")
    weibo.push(5, status(FIRST_ID + 5, "x", NOW), event="starred")
    weibo.push(6, status(FIRST_ID + 6, "恢复正常", NOW))
    report = read(stream)[0]
    assert (report["state"], report["new"]) == ("alive", 2) and since(stream) == "6"
    reasons = " ".join(Rejection.objects.values_list("reason", flat=True))
    assert all(word in reasons for word in ("推送记录 2", "没有正文", "follow", "starred")) and Rejection.objects.count() == 4


def test_comments_edits_and_deletions_come_by_the_stream(stream: Source, weibo: Weibo, read) -> None:
    post = status(FIRST_ID + 1, "南门外施工，请绕行", NOW, reposts_count=2)
    weibo.push(1, post)
    weibo.push(2, comment(FIRST_ID + 2, "晚上也施工吗", NOW, post), kind="comment")
    weibo.push(3, status(FIRST_ID + 9, "同一天还有演出", NOW))
    read(stream)
    weibo.push(4, post | {"text": "南门外施工延长至周五，请绕行", "reposts_count": 9}, event="update")
    weibo.push(5, {"id": FIRST_ID + 9}, event="delete")
    read(stream)
    first = Post.objects.get(key=id_key("weibo", str(FIRST_ID + 1)))
    assert first.body == "南门外施工，请绕行" and first.reposts == 9
    assert PostVersion.objects.get(post=first).body == "南门外施工延长至周五，请绕行"
    assert Post.objects.get(external_id=f"c{FIRST_ID + 2}").body == "晚上也施工吗"
    assert Post.objects.get(external_id=str(FIRST_ID + 9)).withdrawn_at


def test_without_a_number_the_newest_hundred_come_and_an_interruption_too_long_is_said(stream: Source, weibo: Weibo, read) -> None:
    push(weibo, 1, 150)
    assert read(stream)[0]["new"] == 100
    stream.cursor["since_at"] = (datetime.now(UTC) - timedelta(hours=80)).isoformat()
    stream.save()
    push(weibo, 151, 151)
    report = read(stream)[0]
    assert report["new"] == 1 and "超过 72 小时" in report["error"]


@pytest.mark.parametrize(
    ("wrong", "state", "said"),
    [
        ({"options": {}}, "off", "订阅编号"),
        ({"options": {"subid": "7"}}, "failing", "Ip is limited"),
        ({"options": {"subid": "一"}}, "failing", "options.subid"),
        ({"options": {"subid": "1", "path": "../x"}}, "failing", "options.path"),
    ],
)
def test_a_stream_that_cannot_be_had_says_why(stream: Source, weibo: Weibo, read, wrong, state, said) -> None:
    change(stream, **wrong)
    report = read(stream)[0]
    assert report["state"] == state and said in report["error"]
