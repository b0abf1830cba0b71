"""The search page, over a real index in a folder of its own."""

from __future__ import annotations

import csv
import io
import json
import re
from urllib.parse import parse_qs

import pytest

from archive.models import SavedSearch, SearchHistory, Spell
from config.clock import SHANGHAI
from flow.models import AuditEntry
from tests.console import city

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(indexed, signed):
    """ask(q="…", …) is the search page's answer to an analyst."""
    client = signed("analyst")
    return lambda **query: client.get("/search/", {"folded": "0"} | query)


def asked_of(address: str) -> dict[str, list[str]]:
    return parse_qs(address)


def hits(response) -> list[str]:
    return re.findall(r'data-row="hit-(\d+)"', response.content.decode())


def test_words_are_found_and_marked(ask):
    response = ask(q="灞桥 起火")
    html = response.content.decode()
    assert len(hits(response)) == 6 and "<mark>灞桥</mark>" in html and "6 条" in html


def test_filters_narrow_and_live_in_the_address(ask, indexed, now):
    assert len(hits(ask(q="灞桥", source="新浪微博"))) == 1
    assert len(hits(ask(q="灞桥", source=["新浪微博", "华商网"]))) > 1
    assert len(hits(ask(q="灞桥", not_source="新浪微博"))) == 5
    assert len(hits(ask(grade="一般"))) == 1
    assert hits(ask(q="灞桥", to="2020-01-01")) == []
    html = ask(q="灞桥", source="新浪微博", sort="best").content.decode()
    assert "来源：新浪微博" in html and '<strong aria-current="true">最相关在前' in html


def test_copies_of_one_text_are_one_row_that_says_how_many(ask):
    response = ask(q="灞桥", folded="")
    html = response.content.decode()
    assert len(hits(response)) == 1 and "本页还有 5 条相同内容" in html and "<strong>6</strong> 条" in html


@pytest.fixture
def around(indexed, signed):
    client = signed("analyst")
    return lambda **query: client.get("/search/around/", query)


def test_facets_count_narrow_and_exclude(around):
    facet = next(f for f in around(q="灞桥").context["facets"] if f["word"] == "来源")
    row = next(r for r in facet["rows"] if r["words"] == "新浪微博")
    assert row["count"] == 1
    assert asked_of(row["narrow"]) == {"q": ["灞桥"], "source": ["新浪微博"]}
    assert asked_of(row["exclude"]) == {"q": ["灞桥"], "not_source": ["新浪微博"]}


def test_the_histogram_counts_each_day_and_leads_to_it(around, now):
    bars = around(q="灞桥", last="7d").context["bars"]
    assert sum(bar.count for bar, _ in bars) == 6 and len(bars) == 8
    assert "from=" in bars[-1][1] and "last=" not in bars[-1][1]


def test_days_on_which_a_source_could_not_be_read_are_hatched(around, now):
    source = city.source("断了的源", "failing")
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    Spell.objects.create(source=source, state="failing", starts_at=midnight)
    html = around(q="灞桥", last="7d").content.decode()
    assert "断了的源 1 天" in html and 'class="hatched"' in html


def test_nothing_found_offers_a_way_on_and_says_coverage(ask):
    html = ask(q="灞桥", to="2020-01-01").content.decode()
    assert "没有找到" in html and "去掉时间范围：6 条" in html and "三秦都市报" in html


def test_an_empty_page_explains_the_language(ask):
    html = ask().content.decode()
    assert "怎样写检索式" in html and hits(ask()) == []


def test_a_page_number_that_means_nothing_is_the_first(ask):
    for page in ("0", "-3", "x", "²"):
        assert len(hits(ask(q="灞桥", page=page))) == 6


def test_a_page_beyond_the_end_is_empty_not_broken(ask):
    assert ask(q="灞桥", page="99").status_code == 200
    assert ask(q="灞桥", page="99999999").status_code == 400


def test_what_was_typed_is_shown_as_text(ask):
    html = ask(q='"><script>alert(1)</script>').content.decode()
    assert "<script>alert(1)" not in html


def test_the_language_is_explained_one_click_from_the_box(ask, signed):
    assert 'href="/search/help/"' in ask().content.decode()
    html = signed("analyst").get("/search/help/").content.decode()
    for word in ("NEAR/5", "covid*", "标题:", "时间:", "热度:", "转发:", "单位:", "地点:", "专题:", "20000"):
        assert word in html, word


def test_what_finds_nothing_says_which_clause_is_to_blame(ask):
    response = ask(q="灞桥 不存在的词 起火")
    (blame,) = [c for c in response.context["advice"]["clauses"] if c["text"] == "不存在的词"]
    assert (blame["alone"], blame["without"]) == (0, 6)
    assert "6 条" in response.content.decode()


