"""An OPML list becomes sources that wait for their approval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from archive.models import Source
from crawlers.opml import NotOpml, feeds_of
from tests.crawlers.test_import_command import run

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>订阅</title></head><body>
<outline text="本地媒体"><outline text="华商网" type="rss" xmlUrl="https://feeds.example.cn/hsw.xml"/>
<outline text="专题"><outline title="华商网" xmlUrl="https://feeds.example.cn/hsw2.xml"/></outline></outline>
<outline text="坏地址" xmlUrl="ftp://feeds.example.cn/x"/>
<outline text="又一次" xmlUrl="https://feeds.example.cn/hsw.xml"/>
</body></opml>"""


def test_every_outline_with_an_address_is_a_feed_under_its_headings():
    found = feeds_of(LIST.encode())
    assert [(o.row, o.name, o.folder) for o in found] == [
        (1, "华商网", "本地媒体"), (2, "华商网", "本地媒体 / 专题"), (3, "坏地址", ""), (4, "又一次", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body/></html>",
        b"<opml/>",
        b'<?xml version="1.0"?><!DOCTYPE o [<!ENTITY a "b">]><opml><body><outline xmlUrl="&a;"/></body></opml>',
        b"<opml><body>" + b"<outline text='a'>" * 30 + b"</outline>" * 30 + b"</body></opml>",
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(body):
    with pytest.raises(NotOpml):
        feeds_of(body)


@pytest.mark.django_db(transaction=True)
def test_a_list_becomes_sources_that_wait_and_a_second_time_nothing(tmp_path: Path, capsys):
    User.objects.create(username="fen")
    path = tmp_path / "list.opml"
    path.write_text(LIST)
    words = ("opml", str(path), "--by", "fen", "--purpose", "了解报道", "--basis", "公开订阅源", "--json")
    assert run(*words) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["rows"], first["new"], first["known"]) == (4, 2, 1)
    assert [(r["row"], r["field"], r["name"]) for r in first["rejected"]] == [(3, "xmlUrl", "坏地址")]
    sources = Source.objects.filter(url__startswith="https://feeds.example.cn/").order_by("url")
    assert [(s.name, s.enabled, s.state) for s in sources] == [("华商网", False, "off"), ("华商网 2", False, "off")]
    assert run(*words) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["new"], again["known"]) == (0, 3)


@pytest.mark.django_db(transaction=True)
def test_a_missing_file_is_said(tmp_path: Path, capsys):
    User.objects.create(username="fen")
    assert run("opml", str(tmp_path / "none"), "--by", "fen", "--purpose", "p", "--basis", "b", "--json") == 2
    assert "无法读取" in json.loads(capsys.readouterr().out)["error"]
