"""huiying search and reindex, as a script sees them."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from archive import indexing, search
from archive.models import Change, IndexState
from config import cli, clock
from config.cli import Refused
from flow import documents, locks
from flow.models import Lease
from tests.archive.conftest import NOON


def run(*arguments: str) -> dict:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_search_answers_as_promised(add_post):
    post = add_post("西安警方通报3人死亡", title="通报", site="华商网")
    indexing.drain(documents.documents)
    answer = run("search", "西安 警方")
    (hit,) = answer["hits"]
    assert answer["total"] == 1
    assert {k: hit[k] for k in ("post_id", "title", "url", "source", "published_at", "snippet", "event", "grade")} == {
        "post_id": post.id,
        "title": "通报",
        "url": "http://news.test/1",
        "source": "华商网",
        "published_at": "2024-05-01T12:00:00+08:00",
        "snippet": "「西安警方」通报3人死亡",
        "event": None,
        "grade": None,
    }
    assert answer["facets"]["source"] == [{"value": "华商网", "count": 1}]


def test_options_narrow_sort_and_page(add_post):
    ids = [add_post("警方通报", at=NOON + timedelta(days=d), site=f"网{d % 2}").id for d in range(6)]
    indexing.drain(documents.documents)

    def hits(*options: str) -> list[int]:
        return [h["post_id"] for h in run("search", "警方", *options)["hits"]]

    assert hits() == ids[::-1]
    assert hits("--from", "2024-05-02", "--to", "2024-05-04") == ids[3:0:-1]
    assert hits("--source", "网1") == [ids[5], ids[3], ids[1]]
    assert hits("--source", "网0", "--source", "网1", "--limit", "2", "--offset", "1") == [ids[4], ids[3]]
    assert hits("--event", "9") == []
    assert sorted(hits("--sort", "best")) == ids


def test_a_search_sees_what_was_just_imported_when_no_engine_runs(add_post):
    add_post("警方通报")
    assert run("search", "警方")["total"] == 1
    assert not Change.objects.exists()


def test_a_search_beside_an_engine_leaves_indexing_to_it_and_says_how_far_behind(add_post):
    add_post("警方通报")
    locks.renew("other:1", clock.real_now())
    assert (run("search", "警方")["total"], run("search", "警方")["behind"]) == (0, 1)


def test_people_get_a_list(add_post):
    add_post("西安警方通报", title="通报")
    out = StringIO()
    call_command("search", "西安", stdout=out)
    assert "共 1 条" in out.getvalue()
    assert "「西安」警方通报" in out.getvalue()
    assert "2024-05-01 12:00 华商网" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["“西安"], "query"),
        (["西安", "--from", "2024-02-30"], "from"),
        (["西安", "--to", "明天"], "to"),
        (["西安", "--from", "2024-05-02", "--to", "2024-05-01"], "to"),
        (["西安", "--grade", "大"], "grade"),
        (["西安", "--event", "0"], "event"),
        (["西安", "--limit", "-1"], "limit"),
        (["西安", "--offset", "9990"], "offset"),
    ],
)
def test_a_bad_query_ends_with_2_and_names_the_option(db, capsys, arguments, field):
    with pytest.raises(SystemExit) as e:
        cli.main(["huiying", "search", *arguments, "--json"])
    assert e.value.code == 2
    refused = json.loads(capsys.readouterr().out)
    assert refused["field"] == field and refused["error"]


def test_reindex_builds_the_index_and_says_how_many(add_post, capsys):
    for i in range(3):
        add_post(f"警方{i}")
    answer = run("reindex")
    assert (answer["state"], answer["posts"]) == ("done", 3)
    assert "重建检索库" in capsys.readouterr().err
    assert search.search("警方").total == 3


def test_reindex_beside_an_engine_leaves_a_request(add_post):
    add_post("警方")
    locks.renew("other:1", clock.real_now())
    answer = run("reindex")
    assert (answer["state"], answer["pid"]) == ("requested", Lease.objects.get().pid)
    assert IndexState.objects.get().rebuild_wanted_at
    assert Change.objects.count() == 1


def test_reindex_while_another_process_writes_is_refused(add_post, data_folder):
    add_post("警方")
    other = search.Embedded(data_folder / "index")
    other.delete([1])
    with pytest.raises(Refused, match="正在写检索库"):
        run("reindex")
    other.close()
    assert run("reindex")["posts"] == 1