def test_why_a_post_matched_is_told_clause_by_clause(ask, signed):
    response = ask(q="(灞桥 或 临潼) 起火 非 演练")
    html = signed("analyst").get(f"/search/why/{hits(response)[0]}/", {"q": "(灞桥 或 临潼) 起火 非 演练"}).content.decode()
    assert "灞桥（标题" in html and html.count("✓ 符合") == 3 and "临潼（" not in html


def test_suggestions_complete_fields_values_and_earlier_searches(ask, signed):
    client = signed("analyst")

    def put(word):
        return [s["put"] for s in client.get("/search/suggest/", {"word": word}).json()["suggestions"]]

    assert put("标") == ["标题:"]
    assert put("等级:特") == ["等级:特别重大"]
    assert "来源:三秦都市报" in put("来源:三秦")
    ask(q="灞桥 起火")
    assert "灞桥 起火" in put("灞桥")
    assert put("") == [] and put("没有人搜过") == []


def test_the_advanced_form_writes_the_language(ask, signed):
    given = {"every": "灞桥", "any": "起火 火灾", "none": "演练", "exact": "工厂“起火", "near1": "灞桥", "near2": "起火", "distance": "3"}
    answer = signed("analyst").get("/search/advanced/", given)
    (text,) = parse_qs(answer.url.partition("?")[2])["q"]
    assert text == "灞桥 (起火 或 火灾) “工厂起火” (灞桥 NEAR/3 起火) 非 演练"
    assert ask(q=text).status_code == 200


def test_searches_are_remembered_once_each_and_only_for_oneself(ask, signed):
    ask(q="灞桥")
    ask(q="灞桥")
    ask(q="起火")
    ask(q="起火", page="2")
    assert sorted(SearchHistory.objects.values_list("query", flat=True)) == ["灞桥", "起火"]
    assert "最近检索" in ask(folded="").content.decode()
    assert "最近检索" not in signed("duty_officer").get("/search/").content.decode()
    signed("analyst").post("/search/forget/")
    assert not SearchHistory.objects.exists()


def test_an_export_holds_what_the_screen_shows_in_its_order_and_is_audited(ask, signed):
    shown = hits(ask(q="灞桥"))
    client = signed("analyst")
    answer = client.get("/search/export/", {"q": "灞桥", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [row["编号"] for row in rows] == shown
    for order in ("best", "mixed"):
        answer = client.get("/search/export/", {"q": "灞桥", "format": "jsonl", "sort": order})
        ids = [str(json.loads(line)["post_id"]) for line in b"".join(answer).splitlines()]
        assert ids == hits(ask(q="灞桥", sort=order))
    answer = client.get("/search/export/", {"q": "灞桥", "not_source": "新浪微博", "format": "jsonl"})
    assert len(b"".join(answer).splitlines()) == 5
    assert AuditEntry.objects.filter(action="search.exported", actor=answer.wsgi_request.user.username).count() == 4


def test_an_export_is_refused_where_it_may_not_be(ask, signed):
    assert signed("admin").get("/search/export/", {"q": "灞桥", "format": "csv"}).status_code == 403
    client = signed("analyst")
    assert client.get("/search/export/", {"q": "灞桥", "format": "pdf"}).status_code == 400
    assert client.get("/search/export/", {"q": "(灞桥", "format": "csv"}).status_code == 400
    assert "将导出 6 条" in ask(q="灞桥").content.decode()
    assert "您的角色不能导出" in signed("admin").get("/search/", {"q": "灞桥"}).content.decode()


def test_a_search_from_a_topic_says_when_it_differs_from_what_is_kept(ask, indexed, now):
    row = SavedSearch.objects.create(
        name="火情", query="灞桥", owner=indexed["analyst"], created_at=now, changed_at=now
    )
    assert "未保存" not in ask(q="灞桥", topic=row.id).content.decode()
    html = ask(q="灞桥 起火", topic=row.id).content.decode()
    assert "与专题保存的不同，未保存" in html and "改存到专题" in html


def test_a_link_is_shared_with_relative_or_fixed_time(ask):
    response = ask(q="灞桥", last="24h")
    html = response.content.decode()
    assert "固定时间" in html and "last=24h" in response.context["relative"]
    assert "from=20" in response.context["fixed"] and "last=" not in response.context["fixed"]


def test_nonsense_in_an_address_is_ignored(ask):
    answer = ask(q="灞桥", sort="x", last="5y", event="abc", topic="x", page="²", folded="x")
    assert answer.status_code == 200 and len(hits(answer)) == 1
