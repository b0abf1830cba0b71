"""公众号接入: an account is added by one person, approved by another; its page says what is missing and never a secret."""

from __future__ import annotations

import pytest

from archive.models import Source
from flow.models import AuditEntry
from tests.console import city
from tests.crawlers.wechat import AES_KEY, APPID, SECRET, TOKEN
from tests.sources import enabled

pytestmark = pytest.mark.django_db
NEW = {"name": "西安公安微信", "home": "西安", "purpose": "核对本局发布", "legal_basis": "本局账号，官方接口", "variables": "HUIYING_WECHAT"}


@pytest.fixture
def source(scene) -> Source:
    return enabled(name="西安公安微信", kind="wechat", outlet="own", interval_s=600, purpose="核对", legal_basis="官方接口")


def page(client, source: Source) -> str:
    return client.get(f"/sources/{source.pk}/wechat/").content.decode()


def test_an_account_is_added_off_and_asks_for_approval(signed, scene):
    answer = signed("admin").post("/sources/wechat/new/", NEW)
    source = Source.objects.get(kind="wechat")
    assert answer.url == f"/sources/{source.pk}/wechat/"
    assert (source.enabled, source.outlet, source.interval_s) == (False, "own", 600) and source.approvals.count() == 1
    assert signed("duty_officer").post("/sources/wechat/new/", NEW).status_code == 403
    for wrong in ({"variables": "PATH"}, {"variables": "huiying_x"}, {"purpose": ""}):
        assert signed("admin").post("/sources/wechat/new/", {**NEW, "name": "另一个", **wrong}).status_code == 400
    assert Source.objects.filter(kind="wechat").count() == 1


def test_the_page_says_what_is_missing_and_shows_no_secret(signed, source, monkeypatch):
    html = page(signed("admin"), source)
    assert "未启用：缺少凭据" in html and "HUIYING_WECHAT_APPSECRET" in html and "没有设置 Token" in html
    for name, value in (("APPID", APPID), ("APPSECRET", SECRET), ("TOKEN", TOKEN), ("AES_KEY", AES_KEY)):
        monkeypatch.setenv(f"HUIYING_WECHAT_{name}", value)
    html = page(signed("duty_officer"), source)
    assert "齐全" in html and f"/callbacks/wechat/{source.pk}/" in html and "安全模式" in html
    assert not any(value in html for value in (SECRET, TOKEN, AES_KEY))
    assert "读取留言的文章" not in html  # may.manage_sources


def test_the_articles_whose_comments_are_read_are_lines_and_ask_for_no_new_approval(signed, source):
    path = f"/sources/{source.pk}/wechat/comments/"
    lines = "2247483650 1 https://mp.weixin.qq.com/s/x 灞桥火灾 情况通报\n\n2247483651"
    assert signed("centre_head").post(path, {"comments": lines}).status_code == 302
    source.refresh_from_db()
    assert source.options["comments"] == [
        {"msg_data_id": 2247483650, "index": 1, "url": "https://mp.weixin.qq.com/s/x", "title": "灞桥火灾 情况通报"},
        {"msg_data_id": 2247483651, "index": 0, "url": "", "title": ""},
    ]
    assert source.enabled and not source.approvals.filter(state="waiting").exists()
    assert AuditEntry.objects.get(action="source.comments").data == {"articles": 2}
    assert lines.split("\n")[0] in page(signed("admin"), source)
    from archive import approval

    assert approval.missing(source) == ""


@pytest.mark.parametrize("lines", ["abc", "1 9", "\n".join("1" * (n % 9 + 1) for n in range(51))])
def test_a_wrong_line_is_named_and_nothing_is_saved(signed, source, lines):
    answer = signed("admin").post(f"/sources/{source.pk}/wechat/comments/", {"comments": lines})
    assert answer.status_code == 400 and ("第 1 项" in answer.content.decode() or "最多 50 篇" in answer.content.decode())
    source.refresh_from_db()
    assert "comments" not in source.options


def test_other_kinds_have_no_such_page(signed, scene):
    other = city.source("一个订阅源")
    assert signed("admin").get(f"/sources/{other.pk}/wechat/").status_code == 404
