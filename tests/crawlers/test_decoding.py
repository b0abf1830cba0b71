"""Bytes as servers send them, and as they say they send them."""

from __future__ import annotations

import pytest

from crawlers.decoding import Garbled, decode

SIMPLIFIED = "西安市公安局通报一起交通事故，多人受伤，官方正在调查处理。网友希望公开监控视频。"
TRADITIONAL = "西安市公安局通報一起交通事故，多人受傷，官方正在調查處理。網友希望公開監控視頻。"


def page(text: str, charset: str = "") -> str:
    return f"<html><head>{f'<meta charset={charset}>' if charset else ''}<title>xa.gov.cn</title></head><body>{text}</body></html>"


@pytest.mark.parametrize("meta", ["gb2312", "gbk", "GB18030", "utf-8", "big5", "no-such-thing", "iso-8859-1", ""])
@pytest.mark.parametrize("header", ["text/html; charset=utf-8", "text/html; charset=gb2312", "text/html; charset=big5", "text/html"])
def test_a_gbk_page_is_read_whatever_is_said_about_it(meta: str, header: str) -> None:
    got = decode(page(SIMPLIFIED, meta).encode("gb18030"), header)
    assert SIMPLIFIED in got.text and got.damage == ""


@pytest.mark.parametrize("meta", ["big5", "gb2312", "utf-8", ""])
@pytest.mark.parametrize("header", ["text/html; charset=big5", "text/html; charset=gbk", "text/html"])
def test_a_big5_page_is_read_whatever_is_said_about_it(meta: str, header: str) -> None:
    assert TRADITIONAL in decode(page(TRADITIONAL, meta).encode("big5"), header).text


def test_utf_8_is_utf_8_whatever_is_declared_and_a_mark_is_no_text() -> None:
    assert decode(page(SIMPLIFIED, "gb2312").encode(), "text/html; charset=big5").encoding == "utf-8"
    assert decode(SIMPLIFIED.encode("utf-8-sig")).text == SIMPLIFIED
    assert decode(SIMPLIFIED.encode("utf-16")).text == SIMPLIFIED


def test_characters_beyond_gbk_survive() -> None:
    assert "𠮷祥村" in decode(page("𠮷祥村" + SIMPLIFIED, "gb2312").encode("gb18030")).text


def test_a_few_broken_bytes_are_counted_and_the_rest_is_read() -> None:
    body = bytearray((SIMPLIFIED * 20).encode("gb18030"))
    body[100] = 0xFF
    got = decode(bytes(body), "text/html; charset=gbk")
    assert "编码损坏" in got.damage and got.text.count("官方正在调查") >= 19


def test_noise_is_refused() -> None:
    with pytest.raises(Garbled, match="无法辨认"):
        decode(bytes(range(128, 256)) * 40)


@pytest.mark.parametrize(("wrong", "right"), [("latin-1", "utf-8"), ("latin-1", "gb18030"), ("gb18030", "utf-8")])
def test_what_was_decoded_wrongly_before_it_was_sent_is_mended(wrong: str, right: str) -> None:
    # An even number of bytes: GBK readers swallow the last one of an odd run.
    text = "西安公安通报事故官方正在调查处理网友希望公开受伤多人视频监控"
    got = decode(text.encode(right).decode(wrong).encode())
    assert got.text == text and "已还原" in got.damage


def test_mojibake_that_lost_its_bytes_is_refused() -> None:
    lost = SIMPLIFIED.encode("gb18030").decode("utf-8", "replace").encode().decode("gb18030", "replace")
    assert "锟斤拷" in lost
    with pytest.raises(Garbled, match="乱码"):
        decode(page(lost).encode())


def test_rare_names_and_western_pages_are_no_mojibake() -> None:
    for text in ("魑魅魍魉饕餮貔貅龘靐齉爩鱻麤", "café déjà vu " * 30, "Größe und Straße " * 20, "日本語のページです。" * 10):
        assert decode(text.encode()).text == text
