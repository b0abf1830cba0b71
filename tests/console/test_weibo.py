"""The pages of a Weibo source: authorised by going there and back, its quota, its settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from archive.models import Source
from bench.weibo import Weibo
from config import clock
from crawlers.models import CallCount, Token
from crawlers.sealed import unseal
from crawlers.weibo import grants
from crawlers.weibo.budget import day_of
from crawlers.weibo.oauth import Grant
from flow.models import AuditEntry
from tests.sources import enabled

pytestmark = pytest.mark.django_db
NEW = {"name": "本局微博", "kind": "weibo", "home": "西安", "purpose": "接收群众反映", "legal_basis": "平台开放协议"}


@pytest.fixture
def server() -> Iterator[Weibo]:
    server = Weibo()
    yield server
    server.close()


@pytest.fixture
def weibo(server: Weibo, monkeypatch: pytest.MonkeyPatch) -> Weibo:
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def source(db) -> Source:
    return enabled(name="本局微博", kind="weibo", outlet="individual", purpose="接收群众反映", legal_basis="平台开放协议", state="off")


class Stay(HTTPRedirectHandler):
    """Keeps the address a browser would be sent to."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        raise Sent(newurl)


class Sent(Exception):
    pass


def there(client, source: Source) -> str:
    """Press 授权 and let Weibo send the browser back; the path and query it comes back with."""
    response = client.post(f"/sources/{source.pk}/weibo/authorise/")
    assert response.status_code == 302
    with pytest.raises(Sent) as sent:
        build_opener(Stay).open(response.url, timeout=10)
    back = urlsplit(str(sent.value))
    return f"{back.path}?{back.query}"


def page(client, source: Source) -> str:
    return client.get(f"/sources/{source.pk}/weibo/").content.decode()


def test_there_and_back_keeps_a_sealed_token_and_has_the_source_read(signed, weibo: Weibo, source: Source) -> None:
    admin = signed("admin")
    back = there(admin, source)
    html = admin.get(back, follow=True).content.decode()
    assert "已授权：本局微博" in html and "2000000001" in html and "good-token" not in html
    token = Token.objects.get()
    assert unseal(token.sealed) == "good-token" and "good-token" not in token.sealed
    source.refresh_from_db()
    left = token.expires_at - clock.now()
    assert timedelta(days=29) < left < timedelta(days=31) and source.authorised_until == token.expires_at
    assert source.next_run_at and source.next_run_at <= clock.now()
    entry = AuditEntry.objects.get(action="source.authorised")
    assert "good-token" not in str(entry.data)
    sent = next(a for a in weibo.asked if a.path == "/oauth2/authorize").params
    assert sent["client_id"] == "100200300" and sent["redirect_uri"].endswith("/sources/weibo/callback/")


@pytest.mark.parametrize("wrong", ["state=someone-else", "state="])
def test_a_state_that_is_not_ours_saves_nothing_and_uses_the_attempt_up(signed, weibo: Weibo, source: Source, wrong: str) -> None:
    admin = signed("admin")
    back = there(admin, source)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert "没有保存" in admin.get(f"/sources/weibo/callback/?code={code}&{wrong}", follow=True).content.decode()
    assert "没有保存" in admin.get(back, follow=True).content.decode()
    assert not Token.objects.exists() and "/oauth2/access_token" not in weibo.paths()


def test_another_person_s_session_cannot_finish_it_and_an_old_one_neither(signed, weibo: Weibo, source: Source, monkeypatch) -> None:
    admin = signed("admin")
    back = there(admin, source)
    signed("centre_head").get(back)
    assert not Token.objects.exists()
    late = clock.real_now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "real_now", lambda: late)
    admin.get(back)
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("knob", "value", "said"),
    [("secret", "other", "21324"), ("expires_in", "soon", "expires_in"), ("uid", "", "uid"), ("tokens", {""}, "access_token")],
)
def test_a_code_weibo_does_not_change_is_explained(signed, weibo: Weibo, source: Source, knob, value, said) -> None:
    admin = signed("admin")
    back = there(admin, source)
    setattr(weibo, knob, value)
    html = admin.get(back, follow=True).content.decode()
    assert said in html and "app-secret" not in html and not Token.objects.exists()


