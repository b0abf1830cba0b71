"""Back-fills over real HTTP: the window and nothing else, beside the live reading, kept as past."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from archive.models import Post, Source
from config.cli import main
from crawlers import errands
from crawlers.models import Errand, SourceRun
from tests.crawlers.pages import article, list_page, row
from tests.crawlers.site import Answer, Site, rss
from tests.sources import enabled

pytestmark = pytest.mark.long  # a crawler process for each test
HTML = {"Content-Type": "text/html; charset=utf-8"}
DAY = "2026-10-{:02d}"
LIVE = {"gaps": [60.0], "seen": {"abc": 3}}
WINDOW = ("--from", "2026-10-05T00:00+08:00", "--to", "2026-10-09T00:00+08:00")
TEST_LIMIT = 180


def page(text: str) -> Answer:
    return Answer(text.encode(), headers=HTML)


def fill(capsys, *options: str) -> dict:
    """What the command prints; it runs in a process of its own, for a reactor starts only once."""
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "backfill", *options, "--json"],
        capture_output=True, text=True, timeout=TEST_LIMIT,
    )  # fmt: skip
    assert done.returncode in (0, 2), done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def news(transactional_db: None, site: Site, crawler) -> Source:
    """Twenty days of two articles each, five days to a list page."""
    for start in range(1, 21, 5):
        days = range(20 - start + 1, 20 - start - 4, -1)
        rows = [row(d * 10 + n, when=f"{DAY.format(d)} 0{n}:30") for d in days for n in (8, 9)]
        number = start // 5
        site.answers["/yw/" if not number else f"/yw/index_{number}.html"] = page(
            list_page(rows, next_href=f"index_{number + 1}.html" if number < 3 else "")
        )
        for d in days:
            for n in (8, 9):
                site.answers[f"/yw/202611/t20261124_{1000 + d * 10 + n}.html"] = page(
                    article(f"某市警方通报第{d * 10 + n}起交通事故的处置情况", when=f"{DAY.format(d)} 0{n}:30")
                )
    return enabled(
        name="本地新闻网", kind="site", url=f"{site.url}/yw/", outlet="media", etag='"live"', cursor=LIVE,
        last_item_at=datetime(2026, 11, 1, tzinfo=UTC),
        options={"reads": "list", "list": {"items": "ul.news-list li", "next": '//a[.="下一页"]'}},
    )  # fmt: skip


def test_a_list_is_followed_into_the_past_and_only_the_window_is_fetched(news: Source, site: Site, capsys) -> None:
    said = fill(capsys, news.name, *WINDOW)
    assert (said["state"], said["new"], said["known"]) == ("done", 8, 0)
    posts = Post.objects.order_by("published_at")
    assert {p.published_at.date().day for p in posts} == {5, 6, 7, 8} and all(p.past and p.unread for p in posts)
    assert len([p for p in site.paths() if p.startswith("/yw/2026")]) == 8
    assert "/yw/index_3.html" in site.paths()  # the page that goes beyond the window is the last
    assert fill(capsys, news.name, *WINDOW)["known"] == 8 and Post.objects.count() == 8


def test_the_live_reading_does_not_notice(news: Source, site: Site, capsys) -> None:
    before = Source.objects.values().get(pk=news.pk)
    fill(capsys, news.name, *WINDOW)
    assert Source.objects.values().get(pk=news.pk) == before and not SourceRun.objects.exists()


def test_posts_that_shall_alert_come_as_news(news: Source, capsys) -> None:
    fill(capsys, news.name, *WINDOW, "--alert")
    assert not Post.objects.filter(past=True).exists()


def test_what_could_not_be_read_is_listed_and_the_rest_goes_on(news: Source, site: Site, capsys) -> None:
    site.answers["/yw/202611/t20261124_1068.html"] = Answer(status=404)
    said = fill(capsys, news.name, *WINDOW)
    assert said["new"] == 7 and said["refusals"] == 1 and "HTTP 404" in said["refused"][0]


def test_a_list_that_ends_too_early_says_how_far_it_went(news: Source, site: Site, capsys) -> None:
    Source.objects.update(options={"reads": "list", "list": {"items": "ul.news-list li"}})
    said = fill(capsys, news.name, "--from", "2026-10-01T00:00+08:00", "--to", "2026-11-01T00:00+08:00")
    assert said["new"] == 10 and "列表没有下一页，只回补到 2026-10-16 08:30" in said["said"]


def test_a_sitemap_gives_what_was_published_in_the_window(news: Source, site: Site, capsys) -> None:
    entries = "".join(
        f"<url><loc>/yw/202611/t20261124_{1000 + d * 10 + 8}.html</loc><lastmod>{DAY.format(d)}</lastmod></url>" for d in range(1, 21)
    )
    site.answers["/sitemap.xml"] = Answer(f"<urlset>{entries}</urlset>".encode())
    Source.objects.update(url=f"{site.url}/sitemap.xml", options={"reads": "sitemap"})
    said = fill(capsys, news.name, *WINDOW)
    assert said["new"] == 4 and {p.published_at.date().day for p in Post.objects.all()} == {5, 6, 7, 8}


def test_a_feed_is_followed_through_its_archive(news: Source, site: Site, capsys) -> None:
    def document(day: int, earlier: str) -> Answer:
        item = f"<title>{day}日</title><guid>{day}</guid><link>/a/{day}</link><pubDate>{DAY.format(day)} 10:00:00</pubDate>"
        link = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="prev-archive" href="{earlier}"/>' if earlier else ""
        return Answer(rss(item).replace(b"<title>t</title>", b"<title>t</title>" + link.encode()))

    for day in range(1, 21):
        site.answers["/feed" if day == 20 else f"/feed-{day}"] = document(day, f"/feed-{day - 1}" if day > 1 else "")
    Source.objects.update(kind="feed", url=f"{site.url}/feed", options={})
    said = fill(capsys, news.name, *WINDOW)
    assert said["new"] == 4 and "/feed-4" in site.paths() and "/feed-3" not in site.paths()


def test_a_kind_without_an_address_and_a_wrong_window_are_refused(news: Source, capsys) -> None:
    Source.objects.update(kind="folder")
    assert "文件导入" in fill(capsys, news.name, *WINDOW)["error"]
    assert fill(capsys, "不存在", *WINDOW)["field"] == "source"
    assert fill(capsys, news.name, "--from", "2026-10-09T00:00+08:00", "--to", "2026-10-05T00:00+08:00")["field"] == "from"


# --- sent by the console ---


def until(condition, seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.fixture
def watched():
    """Whoever watches an errand's process must be done before the tests' database goes."""
    yield
    for thread in threading.enumerate():
        if thread.name == "errand":
            thread.join(30)


def test_a_sent_back_fill_runs_by_itself_and_can_be_stopped(news: Source, site: Site, watched) -> None:
    ask = {"from": "2026-10-05T00:00:00+08:00", "to": "2026-10-09T00:00:00+08:00"}
    now = datetime.now(UTC)
    errand = errands.send(Errand.Kind.BACKFILL, ask, "zhao", now, news)
    with pytest.raises(errands.TooMany, match="正在进行"):
        errands.send(Errand.Kind.BACKFILL, ask, "zhao", now, news)
    until(lambda: Errand.objects.get(pk=errand.pk).over)
    errand.refresh_from_db()
    assert errand.state == "done" and errand.found["new"] == 8 and "新增 8 条" in errand.said
    slow = errands.send(Errand.Kind.BACKFILL, ask, "zhao", now, news)
    errands.stop(slow)
    slow.refresh_from_db()
    assert slow.state == "stopped"
    errands.stop(errand)
    errand.refresh_from_db()
    assert errand.state == "done"  # what is over stays as it ended


def test_an_errand_without_a_sign_of_life_is_over(transactional_db: None) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    errand = Errand.objects.create(kind="probe", by="zhao", at=long_ago, state="running", beat_at=long_ago)
    errands.forget(datetime.now(UTC))
    errand.refresh_from_db()
    assert errand.state == "failed" and "没有回应" in errand.said


def test_a_file_of_the_past_is_kept_as_past(transactional_db: None, tmp_path, capsys) -> None:
    file = tmp_path / "old.csv"
    file.write_text("标题,正文,链接,发布时间\n旧闻,西安市灞桥区发生火灾,http://a.cn/1.html,2025-01-02 10:00\n", encoding="utf-8")
    main(["huiying", "import", str(file), "--past", "--json"])
    assert json.loads(capsys.readouterr().out)["new"] == 1 and Post.objects.get().past
