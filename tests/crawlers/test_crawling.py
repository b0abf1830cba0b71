"""Feeds over real HTTP, through a real crawler child."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Change, Post, Source
from crawlers.child import Child
from crawlers.models import Host, Rejection, RobotsFile, SourceRun
from tests.crawlers.site import Answer, Site, item, rss
from tests.sources import change, enabled

FIVE = rss(*(item(n) for n in range(5)))


def test_items_become_posts_and_changes_once(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(FIVE)
    assert read(feed) == [{"id": feed.pk, "name": "本地站", "state": "alive", "fetched": 5, "new": 5, "error": ""}]
    assert Post.objects.count() == Change.objects.count() == 5
    post = Post.objects.get(title="第3条")
    assert (post.site, post.outlet, post.url) == ("本地站", "media", f"{site.url}/a/3")
    assert post.published_at == datetime(2024, 5, 20, 2, 0, tzinfo=UTC)
    site.answers["/feed"] = Answer(rss(*(item(n) for n in range(7))))
    assert read(feed)[0]["new"] == 2
    assert feed.state == "alive" and feed.last_ok_at and feed.last_item_at == post.published_at
    assert [run.new for run in SourceRun.objects.order_by("id")] == [5, 2]


def test_we_say_who_we_are(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(FIVE)
    read(feed)
    assert all(asked.headers["User-Agent"].startswith("Huiying/") for asked in site.asked)
    assert not any(asked.headers["Cookie"] for asked in site.asked)


@pytest.mark.parametrize(
    ("given", "asked_with"),
    [({"ETag": '"v1"'}, "If-None-Match"), ({"Last-Modified": "Mon, 20 May 2024 02:00:00 GMT"}, "If-Modified-Since")],
)
def test_an_unchanged_feed_is_a_healthy_empty_run(feed: Source, site: Site, read, given: dict, asked_with: str) -> None:
    value = next(iter(given.values()))
    site.answers["/feed"] = lambda a: Answer(status=304) if a.headers[asked_with] == value else Answer(FIVE, headers=given)
    assert read(feed)[0]["new"] == 5
    assert read(feed) == [{"id": feed.pk, "name": "本地站", "state": "alive", "fetched": 0, "new": 0, "error": ""}]
    assert SourceRun.objects.latest("id").http == 304 and "304" in feed.detail


def test_a_gb2312_feed_without_zones_is_read_as_shanghai(feed: Source, site: Site, read) -> None:
    body = rss("<title>西安𠮷祥村火情</title><guid>x</guid><pubDate>2024-05-20 10:00:00</pubDate>", encoding="gb2312")
    site.answers["/feed"] = Answer(body, headers={"Content-Type": "text/xml; charset=ISO-8859-1"})
    read(feed)
    post = Post.objects.get()
    assert post.title == "西安𠮷祥村火情" and post.published_at == datetime(2024, 5, 20, 2, 0, tzinfo=UTC)


def test_json_feed_is_read(feed: Source, site: Site, read) -> None:
    feed_ = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "t",
        "items": [{"id": 7, "url": "/a/7", "content_html": "<p>一</p><p>二</p>", "date_published": "2024-05-20T10:00:00+08:00"}],
    }
    site.answers["/feed"] = Answer(json.dumps(feed_).encode(), headers={"Content-Type": "application/feed+json"})
    assert read(feed)[0]["new"] == 1
    post = Post.objects.get()
    assert (post.body, post.url, post.external_id) == ("一\n二", f"{site.url}/a/7", "7")


def test_a_date_ahead_of_now_becomes_the_time_of_receipt(feed: Source, site: Site, read) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    site.answers["/feed"] = Answer(rss(item(1, ahead), item(2, "")))
    read(feed)
    future, missing = Post.objects.order_by("external_id")
    assert future.published_at == future.received_at and "晚于收到时间" in future.notes[0]
    assert future.published_raw == ahead
    assert missing.published_at == missing.received_at and "缺失" in missing.notes[0]


# --- robots.txt ---


def test_robots_that_refuse_are_obeyed_and_asked_once_a_day(feed: Source, site: Site, read) -> None:
    site.answers |= {"/feed": Answer(FIVE), "/robots.txt": Answer(b"User-agent: *\nDisallow: /feed")}
    assert read(feed)[0]["state"] == read(feed)[0]["state"] == "capped"
    assert "robots.txt 不允许" in feed.detail and site.paths() == ["/robots.txt"]
    RobotsFile.objects.update(fetched_at=datetime.now(UTC) - timedelta(hours=25))
    site.answers["/robots.txt"] = Answer(b"User-agent: *\nAllow: /")
    assert read(feed)[0]["state"] == "alive"


@pytest.mark.parametrize(
    ("robots", "state"),
    [
        (Answer(b"User-agent: *\nDisallow: /private"), "alive"),
        (Answer(status=404), "alive"),
        (Answer(status=403), "alive"),
        (Answer(status=500), "failing"),
        (Answer(b"<!DOCTYPE html><html>welcome</html>"), "failing"),
    ],
    ids=["allows", "404", "403", "500", "html"],
)
def test_robots_answers(feed: Source, site: Site, read, robots: Answer, state: str) -> None:
    """4xx means there are no rules; what is no answer refuses until there is one."""
    site.answers |= {"/feed": Answer(FIVE), "/robots.txt": robots}
    assert read(feed)[0]["state"] == state
    assert ("/feed" in site.paths()) == (state == "alive")


def test_crawl_delay_is_kept_between_requests(feed: Source, site: Site, read) -> None:
    site.answers |= {"/feed": Answer(FIVE), "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 1")}
    read(feed)
    read(feed)
    feeds = [asked.at for asked in site.asked if asked.path == "/feed"]
    assert feeds[1] - feeds[0] >= 1.0


def test_a_long_crawl_delay_puts_the_source_off_without_blaming_it(feed: Source, site: Site, read) -> None:
    site.answers |= {"/feed": Answer(FIVE), "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 120")}
    read(feed)
    read(feed)
    assert site.paths().count("/feed") == 1
    assert feed.failures == 0 and feed.next_run_at
    assert 60 < (feed.next_run_at - datetime.now(UTC)).total_seconds() <= 120


# --- what goes wrong ---


def test_a_redirect_loop_ends_after_three_hops(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(status=302, headers={"Location": "/feed"})
    report = read(feed)[0]
    assert report["state"] == "failing" and "重定向超过 3 次" in report["error"]
    assert site.paths().count("/feed") == 4


def test_a_redirect_on_the_site_is_followed_and_off_the_site_is_not(feed: Source, site: Site, read) -> None:
    other = Site()
    other.answers["/feed"] = Answer(FIVE)
    site.answers |= {"/feed": Answer(status=301, headers={"Location": "/new"}), "/new": Answer(FIVE)}
    assert read(feed)[0]["new"] == 5
    site.answers["/feed"] = Answer(status=302, headers={"Location": f"{other.url}/feed"})
    report = read(feed)[0]
    other.close()
    assert report["state"] == "failing" and "站外" in report["error"] and other.asked == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_30_mb_body_is_not_read(feed: Source, site: Site, read, declared: bool) -> None:
    headers = {} if declared else {"Content-Length": "", "Connection": "close"}
    site.answers["/feed"] = Answer(rss("x" * 30_000_000), headers=headers)
    report = read(feed)[0]
    assert report["state"] == "failing" and "10 MB" in report["error"]


def test_a_damaged_feed_gives_what_can_be_read_and_is_not_remembered_as_seen(feed: Source, site: Site, read) -> None:
    broken = FIVE.decode().replace("第2条", "第2条 & <坏").encode()
    site.answers["/feed"] = Answer(broken, headers={"ETag": '"broken"'})
    report = read(feed)[0]
    assert report["state"] == "alive" and report["new"] >= 4 and "XML 第 1 行" in report["error"]
    assert feed.etag == ""


def test_a_feed_cut_off_in_an_item_leaves_that_item_for_later(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(FIVE[: FIVE.index("第4条".encode()) + len("第4".encode())])
    assert read(feed)[0]["new"] == 4
    assert Rejection.objects.get().row == 5
    site.answers["/feed"] = Answer(FIVE)
    assert read(feed)[0]["new"] == 1 and Post.objects.filter(title="第4条").exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"<html><title>404 Not Found</title></html>", "网页"), (b"", "内容为空"), (b'{"code":0}', "不是 JSON Feed")],
)
def test_a_200_that_is_no_feed_is_a_failure(feed: Source, site: Site, read, body: bytes, said: str) -> None:
    site.answers["/feed"] = Answer(body)
    report = read(feed)[0]
    assert report["state"] == "failing" and said in report["error"]
    assert feed.failures == 1 and feed.last_ok_at is None and "连续失败 1 次" in feed.detail


def test_retry_after_is_kept_across_runs(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(status=429, headers={"Retry-After": "3600"})
    assert read(feed)[0]["state"] == "capped"
    host = Host.objects.get()
    assert host.not_before and 3500 < (host.not_before - datetime.now(UTC)).total_seconds() <= 3600
    assert feed.next_run_at and feed.next_run_at >= host.not_before - timedelta(seconds=5)
    before = len(site.asked)
    assert read(feed)[0]["state"] == "capped" and len(site.asked) == before


def test_a_failing_host_is_left_alone_ever_longer_and_forgiven_when_it_answers(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(status=503)
    read(feed)
    read(feed)
    assert Host.objects.get().failures == 2 and site.paths().count("/feed") == 2
    read(feed)
    assert site.paths().count("/feed") == 2
    Host.objects.update(not_before=None)
    site.answers["/feed"] = Answer(FIVE)
    assert read(feed)[0]["state"] == "alive"
    assert Host.objects.get().failures == 0 and feed.failures == 0


def test_a_refused_connection_and_a_good_source_in_one_batch(feed: Source, site: Site, read) -> None:
    site.answers["/feed"] = Answer(FIVE)
    dead = enabled(name="没有人", url="http://127.0.0.1:9/feed")
    off = Source.objects.create(name="未启用", kind="feed", url=f"{site.url}/feed")
    reports = read(dead, feed, off)
    assert [r["state"] for r in reports] == ["failing", "alive", "off"]
    assert reports[2]["error"] == "信源未启用"


# --- the child itself ---


def test_a_killed_child_is_replaced_and_nothing_is_lost_or_doubled(feed: Source, site: Site, crawler: Child) -> None:
    import threading

    go = threading.Event()
    site.answers["/feed"] = Answer(FIVE, headers={"ETag": '"v1"'}, wait=go)
    heard: list[dict] = []
    crawler._heard = heard.append
    crawler.crawl([feed.pk])
    until(lambda: "/feed" in site.paths())
    first = crawler._process
    assert first
    first.kill()
    first.wait()
    go.set()
    assert crawler.wait(20)
    feed.refresh_from_db()
    assert crawler.pid != first.pid and [r["new"] for r in heard] == [5]
    assert Post.objects.count() == 5 and feed.etag == '"v1"'


def until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_a_source_that_kills_the_child_twice_is_named_and_the_others_go_on(feed: Source, site: Site, crawler: Child) -> None:
    import os
    import signal

    def kill_the_reader(asked) -> Answer:
        assert crawler.pid
        os.kill(crawler.pid, signal.SIGKILL)
        return Answer()

    site.answers |= {"/feed": Answer(FIVE), "/robots.txt": Answer(status=404), "/bad": kill_the_reader}
    bad = enabled(name="致命", url=f"{site.url}/bad")
    heard: list[dict] = []
    crawler._heard = heard.append
    crawler.crawl([bad.pk])
    assert crawler.wait(30)
    crawler.crawl([feed.pk])
    assert crawler.wait(20)
    assert [(r["name"], r["state"]) for r in heard] == [("致命", "failing"), ("本地站", "alive")]
    assert "异常退出" in heard[0]["error"] and SourceRun.objects.filter(source=bad).count() == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433"])
def test_private_addresses_are_refused_however_they_are_written(
    feed: Source, site: Site, guarded: Child, host: str
) -> None:
    """The last two are names to a URL parser; only the resolver sees what they mean."""
    site.answers["/feed"] = Answer(FIVE)
    change(feed, url=site.url.replace("127.0.0.1", host) + "/feed")
    heard: list[dict] = []
    guarded._heard = heard.append
    guarded.crawl([feed.pk])
    assert guarded.wait(20)
    assert heard[0]["state"] == "failing" and site.asked == []


def test_the_command_reads_all_enabled_sources_and_exits_0(feed: Source, site: Site, crawler: Child, capsys) -> None:
    from config.cli import main

    site.answers["/feed"] = Answer(FIVE)
    enabled(name="没有人", url="http://127.0.0.1:9/feed")
    Source.objects.create(name="未启用", kind="feed", url=f"{site.url}/feed")
    main(["huiying", "crawl", "--json"])
    sources = {s["name"]: s for s in json.loads(capsys.readouterr().out)["sources"]}
    assert sources["本地站"] == {"name": "本地站", "state": "alive", "fetched": 5, "new": 5, "error": ""}
    assert set(sources) == {"本地站", "没有人"} and sources["没有人"]["state"] == "failing"
    with pytest.raises(SystemExit) as end:
        main(["huiying", "crawl", "不存在"])
    assert end.value.code == 2
