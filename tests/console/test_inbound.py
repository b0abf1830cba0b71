"""Pushes of vendors: signed, recent, once, not too large; what was answered with 202 becomes posts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from alerts.channels.webhook import signature
from archive.models import Post, Source
from config.clock import real_now
from crawlers import inbound
from crawlers.models import ImportBatch, Inbound, Rejection, SourceRun
from flow.models import AuditEntry
from tests.sources import change, enabled

pytestmark = pytest.mark.django_db
KEY = "a-very-secret-key"


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("HUIYING_INBOUND_QINGBO", KEY)
    return enabled(
        name="清博推送", kind=Source.Kind.WEBHOOK, outlet="individual", state="alive", options={"slug": "qingbo"}
    )


def row(n: int, **more):
    return {
        "news_uuid": f"uuid-{n:08d}", "news_title": f"钟楼附近第{n}起追尾", "news_content": f"第{n}起，交警已到场。",
        "news_url": f"https://weibo.com/1/{n}", "news_posttime": "2024-05-20 20:58:15", "platform_name": "微博", "news_author": f"路人{n}",
    } | more  # fmt: skip


def push(body, *, key=KEY, stamp=None, slug="qingbo", signed=None, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    stamp = str(int((stamp or real_now()).timestamp()))
    signed = "sha256=" + signature(key, stamp, data) if signed is None else signed
    return Client().post(
        f"/inbound/{slug}/", data, content_type="application/json", headers={"X-Huiying-Timestamp": stamp, "X-Huiying-Signature": signed, **headers}
    )


def take_all() -> None:
    while inbound.take_some(real_now()):
        pass


def test_an_array_is_kept_answered_with_its_number_and_becomes_posts(vendor):
    answer = push([row(1), row(2), row(3, news_posttime="哪天")])
    assert answer.status_code == 202 and answer.json()["rows"] == 3
    assert not Post.objects.exists()
    take_all()
    kept = Inbound.objects.get(pk=answer.json()["batch"])
    assert (kept.new, kept.known, kept.refused, kept.body) == (2, 0, 1, "")
    assert Post.objects.get(external_id="uuid-00000001").platform == "weibo"
    day = ImportBatch.objects.get()
    assert (day.rows, day.new, day.refused) == (3, 2, 1) and Rejection.objects.get().row == 3
    vendor.refresh_from_db()
    assert vendor.state == "alive" and vendor.last_item_at and SourceRun.objects.get().new == 2
    assert AuditEntry.objects.get(action="inbound.accepted").data == {"batch": kept.pk, "rows": 3}


def test_json_lines_and_large_requests_are_taken_too(vendor):
    lines = "\n".join(json.dumps(row(n), ensure_ascii=False) for n in range(350)).encode()
    assert push(b"\xef\xbb\xbf" + lines + b"\n").status_code == 202
    for n in range(350, 400):
        push([row(n)])
    take_all()
    assert Post.objects.count() == 400 and not Inbound.objects.filter(taken_at=None).exists()
    assert ImportBatch.objects.get().new == 400


def test_nothing_about_persons_is_kept_even_until_it_is_taken(vendor):
    push([row(1, 性别="女", 用户简介="热爱生活", avatar="https://x/face.jpg", phone="13812345678")])
    assert not any(word in Inbound.objects.get().body for word in ("女", "热爱生活", "face.jpg", "13812345678"))


def test_rows_that_came_before_are_known(vendor):
    push([row(1), row(2)])
    push([row(2), row(3)])
    take_all()
    assert Post.objects.count() == 3
    assert list(Inbound.objects.order_by("id").values_list("new", "known")) == [(2, 0), (1, 1)]


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"key": "wrong"}, 401, "forged"),
        ({"signed": ""}, 401, "forged"),
        ({"signed": "sha256=“”"}, 401, "forged"),
        ({"stamp": timedelta(minutes=-6)}, 401, "expired"),
        ({"stamp": timedelta(minutes=6)}, 401, "expired"),
        ({"slug": "nobody"}, 404, "unknown"),
        ({"Content-Encoding": "gzip"}, 422, "malformed"),
    ],
)
def test_what_is_not_the_vendors_is_refused_with_its_reason(vendor, how, status, code):
    if "stamp" in how:
        how = {"stamp": real_now() + how["stamp"]}
    answer = push([row(1)], **how)
    assert (answer.status_code, answer.json()["code"]) == (status, code) and answer.json()["error"]
    assert not Inbound.objects.exists() and AuditEntry.objects.get(action="inbound.refused").data == {"code": code}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "空"), (b"[]", 422, "没有一条"), (b"[1]", 422, "第 1 条不是 JSON 对象"), (b"{\"a\": 1}\nnot", 422, "第 2 行"), (b"\xff\xfe", 422, "UTF-8"),
        (b"[" * 100_000, 422, "JSON"), (b"[" + b",".join([b"{}"] * 5001) + b"]", 413, "最多 5000 条"), (b"x" * ((5 << 20) + 1), 413, "5 MB"),
    ],
    ids=["empty", "no rows", "no object", "broken line", "not utf-8", "deep", "too many", "too long"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_by_place(vendor, body, status, said):
    answer = push(body)
    assert answer.status_code == status and said in answer.json()["error"] and not Inbound.objects.exists()


def test_the_same_request_again_is_a_replay_and_names_the_first(vendor):
    now = real_now()
    first = push([row(1)], stamp=now)
    again = push([row(1)], stamp=now)
    assert (again.status_code, again.json()["batch"]) == (409, first.json()["batch"])
    assert Inbound.objects.count() == 1


def test_while_keys_change_both_are_valid_and_then_only_the_new_one(vendor, monkeypatch, tmp_path):
    (tmp_path / "key").write_text("the-new-key\n")
    monkeypatch.setenv("HUIYING_INBOUND_QINGBO_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("HUIYING_INBOUND_QINGBO_OLD", KEY)
    now = real_now()
    assert push([row(1)]).status_code == 202 and push([row(2)], key="the-new-key").status_code == 202
    assert push([row(3)], stamp=now).status_code == 202 and push([row(3)], stamp=now, key="the-new-key").status_code == 409
    monkeypatch.delenv("HUIYING_INBOUND_QINGBO_OLD")
    assert push([row(4)]).status_code == 401


def test_a_vendor_without_a_key_or_switched_off_is_heard_no_more(vendor, monkeypatch):
    monkeypatch.delenv("HUIYING_INBOUND_QINGBO")
    assert push([row(1)]).status_code == 401
    assert push([row(1)], key="").status_code == 401
    monkeypatch.setenv("HUIYING_INBOUND_QINGBO", KEY)
    Source.objects.update(options={"slug": "qingbo", "mapping": "另一个"})
    assert push([row(1)]).status_code == 403  # not what was approved
    change(vendor)
    Source.objects.update(enabled=False)
    assert push([row(1)]).status_code == 403


def test_a_template_that_is_gone_stops_nothing_and_is_said(vendor):
    change(vendor, options={"slug": "qingbo", "mapping": "没有了"})
    push([row(1)])
    take_all()
    assert Post.objects.count() == 1
    vendor.refresh_from_db()
    assert "没有对照模板" in vendor.detail


def test_a_flood_of_refusals_does_not_fill_the_trail(vendor):
    for _ in range(70):
        push([row(1)], key="wrong")
    assert AuditEntry.objects.filter(action="inbound.refused").count() == 60