def test_a_person_who_refuses_is_told_so(signed, weibo: Weibo, source: Source) -> None:
    admin = signed("admin")
    state = parse_qs(urlsplit(there(admin, source)).query)["state"][0]
    html = admin.get(f"/sources/weibo/callback/?state={state}&error=access_denied", follow=True).content.decode()
    assert "没有同意" in html and not Token.objects.exists()


def test_without_the_variables_nobody_is_sent_anywhere(signed, source: Source, monkeypatch) -> None:
    monkeypatch.delenv("HUIYING_WEIBO_APP_KEY", raising=False)
    admin = signed("admin")
    response = admin.post(f"/sources/{source.pk}/weibo/authorise/", follow=True)
    html = response.content.decode()
    assert "HUIYING_WEIBO_APP_KEY" in html and response.redirect_chain[0][0].startswith("/sources/")


def test_the_page_tells_the_calls_of_today_and_what_is_still_to_be_read(signed, weibo: Weibo, source: Source) -> None:
    now = clock.now()
    grants.keep(source, Grant(token="t", uid="77", expires_at=now + timedelta(days=3)), "王主任", now)
    CallCount.objects.create(meter="100200300:77", day=day_of(now), used=48)
    source.cursor = {"streams": {"statuses/mentions": {"top": "510", "since": "500", "gaps": [["1", "9"]]}}}
    source.save()
    html = page(signed("duty_officer"), source)
    assert "今日 48 / 100" in html and "@我的微博" in html and "1 段较早内容待补读" in html and "请尽快重新授权" in html
    assert "<button" not in html.split("授权", 1)[1].split("额度", 1)[0]  # who may not manage sources sees no button


def test_an_authorisation_can_be_deleted(signed, weibo: Weibo, source: Source) -> None:
    now = clock.now()
    grants.keep(source, Grant(token="t", uid="77", expires_at=now + timedelta(days=3)), "王主任", now)
    signed("admin").post(f"/sources/{source.pk}/weibo/forget/")
    source.refresh_from_db()
    assert not Token.objects.exists() and source.authorised_until is None


def test_settings_are_checked_by_the_rules_of_reading(signed, weibo: Weibo) -> None:
    source = Source.objects.create(name="商业检索", kind="weibo_search", outlet="individual", purpose="监测", legal_basis="合同")
    admin, url = signed("admin"), f"/sources/{source.pk}/weibo/options/"
    response = admin.post(url, {"budget": 500, "queries": '南门\n“{坏}"', "mentions_of": ""})
    assert response.status_code == 400 and "检索词" in response.content.decode()
    assert admin.post(url, {"budget": 500, "queries": "南门\n\n 北门 ", "mentions_of": "2000000002"}).status_code == 302
    source.refresh_from_db()
    assert source.options == {"budget": 500, "queries": ["南门", "北门"], "mentions_of": ["2000000002"]}
    assert source.approvals.filter(state="waiting").count() == 1  # what is searched for is what was approved


def test_a_weibo_source_is_added_off_and_waits_for_its_approval(signed, weibo: Weibo) -> None:
    response = signed("admin").post("/sources/weibo/new/", NEW)
    made = Source.objects.get(name="本局微博")
    assert response.url == f"/sources/{made.pk}/weibo/"
    assert (made.kind, made.enabled, made.state, made.outlet) == ("weibo", False, "off", "individual")
    assert made.approvals.get().state == "waiting"
    assert signed("duty_officer").post("/sources/weibo/new/", NEW).status_code == 403


def test_only_weibo_sources_have_these_pages(signed, scene) -> None:
    feed = Source.objects.filter(kind="feed").first()
    assert signed("admin").get(f"/sources/{feed.pk}/weibo/").status_code == 404
