"""WeChat's pushes at our door: verified, letters made once, retries answered, everything else refused and audited."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from django.test import Client

from alerts.models import Inbox
from archive.models import Post, Source
from config.clock import real_now
from flow.models import AuditEntry, Letter
from tests.crawlers.wechat import AES_KEY, APPID, OPENID, TOKEN, Pusher
from tests.sources import enabled

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(monkeypatch) -> Source:
    monkeypatch.setenv("HUIYING_WECHAT_TOKEN", TOKEN)
    monkeypatch.setenv("HUIYING_WECHAT_APPID", APPID)
    return enabled(name="西安公安微信", kind="wechat", outlet="own", state="alive", approved_by="王主任")


@pytest.fixture
def pusher(account) -> Pusher:
    return Pusher(f"/callbacks/wechat/{account.pk}/")


def deliver(path_and_body):
    path, body = path_and_body
    return Client().post(path, body, content_type="text/xml")


def test_wechat_verifies_the_address_and_gets_its_words_back(pusher):
    path, _ = pusher.push(b"", echostr="5473890123")
    answer = Client().get(path)
    assert (answer.status_code, answer.content) == (200, b"5473890123") and answer["Content-Type"].startswith("text/plain")
    assert Client().get(replace(pusher, token="no").push(b"", echostr="x")[0]).status_code == 401
    script, _ = pusher.push(b"", echostr="<script>alert(1)</script>")
    assert Client().get(script)["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("key", ["", AES_KEY])
def test_a_private_message_becomes_a_masked_letter_and_no_post(pusher, account, monkeypatch, key):
    monkeypatch.setenv("HUIYING_WECHAT_AES_KEY", key)
    sender = replace(pusher, aes_key=key)
    answer = deliver(sender.push(sender.text("我要投诉灞桥分局办证窗口推诿，电话13812345678。")))
    assert (answer.status_code, answer.content) == (200, b"success")
    letter = Letter.objects.get()
    assert (letter.channel, letter.kind, letter.entered_by) == ("message", "complaint", account.name)
    assert "13812345678" not in letter.text and "138****5678" in letter.text
    assert not Post.objects.exists()
    rows = [str(list(model.objects.values_list())) for model in (Letter, Inbox, AuditEntry)]
    assert not any(OPENID in row for row in rows)


def test_the_same_message_pushed_again_is_answered_and_stored_once(pusher):
    message = pusher.text("请问居住证怎么办？")
    push = pusher.push(message)
    assert [deliver(push).content for _ in range(3)] == [b"success"] * 3
    assert deliver(pusher.push(message)).content == b"success"  # signed anew, as a retry may be
    assert Letter.objects.count() == 1


def test_a_signature_that_was_used_carries_no_other_message(pusher):
    path, _ = first = pusher.push(pusher.text("第一条"))
    deliver(first)
    answer = deliver((path, pusher.text("冒用签名的第二条")))
    assert answer.status_code == 409
    assert deliver((path + "&msg_signature=fresh", pusher.text("再冒用"))).status_code == 409
    assert Letter.objects.count() == 1
    assert AuditEntry.objects.filter(action="alert.answer_refused", data__code="replayed").count() == 2


def test_two_accounts_may_number_alike(pusher, account, monkeypatch):
    other = enabled(name="灞桥公安微信", kind="wechat", outlet="own", options={"variables": "HUIYING_BAQIAO"})
    monkeypatch.setenv("HUIYING_BAQIAO_TOKEN", "second-token")
    second = Pusher(f"/callbacks/wechat/{other.pk}/", token="second-token")
    assert deliver(pusher.push(pusher.text("一", number=5))).status_code == 200
    assert deliver(second.push(second.text("二", number=5))).status_code == 200
    assert deliver(second.push(second.text("三"), nonce="1")).status_code == 200
    assert Letter.objects.count() == 3
    # One account's token opens no other account's door.
    assert deliver(replace(pusher, path=second.path).push(pusher.text("四"))).status_code == 401


def test_a_followers_coming_and_going_is_not_kept(pusher):
    assert deliver(pusher.push(pusher.event("subscribe"))).content == b"success"
    assert not Letter.objects.exists() and "不留存" in Inbox.objects.get(outcome__startswith="事件").outcome


def test_a_message_from_a_clock_ahead_is_taken_now(pusher):
    assert deliver(pusher.push(pusher.text("早到的消息", sent=real_now().timestamp() + 90))).status_code == 200
    assert Letter.objects.get().received_at <= real_now()


def test_nothing_is_taken_without_credentials_or_while_the_source_is_off(pusher, account, monkeypatch):
    Source.objects.update(enabled=False)
    assert deliver(pusher.push(pusher.text("x"))).status_code == 401
    monkeypatch.delenv("HUIYING_WECHAT_TOKEN")
    assert "未启用" in deliver(pusher.push(pusher.text("x"))).content.decode()
    monkeypatch.setenv("HUIYING_WECHAT_TOKEN_FILE", "/no/such/file")
    refused = deliver(pusher.push(pusher.text("x")))
    assert refused.status_code == 401 and "/no/such" not in refused.content.decode()
    assert deliver(replace(pusher, path="/callbacks/wechat/999/").push(pusher.text("x"))).status_code == 404
    assert not Letter.objects.exists()


def test_what_is_refused_is_audited_without_its_content(pusher):
    for wrong in (replace(pusher, token="no").push(pusher.text("秘密内容")), pusher.push(b"<xml>"), pusher.push(pusher.text("长" * 40_000))):
        assert deliver(wrong).status_code in (400, 401)
    entries = AuditEntry.objects.filter(action="alert.answer_refused")
    assert entries.count() == 3 and not any("秘密" in str(e.data) for e in entries)
    assert Client().put(pusher.path).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_a_real_server_answers_wechat_within_its_five_seconds(account, live_server):
    pusher = Pusher(f"/callbacks/wechat/{account.pk}/")
    with httpx.Client(base_url=live_server.url, timeout=5) as wechat:
        path, body = pusher.push(pusher.text("现场有人聚集"))
        answers = [wechat.post(path, content=body, headers={"Content-Type": "text/xml"}) for _ in range(3)]
    assert [a.text for a in answers] == ["success"] * 3
    assert Letter.objects.count() == 1
