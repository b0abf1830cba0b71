"""Message push as values: signatures, the safe mode's envelope, the XML inside, and what is refused."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from config.clock import real_now
from crawlers.wechat import push
from crawlers.wechat.push import PushRefused
from tests.crawlers.wechat import AES_KEY, APPID, OPENID, TOKEN, Pusher, seal

PLAIN = Pusher("/x/")
SAFE = replace(PLAIN, aes_key=AES_KEY)


def read(path_and_body, *, aes_key="", appid=APPID, token=TOKEN):
    path, body = path_and_body
    query = dict(pair.split("=", 1) for pair in path.partition("?")[2].split("&"))
    push.check(query, token, real_now())
    return push.read(body, query, token=token, aes_key=aes_key, appid=appid)


def refusal(work, *args, **more) -> tuple[str, str]:
    with pytest.raises(PushRefused) as refused:
        work(*args, **more)
    return refused.value.code, str(refused.value)


def test_the_signatures_and_envelopes_of_published_examples_are_read():
    # Public test values of other implementations, so that ours is not only checked against itself.
    key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    assert push.opened("9s4gMv99m88kKTh/H8IdkNiFGeG9pd7vNWl50fGRWXY=", key, "rust") == b"test"
    sealed = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="
    assert push.signature("123456", "1411443780", "437374425", sealed) == "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"
    assert push.opened(sealed, key, "wx49f0ab532d5d035a").isdigit()


def test_a_text_is_read_in_plain_and_in_safe_mode_and_the_sender_is_in_no_field():
    for pusher, key in ((PLAIN, ""), (SAFE, AES_KEY)):
        message = read(pusher.push(pusher.text("请问身份证怎么补办？", number=7)), aes_key=key)
        assert (message.number, message.kind, message.text) == ("7", "text", "请问身份证怎么补办？")
        assert OPENID not in repr(message)


def test_an_event_has_a_number_of_its_own_that_does_not_show_the_sender():
    first = read(PLAIN.push(PLAIN.event("subscribe", sent=1_790_000_000)))
    again = read(PLAIN.push(PLAIN.event("subscribe", sent=1_790_000_000)))
    later = read(PLAIN.push(PLAIN.event("subscribe", sent=1_790_000_001)))
    assert first.number == again.number != later.number and OPENID not in first.number


@pytest.mark.parametrize(
    ("kind", "inner", "said"),
    [
        ("image", "<PicUrl>http://x/</PicUrl><MediaId>1</MediaId>", "（图片消息）"),
        ("voice", "<MediaId>1</MediaId><Recognition>有人堵路</Recognition>", "（语音消息）\n有人堵路"),
        ("link", "<Title>一篇文章</Title><Description>说明</Description><Url>https://a.cn/1</Url>", "（链接消息）\n一篇文章\n说明\nhttps://a.cn/1"),
        ("strange", "<A>1</A>", "（strange 消息）"),
    ],
)
def test_what_is_no_text_says_in_words_what_it_was(kind, inner, said):
    assert read(PLAIN.push(PLAIN.text("", kind=kind, more=inner))).text == said


def test_a_foreign_an_old_and_an_unsigned_address_are_refused():
    assert refusal(read, replace(PLAIN, token="another").push(PLAIN.text("x")))[0] == "forged"
    assert refusal(read, PLAIN.push(PLAIN.text("x"), at=real_now().timestamp() - 301))[0] == "expired"
    assert refusal(read, PLAIN.push(PLAIN.text("x"), at=real_now().timestamp() + 301))[0] == "expired"
    for query in ({}, {"timestamp": "x", "nonce": "1", "signature": "é"}, {"timestamp": "１２３", "nonce": "", "signature": ""}):
        assert refusal(push.check, query, TOKEN, real_now())[0] == "malformed"


def test_an_account_in_safe_mode_takes_no_plain_message_and_no_foreign_envelope():
    assert "不接受明文" in refusal(read, PLAIN.push(PLAIN.text("x")), aes_key=AES_KEY)[1]
    assert "没有设置 EncodingAESKey" in refusal(read, SAFE.push(SAFE.text("x")))[1]
    path, body = SAFE.push(SAFE.text("x"))
    assert refusal(read, (path, body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[A")), aes_key=AES_KEY) == ("forged", "签名不符")
    other = replace(SAFE, appid="wxffffffffffffffff")
    assert "不是给本公众号" in refusal(read, other.push(other.text("x")), aes_key=AES_KEY)[1]
    wrong = base64.b64encode(bytes(32)).decode().rstrip("=")
    assert refusal(read, SAFE.push(SAFE.text("x")), aes_key=wrong)[0] == "forged"
    assert refusal(read, SAFE.push(SAFE.text("x")), aes_key="short")[0] == "forged"


@pytest.mark.parametrize("sealed", ["", "####", "QUJD", base64.b64encode(bytes(16)).decode(), base64.b64encode(bytes(64)).decode()])
def test_a_broken_envelope_is_refused_whatever_it_holds(sealed):
    with pytest.raises(PushRefused):
        push.opened(sealed, AES_KEY, APPID)


def test_an_envelope_that_lies_about_its_length_is_refused():
    honest = seal(b"<xml/>", AES_KEY, APPID)
    assert push.opened(honest, AES_KEY, APPID) == b"<xml/>"
    with pytest.raises(PushRefused):
        push.opened(seal(b"<xml/>", AES_KEY, APPID + "x"), AES_KEY, APPID)


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>'


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml>", BOMB, OUTSIDE, b"\xff\xfe<xml/>", b"<xml></xml>", b"<xml><MsgType>text</MsgType></xml>"])
def test_xml_that_is_broken_or_brings_entities_is_refused(body):
    assert refusal(read, PLAIN.push(body))[0] == "malformed"


def test_a_body_beyond_the_limit_is_refused_unread():
    assert refusal(read, PLAIN.push(PLAIN.text("长" * 30_000)))[1] == "正文过长"
