"""RSSHub and its like, over real HTTP: their errors are not feeds, their keys are in no log and no row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.models import Source
from crawlers import bridges
from crawlers.models import Host, SourceRun
from tests.crawlers.site import Answer, Site, item, rss
from tests.sources import enabled

EMPTY = b"<html><body><h1>Looks like something went wrong</h1>Error Message: this route is empty, please check the original site<p>Route: /x</p></body></html>"
BROKEN = b"<html><body>Error Message: <span>upstream answered 412</span><p>Route: /x</p></body></html>"


KEY = "first-key"
FEED = f"/feed?code={hashlib.md5(f'/feed{KEY}'.encode()).hexdigest()}"


@pytest.fixture(scope="module")
def key(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file the key stands in, known to the child before it starts."""
    path = tmp_path_factory.mktemp("keys") / "key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUIYING_BRIDGE_KEY_CITY_FILE", str(path))
        yield path


@pytest.fixture
def bridge(key: Path, transactional_db: None, site: Site) -> Source:
    key.write_text(KEY)
    return enabled(name="桥接", url=f"{site.url}/feed", options={"bridge": "rsshub", "key": "HUIYING_BRIDGE_KEY_CITY"})


def test_a_bridge_we_hold_a_key_of_is_no_page_so_its_robots_are_not_asked(bridge: Source, site: Site, read) -> None:
    site.answers[FEED] = Answer(rss(item(1)))
    assert read(bridge)[0]["new"] == 1 and site.paths() == [FEED]


def test_a_bridge_without_a_key_is_a_site_like_any_other(transactional_db: None, site: Site, read) -> None:
    site.answers |= {"/feed": Answer(rss(item(1))), "/robots.txt": Answer(b"User-agent: *\nDisallow: /")}
    assert read(enabled(name="桥接", url=f"{site.url}/feed", options={"bridge": "rsshub"}))[0]["state"] == "capped"


def test_an_empty_route_is_healthy_and_nothing_is_held_against_the_host(bridge: Source, site: Site, read) -> None:
    site.answers[FEED] = Answer(EMPTY, status=503, headers={"Content-Type": "text/html"})
    for _ in range(3):
        assert read(bridge)[0]["state"] == "alive"
    assert "没有内容" in bridge.detail and Host.objects.get().failures == 0


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (Answer(BROKEN, status=503), "failing", "upstream answered 412"),
        (Answer(b"<html>denied</html>", status=403), "failing", "密钥不对或没有设置"),
        (Answer(b"", status=404), "failing", "没有这条路由"),
        (Answer(b"", status=429, headers={"Retry-After": "900"}), "capped", "要求放慢"),
        (Answer(b"<html><title>Welcome to RSSHub</title></html>"), "failing", "网页"),
    ],
    ids=["upstream", "key", "route", "slower", "page"],
)
def test_what_its_errors_mean(bridge: Source, site: Site, read, answer: Answer, state: str, said: str) -> None:
    site.answers[FEED] = answer
    report = read(bridge)[0]
    assert report["state"] == state and said in report["error"]


def test_rsshub_gets_a_code_instead_of_the_key() -> None:
    code = hashlib.md5(b"/gov/mps/policyBK-42").hexdigest()
    assert bridges.with_key("http://h:1200/gov/mps/policy?limit=20", "rsshub", "BK-42") == f"http://h:1200/gov/mps/policy?limit=20&code={code}"
    assert bridges.with_key("http://h/feeds/all.json", "other", "B K") == "http://h/feeds/all.json?key=B%20K"
    assert bridges.with_key("http://h/f", "rsshub", "") == "http://h/f"


@pytest.mark.parametrize("name", ["DATABASE_URL", "HUIYING_SECRET_KEY", "PATH", "HUIYING_BRIDGE_KEY_x", "HUIYING_BRIDGE_KEYS"])
def test_no_other_secret_can_be_sent_as_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="HUIYING_BRIDGE_KEY"):
        bridges.key_variable({"bridge": "other", "key": name})


def test_a_key_is_read_at_each_reading_and_shown_nowhere(bridge: Source, key: Path, site: Site, read, capfd) -> None:
    site.answers[FEED] = Answer(status=403)
    assert read(bridge)[0]["state"] == "failing"
    key.write_text("second-key")
    code = hashlib.md5(b"/feedsecond-key").hexdigest()
    site.answers[f"/feed?code={code}"] = Answer(rss(item(1)))
    assert read(bridge)[0]["new"] == 1
    key.unlink()
    assert "桥接密钥读不到" in read(bridge)[0]["error"]
    out, err = capfd.readouterr()
    shown = " ".join([out, err, bridge.detail, str(bridge.cursor), *SourceRun.objects.values_list("error", flat=True)])
    assert not any(secret in shown for secret in (KEY, "second-key", code))
